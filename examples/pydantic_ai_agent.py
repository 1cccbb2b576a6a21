"""A pydantic-ai agent that has infrastructure done by boringops, and a person who approves the plan.

`carry_out` needs approval: the agent's run ends with a request for it, and goes on once somebody has answered.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic_ai import Agent, DeferredToolRequests, DeferredToolResults, RunContext
from pydantic_ai.models import Model

from boringops import Specialist


def build(model: Model | str) -> Agent[Specialist, str | DeferredToolRequests]:
    """The orchestrator. Its dependency is the specialist at the repository it may have changed."""
    agent = Agent(
        model,
        deps_type=Specialist,
        output_type=[str, DeferredToolRequests],
        instructions="Have infrastructure planned first, then carried out. Put questions to the user as they are.",
    )

    @agent.tool
    async def plan(ctx: RunContext[Specialist], task: str) -> dict[str, object]:
        """Plan an infrastructure task; changes nothing."""
        result = await ctx.deps.arun(task, stop_after_plan=True)
        return result.model_dump(mode="json", include={"run_id", "status", "summary", "questions", "plan"})

    @agent.tool(requires_approval=True)
    async def carry_out(ctx: RunContext[Specialist], run_id: str) -> dict[str, object]:
        """Carry an approved plan out: writes the files, verifies and commits them."""
        result = await ctx.deps.aresume(run_id, approve=True)
        return result.model_dump(mode="json", include={"status", "summary", "changes", "outputs", "commit"})

    return agent


def main(model: str, repo: Path, request: str) -> None:
    agent, specialist = build(model), Specialist(repo)
    done = agent.run_sync(request, deps=specialist)
    while isinstance(done.output, DeferredToolRequests):
        answers = {}
        for call in done.output.approvals:
            print(call.tool_name, call.args)
            answers[call.tool_call_id] = input("Approve? [y/n] ").strip().lower() == "y"
        done = agent.run_sync(
            deps=specialist,
            message_history=done.all_messages(),
            deferred_tool_results=DeferredToolResults(approvals=answers),
        )
    print(done.output)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
