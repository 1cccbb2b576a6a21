"""An agent of the OpenAI Agents SDK that has infrastructure done by boringops, and a person who approves the plan."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from agents import Agent, Model, Runner, function_tool

from boringops import Specialist


def build(repo: str | Path, *, orchestrator: str | Model | None = None, **settings: Any) -> Agent:
    """The orchestrator, by its own model. `settings` are those of boringops: model, limits, permissions."""
    specialist = Specialist(repo, **settings)

    @function_tool
    async def plan(task: str) -> str:
        """Plan an infrastructure task; changes nothing."""
        result = await specialist.arun(task, stop_after_plan=True)
        return json.dumps(result.model_dump(mode="json", include={"run_id", "status", "summary", "questions", "plan"}))

    @function_tool(needs_approval=True)
    async def carry_out(run_id: str) -> str:
        """Carry an approved plan out: writes the files, verifies and commits them."""
        result = await specialist.aresume(run_id, approve=True)
        return json.dumps(result.model_dump(mode="json", include={"status", "summary", "changes", "outputs", "commit"}))

    return Agent(
        name="orchestrator",
        instructions="Have infrastructure planned first, then carried out. Put questions to the user as they are.",
        model=orchestrator,
        tools=[plan, carry_out],
    )


async def main(repo: Path, request: str) -> None:
    agent = build(repo)
    done = await Runner.run(agent, request)
    while done.interruptions:
        state = done.to_state()
        for call in done.interruptions:
            print(call.raw_item)
            (state.approve if input("Approve? [y/n] ").strip().lower() == "y" else state.reject)(call)
        done = await Runner.run(agent, state)
    print(done.final_output)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
