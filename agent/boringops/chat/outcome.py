"""How a run ended, short: what was seen while it happened is not said again, and long lists open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boringops.fence import visible
from boringops.result import Result

if TYPE_CHECKING:
    from rich.console import Console

FOLLOW_UPS = 5
"""Follow-ups that are shown; the rest opens."""


def show(console: Console, result: Result) -> str:
    """Print the end of a run; what was left out of it, to be opened."""
    mark, style = ("✓", "green") if result.exit_code == 0 else ("✗", "yellow")
    summary = result.summary.strip() or result.task.name
    several = "\n" in summary  # an answer in Markdown, not a sentence
    _line(console, f"{mark} {result.status.replace('_', ' ')}{'' if several else f': {summary}'}", style)
    if several:
        from rich.markdown import Markdown

        console.print(Markdown(visible(summary)), soft_wrap=False)
    for question in result.questions:
        _line(console, f"  ? {question.question}")
    if result.status in {"incomplete", "done"}:
        for finding in result.findings:
            if finding.severity != "info":
                where = f"{finding.path or 'run'}{f':{finding.line}' if finding.line else ''}"
                _line(console, f"  {where}: {finding.message} ({finding.rule})", "yellow")
    blind = [item for item in result.validation if item.outcome == "not_validated"]
    for item in blind:
        _line(console, f"  not validated: {item.path}: {item.tool}: {item.reason}", "yellow")
    counts = result.checklist
    if counts.items:
        names = ("verified", "attested", "not_applicable", "handed_over", "open")
        told = ", ".join(f"{getattr(counts, name)} {name.replace('_', ' ')}" for name in names if getattr(counts, name))
        _line(console, f"  checklist: {told}")
    if result.report_path:
        _line(console, f"  report: {result.report_path}")
    if result.commit:
        _line(
            console,
            f"  commit: {result.commit[:12]} ({len(result.changes)} files; /diff shows them, /undo takes them back)",
        )
    for warning in result.warnings:
        _line(console, f"  ! {warning}", "yellow")
    if result.error and result.error.hint:
        _line(console, f"  → {result.error.hint}")
    for entry in result.follow_ups[:FOLLOW_UPS]:
        _line(console, f"  - {entry}")
    left = result.follow_ups[FOLLOW_UPS:]
    if left:
        _line(console, f"  {len(left)} more to know and to follow up: /open todo", "dim")
    return "\n".join(f"- {entry}" for entry in result.follow_ups)


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(text, style=style or None, markup=False, highlight=False, soft_wrap=False)
