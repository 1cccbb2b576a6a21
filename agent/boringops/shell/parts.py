"""One simple command of a text, as rules and people are told of it."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from boringops.commands import Verdict


@dataclass(frozen=True)
class Part:
    """One simple command, or one file that a redirection writes (then `argv` is (">", path))."""

    argv: tuple[str, ...]
    """Its words as the program gets them; an `Unresolved` word is known only when it runs."""
    verdict: Verdict
    reason: str
    text: str
    """What a permission rule that allows is held to: risky assignments kept, harmless wrappers taken off."""
    forms: tuple[str, ...]
    """Every form of it a rule that denies is held to: as written, and with each wrapper taken off."""
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    """Files that redirections read."""


def leaves_tree(path: str) -> bool:
    """Whether a path written in a command lies outside the work tree, by its text alone (links are not followed)."""
    return path.startswith(("/", "~")) or posixpath.normpath(path).split("/")[0] == ".."
