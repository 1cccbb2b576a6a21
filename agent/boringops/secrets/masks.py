"""Which mask stands for which value, the same through a run and when the run is resumed."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets as randomness
from collections import Counter
from pathlib import Path

_FINGERPRINT = 6
"""Hexadecimal digits kept of a value's fingerprint: enough to tell a run's values of one name apart (one in sixteen
million), too few to confirm a guess of what a value is."""


class Masks:
    """Hands out `<secret:NAME>`, `<secret:NAME-2>` for the next value of that name, and so on.

    With a file it remembers them across processes without holding a value: a key of the run's own, then a fingerprint
    and a mask a line. Where the disk does not take it, only a resume may number anew; nothing is shown for it."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._key = randomness.token_bytes(16)
        self._known: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()
        self._unsaved: list[str] = []
        if file is not None:
            self._load(file)

    def mask(self, name: str, value: str) -> str:
        """The value's mask. `save` makes new ones last."""
        fingerprint = self._fingerprint(name, value)
        if fingerprint not in self._known:
            self._numbers[name] += 1
            number = self._numbers[name]
            self._known[fingerprint] = f"<secret:{name}>" if number == 1 else f"<secret:{name}-{number}>"
            self._unsaved.append(f"{fingerprint} {number}\n")
        return self._known[fingerprint]

    def save(self) -> None:
        """Have new masks on the disk, before anything that holds one."""
        if self._file is None or not self._unsaved:
            return
        with contextlib.suppress(OSError):
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                head = "" if os.fstat(descriptor).st_size else f"{self._key.hex()}\n"
                os.write(descriptor, (head + "".join(self._unsaved)).encode())
                os.fdatasync(descriptor)
                self._unsaved.clear()
            finally:
                os.close(descriptor)

    def _fingerprint(self, name: str, value: str) -> str:
        text = f"{name}\0{value}".encode("utf-8", "surrogateescape")
        return f"{name} {hmac.new(self._key, text, hashlib.sha256).hexdigest()[:_FINGERPRINT]}"

    def _load(self, file: Path) -> None:
        """What an earlier process wrote; a line that a crash tore is left out, and its number not given twice."""
        try:
            key, *lines = file.read_text().splitlines(keepends=True)
            self._key = bytes.fromhex(key)
        except (OSError, ValueError):  # none, or torn in its first line: then no mask was shown yet
            return
        for line in lines:
            parts = line.split()
            if len(parts) != 3 or not line.endswith("\n") or not parts[2].isdigit():
                continue
            name, fingerprint, number = parts[0], parts[1], int(parts[2])
            self._known[f"{name} {fingerprint}"] = f"<secret:{name}>" if number == 1 else f"<secret:{name}-{number}>"
            self._numbers[name] = max(self._numbers[name], number)
