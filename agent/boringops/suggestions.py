"""Rules that "always" would save for a command, and what else each would then allow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from boringops.never import refusal
from boringops.permissions import parse_rule, speaks_of
from boringops.shell import Part, Verdict, analyse


@dataclass(frozen=True)
class Suggestion:
    """A rule that "always" would save, and what else it would then allow."""

    rule: str
    also: tuple[str, ...] = ()


_LEVELS = {"aws": 2, "gcloud": 3, "az": 2}
_TOO_WIDE = {
    *("sh", "bash", "zsh", "dash", "ksh", "eval", "python", "python3", "node", "ruby", "perl", "php", "deno"),
    *("sudo", "doas", "env", "xargs", "ssh", "curl", "wget", "npx", "uvx", "bunx", "find", "make", "exec", "awk"),
    *("sed", "trap", "watch"),
}


SHOWN = 4


@cache
def ordinary() -> tuple[str, ...]:
    """Ordinary commands of the trade, recorded: what a rule would match in practice."""
    return tuple(Path(__file__).with_name("commands").joinpath("ordinary.txt").read_text().splitlines())


def would_allow(rule: str) -> list[str]:
    """Ordinary commands that would run without asking by this rule and do not now, a few of them.

    What destroys is not among them: no rule lifts that."""
    matches = parse_rule(rule)
    found = []
    for command in ordinary():
        parts = analyse(command).parts
        lifted = [part for part in parts if part.verdict in (Verdict.REACH, Verdict.UNKNOWN)]
        if lifted and matches.tool == "Bash" and all(speaks_of(matches, part.text, ()) for part in lifted):
            found.append(command)
    return [command for command in found if analyse(command).verdict is not Verdict.DESTROY][:SHOWN]


def generalise(command: str) -> tuple[Suggestion, ...]:
    """The rules that would let this command pass next time; empty where "always" cannot be offered.

    Destruction is asked for each time. A program that runs anything is only ever allowed word for word."""
    analysis = analyse(command)
    if analysis.verdict in (Verdict.DESTROY, Verdict.RESERVED) or refusal(analysis):
        return ()
    if not all(part.text.strip() for part in analysis.parts):  # no rule can name what cannot be read
        return ()
    suggestions: dict[str, Suggestion] = {}
    for part in analysis.parts:
        if part.verdict in (Verdict.READ, Verdict.CHANGE):
            continue
        if part.argv[0] == ">":
            path = part.writes[0]
            absolute = f"/{path}" if path.startswith("/") else path
            suggestion = Suggestion(f"Edit({absolute})")
        else:
            suggestion = _suggest(part)
        suggestions.setdefault(suggestion.rule, suggestion)
    return tuple(suggestions.values())


def _suggest(part: Part) -> Suggestion:
    words = part.text.split()
    levels = 2 if words[:2] in (["docker", "compose"], ["podman", "compose"]) else _LEVELS.get(words[0], 1)
    prefix = words[: levels + 1]
    plain = len(prefix) > levels and all(re.fullmatch(r"[a-z][a-z0-9-]*", word) for word in prefix)
    if not plain or words[0] in _TOO_WIDE or words[1] == "exec" or prefix in (["docker", "run"], ["podman", "run"]):
        return Suggestion(f"Bash({part.text})")
    shown = " ".join(prefix)
    rule = f"Bash({shown} *)"
    recorded = [command for command in would_allow(rule) if command != part.text and " | " not in command]
    return Suggestion(rule, tuple(recorded) or (shown, f"{shown} --any-option"))
