"""`boringops chat`: talk with the specialist at the terminal."""

from __future__ import annotations

import sys
from pathlib import Path

from boringops.cli import options as opt
from boringops.cli.output import fail


def chat(
    repo: opt.Repo = Path(),
    persona: opt.PersonaName = None,
    model: opt.ModelId = None,
    offline: opt.Offline = False,
    max_cost: opt.MaxCost = None,
    max_turns: opt.MaxTurns = None,
    max_minutes: opt.MaxMinutes = None,
    phase: opt.ProjectPhase = None,
    branch: opt.Branch = None,
    worktree: opt.Worktree = False,
    sets: opt.Sets = None,
) -> None:
    """Talk with the specialist: questions, plans, approvals, changes (the same as `boringops` alone)."""
    from boringops.errors import BoringopsError, UsageError

    try:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise UsageError("The chat needs a terminal, and there is none.", hint='One task: boringops run "..."')
        from rich.console import Console

        from boringops.chat.app import ChatApp

        flags = opt.flags_of(
            persona=persona, model=model, offline=offline, max_cost=max_cost, max_turns=max_turns,
            max_minutes=max_minutes, phase=phase, branch=branch, worktree=worktree,
        )  # fmt: skip
        code = ChatApp(repo, Console(highlight=False), flags=flags, sets=sets).run()
    except BoringopsError as error:
        fail(error)
    sys.exit(code)
