"""What a mix.exs says: dependencies, names, releases, and the applications of an umbrella."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from boringops_tools.stack.calls import text
from boringops_tools.stack.facts import Claim, Source
from boringops_tools.stack.grammar import line, root, source, within
from boringops_tools.stack.tree import Tree, folder_of, join

if TYPE_CHECKING:
    from tree_sitter import Node

MANIFEST = "mix.exs"


@dataclass
class Mix:
    path: str = ""
    dependencies: dict[str, Source] = field(default_factory=dict)
    """By name; `dev:` stands before those that production does without."""
    beside: list[str] = field(default_factory=list)
    """Applications of the same umbrella that it depends on."""
    local: list[str] = field(default_factory=list)
    """Folders beside the manifest that dependencies are in."""
    app: str = ""
    releases: dict[str, list[str]] = field(default_factory=dict)
    """Name of each release to the applications it starts; none where it is the project's own."""
    elixir: list[Claim] = field(default_factory=list)
    apps_path: str = ""
    """Folder of an umbrella's applications; empty where it is none."""


def read(tree: Tree, path: str) -> Mix:
    """The manifest at `path`."""
    found = Mix(path)
    tops = list(within(root("elixir", tree.text(path))))
    for node in tops:
        if node.type == "tuple" and node.named_children and node.named_children[0].type == "atom":
            _dependency(found, node)
        elif node.type == "pair":
            key, value = _key(node), node.child_by_field_name("value")
            if key == "app" and not found.app:
                found.app = text(value) or ""
            elif key == "apps_path":
                found.apps_path = (text(value) or "").strip("/")
            elif key == "elixir" and (wanted := text(value)):
                found.elixir.append(Claim(text=wanted, source=Source(path=path, line=line(node))))
            elif key == "releases" and not found.releases:
                listed = value if value is not None and value.type == "list" else _returned(tops, value)
                found.releases = dict(_releases(listed))
    return found


def _key(pair: Node) -> str:
    return source(pair.child_by_field_name("key")).strip(": ")


def _dependency(found: Mix, node: Node) -> None:
    name, whole = source(node.named_children[0]).lstrip(":"), source(node)
    only = set(re.findall(r"only:\s*(?:\[([^\]]*)\]|:(\w+))", whole))
    groups = {word for pair in only for part in pair for word in re.findall(r"\w+", part)}
    key = name if not groups or groups - {"dev", "test"} else f"dev:{name}"
    found.dependencies.setdefault(key, Source(path=found.path, line=line(node)))
    if re.search(r"in_umbrella:\s*true", whole):
        found.beside.append(name)
    elif key == name and (path := re.search(r'\bpath:\s*"([\w./-]+)"', whole)):
        found.local.append(path[1])


def _returned(tops: list[Node], value: Node | None) -> Node | None:
    """The list in `defp releases do [...] end`, for `releases: releases()`."""
    name = re.match(r"\w+", source(value)) if value is not None else None
    for node in tops:
        if name and node.type == "call" and re.match(rf"defp?\s+{name[0]}\b", source(node)):
            return next((inner for inner in within(node) if inner.type == "list"), None)
    return None


def _releases(listed: Node | None) -> Iterator[tuple[str, list[str]]]:
    keywords = listed.named_children[0] if listed is not None and listed.named_children else None
    for release in keywords.named_children if keywords is not None and keywords.type == "keywords" else []:
        started = next(
            (inner for inner in within(release) if inner.type == "pair" and _key(inner) == "applications"), None
        )
        pairs = [inner for inner in within(started) if inner.type == "pair" and inner != started] if started else []
        yield _key(release), [_key(pair) for pair in pairs]


def applications(tree: Tree, folder: str, mix: Mix) -> dict[str, Mix]:
    """Folder of each application of the umbrella in `folder` to its manifest."""
    if not mix.apps_path:
        return {}
    below = join(folder, mix.apps_path)
    found = [path for path in tree.own(MANIFEST) if folder_of(folder_of(path)) == below]
    return {folder_of(path): read(tree, path) for path in sorted(found)}


def started(release: list[str], apps: dict[str, Mix]) -> list[str]:
    """Folders of the umbrella's applications that a release starts, with what they depend on."""
    named = {mix.app: folder for folder, mix in apps.items()}
    found: list[str] = []
    waiting = [name for name in release if name in named]
    while waiting:
        folder = named[waiting.pop()]
        if folder not in found:
            found.append(folder)
            waiting += [name for name in apps[folder].beside if name in named]
    return sorted(found)
