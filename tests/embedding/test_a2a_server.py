"""The A2A agent, driven by the protocol's own client, over HTTP in this process and in one of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from a2a.client import ClientConfig, create_client
from a2a.client.client import Client
from a2a.helpers.proto_helpers import get_data_parts, get_message_text, new_data_part, new_message, new_text_part
from a2a.types.a2a_pb2 import (
    CancelTaskRequest,
    GetTaskRequest,
    Role,
    SendMessageRequest,
    Task,
    TaskState,
)
from a2a.utils.errors import A2AError

from boringops.models.base import Model
from boringops.models.scripted import ScriptedModel
from boringops.persona import load
from boringops.serve.a2a_server import agent_card, build, skills
from boringops.serve.desk import Desk
from boringops.serve.http import Guard
from boringops.specialist import Specialist
from tests.embedding.playing import RUNBOOK, finish, plan, question, write
from tests.embedding.serving import serve
from tests.repos import git, make_repo

pytestmark = pytest.mark.anyio
URL = "http://127.0.0.1:8332"


def script(*steps: Any) -> ScriptedModel:
    return ScriptedModel(list(steps))


@asynccontextmanager
async def talking(desk: Desk, *, version: str = "1.0", streaming: bool = True) -> AsyncIterator[Client]:
    """The SDK's client, at the real application behind its guard."""
    app: Any = Guard(build(desk, URL), host="127.0.0.1", token=None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as web:
        card = agent_card(desk.specialist().load_persona(), URL, token=False)
        kept = [each for each in card.supported_interfaces if each.protocol_version == version]
        del card.supported_interfaces[:]
        card.supported_interfaces.extend(kept)
        client = await create_client(card, ClientConfig(streaming=streaming, httpx_client=web))
        yield client


def desk(repo: Path, persona: str, *models: ScriptedModel) -> Desk:
    left: Iterator[Model] = iter(models)
    return Desk((repo,), {"persona": persona, "report": {"directory": "../updates"}}, model=lambda: next(left))


async def say(client: Client, text: str = "", *, task: Task | None = None, **data: Any) -> Task:
    """Send a message and follow the task until it is quiet again."""
    parts = ([new_text_part(text)] if text else []) + ([new_data_part(data)] if data else [])
    ids = {"task_id": task.id, "context_id": task.context_id} if task else {}
    task_id = task.id if task else ""
    async for event in client.send_message(SendMessageRequest(message=new_message(parts, role=Role.ROLE_USER, **ids))):
        if event.HasField("task"):
            task_id = event.task.id
        elif event.HasField("status_update"):
            task_id = event.status_update.task_id
    return await client.get_task(GetTaskRequest(id=task_id))


def state(task: Task) -> str:
    return TaskState.Name(task.status.state).removeprefix("TASK_STATE_").lower()


def artifacts(task: Task) -> dict[str, Any]:
    return {artifact.name: artifact for artifact in task.artifacts}


@pytest.mark.parametrize(("version", "streaming"), [("1.0", True), ("1.0", False), ("0.3", True)])
async def test_a_task_from_question_to_artifacts(repo: Path, persona: str, version: str, streaming: bool) -> None:
    made = desk(repo, persona, script(question()), script(plan()), script(plan()), script(write(), finish()))
    async with talking(made, version=version, streaming=streaming) as client:
        task = await say(client, "Write the runbook")
        assert state(task) == "input_required"
        assert "Which region?" in get_message_text(task.status.message)
        assert dict(task.status.message.metadata)["waiting_for"] == "answers"

        task = await say(client, "eu", task=task)
        assert (state(task), dict(task.status.message.metadata)["waiting_for"]) == ("input_required", "approval")
        assert "The procedure is written down." in get_message_text(task.status.message)
        assert not (repo / RUNBOOK).exists()

        task = await say(client, "Name the on-call, too.", task=task)
        assert (state(task), dict(task.status.message.metadata)["waiting_for"]) == ("input_required", "approval")

        task = await say(client, "approve", task=task)
        assert state(task) == "completed", get_message_text(task.status.message)
    found = artifacts(task)
    assert set(found) == {"plan", "diff", "report", "result"}
    assert "+# Runbook" in found["diff"].parts[0].text
    (result,) = get_data_parts(found["result"].parts)
    assert result["commit"] == git(repo, "rev-parse", "HEAD").strip()


async def test_a_data_part_approves_and_only_true_does(repo: Path, persona: str) -> None:
    made = desk(repo, persona, script(plan()), script(plan()), script(write(), finish()))
    async with talking(made) as client:
        task = await say(client, "Write the runbook")
        task = await say(client, "approve", task=task, approve=False)
        assert state(task) == "input_required" and not (repo / RUNBOOK).exists()
        task = await say(client, task=task, approve=True)
        assert state(task) == "completed"


async def test_bad_messages(repo: Path, persona: str, tmp_path: Path) -> None:
    other = make_repo(tmp_path / "other")
    async with talking(desk(repo, persona, *[script(plan())] * 9)) as client:
        for text, data, wanted, said in (
            ("Do it", {"repo": str(other)}, "rejected", "not among the repositories"),
            ("Do it", {"repo": 7}, "rejected", "is not a path"),
            ("Do it", {"handoff": {"port": "many"}}, "rejected", "handoff.port"),
            ("approve", {"approve": True, "run_id": "nobody"}, "failed", "Call plan first"),
        ):
            task = await say(client, text, **data)
            assert (state(task), said in get_message_text(task.status.message)) == (wanted, True), task
        task = await say(client, "Write the runbook")
        assert state(task) == "input_required"
    with pytest.raises(A2AError):
        async with talking(desk(repo, persona)) as client:
            await client.get_task(GetTaskRequest(id="nobody"))


async def test_cancelled_twice_and_gone_on_with_as_a_new_task(repo: Path, persona: str) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(_: Any) -> Any:
        loop.call_soon_threadsafe(begun.set)
        (_, caller) = next(iter(made._going.values()))
        assert caller.cancel.wait(20)
        return write()

    made = desk(repo, persona, script(plan()), script(slow, finish()), script(finish()))
    async with talking(made) as client:
        task = await say(client, "Write the runbook")
        run_id = dict(task.status.message.metadata)["run_id"]
        following = asyncio.create_task(say(client, "approve", task=task))
        await begun.wait()
        cancelled = await client.cancel_task(CancelTaskRequest(id=task.id))
        assert state(cancelled) == "canceled"
        with pytest.raises(A2AError):
            await client.cancel_task(CancelTaskRequest(id=task.id))
        assert state(await following) == "canceled"
        again = await say(client, "Go on", run_id=run_id)
        assert state(again) == "completed", again


async def test_a_client_that_disconnects_can_come_back(repo: Path, persona: str) -> None:
    made = desk(repo, persona, script(plan()), script(write(), finish()))
    async with talking(made) as client:
        message = new_message([new_text_part("Write the runbook")], role=Role.ROLE_USER)
        stream = client.send_message(SendMessageRequest(message=message))
        first = await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        task_id = first.task.id or first.status_update.task_id
        for _ in range(2000):
            task = await client.get_task(GetTaskRequest(id=task_id))
            if state(task) == "input_required":
                break
            await asyncio.sleep(0.01)
        assert state(await say(client, "approve", task=task)) == "completed"


async def test_two_clients_on_one_repository(repo: Path, persona: str) -> None:
    begun, go = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(_: Any) -> Any:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(go.wait(), loop).result(20)
        return plan()

    async with talking(desk(repo, persona, script(slow), script(plan()))) as client:
        first = asyncio.create_task(say(client, "Write the runbook"))
        await begun.wait()
        second = await say(client, "Write another")
        assert "Another boringops run is at work" in get_message_text(second.status.message)
        assert state(second) == "failed"
        go.set()
        assert state(await first) == "input_required"


def test_the_card_says_what_the_persona_says(repo: Path) -> None:
    card = agent_card(Specialist(repo).load_persona(), URL, token=True)
    assert card.name == "devops-infrastructure"
    assert "Monitoring and alerting" in [skill.name for skill in card.skills]
    assert len({skill.id for skill in card.skills}) == len(card.skills) > 4
    assert all(skill.tags for skill in card.skills)
    assert [each.protocol_version for each in card.supported_interfaces] == ["1.0", "0.3"]
    assert card.security_schemes["token"].http_auth_security_scheme.scheme == "Bearer"


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (
            "**Primary Responsibilities:**\n- Build images\n- Run pipelines\n\nText.\n",
            ["Build images", "Run pipelines"],
        ),
        ("Nothing of the kind.\n", ["Does things."]),
    ],
)
def test_skills_follow_the_persona(tmp_path: Path, body: str, names: list[str]) -> None:
    path = tmp_path / "p.md"
    path.write_text(f"---\nname: p\ndescription: Does things.\n---\n{body}")
    assert [skill.name for skill in skills(load(path, known_tools=[]))] == names


async def test_the_real_server_with_the_blueprints(repo: Path, persona: str) -> None:
    with serve(repo, "a2a", "--persona", persona, "--offline") as server:
        client = await create_client(server.url)
        task = await say(client, "Containerise this application")
        assert dict(task.status.message.metadata)["waiting_for"] == "approval"
        async with httpx.AsyncClient() as web:
            told = await web.get(f"{server.url}/.well-known/agent-card.json")
            assert told.json()["name"] == "plain"
            refused = await web.get(f"{server.url}/.well-known/agent-card.json", headers={"host": "evil.example"})
            assert refused.status_code == 421
        await client.close()
