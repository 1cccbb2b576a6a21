"""What an argument of a Terraform resource comes to where `for_each` or a local value gives it, of one file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import Block, Call, Expression, read

_EACH = lazy_pattern(r"(?:\$\{)?each\.(?:(key)|value(?:\.([\w-]+)|\[\"([\w-]+)\"\])?)\}?")
_LOCAL = lazy_pattern(r"local\.([\w-]+)")
_LISTS = ("toset", "tolist", "concat", "distinct", "compact", "setunion", "sort")


def values(block: Block, name: str, text: str) -> Iterator[tuple[Any, int]]:
    """(value, line) of all that an argument is in the resources of a block; as it is written where that is not known."""
    value, line = block.value(name), block.line_of(name)
    each = _EACH.search(value.text) if isinstance(value, Expression) else None
    if each is None or "for_each" not in block.attributes:
        yield _resolved(value, text), line
        return
    before, after = value.text[: each.start()], value.text[each.end() :]
    for one in _given(_resolved(block.value("for_each"), text), each):
        if not before and not after:
            yield one, block.line_of("for_each")
        elif isinstance(one, str):
            yield f"{before}{one}{after}", block.line_of("for_each")


def _given(given: Any, each: re.Match[str]) -> Iterator[Any]:
    """What `each.value`, `each.key` or a field of it is, in turn."""
    field = each[2] or each[3]
    for key, one in given.items() if isinstance(given, Mapping) else ():
        inner = one.get(field) if field and isinstance(one, Mapping) else one
        yield from (key,) if each[1] else inner if isinstance(inner, list) else (inner,)
    if isinstance(given, list) and not field:
        yield from given


def _resolved(value: Any, text: str, depth: int = 0) -> Any:
    """A value with local ones filled in, and lists of lists made one."""
    if isinstance(value, Call) and value.name in _LISTS:
        parts = [_resolved(each, text, depth) for each in value.arguments]
        return [each for part in parts for each in (part if isinstance(part, list) else [part])]
    named = _LOCAL.fullmatch(value.text) if isinstance(value, Expression) else None
    if named and depth < 4:
        for block in read(text):
            if block.kind == "locals" and named[1] in block.attributes:
                return _resolved(block.value(named[1]), text, depth + 1)
    return value
