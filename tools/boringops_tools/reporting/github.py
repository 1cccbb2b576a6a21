"""Workflow commands, which GitHub shows as annotations at the lines of a pull request."""

from __future__ import annotations

from boringops.facts import Finding
from boringops_tools.reporting.base import Report
from boringops_tools.reporting.text import summary

_COMMANDS = {"info": "notice", "warning": "warning", "error": "error"}


def render(report: Report) -> str:
    blind = [
        f"::notice file={_property(item.path)},title=not validated::{_data(f'{item.tool}: {item.reason}')}"
        for item in report.blind
    ]
    return "\n".join([*map(_annotation, report.findings), *blind, _data(summary(report))])


def _annotation(finding: Finding) -> str:
    line = f",line={finding.line}" if finding.line else ""
    where = f"file={_property(finding.path)}{line},title={_property(finding.rule)}"
    text = f"{finding.message} ({finding.source}). {finding.hint}".strip()
    return f"::{_COMMANDS[finding.severity]} {where}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
