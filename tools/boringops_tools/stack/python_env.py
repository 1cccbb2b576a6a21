"""Environment variables that Python reads: directly, under another name, through helpers, libraries and settings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from boringops_tools.stack.environment import is_secret
from boringops_tools.stack.facts import EnvVar, Source
from boringops_tools.stack.python_program import Function, Module, Origin, Parameter, Program, handed, keyword

_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_GETTERS = {"os.getenv", "os.environ.get"}
_CONFIGS = {"decouple.config", "environ.Env", "environs.Env", "environ.FileAwareEnv", "starlette.config.Config"}
_CASTS = {
    "str", "bool", "int", "float", "list", "url", "db", "cache", "json", "db_url", "cache_url", "email_url", "path", "decimal",
    "dj_db_url", "dict", "tuple", "search_url", "channels",
}  # fmt: skip
_UNKNOWN_WRAPPERS = {"env", "config"}
"""What people call these objects, where a star import hides what they are."""


@dataclass(frozen=True)
class _Helper:
    """A function that reads the variable its caller names. Parameters are given by name."""

    name: str
    fallback: str | None
    default: str | None
    insists: bool


class _Reader:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.handed: set[tuple[str, int, int]] = set()
        """Parameters that some caller gives the environment to."""
        self.helpers: dict[tuple[str, int, int], list[_Helper]] = {}

    def read(self) -> Iterator[EnvVar]:
        for module in self.program.modules * 2:  # the second time for what was handed on by what was handed over
            for node in module.nodes:
                if isinstance(node, ast.Call):
                    self._hand_on(module, node)
        for module in self.program.modules:
            optional = _guarded(module)
            for node in module.nodes:
                if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
                    name = self.program.text(module, node.slice)
                    if name and self._is_environment(module, node.value):
                        yield _variable(module, node, name, None, id(node) not in optional)
                elif isinstance(node, ast.Call):
                    yield from self._call(module, node)
                elif isinstance(node, ast.ClassDef):
                    yield from self._settings(module, node)

    def _is_environment(self, module: Module, node: ast.AST) -> bool:
        origin = self.program.resolve(module, node)
        if origin is None:
            return False
        if origin.external:
            return origin.external == "os.environ"
        if isinstance(origin.node, ast.arg):
            bound = origin.module.lookup(node, origin.node.arg) if origin.module is module else None
            default = bound.default if isinstance(bound, Parameter) else None
            return origin.key in self.handed or (default is not None and self._is_environment(module, default))
        return False

    def _hand_on(self, module: Module, node: ast.Call) -> None:
        callee = self._callee(module, node) if node.args or node.keywords else None
        for parameter, value in handed(callee.node, node) if callee and isinstance(callee.node, Function) else []:
            if callee and isinstance(value, ast.Name | ast.Attribute) and self._is_environment(module, value):
                self.handed.add(Origin(callee.module, parameter).key)

    def _callee(self, module: Module, node: ast.Call) -> Origin | None:
        origin = self.program.resolve(module, node.func)
        return origin if origin and not origin.external and isinstance(origin.node, Function) else None

    def _call(self, module: Module, node: ast.Call) -> Iterator[EnvVar]:
        name = self.program.text(module, node.args[0]) if node.args else None
        if not name or not _NAME.fullmatch(name):
            return
        if self._gets(module, node):
            fallback = _fallback(module, node)
            yield _variable(
                module, node, name, self._plain(module, fallback), fallback is None and _refused(module, node)
            )
        elif (config := self._config(module, node)) is not None:
            fallback = keyword(node, "default")
            method = isinstance(node.func, ast.Attribute)
            if fallback is None and len(node.args) > 1 and (method or config.external == "decouple.config"):
                fallback = node.args[1]
            if fallback is None and isinstance(config.node, ast.Call):  # environ.Env(NAME=(type, default))
                scheme = keyword(config.node, name)
                fallback = scheme.elts[1] if isinstance(scheme, ast.Tuple) and len(scheme.elts) > 1 else None
            yield _variable(module, node, name, self._plain(module, fallback), fallback is None)
        elif (callee := self._callee(module, node)) is not None and isinstance(callee.node, Function):
            given = {parameter.arg: value for parameter, value in handed(callee.node, node)}
            for helper in self._helpers(callee):
                if given.get(helper.name) is node.args[0]:
                    stated = given.get(helper.fallback or "")
                    default = self._plain(module, stated) if stated is not None else helper.default
                    yield _variable(module, node, name, default, helper.insists and stated is None)

    def _gets(self, module: Module, node: ast.Call) -> bool:
        """`os.getenv`, `os.environ.get` and the same on another name for it."""
        if isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            return self._is_environment(module, node.func.value)
        origin = self.program.resolve(module, node.func)
        return origin is not None and origin.external in _GETTERS

    def _config(self, module: Module, node: ast.Call) -> Origin | None:
        """The object of a configuration library that a call asks."""
        asked: ast.AST = node.func
        if isinstance(asked, ast.Attribute) and asked.attr in _CASTS | {"get"}:
            asked = asked.value
        origin = self.program.resolve(module, asked)
        if origin is None:
            unknown = isinstance(asked, ast.Name) and asked.id in _UNKNOWN_WRAPPERS and bool(module.everything_of)
            return Origin(module, asked) if unknown else None
        if origin.external == "decouple.config":
            return origin
        if isinstance(origin.node, ast.Call) and not origin.external:
            maker = self.program.resolve(origin.module, origin.node.func)
            return origin if maker is not None and maker.external in _CONFIGS else None
        return None

    def _helpers(self, function: Origin) -> list[_Helper]:
        """How a function reads variables that its callers name, if it does."""
        if function.key not in self.helpers:
            self.helpers[function.key] = []  # one that calls itself adds nothing
            self.helpers[function.key] = list(self._helping(function))
        return self.helpers[function.key]

    def _helping(self, function: Origin) -> Iterator[_Helper]:
        module, node = function.module, function.node
        own = {item.arg for item in ast.walk(node) if isinstance(item, ast.arg)}
        optional = _guarded(module)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Subscript) and isinstance(inner.slice, ast.Name) and inner.slice.id in own:
                if isinstance(inner.ctx, ast.Load) and self._is_environment(module, inner.value):
                    yield _Helper(inner.slice.id, None, None, id(inner) not in optional)
            elif isinstance(inner, ast.Call) and inner.args and isinstance(inner.args[0], ast.Name):
                name, fallback = inner.args[0].id, _fallback(module, inner)
                if name in own and self._gets(module, inner):
                    by_caller = fallback.id if isinstance(fallback, ast.Name) and fallback.id in own else None
                    bound = module.lookup(inner, by_caller) if by_caller else None
                    default = bound.default if isinstance(bound, Parameter) else fallback
                    yield _Helper(name, by_caller, self._plain(module, default), _refused(module, inner))

    def _settings(self, module: Module, node: ast.ClassDef) -> Iterator[EnvVar]:
        """Fields of a pydantic settings class: each is a variable by its prefixed name, or its alias."""
        if not any(ast.unparse(base).rpartition(".")[2].endswith("Settings") for base in node.bases):
            return
        prefix = self._prefix(module, node)
        for item in node.body:
            if not isinstance(item, ast.AnnAssign) or not isinstance(item.target, ast.Name):
                continue
            if item.target.id == "model_config" or "ClassVar" in ast.unparse(item.annotation):
                continue
            name, value = prefix + item.target.id, item.value
            if isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] == "Field":
                alias = keyword(value, "validation_alias", "alias", "env")
                if isinstance(alias, ast.Call) and alias.args:  # AliasChoices: the first one is the usual one
                    alias = alias.args[0]
                name = self.program.text(module, alias) or name
                value = keyword(value, "default", "default_factory") or next(iter(value.args), None)
            missing = value is None or (isinstance(value, ast.Constant) and value.value is Ellipsis)
            yield _variable(module, item, name.upper(), self._plain(module, value), missing)

    def _prefix(self, module: Module, node: ast.ClassDef) -> str:
        """`SettingsConfigDict(env_prefix=...)`, a plain dict of it, or version 1's inner `Config` class."""
        for inner in ast.walk(node):
            stated: ast.AST | None = None
            if isinstance(inner, ast.Call):
                stated = keyword(inner, "env_prefix")
            elif isinstance(inner, ast.Dict):
                keys = [key.value if isinstance(key, ast.Constant) else None for key in inner.keys]
                stated = inner.values[keys.index("env_prefix")] if "env_prefix" in keys else None
            elif isinstance(inner, ast.Assign) and any(ast.unparse(target) == "env_prefix" for target in inner.targets):
                stated = inner.value
            if stated is not None:
                return self.program.text(module, stated) or ""
        return ""

    def _plain(self, module: Module, node: ast.AST | None) -> str | None:
        """A literal default as text."""
        origin = self.program.resolve(module, node) if node is not None else None
        found = origin.node if origin is not None and not origin.external else None
        if isinstance(found, ast.Constant) and isinstance(found.value, str | int | float) and found.value != "":
            return str(found.value)
        return None


