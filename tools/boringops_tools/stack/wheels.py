"""Which Python an old requirements file still installs on, without a compiler.

A pinned release from before a Python version has no wheel for it, and a slim image has no compiler to build one with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

FIRST_WITH_WHEELS: dict[str, dict[str, str]] = {
    "aiohttp": {"3.12": "3.9.0", "3.13": "3.10.6"},
    "asyncpg": {"3.12": "0.29.0", "3.13": "0.30.0"},
    "cffi": {"3.12": "1.16.0", "3.13": "1.17.0"},
    "frozenlist": {"3.12": "1.4.1", "3.13": "1.5.0"},
    "greenlet": {"3.12": "3.0.0", "3.13": "3.1.0"},
    "grpcio": {"3.12": "1.59.0", "3.13": "1.66.2"},
    "httptools": {"3.12": "0.6.1", "3.13": "0.6.2"},
    "lxml": {"3.12": "4.9.3", "3.13": "5.3.0"},
    "multidict": {"3.12": "6.0.5", "3.13": "6.0.5"},
    "numpy": {"3.12": "1.26.0", "3.13": "2.1.0"},
    "orjson": {"3.12": "3.9.6", "3.13": "3.10.7"},
    "pandas": {"3.12": "2.1.1", "3.13": "2.2.3"},
    "pillow": {"3.12": "10.1.0", "3.13": "11.0.0"},
    "psycopg2-binary": {"3.12": "2.9.9", "3.13": "2.9.10"},
    "pydantic": {"3.12": "2.4.0", "3.13": "2.8.0"},
    "pydantic-core": {"3.12": "2.10.0", "3.13": "2.20.0"},
    "pyyaml": {"3.12": "6.0.1", "3.13": "6.0.2"},
    "uvloop": {"3.12": "0.19.0", "3.13": "0.21.0"},
}
"""The first release of a compiled package that has wheels for a Python version."""

_PIN = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*==\s*(\d[\d.]*)")


def lacking(lines: Iterable[str], python: str) -> str:
    """The first exactly pinned requirement (`name==version`) that has no wheel for `python`; empty if all have."""
    for line in lines:
        found = _PIN.match(line)
        known = FIRST_WITH_WHEELS.get(found[1].lower().replace("_", "-"), {}) if found else {}
        # What has none for the newest version we know of has none for later ones either.
        first = known.get(python) or (known.get("3.13") if _numbers(python) > (3, 13) else None)
        if found and first and _numbers(found[2]) < _numbers(first):
            return f"{found[1]}=={found[2]}"
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
