"""Commands of pipelines that run a script or a target which the repository does not have."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from boringops_tools.checks.base import Files, Hit, Rule, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.more_pipelines import is_action
from boringops_tools.red_flags.pipelines import is_pipeline
from boringops_tools.red_flags.pipelines import read as read_pipelines
from boringops_tools.red_flags.scripts import Command
from boringops_tools.yaml_files import Unreadable

_TARGET = lazy_pattern(r"(?m)^([^\s#:=$%][^:=#\n]*?)\s*::?(?!=)")
_BUILT_IN = frozenset(
    [
        "install",
        "ci",
        "test",
        "start",
        "stop",
        "restart",
        "publish",
        "pack",
        "version",
        "audit",
        "exec",
        "init",
        "link",
        "rebuild",
        "prune",
        "update",
    ]
)


def npm_scripts(files: Files) -> set[str] | None:
    """All scripts of all package.json files; null where there is none, or one cannot be read."""
    return _scripts(files, "package.json")


def composer_scripts(files: Files) -> set[str] | None:
    """All scripts of all composer.json files; null where there is none, or one cannot be read."""
    return _scripts(files, "composer.json")


def _scripts(files: Files, manifest: str) -> set[str] | None:
    found: set[str] = set()
    manifests = files.by_name.get(manifest, [])
    for path in manifests:
        try:
            found |= set(mapping(json.loads(files.text(path)), "scripts"))
        except (ValueError, RecursionError):
            return None
    return found if manifests else None


def _of_composer(words: list[str]) -> str:
    """The script that a command of Composer's names; a plugin may bring other commands, so only `run` is sure of it."""
    return words[1] if words[:1] in (["run"], ["run-script"]) and len(words) > 1 else ""


def targets(files: Files) -> set[str] | None:
    """All targets of all Makefiles; null where there is none, or some come from elsewhere."""
    paths = [path for name in ("Makefile", "makefile", "GNUmakefile") for path in files.by_name.get(name, [])]
    text = "\n".join(files.text(path) for path in paths)
    if not paths or re.search(r"(?m)^-?s?include\b|^[^\t#]*%[^\n]*:|\$\(eval", text):
        return None
    return {name for match in _TARGET.finditer(text) for name in match[1].split()}


def _applies(path: str) -> bool:
    """An action that is there for other repositories runs their scripts."""
    return is_pipeline(path) and (path.startswith(".github/") or not is_action(path))


def commands_of(files: Files, path: str) -> Iterator[Command]:
    """The commands of all jobs of a pipeline; none of one that cannot be read."""
    with contextlib.suppress(Unreadable):
        for pipeline in read_pipelines(path, files.text(path)):
            yield from (each for job in pipeline.jobs for step in job.steps for each in step.commands)


def _unknown(files: Files, path: str) -> Iterator[Hit]:
    for command in commands_of(files, path):
        words = [word for word in command.argv[1:] if "$" not in word]
        if len(words) != len(command.argv) - 1 or any(
            word in ("-C", "--prefix", "--cwd", "-w", "-f", "--file", "-F", "--filter", "--directory") for word in words
        ):
            continue
        plain = [word for word in words if not word.startswith("-")]
        program = PurePosixPath(command.program).name
        if program in ("npm", "pnpm", "yarn", "bun") and plain[:1] in (["run"], ["run-script"]) and len(plain) > 1:
            scripts: set[str] | None = files.once(npm_scripts)
            if scripts is not None and plain[1] not in scripts and plain[1] not in _BUILT_IN and "{" not in plain[1]:
                yield Hit(command.line, f"`{program} run {plain[1]}`: no package.json has this script")
        elif program == "composer" and (named := _of_composer(plain)):
            own: set[str] | None = files.once(composer_scripts)
            if own is not None and named not in own and "{" not in named:
                yield Hit(command.line, f"`composer {' '.join(plain[:2])}`: no composer.json has this script")
        elif program == "make" and plain:
            known: set[str] | None = files.once(targets)
            wanted = next((word for word in plain if "=" not in word), "")
            there = wanted in files.known or wanted in files.folders
            if (
                known is not None
                and wanted
                and wanted not in known
                and "." not in wanted
                and "{" not in wanted
                and not there
            ):
                yield Hit(command.line, f"`make {wanted}`: no Makefile has this target")


_W = ".github/workflows/a.yml"
_RUN = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: {}\n"

RULES = (
    Rule(
        "consistency/unknown-script", "error", "The job fails there: name a script that is there, or add it.",
        "npm run takes the scripts of package.json, composer run those of composer.json, make the targets of its Makefile.", _applies, _unknown,
        bad=(
            {_W: _RUN.format("npm run test:unit"), "package.json": '{"scripts": {"test": "x"}}'}, {_W: _RUN.format("make tset"), "Makefile": "test: a\n\tgo test\n"},
            {".gitlab-ci.yml": "a:\n  script:\n    - make lint\n", "Makefile": "test:\n\tgo test\n"},
            {_W: _RUN.format("composer run-script tests"), "composer.json": '{"scripts": {"test": "phpunit"}}'},
        ),
        good=(
            {_W: _RUN.format("npm run test && npm run $X && npm test"), "package.json": '{"scripts": {"test": "x"}}'}, {_W: _RUN.format("npm run any")},
            {_W: _RUN.format("composer run test && composer run-script $X && composer tests"), "composer.json": '{"scripts": {"test": "phpunit"}}'},
            {_W: _RUN.format("make -C sub x && make test V=1 && make"), "Makefile": ".PHONY: test\ntest check: a\n\tgo test\n"}, {_W: _RUN.format("make x"), "Makefile": "include a.mk\n"},
        ),
    ),
)  # fmt: skip
