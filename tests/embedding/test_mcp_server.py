"""The MCP server, driven by the protocol's own client: in process, over stdio and over HTTP."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import CallToolResult, ElicitResult

from boringops.models.base import Model
from boringops.models.scripted import ScriptedModel
from boringops.serve.desk import Desk
from boringops.serve.mcp_server import build
from tests.embedding.playing import RUNBOOK, finish, plan, question, write
from tests.embedding.serving import Served, serve
from tests.messages_api import MessagesApi
from tests.repos import git, make_repo

pytestmark = pytest.mark.anyio
MODES = ("legacy", "auto")
"""The handshake protocols up to 2025-11-25, where a server can ask; the stateless one, where the client comes back."""


def desk(repo: Path, persona: str, *models: ScriptedModel) -> Desk:
    left: Iterator[Model] = iter(models)
    return Desk((repo,), {"persona": persona}, model=lambda: next(left))


def script(*steps: Any) -> ScriptedModel:
    return ScriptedModel(list(steps))


def content(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, result.content
    assert isinstance(result.structured_content, dict)
    return result.structured_content


def refusal(result: CallToolResult) -> str:
    assert result.is_error
    return str(result.content[0].text)  # type: ignore[union-attr]


async def agree(_: Any, params: Any) -> ElicitResult:
    assert "Which region?" in params.message
    return ElicitResult(action="accept", content={"answer_1": "eu"})


async def test_tools_say_what_they_are(repo: Path, persona: str) -> None:
    async with Client(build(desk(repo, persona))) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert list(tools) == ["inventory", "check", "plan", "act", "answer", "result"]
    assert all(tool.output_schema for tool in tools.values())
    assert [name for name, tool in tools.items() if tool.annotations and tool.annotations.read_only_hint] == [
        "inventory", "check", "plan", "result",
    ]  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
async def test_a_task_from_plan_through_elicitation_to_the_commit(repo: Path, persona: str, mode: str) -> None:
    seen: list[str] = []

    async def progress(_: float, __: float | None, message: str | None) -> None:
        seen.append(message or "")

    answered = script(plan())
    server = build(desk(repo, persona, script(question()), answered, script(write(), finish())))
    async with Client(server, mode=mode, elicitation_callback=agree) as client:
        planned = content(await client.call_tool("plan", {"task": "Write the runbook"}, progress_callback=progress))
        assert (planned["status"], planned["plan"]["files"][0]["path"]) == ("needs_approval", RUNBOOK)
        assert "act" in planned["next"] and not (repo / RUNBOOK).exists()
        done = content(await client.call_tool("act", {"run_id": planned["run_id"]}))
        assert (done["status"], done["changes"][0]["path"]) == ("done", RUNBOOK)
        whole = content(await client.call_tool("result", {"run_id": planned["run_id"]}))
    assert whole["commit"] == git(repo, "rev-parse", "HEAD").strip()
    assert whole["outputs"]["runbook"][0]["path"] == RUNBOOK
    assert "Which region?\\neu" in str(answered.requests[0].messages)
    assert "phase: plan" in seen


@pytest.mark.parametrize("mode", MODES)
async def test_a_client_that_cannot_be_asked_answers_with_a_tool(repo: Path, persona: str, mode: str) -> None:
    amending = script(plan())
    server = build(desk(repo, persona, script(question()), script(plan()), amending, script(write(), finish())))
    async with Client(server, mode=mode) as client:
        waits = content(await client.call_tool("plan", {"task": "Write the runbook"}))
        assert (waits["status"], waits["questions"][0]["options"]) == ("needs_clarification", ["eu", "us"])
        run = {"run_id": waits["run_id"]}
        assert "waits for answers, not for approval" in refusal(await client.call_tool("act", run))
        assert "The answer is empty" in refusal(await client.call_tool("answer", {**run, "text": " "}))
        planned = content(await client.call_tool("answer", {**run, "text": "eu"}))
        assert planned["status"] == "needs_approval"
        amended = content(await client.call_tool("answer", {**run, "text": "Name the on-call."}))
        assert amended["status"] == "needs_approval"
        assert content(await client.call_tool("act", run))["status"] == "done"
        assert "does not wait for an answer" in refusal(await client.call_tool("answer", {**run, "text": "eu"}))
        assert "is over" in refusal(await client.call_tool("act", run))
    assert "Name the on-call." in str(amending.requests[0].messages)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("said", [
    ElicitResult(action="decline"), ElicitResult(action="cancel"), ElicitResult(action="accept"),
    ElicitResult(action="accept", content={"answer_1": 7}), ElicitResult(action="accept", content={"nonsense": "x"}),
])  # fmt: skip
async def test_an_answer_that_is_none_leaves_the_question_open(repo: Path, persona: str, mode: str, said: Any) -> None:
    async def garbage(_: Any, __: Any) -> ElicitResult:
        return said

    async with Client(
        build(desk(repo, persona, script(question()))), mode=mode, elicitation_callback=garbage
    ) as client:
        waits = content(await client.call_tool("plan", {"task": "Write the runbook"}))
    assert waits["status"] == "needs_clarification" and waits["questions"]


async def test_bad_calls_are_told_what_to_do_instead(repo: Path, persona: str, tmp_path: Path) -> None:
    other = make_repo(tmp_path / "other")
    (repo / "link").symlink_to(other)
    async with Client(build(desk(repo, persona, *[script(plan())] * 9))) as client:
        assert "Call plan first" in refusal(await client.call_tool("act", {"run_id": "20260101-000000-abcd"}))
        for outside in (str(other), "..", "link", "/"):
            for tool, arguments in (("plan", {"task": "x"}), ("inventory", {}), ("check", {})):
                said = refusal(await client.call_tool(tool, {**arguments, "repo": outside}))
                assert "not among the repositories" in said, said
        assert "The task is empty" in refusal(await client.call_tool("plan", {"task": "  "}))
        assert "git sees no file" in refusal(await client.call_tool("check", {"paths": ["../x"]}))
        refusal(await client.call_tool("plan", {"task": "x", "handoff": {"prot": 1}}))
        refusal(await client.call_tool("plan", {}))


async def test_inventory_and_check_use_no_model(repo: Path, persona: str) -> None:
    (repo / "Dockerfile").write_text("FROM python:latest\n")
    async with Client(build(desk(repo, persona))) as client:
        assert [item["path"] for item in content(await client.call_tool("inventory", {}))["files"]] == ["Dockerfile"]
        checked = content(await client.call_tool("check", {"paths": ["Dockerfile"]}))
    assert "image/latest" in {finding["rule"] for finding in checked["findings"]}


async def test_a_cancelled_call_stops_its_run_which_goes_on_later(repo: Path, persona: str) -> None:
    """Cancelled twice, and the next call there waits for the first to have stopped instead of colliding with it."""
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(_: Any) -> Any:
        loop.call_soon_threadsafe(begun.set)
        (_, caller) = next(iter(made._going.values()))
        assert caller.cancel.wait(20)
        return write()

    made = desk(repo, persona, script(plan()), script(slow, finish()), script(finish()))
    async with Client(build(made)) as client:
        planned = content(await client.call_tool("plan", {"task": "Write the runbook"}))
        run = {"run_id": planned["run_id"]}
        call = asyncio.create_task(client.call_tool("act", run))
        await begun.wait()
        call.cancel()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert content(await client.call_tool("act", run))["status"] == "done"


async def test_two_clients_on_one_repository(repo: Path, persona: str) -> None:
    begun, go = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(_: Any) -> Any:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(go.wait(), loop).result(20)
        return plan()

    server = build(desk(repo, persona, script(slow), script(plan())))
    async with Client(server) as one, Client(server) as two:
        first = asyncio.create_task(one.call_tool("plan", {"task": "Write the runbook"}))
        await begun.wait()
        assert "Another boringops run is at work" in refusal(await two.call_tool("plan", {"task": "Write another"}))
        go.set()
        assert content(await first)["status"] == "planned"


# --- over stdio, with a model on loopback ------------------------------------------------------------


def stdio(repo: Path, persona: str, *arguments: str) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable, args=["-m", "boringops", "serve", "mcp", "--persona", persona, *arguments], cwd=repo,
        env={**os.environ, "HOME": str(repo.parent), "XDG_CACHE_HOME": str(repo.parents[2] / "cache")},
    )  # fmt: skip


async def test_over_stdio_with_a_real_model_client(repo: Path, persona: str, messages_api: MessagesApi) -> None:
    for blocks in (question(), plan(), write(), finish()):
        messages_api.reply(*blocks)
    async with Client(stdio(repo, persona), elicitation_callback=agree) as client:
        planned = content(await client.call_tool("plan", {"task": "Write the runbook"}))
        done = content(await client.call_tool("act", {"run_id": planned["run_id"]}))
    assert (planned["status"], done["status"]) == ("needs_approval", "done")
    assert git(repo, "log", "-1", "--format=%H").strip() == done["commit"]


async def test_a_client_that_leaves_loses_nothing(repo: Path, persona: str, messages_api: MessagesApi) -> None:
    """The server's input ends in the middle of a run; another server goes on with it."""
    messages_api.reply(*plan())
    async with Client(stdio(repo, persona)) as client:
        planned = content(await client.call_tool("plan", {"task": "Write the runbook"}))
        released = messages_api.hang()
        call = asyncio.create_task(client.call_tool("act", {"run_id": planned["run_id"]}))
        await asyncio.to_thread(messages_api.wait_for, 2)
    released.set()
    with pytest.raises((Exception, asyncio.CancelledError)):
        await call
    messages_api.reply(*write())
    messages_api.reply(*finish())
    async with Client(stdio(repo, persona)) as client:
        assert content(await client.call_tool("act", {"run_id": planned["run_id"]}))["status"] == "done"


