"""Compose: files, arguments and variables that a service needs and the repository does not have."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.dockerfile import parse
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose

# What Docker gives to every build, whether or not the Dockerfile says ARG.
_GIVEN = lazy_pattern(
    r"(?i)(?:https?|ftp|no|all)_proxy|BUILDKIT_\w+|SOURCE_DATE_EPOCH|DOCKER_BUILDKIT|COMPOSE_\w+|(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)"
)
_TAG = lazy_pattern(r"^\s*image:[^#\n]*?\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))", re.M)
_EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist", "env.example", ".env")


def _services(files: Files, path: str) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    for document in files.documents(path)[:1]:
        for name, service in mapping(document, "services").items():
            yield str(name), mapping(service)


def _place(files: Files, path: str, value: Any) -> str:
    """A file that a Compose file names, as a path of the repository; empty where it may come from elsewhere."""
    if not isinstance(value, str) or re.search(r"[$:]", value) or value.startswith(("/", "~")):
        return ""
    place = posixpath.normpath(posixpath.join(posixpath.dirname(path), value))
    return "" if place.startswith("..") or files.ignored(place) else place


def _missing(files: Files, path: str) -> Iterator[Hit]:
    for name, service in _services(files, path):
        extends = service.get("extends")
        place = _place(files, path, mapping(extends).get("file")) if isinstance(extends, Mapping) else ""
        if place and place not in files.known:
            yield Hit(
                at((extends, "file")),
                f"service `{name}` extends a service of `{place}`, which is not in the repository",
            )
    for document in files.documents(path)[:1]:
        for name, config in mapping(document, "configs").items():
            place = _place(files, path, mapping(config).get("file"))
            folder = posixpath.dirname(place)
            # What a step makes before lies in a folder that git does not have; people write these into one that it has.
            there = (
                not folder
                or folder in files.folders
                or any(each.startswith(f"{posixpath.dirname(folder) or folder}/") for each in files.all)
            )
            if place and place not in files.known and place not in files.folders and there and not _made(files, place):
                yield Hit(at((config, "file")), f"config `{name}` is `{place}`, which is not in the repository")


def _made(files: Files, place: str) -> bool:
    """Whether a script, a Makefile or a pipeline speaks of the file: it may make it."""
    name = posixpath.basename(place)
    steps = [
        each
        for each in files.all
        if re.search(r"\.(?:sh|mk|py|md)$|(?:^|/)(?:Makefile|justfile|Taskfile[^/]*)$|\.github/", each)
    ]
    return len(steps) > 300 or any(
        name in files.text(each) and place.rpartition("/")[0] in files.text(each) for each in steps
    )


def _arguments(files: Files, path: str) -> Iterator[Hit]:
    for name, service in _services(files, path):
        build = mapping(service, "build")
        given = build.get("args")
        context, file = build.get("context", "."), build.get("dockerfile", "Dockerfile")
        if not given or "dockerfile_inline" in build or not isinstance(context, str) or not isinstance(file, str):
            continue
        place = _place(files, path, posixpath.join(context, file))
        if place not in files.known:
            continue
        stages = parse(files.text(place)).stages
        # An image of others may take arguments by ONBUILD.
        declared = set(re.findall(r"(?mi)^\s*ARG\s+(.*)$", files.text(place)))
        names = {word.partition("=")[0] for each in declared for word in each.split()}
        entries = (
            given.items() if isinstance(given, Mapping) else ((position, each) for position, each in enumerate(given))
        )
        for key, value in entries:
            argument = str(key) if isinstance(given, Mapping) else str(value).partition("=")[0]
            if stages and argument not in names and not _GIVEN.fullmatch(argument) and "$" not in argument and names:
                yield Hit(
                    at((given, key), (build, "args")),
                    f"service `{name}` builds with `{argument}`; {place} takes {', '.join(sorted(names))}",
                )


def _tags(files: Files, path: str) -> Iterator[Hit]:
    """Images whose name has a variable that no example of an `.env` beside the file lists: without it the tag is empty."""
    folder = posixpath.dirname(path)
    beside = [each for name in _EXAMPLES for each in files.by_name.get(name, ()) if posixpath.dirname(each) == folder]
    known = {
        name
        for each in beside
        for name in re.findall(r"(?m)^\s*#?\s*(?:export\s+)?([A-Za-z_]\w*)\s*=", files.text(each))
    }
    text = files.text(path)
    for match in _TAG.finditer(text) if known else ():
        name = match[1] or match[2]
        told = any(name in files.text(each) for each in files.all[:400] if each != path and not is_compose(each))
        if name not in known and not told:
            yield Hit(
                text.count("\n", 0, match.end()) + 1,
                f"the image needs `{name}`, which nothing sets: {beside[0]} does not list it",
            )


_DOC = "Compose specification"
_C = "compose.yaml"
_EXTENDS = "services:\n  a: {{image: 'a/b:1', extends: {{file: {}, service: x}}}}\n"
_CONFIG = "services: {{a: {{image: 'a/b:1', configs: [c]}}}}\nconfigs: {{c: {{file: {}}}}}\n"
_ARGS = "services: {{a: {{build: {{context: ., args: {}}}}}}}\n"
_IMAGE = "services:\n  a:\n    image: acme/a:{}\n"

RULES = (
    Rule("compose/missing-file", "error", "Compose refuses the file: name one that is there.", f"{_DOC}: extends.file and configs.file are read from the host.", is_compose, _missing,
         bad=({_C: _EXTENDS.format("common.yaml")}, {_C: _CONFIG.format("./conf/b.yaml"), "conf/a.yaml": "a: b\n"}),
         good=({_C: _EXTENDS.format("common.yaml"), "common.yaml": "services: {x: {image: 'a/b:1'}}\n"}, {_C: _CONFIG.format("./conf/a.yaml"), "conf/a.yaml": "a: b\n"}, {_C: _CONFIG.format("./conf/b.yaml"), ".gitignore": "conf/\n"}, {_C: _EXTENDS.format("'${F}'")})),
    Rule("compose/build-argument", "warning", "Take the argument under the name that the Dockerfile has for it.", "Docker: build arguments that no ARG takes are not consumed.", is_compose, _arguments,
         bad=({_C: _ARGS.format("{GIT_SHA: x}"), "Dockerfile": "FROM a:1\nARG REVISION\n"}, {_C: _ARGS.format("[VERSION=1]"), "Dockerfile": "FROM a:1\nARG APP_VERSION\n"}),
         good=({_C: _ARGS.format("{REVISION: x, HTTP_PROXY: y}"), "Dockerfile": "FROM a:1\nARG REVISION\n"}, {_C: _ARGS.format("{REVISION: x}"), "Dockerfile": "FROM a:1\n"}, {_C: _ARGS.format("[A=1]"), "Dockerfile": "FROM a:1\nARG A=2 B\n"})),
    Rule("compose/image-variable", "warning", "List it where the others are, or give it a default: ${TAG:-1.0.0}.", f"{_DOC}, interpolation: a variable that is not set is an empty string.", is_compose, _tags,
         bad=({_C: _IMAGE.format("${TAGS}"), ".env.example": "TAG=1\n"},),
         good=({_C: _IMAGE.format("${TAG}"), ".env.example": "TAG=1\n"}, {_C: _IMAGE.format("${TAG:-1}"), ".env.example": "A=1\n"}, {_C: _IMAGE.format("${TAG}")}, {_C: _IMAGE.format("${TAG}"), ".env.example": "A=1\n", "deploy.sh": "export TAG=1\n"})),
)  # fmt: skip
