"""How a known value may be written: as it is, escaped, encoded, or as a piece of something that was encoded whole."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

_LEAST_PIECE = 12
"""Characters a piece of a value must have to be told from other text."""
_LINE = 16
"""Characters a line of a longer value must have."""
_WRAPPED = (64, 76)
"""Where `openssl` and `base64` break lines."""


def forms(value: str) -> set[str]:
    """Every text by which the value would be told. A piece of it counts where it can be mistaken for nothing else."""
    raw = value.encode("utf-8", "surrogateescape")
    return {form for form in _forms(value, raw) if form}


def _forms(value: str, raw: bytes) -> Iterator[str]:
    yield value
    if not value.isalnum():
        yield from _escaped(value, raw)
    yield raw.hex()
    yield raw.hex().upper()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw).decode()
        yield whole
        yield from _inside(raw, encode)
        for width in _WRAPPED if len(whole) > min(_WRAPPED) else ():
            yield from (whole[at : at + width] for at in range(0, len(whole), width) if len(whole) - at >= _LINE)
    lines = value.replace("\\n", "\n").splitlines()
    if len(lines) > 1:  # a key block is shown, searched and compared line by line
        yield from (line for line in map(str.strip, lines) if len(line) >= _LINE and "-----" not in line)


def _escaped(value: str, raw: bytes) -> Iterator[str]:
    inside = json.dumps(value)[1:-1]
    yield inside
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield json.dumps(inside)[1:-1]  # JSON in JSON, as in logs
    yield quote(raw, safe="")
    yield quote(raw, safe="").lower() if value.islower() else quote(raw)
    yield quote_plus(raw)
    yield value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    yield value.replace("'", "'\\''")  # in a shell's single quotes
    yield value.replace("'", "''")  # in YAML's and SQL's


def _inside(raw: bytes, encode: object) -> Iterator[str]:
    """What the value becomes in the base64 of something that holds it, as of `user:password`: the characters that its
    own bytes alone make, for each of the three ways it can stand."""
    assert callable(encode)  # noqa: S101 - one of base64's
    for before in range(3):
        text: str = encode(bytes(before) + raw).decode()
        start = (0, 2, 3)[before]
        end = len(text) - (0, 3, 2)[(before + len(raw)) % 3]
        if end - start >= _LEAST_PIECE:
            yield text[start:end]
