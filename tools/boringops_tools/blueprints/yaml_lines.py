"""Lines added to a YAML file of people's own. No line of theirs is touched, so comments, order, quotes and anchors stay.

A parser that writes the file anew would keep comments, but not indentation and quotes: the change would be theirs to
read line by line. What is added is looked at again by the parser, and given up where it says anything but what was meant."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from boringops_tools.blueprints.sections import newline
from boringops_tools.yaml_files import Unreadable, documents

_INLINE = {"test", "command", "entrypoint"}
"""Keys whose list is a command: it reads best on one line."""
_ASK = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null|~|[\d:.]*\d[\d:.]*")
"""What an older YAML takes for something else than text."""


class Unmergeable(Exception):
    """Nothing can be added there without touching what is there. `line` is where, from 1."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.line = line


@dataclass
class _Node:
    """A node and the lines it takes, from 0."""

    kind: str
    line: int
    column: int
    last: int
    flow: bool = False
    text: str = ""
    items: list[tuple[_Node | None, _Node]] = field(default_factory=list)


def put(text: str, path: Sequence[str], value: Any, *, apart: bool = False) -> str:
    """`text` with `value` at `path`: one more key at the end of the mapping it belongs to, which is made where there is none.

    `apart` sets it off by an empty line where its neighbours are, as the file's own parts always are. Raises Unmergeable."""
    *above, key = path
    there = _find(_root(text), above)
    if there is None:
        return put(text, above, {key: value}, apart=apart)
    node, owner = there
    if node.kind == "scalar" and not node.text and owner is not None:  # a key without a value
        column = owner.column + _step(text)
        lines = _rendered(key, value, column, _step(text))
        return _checked(text, owner.line + 1, lines, above, key, value)
    if node.kind != "map" or node.flow or not node.items:
        raise Unmergeable(_why(node), node.line + 1)
    first = node.items[0][0]
    assert first is not None  # noqa: S101 - a mapping's items have keys
    rows = text.splitlines()
    at = node.last + 1
    while at < len(rows) and re.match(rf" {{{first.column}}}\s*#", rows[at]):
        at += 1  # a comment at its end is its own
    lines = _rendered(key, value, first.column, _step(text))
    if (not above or (apart and _apart(node, rows))) and rows[at - 1].strip():
        lines = ["", *lines]
    return _checked(text, at, lines, above, key, value)


def append(text: str, path: Sequence[str], item: str) -> str:
    """`text` with one more item at the end of the list at `path`. Raises Unmergeable."""
    there = _find(_root(text), path)
    node = there[0] if there else None
    if node is None or node.kind != "seq" or node.flow or not node.items:
        raise Unmergeable(_why(node) if node else "is not there", node.line + 1 if node else None)
    return _checked(text, node.last + 1, [f"{' ' * node.column}- {_scalar(item)}"], path, None, item)


def _why(node: _Node) -> str:
    return {"alias": "is an alias of what is written elsewhere"}.get(
        node.kind, "is written on one line" if node.flow else "is of another kind"
    )


def _checked(text: str, at: int, lines: Sequence[str], above: Sequence[str], key: str | None, value: Any) -> str:
    """The lines put in before line `at`, if the parser then reads just what was there and what was added."""
    end = newline(text)
    rows = text.splitlines(keepends=True)
    if at == len(rows) and rows and not rows[-1].endswith("\n"):
        rows[-1] += end
    made = "".join([*rows[:at], *(line + end for line in lines), *rows[at:]])
    try:
        wanted, got = _plain(documents(text)[0]), _plain(documents(made)[0])
    except (Unreadable, IndexError) as error:
        raise Unmergeable(str(error), at + 1) from error
    holder = wanted
    for step in above:
        holder[step] = {} if holder[step] is None else holder[step]
        holder = holder[step]
    if key is None:
        holder.append(value)
    else:
        holder[key] = value
    if got != wanted:
        raise Unmergeable("is shared with other places by an anchor, or laid out in an unusual way", at + 1)
    return made


