"""Python applications: pip and uv; FastAPI, Starlette, Flask and Django."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.stack import (
    environment,
    health,
    python_commands,
    python_django,
    python_source,
    python_workers,
    python_workspace,
    services,
    versions,
    wheels,
)
from boringops_tools.stack.facts import Application, Choice, Claim, Python, Source, Version
from boringops_tools.stack.found import procfile, procfile_web, slug
from boringops_tools.stack.python_program import module_name
from boringops_tools.stack.python_requirements import DEVELOPMENT, RUNTIME, dependencies, development, files, included
from boringops_tools.stack.python_source import WebApp
from boringops_tools.stack.tree import Tree, folder_of, join, table

MANIFESTS = (
    "pyproject.toml",
    "requirements.txt",
    "manage.py",
    "Pipfile",
    "setup.py",
    "requirements/production.txt",
    "requirements/base.txt",
)
_LOCKS = {"uv.lock": "uv", "poetry.lock": "poetry", "pdm.lock": "pdm", "Pipfile.lock": "pipenv", "Pipfile": "pipenv"}
_BRINGS = {
    "fastapi": ("fastapi-slim", "sqladmin"),
    "starlette": ("fastapi",),
    "fasthtml": ("python-fasthtml",),
    "flask": ("apiflask", "flask-restx", "connexion"),
}
"""Packages that bring a framework along."""
_ASYNCHRONOUS = {"fastapi", "starlette", "litestar", "fasthtml"}
_PORTS = {"fasthtml": 5001}
"""What a framework listens on where nobody says, if it is not 8000."""
_VERSION_FILES = {
    ".tool-versions": r"^python\s+(\S+)",
    ".python-version": r"^(?:cpython-)?(\d\S*)",
    "runtime.txt": r"^python-(\S+)",
    "Pipfile": r'^python_version\s*=\s*"([^"]+)"',
}
_ENTRY_FILES = (
    "main.py",
    "app.py",
    "asgi.py",
    "wsgi.py",
    "application.py",
    "server.py",
    "run.py",
    "api.py",
    "__init__.py",
)

NATIVE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "psycopg2": (("build-essential", "libpq-dev"), ("libpq5",)),
    "mysqlclient": (("build-essential", "default-libmysqlclient-dev", "pkg-config"), ("libmariadb3",)),
    "psycopg": ((), ("libpq5",)),
    "pycairo": (("build-essential", "libcairo2-dev", "pkg-config"), ("libcairo2",)),
    "python-ldap": (("build-essential", "libldap2-dev", "libsasl2-dev"), ("libldap-2.5-0", "libsasl2-2")),
    "pylibmc": (("build-essential", "libmemcached-dev"), ("libmemcached11",)),
    "uwsgi": (("build-essential",), ()),
    "pdf2image": ((), ("poppler-utils",)),
    "pydub": ((), ("ffmpeg",)),
    "python-magic": ((), ("libmagic1",)),
}
"""Debian packages that a Python package needs to be built, and to run."""


def detect(tree: Tree, folder: str, nested: list[str]) -> Application:
    """The application in `folder`."""
    project = tree.toml(join(folder, "pyproject.toml"))
    workspace = python_workspace.of(tree, folder)
    top = folder if workspace is None else workspace.root
    others = [join(top, part) if top else part for part in workspace.folders[:-1]] if workspace else []
    manager, lock = _manager(tree, top, project) if workspace is None else ("uv", _lock(tree, top))
    requirements = files(tree, folder, RUNTIME)[:1]
    declared = dependencies(tree, folder, project, requirements)
    for other in others:
        declared = dependencies(tree, other, tree.toml(join(other, "pyproject.toml")), []) | declared
    own = list(tree.below(folder, ".py", skip=nested))
    sources = own + [path for other in others if other != folder for path in tree.below(other, ".py")]
    home = python_django.home(tree, folder, own) if "django" in declared else None
    django = home is not None
    facts = python_source.read(tree, folder, sources, [*others, home] if home else others)
    facts.apps = [found for found in facts.apps if found.path in set(own)]
    python, entry, framework, command = (
        python_django.detect(tree, folder, home, own) if home is not None else _web(tree, folder, facts)
    )
    python = python.model_copy(
        update={
            "requirements": requirements,
            "included": included(tree, folder, requirements),
            "dev_requirements": files(tree, folder, DEVELOPMENT),
            "packaged": "build-system" in project and "project" in project,
            "tools": [tool for tool in ("pytest", "ruff") if tool in development(tree, folder, requirements)],
            "server_declared": _serves(python.server, declared),
        }
    )
    port, where = facts.ports[0] if facts.ports and not django else (_PORTS.get(framework, 8000), None)
    routes, unplaced = (
        (python_django.routes(tree, home, facts.program, python.settings), [])
        if home is not None
        else facts.routing.settled()
    )
    native = [NATIVE[name] for name in NATIVE if name in declared]
    prefix = f"{folder}/" if folder else ""
    app = Application(
        name=slug(str(table(project, "project").get("name") or ""))
        or slug(PurePosixPath(folder).name)
        or slug(tree.root.name)
        or "app",
        folder=folder,
        language="python",
        version=_version(tree, folder, project, requirements),
        manager=manager,
        lockfile=lock,
        framework=framework,
        entry=entry,
        command=_command(python, port) or _program(tree, folder, project),
        port=port,
        port_source=where,
        health=health.best(routes),
        readiness=health.readiness(routes),
        metrics=health.metrics(routes),
        env=environment.merged([*facts.env, *environment.documented(tree, folder)]),
        services=services.from_dependencies("python", declared),
        processes=python_workers.processes(folder, facts.program, declared, python.import_root)
        or procfile(tree, folder),
        migration=python_workers.migration(tree, folder, framework, declared, home or ""),
        choices=_choices(tree, top, manager, lock),
        commands=python_commands.commands(tree, folder, manager, project, python),
        build_packages=sorted({package for build, _ in native for package in build}),
        run_packages=sorted({package for _, run in native for package in run}),
        workspace=workspace,
        python=python,
    )
    broken = [path.removeprefix(prefix) for path in facts.program.broken]
    remarks = [f"Not parsed (a syntax error for Python {_running()}): {', '.join(broken[:5])}."] if broken else []
    if command:
        remarks.append(command)
    app = app.model_copy(update=_verdict(app, declared, remarks, tree))
    said = []
    if app.deployable:
        said = health.remarks(routes, unplaced) + services.in_a_file("python", declared, app.services)
    return app.model_copy(update={"remarks": [*app.remarks, *said]})


def _running() -> str:
    import platform

    return ".".join(platform.python_version_tuple()[:2])


def _verdict(app: Application, declared: dict[str, Source], remarks: list[str], tree: Tree) -> dict[str, Any]:
    python = app.python or Python()
    reason = ""
    project = tree.toml(app.path("pyproject.toml"))
    if app.workspace is not None and app.folder == app.workspace.root and not app.framework:
        reason = "the root of a workspace, not an application by itself"
    elif not app.framework:
        web = next(
            (
                name
                for name in (
                    "fastapi",
                    "flask",
                    "django",
                    "starlette",
                    "aiohttp",
                    "tornado",
                    "sanic",
                    "litestar",
                    "python-fasthtml",
                    "streamlit",
                )
                if name in declared
            ),
            "",
        )
        reason = f"it depends on {web}, but no application object was found" if web else _purpose(project)
    elif not {app.framework, *_BRINGS.get(app.framework, ())} & declared.keys():
        reason = f"its code needs {app.framework}, but nothing in this folder declares it as a dependency"
    elif app.manager == "pip" and not python.requirements and not python.packaged:
        reason = "nothing says what to install: no requirements file, no installable project"
    if not reason and app.manager == "pip" and not python.requirements:
        remarks.append(
            "No lockfile and no requirements file: dependencies are those of pyproject.toml, at whatever versions are newest."
        )
    if not reason and not python.server_declared:
        remarks.append(
            f"{python.server} is not among the dependencies: the image adds it, pinned. Declare it to have it locked."
        )
    if not reason and app.manager == "uv" and not app.lockfile:
        remarks.append("No uv.lock: run `uv lock` and commit it.")
    return {"deployable": not reason, "reason": reason, "remarks": remarks}


def _purpose(project: dict[str, Any]) -> str:
    """What a project without a web application is, as far as its metadata says so."""
    if table(project, "project", "scripts") or table(project, "tool", "poetry", "scripts"):
        return "a command-line tool: pyproject.toml gives it commands, and there is no web application in it"
    if "build-system" in project:
        return "a library: it is published as a package, and there is no web application in it"
    return "a command or a library: no web application in it"


def _serves(server: str, declared: dict[str, Source]) -> bool:
    brought = {"fastapi[standard]", "fastapi[all]", "litestar[standard]", "python-fasthtml"}
    return not server or server in declared or (server == "uvicorn" and bool(brought & declared.keys()))


def _manager(tree: Tree, folder: str, project: dict[str, Any]) -> tuple[str, str | None]:
    for lock, manager in _LOCKS.items():
        if join(folder, lock) in tree:
            return manager, lock
    if table(project, "tool", "poetry").get("dependencies"):
        return "poetry", None
    return ("uv", None) if "uv" in table(project, "tool") else ("pip", None)


def _lock(tree: Tree, top: str) -> str | None:
    return python_workspace.LOCK if join(top, python_workspace.LOCK) in tree else None


def _choices(tree: Tree, folder: str, manager: str, lock: str | None) -> list[Choice]:
    """Package managers whose files are there besides the one that won."""
    if lock is None:
        return []
    found = {other: name for name, other in _LOCKS.items() if other != manager and join(folder, name) in tree}
    lost = [Claim(text=other, source=Source(path=join(folder, name))) for other, name in found.items()]
    return [Choice(fact="package manager", value=manager, source=Source(path=join(folder, lock)), lost=lost)]


def _version(tree: Tree, folder: str, project: dict[str, Any], requirements: list[str]) -> Version:
    path = join(folder, "pyproject.toml")
    claims = versions.in_files(tree, folder, _VERSION_FILES, "python")
    claims += [
        Claim(text=value, source=Source(path=path, line=tree.line(path, value)))
        for value in (
            table(project, "project").get("requires-python"),
            table(project, "tool", "poetry", "dependencies").get("python"),
        )
        if isinstance(value, str)
    ]
    pinned = [line for name in requirements for line in tree.text(join(folder, name)).splitlines()]
    return versions.choose("python", claims, lambda version: not wheels.lacking(pinned, version))


def _web(tree: Tree, folder: str, facts: python_source.Facts) -> tuple[Python, Source | None, str, str]:
    """How to import the application object; the Procfile decides where there are several."""
    wanted = _procfile(tree, folder)
    found = []
    for app in facts.apps:
        root = _import_root(tree, folder, app.path, facts.imports.get(app.path, set()))
        module = module_name(app.path, join(folder, root) if root else folder)
        found.append((app, root, f"{module}:{app.name}" + ("()" if app.factory else "")))
    if not found:
        return Python(), None, "", ""
    app, root, target = min(found, key=lambda item: (item[2].split("(")[0] != wanted, *_rank(item[0])))
    if app.made is not None:
        facts.routing.served.add(app.made)
    asynchronous = app.framework in _ASYNCHRONOUS
    remark = ""
    if app.arguments:
        remark = f"{app.path}:{app.line}: {app.name} takes arguments; the start command calls it without."
    python = Python(import_root=root, server="uvicorn" if asynchronous else "gunicorn", target=target)
    return python, Source(path=app.path, line=app.line), app.framework, remark


def _rank(app: WebApp) -> tuple[bool, bool, int, int, str]:
    name = PurePosixPath(app.path).name
    order = _ENTRY_FILES.index(name) if name in _ENTRY_FILES else len(_ENTRY_FILES)
    return (app.factory, app.arguments, app.path.count("/"), order, app.path)


def _procfile(tree: Tree, folder: str) -> str:
    """What the Procfile's web process imports, as `module:name`."""
    line = next(iter(re.findall(r"^web:\s*(.+)$", tree.text(join(folder, "Procfile")), re.MULTILINE)), "")
    found = re.search(r"\b([A-Za-z_]\w*(?:\.\w+)*:\w+)", line) if "gunicorn" in line or "uvicorn" in line else None
    return found[1] if found else ""


