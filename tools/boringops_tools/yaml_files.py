"""YAML files read with their line numbers, and what kind of YAML file one is."""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from boringops_tools.yaml_load import Broken, Map, Seq, load_all

if TYPE_CHECKING:
    from boringops_tools.validators.base import File

SIZE_CAP = 1024 * 1024
"""Characters; nobody writes a longer file by hand."""

# A tag of a template where YAML has a value or a line of its own. Inside quotes or plain text it is YAML all the same.
# Within a line: white space that goes on over lines would be looked through again from each of them.
_TEMPLATE = re.compile(
    r"(?m)^[^\S\n]*(?:-[^\S\n]+)*(?:[\w.\"'-]+:[^\S\n]+)?(?:\{\{|\{%)|\{\{-|-\}\}|^[^\S\n]*(?:#[^\S\n]*)?\{%"
)
_GITHUB = re.compile(r"\$\{\{")
_BLOCK_SCALAR = re.compile(r"(?:^\s*-|[\w\"']:)\s+(?:[!&]\S+\s+)*[|>][+-]?\d?[+-]?\s*(?:#.*)?$")
_COMPOSE = re.compile(r"(?:docker-)?compose(?:[._-][^/]*)?\.ya?ml$", re.I)
_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml", re.S)


class Unreadable(Exception):
    """The text is no YAML, or too long to be read with positions. `line` is where, counted from 1, if known; `hostile`
    where other readers, too, would take for ever or fall over."""

    def __init__(self, message: str, line: int | None = None, *, hostile: bool = False) -> None:
        super().__init__(message)
        self.line, self.hostile = line, hostile


@functools.lru_cache(maxsize=65536)
def is_yaml(path: str) -> bool:
    return path.lower().endswith((".yml", ".yaml"))


@functools.lru_cache(maxsize=65536)
def is_compose(path: str) -> bool:
    return bool(_COMPOSE.fullmatch(posixpath.basename(path)))


def is_workflow(path: str) -> bool:
    return bool(_WORKFLOW.fullmatch(path))


def is_azure(path: str) -> bool:
    """azure-pipelines.yml and its variants, or any YAML file of a folder that is named for them."""
    name = posixpath.basename(path)
    folder = r"(?:.*/)?(?:\.azure/(?:.*/)?pipelines|\.?azure-pipelines|\.azuredevops(?:/pipelines)?|\.pipelines)/[^/]+\.ya?ml"
    return bool(
        re.fullmatch(r"\.?azure-pipelines?(?:[.\-_][^/]*)?\.ya?ml", name, re.I)
        or re.fullmatch(folder, path, re.I | re.S)
    )


@functools.lru_cache(maxsize=65536)
def is_circleci(path: str) -> bool:
    """The configuration of CircleCI, and those that it goes on with: files of any name beside it."""
    return bool(re.fullmatch(r"\.circleci/[^/]+\.ya?ml", path, re.S))


_REASON = "template_reason"


def template_reason(file: File) -> str:
    """Why a YAML file cannot be judged before it is rendered; empty where it is plain YAML."""
    known = vars(file)  # where its cached properties are, too: a file lives as long as the check that read it
    if _REASON not in known:
        known[_REASON] = _template_reason(file)
    return str(known[_REASON])


def _template_reason(file: File) -> str:
    parts = PurePosixPath(file.path).parts
    if "templates" in parts[:-1]:
        chart = file.root.joinpath(*parts[: len(parts) - 1 - parts[-2::-1].index("templates") - 1], "Chart.yaml")
        if chart.is_file():
            return "is a Helm template: must be rendered first"
    if _TEMPLATE.search(_GITHUB.sub("", _without_blocks(file.text))):
        return "is a template (Helm, Jinja): must be rendered first"
    return ""


def _without_blocks(text: str) -> str:
    """The text without the bodies of its block scalars: a template in one of them is text that others will render."""
    if "{{" not in text and "{%" not in text:
        return text
    kept: list[str] = []
    inside: int | None = None
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip(" "))
        if inside is not None and (not line.strip() or depth > inside):
            continue
        inside = depth if _BLOCK_SCALAR.search(line) else None
        kept.append(line)
    return "\n".join(kept)


