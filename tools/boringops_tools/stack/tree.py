"""A read-only view of the repository that cannot be led outside it, drowned or broken by what it holds."""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

LARGEST = 1_000_000
"""Bytes of a file that are worth reading: hand-written sources are smaller, bundles and dumps are not our concern."""

SKIPPED_FOLDERS = {
    "node_modules", ".venv", "venv", "site-packages", "vendor", "dist", "build", ".next", "out", "target",
    "testdata", "fixtures", "__fixtures__", "examples", "example", "third_party", ".git",
}  # fmt: skip
"""Folders whose sources are not the application's own."""

_TEST_FOLDERS = {"test", "tests", "__tests__", "spec", "e2e", "cypress", "mocks", "__mocks__"}
_TEST_FILE = re.compile(r"^(test_.*|conftest)\.py$|_test\.(py|go)$|\.(test|spec)\.[cm]?[jt]sx?$")

_NOT_OWN = SKIPPED_FOLDERS | _TEST_FOLDERS
_JSON_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)


class Tree:
    """The files git sees below `root`, and their text. What is missing, huge, binary or outside reads as empty."""

    def __init__(self, root: Path, files: Sequence[str]) -> None:
        self.root = root.resolve()
        self._root = str(self.root).rstrip("/")
        self.files = sorted(set(files))
        self._known = set(self.files)
        self.text = cache(self._text)
        self.json = cache(self._json)
        self.toml = cache(self._toml)
        self.memo: dict[str, Any] = {}
        """What detectors worked out once for the whole repository."""

    def __contains__(self, path: str) -> bool:
        return path in self._known

    def _text(self, path: str) -> str:
        """The file's text without a byte order mark; empty where it cannot or should not be read."""
        if path not in self._known:
            return ""
        real = os.path.realpath(f"{self._root}/{path}")
        if not real.startswith(f"{self._root}/"):
            return ""
        try:
            with open(real, "rb") as file:  # noqa: PTH123 - it has to be fast
                state = os.fstat(file.fileno())
                if not stat.S_ISREG(state.st_mode) or state.st_size > LARGEST:
                    return ""
                content = file.read()
            return content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
        except OSError:
            return ""

    def _json(self, path: str) -> dict[str, Any]:
        """An object out of JSON, comments and trailing commas allowed; empty where it is broken or no object."""
        text = _JSON_COMMENT.sub(lambda found: found[1] or " ", self.text(path))
        try:
            value = json.loads(_TRAILING_COMMA.sub(lambda found: found[1] or "", text))
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def _toml(self, path: str) -> dict[str, Any]:
        """A TOML file's table; empty where it is broken."""
        try:
            return tomllib.loads(self.text(path))
        except (tomllib.TOMLDecodeError, RecursionError):
            return {}

    def line(self, path: str, needle: str) -> int | None:
        """The first line of the file that has `needle`, counted from 1."""
        for number, line in enumerate(self.text(path).splitlines(), 1):
            if needle in line:
                return number
        return None

    @cached_property
    def _own(self) -> list[str]:
        own: dict[str, bool] = {}
        found = []
        for path in self.files:
            folder, _, name = path.rpartition("/")
            if folder not in own:
                own[folder] = _NOT_OWN.isdisjoint(folder.split("/"))
            if own[folder] and not (("test" in name or "spec" in name) and _TEST_FILE.search(name)):
                found.append(path)
        return found

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self._own:
            found.setdefault(path.rpartition("/")[2], []).append(path)
        return found

    @cached_property
    def top(self) -> list[str]:
        """Files right in the root."""
        return [path for path in self.files if "/" not in path]

    def below(self, folder: str, *suffixes: str, skip: Sequence[str] = ()) -> Iterator[str]:
        """Own source files below `folder` with one of the suffixes, without the folders in `skip`, tests left out."""
        for path in _within(self._own, folder):
            if suffixes and not path.endswith(suffixes):
                continue
            if not any(path.startswith(f"{other}/") for other in skip):
                yield path

    def own(self, *names: str) -> list[str]:
        """Own files of one of the names, wherever they are."""
        return [path for name in names for path in self._by_name.get(name, [])]

    def all_below(self, folder: str) -> Sequence[str]:
        """Every file below `folder`, tests and vendored ones too."""
        return _within(self.files, folder)

    def named(self, folder: str, *names: str) -> list[str]:
        """Those of `names` that exist right in `folder`, in the order given."""
        return [name for name in names if (f"{folder}/{name}" if folder else name) in self]


def _within(files: list[str], folder: str) -> list[str]:
    """Those of the sorted `files` that are below `folder`."""
    if not folder:
        return files
    return files[bisect_left(files, f"{folder}/") : bisect_left(files, f"{folder}0")]  # `0` comes right after `/`


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def table(value: Any, *keys: str) -> dict[str, Any]:
    """The object under `keys`, or an empty one: other people's manifests have anything anywhere."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def words(value: Any) -> list[str]:
    """The strings of a list, whatever else is in it."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
