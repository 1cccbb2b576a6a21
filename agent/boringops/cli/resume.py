"""`boringops resume [RUN]`: go on with a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boringops.cli import options as opt
from boringops.cli.drive import drive, read_task


def resume(
    run: Annotated[str | None, typer.Argument(help="Id of the run; the latest if left out.")] = None,
    repo: opt.Repo = Path(),
    approve_plan: Annotated[
        bool, typer.Option("--approve", help="Approve the plan that waits, and carry it out.")
    ] = False,
    answer: Annotated[
        str | None, typer.Option("--answer", metavar="TEXT", help="Answer the questions; - reads standard input.")
    ] = None,
    output: opt.Format = opt.Output.text,
    max_cost: opt.MaxCost = None,
    max_turns: opt.MaxTurns = None,
    max_minutes: opt.MaxMinutes = None,
    no_commit: opt.NoCommit = False,
    strict: opt.Strict = False,
    sets: opt.Sets = None,
) -> None:
    """Go on with a run: after a crash, with an answer, or with an approval."""
    text = read_task(answer) if answer is not None else None
    drive(
        repo, output, sets, lambda specialist: specialist.resume(run, approve=approve_plan, answer=text),
        max_cost=max_cost, max_turns=max_turns, max_minutes=max_minutes, no_commit=no_commit, strict=strict,
    )  # fmt: skip
