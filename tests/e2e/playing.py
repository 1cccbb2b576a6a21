"""A run in this process, played by a scripted model: quick, and everything it recorded to look at."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from boringops.events import Event, Inspected, ToolFinished
from boringops.executor import Person
from boringops.models.base import Block, Profile
from boringops.models.scripted import ScriptedModel, ScriptExhausted, Step, text
from boringops.specialist import Result, Specialist, Task
from tests.e2e.conftest import Ran

GIVING_UP: list[Step] = [[text("I do not know what else to do.")]] * 4
"""A model that never does better: the run ends incomplete after its last nudge."""

PLAIN = """---
name: plain
description: Writes infrastructure, with nothing to tick off.
---
You write infrastructure.
"""
TICKING = """---
name: ticking
description: Has one thing to tick off that only the model can say.
---
You write infrastructure.

## Quality checklist

- [ ] The names are well chosen
"""


def planned(*paths: str, **other: Any) -> dict[str, Any]:
    """Arguments of SubmitPlan that pass its gates and create these files."""
    return {
        "confidence": "high",
        "summary": "The procedure is written down.",
        "files": [{"path": path, "action": "create", "why": "the procedure"} for path in paths],
        "security": ["No secrets in it."],
        "deployment_strategy": "None: a document.",
        "rollback": "Revert the commit.",
        "cost": "Nothing.",
        **other,
    }


@dataclass
class Played:
    """What a run came to."""

    result: Result
    model: ScriptedModel
    events: list[Event]
    root: Path
    before: dict[str, str]
    specialist: Specialist

    def of(self, tool: str) -> list[ToolFinished]:
        """Every outcome of a tool's calls, in order."""
        return [event for event in self.events if isinstance(event, ToolFinished) and event.tool == tool]

    def refusal(self, tool: str) -> str:
        """What the last call of a tool was told, which has to be an error."""
        last = self.of(tool)[-1]
        assert last.is_error, last.content
        return last.content

    @property
    def inspections(self) -> list[Inspected]:
        return [event for event in self.events if isinstance(event, Inspected)]

    @property
    def told(self) -> str:
        """Everything the model was sent, first message and system aside."""
        return str(self.model.requests[-1].messages[1:]) if self.model.requests else ""

    def nothing_happened(self) -> None:
        """The run ended incomplete, without a commit, and the work tree is byte for byte what it was."""
        assert (self.result.status, self.result.exit_code) == ("incomplete", 5), self.result.error
        assert self.result.commit is None and self.result.report_path is None
        assert snapshot(self.root) == self.before


def snapshot(root: Path) -> dict[str, str]:
    """Path -> what is there, over the work tree and git's own view of it; the runs' journals aside."""
    found: dict[str, str] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.startswith(".git/") and name not in {".git/HEAD", ".git/refs/heads/main", ".git/config"}:
            continue
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@dataclass
class Player:
    """Plays scripts in one repository."""

    root: Path
    persona: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def play(
        self,
        *steps: Step,
        task: str | Task = "Write the runbook",
        person: Person | None = None,
        profile: Profile | None = None,
        **settings: Any,
    ) -> Played:
        """One run of these replies, its plan approved by policy unless told otherwise."""
        chosen = {"approve": "auto", "persona": str(self.persona), **self.settings, **settings}
        return self._run(list(steps), person, profile, chosen, lambda one: one.run(task))

    def resume(
        self,
        *steps: Step,
        answer: str | None = None,
        approve: bool = False,
        profile: Profile | None = None,
        **settings: Any,
    ) -> Played:
        """Go on with the latest run, with these replies."""
        return self._run(list(steps), None, profile, settings, lambda one: one.resume(approve=approve, answer=answer))

    def _run(
        self, steps: Sequence[Step], person: Person | None, profile: Profile | None, settings: dict[str, Any], act: Any
    ) -> Played:
        model, events = ScriptedModel(steps, profile=profile), list[Event]()
        before = snapshot(self.root)
        specialist = Specialist(self.root, model=model, person=person, on_event=events.append, **settings)
        result: Result = act(specialist)
        assert result.error is None or ScriptExhausted.__name__ not in result.error.message, result.error.message
        return Played(result, model, events, self.root, before, specialist)


def in_process(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """The command line in this process: quick, for what ends soon."""
    from boringops.cli.app import app

    monkeypatch.setattr("boringops.cli.drive._stop_on_signals", lambda _: None)

    def run(*arguments: str | Path) -> Ran:
        code: str | int | None = 0
        try:
            app([str(argument) for argument in arguments], prog_name="boringops")
        except SystemExit as end:
            code = end.code
        assert isinstance(code, int)
        return Ran(code, *capsys.readouterr())

    return run


def call(name: str, /, **arguments: Any) -> list[Block]:
    """A reply that is one tool call."""
    return [{"type": "tool_use", "id": "", "name": name, "input": arguments}]
