"""What a run is doing, on standard error: lines a person likes to watch and a log keeps readable.

On a terminal the line at the bottom says what is going on now; elsewhere each line stands alone, without colour.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from boringops import events as ev
from boringops.cli.output import say
from boringops.facts import SEVERITIES, Finding
from boringops.models.base import Delta
from boringops.plan import render_question

if TYPE_CHECKING:
    from rich.console import Console

_PATHS = ("file_path", "path", "pattern", "command")


class Progress:
    """Shows events as they come. Use as a context manager; `event` and `delta` are the callbacks."""

    def __init__(self, *, offline_hint: str = "", console: Console | None = None) -> None:
        self.console = console or _log()
        self.status: Any = None
        self.offline_hint = offline_hint
        self.began = time.monotonic()
        self.said = ""
        self.calls: dict[str, str] = {}

    def __enter__(self) -> Progress:
        if self.console.is_terminal:
            self.status = self.console.status("starting", spinner="dots")
            self.status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.pause()

    def pause(self) -> None:
        """Free the terminal, for a question to a person."""
        if self.status is not None:
            self.status.stop()

    def resume(self) -> None:
        """Take the terminal again."""
        if self.status is not None:
            self.status.start()

    def delta(self, delta: Delta) -> None:
        if delta.kind == "retry":
            self._line("!", delta.text, "yellow")
        elif self.status is not None and delta.kind != "arguments":
            self.said = (self.said + delta.text)[-200:]
            tail = self.said.strip().splitlines()[-1:] or [""]
            self._now(f"{'thinking' if delta.kind == 'thinking' else 'answering'}: {tail[0][-80:]}")

    def event(self, event: ev.Event) -> None:
        show = _SHOW.get(type(event))
        if show is not None:
            getattr(self, show.__name__)(event)  # by name: the chat shows some of them its own way

    # --- one for each event that a person should see ---

    def _started(self, event: ev.RunStarted) -> None:
        who = event.model if event.by_model else "offline blueprints"
        self._line("▶", f"run {event.run_id}: {event.task_name}", "bold")
        self._line(" ", f"{event.persona}, {who}{self.offline_hint if not event.by_model else ''}", "dim")

    def _sandbox(self, event: ev.SandboxTried) -> None:
        if event.confinement.level != "none":  # else it is a warning
            self._line(" ", event.confinement.sentence, "dim")

    def _resumed(self, _: ev.RunResumed) -> None:
        self._line("▶", "going on where the run stopped", "bold")

    def _phase(self, event: ev.PhaseEntered) -> None:
        self._line("●", event.phase, "bold cyan")

    def _memory(self, event: ev.MemoryRead) -> None:
        file = event.file
        what = "missing" if file.missing else file.error or f"{file.bytes} bytes, sha256 {file.sha256[:12]}"
        self._line(" ", f"read {file.path}: {what}")

    def _inventory(self, event: ev.InventoryTaken) -> None:
        kinds: dict[str, int] = {}
        for item in event.inventory.files:
            kinds[item.kind] = kinds.get(item.kind, 0) + 1
        what = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "none"
        self._line(" ", f"infrastructure files: {what}")

    def _asked(self, event: ev.ModelAsked) -> None:
        self.said = ""
        self._now(f"turn {event.turn}: waiting for the model")

    def _called(self, event: ev.ToolStarted) -> None:
        self.calls[event.call_id] = what = next(
            (str(event.input[name]) for name in _PATHS if event.input.get(name)), ""
        )
        self._now(f"{event.tool} {what[:80]}")

    def _finished(self, event: ev.ToolFinished) -> None:
        what = self.calls.pop(event.call_id, "")
        first = first_words(event.content)
        if event.is_error:
            if not first.startswith("Refused by") and event.tool != "Finish":  # those have lines of their own
                self._line("✗", f"{f'{event.tool} {what}'.strip()}: {first}"[:160], "red")
        elif event.tool in {"Validate", "Bash", "Blueprint"}:
            self._line(" ", f"{f'{event.tool} {what}'.strip()}: {first}"[:120], "dim")
        elif event.tool in {"Read", "Glob", "Grep"}:
            self._line(" ", f"{event.tool} {what}"[:100], "dim")

    def _changing(self, event: ev.FileChanging) -> None:
        self._line(
            "+" if event.change.action == "create" else "~", f"{event.change.action} {event.change.path}", "green"
        )

    def _questions(self, event: ev.QuestionsAsked) -> None:
        for question in event.questions:
            self._line("?", render_question(question.question, question.why, question.options), "yellow")

    def _told(self, event: ev.Told) -> None:
        if not event.text.startswith("# Task"):
            self._line("!", f"told the model: {first_words(event.text)[:160]}", "yellow")

    def _plan(self, event: ev.PlanSubmitted) -> None:
        plan = event.plan
        asks = f", {len(plan.questions)} questions" if plan.questions else ""
        self._line(" ", f"plan: {plan.confidence} confidence, {len(plan.files)} files{asks}")

    def _approved(self, event: ev.PlanApproved) -> None:
        self._line("✓", f"plan approved by {event.by}", "green")

    def _denied(self, event: ev.PolicyDecided) -> None:
        if event.action == "deny":
            self._line("✗", f"{event.tool} refused: {event.reason}", "yellow")

    def _verified(self, event: ev.Verified) -> None:
        if not event.checklist:
            return
        counts: dict[str, int] = {}
        for item in event.checklist:
            counts[item.outcome] = counts.get(item.outcome, 0) + 1
        items = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in sorted(counts.items()))
        self._line(
            "✓" if event.passed else "✗",
            f"round {event.round}: {_counted(event.findings)}; {items}",
            "green" if event.passed else "yellow",
        )

    def _report(self, event: ev.ReportWritten) -> None:
        self._line("✓", f"report {event.path}", "green")

    def _committed(self, event: ev.Committed) -> None:
        self._line("✓", f"commit {event.sha[:12]}", "green")

    def _refused(self, event: ev.CommitRefused) -> None:
        self._line("✗", f"git refused the commit: {event.output.splitlines()[0][:100]}", "red")

    def _warned(self, event: ev.Warned) -> None:
        self._line("!", event.message, "yellow")

    # --- writing ---

    def _now(self, text: str) -> None:
        if self.status is not None:
            self.status.update(_plain(text))

    def _line(self, mark: str, text: str, style: str = "") -> None:
        prefix = "" if self.console.is_terminal else f"{time.monotonic() - self.began:7.1f}s "
        self.console.print(f"{prefix}{mark} {_plain(text)}", style=style or None, markup=False)


def _log() -> Console:
    """Standard error, as long as somebody reads it."""
    from rich.console import Console

    class Log(Console):
        def on_broken_pipe(self) -> None:
            """Nobody reads the log any more: the run goes on without it."""
            self.quiet = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())

    return Log(stderr=True, highlight=False, soft_wrap=True)


def first_words(text: str) -> str:
    """The first line of a text, with what it leads up to where it ends in a colon."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].endswith(":"):
        return f"{lines[0]} {lines[1].removeprefix('- ')}"
    return lines[0] if lines else ""


