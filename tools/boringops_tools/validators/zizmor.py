"""The security of GitHub workflows, actions and Dependabot's configuration, by zizmor."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from boringops.facts import Severity
from boringops_tools.validators.base import File, Program, Ran, Said, Unjudged

# Matters of taste: a workflow is none the worse without a name of its own or a limit on how many run at a time.
_TASTE = frozenset({"anonymous-definition", "concurrency-limits"})
# Good to have, and GitHub's own default is otherwise: most well-kept repositories do without.
# A cache beside a release is what the setup actions' own documentation shows; zizmor itself is seldom sure of it.
_ADVICE = frozenset({"artipacked", "cache-poisoning", "github-app"})
_REFUSED = re.compile(r"file://(\S+) as \w+: (.*)")


class Zizmor(Program):
    name = "zizmor"
    about = "GitHub workflows, actions and dependabot.yml (security)"
    aspect = "workflow security"
    distribution = "zizmor"
    get = "pip install zizmor"
    exit_codes = frozenset(
        {0, 3, 11, 12, 13, 14}
    )  # 3: there was nothing it could audit; from 11 on: the worst severity

    def covers(self, file: File) -> bool:
        return bool(
            re.fullmatch(r"\.github/(?:workflows/[^/]+|dependabot)\.ya?ml|(?:.*/)?action\.ya?ml", file.path, re.S)
        )

    def stage(self, file: File) -> tuple[str, str]:
        kind = file.name.partition(".")[0] if file.name.startswith(("action.", "dependabot.")) else "workflow"
        return f"/{kind}.yml", file.text

    def arguments(self, names: Sequence[str]) -> list[str]:
        return ["--offline", "--persona", "pedantic", "--format", "json-v1", "--no-progress", "--", *names]

    def read(self, ran: Ran) -> Iterable[Said | Unjudged]:
        for file, reason in _REFUSED.findall(ran.stderr):
            yield Unjudged(file, f"no audit was made: {reason}")
        for item in json.loads(ran.stdout or "[]"):
            if item["ident"] not in _TASTE:
                yield _said(item)


def _said(item: dict[str, Any]) -> Said:
    place = next(each for each in item["locations"] if each["symbolic"]["kind"] == "Primary")
    symbolic = place["symbolic"]
    line = place["concrete"]["location"]["start_point"]["row"] + 1
    message = f"{item['desc']}: {symbolic['annotation']}"
    file = symbolic["key"]["Local"]["verbatim_path"]
    severity = "info" if item["ident"] in _ADVICE else _severity(**item["determinations"])
    return Said(file, item["ident"], severity, line, message)


def _severity(severity: str, confidence: str, persona: str) -> Severity:
    if persona != "Regular" or severity in ("Low", "Informational", "Unknown"):
        return "info"
    return "error" if (severity, confidence) == ("High", "High") else "warning"


VALIDATORS = (Zizmor(),)
