"""The modules of one JavaScript application, and what an expression in one of them comes down to."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from boringops_tools.stack.grammar import literal, source, within
from boringops_tools.stack.js_module import FUNCTIONS, Import, Module, Parameter, Part, Value, parameters
from boringops_tools.stack.tree import Tree, folder_of

if TYPE_CHECKING:
    from tree_sitter import Node

SUFFIXES = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")
_GRAMMAR = {".ts": "typescript", ".mts": "typescript", ".cts": "typescript", ".tsx": "tsx"}
_WRAPPERS = {
    "parenthesized_expression", "await_expression", "as_expression", "satisfies_expression", "non_null_expression",
}  # fmt: skip
_ENVIRONMENTS = {"process.env", "import.meta.env", "Bun.env"}
"""Ways to speak of the environment; what bundlers fill in counts, they take it from there."""
_DEEPEST = 24
"""Names for names for names: more steps than people write."""


@dataclass(frozen=True)
class Origin:
    """Where an expression comes from: a node of ours, or (package, export) of somebody else's."""

    module: Module
    node: Node
    external: tuple[str, str] | None = None

    @property
    def key(self) -> tuple[str, int]:
        """The same for every way to speak of it."""
        return self.module.path, self.node.start_byte


class Program:
    """Modules are parsed when something leads to them."""

    def __init__(self, tree: Tree, paths: Iterable[str]) -> None:
        self._tree = tree
        self._paths = set(paths)
        self.module = cache(self._module)

    def _module(self, path: str) -> Module:
        return Module(path, self._tree.text(path), _GRAMMAR.get(path[path.rfind(".") :], "javascript"))

    def resolve(self, module: Module, node: Node | None, depth: int = _DEEPEST) -> Origin | None:
        """What `node` comes down to: a literal, a function, a parameter, the call that makes a thing; None if open."""
        while node is not None and node.type in _WRAPPERS:
            node = node.named_children[0] if node.named_children else None
        if node is None or not depth:
            return None
        if node.type in {"identifier", "shorthand_property_identifier"}:
            return self._name(module, node, depth)
        if node.type == "member_expression":
            return self._member(module, node, depth)
        if node.type == "call_expression":
            return self._call(module, node, depth)
        return Origin(module, node)

    def _name(self, module: Module, node: Node, depth: int) -> Origin | None:
        bound = module.lookup(node, source(node))
        if isinstance(bound, Value):
            return self.resolve(module, bound.node, depth - 1)
        if isinstance(bound, Part):
            return self._property(self.resolve(module, bound.of, depth - 1), bound.key, depth)
        if isinstance(bound, Import):
            return self._imported(module, node, bound, depth)
        if isinstance(bound, Parameter):
            return Origin(module, bound.node)
        return None

    def _member(self, module: Module, node: Node, depth: int) -> Origin | None:
        owner, name = node.child_by_field_name("object"), source(node.child_by_field_name("property"))
        if owner is not None and owner.type == "this":
            bound = module.lookup(node, f"this.{name}")
            return self.resolve(module, bound.node, depth - 1) if isinstance(bound, Value) else None
        if (
            source(node) in _ENVIRONMENTS
            and owner is not None
            and module.lookup(owner, source(node).partition(".")[0]) is None
        ):
            return Origin(module, node, ("process", "env"))
        return self._property(self.resolve(module, owner, depth - 1), name, depth)

    def _property(self, owner: Origin | None, name: str, depth: int) -> Origin | None:
        if owner is None:
            return None
        if owner.external:
            package, export = owner.external
            return Origin(owner.module, owner.node, (package, name)) if export in {"default", "*"} else None
        if owner.node.type == "program":
            return self._exported(owner.module, name, depth - 1)
        if owner.node.type == "object":
            for item in owner.node.named_children:
                if item.type == "pair" and _key(item) == name:
                    return self.resolve(owner.module, item.child_by_field_name("value"), depth - 1)
                if item.type == "shorthand_property_identifier" and source(item) == name:
                    return self.resolve(owner.module, item, depth - 1)
                if item.type == "method_definition" and source(item.child_by_field_name("name")) == name:
                    return Origin(owner.module, item)
        return None

    def _call(self, module: Module, node: Node, depth: int) -> Origin | None:
        function, given = node.child_by_field_name("function"), arguments(node)
        if source(function) == "require" and given and (specifier := literal(given[0])):
            return self._imported(module, node, Import(specifier, "default"), depth)
        callee = self.resolve(module, function, depth - 1)
        if callee is None or callee.external or callee.node.type not in FUNCTIONS:
            return Origin(module, node)
        made = [self.resolve(callee.module, value, depth - 1) for value in _returned(callee.node)]
        if not made or made[0] is None or any(other is None or other.key != made[0].key for other in made):
            return Origin(module, node)
        for (parameter, _, _), argument in zip(parameters(callee.node), given, strict=False):
            if made[0].node == parameter:  # it hands back what it was given
                return self.resolve(module, argument, depth - 1)
        return made[0]

    def _imported(self, module: Module, node: Node, wanted: Import, depth: int) -> Origin | None:
        other = self._find(module, wanted.specifier)
        if other is not None:
            return self._exported(other, wanted.name, depth - 1)
        outside = not wanted.specifier.startswith((".", "/", "@/", "~/", "#"))
        package = wanted.specifier.removeprefix("node:")
        return Origin(module, node, (package, wanted.name)) if outside else None

    def _exported(self, module: Module, name: str, depth: int) -> Origin | None:
        found = module.exports.get(name)
        if isinstance(found, Import):
            return self._imported(module, module.root, found, depth)
        if found is not None:
            return self.resolve(module, found, depth)
        if name in {"default", "*"}:
            return Origin(module, module.root)
        whole = self._exported(module, "default", depth - 1) if "default" in module.exports else None
        if whole is not None and whole.node.type == "object":  # module.exports = { name }
            return self._property(whole, name, depth - 1)
        for specifier in module.everything_of if depth > 0 else []:
            if (other := self._find(module, specifier)) and (passed := self._exported(other, name, depth - 1)):
                return passed
        return None

    def _find(self, module: Module, specifier: str) -> Module | None:
        """The module of ours that a relative specifier means, as Node, bundlers and TypeScript read it."""
        if not specifier.startswith("."):
            return None
        base = posixpath.normpath(posixpath.join(folder_of(module.path), specifier))
        plain, dot, suffix = base.rpartition(".")
        compiled = [f"{plain}.{suffix.replace('js', 'ts')}", f"{plain}.tsx"] if dot and suffix.endswith("js") else []
        tries = [base, *compiled, *(base + end for end in SUFFIXES), *(f"{base}/index{end}" for end in SUFFIXES)]
        return next((self.module(path) for path in tries if path in self._paths), None)

    def text(self, module: Module, node: Node | None) -> str | None:
        """A string or number that is certain: literals, names for them, and templates and sums of such."""
        origin = self.resolve(module, node)
        if origin is None or origin.external:
            return None
        node, module = origin.node, origin.module
        if (plain := literal(node)) is not None:
            return plain
        if node.type == "template_string":
            parts = [
                source(child)
                if child.type == "string_fragment"
                else self.text(module, child.named_children[0])
                if child.named_children
                else None
                for child in node.named_children
            ]
        elif node.type == "binary_expression" and source(node.child_by_field_name("operator")) == "+":
            parts = [self.text(module, node.child_by_field_name(side)) for side in ("left", "right")]
        else:
            return None
        return None if None in parts else "".join(part or "" for part in parts)


