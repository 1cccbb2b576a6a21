"""The values that a Terraform configuration's arguments have, as far as defaults, locals and tfvars say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import Call, Expression

UNKNOWN = object()
_REFERENCE = lazy_pattern(r"(?:\$\{)?\s*(var|local)\.([\w-]+)\s*\}?")
_CHOICE = lazy_pattern(r"([^?]+)\?([^:]+):(.+)", re.S)
_LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None}
_DEEPEST = 8


class Values:
    def __init__(self, variables: Mapping[str, Any], local: Mapping[str, Any]) -> None:
        self.variables, self.local = variables, local

    def of(self, value: Any, depth: int = 0) -> Any:
        """A value, or UNKNOWN where it takes more than looking a name up or choosing between two."""
        if isinstance(value, Call):
            whole = value.name in ("toset", "tolist", "tomap") and len(value.arguments) == 1
            return self.of(value.arguments[0], depth + 1) if whole else UNKNOWN
        if not isinstance(value, Expression):
            return value
        text = value.text.strip()
        if depth > _DEEPEST:
            return UNKNOWN
        if found := _REFERENCE.fullmatch(text):
            names = self.variables if found[1] == "var" else self.local
            return self.of(names[found[2]], depth + 1) if found[2] in names else UNKNOWN
        if text in _LITERALS:
            return _LITERALS[text]
        if re.fullmatch(r"-?\d+(?:\.\d+)?", text):
            return float(text) if "." in text else int(text)
        if quoted := re.fullmatch(r'"([^"$]*)"', text):
            return quoted[1]
        if choice := _CHOICE.fullmatch(text):
            decided = self.of(Expression(choice[1]), depth + 1)
            return (
                self.of(Expression(choice[2] if decided else choice[3]), depth + 1)
                if isinstance(decided, bool)
                else UNKNOWN
            )
        return UNKNOWN

    def number(self, value: Any) -> float | None:
        found = self.of(value)
        if isinstance(found, str) and re.fullmatch(r"\d+(?:\.\d+)?", found):
            return float(found)
        return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None

    def text(self, value: Any) -> str:
        found = self.of(value)
        return found if isinstance(found, str) else ""
