"""Walking source text with tree-sitter, whose grammars never fail on broken code."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_GRAMMARS = {
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "kotlin": ("tree_sitter_kotlin", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "elixir": ("tree_sitter_elixir", "language"),
}


@cache
def _parser(name: str) -> Parser:
    from tree_sitter import Language, Parser

    module, function = _GRAMMARS[name]
    return Parser(Language(getattr(import_module(module), function)()))


def root(grammar: str, text: str) -> Node:
    """The node of the whole source."""
    return _parser(grammar).parse(text.encode()).root_node


def within(node: Node) -> Iterator[Node]:
    """The node and every named one below it, a parent before its children."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.named_children))


def source(node: Node | None) -> str:
    """The node's text; empty where there is no node."""
    return node.text.decode(errors="replace") if node is not None and node.text is not None else ""


def literal(node: Node | None) -> str | None:
    """The value of a string or number literal without parts to fill in; None for anything else."""
    if node is None:
        return None
    text = source(node)
    if node.type in {"number", "int_literal"}:
        return text
    if node.type in {"string", "interpreted_string_literal", "raw_string_literal"} and len(text) >= 2:
        return text[1:-1]
    if node.type == "template_string" and not any(child.type == "template_substitution" for child in node.children):
        return text[1:-1]
    return None


def line(node: Node) -> int:
    return node.start_point.row + 1
