"""C and C++ programs built with CMake."""

from __future__ import annotations

import re

from boringops_tools.stack import make, versions
from boringops_tools.stack.facts import Application, Command, Commands, Cpp, Source
from boringops_tools.stack.found import Found, application
from boringops_tools.stack.tree import Tree, folder_of, join

MANIFEST = "CMakeLists.txt"
_COMMAND = re.compile(r"^\s*(\w+)\s*\(((?:[^()]|\([^()]*\))*)\)", re.MULTILINE)
_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|#\[\[.*?\]\]|#[^\n]*', re.DOTALL)
_SOURCES = (".c", ".cc", ".cpp", ".cxx")
_LISTENS = re.compile(r"\blisten\s*\(|\.listen\s*\(|ip::tcp::acceptor|httplib::Server|crow::|drogon::|uWS::")
_PORT = re.compile(r"htons\((\d{2,5})\)|\.port\((\d{2,5})\)|listen\(\s*\"[^\"]*\"\s*,\s*(\d{2,5})")
_ENV = re.compile(r"(?:std::)?getenv\(\s*\"([A-Z_][A-Z0-9_]*)\"")
_LIBRARIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "openssl": (("libssl-dev",), ("libssl3",)),
    "postgresql": (("libpq-dev",), ("libpq5",)),
    "curl": (("libcurl4-openssl-dev",), ("libcurl4",)),
    "zlib": (("zlib1g-dev",), ("zlib1g",)),
    "sqlite3": (("libsqlite3-dev",), ("libsqlite3-0",)),
    "boost": (("libboost-all-dev",), ()),
}


def detect(tree: Tree, folder: str, nested: list[str]) -> Application:
    """The project whose CMakeLists.txt is in `folder`."""
    path = join(folder, MANIFEST)
    lists = [path, *(other for other in tree.own(MANIFEST) if other != path and other.startswith(join(folder, "")))]
    said = [
        (name.lower(), body.split(), file) for file in lists for name, body in _COMMAND.findall(_plain(tree.text(file)))
    ]
    name = next((words[0] for command, words, _ in said if command == "project" and words), "")
    programs = [
        (words[0].replace("${PROJECT_NAME}", name), file)
        for command, words, file in said
        if command == "add_executable" and words
    ]
    programs = [
        (program, file)
        for program, file in programs
        if not re.search(r"test|bench|example", f"{program} {folder_of(file)}".lower())
    ]
    found = Found()
    for source in tree.below(folder, *_SOURCES, skip=nested):
        _read(tree, source, found)
    wanted = {words[0].lower() for command, words, _ in said if command == "find_package" and words}
    needs = [_LIBRARIES[package] for package in _LIBRARIES if package in wanted]
    tested = any(command in {"enable_testing", "add_test", "gtest_discover_tests"} for command, _, _ in said) or any(
        "CTest" in words for _, words, _ in said
    )
    reason = ""
    if not programs:
        reason = "a library: its CMakeLists.txt makes no program"
    elif found.listens is None:
        reason = "a command: nothing in it listens on a port"
    elif len(programs) > 1:
        names = ", ".join(program for program, _ in programs[:5])
        reason = f"several programs ({names}), and which is the server is not certain"
    own, place = make.commands(tree, folder), Source(path=path)
    compiles = "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build --parallel"
    test = Command(run=f"{compiles} && ctest --test-dir build --output-on-failure", source=place)
    return application(
        tree, folder, "cpp", found, {}, 8080, reason,
        name=name,
        version=versions.choose("cpp", []),
        manager="cmake",
        framework="tcp" if found.listens else "",
        entry=Source(path=programs[0][1], line=tree.line(programs[0][1], "add_executable")) if programs else None,
        command=["/app/server"],
        commands=Commands(
            lint=own.lint,
            build=[] if tested else [Command(run=compiles, source=place)],
            test=own.test or ([test] if tested else []),
        ),
        build_packages=sorted({"cmake", *(package for build, _ in needs for package in build)}),
        run_packages=sorted({package for _, run in needs for package in run}),
        cpp=Cpp(target=programs[0][0] if programs else "", others=[program for program, _ in programs[1:]]),
    )  # fmt: skip


def _plain(text: str) -> str:
    return _COMMENT.sub(lambda match: match[1] or " ", text)


def _read(tree: Tree, path: str, found: Found) -> None:
    for number, row in enumerate(tree.text(path).splitlines(), 1):
        place = Source(path=path, line=number)
        for variable in _ENV.findall(row):
            found.variable(variable, place)
        if found.listens is None and _LISTENS.search(row) and not row.lstrip().startswith(("//", "*")):
            found.listens = place
        for match in _PORT.finditer(row):
            found.port(next(group for group in match.groups() if group), place)


def folders(tree: Tree) -> list[str]:
    """The outermost folders with a CMakeLists.txt that declares a project."""
    found = sorted(
        folder_of(path)
        for path in tree.own(MANIFEST)
        if re.search(r"^\s*project\s*\(", tree.text(path), re.MULTILINE | re.IGNORECASE)
    )
    return [
        folder
        for folder in found
        if not any(other != folder and (not other or folder.startswith(f"{other}/")) for other in found)
    ]
