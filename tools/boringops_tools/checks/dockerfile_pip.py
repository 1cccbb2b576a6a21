"""Packages that `pip install` takes in whatever version there is, beside a list that pins the others."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.dockerfile import is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern

_INSTALL = lazy_pattern(r"(?:^|[\s;&|])(?:uv )?pip[\d.]* install\s+([^;&|\n]*)")
# Options whose value is a word of its own.
_WITH_VALUE = lazy_pattern(
    r"-[rceitf]|--(?:requirement|constraint|editable|index-url|extra-index-url|target|find-links|prefix|root|python|trusted-host|timeout|retries|cache-dir|src|only-binary|no-binary|platform|upgrade-strategy)"
)
_OF_ITSELF = frozenset({"pip", "setuptools", "wheel", "uv"})


def _unpinned(files: Files, path: str) -> Iterator[Hit]:
    for stage in parse(files.text(path)).stages:
        for each in stage.instructions:
            for arguments in _INSTALL.findall(each.value) if each.name == "RUN" else ():
                words = arguments.replace("\\", " ").split()
                options = [word.partition("=")[0] for word in words if word.startswith("-")]
                if not {"-r", "--requirement"} & set(options) or {"-c", "--constraint"} & set(options):
                    continue  # without a list hadolint (DL3013) says it
                plain = [
                    word
                    for at, word in enumerate(words)
                    if not word.startswith("-") and not (at and _WITH_VALUE.fullmatch(words[at - 1]))
                ]
                for word in plain:
                    if (
                        re.fullmatch(r"[A-Za-z][\w.-]*(?:\[[\w,-]+\])?", word.strip("\"'"))
                        and word not in _OF_ITSELF
                        and not word.endswith((".txt", ".whl", ".gz", ".zip"))
                    ):
                        yield Hit(
                            each.line,
                            f"`{word}` is installed in whatever version there is; the list beside it does not pin it",
                        )


_D = "Dockerfile"

RULES = (
    Rule("dockerfile/pip-unpinned", "warning", "Put it into the list, with its version: two builds install two versions otherwise.", "pip, Repeatable installs: pin by version.", is_dockerfile, _unpinned,
         bad=({_D: "FROM python:3.14\nRUN pip install --no-cache-dir -r requirements.txt gunicorn\n"}, {_D: "FROM python:3.14\nRUN python -m pip install uvicorn[standard] \\\n  -r requirements.txt && true\n"}),
         good=({_D: "FROM python:3.14\nRUN pip install --upgrade pip && pip install -i https://a/simple -r requirements.txt gunicorn==23.0.0 ./lib .\n"}, {_D: "FROM python:3.14\nRUN pip install -c constraints.txt -r requirements.txt gunicorn\n"}, {_D: "FROM python:3.14\nRUN pip install -r a.txt -r b.txt --target /x\n"})),
)  # fmt: skip
