"""Routers of FastAPI, Starlette and Flask: where they are made, mounted and given routes; and Django's URL modules."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Iterator

from boringops_tools.stack.facts import Route, Source
from boringops_tools.stack.python_program import Function, Module, Origin, Program, handed, keyword
from boringops_tools.stack.routing import Routing

_APPLICATIONS = {"FastAPI", "Flask", "APIFlask", "Starlette"}
_ROUTERS = {"APIRouter", "Blueprint", "APIBlueprint", "Router"}
_BLUEPRINTS = {"Blueprint", "APIBlueprint"}
_DECORATORS = {"get", "route", "api_route"}
_ADDERS = {"add_api_route", "add_route", "add_url_rule"}
_MOUNTS = {"include_router", "register_blueprint", "mount"}
_LISTED = {"Route", "Mount"}


def routing(program: Program) -> Routing:
    found = Routing()
    for module in program.modules:
        for node in module.nodes:
            if isinstance(node, ast.Call):
                _call(program, module, node, found)
            elif isinstance(node, Function):
                for decorator in node.decorator_list:
                    if isinstance(decorator, ast.Call) and _method(decorator) in _DECORATORS:
                        _route(program, module, decorator, node.lineno, found)
    return found


def _call(program: Program, module: Module, node: ast.Call, found: Routing) -> None:
    made, method = _made(program, module, node), _method(node)
    if made in _APPLICATIONS:
        key = Origin(module, node).key
        found.made.add(key)
        _listed(program, module, keyword(node, "routes"), "", key, found)
    elif method in _ADDERS:
        _route(program, module, node, node.lineno, found)
    elif method in _MOUNTS:
        _mount(program, module, node, found)
    elif (callee := program.resolve(module, node.func)) and isinstance(callee.node, Function) and not callee.external:
        for parameter, argument in handed(callee.node, node):  # add_routes(app): the parameter is the router
            if router := _router(program, module, argument):
                found.mount(router.key, _own(program, router), Origin(callee.module, parameter).key)


def _method(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _made(program: Program, module: Module, node: ast.AST) -> str:
    """The class of somebody else's that a call makes an object of."""
    origin = program.resolve(module, node.func) if isinstance(node, ast.Call) else None
    return origin.external.rpartition(".")[2] if origin is not None else ""


def _router(program: Program, module: Module, node: ast.AST) -> Origin | None:
    """The router an expression stands for: one made somewhere, or what a function is handed."""
    origin = program.resolve(module, node)
    if origin is None or origin.external:
        return None
    known = isinstance(origin.node, ast.arg) or _made(program, origin.module, origin.node) in _APPLICATIONS | _ROUTERS
    return origin if known else None


def _own(program: Program, router: Origin) -> str:
    """`APIRouter(prefix=...)`. A blueprint's prefix is only a proposal to who registers it."""
    stated = keyword(router.node, "prefix") if isinstance(router.node, ast.Call) else None
    return (program.text(router.module, stated) or "") if stated is not None else ""


def _route(program: Program, module: Module, call: ast.Call, line: int, found: Routing) -> None:
    given = call.args[0] if call.args else keyword(call, "path", "rule")
    path = program.text(module, given)
    methods = keyword(call, "methods")
    if isinstance(methods, ast.List | ast.Tuple | ast.Set) and "GET" not in [
        str(item.value).upper() for item in methods.elts if isinstance(item, ast.Constant)
    ]:
        return
    router = _router(program, module, call.func.value) if isinstance(call.func, ast.Attribute) else None
    if path is not None and router is not None:
        found.route(router.key, _own(program, router) + path, Source(path=module.path, line=line))


def _mount(program: Program, module: Module, call: ast.Call, found: Routing) -> None:
    parent = _router(program, module, call.func.value) if isinstance(call.func, ast.Attribute) else None
    mounted = _method(call) == "mount"
    listed = call.args[1:2] if mounted else call.args[:1]
    given = listed[0] if listed else keyword(call, "app", "router", "blueprint")
    child = _router(program, module, given) if given is not None else None
    if parent is None or child is None:
        return
    place = (call.args[0] if call.args else None) if mounted else keyword(call, "prefix", "url_prefix")
    if place is None and _made(program, child.module, child.node) in _BLUEPRINTS and isinstance(child.node, ast.Call):
        place, module = keyword(child.node, "url_prefix"), child.module
    prefix = program.text(module, place) if place is not None else ""
    if prefix is not None:
        found.mount(parent.key, _own(program, parent) + prefix.rstrip("/"), child.key)


def _listed(program: Program, module: Module, node: ast.AST | None, prefix: str, key: Hashable, found: Routing) -> None:
    """Starlette's `routes=[Route("/x", f), Mount("/api", routes=[...])]`."""
    listed = program.resolve(module, node)
    if listed is None or not isinstance(listed.node, ast.List):
        return
    for item in listed.node.elts:
        kind = _made(program, listed.module, item)
        if not isinstance(item, ast.Call) or kind not in _LISTED or not item.args:
            continue
        path = program.text(listed.module, item.args[0])
        if path is not None and kind == "Route":
            found.route(key, prefix + path, Source(path=listed.module.path, line=item.lineno))
        elif path is not None:
            _listed(program, listed.module, keyword(item, "routes"), prefix + path.rstrip("/"), key, found)


def django(program: Program, root: str) -> Iterator[Route]:
    """Routes of the URL configuration whose module is `root`, those it includes below their prefix."""
    module = program.find(None, root)
    return _patterns(program, module, "urlpatterns", "/", 6) if module is not None else iter(())


def _patterns(program: Program, module: Module, name: str, prefix: str, depth: int) -> Iterator[Route]:
    """The patterns of a list by its name, as the module's own statements make it."""
    for statement in module.tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        value = getattr(statement, "value", None)
        if any(isinstance(target, ast.Name) and target.id == name for target in targets) and value is not None:
            for item in [inner for node in _lists(value) for inner in node.elts]:
                if isinstance(item, ast.Call) and len(item.args) > 1 and depth:
                    yield from _pattern(program, module, item, prefix, depth)


def _lists(node: ast.AST) -> list[ast.List | ast.Tuple]:
    """The lists of `[...] + [...]`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_lists(node.left), *_lists(node.right)]
    return [node] if isinstance(node, ast.List | ast.Tuple) else []


def _pattern(program: Program, module: Module, call: ast.Call, prefix: str, depth: int) -> Iterator[Route]:
    callee = program.resolve(module, call.func)
    kind = callee.external.rpartition(".")[2] if callee is not None else ""
    path, view = program.text(module, call.args[0]), call.args[1]
    if kind in {"re_path", "url"} and path is not None:
        plain = re.fullmatch(r"\^?([\w/-]*)(/\?)?\$?", path)
        path = plain[1] if plain else None
    if path is None or kind not in {"path", "re_path", "url"}:
        return
    if not isinstance(view, ast.Call) or _made(program, module, view) != "include":
        yield Route(path=prefix + path, source=Source(path=module.path, line=call.lineno))
        return
    inner = view.args[0] if view.args else None
    inner = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
    named = program.text(module, inner)
    origin = program.resolve(module, inner) if named is None else None
    other = program.find(None, named) if named is not None else None
    if origin is not None and isinstance(origin.node, ast.Module) and not origin.external:
        other = origin.module
    if other is not None:
        yield from _patterns(program, other, "urlpatterns", prefix + path, depth - 1)
    elif isinstance(inner, ast.Name) and origin is not None and isinstance(origin.node, ast.List):
        yield from _patterns(program, origin.module, inner.id, prefix + path, depth - 1)