def read(program: Program) -> list[EnvVar]:
    """Every variable each time it is read, defaults where they are literal."""
    return list(_Reader(program).read())


def _variable(module: Module, node: ast.AST, name: str, default: str | None, required: bool) -> EnvVar:
    place = Source(path=module.path, line=getattr(node, "lineno", None))
    return EnvVar(name=name, sources=[place], secret=is_secret(name), default=default, required=required)


def _fallback(module: Module, node: ast.Call) -> ast.expr | None:
    """The second argument, or what stands right of `or`."""
    if given := keyword(node, "default") or next(iter(node.args[1:]), None):
        return given
    above = module.parent.get(id(node))
    left = isinstance(above, ast.BoolOp) and isinstance(above.op, ast.Or) and above.values[0] is node
    return above.values[1] if isinstance(above, ast.BoolOp) and left else None


def _guarded(module: Module) -> set[int]:
    """Ids of the nodes that only run under a condition: what they read is not needed by everyone."""
    return {
        id(inner)
        for node in module.nodes
        if isinstance(node, ast.If | ast.IfExp | ast.Try)
        for part in ([node.body, node.orelse] if isinstance(node, ast.IfExp) else [*node.body, *node.orelse])
        for inner in ast.walk(part)
    }


def _refused(module: Module, node: ast.Call) -> bool:
    """Whether what was read into a name makes the code raise or exit where it is missing."""
    above = module.parent.get(id(node))
    target = (
        above.targets[0]
        if isinstance(above, ast.Assign)
        else above.target
        if isinstance(above, ast.NamedExpr)
        else None
    )
    if not isinstance(target, ast.Name):
        return False
    missing = {f"not {target.id}", f"{target.id} is None", f"not ({ast.unparse(above)})" if above else "",
               f"({ast.unparse(above)}) is None" if above else ""}  # fmt: skip
    scope: ast.AST | None = above
    while scope is not None and not isinstance(scope, Function | ast.Module):
        scope = module.parent.get(id(scope))
    return any(
        isinstance(inner, ast.If)
        and ast.unparse(inner.test) in missing
        and any(
            isinstance(step, ast.Raise)
            or (isinstance(step, ast.Call) and ast.unparse(step.func) in {"sys.exit", "exit"})
            for statement in inner.body
            for step in ast.walk(statement)
        )
        for inner in (ast.walk(scope) if scope is not None else [])
    )
