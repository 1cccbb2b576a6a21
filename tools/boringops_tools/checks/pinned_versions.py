"""Versions of a language that a file pins for those who work on it, against the image and the pipeline."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.images import contexts
from boringops_tools.dockerfile import is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_workflow, is_yaml

_FILES = {".nvmrc": "node", ".node-version": "node", ".python-version": "python", ".ruby-version": "ruby"}
_TOOLS = {"nodejs": "node", "node": "node", "python": "python", "ruby": "ruby", "golang": "golang", "go": "golang"}
# How many numbers of a version have to be the same: what works with one of Node's majors works with all of it.
_PARTS = {"node": 1, "python": 2, "ruby": 2, "golang": 2}
_LANGUAGES = "node|python|ruby|golang"
_IMAGE = lazy_pattern(rf"(?:^|/)({_LANGUAGES}):(\d+(?:\.\d+)*)(?![\d.]*\w*\$)")
_CI_IMAGE = lazy_pattern(
    rf"(?m)^\s*(?:- )?(?:image|name)\s*:\s*[\"']?(?:[\w.:-]+/)*(?:cimg/)?({_LANGUAGES}):(\d+(?:\.\d+)*)[\w.@:-]*[\"']?\s*$"
)
_SET_UP = lazy_pattern(
    r"(?m)^\s*(?:- )?(node|python|ruby|go)[-_]?version[\"']?\s*:\s*[\"']?(\d+(?:\.\d+)*)(?:\.x)?[\"']?\s*(?:#.*)?$",
    re.I,
)
_EXAMPLE = lazy_pattern(r"(?:^|/)(?:tests?|examples?|docs?|fixtures|samples?)/")


def _numbers(language: str, written: str) -> tuple[str, ...]:
    """What counts of a version; empty where it says less than that."""
    parts = tuple(written.split("."))[: _PARTS[language]]
    return parts if len(parts) == _PARTS[language] else ()


def _said(files: Files, folder: str) -> dict[str, set[tuple[str, tuple[str, ...]]]]:
    """language: (file, version) of all that is pinned in a folder."""
    here: dict[str, set[tuple[str, tuple[str, ...]]]] = {}
    for name in (*_FILES, ".tool-versions"):
        place = posixpath.normpath(posixpath.join(folder, name))
        for line in files.text(place).splitlines() if place in files.known else ():
            words = line.split("#")[0].split()
            language = _FILES.get(name) or _TOOLS.get(words[0] if words else "", "")
            version = re.fullmatch(r"(?:ruby-)?v?(\d+(?:\.\d+)*)", words[-1]) if words and len(words) <= 2 else None
            if language and version and (numbers := _numbers(language, version[1])):
                here.setdefault(language, set()).add((place, numbers))
    return here


def _pins(files: Files, folders: tuple[str, ...]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """language: (file, version) of what is pinned in the nearest of the folders. What a folder pins twice is not known."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for folder in folders:
        for language, said in _said(files, folder).items():
            if len({numbers for _, numbers in said}) == 1:
                found.setdefault(language, min(said))
    return found


def _twice(files: Files, path: str) -> Iterator[Hit]:
    """What two files of one folder pin differently, held against the last of them."""
    if _EXAMPLE.search(path):
        return
    for language, said in _said(files, posixpath.dirname(path)).items():
        for place, numbers in sorted(said):
            mine = next((each for one, each in said if one == path), None)
            if mine and place < path and numbers != mine:
                yield Hit(1, f"{language} {'.'.join(mine)} here, and {'.'.join(numbers)} in {place}")
                break


def _is_pin(path: str) -> bool:
    name = posixpath.basename(path)
    return name in _FILES or name == ".tool-versions"


def _modules(files: Files, folders: tuple[str, ...]) -> tuple[str, tuple[int, int]] | None:
    """(go.mod, version) of the nearest module."""
    for folder in folders:
        place = posixpath.normpath(posixpath.join(folder, "go.mod"))
        if wanted := re.search(r"(?m)^go (\d+)\.(\d+)", files.text(place)) if place in files.known else None:
            return place, (int(wanted[1]), int(wanted[2]))
    return None


def _images(files: Files, path: str) -> Iterator[Hit]:
    pins = _pins(files, tuple(contexts(path))) if not _EXAMPLE.search(path) else {}
    stages = parse(files.text(path)).stages if pins else []
    for language, (place, wanted) in pins.items():
        has = [
            (stage, numbers)
            for stage in stages
            if (match := _IMAGE.search(stage.image))
            and match[1] == language
            and (numbers := _numbers(language, match[2]))
        ]
        if has and all(numbers != wanted for _, numbers in has):
            stage, numbers = has[-1]
            yield Hit(
                stage.instruction.line,
                f"{place} says {language} {'.'.join(wanted)}, and the image has {'.'.join(numbers)}",
            )


