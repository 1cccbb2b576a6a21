"""What goes where: the result alone to standard output, everything else to standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from boringops.cli.options import Output

if TYPE_CHECKING:
    from boringops.errors import BoringopsError
    from boringops.result import Result

_MARKS = {"done": "✓", "answered": "✓", "planned": "✓", "needs_clarification": "?", "needs_approval": "?"}


def deliver(make: Callable[[], Result], output: Output) -> NoReturn:
    """Get a result, print it in the form that was asked for, and exit with its code.

    What is wrong with the call itself becomes a result of status `usage`, so that a machine always gets its JSON."""
    from boringops.errors import BoringopsError
    from boringops.result import ErrorOut, Result

    try:
        result = make()
    except KeyboardInterrupt:
        result = Result(status="interrupted", exit_code=130, summary="Interrupted before the run began.")
    except BoringopsError as error:
        message, hint = _masked(error)
        shown = ErrorOut(kind=error.kind, message=message, hint=hint)
        result = Result(status=error.status, exit_code=error.exit_code, summary=message, error=shown)  # type: ignore[arg-type]
    if output is Output.text:
        say(render(result))
    else:
        kind = {"type": "result"} if output is Output.stream_json else {}
        say(json.dumps({**kind, **result.model_dump(mode="json")}, ensure_ascii=False))
    # Python ends itself by SIGINT, whatever the exit code, where a KeyboardInterrupt came out of a text that was executed
    # (dataclasses are made of such), even if it was caught; executing another one makes it forget.
    exec("")  # noqa: S102
    sys.exit(result.exit_code)


def say(text: str) -> None:
    """Print to standard output. A reader that goes away (`| head`) neither ends a run nor changes its exit code."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fail(error: BoringopsError) -> NoReturn:
    """Say what went wrong, and the way out, on standard error."""
    message, hint = _masked(error)
    print(f"boringops: {message}", file=sys.stderr)
    if hint:
        print(f"  {hint}", file=sys.stderr)
    sys.exit(error.exit_code)


def _masked(error: BoringopsError) -> tuple[str, str]:
    """Message and hint without secrets: a message names what was given, and that may be one."""
    from boringops.secrets import Funnel

    mask = Funnel(os.environ).mask
    return mask(error.message), mask(error.hint)


def render(result: Result) -> str:
    """The result as a person reads it at a glance."""
    lines = [
        f"{_MARKS.get(result.status, '✗')} {result.status.replace('_', ' ')}:{_own_lines(result.summary or result.task.name)}"
    ]
    if result.status in {"planned", "needs_approval"} and result.plan:
        from boringops.plan import render as render_plan

        lines += ["", render_plan(result.plan)]
    if result.questions:
        from boringops.plan import render_question

        asked = (render_question(question.question, question.why, question.options) for question in result.questions)
        lines += ["", *(f"  {number}. {line}" for number, line in enumerate(asked, 1))]
    lines += _changes(result)
    if result.status in {"incomplete", "done"}:
        told = [finding for finding in result.findings if finding.severity != "info"]
        lines += [f"  {f.path or 'run'}{f':{f.line}' if f.line else ''}: {f.rule}: {f.message}" for f in told[:40]]
    if result.report_path:
        lines.append(f"  report  {result.report_path}")
    if result.commit:
        lines.append(f"  commit  {result.commit[:12]}   (take it back: boringops undo {result.run_id})")
    if result.follow_ups and result.status == "done":
        lines += ["", "To know and to follow up:", *(f"  - {entry}" for entry in result.follow_ups)]
    for warning in result.warnings:
        lines.append(f"  ! {warning}")
    if result.usage.turns and result.usage.cost_usd:
        lines.append(f"  {result.usage.turns} turns, ${result.usage.cost_usd:.4f}")
    if result.error and result.error.hint:
        lines += ["", f"  → {result.error.hint}"]
    return "\n".join(lines)


def _changes(result: Result) -> list[str]:
    if not result.changes:
        return []
    tools: dict[str, set[str]] = {}
    for item in result.validation:
        tools.setdefault(item.path, set()).add(f"{item.tool} {item.outcome.replace('_', ' ')}")
    width = max(len(change.path) for change in result.changes)
    lines = ["", *(
        f"  {change.action:7} {change.path:{width}}  {', '.join(sorted(tools.get(change.path, set())))}".rstrip()
        for change in result.changes
    )]  # fmt: skip
    blind = [item for item in result.validation if item.outcome == "not_validated"]
    if blind:
        lines += ["", "  Not validated:", *(f"    {item.path}: {item.tool}: {item.reason}" for item in blind)]
    counts = result.checklist
    if counts.items:
        lines += [
            "",
            f"  checklist  {counts.verified} verified, {counts.attested} attested, {counts.not_applicable} not applicable, "
            f"{counts.handed_over} handed over, {counts.open} open",
        ]
    return lines


def _own_lines(text: str) -> str:
    """A text behind a colon: beside it where it is one line, else below."""
    return f"\n\n{text}\n" if "\n" in text.strip() else f" {text}"
