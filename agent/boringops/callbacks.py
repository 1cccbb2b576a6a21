"""A program in the place of the person: callbacks that approve plans, allow calls and answer questions.

Each may be synchronous or asynchronous, and each may be missing: then the run stops where it would need it, as it does
where nobody is there, and can be resumed with the answer. A callback that raises has not agreed to anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from boringops.caller import Caller
from boringops.errors import BoringopsError, NeedsApproval, NeedsClarification
from boringops.executor import Answer
from boringops.facts import Plan, Question

OnPlan = Callable[[Plan], Any]
"""True approves, False refuses, a text refuses and says what to change, None leaves the run waiting for approval."""
OnCall = Callable[[str, dict[str, Any], str], Any]
"""Tool, arguments, why it is asked. True allows this one call; anything else refuses it, a text with the reason."""
OnQuestions = Callable[[Sequence[Question]], Any]
"""The answers, as text; None leaves the run waiting for them."""


@dataclass(frozen=True)
class Callbacks:
    """`executor.Person`, by callbacks."""

    on_plan: OnPlan | None = None
    on_call: OnCall | None = None
    on_questions: OnQuestions | None = None
    caller: Caller = field(default_factory=Caller)

    def approve(self, plan: Plan) -> Answer:
        if self.on_plan is None:
            raise NeedsApproval("The plan waits for approval.")
        said = self._ask(NeedsApproval, self.on_plan, plan)
        match said:
            case Answer():
                return said
            case bool():
                return Answer(said)
            case str():
                return Answer(False, said)
            case None:
                raise NeedsApproval("The plan waits for approval.")
        raise NeedsApproval(f"on_plan returned a {type(said).__name__}; True, False, a reason or None is wanted.")

    def allow(self, tool: str, call: dict[str, Any], reason: str) -> Answer:
        if self.on_call is None:
            return Answer(False, f"{reason} That needs consent, and nobody is here to give it.")
        try:
            said = self._ask(NeedsApproval, self.on_call, tool, call, reason)
        except NeedsApproval as failed:
            return Answer(False, failed.message)
        if isinstance(said, Answer):
            return said
        return Answer(said is True, said if isinstance(said, str) else reason)

    def answer(self, questions: Sequence[Question]) -> str:
        waiting = f"{len(questions)} question{'s' * (len(questions) != 1)} must be answered first."
        if self.on_questions is None:
            raise NeedsClarification(waiting)
        said = self._ask(NeedsClarification, self.on_questions, questions)
        if isinstance(said, str) and said.strip():
            return said
        if said is None:
            raise NeedsClarification(waiting)
        raise NeedsClarification(f"on_questions returned {said!r:.80}; a text with the answers, or None, is wanted.")

    def _ask(self, wanting: type[BoringopsError], callback: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return self.caller.call(callback, *arguments)
        except BoringopsError:
            raise
        except Exception as error:
            name = getattr(callback, "__name__", type(callback).__name__)
            raise wanting(f"The callback {name} failed: {type(error).__name__}: {error}") from error
