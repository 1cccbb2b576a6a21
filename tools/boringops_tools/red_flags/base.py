"""What a red flag is.

To add one: an entry in `RED_FLAGS` of the module of its subject, with files that must and must not raise it. The
examples run as tests, so a rule without them does not pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from boringops.facts import Severity


@dataclass(frozen=True)
class Hit:
    """One place that a rule holds against a file."""

    line: int | None
    message: str
    hint: str = ""
    rule: str = ""
    """A narrower id than the rule's own, e.g. `secret/aws-access-key`."""
    severity: Severity | None = None
    """Where it differs from the rule's own."""


@dataclass(frozen=True)
class RedFlag:
    id: str
    proves: str
    """The persona's rule that a hit shows to be broken."""
    severity: Severity
    reason: str
    """Why it matters, in a sentence; what a reader gets as a hint where the hit has none of its own."""
    applies: Callable[[str], bool]
    """Whether a file, by its path relative to the repository, is one to look at."""
    check: Callable[[str, str], Iterable[Hit]]
    """(path, text) to hits. May raise `yaml_files.Unreadable`, nothing else."""
    bad: Mapping[str, str] = field(default_factory=dict)
    """path: text of files that must raise it."""
    good: Mapping[str, str] = field(default_factory=dict)
    """path: text of files that must not, the near misses above all."""
    reads_text: bool = True
    """False where the name alone decides; such a rule also sees files that are no text."""