def _counted(findings: Sequence[Finding]) -> str:
    """How many findings there are by severity; what is open in the checklist is counted with the checklist."""
    counts = Counter(finding.severity for finding in findings if finding.rule != "checklist/open")
    told = [f"{counts[name]} {name}{'s' * (counts[name] != 1)}" for name in reversed(SEVERITIES) if counts[name]]
    return ", ".join(told) or "no findings"


def _plain(text: str) -> str:
    """Text from files and tools without what would steer a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


class Lines:
    """`--output stream-json`: every event a line on standard output."""

    def event(self, event: ev.Event) -> None:
        say(event.model_dump_json())


_SHOW: dict[type[ev.Event], Any] = {
    ev.RunStarted: Progress._started,
    ev.RunResumed: Progress._resumed,
    ev.SandboxTried: Progress._sandbox,
    ev.PhaseEntered: Progress._phase,
    ev.MemoryRead: Progress._memory,
    ev.InventoryTaken: Progress._inventory,
    ev.ModelAsked: Progress._asked,
    ev.ToolStarted: Progress._called,
    ev.ToolFinished: Progress._finished,
    ev.FileChanging: Progress._changing,
    ev.QuestionsAsked: Progress._questions,
    ev.Told: Progress._told,
    ev.PlanSubmitted: Progress._plan,
    ev.PlanApproved: Progress._approved,
    ev.PolicyDecided: Progress._denied,
    ev.Verified: Progress._verified,
    ev.ReportWritten: Progress._report,
    ev.Committed: Progress._committed,
    ev.CommitRefused: Progress._refused,
    ev.Warned: Progress._warned,
}
