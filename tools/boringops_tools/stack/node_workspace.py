"""Workspaces of npm, pnpm, Yarn and Bun: which folders belong to one, and what an application of it stands on."""

from __future__ import annotations

from typing import Any

from boringops_tools.stack import globs
from boringops_tools.stack.facts import Workspace
from boringops_tools.stack.tree import Tree, folder_of, join, table, words

MANIFEST = "package.json"
LOCKFILES = ("pnpm-lock.yaml", "yarn.lock", "package-lock.json", "npm-shrinkwrap.json", "bun.lock", "bun.lockb")


def is_root(tree: Tree, folder: str) -> bool:
    return bool(_patterns(tree, folder))


def _patterns(tree: Tree, folder: str) -> list[str]:
    """What pnpm-workspace.yaml or package.json says the members are."""
    text = tree.text(join(folder, "pnpm-workspace.yaml"))
    if text:
        from boringops_tools.yaml_files import Unreadable, documents

        try:
            return [word for document in documents(text)[:1] for word in words(table(document).get("packages"))]
        except Unreadable:
            return []
    value = tree.json(join(folder, MANIFEST)).get("workspaces")
    return words(value) or words(table(value).get("packages"))


def _members(tree: Tree, root: str) -> dict[str, str]:
    """Package name to folder of every member."""
    patterns = _patterns(tree, root)
    prefix = f"{root}/" if root else ""
    found = {}
    for path in tree.own(MANIFEST):
        folder = folder_of(path)
        inner = folder.removeprefix(prefix)
        if folder == root or not folder.startswith(prefix):
            continue
        if globs.among(patterns, inner):
            found[str(tree.json(path).get("name") or inner)] = folder
    return found


def members(tree: Tree) -> dict[str, str]:
    """Folder of each member, to the workspace's root. What has a lockfile of its own stands by itself."""
    if "node" not in tree.memo:
        found: dict[str, str] = {}
        roots = {folder_of(path) for path in tree.own("pnpm-workspace.yaml", MANIFEST)}
        for root in sorted(root for root in roots if is_root(tree, root)):
            for folder in _members(tree, root).values():
                if not tree.named(folder, *LOCKFILES):
                    found.setdefault(folder, root)
        tree.memo["node"] = found
    known: dict[str, str] = tree.memo["node"]
    return known


def of(tree: Tree, folder: str) -> Workspace | None:
    """The workspace that the package in `folder` is a member of."""
    root = members(tree).get(folder)
    if root is None:
        return None
    packages = _members(tree, root)
    prefix = f"{root}/" if root else ""
    ordered: list[str] = []
    _stand(tree, folder, packages, ordered, set())
    names = {where: name for name, where in packages.items()}
    return Workspace(
        root=root,
        package=names.get(folder, ""),
        manifests=sorted(f"{where.removeprefix(prefix)}/{MANIFEST}" for where in packages.values()),
        folders=[where.removeprefix(prefix) for where in ordered],
        packages=[names[where] for where in ordered if where in names],
        turbo=join(root, "turbo.json") in tree and "turbo" in _declared(tree.json(join(root, MANIFEST))),
    )


def _stand(tree: Tree, folder: str, packages: dict[str, str], ordered: list[str], seen: set[str]) -> None:
    """`folder` after everything of the workspace that it depends on."""
    if folder in seen:
        return
    seen.add(folder)
    for name in _declared(tree.json(join(folder, MANIFEST))):
        if name in packages:
            _stand(tree, packages[name], packages, ordered, seen)
    ordered.append(folder)


def _declared(manifest: dict[str, Any]) -> list[str]:
    return [*table(manifest, "dependencies"), *table(manifest, "devDependencies")]
