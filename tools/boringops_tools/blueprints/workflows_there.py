"""What the workflows of people's own do: whether something tests already, and where that cannot be known."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boringops_tools.stack.tree import Tree, join, table
from boringops_tools.yaml_files import Unreadable, documents, line_of

_TESTS = re.compile(
    r"(?i)\b(pytest|tox|nox|unittest|jest|vitest|mocha|karma|cypress|playwright|rspec|phpunit|pest|ctest|nextest|behave|"
    r"bats)\b|\b(mvnw?|maven)\b[^\n]*\b(test|verify|package|install|deploy)\b|\bgradlew?\b[^\n]*\b(test|check|build)\b|"
    r"(?<![-.\w/])(npm|yarn|pnpm|bun) t\b|(?<![-.\w])tests?\b|[:_/-]tests?\b"
)
_FETCHES = re.compile(
    r"\b(pip3?|uv|poetry|pdm|pipenv|npm|pnpm|yarn|bun|gem|bundle|apt|apt-get|brew|apk|go|cargo|composer|conda|docker)\b[^\n]*"
    r"\b(install|i|add|get|sync|require|update|pull|mod|login|push|tag)\b"
)
"""Lines that only bring something, whatever it is called."""
_LINTS = re.compile(
    r"(?i)\b(\w*lint\w*|ruff|flake8|black|isort|mypy|pyright|prettier|biome|tsc|vet|gofmt|clippy|fmt|rubocop|standardrb|phpstan|"
    r"php-cs-fixer|pint|credo|format\w*|pre-?commit|checkstyle|spotless|detekt|shellcheck)\b"
)
_SCRIPT = re.compile(
    r"(?:^|[\s;&|(])(?:(?:bash|sh|source|python3?|node)\s+(?:-\w+\s+)*)?((?:\./|[\w.-]+/)[\w./-]+)(?=$|[\s;&|)])"
)
_MAKE = re.compile(r"(?:^|[\s;&|])make\s+(?:-\S+\s+)*([\w-]+)")
_PACKAGE = re.compile(r"\b(?:npm|pnpm|yarn|bun)\s+(?:run\s+)(?:-\S+\s+)*([\w:.-]+)")
_DEPTH = 3
"""Scripts that call scripts; nobody nests them deeper."""


@dataclass(frozen=True)
class Workflow:
    """One workflow. `unclear` are the places (`file:line`) that may do more than can be read."""

    path: str
    checks: bool
    """Whether a change starts it: a pull request, or a push to a branch."""
    reviews: bool
    """Whether a pull request does."""
    tests: bool
    lints: bool
    unclear: tuple[str, ...]


def read(tree: Tree, path: str) -> Workflow:
    """What a workflow does, as far as it and what it calls in the repository say."""
    try:
        found = documents(tree.text(path))
    except Unreadable:
        found = ()
    document = found[0] if found and isinstance(found[0], Mapping) else {}
    unclear: list[str] = []
    lines = list(_lines(tree, path, document, unclear, _DEPTH))
    return Workflow(
        path,
        _checks(document.get("on")),
        not {"pull_request", "pull_request_target", "merge_group"}.isdisjoint(_events(document.get("on"))),
        any(map(tests, lines)),
        any(_LINTS.search(line) and not _FETCHES.search(line) for line in lines),
        tuple(dict.fromkeys(unclear)) if _mapping(document.get("jobs")) else (path,),
    )


def tests(line: str) -> bool:
    """Whether a line of a script, or what it is called, speaks of testing."""
    return bool(_TESTS.search(line)) and not _FETCHES.search(line)


def _events(on: Any) -> Collection[str]:
    return {on} if isinstance(on, str) else on if isinstance(on, Mapping | list) else ()


def _checks(on: Any) -> bool:
    push = on.get("push") if isinstance(on, Mapping) else None
    of_tags = (
        isinstance(push, Mapping) and "tags" in push and not push.keys() & {"branches", "branches-ignore", "paths"}
    )
    events = set(_events(on)) - ({"push"} if of_tags else set())
    return not {"push", "pull_request", "pull_request_target", "merge_group"}.isdisjoint(events)


def _lines(tree: Tree, path: str, document: Mapping[str, Any], unclear: list[str], depth: int) -> Iterator[str]:
    """What is run, and what it is called, line by line."""
    for key, job in _mapping(document.get("jobs")).items():
        if not isinstance(job, Mapping):
            continue
        yield f"{key} {job.get('name', '')}"
        where = f"{path}:{line_of(job, 'uses')}"
        yield from _called(tree, str(job.get("uses", "")), where, unclear, depth, job=True)
        yield from _steps(tree, path, job.get("steps"), _folder(job) or _folder(document), unclear, depth)
    yield from _steps(tree, path, _mapping(document.get("runs")).get("steps"), "", unclear, depth)  # an action


def _steps(tree: Tree, path: str, steps: Any, folder: str, unclear: list[str], depth: int) -> Iterator[str]:
    for step in steps if isinstance(steps, list) else ():
        if not isinstance(step, Mapping):
            continue
        yield str(step.get("name", ""))
        run, uses = str(step.get("run", "")), str(step.get("uses", ""))
        own = _folder({"defaults": {"run": step}}) or folder
        yield from _commands(tree, run, own, f"{path}:{line_of(step, 'run')}", unclear, depth)
        yield uses.partition("@")[0]
        given = "\n".join(str(each) for each in _mapping(step.get("with")).values())
        yield from (given.splitlines() if uses and not uses.startswith(("actions/", "docker/")) else ())
        yield from _called(tree, uses, f"{path}:{line_of(step, 'uses')}", unclear, depth)


def _called(tree: Tree, uses: str, where: str, unclear: list[str], depth: int, *, job: bool = False) -> Iterator[str]:
    """What a workflow or an action of the repository does; another's workflow is not to be read from here."""
    if not uses.startswith("./"):
        if uses and job:
            unclear.append(where)
        return
    path = posixpath.normpath(uses)
    path = next((each for each in (path, f"{path}/action.yml", f"{path}/action.yaml") if each in tree), "")
    try:
        document = documents(tree.text(path))[0] if path and depth else None
    except (Unreadable, IndexError):
        document = None
    if isinstance(document, Mapping):
        yield from _lines(tree, path, document, unclear, depth - 1)
    else:
        unclear.append(where)


