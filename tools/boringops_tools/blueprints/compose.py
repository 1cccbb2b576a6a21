"""compose.yaml for development: the applications and the services they depend on."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

from boringops_tools.blueprints import backing, contract
from boringops_tools.blueprints.context import COMPOSE_NAMES, Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render
from boringops_tools.stack.facts import Application

MARK = "set it in .env"
"""In every Compose file of ours: what a missing secret says."""


OURS = "# For development on one machine. `docker compose up --build --wait`"
"""How a Compose file of ours begins."""
PRODUCTION = "compose.prod.yaml"


def has_production(context: Context) -> bool:
    """Whether there is a production override of ours now, or will be one."""
    there = context.tree.text(PRODUCTION)
    if there:
        return "_IMAGE:?" in there
    free = not any(name in context.tree for name in COMPOSE_NAMES)
    return free and bool(context.stack.deployable) and context.will_have(PRODUCTION, "containers")


def insisted(value: str) -> list[str]:
    """Variables that a Compose value cannot do without."""
    return re.findall(r"\$\{(\w+):\?", value)


def files(context: Context) -> Iterator[DraftFile]:
    if context.stack.deployable and not any(name in context.tree for name in COMPOSE_NAMES):
        why = "The application and its services on one machine, for development."
        yield DraftFile(path="compose.yaml", content=content(context), why=why)


def rendered(context: Context) -> dict[str, Any]:
    """The same, as what it means."""
    from boringops_tools.yaml_files import documents

    made: dict[str, Any] = documents(content(context))[0]
    return made


def content(context: Context) -> str:
    """The Compose file as it is where there is none yet."""
    return render(
        "compose.yaml.j2",
        apps=[
            (app, host_port(context, app), environment(context, app))
            for app in (as_exposed(context, app) for app in context.stack.deployable)
        ],
        kinds=context.stack.kinds,
        backings=backing.BACKINGS,
        image=backing.image,
        jobs=jobs,
        migrates=migrates,
        built=contract.built,
    )


def production(context: Context) -> Iterator[DraftFile]:
    """What production changes about our own compose.yaml: images by digest instead of builds, limits, restarts."""
    ours = not any(name in context.tree for name in COMPOSE_NAMES) or OURS in context.tree.text("compose.yaml")
    if context.stack.deployable and ours and PRODUCTION not in context.tree:
        yield DraftFile(
            path=PRODUCTION,
            content=render(
                "compose.prod.yaml.j2",
                apps=[(app, of_production(context, app)) for app in context.stack.deployable],
                kinds=context.stack.kinds,
                jobs=jobs,
                sealed={"go", "rust", "static", "cpp"},
                variable=image_variable,
            ),
            why="The same on one production machine: built images by digest, limits, no writes where none are needed.",
        )


def migrates(app: Application) -> bool:
    """Whether a job has to prepare the database before the application starts."""
    return app.migration is not None and any(service.kind in {"postgres", "mysql"} for service in app.services)


def jobs(app: Application) -> list[dict[str, Any]]:
    """Further containers of the application's image: its migration, workers and schedulers."""
    found: list[dict[str, Any]] = []
    if app.migration is not None and migrates(app):
        about = f"Brings the schema up to date, once, before the application starts ({app.migration.source})."
        found.append({"name": "migrate", "about": about, "command": shlex.split(app.migration.run), "restart": "no"})
    found += [
        {"name": each.name, "about": f"From {each.source}.", "command": each.command, "restart": "unless-stopped"}
        for each in app.processes
    ]
    return [job | {"service": f"{app.name}-{job['name']}"} for job in found]


def image_variable(app: Application) -> str:
    named = re.sub(r"\W", "_", app.name).upper() + "_IMAGE"
    return named if not named[0].isdigit() else f"APP_{named}"  # a variable's name begins with no digit


def as_exposed(context: Context, app: Application) -> Application:
    """The application on the port that a Dockerfile of the user's own exposes, where it has one and exposes one."""
    said = re.findall(r"(?im)^\s*EXPOSE\s+(\d+)(?:/tcp)?\s*$", context.tree.text(app.path("Dockerfile")))
    return app.model_copy(update={"port": int(said[0])}) if len(said) == 1 else app


def host_port(context: Context, app: Application) -> int:
    """The port on the developer's machine: the application's own, or the next free one among several."""
    taken: set[int] = set()
    for other in context.stack.deployable:
        port = other.port or 8080
        while port in taken:
            port += 1
        taken.add(port)
        if other.name == app.name:
            return port
    return app.port or 8080


def environment(context: Context, app: Application) -> dict[str, str | None]:
    """Variables of the application's container. None hands on what the developer's .env has, or leaves it unset."""
    known = backing.values(app)
    found: dict[str, str | None] = {}
    for entry in contract.of(context, app):
        name, value = entry.name, entry.value("development")
        if entry.when != "run":
            continue  # written into the bundle while the image is built, or read where there is no container
        if name in known:
            found[name] = known[name]
        elif entry.fixed is not None:
            found[name] = entry.fixed
        elif value is None and entry.image is not None:
            continue  # a name without a value would take the image's own away
        elif entry.asked("development"):
            found[name] = f"${{{name}:?{MARK}}}"
        else:
            found[name] = None if value is None else f"${{{name}:-{value}}}"
    return found


def of_production(context: Context, app: Application) -> dict[str, str]:
    """What production says otherwise: no debugging, and no default that only a developer's machine has."""
    found: dict[str, str] = {}
    for entry in contract.of(context, app):
        value = entry.value("production")
        if entry.asked("production") and not entry.asked("development") and not entry.service:
            found[entry.name] = f"${{{entry.name}:?{MARK}}}"
        elif value is not None and value != entry.value("development"):
            found[entry.name] = value
    return found
