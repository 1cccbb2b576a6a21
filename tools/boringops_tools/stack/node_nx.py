"""Applications of an Nx workspace: project.json says what builds one, the root's package.json what it depends on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.stack.facts import Command, Commands, Source, Static, Workspace
from boringops_tools.stack.tree import Tree, folder_of, join, table, words

PROJECT = "project.json"
_ANGULAR = ("@nx/angular:", "@nrwl/angular:", "@angular-devkit/build-angular:", "@angular/build:")
_BUNDLERS = re.compile(r"@(?:nx|nrwl)/(?:vite:build|webpack:webpack|rspack:rspack|esbuild:esbuild|rollup:rollup)$")
_CONFIGURED = {
    "vite.config": "vite",
    "rsbuild.config": "rsbuild",
    "rspack.config": "rspack",
    "webpack.config": "webpack",
}
"""Configuration files that Nx makes targets of without any being written down."""


@dataclass(frozen=True)
class Built:
    """What the target `build` of a project leaves, relative to the workspace's root."""

    framework: str = ""
    source: Source | None = None
    static: Static | None = None
    command: tuple[str, ...] = ()
    port: int = 3000
    reason: str = ""


def applications(tree: Tree) -> dict[str, str]:
    """Folder of each application to the root of its workspace; end-to-end tests are none."""
    if "nx" not in tree.memo:
        roots = sorted((folder_of(path) for path in tree.own("nx.json")), key=len, reverse=True)
        found = {}
        for path in tree.own(PROJECT) if roots else []:
            folder = folder_of(path)
            root = next(
                (root for root in roots if folder != root and folder.startswith(f"{root}/" if root else "")), None
            )
            project = tree.json(path)
            if root is not None and project.get("projectType") == "application" and not folder.endswith("e2e"):
                found[folder] = root
        tree.memo["nx"] = found
    known: dict[str, str] = tree.memo["nx"]
    return known


def name(tree: Tree, folder: str) -> str:
    return str(tree.json(join(folder, PROJECT)).get("name") or PurePosixPath(folder).name)


def workspace(tree: Tree, folder: str) -> Workspace:
    """The whole workspace without its other applications: what a project imports stands in no manifest."""
    root = applications(tree)[folder]
    prefix = f"{root}/" if root else ""
    shared = {
        folder_of(path).removeprefix(prefix).partition("/")[0]
        for path in tree.own(PROJECT)
        if folder_of(path) not in applications(tree)
        and folder_of(path).startswith(prefix)
        and not folder_of(path).endswith("e2e")
    }
    own = folder.removeprefix(prefix)
    shared -= {own.partition("/")[0], ""}
    packages = [path.removeprefix(prefix) for path in tree.own("package.json") if path.startswith(prefix)]
    members = (
        sorted(path for path in packages if path != "package.json")
        if table(tree.json(join(root, "package.json"))).get("workspaces")
        else []
    )
    return Workspace(root=root, package=name(tree, folder), manifests=members, folders=[*sorted(shared), own], nx=True)


def built(tree: Tree, folder: str, declared: dict[str, str]) -> Built:
    """What the project's build comes to."""
    path = join(folder, PROJECT)
    target = table(tree.json(path), "targets", "build")
    options, executor = table(target, "options"), str(target.get("executor") or "")
    place = Source(path=path, line=tree.line(path, '"build"'))
    view = next((each for each in ("react", "vue", "svelte", "preact") if each in declared), "")
    if executor.startswith(_ANGULAR):
        return _angular(options, executor, place, _output(tree, folder, options, target))
    kind = next((kind for config, kind in _CONFIGURED.items() if _configuration(tree, folder, config)), "")
    if _BUNDLERS.search(executor) or (not executor and kind):
        kind = kind or executor.partition("/")[2].partition(":")[0]
        output = _output(tree, folder, options, target)
        if not output:
            return Built(
                kind, place, reason="where its build goes is said by code: give the target `outputs` in project.json"
            )
        serves = "node" in {options.get("target"), options.get("platform")} or executor.endswith("esbuild:esbuild")
        if serves:
            main = str(options.get("outputFileName") or "main.js")
            return Built("", place, command=("node", f"{output}/{main}"))
        return Built(f"{kind}-{view}".strip("-"), place, static=Static(output=output, fallback="index.html"))
    said = (
        f"by {executor}, which no blueprint knows"
        if executor
        else "by nothing that project.json or a bundler's file names"
    )
    return Built("", place, reason=f"it is built {said}")


def _angular(options: dict[str, Any], executor: str, place: Source, base: str) -> Built:
    if options.get("outputMode") == "server" or options.get("ssr"):
        return Built("angular", place, command=("node", f"{base}/server/server.mjs"), port=4000)
    modern = executor.endswith((":application", ":browser-esbuild"))
    browser = table(options.get("outputPath")).get("browser", "browser") if modern else ""
    return Built("angular", place, static=Static(output=f"{base}/{browser}".strip("/"), fallback="index.html"))


def _output(tree: Tree, folder: str, options: dict[str, Any], target: dict[str, Any]) -> str:
    """The folder that a build goes to, relative to the workspace's root."""
    given = options.get("outputPath")
    said = given if isinstance(given, str) else table(given).get("base")
    if not isinstance(said, str):
        said = next((text for text in words(target.get("outputs")) if "{options." not in text), "")
        said = said or next(_written(tree, folder), "")
    inside = folder.removeprefix(f"{applications(tree)[folder]}/" if applications(tree)[folder] else "")
    return said.replace("{workspaceRoot}", ".").replace("{projectRoot}", inside).removeprefix("./").strip("/")


def _written(tree: Tree, folder: str) -> Iterator[str]:
    """`outDir: '../../dist/apps/shop'` of Vite, as Nx' own generator writes it."""
    for match in re.finditer(
        r"outDir:\s*['\"](?:\.\./)+([\w./-]+)['\"]", tree.text(_configuration(tree, folder, "vite.config"))
    ):
        yield match[1]


def _configuration(tree: Tree, folder: str, stem: str) -> str:
    return next(
        (join(folder, name) for name in tree.named(folder, *(f"{stem}.{end}" for end in ("ts", "js", "mts", "mjs")))),
        "",
    )


def commands(tree: Tree, folder: str) -> Commands:
    """Nx knows by itself what has to be built before."""
    named, place = name(tree, folder), Source(path=join(folder, PROJECT))
    targets = table(tree.json(place.path), "targets")
    tested = "test" in targets or any(
        tree.named(folder, *(f"{stem}.{end}" for end in ("ts", "js", "cts", "mts")))
        for stem in ("jest.config", "vitest.config")
    )
    run = "npx --no-install nx"
    return Commands(
        test=[Command(run=f"{run} test {named}", source=place)] if tested else [],
        build=[Command(run=f"{run} build {named}", source=place)],
    )
