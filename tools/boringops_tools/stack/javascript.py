"""What JavaScript and TypeScript sources do: variables they read, routes they answer, the port they listen on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from boringops_tools.stack.environment import is_secret
from boringops_tools.stack.facts import EnvVar, Route, Source
from boringops_tools.stack.grammar import line, literal, source, walk
from boringops_tools.stack.health import is_health
from boringops_tools.stack.tree import Tree

if TYPE_CHECKING:
    from tree_sitter import Node

SUFFIXES = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")
_GRAMMAR = {".ts": "typescript", ".mts": "typescript", ".cts": "typescript", ".tsx": "tsx"}
_WORTH_PARSING = ("process.env", ".listen", "health", "ready", "/live", "ping", "/up", "status")
_SERVERS = re.compile(
    r"^(await\s+)?(new\s+)?(express|fastify|Fastify|Hono|Koa|restify\.createServer|polka)\s*(<[^>]*>)?\("
)
_USUAL_NAMES = {"app", "server", "fastify"}
_METHODS = {"get", "all", "use", "head", "route"}


@dataclass
class Facts:
    env: list[EnvVar] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    ports: list[tuple[int, Source]] = field(default_factory=list)
    listens: Source | None = None


def read(tree: Tree, paths: Iterable[str]) -> Facts:
    """Read the sources at `paths`; what a file does not show is not guessed."""
    facts = Facts()
    for path in paths:
        text = tree.text(path)
        if any(sign in text for sign in _WORTH_PARSING):
            _read(path, text, facts)
    return facts


def _read(path: str, text: str, facts: Facts) -> None:
    nodes = list(walk(_GRAMMAR.get(path[path.rfind(".") :], "javascript"), text))
    values = {
        source(node.child_by_field_name("name")): node.child_by_field_name("value")
        for node in nodes
        if node.type == "variable_declarator"
    }
    servers = _USUAL_NAMES | {name for name, value in values.items() if _SERVERS.match(source(value))}
    for node in nodes:
        place = Source(path=path, line=line(node))
        if node.type in {"member_expression", "subscript_expression"}:
            facts.env.extend(_variable(node, place))
        elif node.type == "variable_declarator" and source(node.child_by_field_name("value")) == "process.env":
            facts.env.extend(_destructured(node, place))
        elif node.type == "call_expression":
            _call(node, place, servers, values, facts)
        elif node.type == "binary_expression" and node.child_by_field_name("operator") is not None:
            facts.routes.extend(_compared(node, place))


def _variable(node: Node, place: Source) -> Iterable[EnvVar]:
    if source(node.child_by_field_name("object")) != "process.env":
        return
    if node.type == "member_expression":
        name: str | None = source(node.child_by_field_name("property"))
    else:
        name = literal(node.child_by_field_name("index"))
    parent = node.parent
    if not name or (parent is not None and parent.type == "assignment_expression" and _is(parent, "left", node)):
        return
    default = _fallback(node)
    required = parent is not None and parent.type == "non_null_expression" and default is None
    yield EnvVar(name=name, sources=[place], secret=is_secret(name), default=default, required=required)


def _is(parent: Node, name: str, child: Node) -> bool:
    return parent.child_by_field_name(name) == child


def _fallback(node: Node) -> str | None:
    """The literal right of `||` or `??`, through wrappers such as Number(process.env.PORT) || 3000."""
    inner, parent = node, node.parent
    while parent is not None and parent.type in {
        "arguments",
        "call_expression",
        "parenthesized_expression",
        "as_expression",
    }:
        inner, parent = parent, parent.parent
    if parent is None or parent.type != "binary_expression" or not _is(parent, "left", inner):
        return None
    if source(parent.child_by_field_name("operator")) not in {"||", "??"}:
        return None
    return literal(parent.child_by_field_name("right"))


def _destructured(node: Node, place: Source) -> Iterable[EnvVar]:
    pattern = node.child_by_field_name("name")
    for child in pattern.named_children if pattern is not None else []:
        left, right = child.child_by_field_name("left"), child.child_by_field_name("right")
        key = child.child_by_field_name("key")
        name = source(left or key or child)
        if re.fullmatch(r"[A-Za-z_]\w*", name):
            yield EnvVar(name=name, sources=[place], secret=is_secret(name), default=literal(right))


def _call(node: Node, place: Source, servers: set[str], values: dict[str, Node | None], facts: Facts) -> None:
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if function is None or function.type != "member_expression" or arguments is None:
        return
    method = source(function.child_by_field_name("property"))
    given = arguments.named_children
    if method == "listen":
        facts.listens = facts.listens or place
        port = _port(given[0], values) if given else None
        if port:
            facts.ports.append((port, place))
    elif method in _METHODS and given and source(function.child_by_field_name("object")) in servers:
        path = literal(given[0])
        # `use` mounts a whole router or middleware; only a handler given in place answers the path itself.
        direct = method != "use" or (len(given) > 1 and given[1].type in {"arrow_function", "function_expression"})
        if path and direct and is_health(path):
            facts.routes.append(Route(path=path, source=place))


def _port(node: Node, values: dict[str, Node | None], depth: int = 3) -> int | None:
    """The number a listen argument comes down to within the file."""
    if node.type == "object":
        for pair in node.named_children:
            key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
            if source(key) == "port" and value is not None:
                return _port(value, values, depth)
            if pair.type == "shorthand_property_identifier" and source(pair) == "port" and depth:
                known = values.get("port")
                return _port(known, values, depth - 1) if known is not None else None
        return None
    if node.type == "identifier" and depth:
        known = values.get(source(node))
        return _port(known, values, depth - 1) if known is not None else None
    if node.type == "binary_expression":
        right = node.child_by_field_name("right")
        return _port(right, values, depth) if right is not None else None
    if node.type == "call_expression":
        arguments = node.child_by_field_name("arguments")
        first = arguments.named_children[:1] if arguments is not None else []
        return _port(first[0], values, depth) if first else None
    number = literal(node) or ""
    return int(number) if number.isdigit() and 0 < int(number) < 65536 else None


def _compared(node: Node, place: Source) -> Iterable[Route]:
    """A plain HTTP server's way to route: `req.url === "/health"`."""
    if source(node.child_by_field_name("operator")) not in {"===", "=="}:
        return
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    for one, other in ((left, right), (right, left)):
        path = literal(other)
        if path and is_health(path) and re.search(r"\b(url|pathname|path)$", source(one)):
            yield Route(path=path, source=place)
