"""A terminal for tests: the real command on a pseudo-terminal, its screen kept by pyte."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyte

PATIENCE_S = 40.0


@dataclass
class Terminal:
    """A process at a terminal of `columns` x `rows`. `wait_for` reads until the screen shows something."""

    process: subprocess.Popen[bytes]
    master: int
    screen: pyte.HistoryScreen
    stream: pyte.ByteStream
    raw: bytearray = field(default_factory=bytearray)

    def wait_for(self, *texts: str) -> str:
        """Read until all of these stand on the screen or have scrolled off it since the last `forget`."""
        deadline = time.monotonic() + PATIENCE_S
        while not all(text in self.text() for text in texts):
            assert time.monotonic() < deadline, f"never shown: {texts}\n{self.text()}"
            assert self._read(deadline), f"ended before it showed {texts}\n{self.text()}"
        return self.text()

    def wait_for_prompt(self) -> None:
        """Read until the input line is there and empty."""
        deadline = time.monotonic() + PATIENCE_S
        while self.screen.display[self.screen.cursor.y].strip() != ">":
            assert time.monotonic() < deadline, f"no prompt\n{self.text()}"
            assert self._read(deadline), f"ended before it prompted\n{self.text()}"

    def text(self) -> str:
        """Everything that was shown, wrapped lines put together again where they fill the width."""
        lines = ["".join(line[x].data for x in range(self.screen.columns)) for line in self.screen.history.top]
        lines += self.screen.display
        return "\n".join(line.rstrip() for line in lines)

    def forget(self) -> None:
        """What was shown so far does not count any more."""
        self.screen.reset()

    def send(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def paste(self, text: str) -> None:
        """As terminals paste: bracketed, in one piece."""
        data = f"\x1b[200~{text}\x1b[201~".encode()
        while data:
            _, writable, _ = select.select([], [self.master], [], 0.05)
            if writable:
                data = data[os.write(self.master, data[:4096]) :]
            self._read(time.monotonic())

    def ends(self) -> int:
        """Read until the process has ended; its exit code."""
        deadline = time.monotonic() + PATIENCE_S
        while self._read(deadline):
            assert time.monotonic() < deadline, f"does not end\n{self.text()}"
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        """Take the terminal away, as a closed window does."""
        os.close(self.master)
        self.master = -1

    def _read(self, deadline: float) -> bool:
        """Take what was printed; False when nothing can come any more."""
        ready, _, _ = select.select([self.master], [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the other end is closed
            return False
        self.raw += data
        if b"\x1b[6n" in data:  # it asks where the cursor is
            os.write(self.master, b"\x1b[%d;%dR" % (self.screen.cursor.y + 1, self.screen.cursor.x + 1))
        self.stream.feed(data)
        return bool(data)


@contextmanager
def terminal(
    *arguments: str | Path, cwd: Path, home: Path, columns: int = 80, rows: int = 40, **env: str
) -> Iterator[Terminal]:
    """`boringops ARGUMENTS` at a terminal of its own; ended with the block."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    screen = pyte.HistoryScreen(columns, rows, history=5000)
    inherited = {**os.environ, "HOME": str(home), "TERM": "xterm", "GIT_CONFIG_GLOBAL": str(home / "gitconfig")}
    process = subprocess.Popen(
        [sys.executable, "-m", "boringops", *map(str, arguments)],
        cwd=cwd, env={**inherited, **env}, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(slave)
    shown = Terminal(process, master, screen, pyte.ByteStream(screen))
    try:
        yield shown
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if shown.master >= 0:
            os.close(shown.master)
