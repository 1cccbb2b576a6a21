"""Dependency updates: bots that propose what is newer than the pins, after a wait."""

from __future__ import annotations

from collections.abc import Iterator

from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render

DEPENDABOT = ".github/dependabot.yml"
RENOVATE = "renovate.json"
_BOTS = (
    DEPENDABOT, ".github/dependabot.yaml", RENOVATE, "renovate.json5", ".github/renovate.json", ".github/renovate.json5",
    ".gitlab/renovate.json", ".gitlab/renovate.json5", ".renovaterc", ".renovaterc.json",
)  # fmt: skip


def dependabot(context: Context) -> Iterator[DraftFile]:
    if not context.on_github or not context.apps or _there(context):
        return
    entries = {(_ECOSYSTEMS[app.manager], f"/{app.context}") for app in context.apps if app.manager in _ECOSYSTEMS}
    entries |= {("docker", f"/{app.folder}") for app in context.images} | {("github-actions", "/")}
    if context.stack.kinds:
        entries.add(("docker-compose", "/"))
    yield DraftFile(
        path=DEPENDABOT,
        content=render("dependabot.yml.j2", entries=sorted(entries)),
        why="Keeps actions, base images and packages up to date; a new release waits a week before it is proposed.",
    )


def renovate(context: Context) -> Iterator[DraftFile]:
    """For the systems that Dependabot does not read: Renovate knows their files, and every package manager here."""
    if not context.pipelines or context.on_github or not context.apps or _there(context):
        return
    yield DraftFile(
        path=RENOVATE,
        content=render("renovate.json.j2", jenkins=any(system.name == "Jenkins" for system in context.pipelines)),
        why="Keeps images and packages up to date; a new release waits a week before it is proposed.",
    )


def _there(context: Context) -> bool:
    return any(name in context.tree for name in _BOTS)


_ECOSYSTEMS = {
    "npm": "npm", "pnpm": "npm", "yarn": "npm", "bun": "bun", "uv": "uv", "pip": "pip", "poetry": "pip", "pipenv": "pip",
    "pdm": "pip", "go": "gomod", "maven": "maven", "gradle": "gradle", "cargo": "cargo", "bundler": "bundler",
    "composer": "composer", "nuget": "nuget", "mix": "mix", "deno": "deno",
}  # fmt: skip
"""Dependabot's name for what each package manager keeps."""
