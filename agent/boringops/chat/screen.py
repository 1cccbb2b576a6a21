"""What the chat shows of a run: answers as Markdown while they arrive, calls as lines that open, a plan that ticks itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boringops import events as ev
from boringops.chat import diffs
from boringops.chat.streaming import Blocks, Field
from boringops.cli.progress import Progress, first_words
from boringops.facts import Plan
from boringops.models.base import Delta

if TYPE_CHECKING:
    from rich.console import Console

PREVIEW_LINES = 24
"""Lines of a change that are shown as it happens; `/diff` shows all."""
_ANSWERING = "Finish"
_QUIET = {"Finish", "SubmitPlan", "AskUser"}  # they speak for themselves
_SHOWN = {"Write", "Edit", "Read"}  # their first line says nothing that the path does not


@dataclass(frozen=True)
class Opened:
    """Something that was shown as one line, whole."""

    title: str
    text: str


class Screen(Progress):
    """Progress as a conversation. `before` gives the content that a change replaced, by hash."""

    def __init__(self, console: Console, root: Path, before: Callable[[str, str], str]) -> None:
        super().__init__(console=console)
        self.root = root
        self.before = before
        self.opened: dict[str, Opened] = {}
        self.run_id = ""
        self.phase = ""
        self.prompt_tokens = 0
        """Length of the conversation at the last reply."""
        self.cost_usd = 0.0
        self._lock = threading.RLock()
        self._memory_files: list[str] = []
        self._confined = ""
        self._thought = ""
        self._thinking_since = 0.0
        self._changes: dict[str, ev.FileChanging] = {}
        self._inputs: dict[str, dict[str, Any]] = {}
        self._plans: dict[str, Plan] = {}
        self._waiting: dict[str, set[str]] = {}
        self._answer: Field | None = None
        self.blocks = Blocks(self._markdown)

    # --- what arrives ---

    def delta(self, delta: Delta) -> None:
        with self._lock:
            if delta.kind != "thinking":
                self._fold_thinking()
            match delta.kind:
                case "text":
                    self.blocks.add(delta.text)
                case "thinking":
                    self._thinking_since = self._thinking_since or time.monotonic()
                    self._thought += delta.text
                case "tool":
                    self.blocks.flush()
                    # What is claimed of work is shown once it is verified, with the outcome.
                    answers = delta.text == _ANSWERING and self.phase != "act"
                    self._answer = Field("summary") if answers else None
                case "arguments" if self._answer is not None:
                    self.blocks.add(self._answer.add(delta.text))
            super().delta(delta)

    def event(self, event: ev.Event) -> None:
        with self._lock:
            match event:
                case ev.ModelReplied():
                    self._replied(event)
                case ev.FileChanged():
                    self._changed(event)
                case _:
                    super().event(event)

    def show_answer(self, text: str) -> None:
        """The run's last word, unless it was read while it arrived."""
        self.blocks.flush()
        if text.strip() and text.strip() not in self.blocks.shown:
            self._markdown(text)
        self.blocks.shown = ""

    def _markdown(self, text: str) -> None:
        from rich.markdown import Markdown

        self.console.print()
        self.console.print(Markdown(text), soft_wrap=False)

    def _fold_thinking(self) -> None:
        """Thinking becomes one line, which opens."""
        if not self._thought.strip():
            return
        label = f"t{sum(key.startswith('t') for key in self.opened) + 1}"
        self.opened[label] = Opened("thinking", self._thought)
        first = next((line.strip() for line in self._thought.splitlines() if line.strip()), "")
        took = time.monotonic() - self._thinking_since
        self._thought, self._thinking_since = "", 0.0
        self._line("∴", f"{label} thought {took:.0f} s: {first.strip('*# ')[:60]}", "dim italic")

    # --- events that the chat shows its own way ---

    def _started(self, event: ev.RunStarted) -> None:
        self.run_id = event.run_id
        self.phase = ""
        self._memory_files = []

    def _sandbox(self, event: ev.SandboxTried) -> None:
        if event.confinement.sentence != self._confined:  # once a chat
            super()._sandbox(event)
        self._confined = event.confinement.sentence

    def _resumed(self, _: ev.RunResumed) -> None:
        self._line("▶", "going on where the run stopped", "dim")

    def _phase(self, event: ev.PhaseEntered) -> None:
        self.phase = event.phase
        if event.phase != "context":
            self._line("●", event.phase, "bold cyan")

    def _memory(self, event: ev.MemoryRead) -> None:
        file = event.file
        name = file.path.rpartition("/")[2]
        self._memory_files.append(f"{name} missing" if file.missing else f"{name} {file.bytes / 1000:.1f} kB")
        if self.phase:  # read again, because it changed while the run went on
            self._tell_memory()

    def _inventory(self, event: ev.InventoryTaken) -> None:
        self._tell_memory()
        self._line(" ", f"inventory: {len(event.inventory.files)} infrastructure files", "dim")

    def _tell_memory(self) -> None:
        read = ", ".join(self._memory_files) or "the persona names no files"
        self._line("✓", f"memory bank read: {read}", "dim")
        self._memory_files = []

    def _asked(self, event: ev.ModelAsked) -> None:
        self.blocks.flush()
        super()._asked(event)

    def _replied(self, event: ev.ModelReplied) -> None:
        self._fold_thinking()
        self.blocks.flush()
        used = event.usage
        self.prompt_tokens = used.input_tokens + used.cache_read_tokens + used.cache_write_tokens + used.output_tokens
        self.cost_usd += used.cost_usd

    def _called(self, event: ev.ToolStarted) -> None:
        self._inputs[event.call_id] = event.input
        super()._called(event)

    def _finished(self, event: ev.ToolFinished) -> None:
        what = self.calls.pop(event.call_id, "")
        arguments = self._inputs.pop(event.call_id, {})
        told = "\n".join(f"{name}: {value}" for name, value in arguments.items())
        self.opened[event.evidence] = Opened(f"{event.tool} {what}", f"{told}\n\n{event.content}".strip())
        first = first_words(event.content)
        call = f"{event.evidence} {event.tool} {what}".strip()
        if event.is_error and not first.startswith("Refused by") and event.tool != _ANSWERING:
            self._line("✗", f"{call}: {first}", "red")
        elif event.tool not in _QUIET and not event.is_error:
            tail = "" if event.tool in _SHOWN else f": {first}"
            self._line("·", f"{call}{tail}"[: self._room], "dim")

    def _changing(self, event: ev.FileChanging) -> None:
        self._changes[event.change.path] = event

    def _changed(self, event: ev.FileChanged) -> None:
        intent = self._changes.pop(event.path, None)
        if intent is None:
            return
        change = intent.change
        old = self.before(self.run_id, change.before) if change.before else ""
        new = self._now_at(change.path) if change.after else ""
        added, removed = diffs.counts(old, new)
        self._line(
            "+" if change.action == "create" else "~", f"{change.action} {change.path} +{added} -{removed}", "green"
        )
        if change.action == "change":
            shown = diffs.render(change.path, old, new, width=self.console.width, most=PREVIEW_LINES)
            self.console.print(shown, soft_wrap=False)
        self._tick(change.path)

    def _plan(self, event: ev.PlanSubmitted) -> None:
        self._plans[event.call_id] = event.plan

    def _approved(self, event: ev.PlanApproved) -> None:
        super()._approved(event)
        plan = self._plans.get(event.call_id)
        if plan is None:
            return
        self._waiting = {}
        for phase in plan.phases:
            for task in phase.tasks:
                paths = {file.path for file in plan.files if file.task == task.id}
                self._waiting[f"{task.id} {task.title}"] = paths
                self._line("☐", f"{task.id} {task.title}")

    def _tick(self, path: str) -> None:
        """A task is done on disk when all its files are; whether it is done well is for the verification."""
        for task, paths in list(self._waiting.items()):
            if path in paths:
                paths.discard(path)
                if not paths:
                    self._line("☑", task, "green")
                    del self._waiting[task]

    def _verified(self, event: ev.Verified) -> None:
        super()._verified(event)
        if event.passed and event.claim.outcome == "done":
            for task in self._waiting:
                self._line("☑", task, "green")
            self._waiting = {}

    # --- small things ---

    @property
    def _room(self) -> int:
        return max(self.console.width - 3, 16)

    def _now_at(self, path: str) -> str:
        try:
            return (self.root / path).read_text(errors="replace")
        except OSError:
            return ""
