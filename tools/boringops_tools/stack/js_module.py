"""One JavaScript or TypeScript module: its nodes, what its names are bound to, what it imports and exports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boringops_tools.stack.grammar import literal, root, source

if TYPE_CHECKING:
    from tree_sitter import Node

FUNCTIONS = {
    "function_declaration", "function_expression", "arrow_function", "method_definition",
    "generator_function_declaration", "generator_function",
}  # fmt: skip


@dataclass(frozen=True)
class Value:
    """A name for an expression, a function or a class; `node` is None while it has no value."""

    node: Node | None


@dataclass(frozen=True)
class Import:
    """A name from another module. `default` is its default export, `*` the module itself."""

    specifier: str
    name: str


@dataclass(frozen=True)
class Part:
    """A name for a property of another expression: `const { key } = of`."""

    of: Node
    key: str


@dataclass(frozen=True)
class Parameter:
    """A name for what the callers of a function hand over."""

    node: Node
    default: Node | None
    annotation: str


Bound = Value | Import | Part | Parameter


class Module:
    """The module's text, indexed once. A name bound to two things in one scope counts as bound to nothing."""

    def __init__(self, path: str, text: str, grammar: str) -> None:
        self.path = path
        self.root = root(grammar, text)
        self.nodes: list[Node] = []
        self.parent: dict[int, Node] = {}
        self.exports: dict[str, Node | Import] = {}
        self.everything_of: list[str] = []
        """Specifiers of modules that are exported whole."""
        self._scope: dict[int, int] = {}
        self._outer: dict[int, int] = {}
        self._classes: set[int] = set()
        self._names: dict[tuple[int, str], Bound | None] = {}
        self._index()

    def lookup(self, node: Node, name: str) -> Bound | None:
        """What `name` means where `node` stands; None where that is open."""
        scope: int | None = self._scope.get(node.id)
        while scope is not None:
            if (scope, name) in self._names:
                return self._names[scope, name]
            scope = self._outer.get(scope)
        return None

    def ancestors(self, node: Node) -> Iterator[Node]:
        """From the nearest outward."""
        above = self.parent.get(node.id)
        while above is not None:
            yield above
            above = self.parent.get(above.id)

    def function(self, node: Node) -> Node | None:
        """The function around `node`."""
        return next((above for above in self.ancestors(node) if above.type in FUNCTIONS), None)

    def _index(self) -> None:
        stack = [(self.root, self.root.id)]
        while stack:
            node, scope = stack.pop()
            self.nodes.append(node)
            self._scope[node.id] = scope
            inner = node.id if node.type in FUNCTIONS or node.type == "class_body" else scope
            if inner != scope:
                self._outer[inner] = scope
            if node.type == "class_body":
                self._classes.add(node.id)
            if binder := _BINDERS.get(node.type):
                binder(self, node, scope)
            children = node.named_children
            for child in children:
                self.parent[child.id] = node
            stack.extend((child, inner) for child in reversed(children))

    def bind(self, scope: int, name: str, bound: Bound) -> None:
        known = self._names.get((scope, name), Value(None))
        self._names[scope, name] = bound if known == Value(None) else None

    def assigned(self, scope: int, name: str, value: Node) -> None:
        """An assignment gives a value to a name that was declared without one."""
        around: int | None = scope
        while around is not None and (around, name) not in self._names:
            around = self._outer.get(around)
        if around is not None:
            self.bind(around, name, Value(value))

    def property(self, scope: int, name: str, value: Node | None) -> None:
        """`this.name` within a class, wherever its methods set it."""
        around: int | None = scope
        while around is not None and around not in self._classes:
            around = self._outer.get(around)
        if around is not None:
            self.bind(around, f"this.{name}", Value(value))


def pattern_parts(pattern: Node) -> Iterator[tuple[str, Node, Node | None]]:
    """(property, node of the local name, default) for each plain part of `{ a, b = 1, c: d }`."""
    for child in pattern.named_children:
        if child.type == "shorthand_property_identifier_pattern":
            yield source(child), child, None
        elif child.type == "object_assignment_pattern" and (left := child.child_by_field_name("left")) is not None:
            yield source(left), left, child.child_by_field_name("right")
        elif child.type == "pair_pattern" and (value := child.child_by_field_name("value")) is not None:
            key, default = child.child_by_field_name("key"), None
            if value.type == "assignment_pattern":
                default, value = value.child_by_field_name("right"), value.child_by_field_name("left") or value
            yield literal(key) or source(key), value, default


