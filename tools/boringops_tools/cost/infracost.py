"""The estimate of infracost, where the user has it. It asks Infracost's price service, so it runs only when asked for."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from boringops.facts import Finding
from boringops_tools.checks.base import Files
from boringops_tools.validators.base import clean, locate, shown

_SUFFIXES = (".tf", ".tf.json", ".tfvars", ".hcl")
_TIMEOUT_S = 120


def infracost(files: Files, path: str) -> Finding | None:
    """What infracost says of the folder of a file; null where it is absent. It works on a copy, as it writes beside what
    it reads. What keeps it from a number is said, never taken for nothing to pay."""
    where = locate("infracost")
    if where is None:
        return None
    with tempfile.TemporaryDirectory(prefix="boringops-") as folder:
        for each in files.all:
            if each.endswith(_SUFFIXES) and (text := files.text(each)):
                place = Path(folder) / each
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, encoding="utf-8")
        home = Path(folder) / Path(path).parent
        command = [where, "breakdown", "--path", str(home), "--format", "json", "--no-color"]
        environment = {**os.environ, "INFRACOST_SKIP_UPDATE_CHECK": "true"}
        try:
            done = subprocess.run(
                command, cwd=home, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
            report = json.loads(done.stdout)
            money, day = f"{float(report['totalMonthlyCost']):,.0f} {report['currency']}", report["timeGenerated"]
            said = f"about {money} a month, by infracost, as of {day}"
            if unpriced := (report.get("summary") or {}).get("totalUnsupportedResources"):
                said += f"; not priced: {unpriced} resources"
        except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as error:
            said = f"infracost gave no estimate ({type(error).__name__}): run `infracost breakdown` by hand to see why"
    return Finding(rule="cost/infracost", severity="info", path=shown(path), message=clean(said), source="infracost")
