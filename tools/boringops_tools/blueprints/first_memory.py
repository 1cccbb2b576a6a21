"""A first memory bank: what the repository shows about itself, and plainly what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from boringops.facts import Inventory
from boringops_tools import stack as stacks
from boringops_tools.blueprints import documents
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.render import render
from boringops_tools.stack.tree import Tree

FILES = ("projectbrief", "productContext", "systemPatterns", "techContext", "activeContext", "progress")


def first_memory_bank(root: Path, files: Sequence[str], inventory: Inventory | None = None) -> dict[str, str]:
    """The files of a first memory bank, by path, as `boringops init` writes them. Only reads.

    What others wrote (the README) is quoted as such; what no file says is named as not stated, never made up."""
    stack = stacks.detect(root, files)
    context = Context(Tree(root, files), stack, frozenset())
    values = {
        **documents.facts(context),
        "stack": stack,
        "inventory": inventory or Inventory(),
        "folders": _folders(files),
    }
    return {f"memory-bank/{name}.md": render(f"memory/{name}.md.j2", **values) for name in FILES}


def _folders(files: Sequence[str]) -> list[str]:
    """Top-level folders, the fullest first."""
    heads = [path.partition("/")[0] for path in files if "/" in path]
    return sorted(set(heads), key=lambda head: (-heads.count(head), head))[:15]
