"""The files of a repository as text, or why they are none."""

from __future__ import annotations

import contextlib
import contextvars
import errno
import os
import stat
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from boringops_tools.validators.base import File, clean

SIZE_CAP = 5 * 1024 * 1024
"""Bytes; no infrastructure file is longer, and some validators take minutes for what is."""
T = TypeVar("T")
_KNOWN: contextvars.ContextVar[dict[tuple[Path, Hashable], Any] | None] = contextvars.ContextVar("known", default=None)


@contextlib.contextmanager
def read_once() -> Iterator[None]:
    """Within it a file is read from the disk once, by whoever asks for it: one check sees one state of it."""
    token = _KNOWN.set({}) if _KNOWN.get() is None else None
    try:
        yield
    finally:
        if token is not None:
            _KNOWN.reset(token)


def once(root: Path, make: Callable[[Path], T]) -> T:
    """`make(root)`, made once for a check: what many validators or batches ask of the repository as a whole."""
    return _once(root, make, lambda: make(root))


def read_file(root: Path, path: str) -> File | str:
    """A file of the repository as text, or why it cannot be judged."""
    return _once(root, path, lambda: _read_file(root, path))


def _once(root: Path, what: Hashable, make: Callable[[], T]) -> T:
    known = _KNOWN.get()
    if known is None:
        return make()
    if (root, what) not in known:
        known[root, what] = make()
    made: T = known[root, what]
    return made


def _read_file(root: Path, path: str) -> File | str:
    place = root / path
    try:
        real, home = os.path.realpath(place, strict=True), os.path.realpath(root)
        if not real.startswith(home.rstrip("/") + "/"):
            return "skipped: it lies outside the repository"
        there = os.stat(real)  # noqa: PTH116 - pathlib takes longer over it than the disk, and this is done for each file
        if not stat.S_ISREG(there.st_mode):
            return "skipped: it is no file"
        if there.st_size > SIZE_CAP:
            return f"skipped: {there.st_size // 1024**2} MiB is more than {SIZE_CAP // 1024**2} MiB"
        with open(real, "rb") as stream:  # noqa: PTH123
            content = stream.read()
    except FileNotFoundError:
        return f"skipped: {'what its symbolic link names is not here' if place.is_symlink() else 'it does not exist'}"
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) == errno.ELOOP:
            return "skipped: its symbolic links go round in a circle"
        return clean(f"skipped: it cannot be read: {getattr(error, 'strerror', None) or error}")
    if b"\0" in content:
        return "skipped: it is a binary file"
    try:
        return File(root, path, content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return "skipped: it is not UTF-8 text"
