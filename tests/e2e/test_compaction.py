"""A conversation that outgrows the model's context begins anew from the record, and the run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from boringops.events import Compacted
from boringops.facts import Usage
from boringops.models.base import Profile, Reply, Request
from boringops.models.scripted import Step
from tests.e2e.playing import PLAIN, Player, call, planned
from tests.repos import make_repo

SMALL = Profile("scripted", context_window=20_000)
RUNBOOK = "# Runbook\n\nRestart the service.\n"


@pytest.fixture
def player(tmp_path: Path) -> Player:
    (tmp_path / "plain.md").write_text(PLAIN)
    return Player(
        make_repo(tmp_path / "work/shop", {"app.py": "x = 1\n", "big.txt": "line of text\n" * 1500}),
        tmp_path / "plain.md",
    )


def long(name: str, /, **arguments: Any) -> Reply:
    """A reply to a prompt that is nearly as long as the window."""
    return Reply(
        call(name, **arguments), "tool_use", Usage(turns=1, input_tokens=17_000, output_tokens=100), "scripted"
    )


def test_plan_and_changes_are_carried_over_word_for_word(player: Player) -> None:
    requests: list[Request] = []

    def seen(step: Step) -> Step:
        def keep(request: Request) -> Any:
            requests.append(Request(request.system, request.tools, list(request.messages)))
            return step

        return keep

    played = player.play(
        seen(call("Read", file_path="app.py")),
        seen(call("SubmitPlan", **planned("docs/runbook.md"))),
        seen(long("Write", file_path="docs/runbook.md", content=RUNBOOK)),
        seen(call("Finish", outcome="done", summary="Written.", evidence=["e1"])),
        profile=SMALL,
    )
    assert (played.result.status, played.result.exit_code) == ("done", 0), played.result.error
    before, after = requests[2].messages, requests[3].messages
    assert len(before) == 5 and len(after) == 1
    assert after[0]["content"][0] == before[0]["content"][0]  # task, memory bank and inventory as they were
    told = after[0]["content"][1]["text"]
    assert "create `docs/runbook.md`: the procedure" in told and "**Rollback**" in told
    assert "- create docs/runbook.md" in told and "- e1 Read app.py" in told and "act phase" in told
    assert requests[3].system is requests[2].system and requests[3].tools is requests[2].tools
    assert [type(event) for event in played.events].count(Compacted) == 1


def test_what_the_model_has_not_seen_yet_is_carried_over_whole(player: Player) -> None:
    played = player.play(
        call("Read", file_path="app.py"),
        long("Read", file_path="big.txt"),
        call("Finish", outcome="answered", summary="It is long.", evidence=["e2"]),
        task="How long is big.txt?",
        profile=SMALL,
    )
    assert played.result.status == "answered", played.result.error
    assert "line of text" in str(played.model.requests[-1].messages[0]["content"][1])


def test_a_reply_that_hits_the_end_of_the_window_is_asked_for_again(player: Player) -> None:
    cut = Reply(
        [{"type": "text", "text": "I was about to"}], "model_context_window_exceeded", Usage(turns=1), "scripted"
    )
    played = player.play(
        call("Read", file_path="app.py"),
        cut,
        call("Finish", outcome="answered", summary="x is 1.", evidence=["e1"]),
        task="What is x?",
    )
    assert played.result.status == "answered", played.result.error
    assert len(played.model.requests[-1].messages) == 1


def test_a_first_prompt_that_does_not_fit_ends_as_a_model_error(player: Player) -> None:
    cut = Reply([{"type": "text", "text": "I"}], "model_context_window_exceeded", Usage(turns=1), "scripted")
    played = player.play(cut, task="What is x?")
    assert (played.result.exit_code, played.result.error and played.result.error.kind) == (7, "context")


def interrupted(_: Request) -> Reply:
    raise KeyboardInterrupt


def test_an_interrupted_run_is_resumed_in_the_new_conversation(player: Player) -> None:
    played = player.play(
        call("Read", file_path="app.py"),
        long("SubmitPlan", **planned("docs/runbook.md")),
        interrupted,
        profile=SMALL,
    )
    assert played.result.status == "interrupted"
    again = player.resume(
        call("Write", file_path="docs/runbook.md", content=RUNBOOK), call("Finish", outcome="done", summary="Written.")
    )
    assert again.result.status == "done", again.result.error
    assert again.model.requests[0].messages[0]["content"][1]["text"].startswith("# The run so far")
