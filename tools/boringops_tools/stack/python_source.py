"""What Python sources do: variables they read, the web application they build, the routes it answers."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from boringops_tools.stack.environment import is_secret
from boringops_tools.stack.facts import EnvVar, Route, Source
from boringops_tools.stack.health import is_health
from boringops_tools.stack.tree import Tree

Framework = Literal["fastapi", "flask", "starlette"]

CLASSES: dict[str, Framework] = {"FastAPI": "fastapi", "Flask": "flask", "APIFlask": "flask", "Starlette": "starlette"}
_FACTORY = re.compile(r"^(create|make|build|get|init)_(app|application|api)$|^(create|make)_[a-z]+_app$|^app_factory$")
_NAMES = {"app", "application", "api", "server", "asgi_app", "wsgi_app"}
_READERS = {"os.getenv", "getenv", "os.environ.get", "environ.get"}
_WRAPPERS = re.compile(
    r"^(env|config)(\.(str|bool|int|float|list|url|db|cache|json|db_url|cache_url|email_url|path))?$"
)
_DECORATORS = {"get", "route", "api_route", "head"}


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


@dataclass
class Facts:
    env: list[EnvVar] = field(default_factory=list)
    apps: list[WebApp] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    ports: list[tuple[int, Source]] = field(default_factory=list)
    imports: dict[str, set[str]] = field(default_factory=dict)
    """Top-level names every file imports."""
    broken: list[str] = field(default_factory=list)
    factories: dict[str, Framework] = field(default_factory=dict)


def parse(text: str) -> ast.Module | None:
    """The parsed module; None where it is not Python of this interpreter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def read(tree: Tree, paths: Iterable[str]) -> Facts:
    facts = Facts()
    modules: list[tuple[str, ast.Module]] = []
    for path in paths:
        module = parse(tree.text(path))
        if module is None:
            facts.broken.append(path)
        else:
            modules.append((path, module))
            _factories(module, facts)
    for path, module in modules:
        _read(path, module, facts)
    return facts


def _factories(module: ast.Module, facts: Facts) -> None:
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and (framework := _builds(node)):
            facts.factories[node.name] = framework


def _builds(function: ast.FunctionDef) -> Framework | None:
    """The framework whose application a function makes and returns."""
    returns = any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(function))
    for node in ast.walk(function):
        if returns and isinstance(node, ast.Call) and (name := _last(node.func)) in CLASSES:
            return CLASSES[name]
    return None


def _read(path: str, module: ast.Module, facts: Facts) -> None:
    facts.imports[path] = {
        name.split(".")[0]
        for node in ast.walk(module)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    }
    facts.apps.extend(_apps(path, module, facts.factories))
    optional = _guarded(module)
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            facts.env.extend(_call(path, node))
            facts.ports.extend(_port(path, node))
        elif isinstance(node, ast.Subscript) and dotted(node.value) in {"os.environ", "environ"}:
            if (name := _text(node.slice)) and isinstance(node.ctx, ast.Load):
                facts.env.append(_variable(path, node.lineno, name, required=id(node) not in optional))
        elif isinstance(node, ast.ClassDef):
            facts.env.extend(_settings(path, node))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            facts.routes.extend(_routes(path, node))


def _guarded(module: ast.Module) -> set[int]:
    """Ids of the nodes that only run under a condition: what they read is not needed by everyone."""
    return {
        id(inner)
        for node in ast.walk(module)
        if isinstance(node, ast.If | ast.IfExp | ast.Try)
        for part in ([node.body, node.orelse] if isinstance(node, ast.IfExp) else [*node.body, *node.orelse])
        for inner in ast.walk(part)
    }


def dotted(node: ast.AST) -> str:
    """`a.b.c` of names and attributes; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := dotted(node.value)):
        return f"{base}.{node.attr}"
    return ""


def _last(node: ast.AST) -> str:
    return dotted(node).rpartition(".")[2]


def _text(node: ast.AST | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _plain(node: ast.AST | None) -> str | None:
    """A literal default as text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float) and node.value != "":
        return str(node.value)
    return None


def _variable(path: str, line: int, name: str, *, default: str | None = None, required: bool = False) -> EnvVar:
    place = Source(path=path, line=line)
    return EnvVar(name=name, sources=[place], secret=is_secret(name), default=default, required=required)


def _call(path: str, node: ast.Call) -> Iterator[EnvVar]:
    function = dotted(node.func)
    wrapper = bool(_WRAPPERS.match(function))
    name = _text(node.args[0]) if node.args else None
    if name is None or not (function in _READERS or wrapper) or not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):
        return
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    fallback = given.get("default") or (node.args[1] if len(node.args) > 1 and not wrapper else None)
    yield _variable(path, node.lineno, name, default=_plain(fallback), required=wrapper and fallback is None)


def _settings(path: str, node: ast.ClassDef) -> Iterator[EnvVar]:
    """Fields of a pydantic Settings class: each is a variable by its own name, or its alias."""
    if not any(_last(base).endswith("Settings") for base in node.bases):
        return
    prefix = next(
        (
            _text(keyword.value) or ""
            for inner in ast.walk(node)
            if isinstance(inner, ast.Call) and _last(inner.func) == "SettingsConfigDict"
            for keyword in inner.keywords
            if keyword.arg == "env_prefix"
        ),
        "",
    )
    for item in node.body:
        if (
            not isinstance(item, ast.AnnAssign)
            or not isinstance(item.target, ast.Name)
            or item.target.id == "model_config"
        ):
            continue
        if "ClassVar" in ast.unparse(item.annotation):
            continue
        name, value = prefix + item.target.id, item.value
        if isinstance(value, ast.Call) and _last(value.func) == "Field":
            given = {keyword.arg: keyword.value for keyword in value.keywords}
            name = next((text for key in ("validation_alias", "alias", "env") if (text := _text(given.get(key)))), name)
            value = given.get("default") or given.get("default_factory") or next(iter(value.args), None)
        missing = value is None or (isinstance(value, ast.Constant) and value.value is Ellipsis)
        yield _variable(path, item.lineno, name.upper(), default=_plain(value), required=missing)


def _apps(path: str, module: ast.Module, factories: dict[str, Framework]) -> Iterator[WebApp]:
    for node in module.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Call) and targets and isinstance(targets[0], ast.Name):
            name, called = targets[0].id, _last(value.func)
            framework = CLASSES.get(called) or (factories.get(called) if name in _NAMES else None)
            if framework:
                yield WebApp(path, name, node.lineno, framework)
        elif isinstance(node, ast.FunctionDef) and _FACTORY.match(node.name) and (framework := _builds(node)):
            needs = len(node.args.args) > len(node.args.defaults)
            yield WebApp(path, node.name, node.lineno, framework, factory=True, arguments=needs)


def _routes(path: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Route]:
    for decorator in node.decorator_list:
        if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute) or not decorator.args:
            continue
        # A router's prefix is decided elsewhere; only routes right on the application are known whole.
        if _last(decorator.func.value) in _NAMES and decorator.func.attr in _DECORATORS:
            route = _text(decorator.args[0])
            if route and is_health(route):
                yield Route(path=route, source=Source(path=path, line=node.lineno))


def _port(path: str, node: ast.Call) -> Iterator[tuple[int, Source]]:
    if _last(node.func) != "run":
        return
    for keyword in node.keywords:
        if keyword.arg == "port" and (value := _plain(keyword.value)) and value.isdigit():
            yield int(value), Source(path=path, line=node.lineno)
