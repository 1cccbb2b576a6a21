"""The user, asked in the middle of a run: always in the thread that owns the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from boringops.chat.desk import Desk
from boringops.cli.person import TerminalPerson
from boringops.cli.progress import Progress
from boringops.executor import Answer
from boringops.facts import Plan, Question

T = TypeVar("T")


class ChatPerson(TerminalPerson):
    """A person at the terminal who may have decided already: `/amend` and `/approve` speak before they are asked."""

    def __init__(self, progress: Progress, desk: Desk, read: Callable[[str], str], repo: Path) -> None:
        super().__init__(progress, repo)
        self.desk = desk
        self.read = read
        self.decided: Answer | None = None

    def approve(self, plan: Plan) -> Answer:
        decided, self.decided = self.decided, None
        return decided or self._at_desk(lambda: super(ChatPerson, self).approve(plan))

    def allow(self, tool: str, call: dict[str, Any], reason: str) -> Answer:
        return self._at_desk(lambda: super(ChatPerson, self).allow(tool, call, reason))

    def answer(self, questions: Sequence[Question]) -> str:
        return self._at_desk(lambda: super(ChatPerson, self).answer(questions))

    def _at_desk(self, act: Callable[[], T]) -> T:
        answer: T = self.desk.ask(act)
        return answer

    def _read(self, prompt: str) -> str:
        try:
            return self.read(prompt).strip()
        except EOFError:
            raise KeyboardInterrupt from None
