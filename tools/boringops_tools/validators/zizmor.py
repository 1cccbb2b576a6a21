"""The security of GitHub workflows, actions and Dependabot's configuration, by zizmor."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from boringops.facts import Severity
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File, Judged, Program, Ran, Said, Unjudged
from boringops_tools.validators.workflows import tempered, writes_own

# Matters of taste: a workflow is none the worse without a name of its own or a limit on how many run at a time.
_TASTE = frozenset({"anonymous-definition", "concurrency-limits"})
# Good to have, and GitHub's own default is otherwise: most well-kept repositories do without.
# A cache beside a release is what the setup actions' own documentation shows; zizmor itself is seldom sure of it.
_ADVICE = frozenset({"artipacked", "cache-poisoning", "github-app"})
# What an expression of a script may say without anybody outside having a hand in it: numbers, hashes, and names that GitHub
# holds to letters, digits and a few signs. A matrix that zizmor is pedantic about holds constants.
_FIXED = lazy_pattern(
    r"'[^']*'|matrix\.[\w.-]+|strategy\.[\w-]+|runner\.[\w-]+|"
    r"github\.(?:sha|repository(?:_owner)?(?:_id)?|run_(?:id|number|attempt)|event_name|job|workspace|actor(?:_id)?|"
    r"(?:server|api|graphql)_url|event\.(?:number|(?:pull_request|issue)\.(?:number|head\.sha|base\.sha)))"
)
_CLEARER = {
    "undocumented-permissions": "no comment says what this permission is for",
    "template-injection": "the value is pasted into the script as it is; pass it by an environment variable",
}
_REFUSED = lazy_pattern(r"file://(\S+) as \w+: (.*)")


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

    def check(self, files: Sequence[File], timeout_s: float) -> dict[str, Judged]:
        judged = tempered(files, super().check(files, timeout_s))
        for file in files:
            judged[file.path].findings = [
                each.model_copy(update={"severity": "info"})
                if each.rule == "github-env" and writes_own(file.text, each.line or 0)
                else each
                for each in judged[file.path].findings
            ]
        return judged

    def read(self, ran: Ran) -> Iterable[Said | Unjudged]:
        for file, reason in _REFUSED.findall(ran.stderr):
            yield Unjudged(file, f"no audit was made: {reason}")
        for item in json.loads(ran.stdout or "[]"):
            if item["ident"] not in _TASTE and not _beside_the_point(item):
                yield _said(item)


def _said(item: dict[str, Any]) -> Said:
    place = next(each for each in item["locations"] if each["symbolic"]["kind"] == "Primary")
    symbolic = place["symbolic"]
    line = place["concrete"]["location"]["start_point"]["row"] + 1
    pedantic = item["determinations"]["persona"] != "Regular"
    message = _CLEARER.get(item["ident"], "") if pedantic else ""
    message = message or f"{item['desc']}: {symbolic['annotation']}"
    file = symbolic["key"]["Local"]["verbatim_path"]
    severity = "info" if item["ident"] in _ADVICE else _severity(**item["determinations"])
    return Said(file, item["ident"], severity, line, message)


def _beside_the_point(item: dict[str, Any]) -> bool:
    """Whether what is said holds of workflows in general and not of this one."""
    primary = [each["symbolic"] for each in item["locations"] if each["symbolic"]["kind"] == "Primary"]
    if item["ident"] == "template-injection" and all(_is_githubs_own(_expanded(each)) for each in primary):
        return True
    if item["determinations"]["persona"] == "Regular":
        # the trigger alone speaks for it, and no step that publishes; jactionlint looks at what the steps do
        return bool(item["ident"] == "cache-poisoning" and item["determinations"]["confidence"] == "Low")
    if item["ident"] == "excessive-permissions":
        # that nothing is said for the whole workflow: with a job that says nothing either it is told of that job
        return all("default permissions" in each["annotation"] and not each["route"]["route"] for each in primary)
    return item["ident"] == "template-injection" and all(
        _FIXED.fullmatch(part.strip()) for each in primary for part in re.split(r"\|\||&&", _expanded(each))
    )


def _is_githubs_own(expression: str) -> bool:
    """Whether an expression is a part of the event that nobody outside writes: an address, a number, a hash."""
    from boringops_tools.red_flags.workflows import OUTSIDE

    return bool(re.fullmatch(r"\s*github\.event(?:\.\w+)+\s*", expression)) and not OUTSIDE.search(expression)


def _expanded(symbolic: dict[str, Any]) -> str:
    """The expression that a place is about, which zizmor gives as an expression of its own where it has spaces."""
    kind = symbolic["feature_kind"]
    fragment = kind["Subfeature"]["fragment"] if isinstance(kind, dict) else {}
    spaced = str(fragment.get("Regex", "")).replace(r"\s+", " ")
    return str(fragment.get("Raw") or re.sub(r"\\(\W)", r"\1", spaced))


def _severity(severity: str, confidence: str, persona: str) -> Severity:
    if persona != "Regular" or severity in ("Low", "Informational", "Unknown"):
        return "info"
    return "error" if (severity, confidence) == ("High", "High") else "warning"


VALIDATORS = (Zizmor(),)