def _import_root(tree: Tree, folder: str, path: str, imports: set[str]) -> str:
    """The folder that imports start from, relative to the application: itself, `src`, or where the entry's siblings are."""
    prefix = f"{folder}/" if folder else ""
    inner = path.removeprefix(prefix)
    base = "src" if inner.startswith("src/") and join(folder, "src/__init__.py") not in tree else ""

    def has(root: str, name: str) -> bool:
        start = join(folder, root) if root else folder
        return join(start, f"{name}.py") in tree or any(
            file.endswith(".py") for file in tree.all_below(join(start, name))
        )

    if base and base in imports:  # `from src.config import ...` starts above it
        return ""
    here = folder_of(inner)
    while here and here != base:
        if any(has(here, name) and not has(base, name) for name in imports):
            return here
        here = folder_of(here)
    return base


def _program(tree: Tree, folder: str, project: dict[str, Any]) -> list[str]:
    """How a program without a web application is started: by its one command, or by a usual file."""
    commands = list(table(project, "project", "scripts")) or list(table(project, "tool", "poetry", "scripts"))
    if len(commands) == 1:
        return commands
    said, _ = procfile_web(tree, folder)
    here = [path.removeprefix(f"{folder}/" if folder else "") for path in tree.below(folder, ".py")]
    top = [path for path in here if "/" not in path and path not in {"setup.py", "__init__.py"}]
    usual = [name for name in ("main.py", "app.py", "bot.py", "run.py", "src/main.py") if name in here]
    entry = usual[0] if usual else top[0] if len(top) == 1 else ""
    return said or (["python", entry] if entry else [])


def _command(python: Python, port: int) -> list[str]:
    if not python.target:
        return []
    if python.server == "uvicorn":
        factory = ["--factory"] if python.target.endswith("()") else []
        return ["uvicorn", python.target.removesuffix("()"), *factory, "--host", "0.0.0.0", "--port", str(port)]  # noqa: S104 - inside a container
    # Workers touch a file as a sign of life; on a disk that can stall, in memory it cannot.
    shared = "/dev/shm"  # noqa: S108
    return ["gunicorn", "--bind", f"0.0.0.0:{port}", "--worker-tmp-dir", shared, "--access-logfile", "-", python.target]
