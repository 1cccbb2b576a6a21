"""The optional parts of a Python project that its tests and linters come in: extras, and groups of dependencies."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from boringops_tools.stack.tree import table, words

_TESTS = ("test", "tests", "testing")
_BY_NAME = (*_TESTS, "dev", "develop", "development")
"""What a part for the tests is called; the earlier ones hold less besides."""


@dataclass
class Parts:
    """What an install has to be told for the tests and linters to come along."""

    extras: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    brought: set[str] = field(default_factory=set)
    """Packages that the install then brings, those that others need left out."""


def needed(project: Mapping[str, Any], manager: str, tools: Iterable[str], brought: Iterable[str] = ()) -> Parts:
    """The parts that bring the tools, where no install brings them by itself, and those that are named for the tests.

    `brought` are requirements installed anyway. Of several parts that bring a tool one is enough."""
    extras = {name: _names(words(part)) for name, part in table(project, "project", "optional-dependencies").items()}
    groups = {name: _names(_members(project, name)) for name in table(project, "dependency-groups")}
    groups |= {
        name: _names(table(part, "dependencies")) for name, part in table(project, "tool", "poetry", "group").items()
    }
    found = Parts(brought=_names([*brought, *_always(project, manager)]))
    for name in [name for name in groups if _by_itself(project, manager, name)]:
        found.brought |= groups.pop(name)
    for tool in [*tools, *_TESTS]:
        for parts, names in ((extras, found.extras), (groups, found.groups)):
            having = [name for name, members in parts.items() if tool == name or tool in members]
            if having and tool not in found.brought:
                best = min(having, key=lambda name: _BY_NAME.index(name) if name in _BY_NAME else len(_BY_NAME))
                names.append(best)
                found.brought |= {best, *parts[best]}
    return found


def options(manager: str, extras: Iterable[str], groups: Iterable[str]) -> str:
    """The parts as options of an install by uv, Poetry or PDM, each with a space before it."""
    extra, group = {"uv": ("extra", "group"), "poetry": ("extras", "with"), "pdm": ("group", "group")}[manager]
    return "".join([f" --{extra} {name}" for name in extras] + [f" --{group} {name}" for name in groups])


def _always(project: Mapping[str, Any], manager: str) -> Iterator[str]:
    """The requirements of every install for development, groups left out."""
    yield from words(table(project, "project").get("dependencies"))
    own = table(project, "tool", manager)
    if manager == "poetry":
        yield from [*table(own, "dependencies"), *table(own, "dev-dependencies")]
    elif manager in {"uv", "pdm"}:
        listed = own.get("dev-dependencies")
        yield from words(listed)
        for part in table(listed).values():
            yield from words(part)


def _by_itself(project: Mapping[str, Any], manager: str, group: str) -> bool:
    """Whether the manager installs a group without being told to."""
    if manager == "poetry":
        return not table(project, "tool", "poetry", "group", group).get("optional")
    stated = table(project, "tool", "uv").get("default-groups", ["dev"])
    return manager == "pdm" or (manager == "uv" and (stated == "all" or group in words(stated)))


def _members(project: Mapping[str, Any], group: str, seen: Collection[str] = ()) -> Iterator[str]:
    """The requirements of a dependency group, and of those it includes."""
    members = table(project, "dependency-groups").get(group)
    for member in members if isinstance(members, list) else []:
        other = table(member).get("include-group")
        if isinstance(member, str):
            yield member
        elif isinstance(other, str) and other not in seen:
            yield from _members(project, other, {*seen, group})


def _names(requirements: Iterable[str]) -> set[str]:
    return {match[0].lower() for each in requirements if (match := re.match(r"[A-Za-z0-9][\w.-]*", each.strip()))}
