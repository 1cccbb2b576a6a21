"""The ACP agent, driven by the protocol's own client connection, as an editor starts it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from acp import PROTOCOL_VERSION, RequestError, connect_to_agent, run_agent, spawn_agent_process
from acp.client.connection import ClientSideConnection
from acp.helpers import text_block
from acp.schema import AllowedOutcome, DeniedOutcome, RequestPermissionResponse

from boringops.models.base import Model
from boringops.models.scripted import ScriptedModel
from boringops.serve.acp_agent import Infrastructure
from boringops.serve.desk import Desk
from tests.embedding.playing import RUNBOOK, finish, plan, question, tool, write
from tests.messages_api import MessagesApi
from tests.repos import git, make_repo

pytestmark = pytest.mark.anyio


class Editor:
    """What an editor's side of the connection does: remembers updates, and answers as `allow` says."""

    def __init__(self, allow: Callable[[Any], Any] = lambda _: "approve") -> None:
        self.allow = allow
        self.updates: list[Any] = []
        self.asked: list[Any] = []

    def on_connect(self, conn: Any) -> None:
        pass

    async def session_update(self, session_id: str, update: Any, **_: Any) -> None:
        self.updates.append(update)

    async def request_permission(self, session_id: str, tool_call: Any, options: Any, **_: Any) -> Any:
        self.asked.append(tool_call)
        said = self.allow(tool_call)
        if asyncio.iscoroutine(said):
            said = await said
        outcome = AllowedOutcome(outcome="selected", option_id=said) if said else DeniedOutcome(outcome="cancelled")
        return RequestPermissionResponse(outcome=outcome)

    def said(self) -> str:
        return "\n".join(each.content.text for each in self.updates if each.session_update == "agent_message_chunk")

    def of(self, kind: str) -> list[Any]:
        return [each for each in self.updates if each.session_update == kind]


def script(*steps: Any) -> ScriptedModel:
    return ScriptedModel(list(steps))


def desk(repo: Path, persona: str, *models: ScriptedModel) -> Desk:
    left: Iterator[Model] = iter(models)
    return Desk((repo,), {"persona": persona}, model=lambda: next(left))


