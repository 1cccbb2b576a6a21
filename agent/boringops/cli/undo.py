"""`boringops undo RUN`: take a run back."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from boringops.cli import options as opt
from boringops.cli.output import fail


def undo(
    run: Annotated[str | None, typer.Argument(help="Id of the run; the latest if left out.")] = None,
    repo: opt.Repo = Path(),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    output: opt.Format = opt.Output.text,
) -> None:
    """Take back a run: its own paths only, and only where nobody changed them since."""
    from boringops import undo as undoing
    from boringops.errors import BoringopsError
    from boringops.specialist import Specialist

    try:
        specialist = Specialist(repo)
        run_id = run or specialist.latest()
        ahead = undoing.preview(specialist.repository, specialist.store, run_id)
        for line in ahead.lines():
            print(f"  {line}", file=sys.stderr)
        for note in ahead.notes():
            print(f"  {note}", file=sys.stderr)
        for conflict in ahead.conflicts if dry_run else []:
            print(f"  ! {conflict}", file=sys.stderr)
        if dry_run:
            paths, commit = [change.path for change in ahead.changes], None
        else:
            paths, commit = undoing.undo(specialist.repository, specialist.store, run_id)
    except BoringopsError as error:
        fail(error)
    if output is not opt.Output.text:
        print(json.dumps({"run_id": run_id, "paths": paths, "commit": commit, "dry_run": dry_run}))
        return
    how = f" in commit {commit[:12]}" if commit else ""
    print(f"{'Would restore' if dry_run else 'Restored'} {len(paths)} paths{how}.")
