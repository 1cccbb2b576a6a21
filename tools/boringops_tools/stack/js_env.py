"""Environment variables that JavaScript reads: directly, under another name, through helpers and by schemas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boringops_tools.stack.environment import is_secret
from boringops_tools.stack.facts import EnvVar, Source
from boringops_tools.stack.grammar import line, literal, source, within
from boringops_tools.stack.js_module import FUNCTIONS, Module, Parameter, parameters, pattern_parts
from boringops_tools.stack.js_program import Origin, Program, arguments, chain, option, pairs

if TYPE_CHECKING:
    from tree_sitter import Node

_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_PASSED_THROUGH = {"arguments", "call_expression", "parenthesized_expression", "as_expression", "non_null_expression"}
_BUNDLERS_OWN = {"MODE", "DEV", "PROD", "SSR", "BASE_URL", "SITE"}
"""What Vite and Astro set by themselves."""
_ALIASES = 4
"""Times the environment is handed on from one function to the next."""


@dataclass(frozen=True)
class _Helper:
    """A function that reads the variable its caller names."""

    name: int
    environment: int | None
    fallback: int | None
    default: str | None
    insists: bool


class _Reader:
    def __init__(self, program: Program, modules: Iterable[Module]) -> None:
        self.program, self.modules = program, list(modules)
        self.handed: set[tuple[str, int]] = set()
        """Parameters that some caller gives the environment to."""
        self.helpers: dict[tuple[str, int], list[_Helper]] = {}

    def read(self) -> Iterator[EnvVar]:
        calls = [(module, node) for module in self.modules for node in module.nodes if node.type == "call_expression"]
        for _ in range(_ALIASES):
            known = len(self.handed)
            for module, node in calls:
                self._hand_on(module, node)
            if len(self.handed) == known:
                break
        for module in self.modules:
            for node in module.nodes:
                if node.type in {"member_expression", "subscript_expression"}:
                    yield from self._variable(module, node)
                elif node.type in {"variable_declarator", "assignment_pattern", "required_parameter"}:
                    yield from self._destructured(module, node)
                elif node.type == "call_expression":
                    yield from self._call(module, node)

    # --- what is the environment --------------------------------------------------------------------

    def _is_environment(self, module: Module, node: Node | None) -> bool:
        origin = self.program.resolve(module, node) if node is not None else None
        if origin is None:
            return False
        if origin.external:
            return origin.external in {("process", "env")}
        if origin.key in self.handed:
            return True
        if origin.node.type == "object":  # { ...process.env }
            return any(
                item.type == "spread_element" and self._is_environment(origin.module, item.named_children[0])
                for item in origin.node.named_children
            )
        bound = origin.module.lookup(origin.node, source(origin.node)) if origin.node.type == "identifier" else None
        if isinstance(bound, Parameter):
            return "ProcessEnv" in bound.annotation or self._is_environment(origin.module, bound.default)
        return False

    def _hand_on(self, module: Module, node: Node) -> None:
        for index, argument in enumerate(arguments(node)):
            if argument.type in {"identifier", "member_expression"} and self._is_environment(module, argument):
                callee = self._callee(module, node)
                given = parameters(callee.node) if callee is not None else []
                if callee is not None and index < len(given):
                    self.handed.add(Origin(callee.module, given[index][0]).key)

    def _callee(self, module: Module, node: Node) -> Origin | None:
        origin = self.program.resolve(module, node.child_by_field_name("function"))
        return origin if origin is not None and not origin.external and origin.node.type in FUNCTIONS else None

    # --- reading it ---------------------------------------------------------------------------------

    def _variable(self, module: Module, node: Node) -> Iterator[EnvVar]:
        """`process.env.X`, `env['X']`."""
        parent = module.parent.get(node.id)
        if parent is None or (parent.child_by_field_name("left") == node and parent.type == "assignment_expression"):
            return
        name = _property(node)
        owner = node.child_by_field_name("object")
        if not name or not self._is_environment(module, owner):
            return
        if name in _BUNDLERS_OWN and source(owner) == "import.meta.env":
            return
        if parent.type == "call_expression" and parent.child_by_field_name("function") == node:
            return
        default = self.program.text(module, _fallback(module, node))
        insists = parent.type == "non_null_expression" or _refused(module, node)
        yield _named(module, node, name, default, insists and _fallback(module, node) is None)

    def _destructured(self, module: Module, node: Node) -> Iterator[EnvVar]:
        """`const { A, B = 'x' } = process.env`, as a parameter too."""
        sides = (node.child_by_field_name(key) for key in ("name", "left", "pattern"))
        pattern = next((side for side in sides if side is not None), None)
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        if pattern is not None and pattern.type == "object_pattern" and self._is_environment(module, value):
            for name, local, default in pattern_parts(pattern):
                insists = default is None and _refused(module, local)
                yield _named(module, node, name, self.program.text(module, default), insists)

    def _call(self, module: Module, node: Node) -> Iterator[EnvVar]:
        given = arguments(node)
        if given and source(node.child_by_field_name("function")) == "Deno.env.get" and (name := _constant(given[0])):
            default = self.program.text(module, _fallback(module, node))
            yield _named(module, node, name, default, _refused(module, node) and default is None)
            return
        callee = self._callee(module, node) if any(_constant(argument) for argument in given) else None
        for helper in self._helpers(callee) if callee is not None else []:
            name = _constant(given[helper.name]) if helper.name < len(given) else None
            held = helper.environment
            if name and (held is None or (held < len(given) and self._is_environment(module, given[held]))):
                has = helper.fallback is not None and helper.fallback < len(given)
                stated = self.program.text(module, given[helper.fallback or 0]) if has else helper.default
                yield _named(module, node, name, stated, helper.insists and not has and helper.default is None)
        yield from self._schema(module, node, given)

    def _helpers(self, function: Origin) -> list[_Helper]:
        """How a function reads variables that its callers name, if it does."""
        if function.key not in self.helpers:
            self.helpers[function.key] = []  # one that calls itself adds nothing
            self.helpers[function.key] = list(self._helping(function))
        return self.helpers[function.key]

    def _helping(self, function: Origin) -> Iterator[_Helper]:
        module, given = function.module, parameters(function.node)
        index = {
            source(pattern): number for number, (pattern, _, _) in enumerate(given) if pattern.type == "identifier"
        }
        for node in within(function.node):
            if node.type == "subscript_expression":
                owner, name = node.child_by_field_name("object"), source(node.child_by_field_name("index"))
                held = index.get(source(owner))
                if name in index and (held is not None or self._is_environment(module, owner)):
                    always = held is None or (self._is_environment(module, owner) and given[held][1] is not None)
                    fallback = _fallback(module, node)
                    place = index.get(source(fallback)) if fallback is not None else None
                    default = given[place][1] if place is not None else fallback
                    yield _Helper(
                        name=index[name],
                        environment=None if always else held,
                        fallback=place,
                        default=self.program.text(module, default),
                        insists=_refused(module, node) and (fallback is None or place is not None),
                    )
            elif node.type == "call_expression" and (callee := self._callee(module, node)) is not None:
                # A helper around a helper, which hands its own parameters on.
                inner = arguments(node)
                places = [index.get(source(argument)) for argument in inner]
                for helper in self._helpers(callee) if any(place is not None for place in places) else []:
                    name_at = places[helper.name] if helper.name < len(places) else None
                    held = places[helper.environment] if helper.environment is not None else None
                    if name_at is None or (helper.environment is not None and held is None):
                        continue
                    at = helper.fallback if helper.fallback is not None else len(places)
                    by_caller = places[at] if at < len(places) else None
                    insists = helper.insists or _refused(module, node)
                    yield _Helper(name_at, held, by_caller, helper.default, insists)

    # --- schemas ------------------------------------------------------------------------------------

    def _schema(self, module: Module, node: Node, given: list[Node]) -> Iterator[EnvVar]:
        """envalid's cleanEnv, zod's and Joi's object().parse, and t3's createEnv."""
        method, _ = next(chain(node), ("", []))
        if method == "createEnv" and given and option(given[0], "runtimeEnv") is not None:
            for group in ("server", "client", "shared"):
                yield from self._fields(module, option(given[0], group), "zod")
        elif (
            not given
            or not (method == "cleanEnv" or method in {"parse", "safeParse", "validate", "parseAsync"})
            or not self._is_environment(module, given[0])
        ):
            return
        elif method == "cleanEnv" and len(given) > 1:
            yield from self._fields(module, given[1], "envalid")
        elif (function := node.child_by_field_name("function")) is not None and method != "cleanEnv":
            schema = self.program.resolve(module, function.child_by_field_name("object"))
            for name, inner in chain(schema.node) if schema is not None else []:
                if schema is not None and name in {"object", "strictObject", "looseObject"} and inner:
                    yield from self._fields(schema.module, inner[0], "joi" if method == "validate" else "zod")

    def _fields(self, module: Module, node: Node | None, dialect: str) -> Iterator[EnvVar]:
        schema = self.program.resolve(module, node)
        for name, value in pairs(schema.node) if schema is not None else []:
            if schema is None or not _NAME.fullmatch(name):
                continue
            calls = dict(reversed(list(chain(value))))
            default = next((given[0] for call, given in calls.items() if call == "default" and given), None)
            if dialect == "envalid":
                options = next((given[0] for given in calls.values() if given), None)
                default = option(options, "default")
            softened = {"optional", "nullish", "default", "catch"} & calls.keys() or default is not None
            insists = "required" in calls if dialect == "joi" else not softened
            yield _named(schema.module, value, name, self.program.text(schema.module, default), insists)


def read(program: Program, modules: Iterable[Module]) -> list[EnvVar]:
    """Every variable each time it is read, defaults where they are literal."""
    return list(_Reader(program, modules).read())


def _named(module: Module, node: Node, name: str, default: str | None, required: bool) -> EnvVar:
    place = Source(path=module.path, line=line(node))
    return EnvVar(name=name, sources=[place], secret=is_secret(name), default=default or None, required=required)


def _constant(node: Node) -> str | None:
    text = literal(node) if node.type == "string" else None
    return text if text and _NAME.fullmatch(text) else None


def _property(node: Node) -> str | None:
    if node.type == "member_expression":
        return source(node.child_by_field_name("property"))
    return literal(node.child_by_field_name("index"))


def _fallback(module: Module, node: Node) -> Node | None:
    """What stands right of `||` or `??`, through wrappers such as Number(process.env.PORT) || 3000."""
    inner = node
    for above in module.ancestors(node):
        if above.type == "binary_expression" and above.child_by_field_name("left") == inner:
            usual = source(above.child_by_field_name("operator")) in {"||", "??"}
            return above.child_by_field_name("right") if usual else None
        if above.type not in _PASSED_THROUGH:
            return None
        inner = above
    return None


def _refused(module: Module, node: Node) -> bool:
    """Whether the function throws or exits where what was read is missing."""
    names = {source(node)}
    holder = next(
        (above for above in module.ancestors(node) if above.type in {"variable_declarator", *FUNCTIONS}), None
    )
    if holder is not None and holder.type == "variable_declarator":
        names.add(source(holder.child_by_field_name("name")))
    for scope in [module.function(node) or module.root]:
        for inner in within(scope):
            if inner.type != "if_statement":
                continue
            condition, consequence = inner.child_by_field_name("condition"), inner.child_by_field_name("consequence")
            if condition is not None and consequence is not None and _misses(condition, names) and _stops(consequence):
                return True
    return False


def _misses(condition: Node, names: set[str]) -> bool:
    """`!x`, `!isFinite(x)`, `x === undefined`; not where a second condition narrows it."""
    nodes = list(within(condition))
    if any(source(node.child_by_field_name("operator")) == "&&" for node in nodes):
        return False
    for node in nodes:
        operator = source(node.child_by_field_name("operator"))
        if operator == "!" and any(source(inner) in names for inner in within(node)):
            return True
        compared = operator in {"==", "==="} and source(node.child_by_field_name("left")) in names
        if compared and source(node.child_by_field_name("right")) in {"undefined", "null", "''", '""'}:
            return True
    return False


def _stops(node: Node) -> bool:
    return any(
        inner.type == "throw_statement"
        or (inner.type == "call_expression" and source(inner.child_by_field_name("function")) == "process.exit")
        for inner in within(node)
    )
