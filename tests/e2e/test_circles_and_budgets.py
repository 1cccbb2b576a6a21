"""What ends a run that would go on for ever, or cost more than it may: and what of it a resume still knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from boringops import events as ev
from boringops.executor import Answer
from boringops.facts import Plan, Question
from boringops.models.base import Profile, Reply, Request, Watch
from boringops.models.scripted import Step
from boringops.specialist import Specialist
from tests.e2e.playing import TICKING, Player, call, planned
from tests.messages_api import MessagesApi, events, tool_use
from tests.repos import git

RUNBOOK = "docs/runbook.md"
PLAN, WRITE, FINISH = (
    call("SubmitPlan", **planned(RUNBOOK)),
    call("Write", file_path=RUNBOOK, content="# Runbook\n"),
    call("Finish", summary="Written."),
)
LOOK: Step = call("Read", file_path="README.md")
PRICED = Profile("claude-opus-5-5", max_output=128_000, priced=True)

pytestmark = pytest.mark.usefixtures("nobody")


class Asked:
    """A person who says the same to every call, and nothing else."""

    def __init__(self, approved: bool) -> None:
        self.approved = approved
        self.reasons: list[str] = []

    def approve(self, plan: Plan) -> Answer:
        raise AssertionError(plan)

    def allow(self, tool: str, call: dict[str, Any], reason: str) -> Answer:
        self.reasons.append(f"{tool} {call}: {reason}")
        return Answer(self.approved)

    def answer(self, questions: Sequence[Question]) -> str:
        raise AssertionError(questions)


# --- circles -----------------------------------------------------------------------------------------


def test_a_third_time_without_anybody_there_ends_the_run_which_can_be_gone_on_with(player: Player) -> None:
    circling = player.play(PLAN, LOOK, call("Grep", pattern="x"), LOOK, call("Grep", pattern="y"), LOOK)
    result = circling.result
    assert (result.status, result.exit_code, result.error and result.error.kind) == ("incomplete", 5, "loop")
    assert result.error and "Read was called 3 times" in result.error.message
    assert result.error.hint == f"boringops resume {result.run_id}"
    told = circling.of("Read")[1]
    assert "same call with the same result as e2" in told.note and told.note in circling.told.replace("\\n", "\n")
    assert player.resume(LOOK, WRITE, FINISH).result.status == "done"


def test_a_change_in_between_makes_the_same_call_a_new_one(player: Player) -> None:
    again = call("Write", file_path=RUNBOOK, content="# Another\n")
    played = player.play(PLAN, LOOK, LOOK, WRITE, LOOK, LOOK, again, LOOK, LOOK, FINISH)
    assert played.result.status == "done", played.result.error


def test_the_same_call_many_times_in_one_reply_is_no_circle(player: Player) -> None:
    assert player.play(PLAN, [*LOOK, *LOOK, *LOOK, *LOOK], WRITE, FINISH).result.status == "done"  # type: ignore[misc]


@pytest.mark.parametrize("approved", [True, False])
def test_a_person_says_whether_a_circle_goes_on(player: Player, approved: bool) -> None:
    person = Asked(approved)
    played = player.play(PLAN, LOOK, LOOK, LOOK, LOOK, LOOK, WRITE, FINISH, person=person)
    assert played.result.status == ("done" if approved else "incomplete")
    assert len(person.reasons) == 1 and "README.md" in person.reasons[0] and "go on?" in person.reasons[0]


# --- budgets -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "steps", "phase"),
    [
        ({"plan": {"max_turns": 2}}, [LOOK, call("Glob", pattern="*")], "plan"),
        ({"act": {"max_turns": 1}}, [PLAN, LOOK], "act"),
        ({"plan": {"max_turns": 1}, "verify": {"max_turns": 1}}, [PLAN, WRITE, FINISH, LOOK], "verify"),
    ],
    ids=["plan", "act", "verify"],
)
def test_a_phase_has_turns_of_its_own(player: Player, limits: dict[str, Any], steps: list[Step], phase: str) -> None:
    if phase == "verify":
        player.persona.write_text(TICKING)
    result = player.play(*steps, phases=limits).result
    assert (result.status, result.exit_code) == ("budget", 6)
    assert result.error and f"of the {phase} phase are used up" in result.error.message
    assert f"-c phases.{phase}.max_turns=" in result.error.hint


def test_a_phase_has_dollars_of_its_own(player: Player) -> None:
    result = player.play(PLAN, profile=PRICED, phases={"act": {"max_cost": 0.001}}).result
    assert result.error and result.error.message.startswith("$0.0000 of $0.00 is spent in the act phase")


def test_what_every_call_may_cost_is_reserved_before_it(player: Player) -> None:
    played = player.play(PLAN, WRITE, FINISH, profile=PRICED)
    reserved = [event.reserved_usd for event in played.events if isinstance(event, ev.ModelAsked)]
    assert len(reserved) == 3 and all(
        0.5 < each < 1 for each in reserved
    )  # 32,000 tokens at $20 a million, and the prompt


class Dies:
    """A model whose process is gone while it answers."""

    profile = PRICED

    def respond(self, request: Request, watch: Watch) -> Reply:
        raise SystemExit


def test_a_call_that_was_cut_off_counts_as_spent_after_a_resume(player: Player) -> None:
    with pytest.raises(SystemExit):
        Specialist(player.root, model=Dies(), persona=str(player.persona), approve="auto", max_cost=0.69).run(
            "Write it"
        )
    resumed = player.resume(profile=PRICED)
    assert resumed.result.status == "budget", resumed.result.error
    assert resumed.result.error and "of $0.69 is spent" in resumed.result.error.message
    assert any("was cut off; it may have cost up to $0." in warning for warning in resumed.result.warnings)
    assert player.resume(PLAN, WRITE, FINISH, profile=PRICED, max_cost=20.0).result.status == "done"


def test_attempts_that_failed_are_spent_before_another_is_made(player: Player, messages_api: MessagesApi) -> None:
    dear = {"input_tokens": 225_000, "output_tokens": 30_000}
    whole = b"".join(events([tool_use("SubmitPlan", **planned(RUNBOOK))], usage=dear))
    messages_api.stream(whole, drop_after=len(whole) - 700)  # billed at its start, and cut off
    result = Specialist(
        player.root,
        model="opus",
        persona=str(player.persona),
        approve="auto",
        max_cost=1.0,
        sets=["provider.max_tokens=8000"],
    ).run("Write it")
    assert (result.status, result.error and result.error.kind) == ("budget", "budget"), result.error
    assert result.error and "on attempts that failed" in result.error.message
    assert 0.7 < result.usage.cost_usd < 1.0
    assert len(messages_api.requests) == 1


def test_minutes_are_counted_through_all_processes(player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = player.play(PLAN, max_turns=1)
    journal = player.root / ".git/boringops/runs" / stopped.result.run_id / "events.jsonl"
    first, rest = journal.read_text().split("\n", 1)
    at = first.split('"at":"')[1][:29]
    hours_ago = f"{at[:11]}00:00:00.000{at[23:]}" if at[11:13] != "00" else f"2020-01-01{at[10:]}"
    journal.write_text(first.replace(at, hours_ago) + "\n" + rest)
    resumed = player.resume(max_turns=9, max_minutes=5)
    assert resumed.result.error and "5 minutes are used up" in resumed.result.error.message
    assert resumed.result.error.hint.endswith("--max-minutes 10")
    assert git(player.root, "status", "--porcelain") == ""
