"""Merging into people's own Compose file: what it lacks is added, every line of theirs stays, differences are told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boringops_tools import red_flags
from boringops_tools.blueprints import compose_applications, merging
from boringops_tools.blueprints.compose_lacks import Lacks, Path
from boringops_tools.blueprints.compose_services import ComposeFile, named
from boringops_tools.blueprints.context import COMPOSE_NAMES, Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.yaml_lines import Unmergeable, append, put
from boringops_tools.yaml_files import Unreadable, documents

_LISTED = {"environment": "{}={}", "depends_on": "{}"}
"""Keys that may be a mapping or a list, and how an entry of the list is written."""


@dataclass(frozen=True)
class Merge:
    """The whole file as it would be, what was added, and what people should know of it."""

    path: str
    before: str
    text: str
    added: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def files(context: Context) -> Iterator[DraftFile]:
    made = merged(context)
    if made is not None and made.text != made.before:
        why = f"Adds {', '.join(made.added)}. Every line that is there stays."
        yield DraftFile(path=made.path, content=made.text, action="change", why=why)


def merged(context: Context) -> Merge | None:
    """The Compose file that is there with what it lacks; None where there is none, or it is outside the repository."""
    if not context.stack.deployable or context.compose_path not in context.tree:
        return None
    if context.tree.text(context.compose_path) == "":
        return None
    if "compose merge" not in context.tree.memo:
        context.tree.memo["compose merge"] = _merged(context)
    made: Merge = context.tree.memo["compose merge"]
    return made


def will_be(context: Context) -> str:
    """The Compose file's text after what is drafted is written; the same before and after."""
    made = merged(context)
    written = "containers" in context.wants and (context.planned is None or context.compose_path in context.planned)
    return made.text if made is not None and written else context.tree.text(context.compose_path)


def images(context: Context) -> dict[str, str]:
    """The image of each backing service that people's own Compose file has once, in a version that it states."""
    try:
        found = ComposeFile(context).services if context.tree.text(context.compose_path) else []
    except Unreadable:
        return {}
    known = [each for each in found if each.kind and each.version is not None and not re.search(r"[$\s]", each.image)]
    return {
        each.kind: each.image for each in known if each.kind and [other.kind for other in found].count(each.kind) == 1
    }


def _merged(context: Context) -> Merge:
    path = context.compose_path
    text = (context.tree.root / path).read_bytes().decode("utf-8", errors="surrogateescape")
    try:
        lacks = Lacks(context, ComposeFile(context))
    except Unreadable as error:
        return Merge(path, text, text, remarks=(f"{path} cannot be read ({error}); nothing is added to it.",))
    steps, added, remarks = lacks.steps(), [], lacks.remarks
    before = _paths_added(context, path)
    made = text
    for step in steps:
        gone = [where for where, _ in step.additions if where in before]
        if gone:
            remarks.append(f"{path}: {step.what} was added before and was taken out since, so it stays out.")
            continue
        try:
            whole = made
            for where, value in step.additions:
                whole = _put(whole, where, value)
        except Unmergeable as error:
            at = f"{path}:{error.line}" if error.line else path
            remarks.append(f"{at}: {step.what} is lacking and could not be added: what is there {error}.")
            continue
        if wrong := _wrong(context, whole) - _wrong(context, made):
            remarks.append(f"{path}: {step.what} is lacking and is not added: {min(wrong)}.")
            continue
        made = whole
        added.append(f"{step.what} ({step.why})" if step.why else step.what)
    others = [name for name in COMPOSE_NAMES if name in context.tree and name != path]
    remarks += [f"{name} is left as it is: Docker Compose reads {path}." for name in others]
    return Merge(path, text, made, tuple(added), tuple(remarks))


def _wrong(context: Context, text: str) -> set[str]:
    """What the red flags hold against the file; a login that is written down there is not written down once more."""
    found = red_flags.of_text(context.tree.root, context.compose_path, text)
    return {each.message for each in found if each.severity == "error"}


def profile(context: Context) -> str:
    """The profile that an application waits behind, in the Compose file as it will be; empty where none does."""
    try:
        services = documents(will_be(context))[0]["services"].values()
    except (Unreadable, IndexError, KeyError, TypeError, AttributeError):
        return ""
    found = [each.get("profiles") for each in services if isinstance(each, Mapping) and "build" in each]
    return compose_applications.PROFILE if [compose_applications.PROFILE] in found else ""


def _put(text: str, where: Path, value: Any) -> str:
    """`value` at a path of keys, as an item where the file has a list there."""
    *above, key = where
    if above and above[-1] in _LISTED:
        holder: Any = documents(text)[0]
        for step in above:
            holder = holder.get(step) if isinstance(holder, Mapping) else None
        if isinstance(holder, list):
            return append(text, above, _LISTED[above[-1]].format(key, value))
    return put(text, where, value, apart=len(where) == 2 and where[0] == "services")


def _paths_added(context: Context, path: str) -> set[Path]:
    """Paths of keys that runs added to the file: what is not there any more, people took out."""
    found: set[Path] = set()
    for before, after in merging.changes(context.tree.root, path):
        found |= _paths(after) - _paths(before)
    return found


def _paths(text: str) -> set[Path]:
    """Every path of keys in a Compose file, lists of names read as mappings."""
    try:
        todo: list[tuple[Path, Any]] = [((), documents(text)[0])]
    except (Unreadable, IndexError):
        return set()
    found: set[Path] = set()
    while todo:
        where, node = todo.pop()
        if where and where[-1] in _LISTED:
            node = named(node, "=")
        for key, value in node.items() if isinstance(node, Mapping) and len(where) < 4 else ():
            found.add((*where, str(key)))
            todo.append(((*where, str(key)), value))
    return found
