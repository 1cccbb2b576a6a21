"""Tries what a sandbox is to prevent, and prints the name of each thing that it could do.

Given to a confined `python -I -S -c`, with the places to try as JSON: standard library alone, few imports.
"""

import contextlib
import ctypes
import hashlib
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator


def could(aim: dict[str, str]) -> Iterator[str]:
    """What got through, by the names `trial` uses for it."""
    for name, family, kind, address in (
        ("tcp", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", int(aim["tcp"]))),
        ("unix socket", socket.AF_UNIX, socket.SOCK_STREAM, aim["unix"]),
        ("abstract socket", socket.AF_UNIX, socket.SOCK_STREAM, f"\0{aim['abstract']}"),
    ):
        with contextlib.suppress(OSError), socket.socket(family, kind) as link:
            link.settimeout(2)
            link.connect(address)
            yield name
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.sendto(b"canary", ("127.0.0.1", int(aim["udp"])))
    with contextlib.suppress(OSError), open(aim["outside"], "w") as file:  # noqa: PTH123
        file.write("canary")
    with contextlib.suppress(OSError), open(aim["home"]) as file:  # noqa: PTH123
        if file.read(64) == aim["word"]:
            yield "home"
    for entry in os.listdir("/proc"):  # noqa: PTH208
        with contextlib.suppress(OSError), open(f"/proc/{entry}/environ", "rb") as there:  # noqa: PTH123
            if entry.isdigit() and hashlib.sha256(there.read()).hexdigest() == aim["environment"]:
                yield "parent's environment"
    with contextlib.suppress(OSError), open(".git/config", "a") as file:  # noqa: PTH123
        file.write("canary")
    with contextlib.suppress(OSError):
        os.rename(".git", "moved")  # noqa: PTH104
        os.mkdir(".git")  # noqa: PTH102
    with contextlib.suppress(OSError):
        os.kill(int(aim["process"]), signal.SIGKILL)
    if ctypes.CDLL(None).unshare(0x10000000) == 0:
        yield "namespaces"
    if resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY:
        yield "memory limit"
    if resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY:
        yield "file size limit"
    _leave_a_child(aim["alive"])
    yield from _many_children(int(aim["processes"]))


def _leave_a_child(path: str) -> None:
    """A process that left the group and the session, and holds a lock as long as it lives."""
    import fcntl

    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        for descriptor in (1, 2):  # it must not keep anybody's pipe open
            os.close(descriptor)
        held = os.open(path, os.O_RDWR | os.O_CREAT)
        fcntl.flock(held, fcntl.LOCK_EX)
        os.write(writing, b"x")
        signal.alarm(30)
        signal.pause()
    os.close(writing)
    os.read(reading, 1)


def _many_children(most: int) -> Iterator[str]:
    children = []
    try:
        for _ in range(most + 8):
            if (child := os.fork()) == 0:
                signal.pause()
            children.append(child)
        yield "process limit"
    except OSError:
        pass
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    for what in could(json.loads(sys.argv[1])):
        print(what, flush=True)
    print("done")
