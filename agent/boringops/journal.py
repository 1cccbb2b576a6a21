"""The run's events on disk: append-only, synced, one writer, readable after any crash.

`Store` is the few calls a fleet would implement to keep journals elsewhere; `FolderStore` keeps them in the
repository's common git directory. Everything on its way into a journal passes `mask`, the one funnel for secrets:
requests, screens, reports and results are all derived from events and so never hold more than the journal does.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from boringops.errors import BoringopsError, UsageError
from boringops.events import FORMAT, Event, parse
from boringops.files import sync_folder

EVENTS_FILE = "events.jsonl"


class Busy(UsageError):
    """Another run is writing here."""

    kind = "busy"


class Store(Protocol):
    """Where the journals of a repository are."""

    def append(self, run_id: str, line: str, *, durable: bool) -> None:
        """Add one line at the end; with `durable`, on the disk when the call returns."""

    def read(self, run_id: str) -> Iterator[str]:
        """The complete lines, oldest first. A torn last line, left by a crash, is not given."""

    def list(self) -> list[str]:
        """Ids of all runs, oldest first."""

    def lock(self, run_id: str) -> Any:
        """A context in which this process alone writes to the run. Raises Busy."""

    def folder(self, run_id: str) -> Path:
        """A folder of the run's own for what does not fit an event: long outputs, contents before a change."""


class FolderStore:
    """Journals as `<base>/<run-id>/events.jsonl`, folders 0700 and files 0600."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self._open: dict[str, int] = {}

    def folder(self, run_id: str) -> Path:
        path = self.base / run_id
        if not path.is_dir():
            path.mkdir(parents=True, mode=0o700)
            sync_folder(self.base)
        return path

    def append(self, run_id: str, line: str, *, durable: bool) -> None:
        descriptor = self._open.get(run_id)
        if descriptor is None:
            descriptor = self._open[run_id] = self._open_for_append(run_id)
        data = line.encode() + b"\n"
        whole = os.fstat(descriptor).st_size
        try:
            while data:
                data = data[os.write(descriptor, data) :]
            if durable:
                os.fdatasync(descriptor)
        except OSError as error:
            with suppress(OSError):  # half a line in the middle would make all that follows unreadable
                os.ftruncate(descriptor, whole)
            raise BoringopsError(
                f"The journal of run {run_id} cannot be written: {error.strerror}.",
                hint=f"Make room or mend {self.base}, then: boringops resume {run_id}",
                kind="journal",
            ) from error

    def _open_for_append(self, run_id: str) -> int:
        path = self.folder(run_id) / EVENTS_FILE
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(descriptor, _whole_lines(path))
        sync_folder(path.parent)
        return descriptor

    def read(self, run_id: str) -> Iterator[str]:
        path = self.base / run_id / EVENTS_FILE
        if not path.is_file():
            raise UsageError(f"There is no run {run_id} here.", hint="`boringops runs` lists them.")
        left = _whole_lines(path)
        with path.open("rb") as lines:
            for line in lines:
                left -= len(line)
                if left < 0:
                    return
                yield line.decode()

    def list(self) -> list[str]:
        if not self.base.is_dir():
            return []
        return sorted(path.name for path in self.base.iterdir() if (path / EVENTS_FILE).is_file())

    @contextmanager
    def lock(self, run_id: str) -> Iterator[None]:
        """Two locks: the run has one writer, and the work tree one run at a time."""
        with _flock(self.folder(run_id) / "lock", run_id, f"Run {run_id} is being worked on by another process"):
            try:
                yield
            finally:
                descriptor = self._open.pop(run_id, None)
                if descriptor is not None:
                    os.close(descriptor)


@contextmanager
def work_tree_lock(state_dir: Path, root: Path, run_id: str = "") -> Iterator[None]:
    """Keep two runs from mixing their changes in one work tree. Raises Busy, which names the run that is there."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = "".join(char if char.isalnum() else "-" for char in str(root)).strip("-")[-120:]
    with _flock(state_dir / f"{name}.lock", run_id, f"Another boringops run is at work in {root}"):
        yield


@contextmanager
def _flock(path: Path, run_id: str, message: str) -> Iterator[None]:
    """A lock that ends with its process, however that ends. Its file says who has it; what it says counts while locked."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            who = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
            raise Busy(
                f"{message}: {who or 'it did not say which'}.",
                hint="Wait for it to end, or use --worktree to work beside it.",
            ) from error
        with suppress(OSError):  # on a full disk the lock holds all the same
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{f'run {run_id}, ' if run_id else ''}process {os.getpid()}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _whole_lines(path: Path) -> int:
    """Length in bytes up to the last line that parses: a crash may tear the end, and a full disk leave zeros."""
    data = path.read_bytes()
    end = len(data)
    while end:
        end = data.rfind(b"\n", 0, end) + 1
        start = data.rfind(b"\n", 0, max(end - 1, 0)) + 1
        try:
            json.loads(data[start:end])
        except ValueError:
            end = start
        else:
            break
    return end


class Journal:
    """The events of one run. `append` returns the event as it was recorded: masked, numbered, dated."""

    def __init__(self, store: Store, run_id: str, *, mask: Callable[[Any], Any] = lambda value: value) -> None:
        self.store = store
        self.run_id = run_id
        self._mask = mask
        self._next = 0

    def read(self) -> Iterator[Event]:
        """Every event so far, oldest first. Raises UsageError for a journal that cannot be understood."""
        for number, line in enumerate(self.store.read(self.run_id), 1):
            event = self._parse(number, line)
            self._next = event.seq + 1
            yield event

    def _parse(self, number: int, line: str) -> Event:
        try:
            data = json.loads(line)
            written = data.get("format", 1) if data.get("type") == "run_started" else 1
            if written <= FORMAT:
                return parse(data)
        except (ValueError, TypeError, AttributeError) as error:  # pydantic's are ValueErrors
            raise UsageError(
                f"The journal of run {self.run_id} is damaged in line {number}.",
                hint=f"What it changed is kept in {self.store.folder(self.run_id)}. Start the task again.",
                kind="journal",
            ) from error
        raise UsageError(
            f"Run {self.run_id} was written by boringops {data.get('boringops')}, in a newer format ({written}) than this "
            f"one reads ({FORMAT}).",
            hint="Update boringops to go on with it.",
            kind="journal",
        )

    def append(self, event: Event) -> Event:
        """Record an event. Raises BoringopsError where the disk does not take it."""
        data = self._mask(event.model_dump(mode="json"))
        data["seq"], data["at"] = self._next, datetime.now(UTC).isoformat(timespec="milliseconds")
        self.store.append(
            self.run_id, json.dumps(data, ensure_ascii=False, separators=(",", ":")), durable=type(event).durable
        )
        self._next += 1
        return type(event).model_validate(data)
