"""The work tree as it was before a run changed anything, kept as a commit on a reference that no branch leads to.

Undo puts back what the run itself kept; the snapshot is for the rest: what a command did outside the plan, and what is
lost from the run's folder. It is made through an index of its own, so nothing of the user's is touched, byte for byte
as the files are (no filter, no line ends changed), of everything git sees and nothing that it ignores.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from boringops.repository import GitFailed, Repository

REFERENCES = "refs/boringops/"
MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_BYTES = 256 * 1024 * 1024
"""Together. What is tracked and unchanged costs nothing."""
_GONE = "0" * 40


@dataclass(frozen=True)
class Snapshot:
    """What was kept, and which changed files were not, for their size or because they are no files."""

    commit: str
    left_out: list[str]


def reference(run_id: str) -> str:
    """Where a run's snapshot is."""
    return f"{REFERENCES}{run_id}"


def take(repository: Repository, run_id: str, scratch: Path) -> Snapshot:
    """Keep the work tree. `scratch` is a folder outside it. Raises GitFailed or OSError where that is not possible."""
    index = scratch / "snapshot.index"
    index.unlink(missing_ok=True)
    env = {"GIT_INDEX_FILE": str(index), **repository.identity()}
    head = repository.head()
    try:
        repository.git("read-tree", head or "--empty", env=env)
        entries, left_out = _entries(repository)
        if entries:
            repository.git("update-index", "-z", "--index-info", env=env, stdin="".join(entries))
        tree = repository.git("write-tree", "--missing-ok", env=env).strip()
    finally:
        index.unlink(missing_ok=True)
    parent = ("-p", head) if head else ()
    commit = repository.git("commit-tree", tree, *parent, "-m", f"Before run {run_id}", env=env).strip()
    repository.git("update-ref", reference(run_id), commit)
    return Snapshot(commit, left_out)


def _entries(repository: Repository) -> tuple[list[str], list[str]]:
    """Index entries of what is not as HEAD has it, and what was left out."""
    modes: dict[str, str] = {}
    gone, left_out, total = list[str](), list[str](), 0
    for path in repository.dirty():
        try:
            info = (repository.root / path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            gone.append(path)
            continue
        total += info.st_size
        if stat.S_ISLNK(info.st_mode):
            modes[path] = "120000"
        elif not stat.S_ISREG(info.st_mode) or info.st_size > MAX_FILE_BYTES or total > MAX_BYTES or "\n" in path:
            left_out.append(path)  # a submodule is a repository of its own
        else:
            modes[path] = "100755" if info.st_mode & stat.S_IXUSR else "100644"
    files = [path for path, mode in modes.items() if mode != "120000"]
    hashed = repository.git("hash-object", "-w", "--no-filters", "--stdin-paths", stdin="\n".join([*files, ""]))
    ids = dict(zip(files, hashed.split(), strict=True))
    for path, mode in modes.items():
        if mode == "120000":
            target = str((repository.root / path).readlink())
            ids[path] = repository.git("hash-object", "-w", "--stdin", stdin=target).strip()
    there = [f"{mode} {ids[path]}\t{path}\0" for path, mode in modes.items()]
    return [f"0 {_GONE}\t{path}\0" for path in gone] + there, left_out


def content(repository: Repository, run_id: str, path: str) -> bytes | None:
    """What the file was; None where the snapshot does not have it or is gone."""
    return repository.content_at(reference(run_id), path)


def drop(repository: Repository, run_id: str) -> None:
    """Let go of a run's snapshot; git takes the space back in its own time."""
    try:
        repository.git("update-ref", "-d", reference(run_id))
    except GitFailed:
        return
