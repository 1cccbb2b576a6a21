"""The modules of one Python application, and what an expression in one of them comes down to."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from boringops_tools.stack.tree import Tree, folder_of, join

Function = ast.FunctionDef | ast.AsyncFunctionDef
_DEEPEST = 24
"""Names for names for names: more steps than people write."""


@dataclass(frozen=True)
class Import:
    """A name from another module; with an empty `name` the module itself."""

    module: str
    name: str
    level: int = 0


@dataclass(frozen=True)
class Parameter:
    node: ast.arg
    default: ast.expr | None


Bound = ast.expr | Function | ast.ClassDef | Import | Parameter


class Module:
    """A parsed file, indexed once. A name bound to two things in one scope counts as bound to nothing."""

    def __init__(self, path: str, tree: ast.Module) -> None:
        self.path, self.tree = path, tree
        self.nodes: list[ast.AST] = []
        self.parent: dict[int, ast.AST] = {}
        self.everything_of: list[Import] = []
        self._scope: dict[int, int] = {}
        self._outer: dict[int, int] = {}
        self._names: dict[tuple[int, str], Bound | None] = {}
        self._index()

    def lookup(self, node: ast.AST, name: str) -> Bound | None:
        """What `name` means where `node` stands; None where that is open."""
        scope: int | None = self._scope.get(id(node))
        while scope is not None:
            if (scope, name) in self._names:
                return self._names[scope, name]
            scope = self._outer.get(scope)
        return None

    def binds(self, name: str) -> bool:
        """Whether the module itself gives `name` a meaning."""
        return (id(self.tree), name) in self._names

    def value(self, name: str) -> ast.expr | None:
        """The expression that the module gives to `name`."""
        found = self._names.get((id(self.tree), name))
        return found if isinstance(found, ast.expr) else None

    def _index(self) -> None:
        stack: list[tuple[ast.AST, int]] = [(self.tree, id(self.tree))]
        while stack:
            node, scope = stack.pop()
            self.nodes.append(node)
            self._scope[id(node)] = scope
            inner = id(node) if isinstance(node, Function | ast.Lambda | ast.ClassDef) else scope
            if inner != scope:
                self._outer[inner] = scope
            self._bindings(node, scope)
            children = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr_context)]
            for child in children:
                self.parent[id(child)] = node
            stack.extend((child, inner) for child in reversed(children))

    def _bindings(self, node: ast.AST, scope: int) -> None:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    self._bind(scope, target.id, node.value)
        elif isinstance(node, ast.NamedExpr):
            self._bind(scope, node.target.id, node.value)
        elif isinstance(node, Function | ast.ClassDef):
            self._bind(scope, node.name, node)
            for parameter, default in parameters(node) if isinstance(node, Function) else []:
                self._bind(id(node), parameter.arg, Parameter(parameter, default))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                whole = alias.name if alias.asname else alias.name.split(".")[0]
                self._bind(scope, alias.asname or whole, Import(whole, ""))
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name == "*":
                    self.everything_of.append(Import(node.module or "", "*", node.level))
                else:
                    self._bind(scope, alias.asname or alias.name, Import(node.module or "", alias.name, node.level))

    def _bind(self, scope: int, name: str, bound: Bound) -> None:
        known = self._names.get((scope, name), bound)
        self._names[scope, name] = bound if known is bound or known == bound else None


@dataclass(frozen=True)
class Origin:
    """Where an expression comes from: a node of ours, or the dotted name of somebody else's thing."""

    module: Module
    node: ast.AST
    external: str = ""

    @property
    def key(self) -> tuple[str, int, int]:
        """The same for every way to speak of it."""
        return self.module.path, getattr(self.node, "lineno", 0), getattr(self.node, "col_offset", 0)


