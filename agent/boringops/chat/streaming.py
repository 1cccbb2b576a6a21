"""Text that arrives in pieces, shown as Markdown block by block; and the answer inside a call that is still arriving."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

_FENCE = re.compile(r"(?m)^\s{0,3}(```|~~~)")


class Blocks:
    """Collects pieces and hands on each Markdown block as soon as it is whole: a table or a fence is never cut."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._held = ""
        self.shown = ""
        """Everything that was handed on."""

    def add(self, piece: str) -> None:
        self._held += piece
        end = 0
        for gap in re.finditer(r"\n\s*\n", self._held):
            if len(_FENCE.findall(self._held[: gap.start()])) % 2 == 0:
                end = gap.end()
        if end:
            self._hand_on(self._held[:end])
            self._held = self._held[end:]

    def flush(self) -> None:
        """The reply is over: what is held is a block, whole or not."""
        if self._held.strip():
            self._hand_on(self._held)
        self._held = ""

    def _hand_on(self, text: str) -> None:
        self.shown += text
        self._show(text.strip("\n"))


class Field:
    """The value of one string field out of JSON that arrives in pieces."""

    def __init__(self, name: str) -> None:
        self._begin = re.compile(rf'"{re.escape(name)}"\s*:\s*"')
        self._raw = ""
        self._at = -1
        self._over = False

    def add(self, piece: str) -> str:
        """What this piece adds to the value, decoded; empty before the field and behind it."""
        if self._over:
            return ""
        self._raw += piece
        if self._at < 0:
            found = self._begin.search(self._raw)
            if found is None:
                return ""
            self._at = found.end()
        raw = self._raw[self._at :]
        ready = re.match(
            r'(?:[^"\\]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4}|\\u(?![dD][89abAB])[0-9a-fA-F]{4}|\\[^u])*', raw
        )
        taken = ready[0] if ready else ""
        self._at += len(taken)
        self._over = self._raw[self._at : self._at + 1] == '"'
        return _unescaped(taken)


def _unescaped(text: str) -> str:
    import json

    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return codecs.decode(text, "unicode_escape", "replace")
