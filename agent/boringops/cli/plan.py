"""`boringops plan TASK`: stop after the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boringops.cli import options as opt
from boringops.cli.drive import drive
from boringops.cli.run import make_task


def plan(
    task: Annotated[str, typer.Argument(help="What is to be done, in words; - reads it from standard input.")],
    repo: opt.Repo = Path(),
    persona: opt.PersonaName = None,
    model: opt.ModelId = None,
    offline: opt.Offline = False,
    output: opt.Format = opt.Output.text,
    max_cost: opt.MaxCost = None,
    max_turns: opt.MaxTurns = None,
    max_minutes: opt.MaxMinutes = None,
    phase: opt.ProjectPhase = None,
    handoff: opt.Handoff = None,
    sets: opt.Sets = None,
) -> None:
    """Plan a task and stop; `boringops resume --approve` carries the plan out."""
    drive(
        repo, output, sets, lambda specialist: specialist.run(make_task(task, handoff), stop_after_plan=True),
        persona=persona, model=model, offline=offline, max_cost=max_cost, max_turns=max_turns, max_minutes=max_minutes,
        phase=phase,
    )  # fmt: skip
