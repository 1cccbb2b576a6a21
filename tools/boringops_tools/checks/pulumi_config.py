"""Pulumi: configuration as the project declares it, against what its stacks set."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.pulumi import is_project
from boringops_tools.yaml_files import is_workflow

_FIELDS = ("type", "name", "description", "secret", "default", "value", "items")
_TYPES = ("string", "integer", "boolean", "array", "object", "number")
_MEANT = {"list": "array", "str": "string", "int": "integer", "bool": "boolean", "map": "object", "float": "number", "dict": "object"}  # fmt: skip
_STACK = lazy_pattern(r"Pulumi\.[^/]+\.ya?ml")
_SETS = lazy_pattern(r"(?:[^/]*\.(?:sh|bash|ya?ml|mk|groovy|toml)|Makefile|Jenkinsfile.*|justfile|package\.json)")
"""Names of files that may run `pulumi config set` before a stack is brought up."""


def is_stack(path: str) -> bool:
    return bool(_STACK.fullmatch(posixpath.basename(path)))


def document(files: Files, path: str) -> Mapping[Any, Any]:
    found = files.documents(path)
    return mapping(found[0]) if found else {}


def project_of(files: Files, path: str) -> Mapping[Any, Any]:
    """The project that a stack's file lies beside."""
    names = (each for each in files.siblings(path) if is_project(each))
    return next((document(files, each) for each in names), {})


