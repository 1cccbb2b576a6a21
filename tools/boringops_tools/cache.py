"""What was found out about content that has not changed since: one small database, safe with several processes at once.

A cache that is absent, damaged, locked or cannot be written costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from boringops import secrets

MOST_BYTES = 64 * 1024 * 1024
"""What it may hold; beyond that, what was not asked for longest goes."""
_NAME = "checks.sqlite"
_DAY = 86400


class Cache:
    """Texts by key. Reads go to the disk, writes are kept until `close`: one transaction, however much was found out.

    Made with no folder it holds nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._lock = threading.Lock()
        self._new: dict[bytes, str] = {}
        self._used: set[bytes] = set()
        self._database = _open(folder / _NAME) if folder else None

    @property
    def on(self) -> bool:
        """Whether it remembers anything at all."""
        return self._database is not None

    def get(self, key: bytes) -> str | None:
        with self._lock:
            if self._database is None:
                return None
            if key in self._new:
                return self._new[key]
            with contextlib.suppress(sqlite3.Error):
                row = self._database.execute("SELECT text, used FROM known WHERE key = ?", (key,)).fetchone()
                if row is not None:
                    if row[1] < time.time() - _DAY:  # a day is exact enough to know what is out of use
                        self._used.add(key)
                    return str(row[0])
        return None

    def put(self, key: bytes, text: str) -> None:
        if self._database is not None:
            with self._lock:
                self._new[key] = text

    def close(self) -> None:
        """Write what is new, and let go of what is too much."""
        with self._lock:  # a thread of a check that was called off may still be asking
            database, self._database = self._database, None
        if database is None:
            return
        now = int(time.time())
        with contextlib.suppress(sqlite3.Error):
            if self._new or self._used:
                with database:
                    rows = [(key, text, len(text), now) for key, text in self._new.items()]
                    database.executemany("INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?)", rows)
                    database.executemany("UPDATE known SET used = ? WHERE key = ?", [(now, key) for key in self._used])
                    _prune(database)
        with contextlib.suppress(sqlite3.Error):
            database.close()


@contextlib.contextmanager
def opened(folder: Path | None) -> Iterator[Cache]:
    """A cache for the time of one check; what was found out stays, however the check ends."""
    cache = Cache(folder)
    try:
        yield cache
    finally:
        cache.close()


def key_of(*parts: str) -> bytes:
    """A key for all that a text depends on."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogateescape")
        digest.update(b"%d:" % len(raw))
        digest.update(raw)
    return digest.digest()


@functools.cache
def our_version() -> str:
    """What changes whenever our own rules do: the files of both packages, as they are on this machine."""
    packages = (Path(__file__).parent, Path(secrets.__file__).parent)
    return _state_of(place for package in packages for place in sorted(package.rglob("*.py")))


def _state_of(places: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for place in places:
        with contextlib.suppress(OSError):
            there = place.stat()
            digest.update(f"{place}\0{there.st_size}\0{there.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _open(place: Path) -> sqlite3.Connection | None:
    for _ in range(2):
        try:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            database = sqlite3.connect(place, timeout=2, check_same_thread=False)
            database.execute("PRAGMA synchronous = OFF")  # what a power cut takes is found out again
            database.execute(
                "CREATE TABLE IF NOT EXISTS known (key BLOB PRIMARY KEY, text TEXT, size INTEGER, used INTEGER) WITHOUT ROWID"
            )
            database.execute("SELECT size FROM known LIMIT 1").fetchone()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                return None  # locked, full or not ours to write
            with contextlib.suppress(OSError):
                place.unlink()  # no database: made anew
        except OSError:
            return None
        else:
            return database
    return None


def _prune(database: sqlite3.Connection) -> None:
    [(total,)] = database.execute("SELECT COALESCE(SUM(size), 0) FROM known")
    if total <= MOST_BYTES:
        return
    for key, size in database.execute("SELECT key, size FROM known ORDER BY used, key").fetchall():
        database.execute("DELETE FROM known WHERE key = ?", (key,))
        total -= size
        if total <= MOST_BYTES * 3 // 4:
            break
