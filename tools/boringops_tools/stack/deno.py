"""Deno applications: deno.json, `Deno.serve` and the tasks that start it."""

from __future__ import annotations

import re
import shlex

from boringops_tools.stack import javascript, versions
from boringops_tools.stack.facts import Application, Command, Commands, Deno, Source
from boringops_tools.stack.found import Found, application
from boringops_tools.stack.tree import Tree, join, table

MANIFESTS = ("deno.json", "deno.jsonc")
_ENTRIES = (
    "main.ts",
    "server.ts",
    "mod.ts",
    "index.ts",
    "app.ts",
    "src/main.ts",
    "src/server.ts",
    "src/index.ts",
    "main.tsx",
    "main.js",
)
_VERSION_FILES = {
    ".tool-versions": r"^deno\s+(\d+\.\d+)",
    ".dvmrc": r"^v?(\d+\.\d+)",
    ".deno-version": r"^v?(\d+\.\d+)",
}


def detect(tree: Tree, folder: str, nested: list[str]) -> Application:
    """The application whose deno.json is in `folder`, or whose sources there are Deno's without one."""
    config = next(iter(tree.named(folder, *MANIFESTS)), "")
    path = join(folder, config)
    manifest = tree.json(path)
    tasks = {name: value for name, value in table(manifest, "tasks").items() if isinstance(value, str)}
    facts = javascript.read(tree, list(tree.below(folder, *javascript.SUFFIXES, skip=nested)))
    found = Found(env=facts.env, routes=facts.routes, unplaced=facts.unplaced, ports=facts.ports, listens=facts.listens)
    imports = {
        value: Source(path=path, line=tree.line(path, value))
        for value in table(manifest, "imports").values()
        if isinstance(value, str)
    }
    fresh = next((place for value, place in imports.items() if re.search(r"/x/fresh@|jsr:@fresh/core", value)), None)
    packages = {re.sub(r"^(jsr|npm):|@[\^~\d][^/]*$", "", value): place for value, place in imports.items()}
    framework = next(
        (
            name
            for package, name in {
                "@oak/oak": "oak",
                "hono": "hono",
                "@hono/hono": "hono",
                "@fresh/core": "fresh",
                "fresh": "fresh",
            }.items()
            if package in packages
        ),
        "",
    )
    if fresh is not None:
        framework = "fresh"
    argv, source = _start(tree, folder, path, tasks)
    entry = next((word for word in argv if re.search(r"\.[cm]?[jt]sx?$", word)), "")
    text = tree.text(join(folder, entry)) if entry else ""
    serves = found.listens is not None or "Deno.serve" in text or ("export default" in text and "serve" in argv)
    serves = serves or (framework == "fresh" and bool(entry))  # its `start` and `listen` open the port
    if serves and found.listens is None:
        found.listens = Source(path=join(folder, entry))
    reason = ""
    if manifest.get("exports") and not serves:
        reason = "a library: it is published as a package"
    elif not serves:
        reason = "a command or a library: nothing in it listens on a port"
    elif not entry:
        reason = "no task and no usual file starts it"
    lock = tree.named(folder, "deno.lock")
    permissions = [word for word in argv if re.match(r"-A$|--allow-", word)] or [
        "--allow-net",
        "--allow-env",
        "--allow-read",
    ]
    return application(
        tree,
        folder,
        "deno",
        found,
        packages,
        8000,
        reason,
        name=str(manifest.get("name") or "").rpartition("/")[2],
        version=versions.choose("deno", versions.in_files(tree, folder, _VERSION_FILES, "deno")),
        manager="deno",
        lockfile=lock[0] if lock else None,
        framework=framework or ("deno" if serves else ""),
        entry=source,
        command=[
            "deno",
            "serve" if "serve" in argv[:3] else "run",
            *(["--cached-only"] if lock else []),
            *permissions,
            entry,
        ],
        commands=_commands(tree, folder, path, tasks),
        deno=Deno(config=config, entry=entry, permissions=permissions),
    )


def by_sources(tree: Tree) -> bool:
    """Whether the files right in the root, or a usual entry, speak to Deno, where no manifest says what they are for."""
    return any(
        re.search(r"\bDeno\.\w|from\s+[\"'](?:https://deno\.land/|jsr:|npm:)", tree.text(path))
        for path in [*tree.top, *tree.named("", *_ENTRIES)]
        if path.endswith(javascript.SUFFIXES)
    )


def _start(tree: Tree, folder: str, path: str, tasks: dict[str, str]) -> tuple[list[str], Source | None]:
    named = [name for name in ("start", "serve", "preview", "main") if name in tasks]
    for name in sorted(named, key=lambda name: "--watch" in tasks[name]):  # what watches is for developers
        if not re.search(r"[|&;<>$`()]", tasks[name]):
            argv = [word for word in shlex.split(tasks[name]) if not word.startswith(("--watch", "--env"))]
            if argv[:1] == ["deno"]:
                return argv, Source(path=path, line=tree.line(path, f'"{name}"'))
    entry = next((name for name in _ENTRIES if join(folder, name) in tree), "")
    return (["deno", "run", entry], Source(path=join(folder, entry))) if entry else ([], None)


def _commands(tree: Tree, folder: str, path: str, tasks: dict[str, str]) -> Commands:
    def task(name: str) -> list[Command]:
        return (
            [Command(run=f"deno task {name}", source=Source(path=path, line=tree.line(path, f'"{name}"')))]
            if name in tasks
            else []
        )

    tests = next((file for file in tree.all_below(folder) if re.search(r"(_test|\.test)\.[jt]sx?$", file)), "")
    known = Source(path=tests) if tests else None
    return Commands(
        lint=task("lint") or task("check"),
        test=task("test") or ([Command(run="deno test --allow-all", source=known)] if known else []),
        build=task("build"),
    )