# --- over HTTP ---------------------------------------------------------------------------------------


@pytest.fixture
def served(repo: Path, persona: str) -> Iterator[Served]:
    with serve(repo, "mcp", "--http", "--persona", persona, "--offline") as server:
        yield server


async def test_over_http(served: Served, repo: Path) -> None:
    async with Client(f"{served.url}/mcp") as client:
        planned = content(await client.call_tool("plan", {"task": "Containerise this application"}))
        assert planned["status"] == "planned" and planned["plan"]["files"]
    for headers, code in (({"host": "evil.example"}, 421), ({"origin": "http://evil.example"}, 403)):
        async with httpx.AsyncClient() as web:
            assert (await web.post(f"{served.url}/mcp", json={}, headers=headers)).status_code == code


async def test_a_token_is_needed_where_one_is_set(repo: Path, persona: str) -> None:
    (repo / ".git/token").write_text("a-long-enough-token\n")
    with serve(repo, "mcp", "--http", "--persona", persona, "--token-file", ".git/token") as server:
        async with httpx.AsyncClient() as web:
            assert (await web.post(f"{server.url}/mcp", json={})).status_code == 401
            wrong = {"authorization": "Bearer another-long-token"}
            assert (await web.post(f"{server.url}/mcp", json={}, headers=wrong)).status_code == 401
            right = {"authorization": "Bearer a-long-enough-token"}
            assert (await web.post(f"{server.url}/mcp", json={}, headers=right)).status_code not in {401, 403, 421}
