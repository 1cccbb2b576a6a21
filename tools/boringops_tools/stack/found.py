"""What sources were found to do, and the application that comes of it: the part that every language shares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.stack import environment, health, services
from boringops_tools.stack.environment import is_secret
from boringops_tools.stack.facts import Application, EnvVar, Language, Process, Route, Source
from boringops_tools.stack.tree import Tree, join

_PROCESS = re.compile(r"^(\w[\w-]*):[ \t]*(.+)$", re.MULTILINE)


@dataclass
class Found:
    env: list[EnvVar] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    unplaced: list[Route] = field(default_factory=list)
    """Routes of which only the end of the path is known."""
    ports: list[tuple[int, Source]] = field(default_factory=list)
    listens: Source | None = None
    """Where a port is opened."""

    def variable(self, name: str | None, place: Source, default: str | None = None, *, required: bool = False) -> None:
        if name and re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):
            self.env.append(
                EnvVar(name=name, sources=[place], secret=is_secret(name), default=default or None, required=required)
            )

    def port(self, text: str | None, place: Source) -> None:
        """A port out of `8080`, `:8080` or `0.0.0.0:8080`."""
        if text and (match := re.fullmatch(r"(?:[\w.\[\]:]*:)?(\d{2,5})", text)) and 0 < int(match[1]) < 65536:
            self.ports.append((int(match[1]), place))


def application(
    tree: Tree,
    folder: str,
    language: Language,
    found: Found,
    dependencies: Mapping[str, Source],
    usual_port: int,
    reason: str,
    **facts: Any,
) -> Application:
    """The application, with what follows from the code alone: port, health route, variables, services, processes."""
    found.ports += [
        (int(variable.default), variable.sources[0])
        for variable in found.env
        if variable.name == "PORT" and variable.default and variable.default.isdigit()
    ]
    port, where = found.ports[0] if found.ports else (usual_port, None)
    remarks = [*facts.pop("remarks", [])]
    backing = services.from_dependencies(language, dependencies)
    if not reason:
        remarks += health.remarks(found.routes, found.unplaced)
        remarks += services.in_a_file(language, dependencies, backing)
    name = slug(str(facts.pop("name", ""))) or slug(PurePosixPath(folder).name) or slug(tree.root.name) or "app"
    return Application(
        name=name,
        folder=folder,
        language=language,
        port=port,
        port_source=where,
        health=health.best(found.routes),
        readiness=health.readiness(found.routes),
        metrics=health.metrics(found.routes),
        env=environment.merged([*found.env, *environment.documented(tree, folder)]),
        services=backing,
        processes=facts.pop("processes", None) or procfile(tree, folder),
        deployable=not reason,
        reason=reason,
        remarks=remarks,
        **facts,
    )


def slug(text: str) -> str:
    """A name that images, Compose services and jobs accept."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")


def procfile(tree: Tree, folder: str) -> list[Process]:
    """Processes beside `web` and `release` of a Procfile, where they need no shell."""
    path = join(folder, "Procfile")
    text = tree.text(path)
    return [
        Process(name=slug(match[1]), command=match[2].split(), source=Source(path=path, line=_line(text, match)))
        for match in _PROCESS.finditer(text)
        if match[1] not in {"web", "release"} and not re.search(r"[|&;<>$`\"'()]", match[2])
    ]


def procfile_web(tree: Tree, folder: str) -> tuple[list[str], Source | None]:
    """The Procfile's web process, where it needs no shell but for its port."""
    path = join(folder, "Procfile")
    text = tree.text(path)
    for match in _PROCESS.finditer(text):
        if match[1] == "web" and not re.search(r"[|&;<>`\"'()]|\$(?!PORT\b)", match[2]):
            return match[2].split(), Source(path=path, line=_line(text, match))
    return [], None


def _line(text: str, match: re.Match[str]) -> int:
    return text[: match.start()].count("\n") + 1


def inner(folder: str, path: str) -> str:
    return path.removeprefix(f"{folder}/") if folder else path


def prefixed(parts: Iterable[str]) -> str:
    """A path out of its parts, each with or without slashes."""
    return "/" + "/".join(part.strip("/") for part in parts if part.strip("/"))
