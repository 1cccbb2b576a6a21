"""For a person: by file, each finding with its line and the way out, and at the end what it comes to."""

from __future__ import annotations

from itertools import groupby

from boringops.facts import Finding
from boringops_tools.reporting.base import Report

_MOST_BLIND = 20  # lines on what was not validated; the rest is a number


def render(report: Report) -> str:
    lines: list[str] = []
    for path, findings in groupby(sorted(report.findings, key=_path), key=_path):
        lines.append(path)
        for finding in findings:
            lines += _finding(report, finding)
        lines.append("")
    if report.waived:
        lines.append("Waived:")
        for finding, waiver in report.waived:
            until = f" (until {waiver.expires}, {waiver.owner})" if waiver.expires else ""
            lines.append(f"  {_place(finding)}  {finding.rule}: {waiver.reason}{until}")
        lines.append("")
    if report.blind:
        lines.append("Not validated:")
        lines += [f"  {item.path}: {item.tool}: {item.reason}" for item in report.blind[:_MOST_BLIND]]
        if len(report.blind) > _MOST_BLIND:
            lines.append(f"  and {len(report.blind) - _MOST_BLIND} more (--format json lists all)")
        lines.append("")
    return "\n".join([*lines, summary(report)])


def _path(finding: Finding) -> str:
    return finding.path


def _place(finding: Finding) -> str:
    return f"{finding.path}:{finding.line}" if finding.line else finding.path


def _finding(report: Report, finding: Finding) -> list[str]:
    lines = [f"  {finding.line or '-':>4}  {finding.severity:7} {finding.rule}: {finding.message} ({finding.source})"]
    if shown := report.line(finding):
        lines.append(f"        | {shown}")
    if finding.hint:
        lines.append(f"        {finding.hint}")
    return lines


def summary(report: Report) -> str:
    """What it comes to. A file counts as validated only where no tool that covers it was missing."""
    blind = {item.path for item in report.blind}
    judged = {item.path for item in report.validation} - blind
    partly = {item.path for item in report.validation if item.outcome != "not_validated"} & blind
    parts = [f"{report.files} files", f"{len(judged)} validated"]
    if partly:
        parts.append(f"{len(partly)} validated in part")
    parts.append(f"{len(blind - partly)} not validated")
    counts = {
        severity: sum(each.severity == severity for each in report.findings)
        for severity in ("error", "warning", "info")
    }
    told = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)
    total = len(report.findings)
    parts.append(f"{total} finding{'' if total == 1 else 's'}{f' ({told})' if told else ''}")
    if report.waived:
        parts.append(f"{len(report.waived)} waived")
    if report.known:
        parts.append(f"{len(report.known)} in the baseline")
    return ", ".join(parts)
