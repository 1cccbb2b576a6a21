"""The task report: the persona's own sections, filled from what was recorded, then the evidence behind them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from boringops.calls import Evidence
from boringops.facts import Plan
from boringops.plan import is_document
from boringops.protocol import Protocol
from boringops.result import follow_ups, proposed_plan, validations
from boringops.state import State

_ACTIONS = {"create": "created", "change": "changed", "delete": "deleted"}


def render(state: State, protocol: Protocol) -> str:
    """The report as Markdown. Deterministic: a resume writes the same bytes again."""
    start, plan = state.start, proposed_plan(state) or Plan(confidence="low", summary="")
    name = start.task_name if start else ""
    lines = [f"# {name}", ""]
    if start:
        who = start.model if start.by_model else "offline blueprints"
        lines += [f"Run `{start.run_id}` on {start.at[:10]}, persona {start.persona}, {who}.", ""]
    for title in protocol.report_sections or ["Summary", "Files created or modified", "Follow-ups"]:
        lines += [f"## {_heading(title)}", "", *_section(title, state, plan), ""]
    for title, text in _unplaced(state, protocol).items():
        lines += [f"## {_heading(title)}", "", text.strip(), ""]
    lines += _evidence(state, plan)
    return "\n".join(lines).rstrip() + "\n"


def path_for(state: State, protocol: Protocol, root: Path, configured: str | None) -> Path | None:
    """Where the report goes; None where neither the persona nor the configuration names a place."""
    directory = configured or protocol.report_directory
    if not directory or state.start is None:
        return None
    folder = (root / directory).resolve()
    path, number = folder / f"{state.start.slug}.md", 2
    while path.exists() and state.start.run_id not in path.read_text(errors="replace"):
        path, number = folder / f"{state.start.slug}-{number}.md", number + 1
    return path


def _heading(title: str) -> str:
    """A section's title without the examples the persona gives in brackets."""
    return re.sub(r"\s*\([^)]*\)\s*$", "", title).strip().rstrip(":.")


# --- sections, by what their title is about ---


def _summary(state: State, plan: Plan) -> list[str]:
    if state.claim is None or state.start is None or not state.start.by_model:
        return [state.claim.summary if state.claim else plan.summary]
    return [
        f"In the words of {state.start.model}, which nothing has verified:",
        "",
        *(f"> {line}" for line in state.claim.summary.splitlines()),
    ]


def _files(state: State, plan: Plan) -> list[str]:
    reasons = {file.path: file.why for file in plan.files}
    return [
        f"- {_ACTIONS[change.action]} `{path}`" + (f": {reasons[path]}" if reasons.get(path) else "")
        for path, change in sorted(state.changes.items())
    ]


def _variables(state: State, _: Plan) -> list[str]:
    path = next((path for path in state.changes if path.endswith(".env.example")), None)
    return [f"Documented in `{path}`, changed by this run."] if path else ["None added."]


def _provisioned(_: State, plan: Plan) -> list[str]:
    nothing = "Nothing was provisioned: this run writes files and applies none of them."
    return [nothing, *(f"- {decision.what}: {decision.why}" for decision in plan.decisions)]


_SECTIONS: tuple[tuple[str, Callable[[State, Plan], list[str]]], ...] = (
    (r"summary", _summary),
    (r"files?\b", _files),
    (r"variable", _variables),
    (r"provision", _provisioned),
    (r"strategy|deployment", lambda _, plan: [plan.deployment_strategy]),
    (r"monitor|alert", lambda _, plan: [f"- {entry}" for entry in plan.monitoring]),
    (r"roll-?back", lambda _, plan: [plan.rollback]),
    (r"follow|debt", lambda state, _: [f"- {entry}" for entry in follow_ups(state)]),
)


def _section(title: str, state: State, plan: Plan) -> list[str]:
    told = state.claim.report if state.claim else {}
    own = next((text for key, text in told.items() if key.lower() in title.lower() or title.lower() in key.lower()), "")
    recorded = next((make(state, plan) for pattern, make in _SECTIONS if re.search(pattern, title, re.IGNORECASE)), [])
    lines = [line for line in (*recorded, *([own] if own else [])) if line.strip()]
    return lines or ["Nothing was recorded for this."]


def _unplaced(state: State, protocol: Protocol) -> dict[str, str]:
    """What the model wrote for sections that the persona does not name: shown, not lost."""
    told = state.claim.report if state.claim else {}
    titles = [title.lower() for title in protocol.report_sections]
    return {
        key: text
        for key, text in told.items()
        if not any(key.lower() in title or title in key.lower() for title in titles)
    }


