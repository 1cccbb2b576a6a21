"""A hand-off's claims held against the repository: what contradicts them, and where that can be seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from boringops.handoff import Handoff
from boringops_tools.stack import detect
from boringops_tools.stack.facts import Application

_LANGUAGES = {"node": "node", "nodejs": "node", "node.js": "node", "python": "python", "go": "go", "golang": "go"}
_SERVICES = {"postgresql": "postgres", "postgres": "postgres", "mysql": "mysql", "mariadb": "mysql", "mongodb": "mongo",
             "mongo": "mongo", "redis": "redis", "valkey": "redis", "rabbitmq": "rabbitmq"}  # fmt: skip


def contradictions(handoff: Handoff, root: Path, files: Sequence[str]) -> list[str]:
    """What the repository says against the hand-off, each as a sentence with its place. Empty where nothing does.

    Only what detection can see is compared: where it recognises no application, nothing is held against the claims
    about one."""
    applications = detect(root, files).deployable
    found = list(_readiness(handoff))
    if applications:
        found += [*_health(handoff, applications), *_port(handoff, applications), *_runtime(handoff, applications)]
        found += [*_variables(handoff, applications), *_services(handoff, applications)]
    found += _migrations(handoff, files)
    return found


def _readiness(handoff: Handoff) -> Iterator[str]:
    if not handoff.application.ready:
        yield "The hand-off itself says that the application is not ready to be deployed."
    if handoff.application.tested is False:
        yield "The hand-off itself says that the tests do not pass."


def _health(handoff: Handoff, applications: Sequence[Application]) -> Iterator[str]:
    claimed = handoff.health_endpoint
    routes = [app.health for app in applications if app.health]
    if any(f"`{claimed}`" in remark for app in applications for remark in app.remarks):
        return  # there is such a route, too: detection chose another to probe
    if claimed and routes and claimed not in {route.path for route in routes}:
        there = ", ".join(f"{route.path} ({route.source})" for route in routes)
        yield f"The health endpoint is said to be {claimed}; the code answers {there}."
    elif claimed and not routes:
        yield f"The health endpoint is said to be {claimed}; no such route was found in the code."


def _port(handoff: Handoff, applications: Sequence[Application]) -> Iterator[str]:
    known = {app.port: app.port_source for app in applications if app.port and app.port_source}
    if handoff.port and known and handoff.port not in known:
        there = ", ".join(f"{port} ({source})" for port, source in known.items())
        yield f"The port is said to be {handoff.port}; the code listens on {there}."


def _runtime(handoff: Handoff, applications: Sequence[Application]) -> Iterator[str]:
    for name, version in handoff.runtime.items():
        language = _LANGUAGES.get(name.lower())
        if language is None:
            continue
        same = [app for app in applications if app.language == language]
        if not same:
            there = ", ".join(sorted({app.language for app in applications}))
            yield f"The runtime is said to be {name} {version}; the repository's applications are {there}."
        for app in same:
            stated = app.version.stated
            if stated and not _agree(version, app.version.value):
                yield f"{name} is said to be {version}; {stated.source} asks for {stated.text}."


def _agree(claimed: str, used: str) -> bool:
    """Whether two versions agree as far as both go: `22` and `22.4`, not `20` and `22`."""
    one, other = claimed.lstrip("v=^~>< ").split("."), used.split(".")
    return all(mine == theirs for mine, theirs in zip(one, other, strict=False) if mine not in {"x", "*"})


def _variables(handoff: Handoff, applications: Sequence[Application]) -> Iterator[str]:
    read = {variable.name: variable for app in applications for variable in app.env}
    claimed = {variable.name for variable in handoff.variables}
    if not claimed:
        return
    if unread := sorted(claimed - read.keys()):
        yield f"No code was found that reads {', '.join(unread)}."
    missing = [variable for name, variable in read.items() if name not in claimed and variable.required]
    for variable in missing:
        where = f" ({variable.sources[0]})" if variable.sources else ""
        yield f"The code needs {variable.name}{where}, which the hand-off does not list."


def _services(handoff: Handoff, applications: Sequence[Application]) -> Iterator[str]:
    if not handoff.dependencies:
        return
    claimed = {kind for text in handoff.dependencies for word, kind in _SERVICES.items() if word in text.lower()}
    for app in applications:
        for service in app.services:
            if service.kind not in claimed:
                yield f"{service.source} depends on {service.dependency} ({service.kind}), which the hand-off does not list."


def _migrations(handoff: Handoff, files: Sequence[str]) -> Iterator[str]:
    folder = handoff.migrations.folder.strip("/").removeprefix("./") if handoff.migrations else ""
    if folder and not any(path.startswith(f"{folder}/") for path in files):
        yield f"Migrations are said to be in {folder}/; git sees no file there."
    there = sorted({path.split("migrations/")[0] + "migrations/" for path in files if "migrations/" in path})
    if handoff.migrations is None and there:
        yield f"The hand-off names no migrations; {', '.join(there)} has some."
