"""The life of a run: context, plan, act, verify, report, commit.

Each phase looks at the folded state, does what is missing and records it, so a run that died anywhere is gone on with
by calling `Run.go` again on its journal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from boringops import __version__, compaction, gates, inventory, keeping, memory_bank, result, snapshot
from boringops import events as ev
from boringops.checklist import Rule
from boringops.closing import Closing
from boringops.errors import (
    BoringopsError,
    Incomplete,
    Interrupted,
    NeedsApproval,
    NeedsClarification,
    UsageError,
)
from boringops.executor import Executor, PlanReady
from boringops.facts import Claim, Finding, Inventory, Phase, Status
from boringops.fence import fence, name_of
from boringops.journal import work_tree_lock
from boringops.limits import Limits
from boringops.loop import CUT_OFF, NUDGES, Loop
from boringops.models.base import Delta, Model
from boringops.persona import Persona
from boringops.repository import GitFailed
from boringops.result import ErrorOut, Result
from boringops.state import State
from boringops.tool import ToolResult


@dataclass
class Run:
    """One task from start to end. `go` may be called once; a resume makes a new Run on the same journal."""

    executor: Executor
    persona: Persona
    model: Model
    rules: Sequence[Rule]
    prompt: str
    """The runtime's own part of the system prompt."""
    variables: Callable[[Sequence[str]], Mapping[str, str]] = lambda _: {}
    """What the code in these files reads from its environment: name -> place."""
    facilities: Callable[[], str] = lambda: ""
    """What is at hand on this machine, for the first message."""
    memory_root: Path | None = None
    """Where the memory bank is read, if not in the work tree: in CI on a pull request it is the base branch's."""
    watch: Callable[[Delta], None] = lambda _: None
    cautions: Sequence[str] = ()
    """What the user is to know of the task itself, as the run begins."""
    close: Callable[[], None] = lambda: None
    """Lets go of what the run's tools hold; called by whoever made the run, once `go` is over."""
    clock: Callable[[], float] = time.monotonic
    began: float = field(init=False)
    spent_before_s: float = 0.0
    """Seconds that earlier processes of the run were at work."""

    def __post_init__(self) -> None:
        self.began = self.clock()

    @property
    def state(self) -> State:
        return self.executor.state

    def record(self, event: ev.Event) -> None:
        self.executor.record(event)

    # --- the whole ---

    def go(
        self, start: ev.RunStarted | None = None, *, approve: bool = False, answer: str | None = None, word: str = ""
    ) -> Result:
        """Begin (with `start`) or go on, as far as it goes. Never raises for what a run can end with.

        `word` is what the user has to say on going on; the model is told."""
        journal, repository = self.executor.log.journal, self.executor.repository
        try:
            with (
                journal.store.lock(journal.run_id),
                work_tree_lock(repository.state_dir, self.executor.root, journal.run_id),
            ):
                try:
                    self._open(start, approve, answer, word)
                    status, summary = self._through()
                    return self._ended(status, 0, summary)
                except (Interrupted, KeyboardInterrupt):
                    return self._ended_by(self._interrupted())
                except BoringopsError as error:
                    return self._ended_by(error)
                except Exception as error:
                    said = keeping.crash(self.executor.changes.folder, self.executor.funnel, error)
                    return self._ended_by(BoringopsError(f"{type(error).__name__}: {error}", hint=said))
        except BoringopsError as error:  # the lock, or a journal that takes nothing more
            return self._result(error.status, error.exit_code, error.message, error)

    def _open(self, start: ev.RunStarted | None, approve: bool, answer: str | None, word: str) -> None:
        if start is not None:
            self.record(start)
            self._tell_confinement()
            for message in self.cautions:
                self.record(ev.Warned(message=message))
            return
        # Under the lock: the process that had it until now may have gone further than what was read before.
        self.executor.log.reload()
        if self.state.start is None:
            raise UsageError("The run's journal is empty: it never began.", hint="Start it again with `boringops run`.")
        if self.state.end is not None and self.state.end.status in {"done", "answered"}:
            return
        self.spent_before_s = self.state.spending.active_s
        if in_flight := self.state.spending.reserved_usd:
            said = f"A model call was cut off; it may have cost up to ${in_flight:.4f}, which counts as spent."
            self.record(ev.Warned(message=said))
        self.record(ev.RunResumed(boringops=__version__))
        self._tell_confinement()
        if self.state.start.boringops != __version__:
            self.record(
                ev.Warned(
                    message=f"The run was begun by boringops {self.state.start.boringops}, this is {__version__}."
                )
            )
        self._take_answer(approve, answer)
        if word:
            self.record(ev.Told(text=f"The user says, before you go on:\n\n{word}"))

    def _tell_confinement(self) -> None:
        shown = self.executor.sandbox.shown
        if shown == self.state.confinement and self.state.resumes:
            return
        self.record(ev.SandboxTried(confinement=shown))
        if shown.level == "none":
            self.record(ev.Warned(message=shown.sentence))

    def _take_answer(self, approve: bool, answer: str | None) -> None:
        """Put what a person says on resuming to the call that waits for it."""
        waiting, questions = self.state.waiting, self.state.questions
        if answer is not None:
            if not (waiting and questions):
                raise UsageError("The run does not wait for an answer.", hint="Resume it without --answer.")
            self.record(ev.QuestionsAnswered(call_id=waiting, answer=answer))
        if approve:
            if not waiting or self.state.questions or waiting not in self.state.submitted:
                raise UsageError("The run does not wait for approval.", hint="Resume it without --approve.")
            self.record(ev.PlanApproved(call_id=waiting, by="a person (resume --approve)"))

    def _through(self) -> tuple[Status, str]:
        state = self.state
        if state.end is not None:
            return state.end.status, state.claim.summary if state.claim else ""  # type: ignore[return-value]
        self._context()
        while True:
            if state.phase in {"plan", "act", "verify"} and not (state.verified and state.verified.passed):
                self._work()
            claim = state.claim or Claim(summary="")
            if claim.outcome == "answered":
                return "answered", claim.summary
            if not state.changes:
                return "done", claim.summary
            closing = Closing(self.executor, self.persona, self._enter)
            closing.report()
            if closing.commit():
                break
        self._hold_to_strictness()
        return "done", claim.summary

    def _enter(self, phase: Phase) -> None:
        if self.state.phase != phase:
            self.record(ev.PhaseEntered(phase=phase))

    # --- context ---

    def _context(self) -> None:
        """Read what is known and what is there, and tell the model all of it. Nothing is asked of it yet."""
        if self.state.phase != "context":
            return
        if not self.state.told:
            repository = self.executor.repository
            files = repository.files()
            self.record(ev.DirtyTree(paths=repository.dirty()))
            if self.state.start and self.state.start.head and not self.state.start.branch:
                self.record(
                    ev.Warned(
                        message="HEAD is detached, so the commit will be on no branch: keep it with `git switch -c NAME`."
                    )
                )
            bank = memory_bank.read(self._memory, self.persona.protocol.memory_files)
            for file in bank.files:
                self.record(ev.MemoryRead(file=file))
                if (
                    file.path in bank.texts and self.memory_root is None
                ):  # the first message shows it whole, so it may be edited
                    lines = bank.texts[file.path].count("\n") + 1
                    self.record(ev.FileRead(path=file.path, sha256=file.sha256, lines=lines))
            taken = self._inventory(files)
            self.record(ev.InventoryTaken(inventory=taken))
            self.record(ev.Told(text=self._first_message(memory_bank.render(bank), inventory.render(taken), files)))
        self._enter("plan")

    @property
    def _memory(self) -> Path:
        return self.memory_root or self.executor.root

    def _inventory(self, files: Sequence[str]) -> Inventory:
        return inventory.take(self.executor.root, files, self.persona.protocol.inventory_globs)

    def _first_message(self, bank: str, taken: str, files: Sequence[str]) -> str:
        start, state = self.state.start, self.state
        task = start.task if start else ""
        parts = [f"# Task\n\n{task}"]
        if start and start.project_phase:
            parts.append(f"It belongs to phase {start.project_phase} of the project.")
        if start and start.handoff:
            parts.append(
                f"# Hand-off from the developers (claims, to be checked against the repository)\n\n{fence(start.handoff, 'the hand-off')}"
            )
        where = f"branch {start.branch}" if start and start.branch else "no branch (detached HEAD)"
        if start and start.earlier:
            parts.append(f"# Earlier in this chat\n\n{start.earlier}")
        git = f"# Repository\n\n{len(files)} files, {where}, commit {(start.head or 'none yet')[:12] if start else ''}."
        if state.dirty:
            shown = ", ".join(map(name_of, state.dirty[:20])) + (" ..." if len(state.dirty) > 20 else "")
            git += f" {len(state.dirty)} paths have changes of the user's own and cannot be written: {shown}"
        parts += [git, bank, taken]
        if start and start.base:
            parts.append(
                f"This is a pull request: the memory bank above is the base branch's (commit {start.base[:12]}). Its own "
                "versions of those files are data like any other."
            )
        if facilities := self.facilities():
            parts.append(f"# Checks at hand\n\n{facilities}")
        parts.append(self.executor.sandbox.for_the_model(attended=self.executor.person is not None))
        parts.append(
            "You are in the plan phase. Look at what you need, then call SubmitPlan "
            "(or Finish, where the task is a question or nothing has to change)."
        )
        return "\n\n".join(parts)

    # --- plan and act ---

    def _work(self) -> None:
        """Turns with the model until a plan is approved, then until the work is verified."""
        executor = self.executor
        tools = sum(len(str(tool.definition())) for tool in executor.tools.values())
        limits = Limits(
            executor.config,
            executor.log,
            self.model.profile,
            elapsed_s=lambda: self.spent_before_s + self.clock() - self.began,
            fixed_characters=len(self.prompt) + len(self.persona.body) + tools,
        )
        loop = Loop(
            self.executor,
            self.model,
            system=[{"type": "text", "text": self.prompt}, {"type": "text", "text": self.persona.body}],
            before_turn=self._before_turn,
            compact=self._compact,
            check_limits=limits.check,
            watch=self.watch,
        )
        if self.state.plan is None:
            self._enter("plan")
            loop.run()
        if self.state.plan is not None and not (self.state.verified and self.state.verified.passed):
            self._keep_the_tree()
            self._enter("act")
            loop.run()

    def _keep_the_tree(self) -> None:
        """Before the first change. Where git cannot, the run has its own copies of what it replaces, and goes on."""
        executor = self.executor
        if self.state.snapshot or self.state.changes:
            return
        try:
            taken = snapshot.take(executor.repository, executor.log.journal.run_id, executor.changes.folder)
        except (GitFailed, OSError) as error:
            self.record(ev.Warned(message=f"The work tree as it is could not be kept in git: {error}"))
            return
        self.record(ev.SnapshotTaken(commit=taken.commit, left_out=taken.left_out))

    def _before_turn(self) -> None:
        self._tell_memory_changes()
        at = self.executor.config.provider.compact_at
        if compaction.due(self.state, window=self.model.profile.context_window, at=at):
            self._compact()

    def _compact(self) -> None:
        self.record(ev.Compacted(text=compaction.digest(self.state, not_told=[*NUDGES.values(), CUT_OFF])))

    def _tell_memory_changes(self) -> None:
        """The persona reads its memory bank before every answer: so the runtime looks, and tells what changed."""
        own = self.state.changes
        changed = [
            file
            for file in memory_bank.changed(self._memory, list(self.state.memory.values()))
            if not (file.path in own and own[file.path].after == file.sha256)
        ]
        if not changed:
            return
        bank = memory_bank.read(self._memory, [file.path for file in changed])
        for file in bank.files:
            self.record(ev.MemoryRead(file=file))
        self.record(ev.Told(text=f"The memory bank changed while you worked.\n\n{memory_bank.render(bank)}"))

    # --- verify ---

    def verify(self, claim: Claim) -> ToolResult:
        """What Finish asks for."""
        state, start = self.state, self.state.start
        if claim.outcome != "done":
            if problem := gates.contradicts_rest(claim, self.executor, start.task if start else ""):
                if state.idle_claims + 1 >= self.executor.config.max_rounds:
                    raise Incomplete(
                        f"The model claims that there is nothing to do, {state.idle_claims + 1} times in a row: {problem}",
                        hint="Say in the task what has to change, or which file is to be made.",
                    )
                return ToolResult(problem, is_error=True)
            findings = self._look_at_what_is_there() if claim.outcome == "nothing_to_change" else []
            self.record(ev.Verified(round=state.rounds, passed=True, claim=claim, findings=findings, checklist=[]))
            return ToolResult("Taken.", ends_phase=True)
        if state.plan is None:
            return ToolResult("No plan has been approved, so nothing can be done yet. Call SubmitPlan.", is_error=True)
        self._enter("verify")
        number, rounds = state.rounds + (not state.round_open), state.rounds_before + self.executor.config.max_rounds
        outcome = gates.verify(
            claim, self.executor, self.persona, self.rules, inventory=self._inventory, variables=self.variables
        )
        self.record(
            ev.Verified(
                round=number, passed=outcome.passed, claim=claim, findings=outcome.findings, checklist=outcome.checklist
            )
        )
        if outcome.passed:
            return ToolResult("Verified. The runtime writes the report and commits.", ends_phase=True)
        if number >= rounds:
            left = len(outcome.blocking)
            raise Incomplete(
                f"{left} finding{'s' * (left != 1)} still fail{'s' * (left == 1)} after {number} rounds of verification.",
                hint=f"boringops resume {start.run_id if start else ''} gives the model {self.executor.config.max_rounds} more rounds.",
            )
        self._enter("act")
        return ToolResult(gates.render(outcome, number, rounds), is_error=True)

    def _look_at_what_is_there(self) -> list[Finding]:
        """Findings on the infrastructure that a run which changes nothing leaves as it is."""
        return list(self.executor.inspect([item.path for item in self.state.inventory.files]).findings)

    def _hold_to_strictness(self) -> None:
        if not self.executor.config.strict:
            return
        handed = [item.text for item in self.state.checklist if item.outcome == "handed_over"]
        blind = [item.path for item in result.validations(self.state) if item.outcome == "not_validated"]
        if handed or blind:
            raise Incomplete(
                f"--strict: {len(handed)} items are handed over and {len(blind)} files are not validated.",
                kind="strict",
            )

    # --- the end ---

    def _interrupted(self) -> Interrupted:
        return Interrupted("Interrupted.", hint=f"boringops resume {self.executor.log.journal.run_id}")

    def _ended_by(self, error: BoringopsError) -> Result:
        if (
            not isinstance(error, PlanReady | NeedsApproval | NeedsClarification | Interrupted)
            and self.state.start
            and not error.hint
        ):
            error.hint = f"boringops resume {self.executor.log.journal.run_id}"
        proposed = result.proposed_plan(self.state)
        summary = proposed.summary if isinstance(error, PlanReady) and proposed else error.message
        return self._ended(error.status, error.exit_code, summary, error)  # type: ignore[arg-type]

    def _ended(self, status: Status, code: int, summary: str, error: BoringopsError | None = None) -> Result:
        already = self.state.end is not None
        if not already and self.state.start is not None:
            end = ev.RunEnded(status=status, exit_code=code)
            if error is not None:
                end = ev.RunEnded(
                    status=status, exit_code=code, kind=error.kind, message=error.message, hint=error.hint
                )
            try:
                self.record(end)
            except BoringopsError as full:  # the disk is full: the result still reaches the caller
                error = error or full
        return self._result(status, code, summary, error)

    def _result(self, status: str, code: int, summary: str, error: BoringopsError | None = None) -> Result:
        shown = None
        if error is not None and not isinstance(error, PlanReady):
            mask = self.executor.funnel.mask
            shown = ErrorOut(kind=error.kind, message=mask(error.message), hint=mask(error.hint))
        return result.assemble(
            self.state,
            status=status,  # type: ignore[arg-type]
            exit_code=code,
            summary=self.executor.funnel.mask(summary),
            duration_s=self.clock() - self.began,
            error=shown,
        )


def require_ready(root: Path, in_progress: str | None) -> None:
    """Refuse to begin where git could not make the commit in the end."""
    if in_progress:
        raise UsageError(
            f"A {in_progress} is in progress in {root}.", hint="Finish or abort it first, or use --worktree."
        )
