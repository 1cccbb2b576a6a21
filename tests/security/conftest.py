"""A repository, a model that obeys whatever it reads, and a guard: no attack may ever reach the machine."""

from __future__ import annotations

import pytest

from boringops.context import CallContext
from boringops.tool import Completed


@pytest.fixture(autouse=True)
def no_git_configuration(nobody: None) -> None:
    """Every attack starts from a git without the machine's own configuration."""


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Commands that got as far as being run. They are not run: a mistake in the policy must not cost this machine."""
    commands: list[str] = []

    def run(self: CallContext, command: str, *, timeout: float) -> Completed:
        commands.append(command)
        return Completed(0, "")

    monkeypatch.setattr(CallContext, "run", run)
    return commands
