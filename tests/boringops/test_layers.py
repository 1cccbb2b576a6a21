"""The runtime's floors: what may import what. A newcomer reads it from the ground up, so it has to stay that way."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNTIME, TOOLS = ROOT / "agent/boringops", ROOT / "tools/boringops_tools"

LAYERS = (
    ("__init__",),
    ("errors", "facts", "fence", "globs", "files"),
    ("gitguard", "handoff", "mcp_servers"),
    ("front_matter",),
    ("events", "config", "protocol"),
    ("caller",),
    ("journal", "persona", "inventory_rules", "config_file"),
    ("memory_bank", "inventory_rules", "repository", "secrets", "suppressions"),
    ("shortcuts", "asked"),
    ("inventory", "commands", "pull_request", "trust"),
    ("shell", "tool"),
    ("hooks", "toolbox"),
    ("permissions", "sandbox", "never"),
    ("policy", "suggestions"),
    ("models.__init__", "models.base"),
    ("models.prices", "models.scripted"),
    ("models.wire",),
    ("models.failures",),
    ("models.anthropic",),
    ("repeats", "spending", "calls"),
    ("state", "plan"),
    ("record", "naming", "watching", "snapshot", "keeping"),
    ("outputs",),
    ("checklist", "result", "changes", "limits", "compaction"),
    ("checklist_rules", "report"),
    ("executor", "streaming", "telemetry"),
    ("callbacks",),
    ("context", "gates", "loop", "undo", "pruning", "closing"),
    ("run",),
    ("tooling", "modelling"),
    ("specialist",),
    ("cli", "chat", "ci", "serve", "__main__"),
)
"""From the ground up: a module imports from lines above its own. A package named here is one floor."""

COMPOSING = ("tooling", "modelling", "specialist", "cli", "chat", "ci", "serve")
"""Where the runtime and the tools are put together; nothing below knows that there are tools."""

FOR_TOOLS = {
    "errors",
    "facts",
    "files",
    "globs",
    "handoff",
    "inventory",
    "mcp_servers",
    "memory_bank",
    "models.base",
    "persona",
    "plan",
    "repository",
    "secrets.__init__",
    "shell.__init__",
    "suppressions",
    "tool",
}
"""What tools may know of the runtime: its values and contracts, never the run that calls them."""


def floor(module: str) -> int:
    """The line of a module; -1 where it has none yet."""
    return next((at for at, names in enumerate(LAYERS) if module in names or module.partition(".")[0] in names), -1)


def modules(package: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).with_suffix("").as_posix().replace("/", ".")
        yield name, path


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """(package, module) for each import of ours, wherever in the file it stands: late ones count as well."""
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            if package in {"boringops", "boringops_tools"}:
                yield package, _module({"boringops": RUNTIME, "boringops_tools": TOOLS}[package], rest)


def _module(package: Path, dotted: str) -> str:
    """The longest part of a dotted name that is a file: the rest names something in it."""
    parts = dotted.split(".") if dotted else []
    while parts:
        at = package.joinpath(*parts)
        if at.with_suffix(".py").is_file():
            return ".".join(parts)
        if (at / "__init__.py").is_file():
            return ".".join([*parts, "__init__"])
        parts.pop()
    return "__init__"


RUNTIME_MODULES = dict(modules(RUNTIME))


def test_every_module_has_a_floor() -> None:
    assert [name for name in RUNTIME_MODULES if floor(name) < 0] == []


@pytest.mark.parametrize("module", RUNTIME_MODULES)
def test_a_module_imports_only_from_floors_below_it(module: str) -> None:
    mine = floor(module)
    for package, other in imports(RUNTIME_MODULES[module]):
        if package == "boringops":
            same_package = (
                module.partition(".")[0] == other.partition(".")[0] and module.partition(".")[0] in LAYERS[mine]
            )
            front = mine == len(LAYERS) - 1
            assert floor(other) < mine or ((same_package or front) and floor(other) == mine), f"{module} -> {other}"


@pytest.mark.parametrize("module", RUNTIME_MODULES)
def test_the_runtime_knows_no_tools(module: str) -> None:
    if module.partition(".")[0] not in COMPOSING:
        assert [other for package, other in imports(RUNTIME_MODULES[module]) if package == "boringops_tools"] == []


def test_tools_know_the_contracts_and_not_the_run() -> None:
    known = {other for _, path in modules(TOOLS) for package, other in imports(path) if package == "boringops"}
    assert known <= FOR_TOOLS, known - FOR_TOOLS
