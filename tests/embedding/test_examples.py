"""The examples, run as they are, each with its framework's own test model; and the files for Claude Code."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from agents import Runner, set_tracing_disabled
from agents.testing import ScriptedModel as OpenAiScript
from agents.testing import assistant_message, function_call
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from pydantic_ai import DeferredToolRequests, DeferredToolResults
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from boringops import Specialist, UsageError
from boringops.persona import load
from boringops.serve.claude_code import export
from tests.embedding.playing import PERSONA, RUNBOOK, working
from tests.repos import git

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.anyio


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", ROOT / "examples" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_pydantic_ai(repo: Path, persona: str) -> None:
    def orchestrate(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
        returned = [part for message in messages for part in message.parts if isinstance(part, ToolReturnPart)]
        if not returned:
            return ModelResponse(parts=[ToolCallPart("plan", {"task": "Write the runbook"})])
        content: Any = returned[-1].content
        if returned[-1].tool_name == "plan":
            return ModelResponse(parts=[ToolCallPart("carry_out", {"run_id": content["run_id"]})])
        return ModelResponse(parts=[TextPart(f"{content['status']} {content['commit']}")])

    agent = example("pydantic_ai_agent").build(FunctionModel(orchestrate))
    specialist = Specialist(repo, persona=persona, model=working())
    waits = await agent.run("We need a runbook", deps=specialist)
    assert isinstance(waits.output, DeferredToolRequests) and not (repo / RUNBOOK).exists()
    (call,) = waits.output.approvals
    results = DeferredToolResults(approvals={call.tool_call_id: True})
    done = await agent.run(deps=specialist, message_history=waits.all_messages(), deferred_tool_results=results)
    assert done.output == f"done {git(repo, 'rev-parse', 'HEAD').strip()}"


async def test_openai_agents(repo: Path, persona: str) -> None:
    set_tracing_disabled(True)
    script = OpenAiScript([[function_call("plan", {"task": "Write the runbook"}, call_id="1")]])
    agent = example("openai_agents").build(repo, orchestrator=script, persona=persona, model=working())
    latest = Specialist(repo)
    script.enqueue([assistant_message("planned")])
    first = await Runner.run(agent, "We need a runbook")
    assert first.final_output == "planned" and not (repo / RUNBOOK).exists()
    script.extend([[function_call("carry_out", {"run_id": latest.latest()}, call_id="2")], [assistant_message("done")]])
    waits = await Runner.run(agent, "Do it")
    assert len(waits.interruptions) == 1 and not (repo / RUNBOOK).exists()
    state = waits.to_state()
    state.approve(waits.interruptions[0])
    assert (await Runner.run(agent, state)).final_output == "done"
    assert (repo / RUNBOOK).exists()
    script.assert_complete()


@pytest.mark.skipif(importlib.util.find_spec("langgraph") is None, reason="langgraph is not installed")
def test_langgraph(repo: Path, persona: str) -> None:
    from langgraph.types import Command

    graph = example("langgraph_graph").build(repo, persona=persona, model=working())
    thread = {"configurable": {"thread_id": "1"}}
    assert "__interrupt__" in graph.invoke({"task": "Write the runbook"}, thread)
    assert graph.invoke(Command(resume=True), thread)["status"] == "done"


# --- Claude Code -------------------------------------------------------------------------------------


def exported(repo: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "boringops", "persona", "export", "--claude", "-C", str(repo), *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


async def test_claude_code_calls_the_server_that_is_exported(repo: Path) -> None:
    (repo / ".mcp.json").write_text('{"mcpServers": {"other": {"command": "x"}}}')
    assert exported(repo).returncode == 0
    agent = repo / ".claude/agents/devops-infrastructure.md"
    configured = json.loads((repo / ".mcp.json").read_text())["mcpServers"]
    assert list(configured) == ["other", "boringops"]
    who = load(agent, known_tools=[])
    async with Client(
        StdioServerParameters(
            command=sys.executable,
            args=["-m", "boringops", *configured["boringops"]["args"]],
            cwd=repo,
            env=dict(os.environ),
        )
    ) as client:
        offered = {f"mcp__boringops__{tool.name}" for tool in (await client.list_tools()).tools}
    assert who.tools and set(who.tools) == offered
    assert exported(repo).returncode == 0, "again is no mistake"


def test_an_export_overwrites_nothing_of_others(repo: Path) -> None:
    who = load(Path(Specialist(repo).load_persona().path), known_tools=[])
    agent = repo / ".claude/agents/devops-infrastructure.md"
    agent.parent.mkdir(parents=True)
    agent.write_text(PERSONA)
    with pytest.raises(UsageError, match="is not ours"):
        export(who, repo, arguments=[])
    agent.unlink()
    for text, said in (
        ("{", "not valid JSON"),
        ("[]", "does not hold"),
        ('{"mcpServers": {"boringops": {}}}', "another server"),
    ):
        (repo / ".mcp.json").write_text(text)
        with pytest.raises(UsageError, match=said):
            export(who, repo, arguments=[])
        assert (repo / ".mcp.json").read_text() == text and not agent.exists()
