"""HCL as text: values quoted so that they stay values, and lines laid out as `terraform fmt` has them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

_ASSIGNED = re.compile(r"^(\s*)((?:[\w.-]+|\"[^\"]*\"|\([^()]*\))) = (.*)$")
_OPENS = re.compile(r"[\[{(]\s*$|<<-?\w+$")


def quoted(value: Any) -> str:
    """A string literal; what looks like a template in it stays text."""
    return json.dumps(str(value), ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def listed(values: Sequence[Any]) -> str:
    return f"[{', '.join(quoted(value) for value in values)}]"


def aligned(text: str) -> str:
    """`text` with the equals signs of neighbouring lines in one column, where each value ends on its line."""
    lines, done = text.split("\n"), []
    group: list[tuple[str, str, str]] = []

    def flush() -> None:
        width = max((len(name) for _, name, _ in group), default=0)
        done.extend(f"{indent}{name:<{width}} = {value}" for indent, name, value in group)
        group.clear()

    for line in lines:
        found = _ASSIGNED.match(line)
        if found is None or _OPENS.search(found[3]) or (group and group[0][0] != found[1]):
            flush()
        if found is None or _OPENS.search(found[3]):
            done.append(line)
        else:
            group.append((found[1], found[2], found[3]))
    flush()
    return "\n".join(done)
