"""Terraform files as syntax trees: their blocks, and what their expressions refer to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lark import Token, Tree

# Arguments whose values name attributes of their own block, and blocks that speak of what is no longer or not yet there.
_NO_REFERENCES = frozenset({"ignore_changes"})
_NO_BLOCKS = frozenset({"moved", "removed", "import"})


@dataclass(frozen=True)
class Reference:
    """A chain of names as an expression has it, `aws_instance.web.id`; indices left out."""

    names: tuple[str, ...]
    line: int


@dataclass
class Block:
    """A block at the top of a file."""

    kind: str
    labels: tuple[str, ...]
    line: int
    attributes: dict[str, int] = field(default_factory=dict)
    """The arguments right in it, with their lines."""
    literals: dict[str, str] = field(default_factory=dict)
    """Those that are plain strings."""
    nested: list[str] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)
    """Names that loops and dynamic blocks in it give."""


def blocks(text: str) -> list[Block] | None:
    """The blocks of a file; null where it is no HCL. Heredocs are not looked into."""
    import hcl2
    from lark.exceptions import LarkError

    try:
        tree: Any = hcl2.parses_to_tree(text if text.endswith("\n") else f"{text}\n")
    except (LarkError, RecursionError, ValueError):
        return None
    return [_block(each) for body in tree.children if _is(body, "body") for each in body.children if _is(each, "block")]


def _is(node: Any, kind: str) -> bool:
    return getattr(node, "data", None) == kind


def _tokens(node: Any) -> Iterator[Token]:
    todo = [node]
    while todo:
        each = todo.pop()
        if hasattr(each, "children"):
            todo += reversed(each.children)
        elif each is not None:
            yield each


def _text(node: Any) -> str:
    return "".join(str(token) for token in _tokens(node))


def _line(node: Any) -> int:
    return next((token.line for token in _tokens(node) if token.line is not None), 1)


def _block(tree: Tree[Token]) -> Block:
    heads = [each for each in tree.children if _is(each, "identifier") or _is(each, "string")]
    kind, *labels = (_text(each).strip('"') for each in heads)
    block = Block(kind, tuple(labels), _line(tree))
    for body in (each for each in tree.children if _is(each, "body")):
        for each in body.children:  # type: ignore[union-attr]
            if _is(each, "attribute"):
                name, value = _text(each.children[0]), _text(each.children[-1]).strip()  # type: ignore[union-attr]
                block.attributes[name] = _line(each)
                if value.startswith('"') and value.endswith('"') and "${" not in value:
                    block.literals[name] = value.strip('"')
            elif _is(each, "block"):
                block.nested.append(_text(each.children[0]))  # type: ignore[union-attr]
        if kind not in _NO_BLOCKS:
            _walk(body, block)
    return block


def _walk(body: Any, block: Block) -> None:
    todo = [body]
    while todo:
        node = todo.pop()
        if _is(node, "attribute") and _text(node.children[0]) in _NO_REFERENCES:
            continue
        if _is(node, "for_intro"):
            block.bound |= {_text(each) for each in node.children if _is(each, "identifier")}
        if _is(node, "block") and _text(node.children[0]) == "dynamic":
            block.bound |= {_text(each).strip('"') for each in node.children if _is(each, "string")}
        if _is(node, "attribute") and _text(node.children[0]) == "iterator":
            block.bound.add(_text(node.children[-1]).strip())
        if _is(node, "get_attr_expr_term") and (names := _chain(node)):
            block.references.append(Reference(names, _line(node)))
            todo += _indices(node)
            continue
        todo += getattr(node, "children", ())


def _chain(node: Any) -> tuple[str, ...]:
    """The names of a traversal from its root; empty where it starts from something else than a name."""
    names: list[str] = []
    while True:
        if _is(node, "get_attr_expr_term"):
            names.append(_text(node.children[-1]).strip(". \n"))
        elif _is(node, "expr_term") and len(node.children) == 1:
            node = node.children[0]
            continue
        elif _is(node, "identifier"):
            return (_text(node), *reversed(names))
        elif not _is(node, "index_expr_term"):
            return ()
        node = node.children[0]


def _indices(node: Any) -> list[Any]:
    """What stands in the brackets of a traversal: expressions of their own."""
    found = []
    while getattr(node, "children", None):
        if _is(node, "index_expr_term"):
            found += node.children[1:]
        node = node.children[0]
    return found
