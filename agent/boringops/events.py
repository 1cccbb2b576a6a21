"""Every fact of a run, as a typed event.

The journal holds nothing else, and everything else is a fold over it: `state` folds what happened and the
conversation with the model. Whatever touches the world is two events, an intent before and an outcome after, so that
a resume can tell what is in doubt.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from boringops.facts import (
    Change,
    ChecklistItem,
    Claim,
    Confinement,
    Finding,
    Inspection,
    Inventory,
    MemoryFile,
    Phase,
    Plan,
    Question,
    Usage,
)

FORMAT = 1
"""Version of the journal's format; a reader takes its own and older ones."""


class Event(BaseModel):
    """Base: `seq` and `at` (UTC, ISO 8601) are set by the journal. Fields it does not know are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    durable: ClassVar[bool] = True
    """Synced to disk before anything else happens. Off where losing the event costs nothing but a repeated read."""

    seq: int = -1
    at: str = ""
    type: str


# --- the run's life ----------------------------------------------------------------------------------


class RunStarted(Event):
    type: Literal["run_started"] = "run_started"
    format: int = FORMAT
    boringops: str
    run_id: str
    task: str
    task_name: str
    slug: str
    project_phase: str = ""
    handoff: str = ""
    earlier: str = ""
    """What was said and done before in the same chat."""
    persona: str
    persona_path: str
    persona_sha256: str
    model: str
    by_model: bool = True
    """False where the offline blueprints answer: then nobody is named as co-author."""
    stop_after_plan: bool = False
    config: dict[str, Any] = {}
    root: str
    head: str | None = None
    branch: str | None = None
    base: str = ""
    """In CI on a pull request: the commit of the base branch that configuration, persona and memory bank come from."""


class RunResumed(Event):
    type: Literal["run_resumed"] = "run_resumed"
    boringops: str


class PhaseEntered(Event):
    type: Literal["phase_entered"] = "phase_entered"
    phase: Phase


class Warned(Event):
    """Something the user should know that does not stop the run."""

    type: Literal["warned"] = "warned"
    message: str


class SandboxTried(Event):
    """How commands are confined in this process, as canaries showed."""

    type: Literal["sandbox_tried"] = "sandbox_tried"
    confinement: Confinement


class RunEnded(Event):
    """How the run ended, for now or for good; a resume goes on behind it."""

    type: Literal["run_ended"] = "run_ended"
    status: str
    exit_code: int
    kind: str = ""
    message: str = ""
    hint: str = ""


# --- context -----------------------------------------------------------------------------------------


class MemoryRead(Event):
    type: Literal["memory_read"] = "memory_read"
    file: MemoryFile


class InventoryTaken(Event):
    type: Literal["inventory_taken"] = "inventory_taken"
    inventory: Inventory


class DirtyTree(Event):
    """Paths with changes of the user's own when the run began: left alone and out of the commit."""

    type: Literal["dirty_tree"] = "dirty_tree"
    paths: list[str]


class Told(Event):
    """Text of the runtime's own, put to the model in its next user message."""

    type: Literal["told"] = "told"
    text: str


class Compacted(Event):
    """The conversation begins anew: the first message as it was, and behind it this account of the run so far."""

    type: Literal["compacted"] = "compacted"
    text: str


# --- the model ---------------------------------------------------------------------------------------


class ModelAsked(Event):
    """Intent: a request goes out. Closes the user message that was being gathered."""

    type: Literal["model_asked"] = "model_asked"
    turn: int
    reserved_usd: float = 0.0


class ModelAttemptFailed(Event):
    type: Literal["model_attempt_failed"] = "model_attempt_failed"
    turn: int
    kind: str
    message: str
    wait_s: float | None = None
    usage: Usage = Usage()


class ModelReplied(Event):
    """Outcome: the reply, its blocks byte for byte."""

    type: Literal["model_replied"] = "model_replied"
    turn: int
    content: list[dict[str, Any]]
    stop_reason: str
    usage: Usage = Usage()
    model: str = ""
    malformed: list[str] = []
    """Ids of tool calls whose arguments were not JSON."""


# --- tools -------------------------------------------------------------------------------------------


class PolicyDecided(Event):
    type: Literal["policy_decided"] = "policy_decided"
    call_id: str
    tool: str
    input: dict[str, Any] = {}
    action: Literal["allow", "deny"]
    reason: str = ""
    by: str = "policy"
    rules: list[str] = []
    """Permission rules that a person gave for the rest of the run with this call."""


