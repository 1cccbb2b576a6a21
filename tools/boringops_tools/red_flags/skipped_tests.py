"""Tests that a pipeline seems to run: the command that would run them is told to leave them out."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.examples import CI, a_job, gh
from boringops_tools.red_flags.pipelines import Job, Pipeline, may_run, read
from boringops_tools.red_flags.scripts import Command
from boringops_tools.red_flags.testing import TEST_NAME, passes, tests

_UNTESTED = "Deploy directly to production without testing"
_MAVEN = r"(?:(?<!\S)-DskipTests(?:=true)?(?!\S)|(?<!\S)-Dmaven\.test\.skip(?:=true)?(?!\S))"
_GRADLE = r"(?<!\S)(?:-x|--exclude-task)[ =]:?\S*[tT]est(?!\S)"
# program: (what it does with tests, how it is told not to run them)
_SKIPS: dict[str, tuple[str, str]] = {
    "mvn": (r"\b(?:test|verify|integration-test|install|package)\b", _MAVEN), "gradle": (r"\b(?:check|build)\b", _GRADLE),
    "cargo": (r"^(?:test|t)\b", r"--no-run\b"), "go": (r"^test\b", r"-run[= ][\"']?(?:\^\$|NONE|XXX|\^NONE\$)"), "pytest": ("", r"--(?:collect-only|co)\b"),
    "ctest": ("", r"(?:^|\s)(?:-N|--show-only\S*)(?:\s|$)"), "phpunit": ("", r"--list-tests\b"), "rspec": ("", r"--dry-run\b"), "jest": ("", r"--listTests\b"),
    "dotnet": (r"^test\b", r"(?:--list-tests|-t)(?:\s|$)"), "playwright": (r"^test\b", r"--list\b"), "behave": ("", r"--dry-run\b"), "sbt": ("", r"set test := \{\}|set \S*test in Test := \{\}"),
}  # fmt: skip
_SKIPS |= {"mvnw": _SKIPS["mvn"], "gradlew": _SKIPS["gradle"]}
_RUNS_FIRST = frozenset({"npx", "poetry", "uv", "bundle", "pnpm", "yarn", "pipenv", "hatch"})
_KEEPS_RESULTS = lazy_pattern(r"\bjunit\b|surefire-reports|test-results|store_test_results|PublishTestResults")


def _skipped(command: Command) -> bool:
    words = list(command.argv)
    while len(words) > 1 and words[0] in _RUNS_FIRST | {"run", "exec"}:
        words = words[1:]
    does, left_out = _SKIPS.get(words[0].rpartition("/")[2], ("", "")) if words else ("", "")
    rest = " ".join(words[1:])
    return bool(left_out and re.search(does, rest) and re.search(left_out, rest))


def _really(pipeline: Pipeline) -> Iterator[Command]:
    """The commands of a pipeline that test."""
    for job in pipeline.jobs:
        for step in job.steps:
            yield from (each for each in step.commands if tests(each) and not _skipped(each))


def _is_named(pipeline: Pipeline, job: Job) -> bool:
    """Whether a job is there for the tests, by its name or by the results it keeps.

    In GitHub another workflow may run them: only where a name says so it is meant here."""
    if pipeline.system == "github":
        return bool(re.search(r"(?i)(?:^|[^a-z])(?:unit|integration)?-?tests?(?:$|[^a-z])", job.name))
    return bool(TEST_NAME.search(job.name) or _KEEPS_RESULTS.search(str(job.body)))


def _left_out(path: str, text: str) -> Iterable[Hit]:
    return left_out(read(path, text))


def left_out(pipelines: Iterable[Pipeline]) -> Iterable[Hit]:
    for pipeline in pipelines:
        skipped = [
            (job, each) for job in pipeline.jobs for step in job.steps for each in step.commands if _skipped(each)
        ]
        if not skipped or (pipeline.open_ended and pipeline.system != "github") or next(_really(pipeline), None):
            continue
        if any(job.calls for job in pipeline.jobs):
            continue
        for job, command in skipped:
            others = Job(job.name, job.line, tuple(step for step in job.steps if command not in step.commands))
            if _is_named(pipeline, job) and not any(passes(others)):
                yield Hit(
                    command.line, f"`{' '.join(command.argv)[:80]}` leaves the tests out, and nothing else runs them"
                )


_M = "pipeline {{\n  stages {{\n    stage('{}') {{ steps {{ sh '{}' }} }}\n    stage('Image') {{ steps {{ sh 'docker push a/b:1' }} }}\n  }}\n}}\n"
RED_FLAGS = (
    RedFlag(
        "pipeline/skipped-tests", _UNTESTED, "warning", "Let it run the tests: what is built here is tested nowhere.", applies=may_run, check=_left_out,
        bad={
            "library.jenkinsfile": "@Library('acme@v1') _\n" + _M.format("Verify", "mvn -B -DskipTests verify"), "Jenkinsfile": _M.format("Verify", "mvn -B -DskipTests verify"), "b/Jenkinsfile": _M.format("Test", "./gradlew check -x test"), ".gitlab-ci.yml": "unit-test:\n  script: [cargo test --no-run]\n",
            CI: gh(a_job("test", "mvn -B verify -Dmaven.test.skip=true")), "azure-pipelines.yml": "jobs:\n- job: test\n  steps:\n  - script: dotnet test --list-tests\n", ".circleci/config.yml": "jobs:\n  test:\n    steps:\n      - run: poetry run pytest --collect-only\nworkflows:\n  w:\n    jobs: [test]\n",
        },
        good={
            "library.jenkinsfile": "@Library('acme@v1') _\n" + _M.format("Verify", "mvn -B -DskipTests verify").replace("steps {", "steps { acmeTests()\n", 1), "Jenkinsfile": _M.format("Verify", "mvn -B verify"), "b/Jenkinsfile": _M.format("Build", "mvn -DskipTests package"), ".gitlab-ci.yml": "unit-test:\n  script: [cargo test --no-run, cargo test]\n",
            CI: gh(a_job("lint", "mvn -B verify -DskipTests")), "azure-pipelines.yml": "jobs:\n- job: test\n  steps:\n  - script: mvn package -DskipTests\n  - script: mvn verify\n", "c/Jenkinsfile": _M.format("Test", "mvn verify -DskipTests=false"),
        },
    ),
)  # fmt: skip
