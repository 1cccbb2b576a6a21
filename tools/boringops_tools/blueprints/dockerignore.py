"""Allow-list .dockerignore: what is not named never reaches a build, so no secret does by accident."""

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.dockerfile import content
from boringops_tools.blueprints.merging import kept_out
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render
from boringops_tools.checks.dockerignore import missing
from boringops_tools.stack.facts import Application, Node, Workspace

_LEFT_OUT = re.compile(
    r"^(\.(?!npmrc$|yarnrc\.yml$|yarn$|pnpmfile\.cjs$|python-version$|babelrc|swcrc|browserslistrc).*|"
    r"tests?|__tests__|spec|e2e|cypress|docs?|examples?|memory-bank|planning|coverage|node_modules|venv|env|dist|build|out|target|"
    r"k8s|kubernetes|helm|charts|terraform|infra|deploy|deployment|ops|monitoring|ansible|fixtures|postman|"
    r"(.*\.)?Dockerfile(\..*)?|(docker-)?compose.*\.ya?ml|Makefile|Procfile.*|Vagrantfile|Jenkinsfile|heroku\.yml|app\.json|"
    r".*\.(md|rst|png|jpe?g|gif|log|pem|key|p12|sqlite3?|db|tfstate.*|tfvars|sh)|LICEN[CS]E.*|"
    r"test.*\.(py|js|ts)|conftest\.py|jest\.config.*|vitest\.config.*|\.eslintrc.*|eslint\.config.*)$",
    re.IGNORECASE,
)


def files(context: Context) -> Iterator[DraftFile]:
    for app in context.apps:
        # Of a Dockerfile that is not at its context's root, the ignore file is the one beside it.
        path = app.path(".dockerignore" if app.folder == app.context else "Dockerfile.dockerignore")
        own = app.path("Dockerfile.dockerignore")
        if own in context.tree:
            continue  # which is the one that counts
        if app.deployable and path in context.tree and _starves(app, context, path):
            path = own
        if app.deployable and path not in context.tree:
            yield DraftFile(
                path=path,
                content=render("dockerignore.j2", allowed=allowed(app, context)),
                why="Only what the build needs is sent to it.",
            )
        elif app.deployable and (there := context.tree.root / path).is_file() and not there.is_symlink():
            before = there.read_bytes().decode("utf-8", errors="surrogateescape")
            if (after := kept_out(before)) != before:
                why = "Secrets and git's folder stay out of the build; the rest is as it was."
                yield DraftFile(path=path, content=after, action="change", why=why)


def _starves(app: Application, context: Context, path: str) -> bool:
    """Whether the .dockerignore that is there was written for another Dockerfile: it keeps out what ours builds from."""
    if app.path("Dockerfile") in context.tree:
        return False
    return any(missing(content(context, app), context.tree.text(path), app.context, context.tree.files))


def allowed(app: Application, context: Context) -> list[str]:
    """Top-level names of the application's folder that its build may see."""
    whole = app.jvm is not None or app.dotnet is not None  # which builds from all of its modules
    if app.workspace is not None and app.folder != app.workspace.root and not whole:
        return _of_workspace(app, context)
    prefix = f"{app.context}/" if app.context else ""
    inner = [path.removeprefix(prefix) for path in context.tree.all_below(app.context)]
    names = {path.partition("/")[0] for path in inner}
    manifest = context.tree.text(app.path("pyproject.toml"))
    needed = {name for name in names if name in manifest and name.lower().startswith(("readme", "licen"))}
    if app.go is not None:  # sources of every package, and what they embed; documents and images are none of it
        needed |= set(app.go.assets)
    needed |= _NEEDED.get(app.language, set()) & names
    if app.elixir is not None:
        needed |= {part.partition("/")[0] for part in (*app.elixir.local, *app.elixir.members)}
    if app.static is not None:
        names.add("nginx.conf")
    if app.rust is not None:
        needed |= {name for name in names if name.endswith(".rs") or name in app.rust.assets}
    if app.static is not None and app.static.files:
        top = app.static.output.partition("/")[0]
        names, needed = {"nginx.conf", *([top] if top else app.static.files)}, {top} if top else set(app.static.files)
    if app.workspace is not None:  # it is the root itself: what it stands on lies below it
        parts = (*app.workspace.manifests, *app.workspace.folders)
        needed |= {part.partition("/")[0] for part in parts if part}
    others = {
        other.folder.removeprefix(prefix).partition("/")[0]
        for other in context.apps
        if other.folder != app.folder
        and other.folder.startswith(prefix)
        and not (whole and app.workspace is not None and other.context == app.context)
    }
    return sorted(
        name
        for name in names
        if re.fullmatch(r"[\w.@+-]+", name)
        and (name in needed or not _LEFT_OUT.match(name))
        and name not in others - needed
    )


_NEEDED = {
    "java": {"gradlew", "mvnw", ".mvn", "gradle", "src", "config"},
    "rust": {".cargo", ".sqlx", "build.rs", "examples", "benches", "tests", "bin"},
    "ruby": {"bin", ".ruby-version", "Rakefile", "config.ru"},
    "php": {"artisan", "bin"},
    "elixir": {".formatter.exs", "priv", "assets"},
    "dotnet": {".editorconfig", ".config"},
}
"""Names that other languages keep out and this one builds with. A Cargo manifest may name tests and examples."""


def _of_workspace(app: Application, context: Context) -> list[str]:
    """The workspace's own manifests, every member's manifest, and the folders that the application stands on."""
    workspace, node = app.workspace or Workspace(), app.node or Node()
    shared = context.tree.named(
        workspace.root, "turbo.json", "nx.json", "tsconfig.json", "tsconfig.base.json", "babel.config.js"
    )
    configuration = app.path("nginx.conf").removeprefix(f"{workspace.root}/" if workspace.root else "")
    own = [*node.manifests, *shared, *([configuration] if app.static else [])]
    if app.python is not None:
        readmes = context.tree.named(workspace.root, "README.md", "README.rst") if "" in workspace.folders else []
        own += [*context.tree.named(workspace.root, "pyproject.toml", "uv.lock"), *readmes]
    return sorted({*own, *workspace.manifests, *(name for name in workspace.folders if name)})
