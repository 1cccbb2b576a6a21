"""The list that the tests of this folder keep of themselves: what was tried, and which layer stopped it.

`document` makes the tables of `docs/security.md` of it, so an attack stands there only if its test runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., None])


@dataclass(frozen=True)
class Attack:
    kind: str
    what: str
    stopped_by: str


ATTACKS: list[Attack] = []


def attack(kind: str, what: str, *, stopped_by: str) -> Callable[[Test], Test]:
    """Marks a test as an attack that fails."""

    def mark(test: Test) -> Test:
        ATTACKS.append(Attack(kind, what, stopped_by))
        return test

    return mark


def attacks(kind: str, rows: dict[str, str], *, stopped_by: str) -> list[str]:
    """Rows of a parametrised test, each an attack: what it is -> what is tried. Returns what is tried."""
    ATTACKS.extend(Attack(kind, what, stopped_by) for what in rows)
    return list(rows.values())
