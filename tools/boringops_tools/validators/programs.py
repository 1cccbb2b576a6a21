"""Running a program so that it ends: by itself, by its time, or with the check that it is part of."""

from __future__ import annotations

import contextlib
import contextvars
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from boringops.errors import Interrupted

OUTPUT_CAP = 32 * 1024 * 1024
_LOOK = 0.1
"""Seconds between two looks at whether the check was called off, where nothing says so by itself."""


@dataclass(frozen=True)
class Ran:
    exit_code: int
    stdout: str
    stderr: str


class Stopping:
    """What runs for one check, to be ended as a whole: no program of it outlives it, and none starts after."""

    def __init__(self, cancel: threading.Event | None = None) -> None:
        self._cancel = cancel or threading.Event()
        self._lock = threading.Lock()
        self._stopped = False
        self._running: set[subprocess.Popen[bytes]] = set()
        self.busy = threading.Event()
        """Set once as many programs run as there are cores."""

    @property
    def stopped(self) -> bool:
        return self._stopped or self._cancel.is_set()

    def go_on(self) -> None:
        """Raises Interrupted where the check was called off."""
        if self.stopped:
            raise Interrupted("The check was called off.")

    def start(self, make: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        with self._lock:
            self.go_on()
            process = make()
            self._running.add(process)
            if len(self._running) >= (os.cpu_count() or 2):
                self.busy.set()
            return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """End whatever is left of a program's group, the children of an ended program included."""
        _kill(process)
        process.wait()
        with self._lock:
            self._running.discard(process)

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            for process in self._running:
                _kill(process)


_CURRENT: contextvars.ContextVar[Stopping | None] = contextvars.ContextVar("stopping", default=None)


@contextlib.contextmanager
def stoppable(cancel: threading.Event | None = None) -> Iterator[Stopping]:
    """The check that programs belong to which are run in here; whatever ends it early ends them."""
    outer = _CURRENT.get()
    if outer is not None:
        yield outer
        return
    current = Stopping(cancel)
    token = _CURRENT.set(current)
    try:
        yield current
    except BaseException:
        current.stop()
        raise
    finally:
        _CURRENT.reset(token)


def go_on() -> None:
    """To be called between two pieces of work. Raises Interrupted where the check was called off."""
    if (current := _CURRENT.get()) is not None:
        current.go_on()


class DidNotRun(Exception):
    """A program did not come to an end of its own; the message is why."""


def run_program(command: Sequence[str], *, cwd: Path, home: Path, timeout_s: float) -> Ran:
    """Run a program in its own process group, without standard input, with no more environment than it needs.

    Output goes through files: a grandchild that keeps a pipe open could hold us up for ever. Raises DidNotRun, and
    Interrupted where the check is called off."""
    current = _CURRENT.get() or Stopping()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                list(command), cwd=cwd, env=_environment(home), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=True,
            )  # fmt: skip

        try:
            process = current.start(start)
        except (OSError, ValueError) as error:
            raise DidNotRun(f"could not be started: {error}") from error
        try:
            if not _wait(process, timeout_s, current):
                current.go_on()
                raise DidNotRun(f"timed out after {timeout_s:g} s")
        finally:
            current.end(process)
        current.go_on()
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read(OUTPUT_CAP + 1).decode("utf-8", "replace"))
    if len(texts[0]) > OUTPUT_CAP:
        raise DidNotRun("output unreadable: more than 32 MiB")
    return Ran(process.returncode, *texts)


def _wait(process: subprocess.Popen[bytes], timeout_s: float, current: Stopping) -> bool:
    """Whether it ended by itself in time. Woken by its end: most validators are done sooner than a sleep is."""
    ends_at = time.monotonic() + timeout_s
    try:
        handle = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # no Linux, or no descriptor left
        handle = -1
    try:
        while process.poll() is None:
            left = ends_at - time.monotonic()
            if left <= 0 or current.stopped:
                return False
            if handle >= 0:
                select.select([handle], [], [], min(left, _LOOK))
            else:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(min(left, _LOOK))
    finally:
        if handle >= 0:
            os.close(handle)
    return True


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _environment(home: Path) -> Mapping[str, str]:
    beside = str(Path(sys.executable).parent)
    return {
        "PATH": os.pathsep.join([beside, os.environ.get("PATH", os.defpath)]),
        "HOME": str(home), "XDG_CONFIG_HOME": str(home), "TMPDIR": str(home),
        "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "TERM": "dumb", "PYTHONUTF8": "1",
        "CHECKPOINT_DISABLE": "1",  # Terraform would ask whether there is a newer one
        # The wheels' own start-up scripts are found by this where the environment is not activated.
        **({"VIRTUAL_ENV": sys.prefix} if sys.prefix != sys.base_prefix else {}),
    }  # fmt: skip
