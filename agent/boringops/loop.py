"""The model and its tools in turn, until a phase ends.

A turn is `ask` then `act_on`. What the model does wrong goes back to it as a result or a message; what we cannot go on
from is raised. Limits are checked before anything is spent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from boringops import events as ev
from boringops.errors import Incomplete, ModelError
from boringops.executor import Executor
from boringops.models.base import Delta, Model, Reply, Request

MAX_NUDGES = 3
"""Times in a row that a reply without a tool call is answered before the run ends incomplete."""

NUDGES = {
    "plan": "Your reply called no tool, so nothing happened. If the task is work, call SubmitPlan. If it is a question, call "
    "Finish with outcome answered and the answer as summary. If nothing has to change, call Finish with outcome nothing_to_change.",
    "act": "Your reply called no tool, so nothing happened. Carry the plan out with Write, Edit or Blueprint; when it is "
    "carried out, call Finish. Only Finish ends the work.",
}
CUT_OFF = "Your reply was cut off at its length limit and nothing of it was carried out. Go on in smaller pieces: one file a call."


class Loop:
    """Turns of one run. `before_turn` may tell the model something, `compact` begins the conversation anew;
    `check_limits` raises where no more may be spent, and gives what the call is reserved (US dollars) and how many
    tokens it may answer with."""

    def __init__(
        self,
        executor: Executor,
        model: Model,
        *,
        system: list[dict[str, Any]],
        before_turn: Callable[[], None],
        compact: Callable[[], None],
        check_limits: Callable[[], tuple[float, int]],
        watch: Callable[[Delta], None],
    ) -> None:
        self.executor = executor
        self.model = model
        self.system = system
        self.tools = [tool.definition() for tool in executor.tools.values()]
        self.before_turn = before_turn
        self.compact = compact
        self.check_limits = check_limits
        self.watch = watch
        self.nudges = 0

    def run(self) -> None:
        """Go on until a tool result ends the phase. Calls left over by a crash, or by a phase's end, come first."""
        state = self.executor.state
        ended = self.act_on(state.stop_reason) if state.unanswered else False
        while not ended:
            ended = self.act_on(self.ask().stop_reason)

    def ask(self) -> Reply:
        """One request, one whole reply."""
        record, state = self.executor.record, self.executor.state
        self.executor.stop_if_cancelled()
        self.before_turn()
        reserved, max_tokens = self.check_limits()
        record(ev.ModelAsked(turn=state.turn + 1, reserved_usd=reserved))
        deadline_s = self.executor.config.provider.deadline_s
        request = Request(self.system, self.tools, state.messages, max_tokens, deadline_s)
        reply = self.model.respond(request, self.watch)
        record(
            ev.ModelReplied(
                turn=state.turn,
                content=_whole_characters(reply.content),
                stop_reason=reply.stop_reason,
                usage=reply.usage,
                model=reply.model,
                malformed=sorted(reply.malformed),
            )
        )
        return reply

    def act_on(self, stop_reason: str) -> bool:
        """Do what the last reply's stop reason means. True where the phase has ended."""
        step = STEPS.get(stop_reason)
        if step is None:
            raise ModelError(
                f"The model stopped for a reason that is not known: {stop_reason}.", kind="unknown_stop_reason"
            )
        return step(self)

    # --- one step for each stop reason ---

    def execute(self) -> bool:
        self.nudges = 0
        return self.executor.execute(self.executor.state.unfinished)

    def end_turn(self) -> bool:
        self.nudges += 1
        if self.nudges > MAX_NUDGES:
            raise Incomplete("The model ended its turn again and again without calling a tool.", kind="no_tool_call")
        self.executor.refuse_all(
            self.executor.state.unfinished, "The reply ended before this call; nothing was carried out."
        )
        self.executor.record(ev.Told(text=NUDGES["plan" if self.executor.state.plan is None else "act"]))
        return False

    def cut_off(self) -> bool:
        """Truncated calls look valid but are not: none of the reply is carried out."""
        self.nudges += 1
        if self.nudges > MAX_NUDGES:
            raise Incomplete("The model's replies were cut off again and again.", kind="max_tokens")
        self.executor.refuse_all(self.executor.state.unfinished, CUT_OFF)
        self.executor.record(ev.Told(text=CUT_OFF))
        return False

    def go_on(self) -> bool:
        """The service paused a long turn: asking again with the same conversation goes on with it."""
        return False

    def too_long(self) -> bool:
        """The reply ran into the end of the context window. A conversation that is short already cannot be helped."""
        if len(self.executor.state.messages) <= 2:
            raise ModelError(
                "The conversation no longer fits the model's context window.",
                hint="Split the task into smaller ones.",
                kind="context",
            )
        self.compact()
        return False

    def refused(self) -> bool:
        raise ModelError(
            "The model refused to go on.", hint="Put the task differently, or use another --model.", kind="refusal"
        )


def _whole_characters(value: Any) -> Any:
    """JSON can carry half a surrogate pair, and nothing else can: not UTF-8, so no journal, file or request."""
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_whole_characters(item) for item in value]
        case dict():
            return {_whole_characters(name): _whole_characters(item) for name, item in value.items()}
    return value


STEPS: dict[str, Callable[[Loop], bool]] = {
    "tool_use": Loop.execute,
    "end_turn": Loop.end_turn,
    "stop_sequence": Loop.end_turn,
    "max_tokens": Loop.cut_off,
    "pause_turn": Loop.go_on,
    "compaction": Loop.go_on,
    "model_context_window_exceeded": Loop.too_long,
    "refusal": Loop.refused,
}
