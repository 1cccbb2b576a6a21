"""Variables by other names than the example has them: placeholders of settings, and the table of a README."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.unread import alike
from boringops_tools.checks.variables import GIVEN, is_example
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose

_SETTINGS = lazy_pattern(r"(?:^|/)(?:application|bootstrap)(?:-[\w-]+)?\.(?:ya?ml|properties)$")
# A placeholder without a default: what it is to be, somebody has to set.
_PLACEHOLDER = lazy_pattern(r"\$\{([A-Z][A-Z0-9_]{2,})\}")
_ANY = lazy_pattern(r"\$\{([A-Z][A-Z0-9_]{2,})[:}]")
_EXAMPLE_NAME = lazy_pattern(r"(?m)^\s*#?\s*(?:export\s+)?([A-Z][A-Z0-9_]{2,})\s*=")
# A row of a table, or an item of a list that begins with the name.
_ROW = lazy_pattern(
    r"(?m)^\s*(?:\|(?=[^|\n]*`[A-Z][A-Z0-9_]{2,}`[^|\n]*\|)(?P<cell>[^|\n]*)\||[-*]\s+(?P<item>(?:\*\*)?`[A-Z][A-Z0-9_]{2,}`(?:,\s*`[A-Z][A-Z0-9_]{2,}`)*))"
)
_MOST = 400


def _example(files: Files) -> tuple[str, frozenset[str]]:
    """The one example of the repository and the names in it; none where there are several."""
    found = [each for each in files.all if is_example(each)]
    return (found[0], frozenset(_EXAMPLE_NAME.findall(files.text(found[0])))) if len(found) == 1 else ("", frozenset())


def _known(files: Files, name: str, but: set[str]) -> bool:
    whole = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])")
    others = [each for each in files.all if each not in but]
    return len(others) > _MOST or any(whole.search(files.text(each)) for each in others)


def _placeholders(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    example, names = files.once(_example) if _PLACEHOLDER.search(text) else ("", frozenset())
    if not example:
        return
    settings = [each for each in files.all if _SETTINGS.search(each)]
    asked = {name for each in settings for name in _ANY.findall(files.text(each))}
    # That most of its names are in the example shows that it is meant for these settings.
    if len(asked & names) < 2:
        return
    spare = [each for each in names - asked if not _known(files, each, {example})]
    for match in _PLACEHOLDER.finditer(text):
        name = match[1]
        line = text.count("\n", 0, match.start()) + 1
        if name in names or GIVEN.fullmatch(name) or text.splitlines()[line - 1].lstrip().startswith("#"):
            continue
        meant = [each for each in spare if alike(each, name)]
        if len(meant) == 1 and not _known(files, name, set(settings)):
            yield Hit(line, f"nothing sets `{name}`; {example} has `{meant[0]}`, which nothing reads")


def _table(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    rows = list(_ROW.finditer(text))
    example, names = files.once(_example) if len(rows) > 1 else ("", frozenset())
    told = {
        name: text.count("\n", 0, row.start("cell" if row["cell"] else "item")) + 1
        for row in rows
        for name in re.findall(r"`([A-Z][A-Z0-9_]{2,})`", row["cell"] or row["item"])
    }
    absent = [each for each in names if not re.search(rf"(?<![A-Za-z0-9_]){each}(?![A-Za-z0-9_])", text)]
    extra = [each for each in told if each not in names and not GIVEN.fullmatch(each)]
    if not example or len(set(told) & names) < 2 or len(absent) != 1 or len(extra) != 1:
        return
    if alike(extra[0], absent[0]) and not _known(files, extra[0], {path}) and _known(files, absent[0], {path, example}):
        yield Hit(
            told[extra[0]],
            f"`{extra[0]}` is read nowhere; {example} has `{absent[0]}`, which stands nowhere in this document",
        )


def _is_settings(path: str) -> bool:
    return (
        bool(_SETTINGS.search(path))
        and not re.search(r"(?:^|/)(?:test|tests|examples?|docs?)/", path)
        and not is_compose(path)
    )


_E = {".env.example": "DATABASE_HOST=a\nDATABASE_PASSWORD=\nLOG_LEVEL=info\n"}
_Y = "src/main/resources/application.yml"
_S = "host: ${{DATABASE_HOST:localhost}}\nlevel: ${{LOG_LEVEL:INFO}}\npassword: ${{{}}}\n"
_T = "| Variable | |\n| --- | --- |\n| `DATABASE_HOST` | where |\n| `LOG_LEVEL` | how much |\n| `{}` | what |\n"
_CODE = {"a.js": "process.env.DATABASE_HOST + process.env.DATABASE_PASSWORD + process.env.LOG_LEVEL\n"}
_HINT = "Write the one name everywhere."

RULES = (
    Rule("consistency/placeholder-name", "warning", _HINT, "Spring Boot, Externalized Configuration: a placeholder that nothing fills in ends the start.", _is_settings, _placeholders,
         bad=({**_E, _Y: _S.format("DATABASE_PASSWD")}, {**_E, "application.properties": "a=${DATABASE_HOST}\nb=${LOG_LEVEL}\nc=${DB_PASSWORD}\n"}),
         good=({**_E, _Y: _S.format("DATABASE_PASSWORD")}, {**_E, _Y: _S.format("MAIL_TOKEN")}, {_Y: _S.format("DATABASE_PASSWD")}, {**_E, _Y: _S.format("DATABASE_PASSWD:a")}, {**_E, _Y: _S.format("DATABASE_PASSWD"), "k8s.yaml": "name: DATABASE_PASSWD\n"})),
    Rule("consistency/told-variable", "warning", _HINT, "Who sets what the table says, sets nothing that is read.", lambda path: posixpath.basename(path).lower() == "readme.md", _table,
         bad=({**_E, **_CODE, "README.md": _T.format("DB_PASSWORD")}, {**_E, **_CODE, "README.md": "- `DATABASE_HOST`: where\n- `LOG_LEVEL`: how much\n- `DB_PASSWORD`: what\n"}),
         good=({**_E, **_CODE, "README.md": _T.format("DATABASE_PASSWORD")}, {**_E, **_CODE, "README.md": _T.format("MAIL_TOKEN")}, {**_E, **_CODE, "b.js": "process.env.DB_PASSWORD\n", "README.md": _T.format("DB_PASSWORD")}, {**_CODE, "README.md": _T.format("DB_PASSWORD")})),
)  # fmt: skip
