"""What counts as a test in a pipeline: of an application, and of infrastructure before it is there."""

# ruff: noqa: E501 - a table reads best on few lines

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.pipelines import Job, Step
from boringops_tools.red_flags.scripts import Command

TESTS = lazy_pattern(
    r"(?i)(?:^|[\s/;&|:_-])(?:py|unit|e2e|smoke|integration|acceptance)?[-_:]?tests?(?:$|[\s:;&|_-])|\b(?:pytest|jest|vitest|rspec|phpunit|"
    r"cypress|playwright|tox|nox|ctest|mocha|ava|newman|k6|bats|terratest|conftest|goss|mvn\S* verify|"
    r"mvnw? (?:\S+ )*(?:verify|install|package)|gradlew? (?:\S+ )*(?:check|build)|make (?:\S+ )*check|cargo nextest)\b"
)
TEST_NAME = lazy_pattern(
    r"(?i)(?:^|[^a-z])(?:(?:unit|py)?tests?|e?unit|testing|e2e|ci|checks?|verify|validate|qa|spec|quality)(?:$|[^a-z])"
)
_TEST_PROGRAMS = frozenset(
    {
        "pytest",
        "jest",
        "vitest",
        "rspec",
        "phpunit",
        "cypress",
        "tox",
        "nox",
        "ctest",
        "mocha",
        "ava",
        "newman",
        "k6",
        "bats",
        "gotestsum",
        "nextest",
        "behat",
        "pest",
        "molecule",
        "terratest",
        "prove",
        "busted",
        "ginkgo",
        "elm-test",
        "trial",
        "nose2",
        "karma",
        "shellspec",
    }
)
RUNNERS = frozenset({"npm", "yarn", "pnpm", "bun", "go", "cargo", "make", "mvn", "mvnw", "gradle", "gradlew", "dotnet", "rails",
                      "rake", "mix", "deno", "composer", "just", "task", "swift", "flutter", "npx", "poetry", "uv", "bundle"})  # fmt: skip
# Tools of languages that have a command of their own for tests: what their words say then.
_BY_WORDS: dict[str, str] = {
    "erl": r"\beunit:test|\bct:run", "rebar3": r"\b(?:eunit|ct|proper)\b", "clojure": r"-[MXT]\S*:\S*test|\btest\b", "clj": r"-[MXT]\S*:\S*test",
    "lein": r"\btest\b", "bb": r"\btest\b", "sbt": r"\btest(?:Only)?\b", "mill": r"\.test\b", "stack": r"\btest\b", "cabal": r"\btest\b",
    "dune": r"\b(?:run)?test\b", "zig": r"\btest\b", "nimble": r"\btest\b", "gleam": r"\btest\b", "crystal": r"\bspec\b", "dart": r"\btest\b",
    "julia": r"Pkg\.test|runtests\.jl", "Rscript": r"\b(?:testthat|devtools|tinytest)\b.*\btest", "R": r"\bCMD check\b", "raco": r"\btest\b", "bazel": r"\btest\b",
    "bazelisk": r"\btest\b", "meson": r"\btest\b", "ninja": r"\btest\b", "ant": r"\btest\b", "xcodebuild": r"\btest\b", "forge": r"\btest\b",
    "node": r"--test\b", "php": r"\bartisan test\b|phpunit|pest\b", "perl": r"\bprove\b|\bt/",
}  # fmt: skip
_SKIPPED = lazy_pattern(
    r"(?<!\S)(?:-DskipTests(?!=false)|-Dmaven\.test\.skip|-DskipITs|-x[ =]test|--exclude-task[ =]test)"
)
_SHELLS = frozenset({"bash", "sh", "zsh", "source", "."})
# Programs that judge infrastructure without changing it; with words where it is only some of their commands.
_JUDGES: dict[str, frozenset[str]] = {
    "ansible-lint": frozenset(), "molecule": frozenset(), "kubeconform": frozenset(), "kubeval": frozenset(), "cfn-lint": frozenset(),
    "tflint": frozenset(),
    "checkov": frozenset(), "conftest": frozenset(), "kube-linter": frozenset(), "pluto": frozenset(),
    "pulumi": frozenset({"preview"}), "cdk": frozenset({"diff", "synth"}), "helm": frozenset({"lint", "template"}),
    "ansible-playbook": frozenset({"--syntax-check", "--check", "-C"}),
    "kubectl": frozenset({"diff", "--dry-run=server", "--dry-run=client"}),
    "terragrunt": frozenset({"plan", "validate", "run-all"}), "kustomize": frozenset({"build"}), "sam": frozenset({"validate"}),
    "aws": frozenset({"validate-template", "create-change-set"}),
    "packer": frozenset({"validate"}), "az": frozenset({"what-if", "validate"}),
}  # fmt: skip
_JUDGED = lazy_pattern(
    r"(?i)(?:^|[^a-z])(?:plan|preview|what-?if|diff|dry-?run|validat(?:e|ion)|lint|check-?mode|syntax)(?:$|[^a-z])"
)


