"""The packages of one Go module: what a name, a field or a call in them comes down to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boringops_tools.stack.grammar import literal, root, source
from boringops_tools.stack.tree import Tree, folder_of, join

if TYPE_CHECKING:
    from tree_sitter import Node

FUNCTIONS = {"function_declaration", "method_declaration", "func_literal"}
_PAIRED = {"short_var_declaration": ("left", "right"), "assignment_statement": ("left", "right"),
           "var_spec": ("name", "value"), "const_spec": ("name", "value")}  # fmt: skip
_DEEPEST = 24
"""Names for names for names: more steps than people write."""


@dataclass(frozen=True)
class Origin:
    """Where an expression comes from: the call that made it, a parameter, a literal."""

    file: File
    node: Node

    @property
    def key(self) -> tuple[str, int]:
        """The same for every way to speak of it."""
        return self.file.path, self.node.start_byte


class File:
    """A source file, indexed once."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.folder = path, folder_of(path)
        self.root = root("go", text)
        self.nodes: list[Node] = []
        self.parent: dict[int, Node] = {}
        self.imports: dict[str, str] = {}
        self.names: dict[tuple[int, str], list[Node]] = defaultdict(list)
        """(scope, name) to every expression or parameter it is given."""
        self._outer: dict[int, int] = {}
        self._scope: dict[int, int] = {}
        stack = [(self.root, self.root.id)]
        while stack:
            node, scope = stack.pop()
            self.nodes.append(node)
            self._scope[node.id] = scope
            inner = node.id if node.type in FUNCTIONS else scope
            if inner != scope:
                self._outer[inner] = scope
            self._bind(node, scope)
            for child in node.named_children:
                self.parent[child.id] = node
            stack.extend((child, inner) for child in reversed(node.named_children))

    def _bind(self, node: Node, scope: int) -> None:
        if node.type in _PAIRED:
            left, right = _PAIRED[node.type]
            names, values = _listed(node, left), _listed(node, right)
            for name, value in zip(names, values, strict=False) if len(names) == len(values) else []:
                self.names[scope, source(name)].append(value)
        elif node.type in FUNCTIONS:
            for parameter in parameters(node):
                self.names[node.id, source(parameter)].append(parameter)
        elif node.type == "import_spec" and (path := literal(node.child_by_field_name("path"))):
            plain = path.rpartition("/")[2]
            if plain.startswith("v") and plain[1:].isdigit():
                plain = path.rpartition("/")[0].rpartition("/")[2]
            self.imports[source(node.child_by_field_name("name")) or plain] = path

    def lookup(self, node: Node, name: str) -> list[Node] | None:
        """What `name` is given in the nearest scope that knows it."""
        scope: int | None = self._scope.get(node.id)
        while scope is not None:
            if (scope, name) in self.names:
                return self.names[scope, name]
            scope = self._outer.get(scope)
        return None

    def function(self, node: Node) -> Node | None:
        """The function around `node`."""
        above = self.parent.get(node.id)
        while above is not None and above.type not in FUNCTIONS:
            above = self.parent.get(above.id)
        return above


