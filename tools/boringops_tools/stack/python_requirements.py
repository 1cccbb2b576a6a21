"""What a Python application says it needs: requirement files, those they include, pyproject.toml and the Pipfile."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import Any

from boringops_tools.stack.facts import Source
from boringops_tools.stack.tree import Tree, folder_of, join, table, words

RUNTIME = ("requirements/production.txt", "requirements/prod.txt", "requirements.txt", "requirements/base.txt")
DEVELOPMENT = (
    "requirements-dev.txt",
    "requirements_dev.txt",
    "dev-requirements.txt",
    "requirements/dev.txt",
    "requirements/development.txt",
    "requirements-test.txt",
    "requirements/test.txt",
    "test-requirements.txt",
)
_NAME = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)")


def files(tree: Tree, folder: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if join(folder, name) in tree]


def dependencies(tree: Tree, folder: str, project: dict[str, Any], requirements: list[str]) -> dict[str, Source]:
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
    pipfile = join(folder, "Pipfile")
    entries += [
        (name, Source(path=pipfile, line=tree.line(pipfile, name))) for name in table(tree.toml(pipfile), "packages")
    ]
    entries += [
        (line, Source(path=join(folder, file), line=number))
        for file in included(tree, folder, requirements)
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


def included(tree: Tree, folder: str, requirements: list[str]) -> list[str]:
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


def development(tree: Tree, folder: str, requirements: list[str]) -> set[str]:
    """Names of packages that requirement files and pyproject.toml ask for, development ones included."""
    named = [*files(tree, folder, DEVELOPMENT), *requirements]
    lines = [line for name in named for line in tree.text(join(folder, name)).splitlines()]
    project = tree.text(join(folder, "pyproject.toml"))
    lines += [
        quoted or key for quoted, key in re.findall(r"[\"']([A-Za-z][\w.-]*)|^([\w-]+)\s*=", project, re.MULTILINE)
    ]
    return {match[1].lower() for line in lines if (match := _NAME.match(line))}
