"""How a text looks where it is read: as wide as the terminal, in colour where one is wanted."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

_CODES = {"bold": "1", "dim": "2", "red": "31", "yellow": "33", "cyan": "36"}
_WIDTH = 80
_WIDEST = 120  # columns beyond which nobody reads a line to its end
_NARROWEST = 40


@dataclass(frozen=True)
class Look:
    """Columns, and whether styles are written at all."""

    width: int = _WIDTH
    colour: bool = False

    def style(self, name: str, text: str) -> str:
        return f"\x1b[{_CODES[name]}m{text}\x1b[0m" if self.colour else text

    def wrap(self, text: str, first: str, rest: str | None = None) -> list[str]:
        """Lines no longer than the width, but for a word that is: a path is not broken, so that it can be copied."""
        return textwrap.wrap(
            text, self.width, initial_indent=first, subsequent_indent=first if rest is None else rest,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip

    def cut(self, line: str) -> str:
        return line if len(line) <= self.width else f"{line[: self.width - 1]}…"


PLAIN = Look()


def look_of(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Look:
    """Plain and 80 columns where nobody looks; by NO_COLOR and TERM=dumb colour is not wanted."""
    if not stream.isatty():
        return PLAIN
    colour = not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    width = shutil.get_terminal_size((_WIDTH, 24)).columns
    return Look(min(max(width, _NARROWEST), _WIDEST), colour)
