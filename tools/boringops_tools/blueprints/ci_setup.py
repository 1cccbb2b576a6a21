"""Steps of a CI job that bring a language, its package manager and the dependencies, for each package manager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from boringops_tools.blueprints import dockerfile, pins
from boringops_tools.stack.facts import Application, Node, Python


def _setup_node(app: Application) -> list[dict[str, Any]]:
    node = app.node or Node()
    full = (
        dockerfile.INSTALL[app.manager][0]
        if app.lockfile
        else {"npm": "npm install --no-audit --no-fund"}.get(app.manager, f"{app.manager} install")
    )
    berry = app.manager == "yarn" and (
        node.manager_version.split(".")[0] not in {"", "1"} or ".yarnrc.yml" in node.manifests
    )
    install = "yarn install --immutable" if berry else full
    steps: list[dict[str, Any]] = [
        {
            "name": "Set up Node.js",
            "action": "actions/setup-node",
            "with": {"node-version": app.version.value}
            | (
                {"cache": "npm", "cache-dependency-path": app.path(app.lockfile)}
                if app.manager == "npm" and app.lockfile
                else {"package-manager-cache": False}
            ),
        }
    ]
    if app.manager == "pnpm":
        prepare = "" if node.manager_stated else f"corepack prepare pnpm@{node.manager_version} --activate"
        steps.append({"name": "Enable pnpm", "run": ["corepack enable", *([prepare] if prepare else [])]})
    elif berry or (app.manager == "yarn" and node.manager_stated):
        steps.append({"name": "Enable Yarn", "run": ["corepack enable"]})
    steps.append(
        {
            "name": "Install what the lockfile says"
            if app.lockfile
            else "Install without a lockfile, so versions may differ from day to day",
            "run": [install],
        }
    )
    if node.prisma and not node.prisma_in_build:
        steps.append(
            {
                "name": "Generate the database client",
                "run": [f"./node_modules/.bin/prisma generate --schema {node.prisma}"],
            }
        )
    return steps


def _setup_pip(app: Application) -> list[dict[str, Any]]:
    python = app.python or Python()
    files = [*python.requirements, *python.dev_requirements]
    steps: list[dict[str, Any]] = [
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


def _setup_uv(app: Application) -> list[dict[str, Any]]:
    return [
        {"name": "Set up Python", "action": "actions/setup-python", "with": {"python-version": app.version.value}},
        {
            "name": "Set up uv",
            "action": "astral-sh/setup-uv",
            "with": {"version": pins.base("uv").rpartition(":")[2], "enable-cache": False},
        },
        {
            "name": "Install what the lockfile says" if app.lockfile else "Install without a lockfile",
            "run": ["uv sync --locked" if app.lockfile else "uv sync"],
        },
    ]


def _setup_go(app: Application) -> list[dict[str, Any]]:
    sums = {"cache-dependency-path": app.path("go.sum")} if app.go and app.go.sums else {"cache": False}
    return [{"name": "Set up Go", "action": "actions/setup-go", "with": {"go-version": app.version.value} | sums}]


SETUPS: dict[str, Callable[[Application], list[dict[str, Any]]]] = {
    "npm": _setup_node,
    "pnpm": _setup_node,
    "yarn": _setup_node,
    "pip": _setup_pip,
    "uv": _setup_uv,
    "go": _setup_go,
}
"""A step either uses an action (`action`, `with`) or runs lines (`run`). What has no entry here gets no CI yet."""
