"""Versions written as YAML numbers: 3.10 is read as 3.1."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.pipelines import is_pipeline
from boringops_tools.yaml_files import is_yaml, walk

_KEY = lazy_pattern(
    r"(?i)(?:python|ruby|go|golang|node|node_?js|rust|php|java|dotnet|terraform|helm|kubernetes)(?:[-_]?versions?)?|[\w-]*[-_]version|version[-_][\w-]*|tag|image_?tag"
)


def _numbers(files: Files, path: str) -> Iterator[Hit]:
    lines: list[str] = []
    for document in files.documents(path):
        for parent, key, value in walk(document):
            if not isinstance(key, str) or not _KEY.fullmatch(key):
                continue
            places: list[tuple[Any, Any, Any]] = (
                [(parent, key, value)]
                if isinstance(value, float)
                else [(value, position, each) for position, each in enumerate(listed(value)) if isinstance(each, float)]
            )
            for owner, place, number in places:
                line = at((owner, place), (parent, key))
                lines = lines or files.text(path).splitlines()
                whole, _, part = str(number).partition(".")
                written = (
                    re.search(rf"(?<![\w.'\"]){whole}\.{part}0+(?![\w.'\"])", lines[line - 1])
                    if line and line <= len(lines)
                    else None
                )
                if written and part.isdigit() and written[0] != f"{whole}.0":
                    yield Hit(line, f"`{written[0]}` is a number, which is {number}")


def _applies(path: str) -> bool:
    return is_yaml(path) and (is_pipeline(path) or path.endswith(("action.yml", "action.yaml")))


_W = ".github/workflows/a.yml"


def _job(version: str) -> dict[str, str]:
    return {
        _W: f"on: push\njobs:\n  a:\n    strategy: {{matrix: {{python-version: {version}}}}}\n    runs-on: x\n    steps: []\n"
    }


RULES = (
    Rule("yaml/version-number", "error", "Put it into quotes.", "YAML 1.2, 10.3.2: an unquoted 3.10 is a floating-point number, and a number has no last zero.", _applies, _numbers,
         bad=(_job("3.10"), _job("[3.9, 3.10]"), {".travis.yml": "language: go\ngo: 1.20\n"}), good=(_job("['3.10', 3.11, 3.9, \"3.20\"]"), _job("3.0"), {".travis.yml": "language: go\ngo:\n- 1.20.x\n- 1.21\n"})),
)  # fmt: skip