def parameters(function: Node) -> list[tuple[Node, Node | None, str]]:
    """(name or pattern, default, type as written) of each parameter."""
    single, listed = function.child_by_field_name("parameter"), function.child_by_field_name("parameters")
    found = []
    for node in [single] if single is not None else listed.named_children if listed is not None else []:
        inner = node.child_by_field_name("pattern") or node
        default = node.child_by_field_name("value")
        if inner.type == "assignment_pattern":
            inner, default = inner.child_by_field_name("left") or inner, inner.child_by_field_name("right")
        if node.type != "comment":
            found.append((inner, default, source(node.child_by_field_name("type")).lstrip(": ")))
    return found


def _variable(module: Module, node: Node, scope: int) -> None:
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is not None and name.type == "identifier":
        module.bind(scope, source(name), Value(value))
    elif name is not None and name.type == "object_pattern" and value is not None:
        for key, local, _ in pattern_parts(name):
            module.bind(scope, source(local), Part(value, key))


def _declaration(module: Module, node: Node, scope: int) -> None:
    if node.type != "class_declaration":
        _function(module, node, scope)
    module.bind(scope, source(node.child_by_field_name("name")), Value(node))


def _function(module: Module, node: Node, _: int) -> None:
    for pattern, default, annotation in parameters(node):
        if pattern.type == "identifier":
            module.bind(node.id, source(pattern), Parameter(pattern, default, annotation))
        elif pattern.type == "object_pattern":
            for key, local, inner in pattern_parts(pattern):
                known = Part(default, key) if default is not None and inner is None else None
                module.bind(node.id, source(local), known or Parameter(local, inner, ""))


def _import(module: Module, node: Node, scope: int) -> None:
    specifier = literal(node.child_by_field_name("source")) or ""
    for clause in node.named_children:
        for child in clause.named_children if clause.type == "import_clause" else []:
            if child.type == "identifier":
                module.bind(scope, source(child), Import(specifier, "default"))
            elif child.type == "namespace_import":
                module.bind(scope, source(child.named_children[0]), Import(specifier, "*"))
            for item in child.named_children if child.type == "named_imports" else []:
                name = source(item.child_by_field_name("name"))
                module.bind(scope, source(item.child_by_field_name("alias")) or name, Import(specifier, name))


def _export(module: Module, node: Node, _: int) -> None:
    specifier = literal(node.child_by_field_name("source"))
    declared, value = node.child_by_field_name("declaration"), node.child_by_field_name("value")
    clause = next((child for child in node.named_children if child.type == "export_clause"), None)
    if clause is not None:
        for item in clause.named_children:
            name = item.child_by_field_name("name")
            public = source(item.child_by_field_name("alias")) or source(name)
            if name is not None:
                module.exports[public] = Import(specifier, source(name)) if specifier else name
    elif specifier:
        module.everything_of.append(specifier)
    elif any(child.type == "default" for child in node.children):
        if (default := value or declared) is not None:
            module.exports["default"] = default
    elif declared is not None:
        for inner in declared.named_children if declared.type.endswith("_declaration") else []:
            if inner.type == "variable_declarator" and (name := inner.child_by_field_name("name")) is not None:
                module.exports[source(name)] = name
        if (own := declared.child_by_field_name("name")) is not None:
            module.exports[source(own)] = declared


def _assignment(module: Module, node: Node, scope: int) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None:
        return
    if left.type == "identifier":
        module.assigned(scope, source(left), right)
    elif left.type == "member_expression":
        owner, name = source(left.child_by_field_name("object")), source(left.child_by_field_name("property"))
        if owner == "this":
            module.property(scope, name, right)
        elif (owner, name) == ("module", "exports"):
            module.exports["default"] = right
        elif owner in {"exports", "module.exports"}:
            module.exports[name] = right


def _field(module: Module, node: Node, scope: int) -> None:
    name = node.child_by_field_name("property") or node.child_by_field_name("name")
    module.property(scope, source(name), node.child_by_field_name("value"))


_BINDERS = {
    "variable_declarator": _variable,
    "function_declaration": _declaration, "generator_function_declaration": _declaration, "class_declaration": _declaration,
    "function_expression": _function, "arrow_function": _function, "generator_function": _function,
    "method_definition": _function,
    "import_statement": _import, "export_statement": _export, "assignment_expression": _assignment,
    "field_definition": _field, "public_field_definition": _field,
}  # fmt: skip