class Program:
    """Parses the files it is given; `broken` are those that are not Python of this interpreter."""

    def __init__(self, tree: Tree, folder: str, paths: Iterable[str], others: Iterable[str] = ()) -> None:
        """`others` are folders of packages that it imports from beside its own."""
        self._paths = set(paths)
        self._roots = [root for start in (folder, *others) for root in (start, join(start, "src"))]
        self._tree = tree
        self.module = cache(self._module)
        found = {path: self.module(path) for path in sorted(self._paths)}
        self.modules = [module for module in found.values() if module is not None]
        self.broken = [path for path, module in found.items() if module is None]

    def _module(self, path: str) -> Module | None:
        parsed = parse(self._tree.text(path))
        return Module(path, parsed) if parsed is not None else None

    def resolve(self, module: Module, node: ast.AST | None, depth: int = _DEEPEST) -> Origin | None:
        """What `node` comes down to: a literal, a function, a parameter, the call that makes a thing; None if open."""
        if node is None or not depth:
            return None
        if isinstance(node, ast.Await | ast.NamedExpr):
            return self.resolve(module, node.value, depth - 1)
        if isinstance(node, ast.Name):
            return self._bound(module, module.lookup(node, node.id), node.id, depth)
        if isinstance(node, ast.Attribute):
            return self._attribute(self.resolve(module, node.value, depth - 1), node.attr, depth)
        if isinstance(node, ast.Call):
            return self._call(module, node, depth)
        return Origin(module, node)

    def _bound(self, module: Module, bound: Bound | None, name: str, depth: int) -> Origin | None:
        if isinstance(bound, Import):
            return self._imported(module, bound, depth - 1)
        if isinstance(bound, Parameter):
            return Origin(module, bound.node)
        if isinstance(bound, Function | ast.ClassDef):
            return Origin(module, bound)
        if bound is not None:
            return self.resolve(module, bound, depth - 1)
        return self._passed_on(module, name, depth - 1) if not module.binds(name) else None

    def _passed_on(self, module: Module, name: str, depth: int) -> Origin | None:
        """A name that a star import brings."""
        for wanted in module.everything_of if depth > 0 else []:
            other = self.find(module, wanted.module, wanted.level)
            if other is not None and (found := self.exported(other, name, depth - 1)):
                return found
        return None

    def _attribute(self, owner: Origin | None, name: str, depth: int) -> Origin | None:
        if owner is None:
            return None
        if owner.external:
            return Origin(owner.module, owner.node, f"{owner.external}.{name}")
        return self.exported(owner.module, name, depth - 1) if isinstance(owner.node, ast.Module) else None

    def _call(self, module: Module, node: ast.Call, depth: int) -> Origin | None:
        callee = self.resolve(module, node.func, depth - 1)
        if callee is None or callee.external or not isinstance(callee.node, Function):
            return Origin(module, node)
        made = self.product(callee.module, callee.node, depth)
        for parameter, argument in handed(callee.node, node) if made is not None else []:
            if made is not None and made.node is parameter:  # it hands back what it was given
                return self.resolve(module, argument, depth - 1)
        return made or Origin(module, node)

    def product(self, module: Module, function: Function, depth: int = _DEEPEST) -> Origin | None:
        """What every return of a function comes down to; None where they differ or are open."""
        made = [self.resolve(module, value, depth - 1) for value in _returned(function)]
        same = made and made[0] is not None and all(other is not None and other.key == made[0].key for other in made)
        return made[0] if same else None

    def _imported(self, module: Module, wanted: Import, depth: int) -> Origin | None:
        other = self.find(module, wanted.module, wanted.level)
        if other is not None and wanted.name and (found := self.exported(other, wanted.name, depth - 1)):
            return found
        within = f"{wanted.module}.{wanted.name}".strip(".")
        if wanted.name and (inner := self.find(module, within, wanted.level)):
            return Origin(inner, inner.tree)
        if other is not None:
            return Origin(other, other.tree) if not wanted.name else None
        return Origin(module, module.tree, within) if not wanted.level else None

    def exported(self, module: Module, name: str, depth: int = _DEEPEST) -> Origin | None:
        """What a module's own `name` is, a module below a package included."""
        if depth <= 0:
            return None
        found = self._bound(module, module.lookup(module.tree, name), name, depth)
        if found is None and not module.binds(name) and module.path.endswith("__init__.py"):
            inner = self.find(module, name, 1)
            return Origin(inner, inner.tree) if inner else None
        return found

    def find(self, module: Module | None, dotted: str, level: int = 0) -> Module | None:
        """The module of ours that an import names."""
        inner = dotted.replace(".", "/")
        here = folder_of(module.path) if module is not None else ""
        starts = [*self._roots, here]
        if level:
            for _ in range(level - 1):
                here = folder_of(here)
            starts = [here]
        for start in starts:
            base = join(start, inner) if inner else start
            for path in (f"{base}.py", join(base, "__init__.py")):
                if path in self._paths:
                    return self.module(path)
        return None

    def text(self, module: Module, node: ast.AST | None) -> str | None:
        """A string that is certain: a literal, a name for one, a sum or an f-string of such."""
        origin = self.resolve(module, node)
        if origin is None or origin.external:
            return None
        found, module = origin.node, origin.module
        if isinstance(found, ast.Constant) and isinstance(found.value, str):
            return found.value
        parts: list[str | None] = [None]
        if isinstance(found, ast.BinOp) and isinstance(found.op, ast.Add):
            parts = [self.text(module, found.left), self.text(module, found.right)]
        elif isinstance(found, ast.JoinedStr):
            inner = [part.value if isinstance(part, ast.FormattedValue) else part for part in found.values]
            parts = [self.text(module, part) for part in inner]
        return None if None in parts else "".join(part or "" for part in parts)


def parse(text: str) -> ast.Module | None:
    """The parsed module; None where it is not Python of this interpreter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def parameters(function: Function) -> list[tuple[ast.arg, ast.expr | None]]:
    """Every parameter that can be handed over by position or name, with its default."""
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(plain) - len(arguments.defaults)) + list(arguments.defaults)
    return [*zip(plain, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]


def handed(function: Function, call: ast.Call) -> list[tuple[ast.arg, ast.expr]]:
    """Which parameter gets which argument of a call."""
    listed = [parameter for parameter, _ in parameters(function)]
    positional = [(parameter, value) for parameter, value in zip(listed, call.args, strict=False)]
    named = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    return positional + [(parameter, named[parameter.arg]) for parameter in listed if parameter.arg in named]


def keyword(call: ast.Call, *names: str) -> ast.expr | None:
    """The argument handed over under the first of `names` that there is."""
    given = {item.arg: item.value for item in call.keywords}
    return next((given[name] for name in names if name in given), None)


def _returned(function: Function) -> list[ast.expr]:
    found: list[ast.expr] = []
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            found.append(node.value)
        if not isinstance(node, Function | ast.Lambda | ast.ClassDef):
            stack.extend(ast.iter_child_nodes(node))
    return found


def module_name(path: str, root: str) -> str:
    """What a file is imported as, from the folder `root`."""
    inner = path.removeprefix(f"{root}/" if root else "").removesuffix(".py").removesuffix("/__init__")
    return inner.replace("/", ".")
