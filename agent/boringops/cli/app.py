"""All verbs under one command."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from boringops import __version__
from boringops.cli import (
    chat,
    check,
    doctor,
    init,
    inventory,
    persona,
    pins,
    plan,
    resume,
    run,
    runs,
    schema,
    serve,
    show,
    trust,
    undo,
)


class _Check(TyperCommand):
    """`--changed` may have a commit behind it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        parsed: list[str] = super().parse_args(ctx, check.with_reference(args))
        return parsed


app = typer.Typer(
    name="boringops",
    help="Make infrastructure boring: predictable, repeatable, resilient.\n\nAn agent that plays the DevOps infrastructure "
    "engineer and enforces its rules: it plans, has the plan approved, writes infrastructure, proves it and commits.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for verb in (
    chat.chat,
    run.run,
    plan.plan,
    resume.resume,
    runs.runs,
    show.show,
    undo.undo,
    inventory.inventory,
    init.init,
    doctor.doctor,
    trust.trust,
):
    app.command()(verb)
app.command(cls=_Check)(check.check)
app.add_typer(persona.app, name="persona")
app.add_typer(pins.app, name="pins")
app.add_typer(serve.app, name="serve")
app.command()(schema.schema)


@app.callback(invoke_without_command=True)
def alone(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    if show_version:
        print(f"boringops {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        chat.chat()
