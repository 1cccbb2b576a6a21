"""A Terraform file with values in the place of the names that stand for them, each line where it was."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import Block, Call, Expression, read

_FILLED = lazy_pattern(r"\$\{\s*(local|var)\.([\w-]+)((?:\.[A-Za-z_][\w-]*)*)\s*\}")
_NAME = lazy_pattern(
    r"(?P<text>\"(?:[^\"\\\n]|\\.)*\")|(?P<comment>#[^\n]*|//[^\n]*)"
    r"|(?<![\w.-])(?P<kind>local|var)\.(?P<name>[A-Za-z_][\w-]*)(?P<fields>(?:\.[A-Za-z_][\w-]*|\[\"[\w-]+\"\])*)(?![\w.\[-])"
)
_FIELD = lazy_pattern(r"\.([A-Za-z_][\w-]*)|\[\"([\w-]+)\"\]")
_DEEPEST = 4


def written(value: Any) -> str | None:
    """A value as Terraform writes it on one line; null where it is not all known."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return None if "\n" in value or "\\" in value else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        parts = [written(each) for each in value]
        return None if None in parts else f"[{', '.join(str(each) for each in parts)}]"
    if isinstance(value, dict):
        pairs = [(json.dumps(key), written(each)) for key, each in value.items()]
        known = all(each is not None for _, each in pairs)
        return f"{{{', '.join(f'{key} = {each}' for key, each in pairs)}}}" if known else None
    if isinstance(value, Call) and value.name in ("toset", "tolist", "tomap") and len(value.arguments) == 1:
        inner = written(value.arguments[0])
        return f"{value.name}({inner})" if inner is not None else None
    return None


def locals_of(texts: Iterable[str]) -> dict[str, Any]:
    """The local values of a directory, those that are made of others included."""
    blocks = [block for text in texts for block in read(text) if block.kind == "locals"]
    found = {name: each.value for block in blocks for name, each in block.attributes.items()}
    known = {("local", name): value for name, value in found.items()}
    for _ in range(_DEEPEST):
        again = {key: _again(value, known) for key, value in known.items()}
        if again == known:
            break
        known = again
    return {name: value for (_, name), value in known.items()}


def _again(value: Any, known: Mapping[tuple[str, str], Any]) -> Any:
    """A value with what is known now."""
    if isinstance(value, list):
        return [_again(each, known) for each in value]
    if isinstance(value, dict):
        return {key: _again(each, known) for key, each in value.items()}
    if not isinstance(value, Expression):
        return value
    if re.fullmatch(r"local\.[\w.\[\]\"-]+", value.text):
        text = filled(f"x = {value.text}\n", known)
    elif "${local." in value.text and "\n" not in value.text and not re.search(r"[\"\\]", value.text):
        text = filled(f'x = "{value.text}"\n', known)
    else:
        return value
    [block] = read(f"x {{\n{text}}}\n") or [Block("", (), 1)]
    return block.value("x") if "x" in block.attributes else value


def filled(text: str, values: Mapping[tuple[str, str], Any]) -> str:
    """A text with the values of (`local` or `var`, name); as it is where it would read otherwise with them."""

    def inside(match: re.Match[str]) -> str:
        value = _field(values, match[1], match[2], match[3])
        plain = isinstance(value, str | int) and not isinstance(value, bool)
        return str(value) if plain and not re.search(r"[\"\\\n]|\$\{", str(value)) else match[0]

    def name(match: re.Match[str]) -> str:
        if match["text"]:
            return _FILLED.sub(inside, match["text"])
        if match["comment"]:
            return match[0]
        value = written(_field(values, match["kind"], match["name"], match["fields"]))
        return match[0] if value is None else value

    result = _NAME.sub(name, text)
    same = [(each.kind, each.labels, each.line) for each in read(text)]
    return result if same == [(each.kind, each.labels, each.line) for each in read(result)] else text


_UNKNOWN = Expression("")


def _field(values: Mapping[tuple[str, str], Any], kind: str, name: str, fields: str) -> Any:
    value = values.get((kind, name), _UNKNOWN)
    for match in _FIELD.finditer(fields):
        key = match[1] or match[2]
        value = value.get(key, _UNKNOWN) if isinstance(value, dict) else _UNKNOWN
    return value


_EACH = lazy_pattern(
    r"(?P<text>\"(?:[^\"\\\n]|\\.)*\")|(?<![\w.-])each\.(?P<what>key|value)(?P<fields>(?:\.[A-Za-z_][\w-]*|\[\"[\w-]+\"\])*)(?![\w.\[-])"
)
_EACH_INSIDE = lazy_pattern(r"\$\{\s*each\.(key|value)((?:\.[A-Za-z_][\w-]*)*)\s*\}")
_MOST = 20


def expanded(text: str) -> tuple[str, list[int]]:
    """A text with a further block for each of those that `for_each` makes, and the line that each line came from."""
    lines = text.splitlines()
    origins, more = list(range(1, len(lines) + 1)), []
    blocks = read(text) if "for_each" in text and "each." in text else ()
    for at, block in enumerate(blocks):
        pairs = _pairs(block.value("for_each")) if block.kind == "resource" else []
        last = blocks[at + 1].line - 1 if at + 1 < len(blocks) else len(lines)
        for key, value in pairs[:_MOST]:
            own = "\n".join(lines[block.line - 1 : last])
            made = _EACH.sub(functools.partial(_each, key=key, value=value), own)
            more += made.split("\n")
            origins += range(block.line, last + 1)
    return ("\n".join([*lines, *more]) + "\n", origins) if more else (text, origins)


def _pairs(given: Any) -> list[tuple[Any, Any]]:
    while isinstance(given, Call) and given.name in ("toset", "tomap") and len(given.arguments) == 1:
        given = given.arguments[0]
    return (
        list(given.items())
        if isinstance(given, dict)
        else [(each, each) for each in given]
        if isinstance(given, list)
        else []
    )


def _each(match: re.Match[str], key: Any, value: Any) -> str:
    values = {("each", "key"): key, ("each", "value"): value}
    if match["text"]:

        def inside(one: re.Match[str]) -> str:
            found = _field(values, "each", one[1], one[2])
            plain = isinstance(found, str | int) and not isinstance(found, bool)
            return str(found) if plain and not re.search(r"[\"\\\n]", str(found)) else one[0]

        return _EACH_INSIDE.sub(inside, match["text"])
    return written(_field(values, "each", match["what"], match["fields"])) or match[0]
