"""Workspaces of uv: which projects one lockfile covers, and what an application among them stands on."""

from __future__ import annotations

import re
from typing import Any

from boringops_tools.stack import globs
from boringops_tools.stack.facts import Workspace
from boringops_tools.stack.tree import Tree, folder_of, join, table, words

MANIFEST = "pyproject.toml"
LOCK = "uv.lock"


def is_root(project: dict[str, Any]) -> bool:
    return "workspace" in table(project, "tool", "uv")


def _projects(tree: Tree, root: str) -> dict[str, str]:
    """Package name to folder of every project of the workspace, its root too."""
    stated = table(tree.toml(join(root, MANIFEST)), "tool", "uv", "workspace")
    patterns = words(stated.get("members")) + [f"!{pattern}" for pattern in words(stated.get("exclude"))]
    prefix = f"{root}/" if root else ""
    found = {}
    for path in tree.own(MANIFEST):
        folder = folder_of(path)
        if folder == root or (folder.startswith(prefix) and globs.among(patterns, folder.removeprefix(prefix))):
            name = table(tree.toml(path), "project").get("name")
            if isinstance(name, str):
                found[_normal(name)] = folder
    return found


def roots(tree: Tree) -> dict[str, str]:
    """Folder of each member of a workspace to the workspace's root. What has a lockfile of its own stands by itself."""
    if "uv" not in tree.memo:
        found: dict[str, str] = {}
        for root in sorted(folder_of(path) for path in tree.own(MANIFEST) if is_root(tree.toml(path))):
            for folder in _projects(tree, root).values():
                if folder != root and join(folder, LOCK) not in tree:
                    found.setdefault(folder, root)
        tree.memo["uv"] = found
    known: dict[str, str] = tree.memo["uv"]
    return known


def of(tree: Tree, folder: str) -> Workspace | None:
    """The workspace that the project in `folder` is a member or the root of; None for a root without members."""
    root = roots(tree).get(folder, folder)
    if not is_root(tree.toml(join(root, MANIFEST))):
        return None
    projects = _projects(tree, root)
    if not set(projects.values()) - {root}:
        return None
    prefix = f"{root}/" if root else ""
    ordered: list[str] = []
    _stand(tree, folder, projects, ordered)
    names = {where: name for name, where in projects.items()}
    return Workspace(
        root=root,
        package=names.get(folder, ""),
        manifests=sorted(f"{where.removeprefix(prefix)}/{MANIFEST}" for where in projects.values() if where != root),
        folders=[where.removeprefix(prefix) if where != root else "" for where in ordered],
        packages=[names[where] for where in ordered if where in names],
    )


def _stand(tree: Tree, folder: str, projects: dict[str, str], ordered: list[str]) -> None:
    """`folder` after every project of the workspace that it depends on."""
    if folder in ordered:
        return
    ordered.append(folder)
    for text in words(table(tree.toml(join(folder, MANIFEST)), "project").get("dependencies")):
        named = re.match(r"[\w.-]+", text)
        if named and (other := projects.get(_normal(named[0]))) is not None and other not in ordered:
            _stand(tree, other, projects, ordered)
    ordered.remove(folder)
    ordered.append(folder)


def _normal(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
