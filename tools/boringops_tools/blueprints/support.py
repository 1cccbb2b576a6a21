"""What a package supports: the versions of its language that it states, and whether it is published."""

from __future__ import annotations

import re

from boringops_tools.blueprints import pins
from boringops_tools.blueprints.context import Context
from boringops_tools.stack.facts import Application
from boringops_tools.stack.tree import table
from boringops_tools.stack.versions import allows


def versions(app: Application, context: Context) -> list[str]:
    """Living versions that a package says it supports, oldest first; none for what is deployed, which runs on one.

    Python's classifiers and tox's environments name versions; else the range of requires-python, `engines` and their like
    is met with the table's images. Empty where that leaves fewer than two."""
    if app in context.containers or app.manager == "bun":
        return []
    living = [row.version for row in pins.images(app.language) if not row.ended] if app.language != "static" else []
    named = _named(app, context)
    constraint = "" if named else _range(app, context)
    found = [
        version
        for version in living
        if version in named or (constraint and allows(constraint, version, language=app.language))
    ]
    return sorted(found, key=_numbers) if len(found) > 1 else []


def packages(context: Context) -> list[Application]:
    """Applications that are packages for others, and may be published: PyPI's and npm's."""
    return [app for app in context.apps if app not in context.containers and _published(app, context)]


def _named(app: Application, context: Context) -> set[str]:
    if app.language != "python":
        return set()
    texts = [context.tree.text(app.path(name)) for name in ("pyproject.toml", "setup.cfg", "setup.py")]
    found = {each for text in texts for each in re.findall(r"Programming Language :: Python :: (3\.\d+)", text)}
    if not found:
        tox = re.search(
            r"^env_?list\s*=\s*((?:.*\n?)(?:[ \t]+.*\n?)*)", context.tree.text(app.path("tox.ini")), re.MULTILINE
        )
        found = {f"3.{minor}" for minor in re.findall(r"\bpy3(\d{1,2})\b", tox[1])} if tox else set()
        if tox and (several := re.search(r"\bpy3?\{([\d, ]+)\}", tox[1])):
            found |= {f"3.{each.strip().removeprefix('3')}" for each in several[1].split(",")}
    return found


def _range(app: Application, context: Context) -> str:
    tree = context.tree
    if app.language == "python":
        project = tree.toml(app.path("pyproject.toml"))
        stated = table(project, "project").get("requires-python") or table(
            project, "tool", "poetry", "dependencies"
        ).get("python")
    elif app.language == "node":
        stated = table(tree.json(app.path("package.json")), "engines").get("node")
    elif app.language == "php":
        stated = table(tree.json(app.path("composer.json")), "require").get("php")
    elif app.language == "ruby":
        specs = [path for path in tree.files if path.endswith(".gemspec") and path.startswith(app.folder)]
        found = (
            re.search(r"required_ruby_version\s*=\s*[\[(]?\s*[\"']([^\"']+)", tree.text(specs[0])) if specs else None
        )
        stated = found[1] if found else None
    else:
        stated = None
    return stated if isinstance(stated, str) else ""


def _published(app: Application, context: Context) -> bool:
    if app.language == "node" and app.manager in {"npm", "pnpm", "yarn"}:
        manifest = context.tree.json(app.path("package.json"))
        entry = any(key in manifest for key in ("main", "exports", "module", "types", "bin", "files"))
        named = isinstance(manifest.get("name"), str) and isinstance(manifest.get("version"), str)
        return app.workspace is None and named and entry and manifest.get("private") is not True
    if app.language == "python" and app.python and app.python.packaged:
        project = table(context.tree.toml(app.path("pyproject.toml")), "project")
        poetry = table(context.tree.toml(app.path("pyproject.toml")), "tool", "poetry")
        classifiers = project.get("classifiers") or []
        private = isinstance(classifiers, list) and any(str(each).startswith("Private ::") for each in classifiers)
        return bool(project.get("name") or poetry.get("name")) and not private
    return False


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
