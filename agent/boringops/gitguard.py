"""What becomes of a git that changes the repository when this process dies, or when git dies with it.

A commit is made by another process, which may outlive this one and finish, or die with it and leave its lock files
behind, so that every later git refuses to work. The guard tells the two apart: a file of the run's own, locked by a
descriptor that git and its hooks inherit. While any of them lives the lock is held; once it is free, lock files that are
younger than the guard belong to nobody.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from boringops.errors import UsageError

_GLANCE_S = 0.02
FOREIGN_S = 2.0
"""How long a lock may be another git's that is just at work, before it is taken for one that was left behind."""


@contextmanager
def guarded(guard: Path) -> Iterator[int]:
    """Begin a change by git; the descriptor is to be inherited by it. The guard is gone once this ends in any way but
    the death of the process."""
    descriptor = os.open(guard, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.utime(descriptor)
        yield descriptor
    finally:
        guard.unlink(missing_ok=True)
        os.close(descriptor)


def recover(
    guard: Path, locks: Callable[[], Sequence[Path]], *, patience_s: float, foreign_s: float = FOREIGN_S
) -> list[Path]:
    """After a crash: wait for a git that outlived it, then take away the lock files of one that did not.

    `locks` lists the lock files that there are. The ones taken away are returned. Raises UsageError where git is still
    at work after `patience_s`."""
    try:
        since, descriptor = guard.stat().st_mtime_ns, os.open(guard, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return []
    try:
        if not _within(patience_s, lambda: _is_free(descriptor)):
            raise UsageError(
                "A git of this run that was cut off is still at work, most likely in a hook of the repository.",
                hint="Wait for it or end it, then resume the run.",
                kind="busy",
            )

        def left() -> list[Path]:
            return [path for path in locks() if _modified(path) >= since]

        _within(foreign_s, lambda: not left())
        taken = left()
        for path in taken:
            path.unlink(missing_ok=True)
        guard.unlink(missing_ok=True)
        return taken
    finally:
        os.close(descriptor)


def _is_free(descriptor: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _within(seconds: float, done: Callable[[], bool]) -> bool:
    ends_at = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= ends_at:
            return False
        time.sleep(_GLANCE_S)
    return True


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return -1
