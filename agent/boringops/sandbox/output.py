"""What a command printed, capped, and as a person would see it."""

from __future__ import annotations

import os
import re
from typing import IO

_PIPE_BYTES = 65536

# Cursor moves, colours, titles and links of terminals; then other control characters but tab and newline.
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Output:
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
