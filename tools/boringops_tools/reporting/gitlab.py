"""GitLab's code quality report: what a merge request shows as new and as mended."""

from __future__ import annotations

import json
from collections import Counter

from boringops_tools.reporting.base import Report
from boringops_tools.reporting.sarif import fingerprint, rule_id

_SEVERITIES = {"info": "info", "warning": "minor", "error": "critical"}


def render(report: Report) -> str:
    seen: Counter[str] = Counter()
    entries = []
    for finding in report.findings:
        mark = fingerprint(finding, report.line(finding))
        seen[mark] += 1  # the same line twice in a file: each needs a mark of its own
        entries.append(
            {
                "description": f"{finding.message}. {finding.hint}" if finding.hint else finding.message,
                "check_name": rule_id(finding),
                "fingerprint": mark if seen[mark] == 1 else f"{mark}-{seen[mark]}",
                "severity": _SEVERITIES[finding.severity],
                "location": {"path": finding.path, "lines": {"begin": finding.line or 1}},
            }
        )
    return json.dumps(entries, ensure_ascii=False)
