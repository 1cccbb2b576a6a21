"""What `.env.example` leaves out, where detection does not see it: behind a function of the code's own, in settings without a project."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks import program
from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.variables import GIVEN, code, given_by_compose, is_example
from boringops_tools.patterns import lazy_pattern

# Reading a variable by a name that is written out, and failing without it.
_READS = lazy_pattern(
    r"""os\.environ\[\s*["']([A-Z][A-Z0-9_]+)["']\s*\](?!\s*=[^=])|\bENV\.fetch\(\s*["']([A-Z][A-Z0-9_]+)["']\s*\)(?!\s*\{)"""
    r"""|System\.getenv\(\s*"([A-Z][A-Z0-9_]+)"\s*\)|env::var\(\s*"([A-Z][A-Z0-9_]+)"\s*\)\s*\.(?:expect|unwrap)\(|env!\(\s*"([A-Z][A-Z0-9_]+)"\s*\)"""
)
# Reading one by a name that a function is given.
_BY_NAME = lazy_pattern(
    r"(?:getenv|GetEnvironmentVariable|env::var|os\.environ(?:\.get)?|os\.getenv|os\.Getenv|ENV(?:\.fetch)?|process\.env|\$_ENV|\$_SERVER)\s*[\[(]\s*\$?&?([a-z]\w*)\s*[\])]"
)
_FUNCTION = lazy_pattern(
    r"(?:\bdef|\bfunc|\bfunction|\bfn|\bstatic\s+\w+|\bprivate\s+\w+)\s+(\w+)\s*\(([^)]*)\)|\bconst\s+(\w+)\s*=\s*\(([^)]*)\)\s*(?::\s*\w+\s*)?=>"
)
_PLACEHOLDER = lazy_pattern(r"\$\{([A-Z][A-Z0-9_]+)\}")
_SETTINGS = lazy_pattern(r"(?:^|/)src/main/resources/application\.(?:ya?ml|properties)$")
_NAME = lazy_pattern(r"(?m)^\s*#?\s*(?:export\s+)?([A-Za-z_]\w*)\s*=")


def _reads(files: Files) -> dict[str, str]:
    """Every variable that is read without a default, with the file that does."""
    found: dict[str, str] = {}
    for path in program.code(files):
        text = files.text(path)
        names = [name for groups in _READS.findall(text) for name in groups if name]
        for helper in _helpers(text):
            names += re.findall(rf"(?<![\w$]){helper}\(\s*[\"']([A-Z][A-Z0-9_]+)[\"']\s*\)", text)
        for name in names:
            found.setdefault(name, path)
    for path in filter(_SETTINGS.search, files.all):
        for line in files.text(path).splitlines():
            for name in _PLACEHOLDER.findall(line.partition(" #")[0]) if not line.lstrip().startswith("#") else ():
                found.setdefault(name, path)
    return found


def _helpers(text: str) -> set[str]:
    """Functions that read the variable whose name they are given, and nothing in its stead."""
    found = set()
    for match in _BY_NAME.finditer(text):
        before = list(_FUNCTION.finditer(text, max(0, match.start() - 300), match.start()))
        if before:
            name, given = (before[-1][1], before[-1][2]) if before[-1][1] else (before[-1][3], before[-1][4])
            if re.search(rf"\b{match[1]}\b", given) and "," not in given:
                found.add(name)
    return found


def _left_out(files: Files, path: str) -> Iterator[Hit]:
    if sum(map(is_example, files.all)) != 1 or posixpath.dirname(path):
        return  # each of several tells of its own part
    names = set(_NAME.findall(files.text(path)))
    reads: dict[str, str] = files.once(_reads)
    known = {each.name for app in files.stack.applications for each in code(app)}
    lost = [
        name for name in reads
        if name not in names and name not in known and not GIVEN.fullmatch(name) and name not in given_by_compose(files, path)
    ]  # fmt: skip
    # An example that has most of them is meant to have them all.
    if lost and len(names & set(reads)) >= max(2, len(lost)):
        for name in lost:
            yield Hit(1, f"{reads[name]} reads `{name}`, which is not documented here")


_EXAMPLE = "A_HOST=a\nA_PORT=1\n{}"
_PHP = "<?php\nfunction required(string $name): string {\n  $value = getenv($name);\n  return $value;\n}\n$a = [required('A_HOST'), required('A_PORT'), required('MAIL_DSN'), optional('X_Y', '1')];\n"
_YAML = "a:\n  host: ${A_HOST}\n  port: ${A_PORT}\n  mail: ${MAIL_DSN}\n  level: ${LEVEL:info}\n  # ${OLD}\n"
_PY = "import os\nA = os.environ['A_HOST'] + os.environ['A_PORT']\nB = os.environ['MAIL_DSN']\nC = os.environ.get('OTHER_NAME', '')\n"
_KOTLIN = {"src/main/resources/application.yaml": _YAML}
_MORE = "MAIL_DSN=smtp://localhost\n"

RULES = (
    Rule("env/left-out", "warning", "Document every variable that is read, with a safe value.", "The persona: all environment variables documented in .env.example.", is_example, _left_out,
         bad=({".env.example": _EXAMPLE.format(""), "src/a.php": _PHP}, {".env.example": _EXAMPLE.format(""), **_KOTLIN}, {".env.example": _EXAMPLE.format(""), "shop/settings.py": _PY}),
         good=({".env.example": _EXAMPLE.format(_MORE), "src/a.php": _PHP}, {".env.example": _EXAMPLE.format("# MAIL_DSN=\n"), **_KOTLIN}, {".env.example": "A_HOST=a\n", "shop/settings.py": _PY},
               {".env.example": _EXAMPLE.format(""), "tests/a.py": _PY}, {".env.example": _EXAMPLE.format(""), "b/.env.example": "A=1\n", **_KOTLIN})),
)  # fmt: skip
