"""Checks where no tool reaches: references, names and numbers that a schema cannot judge, and files that contradict
each other.

Every module of this folder that has `RULES` takes part. `scan` never raises for what a file holds, and what cannot be
read or has to be rendered first is left to the validators.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from boringops.facts import Finding
from boringops_tools.applying import Applying
from boringops_tools.cache import Cache, key_of, our_version
from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.validators.base import clean, shown
from boringops_tools.validators.programs import go_on

__all__ = ["Files", "Hit", "Rule", "look", "of_text", "rules", "scan"]

SOURCE = "boringops"
_FINDINGS = TypeAdapter(list[Finding])
MOST_HITS = 50
"""Findings of one rule in one file; more is one mistake made by a machine."""


@functools.cache
def rules() -> tuple[Rule, ...]:
    """All rules, by id."""
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    return tuple(
        sorted((each for module in modules for each in getattr(module, "RULES", ())), key=lambda each: each.id)
    )


@functools.cache
def _applying() -> Applying[Rule]:
    return Applying(rules())


def scan(root: Path, paths: Sequence[str], *, base: str = "HEAD", cache: Cache | None = None) -> list[Finding]:
    """What the rules hold against files of the repository, and against what became of them since the commit `base`."""
    return look(Files(root, base), paths, cache)


def look(files: Files, paths: Sequence[str], cache: Cache | None = None) -> list[Finding]:
    """What the rules hold against files. Other files are read where a rule needs them: what was found is remembered in
    `cache` for as long as no file of the repository changes."""
    chosen = tuple(dict.fromkeys(paths))
    if cache is None or not cache.on or files.repository is None:
        return _scan(files, chosen)
    key = key_of("checks", our_version(), *chosen, "\0", files.state, files.base_commit)
    with contextlib.suppress(ValidationError):
        if (known := cache.get(key)) is not None:
            return _FINDINGS.validate_json(known)
    found = _scan(files, chosen)
    cache.put(key, _FINDINGS.dump_json(found).decode())
    return found


def of_text(root: Path, path: str, text: str) -> list[Finding]:
    """What the rules that read nothing else held against a file when it said this."""
    return list(_scan_file(Files(root, texts={path: text}), path, alone=True))


def _scan(files: Files, paths: Sequence[str]) -> list[Finding]:
    found: list[Finding] = []
    for path in paths:
        go_on()
        found += _scan_file(files, path)
    for path in sorted(files.gone):
        found += _scan_file(files, path)
    return found


def _scan_file(files: Files, path: str, *, alone: bool = False) -> Iterator[Finding]:
    gone = not alone and path in files.gone
    mine = [rule for rule in _applying().to(path) if (rule.of_gone or not gone) and (rule.alone or not alone)]
    if not mine or (files.file(path) is None and not gone):
        return
    for rule in mine:
        try:
            for _, hit in zip(range(MOST_HITS), rule.check(files, path), strict=False):
                yield Finding(
                    rule=rule.id, severity=hit.severity or rule.severity, path=shown(path), line=hit.line,
                    message=clean(hit.message), source=SOURCE, hint=clean(hit.hint or rule.reason),
                )  # fmt: skip
        except Exception as error:  # a fault in one rule must not hide what the others found
            yield Finding(
                rule=rule.id, severity="warning", path=shown(path), source=SOURCE,
                message=clean(f"the rule broke down: {type(error).__name__}: {error}"),
            )  # fmt: skip
