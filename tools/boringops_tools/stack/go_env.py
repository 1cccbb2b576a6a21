"""Environment variables that Go reads: directly, through helpers, by struct tags and with viper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boringops_tools.stack.environment import is_secret
from boringops_tools.stack.facts import EnvVar, Source
from boringops_tools.stack.go_program import File, Origin, Program, arguments, method, parameters
from boringops_tools.stack.grammar import line, literal, source, within

if TYPE_CHECKING:
    from tree_sitter import Node

_READERS = {"os.Getenv", "os.LookupEnv", "syscall.Getenv"}
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_TAG = re.compile(r'(\w+):"([^"]*)"')
_ENDS = {
    "panic",
    "log.Fatal",
    "log.Fatalf",
    "log.Fatalln",
    "log.Panic",
    "log.Panicf",
    "os.Exit",
    "errors.New",
    "fmt.Errorf",
}


@dataclass(frozen=True)
class _Helper:
    """A function that reads the variable its caller names, by positions of parameters."""

    name: int
    fallback: int | None
    insists: bool


class _Reader:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.helpers: dict[tuple[str, int], _Helper | None] = {}

    def read(self) -> Iterator[EnvVar]:
        prefixes = {prefix for file in self.program.files for prefix in self._process_prefixes(file)}
        prefix = prefixes.pop() if len(prefixes) == 1 else ""
        known = [item for file in self.program.files for item in self._viper_defaults(file)]
        defaults = {key: value for key, value, _, _ in known if value}
        if (viper := viper_prefix(self.program)) is not None:
            for key, value, file, node in known:
                yield _variable(file, node, viper + re.sub(r"[.-]", "_", key).upper(), value, False)
        for file in self.program.files:
            for node in file.nodes:
                if node.type == "call_expression":
                    yield from self._call(file, node, defaults)
                elif node.type == "field_declaration" and (tag := literal(node.child_by_field_name("tag"))):
                    yield from _tagged(file, node, dict(_TAG.findall(tag)), prefix)

    def _call(self, file: File, node: Node, defaults: dict[str, str]) -> Iterator[EnvVar]:
        given, external = arguments(node), self.program.external(file, node)
        name = self.program.text(file, given[0]) if given else None
        if not name:
            return
        if external in _READERS:
            default = _default(file, node)
            yield _variable(file, node, name, default, default is None and _refused(file, node))
        elif external.endswith("spf13/viper.BindEnv"):
            for bound in [self.program.text(file, argument) for argument in given[1:]]:
                if bound:
                    yield _variable(file, node, bound, defaults.get(name), False)
        elif _NAME.fullmatch(name) and (callee := self.program.function(file, node)) is not None:
            helper = self._helper(callee)
            if helper is not None and helper.name == 0:
                has = helper.fallback is not None and helper.fallback < len(given)
                default = self.program.text(file, given[helper.fallback or 0]) if has else None
                yield _variable(file, node, name, default, helper.insists and not has)

    def _helper(self, function: Origin) -> _Helper | None:
        """How a function reads a variable that its callers name, if it does."""
        if function.key not in self.helpers:
            self.helpers[function.key] = None  # one that calls itself adds nothing
            self.helpers[function.key] = self._helping(function)
        return self.helpers[function.key]

    def _helping(self, function: Origin) -> _Helper | None:
        index = {source(parameter): number for number, parameter in enumerate(parameters(function.node))}
        for node in within(function.node):
            given = arguments(node) if node.type == "call_expression" else []
            if not given or source(given[0]) not in index:
                continue
            callee = self.program.function(function.file, node)
            inner = self._helper(callee) if callee is not None else None
            if self.program.external(function.file, node) in _READERS or (inner is not None and inner.name == 0):
                name = index[source(given[0])]
                handed = [
                    index[source(value)]
                    for returned in within(function.node)
                    if returned.type == "return_statement"
                    for value in within(returned)
                    if value.type == "identifier" and source(value) in index and index[source(value)] != name
                ]
                insists = _refused(function.file, node) or (inner is not None and inner.insists)
                return _Helper(name, handed[0] if handed else None, insists)
        return None

    def _process_prefixes(self, file: File) -> Iterator[str]:
        """envconfig.Process("app", &settings) puts `APP_` before every name."""
        for node in file.nodes:
            if node.type == "call_expression" and arguments(node):
                external = self.program.external(file, node)
                if external in {f"github.com/kelseyhightower/envconfig.{name}" for name in ("Process", "MustProcess")}:
                    given = self.program.text(file, arguments(node)[0])
                    yield f"{given.upper()}_" if given else ""

    def _viper_defaults(self, file: File) -> Iterator[tuple[str, str | None, File, Node]]:
        for node in file.nodes:
            given = arguments(node) if node.type == "call_expression" else []
            if len(given) == 2 and self.program.external(file, node).endswith("spf13/viper.SetDefault"):
                key, value = (self.program.text(file, argument) for argument in given)
                if key:
                    yield key, value, file, node


def viper_prefix(program: Program) -> str | None:
    """What viper puts before a key to get the variable's name, with `_`; None where it does not read the environment."""
    prefix, reads = "", False
    for file in program.files:
        for node in file.nodes if any(path.endswith("spf13/viper") for path in file.imports.values()) else ():
            called = program.external(file, node) if node.type == "call_expression" else ""
            reads |= called.endswith("spf13/viper.AutomaticEnv")
            if called.endswith("spf13/viper.SetEnvPrefix") and arguments(node):
                prefix = f"{(program.text(file, arguments(node)[0]) or '').upper()}_"
    return prefix.replace("-", "_") if reads else None


