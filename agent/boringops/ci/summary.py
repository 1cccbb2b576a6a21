"""A result as Markdown, for the page of a job and the body of a pull request."""

from __future__ import annotations

from pathlib import Path

from boringops.facts import Finding
from boringops.plan import render as render_plan
from boringops.plan import render_question
from boringops.result import Result

MOST_CHARACTERS = 60_000
"""GitHub takes 65,536 characters in a pull request's body, and 1 MiB in a step's summary."""
_MOST_ROWS = 50

ANSWERED = "Put the answers into the task, and run it again."
"""How a job is given what it asked for: nobody is at its terminal, and the next job has a new work tree."""


def render(result: Result) -> str:
    """Status first; then what has to be decided, what was done, what was found, what it cost."""
    mark = "✅" if result.exit_code == 0 else "❔" if result.exit_code in {3, 4} else "❌"
    lines = [f"## {mark} boringops: {result.status.replace('_', ' ')}", "", _text(result.summary or result.task.name)]
    if result.error and result.error.message != result.summary:
        lines += ["", _text(result.error.message)]
    if result.questions:
        lines += ["", "### To be answered", "", ANSWERED, ""]
        lines += [
            f"{number}. {_text(render_question(each.question, each.why, each.options))}"
            for number, each in enumerate(result.questions, 1)
        ]
    if result.plan:
        lines += ["", "<details><summary>Plan</summary>", "", render_plan(result.plan).strip(), "", "</details>"]
    lines += _changes(result)
    lines += _findings(result)
    counts = result.checklist
    if counts.items:
        names = ("verified", "attested", "not_applicable", "handed_over", "open")
        told = ", ".join(f"{getattr(counts, name)} {name.replace('_', ' ')}" for name in names)
        lines += ["", f"**Checklist**: {told}."]
    if result.follow_ups:
        entries = [f"- {_text(entry)}" for entry in result.follow_ups]
        lines += ["", "<details><summary>To know and to follow up</summary>", "", *entries, "", "</details>"]
    used = result.usage
    prompt = used.input_tokens + used.cache_read_tokens + used.cache_write_tokens
    cost = (
        f"{used.turns} turns, {prompt:,} tokens in, {used.output_tokens:,} out, ${used.cost_usd:.4f}"
        if prompt
        else "no model was paid"
    )
    lines += ["", f"Run `{result.run_id}`, {result.model or 'no model'}, {result.duration_s:.0f} s: {cost}."]
    return "\n".join(lines) + "\n"


def body(result: Result) -> str:
    """The body of a pull request: the task report where there is one, and how it came about."""
    report = Path(result.report_path).read_text() if result.report_path and Path(result.report_path).is_file() else ""
    text = report.strip() or render(result)
    if len(text) > MOST_CHARACTERS:
        text = text[:MOST_CHARACTERS] + "\n\n(cut off here; the job has the whole report)"
    return f"{text}\n\n---\nMade by boringops, run `{result.run_id}`.\n"


def _changes(result: Result) -> list[str]:
    if not result.changes:
        return []
    said: dict[str, list[str]] = {}
    for item in result.validation:
        said.setdefault(item.path, []).append(f"{item.tool} {item.outcome.replace('_', ' ')}")
    rows = [
        f"| `{change.path}` | {change.action} | {_cell(', '.join(sorted(said.get(change.path, []))))} |"
        for change in result.changes[:_MOST_ROWS]
    ]
    more = [f"| {len(result.changes) - _MOST_ROWS} more | | |"] if len(result.changes) > _MOST_ROWS else []
    blind = [
        f"- `{item.path}`: {item.tool}: {_text(item.reason)}"
        for item in result.validation
        if item.outcome == "not_validated"
    ]
    told = ["", "**Not validated**", "", *blind] if blind else []
    return ["", "| file | | checked by |", "|---|---|---|", *rows, *more, *told]


def _findings(result: Result) -> list[str]:
    told = [finding for finding in result.findings if finding.severity != "info"]
    if not told:
        return []
    rows = [
        f"| {finding.severity} | `{_place(finding)}` | {_cell(finding.message)} | {_cell(finding.rule)} |"
        for finding in told[:_MOST_ROWS]
    ]
    return ["", "| | where | what | rule |", "|---|---|---|---|", *rows]


def _place(finding: Finding) -> str:
    return f"{finding.path or 'run'}{f':{finding.line}' if finding.line else ''}"


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|").replace("\n", " ")


def _text(text: str) -> str:
    """Words of models and tools without HTML that the page would obey, and without mentions that would notify."""
    return text.replace("<", "&lt;").replace("@", "@\u200b")
