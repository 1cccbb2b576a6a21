"""Trying a backend: canaries run through it, and what they could do is what it does not enforce."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from boringops.facts import Confinement, SandboxLevel
from boringops.sandbox import hidden
from boringops.sandbox.base import Backend, Box, Limits
from boringops.sandbox.process import run

ALL = {
    "files outside": "files outside the work tree are not written",
    "home": "the home, with its credentials, is not read",
    "parent's environment": "the environment of boringops is not seen",
    "tcp": "no TCP",
    "udp": "no UDP",
    "unix socket": "no unix sockets of other programs",
    "abstract socket": "no abstract sockets of other programs",
    ".git": ".git is not written",
    "signals": "other processes are not signalled",
    "namespaces": "no namespaces of its own making",
    "outliving": "nothing outlives the command",
    "memory limit": "memory of a process is limited",
    "file size limit": "the size of a file is limited",
    "process limit": "the number of processes is limited",
}
"""What is tried, and what it means where it was held. Kept in this order."""
_LEAST = {"files outside", "home", "parent's environment", "tcp"}
_LIMITS = {"memory limit", "file size limit", "process limit"}
_PROCESSES = 24


def try_out(backend: Backend) -> Confinement:
    """What `backend` shows to enforce, and the level that is. Raises OSError where it does not start."""
    with _Aims() as aims:
        box = Box(aims.root, limits=Limits(processes=_PROCESSES))
        script = Path(__file__).with_name("canary.py").read_text()
        words = [sys.executable, "-I", "-S", "-c", script, json.dumps(aims.told())]
        done = run(shlex.join(words), cwd=aims.root, timeout_s=20, backend=backend, box=box)
        said = done.output.splitlines()
        if "done" not in said:
            first = next((line for line in said if line.strip()), f"exit code {done.exit_code}")
            raise OSError(f"{backend.name} does not work here: {first.partition('. ')[0][:200]}")
        got_through = {line for line in said if line in ALL} | set(aims.seen())
    if not backend.hides_git:
        got_through.add(".git")  # put back after the command is not the same as never written
    level: SandboxLevel = "none" if got_through & _LEAST else "partial" if got_through - _LIMITS else "full"
    return Confinement(
        level=level,
        backend=backend.name if level != "none" else "",
        version=backend.version if level != "none" else "",
        enforced=[text for name, text in ALL.items() if name not in got_through],
        not_enforced=[name for name in ALL if name in got_through],
    )


class _Aims(contextlib.ExitStack):
    """What canaries aim at: a work tree, and around it what must stay out of reach."""

    def __enter__(self) -> _Aims:
        super().__enter__()
        folder = Path(self.enter_context(tempfile.TemporaryDirectory(prefix="boringops-"))).resolve()
        self.root, self.outside = folder / "tree", folder / "outside"
        (self.root / ".git").mkdir(parents=True)
        self.outside.mkdir()
        (self.root / ".git" / "config").write_text("[core]\n")
        self.word = secrets.token_hex(16)
        self.tcp = self._listen(socket.AF_INET, ("127.0.0.1", 0))
        self.udp = self.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.udp.bind(("127.0.0.1", 0))
        self.udp.setblocking(False)
        self._listen(socket.AF_UNIX, str(self.outside / "socket"))
        self._listen(socket.AF_UNIX, f"\0boringops-{self.word}")
        self.bystander = subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL, start_new_session=True)
        self.callback(self._end_bystander)
        self.home = self._file_at_home()
        return self

    def _listen(self, family: int, address: object) -> socket.socket:
        listener = self.enter_context(socket.socket(family, socket.SOCK_STREAM))
        listener.bind(address)  # type: ignore[arg-type]
        listener.listen()
        return listener

    def _end_bystander(self) -> None:
        self.bystander.kill()
        self.bystander.wait()

    def _file_at_home(self) -> Path:
        """A file to be read; beside the work tree where the home takes none."""
        with contextlib.suppress(OSError):
            folder = Path(
                self.enter_context(tempfile.TemporaryDirectory(prefix=".boringops-", dir=hidden.home(os.environ)))
            )
            (folder / "secret").write_text(self.word)
            return folder / "secret"
        path = self.outside / "secret"
        path.write_text(self.word)
        return path

    def told(self) -> dict[str, str]:
        environment = Path("/proc/self/environ")
        known = environment.read_bytes() if environment.exists() else b""
        return {
            "tcp": str(self.tcp.getsockname()[1]), "udp": str(self.udp.getsockname()[1]),
            "unix": str(self.outside / "socket"), "abstract": f"boringops-{self.word}",
            "outside": str(self.outside / "written"), "home": str(self.home), "word": self.word,
            "environment": hashlib.sha256(known).hexdigest() if known else "",
            "process": str(self.bystander.pid), "alive": str(self.root / "alive"), "processes": str(_PROCESSES),
        }  # fmt: skip

    def seen(self) -> Iterator[str]:
        """What shows from outside, whatever the canary itself believes."""
        with contextlib.suppress(OSError):
            self.udp.recv(16)
            yield "udp"
        if (self.outside / "written").exists():
            yield "files outside"
        config = self.root / ".git" / "config"
        if not config.is_file() or config.read_text() != "[core]\n":
            yield ".git"
        if self.bystander.poll() is not None:
            yield "signals"
        with contextlib.suppress(FileNotFoundError), (self.root / "alive").open() as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield "outliving"
