"""Waivers: findings that somebody has looked at and lives with, and says why.

One is a comment, `boringops: ignore RULE reason: TEXT`, on the line or alone on the line above it; or an entry of
`.boringops-waivers.yaml` with rule, path (a glob), reason, owner and expires (a date). `RULE` is an id, its family
(`image` for `image/latest`), or several by commas. A waiver hides nothing: what it lets pass is listed with its reason,
and one that is expired, of no use or malformed is a finding itself.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boringops.facts import Finding, Severity
from boringops.globs import glob_regex

WAIVERS_FILE = ".boringops-waivers.yaml"
_COMMENT = re.compile(
    r"(?P<before>.*?)(?:#|//|--|/\*|<!--|;|\{\{-?\s*/\*)\s*boringops:\s*ignore\b[ \t]*(?P<said>.*?)\s*(?:\*/(?:\s*-?\}\})?|-->)?\s*$"
)
_SAID = re.compile(r"(?P<rules>[^\s,]+(?:\s*,\s*[^\s,]+)*)(?:\s+reason:\s*(?P<reason>.*))?")
_KEYS = ("rule", "path", "reason", "owner", "expires")


@dataclass(frozen=True)
class Waiver:
    """Somebody's word that a rule may be broken at a place."""

    rules: tuple[str, ...]
    path: str
    """A file for a comment, a glob for an entry of the file of waivers."""
    reason: str
    written: tuple[str, int]
    """Where it is written: file and line."""
    line: int | None = None
    """The only line it is for; null where it is for whole files."""
    owner: str = ""
    expires: datetime.date | None = None

    @property
    def inline(self) -> bool:
        return self.line is not None

    def covers(self, finding: Finding) -> bool:
        if finding.rule.startswith("waiver/") or not any(_names(rule, finding.rule) for rule in self.rules):
            return False
        if self.line is not None:
            return finding.path == self.path and finding.line == self.line
        return bool(glob_regex(self.path).fullmatch(finding.path))


@dataclass(frozen=True)
class Waived:
    """What is left of the findings, and what became of the others."""

    findings: list[Finding] = field(default_factory=list)
    """Those that no waiver covers."""
    waived: list[tuple[Finding, Waiver]] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)
    """What is wrong with the waivers themselves: `waiver/expired`, `/unused`, `/invalid`, `/own`."""


def apply(
    root: Path,
    findings: Sequence[Finding],
    *,
    today: datetime.date,
    changed_lines: Mapping[str, Collection[int]] | None = None,
    distrust: Collection[str] = (),
    paths: Iterable[str] | None = None,
    complete: bool = False,
) -> Waived:
    """Settle findings by the waivers of the repository. Never raises for what a file holds.

    `distrust` names files that the model has changed in this run: a waiver in them counts only if its line is not among
    `changed_lines` of the file (all lines, where they are not given). `paths` are the files that were looked at (those of
    the findings if left out), and `complete` says that they are the whole repository: only then is an entry of the file
    of waivers that covers nothing known to be of no use.
    """
    looked_at = sorted({*(paths or ()), *(finding.path for finding in findings)} - {WAIVERS_FILE})
    problems: list[Finding] = []
    waivers: list[Waiver] = []
    for each in (*_inline(root, looked_at), *_entries(root)):
        if isinstance(each, Finding):
            problems.append(each)
        elif each.written[0] in distrust and _new(each, changed_lines):
            problems.append(
                _problem(
                    "own", "error", each.written, "written by the change that it would excuse: a person has to waive it"
                )
            )
        elif each.expires and each.expires < today:
            problems.append(
                _problem(
                    "expired", "warning", each.written, f"the waiver of {', '.join(each.rules)} ended on {each.expires}"
                )
            )
        else:
            waivers.append(each)

    kept, waived, used = [], [], set()
    for finding in findings:
        waiver = next((each for each in waivers if each.covers(finding)), None)
        if waiver is None:
            kept.append(finding)
        else:
            waived.append((finding, waiver))
            used.add(waiver.written)
    for waiver in waivers:
        if waiver.written not in used and (waiver.inline or complete):
            severity: Severity = "warning" if all(_ours(rule) for rule in waiver.rules) else "info"
            problems.append(
                _problem(
                    "unused", severity, waiver.written, f"nothing of {', '.join(waiver.rules)} is found here any more"
                )
            )
    return Waived(kept, waived, problems)


def _names(waived: str, rule: str) -> bool:
    return rule == waived or rule.startswith(f"{waived}/")


def _ours(rule: str) -> bool:
    """Whether a rule is a red flag: then that it finds nothing is sure, while a validator may just be absent."""
    from boringops_tools.red_flags import red_flags

    return any(_names(rule, each.id) or _names(each.id, rule) for each in red_flags())


