"""nginx's configuration as words, and as a copy that can be tested on a machine that is not the server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File

_TOKEN = lazy_pattern(
    r"#[^\n]*|\s+|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[;{}]|(?:\\.|\$\{[^}\s]*\}|[^\s;{}\"'\\#])(?:\\.|\$\{[^}]*\}|[^\s;{}\\])*|.",
    re.S,
)
_FILE = lazy_pattern(
    r"(?:.*/)?(?:nginx(?:[._-][^/]*)?\.conf(?:\.\w+)?|(?:nginx|conf\.d|sites-(?:available|enabled))/[^/]*\.conf(?:\.\w+)?|sites-(?:available|enabled)/[^/]+)",
    re.S,
)
_BLOCK = lazy_pattern(r"(?m)^[ \t]*(?:server|http|upstream\s+\S+|location\s[^{;\n]*)\s*\{")


@dataclass(frozen=True)
class Directive:
    """One directive: its words without quotes, where it starts and ends in the text, and how deep it lies."""

    words: tuple[str, ...]
    start: int
    end: int
    depth: int
    block: bool


def is_nginx(file: File) -> bool:
    named = bool(_FILE.fullmatch(file.path))
    return named or (
        file.suffix == ".conf" and PurePosixPath(file.path).name != "httpd.conf" and bool(_BLOCK.search(file.text))
    )


def directives(text: str) -> list[Directive]:
    """The directives in order; `}` is one without words. What does not end before the text does is left out."""
    found: list[Directive] = []
    words: list[str] = []
    start = depth = 0
    for token in _TOKEN.finditer(text):
        said = token[0]
        if said[0] == "#" or said.isspace():
            continue
        if not words:
            start = token.start()
        if said not in (";", "{", "}"):
            words.append(_plain(said))
            continue
        if said == "}":
            depth -= 1
        found.append(Directive(tuple(words), start, token.end(), depth, said == "{"))
        if said == "{":
            depth += 1
        words = []
    return found


def balanced(text: str) -> bool:
    """Whether every block ends, and nothing ends that did not begin."""
    depths = [each.depth for each in directives(text)]
    opened = sum(each.block for each in directives(text))
    closed = sum(not each.words and not each.block and text[each.end - 1] == "}" for each in directives(text))
    return opened == closed and min(depths, default=0) >= 0


def _plain(word: str) -> str:
    if word[0] in "\"'" and word[-1] == word[0] and len(word) > 1:
        word = word[1:-1]
    return re.sub(r"\\(.)", r"\1", word)


def outermost(text: str) -> Iterator[str]:
    """The names of the directives that are in no block."""
    return (each.words[0] for each in directives(text) if each.depth == 0 and each.words)
