"""The patterns that manifests name folders by."""

from __future__ import annotations

import re
from collections.abc import Iterable


def among(patterns: Iterable[str], path: str) -> bool:
    """Whether one of the patterns names the path, and none that begins with `!` does."""
    listed = list(patterns)
    return any(matches(pattern, path) for pattern in listed if not pattern.startswith("!")) and not any(
        matches(pattern[1:], path) for pattern in listed if pattern.startswith("!")
    )


def matches(pattern: str, path: str) -> bool:
    """`*` stands for one name, `**` for any number of them."""
    parts = re.split(r"(\*\*/?|\*)", pattern.removeprefix("./").rstrip("/"))
    regex = "".join(
        "[^/]*" if part == "*" else "(?:.*/)?" if part == "**/" else ".*" if part == "**" else re.escape(part)
        for part in parts
    )
    return re.fullmatch(regex, path) is not None
