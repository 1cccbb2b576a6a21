"""The chat itself: reads a message, makes a run of it or goes on with the open one, shows what comes."""

from __future__ import annotations

import os
import secrets as randomness
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from boringops import events as ev
from boringops import naming
from boringops.caller import Caller
from boringops.chat import outcome, session
from boringops.chat.commands import Commands, Leave
from boringops.chat.desk import Closed, Desk
from boringops.chat.line import InputLine
from boringops.chat.person import ChatPerson
from boringops.chat.screen import Opened, Screen
from boringops.errors import BoringopsError, UsageError
from boringops.executor import Answer
from boringops.journal import FolderStore
from boringops.modelling import OFFLINE
from boringops.models import prices
from boringops.result import Result
from boringops.secrets import Funnel
from boringops.specialist import Specialist, Task
from boringops.streaming import Start

if TYPE_CHECKING:
    from rich.console import Console

OPEN_STATUSES = {
    "interrupted",
    "incomplete",
    "budget",
    "model_error",
    "needs_approval",
    "needs_clarification",
    "planned",
}
"""Ends of a run that a next message goes on from."""
MESSAGE_CHARACTERS = 400_000
"""A longer message would fill most of a model's context; a file of the repository does not."""


class ChatApp:
    """One chat at one terminal."""

    def __init__(self, repo: Path, console: Console, *, flags: dict[str, Any], sets: list[str] | None) -> None:
        self.repo = repo
        self.console = console
        self.flags = flags
        self.sets = sets
        first = self.make()
        self.repository = first.repository
        self.store: FolderStore = first.store
        self.keys = first.settings.chat.keys
        self.plan_mode = False
        self.funnel = Funnel(os.environ)
        self.chats = self.repository.state_dir / "chats"
        self.chat = session.opened(self.chats, self._new_id(), self.funnel.mask)
        self.desk = Desk()
        self.screen = Screen(console, self.repository.root, self.before)
        self.person = ChatPerson(self.screen, self.desk, self.ask, repo)
        self.commands = Commands(self)
        self._ask_line: InputLine | None = None
        self._model: str | None = None

    # --- the conversation ---

    def run(self) -> int:
        """Talk until the user leaves; the exit code."""
        self._greet()
        leaving = False
        with _ends_raise_closed():
            while True:
                try:
                    typed, self.desk.typed = self.desk.typed, ""
                    text = self.line.read(typed)
                    leaving = False
                    self._take(text)
                except KeyboardInterrupt:
                    if leaving:
                        return self._left()
                    leaving = True
                    self.console.print("Ctrl-C again leaves; the chat goes on where it was next time.", style="dim")
                except (EOFError, Leave):
                    return 0
                except Closed:
                    return 130

    def _take(self, text: str) -> None:
        try:
            if text.strip().startswith("/"):
                self.commands.run(text)
            elif text.strip():
                self.say(text)
        except BoringopsError as error:
            self._problem(error)

    def say(self, text: str) -> None:
        """A message that is no command: it goes on with the open run, or becomes a new one."""
        if len(text) > MESSAGE_CHARACTERS:
            raise UsageError(
                f"The message has {len(text):,} characters; {MESSAGE_CHARACTERS:,} is the most.",
                hint="Save it to a file in the repository and name it with @.",
            )
        last = session.state_of(self.store, self.chat.last_run)
        if last.start and last.end and last.end.status in OPEN_STATUSES:
            self.console.print(f"Going on with run {last.start.run_id} (/new begins afresh).", style="dim")
            self.chat.say(text)
            if last.waiting in last.submitted and not last.questions:
                self.person.decided = Answer(False, text)
                self._take_up(self.chat.last_run, lambda one: one.resumed(self.chat.last_run))
            elif last.waiting and last.questions:
                self._take_up(self.chat.last_run, lambda one: one.resumed(self.chat.last_run, answer=text))
            else:
                self._take_up(self.chat.last_run, lambda one: one.resumed(self.chat.last_run, word=text))
            return
        told = session.told(self.chat, self.store) if self.chat.exchanges else ""
        self.chat.say(text)
        self._go(lambda one: one.started(Task(text=text, earlier=told), stop_after_plan=self.plan_mode))

    def go_on(self, run_id: str | None = None) -> None:
        """Resume a run as it is."""
        chosen = run_id or self.chat.last_run or self.latest_run()
        if chosen not in self.store.list():
            raise UsageError(f"There is no run {chosen} here.", hint="See /runs.")
        if not self.chat.exchanges or self.chat.last_run != chosen:
            self.chat.say(f"/resume {chosen}")
        self._take_up(chosen, lambda one: one.resumed(chosen))

    def _take_up(self, run_id: str, act: Callable[[Specialist], Start]) -> None:
        """Go on with a run, that another process may have begun: the screen has to know where it stands."""
        state = session.state_of(self.store, run_id)
        self.screen.run_id, self.screen.phase = run_id, state.phase
        self.person.before = state.plan
        self._go(act)

    def _go(self, act: Callable[[Specialist], Start]) -> None:
        start, caller = act(self.make()), Caller()
        self.screen.root = self.repository.root
        with self.screen:
            try:
                result = self.desk.attend(lambda: start(caller), caller.cancel.set)
            finally:
                self.person.decided = None
                if self.screen.run_id:
                    self.chat.ran(self.screen.run_id)
        self._show(result)

    def _show(self, result: Result) -> None:
        self.chat.ran(result.run_id)
        match result.status:
            case "answered":
                self.screen.show_answer(result.summary)
            case "interrupted":
                self.console.print(
                    "■ stopped. Say what to do differently, /resume goes on, /new leaves it.", style="yellow"
                )
            case "planned":
                self.screen.show_answer(_plan_of(result))
                self.console.print("/act carries this out; or say what to change; /new drops it.", style="dim")
            case _:
                self.console.print()
                self.screen.opened["todo"] = Opened("to know and to follow up", outcome.show(self.console, result))
        self.screen.blocks.shown = ""

    def _on_event(self, event: ev.Event) -> None:
        if isinstance(event, ev.RunStarted):
            self.chat.ran(event.run_id)
            self.person.before = None
        self.screen.event(event)

    # --- around it ---

    @property
    def line(self) -> InputLine:
        """The input line, made when it is first needed."""
        if self._ask_line is None:
            self._ask_line = InputLine(
                self.repository.state_dir / "history",
                mask=self.funnel.mask,
                files=self.repository.files,
                commands=self.commands.meanings(),
                runs=self.store.list,
                toolbar=self._toolbar,
                keys=self.keys,
                opened=lambda: self._take("/open"),
            )
        return self._ask_line

    def ask(self, question: str) -> str:
        """A question to the person, answered in one line."""
        return self.line.ask(question)

    def make(self) -> Specialist:
        """A specialist with the settings as they are now."""
        later = "screen" in self.__dict__
        return Specialist(
            self.repo,
            sets=self.sets,
            person=self.person if later else None,
            on_event=self._on_event if later else lambda _: None,
            on_delta=self.screen.delta if later else lambda _: None,
            **self.flags,
        )

    def begin_anew(self) -> None:
        """Leave this chat for a new one."""
        self.chat.end()
        self.chat = session.Chat(self.chats / f"{self._new_id()}.jsonl", self.funnel.mask)

    def latest_run(self) -> str:
        return self.make().latest()

    @property
    def model(self) -> str:
        """Id of the model that the next task is for."""
        if self._model is None:
            one = self.make()
            self._model = one.model_id(one.load_persona())
        return self._model

    def forget_model(self) -> None:
        """The settings that it follows from have changed."""
        self._model = None

    def model_name(self) -> str:
        return "the offline blueprints" if self.model == OFFLINE else self.model

    def before(self, run_id: str, sha256: str) -> str:
        """Content that a run replaced."""
        try:
            return (self.store.folder(run_id) / "before" / sha256).read_text(errors="replace")
        except OSError:
            return ""

    def now_at(self, path: str) -> str:
        """Content of a path as it is now."""
        try:
            return (self.repository.root / path).read_text(errors="replace")
        except OSError:
            return ""

    def _greet(self) -> None:
        name = self.repository.root.name
        self.console.print(f"boringops in {name}, with {self.model_name()}. /help says what there is.", markup=False)
        if not self.chat.exchanges:
            return
        last = self.chat.exchanges[-1]
        state = session.state_of(self.store, self.chat.last_run)
        self.console.print(
            f"Going on with the chat of before (/new begins afresh). Last you said: {naming.name_of(last.said)}",
            style="dim",
            markup=False,
        )
        if state.start and (state.end is None or state.end.status in OPEN_STATUSES):
            how = state.end.status.replace("_", " ") if state.end else "interrupted"
            self.console.print(
                f"Run {state.start.run_id} is not finished ({how}): /resume goes on with it.", style="yellow"
            )

    def _toolbar(self) -> str:
        parts = ["plan mode" if self.plan_mode else self.screen.phase or "ready", self.model_name()]
        if self.screen.prompt_tokens:
            window = prices.profile(self.model).context_window
            parts.append(f"context {self.screen.prompt_tokens * 100 // window} %")
        if self.screen.cost_usd:
            parts.append(f"${self.screen.cost_usd:.2f}")
        return " " + " · ".join(parts)

    def _left(self) -> int:
        self.console.print("The chat goes on where it was with `boringops`.", style="dim")
        return 0

    def _problem(self, error: BoringopsError) -> None:
        self.console.print(f"✗ {error.message}", style="red", markup=False)
        if error.hint:
            self.console.print(f"  {error.hint}", style="dim", markup=False)

    @staticmethod
    def _new_id() -> str:
        return naming.new_run_id(datetime.now(UTC), randomness.token_hex(2))


def _plan_of(result: Result) -> str:
    from boringops.plan import render as render_plan

    return render_plan(result.plan) if result.plan else result.summary


class _ends_raise_closed:  # noqa: N801 - used as a context manager
    """SIGTERM and a closed terminal end the chat like Ctrl-C ends a step: the journal is whole."""

    def __enter__(self) -> None:
        def closed(number: int, frame: FrameType | None) -> None:
            del number, frame
            raise Closed

        self._before = {each: signal.signal(each, closed) for each in (signal.SIGTERM, signal.SIGHUP)}

    def __exit__(self, *_: object) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)
