"""Taking a run back: only its own paths, only where nobody changed them since, and never by rewriting history.

A run that was committed is undone by a new commit; one that was not, by putting the kept contents back.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from boringops import events as ev
from boringops import snapshot
from boringops.errors import UsageError
from boringops.facts import Change
from boringops.files import make_folders, replace, sha256, sha256_of
from boringops.journal import Journal, Store, work_tree_lock
from boringops.repository import CommitRefused, Repository
from boringops.state import State


@dataclass(frozen=True)
class Undoing:
    """What taking a run back will do. `conflicts` says why it can't; then nothing is touched."""

    state: State
    changes: list[Change]
    conflicts: list[str]
    left_alone: list[str]
    """Paths that a command of the run changed outside its plan, or somebody else at the time: whose they are is not known."""

    def lines(self) -> list[str]:
        """One line a path, for a person to read first."""
        verbs = {"create": "delete", "change": "restore", "delete": "bring back"}
        return [f"{verbs[change.action]} {change.path}" for change in self.changes]

    def notes(self) -> list[str]:
        """What will not be done, and how a person does it."""
        run_id = self.state.start.run_id if self.state.start else ""
        how = f"git restore --source={snapshot.reference(run_id)} -- "
        kept = "; as it was: " if self.state.snapshot else ""
        return [f"left alone: {path}{kept}{how + shlex.quote(path) if kept else ''}" for path in self.left_alone]


def preview(repository: Repository, store: Store, run_id: str) -> Undoing:
    """What undoing the run would do. Raises UsageError where there is nothing to undo."""
    state = State.of(Journal(store, run_id).read())
    if state.start is None or not state.changes:
        raise UsageError(f"Run {run_id} changed nothing, so there is nothing to undo.")
    if state.undone:
        raise UsageError(f"Run {run_id} is undone already.")
    root = Path(state.start.root)
    if root != repository.root:
        raise UsageError(f"Run {run_id} worked in {root}.", hint=f"Undo it there: boringops undo -C {root} {run_id}")
    if state.commit and not repository.in_history(state.commit):
        raise UsageError(
            f"Commit {state.commit[:12]} of run {run_id} is not in what is checked out.",
            hint=f"Switch to {state.start.branch or 'where it is'} first. If history was rewritten, revert it by hand.",
        )
    changes = sorted(state.changes.values(), key=lambda change: change.path)
    conflicts = [
        f"{change.path} was changed since the run"
        for change in changes
        if sha256_of(root / change.path) not in {change.after, change.before}
    ]
    kept = store.folder(run_id) / "before"
    conflicts += [
        f"what {change.path} was is lost from the run's folder and from git"
        for change in changes
        if change.before and _before(repository, kept, state, change) is None
    ]
    if state.commit and not conflicts:
        now = {change.path: _at(repository, change.path) for change in changes}
        if not all(now[change.path] == change.before for change in changes):  # else an undo was killed after its commit
            again = (change.path for change in changes if now[change.path] != change.after)
            conflicts += [f"{path} was committed again since the run" for path in again]
    return Undoing(state, changes, conflicts, sorted(state.strays))


def _before(repository: Repository, kept: Path, state: State, change: Change) -> bytes | None:
    """What the path was before the run, wherever it is still kept."""
    try:
        places = iter([(kept / str(change.before)).read_bytes()])
    except FileNotFoundError:
        commits = (state.snapshot, state.start.head if state.start else None)
        places = (repository.content_at(commit, change.path) or b"" for commit in commits if commit)
    return next((found for found in places if sha256(found) == change.before), None)


def _at(repository: Repository, path: str) -> str | None:
    """Hash of the path's content in HEAD."""
    content = repository.content_at(repository.head() or "", path)
    return None if content is None else sha256(content)


def undo(repository: Repository, store: Store, run_id: str) -> tuple[list[str], str | None]:
    """Take the run back. The restored paths, and the commit that reverts the run's own, if it made one.

    Raises UsageError, with nothing touched, where a path was changed since."""
    with store.lock(run_id), work_tree_lock(repository.state_dir, repository.root, run_id):
        undoing = preview(repository, store, run_id)
        if undoing.conflicts:
            raise UsageError(
                f"Run {run_id} is not undone: {'; '.join(undoing.conflicts)}.",
                hint=_way_out(undoing),
            )
        kept = store.folder(run_id) / "before"
        for change in undoing.changes:
            _restore(repository.root, kept, change, _before(repository, kept, undoing.state, change))
        commit = None
        paths = [change.path for change in undoing.changes]
        if undoing.state.commit and repository.differs_from_head(paths):
            commit = _commit(repository, undoing.state, paths, store.folder(run_id) / "git.lock")
        journal = Journal(store, run_id)
        list(journal.read())  # the next event's number
        journal.append(ev.Undone(paths=paths, commit=commit))
    return paths, commit


def _way_out(undoing: Undoing) -> str:
    if undoing.state.snapshot and undoing.state.start:
        what = snapshot.reference(undoing.state.start.run_id)
        return f"See what was there with `git diff {what} -- PATH`, put these paths back by hand, then undo the rest."
    return "Put these paths back by hand, or commit your change and revert the run's commit yourself."


def _restore(root: Path, kept: Path, change: Change, content: bytes | None) -> None:
    path = root / change.path
    if content is None:
        path.unlink(missing_ok=True)
        _remove_empty(path.parent, root)
        return
    make_folders(path.parent)
    replace(path, content, change.before_mode, kept.parent)


def _remove_empty(folder: Path, root: Path) -> None:
    """Folders that the run made and that hold nothing any more: git does not know folders."""
    while folder != root:
        if folder.is_dir():  # a person, or an undo that was killed, may have removed it already
            if any(folder.iterdir()):
                return
            folder.rmdir()
        folder = folder.parent


def _commit(repository: Repository, state: State, paths: list[str], guard: Path) -> str:
    name = state.start.task_name if state.start else ""
    message = f'Revert "{name}"\n\nThis takes back commit {state.commit}, made by boringops.\n'
    try:
        return repository.commit(paths, message, date=datetime.now(UTC).isoformat(timespec="seconds"), guard=guard)
    except CommitRefused as error:
        raise UsageError(
            f"The files are restored, but git refused the commit: {error.output}",
            hint="Commit the restored paths yourself.",
        ) from error