def _commands(tree: Tree, run: str, folder: str, where: str, unclear: list[str], depth: int) -> Iterator[str]:
    """The lines of a script, and of the scripts of the repository that it runs."""
    for line in run.replace("\\\n", " ").splitlines():
        if line.lstrip().startswith("#"):
            continue
        yield line
        for text, told in _scripts(tree, line, folder):
            if text is None or not depth:
                unclear.append(where)
            elif told:
                yield from _commands(tree, text, folder, where, unclear, depth - 1)


def _scripts(tree: Tree, line: str, folder: str) -> Iterator[tuple[str | None, bool]]:
    """(text, whether there is any) of each script that a line runs; the text is None where it is not there to be read."""
    for name in _SCRIPT.findall(line):
        path = next((each for each in (join(folder, name), name) if posixpath.normpath(each) in tree), "")
        if path:
            yield tree.text(posixpath.normpath(path)), True
    for target in _MAKE.findall(line):
        body = _target(tree.text(join(folder, "Makefile")), target)
        yield (body or None), bool(body)
    for name in _PACKAGE.findall(line):
        script = table(tree.json(join(folder, "package.json")), "scripts").get(name)
        yield (script if isinstance(script, str) else None), isinstance(script, str)


def _target(makefile: str, name: str) -> str:
    """The recipe of a target, and the targets it needs as calls of make."""
    found = re.search(rf"(?m)^{re.escape(name)}\s*:(?!=)([^\n]*)\n((?:\t[^\n]*\n?|\n)*)", makefile + "\n")
    if not found:
        return ""
    return "\n".join([*(f"make {each}" for each in found[1].split() if each != name), found[2]])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _folder(holder: Mapping[str, Any]) -> str:
    given = _mapping(_mapping(holder.get("defaults")).get("run")).get("working-directory")
    return posixpath.normpath(given) if isinstance(given, str) and "$" not in given and given not in (".", "./") else ""


def all_of(tree: Tree, paths: Sequence[str]) -> list[Workflow]:
    """Each workflow, read once for a repository."""
    known: dict[str, Workflow] = tree.memo.setdefault("workflows", {})
    for path in paths:
        if path not in known:
            known[path] = read(tree, path)
    return [known[path] for path in paths]
