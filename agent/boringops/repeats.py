"""Calls that are made again and again with the same outcome: a model that goes round in circles, told by what it does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

MOST = 3
"""The same call with the same result so often, and a person is asked whether it makes sense."""


@dataclass
class _Seen:
    result: str
    evidence: str
    turn: int
    times: int = 1


@dataclass
class Repeats:
    """What every call gave since anything last changed. Calls in between do not matter: circles may be wide."""

    _seen: dict[str, _Seen] = field(default_factory=dict)

    def add(self, tool: str, call: Any, result: str, *, evidence: str, turn: int) -> None:
        """A call and its result. The same call twice in one reply counts once: that is no circle."""
        key = _key(tool, call)
        seen = self._seen.get(key)
        if seen is None or seen.result != result:
            self._seen[key] = _Seen(result, evidence, turn)
        elif seen.turn != turn:
            seen.turn, seen.times = turn, seen.times + 1

    def changed(self) -> None:
        """Something is not as it was, so the same call may well make sense."""
        self._seen.clear()

    def times(self, tool: str, call: Any) -> int:
        """How often in a row the call had the result that it had last."""
        seen = self._seen.get(_key(tool, call))
        return seen.times if seen else 0

    def note(self, tool: str, call: Any, result: str, *, turn: int) -> str:
        """What the model is told with a result that it has already; empty while it is new."""
        seen = self._seen.get(_key(tool, call))
        if seen is None or seen.turn == turn or seen.result != result:
            return ""
        return f"\n[This is the same call with the same result as {seen.evidence}. Do something else: at {MOST} times the run stops.]"


def _key(tool: str, call: Any) -> str:
    return f"{tool} {json.dumps(call, sort_keys=True, default=str)}"
