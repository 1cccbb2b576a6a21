"""What validators that look at a folder as a whole have in common: they get a copy of what belongs to it."""

from __future__ import annotations

import hashlib
import tempfile
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import ClassVar

from boringops_tools.validators.base import File, Judged, Program, Said, Unfinished, Unjudged, clean

FILE_CAP = 1024 * 1024
"""Bytes; a file of a project that is longer is not copied."""
TREE_CAP = 2000
"""Files; a project that has more is not judged."""


class Project(Program):
    """A program that judges a folder of files that belong together.

    The copy keeps their places, and holds nothing a tool would run: no plugins, no downloaded modules.
    """

    whole: ClassVar[bool] = True
    """An error in one file keeps the others from being judged."""

    @abstractmethod
    def home(self, file: File) -> PurePosixPath:
        """The folder that is judged as a whole, for a file of it."""

    @abstractmethod
    def belonging(self, root: Path, home: PurePosixPath) -> Iterable[PurePosixPath]:
        """The files that the judgement of a folder depends on, its own included."""

    @abstractmethod
    def judge(self, copy: Path, home: PurePosixPath, timeout_s: float) -> Iterable[Said | Unjudged]:
        """What there is to say of the copy of a folder. Paths are relative to the repository. Raises Unfinished."""

    def batches(self, files: Sequence[File]) -> Iterable[Sequence[File]]:
        by_home: dict[PurePosixPath, list[File]] = defaultdict(list)
        for file in files:
            by_home[self.home(file)].append(file)
        return by_home.values()

    def cache_keys(self, files: Sequence[File]) -> dict[str, str | None]:
        digests = {home: self._digest(file) for home, file in {self.home(file): file for file in files}.items()}
        return {file.path: f"{file.path}\0{digests[self.home(file)]}" for file in files}

    def _digest(self, file: File) -> str:
        """Of all that belongs to the folder of a file."""
        digest = hashlib.sha256()
        for path in self._files(file):
            digest.update(f"{path}\0".encode("utf-8", "surrogateescape"))
            digest.update(hashlib.sha256((file.root / path).read_bytes()).digest())
        return digest.hexdigest()

    def _files(self, file: File) -> list[PurePosixPath]:
        root = file.root.resolve()
        found = []
        for path in sorted(set(self.belonging(file.root, self.home(file)))):
            try:
                place = (root / path).resolve(strict=True)
                if place.is_file() and place.is_relative_to(root) and place.stat().st_size <= FILE_CAP:
                    found.append(path)
            except (OSError, RuntimeError, ValueError):
                continue
        return found

    def check(self, files: Sequence[File], timeout_s: float) -> dict[str, Judged]:
        by_path = {file.path: file for file in files}
        judged = {path: Judged() for path in by_path}
        for home in {self.home(file) for file in files}:
            inside = [file for file in files if self.home(file) == home]
            paths = self._files(inside[0])
            if len(paths) > TREE_CAP:
                raise Unfinished(f"skipped: more than {TREE_CAP} files belong to it")
            with tempfile.TemporaryDirectory(prefix="boringops-") as folder:
                copy = Path(folder) / "copy"
                for path in paths:
                    (copy / path).parent.mkdir(parents=True, exist_ok=True)
                    (copy / path).write_bytes((inside[0].root / path).read_bytes())
                (copy / home).mkdir(parents=True, exist_ok=True)
                try:
                    said = [_elsewhere(each, copy) for each in self.judge(copy, home, timeout_s)]
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    raise Unfinished(clean(f"output unreadable: {type(error).__name__} {error}")) from error
            for each in said:
                if isinstance(each, Unjudged):
                    for file in inside:
                        if each.file in ("", file.path):
                            judged[file.path].unjudged = _joined(judged[file.path].unjudged, clean(each.reason))
                elif each.file in by_path:  # what is wrong with another file of the project is said of that one
                    judged[each.file].findings.append(
                        self.finding(by_path[each.file], each.rule, each.severity, each.line, each.message, each.hint)
                    )
            wrong = [each.file for each in said if isinstance(each, Said) and each.severity == "error"]
            for file in inside if self.whole and wrong else ():
                if not judged[file.path].findings:
                    judged[file.path].unjudged = clean(f"{wrong[0]}, which belongs to it, has to be repaired first")
        return judged

    def arguments(self, names: Sequence[str]) -> list[str]:  # noqa: ARG002
        return []

    def read(self, ran: object) -> Iterable[Said | Unjudged]:  # noqa: ARG002
        return []


def _joined(said: str, reason: str) -> str:
    return said if reason in said else clean("; ".join(part for part in (said, reason) if part))


def _elsewhere(said: Said | Unjudged, copy: Path) -> Said | Unjudged:
    """Without the place of the copy, which is another one every time."""

    def shortened(text: str) -> str:
        return text.replace(f"{copy}/", "").replace(f"{copy.parent}/", "")

    if isinstance(said, Unjudged):
        return replace(said, reason=shortened(said.reason))
    return replace(said, message=shortened(said.message))
