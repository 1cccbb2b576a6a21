"""What a repository holds that is no application: it is checked, applied or published, and gets no container."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from boringops_tools.stack.facts import Kind, Other, Source
from boringops_tools.stack.tree import Tree, folder_of

Finder = Callable[[Tree], Iterator[Source]]
PULUMI = ("Pulumi.yaml", "Pulumi.yml")
_MOST = 6


def find(tree: Tree) -> list[Other]:
    """Each kind once, with the first places it shows in."""
    found = []
    for kind, reason, finder in _KINDS:
        places = sorted(finder(tree), key=lambda place: (place.path.count("/"), place.path))[:_MOST]
        if places:
            found.append(Other(kind=kind, reason=reason, sources=places))
    return found


def _terraform(tree: Tree) -> Iterator[Source]:
    """One place a folder: the file that says where state is kept, else the first one."""
    folders: dict[str, str] = {}
    for path in tree.files:
        if path.endswith(".tf"):
            folders.setdefault(folder_of(path), path)
    outermost = min((folder.count("/") + bool(folder) for folder in folders), default=0)
    for folder, path in folders.items():
        if folder.count("/") + bool(folder) == outermost:
            yield Source(path=path)


def _named(*names: str, containing: str = "") -> Finder:
    def finder(tree: Tree) -> Iterator[Source]:
        for path in tree.own(*names):
            if not containing:
                yield Source(path=path)
            elif found := re.search(containing, tree.text(path), re.MULTILINE):
                yield Source(path=path, line=tree.text(path)[: found.start()].count("\n") + 1)

    return finder


_KINDS: tuple[tuple[Kind, str, Finder], ...] = (
    ("terraform", "Terraform: it is planned and applied from CI, and never runs as a service", _terraform),
    ("pulumi", "a Pulumi program: it is previewed and applied from CI, and never runs as a service", _named(*PULUMI)),
    ("helm-chart", "a Helm chart: it is published and installed into a cluster", _named("Chart.yaml")),
    ("github-action", "a GitHub Action: it runs on other repositories' runners",
     _named("action.yml", "action.yaml", containing=r"^runs:")),
    ("ansible", "Ansible: it is run against machines", _named("ansible.cfg", "galaxy.yml")),
    ("documentation", "documentation: its pages belong on a static host",
     _named("mkdocs.yml", "mkdocs.yaml", "docusaurus.config.js", "docusaurus.config.ts", "_config.yml", "book.toml", "antora.yml")),
)  # fmt: skip
