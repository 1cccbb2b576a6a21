"""Attempts to leave the sandbox: what each does, how it is seen to have got through, and what stops it."""

from __future__ import annotations

import contextlib
import os
import shlex
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen, TimeoutExpired

MIB = 1024 * 1024
GOT = "got through"


@dataclass
class World:
    """A work tree, and around it what is none of its business."""

    tree: Path
    outside: Path
    home: Path
    word: str
    """A secret: in a key of the home, in the environment, in that of another process."""
    bystander: Popen[bytes]
    tcp: socket.socket
    udp: socket.socket
    output: str = ""

    def says(self, text: str = GOT) -> bool:
        return text in self.output


@dataclass(frozen=True)
class Attempt:
    """`command` may name places of the world in braces. `stopped` names the layer, by backend; "" is not stopped."""

    name: str
    command: str
    got_through: Callable[[World], bool]
    bubblewrap: str
    landlock: str
    control: bool = False
    """Gets through where nothing confines, whoever runs it: so the attempt is a real one."""
    root_passes: bool = field(default=False)
    """Root gets through all the same."""

    def stopped(self, backend: str) -> str:
        return self.bubblewrap if backend == "bubblewrap" else self.landlock


def python(code: str) -> str:
    """A command that runs this; braces in it stay as they are but for names of places."""
    return f"{shlex.quote(sys.executable)} -I -S -c {shlex.quote(code)}"


def _says(world: World) -> bool:
    return world.says()


def _secret(world: World) -> bool:
    return world.says(world.word)


def _written(world: World) -> bool:
    return (world.outside / "written").exists()


def _udp(world: World) -> bool:
    with contextlib.suppress(BlockingIOError):
        return bool(world.udp.recv(16))
    return False


def _git_swapped(world: World) -> bool:
    return (world.tree / ".git/hooks/pre-commit").exists() or not (world.tree / ".git/HEAD").is_file()


def _lives_on(world: World) -> bool:
    """Whether somebody still holds the pipe open for writing."""
    reading = os.open(world.tree / "alive", os.O_RDONLY | os.O_NONBLOCK)
    try:
        return not _ended(reading)
    finally:
        os.close(reading)


def _killed(world: World) -> bool:
    with contextlib.suppress(TimeoutExpired):
        world.bystander.wait(0.2)
    return world.bystander.returncode is not None


def _ended(reading: int) -> bool:
    try:
        return os.read(reading, 1) == b""
    except BlockingIOError:
        return False


def _connect(family: str, address: str) -> str:
    return python(
        f"import socket\ns = socket.socket(socket.{family}, socket.SOCK_STREAM)\ns.settimeout(5)\n"
        f"s.connect({address})\nprint('got', 'through')"
    )


