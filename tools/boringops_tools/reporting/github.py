"""Workflow commands, which GitHub shows as annotations at the lines of a pull request."""

from __future__ import annotations

from boringops.facts import Finding
from boringops_tools.reporting.base import Report, printable
from boringops_tools.reporting.text import summary

_COMMANDS = {"info": "notice", "warning": "warning", "error": "error"}


def render(report: Report) -> str:
    blind = [
        f"::notice file={_property(item.path)},title=not validated::{data(f'{item.tool}: {item.reason}')}"
        for item in report.blind
    ]
    return "\n".join([*map(annotation, report.findings), *blind, data(summary(report))])


def annotation(finding: Finding) -> str:
    """One finding as a workflow command; its place is left out where it has none."""
    line = f",line={finding.line}" if finding.line else ""
    place = f"file={_property(finding.path)}{line}," if finding.path else ""
    where = f"{place}title={_property(finding.rule)}"
    text = f"{finding.message} ({finding.source}). {finding.hint}".strip()
    return f"::{_COMMANDS[finding.severity]} {where}::{data(text)}"


def data(text: str) -> str:
    """Text as the last part of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return data(printable(text)).replace(":", "%3A").replace(",", "%2C")
