"""What only a Next.js application has: its configuration file, and routes that are files."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from boringops_tools.stack import health
from boringops_tools.stack.facts import Route, Source
from boringops_tools.stack.js_program import Program, option
from boringops_tools.stack.tree import Tree, join

_CONFIGS = tuple(f"next.config.{suffix}" for suffix in ("js", "mjs", "ts", "cjs"))
_SUFFIXES = (".js", ".ts", ".jsx", ".tsx")
_GROUP = re.compile(r"\(.*\)|@.*")
"""Folders that order files and are no part of the path."""


def setting(tree: Tree, folder: str, name: str) -> str:
    """A literal setting of next.config; empty where there is none."""
    for path in tree.named(folder, *_CONFIGS):
        program = Program(tree, [join(folder, path)])
        module = program.module(join(folder, path))
        for node in module.nodes:
            if (value := option(node, name)) is not None and (text := program.text(module, value)) is not None:
                return text
    return ""


def routes(tree: Tree, folder: str) -> list[Route]:
    """Health routes among `app/**/route.ts` that answer GET, and `pages/api/**`."""
    base = setting(tree, folder, "basePath")
    found = []
    for path in tree.below(folder, *_SUFFIXES):
        parts = PurePosixPath(path.removeprefix(f"{folder}/" if folder else "")).with_suffix("").parts
        parts = parts[1:] if parts[:1] == ("src",) else parts
        if parts[0] == "app" and parts[-1] == "route":
            kept, wanted = [part for part in parts[1:-1] if not _GROUP.fullmatch(part)], "GET"
        elif parts[:2] == ("pages", "api"):
            kept, wanted = [*parts[1:-1], *([parts[-1]] if parts[-1] != "index" else [])], "default"
        else:
            continue
        route = "/".join([base, *kept])
        if not health.is_health(route):
            continue
        program = Program(tree, [path])
        module = program.module(path)
        if wanted in module.exports:
            exported = module.exports[wanted]
            line = exported.start_point.row + 1 if hasattr(exported, "start_point") else None
            found.append(Route(path=route, source=Source(path=path, line=line)))
    return found