def declared(project: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """The configuration that is declared with its type, by names without the project's own."""
    own = f"{project.get('name')}:"
    config = mapping(project, "config").items()
    return {str(name).removeprefix(own): how for name, how in config if isinstance(how, Mapping) and "type" in how}


def fits(value: Any, how: Mapping[Any, Any], *, of_stack: bool) -> bool:
    """Whether a value is of its declared type. A stack keeps what is not nested as text, and Pulumi reads it as such."""
    kind, nested = how.get("type"), isinstance(value, Mapping | list)
    if value is None or isinstance(value, Mapping):
        return kind != "array" or value is None or "secure" in value or not value
    if kind == "array":
        items = how.get("items")
        return isinstance(value, list) and (
            not isinstance(items, Mapping) or all(fits(each, items, of_stack=of_stack) for each in value)
        )
    if nested:
        return kind not in ("string", "integer", "boolean", "number")
    if kind == "integer":
        return not isinstance(value, bool) and bool(re.fullmatch(r"[+-]?\d+(?:\.0+)?", str(value)))
    if kind == "number":
        return not isinstance(value, bool) and bool(re.fullmatch(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", str(value)))
    if kind == "boolean":
        return str(value).lower() in ("true", "false")
    return kind != "string" or of_stack or isinstance(value, str)


def _declarations(files: Files, path: str) -> Iterator[Hit]:
    config = mapping(document(files, path), "config")
    for name, how in config.items():
        kind = how.get("type") if isinstance(how, Mapping) else None
        for key in how if isinstance(how, Mapping) else ():
            if key not in _FIELDS and (close := difflib.get_close_matches(str(key), _FIELDS, 1, 0.75)):
                yield Hit(at((how, key)), f"`{name}`: a declaration has no `{key}`; it has `{close[0]}`")
        if not isinstance(how, Mapping) or not isinstance(kind, str):
            continue
        if kind not in _TYPES:
            near = _MEANT.get(kind.lower()) or next(iter(difflib.get_close_matches(kind.lower(), _TYPES, 1, 0.6)), "")
            better = f"; `{near}` is one" if near else ""
            yield Hit(at((how, "type")), f"`{name}`: configuration has no type `{kind}`{better}")
        elif kind == "array" and "items" not in how:
            yield Hit(at((how, "type")), f"`{name}`: an array says what its `items` are")
        elif "default" in how and not _text(how["default"]) and not fits(how["default"], how, of_stack=False):
            yield Hit(at((how, "default")), f"`{name}` is declared as {kind}, and its default is not")


def _text(value: Any) -> bool:
    """Whether a value is one that `pulumi new` fills in."""
    return isinstance(value, str) and "${" in value


def _values(files: Files, path: str) -> Iterator[Hit]:
    stack, project = document(files, path), project_of(files, path)
    config, own = mapping(stack, "config"), f"{project.get('name')}:"
    for name, value in config.items():
        how = declared(project).get(str(name).removeprefix(own)) if project else None
        if how is None or _text(value):
            continue
        if how.get("secret") is True and value is not None and not (isinstance(value, Mapping) and "secure" in value):
            yield Hit(at((config, name)), f"`{name}` is declared as a secret, and stands here in clear")
        elif not fits(value, how, of_stack=True):
            yield Hit(at((config, name)), f"`{name}` is declared as {how['type']}, and this is none")


def _missing(files: Files, path: str) -> Iterator[Hit]:
    stack, project = document(files, path), project_of(files, path)
    name, config = str(project.get("name")), mapping(stack, "config")
    if not project or "${" in name or "environment" in stack:
        return  # what an environment of Pulumi's own brings is not here
    given = {str(each).removeprefix(f"{name}:") for each in config}
    for each, how in declared(project).items():
        if ":" in each or each in given or how.get("default") is not None or how.get("value") is not None:
            continue
        if set_elsewhere(files, each):
            continue
        near = difflib.get_close_matches(
            each, [one.rpartition(":")[2] for one in given - set(declared(project))], 1, 0.5
        )
        hint = f"; it sets `{near[0]}`" if near else ""
        yield Hit(at((stack, "config")) or 1, f"the project needs `{each}`, which this stack does not set{hint}")


def set_elsewhere(files: Files, name: str) -> bool:
    """Whether a pipeline or a script sets a value before it brings the stack up."""
    texts = files.once(_setters)
    return any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) for text in texts)


def _setters(files: Files) -> list[str]:
    paths = (each for each in files.all if is_workflow(each) or _SETS.fullmatch(posixpath.basename(each)))
    texts = (files.text(each) for each in paths if not is_stack(each) and not is_project(each))
    return [text for text in texts if "pulumi" in text.lower()]


def _misnamed(files: Files, path: str) -> Iterator[Hit]:
    """Keys of a stack that are a slip of a declared one's: of its name, or of the project's before it."""
    stack, project = document(files, path), project_of(files, path)
    name, config, known = str(project.get("name")), mapping(stack, "config"), declared(project)
    others = {f"{name}:{each}" for each in known}
    for key in config:
        space, colon, last = str(key).rpartition(":")
        if str(key) in others or (last in mapping(project, "config") and space in ("", name)):
            continue
        if colon and last in known and space != name and difflib.get_close_matches(space, [name], 1, 0.75):
            yield Hit(at((config, key)), f"`{key}`: the project is called `{name}`, and looks for `{name}:{last}`")
            continue
        near = difflib.get_close_matches(last, list(known), 1, 0.85) if space in ("", name) else []
        if near and not {near[0], f"{name}:{near[0]}"} & set(config) and not _read(files, path, last):
            yield Hit(at((config, key)), f"the project declares no `{last}`; it has `{near[0]}`")


def _read(files: Files, path: str, name: str) -> bool:
    """Whether a file beside the stack's reads a value that is not declared."""
    return any(
        re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", files.text(each))
        for each in files.siblings(path)
        if not is_stack(each) and each.endswith((".yaml", ".yml", ".ts", ".js", ".py", ".go", ".cs", ".java"))
    )


_SCHEMA = "Pulumi project file reference, config"
_P = "name: p\nruntime: yaml\nconfig:\n"


def _case(declaration: str, stack: str, **more: str) -> dict[str, str]:
    return {"Pulumi.yaml": _P + f"  {declaration}\n", "Pulumi.prod.yaml": stack, **more}


RULES = (
    Rule(
        "pulumi/config-type", "error", "Pulumi refuses the project: a type is string, integer, boolean or array, with items.",
        f"{_SCHEMA}: the type of a value is one of string, integer, boolean and array; a default is of that type.", is_project, _declarations,
        bad=({"Pulumi.yaml": _P + "  a: {type: list}\n"}, {"Pulumi.yaml": _P + "  a: {type: array}\n"}, {"Pulumi.yaml": _P + "  a: {type: string, defualt: b}\n"}, {"Pulumi.yaml": _P + "  a: {type: integer, default: many}\n"}),
        good=({"Pulumi.yaml": _P + "  a: {type: array, items: {type: string}, default: [b]}\n  b: {type: integer, default: 3}\n  c: {type: boolean, default: false}\n  d: {value: x}\n  e: f\n"},),
    ),
    Rule(
        "pulumi/config-value", "error", "Pulumi refuses the stack: set a value of the declared type, a secret with `pulumi config set --secret`.",
        f"{_SCHEMA}: what a stack sets is held against the declared type, and a secret has to be encrypted.", is_stack, _values,
        bad=(
            _case("a: {type: integer}", "config: {'p:a': one year}\n"), _case("a: {type: boolean}", "config: {'p:a': enabled}\n"),
            _case("a: {type: array, items: {type: string}}", "config: {'p:a': b}\n"), _case("a: {type: string}", "config: {'p:a': [b]}\n"),
            _case("a: {type: string, secret: true}", "config: {'p:a': b}\n"),
        ),
        good=(
            _case("a: {type: integer}", "config: {'p:a': '12'}\n"), _case("a: {type: string}", "config: {'p:a': 12}\n"), _case("a: {type: boolean}", "config: {'p:a': 'true'}\n"),
            _case("a: {type: string, secret: true}", "config: {'p:a': {secure: v1:x}}\n"), _case("a: {type: array, items: {type: integer}}", "config: {'p:a': [1, 2]}\n"),
            _case("a: {type: integer}", "config: {'aws:a': b}\n"),
        ),
    ),
    Rule(
        "pulumi/config-missing", "error", "Pulumi refuses the stack: set the value, or declare a default.",
        f"{_SCHEMA}: a value that is declared without a default has to be set by every stack.", is_stack, _missing,
        bad=(_case("a: {type: string}", "config: {'aws:region': b}\n"), _case("a: {type: string}", "config: {'q:a': b}\n")),
        good=(
            _case("a: {type: string}", "config: {'p:a': b}\n"), _case("a: {type: string, default: c}", "config: {}\n"), _case("'aws:region': {type: string}", "config: {}\n"),
            _case("a: {type: string}", "environment: [prod]\n"), _case("a: {type: string}", "config: {}\n", **{"deploy.sh": "pulumi config set a b\npulumi up\n"}),
            _case("a: {description: b}", "config: {}\n"),
        ),
    ),
    Rule(
        "pulumi/config-name", "warning", "Set what the project reads: nobody looks at this one.",
        f"{_SCHEMA}: a value is found by the project's name and its own.", is_stack, _misnamed,
        bad=(_case("logBucket: {type: string, default: a}", "config: {'p:logbucket': b}\n"), {"Pulumi.yaml": "name: shop\nruntime: yaml\nconfig:\n  a: {type: string, default: b}\n", "Pulumi.prod.yaml": "config: {'shops:a': b}\n"}),
        good=(_case("logBucket: {type: string, default: a}", "config: {'p:logBucket': b, 'aws:region': c, 'p:other': d}\n"), _case("a1: {type: string}\n  a2: {type: string}", "config: {'p:a1': b, 'p:a2': c}\n")),
    ),
)  # fmt: skip
