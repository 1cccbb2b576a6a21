"""YAML by libyaml's events: fast, with the line of every key and item, bounded in depth and in what aliases unfold to.

Plain scalars mean what YAML 1.2's core schema says (`on` and `yes` are text), dates are dates, a merge key brings what
it names, of a key given twice the first value stays, and a tag that YAML itself does not define makes a `Tagged`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Hashable
from typing import Any

MOST_LEVELS = 150
"""Nothing written by hand is deeper, and whoever walks a document need not fear for the stack."""
MOST_NODES = 2_000_000
"""Nodes that a document may have once every alias is unfolded: some readers unfold them."""

_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_NULL = re.compile(r"~|null|Null|NULL|")
_INT = re.compile(r"[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)")
_FLOAT = re.compile(
    r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|[-+]?\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"(\d{4}-\d\d?-\d\d?)(?:[Tt]|[ \t]+)(\d\d?:\d\d:\d\d)(?:\.(\d+))?[ \t]*(Z|[-+]\d\d?(?::?\d\d)?)?")
_STANDARD = "tag:yaml.org,2002:"


class Broken(Exception):
    """The text is no YAML, or more than is read. `line` is where, from 1; `final` where no other parser need be asked."""

    def __init__(self, message: str, line: int | None = None, *, final: bool = False) -> None:
        super().__init__(message)
        self.line, self.final = line, final


class Map(dict[Any, Any]):
    """A mapping that knows the line of each key it has of its own; what a merge key brings has none."""

    __slots__ = ("lines", "tag")

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[Any, int] = {}
        self.tag = ""


class Seq(list[Any]):
    """A sequence that knows the line of each item."""

    __slots__ = ("lines", "tag")

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []
        self.tag = ""


class Tagged:
    """A scalar with a tag of somebody's own, such as `!Ref`: what it stands for is known elsewhere."""

    __slots__ = ("tag", "value")

    def __init__(self, tag: str, value: str) -> None:
        self.tag, self.value = tag, value

    def __str__(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return f"{self.tag} {self.value}"


def load_all(text: str) -> tuple[Any, ...]:
    """The documents of a stream. Raises Broken."""
    import yaml  # type: ignore[import-untyped]

    loader = getattr(yaml, "CLoader", yaml.Loader)
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.feed(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise Broken(str(error.problem or error.context), mark.line + 1 if mark else None) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise Broken(f"{type(error).__name__}: {error}") from error
    return tuple(builder.documents)


class _Open:
    """A collection whose end is still to come."""

    __slots__ = ("key", "merged", "node", "size", "waiting")

    def __init__(self, node: Map | Seq) -> None:
        self.node = node
        self.key: Any = None
        self.waiting = False  # a mapping: its key is there, its value is not
        self.merged: list[Any] = []
        self.size = 1


_MERGE = object()


class _Builder:
    """Documents out of events, without recursion: depth is bounded by rule, not by the stack."""

    def __init__(self) -> None:
        self.documents: list[Any] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, Any] = {}
        self._sizes: dict[int, int] = {}

    def feed(self, event: Any) -> None:
        kind = type(event).__name__
        if kind == "ScalarEvent":
            value = _scalar(event)
            if event.anchor:
                self._anchors[event.anchor] = None if value is _MERGE else value
            self._place(value, event.start_mark.line + 1, 1)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            if len(self._open) >= MOST_LEVELS:
                raise Broken(f"nested deeper than {MOST_LEVELS} levels", event.start_mark.line + 1, final=True)
            node = Map() if kind == "MappingStartEvent" else Seq()
            node.tag = event.tag or ""
            if event.anchor:
                self._anchors[event.anchor] = node
            if self._open:
                self._place(node, event.start_mark.line + 1, 0)
            else:
                self.documents.append(node)
            self._open.append(_Open(node))
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._close(event.start_mark.line + 1)
        elif kind == "AliasEvent":
            line = event.start_mark.line + 1
            if event.anchor not in self._anchors:
                raise Broken(f"found undefined alias '{event.anchor}'", line)
            node = self._anchors[event.anchor]
            if any(each.node is node for each in self._open):
                raise Broken(f"the alias '{event.anchor}' stands inside of what it names", line, final=True)
            self._place(node, line, self._sizes.get(id(node), 1))
        elif kind == "DocumentStartEvent":
            self._anchors, self._sizes = {}, {}

    def _place(self, value: Any, line: int, size: int) -> None:
        """Put a node where it belongs: into the collection that is open, or at the top of a document."""
        if not self._open:
            self.documents.append(None if value is _MERGE else value)
            return
        top = self._open[-1]
        top.size += size
        if isinstance(top.node, Seq):
            top.node.append("<<" if value is _MERGE else value)
            top.node.lines.append(line)
        elif not top.waiting:
            top.key, top.waiting = value if value is _MERGE else _key(value), True
            if value is not _MERGE and top.key not in top.node:
                top.node.lines[top.key] = line
        else:
            top.waiting = False
            if top.key is _MERGE:
                top.merged += value if isinstance(value, list) else [value]
            elif top.key not in top.node:
                top.node[top.key] = "<<" if value is _MERGE else value

    def _close(self, line: int) -> None:
        done = self._open.pop()
        if isinstance(done.node, Map):
            for each in done.merged:
                for key, value in each.items() if isinstance(each, dict) else ():
                    done.node.setdefault(key, value)
        if done.size > MOST_NODES:
            raise Broken(f"its aliases unfold to more than {MOST_NODES} nodes", line, final=True)
        self._sizes[id(done.node)] = done.size
        if self._open:
            self._open[-1].size += done.size


def _key(value: Any) -> Hashable:
    """A key as Python can hold it; collections as keys are as rare as they are useless here."""
    return value if isinstance(value, Hashable) else repr(value)


def _scalar(event: Any) -> Any:
    text: str = event.value
    tag: str | None = event.tag
    if tag is not None and tag != "!":
        return _tagged(tag, text)
    if event.style or tag == "!":  # quoted, or a block
        return str(text)
    return _plain(text)


def _plain(text: str) -> Any:
    if text == "<<":
        return _MERGE
    first = text[:1]
    if first in "~nN" and _NULL.fullmatch(text):
        return None
    if first in "tTfF" and _BOOL.fullmatch(text):
        return text[0] in "tT"
    if not (first.isdigit() or first in "-+."):
        return text
    if _INT.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return _real(text)
    if _DATE.fullmatch(text) or _TIME.fullmatch(text):
        return _moment(text)
    return text


def _integer(text: str) -> int:
    digits = text.replace("_", "").lower()
    return int(digits, {"0x": 16, "0o": 8, "0b": 2}.get(digits.lstrip("+-")[:2], 10))


def _real(text: str) -> float:
    return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))


def _moment(text: str) -> Any:
    try:
        if _DATE.fullmatch(text):
            return datetime.date.fromisoformat(text)
        match = _TIME.fullmatch(text)
        assert match  # noqa: S101
        day, time, fraction, zone = match.groups()
        moment = datetime.datetime.strptime(f"{day} {time}", "%Y-%m-%d %H:%M:%S")
        moment = moment.replace(microsecond=int((fraction or "0")[:6].ljust(6, "0")))
        if zone and zone != "Z":
            hours, minutes = int(zone[1:3].rstrip(":")), int(zone[-2:]) if len(zone) > 3 else 0
            moment -= datetime.timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    except ValueError:
        return text  # it only looks like one
    return moment


def _tagged(tag: str, text: str) -> Any:
    if not tag.startswith(_STANDARD):
        return Tagged(tag, text)
    kind = tag.removeprefix(_STANDARD)
    if kind == "str":
        return text
    value = _plain(text)
    wanted: dict[str, tuple[type, ...]] = {"int": (int,), "bool": (bool,), "float": (int, float), "null": (type(None),)}
    return value if isinstance(value, wanted.get(kind, ())) else Tagged(tag, text)
