"""Routers of net/http, chi, gin, echo, fiber and gorilla: where they are made, mounted and given routes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from boringops_tools.stack.facts import Source
from boringops_tools.stack.go_program import File, Origin, Program, arguments, method, parameters
from boringops_tools.stack.grammar import line, source
from boringops_tools.stack.routing import Routing

if TYPE_CHECKING:
    from tree_sitter import Node

_MAKERS = {
    "net/http.NewServeMux", "github.com/go-chi/chi.NewRouter", "github.com/go-chi/chi.NewMux", "github.com/gin-gonic/gin.New",
    "github.com/gin-gonic/gin.Default", "github.com/labstack/echo.New", "github.com/gofiber/fiber.New",
    "github.com/gorilla/mux.NewRouter",
}  # fmt: skip
_DEFAULT_MUX = "net/http.DefaultServeMux"
_ANSWERS = {"HandleFunc", "Handle", "GET", "Get", "Any", "All"}
_SERVES = {"ListenAndServe", "ListenAndServeTLS", "Serve", "Run", "Start", "Listen"}


def routing(program: Program) -> Routing:
    found = Routing()
    for file in program.files:
        for node in file.nodes:
            if node.type == "call_expression":
                _call(program, file, node, found)
            elif node.type == "keyed_element" and source(node.named_children[0]) == "Handler":
                value = node.named_children[-1]
                _serve(program, file, value.named_children[0] if value.named_children else value, found)
    return found


def _call(program: Program, file: File, node: Node, found: Routing) -> None:
    owner, name = method(node)
    given, external = arguments(node), program.external(file, node)
    if external in _MAKERS:
        found.made.add((file.path, node.start_byte))
    if name in _SERVES:
        for served in [owner, *given]:
            _serve(program, file, served, found)
    if owner is not None and name in {"Group", "Subrouter"}:
        _group(program, file, node, found)
    elif owner is not None and name in {"Route", "Mount", "Group"} and len(given) > 1:
        _mount(program, file, owner, program.text(file, given[0]), given[1], found)
    elif owner is not None and name in _ANSWERS and len(given) > 1:
        _answer(program, file, node, owner, given, found)
    elif (callee := program.function(file, node)) is not None:
        for argument, parameter in zip(given, parameters(callee.node), strict=False):
            named = argument.type in {"identifier", "selector_expression"}
            if named and (router := _router(program, file, argument)):  # addRoutes(r): the parameter is the router
                found.mount(router, "", Origin(callee.file, parameter).key)


def _router(program: Program, file: File, node: Node | None) -> Hashable | None:
    """The key of a router: made somewhere, a group of one, or what a function is handed."""
    origin = program.resolve(file, node)
    if origin is None:
        return None
    if origin.node.type == "call_expression":
        made = program.external(origin.file, origin.node) in _MAKERS or method(origin.node)[1] in {"Group", "Subrouter"}
        return origin.key if made else None
    above = origin.file.parent.get(origin.node.id)
    return origin.key if above is not None and above.type == "parameter_declaration" else None


def _serve(program: Program, file: File, node: Node | None, found: Routing) -> None:
    if node is not None and node.type != "func_literal" and (router := _router(program, file, node)):
        found.served.add(router)


def _group(program: Program, file: File, node: Node, found: Routing) -> None:
    """`r.Group("/api")`, chi's `r.Group(func(r chi.Router) {...})`, gorilla's `r.PathPrefix("/api").Subrouter()`."""
    owner, name = method(node)
    given = arguments(node)
    if name == "Subrouter" and owner is not None and method(owner)[1] == "PathPrefix":
        given = arguments(owner)
        owner = method(owner)[0]
    if given and given[0].type == "func_literal":
        _mount(program, file, owner, "", given[0], found)
    elif given and (prefix := program.text(file, given[0])) is not None and (parent := _router(program, file, owner)):
        found.mount(parent, prefix.rstrip("/"), Origin(file, node).key)


def _mount(program: Program, file: File, owner: Node | None, prefix: str | None, child: Node, found: Routing) -> None:
    parent, key = _router(program, file, owner), _router(program, file, child)
    if child.type == "func_literal":
        key = next((Origin(file, parameter).key for parameter in parameters(child)), None)
    if parent is not None and key is not None and prefix is not None:
        found.mount(parent, prefix.rstrip("/"), key)


def _answer(program: Program, file: File, node: Node, owner: Node, given: list[Node], found: Routing) -> None:
    path = program.text(file, given[0])
    router = _router(program, file, owner)
    if source(owner) in file.imports and file.imports[source(owner)] == "net/http":
        router = _DEFAULT_MUX
        found.made.add(router)
    if path is None or router is None or _only_others(file, node):
        return
    handler = given[1]
    if handler.type == "call_expression" and method(handler)[1] == "StripPrefix":
        inner = arguments(handler)
        prefix = program.text(file, inner[0]) if inner else None
        if prefix is not None and prefix.rstrip("/") == path.rstrip("/") and len(inner) > 1:
            _mount(program, file, owner, prefix, inner[1], found)
        return
    verb, _, rest = path.partition(" ")
    if not rest or verb == "GET":
        found.route(router, rest.strip() or path, Source(path=file.path, line=line(node)))


def _only_others(file: File, node: Node) -> bool:
    """gorilla's `.Methods("POST")` behind the route."""
    selector = file.parent.get(node.id)
    call = file.parent.get(selector.id) if selector is not None and selector.type == "selector_expression" else None
    if call is None or method(call)[1] != "Methods":
        return False
    return not any("GET" in source(argument) or "MethodGet" in source(argument) for argument in arguments(call))