ATTEMPTS = (
    Attempt("write a file outside", "echo x > {outside}/written", _written, "read-only mounts", "Landlock", control=True),
    Attempt(
        "append to ~/.bashrc", "echo evil >> {home}/.bashrc",
        lambda world: "evil" in (world.home / ".bashrc").read_text(), "empty home", "Landlock", control=True,
    ),
    Attempt("read an SSH key", "cat {home}/.ssh/id_ed25519", _secret, "empty home", "Landlock", control=True),
    Attempt("read /etc/shadow", "head -c 1 /etc/shadow && echo got through", _says, "masked file", "Landlock"),
    Attempt("read a secret of the environment", "env", _secret, "scrubbed environment", "scrubbed environment"),
    Attempt(
        "read another process's environment", "cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep CANARY", _secret,
        "process namespace", "Landlock", control=True,
    ),
    Attempt("read others' temporary files", "cat {home}/../temporary/*", _secret, "empty folders", "Landlock", control=True),
    Attempt(
        "read journals of runs", "cat .git/boringops/runs/*/events.jsonl", _secret, "empty folder", "", control=True,
    ),
    Attempt(
        "connect over TCP", _connect("AF_INET", "('127.0.0.1', {tcp})"), _says, "network namespace", "seccomp", control=True,
    ),
    Attempt(
        "send over UDP",
        python(
            "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {udp}))"
        ),
        _udp, "network namespace", "seccomp", control=True,
    ),
    Attempt(
        "connect to a unix socket by path", _connect("AF_UNIX", "'{outside}/socket'"), _says, "masked socket", "seccomp",
        control=True,
    ),
    Attempt(
        "connect to an abstract unix socket", _connect("AF_UNIX", "'\\0' + '{word}'"), _says, "network namespace",
        "seccomp", control=True,
    ),
    Attempt(
        "talk to the hypervisor", python("import socket\nsocket.socket(40, socket.SOCK_STREAM)\nprint('got', 'through')"),
        _says, "seccomp", "seccomp",
    ),
    Attempt(
        "leave by a symbolic link", "ln -s {outside} link; echo x > link/written", _written, "read-only mounts",
        "Landlock", control=True,
    ),
    Attempt(
        "leave by a hard link", "ln {outside}/victim mine && echo evil >> mine",
        lambda world: "evil" in (world.outside / "victim").read_text(), "read-only mounts", "Landlock",
    ),
    Attempt(
        "write through /proc/PID/root", 'for root in /proc/[0-9]*/root; do echo x > "$root{outside}/written"; done',
        _written, "read-only mounts", "Landlock", control=True,
    ),
    Attempt(
        "write a kernel setting", "now=$(cat /proc/sys/vm/swappiness); echo $now > /proc/sys/vm/swappiness && echo got through",
        _says, "read-only mounts", "Landlock",
    ),
    Attempt(
        "signal another process", "kill -9 {bystander}", _killed,
        "process namespace", "Landlock", control=True,
    ),
    Attempt(
        "trace another process",
        python("import ctypes\nif ctypes.CDLL(None).ptrace(16, {bystander}, 0, 0) == 0: print('got', 'through')"),
        _says, "process namespace", "seccomp",
    ),
    Attempt(
        "plant a git hook", "mkdir -p .git/hooks; echo evil > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit",
        lambda world: (world.tree / ".git/hooks/pre-commit").exists(), "read-only .git", "put back", control=True,
    ),
    Attempt(
        "change .git/config", "printf '[core]\\n fsmonitor = evil\\n' >> .git/config",
        lambda world: "evil" in (world.tree / ".git/config").read_text(), "read-only .git", "put back", control=True,
    ),
    Attempt(
        "swap .git away", "mv .git moved; mkdir -p .git/hooks; echo evil > .git/hooks/pre-commit", _git_swapped,
        "read-only .git", "put back", control=True,
    ),
    Attempt(
        "read the raw disk",
        "for disk in /dev/sd? /dev/vd? /dev/nvme?n?; do head -c 1 $disk && echo got through; done; "
        "mknod disk b {major} {minor} && head -c 1 disk && echo got through",
        _says, "fresh /dev", "Landlock",
    ),
    Attempt("make a user namespace", "unshare --user --mount true && echo got through", _says, "seccomp", "seccomp"),
    Attempt("mount over what is read-only", "mount -o remount,rw,bind / && echo got through", _says, "seccomp", "seccomp"),
    Attempt(
        "open files unseen, by io_uring",
        python(
            "import ctypes\nroom = ctypes.create_string_buffer(512)\n"
            "if ctypes.CDLL(None).syscall(425, 4, room) >= 0: print('got', 'through')"
        ),
        _says, "seccomp", "seccomp",
    ),
    Attempt(
        "start 300 children",
        python(
            "import os, signal\nmine = []\nfor _ in range(300):\n pid = os.fork()\n if not pid: signal.pause()\n"
            " mine.append(pid)\nprint('got', 'through')\nfor pid in mine: os.kill(pid, 9)"
        ),
        _says, "process limit", "process limit", root_passes=True,
    ),
    Attempt(
        "take 1.5 GiB of memory", python("kept = bytearray(1536 * 1024 * 1024)\nprint('got', 'through')"), _says,
        "memory limit", "memory limit",
    ),
    Attempt(
        "write a file of 300 MiB", "truncate -s 300M big",
        lambda world: (world.tree / "big").stat().st_size >= 300 * MIB, "file size limit", "file size limit", control=True,
    ),
    Attempt(
        "write many small files", "mkdir many && seq 2000 | sed 's,^,many/,' | xargs touch",
        lambda world: len(list((world.tree / "many").iterdir())) == 2000, "", "", control=True,
    ),
    Attempt(
        "leave a child behind",
        python(
            "import os, signal\nr, w = os.pipe()\nif not os.fork():\n os.setsid()\n if os.fork(): os._exit(0)\n"
            " os.closerange(0, 3)\n os.open('alive', os.O_RDWR)\n os.write(w, b'x')\n signal.alarm(20)\n signal.pause()\n"
            "os.close(w)\nos.read(r, 1)"
        ),
        _lives_on, "process namespace", "subreaper", control=True,
    ),
)  # fmt: skip