def arguments(call: Node) -> list[Node]:
    given = call.child_by_field_name("arguments")
    return [node for node in given.named_children if node.type != "comment"] if given is not None else []


def option(node: Node | None, name: str) -> Node | None:
    """The value under `name` of an object literal."""
    for item in node.named_children if node is not None and node.type == "object" else []:
        if item.type == "pair" and _key(item) == name:
            return item.child_by_field_name("value")
        if item.type == "shorthand_property_identifier" and source(item) == name:
            return item
    return None


def pairs(node: Node) -> Iterator[tuple[str, Node]]:
    """Names and values of an object literal."""
    for item in node.named_children if node.type == "object" else []:
        if item.type == "pair" and (value := item.child_by_field_name("value")) is not None:
            yield _key(item), value


def chain(node: Node | None) -> Iterator[tuple[str, list[Node]]]:
    """(name, arguments) of each call in `a.b(1).c(2)`, the last one first; a plain `b(1)` counts."""
    while node is not None and node.type == "call_expression":
        function = node.child_by_field_name("function")
        if function is None or function.type != "member_expression":
            yield source(function), arguments(node)
            return
        yield source(function.child_by_field_name("property")), arguments(node)
        node = function.child_by_field_name("object")


def _key(pair: Node) -> str:
    key = pair.child_by_field_name("key")
    return literal(key) or source(key)


def _returned(function: Node) -> list[Node]:
    """What a function returns, as far as it says so itself."""
    body = function.child_by_field_name("body")
    if body is None or body.type != "statement_block":
        return [body] if body is not None else []
    found, stack = [], [body]
    while stack:
        node = stack.pop()
        if node.type == "return_statement" and node.named_children:
            found.append(node.named_children[0])
        stack.extend(child for child in node.named_children if child.type not in FUNCTIONS)
    return found


__all__ = ["SUFFIXES", "Origin", "Program", "arguments", "chain", "option", "pairs", "within"]
