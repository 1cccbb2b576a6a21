"""Validators: what says whether a file is well-formed and sound, and what could not be said.

Every module of this folder that has `VALIDATORS` takes part. For each file and each validator that covers it there is
exactly one `Validation`; a kind of file that nothing covers is `not_validated`, never silently passed.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import importlib
import os
import pkgutil
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from boringops.errors import BoringopsError
from boringops.facts import Finding, Inspection, Validation
from boringops_tools.cache import Cache, key_of, opened, our_version
from boringops_tools.validators.base import File, Judged, Unfinished, Validator, clean, shown
from boringops_tools.validators.duties import Duties, by_nobody, unjudged
from boringops_tools.validators.gaps import expects_validation
from boringops_tools.validators.programs import stoppable
from boringops_tools.validators.reading import SIZE_CAP, read_file, read_once
from boringops_tools.validators.staging import shared
from boringops_tools.yaml_files import hostile_reason, is_yaml

__all__ = ["SIZE_CAP", "available", "expects_validation", "read_file", "read_once", "validate", "validators"]

T = TypeVar("T")
_NEARBY = 3  # lines between the places at which two tools report one thing
_ALIASES = {"excessive-permissions": "permissions", "missing-permissions": "permissions"}
_REMEMBERED = TypeAdapter(tuple[list[Finding], str])
HEAD_START_S = 0.3
"""Where programs are needed at all, the first of them run by then."""
_FIRST = (
    "groovy", "ansible", "checkov", "trivy", "cloudformation", "terraform", "helm", "schemas", "secret_scanners",
)  # fmt: skip
"""Modules whose programs take longest, the slowest before the others: they run while the other modules are still being
imported, and nobody waits for one of them alone at the end."""


def validators() -> tuple[Validator, ...]:
    """All validators, by name."""
    return tuple(sorted((each for some in rounds() for each in some), key=_by_name))


def rounds() -> Iterator[list[Validator]]:
    """All validators: first the slowest, then the others, which are imported only once they are asked for."""
    others = [module.name for module in pkgutil.iter_modules(__path__) if module.name not in _FIRST]
    for names in (_FIRST, others):
        modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
        yield [each for module in modules for each in getattr(module, "VALIDATORS", ())]


def _by_name(validator: Validator) -> tuple[str, str]:
    return validator.name, validator.about


def available() -> list[dict[str, Any]]:
    """Each validator's name, version (null where it is absent), path, what it covers and how to get it."""
    found: dict[str, dict[str, Any]] = {}
    for each in validators():
        entry = found.setdefault(
            each.name,
            {"name": each.name, "version": each.version(), "path": each.locate(), "covers": [], "get": each.get},
        )
        entry["covers"].append(each.about)
    return list(found.values())


def validate(
    root: Path,
    paths: Sequence[str],
    *,
    jobs: int | None = None,
    timeout_s: float = 60,
    cache_dir: Path | None = None,
    cache: Cache | None = None,
    cancel: threading.Event | None = None,
) -> Inspection:
    """What the validators make of files of the repository, side by side; never raises for what a file holds.

    `jobs` is how many programs run at a time (by default one per core), `timeout_s` what one may take. With `cache_dir`,
    or a `cache` that is open, the verdict on unchanged content is remembered as long as the validator's version stays. Raises Interrupted
    once `cancel` is set; then, as for any exception, no program is left running.
    """
    jobs = jobs or os.cpu_count() or 2
    remembered = opened(cache_dir) if cache is None else contextlib.nullcontext(cache)
    with shared(), stoppable(cancel) as stopping, remembered as known:  # programs end before their folder goes
        return _validate(root, paths, jobs, timeout_s, known, stopping.busy)


def _validate(
    root: Path, paths: Sequence[str], jobs: int, timeout_s: float, cache: Cache, busy: threading.Event
) -> Inspection:
    files, verdicts = _readable(root, paths)
    duties = Duties(files)
    judged: list[tuple[Validator, Validation, list[Finding]]] = []
    with _lanes(jobs) as start:
        doing = []
        for some in rounds():
            for validator, batch in [duty for each in some for duty in duties.of(each)]:
                doing.append((validator, start(functools.partial(_judged, validator, batch, timeout_s, cache))))
                doing[-1][1].add_done_callback(lambda _: busy.set())  # it was known, or a lane is free
            if doing:
                busy.wait(HEAD_START_S)  # importing holds the interpreter, and a program starts only from it
        for validator, done in doing:
            judged += [(validator, verdict, found) for verdict, found in done.result()]
    judged.sort(key=lambda each: _by_name(each[0]))  # what is said twice is told by the same one every time
    verdicts += [each for validator, each, _ in judged if validator.vouches or each.outcome == "not_validated"]
    verdicts += duties.left()
    findings = _said_once([finding for _, _, found in judged for finding in found])
    return Inspection(validation=sorted(verdicts, key=lambda each: (each.path, each.tool)), findings=findings)


