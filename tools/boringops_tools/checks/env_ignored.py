"""The file that people copy an example to and fill in with secrets: git has to leave it out."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern

_EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist", "env.example")
_SECRET = lazy_pattern(
    r"(?m)^\s*(?:export\s+)?(\w*(?:SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIALS?)\w*)\s*="
)
# Where it is said that such a file is to be made.
_TELLS = lazy_pattern(r"\.(?:md|rst|adoc|txt|sh|ya?ml|json)$|(?:^|/)(?:Makefile|justfile)$", re.I)
_MADE = lazy_pattern(
    r"(?i)\b(?:copy|rename|save|kopiere)\b(?:\s+(?:this|it|the|file|template|example|and))*\s+(?:to|as|into|nach)\s+[`\"']?\.env(?![.\w])|(?:cp|copy|rename|kopiere)\b[^\n]{0,60}\benv\.?(?:example|sample|template|dist)\b[^\n]{0,40}[\s`\"'/]\.env(?![.\w])|(?:^|\s|=)--env-file[= ]\.env(?![.\w])|env_file:\s*(?:\[?\s*|\n\s*-\s*)[\"']?(?:\./)?\.env(?![.\w])"
)


def _told(files: Files, example: str) -> bool:
    places = [each for each in files.all if _TELLS.search(each)][:300]
    return any(_MADE.search(files.text(each)) for each in [example, *places])


def _open(files: Files, _: str) -> Iterator[Hit]:
    for example in (each for name in _EXAMPLES for each in files.by_name.get(name, ())):
        wanted = posixpath.join(posixpath.dirname(example), ".env")
        secret = _SECRET.search(files.text(example))
        if secret and wanted not in files.known and not files.ignored(wanted) and _told(files, example):
            yield Hit(1, f"`{wanted}` is not ignored: {example} is copied to it, and `{secret[1]}` filled in there")


_E = {
    ".env.example": "PORT=1\nSESSION_SECRET=change-me\n",
    "README.md": "Copy `.env.example` to `.env`, and set `SESSION_SECRET`.\n",
}

RULES = (
    Rule("env/not-ignored", "warning", "Add `.env` to .gitignore: one `git add .` makes its secrets everybody's.", "gitignore: what no pattern names is added with the rest.", lambda path: path == ".gitignore", _open,
         bad=({**_E, ".gitignore": "node_modules/\n"}, {**_E, ".gitignore": "# .env\n*.log\n.env.local\n"}, {".env.example": "API_KEY=\n", "compose.yaml": "services:\n  a:\n    image: b:1\n    env_file: .env\n", ".gitignore": "dist/\n"}, {".env.example": "# Copy this file to .env and fill it in.\nTOKEN=\n", ".gitignore": "dist/\n"}, {"api/.env.sample": "DB_PASSWORD=\n# cp .env.sample .env\n", ".gitignore": "/.env\n"}),
         good=({**_E, ".gitignore": ".env\n"}, {**_E, ".gitignore": "*.env\n"}, {**_E, ".gitignore": ".env*\n!.env.example\n"}, _E, {".env.example": "PORT=1\n# cp .env.example .env\n", ".gitignore": "a\n"}, {".env.example": "TOKEN=\n", ".gitignore": "a\n"}, {"api/.env.example": "TOKEN=\n# cp .env.example .env\n", "api/.gitignore": ".env\n", ".gitignore": "a\n"})),
)  # fmt: skip
