"""What a shell command does, told from its text: parsed by a real grammar, split into simple commands, each judged.

Nothing is run and nothing is read. The answer errs towards severity: what cannot be parsed, named or resolved is
`unknown`. The tables are in `commands`; here is the shell itself: `grammar` (words), `script` (lists, substitutions,
redirections), `wrappers` and `runners` (programs that run other programs).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from boringops.commands import RUNS_INPUT, Unresolved, Verdict, rank
from boringops.commands.network import FETCHERS
from boringops.shell.parts import Part, leaves_tree
from boringops.shell.script import Script

__all__ = ["Analysis", "Part", "Unresolved", "Verdict", "analyse", "leaves_tree", "rank"]

LONGEST = 20_000  # characters; a command longer than that is not read, by a machine or by a person


@dataclass(frozen=True)
class Analysis:
    """All parts of a command, and the worst of them."""

    command: str
    parts: tuple[Part, ...]
    verdict: Verdict
    reason: str
    writes: tuple[str, ...]
    """Paths it writes, as written in the command, where they can be known."""


def analyse(command: str) -> Analysis:
    """What `command` does at worst, were bash to run it at the top of the work tree. Never raises."""
    script = Script(depth=0)
    if len(command) > LONGEST:
        script.unclear("longer than anyone reads")
    else:
        try:
            script.read(command)
        except RecursionError:
            script.unclear("nested deeper than anyone reads")
    parts = tuple(_settle(script))
    worst = max(parts, key=lambda part: rank(part.verdict), default=None)
    writes = tuple(dict.fromkeys(path for part in parts for path in part.writes))
    if worst is None:
        return Analysis(command, (), Verdict.READ, "does nothing", ())
    return Analysis(command, parts, worst.verdict, worst.reason, writes)


def _settle(script: Script) -> Iterable[Part]:
    """Judge what only the whole command shows: text fetched and run, files outside the work tree, moves of `cd`."""
    fetches = any(part.argv[0] in FETCHERS for part in script.parts)
    strays = any(not _stays(target) for target in script.directories)
    for part in script.parts:
        if fetches and part.reason == RUNS_INPUT:
            part = replace(part, verdict=Verdict.DESTROY, reason="runs what it fetches from elsewhere")
        outside = [path for path in part.writes if leaves_tree(path) or (strays and not path.startswith("/dev/"))]
        if not outside and script.directories and any(".." in path.split("/") for path in part.writes):
            outside = list(part.writes)
        if outside and part.argv[0] in ("rm", "unlink", "rmdir"):
            yield replace(part, verdict=Verdict.DESTROY, reason=f"deletes `{outside[0]}` outside the work tree")
        elif outside and rank(part.verdict) < rank(Verdict.REACH):
            yield replace(part, verdict=Verdict.REACH, reason=f"writes `{outside[0]}` outside the work tree")
        elif strays and part.verdict is Verdict.CHANGE:
            yield replace(part, verdict=Verdict.REACH, reason="changes files after leaving the work tree")
        else:
            yield part


def _stays(directory: str) -> bool:
    return not isinstance(directory, Unresolved) and directory not in ("", "-") and not leaves_tree(directory)
