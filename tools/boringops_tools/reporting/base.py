"""The report that every form is made from, and the lines it may show."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from pathlib import Path

from boringops.facts import SEVERITIES, Finding, Severity, Validation
from boringops.secrets import find
from boringops.suppressions import Suppression
from boringops_tools.waivers import Waiver

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab")
_SHOWN = 160  # characters of a line
# Rules that hold something against a value: the line has it, and no pattern can be trusted to cover it.
_ABOUT_VALUES = re.compile(r"(?i)secret|credential|password|token|leak|private-key|generic-api|long-lived")


@dataclass(frozen=True)
class Report:
    """Everything a check has to say. Paths are relative to `root`."""

    root: Path
    files: int
    """How many were looked at."""
    findings: list[Finding]
    """Those that count."""
    validation: list[Validation]
    waived: list[tuple[Finding, Waiver]] = field(default_factory=list)
    known: list[Finding] = field(default_factory=list)
    """Those that the baseline has."""
    fail_on: Severity = "warning"
    suppressions: list[tuple[str, Suppression]] = field(default_factory=list)
    """Comments by which other tools are told to say nothing, with the file they are in."""

    def fails(self, finding: Finding) -> bool:
        return SEVERITIES.index(finding.severity) >= SEVERITIES.index(self.fail_on)

    @property
    def blind(self) -> list[Validation]:
        """What nothing could check."""
        return [item for item in self.validation if item.outcome == "not_validated"]

    @functools.cached_property
    def _hidden(self) -> frozenset[tuple[str, int | None]]:
        everything = [*self.findings, *self.known, *(finding for finding, _ in self.waived)]
        return frozenset((each.path, each.line) for each in everything if _ABOUT_VALUES.search(each.rule))

    def line(self, finding: Finding) -> str:
        """The line a finding is about, secrets masked; empty where there is none to show."""
        if not finding.line or (finding.path, finding.line) in self._hidden:
            return ""
        lines = _lines(self.root, finding.path)
        text = lines[finding.line - 1].strip() if finding.line <= len(lines) else ""
        return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def printable(path: str) -> str:
    """A path as it can be shown: no name of a file moves a cursor, ends a line or breaks a document."""
    from boringops_tools.validators.base import clean

    return path if path == clean(path) else path.encode("unicode_escape").decode()


@functools.lru_cache(maxsize=16)
def _lines(root: Path, path: str) -> list[str]:
    """The lines of a file with secrets masked and nothing in them that a terminal would obey."""
    from boringops_tools.validators import read_file
    from boringops_tools.validators.base import clean

    file = read_file(root, path)
    return [] if isinstance(file, str) else [clean(line) for line in masked(file.text, path).split("\n")]


def masked(text: str, path: str = "") -> str:
    """The text with every secret in it replaced by its name, and its line ends where they were."""
    parts, position = [], 0
    for hit in find(text, path=path) if path else find(text):
        value = text[max(hit.start, position) : hit.end]
        if value:
            parts += [text[position : max(hit.start, position)], f"<secret:{hit.name}>", "\n" * value.count("\n")]
            position = hit.end
    return "".join([*parts, text[position:]])
