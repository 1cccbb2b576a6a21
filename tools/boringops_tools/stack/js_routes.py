"""Routers of Express, Fastify, Hono, Koa and their like: where they are made, mounted and given routes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from boringops_tools.stack.facts import Route, Source
from boringops_tools.stack.grammar import line, literal, source
from boringops_tools.stack.health import is_health
from boringops_tools.stack.js_module import FUNCTIONS, Module, parameters
from boringops_tools.stack.js_program import Origin, Program, arguments, chain, option
from boringops_tools.stack.routing import Routing

if TYPE_CHECKING:
    from tree_sitter import Node

_APPLICATIONS = {
    ("express", "default"), ("fastify", "default"), ("fastify", "fastify"), ("hono", "Hono"), ("koa", "default"),
    ("@hono/zod-openapi", "OpenAPIHono"), ("polka", "default"), ("restify", "createServer"), ("elysia", "Elysia"),
}  # fmt: skip
_ROUTERS = {
    ("express", "Router"), ("@koa/router", "default"), ("koa-router", "default"), ("express-promise-router", "default"),
}  # fmt: skip
_ANSWERS = {"get", "all"}
_MOUNTS = {"use", "register", "route"}
_SERVES = {"createServer", "serve", "listen"}
_FUNCTION_VALUES = {"arrow_function", "function_expression"}


def routing(program: Program, modules: Iterable[Module]) -> Routing:
    found = Routing()
    for module in modules:
        for node in module.nodes:
            if node.type in {"call_expression", "new_expression"}:
                _Call(program, module, node, found).read()
    return found


class _Call:
    """One call, as far as it says something about routers."""

    def __init__(self, program: Program, module: Module, node: Node, found: Routing) -> None:
        self.program, self.module, self.node, self.found = program, module, node, found
        self.given = arguments(node)
        self.place = Source(path=module.path, line=line(node))
        function = node.child_by_field_name("function")
        member = function is not None and function.type == "member_expression"
        self.owner = function.child_by_field_name("object") if function is not None and member else None
        self.method = source(function.child_by_field_name("property") if function is not None and member else function)

    def read(self) -> None:
        if self._external(self.node) in _APPLICATIONS:
            self.found.made.add((self.module.path, self.node.start_byte))
        elif self.method in _SERVES:
            for node in [self.owner, *self.given, *(option(arg, "fetch") for arg in self.given)]:
                if node is not None and (router := self._router(node)):
                    self.found.served.add(router.key)
        elif self.owner is not None and self.method in _ANSWERS:
            self._answers(self.owner)
        elif self.owner is not None and self.method in _MOUNTS and self.given:
            self._mounts(self.owner)
        if self.given and self.method not in _MOUNTS:
            self._handed_over()

    def _answers(self, owner: Node) -> None:
        """`router.get('/x', handler)` and `router.route('/x').get(handler)`."""
        path = self.program.text(self.module, self.given[0]) if len(self.given) > 1 else None
        inner, given = owner.child_by_field_name("function"), arguments(owner)
        if inner is not None and source(inner.child_by_field_name("property")) == "route" and given:
            path, owner = self.program.text(self.module, given[0]), inner.child_by_field_name("object") or owner
        self._route(owner, path)

    def _route(self, owner: Node, path: str | None) -> None:
        if path is not None and (router := self._router(owner)):
            self.found.route(router.key, self._own_prefix(router) + path.rstrip("/"), self.place)

    def _mounts(self, owner: Node) -> None:
        options = self.given[-1]
        if self.method == "route" and self.given[0].type == "object":  # Fastify: everything in one object
            methods = option(self.given[0], "method")
            if methods is not None and "GET" in source(methods):
                self._route(owner, self.program.text(self.module, option(self.given[0], "url")))
            return
        if self.method == "register":
            stated = option(options, "prefix")
            prefix = self.program.text(self.module, stated) if stated is not None else ""
            children = self.given[:1]
        else:
            prefix = self.program.text(self.module, self.given[0])
            children = self.given[1:]
            if prefix is None and self.method == "use" and self._router(self.given[0]):
                prefix, children = "", self.given
            if self.method == "use" and prefix and any(child.type in _FUNCTION_VALUES for child in children[:1]):
                self._route(owner, prefix)  # a handler given in place answers the path itself
        parent = self._router(owner)
        if parent is not None and prefix is not None:
            for child in children:
                self._mount(parent, prefix, child)

    def _mount(self, parent: Origin, prefix: str, child: Node) -> None:
        routes = child.child_by_field_name("function") if child.type == "call_expression" else None
        if routes is not None and source(routes.child_by_field_name("property")) in {"routes", "middleware"}:
            child = routes.child_by_field_name("object") or child  # Koa: app.use(router.routes())
        origin = self.program.resolve(self.module, child)
        if origin is not None and self._external(origin.node, origin.module) == ("fastify-plugin", "default"):
            prefix = ""  # such a plugin is not encapsulated, so it has no prefix of its own
            origin = self.program.resolve(origin.module, next(iter(arguments(origin.node)), None))
        if origin is not None and origin.node.type in FUNCTIONS:  # Fastify: the plugin's first parameter
            first = next(iter(parameters(origin.node)), None)
            origin = Origin(origin.module, first[0]) if first else None
        if origin is not None and (origin.node.type == "identifier" or self._is_made(origin)):
            self.found.mount(parent.key, self._own_prefix(parent) + prefix.rstrip("/"), origin.key)

    def _handed_over(self) -> None:
        """`addRoutes(app)`: the parameter is the router."""
        callee = self.program.resolve(self.module, self.node.child_by_field_name("function"))
        if callee is None or callee.external or callee.node.type not in FUNCTIONS:
            return
        for argument, (parameter, _, _) in zip(self.given, parameters(callee.node), strict=False):
            if parameter.type == "identifier" and (router := self._router(argument)):
                self.found.mount(router.key, self._own_prefix(router), Origin(callee.module, parameter).key)

    def _router(self, node: Node) -> Origin | None:
        """The router an expression stands for: one made somewhere, or what a function is handed."""
        origin = self.program.resolve(self.module, node)
        if origin is None or origin.external:
            return None
        return origin if origin.node.type == "identifier" or self._is_made(origin) else None

    def _is_made(self, origin: Origin) -> bool:
        return self._external(_innermost(origin.node), origin.module) in _APPLICATIONS | _ROUTERS

    def _external(self, node: Node, module: Module | None = None) -> tuple[str, str] | None:
        """The (package, export) that a call or `new` calls."""
        function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
        origin = self.program.resolve(module or self.module, function) if function is not None else None
        if origin is None or origin.external is None:
            return None
        package, export = origin.external
        return package, "default" if export == "*" else export

    def _own_prefix(self, router: Origin) -> str:
        """What a router was made with: Koa's `new Router({ prefix })`, Hono's `new Hono().basePath(path)`."""
        for name, given in chain(router.node):
            if name == "basePath" and given:
                return self.program.text(router.module, given[0]) or ""
        made = arguments(_innermost(router.node))
        return self.program.text(router.module, option(made[0], "prefix")) or "" if made else ""


def _innermost(node: Node) -> Node:
    """The call that a chain such as `new Hono().get(...).get(...)` begins with."""
    while node.type == "call_expression":
        function = node.child_by_field_name("function")
        inner = function.child_by_field_name("object") if function is not None else None
        chained = inner is not None and inner.type in {"call_expression", "new_expression"}
        if inner is None or not chained or source(inner.child_by_field_name("function")) == "require":
            return node
        node = inner
    return node


def compared(module: Module) -> Iterable[Route]:
    """A plain HTTP server's way to route: `req.url === "/health"`."""
    for node in module.nodes:
        if node.type != "binary_expression" or source(node.child_by_field_name("operator")) not in {"===", "=="}:
            continue
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        for one, other in ((left, right), (right, left)):
            path = literal(other)
            if path and is_health(path) and re.search(r"\b(url|pathname|path)$", source(one)):
                yield Route(path=path, source=Source(path=module.path, line=line(node)))
