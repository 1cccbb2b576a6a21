"""What a change did to a text, in as many lines as a model needs to see it."""

from __future__ import annotations

import difflib

MAX_LINES = 60
MAX_LINE = 300
_MAX_COMPARED = 4_000_000
"""Pairs of lines; beyond, finding the smallest difference takes seconds and says nothing to a reader."""


def _shared(a: list[str], b: list[str]) -> int:
    """How many lines both begin with."""
    return next((at for at, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), min(len(a), len(b)))


def short_diff(before: str, after: str) -> str:
    """A unified diff, short: capped in lines, and without looking for the smallest one in large changes."""
    old, new = before.split("\n"), after.split("\n")
    same = _shared(old, new)
    tail = _shared(old[same:][::-1], new[same:][::-1])
    start = max(0, same - 3)
    a, b = old[start : len(old) - max(0, tail - 3)], new[start : len(new) - max(0, tail - 3)]
    if len(a) * len(b) > _MAX_COMPARED:
        return f"@@ line {same + 1} @@ {len(a)} lines replaced by {len(b)}"
    out: list[str] = []
    for group in difflib.SequenceMatcher(None, a, b).get_grouped_opcodes(3):
        (_, i1, _, j1, _), (_, _, i2, _, j2) = group[0], group[-1]
        out.append(f"@@ -{start + i1 + 1},{i2 - i1} +{start + j1 + 1},{j2 - j1} @@")
        for tag, a1, a2, b1, b2 in group:
            if tag == "equal":
                out += [f" {line}" for line in a[a1:a2]]
            else:
                out += [f"-{line}" for line in a[a1:a2]] + [f"+{line}" for line in b[b1:b2]]
    capped = [line.rstrip("\r")[:MAX_LINE] for line in out[:MAX_LINES]]
    if len(out) > MAX_LINES:
        capped.append(f"… {len(out) - MAX_LINES} more lines of the diff")
    return "\n".join(capped)
