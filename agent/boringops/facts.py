"""The values that events, gates and results are made of.

Plain data with no behaviour beyond small derivations. The names are those of the published result
(`boringops schema result`), so a value is named once from the tool that found it to the JSON a caller reads.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Phase = Literal["context", "plan", "act", "verify", "report", "commit"]
Severity = Literal["info", "warning", "error"]
Confidence = Literal["high", "medium", "low"]
Status = Literal[
    "done", "answered", "planned", "failed", "usage", "needs_clarification", "needs_approval",
    "incomplete", "budget", "model_error", "interrupted",
]  # fmt: skip

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error")


class Fact(BaseModel):
    """Immutable, and lenient about fields it does not know: a journal may come from a newer version.

    Each is built when it is first used: a command uses a few of them."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


# --- what checks say ---------------------------------------------------------------------------------


class Finding(Fact):
    """One thing a check holds against one place."""

    rule: str = Field(description="Stable id, e.g. `DL3007` or `secret/aws-access-key`.")
    severity: Severity
    path: str = Field(description="Relative to the repository, with `/`.")
    line: int | None = Field(default=None, description="Counted from 1; null where the whole file is meant.")
    message: str
    source: str = Field(description="Who said so: the validator, or `boringops` for our own rules.")
    hint: str = Field(default="", description="The way out, where one is known.")


WAS_THERE = "It was there before this run, which left it."
"""How the hint of a finding begins that a run only passes on."""


class Validation(Fact):
    """What one validator made of one file. `not_validated` always has a reason."""

    path: str
    tool: str
    tool_version: str | None = None
    outcome: Literal["passed", "failed", "not_validated"]
    reason: str = ""


class Inspection(Fact):
    """Everything the validators and red flags said about a set of files."""

    validation: list[Validation] = []
    findings: list[Finding] = []


# --- what the context holds --------------------------------------------------------------------------


class MemoryFile(Fact):
    """A file of the memory bank as it was read, or that it is missing."""

    path: str
    sha256: str = ""
    bytes: int = 0
    missing: bool = False
    error: str = Field(default="", description="Why a file that exists could not be read.")


class InventoryItem(Fact):
    """One infrastructure file that the repository already has."""

    path: str
    kind: str = Field(description="e.g. `dockerfile`, `compose`, `github-actions`, `terraform`, `kubernetes`.")
    tool: str = Field(default="", description="Who runs it, e.g. `Docker`, `GitHub Actions`.")
    glob: str | None = Field(default=None, description="The persona's glob that found it; null if found beyond them.")
    versions: dict[str, str] = {}
    environments: list[str] = []


class Inventory(Fact):
    """The infrastructure of the repository, by git's files."""

    files: list[InventoryItem] = []
    environments: list[str] = []
    unmatched_globs: list[str] = Field(default=[], description="Globs of the persona that found nothing.")

    def kinds(self) -> set[str]:
        return {item.kind for item in self.files}


# --- the plan ----------------------------------------------------------------------------------------


class Question(Fact):
    """Something only the user can decide."""

    question: str
    why: str = Field(default="", description="What depends on the answer.")
    options: list[str] = Field(default=[], description="Answers to choose from, where the choice is known.")


class PlannedFile(Fact):
    path: str = Field(description="Relative to the repository.")
    action: Literal["create", "change", "delete"]
    why: str = Field(default="", description="What the file is for, or what changes in it.")
    task: str = Field(default="", description="Id of the plan task it belongs to.")


class PlanTask(Fact):
    id: str = Field(description="Short and unique in the plan, e.g. `1.2`.")
    title: str


class PlanPhase(Fact):
    name: str
    tasks: list[PlanTask] = []


class Decision(Fact):
    what: str
    why: str


