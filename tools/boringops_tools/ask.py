"""AskUser: what only the user can decide."""

from __future__ import annotations

from pydantic import Field

from boringops.facts import Question
from boringops.tool import Effect, InDoubt, Tool, ToolContext, ToolError, ToolResult
from boringops_tools.arguments import Arguments


class AskUserArguments(Arguments):
    questions: list[Question] = Field(min_length=1, description="Everything you need to know, asked at once.")


class AskUser(Tool[AskUserArguments]):
    """Ask the user what only the user can decide: the cloud, a budget, recovery times, compliance, a breaking change.

    First look for the answer in the repository and the memory bank. Put all questions into one call, each with why it
    matters and, where the choice is known, the options. The answers come back as the result. Where nobody is there to
    answer, the run stops here and goes on once the answers are given. What can safely be assumed, assume, and state it
    in the plan instead.
    """

    name = "AskUser"
    effect = Effect.CONTROL
    in_doubt = InDoubt.LOOK
    input = AskUserArguments

    def run(self, call: AskUserArguments, context: ToolContext) -> ToolResult:
        if not all(question.question.strip() for question in call.questions):
            raise ToolError("A question is empty. Say what you want to know, or leave it out.")
        return context.ask(call.questions)
