"""Commands of a Node or Bun image: install, build, and leaving behind what running does not need."""

from __future__ import annotations

from typing import Any

from boringops_tools.blueprints import pins, probes
from boringops_tools.blueprints.context import Context
from boringops_tools.stack import environment
from boringops_tools.stack.facts import Application, Node, Workspace
from boringops_tools.stack.tree import join, table

INSTALL = {
    # manager: (frozen install, the same without development dependencies, dropping them later, cache)
    "npm": ("npm ci", "npm ci --omit=dev", "npm prune --omit=dev --ignore-scripts", "/root/.npm"),
    "pnpm": (
        "pnpm install --frozen-lockfile",
        "pnpm install --frozen-lockfile --prod",
        "CI=true pnpm prune --prod --ignore-scripts",
        "/root/.local/share/pnpm/store",
    ),
    "yarn": (
        "yarn install --frozen-lockfile",
        "yarn install --frozen-lockfile --production",
        "yarn install --frozen-lockfile --production --ignore-scripts --prefer-offline",
        "/usr/local/share/.cache/yarn",
    ),
    "bun": (
        "bun install --frozen-lockfile",
        "bun install --frozen-lockfile --production",
        "rm -rf node_modules && bun install --frozen-lockfile --production --ignore-scripts",
        "/root/.bun/install/cache",
    ),
}
_UNLOCKED = {
    "npm": ("npm install --no-audit --no-fund", "npm install --omit=dev --no-audit --no-fund"),
    "pnpm": ("pnpm install --no-frozen-lockfile", "pnpm install --no-frozen-lockfile --prod"),
    "yarn": ("yarn install", "yarn install --production"),
    "bun": ("bun install", "bun install --production"),
}
_FOLDERS = {"patches", ".yarn/releases", ".yarn/patches"}


def is_berry(app: Application) -> bool:
    """Whether it is Yarn 2 or later, which has other flags."""
    node = app.node or Node()
    return app.manager == "yarn" and (
        node.manager_version.split(".")[0] not in {"", "1"} or ".yarnrc.yml" in node.manifests
    )


def frozen(app: Application) -> str:
    """The install that fails where the lockfile and the manifests disagree."""
    if is_berry(app):
        return "yarn install --immutable"
    full = INSTALL[app.manager][0] if app.lockfile else _UNLOCKED[app.manager][0]
    if app.workspace and app.manager == "pnpm" and not app.workspace.nx:
        return f'{full} --filter "{app.workspace.package}..."'
    return full


def before_build(app: Application, context: Context) -> list[str]:
    """Commands at the workspace's root that build what the application stands on."""
    workspace = app.workspace
    if workspace is None or workspace.nx or len(workspace.folders) < 2:
        return []
    if workspace.turbo:
        return [f'./node_modules/.bin/turbo run build --filter="{workspace.package}^..."']
    if app.manager == "pnpm":
        return [f'pnpm --filter "{workspace.package}^..." run build']
    if is_berry(app):
        return [
            f"yarn workspaces foreach --recursive --topological-dev --from {workspace.package} --exclude {workspace.package} run build"
        ]
    return [
        _run_in(app.manager, folder, name)
        for folder, name in zip(workspace.folders[:-1], workspace.packages[:-1], strict=False)
        if "build"
        in table(
            context.tree.json(join(join(workspace.root, folder) if workspace.root else folder, "package.json")),
            "scripts",
        )
    ]


def _run_in(manager: str, folder: str, package: str, script: str = "build") -> str:
    if manager == "npm":
        return f"npm run {script} --workspace={folder}"
    return f"bun run --filter {package} {script}" if manager == "bun" else f"yarn workspace {package} run {script}"


def _build(app: Application, workspace: Workspace | None) -> list[str]:
    node = app.node or Node()
    if workspace is not None and workspace.nx:
        return [f"./node_modules/.bin/nx build {workspace.package}"]
    if not node.build:
        return []
    if workspace is None:
        return [f"{app.manager} run {node.build}"]
    if app.manager == "pnpm":
        return [f'pnpm --filter "{workspace.package}" run {node.build}']
    return [_run_in(app.manager, workspace.folders[-1], workspace.package, node.build)]


def values(app: Application, context: Context) -> dict[str, Any]:
    node, workspace = app.node or Node(), app.workspace
    _, production, prune, cache = INSTALL[app.manager]
    full, berry = frozen(app), is_berry(app)
    if app.lockfile is None:
        production = _UNLOCKED[app.manager][1]
    if berry:
        production = full  # it cannot leave development dependencies out by itself
    inner = workspace.folders[-1] if workspace else ""
    home = "" if workspace and workspace.nx else inner  # Nx builds into a folder of the workspace
    prunes = not (berry or node.keep_dev or node.next_output == "standalone" or app.static)
    if workspace and app.manager == "pnpm" and not workspace.nx:
        prune = f'CI=true pnpm install --frozen-lockfile --prod --ignore-scripts --filter "{workspace.package}..."'
    builds = [*before_build(app, context), *_build(app, workspace)]
    if node.unchecked and builds:
        builds[-1] = f"{node.unchecked}=1 {builds[-1]}"
    if node.prisma and not node.prisma_in_build:
        place = f"{inner}/{node.prisma}" if inner else node.prisma
        builds.insert(
            0,
            f"{f'./{inner}' if inner and app.manager == 'pnpm' else '.'}/node_modules/.bin/prisma generate --schema {place}",
        )
    runs_bun = node.runtime == "bun" and app.command[:1] == ["bun"]
    build_image = (
        pins.image("bun", app.version.value if node.runtime == "bun" else "1.3") if app.manager == "bun" else ""
    )
    node_image = pins.image("node", app.version.value if node.runtime == "node" else "24")
    return {
        "image": build_image if runs_bun else node_image,
        "bun": build_image,
        "full": full,
        "production": production,
        "prunes": prunes,
        "build_steps": [*builds, *([prune] if prunes else [])],
        "cache": cache,
        "berry": berry,
        "staged": bool(builds or workspace or app.static) or node.install_needs_source or node.keep_dev,
        "manifests": [name for name in node.manifests if name not in _FOLDERS],
        "folders": [name for name in node.manifests if name in _FOLDERS],
        "members": workspace.manifests if workspace else [],
        "corepack": app.manager in {"pnpm", "yarn"} and (app.manager == "pnpm" or berry or node.manager_stated),
        "public_env": [variable.name for variable in app.env if environment.is_public(variable.name)],
        "husky": node.git_hooks,
        "here": f"/app/{home}" if home else "/app",
        "inner": f"{inner}/" if inner else "",
        "command": [*app.command[:-1], f"{inner}/server.js"]
        if inner and node.next_output == "standalone"
        else app.command,
        "nginx": pins.image("static", "1.29"),
        "probe": probes.bun(app) if runs_bun else [],
        "binds": app.framework in {"nuxt", "sveltekit", "astro"},
    }
