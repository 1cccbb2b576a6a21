"""Allow-list .dockerignore: what is not named never reaches a build, so no secret does by accident."""

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render
from boringops_tools.stack.facts import Application

_LEFT_OUT = re.compile(
    r"^(\.(?!npmrc$|yarnrc\.yml$|yarn$|pnpmfile\.cjs$|python-version$|babelrc|swcrc|browserslistrc).*|"
    r"tests?|__tests__|spec|e2e|cypress|docs?|examples?|memory-bank|planning|coverage|node_modules|venv|env|dist|build|out|target|"
    r"k8s|kubernetes|helm|charts|terraform|infra|deploy|deployment|ansible|fixtures|postman|"
    r"(.*\.)?Dockerfile(\..*)?|(docker-)?compose.*\.ya?ml|Makefile|Procfile.*|Vagrantfile|Jenkinsfile|heroku\.yml|app\.json|"
    r".*\.(md|rst|png|jpe?g|gif|log|pem|key|p12|sqlite3?|db|tfstate.*|tfvars|sh)|LICEN[CS]E.*|"
    r"test.*\.(py|js|ts)|conftest\.py|jest\.config.*|vitest\.config.*|\.eslintrc.*|eslint\.config.*)$",
    re.IGNORECASE,
)


def files(context: Context) -> Iterator[DraftFile]:
    for app in context.apps:
        path = app.path(".dockerignore")
        if app.deployable and path not in context.tree:
            yield DraftFile(
                path=path,
                content=render("dockerignore.j2", allowed=allowed(app, context)),
                why="Only what the build needs is sent to it.",
            )


def allowed(app: Application, context: Context) -> list[str]:
    """Top-level names of the application's folder that its build may see."""
    prefix = f"{app.folder}/" if app.folder else ""
    inner = [path.removeprefix(prefix) for path in context.tree.files if path.startswith(prefix)]
    names = {path.partition("/")[0] for path in inner}
    manifest = context.tree.text(app.path("pyproject.toml"))
    needed = {name for name in names if name in manifest and name.lower().startswith(("readme", "licen"))}
    if app.go is not None:  # sources of every package, and what they embed; documents and images are none of it
        needed |= set(app.go.assets)
    others = {
        other.folder.removeprefix(prefix).partition("/")[0]
        for other in context.apps
        if other.folder != app.folder and other.folder.startswith(prefix)
    }
    return sorted(
        name
        for name in names
        if re.fullmatch(r"[\w.@+-]+", name)
        and (name in needed or not _LEFT_OUT.match(name))
        and name not in others - needed
    )
