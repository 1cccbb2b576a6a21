"""Commands of pipelines, Makefiles and scripts that run a service of a Compose file: it has to have one of that name."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from boringops_tools.checks.base import Files, Hit, Rule, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose, is_yaml

_COMMAND = lazy_pattern(
    r"(?m)(?:^[ \t@-]*(?:(?:run|script|command): *)?[\"']?|[;&|(] *|\b(?:if|then|do|!|sudo|sh) +[\"']?)"
    r"docker(?:-| +)compose +(?P<rest>[^\n;|&]*)"
)
"""Where a command stands, so not in a name, a comment or prose."""
_WORKSPACE = lazy_pattern(r"^(?:\$\{?GITHUB_WORKSPACE\}?|\$\{?CI_PROJECT_DIR\}?|\.)/")
_VALUED = frozenset(
    {
        "-e", "--env", "-l", "--label", "-p", "--publish", "-u", "--user", "-v", "--volume", "-w", "--workdir", "--name",
        "--entrypoint", "--cap-add", "--cap-drop", "--pull", "--env-from-file", "--index",
    }
)  # fmt: skip
"""Options of `docker compose run` and `exec` that take the next word."""


@dataclass(frozen=True)
class _Call:
    line: int
    service: str
    files: tuple[str, ...]
    """The Compose files it names; none means that Compose looks for one where it is called."""


def _applies(path: str) -> bool:
    name = posixpath.basename(path).lower()
    return (
        name in ("makefile", "jenkinsfile") or name.endswith((".mk", ".sh")) or (is_yaml(path) and not is_compose(path))
    )


def _calls(text: str) -> Iterator[_Call]:
    """`docker compose run` and `exec` whose service is written out, with the line where each begins."""
    for found in _COMMAND.finditer(re.sub(r"\\\n", "  ", text)):
        try:
            words = shlex.split(found["rest"], comments=True)
        except ValueError:
            continue
        call = _read(words)
        if call:
            yield _Call(_line(text, found.start()), *call)


def _line(text: str, offset: int) -> int:
    """Joining lines keeps offsets: what was a backslash and a line end are two blanks."""
    return text.count("\n", 0, offset) + 1


def _read(words: list[str]) -> tuple[str, tuple[str, ...]] | None:
    named: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in ("-f", "--file"):
            named.append(next(rest, "$"))
        elif word.startswith("--file="):
            named.append(word.partition("=")[2])
        elif word in ("run", "exec"):
            break
        elif not word.startswith("-"):
            return None
        elif word in ("-p", "--project-name", "--env-file", "--profile", "--ansi", "--progress", "--project-directory"):
            next(rest, "")
    else:
        return None
    for word in rest:
        if word in _VALUED:
            next(rest, "")
        elif not word.startswith("-"):
            return (word, tuple(_WORKSPACE.sub("", name) for name in named)) if re.fullmatch(r"[\w.-]+", word) else None
    return None


def _services(files: Files, path: str) -> set[str] | None:
    """The services of a Compose file; null where not all of them can be known from it."""
    documents = files.documents(path)
    if not documents or not mapping(documents[0], "services") or "include" in mapping(documents[0]):
        return None
    return {str(name) for name in mapping(documents[0], "services")}


def _unknown_services(files: Files, path: str) -> Iterator[Hit]:
    for call in _calls(files.text(path)):
        if call.files:
            paths = [posixpath.normpath(each) for each in call.files]
            if any("$" in each or files.file(each) is None for each in paths):
                continue
        else:  # called in any folder: only a name that no Compose file has is wrong for sure
            paths = [each for each in files.all if is_compose(each)]
        known = [_services(files, each) for each in paths]
        if not known or None in known:
            continue
        names = {name for each in known if each for name in each}
        if call.service not in names:
            yield Hit(
                call.line,
                f"`docker compose` is to run the service `{call.service}`, and {', '.join(paths[:3])} has only "
                f"{', '.join(sorted(names)[:12])}",
            )


_COMPOSE = "services: {db: {image: 'postgres:17'}}\n"
_STEP = "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: |\n          docker compose{} run --detach \\\n            --name x {}\n"

RULES = (
    Rule(
        "consistency/compose-service", "error", "Name a service that the Compose file has: with any other name the command fails.",
        "docker compose run: no such service", _applies, _unknown_services,
        bad=(
            {"compose.yaml": _COMPOSE, ".github/workflows/a.yml": _STEP.format(' --file "${GITHUB_WORKSPACE}/compose.yaml"', "postgres")},
            {"compose.yaml": _COMPOSE, "Makefile": "up:\n\tdocker-compose exec -u postgres cache psql\n"},
        ),
        good=(
            {"compose.yaml": _COMPOSE, ".github/workflows/a.yml": _STEP.format(" -f compose.yaml", "db psql")},
            {"compose.yaml": _COMPOSE, "a.sh": 'docker compose run "$SERVICE"\ndocker compose up cache\n'},
            {"compose.yaml": "include: [other.yaml]\n" + _COMPOSE, "Makefile": "up:\n\tdocker compose run cache\n"},
            {"Makefile": "up:\n\tdocker compose run cache\n"},
            {"compose.yaml": _COMPOSE, "a.sh": "# docker compose run cache\necho docker compose run cache\n"},
        ),
    ),
)  # fmt: skip
