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
    elsewhere: bool = False
    """It runs in a container, in a cluster or on another machine: its paths are not this machine's."""
    leaves: str = ""
    """The path it is known to write outside the work tree, scratch folders aside."""


SCRATCH = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - named, not used
"""Folders that are nobody's: writing there asks, where writing anywhere else outside the work tree is refused."""


def in_scratch(path: str) -> bool:
    """Whether a path is inside a scratch folder of the machine, by its text alone."""
    real = posixpath.normpath(path)
    return real.startswith(("$TMPDIR", "${TMPDIR}")) or any(
        real == folder or real.startswith(f"{folder}/") for folder in SCRATCH
    )


def leaves_tree(path: str) -> bool:
    """Whether a path written in a command lies outside the work tree, by its text alone (links are not followed)."""
    return path.startswith(("/", "~")) or posixpath.normpath(path).split("/")[0] == ".."
