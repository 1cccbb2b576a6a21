"""SARIF 2.1.0, for code scanning: every finding with its rule, and what nothing could check as a notification."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from boringops.facts import Finding
from boringops_tools.reporting.base import Report
from boringops_tools.waivers import Waiver

_LEVELS = {"info": "note", "warning": "warning", "error": "error"}


def render(report: Report) -> str:
    from importlib.metadata import version

    told: list[tuple[Finding, Waiver | None]] = [(finding, None) for finding in report.findings]
    told += report.waived
    baseline = {id(finding) for finding in report.known}
    told += [(finding, None) for finding in report.known]
    rules = {(finding.source, finding.rule): finding for finding, _ in told}
    places = {key: index for index, key in enumerate(rules)}
    told_besides = [_note(item.path, f"not validated by {item.tool}: {item.reason}") for item in report.blind]
    told_besides += [
        _note(path, f"a comment tells {each.tool} to say nothing", each.line) for path, each in report.suppressions
    ]
    run = {
        "tool": {"driver": {"name": "boringops", "version": version("boringops"), "rules": [_rule(each) for each in rules.values()]}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"ROOT": {"description": {"text": "The top of the repository."}}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": told_besides}],
        "results": [
            _result(finding, waiver, places[finding.source, finding.rule], report.line(finding), known=id(finding) in baseline)
            for finding, waiver in told
        ],
    }  # fmt: skip
    return json.dumps(
        {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}, ensure_ascii=False
    )  # fmt: skip


def rule_id(finding: Finding) -> str:
    """Rules of ours by their id, those of a validator with its name before."""
    return finding.rule if finding.source == "boringops" else f"{finding.source}/{finding.rule}"


def _rule(finding: Finding) -> dict[str, Any]:
    return {
        "id": rule_id(finding),
        "shortDescription": {"text": finding.hint or finding.message},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {"tags": ["infrastructure", finding.source]},
    }


def _location(path: str) -> dict[str, Any]:
    return {"uri": quote(path), "uriBaseId": "ROOT"}


def _result(finding: Finding, waiver: Waiver | None, index: int, line: str, *, known: bool) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": _location(finding.path)}
    if finding.line:
        place["region"] = {"startLine": finding.line}
        if line:
            place["region"]["snippet"] = {"text": line}
    result: dict[str, Any] = {
        "ruleId": rule_id(finding),
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}. {finding.hint}" if finding.hint else finding.message},
        "locations": [{"physicalLocation": place}] if finding.path else [],
        "partialFingerprints": {"boringops/v1": fingerprint(finding, line)},
    }
    if waiver is not None:
        kind = "inSource" if waiver.inline else "external"
        result["suppressions"] = [{"kind": kind, "status": "accepted", "justification": waiver.reason}]
    if known:
        result["baselineState"] = "unchanged"
    return result


def fingerprint(finding: Finding, line: str) -> str:
    """What stays the same while lines move: the rule, the file and the text of the line, or the message without one."""
    return hashlib.sha256("\0".join([rule_id(finding), finding.path, line or finding.message]).encode()).hexdigest()


def _note(path: str, text: str, line: int | None = None) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": _location(path)}
    if line:
        place["region"] = {"startLine": line}
    return {"level": "note", "message": {"text": text}, "locations": [{"physicalLocation": place}]}
