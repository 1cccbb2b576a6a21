"""Blocks of Terraform's resources and what is in them, for rules that are tables of arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from boringops_tools.red_flags.hcl import Block


def parts(block: Block) -> Iterator[tuple[str, Block]]:
    """(`resource` or `resource/block`, block) of a resource and of all blocks in it, `dynamic` ones included."""
    if block.kind == "resource" and len(block.labels) == 2:
        yield from _inside(block, block.labels[0])


def _inside(block: Block, kind: str) -> Iterator[tuple[str, Block]]:
    yield kind, block
    for each in block.blocks:
        name = each.labels[0] if each.kind == "dynamic" and each.labels else each.kind
        yield from _inside(each, kind if name == "content" else f"{kind.partition('/')[0]}/{name}")


def number(value: Any) -> float | None:
    """A number that is written out, in quotes or without."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None
