"""Steps of a CI job that bring a language, its package manager and the dependencies, for each package manager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from boringops_tools.blueprints import node_image, pins
from boringops_tools.blueprints.context import Context
from boringops_tools.stack.facts import Application, Elixir, Node, Python
from boringops_tools.stack.tree import join

Step = dict[str, Any]
"""Uses an action (`action`, `with`) or runs lines (`run`); with `root` in the folder that the lockfile is in."""


def _setup_node(app: Application, context: Context) -> list[Step]:
    node = app.node or Node()
    lock = join(app.context, app.lockfile) if app.lockfile else ""
    version = app.version.value if node.runtime == "node" else pins.images("node")[0].version
    steps: list[Step] = [
        {
            "name": "Set up Node.js",
            "action": "actions/setup-node",
            "with": {"node-version": version}
            | (
                {"cache": "npm", "cache-dependency-path": lock}
                if app.manager == "npm" and app.lockfile
                else {"package-manager-cache": False}
            ),
        }
    ]
    berry = node_image.is_berry(app)
    if app.manager == "pnpm":
        prepare = "" if node.manager_stated else f"corepack prepare pnpm@{node.manager_version} --activate"
        steps.append({"name": "Enable pnpm", "run": ["corepack enable", *([prepare] if prepare else [])]})
    elif berry or (app.manager == "yarn" and node.manager_stated):
        steps.append({"name": "Enable Yarn", "run": ["corepack enable"]})
    elif app.manager == "bun":
        wanted = app.version.value if node.runtime == "bun" else pins.images("bun")[0].version
        steps.append({"name": "Set up Bun", "action": "oven-sh/setup-bun", "with": {"bun-version": wanted}})
    install: Step = {
        "name": "Install what the lockfile says"
        if app.lockfile
        else "Install without a lockfile, so versions may differ from day to day",
        "run": [node_image.frozen(app)],
    }
    steps.append(install)
    before = node_image.before_build(app, context)
    if before:
        steps.append({"name": "Build the packages it stands on", "run": before})
    if app.workspace is not None:
        for step in steps:
            if "run" in step:
                step["root"] = True
    if node.prisma and not node.prisma_in_build:
        steps.append(
            {
                "name": "Generate the database client",
                "run": [
                    f"{'./node_modules/.bin/' if app.workspace is None else 'npx --no-install '}prisma generate --schema {node.prisma}"
                ],
            }
        )
    return steps


def _setup_pip(app: Application, _: Context) -> list[Step]:
    python = app.python or Python()
    files = [*python.requirements, *python.dev_requirements]
    steps: list[Step] = [
        {
            "name": "Set up Python",
            "action": "actions/setup-python",
            "with": {"python-version": app.version.value}
            | ({"cache": "pip", "cache-dependency-path": app.path(files[0])} if files else {}),
        }
    ]
    install = (
        [f"python -m pip install {' '.join(f'-r {name}' for name in files)}"]
        if files
        else ["python -m pip install ."]
        if python.packaged
        else []
    )
    if install:
        steps.append({"name": "Install", "run": install})
    missing = [
        name
        for name in ("pytest", "ruff")
        if any(name in command.run for command in [*app.commands.test, *app.commands.lint])
        and not python.declares(name)
    ]
    if missing:
        steps.append(
            {
                "name": "Install tools that no requirements file names",
                "run": [f"python -m pip install {' '.join(pins.package(name) for name in missing)}"],
            }
        )
    return steps


def _setup_uv(app: Application, _: Context) -> list[Step]:
    return [
        {"name": "Set up Python", "action": "actions/setup-python", "with": {"python-version": app.version.value}},
        {
            "name": "Set up uv",
            "action": "astral-sh/setup-uv",
            "with": {"version": pins.tag("uv"), "enable-cache": False},
        },
        {
            "name": "Install what the lockfile says" if app.lockfile else "Install without a lockfile",
            "run": ["uv sync --locked" if app.lockfile else "uv sync"],  # of a workspace's member, from its own folder
        },
    ]


def _setup_go(app: Application, _: Context) -> list[Step]:
    sums = {"cache-dependency-path": app.path("go.sum")} if app.go and app.go.sums else {"cache": False}
    return [{"name": "Set up Go", "action": "actions/setup-go", "with": {"go-version": app.version.value} | sums}]


def _setup_locked(app: Application, _: Context) -> list[Step]:
    """Poetry, PDM and Pipenv: the tool itself pinned, the packages by its lockfile."""
    python = app.python or Python()
    install = {
        "poetry": "poetry install" if python.packaged else "poetry install --no-root",
        "pdm": "pdm sync" if app.lockfile else "pdm install",
        "pipenv": "pipenv sync --dev" if app.lockfile == "Pipfile.lock" else "pipenv install --dev --skip-lock",
    }[app.manager]
    return [
        {"name": "Set up Python", "action": "actions/setup-python", "with": {"python-version": app.version.value}},
        {"name": f"Install {app.manager}", "run": [f"python -m pip install {pins.package(app.manager)}"]},
        {"name": "Install what the lockfile says" if app.lockfile else "Install without a lockfile", "run": [install]},
    ]


def _setup_java(app: Application, _: Context) -> list[Step]:
    settings = {"distribution": "temurin", "java-version": app.version.value, "cache": app.manager}
    return [{"name": "Set up Java", "action": "actions/setup-java", "with": settings}]


def _setup_cargo(app: Application, _: Context) -> list[Step]:
    formats = " --component rustfmt" if any("fmt" in command.run for command in app.commands.lint) else ""
    clippy = " --component clippy" if any("clippy" in command.run for command in app.commands.lint) else ""
    lines = [
        f"rustup toolchain install {app.version.value} --profile minimal{formats}{clippy}",
        f"rustup default {app.version.value}",
    ]
    return [{"name": "Set up Rust", "run": lines}]


def _setup_bundler(app: Application, _: Context) -> list[Step]:
    settings = {"ruby-version": app.version.value, "bundler-cache": bool(app.lockfile)}
    if app.folder:
        settings["working-directory"] = app.folder
    return [{"name": "Set up Ruby, and the gems of the lockfile", "action": "ruby/setup-ruby", "with": settings}]


def _setup_composer(app: Application, _: Context) -> list[Step]:
    extensions = ", ".join(app.php.extensions) if app.php else ""
    settings = {"php-version": app.version.value, "coverage": "none"} | (
        {"extensions": extensions} if extensions else {}
    )
    steps: list[Step] = [{"name": "Set up PHP", "action": "shivammathur/setup-php", "with": settings}]
    steps.append(
        {
            "name": "Install what the lockfile says",
            "run": ["composer install --prefer-dist --no-interaction --no-progress"],
        }
    )
    if app.framework == "laravel" and app.commands.test:
        steps.append(
            {
                "name": "Make a key for the tests",
                "run": ["cp --no-clobber .env.example .env", "php artisan key:generate"],
            }
        )
    return steps


def _setup_nuget(app: Application, _: Context) -> list[Step]:
    return [
        {"name": "Set up .NET", "action": "actions/setup-dotnet", "with": {"dotnet-version": f"{app.version.value}.x"}},
        {"name": "Restore", "run": ["dotnet restore"]},
    ]


def _setup_mix(app: Application, _: Context) -> list[Step]:
    elixir = app.elixir or Elixir()
    settings = {"elixir-version": app.version.value, "otp-version": elixir.otp or pins.otp(app.version.value)}
    return [
        {"name": "Set up Erlang and Elixir", "action": "erlef/setup-beam", "with": settings},
        {
            "name": "Install what the lockfile says",
            "run": ["mix deps.get --check-locked" if app.lockfile else "mix deps.get"],
        },
    ]


def _setup_deno(app: Application, _: Context) -> list[Step]:
    return [
        {"name": "Set up Deno", "action": "denoland/setup-deno", "with": {"deno-version": f"v{app.version.value}.x"}}
    ]


def _setup_nothing(_app: Application, _: Context) -> list[Step]:
    """CMake and a compiler are on the runner; a plain site and plain PHP need nothing installed."""
    return []


SETUPS: dict[str, Callable[[Application, Context], list[Step]]] = {
    "npm": _setup_node,
    "pnpm": _setup_node,
    "yarn": _setup_node,
    "bun": _setup_node,
    "pip": _setup_pip,
    "uv": _setup_uv,
    "poetry": _setup_locked,
    "pdm": _setup_locked,
    "pipenv": _setup_locked,
    "go": _setup_go,
    "maven": _setup_java,
    "gradle": _setup_java,
    "cargo": _setup_cargo,
    "bundler": _setup_bundler,
    "composer": _setup_composer,
    "nuget": _setup_nuget,
    "mix": _setup_mix,
    "deno": _setup_deno,
    "cmake": _setup_nothing,
    "": _setup_nothing,
}
"""By package manager."""
