"""Interpreters and build tools: they run whatever the work tree tells them to."""

from __future__ import annotations

from collections.abc import Sequence

from boringops.commands import RUNS_INPUT, Judgement, Program, Rule, Unresolved, Verdict, judge

READ, CHANGE, UNKNOWN = Verdict.READ, Verdict.CHANGE, Verdict.UNKNOWN


def _interpreter(args: Sequence[str]) -> Judgement:
    if len(args) == 1 and args[0] in ("-V", "-v", "--version", "--help"):
        return Judgement(READ, "tells its version")
    if not args or args[0] == "-" or any(isinstance(word, Unresolved) for word in args[:2]):
        return Judgement(UNKNOWN, RUNS_INPUT)
    if args[0] == "-m":
        if len(args) > 1 and args[1] in ("pip", "pytest", "mypy", "ruff", "black", "tox", "nox"):
            return judge(args[1:])
        return Judgement(UNKNOWN, "runs a module that boringops does not know")
    if args[0].startswith(("-", "/", "~")) or ":" in args[0] or ".." in args[0].split("/"):
        return Judgement(UNKNOWN, "runs code that is not a script of the work tree")
    return Judgement(CHANGE, "runs code of the work tree")


PROGRAMS = (
    Program(
        "python python3 python3.11 python3.12 python3.13 node deno ruby perl php lua tsx ts-node", judge=_interpreter
    ),
    Program(
        "make gmake just task rake",
        (
            Rule("--version", READ, "tells its version", match=("make --version",)),
            Rule(
                "!-C|--directory|-f|--file|--makefile|-I|--include-dir|--justfile|--working-directory",
                CHANGE,
                "runs code of the work tree",
                match=("make", "make -j4 build", "just build"),
                not_match=("make -C /tmp",),
            ),
        ),
    ),
    Program(
        "pytest mypy ruff black isort flake8 pylint prettier eslint tsc jest vitest mocha tox nox rspec "
        "gradle mvn cmake ninja bats phpunit",
        (
            Rule("--version $", READ, "tells its version", match=("pytest --version",)),
            Rule("", CHANGE, "runs code of the work tree", match=("pytest -q", "eslint --fix src")),
        ),
    ),
)