@asynccontextmanager
async def connected(made: Desk, editor: Editor) -> AsyncIterator[ClientSideConnection]:
    """Both sides of the SDK over a real socket."""
    sides: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    server = await asyncio.start_server(lambda *pair: sides.put_nowait(pair), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    agent_reader, agent_writer = await sides.get()
    agent = asyncio.create_task(run_agent(cast("Any", Infrastructure(made)), agent_writer, agent_reader))
    connection = connect_to_agent(cast("Any", editor), writer, reader)
    try:
        await connection.initialize(protocol_version=PROTOCOL_VERSION)
        yield connection
    finally:
        await connection.close()
        writer.close()
        await asyncio.wait_for(asyncio.gather(agent, return_exceptions=True), 20)
        server.close()


async def say(connection: ClientSideConnection, session_id: str, text: str) -> str:
    return (await connection.prompt(session_id=session_id, prompt=[text_block(text)])).stop_reason


async def test_a_task_from_question_to_commit(repo: Path, persona: str) -> None:
    editor = Editor()
    made = desk(repo, persona, script(question()), script(plan()), script(write(), finish()))
    async with connected(made, editor) as connection:
        session = await connection.new_session(cwd=str(repo), mcp_servers=[])
        assert session.modes and session.modes.current_mode_id == "plan"
        assert await say(connection, session.session_id, "Write the runbook") == "end_turn"
        assert "Which region?" in editor.said() and not editor.asked
        assert await say(connection, session.session_id, "eu") == "end_turn"
    assert [each.kind for each in editor.asked] == ["switch_mode"]
    assert [each.current_mode_id for each in editor.of("current_mode_update")] == ["act", "plan"]
    plans = [[entry.status for entry in each.entries] for each in editor.of("plan")]
    assert plans[0] == ["pending"] and plans[-1] == ["completed"]
    diffs = [part for each in editor.of("tool_call_update") for part in each.content if part.type == "diff"]
    assert [(part.path, part.old_text) for part in diffs] == [(str(repo / RUNBOOK), None)]
    assert diffs[0].new_text == (repo / RUNBOOK).read_text()
    assert git(repo, "rev-list", "--count", "HEAD").strip() == "2"


async def test_switching_the_mode_is_the_approval(repo: Path, persona: str) -> None:
    editor = Editor(lambda _: "keep")
    made = desk(repo, persona, script(plan()), script(plan()), script(write(), finish()))
    async with connected(made, editor) as connection:
        one = (await connection.new_session(cwd=str(repo), mcp_servers=[])).session_id
        with pytest.raises(RequestError, match="Invalid params") as early:
            await connection.set_session_mode(session_id=one, mode_id="act")
        assert "no plan to approve yet" in str(early.value.data)
        await say(connection, one, "Write the runbook")
        assert not (repo / RUNBOOK).exists()
        await say(connection, one, "Name the on-call, too.")
        assert not (repo / RUNBOOK).exists() and len(editor.asked) == 2
        with pytest.raises(RequestError):
            await connection.set_session_mode(session_id=one, mode_id="yolo")
        await connection.set_session_mode(session_id=one, mode_id="act")
        assert await say(connection, one, "Go") == "end_turn"
    assert (repo / RUNBOOK).exists() and len(editor.asked) == 2


async def test_a_session_is_loaded_by_another_process(repo: Path, persona: str) -> None:
    async with connected(desk(repo, persona, script(plan())), Editor(lambda _: None)) as connection:
        one = (await connection.new_session(cwd=str(repo), mcp_servers=[])).session_id
        await say(connection, one, "Write the runbook")
    editor = Editor()
    async with connected(desk(repo, persona, script(write(), finish())), editor) as connection:
        assert [each.session_id for each in (await connection.list_sessions(cwd=str(repo))).sessions] == [one]
        await connection.load_session(cwd=str(repo), session_id=one, mcp_servers=[])
        assert editor.of("user_message_chunk")[0].content.text == "Write the runbook"
        assert editor.of("plan")
        await connection.set_session_mode(session_id=one, mode_id="act")
        assert await say(connection, one, "Go") == "end_turn"
        with pytest.raises(RequestError):
            await connection.load_session(cwd=str(repo), session_id="session-../../x", mcp_servers=[])
    assert (repo / RUNBOOK).exists()


async def test_permission_for_a_call_is_asked_and_garbage_is_a_no(repo: Path, persona: str) -> None:
    def allow(about: Any) -> str | None:
        return "approve" if about.kind == "switch_mode" else "whatever"

    editor = Editor(allow)
    reaching = [tool("Bash", command="curl http://127.0.0.1:9/")]
    acting = script(reaching, write(), finish())
    async with connected(desk(repo, persona, script(plan()), acting), editor) as connection:
        one = (await connection.new_session(cwd=str(repo), mcp_servers=[])).session_id
        await say(connection, one, "Write the runbook")
    assert [each.kind for each in editor.asked] == ["switch_mode", "execute"]
    assert "Refused by a person" in str(acting.requests[1].messages)


async def test_cancelled_twice_while_permission_is_asked(repo: Path, persona: str) -> None:
    asked = asyncio.Event()

    async def never() -> None:
        asked.set()
        await asyncio.Event().wait()

    editor = Editor(lambda _: never())
    async with connected(desk(repo, persona, script(plan())), editor) as connection:
        one = (await connection.new_session(cwd=str(repo), mcp_servers=[])).session_id
        turn = asyncio.create_task(say(connection, one, "Write the runbook"))
        await asked.wait()
        with pytest.raises(RequestError):
            await say(connection, one, "Something else")
        await connection.cancel(session_id=one)
        await connection.cancel(session_id=one)
        await connection.cancel(session_id="nobody")
        assert await turn == "cancelled"
    assert not (repo / RUNBOOK).exists()


async def test_cancelled_at_work_and_gone_on_with(repo: Path, persona: str) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(_: Any) -> Any:
        loop.call_soon_threadsafe(begun.set)
        (_, caller) = next(iter(made._going.values()))
        assert caller.cancel.wait(20)
        return write()

    made = desk(repo, persona, script(plan()), script(slow), script(finish()))
    async with connected(made, Editor()) as connection:
        one = (await connection.new_session(cwd=str(repo), mcp_servers=[])).session_id
        turn = asyncio.create_task(say(connection, one, "Write the runbook"))
        await begun.wait()
        await connection.cancel(session_id=one)
        assert await turn == "cancelled"
        assert await say(connection, one, "Go on") == "end_turn"
    assert git(repo, "rev-list", "--count", "HEAD").strip() == "2"


async def test_repositories_that_may_not_be_touched(repo: Path, persona: str, tmp_path: Path) -> None:
    other = make_repo(tmp_path / "other")
    async with connected(desk(repo, persona), Editor()) as connection:
        for outside in (str(other), "/", str(repo.parent)):
            with pytest.raises(RequestError) as refused:
                await connection.new_session(cwd=outside, mcp_servers=[])
            assert "not among the repositories" in str(refused.value.data)
        with pytest.raises(RequestError):
            await say(connection, "nobody", "Hello")


async def test_two_editors_on_one_repository(repo: Path, persona: str) -> None:
    begun, go = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(_: Any) -> Any:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(go.wait(), loop).result(20)
        return plan()

    no = Editor(lambda _: "keep")
    async with (
        connected(desk(repo, persona, script(slow)), no) as one,
        connected(desk(repo, persona, script(plan())), no) as two,
    ):
        first = (await one.new_session(cwd=str(repo), mcp_servers=[])).session_id
        turn = asyncio.create_task(say(one, first, "Write the runbook"))
        await begun.wait()
        second = (await two.new_session(cwd=str(repo), mcp_servers=[])).session_id
        with pytest.raises(RequestError) as busy:
            await say(two, second, "Write another")
        assert "Another boringops run is at work" in str(busy.value.data)
        go.set()
        assert await turn == "end_turn"


async def test_as_an_editor_starts_it(repo: Path, persona: str, messages_api: MessagesApi) -> None:
    for blocks in (plan(), write(), finish()):
        messages_api.reply(*blocks)
    env = {**os.environ, "HOME": str(repo.parent), "XDG_CACHE_HOME": str(repo.parents[2] / "cache")}
    editor = Editor()
    async with spawn_agent_process(
        cast("Any", editor), sys.executable, "-m", "boringops", "serve", "acp", "--persona", persona, cwd=repo, env=env
    ) as (connection, process):
        told = await connection.initialize(protocol_version=PROTOCOL_VERSION)
        assert told.agent_info and told.agent_info.name == "boringops"
        one = (await connection.new_session(cwd=str(repo), mcp_servers=[])).session_id
        assert await say(connection, one, "Write the runbook") == "end_turn"
        assert process.returncode is None
    assert (repo / RUNBOOK).exists()
