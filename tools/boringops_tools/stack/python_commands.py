"""How a Python application is linted and tested."""

from __future__ import annotations

import re
from typing import Any

from boringops_tools.stack import make, python_extras
from boringops_tools.stack.facts import Command, Commands, Python, Source
from boringops_tools.stack.python_requirements import development
from boringops_tools.stack.tree import Tree, join, table


def commands(
    tree: Tree,
    folder: str,
    manager: str,
    project: dict[str, Any],
    python: Python,
) -> Commands:
    prefix = f"{manager} run " if manager in {"uv", "poetry", "pdm", "pipenv"} else ""
    if manager == "uv":  # which would make an environment without them
        prefix = f"uv run{python_extras.options(manager, python.extras, python.groups)} "
    own = make.commands(tree, folder)
    pyproject = Source(path=join(folder, "pyproject.toml"))
    wanted = development(tree, folder, python.requirements)
    lint = []
    configured = "ruff" in table(project, "tool") or tree.named(folder, "ruff.toml", ".ruff.toml")
    if configured or "ruff" in wanted:
        source = (
            Source(path=join(folder, str(configured[0]))) if isinstance(configured, list) and configured else pyproject
        )
        lint = [Command(run=f"{prefix}ruff check .", source=source)]
    inside = [path for path in tree.all_below(folder) if path.endswith(".py")]
    tests = [path for path in inside if re.search(r"(^|/)(test_[^/]*|[^/]*_test|tests)\.py$", path)]
    test: list[Command] = []
    if tests:
        texts = "\n".join(tree.text(path) for path in tests[:50])
        if "pytest" in wanted or re.search(r"^\s*(import pytest|from pytest)|^def test_", texts, re.MULTILINE):
            arguments = (
                ""
                if any(re.search(r"(^|/)(test_[^/]*|[^/]*_test)\.py$", path) for path in tests)
                else f" {tests[0].removeprefix(f'{folder}/')}"
            )
            test = [
                Command(
                    run=f"{prefix}pytest{arguments}" if prefix else f"python -m pytest{arguments}",
                    source=Source(path=tests[0]),
                )
            ]
        elif join(folder, "manage.py") in tree:
            test = [Command(run=f"{prefix}python manage.py test", source=Source(path=tests[0]))]
        else:
            names = [path for path in tests if path.endswith("tests.py")]
            what = (
                f" {names[0].removeprefix(f'{folder}/').removesuffix('.py').replace('/', '.')}"
                if names and len(names) == len(tests)
                else " discover"
            )
            test = [Command(run=f"{prefix}python -m unittest{what}", source=Source(path=tests[0]))]
    return Commands(lint=own.lint if own.lint and not lint and manager != "uv" else lint, test=test)