def _readable(root: Path, paths: Sequence[str]) -> tuple[list[File], list[Validation]]:
    """The files that can be judged, and why others cannot."""
    files: list[File] = []
    verdicts: list[Validation] = []
    for path in dict.fromkeys(paths):
        file = read_file(root, path)
        if isinstance(file, File) and is_yaml(path) and (reason := hostile_reason(file.text)):
            verdicts.append(by_nobody(path, f"skipped: {reason}"))
        elif isinstance(file, File):
            files.append(file)
        elif expects_validation(path) or not (root / path).exists():
            verdicts.append(by_nobody(path, file))
    return files, verdicts


@contextlib.contextmanager
def _lanes(jobs: int) -> Iterator[Callable[[Callable[[], T]], Future[T]]]:
    """A way to start work that is done side by side, so many at a time; what has not begun when it ends is dropped."""
    pool = ThreadPoolExecutor(jobs)

    def start(work: Callable[[], T]) -> Future[T]:
        # in a context of its own: a thread does not know by itself which check it works for
        return pool.submit(contextvars.copy_context().run, work)

    try:
        yield start
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _judged(
    validator: Validator, files: Sequence[File], timeout_s: float, cache: Cache
) -> list[tuple[Validation, list[Finding]]]:
    return list(_judge(validator, files, timeout_s, cache))


def _judge(
    validator: Validator, files: Sequence[File], timeout_s: float, cache: Cache
) -> Iterator[tuple[Validation, list[Finding]]]:
    """A verdict for each file of a batch."""
    version = validator.version()
    keys = _cache_keys(validator, version, files, cache)
    fresh = []
    for file in files:
        known = _cached(cache, keys[file.path], file)
        if known is None:
            fresh.append(file)
        else:
            yield _verdict(validator, file, known), known.findings
    for file, outcome in _outcomes(validator, fresh, timeout_s):
        if isinstance(outcome, str):
            yield unjudged(validator, file.path, outcome), []
        else:
            if (key := keys[file.path]) is not None:
                remembered = outcome.findings, outcome.unjudged
                cache.put(key, _REMEMBERED.dump_json(remembered).decode())
            yield _verdict(validator, file, outcome), outcome.findings


def _outcomes(validator: Validator, files: list[File], timeout_s: float) -> Iterator[tuple[File, Judged | str]]:
    """What is made of each file, or the reason why nothing is. A batch that fails is tried again file by file, so that
    one file does not take the verdict from the others; those tries share the time of one."""
    if not files:
        return
    try:
        found = validator.check(files, timeout_s)
    except Unfinished as unfinished:
        if len(files) == 1:
            yield files[0], str(unfinished)
            return
        for file in files:
            yield from _outcomes(validator, [file], max(1.0, timeout_s / len(files)))
    except BoringopsError:
        raise  # the check was called off
    except Exception as error:  # a fault of ours must not take the other validators' verdicts with it
        for file in files:
            yield file, clean(f"crashed: {type(error).__name__}: {error}")
    else:
        for file in files:
            yield file, found[file.path]


def _verdict(validator: Validator, file: File, judged: Judged) -> Validation:
    """A part that was not judged never counts as passed, and takes no finding away."""
    against = sum(finding.severity != "info" for finding in judged.findings)
    counted = f"{against} finding{'s' if against > 1 else ''}" if against else ""
    return Validation(
        path=shown(file.path), tool=validator.name, tool_version=validator.version(),
        outcome="failed" if against else "not_validated" if judged.unjudged else "passed",
        reason="; ".join(part for part in (counted, judged.unjudged) if part),
    )  # fmt: skip


def _said_once(findings: Sequence[Finding]) -> list[Finding]:
    """Without what two tools say of one place under one name: the auditors of workflows share their names of rules."""
    kept: list[Finding] = []
    places: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        same = places[finding.path, _ALIASES.get(finding.rule, finding.rule)]
        if not any(_one_place(finding, other) for other in same if other.source != finding.source):
            kept.append(finding)
        same.append(finding)
    return kept


def _one_place(one: Finding, other: Finding) -> bool:
    return one.line is None or other.line is None or abs(one.line - other.line) <= _NEARBY


# --- what is remembered -----------------------------------------------------------------------------------------------


def _cache_keys(
    validator: Validator, version: str | None, files: Sequence[File], cache: Cache
) -> dict[str, bytes | None]:
    if not cache.on or version is None:
        return dict.fromkeys(file.path for file in files)
    ours, keys = our_version(), validator.cache_keys(files)
    return {
        file.path: None
        if (key := keys[file.path]) is None
        else key_of(ours, validator.name, validator.about, version, key, file.sha256)
        for file in files
    }


def _cached(cache: Cache, key: bytes | None, file: File) -> Judged | None:
    text = cache.get(key) if key is not None else None
    if text is None:
        return None
    try:
        findings, unjudged = _REMEMBERED.validate_json(text)
    except ValidationError:
        return None  # damaged: the program is asked again
    return Judged([finding.model_copy(update={"path": shown(file.path)}) for finding in findings], unjudged)
