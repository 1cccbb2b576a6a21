"""A run's events as an editor shows them: tool calls with their diffs, and a plan that ticks itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from acp.helpers import (
    plan_entry,
    start_tool_call,
    text_block,
    tool_content,
    tool_diff_content,
    update_agent_message_text,
    update_agent_thought_text,
    update_plan,
    update_tool_call,
)
from acp.schema import HttpMcpServer, McpServerStdio, ToolCallLocation

from boringops import events as ev
from boringops.facts import Plan
from boringops.serve.report import line
from boringops.state import State

_KINDS: dict[str, Any] = {
    "Read": "read", "Glob": "search", "Grep": "search", "Write": "edit", "Edit": "edit", "Blueprint": "edit",
    "Bash": "execute", "Validate": "execute", "SubmitPlan": "think", "AskUser": "think", "Finish": "think",
}  # fmt: skip
SHOWN_CHARS = 4_000
"""Of a tool's output: an editor shows it in a panel, and the journal has it whole."""

Status = Literal["pending", "in_progress", "completed"]


class Updates:
    """Watches one run and sends what its editor should see."""

    def __init__(self, send: Callable[[Any], Awaitable[None]], root: Path, state: State) -> None:
        self.send = send
        self.root = root
        self.state = state
        """What was true of the run before; kept up as far as the plan needs it."""
        self.changes: dict[str, list[ev.FileChanging]] = {}

    async def __call__(self, event: ev.Event) -> None:
        match event:
            case ev.ModelReplied(content=content):
                for block in content:
                    if block.get("type") == "text" and block.get("text"):
                        await self.send(update_agent_message_text(block["text"]))
                    elif block.get("type") == "thinking" and block.get("thinking"):
                        await self.send(update_agent_thought_text(block["thinking"]))
            case ev.ToolStarted(call_id=call_id, tool=tool, input=given):
                path = given.get("file_path") or given.get("path")
                where = [ToolCallLocation(path=str(self.root / str(path)))] if path else None
                await self.send(
                    start_tool_call(
                        call_id,
                        line(event),
                        kind=_KINDS.get(tool, "other"),
                        status="in_progress",
                        locations=where,
                        raw_input=given,
                    )
                )
            case ev.FileChanging(call_id=call_id):
                self.changes.setdefault(call_id, []).append(event)
            case ev.ToolFinished(call_id=call_id):
                await self._finished(event, call_id)
            case ev.Warned(message=message):
                await self.send(update_agent_message_text(f"Warning: {message}\n"))
            case ev.Verified() | ev.Committed():
                await self.send(update_agent_message_text(f"{line(event)}\n"))
        await self._plan(event)

    async def _finished(self, event: ev.ToolFinished, call_id: str) -> None:
        content: list[Any] = [self._diff(change) for change in self.changes.pop(call_id, [])]
        content.append(tool_content(text_block(event.content[:SHOWN_CHARS])))
        await self.send(update_tool_call(call_id, status="failed" if event.is_error else "completed", content=content))

    def _diff(self, changing: ev.FileChanging) -> Any:
        change = changing.change
        new = _text(self.root / change.path) if change.after else ""
        old = self._before(change.before) if change.before else None
        return tool_diff_content(str(self.root / change.path), new, old)

    def _before(self, sha256: str) -> str:
        found = next(self.root.glob(f".git/boringops/runs/*/before/{sha256}"), None)
        return _text(found) if found else ""

    async def _plan(self, event: ev.Event) -> None:
        """The plan again whenever something of it is done: the protocol wants it whole each time."""
        match event:
            case ev.PlanSubmitted(plan=plan) if plan.files:
                self.state.submitted[event.call_id] = plan
                await self.send(plan_update(plan, self.state))
            case ev.PlanApproved(call_id=call_id) if call_id in self.state.submitted:
                self.state.plan = self.state.submitted[call_id]
            case ev.FileChanged() | ev.FileChanging():
                self.state.apply(event)
                if self.state.plan and isinstance(event, ev.FileChanged):
                    await self.send(plan_update(self.state.plan, self.state))


def plan_update(plan: Plan, state: State) -> Any:
    """The plan as entries: its tasks where its files name them, else its files."""
    entries = [plan_entry(title, status=status) for title, status in _entries(plan, state)]
    return update_plan(entries)


def _entries(plan: Plan, state: State) -> Sequence[tuple[str, Status]]:
    changed = set(state.changes)
    tasks = [task for phase in plan.phases for task in phase.tasks]
    of_task = {task.id: {file.path for file in plan.files if file.task == task.id} for task in tasks}
    if tasks and any(of_task.values()):
        return [(task.title, _status(of_task[task.id], changed)) for task in tasks]
    return [(f"{file.action} {file.path}", _status({file.path}, changed)) for file in plan.files]


def _status(paths: set[str], changed: set[str]) -> Status:
    done = paths & changed
    return "pending" if not done else "completed" if done == paths else "in_progress"


def servers(given: Any) -> dict[str, Any]:
    """MCP servers of the editor, as `mcp_servers` of the configuration has them. Other transports are left out."""
    found: dict[str, Any] = {}
    for server in given or []:
        if isinstance(server, McpServerStdio):
            env = {variable.name: variable.value for variable in server.env or []}
            found[server.name] = {"command": server.command, "args": list(server.args or []), "env": env}
        elif isinstance(server, HttpMcpServer):
            headers = {header.name: header.value for header in server.headers or []}
            found[server.name] = {"url": server.url, "headers": headers}
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
