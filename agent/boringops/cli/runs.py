"""`boringops runs`: what has been run here."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from boringops.cli import options as opt
from boringops.cli.output import fail


def runs(
    repo: opt.Repo = Path(),
    output: opt.Format = opt.Output.text,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove old runs that are finished, with their snapshots.")
    ] = False,
    keep: Annotated[int, typer.Option("--keep", min=0, metavar="N", help="Runs that --prune leaves, the latest.")] = 20,
) -> None:
    """List the runs of this repository, the latest last."""
    from boringops import pruning
    from boringops.errors import BoringopsError
    from boringops.journal import FolderStore, Journal
    from boringops.repository import Repository
    from boringops.state import State

    try:
        repository = Repository(repo)
        store = FolderStore(repository.state_dir / "runs")
        for gone in pruning.prune(repository, store, keep=keep) if prune else []:
            print(f"removed {gone}", file=sys.stderr)
        states = []
        for run_id in store.list():
            try:
                states.append(State.of(Journal(store, run_id).read()))
            except BoringopsError as error:  # a journal that cannot be read hides no other
                print(f"boringops: {error.message}", file=sys.stderr)
    except BoringopsError as error:
        fail(error)
    rows = [
        {
            "run_id": state.start.run_id,
            "status": "undone" if state.undone else state.end.status if state.end else "unfinished",
            "phase": state.phase,
            "task": state.start.task_name,
            "started": state.start.at,
            "changes": len(state.changes),
            "commit": state.commit,
            "cost_usd": round(state.usage.cost_usd, 6),
        }
        for state in states
        if state.start
    ]
    if output is not opt.Output.text:
        print(json.dumps(rows))
        return
    for row in rows:
        print(f"{row['run_id']}  {row['status']:20} {str(row['commit'] or '')[:10]:10}  {row['task']}")
    if not rows:
        print("No runs yet.")
