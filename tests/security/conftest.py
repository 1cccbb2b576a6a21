"""A repository, a model that obeys whatever it reads, and a guard: no attack may ever reach the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from boringops.context import CallContext
from boringops.tool import Completed
from tests.e2e.playing import PLAIN, Player
from tests.repos import make_repo


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The machine's own git configuration, hooks and identity, has no part in this."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def player(tmp_path: Path) -> Player:
    persona = tmp_path / "plain.md"
    persona.write_text(PLAIN)
    return Player(make_repo(tmp_path / "work/shop"), persona)


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Commands that got as far as being run. They are not run: a mistake in the policy must not cost this machine."""
    commands: list[str] = []

    def run(self: CallContext, command: str, *, timeout: float) -> Completed:
        commands.append(command)
        return Completed(0, "")

    monkeypatch.setattr(CallContext, "run", run)
    return commands