def read(program: Program) -> list[EnvVar]:
    """Every variable each time it is read, defaults where they are literal."""
    return list(_Reader(program).read())


def _variable(file: File, node: Node, name: str, default: str | None, required: bool) -> EnvVar:
    place = Source(path=file.path, line=line(node))
    return EnvVar(name=name, sources=[place], secret=is_secret(name), default=default or None, required=required)


def _tagged(file: File, node: Node, tag: dict[str, str], prefix: str) -> Iterator[EnvVar]:
    """`env:"PORT" envDefault:"8080"`, `env:"PORT,default=8080"`, `envconfig:"PORT" default:"8080" required:"true"`."""
    kind = "env" if "env" in tag else "envconfig"
    name, *options = tag.get(kind, "").split(",")
    if not _NAME.fullmatch(name.upper()):
        return
    stated = next((option.partition("=")[2] for option in options if option.startswith("default=")), None)
    default = tag.get("envDefault") or tag.get("env-default") or tag.get("default") or stated
    asked = (
        {"required", "notEmpty"} & set(options) or tag.get("required") == "true" or tag.get("env-required") == "true"
    )
    whole = prefix + name.upper() if kind == "envconfig" else name
    yield _variable(file, node, whole, default, bool(asked) and default is None)


def _holder(file: File, node: Node) -> tuple[set[str], Node | None]:
    """The names that what a call reads is put into, and the function around it."""
    above = file.parent.get(node.id)
    statement = file.parent.get(above.id) if above is not None and above.type == "expression_list" else None
    left = statement.child_by_field_name("left") if statement is not None else None
    return {source(name) for name in left.named_children} if left is not None else set(), file.function(node)


def _missing(file: File, node: Node) -> Iterator[Node]:
    """What the function does where the variable is empty: the blocks of `if v == ""` and `if !ok`."""
    names, function = _holder(file, node)
    for inner in within(function) if function is not None else []:
        if inner.type != "if_statement":
            continue
        condition, block = inner.child_by_field_name("condition"), inner.child_by_field_name("consequence")
        if block is not None and source(condition) in {f'{name} == ""' for name in names} | {
            f"!{name}" for name in names
        }:
            yield block


def _refused(file: File, node: Node) -> bool:
    return any(
        inner.type == "call_expression" and source(inner.child_by_field_name("function")) in _ENDS
        for block in _missing(file, node)
        for inner in within(block)
    )


def _default(file: File, node: Node) -> str | None:
    """`if port == "" { port = "8080" }` and `cmp.Or(os.Getenv("PORT"), "8080")`."""
    names, _ = _holder(file, node)
    for block in _missing(file, node):
        for inner in within(block):
            left, right = inner.child_by_field_name("left"), inner.child_by_field_name("right")
            if inner.type == "assignment_statement" and source(left) in names and right is not None:
                return literal(right.named_children[0])
    above = file.parent.get(node.id)
    call = file.parent.get(above.id) if above is not None and above.type == "argument_list" else None
    if call is not None and method(call)[1] == "Or" and arguments(call)[0] == node and len(arguments(call)) > 1:
        return literal(arguments(call)[1])
    return None
