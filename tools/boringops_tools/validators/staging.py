"""The copies of files that programs judge in their stead.

A text that several programs are to see is written once for a whole check and linked under each program's name for it: on
a disk that has just seen many files removed, making a file takes up to ten times as long as making a link to one.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path


class Copies:
    """The texts of one check, each written once. Nobody may write to a copy: it is everybody's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written: dict[str, Path] = {}
        self._lock = threading.Lock()

    def put(self, text: str, place: Path) -> None:
        """Have a text at a place in this folder."""
        with self._lock:
            if (known := self._written.get(text)) is None:
                known = self.folder / f"{len(self._written)}"
                known.write_bytes(text.encode())
                self._written[text] = known  # once it is whole: a full disk must not have half of it judged
        try:
            os.link(known, place)
        except OSError:  # a file system without links, or with no more for this file
            place.write_bytes(text.encode())


_SHARED: contextvars.ContextVar[Copies | None] = contextvars.ContextVar("shared", default=None)


@contextlib.contextmanager
def shared() -> Iterator[Copies]:
    """Within it, the programs of a check share their copies."""
    if (outer := _SHARED.get()) is not None:
        yield outer
        return
    # A thread of a check that was called off may still be at work in it, which must not hide why it was.
    with tempfile.TemporaryDirectory(prefix="boringops-", ignore_cleanup_errors=True) as folder:
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
