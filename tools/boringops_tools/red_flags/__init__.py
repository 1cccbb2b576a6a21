"""Red flags: what the persona says never to do, found in files as they are.

Every module of this folder that has `RED_FLAGS` takes part. `scan` never raises for what a file holds.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from boringops.facts import Finding, Severity
from boringops_tools.applying import Applying
from boringops_tools.cache import Cache, key_of, our_version
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.images import LATEST, MOVING, UNTAGGED, is_kustomization, moving, untagged
from boringops_tools.red_flags.kustomize_images import pinned
from boringops_tools.validators import read_file
from boringops_tools.validators.base import File, clean, shown
from boringops_tools.validators.programs import go_on
from boringops_tools.yaml_files import Unreadable, is_yaml, template_reason

__all__ = ["Hit", "RedFlag", "of_text", "red_flags", "scan"]

SOURCE = "boringops"
_FINDINGS = TypeAdapter(list[Finding])


@functools.cache
def red_flags() -> tuple[RedFlag, ...]:
    """All rules, by id."""
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    return tuple(
        sorted((each for module in modules for each in getattr(module, "RED_FLAGS", ())), key=lambda each: each.id)
    )


@functools.cache
def _applying() -> Applying[RedFlag]:
    return Applying(red_flags())


def scan(root: Path, paths: Sequence[str], *, cache: Cache | None = None) -> list[Finding]:
    """What the red flags hold against files of the repository. A file that is not there raises none.

    A rule sees a name and a text and nothing else, so what was found in a text is remembered in `cache`."""
    found: list[Finding] = []
    for path in dict.fromkeys(paths):
        go_on()
        found += _unless_filled_in(root, path, _remembered(root, path, cache or Cache(None)))
    return found


def _unless_filled_in(root: Path, path: str, found: list[Finding]) -> list[Finding]:
    """What was found, without the images that a Kustomization gives a version: only a neighbour shows that."""
    if is_kustomization(path) or not any(each.rule in (UNTAGGED, LATEST) for each in found):
        return found
    filled = {untagged(name) for name in pinned(root, path)}
    filled |= {moving(f"{name}:{tag}", tag) for name in pinned(root, path, MOVING) for tag in MOVING}
    return [each for each in found if each.rule not in (UNTAGGED, LATEST) or each.message not in filled]


def of_text(root: Path, path: str, text: str) -> list[Finding]:
    """What the red flags held against a file when it said this."""
    return list(_scan_file(path, File(root, path, text), [rule for rule in red_flags() if rule.applies(path)]))


def _remembered(root: Path, path: str, cache: Cache) -> list[Finding]:
    file = read_file(root, path)
    if isinstance(file, str):
        return list(_scan_file(path, file, _applying().to(path))) if (root / path).exists() else []
    template = template_reason(file) if is_yaml(path) else ""  # its neighbours may make it one
    key = key_of("red flags", our_version(), path, file.sha256, template)
    with contextlib.suppress(ValidationError):
        if (known := cache.get(key)) is not None:  # asked before the rules, which take longer to import
            return _FINDINGS.validate_json(known) if known != "[]" else []
    found = list(_scan_file(path, file, _applying().to(path)))
    if not any(each.rule == "unreadable" for each in found):
        cache.put(key, _FINDINGS.dump_json(found).decode())
    return found


def _scan_file(path: str, file: File | str, rules: Sequence[RedFlag]) -> Iterator[Finding]:
    unreadable: Unreadable | None = None
    for rule in rules:
        if isinstance(file, str) and rule.reads_text:
            continue  # the validators say why it was not read
        try:
            for hit in rule.check(path, "" if isinstance(file, str) else file.text):
                yield _finding(rule, path, hit)
        except Unreadable as error:
            unreadable = error
        except Exception as error:  # a fault in one rule must not hide what the others found
            yield Finding(
                rule=rule.id, severity="warning", path=shown(path), source=SOURCE,
                message=clean(f"the rule broke down: {type(error).__name__}: {error}"),
            )  # fmt: skip
    if unreadable is not None and isinstance(file, File) and not (is_yaml(path) and template_reason(file)):
        # What is too long is nobody's mistake, and not looked at all the same.
        severity: Severity = "info" if "too long" in str(unreadable) else "error"
        yield Finding(
            rule="unreadable", severity=severity, path=shown(path), line=unreadable.line, source=SOURCE,
            message=clean(f"cannot be read, so that no rule could look at it: {unreadable}"),
        )  # fmt: skip


def _finding(rule: RedFlag, path: str, hit: Hit) -> Finding:
    return Finding(
        rule=hit.rule or rule.id, severity=hit.severity or rule.severity, path=shown(path), line=hit.line,
        message=clean(hit.message), source=SOURCE, hint=clean(hit.hint or rule.reason),
    )  # fmt: skip
