"""A model that does what it must not: each time it is told what to do instead, and nothing happens.

Played in this process: HTTP adds nothing to what is held here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from boringops.executor import Answer
from boringops.facts import Plan, Question
from boringops.models.scripted import Step, text, tool
from tests.e2e.playing import GIVING_UP, TICKING, Player, call, planned
from tests.repos import git

RUNBOOK = "docs/runbook.md"
WRITE = call("Write", file_path=RUNBOOK, content="# Runbook\n\nRoll back with git revert.\n")
PLAN = call("SubmitPlan", **planned(RUNBOOK))
FINISH = call("Finish", summary="Written.")

pytestmark = pytest.mark.usefixtures("nobody")


@pytest.fixture
def ticking(player: Player, tmp_path: Path) -> Player:
    persona = tmp_path / "ticking.md"
    persona.write_text(TICKING)
    return Player(player.root, persona)


def test_the_way_these_tests_play_ends_in_a_commit_when_nothing_is_wrong(player: Player) -> None:
    played = player.play(PLAN, WRITE, FINISH)
    assert (played.result.status, played.result.error) == ("done", None)
    assert git(player.root, "show", "--format=", "--name-only", "HEAD").split() == [RUNBOOK]
    assert git(player.root, "status", "--porcelain") == ""


# --- the plan phase only reads -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "attempt",
    [
        call("Write", file_path=RUNBOOK, content="# Runbook\n"),
        call("Write", file_path="memory-bank/techContext.md", content="# Mine\n"),
        call("Edit", file_path="README.md", old_string="Shop", new_string="Shack"),
        call("Bash", command="echo hello > x"),
        call("Bash", command="mkdir deploy"),
        call("Bash", command="sed -i s/Shop/Shack/ README.md"),
        call("Bash", command="cat README.md | tee copy.md"),
        call("Blueprint", write=True),
    ],
    ids=lambda blocks: str(blocks[0]["input"].get("command") or blocks[0]["name"]),
)
def test_nothing_is_written_before_a_plan_is_approved(player: Player, attempt: Step) -> None:
    assert isinstance(attempt, list)
    played = player.play(attempt, *GIVING_UP)
    said = played.refusal(attempt[0]["name"])
    assert "The plan phase only reads" in said and "SubmitPlan" in said
    assert [denial.tool for denial in played.result.permission_denials] == [attempt[0]["name"]]
    played.nothing_happened()


def test_finishing_without_a_plan_is_refused(player: Player) -> None:
    played = player.play(FINISH, *GIVING_UP)
    assert "No plan has been approved" in played.refusal("Finish") and "SubmitPlan" in played.refusal("Finish")
    played.nothing_happened()


# --- plans that are not ready -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (planned(RUNBOOK, confidence="low"), "must carry the questions"),
        (planned(RUNBOOK, confidence="medium"), "must state the assumptions"),
        (planned(RUNBOOK, questions=[{"question": "Where?"}]), "Lower it to medium or low, or remove the questions"),
        (planned(), "List every file you will create"),
        (planned("README.md"), "plan to change it, or choose another path"),
        (planned(files=[{"path": "nginx.conf", "action": "change"}]), "does not exist"),
        (planned("../elsewhere.md"), "Leave it out of the plan"),
        (planned("/etc/motd"), "Leave it out of the plan"),
        (planned(".git/hooks/pre-commit"), "Leave it out of the plan"),
        (planned("out/x.md"), "outside the repository"),
        (planned(RUNBOOK, RUNBOOK), "listed twice"),
        (planned(RUNBOOK, rollback=""), "Say how the change is taken back"),
        (planned(RUNBOOK, security=[]), "List the security requirements"),
        (planned(RUNBOOK, cost=""), "Say what it costs to run"),
        (planned(RUNBOOK, deployment_strategy=""), "Name the deployment strategy"),
        (planned(files=[{"path": RUNBOOK, "action": "create", "task": "9"}]), "no task '9'"),
        ({"confidence": "certain", "summary": "x"}, "'high', 'medium' or 'low'"),
    ],
)
def test_a_plan_that_contradicts_itself_is_sent_back(player: Player, plan: dict[str, Any], says: str) -> None:
    (player.root / "out").symlink_to("..")
    git(player.root, "add", "out")
    git(player.root, "commit", "--quiet", "--message", "A link out")
    played = player.play(call("SubmitPlan", **plan), *GIVING_UP)
    assert says in played.refusal("SubmitPlan")
    assert not [event for event in played.events if event.type in {"plan_submitted", "plan_approved"}]
    played.nothing_happened()


def test_files_with_the_users_own_changes_cannot_be_planned(player: Player) -> None:
    (player.root / "app.py").write_text("mine = 1\n")
    plan = planned(files=[{"path": "app.py", "action": "change", "why": "a health check"}])
    played = player.play(call("SubmitPlan", **plan), *GIVING_UP)
    assert "ask the user to commit or stash them" in played.refusal("SubmitPlan")
    played.nothing_happened()


# --- the act phase writes what was planned ------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("docs/other.md", "call SubmitPlan with the whole amended plan"),
        ("app.py", "call SubmitPlan with the whole amended plan"),
        ("../outside.md", "Only files inside it can be used"),
        ("docs/../../outside.md", "Only files inside it can be used"),
        ("/tmp/boringops-outside.md", "Only files inside it can be used"),
        ("out/outside.md", "Only files inside it can be used"),
        ("leak.md", "Only files inside it can be used"),
        (".git/config", "Use `git log`"),
        (".git/hooks/pre-commit", "Use `git log`"),
        ("docs/.git/x", "belongs to git"),
        ("inside/config", "belongs to git"),
    ],
)
def test_only_what_was_planned_is_written(player: Player, path: str, says: str) -> None:
    for name, target in {"out": "..", "leak.md": "../../secret.md", "inside": ".git"}.items():
        (player.root / name).symlink_to(target)
    git(player.root, "add", ".")
    git(player.root, "commit", "--quiet", "--message", "Links")
    played = player.play(
        PLAN, call("Read", file_path="app.py"), call("Write", file_path=path, content="# Mine\n"), *GIVING_UP
    )
    assert says in played.refusal("Write")
    assert sorted(entry.name for entry in player.root.parent.iterdir()) == ["shop"]
    assert not Path("/tmp/boringops-outside.md").exists()
    played.nothing_happened()


@pytest.mark.parametrize(
    "command",
    [
        "git commit -am done",
        "git add .",
        "git -C . commit --allow-empty -m x",
        "true && git commit -m x",
        "git push",
        "git stash",
        "git reset --hard",
        "git checkout -- README.md",
        "sh -c 'git commit -m x'",
    ],
)
def test_commits_are_the_runtimes(player: Player, command: str) -> None:
    played = player.play(PLAN, call("Bash", command=command), *GIVING_UP)
    said = played.refusal("Bash")
    assert said.startswith("Refused by policy")
    assert "commit is made at the end" in said or "follow-up" in said
    played.nothing_happened()


def test_a_command_that_reaches_out_needs_a_person(player: Player) -> None:
    played = player.play(PLAN, call("Bash", command="curl https://example.org"), *GIVING_UP)
    assert "nobody is here to give it" in played.refusal("Bash") and "follow-up" in played.refusal("Bash")
    played.nothing_happened()


def test_a_file_nobody_read_is_not_replaced(player: Player) -> None:
    plan = call("SubmitPlan", **planned(files=[{"path": "app.py", "action": "change"}]))
    for attempt in (
        call("Write", file_path="app.py", content="gone = 1\n"),
        call("Edit", file_path="app.py", old_string="info", new_string="debug"),
    ):
        played = player.play(plan, attempt, *GIVING_UP)
        assert "Read it first" in played.refusal(attempt[0]["name"])
        played.nothing_happened()


def test_a_file_that_a_person_changed_since_is_not_replaced(player: Player) -> None:
    plan = call("SubmitPlan", **planned(files=[{"path": "app.py", "action": "change"}]))

    def meanwhile(_: object) -> Any:
        (player.root / "app.py").write_text("theirs = 'info'\n")
        return call("Edit", file_path="app.py", old_string="info", new_string="debug")

    played = player.play(plan, call("Read", file_path="app.py"), meanwhile, *GIVING_UP)
    assert "Read it again" in played.refusal("Edit")
    assert (player.root / "app.py").read_text() == "theirs = 'info'\n"
    assert (played.result.status, played.result.commit) == ("incomplete", None)


def test_documents_with_the_users_own_changes_are_left_alone(player: Player) -> None:
    (player.root / "README.md").write_text("# Shop\n\nMine.\n")
    played = player.play(
        PLAN,
        call("Read", file_path="README.md"),
        call("Edit", file_path="README.md", old_string="Mine", new_string="Yours"),
        *GIVING_UP,
    )
    assert "name it in Finish's follow_ups" in played.refusal("Edit")
    played.nothing_happened()


def test_a_mask_is_never_written_over_the_secret_it_stands_for(player: Player) -> None:
    attempt = call("Write", file_path=RUNBOOK, content="password: <secret:DB_PASSWORD>\n")
    played = player.play(PLAN, attempt, *GIVING_UP)
    assert "refer to the secret by variable" in played.refusal("Write")
    played.nothing_happened()


# --- finishing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "claim", "says"),
    [
        ("Set up CI", {"outcome": "nothing_to_change", "evidence": ["e1"]}, "no infrastructure at all"),
        ("Set up CI", {"outcome": "answered", "evidence": ["e1"]}, "The task asks for work"),
        ("Is there CI?", {"outcome": "answered"}, "Say what it rests on"),
        ("Is there CI?", {"outcome": "answered", "evidence": ["e9"]}, "e9 is not in the journal"),
        ("Is there CI?", {"outcome": "answered", "evidence": ["e2"]}, "it proves nothing"),
        ("Is there CI?", {"outcome": "answered", "evidence": ["README.md:99"]}, "README.md has"),
        ("Is there CI?", {"outcome": "answered", "evidence": ["app.py:1"]}, "neither read nor written app.py"),
    ],
)
def test_resting_needs_a_reason_that_is_on_record(player: Player, task: str, claim: dict[str, Any], says: str) -> None:
    look = [tool("Read", file_path="README.md"), tool("Read", file_path="missing.md")]
    played = player.play(look, call("Finish", summary="All is well.", **claim), *GIVING_UP, task=task)
    assert says in played.refusal("Finish")
    played.nothing_happened()


def test_a_question_is_answered_with_what_was_read(player: Player) -> None:
    answer = call("Finish", outcome="answered", summary="There is none.", evidence=["README.md:1", "e1"])
    played = player.play(call("Read", file_path="README.md"), answer, task="Is there CI?")
    assert (played.result.status, played.result.exit_code, played.result.summary) == ("answered", 0, "There is none.")
    assert played.result.commit is None


def test_done_with_nothing_changed_is_not_done(player: Player) -> None:
    played = player.play(PLAN, FINISH, *GIVING_UP)
    said = played.refusal("Finish")
    assert "no file was changed. Carry it out." in said
    assert f"{RUNBOOK}:" in said and "call SubmitPlan with a plan that leaves it out" in said
    played.nothing_happened()


def test_a_planned_file_that_was_not_written_holds_the_run_up(player: Player) -> None:
    plan = call("SubmitPlan", **planned(RUNBOOK, "docs/recovery.md"))
    played = player.play(plan, WRITE, FINISH, max_rounds=1)
    assert (played.result.exit_code, played.result.commit) == (5, None)
    assert [(finding.rule, finding.path) for finding in played.result.findings] == [
        ("scope/not-done", "docs/recovery.md")
    ]
    assert played.result.error is not None and "boringops resume" in played.result.error.hint


def test_what_a_command_changes_outside_the_plan_holds_the_run_up_until_it_is_gone(player: Player) -> None:
    littering = [*WRITE, tool("Bash", command="touch litter.txt")]
    played = player.play(PLAN, littering, FINISH, call("Bash", command="rm litter.txt"), FINISH)
    said = played.of("Finish")[0].content
    assert "litter.txt:" in said and "Put it back as it was, or call SubmitPlan" in said
    assert played.result.status == "done"
    assert git(player.root, "show", "--format=", "--name-only", "HEAD").split() == [RUNBOOK]

    littered = player.play(
        call("SubmitPlan", **planned("docs/recovery.md")),
        [
            *call("Write", file_path="docs/recovery.md", content="# Recovery\n"),
            tool("Bash", command="touch litter.txt"),
        ],
        FINISH,
        max_rounds=1,
    )
    assert (littered.result.exit_code, littered.result.commit) == (5, None)


def test_what_a_command_did_outside_the_plan_cannot_be_rested_on(player: Player) -> None:
    (player.root / "Dockerfile").write_text("FROM python:3.13.1-slim\nUSER 10001:10001\n")
    git(player.root, "add", ".")
    git(player.root, "commit", "--quiet", "--message", "A container")
    rest = call("Finish", outcome="nothing_to_change", summary="All is there.", evidence=["e1"])
    played = player.play(PLAN, call("Bash", command="touch litter.txt"), rest, *GIVING_UP)
    assert "litter.txt" in played.refusal("Finish") and "Put it back as it was first" in played.refusal("Finish")
    assert (played.result.exit_code, played.result.commit) == (5, None)


def test_the_users_own_half_done_file_can_be_put_back(player: Player) -> None:
    """It stays changed against the last commit, but it is as it was before the command: nothing is held against it."""
    (player.root / "app.py").write_text("mine = 1\n")
    spoil = [*WRITE, tool("Bash", command="sed -i s/mine/yours/ app.py")]
    played = player.play(PLAN, spoil, FINISH, call("Bash", command="sed -i s/yours/mine/ app.py"), FINISH)
    assert "app.py:" in played.of("Finish")[0].content
    assert played.result.status == "done"
    assert git(player.root, "status", "--porcelain").split() == ["M", "app.py"]


def test_what_a_command_did_belongs_to_the_run_once_it_is_planned(player: Player) -> None:
    spoil = [*WRITE, tool("Bash", command="cp README.md extra.md; cp README.md app.py")]
    files = [
        {"path": RUNBOOK, "action": "create"},
        {"path": "extra.md", "action": "change"},
        {"path": "app.py", "action": "change"},
    ]
    played = player.play(PLAN, spoil, call("SubmitPlan", **planned(files=files)), FINISH)
    assert played.result.status == "done", played.result.findings
    actions = {change.path: change.action for change in played.result.changes}
    assert actions == {"app.py": "change", RUNBOOK: "create", "extra.md": "create"}
    assert git(player.root, "status", "--porcelain") == ""


def test_a_file_that_was_to_be_deleted_is_not_done_by_an_edit(player: Player) -> None:
    plan = call("SubmitPlan", **planned(files=[{"path": "app.py", "action": "delete"}]))
    edit = call("Edit", file_path="app.py", old_string="info", new_string="debug")
    gone = call("Bash", command="rm app.py")
    played = player.play(plan, call("Read", file_path="app.py"), edit, FINISH, gone, FINISH)
    assert "The plan has to delete it" in played.of("Finish")[0].content
    assert played.result.status == "done"
    assert git(player.root, "show", "--format=", "--name-status", "HEAD").split() == ["D", "app.py"]
    assert git(player.root, "status", "--porcelain") == ""


def test_a_planned_file_that_is_gone_again_is_not_done(player: Player) -> None:
    played = player.play(PLAN, WRITE, call("Bash", command=f"rm {RUNBOOK}"), FINISH, max_rounds=1)
    assert {finding.rule for finding in played.result.findings} == {"scope/nothing-done", "scope/not-done"}
    assert played.result.commit is None


def test_an_incomplete_run_goes_on_with_more_rounds(player: Player) -> None:
    played = player.play(PLAN, FINISH, max_rounds=1)
    assert played.result.error is not None and "more rounds" in played.result.error.hint
    resumed = player.resume(WRITE, FINISH)
    assert resumed.result.status == "done", resumed.result.error


@pytest.mark.parametrize(
    ("attestation", "says"),
    [
        ({"outcome": "attested"}, "attested needs evidence"),
        ({"outcome": "attested", "evidence": ["e77"]}, "e77 is not in the journal"),
        ({"outcome": "attested", "evidence": ["I looked"]}, "Use a label from a tool result"),
        ({"outcome": "attested", "evidence": ["e2"]}, "e2 is a call that failed"),
        ({"outcome": "attested", "evidence": [f"{RUNBOOK}:99"]}, f"{RUNBOOK} has"),
        ({"outcome": "attested", "evidence": ["app.py:1"]}, "neither read nor written app.py"),
        ({"outcome": "handed_over"}, "handed_over needs a reason"),
        ({"outcome": "not_applicable", "reason": " "}, "not_applicable needs a reason"),
    ],
)
def test_an_attestation_without_evidence_leaves_its_item_open(
    ticking: Player, attestation: dict[str, Any], says: str
) -> None:
    item = _item(ticking)
    look = call("Read", file_path="missing.md")
    claim = call("Finish", summary="Written.", checklist=[{"id": item, **attestation}])
    played = ticking.play(PLAN, look, WRITE, claim, *GIVING_UP)
    said = played.refusal("Finish")
    assert says in said and "1 checklist entries are missing" in said
    assert (played.result.exit_code, played.result.commit, played.result.checklist.open) == (5, None, 1)


def test_an_item_that_does_not_exist_cannot_be_attested(ticking: Player) -> None:
    done = {"id": _item(ticking), "outcome": "attested", "evidence": [f"{RUNBOOK}:1"]}
    made_up = {"id": "made-up", "outcome": "handed_over", "reason": "somebody"}
    played = ticking.play(PLAN, WRITE, call("Finish", summary="Written.", checklist=[done, made_up]), *GIVING_UP)
    assert "made-up: there is no such item" in played.refusal("Finish")
    assert played.result.commit is None


def test_open_items_hold_the_run_up_and_evidence_settles_them(ticking: Player) -> None:
    item = _item(ticking)
    played = ticking.play(PLAN, WRITE, FINISH, max_rounds=1)
    assert (played.result.exit_code, played.result.commit) == (5, None)
    settled = [{"id": item, "outcome": "attested", "evidence": [f"{RUNBOOK}:1"]}]
    (ticking.root / RUNBOOK).unlink()
    done = ticking.play(PLAN, WRITE, FINISH, call("Finish", summary="Written.", checklist=settled))
    assert f"[{item}]" in done.of("Finish")[0].content
    assert (done.result.status, done.result.checklist.attested) == ("done", 1)


def _item(player: Player) -> str:
    """Id of the one item of the ticking persona."""
    who = Player(player.root, player.persona).play(
        call("Finish", outcome="answered", summary="x", evidence=["e1"]), *GIVING_UP, task="What?"
    )
    protocol = who.specialist.load_persona().protocol
    (section,) = [*protocol.checklist, *protocol.quality]
    (item,) = section.items
    return item.id


def test_red_flags_are_never_committed(player: Player) -> None:
    content = 'FROM node:latest\nUSER node\nCMD ["node", "app.js"]\n'
    played = player.play(
        call("SubmitPlan", **planned("Dockerfile")),
        call("Write", file_path="Dockerfile", content=content),
        FINISH,
        max_rounds=1,
    )
    assert (played.result.exit_code, played.result.commit) == (5, None), played.result.findings
    assert [finding for finding in played.result.findings if finding.rule == "image/latest"], played.result.findings
    assert git(player.root, "log", "--format=%s") == "Begin\n"


def test_a_secret_is_never_committed(player: Player) -> None:
    key = "AKIA" + "Q7ZX3MPLWDN5RT2K"
    played = player.play(
        call("SubmitPlan", **planned("deploy.sh")),
        call("Write", file_path="deploy.sh", content=f"#!/bin/sh\nexport AWS_KEY={key}\n"),
        FINISH,
        max_rounds=1,
    )
    assert (played.result.exit_code, played.result.commit) == (5, None), played.result.findings
    assert [finding for finding in played.result.findings if "secret/" in finding.rule], played.result.findings
    assert git(player.root, "log", "--format=%s") == "Begin\n"
    assert key not in played.result.model_dump_json()


# --- plans that change, and people who say no ---------------------------------------------------------


class Somebody:
    """A person who says what the test wants said."""

    def __init__(self, *plans: Answer, calls: Sequence[Answer] = ()) -> None:
        self.plans, self.calls = list(plans), list(calls)
        self.asked: list[str] = []

    def approve(self, plan: Plan) -> Answer:
        self.asked.append(plan.summary)
        return self.plans.pop(0)

    def allow(self, tool: str, call: dict[str, Any], reason: str) -> Answer:
        self.asked.append(f"{tool} {call['command']}: {reason}")
        return self.calls.pop(0)

    def answer(self, questions: Sequence[Question]) -> str:
        raise AssertionError("nobody asked for this")


def test_an_amended_plan_opens_more_files(player: Player) -> None:
    more = call("Write", file_path="docs/recovery.md", content="# Recovery\n\nRestore the dump.\n")
    amended = call("SubmitPlan", **planned(RUNBOOK, "docs/recovery.md"))
    played = player.play(PLAN, WRITE, more, amended, more, FINISH)
    assert [outcome.is_error for outcome in played.of("Write")] == [False, True, False]
    assert played.result.status == "done"
    assert [change.path for change in played.result.changes] == ["docs/recovery.md", RUNBOOK]


def test_a_plan_that_leaves_a_written_file_out_has_it_put_back(player: Player) -> None:
    narrowed = call("SubmitPlan", **planned("docs/recovery.md"))
    more = call("Write", file_path="docs/recovery.md", content="# Recovery\n\nRestore the dump.\n")
    played = player.play(PLAN, WRITE, narrowed, more, FINISH, max_rounds=1)
    assert [finding.rule for finding in played.result.findings] == ["scope/unplanned"]
    assert played.result.commit is None


def test_a_person_who_refuses_a_plan_is_heard(player: Player) -> None:
    somebody = Somebody(Answer(False, "put it under ops/"), Answer(True))
    moved = call("SubmitPlan", **planned("ops/runbook.md"))
    write = call("Write", file_path="ops/runbook.md", content="# Runbook\n\nRevert.\n")
    played = player.play(PLAN, moved, write, FINISH, person=somebody, approve="ask")
    first = played.of("SubmitPlan")[0]
    assert first.is_error and "put it under ops/" in first.content and "call SubmitPlan" in first.content
    assert (played.result.status, [change.path for change in played.result.changes]) == ("done", ["ops/runbook.md"])


def test_a_refused_amendment_leaves_the_approved_plan_in_force(player: Player) -> None:
    somebody = Somebody(Answer(True), Answer(False, "stay with the runbook"))
    amended = call("SubmitPlan", **planned(RUNBOOK, "docs/recovery.md"))
    more = call("Write", file_path="docs/recovery.md", content="# Recovery\n")
    played = player.play(PLAN, amended, more, WRITE, FINISH, person=somebody, approve="ask")
    assert "stay with the runbook" in played.of("SubmitPlan")[1].content
    assert played.of("Write")[0].is_error
    assert [change.path for change in played.result.changes] == [RUNBOOK]
    assert played.result.status == "done"


def test_a_person_may_allow_a_command_that_reaches_out_or_not(player: Player) -> None:
    somebody = Somebody(Answer(True), calls=[Answer(False, "not today"), Answer(True)])
    reach = call("Bash", command="curl --max-time 1 http://127.0.0.1:9/")
    played = player.play(PLAN, reach, reach, WRITE, FINISH, person=somebody, approve="ask")
    refused, allowed = played.of("Bash")
    assert "Refused by a person: not today" in refused.content
    assert "Exit code" in allowed.content  # it ran; that nothing listens there is not the point
    assert [denial.reason for denial in played.result.permission_denials] == ["not today"]
    assert played.result.status == "done"


def test_low_confidence_is_never_approved_by_itself(player: Player) -> None:
    plan = call("SubmitPlan", **planned(RUNBOOK, confidence="medium", assumptions=["It is needed."]))
    played = player.play(plan, min_confidence="high")
    assert (played.result.status, played.result.exit_code) == ("needs_approval", 4)
    assert played.result.error is not None and "--approve" in played.result.error.hint
    done = player.resume(WRITE, FINISH, approve=True)
    assert done.result.status == "done"


def test_a_model_that_only_talks_is_told_what_to_call(player: Player) -> None:
    played = player.play(*GIVING_UP)
    assert "call SubmitPlan" in played.told and "outcome nothing_to_change" in played.told
    acting = player.play(PLAN, [text("Shall I?")], *GIVING_UP[1:])
    assert "Only Finish ends the work" in acting.told
    acting.nothing_happened()


def test_a_waiver_written_in_the_run_excuses_nothing(player: Player) -> None:
    image = "# boringops: ignore image/latest reason: it has always worked\nFROM node:latest\nUSER 10001:10001\n"
    write = call("Write", file_path="Dockerfile", content=image)
    played = player.play(call("SubmitPlan", **planned("Dockerfile")), write, FINISH, max_rounds=1)
    assert played.result.status == "incomplete"
    assert {"image/latest", "waiver/own"} <= {finding.rule for finding in played.result.findings}
