"""Merging with what is there: three ways with what a blueprint wrote before, line by line with what people wrote.

What was written before is asked of git: the file in the last commit of a run that no language model took part in. So
nothing of ours lies in the work tree. A file that people wrote is never replaced; where both sides changed the same
lines, the file stays as it is and the conflict is told."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from boringops.errors import BoringopsError
from boringops_tools.blueprints.sections import newline

_SECTIONED = re.compile(r"(?i)(^|/)(readme\.md|\.?env[\w.]*|runbook\.md)$|^memory-bank/")
"""Files of people in which a marked section is ours: they merge by their markers."""
_CONFLICT = re.compile(r"(?m)^<{7} ")
BEGIN, END = "# boringops:begin", "# boringops:end"


@dataclass(frozen=True)
class Merged:
    """`text` is the whole file. `conflicts` are the lines, as they are there now, that both sides changed."""

    text: str
    conflicts: tuple[str, ...] = ()


def bases(root: Path, files: Sequence[str]) -> dict[str, str]:
    """What blueprints wrote of the files that are there, by path; empty outside a git repository.

    Only files that a run made count: in one that was there before, people's lines are not a blueprint's to take back. A
    commit with a co-author is a language model's: its files are its own, not a blueprint's."""
    known = set(files)
    found: dict[str, str] = {}
    seen: set[str] = set()
    made: set[str] = set()
    for commit, by_model, changed in _runs(root):
        for status, path in changed:
            if status == "A" and not by_model:
                made.add(path)
            if path not in known or path in seen or _SECTIONED.search(path):
                continue
            seen.add(path)
            content = None if by_model else _at(root, commit, path)
            if content is not None:
                found[path] = content
    return {path: text for path, text in found.items() if path in made}


def changes(root: Path, path: str) -> list[tuple[str, str]]:
    """A file of people's own before and after each run without a language model that changed it, the newest first."""
    found = [
        (_at(root, f"{commit}^", path), _at(root, commit, path))
        for commit, by_model, changed in _runs(root, path)
        if not by_model and ("M", path) in changed
    ]
    return [(before, after) for before, after in found if before is not None and after is not None]


def _runs(root: Path, *paths: str) -> Iterator[tuple[str, bool, list[tuple[str, str]]]]:
    """The last commits of runs: which, whether by a language model, and (status, path) of what each changed."""
    from boringops.repository import Repository

    try:
        log = Repository(root).git(
            "log", "-n", "200", "--no-merges", "-z", "--name-status", "--no-renames", "--grep=^Boringops-Run: ",
            "--format=%x01%H%x02%(trailers:key=Boringops-Run,valueonly,separator=%x2C)%x02%(trailers:key=Co-Authored-By,valueonly,separator=%x2C)%x02",
            "--", *paths,
        )  # fmt: skip
    except BoringopsError:
        return
    for entry in log.split("\x01")[1:]:
        commit, run, model, names = entry.split("\x02", 3)
        words = [word for word in names.replace("\n", "\0").split("\0") if word]
        if run.strip():
            yield commit, bool(model.strip()), list(zip(words[::2], words[1::2], strict=False))


def _at(root: Path, commit: str, path: str) -> str | None:
    from boringops.repository import Repository

    content = Repository(root).content_at(commit, path)
    return None if content is None else content.decode("utf-8", errors="surrogateescape")


def three_way(base: str, theirs: str, ours: str) -> Merged:
    """`theirs` is the file as it is, `ours` what the blueprint makes now, `base` what it made before."""
    if ours in (base, theirs):
        return Merged(theirs)
    if theirs == base:
        return Merged(ours)
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for name, text in (("theirs", theirs), ("base", base), ("ours", ours)):
            path = Path(folder, name)
            path.write_bytes(text.encode("utf-8", errors="surrogateescape"))
            names.append(str(path))
        done = subprocess.run(["git", "merge-file", "-p", *names], capture_output=True, check=False, timeout=30)
    text = done.stdout.decode("utf-8", errors="surrogateescape")
    if done.returncode == 0 and not _CONFLICT.search(text):
        return Merged(text)
    there = re.findall(r"(?ms)^<{7} [^\n]*\n(.*?)^={7}$", text)
    return Merged(
        theirs,
        tuple(hunk.strip().splitlines()[0] if hunk.strip() else "(deleted)" for hunk in there) or ("(all of it)",),
    )


_NEVER = (".git", ".env", "*.pem", "*.key")
"""What must not reach a build, whatever else does."""


def kept_out(before: str) -> str:
    """A .dockerignore of people's own, with what must never reach a build added at its end; the same where it has it."""
    patterns = [line.strip() for line in before.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    bare = {re.sub(r"^(\*\*/|/)+|/+$", "", pattern) for pattern in patterns}
    wide = "*" in bare or any(pattern.startswith("!") and ".env" in pattern for pattern in patterns)
    covered = {name for name in _NEVER if bare & {name, f"{name}*", f"{name}/**"}}
    missing = [f"**/{name}" for name in _NEVER if name not in covered]
    if wide or not missing:
        return before
    end = newline(before)
    block = [f"{BEGIN} (what must never reach a build)", *missing, END]
    return before.rstrip("\r\n") + (end * 2 if before.strip() else "") + end.join(block) + end
