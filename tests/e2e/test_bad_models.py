"""Models that answer nonsense, too much, too little or not at all: the run goes on where it can and says why where not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from boringops.facts import Usage
from boringops.models.base import Block, Profile, Reply, Request
from boringops.models.scripted import Step, text, tool
from boringops.specialist import Specialist
from tests.e2e.conftest import Boringops
from tests.e2e.playing import GIVING_UP, Played, Player, call, planned, snapshot
from tests.messages_api import MessagesApi, events
from tests.repos import git

RUNBOOK = "docs/runbook.md"
WRITE = call("Write", file_path=RUNBOOK, content="# Runbook\n\nRoll back with git revert.\n")
PLAN = call("SubmitPlan", **planned(RUNBOOK))
FINISH = call("Finish", summary="Written.")
PRICED = Profile("claude-opus-5-5", priced=True)

pytestmark = pytest.mark.usefixtures("nobody")


def stopping(blocks: list[Block], reason: str, **usage: Any) -> Reply:
    """A reply that ends for this reason."""
    return Reply(blocks, reason, Usage(turns=1, **usage), model="scripted")


# --- nonsense -----------------------------------------------------------------------------------------


def test_a_model_that_only_talks_ends_incomplete_after_a_few_reminders(player: Player) -> None:
    played = player.play(*GIVING_UP)
    assert played.result.error is not None and played.result.error.kind == "no_tool_call"
    assert len(played.model.requests) == 4
    played.nothing_happened()


def test_empty_replies_are_answered_and_do_not_go_back_as_empty_messages(player: Player) -> None:
    played = player.play(*([stopping([], "end_turn")] * 4))
    assert all(message["content"] for request in played.model.requests for message in request.messages)
    played.nothing_happened()


def test_reminders_start_over_once_a_tool_was_called(player: Player) -> None:
    talk: Step = [text("Hm.")]
    played = player.play(talk, talk, talk, PLAN, talk, talk, talk, WRITE, FINISH)
    assert played.result.status == "done"


@pytest.mark.parametrize(
    ("block", "says"),
    [
        (tool("Reed", file_path="README.md"), "Did you mean Read?"),
        (tool("Deploy"), "There is no tool Deploy. You have: Read, "),
        (tool("Read"), "file_path: required, but not given"),
        (tool("Read", file_path=7), "file_path: Input should be a valid string; given: 7"),
        (tool("Read", file_path="README.md", lines=3), "Read has no such argument"),
        (tool("Read", file_path="README.md", limit="many"), "limit: Input should be a valid integer"),
        (tool("Read", file_path="a\0b"), "NUL byte"),
        (tool("Read", file_path="READ.md"), "Did you mean README.md?"),
        (tool("SubmitPlan", summary="x"), "confidence: required, but not given"),
        (tool("AskUser", questions=[]), "at least 1 item"),
        ({**tool("Read"), "input": ["README.md"]}, "not a JSON object"),
        ({**tool("Read"), "input": None}, "not a JSON object"),
    ],
)
def test_a_wrong_call_is_explained_and_the_run_goes_on(player: Player, block: Block, says: str) -> None:
    played = player.play([block], PLAN, WRITE, FINISH)
    outcome = played.of(block["name"])[0]
    assert outcome.is_error and says in outcome.content
    assert played.result.status == "done"


@pytest.mark.parametrize(
    "blocks",
    [
        [text("half a \ud800 character")],
        call("Write", file_path=RUNBOOK, content="\ud83d\n"),
        call("Bash", command="echo \udce9"),
        [{"type": "mystery", "x": 1}],
        call("Write", file_path=RUNBOOK, content="line\n" * 1_000_000),
    ],
    ids=["text", "file", "command", "unknown block", "five megabytes"],
)
def test_odd_content_is_no_fault_of_ours(player: Player, blocks: list[Block]) -> None:
    played = player.play(PLAN, blocks, call("Read", file_path=RUNBOOK), WRITE, FINISH)
    assert played.result.status == "done", played.result.error
    assert json.loads(played.result.model_dump_json())["run_id"]
    assert [type(event) for event in played.specialist.events(played.result.run_id)]  # the journal reads back


def test_arguments_that_are_not_json_are_sent_back(player: Player, messages_api: MessagesApi) -> None:
    whole = b"".join(events([{**tool("Read", file_path="README.md"), "id": "toolu_1"}], "tool_use"))
    broken = whole.replace(b"README.", b'RE\\"ADME.')
    assert broken != whole
    messages_api.stream(broken)
    for blocks in (PLAN, WRITE, FINISH):
        messages_api.reply(*blocks)
    result = _over_http(player)
    assert result.status == "done", result.error
    (sent_back,) = messages_api.bodies[1]["messages"][-1]["content"]
    assert sent_back["is_error"] and "send the call again, whole" in sent_back["content"]


def _over_http(player: Player, *sets: str, **flags: Any) -> Any:
    one = Specialist(player.root, persona=str(player.persona), approve="auto", sets=list(sets), **flags)
    return one.run("Write the runbook")


# --- where a reply ends -------------------------------------------------------------------------------


def test_nothing_of_a_reply_that_was_cut_off_is_carried_out(player: Player) -> None:
    played = player.play(PLAN, stopping(WRITE, "max_tokens"), *GIVING_UP)
    said = played.refusal("Write")
    assert "nothing of it was carried out" in said and "one file a call" in said
    played.nothing_happened()


def test_replies_that_are_cut_off_again_and_again_end_the_run(player: Player) -> None:
    played = player.play(PLAN, *([stopping(WRITE, "max_tokens")] * 4))
    assert played.result.error is not None and played.result.error.kind == "max_tokens"
    played.nothing_happened()


def test_a_cut_off_reply_is_not_carried_out_by_a_resume_either(player: Player) -> None:
    played = player.play(PLAN, stopping(WRITE, "max_tokens"), *GIVING_UP)
    _die_after(player, played, "model_replied", turn=2)
    resumed = player.resume(call("Read", file_path="README.md"), WRITE, FINISH)
    first, second = resumed.of("Write")
    assert first.is_error and "nothing of it was carried out" in first.content
    assert not second.is_error
    assert resumed.result.status == "done"
    assert len(resumed.model.requests) == 3  # none of the replies that were paid for is asked for again


def _die_after(player: Player, played: Played, kind: str, *, turn: int) -> None:
    """Leave the journal as a process that was killed at this event would."""
    (path,) = (player.root / ".git/boringops/runs").glob("*/events.jsonl")
    lines = path.read_text().splitlines(keepends=True)
    at = next(event.seq for event in played.events if event.type == kind and getattr(event, "turn", 0) == turn)
    path.write_text("".join(lines[: at + 1]))


def test_calls_in_a_reply_that_ended_its_turn_are_not_carried_out(player: Player) -> None:
    played = player.play(PLAN, stopping(WRITE, "end_turn"), *GIVING_UP[1:])
    assert "nothing was carried out" in played.refusal("Write")
    played.nothing_happened()


def test_a_paused_turn_goes_on(player: Player) -> None:
    played = player.play(stopping([text("Let me see.")], "pause_turn"), PLAN, WRITE, FINISH)
    assert played.result.status == "done"
    assert played.model.requests[1].messages[-1]["role"] == "assistant"


@pytest.mark.parametrize(
    ("reason", "kind", "says"),
    [
        ("refusal", "refusal", "Put the task differently"),
        ("because", "unknown_stop_reason", "boringops resume"),
    ],
)
def test_a_reply_that_cannot_be_gone_on_from_is_a_model_error(
    player: Player, reason: str, kind: str, says: str
) -> None:
    played = player.play(PLAN, stopping(WRITE, reason))
    assert (played.result.status, played.result.exit_code) == ("model_error", 7)
    assert played.result.error is not None and played.result.error.kind == kind
    assert says in played.result.error.hint
    assert snapshot(player.root) == played.before


# --- no answer ----------------------------------------------------------------------------------------


def test_a_wrong_key_is_said_with_the_way_out(
    tmp_path: Path, boringops: Boringops, messages_api: MessagesApi, player: Player
) -> None:
    messages_api.error(401, "authentication_error", "invalid x-api-key")
    ran = boringops("run", "Write the runbook", "-C", player.root, "--output", "json")
    assert ran.code == 7
    assert ran.result["error"]["kind"] == "authentication"
    assert "ANTHROPIC_API_KEY" in ran.result["error"]["hint"] and "--offline" in ran.result["error"]["hint"]


def test_an_api_that_stays_overloaded_ends_the_run_at_its_deadline(player: Player, messages_api: MessagesApi) -> None:
    for _ in range(12):
        messages_api.error(529, "overloaded_error", "Overloaded")
    result = _over_http(player, "provider.deadline_s=3")
    messages_api._answers.clear()  # how many attempts fit into the deadline is not the point
    assert (result.status, result.exit_code, result.error.kind) == ("model_error", 7, "overloaded")
    assert "boringops resume" in result.error.hint
    assert len(messages_api.requests) > 1

    for blocks in (PLAN, WRITE, FINISH):
        messages_api.reply(*blocks)
    resumed = Specialist(player.root).resume()
    assert resumed.status == "done", resumed.error


def test_a_stream_that_drops_is_asked_for_again(player: Player, messages_api: MessagesApi) -> None:
    whole = b"".join(events([{**block, "id": "toolu_1"} for block in PLAN], "tool_use"))
    messages_api.stream(whole, drop_after=len(whole) // 2)
    for blocks in (PLAN, WRITE, FINISH):
        messages_api.reply(*blocks)
    result = _over_http(player)
    assert (result.status, result.usage.turns) == ("done", 3)
    assert messages_api.bodies[0]["messages"] == messages_api.bodies[1]["messages"]


# --- limits -------------------------------------------------------------------------------------------


def test_a_model_that_never_finishes_runs_out_of_turns_and_can_be_given_more(player: Player) -> None:
    looks = [call("Read", file_path=path) for path in ("README.md", "app.py", "requirements.txt")]
    played = player.play(*looks, max_turns=3)
    assert (played.result.status, played.result.exit_code, played.result.usage.turns) == ("budget", 6, 3)
    assert played.result.error is not None and played.result.error.hint.endswith("--max-turns 6")
    resumed = player.resume(PLAN, WRITE, FINISH, max_turns=6)
    assert (resumed.result.status, resumed.result.usage.turns) == ("done", 6)


def test_a_call_that_the_budget_may_not_cover_is_not_made(player: Player) -> None:
    dear = stopping(call("Read", file_path="README.md"), "tool_use", cost_usd=0.999)
    played = player.play(dear, profile=PRICED, max_cost=1.0)
    assert (played.result.status, played.result.exit_code) == ("budget", 6)
    assert len(played.model.requests) == 1
    assert played.result.error is not None and "--max-cost 2" in played.result.error.hint


def test_the_first_call_is_held_to_the_budget_too(player: Player) -> None:
    played = player.play(profile=PRICED, max_cost=0.0001)
    assert (played.result.exit_code, played.model.requests) == (6, [])


def test_a_budget_in_dollars_needs_a_price(player: Player) -> None:
    played = player.play(max_cost=1.0)
    assert (played.result.status, played.result.exit_code, played.model.requests) == ("usage", 2, [])
    assert played.result.error is not None and "--max-turns" in played.result.error.hint


def test_time_is_a_limit_too(player: Player) -> None:
    played = player.play(max_minutes=1e-9)
    assert (played.result.status, played.result.exit_code, played.model.requests) == ("budget", 6, [])


# --- the memory bank changes --------------------------------------------------------------------------

TOLD = "The memory bank changed while you worked"


def test_the_model_is_told_once_what_a_person_changed_in_the_memory_bank(player: Player) -> None:
    file = player.root / "memory-bank/activeContext.md"

    def meanwhile(_: Request) -> list[Block]:
        file.write_text("# Active context\n\nThe launch moved to May.\n")
        return call("Read", file_path="README.md")

    played = player.play(meanwhile, *GIVING_UP, persona="devops-infrastructure")
    assert [str(request.messages[-1]).count("The launch moved to May") for request in played.model.requests] == [
        0, 1, 0, 0, 0,
    ]  # fmt: skip
    assert played.told.count(TOLD) == 1
    assert [read.sha256 for read in played.result.memory_bank if read.path.endswith("activeContext.md")] == [
        snapshot(player.root)["memory-bank/activeContext.md"]
    ]


def test_a_memory_file_that_appears_or_vanishes_is_told(player: Player) -> None:
    file = player.root / "memory-bank/activeContext.md"

    def vanishes(_: Request) -> list[Block]:
        file.unlink()
        return call("Read", file_path="app.py")

    def appears(_: Request) -> list[Block]:
        file.write_text("# Back again\n")
        return call("Read", file_path="app.py")

    played = player.play(vanishes, appears, *GIVING_UP, persona="devops-infrastructure")
    told = [TOLD in str(request.messages[-1]) for request in played.model.requests]
    assert told == [False, True, True, False, False, False]


def test_what_the_run_itself_writes_into_the_memory_bank_is_not_told_to_it(player: Player) -> None:
    name = "memory-bank/techContext.md"
    edit = call("Edit", file_path=name, old_string="no infrastructure yet", new_string="a runbook")
    played = player.play(PLAN, call("Read", file_path=name), edit, *GIVING_UP, persona="devops-infrastructure")
    assert not played.of("Edit")[0].is_error
    assert TOLD not in played.told


def test_the_conversation_only_ever_grows(player: Player) -> None:
    """The prompt cache, and thinking that is signed over everything before it, depend on that."""
    played = player.play([text("Hm.")], call("Nope"), PLAN, stopping(WRITE, "max_tokens"), WRITE, FINISH)
    assert played.result.status == "done"
    for earlier, later in zip(played.model.requests, played.model.requests[1:], strict=False):
        assert later.messages[: len(earlier.messages)] == earlier.messages
        assert (later.system, later.tools) == (earlier.system, earlier.tools)
    assert git(player.root, "status", "--porcelain") == ""
