"""JUnit XML, for the test report of any CI system: a case for each file and tool, skipped where nothing could check."""

from __future__ import annotations

from collections import defaultdict
from xml.etree import ElementTree as Xml

from boringops.facts import Finding
from boringops_tools.reporting.base import Report, printable


def render(report: Report) -> str:
    against: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in report.findings:
        against[finding.path, finding.source].append(finding)
    verdicts = {(item.path, item.tool): item for item in report.validation}
    suites = Xml.Element("testsuites", name="boringops check")
    totals = {"tests": 0, "failures": 0, "skipped": 0}
    for path in sorted({path for path, _ in (*against, *verdicts)}):
        suite = Xml.SubElement(suites, "testsuite", name=printable(path))
        counts = dict.fromkeys(totals, 0)
        for tool in sorted({tool for where, tool in (*against, *verdicts) if where == path}):
            case = Xml.SubElement(suite, "testcase", classname=printable(path), name=tool)
            verdict = verdicts.get((path, tool))
            counts["tests"] += 1
            findings = against[path, tool]
            failing = [finding for finding in findings if report.fails(finding)]
            if failing:
                counts["failures"] += 1
                failure = Xml.SubElement(case, "failure", type=failing[0].severity, message=_say(failing[0]))
                failure.text = "\n".join(map(_say, failing))
            elif verdict is not None and verdict.outcome == "not_validated":
                counts["skipped"] += 1
                Xml.SubElement(case, "skipped", message=f"not validated: {verdict.reason}")
            if milder := [finding for finding in findings if finding not in failing]:
                Xml.SubElement(case, "system-out").text = "\n".join(map(_say, milder))
        for name, count in counts.items():
            suite.set(name, str(count))
            totals[name] += count
    for name, count in totals.items():
        suites.set(name, str(count))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(suites, encoding="unicode")


def _say(finding: Finding) -> str:
    place = f"{printable(finding.path)}:{finding.line}" if finding.line else printable(finding.path)
    return (
        f"{place}: {finding.severity}: {finding.rule}: {finding.message}{f' ({finding.hint})' if finding.hint else ''}"
    )
