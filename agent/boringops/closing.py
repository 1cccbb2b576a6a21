"""What a verified run ends with: its report, and one commit of exactly its paths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from boringops import events as ev
from boringops import naming
from boringops import report as reports
from boringops.errors import BoringopsError, Incomplete
from boringops.executor import Executor
from boringops.facts import Phase
from boringops.files import make_folders, replace, sha256_of
from boringops.persona import Persona
from boringops.repository import CommitRefused


@dataclass(frozen=True)
class Closing:
    """The last two phases. Each looks at what is recorded and does what is missing."""

    executor: Executor
    persona: Persona
    enter: Callable[[Phase], None]

    # --- report ---

    def report(self) -> None:
        """Write the task report; into the run's own folder where its place cannot be written."""
        state, executor = self.executor.state, self.executor
        if state.report_written:
            return
        self.enter("report")
        protocol = self.persona.protocol
        path = reports.path_for(state, protocol, executor.root, executor.config.report.directory)
        if state.report_path:  # begun by a process that died: what it left there may be half a report
            path = Path(state.report_path)
        if path is None:
            return
        text = executor.funnel.mask(reports.render(state, protocol))
        self.executor.record(ev.ReportWriting(path=str(path)))
        try:
            make_folders(path.parent)
            replace(path, text.encode(), None, executor.changes.folder)
        except OSError as error:
            kept = executor.changes.folder / "report.md"
            self.executor.record(
                ev.Warned(message=f"The report cannot be written to {path} ({error.strerror}); it is in {kept}.")
            )
            try:
                replace(kept, text.encode(), 0o600, kept.parent)
            except OSError as full:
                raise BoringopsError(
                    f"The report cannot be written anywhere: {full.strerror}.",
                    hint=f"Make room for {path}.",
                    kind="disk",
                ) from full
            path = kept
        self.executor.record(ev.ReportWritten(path=str(path)))

    # --- commit ---

    def commit(self) -> bool:
        """Commit the run's paths. False where a hook refused and the model has been told."""
        state, executor = self.executor.state, self.executor
        if not executor.config.commit.enabled or state.commit:
            return True
        self.enter("commit")
        run_id = executor.log.journal.run_id
        guard = executor.changes.folder / "git.lock"
        if state.committing is not None:
            for name in executor.repository.recover(guard, state.committing.paths):
                self.executor.record(ev.Warned(message=f"Took away {name}, which a git left behind that was killed."))
            if sha := executor.repository.commit_of_run(run_id):
                self.executor.record(ev.Committed(sha=sha))  # it happened, and we died before we could say so
                return True
        paths = sorted(state.changes)
        self._last_look(paths)
        if state.committing is None:
            date = datetime.now(UTC).isoformat(timespec="seconds")
            self.executor.record(
                ev.Committing(
                    paths=paths,
                    message=naming.commit_message(state, self.persona, executor.config.commit.co_author),
                    date=date,
                )
            )
        intent = state.committing
        assert intent is not None  # noqa: S101 - recorded just above
        try:
            with executor.log.shield():  # a signal waits until git is through: it would leave half a commit
                sha = executor.repository.commit(
                    intent.paths,
                    intent.message,
                    date=intent.date,
                    guard=guard,
                    timeout_s=executor.config.commit.timeout_s,
                )
        except CommitRefused as refusal:
            self._refused(refusal.output, executor.changes.adopt(run_id))
            return False
        if moved := executor.changes.adopt(run_id):
            self.executor.record(
                ev.Warned(message=f"A hook changed {', '.join(moved)} in the commit, after it was verified.")
            )
        self.executor.record(ev.Committed(sha=sha))
        return True

    def _last_look(self, paths: Sequence[str]) -> None:
        """Nothing but what was verified is committed."""
        moved = [
            path for path in paths if sha256_of(self.executor.root / path) != self.executor.state.changes[path].after
        ]
        if moved:
            raise Incomplete(
                f"{', '.join(moved)} changed after it was verified; nothing was committed.",
                hint="Put it back as it was, then resume the run.",
                kind="changed_since",
            )

    def _refused(self, output: str, moved: Sequence[str]) -> None:
        self.executor.record(ev.CommitRefused(output=output))
        if self.executor.state.rounds >= self.executor.state.rounds_before + self.executor.config.max_rounds:
            raise Incomplete(
                f"git refused the commit: {output}", hint="Mend it, then resume the run.", kind="commit_refused"
            )
        changed = f"\nThe hook changed {', '.join(moved)} itself: Read before you edit." if moved else ""
        self.executor.record(
            ev.Told(
                text="git refused the commit (a hook, or signing). Mend what it says, then call Finish again:\n"
                f"{output}{changed}"
            )
        )
        self.enter("act")
