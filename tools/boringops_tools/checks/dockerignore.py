"""What .dockerignore keeps out of the build, against what the Dockerfile takes."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.images import sources
from boringops_tools.dockerfile import is_dockerfile, parse

_WORTHLESS = (".env", ".git/config")


def _pattern(text: str) -> re.Pattern[str]:
    """One line of .dockerignore: anchored at the context, `**` for any folders; what is below a match is out, too."""
    body = ""
    for part in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]*\])", posixpath.normpath(text.lstrip("/"))):
        body += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part) or (
            part if part.startswith("[") else re.escape(part)
        )
    return re.compile(f"{body}(?:/.*)?", re.S)


def kept_out(text: str, path: str) -> bool:
    """Whether a path of the context is kept out: the last line that matches decides."""
    out = False
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith("#") and _pattern(line.removeprefix("!")).fullmatch(path):
            out = not line.startswith("!")
    return out


def _file(files: Files, path: str) -> tuple[str, str]:
    """(.dockerignore, context) of a Dockerfile; empty where it has none."""
    folder = PurePosixPath(path).parent.as_posix()
    if f"{path}.dockerignore" in files.known:
        return f"{path}.dockerignore", ""
    for context in (folder, "."):
        name = posixpath.normpath(posixpath.join(context, ".dockerignore"))
        if name in files.known:
            return name, "" if context == "." else context
    return "", ""


def _excluded(files: Files, path: str) -> Iterator[Hit]:
    name, context = _file(files, path)
    for line, source in missing(files.text(path), files.text(name) if name else "", context, files.all):
        yield Hit(line, f"`{source}` is kept out of the build by {name}")


def missing(dockerfile: str, ignored: str, context: str, paths: Sequence[str]) -> Iterator[tuple[int, str]]:
    """(line, source) of what a Dockerfile copies of the files at `paths` and a .dockerignore of its context keeps out."""
    if not ignored.strip():
        return
    known = set(paths)
    for stage in parse(dockerfile).stages:
        for each in stage.instructions:
            for source in sources(each) if each.name in ("COPY", "ADD") else ():
                plain = posixpath.normpath(source.lstrip("/"))
                place = posixpath.normpath(posixpath.join(context, plain))
                inside = [plain] if place in known else [
                    one.removeprefix(f"{context}/") for one in paths if plain != "." and one.startswith(f"{place}/")
                ]  # fmt: skip
                if inside and all(kept_out(ignored, one) for one in inside):
                    yield each.line, source


def _let_in(files: Files, path: str) -> Iterator[Hit]:
    name, context = _file(files, path)
    if not name:
        return  # whether one is wanted at all is another question
    text = files.text(name)
    whole = next(
        (
            each for stage in parse(files.text(path)).stages for each in stage.instructions
            if each.name in ("COPY", "ADD") and "." in [posixpath.normpath(one) for one in sources(each)]
        ), None,
    )  # fmt: skip
    if whole is None:
        return
    allowed = next(
        (line for line in map(str.strip, text.splitlines()) if re.fullmatch(r"!(?:\*\*/)?/?\.env", line)), ""
    )
    if allowed or not any(kept_out(text, each) for each in _WORTHLESS):
        what = (
            f"`{allowed}` lets `.env` into the image"
            if allowed
            else "neither `.env` nor `.git` is kept out of the image"
        )
        # Only the context at the root has a `.git`; whether a folder below ever gets a `.env`, nobody says.
        there = not context or f"{context}/.env" in files.known or allowed
        yield Hit(whole.line, f"{what} ({name}), and everything is copied", severity=None if there else "info")


_D = "Dockerfile"
_NODE = "FROM node:24\nCOPY package.json package-lock.json ./\nCOPY . .\n"
_FILES = {"package.json": "{}\n", "package-lock.json": "{}\n", "cmd/a.go": "package main\n"}

RULES = (
    Rule(
        "dockerfile/ignored-source", "error", "The build stops there: take the line out of .dockerignore, or except the path with `!`.",
        "Docker build context: what .dockerignore matches is not sent to the builder.", is_dockerfile, _excluded,
        bad=({_D: _NODE, ".dockerignore": ".env\npackage-lock.json\n", **_FILES}, {_D: "FROM a:1\nCOPY cmd ./cmd\n", ".dockerignore": "*\n!go.mod\n", **_FILES}),
        good=({_D: _NODE, ".dockerignore": "*.md\n.env\n**/node_modules\n", **_FILES}, {_D: "FROM a:1\nCOPY cmd ./cmd\n", ".dockerignore": "*\n!cmd\n", **_FILES}, {_D: _NODE, **_FILES}),
    ),
    Rule(
        "dockerfile/secrets-copied", "warning", "Keep .env and .git out: whoever has the image has them, too.",
        "Docker build context: COPY . takes all that .dockerignore does not match.", is_dockerfile, _let_in,
        bad=({_D: _NODE, ".dockerignore": "# nothing\n", **_FILES}, {_D: _NODE, ".dockerignore": ".git\n!.env\n", **_FILES}),
        good=({_D: _NODE, ".dockerignore": ".git\n", **_FILES}, {_D: _NODE, **_FILES}, {_D: "FROM a:1\nCOPY cmd /cmd\n", ".dockerignore": "x\n", **_FILES}),
    ),
)  # fmt: skip
