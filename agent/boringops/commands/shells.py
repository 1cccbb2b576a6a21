"""Interpreters and build tools: they run whatever the work tree tells them to."""

from __future__ import annotations

from collections.abc import Sequence

from boringops.commands import RUNS_INPUT, Judgement, Program, Rule, Unresolved, Verdict, judge

READ, CHANGE, REACH, UNKNOWN = Verdict.READ, Verdict.CHANGE, Verdict.REACH, Verdict.UNKNOWN


def _interpreter(args: Sequence[str]) -> Judgement:
    if len(args) == 1 and args[0] in ("-V", "-v", "--version", "--help"):
        return Judgement(READ, "tells its version")
    if not args or args[0] == "-" or any(isinstance(word, Unresolved) for word in args[:2]):
        return Judgement(UNKNOWN, RUNS_INPUT)
    if args[0] == "-m":
        if len(args) > 1 and args[1] in ("pip", "pytest", "mypy", "ruff", "black", "tox", "nox"):
            return judge(args[1:])
        if len(args) > 1 and args[1] in ("venv", "compileall", "py_compile", "unittest", "build", "flask", "django"):
            return Judgement(CHANGE, "runs code of the work tree", tuple(args[2:3]) if args[1] == "venv" else ())
        return Judgement(UNKNOWN, "runs a module that boringops does not know")
    if (
        args[0].startswith(("-", "/", "~"))
        or any("://" in word or "npm:" in word for word in args[:3])
        or ":" in args[0]
        or ".." in args[0].split("/")
    ):
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
                "!-C|--directory|-f|--file|--makefile|-I|--include-dir|--justfile|--working-directory|--eval|-E|"
                "SHELL=*|.SHELLFLAGS=*|MAKEFLAGS=*",
                CHANGE,
                "runs code of the work tree",
                match=("make", "make -j4 build", "just build"),
                not_match=("make -C /tmp",),
            ),
        ),
    ),
    Program(
        "pytest mypy ruff black isort flake8 pylint prettier eslint tsc jest vitest mocha tox nox rspec "
        "cmake ninja bats phpunit rubocop brakeman phpstan phpcs pint pest stylelint markdownlint",
        (
            Rule("--version $", READ, "tells its version", match=("pytest --version",)),
            Rule("", CHANGE, "runs code of the work tree", match=("pytest -q", "eslint --fix src")),
        ),
    ),
    Program(
        "mvn gradle ./mvnw ./gradlew",
        (
            Rule("--version|-v $", READ, "tells its version", match=("mvn --version",)),
            Rule(
                "!*deploy*|*publish*|*release*|*upload*|*Publication*|-f|--file|-I|--init-script|-p|--project-dir|-s",
                CHANGE,
                "runs code of the work tree",
                match=("mvn -q package", "gradle test", "./gradlew build"),
                not_match=("mvn deploy", "gradle publish"),
            ),
            Rule(
                "!-f|--file|-I|--init-script|-p|--project-dir|-s",
                Verdict.DESTROY,
                "publishes",
                match=("mvn deploy", "gradle publishToMavenLocal"),
            ),
        ),
    ),
    Program(
        "dotnet",
        (
            Rule(
                "$ --version|--info|--list-sdks|--list-runtimes", READ, "tells its version", match=("dotnet --version",)
            ),
            Rule(
                "nuget push|delete|trust|sign|add|update|remove|enable|disable",
                Verdict.DESTROY,
                "publishes, or changes credentials",
                match=("dotnet nuget push x",),
            ),
            Rule(
                "build|test|run|clean|format|pack|publish|msbuild|watch|ef|new|sln",
                CHANGE,
                "runs code of the work tree",
                match=("dotnet build", "dotnet test --no-build"),
            ),
            Rule(
                "restore|add|remove|list|tool|workload|nuget|package",
                REACH,
                "fetches packages",
                match=("dotnet restore", "dotnet list package"),
            ),
        ),
        flags="--version --info --list-sdks --list-runtimes",
    ),
    Program(
        "mix rebar3 elixir",
        (
            Rule("--version $", READ, "tells its version", match=("mix --version",)),
            Rule(
                "hex.publish|hex.user|hex.owner|hex.organization|hex.retire|ecto.drop|ecto.reset|ecto.rollback|"
                "phx.gen.secret",
                Verdict.DESTROY,
                "publishes, deletes data or changes credentials",
                match=("mix hex.publish", "mix ecto.drop"),
            ),
            Rule(
                "deps.get|deps.update|deps.unlock|local.*|hex.*|archive.install|escript.install|ecto.*",
                REACH,
                "fetches packages or asks a database",
                match=("mix deps.get", "mix ecto.migrate"),
            ),
            Rule(
                "compile|test|format|credo|dialyzer|run|release|phx.*|docs|clean|deps|deps.tree|deps.compile|xref|"
                "assets.*|help|new",
                CHANGE,
                "runs code of the work tree",
                match=("mix test", "mix format"),
            ),
        ),
    ),
)
