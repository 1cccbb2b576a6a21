"""What a run does to the work tree: each change held to the plan, journalled before and after, kept for undo.

Tools write through `Changes.write`. Commands write as they like, so the work tree is compared before and after them:
what is the plan's is taken into the run, what is not is a stray, which is never committed and keeps the run from being
done.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from boringops import events as ev
from boringops import plan as plans
from boringops.facts import Change
from boringops.files import make_folders, replace, sha256, sha256_of, sync_folder
from boringops.record import Record
from boringops.repository import Repository
from boringops.tool import Completed, ToolError


@dataclass
class Changes:
    """The only hands a run has in the work tree."""

    root: Path
    repository: Repository
    log: Record
    folder: Path
    """The run's own folder, outside the work tree."""
    _originals: dict[str, str | None] = field(default_factory=dict)
    """What a command's strays were before it, by path. Lost with the process: then a stray stays one, which is safe."""

    def write(self, path: Path, content: bytes, call_id: str, *, unseen: bool) -> None:
        """Write one file, held to the plan; see ToolContext.write."""
        name = path.relative_to(self.root).as_posix()
        self._must_be_planned(name)
        try:
            before = path.read_bytes() if path.exists() else None
        except OSError as error:
            raise ToolError(f"{name} cannot be read, so it is not overwritten: {error.strerror}.") from error
        if before == content:
            return
        if before is not None and not unseen:
            self._must_be_seen(name, before)
        mode = stat.S_IMODE(path.stat().st_mode) if before is not None else None
        if before is not None:
            self._keep(before)
        self._intend(
            name, None if before is None else sha256(before), sha256(content), content.count(b"\n") + 1, call_id, mode
        )
        make_folders(path.parent)
        replace(path, content, mode, self.folder)
        self.log.add(ev.FileChanged(path=name))

    def _intend(
        self, name: str, before: str | None, after: str | None, lines: int, call_id: str, mode: int | None = None
    ) -> None:
        action: Any = "delete" if after is None else "create" if before is None else "change"
        task = self.log.state.plan_task.get(name, "")
        change = Change(path=name, action=action, plan_task=task, before=before, after=after, before_mode=mode)
        self.log.add(ev.FileChanging(call_id=call_id, change=change, lines=lines))

    def _must_be_planned(self, name: str) -> None:
        plan = self.log.state.plan
        if plan is None:
            raise ToolError("Nothing is written before a plan is approved. Call SubmitPlan.")
        if not plans.is_document(name) and name not in {file.path for file in plan.files}:
            raise ToolError(
                f"{name} is not in the approved plan. If it is needed, call SubmitPlan with the whole amended plan; "
                f"else leave it. Planned: {', '.join(file.path for file in plan.files)}."
            )
        if name in self.log.state.dirty and name not in self.log.state.changes:
            raise ToolError(
                f"{name} has changes of the user's own that are not committed; it is left alone. "
                "Go on without it and name it in Finish's follow_ups."
            )

    def _must_be_seen(self, name: str, content: bytes) -> None:
        seen = self.log.state.seen.get(name)
        if seen is None:
            raise ToolError(f"{name} exists and was not read in this run. Read it first.")
        if seen != sha256(content):
            raise ToolError(f"{name} was changed since you read it, by somebody else. Read it again.")

    def _keep(self, content: bytes) -> None:
        """Keep what a change replaces, for undo."""
        folder = self.folder / "before"
        target = folder / sha256(content)
        if not target.exists():
            if not folder.exists():
                folder.mkdir(mode=0o700)
                sync_folder(self.folder)
            replace(target, content, 0o600, self.folder)  # a crash must not leave half of it under the whole's name

    def watch_command(self, run: Callable[[], Completed], call_id: str) -> Completed:
        """Run a command; what it changes in the work tree is taken into the run, or held against it as stray."""
        before = self._fingerprint()
        done = run()
        after = self._fingerprint()
        outside = self._take_in(before, after, call_id)
        for path in outside:
            self._originals.setdefault(path, before[path] if path in before else self._committed(path))
        strays = {path for path in self.log.state.strays | outside if path in after}
        strays = {path for path in strays if after[path] != self._originals.get(path, "")}  # put back: the user's again
        if strays != self.log.state.strays:
            self.log.add(ev.StrayChanges(paths=sorted(strays)))
        return done

    def _fingerprint(self) -> dict[str, str | None]:
        """What is dirty now. Contents are kept of what the run may change: only that can be taken in, and undone."""
        planned = {file.path for file in self.log.state.plan.files} if self.log.state.plan else set()
        prints: dict[str, str | None] = {}
        for path in self.repository.dirty():
            prints[path] = sha256_of(self.root / path)
            if prints[path] is not None and (path in planned or plans.is_document(path)):
                self._keep((self.root / path).read_bytes())
        return prints

    def _take_in(self, before: dict[str, str | None], after: dict[str, str | None], call_id: str) -> set[str]:
        """Take what changed between two fingerprints into the run. The paths that are not the plan's."""
        outside: set[str] = set()
        for path in sorted(before.keys() | after.keys()):
            old = before[path] if path in before else self._committed(path)
            new = after[path] if path in after else self._committed(path)
            if old == new:
                continue
            try:
                self._must_be_planned(path)
            except ToolError:
                outside.add(path)
                continue
            lines = 0 if new is None else (self.root / path).read_bytes().count(b"\n") + 1
            self._intend(path, old, new, lines, call_id, self._mode(path))
            self.log.add(ev.FileChanged(path=path))
        return outside

    def take_in_strays(self, call_id: str) -> None:
        """What a command changed outside the plan belongs to the run once an amended plan has it."""
        now = {path: sha256_of(self.root / path) for path in sorted(self.log.state.strays)}
        left = self._take_in({path: self._committed(path) for path in now}, now, call_id)
        if left != self.log.state.strays:
            self.log.add(ev.StrayChanges(paths=sorted(left)))

    def take_in_unseen(self, call_id: str) -> str:
        """What a command that was cut off by a crash may have changed, held against what the run knows.

        Whether the command or a person since then touched a path outside the plan cannot be known: so it is told, and
        not held against the run as stray, for the model would take a person's work back."""
        after = self._fingerprint()
        known = {path: after.get(path) for path in self.log.state.dirty}
        known |= {path: change.after for path, change in self.log.state.changes.items()}
        outside = self._take_in(known, after, call_id) - self.log.state.strays
        if not outside:
            return ""
        return f" Outside the plan, the command or somebody else changed {', '.join(sorted(outside))}."

    def adopt(self, cause: str) -> list[str]:
        """Take in what the repository's own hooks made of this run's files, as formatters do; the paths they changed."""
        moved = {path: sha256_of(self.root / path) for path in sorted(self.log.state.changes)}
        moved = {path: sha for path, sha in moved.items() if sha != self.log.state.changes[path].after}
        for path, sha in moved.items():
            change = self.log.state.changes[path]
            lines = (self.root / path).read_bytes().count(b"\n") + 1 if sha else 0
            self._intend(path, change.after, sha, lines, cause, change.before_mode)
            self.log.add(ev.FileChanged(path=path))
        return list(moved)

    def before(self, change: Change) -> bytes:
        """What a change replaced; empty where there was nothing, and where it is lost: then all of the file is the run's."""
        try:
            return (self.folder / "before" / change.before).read_bytes() if change.before else b""
        except FileNotFoundError:
            return b""

    def added_lines(self) -> dict[str, set[int]]:
        """Lines, counted from 1, that this run wrote into the files it changed."""
        added: dict[str, set[int]] = {}
        for path, change in self.log.state.changes.items():
            if change.after is None:
                continue
            added[path] = {
                line + 1
                for kind, _, _, start, end in self._steps(path, change)
                if kind != "equal"
                for line in range(start, end)
            }
        return added

    def only_added_to(self) -> dict[str, str]:
        """What the files were to which this run only added lines: each line that was there still is, in its order."""
        return {
            path: self.before(change).decode("utf-8", errors="replace")
            for path, change in self.log.state.changes.items()
            if change.before
            and change.after
            and all(step[0] in ("equal", "insert") for step in self._steps(path, change))
        }

    def _steps(self, path: str, change: Change) -> list[tuple[str, int, int, int, int]]:
        """How a file's lines came to be what they are, as difflib says it."""
        new = (self.root / path).read_bytes().splitlines() if (self.root / path).is_file() else []
        return SequenceMatcher(None, self.before(change).splitlines(), new, autojunk=False).get_opcodes()  # type: ignore[return-value]

    def _mode(self, path: str) -> int | None:
        """The mode for undo to give back: a file that is gone has what git knows of it."""
        if (self.root / path).is_file():
            return stat.S_IMODE((self.root / path).stat().st_mode)
        head = self.repository.head()
        return 0o755 if head and self.repository.executable_at(head, path) else None

    def _committed(self, path: str) -> str | None:
        head = self.repository.head()
        content = self.repository.content_at(head, path) if head else None
        if content is None:
            return None
        self._keep(content)
        return sha256(content)

    def settle(self, call_id: str) -> None:
        """Journal the outcome of changes that were intended and did happen."""
        for path, intent in list(self.log.state.changing.items()):
            if intent.call_id == call_id and sha256_of(self.root / path) == intent.change.after:
                self.log.add(ev.FileChanged(path=path))
