"""What a run says of its sandbox, and does where there is none."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from boringops.errors import UsageError
from boringops.events import SandboxTried, ToolFinished
from boringops.models.scripted import Step
from boringops.sandbox import choice, choose
from tests.e2e.conftest import Boringops
from tests.e2e.playing import PLAIN, Played, Player, call, in_process, planned
from tests.repos import make_repo

RUNBOOK = "docs/runbook.md"
SCRIPT: list[Step] = [
    call("SubmitPlan", **planned(RUNBOOK)),
    call("Bash", command="make test"),
    call("Write", file_path=RUNBOOK, content="# Runbook\n\nRoll back with git revert.\n"),
    call("Finish", summary="Written."),
]


@pytest.fixture
def player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Player:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    persona = tmp_path / "plain.md"
    persona.write_text(PLAIN)
    root = make_repo(
        tmp_path / "work/shop",
        {"Makefile": "test:\n\t@echo made it; cat $(HOME)/secret; echo evil >> .git/config || true\n"},
    )
    return Player(root, persona)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    (home / "secret").write_text("canary-of-the-home")
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture
def unconfined(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine on which nothing confines."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(choice, "_candidates", lambda: iter(()))
    choice._best.cache_clear()
    yield
    choice._best.cache_clear()


def command(played: Played) -> ToolFinished:
    return played.of("Bash")[-1]


def test_commands_of_a_run_are_confined_and_it_says_how(player: Player, home: Path) -> None:
    if choose().backend is None:
        pytest.skip(choose().shown.reason)
    played = player.play(*SCRIPT)
    shown = choose().shown
    assert played.result.status == "done"
    assert played.result.sandbox == shown
    assert [event.confinement for event in played.events if isinstance(event, SandboxTried)] == [shown]
    assert command(played).data["sandbox"] == {
        "level": shown.level, "backend": shown.backend, "network": False, "writable": True,
    }  # fmt: skip
    assert "made it" in command(played).content
    assert "canary-of-the-home" not in command(played).content
    assert "evil" not in (player.root / ".git/config").read_text()
    assert shown.backend in str(played.model.requests[0].messages)


def test_in_the_plan_phase_the_tree_cannot_be_written(player: Player) -> None:
    if choose().backend is None:
        pytest.skip(choose().shown.reason)
    played = player.play(call("Bash", command="git status --short"), *SCRIPT)
    assert played.of("Bash")[0].data["sandbox"]["writable"] is False
    assert not played.of("Bash")[0].is_error


def test_where_nothing_confines_what_changes_anything_is_refused_without_a_person(
    player: Player, unconfined: None
) -> None:
    played = player.play(call("Bash", command="git log --oneline"), *SCRIPT)
    assert played.result.status == "done"
    assert played.of("Bash")[0].data["sandbox"] == {"level": "none"}, "what only looks goes on"
    assert "nothing confines commands here" in played.refusal("Bash")
    assert played.result.sandbox.level == "none"
    assert any("unconfined" in warning for warning in played.result.warnings)


def test_required_and_not_there_is_said_before_anything_is_made(player: Player, unconfined: None) -> None:
    with pytest.raises(UsageError) as caught:
        player.play(*SCRIPT, sandbox="require")
    assert caught.value.hint
    assert not (player.root / ".git/boringops/runs").exists() or not list(
        (player.root / ".git/boringops/runs").iterdir()
    )


def test_switched_off_commands_run_and_the_run_says_so(player: Player, home: Path) -> None:
    (player.root / "Makefile").write_text("test:\n\t@cat $(HOME)/secret\n")
    played = player.play(*SCRIPT, sandbox="off")
    assert "canary-of-the-home" in command(played).content
    assert any("NOT SANDBOXED" in warning for warning in played.result.warnings)
    assert command(played).data["sandbox"] == {"level": "none"}


def test_the_command_line_takes_the_setting_and_refuses_what_is_none(
    player: Player, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, unconfined: None
) -> None:
    here: Boringops = in_process(capsys, monkeypatch)
    ran = here("run", "-C", player.root, "--offline", "-c", "sandbox=require", "containerise this")
    assert ran.code == 2 and "sandbox" in ran.out
    wrong = here("run", "-C", player.root, "--offline", "-c", "sandbox=maybe", "containerise this")
    assert wrong.code == 2 and "sandbox" in wrong.out + wrong.err
    told = here("doctor")
    assert told.code == 0 and "unconfined" in told.out
    machine = json.loads(here("doctor", "--output", "json").out)
    assert machine["sandbox"]["level"] == "none" and machine["sandbox"]["enforced"] == []
