"""CloudFormation templates against the schemas of their resources, by cfn-lint."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from boringops.facts import Severity
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.aging import newer
from boringops_tools.validators.base import File, Program, Ran, Said
from boringops_tools.yaml_files import template_reason

_TEMPLATE = lazy_pattern(r"AWSTemplateFormatVersion|\"?Type\"?:\s*[\"']?AWS::\w+::")
# A transform that is not AWS's own is a macro: what the template is, only the account knows that has it.
_MACRO = lazy_pattern(
    r"""(?m)^\s*["']?(?:Fn::)?Transform["']?\s*:\s*(?:\[\s*)?(?:-\s*)?(?:\{\s*["']?Name["']?\s*:\s*)?(?:["']?Name["']?\s*:\s*)?["']?(?!AWS::)[A-Za-z]"""
)
# Tidiness: the template does what it should with them. W3690, W3691: a database of that version goes on, only new ones cannot be made.
_TIDY = frozenset({"W1020", "W3005", "W3690", "W3691", "W7001"})
# What is judged by lists that AWS lengthens every few weeks: classes of machines, versions of engines.
_LISTED = frozenset(
    """E3025 E3062 E3617 E3620 E3621 E3628 E3635 E3640 E3641 E3642 E3643 E3644 E3647 E3652 E3653 E3667 E3670 E3672 E3675
    E3690 E3691 E3694""".split()  # noqa: SIM905
)
# The classes of an engine are listed by its version: for one that is retired (W3691) only what is left of them.
_BY_VERSION, _RETIRED = "E3062", "W3691"
_SEVERITY: dict[str, Severity] = {"Error": "error", "Warning": "warning"}


class CfnLint(Program):
    name = "cfn-lint"
    about = "CloudFormation templates"
    aspect = "cloudformation schema"
    distribution = "cfn-lint"
    get = "pip install 'boringops[cloudformation]'"
    exit_codes = frozenset(range(0, 16, 2))  # a bit each for errors, warnings and information

    def covers(self, file: File) -> bool:
        named = file.suffix in (".yml", ".yaml", ".json", ".template")
        return named and not file.path.startswith(".github/") and bool(_TEMPLATE.search(file.text))

    def skip(self, file: File) -> str:
        if "Rain::" in file.text or "!Rain::" in file.text:
            return "has directives of rain: must be packaged first"
        if _MACRO.search(file.text):
            return "is rewritten by a macro, which only the account has"
        return template_reason(file)

    def arguments(self, names: Sequence[str]) -> list[str]:
        return [
            "--format",
            "json",
            "--ignore-checks",
            "I",
            "--",
            *names,
        ]  # level I is advice, addressed to whoever reads

    def read(self, ran: Ran) -> Iterable[Said]:
        items = json.loads(ran.stdout)
        retired = {_resource(item) for item in items if item["Rule"]["Id"] == _RETIRED}
        for item in items:
            line = item["Location"]["Start"]["LineNumber"]
            rule = item["Rule"]["Id"]
            aged = rule in _LISTED and newer(item["Message"])
            left = rule == _BY_VERSION and _resource(item) in retired
            severity = "info" if rule in _TIDY or aged or left else _SEVERITY.get(item["Level"], "info")
            yield Said(item["Filename"], rule, severity, line, item["Message"])


def _resource(item: Any) -> tuple[str, ...]:
    """The file and the resource in it that something is said of."""
    return (item["Filename"], *map(str, (item["Location"].get("Path") or [])[:2]))


VALIDATORS = (CfnLint(),)
