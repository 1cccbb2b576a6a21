"""What a client is told of a run: the result in brief, and what it may do next."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from boringops import events as ev
from boringops.facts import Confidence, Denial, Finding, Plan, Question, Status, Usage, Validation
from boringops.outputs import Outputs
from boringops.plan import render as render_plan
from boringops.plan import render_question
from boringops.result import ChangeOut, ErrorOut, Result

NEXT: dict[str, str] = {
    "planned": "Show the plan to whoever decides. Call act with this run_id to approve it and carry it out.",
    "needs_approval": "Show the plan to whoever decides. Call act with this run_id to approve it and carry it out.",
    "needs_clarification": "Get the questions answered by the user and call answer with this run_id. Do not make answers up.",
    "interrupted": "Call act with this run_id to go on where it stopped.",
    "incomplete": "Call act with this run_id to give it more rounds, or look at the findings first.",
    "budget": "The budget is used up. Raise it in the configuration, then call act with this run_id.",
    "model_error": "See error; call act with this run_id once that is mended.",
}


class Report(BaseModel):
    """A run as a client sees it. `result` gives all of it."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    status: Status
    exit_code: int
    summary: str = ""
    next: str = Field(default="", description="What can be done now.")
    confidence: Confidence | None = None
    questions: list[Question] = []
    plan: Plan | None = None
    changes: list[ChangeOut] = []
    findings: list[Finding] = []
    not_validated: list[Validation] = []
    outputs: Outputs = Outputs()
    report_path: str | None = None
    commit: str | None = None
    permission_denials: list[Denial] = []
    warnings: list[str] = []
    usage: Usage = Usage()
    error: ErrorOut | None = None

    @classmethod
    def of(cls, result: Result) -> Report:
        shared: dict[str, Any] = {name: getattr(result, name) for name in cls.model_fields if hasattr(result, name)}
        blind = [item for item in result.validation if item.outcome == "not_validated"]
        return cls(**shared, next=NEXT.get(result.status, ""), not_validated=blind)


def asked(result: Result) -> str:
    """The questions of a run, as one reads them."""
    lines = (render_question(one.question, one.why, one.options) for one in result.questions)
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def plan_text(result: Result) -> str:
    return render_plan(result.plan) if result.plan else ""


def line(event: ev.Event) -> str:
    """An event as a line of progress; empty where it is none."""
    match event:
        case ev.PhaseEntered(phase=phase):
            return f"phase: {phase}"
        case ev.MemoryRead(file=file):
            return f"memory bank: {file.path}{' is missing' if file.missing else ''}"
        case ev.InventoryTaken(inventory=taken):
            return f"inventory: {len(taken.files)} files"
        case ev.ToolStarted(tool=tool, input=given):
            about = given.get("file_path") or given.get("path") or given.get("pattern") or given.get("command") or ""
            return f"{tool} {str(about)[:80]}".strip()
        case ev.FileChanged(path=path):
            return f"changed {path}"
        case ev.Verified(round=number, passed=passed):
            return f"verification {number}: {'passed' if passed else 'not yet'}"
        case ev.ReportWritten(path=path):
            return f"report: {path}"
        case ev.Committed(sha=sha):
            return f"commit: {sha[:12]}"
        case ev.Warned(message=message):
            return f"warning: {message}"
    return ""
