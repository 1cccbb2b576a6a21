"""boringops as an A2A agent: a task that plans, waits for answers and for approval, works, and ends with artifacts.

A task is one run. `input-required` means either open questions or a plan that waits; the message then says which, and
its metadata has `waiting_for` and `run_id`. A plan is approved by a data part `{"approve": true}` or the single word
`approve`; any other text says what has to change in it.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from a2a.helpers.proto_helpers import (
    get_data_parts,
    new_data_part,
    new_task_from_user_message,
    new_text_part,
)
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types.a2a_pb2 import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    HTTPAuthSecurityScheme,
    Part,
    SecurityRequirement,
    SecurityScheme,
    StringList,
    TaskState,
)
from pydantic import ValidationError
from starlette.applications import Starlette

from boringops import __version__, naming
from boringops.errors import BoringopsError, UsageError
from boringops.events import Event
from boringops.handoff import Handoff
from boringops.persona import Persona
from boringops.result import Result
from boringops.serve.desk import Desk
from boringops.serve.report import Report, asked, line, plan_text

MARKDOWN, JSON, DIFF = "text/markdown", "application/json", "text/x-diff"
_APPROVES = re.compile(r"\s*(approved?|yes|go ahead|lgtm)\s*[.!]?\s*", re.IGNORECASE)


def build(desk: Desk, url: str, *, token: bool = False) -> Starlette:
    """The application: the agent card, and JSON-RPC of protocol 1.0 and 0.3 on one address."""
    card = agent_card(desk.specialist().load_persona(), url, token=token)
    handler = DefaultRequestHandler(Infrastructure(desk), InMemoryTaskStore(), card)
    return Starlette(
        routes=[*create_agent_card_routes(card), *create_jsonrpc_routes(handler, "/", enable_v0_3_compat=True)]
    )


# --- the card ----------------------------------------------------------------------------------------


def agent_card(persona: Persona, url: str, *, token: bool) -> AgentCard:
    """What the persona says of itself, for other agents to choose by."""
    card = AgentCard(
        name=persona.name,
        description=persona.description,
        version=__version__,
        supported_interfaces=[
            AgentInterface(url=f"{url}/", protocol_binding="JSONRPC", protocol_version=version)
            for version in ("1.0", "0.3")
        ],
        capabilities=AgentCapabilities(streaming=True, push_notifications=False),
        default_input_modes=["text/plain", JSON],
        default_output_modes=[MARKDOWN, JSON, DIFF],
        skills=skills(persona),
    )
    if token:
        scheme = SecurityScheme(http_auth_security_scheme=HTTPAuthSecurityScheme(scheme="Bearer"))
        card.security_schemes["token"].CopyFrom(scheme)
        card.security_requirements.append(SecurityRequirement(schemes={"token": StringList()}))
    return card


_LISTED = re.compile(r"^.*responsibilit.*:?\W*$\n+((?:[-*] .+\n?)+)", re.IGNORECASE | re.MULTILINE)
_TOLD = re.compile(r"responsible for\W+(.+)", re.IGNORECASE)


def skills(persona: Persona) -> list[AgentSkill]:
    """A skill for each responsibility the persona states, as a list or as a sentence; else its description is the one."""
    if listed := _LISTED.search(persona.body):
        entries = [entry[2:].strip() for entry in listed[1].splitlines()]
    elif told := _TOLD.search(persona.body):
        entries = [entry.strip().rstrip(".") for entry in told[1].split(";")]
    else:
        entries = [persona.description]
    return [
        AgentSkill(
            id=naming.slug_of(entry),
            name=entry[:1].upper() + entry[1:],
            description=entry,
            tags=_tags(entry) or [persona.name],
        )
        for entry in dict.fromkeys(entries)
    ]


def _tags(text: str) -> list[str]:
    """The proper names and the longer words: what a registry is searched for."""
    words = re.findall(r"[A-Za-z][\w/-]+", text)
    return list(dict.fromkeys(word.lower() for word in words if word[0].isupper() or len(word) > 7))


# --- tasks -------------------------------------------------------------------------------------------


class Infrastructure(AgentExecutor):
    """Carries tasks on, a step for each message."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.runs: dict[str, tuple[str, str | None]] = {}
        """Task -> its run, and the repository that its client named."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        message = context.message
        if message is None:
            raise ValueError("a message is needed")
        if context.current_task is None:
            await event_queue.enqueue_event(new_task_from_user_message(message))
        updater = TaskUpdater(event_queue, str(context.task_id), str(context.context_id))
        await updater.start_work()
        try:
            result, repo = await self._step(context, updater)
        except BoringopsError as error:
            await self._refused(context, updater, error)
            return
        self.runs[updater.task_id] = (result.run_id, repo)
        await self._deliver(updater, result, repo)

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """The step that went on has been cancelled by the SDK, which stops the run, resumably."""
        updater = TaskUpdater(event_queue, str(context.task_id), str(context.context_id))
        run_id, _ = self.runs.get(updater.task_id, ("", None))
        said = f"Stopped. Run {run_id} can be gone on with." if run_id else "Stopped."
        await updater.cancel(updater.new_agent_message([new_text_part(said)]))

    async def _step(self, context: RequestContext, updater: TaskUpdater) -> tuple[Result, str | None]:
        """Carry the task's run on by what its client says."""
        data = _data(context)
        run_id, repo = self.runs.get(updater.task_id, (str(data.get("run_id") or ""), data.get("repo")))
        text = context.get_user_input()

        async def watch(event: Event) -> None:
            if said := line(event):
                await updater.update_status(
                    TaskState.TASK_STATE_WORKING, updater.new_agent_message([new_text_part(said)])
                )

        if not run_id:
            return await self.desk.plan(text, repo, handoff=_handoff(data), watch=watch), repo
        state = await asyncio.to_thread(self.desk.state, run_id, repo)
        if state.questions:
            return await self.desk.answer(run_id, text, repo, watch=watch), repo
        approved = data.get("approve")
        if approved is True or (approved is None and (state.plan is not None or _APPROVES.fullmatch(text))):
            return await self.desk.act(run_id, repo, watch=watch), repo
        return await self.desk.answer(run_id, text or "The plan is refused.", repo, watch=watch), repo

    async def _refused(self, context: RequestContext, updater: TaskUpdater, error: BoringopsError) -> None:
        """What is wrong with a message: a task that waits goes on waiting, any other is over."""
        said = updater.new_agent_message([new_text_part(f"{error.message} {error.hint}".strip())], {"kind": error.kind})
        if updater.task_id in self.runs:
            await updater.requires_input(said)
        elif context.current_task is None and error.kind in {"usage", "outside"}:
            await updater.reject(said)
        else:
            await updater.failed(said)

    async def _deliver(self, updater: TaskUpdater, result: Result, repo: str | None) -> None:
        """The state and the artifacts that a result stands for."""

        def said(*texts: str, **metadata: Any) -> Any:
            parts = [new_text_part(text, MARKDOWN) for text in texts if text]
            return updater.new_agent_message(parts, {"run_id": result.run_id, "status": result.status, **metadata})

        if result.plan:
            await updater.add_artifact(
                [new_text_part(plan_text(result), MARKDOWN), new_data_part(result.plan.model_dump(mode="json"), JSON)],
                artifact_id="plan", name="plan",
            )  # fmt: skip
        match result.status:
            case "planned" | "needs_approval":
                how = "Approve this plan with the single word `approve`, or say what has to change."
                await updater.requires_input(said(plan_text(result), how, waiting_for="approval"))
            case "needs_clarification":
                await updater.requires_input(said(asked(result), waiting_for="answers"))
            case "done" | "answered":
                await self._artifacts(updater, result, repo)
                await updater.complete(said(result.summary or "Done."))
            case "interrupted":
                await updater.cancel(said(result.summary))
            case _:
                await self._artifacts(updater, result, repo)
                hint = result.error.hint if result.error else ""
                await updater.failed(said(result.summary, hint, kind=result.error.kind if result.error else ""))

    async def _artifacts(self, updater: TaskUpdater, result: Result, repo: str | None) -> None:
        whole: dict[str, list[Part]] = {"result": [new_data_part(Report.of(result).model_dump(mode="json"), JSON)]}
        if diff := await self.desk.diff(result.run_id, repo):
            whole["diff"] = [new_text_part(diff, DIFF)]
        if result.report_path and (path := Path(result.report_path)).is_file():
            whole["report"] = [new_text_part(await asyncio.to_thread(path.read_text), MARKDOWN)]
        for name, parts in whole.items():
            await updater.add_artifact(parts, artifact_id=name, name=name)


def _data(context: RequestContext) -> dict[str, Any]:
    """What a message says beside its words: its own metadata, the request's, and its data parts."""
    message = context.message
    merged: dict[str, Any] = {}
    for given in (
        context.metadata,
        dict(message.metadata) if message else {},
        *get_data_parts(message.parts if message else []),
    ):
        if isinstance(given, dict):
            merged |= given
    if not isinstance(merged.get("repo", ""), str):
        raise UsageError("`repo` is not a path.", hint="Give the path of a repository as text.")
    return merged


def _handoff(data: dict[str, Any]) -> Handoff | None:
    if "handoff" not in data:
        return None
    try:
        return Handoff.model_validate(data["handoff"])
    except ValidationError as error:
        problem = error.errors()[0]
        raise UsageError(f"handoff.{'.'.join(map(str, problem['loc']))}: {problem['msg']}.") from error
