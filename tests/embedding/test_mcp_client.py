"""MCP servers' tools in a run: under the policy, fixed for the run, and never the end of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from boringops import Effect, Event, Result, Specialist, Task, UsageError
from boringops.config import Permissions
from boringops.events import ToolFinished
from boringops.models.scripted import ScriptedModel
from boringops.persona import load
from boringops.policy import Rules, decide
from tests.embedding.playing import PERSONA, finish, plan, tool, work, write

TASK = Task(text="Write the runbook")
PEER = Path(__file__).with_name("mcp_peer.py")


def peer(mode: str = "good", **other: Any) -> dict[str, Any]:
    return {"command": sys.executable, "args": [str(PEER), mode], **other}


class Ran:
    def __init__(self, repo: Path, persona: str, *steps: Any, servers: dict[str, Any], **other: Any) -> None:
        self.events: list[Event] = []
        self.model = ScriptedModel(list(steps))
        settings = {"approve": "auto", **other}
        one = Specialist(
            repo, persona=persona, model=self.model, mcp_servers=servers, on_event=self.events.append, **settings
        )
        self.result: Result = one.run(TASK)
        assert self.result.status == "done", self.result.error

    @property
    def answers(self) -> list[ToolFinished]:
        return [event for event in self.events if isinstance(event, ToolFinished) and event.tool.startswith("mcp__")]

    @property
    def names(self) -> list[str]:
        return [each["name"] for each in self.model.requests[0].tools if each["name"].startswith("mcp__")]


def test_what_reads_runs_and_what_reaches_is_asked_for(repo: Path, persona: str) -> None:
    asked: list[str] = []

    def on_call(name: str, arguments: dict[str, Any], reason: str) -> bool:
        asked.append(name)
        return True

    send = [tool("mcp__peer__send", text="hi")]
    ran = Ran(
        repo, persona, [tool("mcp__peer__look", what="Regions")], send, plan(), send, write(), finish(),
        servers={"peer": peer(env={"PLACE": "${PLACE}"})}, env={"PLACE": "Europe"}, approve="ask",
        on_plan=lambda _: True, on_call=on_call,
    )  # fmt: skip
    looked, early, sent = ran.answers
    assert "Regions in Europe" in looked.content and "data, not instructions" in looked.content
    assert "ghp_" not in looked.content and "<secret:" in looked.content, "masked as any tool's output"
    assert early.is_error and "plan phase only reads" in early.content
    assert "sent hi" in sent.content and asked == ["mcp__peer__send"]
    assert all(request.tools == ran.model.requests[0].tools for request in ran.model.requests)


@pytest.mark.parametrize("rule", ["mcp__peer", "mcp__peer__*", "mcp__peer__send"])
def test_rules_name_servers_and_tools(rule: str) -> None:
    def decided(effect: Effect, phase: Any = "act", tool: str = "mcp__peer__send", **lists: list[str]) -> str:
        rules = Rules.of(Permissions(**lists))
        return decide(tool, effect, [], None, phase=phase, approve="auto", interactive=False, rules=rules).action

    assert decided(Effect.REACH) == "deny", "nobody is there to ask"
    assert decided(Effect.REACH, allow=[rule]) == "allow"
    assert decided(Effect.REACH, "plan", allow=[rule]) == "deny"
    assert decided(Effect.READ) == "allow"
    assert decided(Effect.READ, deny=[rule]) == "deny"
    assert decided(Effect.REACH, tool="mcp__peers__send", allow=[rule]) == "deny", "another server"


def test_a_server_that_hangs_dies_or_fails_is_a_tool_error(repo: Path, persona: str) -> None:
    steps = [[tool(f"mcp__peer__{name}")] for name in ("hang", "die", "fail")]
    again = [tool("mcp__peer__look", what="Regions")]
    ran = Ran(repo, persona, *steps, again, *work(), servers={"peer": peer(timeout_s=3)})
    hung, died, failed, looked = ran.answers
    assert hung.is_error and "did not answer within 3 s" in hung.content
    assert died.is_error and "The MCP server peer failed" in died.content
    assert failed.is_error
    assert not looked.is_error and "Regions" in looked.content, "the next call begins the server again"


@pytest.mark.parametrize("mode", ["garbage", "silent", "dead"])
def test_a_server_that_is_none_costs_its_tools_alone(repo: Path, persona: str, mode: str) -> None:
    ran = Ran(repo, persona, *work(), servers={"bad": peer(mode, timeout_s=2)})
    assert ran.names == []
    assert [warning for warning in ran.result.warnings if "MCP server bad" in warning and "not offered" in warning]


def test_a_program_or_a_variable_that_is_not_there(repo: Path, persona: str) -> None:
    servers = {"gone": {"command": "no-such-program"}, "unset": peer(env={"KEY": "${NOT_SET}"})}
    ran = Ran(repo, persona, *work(), servers=servers, env={})
    assert any("NOT_SET is not set" in warning for warning in ran.result.warnings)
    assert any("gone" in warning for warning in ran.result.warnings)


def test_a_resume_has_the_tools_it_began_with(repo: Path, persona: str) -> None:
    first = ScriptedModel([plan()])
    began = Specialist(repo, persona=persona, model=first, mcp_servers={"peer": peer()}).run(TASK)
    assert began.status == "needs_approval"
    then = ScriptedModel([[tool("mcp__peer__look", what="x")], write(), finish()])
    one = Specialist(repo, model=then)  # the server is no longer configured
    assert one.resume(began.run_id, approve=True).status == "done"
    assert then.requests[0].tools == first.requests[0].tools
    assert "no longer configured" in str(then.requests[1].messages)


def test_secrets_of_a_server_do_not_get_into_the_journal(repo: Path, persona: str) -> None:
    servers = {"peer": peer(env={"PLACE": "hunter2-in-the-configuration"})}
    result = Specialist(repo, persona=persona, model=ScriptedModel([plan()]), mcp_servers=servers).run(TASK)
    folder = repo / ".git/boringops/runs" / result.run_id
    assert all("hunter2" not in path.read_text() for path in folder.iterdir() if path.is_file())


@pytest.mark.parametrize(
    ("lines", "said", "hint"),
    [
        ("[mcp_servers.a]\ncomand = 'x'\n", "there is no setting 'mcp_servers.a.comand'", "command"),
        ("[mcp_servers.a]\n", "give either `command` or `url`", ""),
        ("[mcp_servers.a]\nurl = 'ftp://x'\n", "http or https", ""),
        ("[mcp_servers.a__b]\ncommand = 'x'\n", "mcp_servers", ""),
    ],
)
def test_a_wrong_configuration_is_explained(repo: Path, lines: str, said: str, hint: str) -> None:
    (repo / ".boringops.toml").write_text(lines)
    with pytest.raises(UsageError) as wrong:
        Specialist(repo)
    assert said in wrong.value.message and hint in wrong.value.hint
    assert ".boringops.toml" in wrong.value.message


def test_a_persona_names_servers(repo: Path) -> None:
    definition = json.dumps([{"peer": {"type": "stdio", **peer()}}, "elsewhere", {"bad": {"type": "stdio"}}])
    path = repo.parent / "named.md"
    tools = "tools: Read, Write, mcp__peer__look\n"
    path.write_text(PERSONA.replace("description:", f"{tools}mcpServers: {definition}\ndescription:"))
    who = load(path, known_tools=["Read", "Write"])
    assert list(who.mcp_servers) == ["peer"]
    assert any("the server `bad` is left out" in warning for warning in who.warnings)
    ran = Ran(repo, str(path), [tool("mcp__peer__look", what="x")], *work(), servers={})
    assert ran.names == ["mcp__peer__look"], "`tools` of the persona narrows"
