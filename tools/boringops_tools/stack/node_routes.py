"""Routes that are files: Nuxt, SvelteKit, Astro, Remix and React Router."""

from __future__ import annotations

import re

from boringops_tools.stack import health
from boringops_tools.stack.facts import Route, Source
from boringops_tools.stack.js_program import Program
from boringops_tools.stack.tree import Tree, join

_FORMS: dict[str, tuple[tuple[str, str, str], ...]] = {
    # framework: (file below the application, the path it answers, the export that answers)
    "nuxt": (
        (r"server/(api/.+?)(?:\.get)?\.[jt]s", r"/\1", "default"),
        (r"server/routes/(.+?)(?:\.get)?\.[jt]s", r"/\1", "default"),
    ),
    "sveltekit": ((r"src/routes/(.+)/\+server\.[jt]s", r"/\1", "GET"),),
    "astro": ((r"src/pages/(.+)\.[jt]s", r"/\1", "GET"),),
    "remix": ((r"app/routes/([\w.-]+?)(?:\.\w+)?\.[jt]sx?", r"/\1", "loader"),),
}


def routes(tree: Tree, folder: str, framework: str) -> list[Route]:
    """Health routes among the files that a framework answers requests with."""
    found = []
    for pattern, form, export in _FORMS.get(framework, ()):
        for path in tree.below(folder, ".js", ".ts", ".tsx", ".jsx"):
            match = re.fullmatch(pattern, path.removeprefix(f"{folder}/" if folder else ""))
            if not match:
                continue
            route = re.sub(r"/\([^/]*\)", "", match.expand(form)).removesuffix("/index")
            if framework == "remix":
                route = route.replace(".", "/")
            if not health.is_health(route):
                continue
            module = Program(tree, [path]).module(path)
            if export in module.exports:
                made = module.exports[export]
                line = made.start_point.row + 1 if hasattr(made, "start_point") else None
                found.append(Route(path=route, source=Source(path=join(folder, match[0]), line=line)))
    return found
