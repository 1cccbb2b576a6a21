"""What Python sources do: variables they read, the web application they build, the routes it answers."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from boringops_tools.stack import python_env, python_routes
from boringops_tools.stack.facts import EnvVar, Source
from boringops_tools.stack.python_program import Module, Program, keyword
from boringops_tools.stack.routing import Routing
from boringops_tools.stack.tree import Tree

Framework = Literal["fastapi", "flask", "starlette", "litestar", "fasthtml"]

CLASSES: dict[str, Framework] = {
    "FastAPI": "fastapi", "Flask": "flask", "APIFlask": "flask", "Starlette": "starlette", "Litestar": "litestar",
    "FastHTML": "fasthtml", "fast_app": "fasthtml",
}  # fmt: skip
_FACTORY = re.compile(r"^(create|make|build|get|init)_(app|application|api)$|^(create|make)_[a-z]+_app$|^app_factory$")
_NAMES = {"app", "application", "api", "server", "asgi_app", "wsgi_app"}


@dataclass(frozen=True)
class WebApp:
    """An application object, or the factory that makes one."""

    path: str
    name: str
    line: int
    framework: Framework
    factory: bool = False
    arguments: bool = False
    """The factory cannot be called without arguments."""
    made: Hashable = None
    """What the routing knows the object by, where that is certain."""


@dataclass
class Facts:
    program: Program
    routing: Routing
    env: list[EnvVar]
    apps: list[WebApp] = field(default_factory=list)
    ports: list[tuple[int, Source]] = field(default_factory=list)
    imports: dict[str, set[str]] = field(default_factory=dict)
    """Top-level names every file imports."""
    factories: dict[str, Framework] = field(default_factory=dict)


def read(tree: Tree, folder: str, paths: Iterable[str], others: Iterable[str] = ()) -> Facts:
    """Read the sources at `paths`, of the application in `folder` and of the packages in `others` that it stands on."""
    program = Program(tree, folder, paths, others)
    facts = Facts(program, python_routes.routing(program), python_env.read(program))
    for module in program.modules:
        for node in module.tree.body:
            if isinstance(node, ast.FunctionDef) and (framework := _builds(node)):
                facts.factories[node.name] = framework
    for module in program.modules:
        facts.imports[module.path] = _imports(module)
        facts.apps.extend(_apps(program, module, facts.factories))
        for inner in module.nodes:
            if isinstance(inner, ast.Call):
                facts.ports.extend(_port(module.path, inner))
    return facts


def _imports(module: Module) -> set[str]:
    return {
        name.split(".")[0]
        for node in module.nodes
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    }


def _builds(function: ast.FunctionDef) -> Framework | None:
    """The framework whose application a function makes and returns."""
    returns = any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(function))
    for node in ast.walk(function):
        if returns and isinstance(node, ast.Call) and (name := _last(node.func)) in CLASSES:
            return CLASSES[name]
    return None


def _last(node: ast.AST) -> str:
    """`c` of `a.b.c`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _apps(program: Program, module: Module, factories: dict[str, Framework]) -> Iterator[WebApp]:
    for node in module.tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        target = targets[0] if targets else None
        if isinstance(target, ast.Tuple) and target.elts:  # `app, rt = fast_app()`
            target = target.elts[0]
        if isinstance(value, ast.Call) and isinstance(target, ast.Name):
            name, called = target.id, _last(value.func)
            framework = CLASSES.get(called) or (factories.get(called) if name in _NAMES else None)
            if framework:
                origin = program.resolve(module, value)
                yield WebApp(module.path, name, node.lineno, framework, made=origin.key if origin else None)
        elif isinstance(node, ast.FunctionDef) and _FACTORY.match(node.name) and (framework := _builds(node)):
            needs = len(node.args.args) > len(node.args.defaults)
            made = program.product(module, node)
            key = made.key if made else None
            yield WebApp(module.path, node.name, node.lineno, framework, factory=True, arguments=needs, made=key)


def _port(path: str, node: ast.Call) -> Iterator[tuple[int, Source]]:
    port = keyword(node, "port") if _last(node.func) in {"run", "serve"} else None
    if isinstance(port, ast.Constant) and str(port.value).isdigit():
        yield int(str(port.value)), Source(path=path, line=node.lineno)
