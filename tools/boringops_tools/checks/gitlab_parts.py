"""GitLab CI: the files that a pipeline of the repository includes or starts: they are pipelines, whatever their names.

What is included sees the names of all that is included with it; a child pipeline sees its own alone."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boringops_tools.checks.base import Files, mapping
from boringops_tools.yaml_files import is_yaml


@dataclass(frozen=True)
class Part:
    """A file that a pipeline is made of."""

    child: bool
    """It alone is a pipeline that another one starts."""
    names: frozenset[str] | None
    """Jobs and templates it can see; null where some may be from elsewhere."""


def is_named(path: str) -> bool:
    """Whether a file is a pipeline by its name."""
    return posixpath.basename(path) == ".gitlab-ci.yml"


def applies(path: str) -> bool:
    return is_yaml(path)


def part(files: Files, path: str) -> Part | None:
    """What a file is to the pipelines of this repository; null where none of them names it."""
    found: dict[str, Part] = files.once(_parts)
    return found.get(path)


def is_part(files: Files, path: str) -> bool:
    return is_named(path) or part(files, path) is not None


def included(files: Files, value: Any, seen: frozenset[str] = frozenset()) -> dict[str, frozenset[str]] | None:
    """The files of this repository that an `include` names, with their names; null where some are from elsewhere."""
    found: dict[str, frozenset[str]] = {}
    for place in _local(files, value):
        if place not in files.known:
            return None
        for inner in files.documents(place) if place not in seen else ():
            more = (
                included(files, inner.get("include", []), seen | {place, *found})
                if isinstance(inner, Mapping)
                else None
            )
            if more is None:
                return None
            found[place] = found.get(place, frozenset()) | {str(name) for name in inner}
            found |= {name: names | found.get(name, frozenset()) for name, names in more.items()}
    return found


def _local(files: Files, value: Any) -> Iterator[str]:
    """The local files that an `include` names, those that a pattern stands for too; empty for what is from elsewhere."""
    for each in value if isinstance(value, list) else [value]:
        place = each if isinstance(each, str) else each.get("local") if isinstance(each, Mapping) else None
        place = place.lstrip("/") if isinstance(place, str) and "://" not in place else ""
        yield from matching(files, place) if "*" in place and "$" not in place else [place]


def matching(files: Files, place: str) -> list[str]:
    """The files that `*` (within a folder) and `**` (through folders) stand for."""
    parts = (re.escape(part).replace(r"\*", "[^/]*") for part in place.split("**"))
    pattern = re.compile(".*".join(parts), re.S)
    return [path for path in files.all if pattern.fullmatch(path)]


def _started(document: Mapping[Any, Any]) -> Iterator[Any]:
    """What each job that starts a child pipeline makes it of."""
    for job in document.values():
        include = mapping(job, "trigger").get("include")
        if include:
            yield include


def _parts(files: Files) -> dict[str, Part]:
    found: dict[str, Part] = {}
    todo: list[tuple[Mapping[Any, Any], frozenset[str]]] = [
        (document, frozenset({path}))
        for path in files.by_name.get(".gitlab-ci.yml", ())
        for document in files.documents(path)
        if isinstance(document, Mapping)
    ]
    while todo:
        document, seen = todo.pop()
        starts = [(each, True) for each in _started(document)]
        brought = [(document["include"], False)] if "include" in document else []
        for value, child in starts + brought:
            here = included(files, value)
            if here is None:
                # Some of it is from elsewhere; what is from here is part of it all the same.
                for place in _local(files, value):
                    if place in files.known and place not in seen:
                        found[place] = Part(child=False, names=None)
                continue
            own = frozenset() if child else frozenset(str(name) for name in document)
            names = own.union(*here.values())
            for place in here:
                if place in seen:
                    continue
                before = found.get(place)
                alone = child and len(here) == 1 and (before is None or before.child)
                both = names if before is None else None if before.names is None else names | before.names
                found[place] = Part(alone, both)
                if child:
                    todo += [(inner, seen | {place}) for inner in files.documents(place) if isinstance(inner, Mapping)]
    return found
