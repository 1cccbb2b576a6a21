"""Dockerfiles: one template a language, filled with what was detected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from boringops_tools.blueprints import compose, pins
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render
from boringops_tools.stack.facts import Application, Go, Node, Python

INSTALL = {
    # manager: (frozen install, the same without development dependencies, dropping them later, cache)
    "npm": ("npm ci", "npm ci --omit=dev", "npm prune --omit=dev --ignore-scripts", "/root/.npm"),
    "pnpm": (
        "pnpm install --frozen-lockfile",
        "pnpm install --frozen-lockfile --prod",
        "CI=true pnpm prune --prod --ignore-scripts",
        "/root/.local/share/pnpm/store",
    ),
    "yarn": (
        "yarn install --frozen-lockfile",
        "yarn install --frozen-lockfile --production",
        "yarn install --frozen-lockfile --production --ignore-scripts --prefer-offline",
        "/usr/local/share/.cache/yarn",
    ),
}
_UNLOCKED = {
    "npm": ("npm install --no-audit --no-fund", "npm install --omit=dev --no-audit --no-fund"),
    "pnpm": ("pnpm install --no-frozen-lockfile", "pnpm install --no-frozen-lockfile --prod"),
    "yarn": ("yarn install", "yarn install --production"),
}


def files(context: Context) -> Iterator[DraftFile]:
    for app in context.apps:
        path = app.path("Dockerfile")
        if app.deployable and path not in context.tree:
            yield DraftFile(
                path=path,
                content=render(f"Dockerfile.{app.language}.j2", app=app, **_values(app, context)),
                why=f"Multi-stage image of {app.name}: {app.framework or app.language} {app.version.value}, without root.",
            )


def _values(app: Application, context: Context) -> dict[str, Any]:
    common: dict[str, Any] = {
        "image": pins.image(app.language, app.version.value),
        "reads_port": any(variable.name == "PORT" for variable in app.env),
        "version_from": f"{app.version.stated.text} in {app.version.stated.source}" if app.version.stated else "",
    }
    return common | _LANGUAGES[app.language](app, context)


def _node(app: Application, _: Context) -> dict[str, Any]:
    node = app.node or Node()
    full, production, prune, cache = INSTALL[app.manager]
    if app.lockfile is None:
        full, production = _UNLOCKED[app.manager]
    berry = app.manager == "yarn" and (
        node.manager_version.split(".")[0] not in {"", "1"} or ".yarnrc.yml" in node.manifests
    )
    if berry:
        full = production = "yarn install --immutable"  # it cannot leave development dependencies out by itself
    prunes = not (berry or node.keep_dev or node.next_output == "standalone")
    builds = [f"{app.manager} run {node.build}"] if node.build else []
    if node.prisma and not node.prisma_in_build:
        builds.insert(0, f"./node_modules/.bin/prisma generate --schema {node.prisma}")
    return {
        "full": full,
        "production": production,
        "prunes": prunes,
        "build_steps": [*builds, *([prune] if prunes else [])],
        "cache": cache,
        "berry": berry,
        "staged": bool(builds) or node.install_needs_source or node.keep_dev,
        "manifests": [name for name in node.manifests if name not in {"patches", ".yarn/releases", ".yarn/patches"}],
        "folders": [name for name in node.manifests if name in {"patches", ".yarn/releases", ".yarn/patches"}],
        "corepack": app.manager in {"pnpm", "yarn"} and (app.manager == "pnpm" or berry or node.manager_stated),
        "public_env": [variable.name for variable in app.env if variable.name.startswith("NEXT_PUBLIC_")],
        "husky": node.git_hooks,
    }


def _python(app: Application, _: Context) -> dict[str, Any]:
    python = app.python or Python()
    # Collecting static files imports the settings, which may insist on variables that only exist at run time.
    fill = {
        variable.name: "sqlite:////tmp/build.sqlite3"
        if variable.name.endswith("DATABASE_URL")
        else "only-for-collectstatic"
        for variable in app.env
        if variable.required or (variable.default is None and compose.insists(variable.name))
    }
    return {
        "uv": pins.base("uv"),
        "requirement_paths": sorted({name.partition("/")[0] for name in python.included}),
        "server_package": "" if python.server_declared or not python.server else pins.package(python.server),
        "fill": fill if python.collectstatic else {},
        "paths": ":".join(dict.fromkeys(f"/app/{part}" if part else "/app" for part in (python.import_root, ""))),
        "hosts_checked": app.framework == "django",
        "installs_project": python.packaged and not python.requirements,
    }


def _go(app: Application, _: Context) -> dict[str, Any]:
    go = app.go or Go()
    return {
        "runtime": pins.base("go-cgo" if go.cgo else "go-static"),
    }


_LANGUAGES: dict[str, Callable[[Application, Context], dict[str, Any]]] = {"node": _node, "python": _python, "go": _go}
