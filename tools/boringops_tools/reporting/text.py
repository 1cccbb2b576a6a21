"""For a person: by file, each finding with its line and the way out, and at the end what it comes to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from boringops.facts import SEVERITIES, Finding, Severity
from boringops_tools.reporting.base import Report, printable
from boringops_tools.reporting.terminal import PLAIN, Look
from boringops_tools.validators.base import clean

_MOST_NAMED = 3
"""Files named where many are not validated for one reason, or excused in one way."""
_STYLES: dict[Severity, str] = {"info": "cyan", "warning": "yellow", "error": "red"}


def render(report: Report, look: Look = PLAIN) -> str:
    lines: list[str] = []
    for path, findings in groupby(sorted(report.findings, key=_path), key=_path):
        lines += [look.style("bold", printable(path)), *_of_file(report, findings, look), ""]
    for title, part in (
        ("Waived", _waived(report, look)),
        ("Suppressed by comments to other tools", _suppressed(report, look)),
        ("Not validated", _blind(report, look)),
    ):
        if said := list(part):
            lines += [look.style("bold", title), *said, ""]
    for line in (_counts(report), _files(report)):
        lines += look.wrap(line, "")
    return "\n".join(lines)


def _path(finding: Finding) -> str:
    return finding.path


def _of_file(report: Report, findings: Iterable[Finding], look: Look) -> Iterator[str]:
    """What is said of several lines in the same words is said once, and so is a way out."""
    places: dict[Finding, list[Finding]] = defaultdict(list)
    for finding in findings:
        places[finding.model_copy(update={"line": None})].append(finding)
    told: set[tuple[str, str]] = set()
    for same, (first, *others) in places.items():
        known = (same.rule, same.hint) in told
        told.add((same.rule, same.hint))
        yield from _finding(report, first.model_copy(update={"hint": ""}) if known else first, others, look)


def _finding(report: Report, finding: Finding, others: Sequence[Finding], look: Look) -> Iterator[str]:
    source = "" if finding.source == "boringops" else f" ({finding.source})"
    head = f"{finding.line or '-':>5}  "
    told = look.wrap(f"{finding.severity:<7}  {finding.rule}: {finding.message}{source}", head, " " * 16)
    style = _STYLES[finding.severity]
    yield told[0].replace(finding.severity, look.style(style, finding.severity), 1)
    yield from told[1:]
    if shown := report.line(finding):
        yield look.style("dim", look.cut(f"       | {shown}"))
    if others:
        lines = ", ".join(str(each.line) for each in others)
        yield from look.wrap(f"also in line{'s' if len(others) > 1 else ''} {lines}", " " * 7)
    if finding.hint:
        yield from look.wrap(finding.hint, " " * 7)


def _waived(report: Report, look: Look) -> Iterator[str]:
    for finding, waiver in report.waived:
        place = f"{printable(finding.path)}:{finding.line}" if finding.line else printable(finding.path)
        until = f" (until {waiver.expires}, {waiver.owner})" if waiver.expires else ""
        yield from look.wrap(f"{place}  {finding.rule}: {clean(waiver.reason)}{until}", "  ", " " * 4)


def _suppressed(report: Report, look: Look) -> Iterator[str]:
    by_tool: dict[str, list[str]] = defaultdict(list)
    for path, each in report.suppressions:
        by_tool[each.tool].append(f"{printable(path)}:{each.line}")
    for tool, places in sorted(by_tool.items()):
        yield from look.wrap(f"{tool}: {_some(places)}", "  ", " " * 4)


def _blind(report: Report, look: Look) -> Iterator[str]:
    """What nothing could check, by the reason; what is most of it first."""
    by_reason: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for item in report.blind:
        by_reason[item.reason][item.tool].append(printable(item.path))
    for reason, by_tool in sorted(by_reason.items(), key=lambda each: (-len(_paths(each[1])), each[0])):
        tools = ", ".join(tool for tool in sorted(by_tool) if tool != "none")
        yield from look.wrap(f"{tools}: {reason}" if tools else reason, "  ", " " * 4)
        yield from look.wrap(_some(_paths(by_tool)), " " * 4)


def _paths(by_tool: dict[str, list[str]]) -> list[str]:
    return sorted({path for paths in by_tool.values() for path in paths})


def _some(places: Sequence[str]) -> str:
    named = ", ".join(places[:_MOST_NAMED])
    more = len(places) - _MOST_NAMED
    return f"{len(places)} places: {named} and {more} more" if more > 0 else named


def _counts(report: Report) -> str:
    counts = Counter(each.severity for each in report.findings)
    told = ", ".join(_number(counts[each], each) for each in reversed(SEVERITIES) if counts[each])
    parts = [f"{_number(len(report.findings), 'finding')}{f' ({told})' if told else ''}"]
    if report.waived:
        parts.append(f"{len(report.waived)} waived")
    if report.suppressions:
        parts.append(f"{len(report.suppressions)} suppressed by comments")
    if report.known:
        parts.append(f"{len(report.known)} in the baseline")
    return ", ".join(parts)


def _files(report: Report) -> str:
    """A file counts as validated only where no tool that covers it was missing."""
    blind = {item.path for item in report.blind}
    judged = {item.path for item in report.validation} - blind
    partly = {item.path for item in report.validation if item.outcome != "not_validated"} & blind
    parts = [_number(report.files, "file"), f"{len(judged)} validated"]
    if partly:
        parts.append(f"{len(partly)} validated in part")
    parts.append(f"{len(blind - partly)} not validated")
    return ", ".join(parts)


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 or what == "info" else f"{count} {what}s"


def summary(report: Report) -> str:
    """What it comes to, in a line."""
    return f"{_counts(report)}; {_files(report)}"