def tests(command: Command) -> bool:
    """Whether a command runs tests that can fail."""
    if command.program in _TEST_PROGRAMS:
        return True
    text = " ".join(command.argv[1:6])
    if command.program in ("terraform", "tofu"):  # what infrastructure has for a test before it is there
        return bool({"validate", "plan", "test"} & set(command.argv[1:4]))
    if (words := _BY_WORDS.get(command.program)) and re.search(words, " ".join(command.argv[1:])):
        return True
    if command.program in ("python", "python3"):
        return bool(re.search(r"-m (?:pytest|unittest)|manage\.py test", text))
    if _SKIPPED.search(" ".join(command.argv)):
        return False
    return command.program in RUNNERS and bool(TESTS.search(f" {command.program} {text} "))


def _tests_by_name(command: Command) -> bool:
    """A script of the repository that says by its name that it tests."""
    words = command.argv[1:2] if command.program in _SHELLS else command.argv[:1]
    return any(
        ("/" in word or word.endswith((".sh", ".py"))) and TEST_NAME.search(word.rpartition("/")[2]) for word in words
    )


def judges(command: Command) -> bool:
    """Whether a command holds infrastructure against its rules, or against what is there, and changes nothing."""
    words = _JUDGES.get(command.program)
    return words is not None and (not words or bool(words & set(command.argv[1:])))


# Tasks of Azure that test, by the input that says so; an empty one always do.
_TEST_TASKS: tuple[tuple[str, str, str], ...] = (
    ("vstest@", "", ""), ("dotnetcorecli@", "command", r"^test$"), ("maven@", "goals", r"\b(?:test|verify|package|install)\b"),
    ("gradle@", "tasks", r"\b(?:test|check|build)\b"), ("npm@", "customCommand", r"\btest\b"), ("go@", "command", r"^test$"), ("xcode@", "actions", r"\btest\b"),
)  # fmt: skip


def tests_by_task(step: Step) -> bool:
    """Whether a step is a task that runs tests."""
    name = step.uses.lower()
    return any(
        name.startswith(task) and (not key or bool(re.search(said, str(step.given.get(key, "")))))
        for task, key, said in _TEST_TASKS
    )


def passes(job: Job) -> Iterator[bool]:
    """For each thing that a job does, in its order, whether that tests."""
    for step in job.steps:
        if tests_by_task(step) or TESTS.search(step.name) or re.search(r"(?i)\b(?:verify|validate)\b", step.name):
            yield True
        yield from (tests(command) or _tests_by_name(command) for command in step.commands)


def tests_itself(job: Job) -> bool:
    return any(passes(job)) or bool(TEST_NAME.search(job.name))


def is_test(job: Job) -> bool:
    return tests_itself(job) or bool(job.calls)  # what a called workflow does is not known here


def judges_infrastructure(job: Job) -> bool:
    """Whether a job plans or judges what another one is to apply."""
    named = _JUDGED.search(job.name) or any(_JUDGED.search(step.name) for step in job.steps)
    return bool(named) or any(judges(command) for step in job.steps for command in step.commands)
