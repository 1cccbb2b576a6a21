"""How a run ended, short: what was seen while it happened is not said again, and long lists open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boringops.fence import visible
from boringops.result import Result

if TYPE_CHECKING:
    from rich.console import Console

_ENDED = {"done", "incomplete"}
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
    if result.status in _ENDED:
        for finding in result.findings:
            if finding.severity != "info":
                where = f"{finding.path or 'run'}{f':{finding.line}' if finding.line else ''}"
                _line(console, f"  {where}: {finding.message} ({finding.rule})", "yellow")
    ended = result.status in _ENDED  # what is left to do is of interest once the work is through
    why: dict[str, list[str]] = {}
    for item in result.validation if ended else ():
        if item.outcome == "not_validated":
            why.setdefault(f"{item.tool}: {item.reason}", []).append(item.path)
    for reason, paths in why.items():
        _line(console, f"  not validated: {', '.join(paths)}: {reason}", "yellow")
    counts = result.checklist
    if counts.items and ended:
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
    if result.run_id and result.exit_code and result.status != "usage":
        _line(console, "  → /resume goes on with it.")
    for entry in result.follow_ups[:FOLLOW_UPS] if ended else ():
        _line(console, f"  - {entry}")
    left = result.follow_ups[FOLLOW_UPS:]
    if left and ended:
        _line(console, f"  {len(left)} more to know and to follow up: /open todo", "dim")
    return "\n".join(f"- {entry}" for entry in result.follow_ups)


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(text, style=style or None, markup=False, highlight=False, soft_wrap=False)
