"""A lock file of npm that was not written again after package.json had changed: `npm ci` refuses it."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, mapping

_GROUPS = ("dependencies", "devDependencies", "optionalDependencies")


def _content(files: Files, path: str) -> Mapping[Any, Any]:
    try:
        return mapping(json.loads(files.text(path))) if path in files.known else {}
    except (ValueError, RecursionError):
        return {}


def _wanted(package: Mapping[Any, Any]) -> dict[str, str]:
    """What a package asks for, by name; of two groups the later one counts, as for npm."""
    return {str(name): str(version) for group in _GROUPS for name, version in mapping(package, group).items()}


def _stale(files: Files, path: str) -> Iterator[Hit]:
    place = posixpath.join(posixpath.dirname(path), "package.json")
    package, lock = _content(files, place), _content(files, path)
    root = mapping(lock, "packages").get("")
    if not isinstance(root, Mapping) or not package or lock.get("lockfileVersion") not in (2, 3):
        return
    asked, locked = _wanted(package), _wanted(root)
    for name in sorted(asked.keys() | locked.keys()):
        if asked.get(name) != locked.get(name):
            has, wants = locked.get(name, "nothing"), asked.get(name, "nothing")
            text = files.text(path)
            line = text.count("\n", 0, max(text.find('"packages"'), 0)) + 1
            yield Hit(line, f"it was locked for `{name}` {has}, and {place} asks for {wants}")
            return


def _is_lock(path: str) -> bool:
    return posixpath.basename(path) == "package-lock.json"


def _made(package: str, root: str) -> dict[str, str]:
    return {
        "package.json": f'{{"name": "a", {package}}}',
        "package-lock.json": f'{{"lockfileVersion": 3, "packages": {{"": {{"name": "a", {root}}}}}}}',
    }


RULES = (
    Rule("npm/stale-lock", "error", "Run `npm install` and commit the lock file with package.json.", "npm, npm ci: it exits with an error where the lock file does not match package.json.", _is_lock, _stale,
         bad=(_made('"dependencies": {"express": "4.21.1"}', '"dependencies": {"express": "4.19.0"}'), _made('"dependencies": {}', '"dependencies": {"left-pad": "1.3.0"}'), _made('"devDependencies": {"jest": "^29.0.0"}', '"license": "MIT"')),
         good=(_made('"dependencies": {"express": "4.21.1"}', '"dependencies": {"express": "4.21.1"}'), {**_made('"dependencies": {"a": "1"}', '"x": 1'), "package-lock.json": '{"lockfileVersion": 1, "dependencies": {}}'}, {"package-lock.json": _made('"x": 1', '"dependencies": {"a": "1"}')["package-lock.json"]})),
)  # fmt: skip
