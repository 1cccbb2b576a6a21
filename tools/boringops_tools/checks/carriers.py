"""Which variables a container of an application is given, by each kind of file that says so.

Only where it is certain whose container it is: one that Compose builds from the application's folder, one that runs the
image that is built here, the only container of the Terraform of a repository with one application.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from boringops_tools.checks import consistency
from boringops_tools.checks.base import Files, at, listed, mapping
from boringops_tools.checks.kubernetes import is_whole, named, objects, pod_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import Block, Call, Expression, read
from boringops_tools.yaml_files import is_compose, is_yaml

if TYPE_CHECKING:
    from boringops_tools.stack import Application

_MOST_FILES = 400
_SOURCE_MOUNT = lazy_pattern(r"^(?:\.|\./?[\w./-]*|\$\{?PWD\}?[\w./-]*):")
_TASK = lazy_pattern(r"(?:^|/)[\w.-]*task[\w.-]*\.json$")


@dataclass
class Carrier:
    """What one container is given."""

    app: Application
    where: str
    line: int | None
    names: dict[str, int | None] = field(default_factory=dict)
    """Variables by name, with the line that sets each."""
    filled: dict[str, str] = field(default_factory=dict)
    """The variables of the machine that values are taken from whole, by the name they are given: `DB_URL: ${DATABASE_URL}`."""
    more: bool = False
    """Something that is not in the repository, or not known, may bring further ones."""
    usual: bool = True
    """It runs what the image runs, not a command of its own."""


def of(files: Files, path: str) -> list[Carrier]:
    """The carriers in a file."""
    found: list[Carrier] = files.once(_of, path)
    return found


def _of(files: Files, path: str) -> list[Carrier]:
    if is_compose(path):
        return list(_compose(files, path))
    if is_yaml(path):
        return list(_pods(files, path))
    if path.endswith(".tf"):
        return list(_terraform(files, path))
    return list(_task_definition(files, path)) if is_task(path) else []


def is_task(path: str) -> bool:
    """Whether a file may be a task definition of ECS."""
    return bool(_TASK.search(path))


def _compose(files: Files, path: str) -> Iterator[Carrier]:
    for name, service in consistency.services(files, path):
        made = consistency.built_from(files, path, service)
        app = consistency.application(files, made[0]) if made else None
        if made is None or app is None:
            continue
        values = service.get("environment")
        pairs = (
            list(values) if isinstance(values, Mapping) else [str(each).partition("=")[0] for each in listed(values)]
        )
        names = {
            str(key): at((values, key if isinstance(values, Mapping) else position))
            for position, key in enumerate(pairs)
        }
        mounted = any(_SOURCE_MOUNT.match(_mount(each)) for each in listed(service.get("volumes")))
        brought = {"env_file", "extends", "secrets", "configs", "develop"} & set(service)
        yield Carrier(
            app, f"service `{name}`", at((service, "environment"), (service, "build")), names, dict(_filled(values)),
            more=bool(brought) or mounted or bool(values and not pairs),
            usual=not {"command", "entrypoint", "profiles"} & set(service),
        )  # fmt: skip


def _filled(values: Any) -> Iterator[tuple[str, str]]:
    pairs = (
        values.items() if isinstance(values, Mapping) else [str(each).partition("=")[::2] for each in listed(values)]
    )
    for name, value in pairs:
        if whole := re.fullmatch(r"\$(?:\{(\w+)(?:[:?+-][^}]*)?\}|(\w+))", str(value)):
            yield str(name), whole[1] or whole[2]


def _mount(volume: Any) -> str:
    if isinstance(volume, Mapping):
        return f"{volume.get('source', '')}:" if volume.get("type") == "bind" else ""
    return str(volume)


def _pods(files: Files, path: str) -> Iterator[Carrier]:
    for thing, container, dockerfile in consistency.own_containers(files, path):
        app = consistency.application(files, PurePosixPath(dockerfile).parent.as_posix())
        if app is None or not is_whole(thing):
            continue
        entries = [each for each in listed(container.get("env")) if isinstance(each, Mapping)]
        names = {str(each.get("name")): at((each, "name")) for each in entries}
        more = "inject" in str(mapping(pod_of(thing), "metadata").get("annotations"))
        for source in listed(container.get("envFrom")):
            brought = _brought(files, mapping(source))
            more = more or brought is None
            prefix = str(mapping(source).get("prefix") or "")
            names |= {f"{prefix}{name}": None for name in brought or ()}
        init = container in listed(mapping(pod_of(thing), "spec").get("initContainers"))
        yield Carrier(
            app, named(thing), at((container, "env"), (container, "name"), (container, "image")), names, more=more,
            usual=not init and thing["kind"] in ("Deployment", "StatefulSet", "Pod") and not {"command", "args"} & set(container),
        )  # fmt: skip


def _brought(files: Files, source: Mapping[Any, Any]) -> set[str] | None:
    """The keys of a ConfigMap or Secret that is in the repository; null where it is not, or where several are."""
    kind = "ConfigMap" if "configMapRef" in source else "Secret"
    name = mapping(source, "configMapRef" if kind == "ConfigMap" else "secretRef").get("name")
    known: dict[tuple[str, str], list[set[str]]] = files.once(_stores)
    found = known.get((kind, str(name)), [])
    return found[0] if len(found) == 1 else None


def _stores(files: Files) -> dict[tuple[str, str], list[set[str]]]:
    """ConfigMaps and Secrets by kind and name, with their keys; each that bears the name."""
    found: dict[tuple[str, str], list[set[str]]] = {}
    for path in [each for each in files.all if is_yaml(each)][:_MOST_FILES]:
        for thing in objects(files, path):
            if thing["kind"] in ("ConfigMap", "Secret"):
                keys = {*map(str, mapping(thing, "data")), *map(str, mapping(thing, "stringData"))}
                found.setdefault((thing["kind"], str(mapping(thing, "metadata").get("name"))), []).append(keys)
    return found


# --- Terraform and ECS ------------------------------------------------------------------------------------------------


def _only(files: Files) -> Application | None:
    """The one application, where the repository has no other and one Dockerfile at most."""
    deployable = files.stack.deployable
    return deployable[0] if len(deployable) == 1 and len(files.stack.applications) == 1 else None


def _terraform(files: Files, path: str) -> Iterator[Carrier]:
    if path not in files.once(_running):
        return
    app = _only(files)
    found = [each for block in read(files.text(path)) for each in _tasks(block)]
    if app is not None and len(found) == 1 and len(files.once(_running)) == 1:
        where, line, names, more, usual = found[0]
        yield Carrier(app, where, line, names, more=more, usual=usual)


def _running(files: Files) -> list[str]:
    """Terraform files that have containers."""
    paths = [each for each in files.all if each.endswith(".tf")]
    if len(paths) > _MOST_FILES or _only(files) is None:
        return []
    return [path for path in paths if any(True for block in read(files.text(path)) for _ in _tasks(block))]


_Task = tuple[str, int, dict[str, "int | None"], bool, bool]


def _tasks(block: Block) -> Iterator[_Task]:
    """Containers of a resource that runs some: name, line, variables, whether there may be more, whether as the image says."""
    if block.kind != "resource" or len(block.labels) != 2:
        return
    where = f"{block.labels[0]}.{block.labels[1]}"
    if block.labels[0] == "aws_ecs_task_definition":
        written = block.value("container_definitions")
        made = isinstance(written, Call) and written.name == "jsonencode" and written.arguments
        for each in listed(written.arguments[0]) if made and isinstance(written, Call) else []:
            line = block.line_of("container_definitions")
            if isinstance(each, dict) and each.get("essential", True) is not False:
                names, more = _listed_names(each, "name", line)
                yield where, line, names, more, not {"command", "entryPoint"} & set(each)
            elif not isinstance(each, dict):
                yield where, line, {}, True, False
    elif block.labels[0] in ("google_cloud_run_v2_service", "google_cloud_run_service", "azurerm_container_app"):
        for container in _containers(block):
            set_ = list(container.inner("env"))
            names = {str(each.value("name")): each.line for each in set_ if isinstance(each.value("name"), str)}
            more = len(names) != len(set_) or any(each.labels == ("env",) for each in container.blocks)
            yield where, container.line, names, more, not {"command", "args"} & set(container.attributes)


def _containers(block: Block) -> Iterator[Block]:
    for each in block.blocks:
        if each.kind in ("containers", "container"):
            yield each
        elif each.kind in ("template", "spec"):
            yield from _containers(each)


def _listed_names(container: Mapping[str, Any], key: str, line: int | None) -> tuple[dict[str, int | None], bool]:
    """Names of a container's `environment` and `secrets`, and whether there may be more."""
    names: dict[str, int | None] = {}
    more = "environmentFiles" in container
    for part in ("environment", "secrets"):
        value = container.get(part, [])
        entries = value if isinstance(value, list) else []
        told = [each.get(key) for each in entries if isinstance(each, Mapping)]
        names |= {each: line for each in told if isinstance(each, str)}
        more = more or isinstance(value, Expression | Call) or not all(isinstance(each, str) for each in told)
        more = more or len(told) != len(entries)
    return names, more


def _task_definition(files: Files, path: str) -> Iterator[Carrier]:
    app = _only(files)
    text = files.text(path)
    if app is None or '"containerDefinitions"' not in text:
        return
    try:
        told = json.loads(text)
    except ValueError:
        return
    found = [each for each in listed(mapping(told).get("containerDefinitions")) if isinstance(each, Mapping)]
    if len(found) != 1:
        return
    names, more = _listed_names(found[0], "name", None)
    lines = {name: _line(text, f'"{name}"') for name in names}
    usual = not {"command", "entryPoint"} & set(found[0])
    yield Carrier(app, "the task definition", _line(text, '"containerDefinitions"'), lines, more=more, usual=usual)


def _line(text: str, part: str) -> int | None:
    return text[: text.index(part)].count("\n") + 1 if part in text else None
