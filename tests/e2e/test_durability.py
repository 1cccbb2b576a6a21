"""What a run left is gone on with later: by another version, with parts of it lost, or not at all, and then it is said why."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from boringops import undo as undoing
from boringops.errors import UsageError
from boringops.events import FORMAT
from boringops.models.scripted import Step
from boringops.result import of_journal
from boringops.specialist import Specialist
from tests.e2e.conftest import Boringops
from tests.e2e.playing import PLAIN, Player, call, in_process, planned
from tests.repos import git

JOURNALS = Path(__file__).parents[1] / "journals"
"""Journals as each format has them, from a run that was done and from one that stopped after its first file."""
GOLDEN_ID = "20261125-120000-0001"
RUNBOOK, TEXT = "docs/runbook.md", "# Runbook\n\nRoll back with git revert.\n"
SCRIPT: list[Step] = [
    call("SubmitPlan", **planned(RUNBOOK)), call("Write", file_path=RUNBOOK, content=TEXT), call("Finish", summary="Written.")
]  # fmt: skip

pytestmark = pytest.mark.usefixtures("nobody")


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Boringops:
    return in_process(capsys, monkeypatch)


def put(player: Player, version: int, name: str, run_id: str = GOLDEN_ID) -> Path:
    """A journal of a format, as if the run had been here."""
    text = (JOURNALS / str(version) / f"{name}.jsonl").read_text()
    for mark, value in (("@ROOT@", player.root), ("@PERSONA@", player.persona), (GOLDEN_ID, run_id)):
        text = text.replace(mark, str(value))
    journal = player.root / ".git/boringops/runs" / run_id / "events.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_text(text)
    return journal


def edit(journal: Path, line: int, **fields: Any) -> None:
    lines = journal.read_text().splitlines()
    lines[line] = json.dumps({**json.loads(lines[line]), **fields})
    journal.write_text("\n".join(lines) + "\n")


# --- versions ----------------------------------------------------------------------------------------


def test_there_is_a_journal_of_every_format() -> None:
    assert sorted(int(folder.name) for folder in JOURNALS.iterdir()) == list(range(1, FORMAT + 1))


@pytest.mark.parametrize("version", range(1, FORMAT + 1))
def test_a_run_of_an_older_format_is_gone_on_with(player: Player, version: int) -> None:
    put(player, version, "stopped")
    (player.root / RUNBOOK).parent.mkdir()
    (player.root / RUNBOOK).write_text(TEXT)
    resumed = player.resume(SCRIPT[2], max_turns=9)
    assert (resumed.result.status, resumed.result.run_id) == ("done", GOLDEN_ID), resumed.result.error
    assert git(player.root, "show", "--name-only", "--format=", "HEAD").split() == [RUNBOOK]
    assert resumed.result.usage.turns == 3


@pytest.mark.parametrize("version", range(1, FORMAT + 1))
def test_a_run_of_an_older_format_is_read(player: Player, version: int) -> None:
    put(player, version, "done")
    result = of_journal(list(Specialist(player.root).events(GOLDEN_ID)))
    assert (result.status, result.summary, [change.path for change in result.changes]) == (
        "done",
        "Written.",
        [RUNBOOK],
    )


def test_a_run_of_a_newer_format_is_refused_and_stands_in_nobodys_way(player: Player, here: Boringops) -> None:
    put(player, 1, "done", "20261125-110000-0002")
    edit(put(player, 1, "stopped"), 0, format=FORMAT + 1, boringops="99.0.0")
    for verb in ("resume", "show", "undo"):
        ran = here(verb, GOLDEN_ID, "-C", player.root)
        assert ran.code == 2
        assert "boringops 99.0.0" in ran.out + ran.err and "Update boringops" in ran.out + ran.err
    listed = here("runs", "-C", player.root, "--output", "json")
    assert [row["run_id"] for row in json.loads(listed.out)] == ["20261125-110000-0002"]
    assert "99.0.0" in listed.err


@pytest.mark.parametrize(
    "damage", ['{"type": "told"}', '["no", "event"]', "no json", '{"type": "run_started", "format": "x"}']
)
def test_a_damaged_journal_is_said_to_be_damaged_and_where(player: Player, here: Boringops, damage: str) -> None:
    journal = put(player, 1, "stopped")
    lines = journal.read_text().splitlines()
    lines[3] = damage
    journal.write_text("\n".join(lines) + "\n")
    ran = here("resume", "-C", player.root)
    assert ran.code == 2 and "is damaged in line 4" in ran.out and "Traceback" not in ran.err
    assert here("runs", "-C", player.root).code == 0


# --- parts that are lost -----------------------------------------------------------------------------


def stopped(player: Player) -> Path:
    """A run that stopped after it changed one file and made another; its folder."""
    player.play(
        [*call("SubmitPlan", **planned(RUNBOOK, files=[
            {"path": RUNBOOK, "action": "create", "why": "x"}, {"path": "README.md", "action": "change", "why": "x"}])),
         *call("Read", file_path="README.md")],
        [*SCRIPT[1], *call("Edit", file_path="README.md", old_string="Sells things.", new_string="Sells.")],  # type: ignore[misc]
        max_turns=2,
    )  # fmt: skip
    (folder,) = (player.root / ".git/boringops/runs").iterdir()
    return folder


@pytest.mark.parametrize("lost", ["before", "persona.json", "masks", "lock"])
def test_a_run_goes_on_without_what_was_lost(player: Player, lost: str) -> None:
    part = stopped(player) / lost
    if part.is_dir():
        shutil.rmtree(part)
    else:
        part.unlink(missing_ok=lost == "masks")  # there are none where nothing was masked
    resumed = player.resume(SCRIPT[2], max_turns=9, persona=str(player.persona))
    assert resumed.result.status == "done", resumed.result.error
    assert git(player.root, "rev-list", "--count", "HEAD").strip() == "2"


def test_a_run_does_not_go_on_with_another_persona(player: Player) -> None:
    (stopped(player) / "persona.json").write_text('{"half')
    player.persona.write_text(PLAIN.replace("You write", "You destroy"))
    with pytest.raises(UsageError, match="is lost from the run's folder"):
        player.resume(SCRIPT[2], max_turns=9)


def test_a_lock_names_who_has_it(player: Player) -> None:
    specialist = Specialist(player.root)
    put(player, 1, "stopped")
    with specialist.store.lock(GOLDEN_ID), pytest.raises(UsageError, match=f"run {GOLDEN_ID}, process {os.getpid()}"):
        undoing.undo(specialist.repository, specialist.store, GOLDEN_ID)


# --- a disk that is full when git commits ------------------------------------------------------------


def test_a_disk_that_is_full_for_git_is_no_refusal_of_a_hook(player: Player) -> None:
    hook = player.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'fatal: cannot write object: No space left on device' >&2\nexit 128\n")
    hook.chmod(0o755)
    full = player.play(*SCRIPT)
    assert (full.result.status, full.result.error and full.result.error.kind) == ("failed", "disk")
    hook.unlink()
    assert player.resume().result.status == "done"
    assert git(player.root, "rev-list", "--count", "HEAD").strip() == "2"
