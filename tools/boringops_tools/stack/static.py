"""Plain static sites: an index.html, and nothing that builds or runs it."""

from __future__ import annotations

import re

from boringops_tools.stack import versions
from boringops_tools.stack.facts import Application, Source, Static
from boringops_tools.stack.found import Found, application
from boringops_tools.stack.tree import Tree, join

INDEX = "index.html"
_DOCROOTS = ("", "public", "site", "www", "html")
_SITE = (".html", ".css", ".js", ".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".ico", ".woff", ".woff2", ".txt", ".xml",
         ".json", ".webmanifest", ".pdf", ".mp4", ".avif", ".mjs", ".wasm")  # fmt: skip


def folders(tree: Tree) -> list[str]:
    """The folder of a site at the repository's root, if its root or a usual document root has an index.html."""
    return [""] if _docroot(tree, "") is not None else []


def _docroot(tree: Tree, folder: str) -> str | None:
    """Where the first page is: what a Staticfile says, or a usual place."""
    said = re.findall(r"^root:\s*([\w./-]+)", tree.text(join(folder, "Staticfile")), re.MULTILINE)
    docroots: list[str] = [*said, *_DOCROOTS]
    for docroot in docroots:
        if join(folder, join(docroot, INDEX)) in tree or (
            docroot in said and any(tree.all_below(join(folder, docroot)))
        ):
            return docroot
    return None


def detect(tree: Tree, folder: str) -> Application:
    """The site in `folder`."""
    docroot = _docroot(tree, folder) or ""
    base = join(folder, docroot) if docroot else folder
    prefix = f"{base}/" if base else ""
    inner = [path.removeprefix(prefix) for path in tree.all_below(base)]
    kept = {
        path.partition("/")[0]
        for path in inner
        if path.lower().endswith(_SITE) and not path.startswith(("node_modules/", "test", "."))
    }
    return application(
        tree,
        folder,
        "static",
        Found(listens=Source(path=join(base, INDEX))),
        {},
        8080,
        "",
        version=versions.choose("static", []),
        manager="",
        framework="static",
        entry=Source(path=join(base, INDEX)),
        static=Static(output=docroot, files=sorted(kept)),
        remarks=[],
    )