@functools.lru_cache(maxsize=512)
def _documents(text: str) -> tuple[Any, ...] | Unreadable:
    if len(text) > SIZE_CAP:
        return Unreadable("too long to be read: more than 1 MiB")
    try:
        return load_all(text)
    except Broken as error:
        told = Unreadable(str(error), error.line, hostile=error.final)
        return told if error.final else _by_another(text, told)


def documents(text: str) -> tuple[Any, ...]:
    """The documents of a YAML stream as dicts and lists that know their lines, parsed once. Raises Unreadable."""
    read = _documents(text)
    if isinstance(read, Unreadable):
        raise Unreadable(
            str(read), read.line, hostile=read.hostile
        )  # anew: a traceback that is kept grows with every raise
    return read


def _by_another(text: str, first: Unreadable) -> tuple[Any, ...] | Unreadable:
    """What YAML 1.2's own parser makes of a text: libyaml refuses a little that the standard allows."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if text.count("&") > 1000 or any(line.count("[") + line.count("{") > 500 for line in text.split("\n")):
        return first  # made to hurt, not to be read
    yaml = YAML(typ="rt", pure=True)
    yaml.allow_duplicate_keys = True  # yamllint says so, at the line
    try:
        return tuple(yaml.load_all(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        return Unreadable(str(error.problem or error.context), mark.line + 1 if mark else None)
    except (YAMLError, ValueError, TypeError, KeyError, AttributeError, RecursionError, AssertionError) as error:
        return Unreadable(f"{type(error).__name__}: {error}")


def hostile_reason(text: str) -> str:
    """Why a text is given to no reader: it is nested or folded so that they would take for ever. Empty where it may be."""
    try:
        documents(text)
    except Unreadable as error:
        return str(error) if error.hostile else ""
    return ""


def line_of(parent: Any, key: Any) -> int | None:
    """The line, from 1, of a key of a mapping or an item of a sequence."""
    try:
        if isinstance(parent, Map | Seq):
            return parent.lines[key]
        places: Any = getattr(parent, "lc", None)
        return int((places.item(key) if isinstance(parent, list) else places.key(key))[0]) + 1
    except (AttributeError, KeyError, IndexError, TypeError):
        return None


def tag_of(node: Any) -> str:
    """The tag that a node carries, such as `!reference`; empty where it has none."""
    tag = getattr(node, "tag", None)
    return tag if isinstance(tag, str) else str(getattr(tag, "value", None) or "")


def line_at(text: str, path: Sequence[str | int]) -> int | None:
    """The line of what a path of keys and indices leads to in the first document, or of the nearest part of it."""
    try:
        node = documents(text)[0]
    except (Unreadable, IndexError):
        return None
    line: int | None = 1
    for step in path:
        if isinstance(node, Mapping) and step not in node and isinstance(step, str):
            step = next((key for key in node if str(key) == step), step)
        try:
            line = line_of(node, step) or line
            node = node[step]
        except (KeyError, IndexError, TypeError):
            break
    return line


def walk(node: Any) -> Iterator[tuple[Any, Any, Any]]:
    """(parent, key, value) of everything in a document, outermost first; what an alias repeats comes once."""
    seen: set[int] = set()
    todo = [node]
    while todo:
        parent = todo.pop()
        if id(parent) in seen:
            continue
        seen.add(id(parent))
        pairs = parent.items() if isinstance(parent, Mapping) else enumerate(parent) if isinstance(parent, list) else ()
        for key, value in pairs:
            yield parent, key, value
            if isinstance(value, Mapping | list):
                todo.append(value)


def is_manifest(document: Any) -> bool:
    """Whether a document is a Kubernetes object."""
    return (
        isinstance(document, Mapping)
        and isinstance(document.get("apiVersion"), str)
        and isinstance(document.get("kind"), str)
    )
