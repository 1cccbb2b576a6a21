"""Searches texts for a regular expression, in a process of its own.

Some patterns never come to an end (`(a+)+$` on a row of a's), and while one runs no other Python thread does. A process
can be ended, so Grep runs this file as a program: one JSON job on standard input, a JSON line on standard output for
each text, in order, as soon as it is done. It imports the standard library alone and starts in 20 ms.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from typing import Any


def main() -> None:
    job = json.load(sys.stdin)
    try:
        pattern = re.compile(job["pattern"])
    except (re.error, RecursionError, OverflowError) as problem:
        tell({"error": str(problem)})
        return
    room = job["max_hits"]
    for item in job["items"]:
        text = item.get("text")
        if text is None:
            text, skipped = load(item["file"], job["max_bytes"])
            if text is None:
                tell({"skipped": skipped})
                continue
        hits, count = search(pattern, text, job["mode"], room)
        room -= len(hits)
        tell({"hits": hits, "count": count})


def tell(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


def load(path: str, max_bytes: int) -> tuple[str | None, str]:
    """The text of a file, or None and why it has none to search."""
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return None, "unreadable"
            if status.st_size > max_bytes:
                return None, "large"
            content = file.read(max_bytes)
    except OSError:
        return None, "unreadable"
    return (None, "binary") if b"\0" in content else (content.decode(errors="replace").removeprefix("\ufeff"), "")


def search(pattern: re.Pattern[str], text: str, mode: str, room: int) -> tuple[list[tuple[int, int]], int]:
    """Matching lines as (number, column), at most `room` of them, and how many there are in all."""
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []
    matches = map(pattern.search, lines)
    if mode == "files_with_matches":
        return [], int(any(matches))
    found = [(number, match.start()) for number, match in enumerate(matches, 1) if match]
    return found[:room] if mode == "content" else [], len(found)


if __name__ == "__main__":
    main()
