"""Terraform files read as far as rules need it: blocks, attributes with their lines, and the values that are literal.

A reader of our own, because the grammar of python-hcl2 takes seconds to build in every new process and tells the lines
of blocks alone. What is computed stays an `Expression`, so that no rule takes a guess for a value. It never raises:
reading ends where the text makes no sense, and what came before it counts.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from boringops_tools.patterns import lazy_pattern

_DEEPEST = 60
_SKIP = lazy_pattern(r"(?:[ \t\r]+|#[^\n]*|//[^\n]*|/\*.*?\*/)+", re.S)
_NUMBER = lazy_pattern(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])")
_NAME = lazy_pattern(r"[A-Za-z_][\w-]*")
_KEY = lazy_pattern(r"[A-Za-z_][\w.-]*")
"""Of an object; that of a module's `providers` may be `aws.west`."""
_HEREDOC = lazy_pattern(r"<<-?[ \t]*\"?(\w+)\"?[ \t]*\r?\n")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
_ENDS = frozenset("\n,)]}")
_OPENING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Expression:
    """What is known only when Terraform runs, as it is written."""

    text: str


@dataclass(frozen=True)
class Call:
    """A function called with values, e.g. `jsonencode({...})`."""

    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Attribute:
    line: int
    value: Any
    """str, int, float, bool, None, list, dict, Call or Expression."""


@dataclass
class Block:
    kind: str
    labels: tuple[str, ...]
    line: int
    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    @property
    def name(self) -> str:
        """As references write it: `aws_s3_bucket.logs`."""
        return ".".join(self.labels)

    def whole(self) -> Iterator[Block]:
        """The block and all blocks in it, the outer ones first."""
        yield self
        for each in self.blocks:
            yield from each.whole()

    def value(self, name: str) -> Any:
        """The value of an attribute; null where it is not set."""
        attribute = self.attributes.get(name)
        return attribute.value if attribute else None

    def line_of(self, name: str) -> int:
        attribute = self.attributes.get(name)
        return attribute.line if attribute else self.line

    def inner(self, kind: str) -> Iterator[Block]:
        """Blocks of a kind directly inside, those of a `dynamic` block included."""
        for block in self.blocks:
            if block.kind == kind:
                yield block
            elif block.kind == "dynamic" and block.labels == (kind,):
                contents = [each for each in block.blocks if each.kind == "content"]
                yield from (made for each in contents for made in block.made(each))

    def made(self, content: Block) -> Iterator[Block]:
        """What a `dynamic` block makes of its content: a block for each value that is written out, or the one as it is."""
        given, iterator = self.value("for_each"), self.value("iterator")
        while isinstance(given, Call) and given.name in _SETS and len(given.arguments) == 1:
            given = given.arguments[0]
        pairs = list(given.items()) if isinstance(given, dict) else [(each, each) for each in as_values(given)]
        name = iterator.text if isinstance(iterator, Expression) else self.labels[0]
        used = re.compile(rf"{re.escape(name)}\.(?:(key)|value(?:\.([\w-]+)|\[\"([\w-]+)\"\])?)")
        if not pairs or len(pairs) > _MOST or not any(_names(used, each.value) for each in content.attributes.values()):
            yield content
            return
        for key, value in pairs:
            attributes = {
                each: Attribute(attribute.line, _filled(used, attribute.value, key, value))
                for each, attribute in content.attributes.items()
            }
            yield Block(content.kind, content.labels, content.line, attributes, content.blocks)


class _End(Exception):
    """The text makes no sense from here on."""


_SETS = ("toset", "tolist", "tomap")
_MOST = 20
"""Blocks that are made of one; of more, the first tell no less."""


