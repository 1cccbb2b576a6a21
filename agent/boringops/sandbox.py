"""Running a command: own session, no standard input, scrubbed environment, an end in every case.

Commands run unconfined: what a command may do is decided before, from its text (`shell`, `policy`). A backend that
confines adds its words in `_prefix` and its name in `level`.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Literal

from boringops.repository import quiet_git
from boringops.tool import Completed

Level = Literal["full", "partial", "none"]

GRACE_S = 2.0
"""How long a command that is told to end may take to do so, before it is killed."""
MAX_OUTPUT_BYTES = 10 * 1024 * 1024
TIMED_OUT = 124
"""Exit code of a command that was ended for taking too long, as `timeout` has it."""
CANCELLED = 130
_PIPE_BYTES = 65536
_PIPE_READS = 16  # a pipe holds 64 KiB, in up to 16 pages a writer may have filled singly

# What a child may know. Everything else, credentials above all, stays here.
_PASSED = re.compile(
    r"PATH|HOME|LANG|LANGUAGE|LC_\w+|TERM|TZ|TMPDIR|TMP|TEMP|USER|LOGNAME|SHELL|HOSTNAME|NIX_PATH|NIX_PROFILES"
    r"|XDG_(?:CACHE|CONFIG|DATA|STATE|RUNTIME)_\w+|SSL_CERT_(?:FILE|DIR)|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE"
    r"|VIRTUAL_ENV|CONDA_PREFIX|PYENV_ROOT|PIP_CACHE_DIR|UV_CACHE_DIR|POETRY_CACHE_DIR|PRE_COMMIT_HOME"
    r"|GOPATH|GOROOT|GOCACHE|GOMODCACHE|CARGO_HOME|RUSTUP_HOME|NVM_DIR|NODE_ENV|NPM_CONFIG_CACHE|npm_config_cache"
    r"|PNPM_HOME|YARN_CACHE_FOLDER|JAVA_HOME|MAVEN_HOME|GRADLE_USER_HOME|GEM_HOME|BUNDLE_PATH|COMPOSER_HOME"
    r"|TF_PLUGIN_CACHE_DIR|TF_DATA_DIR|HELM_CACHE_HOME|KUBECONFIG|DOCKER_CONTEXT|AWS_REGION|AWS_DEFAULT_REGION"
)
_CREDENTIAL = re.compile(r"://[^/\s:@]+:[^/\s@]+@")  # a value such as https://user:password@host

# Nothing may wait for a person or draw on a screen that is not there.
_FIXED = {
    "CI": "1",
    "NO_COLOR": "1",
    "TERM": "dumb",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    "GIT_OPTIONAL_LOCKS": "0",
    "DEBIAN_FRONTEND": "noninteractive",
    "AWS_PAGER": "",
    "TF_IN_AUTOMATION": "1",
    "TF_INPUT": "0",
    "CHECKPOINT_DISABLE": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def level() -> tuple[Level, str]:
    """How commands are confined here, and a sentence that says so."""
    return "none", (
        "commands run unconfined: each is decided from its text, in its own process group and with a scrubbed "
        "environment, but what it runs can read and write what you can"
    )


def scrubbed_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What of an environment a command gets: paths, language and caches, and that nobody is there to answer."""
    passed = {
        name: value for name, value in environment.items() if _PASSED.fullmatch(name) and not _CREDENTIAL.search(value)
    }
    return passed | _FIXED | quiet_git({})


def run(
    command: str,
    *,
    cwd: Path,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    max_output_bytes: int = MAX_OUTPUT_BYTES,
    cancel: threading.Event | None = None,
) -> Completed:
    """Run `command` in bash (sh where there is none) and wait until it has ended or was ended.

    `env` is added to the scrubbed environment. What the command started ends with it, but for processes that left its
    process group. Output over `max_output_bytes` loses its middle. Raises OSError where no shell can be started."""
    child = subprocess.Popen(
        [*_prefix(cwd), *_shell(), command],
        cwd=cwd,
        env={**scrubbed_environment(os.environ), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        assert child.stdout is not None  # noqa: S101 - it is a pipe
        output = _Output(max_output_bytes)
        with child.stdout:
            ended_by_us = _drain(child, child.stdout, output, time.monotonic() + timeout_s, cancel)
    except BaseException:  # a signal to us must not leave the child behind
        _signal(child, signal.SIGKILL)
        child.wait()
        raise
    if ended_by_us is not None:
        return Completed(ended_by_us, output.text(), timed_out=ended_by_us == TIMED_OUT)
    # As a shell tells it: 128 and the signal's number.
    return Completed(child.returncode if child.returncode >= 0 else 128 - child.returncode, output.text())


def _prefix(cwd: Path) -> list[str]:
    """Words before the shell that confine it to `cwd`. None: see `level`."""
    del cwd
    return []


def _shell() -> list[str]:
    bash = shutil.which("bash")
    return [bash, "--noprofile", "--norc", "-o", "pipefail", "-c"] if bash else ["/bin/sh", "-c"]


def _drain(
    child: subprocess.Popen[bytes],
    pipe: IO[bytes],
    output: _Output,
    deadline: float,
    cancel: threading.Event | None,
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
                    _signal(child, signal.SIGTERM)
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


# --- output ------------------------------------------------------------------------------------------

# Cursor moves, colours, titles and links of terminals; then other control characters but tab and newline.
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class _Output:
    """What was printed: the first half of the cap and the last half, and how much was between."""

    def __init__(self, cap: int) -> None:
        self.half = max(cap // 2, 1)
        self.head = bytearray()
        self.tail = bytearray()
        self.dropped = 0

    def take(self, pipe: IO[bytes]) -> bool:
        """Take what the pipe holds now, as far as one read gets it; False when nothing more can come."""
        try:
            chunk = os.read(pipe.fileno(), _PIPE_BYTES)
        except BlockingIOError:
            return False
        self.add(chunk)
        return bool(chunk)

    def add(self, chunk: bytes) -> None:
        room = self.half - len(self.head)
        self.head += chunk[:room]
        self.tail += chunk[room:] if room < len(chunk) else b""
        # Cut only now and then: each cut moves the whole tail.
        if len(self.tail) > 2 * self.half:
            self._cut()

    def _cut(self) -> None:
        over = len(self.tail) - self.half
        if over > 0:
            self.dropped += over
            del self.tail[:over]

    def text(self) -> str:
        """As a person would see it: decoded, escape sequences and control characters taken out."""
        self._cut()
        if not self.dropped:
            return visible((self.head + self.tail).decode(errors="replace"))
        head, tail = self.head.decode(errors="replace"), self.tail.decode(errors="replace")
        return f"{visible(head)}\n[... {self.dropped} bytes of output dropped ...]\n{visible(tail)}"


def visible(text: str) -> str:
    """Text without terminal escape sequences and control characters; a line redrawn with `\\r` shows its last state."""
    text = _ESCAPES.sub("", text).replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _CONTROLS.sub("", text)
