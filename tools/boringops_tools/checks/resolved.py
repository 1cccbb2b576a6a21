"""Pipelines, Makefiles and scripts with the variables put in whose one value stands in the file itself."""

from __future__ import annotations

import re

from boringops_tools.checks.base import Files
from boringops_tools.patterns import lazy_pattern

_VALUE = r"[\"']?(?P<value>[A-Za-z0-9$][^\s\"'#]*)[\"']?"
_SET = lazy_pattern(
    rf"(?m)^[ \t]*(?:- )?(?:export |readonly |local |set |ENV )?(?P<name>[A-Za-z_]\w*)[ \t]*(?:\?=|::?=|=|:)[ \t]*{_VALUE}[ \t]*(?:#.*)?$"
)
# Azure's other way.
_PAIR = lazy_pattern(rf"(?m)^[ \t]*- name:[ \t]*[\"']?(?P<name>\w+)[\"']?[ \t]*\n[ \t]+value:[ \t]*{_VALUE}[ \t]*$")
_USE = lazy_pattern(
    r"\$\{\{\s*(?:env\.|variables\.|vars\.)?(\w+)\s*\}\}|\$\{\{\s*variables\[['\"](\w+)['\"]\]\s*\}\}|\$\{(\w+)\}|\$\((\w+)\)|\$(\w+)"
)
# Keys of the formats themselves, which bear the names of variables by chance.
_NO_VARIABLE = frozenset(
    {
        "name",
        "on",
        "run",
        "uses",
        "with",
        "if",
        "id",
        "needs",
        "stage",
        "script",
        "task",
        "value",
        "key",
        "path",
        "command",
    }
)
_MOST_ROUNDS = 3


def resolved(files: Files, path: str) -> str:
    """The text of a file, line by line as it is, with its own variables filled in."""
    found: str = files.once(_resolved, path)
    return found


def _resolved(files: Files, path: str) -> str:
    text = files.text(path)
    values: dict[str, set[str]] = {}
    for match in [*_SET.finditer(text), *_PAIR.finditer(text)]:
        if match["name"] not in _NO_VARIABLE:
            values.setdefault(match["name"], set()).add(match["value"])
    # With several values, which one is meant depends on the place.
    known = {name: next(iter(each)) for name, each in values.items() if len(each) == 1}

    def fill(match: re.Match[str]) -> str:
        return known.get(next(each for each in match.groups() if each), match[0])

    for _ in range(_MOST_ROUNDS):
        filled = _USE.sub(fill, text)
        if filled == text or len(filled) > 4 * len(text) + 10_000:
            break
        text = filled
    return text
