"""C and C++ programs built with CMake or Meson."""

from __future__ import annotations

import re

from boringops_tools.stack import cpp_build, make, versions
from boringops_tools.stack.facts import Application, Command, Commands, Cpp, Source
from boringops_tools.stack.found import Found, application
from boringops_tools.stack.tree import Tree, join

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
    "ncurses": (("libncurses-dev",), ("libncursesw6",)),
}
_PKG_CONFIG = {
    "openssl": {"openssl", "libssl", "libcrypto"},
    "postgresql": {"postgresql", "libpq"},
    "curl": {"curl", "libcurl"},
    "ncurses": {"curses", "ncurses", "ncursesw"},
}
"""What Meson looks for by the names of pkg-config, where they are others."""
_STEPS = {
    "cmake": (
        ("cmake",),
        "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build --parallel",
        "ctest --test-dir build --output-on-failure",
    ),
    "meson": (
        ("meson", "ninja-build", "pkg-config"),
        "meson setup build --buildtype=release && meson compile -C build",
        "meson test -C build --print-errorlogs",
    ),
}
"""Debian packages of the tool, how it compiles, and how it tests what it compiled."""


def detect(tree: Tree, folder: str, nested: list[str]) -> Application:
    """The project whose build file is in `folder`."""
    build = cpp_build.read(tree, folder)
    path, programs = join(folder, build.file), build.programs
    found = Found()
    for source in tree.below(folder, *_SOURCES, skip=nested):
        _read(tree, source, found)
    needs = [packages for name, packages in _LIBRARIES.items() if _PKG_CONFIG.get(name, {name}) & build.wanted]
    reason = ""
    if not programs:
        reason = f"a library: its {build.file} makes no program"
    elif found.listens is None:
        reason = "a command: nothing in it listens on a port"
    elif len(programs) > 1:
        names = ", ".join(program for program, _ in programs[:5])
        reason = f"several programs ({names}), and which is the server is not certain"
    own, place = make.commands(tree, folder), Source(path=path)
    tools, compiles, tests = _STEPS[build.manager]
    test = Command(run=f"{compiles} && {tests}", source=place)
    return application(
        tree, folder, "cpp", found, {}, 8080, reason,
        name=build.name,
        version=versions.choose("cpp", []),
        manager=build.manager,
        framework="tcp" if found.listens else "",
        entry=Source(path=programs[0][1], line=tree.line(programs[0][1], "executable")) if programs else None,
        command=["/app/server"],
        commands=Commands(
            lint=own.lint,
            build=[] if build.tested else [Command(run=compiles, source=place)],
            test=own.test or ([test] if build.tested else []),
        ),
        build_packages=sorted({*tools, *(package for build, _ in needs for package in build)}),
        run_packages=sorted({package for _, run in needs for package in run}),
        cpp=Cpp(target=programs[0][0] if programs else "", others=[program for program, _ in programs[1:]]),
    )  # fmt: skip


def _read(tree: Tree, path: str, found: Found) -> None:
    for number, row in enumerate(tree.text(path).splitlines(), 1):
        place = Source(path=path, line=number)
        for variable in _ENV.findall(row):
            found.variable(variable, place)
        if found.listens is None and _LISTENS.search(row) and not row.lstrip().startswith(("//", "*")):
            found.listens = place
        for match in _PORT.finditer(row):
            found.port(next(group for group in match.groups() if group), place)