def as_values(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _names(used: re.Pattern[str], value: Any) -> bool:
    if isinstance(value, list):
        return any(_names(used, each) for each in value)
    return isinstance(value, Expression) and used.fullmatch(value.text) is not None


def _filled(used: re.Pattern[str], value: Any, key: Any, given: Any) -> Any:
    """A value of a `dynamic` block's content, for one of the values that it is made for."""
    if isinstance(value, list):
        return [_filled(used, each, key, given) for each in value]
    match = used.fullmatch(value.text) if isinstance(value, Expression) else None
    if match is None:
        return value
    field = match[2] or match[3]
    if match[1] or not field:
        return key if match[1] else given
    return given.get(field, value) if isinstance(given, dict) else value


@functools.lru_cache(maxsize=64)
def read(text: str) -> tuple[Block, ...]:
    """The blocks at the top of a file."""
    reader = _Reader(text)
    top = Block("", (), 1)
    with contextlib.suppress(_End):
        reader.body(top, 0)
    return tuple(top.blocks)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1

    def peek(self, *, lines: bool = False) -> str:
        """The next character that is no space and no comment; with `lines` line ends are skipped too."""
        while True:
            if skipped := _SKIP.match(self.text, self.at):
                self.at = skipped.end()
            if not (lines and self.text[self.at : self.at + 1] == "\n"):
                return self.text[self.at : self.at + 1]
            self.at += 1

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _End
        self.at = match.end()
        return match[0]

    def body(self, into: Block, depth: int) -> None:
        """Attributes and blocks up to the closing brace, or to the end of the file."""
        if depth > _DEEPEST:
            raise _End
        while (char := self.peek(lines=True)) not in ("", "}"):
            line = self.line
            name = self.take(_NAME) if char != '"' else str(self.string())
            labels: list[str] = []
            while (char := self.peek()) == '"' or (char and _NAME.match(char)):
                labels.append(str(self.string()) if char == '"' else self.take(_NAME))
            if char == "{":
                self.at += 1
                block = Block(name, tuple(labels), line)
                into.blocks.append(block)
                self.body(block, depth + 1)
                self.at += 1
            elif char == "=":
                self.at += 1
                into.attributes[name] = Attribute(line, self.value(depth + 1))
            else:
                raise _End

    def value(self, depth: int) -> Any:
        """A value, or an Expression where operators, indices or references are in it."""
        if depth > _DEEPEST:
            raise _End
        self.peek(lines=True)
        start = self.at
        value = self.primary(depth)
        if self.peek() in _ENDS or self.at >= len(self.text):
            return value
        if self.text[self.at] in "=:" and self.text[self.at : self.at + 2] != "==":
            return value  # the key of an object
        self.rest()
        return Expression(self.text[start : self.at].strip())

    def primary(self, depth: int) -> Any:
        char = self.text[self.at : self.at + 1]
        if char == '"':
            return self.string()
        if heredoc := _HEREDOC.match(self.text, self.at):
            return self.heredoc(heredoc)
        if char == "[":
            return self.sequence("]", depth)
        if char == "{":
            return self.mapping(depth)
        if number := _NUMBER.match(self.text, self.at):
            self.at = number.end()
            return float(number[0]) if set(number[0]) & set(".eE") else int(number[0])
        if name := _NAME.match(self.text, self.at):
            self.at = name.end()
            if self.text[self.at : self.at + 1] == "(":
                return Call(name[0], tuple(self.sequence(")", depth)))
            if name[0] in _WORDS and self.text[self.at : self.at + 1] not in (".", "["):
                return _WORDS[name[0]]
        start = self.at - len(name[0]) if name else self.at
        self.rest()
        return Expression(self.text[start : self.at].strip())

    def rest(self) -> None:
        """Over the rest of an expression: to the end of the line, the next comma or the closing bracket outside."""
        open_: list[str] = []
        while (char := self.peek(lines=bool(open_))) != "":
            if open_ and char == open_[-1]:
                open_.pop()
            elif not open_ and (char in _ENDS or (char in "=:" and self._separates())):
                return
            elif char in _OPENING:
                open_.append(_OPENING[char])
            elif char == '"':
                self.string()
                continue
            self.at += 1

    def _separates(self) -> bool:
        """Whether the sign here stands between a key and its value, not in a comparison or a condition."""
        around = self.text[self.at - 1 : self.at + 2]
        return around[1:] != "==" and around[1:] != "=>" and around[0] not in "=!<>" and self.text[self.at] == "="

    def sequence(self, close: str, depth: int) -> list[Any]:
        self.at += 1
        values: list[Any] = []
        while (char := self.peek(lines=True)) != close:
            if not char:
                raise _End
            before = self.at
            values.append(self.value(depth + 1))
            if self.peek(lines=True) == ",":
                self.at += 1
            elif self.at == before:
                raise _End
        self.at += 1
        return values

    def mapping(self, depth: int) -> Any:
        start = self.at
        self.at += 1
        values: dict[str, Any] = {}
        while (char := self.peek(lines=True)) != "}":
            if not char:
                raise _End
            if char == "f" and re.match(r"for\s", self.text[self.at : self.at + 4]):
                self.at = start + 1
                while self.peek(lines=True) not in ("}", ""):  # a comprehension: no literal
                    self.rest()
                    self.at += self.peek() in ("=", ",")
                self.at += 1
                return Expression(self.text[start : self.at])
            key = str(self.string()) if char == '"' else self.take(_KEY) if _NAME.match(char) else self.bracketed()
            if self.peek() not in ("=", ":"):
                raise _End
            self.at += 1
            values[key] = self.value(depth + 1)
            if self.peek(lines=True) == ",":
                self.at += 1
        self.at += 1
        return values

    def bracketed(self) -> str:
        start = self.at
        self.rest()
        if self.at == start:
            raise _End
        return self.text[start : self.at]

    def string(self) -> Any:
        """A quoted string; an Expression where something is filled in."""
        start = self.at
        self.at += 1
        depth = 0
        computed = False
        while self.at < len(self.text):
            char, two = self.text[self.at], self.text[self.at : self.at + 2]
            if char == "\\":
                self.at += 2
                continue
            if two in ("${", "%{") and self.text[self.at - 1 : self.at] != two[0]:
                depth, computed, self.at = depth + 1, True, self.at + 2
                continue
            if depth and char in "{}":
                depth += 1 if char == "{" else -1
            elif char == '"' and not depth:
                self.at += 1
                raw = self.text[start + 1 : self.at - 1]
                return Expression(raw) if computed else raw.replace('\\"', '"').replace("\\n", "\n")
            elif char == '"':
                self.string()
                continue
            elif char == "\n" and not depth:
                break
            self.at += 1
        raise _End

    def heredoc(self, opening: re.Match[str]) -> Any:
        closing = re.compile(rf"^[ \t]*{opening[1]}[ \t]*\r?$", re.M).search(self.text, opening.end())
        if closing is None:
            raise _End
        body = self.text[opening.end() : closing.start()]
        self.at = closing.end()
        return Expression(body) if "${" in body or "%{" in body else body


def decoded(value: Any) -> Any:
    """What an attribute of JSON holds, by `jsonencode` or as text; null where that is not known here."""
    if isinstance(value, Call) and value.name == "jsonencode" and value.arguments:
        return value.arguments[0]
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return None
    return None
