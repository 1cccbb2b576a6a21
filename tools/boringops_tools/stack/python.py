"""Python applications: pip and uv; FastAPI, Starlette, Flask and Django."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.stack import environment, health, make, python_source, services, versions, wheels
from boringops_tools.stack.facts import Application, Claim, Command, Commands, Python, Route, Source, Version
from boringops_tools.stack.node import slug
from boringops_tools.stack.python_source import WebApp
from boringops_tools.stack.tree import Tree, folder_of, join, table, words

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
_RUNTIME = ("requirements/production.txt", "requirements/prod.txt", "requirements.txt", "requirements/base.txt")
_DEVELOPMENT = (
    "requirements-dev.txt",
    "requirements_dev.txt",
    "dev-requirements.txt",
    "requirements/dev.txt",
    "requirements/development.txt",
    "requirements-test.txt",
    "requirements/test.txt",
    "test-requirements.txt",
)
_BRINGS = {
    "fastapi": ("fastapi-slim", "sqladmin"),
    "starlette": ("fastapi",),
    "flask": ("apiflask", "flask-restx", "connexion"),
}
"""Packages that bring a framework along."""
_VERSION_FILES = {
    ".tool-versions": r"^python\s+(\S+)",
    ".python-version": r"^(?:cpython-)?(\d\S*)",
    "runtime.txt": r"^python-(\S+)",
    "Pipfile": r'^python_version\s*=\s*"([^"]+)"',
}
_NAME = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)")
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
_TARGET = re.compile(r"(?:^|\s)([A-Za-z_]\w*(?:\.\w+)*(?::\w+(?:\(\))?)?)\s*$")

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
    manager, lock = _manager(tree, folder, project)
    requirements = _files(tree, folder, _RUNTIME)[:1]
    declared = _dependencies(tree, folder, project, requirements)
    sources = list(tree.below(folder, ".py", skip=nested))
    facts = python_source.read(tree, sources)
    django = join(folder, "manage.py") in tree and "django" in declared
    python, entry, framework, command = _django(tree, folder, sources) if django else _web(tree, folder, facts)
    python = python.model_copy(
        update={
            "requirements": requirements,
            "included": _included(tree, folder, requirements),
            "dev_requirements": _files(tree, folder, _DEVELOPMENT),
            "packaged": "build-system" in project and "project" in project,
            "tools": [tool for tool in ("pytest", "ruff") if tool in _development(tree, folder, requirements)],
            "server_declared": _serves(python.server, declared),
        }
    )
    port, where = facts.ports[0] if facts.ports and not django else (8000, None)
    routes = _django_routes(tree, folder, python.settings) if django else facts.routes
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
        command=_command(python, port),
        port=port,
        port_source=where,
        health=health.best(routes),
        env=environment.merged([*facts.env, *environment.documented(tree, folder)]),
        services=services.from_dependencies("python", declared),
        commands=_commands(tree, folder, manager, project, python),
        build_packages=sorted({package for build, _ in native for package in build}),
        run_packages=sorted({package for _, run in native for package in run}),
        python=python,
    )
    broken = [path.removeprefix(prefix) for path in facts.broken]
    remarks = [f"Not parsed (a syntax error for Python {_running()}): {', '.join(broken[:5])}."] if broken else []
    if command:
        remarks.append(command)
    return app.model_copy(update=_verdict(app, declared, remarks, tree))


def _running() -> str:
    import platform

    return ".".join(platform.python_version_tuple()[:2])


def _verdict(app: Application, declared: dict[str, Source], remarks: list[str], tree: Tree) -> dict[str, Any]:
    python = app.python or Python()
    reason = ""
    project = tree.toml(app.path("pyproject.toml"))
    if "workspace" in table(project, "tool", "uv"):
        reason = "the root of a uv workspace, whose members have to be built from here, which no blueprint does yet"
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
                    "streamlit",
                )
                if name in declared
            ),
            "",
        )
        reason = (
            f"it depends on {web}, but no application object was found"
            if web
            else "a command or a library: no web application in it"
        )
    elif not {app.framework, *_BRINGS.get(app.framework, ())} & declared.keys():
        reason = f"its code needs {app.framework}, but nothing in this folder declares it as a dependency"
    elif app.manager not in {"pip", "uv"}:
        reason = f"managed by {app.manager}, which has no blueprint yet"
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


def _serves(server: str, declared: dict[str, Source]) -> bool:
    return not server or server in declared or (server == "uvicorn" and "fastapi[standard]" in declared)


def _manager(tree: Tree, folder: str, project: dict[str, Any]) -> tuple[str, str | None]:
    for lock, manager in _LOCKS.items():
        if join(folder, lock) in tree:
            return manager, lock
    if table(project, "tool", "poetry").get("dependencies"):
        return "poetry", None
    return ("uv", None) if "uv" in table(project, "tool") else ("pip", None)


def _files(tree: Tree, folder: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if join(folder, name) in tree]


def _dependencies(tree: Tree, folder: str, project: dict[str, Any], requirements: list[str]) -> dict[str, Source]:
    """Declared packages by normalized name; `fastapi[standard]` also under its extra."""
    found: dict[str, Source] = {}
    path = join(folder, "pyproject.toml")
    entries = [
        (text, Source(path=path, line=tree.line(path, text)))
        for text in words(table(project, "project").get("dependencies"))
    ]
    entries += [
        (name, Source(path=path, line=tree.line(path, name)))
        for name in table(project, "tool", "poetry", "dependencies")
    ]
    entries += [
        (line, Source(path=join(folder, file), line=number))
        for file in _included(tree, folder, requirements)
        for number, line in enumerate(tree.text(join(folder, file)).splitlines(), 1)
    ]
    for text, place in entries:
        if match := _NAME.match(text):
            name = re.sub(r"[-_.]+", "-", match[1]).lower()
            extras = re.match(r"\s*\[([^\]]*)\]", text[match.end() :])
            found.setdefault(name, place)
            for extra in extras[1].split(",") if extras else []:
                found.setdefault(f"{name}[{extra.strip().lower()}]", place)
                if name == "psycopg" and extra.strip() == "binary":
                    found.setdefault("psycopg-binary", place)
    if "psycopg-binary" in found:
        found.pop("psycopg", None)  # the wheel brings its own libpq
    return found


def _included(tree: Tree, folder: str, requirements: list[str]) -> list[str]:
    """The requirement files and those they include with `-r` or `-c`, relative to the application."""
    found = list(requirements)
    for file in found:  # grows while it is walked
        for name in re.findall(
            r"^\s*(?:-r|-c|--requirement|--constraint)[ =]\s*(\S+)", tree.text(join(folder, file)), re.MULTILINE
        ):
            other = posixpath.normpath(join(folder_of(file), name))
            if join(folder, other) in tree and other not in found:
                found.append(other)
    return found


def _development(tree: Tree, folder: str, requirements: list[str]) -> set[str]:
    """Names of packages that requirement files and pyproject.toml ask for, development ones included."""
    files = [*_files(tree, folder, _DEVELOPMENT), *requirements]
    lines = [line for name in files for line in tree.text(join(folder, name)).splitlines()]
    project = tree.text(join(folder, "pyproject.toml"))
    lines += [
        quoted or key for quoted, key in re.findall(r"[\"']([A-Za-z][\w.-]*)|^([\w-]+)\s*=", project, re.MULTILINE)
    ]
    return {match[1].lower() for line in lines if (match := _NAME.match(line))}


def _version(tree: Tree, folder: str, project: dict[str, Any], requirements: list[str]) -> Version:
    path = join(folder, "pyproject.toml")
    claims = versions.in_files(tree, folder, _VERSION_FILES)
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
        module = _module(app.path, join(folder, root) if root else folder)
        found.append((app, root, f"{module}:{app.name}" + ("()" if app.factory else "")))
    if not found:
        return Python(), None, "", ""
    app, root, target = min(found, key=lambda item: (item[2].split("(")[0] != wanted, *_rank(item[0])))
    asynchronous = app.framework in {"fastapi", "starlette"}
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
            file.startswith(join(start, name) + "/") and file.endswith(".py") for file in tree.files
        )

    here = folder_of(inner)
    if here and here != base and any(has(here, name) and not has(base, name) for name in imports):
        return here
    return base


def _module(path: str, root: str) -> str:
    inner = path.removeprefix(f"{root}/" if root else "").removesuffix(".py").removesuffix("/__init__")
    return inner.replace("/", ".")


def _django(tree: Tree, folder: str, sources: list[str]) -> tuple[Python, Source | None, str, str]:
    manage = join(folder, "manage.py")
    found = re.search(r"DJANGO_SETTINGS_MODULE[\"'],\s*[\"']([\w.]+)[\"']", tree.text(manage))
    settings = found[1] if found else ""
    # manage.py is for the developer; where the settings know production, that is what a container is for.
    beside = settings.rpartition(".")[0]
    settings = next(
        (
            f"{beside}.{name}"
            for name in ("production", "prod")
            if join(folder, f"{beside}.{name}".replace(".", "/") + ".py") in tree
        ),
        settings,
    )
    package = settings.rpartition(".settings")[0] or settings.partition(".")[0]
    files = _settings_files(tree, folder, settings)
    text = "\n".join(tree.text(file) for file in files)
    asgi = "ASGI_APPLICATION" in text and "WSGI_APPLICATION" not in text
    kind = "asgi" if asgi else "wsgi"
    stated = re.search(rf"{kind.upper()}_APPLICATION\s*=\s*[\"']([\w.]+)\.(\w+)[\"']", text)
    target = f"{stated[1]}:{stated[2]}" if stated else f"{package}.{kind}:application"
    entry = join(folder, target.partition(":")[0].replace(".", "/") + ".py")
    if entry not in tree:
        candidates = [path for path in sources if path.endswith(f"/{kind}.py")]
        if not candidates:
            return Python(settings=settings), None, "", f"Django without a {kind}.py: no entry point to serve."
        entry = candidates[0]
        target = f"{_module(entry, folder)}:application"
    python = Python(
        server="uvicorn" if asgi else "gunicorn", target=target, settings=settings, collectstatic="STATIC_ROOT" in text
    )
    return python, Source(path=entry, line=tree.line(entry, "application")), "django", ""


def _settings_files(tree: Tree, folder: str, settings: str) -> list[str]:
    base = join(folder, settings.replace(".", "/"))
    return [
        path
        for path in tree.files
        if path == f"{base}.py"
        or (folder_of(path) in {base, folder_of(base)} and "settings" in path and path.endswith(".py"))
    ]


def _django_routes(tree: Tree, folder: str, settings: str) -> list[Route]:
    """Routes of the root URL configuration; those it includes have prefixes of their own and are left alone."""
    text = "\n".join(tree.text(path) for path in _settings_files(tree, folder, settings))
    found = re.search(r"ROOT_URLCONF\s*=\s*[\"']([\w.]+)[\"']", text)
    path = join(folder, found[1].replace(".", "/") + ".py") if found else ""
    module = python_source.parse(tree.text(path))
    routes = []
    for node in ast.walk(module) if module else []:
        if isinstance(node, ast.Call) and python_source.dotted(node.func) == "path" and len(node.args) > 1:
            first, view = node.args[0], node.args[1]
            included = isinstance(view, ast.Call) and python_source.dotted(view.func) == "include"
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and not included:
                routes.append(Route(path=f"/{first.value}", source=Source(path=path, line=node.lineno)))
    return routes


def _command(python: Python, port: int) -> list[str]:
    if not python.target:
        return []
    if python.server == "uvicorn":
        factory = ["--factory"] if python.target.endswith("()") else []
        return ["uvicorn", python.target.removesuffix("()"), *factory, "--host", "0.0.0.0", "--port", str(port)]  # noqa: S104 - inside a container
    # Workers touch a file as a sign of life; on a disk that can stall, in memory it cannot.
    shared = "/dev/shm"  # noqa: S108
    return ["gunicorn", "--bind", f"0.0.0.0:{port}", "--worker-tmp-dir", shared, "--access-logfile", "-", python.target]


def _commands(
    tree: Tree,
    folder: str,
    manager: str,
    project: dict[str, Any],
    python: Python,
) -> Commands:
    prefix = "uv run " if manager == "uv" else "poetry run " if manager == "poetry" else ""
    own = make.commands(tree, folder)
    pyproject = Source(path=join(folder, "pyproject.toml"))
    development = _development(tree, folder, python.requirements)
    lint = []
    configured = "ruff" in table(project, "tool") or tree.named(folder, "ruff.toml", ".ruff.toml")
    if configured or "ruff" in development:
        source = (
            Source(path=join(folder, str(configured[0]))) if isinstance(configured, list) and configured else pyproject
        )
        lint = [Command(run=f"{prefix}ruff check .", source=source)]
    inside = [path for path in tree.files if path.startswith(f"{folder}/" if folder else "") and path.endswith(".py")]
    tests = [path for path in inside if re.search(r"(^|/)(test_[^/]*|[^/]*_test|tests)\.py$", path)]
    test: list[Command] = []
    if tests:
        texts = "\n".join(tree.text(path) for path in tests[:50])
        if "pytest" in development or re.search(r"^\s*(import pytest|from pytest)|^def test_", texts, re.MULTILINE):
            arguments = (
                ""
                if any(re.search(r"(^|/)(test_[^/]*|[^/]*_test)\.py$", path) for path in tests)
                else f" {tests[0].removeprefix(f'{folder}/')}"
            )
            test = [
                Command(
                    run=f"{prefix}pytest{arguments}" if prefix else f"python -m pytest{arguments}",
                    source=Source(path=tests[0]),
                )
            ]
        elif join(folder, "manage.py") in tree:
            test = [Command(run=f"{prefix}python manage.py test", source=Source(path=tests[0]))]
        else:
            names = [path for path in tests if path.endswith("tests.py")]
            what = (
                f" {names[0].removeprefix(f'{folder}/').removesuffix('.py').replace('/', '.')}"
                if names and len(names) == len(tests)
                else " discover"
            )
            test = [Command(run=f"{prefix}python -m unittest{what}", source=Source(path=tests[0]))]
    return Commands(lint=own.lint if own.lint and not lint and manager != "uv" else lint, test=test)


def members(tree: Tree) -> set[str]:
    """Folders whose dependencies are locked by a uv workspace above them."""
    projects = [folder_of(path) for path in tree.below("", "pyproject.toml")]
    roots = [
        folder for folder in projects if "workspace" in table(tree.toml(join(folder, "pyproject.toml")), "tool", "uv")
    ]
    return {
        folder
        for folder in projects
        for root in roots
        if folder != root and (not root or folder.startswith(f"{root}/")) and join(folder, "uv.lock") not in tree
    }