# --- evidence ---


def _evidence(state: State, plan: Plan) -> list[str]:
    return [
        "## Evidence",
        "",
        "### Memory bank as it was read",
        "",
        *(
            f"- `{file.path}`: "
            + ("missing" if file.missing else file.error or f"{file.bytes} bytes, sha256 `{file.sha256}`")
            for file in state.memory.values()
        ),
        "",
        "### Plan, files and validators",
        "",
        *_trace(state, plan),
        "",
        "### Not validated",
        "",
        *(_not_validated(state) or ["Nothing: every changed file was looked at by its validators."]),
        "",
        "### Checklist",
        "",
        *_checklist(state),
        *_cited(state),
        *_listing("Assumed", plan.assumptions),
        *_listing("Cost", [plan.cost] if plan.cost else []),
        *_listing("Commands that failed", failed_commands(state)),
        *_listing("Refused", [f"{denial.tool} `{_brief(denial.input)}`: {denial.reason}" for denial in state.denials]),
        *_waiting(state),
    ]


def _listing(title: str, entries: list[str]) -> list[str]:
    return ["", f"### {title}", "", *(f"- {entry}" for entry in entries)] if entries else []


def failed_commands(state: State) -> list[str]:
    """Commands that failed and did not pass later: what a summary may have left out."""
    last: dict[str, Evidence] = {}
    for evidence in state.evidence.values():
        if evidence.tool == "Bash":
            last[_brief(evidence.input)] = evidence
    failed = (evidence for evidence in last.values() if evidence.data.get("exit_code"))
    return [f"`{_brief(evidence.input)}`: {' '.join(evidence.content.split())[:160]}" for evidence in failed]


def _cited(state: State) -> list[str]:
    """What the labels in the checklist stand for."""
    labels = {reference for item in state.checklist for reference in item.evidence if reference in state.evidence}
    shown = sorted((state.evidence[label] for label in labels), key=lambda evidence: int(evidence.label[1:]))
    return _listing("Labels", [f"{evidence.label}: {evidence.tool} `{_brief(evidence.input)}`" for evidence in shown])


def _brief(arguments: object) -> str:
    """The argument that tells most of a call, on one line."""
    if not isinstance(arguments, dict):
        return ""
    text = next(
        (str(arguments[name]) for name in ("command", "file_path", "pattern", "path", "paths") if arguments.get(name)),
        "",
    )
    return " ".join(text.split())[:100]


def _trace(state: State, plan: Plan) -> list[str]:
    titles = {task.id: task.title for phase in plan.phases for task in phase.tasks}
    rows = ["| plan task | file | checked by |", "|---|---|---|"]
    for path, change in sorted(state.changes.items()):
        task = f"{change.plan_task} {titles.get(change.plan_task, '')}".strip() or (
            "document" if is_document(path) else "-"
        )
        checks = ", ".join(
            f"{item.tool} {item.tool_version or ''} {item.outcome}".replace("  ", " ").replace("_", " ")
            for item in state.validation.get(path, [])
        )
        rows.append(f"| {task} | `{path}` | {checks or 'red flags only'} |")
    return rows


def _not_validated(state: State) -> list[str]:
    return [
        f"- `{item.path}` by {item.tool}: {item.reason}"
        for item in validations(state)
        if item.outcome == "not_validated"
    ]


def _checklist(state: State) -> list[str]:
    lines: list[str] = []
    section = ""
    for item in state.checklist:
        title = f"Quality: {item.section}" if item.id.startswith("quality-") else item.section
        if title != section:
            section = title
            lines += [f"**{section}**", ""] if not lines else ["", f"**{section}**", ""]
        mark = "x" if item.outcome in {"verified", "attested"} else " "
        proof = f" [{', '.join(item.evidence[:4])}]" if item.evidence else ""
        reason = f" ({item.reason})" if item.reason else ""
        lines.append(f"- [{mark}] {item.text}: {item.outcome.replace('_', ' ')}{proof}{reason}")
    return lines


def _waiting(state: State) -> list[str]:
    lines: list[str] = []
    if state.findings:
        lines += ["", "### Findings that did not block", ""]
        lines += [
            f"- {finding.path}:{finding.line or 1} {finding.rule}: {finding.message}" for finding in state.findings
        ]
    if state.dirty:
        lines += ["", "### Left alone", "", "Changes of your own that were not committed when the run began:", ""]
        lines += [f"- `{path}`" for path in state.dirty]
    return lines
