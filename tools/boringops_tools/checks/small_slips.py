"""Small things that other readers take another way: country codes that are booleans, `.env` files with spaces, scripts."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_workflow, is_yaml, walk

_SPACED = lazy_pattern(r"^(?:export\s+)?[A-Za-z_]\w*(?:\s+=|=\s+\S)")
_DUMP = lazy_pattern(
    r"^\s*(?:\w+=\S+\s+)*(?:sudo\s+|docker\s+(?:compose\s+)?exec\s+(?:-\S+\s+)*\S+\s+)?(pg_dump(?:all)?|mysqldump|mariadb-dump|mongodump)\b[^|#]*\|"
)
_EVAL = lazy_pattern(r"(?:^|[;&|]\s*|\bthen\s+|\bdo\s+)\s*eval\s+\"?\$(?:\{?[1-9@*]\}?)")
_REF = lazy_pattern(r"\bgithub\.ref\s*[!=]=\s*'(?!refs/)([^']+)'")


def _countries(files: Files, path: str) -> Iterator[Hit]:
    lines: list[str] = []
    for document in files.documents(path):
        for _, _, value in walk(document):
            if not isinstance(value, list) or len(value) < 2:
                continue
            if all(
                isinstance(each, bool) or (isinstance(each, str) and re.fullmatch(r"[A-Z]{2}", each)) for each in value
            ):
                place = next((index for index, each in enumerate(value) if each in ("NO", False)), None)
                line = at((value, place)) or 0 if place is not None else 0
                lines = lines or files.text(path).splitlines()
                if 0 < line <= len(lines) and re.search(r"(?<![\w'\"])NO(?![\w'\"])", lines[line - 1]):
                    yield Hit(line, "`NO` without quotes is false")


def _is_env(path: str) -> bool:
    name = posixpath.basename(path)
    return name == ".env" or name.startswith(".env.") or name.endswith(".env")


def _spaces(files: Files, path: str) -> Iterator[Hit]:
    quoted = ""
    for number, line in enumerate(files.text(path).splitlines(), 1):
        if quoted:  # a text over several lines
            quoted = "" if quoted in line else quoted
            continue
        if _SPACED.match(line) and not re.match(r"^\S+=\s+#", line):
            yield Hit(number, "there is space around `=`: a shell and Docker do not take it so")
        value = line.partition("=")[2].strip()
        if value[:1] in ("'", '"') and value.count(value[0]) == 1:
            quoted = value[0]


def _is_script(path: str) -> bool:
    return path.endswith((".sh", ".bash")) or (
        "." not in posixpath.basename(path) and bool(re.search(r"(?:^|/)(?:bin|scripts?|hack|ci)/[^/]+$", path))
    )


def _scripts(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if not path.endswith((".sh", ".bash")) and not re.match(r"#!.*\b(?:ba|da|z|k)?sh\b", text):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if "pipefail" not in text and "PIPESTATUS" not in text and (found := _DUMP.match(line)):
            yield Hit(
                number, f"when `{found[1]}` fails, the script goes on with what it has written so far: no pipefail"
            )
        if not line.lstrip().startswith("#") and _EVAL.search(line):
            yield Hit(number, "what the caller hands over is run as a command")


def _references(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path):
        for parent, key, value in walk(mapping(document)):
            for name in _REF.findall(value) if isinstance(value, str) else ():
                yield Hit(at((parent, key)), f"github.ref is never `{name}`: it begins with refs/heads/ or refs/tags/")


_W = ".github/workflows/a.yml"
_JOB = "on: push\njobs:\n  a:\n    if: {}\n    runs-on: x\n    steps: []\n"

RULES = (
    Rule("yaml/country", "error", "Put it into quotes.", "YAML 1.1, bool: y, n, yes, no, on and off are booleans.", is_yaml, _countries,
         bad=({"a.yaml": "countries: [DE, NO, SE]\n"},), good=({"a.yaml": "countries: [DE, 'NO', SE]\nflags: [true, false]\nb: [yes, a]\n"},)),
    Rule("env/space", "warning", "Write NAME=value.", "Docker Compose, Environment file syntax; POSIX shell assignments have no blanks.", _is_env, _spaces,
         bad=({".env.example": "PORT = 8080\n"}, {".env.example": "PORT= 8080\n"}), good=({".env.example": "PORT=8080\n# A = b\nEMPTY= # none\nKEY=\"a\nB = c\n\"\nX=\n"},)),
    Rule("script/lost-failure", "warning", "`set -o pipefail`; name the commands that may be run.", "Bash manual, Pipelines: the status is the last command's; eval runs its arguments.", _is_script, _scripts,
         bad=({"a.sh": "#!/bin/bash\nset -e\npg_dump shop | gzip > a.gz\n"}, {"a.sh": "eval \"$1\"\n"}), good=({"a.sh": "#!/bin/bash\nset -eo pipefail\npg_dump shop | gzip > a.gz\neval \"$(ssh-agent)\"\n"}, {"b.sh": "pg_dump shop > a\necho 'eval $1'\n"})),
    Rule("github/ref", "error", "Compare with refs/heads/NAME, or use github.ref_name.", "GitHub Actions, Contexts: github.ref is the fully-formed reference.", is_workflow, _references,
         bad=({_W: _JOB.format("github.ref == 'main'")},), good=({_W: _JOB.format("github.ref == 'refs/heads/main' || github.ref_name == 'main'")},)),
)  # fmt: skip
