"""The copies of files that programs judge in their stead.

A text that several programs are to see is written once for a whole check and linked under each program's name for it: on
a disk that has just seen many files removed, making a file takes up to ten times as long as making a link to one. And
where the system has a folder in memory with room to spare they never see a disk: two hundred files took 100 ms of it.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

_IN_MEMORY = "/dev/shm"  # noqa: S108 - Linux's own; what is made in it is ours alone
_ROOM = 512 * 1024 * 1024
"""Bytes that have to be free there: containers often have 64 MiB, and a check of a large repository takes more."""


def _folder_for_copies() -> str | None:
    """Where copies are made; null for where the system puts what is temporary, as it is where the user says where."""
    with contextlib.suppress(OSError, AttributeError):  # no Linux
        room = os.statvfs(_IN_MEMORY)
        if "TMPDIR" not in os.environ and os.access(_IN_MEMORY, os.W_OK) and room.f_bavail * room.f_frsize > _ROOM:
            return _IN_MEMORY
    return None


class Copies:
    """The texts of one check, each written once. Nobody may write to a copy: it is everybody's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written: dict[str, str] = {}
        self._lock = threading.Lock()

    def put(self, text: str, place: str) -> None:
        """Have a text at a place in this folder."""
        with self._lock:
            if (known := self._written.get(text)) is None:
                known = f"{self.folder}/{len(self._written)}"
                _write(known, text)
                self._written[text] = known  # once it is whole: a full disk must not have half of it judged
        try:
            os.link(known, place)
        except OSError:  # a file system without links, or with no more for this file
            _write(place, text)


def _write(place: str, text: str) -> None:
    with open(place, "wb") as stream:  # noqa: PTH123 - pathlib takes longer over it than the disk
        stream.write(text.encode())


_SHARED: contextvars.ContextVar[Copies | None] = contextvars.ContextVar("shared", default=None)


@contextlib.contextmanager
def shared() -> Iterator[Copies]:
    """Within it, the programs of a check share their copies."""
    if (outer := _SHARED.get()) is not None:
        yield outer
        return
    # A thread of a check that was called off may still be at work in it, which must not hide why it was.
    with tempfile.TemporaryDirectory(
        prefix="boringops-", dir=_folder_for_copies(), ignore_cleanup_errors=True
    ) as folder:
        copies = Copies(Path(folder))
        token = _SHARED.set(copies)
        try:
            yield copies
        finally:
            _SHARED.reset(token)


@contextlib.contextmanager
def workplace() -> Iterator[tuple[Path, Copies]]:
    """A folder that one program has to itself, and what brings copies into it."""
    with shared() as copies, tempfile.TemporaryDirectory(prefix="program-", dir=copies.folder) as folder:
        yield Path(folder), copies
