"""Adding a permission rule to `.boringops.toml`: the user's file, so nothing else in it moves."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from boringops.config import FILE
from boringops.errors import UsageError


def save_allow_rule(root: Path, rule: str) -> None:
    """Let a rule stand under `allow` of `[permissions]`, comments and order kept.

    Raises UsageError with the line to write where the file is not one that can be added to."""
    path = root / FILE
    try:
        before = path.read_text() if path.exists() else ""
        after = _with_rule(before, rule)
    except (OSError, ValueError) as error:
        raise _by_hand(rule, str(error)) from error
    if after is None:
        raise _by_hand(rule, "its permissions are written in a way that boringops does not add to")
    if after != before:
        path.write_text(after)


def _with_rule(text: str, rule: str) -> str | None:
    """The text with the rule in it; None where it cannot be told to say just that."""
    old = tomllib.loads(text)
    allowed = old.get("permissions", {}).get("allow", [])
    if rule in allowed:
        return text
    quoted = json.dumps(rule, ensure_ascii=False)
    section = re.search(r"^\[permissions\][ \t]*(?:#.*)?$", text, re.M)
    if section is None:
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        new = f"{text}{gap}[permissions]\nallow = [{quoted}]\n"
    else:
        end = re.compile(r"^\[", re.M).search(text, section.end())
        body = text[section.end() : end.start() if end else len(text)]
        listed = re.search(r"^[ \t]*allow[ \t]*=[ \t]*\[", body, re.M)
        at = section.end() + (listed.end() if listed else 0)
        new = f"{text[:at]}{quoted}, {text[at:]}" if listed else f"{text[:at]}\nallow = [{quoted}]{text[at:]}"
    try:
        read = tomllib.loads(new)
    except tomllib.TOMLDecodeError:
        return None
    permissions = {**old.get("permissions", {}), "allow": read.get("permissions", {}).get("allow")}
    as_meant = sorted(permissions["allow"] or []) == sorted([*allowed, rule])
    return new if as_meant and read == {**old, "permissions": permissions} else None


def _by_hand(rule: str, problem: str) -> UsageError:
    return UsageError(
        f"{FILE} was left as it is: {problem}.",
        hint=f"Write under [permissions]: allow = [{json.dumps(rule, ensure_ascii=False)}]",
    )
