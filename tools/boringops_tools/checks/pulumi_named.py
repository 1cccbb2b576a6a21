"""Pulumi: stacks that a pipeline or a script names, and that have no file although all the others have."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.pulumi_config import is_stack
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.pipelines import Step, may_run, read
from boringops_tools.red_flags.pulumi import is_project

_ASKS = frozenset({"up", "update", "preview", "destroy", "refresh", "select"})
_NAME = lazy_pattern(r"(?:[\w.-]+/){0,2}([\w.-]+)")
_MADE = lazy_pattern(
    r"pulumi[^\n]*\b(?:stack\s+(?:init|select\s[^\n]*(?:-c\b|--create)|rename)|config\s+(?:set|cp|refresh))|upsert:|config-map:|stack-init"
)
_FOLDERS = ("work-dir", "workingDirectory", "cwd", "working-directory")


def _stacks(files: Files) -> dict[str, set[str]]:
    """The stacks that have a file, by the folder of their project."""
    found: dict[str, set[str]] = {posixpath.dirname(each): set() for each in files.all if is_project(each)}
    for each in filter(is_stack, files.all):
        folder, name = posixpath.split(each)
        if folder in found:
            found[folder].add(posixpath.splitext(name)[0].removeprefix("Pulumi."))
    return found


def _asked(step: Step) -> Iterator[tuple[int, str]]:
    for command in step.commands:
        words = list(command.argv)
        if command.program != "pulumi" or not _ASKS & set(words[1:3]):
            continue
        for at, word in enumerate(words):
            option, equals, value = word.partition("=")
            if option in ("--stack", "-s"):
                yield command.line, value if equals else (words[at + 1] if at + 1 < len(words) else "")
        if words[1:3] == ["stack", "select"] and len(words) == 4:
            yield command.line, words[3]


def _unknown(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if "pulumi" not in text.lower() or _MADE.search(text):
        return
    projects = files.once(_stacks)
    for job in (job for pipeline in read(path, text) for job in pipeline.jobs):
        for step in job.steps:
            folder = _folder(step, projects)
            known = projects.get(folder, set()) if folder is not None else set()
            for line, stack in _asked(step):
                named = _NAME.fullmatch(stack)
                if known and named and named[1] not in known:
                    yield Hit(
                        line,
                        f"there is no `Pulumi.{named[1]}.yaml`; there is {', '.join(f'`Pulumi.{each}.yaml`' for each in sorted(known))}",
                    )


def _folder(step: Step, projects: dict[str, set[str]]) -> str | None:
    """The folder of the project that a step is about; null where that is not known."""
    given = next((str(step.given[key]) for key in _FOLDERS if key in step.given), "")
    folder = posixpath.normpath(given).removeprefix("./") if given else ""
    folder = "" if folder == "." else folder
    if given and folder in projects:
        return folder
    return next(iter(projects)) if len(projects) == 1 and "$" not in given else None


_CI = "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: pulumi/actions@v6\n        with: {command: up, stack-name: acme/%s%s}\n"
_RUN = "a:\n  script: [pulumi up --stack %s]\n"
_P = {"Pulumi.yaml": "name: p\nruntime: nodejs\n", "Pulumi.prod.yaml": "config: {}\n"}

RULES = (
    Rule(
        "pulumi/stack-named", "warning", "Name a stack that there is, or add its file: without it nothing is set.", "Pulumi documentation, stacks: the configuration of a stack NAME is in Pulumi.NAME.yaml.", may_run, _unknown,
        bad=({".github/workflows/a.yml": _CI % ("live", ""), **_P}, {".gitlab-ci.yml": _RUN % "production", **_P}, {"infra/Pulumi.yaml": "name: p\n", "infra/Pulumi.prod.yaml": "", ".github/workflows/a.yml": _CI % ("live", ", work-dir: ./infra")}),
        good=(
            {".github/workflows/a.yml": _CI % ("prod", ""), **_P}, {".gitlab-ci.yml": _RUN % "$STACK", **_P}, {".gitlab-ci.yml": _RUN % "live", "Pulumi.yaml": "name: p\n"}, {".gitlab-ci.yml": "a:\n  script: [pulumi stack init live, pulumi up --stack live]\n", **_P},
            {".github/workflows/a.yml": _CI % ("live", ", upsert: true"), **_P},
        ),
    ),
)  # fmt: skip