def _jobs(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    found: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
    for pattern in (_CI_IMAGE, _SET_UP):
        for match in pattern.finditer(text):
            language = {"go": "golang"}.get(match[1].lower(), match[1].lower())
            if numbers := _numbers(language, match[2]):
                found.setdefault(language, []).append((text.count("\n", 0, match.start(2)) + 1, numbers))
    if not found or re.search(r"(?m)^\s*(?:matrix|parallel)\s*:", text):
        return  # several are tested on purpose
    pins = _pins(files, (".",))
    for language, places in found.items():
        place, wanted = pins.get(language, ("", ()))
        if wanted and all(numbers != wanted for _, numbers in places):
            line, numbers = places[0]
            yield Hit(line, f"{place} says {language} {'.'.join(wanted)}, and the job has {'.'.join(numbers)}")
    module = _modules(files, (".",))
    for line, numbers in found.get("golang", ()) if module and "golang" not in pins else ():
        if module and tuple(map(int, numbers)) < module[1]:
            yield Hit(line, f"go.mod asks for Go {module[1][0]}.{module[1][1]}, and the job has {'.'.join(numbers)}")


def _is_pipeline(path: str) -> bool:
    name = posixpath.basename(path)
    return is_workflow(path) or (
        is_yaml(path) and (name.startswith(("azure-pipelines", ".gitlab-ci")) or path.startswith(".circleci/"))
    )


_GO = "jobs:\n  a:\n    steps:\n      - uses: actions/setup-go@v6\n        with:\n          go-version: '{}'\n"
_CI = ".github/workflows/ci.yml"
_SAME = "Tools that read such a file take the version that it says; what is tested and run is another one."

RULES = (
    Rule("consistency/pinned-image", "warning", "Take the same version in both.", _SAME, is_dockerfile, _images,
         bad=({"Dockerfile": "FROM node:22.11.0-slim\n", ".nvmrc": "18.20.4\n"}, {"Dockerfile": "FROM python:3.12-slim\n", ".python-version": "3.11.9\n"}, {"Dockerfile": "FROM node:22\n", ".tool-versions": "nodejs 18.19.0\n"}),
         good=({"Dockerfile": "FROM node:22.11.0-slim\n", ".nvmrc": "v22\n"}, {"Dockerfile": "FROM node:22\n", ".nvmrc": "lts/jod\n"}, {"Dockerfile": "FROM node:20 AS a\nFROM node:22\n", ".nvmrc": "20\n"}, {"Dockerfile": "FROM python:3.12\n", ".python-version": "3\n"}, {"examples/a/Dockerfile": "FROM node:22\n", ".nvmrc": "18\n"})),
    Rule("consistency/pinned-twice", "warning", "Keep one of the files, or the same version in both.", _SAME, _is_pin, _twice,
         bad=({".node-version": "20.18.1\n", ".tool-versions": "nodejs 18.19.0\n"}, {".nvmrc": "18\n", ".node-version": "20\n"}), good=({".nvmrc": "20\n", ".tool-versions": "nodejs 20.1.0\npython 3.12.1\n"}, {"a/.nvmrc": "18\n", "b/.nvmrc": "20\n"})),
    Rule("consistency/pinned-job", "warning", "Test with the version that is pinned, or that go.mod asks for.", _SAME, _is_pipeline, _jobs,
         bad=({_CI: _GO.format("1.21"), "go.mod": "module a\n\ngo 1.23.0\n"}, {".gitlab-ci.yml": "default:\n  image: node:16.20.2-alpine\n", ".node-version": "20.18.1\n"}, {_CI: "jobs:\n  a:\n    steps:\n      - with: {}\n        env:\n          python-version: '3.9'\n", ".python-version": "3.12\n"}),
         good=({_CI: _GO.format("1.24"), "go.mod": "module a\n\ngo 1.23.0\n"}, {".gitlab-ci.yml": "a: {image: 'node:20'}\nb:\n  image: node:20-alpine\n", ".nvmrc": "20\n"}, {_CI: "jobs:\n  a:\n    strategy:\n      matrix:\n        node-version: [16, 18]\n    steps:\n      - node-version: 16\n", ".nvmrc": "20\n"}, {".gitlab-ci.yml": "image: node:16\n", "a/.nvmrc": "20\n"})),
)  # fmt: skip
