"""Running a command: own session, no standard input, scrubbed environment, an end in every case.

What a command may do is decided before, from its text (`shell`, `policy`); a backend confines what it then does.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO

from boringops.sandbox.base import Backend, Box, Launch
from boringops.sandbox.environment import scrubbed_environment
from boringops.sandbox.git_guard import GitGuard
from boringops.sandbox.output import Output
from boringops.tool import Completed

GRACE_S = 2.0
"""How long a command that is told to end may take to do so, before it is killed."""
MAX_OUTPUT_BYTES = 10 * 1024 * 1024
TIMED_OUT = 124
"""Exit code of a command that was ended for taking too long, as `timeout` has it."""
CANCELLED = 130
TAMPERED = 125
"""Exit code of a command that succeeded, but for what had to be put back behind it."""
_PIPE_READS = 16  # a pipe holds 64 KiB, in up to 16 pages a writer may have filled singly


def run(
    command: str,
    *,
    cwd: Path,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    max_output_bytes: int = MAX_OUTPUT_BYTES,
    cancel: threading.Event | None = None,
    backend: Backend | None = None,
    box: Box | None = None,
) -> Completed:
    """Run `command` in bash (sh where there is none) and wait until it has ended or was ended.

    `env` is added to the scrubbed environment. `backend` confines it to `box` (default: it may write `cwd` and has no
    network); without one it runs unconfined. What the command started ends with it, unconfined but for processes that
    left its process group. Output over `max_output_bytes` loses its middle. Raises OSError where nothing can be started."""
    argv, known = [*_shell(), command], {**scrubbed_environment(os.environ), **(env or {})}
    if backend is None:
        return _run(Launch(argv, known), cwd, timeout_s, max_output_bytes, cancel)
    box = box or Box(cwd.resolve())
    watched = box.writable and not box.git_writable and not backend.hides_git
    guard = GitGuard(box.root, box.git_folders()) if watched else None
    try:
        with backend.launch(argv, box, known) as launch:
            done = _run(launch, box.root, timeout_s, max_output_bytes, cancel)
    finally:
        tampered = guard.put_back() if guard else []
    if tampered:
        note = f"[.git belongs to git and the runtime, and was put back: {', '.join(tampered)}]"
        done = replace(done, exit_code=done.exit_code or TAMPERED, output=f"{done.output.rstrip()}\n{note}\n".lstrip())
    return done


def _run(
    launch: Launch, cwd: Path, timeout_s: float, max_output_bytes: int, cancel: threading.Event | None
) -> Completed:
    child = subprocess.Popen(
        launch.argv,
        cwd=cwd,
        env=launch.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=launch.pass_fds,
    )
    try:
        assert child.stdout is not None  # noqa: S101 - it is a pipe
        output = Output(max_output_bytes)
        with child.stdout:
            ended_by_us = _drain(child, child.stdout, output, time.monotonic() + timeout_s, cancel, launch.ask)
    except BaseException:  # a signal to us must not leave the child behind
        with contextlib.suppress(subprocess.TimeoutExpired):
            launch.ask(child.pid)  # a backend's own process takes with it what left the group
            child.wait(GRACE_S)
        _signal(child, signal.SIGKILL)
        child.wait()
        raise
    if ended_by_us is not None:
        return Completed(
            ended_by_us, output.text(), timed_out=ended_by_us == TIMED_OUT, cancelled=ended_by_us == CANCELLED
        )
    # As a shell tells it: 128 and the signal's number.
    return Completed(child.returncode if child.returncode >= 0 else 128 - child.returncode, output.text())


def _shell() -> list[str]:
    bash = shutil.which("bash")
    return [bash, "--noprofile", "--norc", "-o", "pipefail", "-c"] if bash else ["/bin/sh", "-c"]


def _drain(
    child: subprocess.Popen[bytes],
    pipe: IO[bytes],
    output: Output,
    deadline: float,
    cancel: threading.Event | None,
    ask: Callable[[int], None],
) -> int | None:
    """Collect output until the shell exits, however long others hold its pipe. The exit code if we ended it."""
    os.set_blocking(pipe.fileno(), False)
    code: int | None = None
    with selectors.DefaultSelector() as ready, _exit_of(child) as exited:
        ready.register(pipe, selectors.EVENT_READ)
        ready.register(exited, selectors.EVENT_READ)
        try:
            while not _has_exited(child):
                now = time.monotonic()
                if code is None and (now >= deadline or (cancel is not None and cancel.is_set())):
                    code = CANCELLED if now < deadline else TIMED_OUT
                    ask(child.pid)
                    deadline = now + GRACE_S
                elif code is not None and now >= deadline:
                    _signal(child, signal.SIGKILL)
                    deadline = now + GRACE_S
                # A cancel is an event of a thread, which nothing can select on: look ten times a second.
                wait = deadline - now if cancel is None else min(deadline - now, 0.1)
                for key, _ in ready.select(max(wait, 0)):
                    if key.fileobj is pipe and not output.take(pipe):
                        ready.unregister(pipe)
        finally:
            # What it left in the background ends with it, and what it had printed is still in the pipe.
            _signal(child, signal.SIGKILL)
            child.wait()
        # All that a pipe can hold and no more: a process that left the group could write to it for ever.
        for _ in range(_PIPE_READS):
            if not output.take(pipe):
                break
    return code


@contextlib.contextmanager
def _exit_of(child: subprocess.Popen[bytes]) -> Iterator[int]:
    """A descriptor that becomes readable when the child exits."""
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):  # a kernel or a seccomp profile may not have it
            descriptor = os.pidfd_open(child.pid)
            try:
                yield descriptor
            finally:
                os.close(descriptor)
            return
    reading, writing = os.pipe()

    def watch() -> None:
        with contextlib.suppress(ChildProcessError):  # waited for elsewhere: so it has ended
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        os.close(writing)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield reading
    finally:
        watcher.join()
        os.close(reading)


def _has_exited(child: subprocess.Popen[bytes]) -> bool:
    """Whether it has, without reaping it: until then its id, and the group's, cannot become another's."""
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal the whole group of a child that was not reaped yet."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
