"""What a run gives back: the object of `--output json`, of the last line of `stream-json`, and of embedding.

Its JSON Schema is published by `boringops schema result`; `version` changes when a field changes its meaning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from boringops.events import Event
from boringops.facts import (
    ChecklistItem,
    Confidence,
    Confinement,
    Denial,
    Finding,
    MemoryFile,
    Plan,
    Question,
    Status,
    Usage,
    Validation,
)
from boringops.outputs import Outputs, of_state
from boringops.state import State

VERSION = 1


class Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class TaskOut(Part):
    name: str = ""
    slug: str = ""
    phase: str = ""


class ChangeOut(Part):
    path: str
    action: Literal["create", "change", "delete"]
    plan_task: str = ""


class ChecklistOut(Part):
    """Counts by outcome, and every item."""

    verified: int = 0
    attested: int = 0
    not_applicable: int = 0
    handed_over: int = 0
    open: int = 0
    items: list[ChecklistItem] = []


class ErrorOut(Part):
    kind: str
    message: str
    hint: str = ""


class Result(Part):
    """How a run ended and all that a caller may want to know of it."""

    version: int = VERSION
    run_id: str = ""
    status: Status
    exit_code: int
    summary: str = ""
    task: TaskOut = TaskOut()
    persona: str = ""
    model: str = ""
    confidence: Confidence | None = None
    questions: list[Question] = []
    plan: Plan | None = None
    changes: list[ChangeOut] = []
    findings: list[Finding] = []
    validation: list[Validation] = []
    checklist: ChecklistOut = ChecklistOut()
    follow_ups: list[str] = []
    outputs: Outputs = Field(
        default=Outputs(), description="What the run leaves for production, derived from its changes."
    )
    memory_bank: list[MemoryFile] = []
    inventory: dict[str, Any] = {}
    report_path: str | None = None
    commit: str | None = None
    permission_denials: list[Denial] = []
    warnings: list[str] = Field(default=[], description="What the user should know that did not stop the run.")
    sandbox: Confinement = Field(
        default=Confinement(), description="How commands were confined, as was seen by trying."
    )
    usage: Usage = Usage()
    duration_s: float = 0.0
    error: ErrorOut | None = None


def checklist_out(items: list[ChecklistItem]) -> ChecklistOut:
    counts: dict[str, int] = {}
    for item in items:
        counts[item.outcome] = counts.get(item.outcome, 0) + 1
    return ChecklistOut(**counts, items=items)


def proposed_plan(state: State) -> Plan | None:
    """The approved plan, or the one that was last put forward."""
    return state.plan or next(reversed(state.submitted.values()), None)


def validations(state: State) -> list[Validation]:
    """What validators said of the files this run changed, or looked at where it changed none."""
    paths = state.changes or state.validation
    return [item for path in sorted(paths) for item in state.validation.get(path, [])]


def assemble(
    state: State, *, status: Status, exit_code: int, summary: str, duration_s: float, error: ErrorOut | None
) -> Result:
    """The result of a run as its events have it."""
    start, plan = state.start, proposed_plan(state)
    return Result(
        run_id=start.run_id if start else "",
        status=status,
        exit_code=exit_code,
        summary=summary,
        task=TaskOut(name=start.task_name, slug=start.slug, phase=start.project_phase) if start else TaskOut(),
        persona=start.persona if start else "",
        model=start.model if start else "",
        confidence=plan.confidence if plan else None,
        questions=state.questions,
        plan=plan,
        changes=[
            ChangeOut(path=path, action=change.action, plan_task=change.plan_task)
            for path, change in sorted(state.changes.items())
        ],
        findings=state.findings,
        validation=validations(state),
        checklist=checklist_out(state.checklist),
        follow_ups=follow_ups(state),
        outputs=of_state(state, follow_ups(state), validations(state)),
        memory_bank=list(state.memory.values()),
        inventory={
            "files": [item.model_dump() for item in state.inventory.files],
            "environments": state.inventory.environments,
            "unmatched_globs": state.inventory.unmatched_globs,
        },
        report_path=state.report_path if state.report_written else None,
        commit=state.commit,
        permission_denials=state.denials,
        warnings=state.warnings,
        sandbox=state.confinement,
        usage=state.usage,
        duration_s=round(duration_s, 3),
        error=error,
    )


def of_journal(events: Sequence[Event]) -> Result:
    """The result of a run as its journal tells it; a run that never ended is `interrupted`."""
    state = State.of(events)
    end = state.end
    summary = state.claim.summary if state.claim else ""
    if end is None:
        summary = "The run has not ended: it is still going on, or it was killed. `boringops resume` goes on with it."
    elif end.message:
        summary = end.message
    error = ErrorOut(kind=end.kind, message=end.message, hint=end.hint) if end and end.kind else None
    began, last = (datetime.fromisoformat(event.at) for event in (events[0], events[-1]))
    return assemble(
        state,
        status=end.status if end else "interrupted",  # type: ignore[arg-type]
        exit_code=end.exit_code if end else 130,
        summary=summary,
        duration_s=(last - began).total_seconds(),
        error=error,
    )


def follow_ups(state: State) -> list[str]:
    """What remains to be done: what the model named, then what is handed over, one entry for those who have to do it."""
    tasks: dict[str, dict[str, None]] = {}
    for item in state.checklist:
        if item.outcome == "handed_over":
            task, who = _whose(item.reason)
            tasks.setdefault(who, {}).setdefault(task)
    named = list(state.claim.follow_ups) if state.claim else []
    return named + [f"{who[0].upper()}{who[1:]}: {'; '.join(each)}" for who, each in tasks.items()]


def _whose(reason: str) -> tuple[str, str]:
    """A task that is handed over, and to whom: `set up alerting: the operators`."""
    found = re.fullmatch(r"(.+): (the [^:;]+)", reason, re.DOTALL)
    return (found[1], found[2]) if found else (reason, "whoever puts it into operation")
