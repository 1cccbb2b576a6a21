"""What a shell command does, told from its text: parsed by a real grammar, split into simple commands, each judged.

Nothing is run and nothing is read. The answer errs towards severity: what cannot be parsed, named or resolved is
`unknown`. The tables are in `commands`; here is the shell itself: `grammar` (words), `script` (lists, substitutions,
redirections), `wrappers` and `runners` (programs that run other programs).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from boringops.commands import RUNS_INPUT, Unresolved, Verdict, rank
from boringops.commands.network import FETCHERS
from boringops.shell.parts import Part, in_scratch, leaves_tree
from boringops.shell.script import Script

__all__ = ["Analysis", "Part", "Unresolved", "Verdict", "analyse", "in_scratch", "leaves_tree", "rank"]

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
    directories: tuple[str, ...] = ()
    """Where `cd` moves to, as written."""


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
    return Analysis(command, parts, worst.verdict, worst.reason, writes, tuple(script.directories))


def _settle(script: Script) -> Iterable[Part]:
    """Judge what only the whole command shows: text fetched and run, files outside the work tree, moves of `cd`."""
    fetches = any(part.argv[0] in FETCHERS for part in script.parts)
    strays = any(not _stays(target) for target in script.directories)
    printed = [" ".join(part.argv[1:]) for part in script.parts if part.argv[0] in ("echo", "printf")]
    for part in script.parts:
        if fetches and part.reason == RUNS_INPUT:
            part = replace(part, verdict=Verdict.DESTROY, reason="runs what it fetches from elsewhere")
        elif part.reason == RUNS_INPUT and any(script.apart().worst(text) is Verdict.DESTROY for text in printed):
            part = replace(part, verdict=Verdict.DESTROY, reason="runs text that destroys")
        part = replace(part, leaves=_leaves(part, script.directories))
        outside = [path for path in part.writes if leaves_tree(path) or (strays and not path.startswith("/dev/"))]
        if not outside and script.directories and any(".." in path.split("/") for path in part.writes):
            outside = list(part.writes)
        if outside and part.argv[0] in ("rm", "unlink", "rmdir"):
            yield replace(part, verdict=Verdict.DESTROY, reason=f"deletes `{outside[0]}` outside the work tree")
        elif outside and rank(part.verdict) < rank(Verdict.REACH):
            yield replace(part, verdict=Verdict.REACH, reason=f"writes `{outside[0]}` outside the work tree")
        elif part.verdict is Verdict.CHANGE and (strays or _elsewhere(part)):
            yield replace(part, verdict=Verdict.REACH, reason="changes files after leaving the work tree")
        else:
            yield part


_DIRECTORY = re.compile(
    r"(?:-C|--(?:directory|chdir|prefix|cwd|dir|working-directory|project|git-dir|work-tree))(?:=(.*))?"
)


_OUTPUT = re.compile(r"--?(?:o|out|output|output-dir|output-file|outfile|out-dir|outdir|report-path)(?:=(.*))?")


def _leaves(part: Part, directories: Sequence[str]) -> str:
    """The first path that is known to be written outside the work tree and its scratch folders, if any."""
    if part.elsewhere:
        return ""
    moved = [where for where in directories if not _stays(where) and not in_scratch(where)]
    climbs = any(".." in path.split("/") for path in part.writes) and bool(directories)
    for path in part.writes:
        if path.startswith(("/dev/", "$")) and part.argv[0] == ">":
            continue
        if (leaves_tree(path) and not in_scratch(path)) or moved or climbs:
            return str(path)
    if rank(part.verdict) >= rank(Verdict.CHANGE):
        for word, after in pairwise((*part.argv[1:], "")):
            found = _OUTPUT.fullmatch(word)
            path = (found[1] or after) if found else ""
            if path and leaves_tree(path) and not in_scratch(path):
                return str(path)
    return ""


def _elsewhere(part: Part) -> bool:
    """Whether an option of the command itself moves it out of the work tree, as `-C` does."""
    for word, after in pairwise((*part.argv[1:], "")):
        if (found := _DIRECTORY.fullmatch(word)) is not None and not _stays(found[1] or after):
            return True
    return False


def _stays(directory: str) -> bool:
    return not isinstance(directory, Unresolved) and directory not in ("", "-") and not leaves_tree(directory)
