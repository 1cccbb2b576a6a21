"""Packages that are published though nothing ever runs the tests that the repository has."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from boringops_tools.checks.base import Files, Hit, Rule, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.pipelines import Job, is_pipeline, read
from boringops_tools.red_flags.production import publishes
from boringops_tools.red_flags.testing import TEST_NAME, passes
from boringops_tools.yaml_files import Unreadable

# Pipelines that are not read here, and what may test before something is published.
_OTHERS = lazy_pattern(
    r"(?:^|/)(?:\.travis\.yml|appveyor\.yml|\.appveyor\.yml|\.cirrus\.yml|\.semaphore/.*|\.buildkite/.*|\.builds/.*|wercker\.yml|Jenkinsfile.*|\.prow/.*|"
    r"\.teamcity/.*|\.husky/.*|\.pre-commit-config\.yaml|lefthook\.yml|\.goreleaser\.ya?ml|tox\.ini|noxfile\.py|\.tekton/.*|cloudbuild\.ya?ml)$"
)
_BEFORE = lazy_pattern(r"^(?:pre|post)?(?:publish|pack|prepare|version|prepublishOnly|release)$")


def _tests(files: Files) -> str:
    """What the repository says are its tests; empty where it has none, or runs them as it publishes."""
    if "package.json" in files.known:
        try:
            scripts = mapping(json.loads(files.text("package.json")), "scripts")
        except (ValueError, RecursionError):
            return ""
        told = str(scripts.get("test") or "")
        bound = any(_BEFORE.match(str(name)) for name in scripts)
        return (
            ""
            if not told or bound or re.search(r"no test specified|^(?:exit|true|echo)\b", told)
            else f"`npm test` ({told})"
        )
    python = next((each for each in files.all if re.fullmatch(r"(?:src/)?tests?/(?:.*/)?test_\w+\.py", each)), "")
    return python if python and {"pyproject.toml", "setup.py"} & files.known else ""


def _is_asked(job: Job) -> bool:
    """Whether a job may test: it does, says so, or does what is not written here."""
    words = " ".join([job.name, *(f"{step.name} {step.uses}" for step in job.steps)])
    other = any(
        step.uses.startswith("./")
        or any(
            each.program in ("make", "just", "task", "nx", "turbo", "lerna", "bash", "sh")
            or each.program.startswith("./")
            for each in step.commands
        )
        for step in job.steps
    )
    return bool(job.calls) or other or any(passes(job)) or bool(TEST_NAME.search(words))


def _untested(files: Files, path: str) -> Iterator[Hit]:
    try:
        jobs = [job for pipeline in read(path, files.text(path)) for job in pipeline.jobs]
    except Unreadable:
        return
    publishing = [each for each in jobs if publishes(each)]
    tests = files.once(_tests) if publishing else ""
    if not tests or files.once(_asked_anywhere):
        return
    for job in publishing:
        yield Hit(job.line, f"{job.name} publishes a package, and no pipeline here runs its tests: {tests}")


def _asked_anywhere(files: Files) -> bool:
    """Whether any pipeline of the repository tests, or may."""
    for path in files.all:
        if _OTHERS.search(path):
            return True
        if is_pipeline(path):
            try:
                pipelines = read(path, files.text(path))
            except Unreadable:
                return True
            # What GitHub starts by hand or for a release shows all its jobs; the others may include some.
            if any(
                (each.open_ended and each.system != "github") or any(map(_is_asked, each.jobs)) for each in pipelines
            ):
                return True
    return False


_PUBLISH = (
    "on: push\njobs:\n  npm:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: npm ci\n{}      - run: npm publish\n"
)
_F = ".github/workflows/publish.yml"


def _package(scripts: Mapping[str, str], step: str = "", **more: str) -> dict[str, str]:
    return {"package.json": json.dumps({"name": "a", "scripts": scripts}), _F: _PUBLISH.format(step), **more}


_TEST = {"test": "node --test"}
_CI = {
    ".github/workflows/ci.yml": "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: npm test\n"
}
RULES = (
    Rule("pipeline/tests-not-run", "warning", "Run the tests in a job that the one which publishes needs.", "npm documentation, npm publish: what is published cannot be taken back as if it had not been.", is_pipeline, _untested,
         bad=(_package(_TEST), _package(_TEST, **{_F: _PUBLISH.format("").replace("on: push", "on: {release: {types: [published]}}")}), {_F: _PUBLISH.format("").replace("npm publish", "twine upload dist/*"), "pyproject.toml": "[project]\nname = 'a'\n", "tests/test_a.py": "def test_a(): ...\n"}),
         good=(_package({}), _package({"test": "echo no test specified && exit 1"}), _package(_TEST, "      - run: npm test\n"), _package({**_TEST, "prepublishOnly": "npm test"}),
               _package(_TEST, **_CI), _package(_TEST, "      - run: make\n"), _package(_TEST, **{".travis.yml": "language: node_js\n"}))),
)  # fmt: skip
