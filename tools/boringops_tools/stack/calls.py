"""One view of calls for many languages: who is called, with which literals, inside which other calls.

Annotations and attributes count as calls whose name starts with `@`: `@GetMapping("/health")`, `#[get("/health")]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from boringops_tools.stack.facts import Source
from boringops_tools.stack.grammar import line, root, source
from boringops_tools.stack.tree import Tree

if TYPE_CHECKING:
    from tree_sitter import Node

GRAMMARS = {
    ".java": "java", ".kt": "kotlin", ".kts": "kotlin", ".rs": "rust", ".rb": "ruby", ".ru": "ruby", ".php": "php",
    ".cs": "csharp", ".ex": "elixir", ".exs": "elixir",
}  # fmt: skip
_CALLS = {
    "java": {"method_invocation", "annotation", "marker_annotation"},
    "kotlin": {"call_expression", "annotation"},
    "rust": {"call_expression", "attribute"},
    "ruby": {"call", "element_reference"},
    "php": {"function_call_expression", "scoped_call_expression", "member_call_expression", "subscript_expression"},
    "csharp": {"invocation_expression", "attribute", "element_access_expression"},
    "elixir": {"call"},
}
_STRINGS = {
    "string_literal",
    "string",
    "encapsed_string",
    "raw_string_literal",
    "verbatim_string_literal",
    "heredoc_body",
}
_PARTS = {"string_content", "string_fragment", "quoted_content", "string_literal_content", "escape_sequence"}
_MARKS = {"simple_symbol", "atom", "hash_key_symbol", "keyword"}
_PLAIN = {"integer_literal", "integer", "decimal_integer_literal", "number_literal", "boolean", "true", "false"}
_CLASSES = {
    "class_declaration",
    "interface_declaration",
    "object_declaration",
    "method_declaration",
    "function_declaration",
}


@dataclass(frozen=True)
class Call:
    """`name` is `System.getenv`, `ENV[]`, `Route::get`, `.route` (after a receiver that is itself a call), `@Path`."""

    name: str
    node: Node
    place: Source
    arguments: tuple[tuple[str, Node], ...] = ()
    """(keyword or empty, value)."""
    around: tuple[Call, ...] = field(default=(), repr=False)
    """Calls and annotated declarations that this one stands in, the outermost first."""

    def text(self, index: int = 0) -> str | None:
        """The literal at a position, keywords counted too; None where it is none."""
        return text(self.arguments[index][1]) if index < len(self.arguments) else None

    def option(self, name: str) -> str | None:
        return next((text(value) for key, value in self.arguments if key == name), None)


def calls(tree: Tree, paths: Iterable[str], signs: Iterable[str] = ()) -> Iterator[Call]:
    """Every call in the sources at `paths`; those without any of `signs` in their text are not parsed."""
    signs = tuple(signs)
    for path in paths:
        grammar = GRAMMARS.get(path[path.rfind(".") :], "ruby")  # Gemfile, Rakefile and their like
        content = tree.text(path)
        if content and (not signs or any(sign in content for sign in signs)):
            yield from _walk(grammar, path, content)


def _walk(grammar: str, path: str, content: str) -> Iterator[Call]:
    kinds = _CALLS[grammar]
    stack: list[tuple[Node, tuple[Call, ...]]] = [(root(grammar, content), ())]
    while stack:
        node, around = stack.pop()
        if node.type in kinds:
            call = _call(grammar, path, node, around)
            if call is not None:
                yield call
                around = (*around, call)
        if node.type in _CLASSES:
            marks = [_call(grammar, path, mark, ()) for mark in _annotations(node)]
            around = (*around, *(mark for mark in marks if mark is not None))
        stack.extend((child, around) for child in reversed(node.named_children))


def _annotations(declaration: Node) -> Iterator[Node]:
    for child in declaration.named_children:
        if child.type in {"modifiers", "attribute_list"}:
            yield from (mark for mark in child.named_children if mark.type.endswith(("annotation", "attribute")))


def _call(grammar: str, path: str, node: Node, around: tuple[Call, ...]) -> Call | None:
    inner = node
    if grammar == "kotlin" and node.type == "call_expression" and node.named_children[0].type == "call_expression":
        inner = node.named_children[0]  # `get("/x") { }` is a call of a call
    name = _name(grammar, inner)
    if not name:
        return None
    return Call(name, node, Source(path=path, line=line(node)), tuple(_arguments(inner)), around)


def _name(grammar: str, node: Node) -> str:
    if node.type in {"annotation", "marker_annotation"}:
        if grammar == "java":
            return f"@{source(node.child_by_field_name('name'))}"
        made = next((child for child in node.named_children if child.type != "use_site_target"), node)
        return f"@{source(made).partition('(')[0].strip()}"
    if node.type == "attribute":
        return f"@{source(node.child_by_field_name('name') or next(iter(node.named_children), None))}"
    if node.type == "element_reference":
        return f"{source(node.child_by_field_name('object'))}[]"
    if node.type == "subscript_expression":
        return f"{source(node.named_children[0])}[]" if node.named_children else ""
    if node.type == "element_access_expression":
        return f"{source(node.child_by_field_name('expression'))}[]"
    if node.type == "scoped_call_expression":
        return f"{source(node.child_by_field_name('scope'))}::{source(node.child_by_field_name('name'))}"
    if node.type == "member_call_expression":
        return f"->{source(node.child_by_field_name('name'))}"
    if grammar in {"java", "ruby"}:
        owner = node.child_by_field_name("object" if grammar == "java" else "receiver")
        name = source(node.child_by_field_name("name" if grammar == "java" else "method"))
        return name if owner is None else f"{_owner(owner)}.{name}"
    if grammar == "kotlin":
        return _short(source(node.named_children[0]))
    if grammar == "elixir":
        return source(node.child_by_field_name("target"))
    return _short(source(node.child_by_field_name("function")))


def _owner(node: Node) -> str:
    whole = source(node)
    return whole if "(" not in whole and "\n" not in whole else ""


def _short(whole: str) -> str:
    """`a.b` as it is; what follows a call as `.name`."""
    return whole if "(" not in whole and "\n" not in whole else f".{whole.rpartition('.')[2].strip()}"


def _arguments(node: Node) -> Iterator[tuple[str, Node]]:
    if node.type == "element_reference":
        yield from (("", child) for child in node.named_children[1:])
        return
    if node.type == "subscript_expression":
        yield from (("", child) for child in node.named_children[1:])
        return
    given = node.child_by_field_name("arguments") or next(
        (child for child in node.named_children if child.type in _LISTS or child.type == "constructor_invocation"), None
    )
    if given is not None and given.type == "constructor_invocation":
        given = next((child for child in given.named_children if child.type in _LISTS), None)
    for item in given.named_children if given is not None else []:
        yield from _argument(item)


_LISTS = {
    "argument_list", "arguments", "annotation_argument_list", "value_arguments", "attribute_argument_list", "token_tree",
    "bracketed_argument_list",
}  # fmt: skip


def _argument(item: Node) -> Iterator[tuple[str, Node]]:
    if item.type == "comment":
        return
    if item.type in {"pair", "element_value_pair"}:
        key, value = item.child_by_field_name("key"), item.child_by_field_name("value")
        if value is not None:
            yield (text(key) or source(key)).strip(": "), value
    elif item.type == "keywords":
        for inner in item.named_children:
            yield from _argument(inner)
    elif item.type in {"argument", "value_argument", "attribute_argument"} and item.named_children:
        name = item.child_by_field_name("name")
        named = name is not None or (item.type == "value_argument" and len(item.named_children) > 1)
        yield (
            (source(name) if name is not None else source(item.named_children[0])) if named else "",
            item.named_children[-1],
        )
    else:
        yield "", item


def text(node: Node | None) -> str | None:
    """The value of a literal without parts to fill in; None for anything else."""
    if node is None:
        return None
    if node.type in _STRINGS:
        if all(child.type in _PARTS for child in node.named_children):
            return "".join(source(child).replace("\\$", "$") for child in node.named_children)
        return None
    if node.type in _MARKS:
        return source(node).strip(": ")
    if node.type in {"array_initializer", "element_value_array_initializer", "collection_literal", "array"}:
        return text(node.named_children[0]) if len(node.named_children) == 1 else None
    return source(node) if node.type in _PLAIN else None
