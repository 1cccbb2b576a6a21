"""What an image starts and builds, against what is copied into it; and what a Makefile's recipes are written with."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.images import contexts, started
from boringops_tools.dockerfile import is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern

_BARE = lazy_pattern(r"(?:^|/)scratch$|distroless/(?:static|base|cc)")
_GO = lazy_pattern(r"\bgo (?:build|install)\b([^&|;]*)")
_PACKAGE = lazy_pattern(r"(?<!\S)\./([\w./-]+)(?=\s|$)")
_TARGET = lazy_pattern(r"[^\s#=:][^#=]*::?(?!=)")
# What may be indented with blanks anywhere: comments, assignments, conditionals, directives.
_NO_RECIPE = lazy_pattern(
    r"\s*(?:#|$|\$\(|[\w.-]+\s*[:?+]?=|-?include\b|(?:if|else|endif|ifn?eq|ifn?def|export|define|endef|override|unexport)\b)"
)


def _programs(files: Files, path: str) -> Iterator[Hit]:
    """Images with nothing in them but what is copied, whose program is not among it."""
    file = parse(files.text(path))
    stage = file.stages[-1] if file.stages else None
    if stage is None or not _BARE.search(stage.image.partition(":")[0]) or file.base_of(stage) is not None:
        return
    place, words = started([stage])
    if place is None or not words or not words[0].startswith("/") or "$" in words[0]:
        return
    copied = [each.value.split() for each in stage.instructions if each.name in ("COPY", "ADD") and not each.heredocs]
    targets = [each[-1] for each in copied if len(each) > 1]
    # A folder may bring anything below it; so may what is copied to where nobody can tell.
    if not targets or any("$" in each or each.startswith(("[", ".")) or not each.startswith("/") for each in targets):
        return
    if not any(each.rstrip("/") == words[0] or words[0].startswith(f"{each.rstrip('/')}/") for each in targets):
        yield Hit(place.line, f"the image starts `{words[0]}`, and only {', '.join(targets)} is copied into it")


def _packages(files: Files, path: str) -> Iterator[Hit]:
    for stage in parse(files.text(path)).stages:
        for each in stage.instructions:
            for command in _GO.findall(each.value) if each.name == "RUN" else ():
                for name in _PACKAGE.findall(command):
                    plain = name.rstrip("/").removesuffix("/...").rstrip(".")
                    parent = posixpath.dirname(plain)
                    here = [
                        place
                        for place in contexts(path)
                        if posixpath.normpath(posixpath.join(place, "go.mod")) in files.known
                    ]
                    wanted = [posixpath.normpath(posixpath.join(place, plain)) for place in here]
                    around = [posixpath.normpath(posixpath.join(place, parent)) for place in here]
                    if not plain or not parent or any(one in files.folders or one in files.known for one in wanted):
                        continue
                    if any(one in files.folders for one in around):
                        beside = sorted(one for one in files.folders if posixpath.dirname(one) in around)
                        yield Hit(each.line, f"there is no package `./{name}`; there is {', '.join(beside[:3])}")


def _recipes(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if ".RECIPEPREFIX" in text or re.search(r"(?m)^define\b", text):
        return
    lines = text.splitlines()
    for number, (before, line) in enumerate(itertools.pairwise(lines), 2):
        after_target = bool(_TARGET.match(before)) and not before.endswith("\\") and ":=" not in before
        if after_target and re.match(r" {2,}\S", line) and not _NO_RECIPE.match(line):
            yield Hit(number, "a recipe begins with a tab; make stops at the blanks (missing separator)")


def _is_makefile(path: str) -> bool:
    return PurePosixPath(path).name in ("Makefile", "makefile", "GNUmakefile") or path.endswith(".mk")


_BUILD = (
    'FROM golang:1.26 AS b\nCOPY . .\nRUN go build -o /out/a {}\nFROM {}\nCOPY --from=b /out/a /a\nENTRYPOINT ["{}"]\n'
)
_GO_FILES = {"go.mod": "module a\n", "cmd/a/main.go": "package main\n"}


def _go(package: str = "./cmd/a", base: str = "scratch", program: str = "/a") -> dict[str, str]:
    return {**_GO_FILES, "Dockerfile": _BUILD.format(package, base, program)}


RULES = (
    Rule("dockerfile/missing-program", "error", "The container ends at once: start what is copied into the image.", "Dockerfile reference, FROM scratch: the image holds what is copied into it and nothing else.", is_dockerfile, _programs,
         bad=(_go(program="/server"), _go(base="gcr.io/distroless/static-debian12:nonroot", program="/bin/a")), good=(_go(), _go(base="alpine:3.22", program="/server"), {"Dockerfile": 'FROM scratch\nCOPY bin/ /bin/\nENTRYPOINT ["/bin/a"]\n'})),
    Rule("dockerfile/missing-package", "error", "The build stops there: name a package of the module.", "Go command reference: an argument that begins with ./ is a folder.", is_dockerfile, _packages,
         bad=(_go("./cmd/server"),), good=(_go(), _go("./..."), _go("."), _go("./gen/x"))),
    Rule("makefile/blanks", "error", "make refuses the file: begin the line with a tab.", "GNU make manual, Rule Syntax: recipe lines start with a tab.", _is_makefile, _recipes,
         bad=({"Makefile": "a: b\n    echo a\n"},), good=({"Makefile": "a: b\n\techo a\nX := 1\nc:\n    # note\nifdef X\n  Y = 1\nendif\nd: \\\n  e\n"}, {"Makefile": ".RECIPEPREFIX = >\na:\n    echo\n"})),
)  # fmt: skip
