"""What is true of a run, folded from its events; nothing is kept that the journal does not hold.

`State.apply` is total over events and never looks at the world, so folding the same journal again gives the same
conversation byte for byte: the prompt cache and the model's signed thinking depend on that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from boringops import events as ev
from boringops.calls import Call, Evidence
from boringops.facts import (
    Attestation,
    Change,
    ChecklistItem,
    Claim,
    Confinement,
    Denial,
    Finding,
    Inventory,
    MemoryFile,
    Phase,
    Plan,
    Question,
    Usage,
    Validation,
)
from boringops.fence import fence
from boringops.repeats import Repeats
from boringops.spending import Spending


@dataclass
class State:
    start: ev.RunStarted | None = None
    phase: Phase = "context"
    memory: dict[str, MemoryFile] = field(default_factory=dict)
    inventory: Inventory = field(default_factory=Inventory)
    dirty: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    confinement: Confinement = field(default_factory=Confinement)

    messages: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    """The calls of the last reply, in its order."""
    stop_reason: str = ""
    turn: int = 0
    last_prompt: int = 0
    """Tokens of the last request, as the model counted them."""
    spending: Spending = field(default_factory=Spending)
    repeats: Repeats = field(default_factory=Repeats)
    denials: list[Denial] = field(default_factory=list)
    allowed: set[str] = field(default_factory=set)
    """Calls a person allowed; a resume does not ask again."""
    granted: list[str] = field(default_factory=list)
    """Permission rules a person gave for this run."""

    evidence: dict[str, Evidence] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    """Path -> sha256 of the content the model knows: read, or written by itself."""
    lines: dict[str, int] = field(default_factory=dict)

    questions: list[Question] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    submitted: dict[str, Plan] = field(default_factory=dict)
    """Plans by the call that submitted them."""
    plan: Plan | None = None
    approved_calls: dict[str, str] = field(default_factory=dict)
    refused_calls: dict[str, str] = field(default_factory=dict)
    waiting: str = ""
    """The call that waits for a person, if one does."""

    changing: dict[str, ev.FileChanging] = field(default_factory=dict)
    """Intents without an outcome yet, by path."""
    landed: dict[str, list[str]] = field(default_factory=dict)
    """Call -> paths whose change by it is on disk."""
    changes: dict[str, Change] = field(default_factory=dict)
    strays: set[str] = field(default_factory=set)
    snapshot: str | None = None
    """Commit that keeps the work tree as it was before the act phase."""

    inspected: dict[str, str | None] = field(default_factory=dict)
    validation: dict[str, list[Validation]] = field(default_factory=dict)
    check_findings: dict[str, list[Finding]] = field(default_factory=dict)
    rounds: int = 0
    rounds_before: int = 0
    """Rounds that were used up when the run was resumed: a resume has its own."""
    round_open: bool = False
    """The last round was recorded, but its result has not reached the model: a crash must not use up a round."""
    idle_claims: int = 0
    """Claims in a row that there is nothing to do, all refused; work that begins, or a resume, starts anew."""
    verified: ev.Verified | None = None
    told_findings: list[Finding] = field(default_factory=list)
    """Findings that earlier rounds put to the model."""
    attestations: dict[str, Attestation] = field(default_factory=dict)
    """Attestations that were taken, by item: they count in later rounds, too."""
    claim: Claim | None = None
    findings: list[Finding] = field(default_factory=list)
    checklist: list[ChecklistItem] = field(default_factory=list)

    report_path: str | None = None
    report_written: bool = False
    committing: ev.Committing | None = None
    commit: str | None = None
    undone: bool = False
    end: ev.RunEnded | None = None
    resumes: int = 0

    _results: dict[str, dict[str, Any]] = field(default_factory=dict)
    _texts: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, events: Iterable[ev.Event]) -> State:
        state = cls()
        for event in events:
            state.apply(event)
        return state

    def apply(self, event: ev.Event) -> None:
        if isinstance(event, ev.RunResumed):
            self.spending.resumed()
        self.spending.at(event.at)
        if handler := _FOLDS.get(type(event)):
            handler(self, event)

    @property
    def usage(self) -> Usage:
        return self.spending.usage

    @property
    def spending_phase(self) -> str:
        """The phase that a model call belongs to: what a failed round of verification makes necessary is its own."""
        return "verify" if self.verified and not self.verified.passed else self.phase

    @property
    def unfinished(self) -> list[Call]:
        return [call for call in self.calls if not call.finished]

    @property
    def told(self) -> bool:
        """Whether the first message is there."""
        return bool(self.messages or self._texts)

    @property
    def gathered(self) -> list[dict[str, Any]]:
        """Blocks of the user message that is being put together."""
        return [*self._results.values(), *self._texts]

    @property
    def unanswered(self) -> bool:
        """Whether the last reply still waits for what its stop reason asks: calls to carry out, or a word of ours."""
        said_nothing = not self._results and not self._texts
        return bool(self.unfinished) or bool(
            said_nothing and self.messages and self.messages[-1]["role"] == "assistant"
        )

    @property
    def next_evidence(self) -> str:
        return f"e{len(self.evidence) + 1}"

    @property
    def plan_task(self) -> dict[str, str]:
        """Path -> id of the plan task it belongs to."""
        return {file.path: file.task for file in self.plan.files} if self.plan else {}

    def close_user_message(self) -> None:
        """Turn what was gathered for the model into a message: results first, in the order of the calls."""
        blocks = [self._results[call.id] for call in self.calls if call.id in self._results] + self._texts
        if not blocks:
            return
        if self.messages and self.messages[-1]["role"] == "user":
            self.messages[-1] = {"role": "user", "content": [*self.messages[-1]["content"], *blocks]}
        else:
            self.messages.append({"role": "user", "content": blocks})
        self._results, self._texts = {}, []

    # --- folds, one for each event that changes something ---

    def _run_started(self, event: ev.RunStarted) -> None:
        self.start = event

    def _run_resumed(self, _: ev.RunResumed) -> None:
        self.end = None
        self.resumes += 1
        self.rounds_before, self.idle_claims = self.rounds, 0
        self.repeats.changed()

    def _phase_entered(self, event: ev.PhaseEntered) -> None:
        self.phase, self.idle_claims = event.phase, 0
        self.repeats.changed()

    def _warned(self, event: ev.Warned) -> None:
        self.warnings.append(event.message)

    def _sandbox_tried(self, event: ev.SandboxTried) -> None:
        self.confinement = event.confinement

    def _run_ended(self, event: ev.RunEnded) -> None:
        self.end = event
        self.spending.reserved_usd = 0.0

    def _memory_read(self, event: ev.MemoryRead) -> None:
        self.memory[event.file.path] = event.file

    def _inventory_taken(self, event: ev.InventoryTaken) -> None:
        self.inventory = event.inventory

    def _dirty_tree(self, event: ev.DirtyTree) -> None:
        self.dirty = event.paths

    def _told(self, event: ev.Told) -> None:
        self._texts.append({"type": "text", "text": event.text})

    def _compacted(self, event: ev.Compacted) -> None:
        self.repeats.changed()
        first = self.messages[0]["content"][:1]
        self.messages, self.calls, self._results = [], [], {}
        self._texts = [*first, {"type": "text", "text": event.text}]
        self.last_prompt = 0

    def _model_asked(self, event: ev.ModelAsked) -> None:
        self.turn = event.turn
        self.spending.reserved_usd = event.reserved_usd
        self.close_user_message()

    def _attempt_failed(self, event: ev.ModelAttemptFailed) -> None:
        self.spending.bill(event.usage.model_copy(update={"turns": 0}), self.spending_phase)

    def _model_replied(self, event: ev.ModelReplied) -> None:
        self.spending.bill(event.usage, self.spending_phase)
        self.spending.reserved_usd = 0.0
        used = event.usage
        self.last_prompt = used.input_tokens + used.cache_read_tokens + used.cache_write_tokens + used.output_tokens
        # An empty assistant message is not valid in a request; the reply is answered as if it had said so.
        self.messages.append(
            {"role": "assistant", "content": event.content or [{"type": "text", "text": "(empty reply)"}]}
        )
        self.stop_reason = event.stop_reason
        self.calls = [
            Call(block["id"], block["name"], block.get("input"), malformed=block["id"] in event.malformed)
            for block in event.content
            if block.get("type") == "tool_use"
        ]

    def _policy_decided(self, event: ev.PolicyDecided) -> None:
        if event.action == "deny":
            self.denials.append(Denial(tool=event.tool, input=event.input, reason=event.reason))
        else:
            self.allowed.add(event.call_id)
            self.granted += event.rules
            if event.by != "policy":
                self.repeats.changed()

    def _tool_started(self, event: ev.ToolStarted) -> None:
        self._call(event.call_id).started = True

    def _tool_finished(self, event: ev.ToolFinished) -> None:
        call = self._call(event.call_id)
        call.finished = True
        self.round_open = False
        if event.tool == "Finish" and event.is_error and call.input.get("outcome", "done") != "done":
            self.idle_claims += 1
        self.evidence[event.evidence] = Evidence(
            event.evidence, event.tool, event.is_error, call.input, event.content, event.data
        )
        self.repeats.add(event.tool, call.input, event.content, evidence=event.evidence, turn=self.turn)
        result: dict[str, Any] = {
            "type": "tool_result",
            "tool_use_id": event.call_id,
            "content": f"{fence(event.content, event.origin) if event.origin else event.content}{event.note}\n[{event.evidence}]",
        }
        if event.is_error:
            result["is_error"] = True
        self._results[event.call_id] = result
        if self.waiting == event.call_id:
            self.waiting = ""

    def _file_read(self, event: ev.FileRead) -> None:
        self.seen[event.path] = event.sha256
        self.lines[event.path] = event.lines

    def _file_changing(self, event: ev.FileChanging) -> None:
        self.changing[event.change.path] = event

    def _file_changed(self, event: ev.FileChanged) -> None:
        intent = self.changing.pop(event.path)
        self.repeats.changed()
        new, old = intent.change, self.changes.get(event.path)
        if old is not None:  # one change per path: from what was there before the run to what is there now
            action = "delete" if new.after is None else "create" if old.before is None else "change"
            new = new.model_copy(update={"before": old.before, "before_mode": old.before_mode, "action": action})
        if new.before == new.after:
            self.changes.pop(event.path, None)
        else:
            self.changes[event.path] = new
        self.landed.setdefault(intent.call_id, []).append(event.path)
        self.strays.discard(event.path)
        if new.after is None:
            self.seen.pop(event.path, None)
        else:
            self.seen[event.path] = new.after
        self.lines[event.path] = intent.lines

    def _snapshot_taken(self, event: ev.SnapshotTaken) -> None:
        self.snapshot = event.commit

    def _stray_changes(self, event: ev.StrayChanges) -> None:
        self.strays = set(event.paths)
        self.repeats.changed()

    def _questions_asked(self, event: ev.QuestionsAsked) -> None:
        self.questions, self.waiting = event.questions, event.call_id

    def _questions_answered(self, event: ev.QuestionsAnswered) -> None:
        self.answers[event.call_id] = event.answer
        self.questions = []
        self.repeats.changed()

    def _plan_submitted(self, event: ev.PlanSubmitted) -> None:
        self.submitted[event.call_id] = event.plan
        self.waiting = event.call_id

    def _plan_approved(self, event: ev.PlanApproved) -> None:
        self.approved_calls[event.call_id] = event.by
        self.plan = self.submitted[event.call_id]
        self.repeats.changed()

    def _plan_refused(self, event: ev.PlanRefused) -> None:
        self.refused_calls[event.call_id] = event.reason

    def _inspected(self, event: ev.Inspected) -> None:
        for path, sha in event.sha256.items():
            self.inspected[path] = sha
            self.validation[path] = [item for item in event.inspection.validation if item.path == path]
            self.check_findings[path] = [item for item in event.inspection.findings if item.path == path]

    def _verified(self, event: ev.Verified) -> None:
        self.rounds, self.verified, self.claim = event.round, event, event.claim
        self.round_open = True
        self.findings, self.checklist = event.findings, event.checklist
        self.told_findings += event.findings
        outcomes = {item.id: item.outcome for item in event.checklist}
        self.attestations |= {a.id: a for a in event.claim.checklist if outcomes.get(a.id) == a.outcome}

    def _report_writing(self, event: ev.ReportWriting) -> None:
        self.report_path = event.path

    def _report_written(self, event: ev.ReportWritten) -> None:
        self.report_path, self.report_written = event.path, True

    def _committing(self, event: ev.Committing) -> None:
        self.committing = event

    def _committed(self, event: ev.Committed) -> None:
        self.commit = event.sha

    def _commit_refused(self, _: ev.CommitRefused) -> None:
        self.committing, self.report_written, self.verified = None, False, None

    def _undone(self, _: ev.Undone) -> None:
        self.undone = True

    def _call(self, call_id: str) -> Call:
        return next(call for call in self.calls if call.id == call_id)


_FOLDS: dict[type[ev.Event], Callable[[State, Any], None]] = {
    ev.RunStarted: State._run_started,
    ev.RunResumed: State._run_resumed,
    ev.PhaseEntered: State._phase_entered,
    ev.Warned: State._warned,
    ev.SandboxTried: State._sandbox_tried,
    ev.RunEnded: State._run_ended,
    ev.MemoryRead: State._memory_read,
    ev.InventoryTaken: State._inventory_taken,
    ev.DirtyTree: State._dirty_tree,
    ev.Told: State._told,
    ev.Compacted: State._compacted,
    ev.ModelAsked: State._model_asked,
    ev.ModelAttemptFailed: State._attempt_failed,
    ev.ModelReplied: State._model_replied,
    ev.PolicyDecided: State._policy_decided,
    ev.ToolStarted: State._tool_started,
    ev.ToolFinished: State._tool_finished,
    ev.FileRead: State._file_read,
    ev.FileChanging: State._file_changing,
    ev.FileChanged: State._file_changed,
    ev.SnapshotTaken: State._snapshot_taken,
    ev.StrayChanges: State._stray_changes,
    ev.QuestionsAsked: State._questions_asked,
    ev.QuestionsAnswered: State._questions_answered,
    ev.PlanSubmitted: State._plan_submitted,
    ev.PlanApproved: State._plan_approved,
    ev.PlanRefused: State._plan_refused,
    ev.Inspected: State._inspected,
    ev.Verified: State._verified,
    ev.ReportWriting: State._report_writing,
    ev.ReportWritten: State._report_written,
    ev.Committing: State._committing,
    ev.Committed: State._committed,
    ev.CommitRefused: State._commit_refused,
    ev.Undone: State._undone,
}
