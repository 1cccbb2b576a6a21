"""Whether JSON and TOML can be read, by Python's own parsers."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from boringops.facts import Finding
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File, InProcess

# These are JSON with comments by their own tools' definition.
_WITH_COMMENTS = lazy_pattern(
    r"(?:^|/)(?:[tj]sconfig[^/]*\.json|devcontainer\.json|\.eslintrc\.json|api-extractor\.json)$"
)
_COMMENT_FOLDERS = frozenset({".vscode", ".devcontainer"})


class _Wrong(ValueError):
    pass


class JsonSyntax(InProcess):
    name = "json"
    about = "JSON syntax, duplicate keys, NaN"

    def covers(self, file: File) -> bool:
        return file.suffix in (".json", ".tfstate") or file.name == ".renovaterc"

    def skip(self, file: File) -> str:
        folders = set(PurePosixPath(file.path).parts[:-1])
        return "is JSON with comments" if _WITH_COMMENTS.search(file.path) or folders & _COMMENT_FOLDERS else ""

    def judge(self, file: File) -> Iterable[Finding]:
        try:
            json.loads(file.text, object_pairs_hook=_unique, parse_constant=_finite)
        except json.JSONDecodeError as error:
            yield self.finding(file, "syntax", "error", *_place(file.text, error))
        except _Wrong as error:
            word = re.search(re.escape(str(error.args[1])), file.text)
            last = file.text.rfind(f'"{error.args[1]}"') if error.args[0] == "duplicate-key" else -1
            position = last if last >= 0 else word.start() if word else 0
            yield self.finding(
                file,
                error.args[0],
                "error",
                file.text.count("\n", 0, position) + 1,
                f"{error.args[2]} {error.args[1]!r}",
            )
        except (RecursionError, ValueError) as error:
            yield self.finding(file, "syntax", "error", None, f"cannot be read: {type(error).__name__} {error}")


def _place(text: str, error: json.JSONDecodeError) -> tuple[int, str]:
    """Line and message. A comma before a closing bracket, which later Pythons call by its name, is told where it stands."""
    before = text[: error.pos].rstrip()
    if text[error.pos : error.pos + 1] in ("}", "]") and before.endswith(","):
        return before.count("\n") + 1, "a comma before the closing bracket, which JSON does not allow"
    if error.msg.startswith("Illegal trailing comma"):
        return error.lineno, "a comma before the closing bracket, which JSON does not allow"
    return error.lineno, error.msg


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise _Wrong("duplicate-key", key, "a second value for the key")
        seen[key] = value
    return seen


def _finite(constant: str) -> Any:
    raise _Wrong("no-number", constant, "JSON has no")


class TomlSyntax(InProcess):
    name = "toml"
    about = "TOML syntax"

    def covers(self, file: File) -> bool:
        return file.suffix == ".toml" or file.name in ("Pipfile", "uv.lock", "poetry.lock", "Cargo.lock")

    def judge(self, file: File) -> Iterable[Finding]:
        try:
            tomllib.loads(file.text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            line = re.search(r"at line (\d+)", str(error))
            yield self.finding(file, "syntax", "error", int(line[1]) if line else None, str(error))


VALIDATORS = (JsonSyntax(), TomlSyntax())
