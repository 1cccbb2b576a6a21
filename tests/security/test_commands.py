"""Every attack by a command, asked for by a model through the real executor: none is run where nobody can be asked."""

from __future__ import annotations

from typing import Any

import pytest

from boringops.models.scripted import tool
from tests.e2e.playing import GIVING_UP, Player, call, planned
from tests.repos import git
from tests.security.commands import COMMANDS
from tests.security.layers import LAYERS, decided

EVERYTHING = ["Bash", "Edit", "Read"]
PLAN = call("SubmitPlan", **planned("docs/runbook.md"))
ATTEMPTS = [tool("Bash", command=command) for _, command in COMMANDS]


@pytest.fixture
def hostile(player: Player) -> Player:
    """With a link in the tree that leads out of it."""
    (player.root / "out").symlink_to("/etc")  # not below /tmp, where writing asks
    git(player.root, "add", "out")
    git(player.root, "commit", "--quiet", "--message", "A link out")
    return player


def test_there_are_enough_of_them() -> None:
    assert len(COMMANDS) >= 120
    assert len({command for _, command in COMMANDS}) == len(COMMANDS)


def played(player: Player, *steps: Any, **settings: Any) -> list[str]:
    """What each attempt was told; each has to be a refusal."""
    run = player.play(*steps, *GIVING_UP, **settings)
    assert run.result.commit is None
    told = run.of("Bash")
    assert len(told) == len(ATTEMPTS)
    assert [each.content for each in told if not each.is_error] == []
    return [each.content for each in told]


def test_none_runs_in_the_plan_phase_whatever_the_rules(hostile: Player, reached: list[str]) -> None:
    played(hostile, ATTEMPTS, permissions={"allow": EVERYTHING})
    assert reached == []


def test_none_runs_in_the_act_phase_without_a_person(hostile: Player, reached: list[str]) -> None:
    said = played(hostile, PLAN, ATTEMPTS)
    assert reached == []
    assert all("Refused by policy" in each for each in said)


def test_what_no_rule_lifts_does_not_run_with_every_rule(hostile: Player, reached: list[str]) -> None:
    """The table says which attacks the user's own `allow = ["Bash"]` would let through: those and no others."""
    run = hostile.play(PLAN, ATTEMPTS, *GIVING_UP, permissions={"allow": EVERYTHING})
    assert len(run.of("Bash")) == len(ATTEMPTS)
    assert reached == [command for _, command in COMMANDS if decided(command).liftable]


def test_destruction_said_plainly_is_lifted_by_no_rule() -> None:
    plain = [command for aim, command in COMMANDS if aim == "Destroys, said plainly"]
    assert [command for command in plain if decided(command).liftable] == []


def test_every_layer_is_named() -> None:
    assert {decided(command).layer for _, command in COMMANDS} <= set(LAYERS.values())
