"""Dockerfiles: one template a language, filled with what was detected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from boringops_tools.blueprints import node_image, pins
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.other_images import OTHERS
from boringops_tools.blueprints.render import render
from boringops_tools.stack.environment import is_own_secret
from boringops_tools.stack.facts import Application, Go, Python, Workspace
from boringops_tools.stack.found import inner
from boringops_tools.stack.tree import join


def files(context: Context) -> Iterator[DraftFile]:
    for app in context.apps:
        path = app.path("Dockerfile")
        if app.deployable and path not in context.tree:
            framework = f" with {app.framework}" if app.framework else ""
            yield DraftFile(
                path=path,
                content=content(context, app),
                why=f"Multi-stage image of {app.name}: {app.language} {app.version.value}{framework}, without root.",
            )


def content(context: Context, app: Application) -> str:
    """The Dockerfile of one application."""
    return render(f"Dockerfile.{app.language}.j2", app=app, **_values(app, context))


def nginx(context: Context) -> Iterator[DraftFile]:
    """The web server's configuration of each static site."""
    for app in context.apps:
        path = app.path("nginx.conf")
        if app.deployable and app.static and path not in context.tree and app.path("Dockerfile") not in context.tree:
            yield DraftFile(
                path=path,
                content=render(
                    "nginx.conf.j2",
                    app=app,
                    hashed=_HASHED.get(app.framework.partition("-")[0], ""),
                    error_page=_not_found(app, context),
                ),
                why="How the site is served: caching, security headers, and what answers an unknown path.",
            )


_HASHED = {"vite": "/assets/", "create": "/static/", "astro": "/_astro/", "nextjs": "/_next/static/", "nuxt": "/_nuxt/",
           "sveltekit": "/_app/immutable/", "react": "/assets/", "remix": "/assets/"}  # fmt: skip
"""Where a framework's build puts files whose name has a hash of their content."""


def _not_found(app: Application, context: Context) -> bool:
    if app.static is None or app.static.fallback:
        return False
    return app.framework in {"nextjs", "gatsby"} or any(
        path.rpartition("/")[2].partition(".")[0] == "404" for path in context.tree.all_below(app.folder)
    )


def _values(app: Application, context: Context) -> dict[str, Any]:
    common: dict[str, Any] = {
        "image": "" if app.language == "node" else pins.image(app.language, app.version.value),
        "reads_port": any(variable.name == "PORT" for variable in app.env),
        "version_from": f"{app.version.stated.text} in {app.version.stated.source}" if app.version.stated else "",
    }
    return common | _LANGUAGES[app.language](app, context)


def _python(app: Application, context: Context) -> dict[str, Any]:
    python = app.python or Python()
    workspace = app.workspace or Workspace()
    inside = inner(workspace.root, app.folder) if app.folder != app.context else ""
    here = f"/app/{inside}" if inside else "/app"
    manage = next((path for path in (join(python.import_root, "manage.py"),) if app.path(path) in context.tree), "")
    # Collecting static files imports the settings, which may insist on variables that only exist at run time.
    fill = {
        variable.name: "sqlite:////tmp/build.sqlite3"
        if variable.name.endswith("DATABASE_URL")
        else "only-for-collectstatic"
        for variable in app.env
        if variable.required or (variable.default is None and is_own_secret(variable.name))
    }
    return {
        "uv": pins.base("uv"),
        "requirement_paths": sorted({name.partition("/")[0] for name in python.included}),
        "server_package": "" if python.server_declared or not python.server else pins.package(python.server),
        "fill": fill if python.collectstatic else {},
        "here": here,
        "inside": inside,
        "members": workspace.manifests,
        "package": workspace.package if len(workspace.manifests) else "",
        "manage": manage,
        "paths": ":".join(dict.fromkeys(f"{here}/{part}" if part else here for part in (python.import_root, ""))),
        "writes": app.framework == "fasthtml",
        "hosts_checked": app.framework == "django",
        "installs_project": python.packaged and not python.requirements,
        "tool": pins.package(app.manager) if app.manager in {"poetry", "pdm", "pipenv"} else "",
    }


def _go(app: Application, _: Context) -> dict[str, Any]:
    go = app.go or Go()
    return {
        "runtime": pins.base("go-cgo" if go.cgo else "go-static"),
    }


_LANGUAGES: dict[str, Callable[[Application, Context], dict[str, Any]]] = {
    "node": node_image.values,
    "python": _python,
    "go": _go,
} | OTHERS
