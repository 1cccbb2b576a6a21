"""`boringops run TASK`: one task, from context to commit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boringops.cli import options as opt
from boringops.cli.drive import drive, read_task

if TYPE_CHECKING:
    from boringops.specialist import Task


def run(
    task: Annotated[str, typer.Argument(help="What is to be done, in words; - reads it from standard input.")],
    repo: opt.Repo = Path(),
    persona: opt.PersonaName = None,
    model: opt.ModelId = None,
    offline: opt.Offline = False,
    output: opt.Format = opt.Output.text,
    approve: opt.ApproveBy = None,
    min_confidence: opt.MinConfidence = None,
    max_cost: opt.MaxCost = None,
    max_turns: opt.MaxTurns = None,
    max_minutes: opt.MaxMinutes = None,
    phase: opt.ProjectPhase = None,
    branch: opt.Branch = None,
    worktree: opt.Worktree = False,
    handoff: opt.Handoff = None,
    no_commit: opt.NoCommit = False,
    strict: opt.Strict = False,
    sets: opt.Sets = None,
) -> None:
    """Do one task, from context to one verified commit."""
    drive(
        repo, output, sets, lambda specialist: specialist.run(make_task(task, handoff)),
        persona=persona, model=model, offline=offline, approve=approve, min_confidence=min_confidence, max_cost=max_cost,
        max_turns=max_turns, max_minutes=max_minutes, phase=phase, branch=branch, worktree=worktree, no_commit=no_commit,
        strict=strict,
    )  # fmt: skip


def make_task(text: str, handoff: Path | None) -> Task:
    """The task with its hand-off: JSON, YAML and TOML are read as the typed one, whose claims are held against the
    repository; anything else is words for the model. Raises UsageError where the hand-off cannot be read."""
    from boringops import handoff as handoffs
    from boringops.errors import UsageError
    from boringops.specialist import Task

    if handoff is None:
        return Task(text=read_task(text) or " ")
    if handoff.suffix.lower() in handoffs.FORMATS:
        return Task(text=read_task(text) or " ", handoff=handoffs.load(handoff))
    try:
        return Task(text=read_task(text) or " ", handoff=handoff.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--handoff {handoff}: it cannot be read: {error}") from error
