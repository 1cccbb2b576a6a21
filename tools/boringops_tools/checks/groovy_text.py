"""Groovy as text whose strings and comments can be told from its code, for what the blocks alone do not show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.patterns import lazy_pattern

_PIECE = lazy_pattern(
    r"'''(?:\\.|(?!''').)*'''|\"\"\"(?:\\.|(?!\"\"\").)*\"\"\"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|//[^\n]*|/\*.*?\*/",
    re.S,
)


def without_comments(text: str) -> str:
    """The text with spaces where its comments stand: every place stays where it is."""
    return _PIECE.sub(lambda each: _blank(each[0]) if each[0].startswith("/") else each[0], text)


def code(text: str) -> str:
    """The text with spaces where its comments and the insides of its strings stand: every place stays where it is."""
    return _PIECE.sub(
        lambda each: _blank(each[0]) if each[0].startswith("/") else each[0][0] + _blank(each[0][1:-1]) + each[0][-1],
        text,
    )


def bodies(text: str, opening: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """(start, end) of the blocks, braces left out, whose beginning `opening` matches up to and with the brace."""
    bare = code(text)
    for match in opening.finditer(bare):
        depth = 1
        for at in range(match.end(), len(bare)):
            depth += (bare[at] == "{") - (bare[at] == "}")
            if depth == 0:
                yield match.end(), at
                break


def line_at(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
