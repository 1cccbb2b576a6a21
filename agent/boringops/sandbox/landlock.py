"""Partial confinement where user namespaces are forbidden: Landlock, seccomp, limits and no capabilities.

Landlock (Linux 5.13) only ever grants: what is to be hidden is what no rule names. It knows nothing of UDP and of unix
sockets by path, so without a network a command can make no socket at all. It cannot keep a folder inside a writable one
from being written: `.git` is looked after by `git_guard`. `launcher` carries it out, as the process that becomes the
command's parent. Numbers are of include/uapi/linux/landlock.h.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from boringops.sandbox import hidden, seccomp
from boringops.sandbox.base import Box, Launch

_CREATE_RULESET, _ASK_VERSION = 444, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE, _IOCTL = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 15
_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_ALL = (1 << 16) - 1  # from 5 on, with ioctl on devices
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


@functools.cache
def abi() -> int:
    """Landlock's version in the running kernel; 0 where it has none, or has it switched off."""
    if sys.platform != "linux" or not seccomp.supported():
        return 0
    return max(int(ctypes.CDLL(None).syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)), 0)


@dataclass(frozen=True)
class Landlock:
    """The kernel's Landlock, at this ABI."""

    version: str
    name: str = "landlock"
    hides_git: bool = False

    @contextlib.contextmanager
    def launch(self, argv: Sequence[str], box: Box, env: Mapping[str, str]) -> Iterator[Launch]:
        number = int(self.version)
        handled = _BY_ABI.get(number, _ALL)
        with tempfile.TemporaryDirectory(prefix="boringops-", ignore_cleanup_errors=True) as own:
            scratch, empty_home = Path(own, "tmp"), Path(own, "home")
            scratch.mkdir()
            empty_home.mkdir()
            programs = hidden.toolchains(env)
            _link_home(empty_home, hidden.home(env), programs)
            granted = {Path(os.path.realpath(path)) for path in box.grants if hidden.present(path)}
            shown = [*programs, box.root, *box.write]
            secret = {Path(os.path.realpath(path)) for path in hidden.secrets(env, shown)} - granted
            rules: list[tuple[str, int]] = []
            for folder in (Path("/"), *programs, *granted):
                shut = {*secret, *(hidden.covered(env) if folder == Path("/") else ()), Path("/dev")}
                rules += [(str(path), _READ) for path in _but(folder, shut)]
            rules += [(f"/dev/{name}", _READ_FILE | _WRITE_FILE | _IOCTL) for name in _DEVICES]
            inside = {path for path in secret if path.is_relative_to(box.root)}
            if inside or not box.writable:
                rules += [(str(path), _ALL if box.writable else _READ) for path in _but(box.root, inside)]
            else:
                rules.append((str(box.root), _ALL))
            rules += [(str(path), _READ) for path in box.git_folders()]
            rules += [(str(path), _ALL) for path in (Path(own), *box.write)]
            every = (seccomp.AF_UNIX, seccomp.AF_INET, seccomp.AF_INET6, seccomp.AF_NETLINK)
            spec = {
                "handled": [handled, 3 if number >= 4 and not box.network else 0, 3 if number >= 6 else 0],
                "size": 24 if number >= 6 else 16 if number >= 4 else 8,
                "rules": [(path, access & handled & (_ALL if os.path.isdir(path) else _FILE)) for path, access in rules],  # noqa: PTH112
                "seccomp": seccomp.assemble(every if box.network else ()).hex(),
                "limits": {
                    "RLIMIT_CORE": 0, "RLIMIT_FSIZE": box.limits.file, "RLIMIT_DATA": box.limits.memory,
                    "RLIMIT_CPU": box.limits.cpu_s, "RLIMIT_NPROC": _threads_now() + box.limits.processes,
                },
            }  # fmt: skip
            # By descriptor: a list of rules can be longer than one word of a command line may be.
            descriptor = os.memfd_create("spec")
            try:
                os.write(descriptor, json.dumps(spec).encode())
                os.lseek(descriptor, 0, os.SEEK_SET)
                launcher = str(Path(__file__).with_name("launcher.py"))
                yield Launch(
                    [sys.executable, "-I", "-S", launcher, str(descriptor), *argv],
                    {**env, "HOME": str(empty_home), "TMPDIR": str(scratch)},
                    (descriptor,),
                )
            finally:
                os.close(descriptor)


def _threads_now() -> int:
    """Threads that the user runs already: the kernel's limit counts all of them, not the command's alone."""
    count, me = 0, os.geteuid()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            if process.stat().st_uid == me:
                count += int((process / "stat").read_text().rpartition(")")[2].split()[17])
    return count


def _but(folder: Path, shut: set[Path]) -> Iterator[Path]:
    """The outermost paths under `folder` that hold none of `shut`."""
    if folder in shut:
        return
    if not any(path.is_relative_to(folder) for path in shut):
        yield folder
        return
    with contextlib.suppress(OSError):
        for entry in sorted(folder.iterdir()):
            if not entry.is_symlink():  # what it leads to has a rule of its own, or none
                yield from _but(entry, shut)


def _link_home(empty: Path, real: Path, programs: Sequence[Path]) -> None:
    """Toolchains where programs look for them: in the home."""
    for folder in programs:
        if folder.is_relative_to(real):
            link = empty / folder.relative_to(real)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(folder)
