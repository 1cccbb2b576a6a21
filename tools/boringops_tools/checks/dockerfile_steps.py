"""Dockerfiles: steps that cannot work where they stand."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.dockerfile import is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern

# lock file: what lies beside it in the folder of an application.
_LOCKS = {
    "package-lock.json": "package.json", "yarn.lock": "package.json", "pnpm-lock.yaml": "package.json", "bun.lockb": "package.json",
    "go.sum": "go.mod", "Cargo.lock": "Cargo.toml", "poetry.lock": "pyproject.toml", "uv.lock": "pyproject.toml",
    "Pipfile.lock": "Pipfile", "Gemfile.lock": "Gemfile", "composer.lock": "composer.json", "mix.lock": "mix.exs",
}  # fmt: skip
_BARE = lazy_pattern(
    r"(?:docker\.io/|library/|public\.ecr\.aws/docker/library/)*(alpine|debian|ubuntu|python|golang|rust|ruby|openjdk|eclipse-temurin|amazoncorretto|maven|gradle|busybox|php|node|nginx|httpd|postgres|redis)(?::|@|$)"
)
# users that each of these images has, by the image's own documentation; the system's users are in all of them.
_USERS = {
    "node": {"node"},
    "nginx": {"nginx"},
    "postgres": {"postgres"},
    "redis": {"redis"},
    "ubuntu": {"ubuntu"},
    "gradle": {"gradle"},
}
_SYSTEM = frozenset(
    {
        "root",
        "daemon",
        "bin",
        "sys",
        "sync",
        "games",
        "man",
        "lp",
        "mail",
        "news",
        "uucp",
        "proxy",
        "www-data",
        "backup",
        "list",
        "irc",
        "nobody",
        "guest",
        "operator",
        "ftp",
        "http",
        "apache",
        "nfsnobody",
    }
)
_UPDATE = lazy_pattern(r"(?:sudo\s+)?(?:apt-get|apt)(?:\s+-\S+)*\s+update(?:\s+-\S+)*\s*$")


def _updates(files: Files, path: str) -> Iterator[Hit]:
    for stage in parse(files.text(path)).stages:
        runs = [each for each in stage.instructions if each.name == "RUN"]
        for number, each in enumerate(runs):
            later = any(
                re.search(r"\b(?:apt-get|apt)\b.*\binstall\b", other.value, re.S) for other in runs[number + 1 :]
            )
            if later and not each.heredocs and _UPDATE.fullmatch(each.value.strip()):
                yield Hit(
                    each.line,
                    "the list of packages is a layer of its own: once cached, `install` works with an old one",
                )


def _users(files: Files, path: str) -> Iterator[Hit]:
    file = parse(files.text(path))
    for stage in file.stages:
        line = file.lineage(stage)
        base = _BARE.match(line[-1].image)
        steps = [each for one in line for each in one.instructions]
        if base is None or any(each.name in ("COPY", "ADD") and "passwd" in each.value for each in steps):
            continue
        for each in stage.instructions:
            chown = re.search(r"--chown=([^\s:$]+)(?=[:\s])", each.value) if each.name in ("COPY", "ADD") else None
            name = chown[1] if chown else each.value.partition(":")[0].strip().strip("\"'")
            if (
                not (each.name == "USER" or chown)
                or not re.fullmatch(r"[A-Za-z_][\w-]*", name)
                or name in _SYSTEM | _USERS.get(base[1], set())
            ):
                continue
            makers = [
                one
                for one in steps
                if one.name == "RUN" and re.search(rf"\b{re.escape(name)}\b", one.value + "".join(one.heredocs))
            ]
            scripts = any(
                one.name == "RUN" and re.search(r"\.sh\b|\b(?:useradd|adduser)\b[^\n]*\$", one.value) for one in steps
            )
            if not makers and not scripts:
                yield Hit(each.line, f"nothing makes the user `{name}`, and {base[1]} has none of this name")
            elif makers and not scripts and all(one in stage.instructions and one.line > each.line for one in makers):
                yield Hit(each.line, f"the user `{name}` is made only below, in line {makers[-1].line}")


def _shells(files: Files, path: str) -> Iterator[Hit]:
    file = parse(files.text(path))
    for stage in file.stages:
        base = file.lineage(stage)[-1].image.lower()
        without = base == "scratch" or (re.match(r"gcr\.io/distroless/", base) and "debug" not in base)
        for each in stage.instructions if without else ():
            if each.name == "RUN" and not each.value.lstrip().startswith("[") and "--mount" not in each.value:
                copied = any(
                    one.name in ("COPY", "ADD")
                    and one.line < each.line
                    and re.search(r"/(?:bin/)?(?:sh|busybox)\b|\s/\s*$|\.tar", one.value)
                    for one in stage.instructions
                )
                if not copied:
                    yield Hit(each.line, f"`{base.partition('@')[0]}` has no shell: RUN fails here")


def _locks(files: Files, path: str) -> Iterator[Hit]:
    folder = posixpath.dirname(path)
    contexts = [
        "",
        *(each.as_posix() for each in PurePosixPath(path).parents),
    ]  # an image may be built from any of them
    file = parse(files.text(path))
    for stage in file.stages:
        for each in stage.instructions:
            words = [word for word in each.value.split() if not word.startswith("--")]
            if each.name != "COPY" or "--from" in each.value or each.value.lstrip().startswith("["):
                continue
            for word in words[:-1]:
                name = posixpath.basename(word)
                place = posixpath.normpath(posixpath.join(folder, word))
                beside = posixpath.join(posixpath.dirname(place), _LOCKS.get(name, ""))
                if (
                    name in _LOCKS
                    and place not in files.known
                    and beside in files.known
                    and not files.ignored(place)
                    and not any(posixpath.normpath(posixpath.join(each, word)) in files.known for each in contexts)
                ):
                    yield Hit(each.line, f"`{word}` is not in the repository: the build stops here")


_D = "Dockerfile"


def _of(text: str, **more: str) -> dict[str, str]:
    return {_D: text, **more}


_DOC = "Dockerfile reference"

RULES = (
    Rule("dockerfile/update-alone", "warning", "Update and install in one RUN.", "Docker documentation, Building best practices, apt-get: both in the same RUN statement.", is_dockerfile, _updates,
         bad=(_of("FROM debian:12\nRUN apt-get update\nRUN apt-get install -y a\n"),), good=(_of("FROM debian:12\nRUN apt-get update && apt-get install -y a\n"), _of("FROM debian:12\nRUN apt-get update\nRUN echo\n"))),
    Rule("dockerfile/user-unknown", "error", "Make the user before USER names it, or give its number.", f"{_DOC}, USER: a name has to be in the image.", is_dockerfile, _users,
         bad=(_of("FROM debian:12\nRUN useradd app\nCOPY --chown=ap:app a /a\n"), _of("FROM eclipse-temurin:21\nUSER app\n"), _of("FROM python:3.12\nUSER app\nRUN useradd app\n")),
         good=(_of("FROM node:22\nCOPY --chown=node:node a /a\nCOPY --chown=1000 b /b\nUSER node\n"), _of("FROM python:3.12 AS a\nRUN useradd -m app\nFROM a\nUSER app:app\n"), _of("FROM acme/base:1\nUSER app\n"), _of("FROM python:3.12\nCOPY passwd /etc/passwd\nUSER app\n"), _of("FROM alpine:3\nUSER 1000\n"))),
    Rule("dockerfile/no-shell", "error", "Do it in the stage before, and copy what came of it.", "Distroless images have no shell, scratch has nothing.", is_dockerfile, _shells,
         bad=(_of("FROM scratch\nCOPY a /a\nRUN chmod +x /a\n"), _of("FROM gcr.io/distroless/static:nonroot\nRUN id\n")), good=(_of("FROM gcr.io/distroless/base:debug\nRUN id\n"), _of("FROM scratch\nADD rootfs.tar.gz /\nRUN id\n"), _of("FROM scratch\nRUN [\"/a\", \"b\"]\n"))),
    Rule("dockerfile/lock-missing", "error", "Copy the lock file that the repository has.", f"{_DOC}, COPY: each source has to be in the context.", is_dockerfile, _locks,
         bad=(_of("FROM node:22\nCOPY package.json yarn.lock ./\n", **{"package.json": "{}"}),), good=(_of("FROM node:22\nCOPY package.json package-lock.json ./\n", **{"package.json": "{}", "package-lock.json": "{}"}), _of("FROM node:22\nCOPY package.json yarn.lock* ./\n", **{"package.json": "{}"}), _of("FROM node:22\nCOPY yarn.lock ./\n"))),
)  # fmt: skip
