"""Rules that "always" would save for a command, and what else each would then allow."""

from __future__ import annotations

import re
from dataclasses import dataclass

from boringops.never import refusal
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


def generalise(command: str) -> tuple[Suggestion, ...]:
    """The rules that would let this command pass next time; empty where "always" cannot be offered.

    Destruction is asked for each time. A program that runs anything is only ever allowed word for word."""
    analysis = analyse(command)
    if analysis.verdict in (Verdict.DESTROY, Verdict.RESERVED) or refusal(analysis):
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
    return Suggestion(f"Bash({shown} *)", (shown, f"{shown} --any-option", f"{shown} anything else"))
