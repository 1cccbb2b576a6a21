"""The blocks of a Groovy file: enough to know the sections of a Declarative Pipeline, nothing of what code does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from boringops_tools.patterns import lazy_pattern

_TOKEN = lazy_pattern(
    r"""(?P<skip>\#![^\n]*|//[^\n]*|/\*.*?\*/|[ \t\r\f]+|\\\n)
    |(?P<string>'''(?:\\.|(?!''').)*'''|\"\"\"(?:\\.|(?!\"\"\").)*\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|\$\{[^{}\n]*\}|[^"\\\n])*"
        |\$/.*?/\$|(?<=[=(,~])[ \t]*/(?![/*\s])(?:\\.|[^/\\\n])+/)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<newline>\n|;)
    |(?P<mark>.)""",
    re.S | re.X,
)
_PAIRS = {"}": "{", ")": "(", "]": "["}


@dataclass
class Block:
    """A statement: its first word, whether anything stands between that and its block, and the block's statements."""

    name: str
    line: int
    bare: bool = True
    """Nothing but the name stands before the block."""
    has_block: bool = False
    children: list[Block] = field(default_factory=list)

    def child(self, name: str) -> Block | None:
        return next((each for each in self.children if each.name == name), None)


def blocks(text: str) -> list[Block] | None:
    """The statements at the top of a file; null where brackets do not match: that is for a parser to say."""
    top: list[Block] = []
    open_: list[tuple[str, list[Block], Block | None]] = []  # bracket, statements outside, the statement it belongs to
    here, current = top, None
    line = 1
    for match in _TOKEN.finditer(text):
        kind, piece = match.lastgroup, match[0]
        if kind == "name" and current is None:
            current = Block(piece, line)
            here.append(current)
        elif kind == "newline":
            if not open_ or open_[-1][0] == "{":
                current = None
        elif piece in ("{", "(", "["):
            open_.append((piece, here, current))
            if piece == "{" and current is not None and all(bracket == "{" for bracket, _, _ in open_):
                current.has_block = True
                here = current.children
                current = None
            else:
                here, current = [], Block("", line)  # inside of an expression
                if piece == "{":
                    current = None
        elif piece in ("}", ")", "]"):
            if not open_ or open_[-1][0] != _PAIRS[piece]:
                return None
            _, here, current = open_.pop()
            if current is not None and piece != "}":
                current.bare = False
        elif kind in ("string", "mark", "name") and current is not None:
            current.bare = False
        line += piece.count("\n")
    return None if open_ else top
