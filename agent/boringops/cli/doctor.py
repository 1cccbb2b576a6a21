"""`boringops doctor`: what works on this machine, what does not, and how to get it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

from boringops.cli import options as opt


def doctor(output: opt.Format = opt.Output.text) -> None:
    """Say what works on this machine, what does not, and how to get it. Exit 0 if a run can work at all."""
    from boringops import __version__, sandbox
    from boringops.modelling import CREDENTIALS
    from boringops_tools.terraform import tables
    from boringops_tools.validators import available

    git = shutil.which("git")
    version = (
        subprocess.run([git, "--version"], capture_output=True, text=True, check=False).stdout.split()[-1]
        if git
        else None
    )
    key = next((name for name in CREDENTIALS if os.environ.get(name)), None)
    told = sandbox.choose().shown
    rows: list[dict[str, Any]] = [
        {"what": "boringops", "ok": True, "found": __version__, "hint": ""},
        {"what": "python", "ok": True, "found": sys.version.split()[0], "hint": ""},
        {"what": "git", "ok": bool(git), "found": version, "hint": "" if git else "Install git."},
        {
            "what": "model",
            "ok": bool(key),
            "found": key,
            "hint": "" if key else "Set ANTHROPIC_API_KEY; without a key the offline blueprints answer.",
        },
        {"what": "sandbox", "ok": told.level != "none", "found": told.level, "hint": told.sentence},
    ]
    known = ", ".join(f"{name.rpartition('/')[2]} {version}" for name, version in sorted(tables.known().items()))
    rows.append({"what": "schemas", "ok": True, "found": "terraform", "hint": known})
    validators = available()
    if output is opt.Output.text:
        for row in rows:
            print(f"{'✓' if row['ok'] else '·'} {row['what']:14} {row['found'] or 'not found'}  {row['hint']}".rstrip())
        if told.enforced:
            print(f"  enforced: {'; '.join(told.enforced)}")
        print("\nvalidators")
        for tool in validators:
            mark = "✓" if tool["path"] else "·"
            print(
                f"{mark} {tool['name']:18} {tool['version'] or 'not found':12} {', '.join(tool['covers'])}"
                + ("" if tool["path"] else f"\n    {tool['get']}")
            )
    else:
        print(json.dumps({"machine": rows, "sandbox": told.model_dump(), "validators": validators}))
    sys.exit(0 if git else 1)