class ToolStarted(Event):
    """Intent: a call is about to be carried out."""

    type: Literal["tool_started"] = "tool_started"
    call_id: str
    tool: str
    input: dict[str, Any] = {}


class ToolFinished(Event):
    """Outcome: what goes back to the model. `evidence` is the label by which claims may refer to it."""

    type: Literal["tool_finished"] = "tool_finished"
    call_id: str
    tool: str
    content: str
    origin: str = ""
    """Where the content comes from, if from files or programs; empty for the runtime's own words."""
    note: str = ""
    """What the runtime says to it, outside the fence around what is not its own."""
    is_error: bool = False
    data: dict[str, Any] = {}
    evidence: str
    ends_phase: bool = False
    duration_s: float = 0.0


class FileRead(Event):
    """The model was shown this content of the file."""

    durable: ClassVar[bool] = False
    type: Literal["file_read"] = "file_read"
    path: str
    sha256: str
    lines: int


class FileChanging(Event):
    """Intent: the file is about to be written or deleted. Its content before is kept in the run's folder."""

    type: Literal["file_changing"] = "file_changing"
    call_id: str
    change: Change
    lines: int = 0


class FileChanged(Event):
    """Outcome: the change is on disk."""

    type: Literal["file_changed"] = "file_changed"
    path: str


class SnapshotTaken(Event):
    """The work tree as it was before anything was changed is kept in this commit, but for what was left out."""

    type: Literal["snapshot_taken"] = "snapshot_taken"
    commit: str
    left_out: list[str] = []


class StrayChanges(Event):
    """Paths that a command changed outside the plan: never committed, and a gate fails while any is left."""

    type: Literal["stray_changes"] = "stray_changes"
    paths: list[str]


# --- decisions ---------------------------------------------------------------------------------------


class QuestionsAsked(Event):
    type: Literal["questions_asked"] = "questions_asked"
    call_id: str
    questions: list[Question]


class QuestionsAnswered(Event):
    type: Literal["questions_answered"] = "questions_answered"
    call_id: str
    answer: str


class PlanSubmitted(Event):
    """A plan that passed its gates. It is a proposal until PlanApproved."""

    type: Literal["plan_submitted"] = "plan_submitted"
    call_id: str
    plan: Plan


class PlanApproved(Event):
    type: Literal["plan_approved"] = "plan_approved"
    call_id: str
    by: str


class PlanRefused(Event):
    type: Literal["plan_refused"] = "plan_refused"
    call_id: str
    by: str
    reason: str = ""


# --- verification, report, commit --------------------------------------------------------------------


class Inspected(Event):
    """Validators and red flags looked at files in the state `sha256` gives."""

    type: Literal["inspected"] = "inspected"
    sha256: dict[str, str | None]
    inspection: Inspection


class Verified(Event):
    """One round of verification."""

    type: Literal["verified"] = "verified"
    round: int
    passed: bool
    claim: Claim
    findings: list[Finding]
    checklist: list[ChecklistItem]


class ReportWriting(Event):
    type: Literal["report_writing"] = "report_writing"
    path: str


class ReportWritten(Event):
    type: Literal["report_written"] = "report_written"
    path: str


class Committing(Event):
    """Intent: author and date are fixed here, so that a resume makes the very same commit."""

    type: Literal["committing"] = "committing"
    paths: list[str]
    message: str
    date: str


class Committed(Event):
    type: Literal["committed"] = "committed"
    sha: str


class CommitRefused(Event):
    """A hook of the repository said no; what it printed goes back to the model."""

    type: Literal["commit_refused"] = "commit_refused"
    output: str


class Undone(Event):
    type: Literal["undone"] = "undone"
    paths: list[str]
    commit: str | None = None


class Unknown(Event):
    """An event of a newer version, kept so that sequence numbers stay whole."""

    type: str = "unknown"


EVENTS: dict[str, type[Event]] = {
    str(cls.model_fields["type"].default): cls for cls in Event.__subclasses__() if cls is not Unknown
}


def parse(data: dict[str, Any]) -> Event:
    """The event of a journal line. Raises pydantic.ValidationError where a known type lacks its fields."""
    return EVENTS.get(str(data.get("type")), Unknown).model_validate(data)