class Program:
    def __init__(self, tree: Tree, folder: str, module: str, paths: Iterable[str]) -> None:
        self.files = [File(path, tree.text(path)) for path in paths]
        self._folder, self._module = folder, module
        self._functions: dict[tuple[str, str], list[Origin]] = defaultdict(list)
        self._fields: dict[tuple[str, str], list[Origin]] = defaultdict(list)
        self._resolved: dict[tuple[int, int, int, str], Origin | None] = {}
        self._globals: dict[tuple[str, str], list[Origin]] = defaultdict(list)
        for file in self.files:
            for (scope, name), values in file.names.items():
                if scope == file.root.id:
                    self._globals[file.folder, name] += [Origin(file, value) for value in values]
            for node in file.nodes:
                if node.type in {"function_declaration", "method_declaration"}:
                    self._functions[file.folder, source(node.child_by_field_name("name"))].append(Origin(file, node))
                elif node.type == "keyed_element":
                    key, value = (
                        child.named_children[0] if child.named_children else child for child in node.named_children[:2]
                    )
                    self._fields[file.folder, source(key)].append(Origin(file, value))
                elif node.type == "assignment_statement":
                    for target, value in zip(_listed(node, "left"), _listed(node, "right"), strict=False):
                        if target.type == "selector_expression":
                            field = source(target.child_by_field_name("field"))
                            self._fields[file.folder, field].append(Origin(file, value))

    def resolve(self, file: File, node: Node | None, depth: int = _DEEPEST) -> Origin | None:
        """What `node` comes down to; None where it may be several things."""
        if node is None or not depth:
            return None
        place = (id(file), node.start_byte, node.end_byte, node.type)
        if place not in self._resolved:  # names that lead to each other would be walked again and again
            self._resolved[place] = None
            self._resolved[place] = self._resolve(file, node, depth)
        return self._resolved[place]

    def _resolve(self, file: File, node: Node, depth: int) -> Origin | None:
        if node.type == "identifier":
            given = file.lookup(node, source(node))
            found = [Origin(file, value) for value in given] if given is not None else []
            return self._one(found or self._globals.get((file.folder, source(node)), []), node, depth)
        if node.type == "selector_expression":
            name = source(node.child_by_field_name("field"))
            return self._one(self._fields.get((file.folder, name), []), node, depth)
        if node.type == "call_expression":
            function = self.function(file, node)
            made = (
                [self.resolve(function.file, value, depth - 1) for value in _returned(function.node)]
                if function
                else []
            )
            if made and made[0] is not None and all(one is not None and one.key == made[0].key for one in made):
                return made[0]
        return Origin(file, node)

    def _one(self, found: list[Origin], node: Node, depth: int) -> Origin | None:
        """The single thing that everything in `found` comes down to."""
        origins = [
            one if one.node == node or (one.node.parent is not None and one.node.parent.type == "parameter_declaration")
            else self.resolve(one.file, one.node, depth - 1)
            for one in found
        ]  # fmt: skip
        keys = {origin.key if origin is not None else None for origin in origins}
        return origins[0] if len(keys) == 1 else None

    def function(self, file: File, call: Node) -> Origin | None:
        """The function of ours that a call calls, where one name means one function."""
        called = call.child_by_field_name("function")
        folder, name = file.folder, source(called)
        if called is not None and called.type == "selector_expression":
            owner, name = source(called.child_by_field_name("operand")), source(called.child_by_field_name("field"))
            path = file.imports.get(owner)
            if path is not None:
                if not self._module or not f"{path}/".startswith(f"{self._module}/"):
                    return None
                folder = join(self._folder, path[len(self._module) :].strip("/")).rstrip("/")
        found = self._functions.get((folder, name), [])
        return found[0] if len(found) == 1 else None

    def external(self, file: File, call: Node) -> str:
        """`package.Function` of somebody else's, by the import's path without its version."""
        called = call.child_by_field_name("function")
        if called is None or called.type != "selector_expression":
            return ""
        path = file.imports.get(source(called.child_by_field_name("operand")))
        if path is None:
            return ""
        plain, _, last = path.rpartition("/")
        return f"{plain if last.startswith('v') and last[1:].isdigit() else path}.{source(called.child_by_field_name('field'))}"

    def text(self, file: File, node: Node | None, depth: int = _DEEPEST) -> str | None:
        """A string or number that is certain: a literal, a constant, a sum of such."""
        origin = self.resolve(file, node) if depth else None  # `x = x + y` has no end
        if origin is None:
            return None
        if origin.node.type == "binary_expression" and source(origin.node.child_by_field_name("operator")) == "+":
            parts = [
                self.text(origin.file, origin.node.child_by_field_name(side), depth - 1) for side in ("left", "right")
            ]
            return None if None in parts else "".join(part or "" for part in parts)
        return literal(origin.node)


def parameters(function: Node) -> list[Node]:
    """The names of a function's parameters, in order."""
    listed = function.child_by_field_name("parameters")
    declarations = listed.named_children if listed is not None else []
    return [name for declaration in declarations for name in declaration.children_by_field_name("name")]


def arguments(call: Node) -> list[Node]:
    given = call.child_by_field_name("arguments")
    return [node for node in given.named_children if node.type != "comment"] if given is not None else []


def method(call: Node) -> tuple[Node | None, str]:
    """(what it is called on, name) of a call; for a plain function only the name."""
    called = call.child_by_field_name("function")
    if called is None or called.type != "selector_expression":
        return None, source(called)
    return called.child_by_field_name("operand"), source(called.child_by_field_name("field"))


def _listed(node: Node, field: str) -> list[Node]:
    found = node.children_by_field_name(field)
    return found[0].named_children if len(found) == 1 and found[0].type == "expression_list" else found


def _returned(function: Node) -> list[Node]:
    """The first value of every return of a function."""
    found, stack = [], [function.child_by_field_name("body")]
    while stack:
        node = stack.pop()
        if node is None:
            continue
        if node.type == "return_statement" and node.named_children:
            values = node.named_children[0]
            found.append(values.named_children[0] if values.type == "expression_list" else values)
        stack.extend(child for child in node.named_children if child.type not in FUNCTIONS)
    return found
