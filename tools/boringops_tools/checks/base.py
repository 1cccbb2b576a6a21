"""What a check is: a rule that holds parsed files against what their format demands.

To add one: an entry in `RULES` of the module of its kind, with repositories that must and must not raise it. The examples
run as tests, so a rule without them does not pass. A rule speaks only where it is sure: a name that another file may
bring (an include, a template, an override) is no finding.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from boringops.facts import Severity
from boringops_tools.ignoring import Ignoring
from boringops_tools.red_flags.base import Hit
from boringops_tools.validators import read_file
from boringops_tools.validators.base import File
from boringops_tools.yaml_files import Unreadable, documents, is_yaml, line_of, template_reason

if TYPE_CHECKING:
    from boringops.repository import Repository
    from boringops_tools.stack import Stack

__all__ = ["MOST_SIBLINGS", "Files", "Hit", "Rule", "at", "listed", "mapping", "scalar", "text_of"]

MOST_SIBLINGS = 200
"""Files of one folder that are read for the sake of another one; where there are more, what they say is not known."""
_MOST_SOURCES = 500


class Files:
    """The repository as rules see it: each file read and parsed once. What cannot be read holds nothing."""

    def __init__(self, root: Path, base: str = "HEAD", *, texts: Mapping[str, str] = MappingProxyType({})) -> None:
        self.root = root
        self.texts = texts
        """What files are to be taken for, instead of what is on the disk, by path."""
        self.base = base
        """The commit that a change is a change of."""
        self.file = functools.lru_cache(maxsize=512)(self._file)
        self._listed = functools.lru_cache(maxsize=64)(self._listing)
        self._memory: dict[tuple[Any, ...], Any] = {}

    def _file(self, path: str) -> File | None:
        file = File(self.root, path, self.texts[path]) if path in self.texts else read_file(self.root, path)
        return file if isinstance(file, File) else None

    def text(self, path: str) -> str:
        file = self.file(path)
        return file.text if file else ""

    @functools.cached_property
    def changed(self) -> frozenset[str]:
        """The files that are not as `base` has them; empty outside of a repository and before the first commit."""
        from boringops.repository import GitFailed

        if self.repository is None:
            return frozenset()
        try:
            return frozenset(
                self.repository.git("diff", "--name-only", "--no-renames", "-z", self.base, "--").split("\0")
            )
        except GitFailed:
            return frozenset()

    @functools.cached_property
    def gone(self) -> frozenset[str]:
        """The files of `base` that are no longer there."""
        return frozenset(each for each in self.changed if each and not os.path.lexists(self.root / each))

    @property
    def base_commit(self) -> str:
        """Id of the commit `base`; empty outside of a repository and before the first commit."""
        from boringops.repository import GitFailed

        try:
            return self.repository.git("rev-parse", "--verify", "--quiet", self.base) if self.repository else ""
        except GitFailed:
            return ""

    def before(self, path: str) -> str | None:
        """A file as it was before the change; null where it was not there, or where nothing is known of before."""
        content = self.repository.content_at(self.base, path) if self.repository and path in self.changed else None
        return None if content is None else content.decode("utf-8", "replace")

    def documents(self, path: str) -> tuple[Any, ...]:
        """The YAML documents of a file; none where it is broken or has to be rendered first: validators say so."""
        file = self.file(path)
        if file is None or (is_yaml(path) and template_reason(file)):
            return ()
        try:
            return documents(file.text)
        except Unreadable:
            return ()

    @functools.cached_property
    def repository(self) -> Repository | None:
        """The git repository whose root this is; null outside of one."""
        from boringops.errors import BoringopsError
        from boringops.repository import Repository

        try:
            repository = Repository(self.root)
        except BoringopsError:
            return None
        return repository if repository.root == self.root.resolve() else None

    @functools.cached_property
    def all(self) -> tuple[str, ...]:
        """What git sees; outside of a repository, what is there."""
        if self.repository is not None:
            return tuple(self.repository.files())
        found = (path for path in sorted(self.root.rglob("*")) if path.is_file())
        return tuple(path.relative_to(self.root).as_posix() for path in found)

    @property
    def state(self) -> str:
        """What changes when any file changes, as git itself tells: by size, times and place on the disk."""
        digest = hashlib.sha256()
        for path in self.all:
            try:
                there = os.lstat(f"{self.root}/{path}")
            except (OSError, ValueError):
                continue
            told = f"{there.st_mode} {there.st_size} {there.st_mtime_ns} {there.st_ctime_ns} {there.st_ino}"
            digest.update(f"{path}\0{told}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    @functools.cached_property
    def _ignoring(self) -> Ignoring:
        return Ignoring(
            {path.removesuffix(".gitignore"): self.text(path) for path in self.by_name.get(".gitignore", ())}
        )

    def ignored(self, path: str) -> bool:
        """Whether git ignores a path: something makes that file where it is needed."""
        return self._ignoring.leaves_out(path)

    @functools.cached_property
    def folders(self) -> frozenset[str]:
        """All folders that hold files, the root left out."""
        return frozenset(folder.as_posix() for each in self.all for folder in PurePosixPath(each).parents) - {"."}

    @functools.cached_property
    def by_name(self) -> dict[str, list[str]]:
        """The paths of all files by the last part of their names."""
        found: dict[str, list[str]] = {}
        for path in self.all:
            found.setdefault(path.rpartition("/")[2], []).append(path)
        return found

    @functools.cached_property
    def known(self) -> frozenset[str]:
        return frozenset(self.all)

    def siblings(self, path: str) -> Sequence[str]:
        """The files in the folder of a file, itself included, by what is on disk."""
        folder, slash, _ = path.rpartition("/")
        return self._listed(folder + slash) or (path,)

    def _listing(self, folder: str) -> tuple[str, ...]:
        try:
            return tuple(folder + name for name in sorted(os.listdir(f"{self.root}/{folder}")))  # noqa: PTH208 - names are wanted
        except OSError:
            return ()

    @functools.cached_property
    def stack(self) -> Stack:
        """The applications; none where there are so many sources that reading them all takes too long."""
        from boringops_tools.stack import Stack, detect

        sources = sum(path.endswith((".go", ".py", ".js", ".ts", ".jsx", ".tsx", ".mjs", ".cjs")) for path in self.all)
        return detect(self.root, self.all) if sources <= _MOST_SOURCES else Stack()

    def once(self, make: Callable[..., Any], *arguments: Any) -> Any:
        """`make(files, *arguments)`, remembered: several rules look at one thing made of a file or a folder."""
        key = (make, *arguments)
        if key not in self._memory:
            if len(self._memory) > 1024:  # ten thousand files are looked at one after the other
                self._memory.clear()
            self._memory[key] = make(self, *arguments)
        return self._memory[key]


@dataclass(frozen=True)
class Rule:
    id: str
    severity: Severity
    reason: str
    """What comes of it or the way out, in a sentence; a reader gets it as a hint."""
    source: str
    """What the format's own reference says that makes a hit certain."""
    applies: Callable[[str], bool]
    check: Callable[[Files, str], Iterable[Hit]]
    bad: Sequence[Mapping[str, str]]
    """Repositories, path to text, of which some file must raise it."""
    good: Sequence[Mapping[str, str]]
    """Repositories of which no file may raise it, the near misses above all."""
    of_gone: bool = False
    """Whether it is asked about files that the change takes away, too."""
    alone: bool = False
    """Whether it reads nothing but the file: what it held against an earlier text of it can be told."""
    was: Mapping[str, str] = field(default_factory=dict)
    """What the repositories were before, for a rule that holds a change against it."""


# --- reading documents that may have any shape ------------------------------------------------------------------------


def mapping(value: Any, *keys: str) -> Mapping[Any, Any]:
    """The mapping under `keys`, or an empty one."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def scalar(value: Any) -> str | int | None:
    """A name or a number, which may be looked up in a set; null for anything else."""
    return value if isinstance(value, str | int) and not isinstance(value, bool) else None


def text_of(value: Any) -> str:
    """A scalar as text; empty for anything else."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def at(*places: tuple[Any, Any]) -> int | None:
    """The line of the first (parent, key) that has one: what an anchor brings has none of its own."""
    return next((line for parent, key in places if (line := line_of(parent, key)) is not None), None)
