"""For programs of any kind: everything, in one object."""

from __future__ import annotations

import json
from typing import Any

from boringops_tools.reporting.base import Report


def as_dict(report: Report) -> dict[str, Any]:
    return {
        "files": report.files,
        "validation": [item.model_dump(mode="json") for item in report.validation],
        "findings": [finding.model_dump(mode="json") for finding in report.findings],
        "waived": [
            {
                **finding.model_dump(mode="json"),
                "waiver": {
                    "reason": waiver.reason, "owner": waiver.owner, "expires": str(waiver.expires) if waiver.expires else None,
                    "path": waiver.written[0], "line": waiver.written[1],
                },
            }
            for finding, waiver in report.waived
        ],
        "known": [finding.model_dump(mode="json") for finding in report.known],
        "suppressions": [
            {"tool": each.tool, "path": path, "line": each.line} for path, each in report.suppressions
        ],
    }  # fmt: skip


def render(report: Report) -> str:
    return json.dumps(as_dict(report), ensure_ascii=False)
