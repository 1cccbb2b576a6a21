"""What JavaScript and TypeScript sources do: variables they read, routes they answer, the port they listen on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from boringops_tools.stack import js_env, js_routes
from boringops_tools.stack.facts import EnvVar, Route, Source
from boringops_tools.stack.grammar import line, literal, source
from boringops_tools.stack.js_module import FUNCTIONS, Module, Value
from boringops_tools.stack.js_program import SUFFIXES, Program, arguments, option
from boringops_tools.stack.tree import Tree

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["SUFFIXES", "Facts", "read"]

_WORTH_PARSING = (
    *("env", ".listen", "health", "ready", "live", "ping", "/up", "status"),
    *("serve(", "Router", ".use(", ".register(", ".route(", "createServer"),
)
"""A source without any of these has nothing to say here, unless one that has leads to it."""


@dataclass
class Facts:
    env: list[EnvVar] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    unplaced: list[Route] = field(default_factory=list)
    """Routes on routers that nothing certain mounts: only the end of their path is known."""
    ports: list[tuple[int, Source]] = field(default_factory=list)
    listens: Source | None = None
    hosts: list[tuple[str | None, Source]] = field(default_factory=list)
    """The address of every listener: empty where none is said, None where it is open."""

    def local(self, framework: str) -> Source | None:
        """Where it listens for its own machine alone; None where it does not, or not only. Fastify does by default."""
        own = {"localhost", "127.0.0.1", "::1"} | ({""} if framework == "fastify" else set())
        closed = [place for host, place in self.hosts if host in own]
        return closed[0] if closed and len(closed) == len(self.hosts) else None


def read(tree: Tree, paths: Iterable[str]) -> Facts:
    """Read the sources at `paths`; what they do not show is not guessed."""
    paths = list(paths)
    program = Program(tree, paths)
    modules = [program.module(path) for path in paths if any(sign in tree.text(path) for sign in _WORTH_PARSING)]
    routing = js_routes.routing(program, modules)
    routes, unplaced = routing.settled()
    facts = Facts(env=js_env.read(program, modules), routes=routes, unplaced=unplaced)
    if not routing.made:  # beside a framework, comparing a path is a filter and no route
        facts.routes += [route for module in modules for route in js_routes.compared(module)]
    for module in modules:
        _listen(module, facts)
    facts.ports += [
        (int(variable.default), variable.sources[0])
        for variable in facts.env
        if variable.name == "PORT" and variable.default and _is_port(variable.default)
    ]
    return facts


def _listen(module: Module, facts: Facts) -> None:
    for node in module.nodes:
        function = node.child_by_field_name("function") if node.type == "call_expression" else None
        if function is not None and source(function) in {"Bun.serve", "Deno.serve", "serve"}:
            _serve(module, node, facts)
        elif function is not None and source(function.child_by_field_name("property")) == "listen":
            place = Source(path=module.path, line=line(node))
            facts.listens = facts.listens or place
            given = arguments(node)
            facts.hosts.append((_host(module, given), place))
            port = _port(module, given[0]) if given else None
            if port:
                facts.ports.append((port, place))


def _serve(module: Module, node: Node, facts: Facts) -> None:
    """`Bun.serve({port})`, `Deno.serve({port}, handler)`, and the `serve` of a module of that name."""
    name = source(node.child_by_field_name("function"))
    if name == "serve" and "server" not in source(module.root)[:4000]:
        return
    place = Source(path=module.path, line=line(node))
    facts.listens = facts.listens or place
    port = next((port for given in arguments(node) if (port := _port(module, option(given, "port"))) is not None), None)
    if port:
        facts.ports.append((port, place))


def _host(module: Module, given: list[Node]) -> str | None:
    """The address in `listen(port, host)` or `listen({ port, host })`."""
    stated = option(given[0], "host") if given and given[0].type == "object" else None
    if given and given[0].type not in {"object", "number"} and len(given) == 1:
        return None  # options made elsewhere
    if stated is None and len(given) > 1 and given[0].type != "object" and given[1].type not in FUNCTIONS:
        stated = given[1]
    if stated is None:
        return ""
    if stated.type in {"identifier", "shorthand_property_identifier"} and isinstance(
        bound := module.lookup(stated, source(stated)), Value
    ):
        stated = bound.node
    return literal(stated) if stated is not None else None


def _port(module: Module, node: Node | None, depth: int = 4) -> int | None:
    """The number a listen argument comes down to within the file."""
    if node is None or not depth:
        return None
    if node.type == "object":
        return _port(module, option(node, "port"), depth)
    if node.type in {"identifier", "shorthand_property_identifier"}:
        bound = module.lookup(node, source(node))
        return _port(module, bound.node, depth - 1) if isinstance(bound, Value) else None
    if node.type == "binary_expression":
        return _port(module, node.child_by_field_name("right"), depth)
    if node.type == "call_expression":
        return _port(module, next(iter(arguments(node)), None), depth)
    number = source(node).strip("'\"`")
    return int(number) if _is_port(number) else None


def _is_port(text: str) -> bool:
    return text.isdigit() and 0 < int(text) < 65536