class Plan(Fact):
    """What will be done, why, to which files, and how it is taken back."""

    confidence: Confidence = Field(
        description="high: nothing is open. medium: stated assumptions carry it. low: questions must be answered first."
    )
    summary: str = Field(description="What will be true when this is done, in two or three sentences.")
    current_state: str = Field(default="", description="What is there now that matters for this.")
    requirements: list[str] = []
    assumptions: list[str] = Field(default=[], description="What you take for granted. Required at medium confidence.")
    questions: list[Question] = Field(
        default=[], description="Required at low confidence; any question stops the run for an answer."
    )
    decisions: list[Decision] = []
    phases: list[PlanPhase] = []
    files: list[PlannedFile] = Field(
        default=[],
        description="Every file you will create, change or delete. Nothing else can be written, except the "
        "memory bank, .env.example and the README.",
    )
    environments: list[str] = []
    security: list[str] = []
    monitoring: list[str] = []
    deployment_strategy: str = Field(
        default="", description="blue-green, canary, rolling, recreate, or why none applies."
    )
    rollback: str = Field(default="", description="How to go back, step by step.")
    cost: str = Field(default="", description="What it will cost to run, or why nothing new costs anything.")


# --- what the run did --------------------------------------------------------------------------------


class Change(Fact):
    """A file the run created, changed or deleted. `before` is the content it replaced, kept for undo."""

    path: str
    action: Literal["create", "change", "delete"]
    plan_task: str = ""
    before: str | None = Field(default=None, description="sha256 of the content before; null where there was no file.")
    after: str | None = Field(default=None, description="sha256 of the content after; null where it was deleted.")
    before_mode: int | None = None


class ChecklistItem(Fact):
    """One item of the persona's checklist and what became of it."""

    id: str
    section: str
    text: str
    rule: str = Field(default="", description="The rule that settles it; empty where the model has to attest it.")
    outcome: Literal["verified", "attested", "not_applicable", "handed_over", "open"] = "open"
    evidence: list[str] = []
    reason: str = ""


class Attestation(Fact):
    """What the model says of a checklist item that the runtime cannot decide by itself."""

    id: str = Field(description="The item's id, as listed.")
    outcome: Literal["attested", "not_applicable", "handed_over"]
    evidence: list[str] = Field(
        default=[],
        description="For attested: evidence labels of tool results (`e12`) or `path:line` of files read or written.",
    )
    reason: str = Field(default="", description="Why it does not apply, or who has to do what.")


class Claim(Fact):
    """What the model says when it calls Finish. Nothing in it is believed without evidence."""

    outcome: Literal["done", "nothing_to_change", "answered"] = Field(
        default="done",
        description="done: the plan is carried out. nothing_to_change: the repository already has what the task asks "
        "for. answered: the task was a question and `summary` answers it.",
    )
    summary: str = Field(description="What was accomplished, or the answer.")
    evidence: list[str] = Field(
        default=[],
        description="For nothing_to_change and answered: what it rests on, as labels of tool results (`e12`) or "
        "`path:line` of files read.",
    )
    checklist: list[Attestation] = []
    follow_ups: list[str] = Field(default=[], description="Technical debt and what remains to be done, by whom.")
    report: dict[str, str] = Field(
        default={}, description="Text for sections of the task report that only you know, by section title."
    )


class Denial(Fact):
    """A tool call that policy refused."""

    tool: str
    input: dict[str, Any] = {}
    reason: str


SandboxLevel = Literal["full", "partial", "none"]


class Confinement(Fact):
    """How commands are confined on this machine: what canaries showed, not what was asked for."""

    level: SandboxLevel = "none"
    backend: str = ""
    version: str = ""
    enforced: list[str] = []
    not_enforced: list[str] = []
    reason: str = Field(default="", description="Why nothing confines, and the way to get it.")

    @property
    def sentence(self) -> str:
        """In one sentence, for people and the model."""
        if self.level == "none":
            return f"commands run unconfined. {self.reason}".strip()
        but = f"; not enforced: {', '.join(self.not_enforced)}" if self.not_enforced else ""
        return f"commands run confined by {self.backend} {self.version}{but}"


class Usage(Fact):
    """Tokens of one or more model calls. The whole prompt is input + cache_read + cache_write."""

    turns: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in type(self).model_fields})
