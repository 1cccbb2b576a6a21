"""A server in a process of its own, as a user starts it, and its address."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Served:
    url: str
    process: subprocess.Popen[str]


@contextmanager
def serve(repo: Path, *arguments: str) -> Iterator[Served]:
    """`boringops serve ARGUMENTS` on a free port, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "boringops", "serve", *arguments, "--port", "0"],
        cwd=repo, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert "http://" in said, said + process.stderr.read()
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield Served("http://" + said.split("http://")[1].split("/")[0].strip(), process)
    finally:
        process.terminate()
        process.communicate(timeout=20)
