"""Azure Pipelines with the templates of the repository in the places where they are called, as Azure puts them together.

What depends on a condition is there whatever the condition says. What cannot be known (a template of another repository,
a loop) makes the whole unknown."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, listed, mapping, text_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import line_of
from boringops_tools.yaml_load import Map, Seq

_CONDITION = lazy_pattern(r"\$\{\{\s*(?:if|elseif|else)\b")
_PARAMETER = lazy_pattern(r"\$\{\{\s*parameters(?:\.(\w+)|\['(\w+)'\])\s*\}\}")
_GROUPS = frozenset({"stages", "jobs", "steps", "variables"})
_DEEPEST = 8
TEMPLATE = "!template"
"""The tag of what a template brought: the line of its call is all that is known of where it stands."""


class Unknown(Exception):
    """Some of the pipeline is written elsewhere, or made when it is read."""


def expanded(files: Files, path: str) -> Mapping[Any, Any] | None:
    """The pipeline of a file with its templates filled in: what they bring stands at the line that calls them. Null where
    it calls none, or where it cannot be known."""
    found = files.once(_expanded, path)
    return found if isinstance(found, Mapping) else None


def _expanded(files: Files, path: str) -> Mapping[Any, Any] | None:
    documents = files.documents(path)
    document = mapping(documents[0]) if len(documents) == 1 else {}
    called = "template:" in files.text(path)
    if not called or "extends" in document or not {"stages", "jobs", "steps"} & set(document):
        return None
    try:
        whole = _copied(files, path, document, {}, None, 0)
    except Unknown:
        return None
    return whole if isinstance(whole, Mapping) else None


def _filled(text: str, given: Mapping[str, Any]) -> Any:
    """A text with the parameters in their places; one that is nothing but a parameter is what that is."""
    alone = _PARAMETER.fullmatch(text.strip())
    if alone:
        return given.get((alone[1] or alone[2]).lower(), text)

    def value(match: re.Match[str]) -> str:
        found = given.get((match[1] or match[2]).lower())
        return str(found) if isinstance(found, str | int) else match[0]

    return _PARAMETER.sub(value, text)


def _copied(files: Files, path: str, node: Any, given: Mapping[str, Any], line: int | None, depth: int) -> Any:
    if isinstance(node, str):
        return _filled(node, given) if "${{" in node else node
    if isinstance(node, Mapping):
        whole = Map()
        whole.tag = TEMPLATE if line else ""
        for key, value in _members(node):
            own = line or line_of(node, key) or 1
            copy = (
                _items(files, path, value, given, line, depth)
                if key in _GROUPS and isinstance(value, list)
                else _copied(files, path, value, given, line, depth)
            )
            both = isinstance(copy, list) and isinstance(whole.get(key), list)
            whole[key] = whole[key] + copy if both else copy
            whole.lines[key] = own
        return whole
    if isinstance(node, list):
        return _sequence(
            (_copied(files, path, each, given, line, depth), line or line_of(node, at)) for at, each in enumerate(node)
        )
    return node


def _members(node: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """Keys and values, those under conditions too."""
    for key, value in node.items():
        if isinstance(key, str) and "${{" in key:
            if not (_CONDITION.match(key) and isinstance(value, Mapping)):
                raise Unknown
            yield from _members(value)
        else:
            yield key, value


def _sequence(members: Iterator[tuple[Any, int | None]]) -> Seq:
    found = Seq()
    for member, line in members:
        found.append(member)
        found.lines.append(line or 1)
    return found


def _items(files: Files, path: str, members: list[Any], given: Mapping[str, Any], line: int | None, depth: int) -> Seq:
    return _sequence(_item(files, path, members, given, line, depth))


def _item(
    files: Files, path: str, members: list[Any], given: Mapping[str, Any], line: int | None, depth: int
) -> Iterator[tuple[Any, int | None]]:
    for at, member in enumerate(members):
        own = line or line_of(members, at) or 1
        if isinstance(member, Mapping) and isinstance(member.get("template"), str):
            yield from _brought(files, path, member, given, own, depth)
        elif isinstance(member, Mapping) and any(isinstance(key, str) and "${{" in key for key in member):
            for key, value in member.items():
                if isinstance(value, list) and _CONDITION.match(str(key)):
                    yield from _item(files, path, value, given, line, depth)
                elif not (isinstance(key, str) and "${{" not in key):
                    raise Unknown
        elif isinstance(member, str) and "${{" in member:
            raise Unknown  # a list that is handed in
        else:
            yield _copied(files, path, member, given, line, depth), own


def place_of(path: str, called: str) -> str:
    """The file that a template is, as seen from the one that calls it."""
    folder = "" if called.startswith("/") else posixpath.dirname(path)
    return posixpath.normpath(posixpath.join(folder, called.removesuffix("@self").lstrip("/")))


def _brought(
    files: Files, path: str, call: Mapping[Any, Any], given: Mapping[str, Any], line: int, depth: int
) -> Iterator[tuple[Any, int | None]]:
    place = place_of(path, call["template"])
    documents = files.documents(place) if place in files.known else ()
    if depth > _DEEPEST or len(documents) != 1 or not isinstance(documents[0], Mapping):
        raise Unknown
    template = documents[0]
    handed = _copied(files, path, mapping(call.get("parameters")), given, line, depth)
    declared = template.get("parameters")
    known: dict[str, Any] = (
        {str(name).lower(): value for name, value in declared.items()}
        if isinstance(declared, Mapping)
        else {
            text_of(mapping(each).get("name")).lower(): each["default"]
            for each in listed(declared)
            if "default" in mapping(each)
        }
    )
    known |= {str(name).lower(): value for name, value in handed.items()}
    for group in _GROUPS & set(template):
        members = template[group]
        if isinstance(members, list):
            yield from ((each, line) for each in _items(files, place, members, known, line, depth + 1))
