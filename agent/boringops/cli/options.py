"""Options that several verbs share, and the settings made of them."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class Output(StrEnum):
    text = "text"
    json = "json"
    stream_json = "stream-json"


class Approve(StrEnum):
    ask = "ask"
    auto = "auto"
    never = "never"


class Level(StrEnum):
    low = "low"
    medium = "medium"
    high = "high"


Repo = Annotated[Path, typer.Option("-C", "--repo", metavar="DIR", help="The repository to work in.")]
PersonaName = Annotated[
    str | None, typer.Option("--persona", metavar="NAME|FILE", help="Who plays: a persona's name or file.")
]
ModelId = Annotated[str | None, typer.Option("--model", metavar="ID", help="Model id, or opus, sonnet, haiku.")]
Offline = Annotated[bool, typer.Option("--offline", help="Use the deterministic blueprints, no model.")]
Format = Annotated[Output, typer.Option("--output", help="What goes to standard output.")]
ApproveBy = Annotated[
    Approve | None, typer.Option("--approve", help="Who approves the plan. Without a terminal: never.")
]
MinConfidence = Annotated[Level | None, typer.Option("--min-confidence", help="Least confidence approved by itself.")]
MaxCost = Annotated[float | None, typer.Option("--max-cost", metavar="USD", help="Stop before more is spent.")]
MaxTurns = Annotated[int | None, typer.Option("--max-turns", metavar="N", help="Most model calls.")]
MaxMinutes = Annotated[float | None, typer.Option("--max-minutes", metavar="N", help="Most minutes.")]
ProjectPhase = Annotated[
    str | None, typer.Option("--phase", metavar="NAME", help="Your project's phase, for the commit.")
]
Branch = Annotated[str | None, typer.Option("--branch", metavar="NAME", help="Work on this new branch.")]
Worktree = Annotated[bool, typer.Option("--worktree", help="Work in a worktree beside the repository.")]
Handoff = Annotated[
    Path | None,
    typer.Option("--handoff", metavar="FILE", help="What the developers hand over: JSON, YAML, TOML or words."),
]
NoCommit = Annotated[bool, typer.Option("--no-commit", help="Leave the changes uncommitted.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 5 also when anything is handed over or not validated.")]
Sets = Annotated[list[str] | None, typer.Option("-c", metavar="KEY=VALUE", help="Any setting; may be repeated.")]


def flags_of(**given: Any) -> dict[str, Any]:
    """Flags as settings: what was not given is left out, so that it does not override the configuration."""
    flags = {
        key: getattr(value, "value", value) for key, value in given.items() if value is not None and value is not False
    }
    if flags.pop("no_commit", False):
        flags["commit"] = {"enabled": False}
    return flags


def interactive() -> bool:
    """Whether somebody sits there: both ends of the conversation have to be a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()
