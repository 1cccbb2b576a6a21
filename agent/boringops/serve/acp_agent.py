"""boringops as an ACP agent for editors: a session plans, and switching to mode `act` is the plan's approval.

A prompt is a task; where the run waits it is the answer to its questions, or says what has to change in its plan. The
editor is asked for permission to leave plan mode, and sees the plan tick itself and every change as a diff.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

from acp import PROTOCOL_VERSION, RequestError, run_agent
from acp.helpers import (
    text_block,
    tool_content,
    update_agent_message_text,
    update_current_mode,
    update_user_message_text,
)
from acp.interfaces import Client
from acp.schema import (
    AgentCapabilities,
    AllowedOutcome,
    Implementation,
    InitializeResponse,
    ListSessionsResponse,
    LoadSessionResponse,
    NewSessionResponse,
    PermissionOption,
    PromptCapabilities,
    PromptResponse,
    SessionCapabilities,
    SessionInfo,
    SessionListCapabilities,
    SessionMode,
    SessionModeState,
    SetSessionModeResponse,
    ToolCallUpdate,
)

from boringops import __version__
from boringops.errors import BoringopsError, UsageError
from boringops.result import Result
from boringops.serve.acp_updates import Updates, plan_update, servers
from boringops.serve.desk import Desk
from boringops.serve.report import asked, plan_text
from boringops.serve.sessions import Sessions
from boringops.state import State

PLAN, ACT = "plan", "act"
MODES = [
    SessionMode(id=PLAN, name="Plan", description="Reads, asks and plans; changes nothing."),
    SessionMode(id=ACT, name="Act", description="Carries the plan out: switching here approves it."),
]
_APPROVE = [
    PermissionOption(option_id="approve", name="Approve and carry out", kind="allow_once"),
    PermissionOption(option_id="keep", name="Keep planning", kind="reject_once"),
]
_ALLOW = [
    PermissionOption(option_id="approve", name="Allow this once", kind="allow_once"),
    PermissionOption(option_id="keep", name="Do not allow", kind="reject_once"),
]


@dataclass
class Session:
    id: str
    repo: str
    mode: str = PLAN
    run_id: str = ""
    busy: bool = False
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    servers: dict[str, Any] = field(default_factory=dict)
    """MCP servers that the editor gives its agents."""


class Infrastructure:
    """The agent. One connection, several sessions, each at a repository that may be worked in."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.sessions: dict[str, Session] = {}
        self.client: Client

    def on_connect(self, conn: Client) -> None:
        self.client = conn

    async def initialize(self, protocol_version: int, **_: Any) -> InitializeResponse:
        return InitializeResponse(
            protocol_version=min(protocol_version, PROTOCOL_VERSION),
            agent_info=Implementation(name="boringops", title="boringops", version=__version__),
            agent_capabilities=AgentCapabilities(
                load_session=True,
                prompt_capabilities=PromptCapabilities(embedded_context=True),
                session_capabilities=SessionCapabilities(list=SessionListCapabilities()),
            ),
        )

    # --- sessions ---

    async def new_session(self, cwd: str, mcp_servers: Any = None, **_: Any) -> NewSessionResponse:
        with _Told():
            specialist = await asyncio.to_thread(self.desk.specialist, cwd)
            session = Session(
                Sessions(specialist).begin(), str(specialist.repository.root), servers=servers(mcp_servers)
            )
        self.sessions[session.id] = session
        return NewSessionResponse(session_id=session.id, modes=_modes(session))

    async def load_session(self, cwd: str, session_id: str, mcp_servers: Any = None, **_: Any) -> LoadSessionResponse:
        """Bring a session back from its journals, also one of another process."""
        with _Told():
            specialist = await asyncio.to_thread(self.desk.specialist, cwd)
            runs = Sessions(specialist).runs(session_id)
        session = Session(session_id, str(specialist.repository.root), servers=servers(mcp_servers))
        self.sessions[session_id] = session
        for run_id in runs:
            session.run_id = run_id
            result = await self.desk.result(run_id, session.repo)
            state = await asyncio.to_thread(self.desk.state, run_id, session.repo)
            if state.start:
                await self._send(session, update_user_message_text(state.start.task))
            if result.plan:
                await self._send(session, plan_update(result.plan, state))
            await self._say(session, _closing(result))
        return LoadSessionResponse(modes=_modes(session))

    async def list_sessions(self, cwd: str | None = None, **_: Any) -> ListSessionsResponse:
        with _Told():
            specialist = await asyncio.to_thread(self.desk.specialist, cwd)
            known = Sessions(specialist).all()
        root = str(specialist.repository.root)
        return ListSessionsResponse(
            sessions=[SessionInfo(session_id=name, cwd=root, title=title) for name, title in known]
        )

    async def set_session_mode(self, session_id: str, mode_id: str, **_: Any) -> SetSessionModeResponse:
        session = self._session(session_id)
        if mode_id not in {PLAN, ACT}:
            raise RequestError.invalid_params({"message": f"There is no mode {mode_id!r}: {PLAN} and {ACT}."})
        if mode_id == ACT and not await self._plan_waits(session):
            raise RequestError.invalid_params({"message": "There is no plan to approve yet: describe the task first."})
        session.mode = mode_id
        return SetSessionModeResponse()

    async def cancel(self, session_id: str, **_: Any) -> None:
        """Stop what goes on; twice, or with nothing going on, is as good as once."""
        if session := self.sessions.get(session_id):
            session.cancelled.set()
            self.desk.stop([Path(session.repo)])

    # --- prompts ---

    async def prompt(self, session_id: str, prompt: list[Any], **_: Any) -> PromptResponse:
        session = self._session(session_id)
        if session.busy:
            raise RequestError.invalid_params({"message": "The session is at work: cancel first, or wait."})
        session.busy = True
        session.cancelled.clear()
        try:
            return PromptResponse(stop_reason=await self._turn(session, _words(prompt)))  # type: ignore[arg-type]
        except BoringopsError as error:
            raise _as_request_error(error) from error
        finally:
            session.busy = False

    async def _turn(self, session: Session, text: str) -> str:
        """One prompt, as far as it goes; the stop reason."""
        result = await self._step(session, text)
        session.run_id = result.run_id
        while result.status in {"planned", "needs_approval"} and not session.cancelled.is_set():
            await self._say(session, plan_text(result))
            if not await self._leave_plan_mode(session, result):
                return "cancelled" if session.cancelled.is_set() else "end_turn"
            result = await self.desk.act(result.run_id, session.repo, **await self._served(session))
        await self._say(session, _closing(result))
        if result.status in {"done", "answered"}:
            await self._switch(session, PLAN)
        if session.cancelled.is_set() and result.status == "interrupted":
            return "cancelled"
        refused = result.error is not None and result.error.kind == "refusal"
        return "refusal" if refused else "max_turn_requests" if result.status == "budget" else "end_turn"

    async def _step(self, session: Session, text: str) -> Result:
        """What a prompt is depends on where the session's run is: a new task, an answer, an amendment, or going on."""
        state = await self._state(session)
        if state.end and state.end.status in {"done", "answered"}:
            session.run_id, state = "", State()
        served = await self._served(session)
        if not session.run_id:
            result = await self.desk.plan(text, session.repo, **served)
            specialist = await asyncio.to_thread(self.desk.specialist, session.repo)
            Sessions(specialist).add(session.id, result.run_id, text)
            return result
        if state.questions:
            return await self.desk.answer(session.run_id, text, session.repo, **served)
        if session.mode == ACT or state.plan is not None:
            return await self.desk.act(session.run_id, session.repo, **served)
        if state.waiting in state.submitted:
            return await self.desk.answer(session.run_id, text, session.repo, **served)
        return await self.desk.go_on(session.run_id, session.repo, **served)

    async def _state(self, session: Session) -> State:
        return await asyncio.to_thread(self.desk.state, session.run_id, session.repo) if session.run_id else State()

    async def _served(self, session: Session) -> dict[str, Any]:
        """What a run is given of its editor."""
        send = partial(self._send, session)
        updates = Updates(send, Path(session.repo), await self._state(session))

        async def on_call(tool: str, call: dict[str, Any], reason: str) -> bool:
            shown = call.get("command") or call.get("file_path") or ""
            about = ToolCallUpdate(
                tool_call_id=f"permission-{tool}-{os.urandom(4).hex()}", title=f"{tool} {shown}".strip(), kind="execute",
                status="pending", raw_input=call, content=[tool_content(text_block(reason))],
            )  # fmt: skip
            return await self._permitted(session, about, _ALLOW)

        given: dict[str, Any] = {"watch": updates, "on_call": on_call}
        return {**given, "mcp_servers": session.servers} if session.servers else given

    async def _leave_plan_mode(self, session: Session, result: Result) -> bool:
        """Whether the plan is approved: by the mode the editor chose, or by asking it to switch."""
        await self._switch(session, PLAN)  # one approval is for one plan: an amended one is asked for again
        about = ToolCallUpdate(
            tool_call_id=f"plan-{result.run_id}", title="Carry out the plan", kind="switch_mode", status="pending",
            content=[tool_content(text_block(plan_text(result)))],
        )  # fmt: skip
        if not await self._permitted(session, about, _APPROVE):
            return False
        await self._switch(session, ACT)
        return True

    async def _permitted(self, session: Session, about: ToolCallUpdate, options: list[PermissionOption]) -> bool:
        """Ask the editor. Whatever is not the one answer that allows is a no; a cancelled session waits no longer."""
        request = asyncio.ensure_future(
            self.client.request_permission(session_id=session.id, tool_call=about, options=options)
        )
        stop = asyncio.ensure_future(session.cancelled.wait())
        done, waiting = await asyncio.wait({request, stop}, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()
        if request not in done or request.exception() is not None:
            return False
        outcome = request.result().outcome
        return isinstance(outcome, AllowedOutcome) and outcome.option_id == "approve"

    async def _plan_waits(self, session: Session) -> bool:
        state = await self._state(session)
        return state.plan is None and not state.questions and state.waiting in state.submitted

    # --- talking ---

    async def _switch(self, session: Session, mode: str) -> None:
        if session.mode != mode:
            session.mode = mode
            await self._send(session, update_current_mode(mode))

    async def _say(self, session: Session, text: str) -> None:
        if text:
            await self._send(session, update_agent_message_text(text))

    async def _send(self, session: Session, update: Any) -> None:
        await self.client.session_update(session_id=session.id, update=update)

    def _session(self, session_id: str) -> Session:
        if session_id not in self.sessions:
            raise RequestError.invalid_params(
                {"message": f"There is no session {session_id!r}: load it, or begin one."}
            )
        return self.sessions[session_id]


def _modes(session: Session) -> SessionModeState:
    return SessionModeState(current_mode_id=session.mode, available_modes=MODES)


def _words(prompt: list[Any]) -> str:
    """The text of a prompt; files that the editor embeds come with their address, links by it alone."""
    parts: list[str] = []
    for block in prompt:
        resource = getattr(block, "resource", None)
        if text := getattr(block, "text", None):
            parts.append(text)
        elif resource is not None and getattr(resource, "text", None):
            parts.append(f"{resource.uri}\n{resource.text}")
        elif uri := getattr(block, "uri", None):
            parts.append(str(uri))
    return "\n\n".join(parts)


def _closing(result: Result) -> str:
    """What is said at the end of a turn."""
    if result.questions:
        return asked(result)
    lines = [f"{result.status.replace('_', ' ')}: {result.summary}".strip(": ")]
    lines += [f"- {change.action} {change.path}" for change in result.changes]
    lines += [f"- commit {result.commit[:12]}"] if result.commit else []
    lines += [result.error.hint] if result.error and result.error.hint else []
    return "\n".join(lines)


class _Told:
    """Errors that are ours to explain, as the protocol has them."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BoringopsError):
            raise _as_request_error(error) from error


def _as_request_error(error: BoringopsError) -> RequestError:
    return RequestError.invalid_params({"message": error.message, "hint": error.hint, "kind": error.kind})


class _Objects(asyncio.StreamReader):
    """The lines that are JSON objects: the SDK ends the connection over any other valid JSON."""

    def __init__(self, source: asyncio.StreamReader) -> None:
        super().__init__()
        self.source = source

    async def readuntil(self, separator: Any = b"\n") -> bytes:
        while True:
            line = await self.source.readuntil(separator)
            try:
                if isinstance(json.loads(line), dict):
                    return line
            except ValueError:
                pass
            print("A line that is no JSON object was left out.", file=sys.stderr)


async def serve(desk: Desk) -> None:
    """Speak ACP over standard input and output, which nothing else may write to."""
    from acp.core import DEFAULT_STDIO_BUFFER_LIMIT_BYTES
    from acp.stdio import stdio_streams

    sys.stdout = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what programs print by mistake goes where it is read
    try:
        reader, writer = await stdio_streams(DEFAULT_STDIO_BUFFER_LIMIT_BYTES)
    except ValueError as error:  # a file on either end
        raise UsageError("ACP needs pipes as standard input and output.", hint="An editor starts it so.") from error
    finally:
        sys.stdout = sys.stderr
    await run_agent(cast("Any", Infrastructure(desk)), writer, _Objects(reader))