def _plain(value: Any) -> Any:
    """A copy in which nothing is shared."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _step(text: str) -> int:
    """By how much the file indents."""
    for key, node in _root(text).items:
        if key is not None and node.kind == "map" and not node.flow and node.items and node.items[0][0] is not None:
            return node.items[0][0].column - key.column
    return 2


def _apart(node: _Node, rows: Sequence[str]) -> bool:
    """Whether the entries of a mapping are set off by empty lines."""
    if len(node.items) < 2:
        return True
    first, second = node.items[0][1], node.items[1][0]
    return second is not None and any(not row.strip() for row in rows[first.last + 1 : second.line])


def _find(root: _Node, path: Sequence[str]) -> tuple[_Node, _Node | None] | None:
    """The node at a path and its key; null where there is none."""
    node, owner = root, None
    for step in path:
        found = next(((key, each) for key, each in node.items if key is not None and key.text == step), None)
        if found is None:
            if node.kind == "alias" or any(key is not None and key.text == "<<" for key, _ in node.items):
                raise Unmergeable("may come from a merge key", node.line + 1)
            return None
        owner, node = found
    return node, owner


def _root(text: str) -> _Node:
    """The first document. Raises Unmergeable."""
    import yaml  # type: ignore[import-untyped]

    try:
        if len(documents(text)) != 1:  # what is hostile is refused here
            raise Unmergeable("is not one document")
        events = iter(list(yaml.parse(text, Loader=getattr(yaml, "CLoader", yaml.Loader))))
    except (Unreadable, yaml.YAMLError) as error:
        raise Unmergeable(str(error), getattr(error, "line", None)) from error
    next(events), next(events)  # the stream and the document begin
    return _node(next(events), events)


def _node(event: Any, events: Iterator[Any]) -> _Node:
    kind = {"ScalarEvent": "scalar", "AliasEvent": "alias", "MappingStartEvent": "map"}.get(type(event).__name__, "seq")
    begin, end = event.start_mark, event.end_mark
    node = _Node(kind, begin.line, begin.column, end.line, flow=bool(getattr(event, "flow_style", False)))
    if kind == "scalar":
        node.text = event.value
        if event.style in ("|", ">"):
            node.last = max(begin.line, end.line - 1)
        return node
    if kind == "alias":
        return node
    while not type(inner := next(events)).__name__.endswith("EndEvent"):
        key = _node(inner, events) if kind == "map" else None
        value = _node(next(events) if key is not None else inner, events)
        node.items.append((key, value))
        node.last = max(node.last, value.last, key.last if key is not None else 0)
    if node.flow:
        node.last = max(node.last, inner.end_mark.line)
    return node


def _rendered(key: str, value: Any, column: int, step: int) -> list[str]:
    pad = " " * column
    name = _scalar(key)
    if isinstance(value, Mapping) and value:
        return [f"{pad}{name}:", *(line for each in value.items() for line in _rendered(*each, column + step, step))]
    if isinstance(value, list) and value:
        if key in _INLINE:
            return [f"{pad}{name}: {json.dumps(value, ensure_ascii=False)}"]
        return [f"{pad}{name}:", *(f"{pad}{' ' * step}- {_scalar(each)}" for each in value)]
    if value is None:
        return [f"{pad}{name}:"]
    return [f"{pad}{name}: {json.dumps(value) if not isinstance(value, str) else _scalar(value)}"]


def _scalar(value: Any) -> str:
    """A string as YAML: plain where every parser reads it as it stands, else in double quotes."""
    text = str(value)
    plain = re.fullmatch(r"[\w./$][\w ./$%{}:?@=+*,()&-]*", text) and not re.search(r": |:$| #|\s$", text)
    if plain and not _ASK.fullmatch(text):
        try:
            if documents(f"k: {text}\n")[0] == {"k": text}:
                return text
        except Unreadable:
            pass
    return json.dumps(text, ensure_ascii=False)
