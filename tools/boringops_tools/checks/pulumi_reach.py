"""Pulumi programs as text: what of them runs in every stack, and what only where a condition or a caller says so."""

from __future__ import annotations

import re

from boringops_tools.patterns import lazy_pattern

_TEXTS = r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|[()\[\]{}]"
_TOKENS = {
    ".ts": lazy_pattern(_TEXTS, re.S),
    ".go": lazy_pattern(_TEXTS, re.S),
    ".py": lazy_pattern(
        r"#[^\n]*|\"\"\".*?\"\"\"|'''.*?'''|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|[()\[\]{}]", re.S
    ),
}
_DECIDED = {
    ".ts": lazy_pattern(r"[?]|&&|\|\||=>|^\s*(?://|\*)|\b(?:if|case|function|catch)\b"),
    ".py": lazy_pattern(r"^\s*#|\b(?:if|or|and|lambda|def|for|while|except)\b"),
    ".go": lazy_pattern(r"^\s*//|&&|\|\||\b(?:if|case|for|switch)\b"),
}
"""On the line before a call: what may keep it from being made."""
_OBJECT = lazy_pattern(r"[(\[,:{=]\s*$")
_BLOCK = lazy_pattern(r"\b(?:if|for|switch|select|case|else|func)\b")


def _open(text: str, at: int, kind: str) -> list[int]:
    """Where the brackets begin that are open at a place."""
    found: list[int] = []
    for token in _TOKENS[kind].finditer(text):
        if token.start() >= at:
            break
        if len(token[0]) > 1:
            continue
        if token[0] in "([{":
            found.append(token.start())
        elif found:
            found.pop()
    return found


def always(text: str, at: int, kind: str) -> bool:
    """Whether a call at a place is made whenever the program runs: at its top, or as part of a statement there."""
    start = text.rfind("\n", 0, at) + 1
    if _DECIDED[kind].search(text[start:at]):
        return False
    begins = start
    for bracket in _open(text, at, kind):
        line = text.rfind("\n", 0, bracket) + 1
        before = text[line:bracket]
        if kind == ".go" and text[bracket] == "{" and "pulumi.Run(" not in before and _BLOCK.search(before):
            return False
        if kind == ".ts" and text[bracket] == "{" and not _OBJECT.search(text[:bracket]):
            return False
        if kind != ".go" and _DECIDED[kind].search(before):
            return False
        begins = min(begins, line)
    # Go's programs stand in `pulumi.Run`, or in a function that is handed to it
    return kind == ".go" or not text[begins : begins + 1].isspace()
