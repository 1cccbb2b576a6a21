"""What the build files of a C or C++ project say: CMake's and Meson's, by the commands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from boringops_tools.stack.tree import Tree, folder_of, join

CMAKE, MESON = "CMakeLists.txt", "meson.build"
_COMMAND = re.compile(r"^\s*(\w+)\s*\(((?:[^()]|\([^()]*\))*)\)", re.MULTILINE)
_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|#\[\[.*?\]\]|#[^\n]*', re.DOTALL)
_MESON_CALL = re.compile(r"\b(project|executable|test|dependency)\s*\(\s*(?:'([^'\n]*)'|(meson\.project_name\(\)))?")
_MESON_COMMENT = re.compile(r"('(?:\\.|[^'\\\n])*')|#[^\n]*")
_LANGUAGES = re.compile(r"^\s*project\s*\(\s*'[^']*'\s*,\s*\[?((?:\s*'[^']*'\s*,?)+)", re.MULTILINE)
_ASIDE = re.compile(r"test|bench|example")
"""In the name or the folder of a program that is not what the project is for."""
_OTHER_MANIFESTS = ("pyproject.toml", "setup.py", "package.json", "Cargo.toml", "go.mod")
"""Beside one of these, Meson builds a part of a package of another language."""


@dataclass
class Build:
    manager: str
    file: str
    name: str = ""
    programs: list[tuple[str, str]] = field(default_factory=list)
    """What it makes that runs, and the file that says so."""
    wanted: set[str] = field(default_factory=set)
    """Libraries it looks for, in lower case."""
    tested: bool = False


def folders(tree: Tree) -> list[str]:
    """The outermost folders with a build file that declares a project."""
    found = sorted(
        {
            folder_of(path)
            for path in tree.own(CMAKE)
            if re.search(r"^\s*project\s*\(", tree.text(path), re.MULTILINE | re.IGNORECASE)
        }
        | {folder_of(path) for path in tree.own(MESON) if _is_meson(tree, path)}
    )
    return [
        folder
        for folder in found
        if not any(other != folder and (not other or folder.startswith(f"{other}/")) for other in found)
    ]


def _is_meson(tree: Tree, path: str) -> bool:
    """Whether it declares a project in C or C++, and in nothing else."""
    found = _LANGUAGES.search(_without(_MESON_COMMENT, tree.text(path)))
    languages = set(re.findall(r"'(\w+)'", found[1])) if found else set()
    return bool(languages) and languages <= {"c", "cpp"} and not tree.named(folder_of(path), *_OTHER_MANIFESTS)


def read(tree: Tree, folder: str) -> Build:
    """The project in `folder`; by CMake where both build it."""
    return _cmake(tree, folder) if join(folder, CMAKE) in tree else _meson(tree, folder)


def _files(tree: Tree, folder: str, name: str) -> list[str]:
    path = join(folder, name)
    return [path, *(other for other in tree.own(name) if other != path and other.startswith(join(folder, "")))]


def _cmake(tree: Tree, folder: str) -> Build:
    said = [
        (name.lower(), body.split(), file)
        for file in _files(tree, folder, CMAKE)
        for name, body in _COMMAND.findall(_without(_COMMENT, tree.text(file)))
    ]
    name = next((words[0] for command, words, _ in said if command == "project" and words), "")
    programs = [
        (words[0].replace("${PROJECT_NAME}", name), file)
        for command, words, file in said
        if command == "add_executable" and words
    ]
    return Build(
        manager="cmake",
        file=CMAKE,
        name=name,
        programs=list(_main(programs)),
        wanted={words[0].lower() for command, words, _ in said if command == "find_package" and words},
        tested=any(command in {"enable_testing", "add_test", "gtest_discover_tests"} for command, _, _ in said)
        or any("CTest" in words for _, words, _ in said),
    )


def _meson(tree: Tree, folder: str) -> Build:
    own = [path for path in _files(tree, folder, MESON) if "subprojects/" not in path]
    # Tests are built where the sources that are no application's lie.
    every = [path for path in tree.all_below(folder) if path.endswith(f"/{MESON}") and "subprojects/" not in path]
    said = [
        (command, text or ("${PROJECT_NAME}" if itself else ""), file)
        for file in dict.fromkeys([*own, *every])
        for command, text, itself in _MESON_CALL.findall(_without(_MESON_COMMENT, tree.text(file)))
    ]
    name = next((text for command, text, _ in said if command == "project"), "")
    programs = [
        (text.replace("${PROJECT_NAME}", name), file)
        for command, text, file in said
        if command == "executable" and text and file in own
    ]
    return Build(
        manager="meson",
        file=MESON,
        name=name,
        programs=list(_main(programs)),
        wanted={text.lower() for command, text, _ in said if command == "dependency" and text},
        tested=any(command == "test" for command, _, _ in said),
    )


def _main(programs: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for program, file in programs:
        if not _ASIDE.search(f"{program} {folder_of(file)}".lower()):
            yield program, file


def _without(comment: re.Pattern[str], text: str) -> str:
    return comment.sub(lambda match: match[1] or " ", text)
