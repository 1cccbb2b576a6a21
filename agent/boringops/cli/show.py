"""`boringops show RUN`: one run, from its journal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boringops.cli import options as opt
from boringops.cli.output import fail, render


def show(
    run: Annotated[str | None, typer.Argument(help="Id of the run; the latest if left out.")] = None,
    repo: opt.Repo = Path(),
    output: opt.Format = opt.Output.text,
) -> None:
    """Show a run: its result, or with --output stream-json every event."""
    from boringops.errors import BoringopsError
    from boringops.result import of_journal
    from boringops.specialist import Specialist

    try:
        specialist = Specialist(repo)
        run_id = run or specialist.latest()
        events = list(specialist.events(run_id))
    except BoringopsError as error:
        fail(error)
    if output is opt.Output.stream_json:
        for event in events:
            print(event.model_dump_json())
    elif output is opt.Output.json:
        print(of_journal(events).model_dump_json())
    else:
        print(render(of_journal(events)))
