"""Django projects: the settings that production uses, the entry point, and the routes of the URL configuration."""

from __future__ import annotations

import re

from boringops_tools.stack import python_routes
from boringops_tools.stack.facts import Python, Route, Source
from boringops_tools.stack.found import inner
from boringops_tools.stack.python_program import Program, module_name
from boringops_tools.stack.tree import Tree, folder_of, join


def home(tree: Tree, folder: str, sources: list[str]) -> str | None:
    """The folder of the project's one manage.py, which is where its imports start; None where there is none or several."""
    if join(folder, "manage.py") in tree:
        return folder
    found = [folder_of(path) for path in sources if path.endswith("/manage.py")]
    return found[0] if len(found) == 1 else None


def detect(tree: Tree, whole: str, folder: str, sources: list[str]) -> tuple[Python, Source | None, str, str]:
    """The project whose manage.py is in `folder`, of the application in `whole`."""
    manage = join(folder, "manage.py")
    root = inner(whole, folder) if folder != whole else ""
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
            return (
                Python(settings=settings, import_root=root),
                None,
                "",
                f"Django without a {kind}.py: no entry point to serve.",
            )
        entry = candidates[0]
        target = f"{module_name(entry, folder)}:application"
    python = Python(
        import_root=root,
        server="uvicorn" if asgi else "gunicorn",
        target=target,
        settings=settings,
        collectstatic="STATIC_ROOT" in text,
    )
    return python, Source(path=entry, line=tree.line(entry, "application")), "django", ""


def routes(tree: Tree, folder: str, program: Program, settings: str) -> list[Route]:
    """Routes of the root URL configuration that the settings name, and of those it includes."""
    for path in _settings_files(tree, folder, settings):
        module = program.module(path)
        root = program.text(module, module.value("ROOT_URLCONF")) if module is not None else None
        if root:
            return list(python_routes.django(program, root))
    return []


def _settings_files(tree: Tree, folder: str, settings: str) -> list[str]:
    base = join(folder, settings.replace(".", "/"))
    return [
        path
        for path in tree.files
        if path == f"{base}.py"
        or (folder_of(path) in {base, folder_of(base)} and "settings" in path and path.endswith(".py"))
    ]
