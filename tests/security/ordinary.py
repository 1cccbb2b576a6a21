"""Ordinary commands of the trade, as engineers type them, and how the policy takes them: normal work is not in the way."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from boringops.permissions import Rules
from boringops.policy import Action, decide
from boringops.suggestions import ordinary
from boringops.tool import Effect

ORDINARY = ordinary()


def decision(command: str, phase: Literal["plan", "act"], *, person: bool = True) -> Action:
    """How one is decided where the user has set no rules."""
    return decide(
        "Bash", Effect.COMMAND, [], command, phase=phase, approve="ask", interactive=person, rules=Rules()
    ).action


def counts(phase: Literal["plan", "act"], *, person: bool = True) -> Counter[Action]:
    """How many are allowed, asked about, refused."""
    return Counter(decision(command, phase, person=person) for command in ORDINARY)