def _new(waiver: Waiver, changed_lines: Mapping[str, Collection[int]] | None) -> bool:
    path, line = waiver.written
    return changed_lines is None or path not in changed_lines or line in changed_lines[path]


def _problem(kind: str, severity: Severity, written: tuple[str, int], message: str) -> Finding:
    hints = {
        "expired": "Mend what it excused, or have somebody renew it.",
        "unused": "Take it out.",
        "invalid": "Write `boringops: ignore RULE reason: TEXT`, or an entry with rule, path, reason, owner and expires.",
        "own": "Mend what the rule holds against the file; leave it to the user to waive it.",
    }
    path, line = written
    return Finding(
        rule=f"waiver/{kind}", severity=severity, path=path, line=line, message=message, source="boringops", hint=hints[kind]
    )  # fmt: skip


# --- comments ---------------------------------------------------------------------------------------------------------


def _inline(root: Path, paths: Iterable[str]) -> Iterator[Waiver | Finding]:
    from boringops_tools.validators import read_file

    for path in paths:
        file = read_file(root, path)
        if not isinstance(file, str) and "boringops:" in file.text:
            yield from _comments(path, file.text.split("\n"))


def _comments(path: str, lines: list[str]) -> Iterator[Waiver | Finding]:
    for number, line in enumerate(lines, 1):
        match = _COMMENT.match(line) if "boringops:" in line else None
        # A sign that touches what is before it is no comment: `http://...`, `a#b`.
        if match is None or (match["before"] and not match["before"][-1].isspace()) or _quoted(match["before"]):
            continue
        said = _SAID.fullmatch(match["said"])
        if said is None or not said["reason"]:
            yield _problem("invalid", "error", (path, number), "a waiver needs a rule and a reason")
            continue
        target = number if match["before"].strip() else _next_line(lines, number)
        rules = tuple(rule.strip() for rule in said["rules"].split(","))
        yield Waiver(rules, path, said["reason"].strip(), (path, number), target)


def _quoted(before: str) -> bool:
    """Whether what follows stands inside a string or in backticks, as in a document about waivers."""
    return any(before.count(quote) % 2 for quote in "\"'`")


def _next_line(lines: list[str], number: int) -> int:
    """The line that a comment alone on its line is for: the next one that is no such comment."""
    while number < len(lines) and "boringops:" in lines[number] and _COMMENT.match(lines[number]):
        number += 1
    return number + 1


# --- the file of waivers ----------------------------------------------------------------------------------------------


def _entries(root: Path) -> Iterator[Waiver | Finding]:
    from boringops_tools.validators import read_file
    from boringops_tools.yaml_files import Unreadable, documents, line_of

    if not (root / WAIVERS_FILE).exists():
        return
    file = read_file(root, WAIVERS_FILE)
    if isinstance(file, str):
        yield _problem("invalid", "error", (WAIVERS_FILE, 1), f"cannot be read: {file}")
        return
    try:
        content = next(iter(documents(file.text)), None)
    except Unreadable as error:
        yield _problem("invalid", "error", (WAIVERS_FILE, error.line or 1), f"cannot be read: {error}")
        return
    entries = content.get("waivers") if isinstance(content, Mapping) else content
    if not isinstance(entries, list):
        if entries is not None or content is not None:
            yield _problem("invalid", "error", (WAIVERS_FILE, 1), "is no list of waivers")
        return
    for index, entry in enumerate(entries):
        yield _entry(entry, line_of(entries, index) or 1)


def _entry(entry: Any, line: int) -> Waiver | Finding:
    written = (WAIVERS_FILE, line)
    if not isinstance(entry, Mapping):
        return _problem("invalid", "error", written, "an entry is a mapping")
    missing = [key for key in _KEYS if not str(entry.get(key) or "").strip()]
    unknown = [str(key) for key in entry if key not in _KEYS]
    if missing or unknown:
        wrong = {"lacks": missing, "has the unknown": unknown}
        message = "; ".join(f"{how} {', '.join(keys)}" for how, keys in wrong.items() if keys)
        return _problem("invalid", "error", written, f"the entry {message}")
    expires = entry["expires"]
    try:
        day = expires if isinstance(expires, datetime.date) else datetime.date.fromisoformat(str(expires))
        glob_regex(str(entry["path"]))
    except ValueError as error:
        return _problem("invalid", "error", written, f"the entry cannot be read: {error}")
    day = day.date() if isinstance(day, datetime.datetime) else day
    rules = tuple(rule.strip() for rule in str(entry["rule"]).split(",") if rule.strip())
    return Waiver(rules, str(entry["path"]), str(entry["reason"]).strip(), written, None, str(entry["owner"]), day)
