"""Deciding tool calls: allow, ask a person, or deny with what to do instead.

The phase comes first, then what nobody can allow (`never`), then the user's rules (`permissions`: deny, ask, allow), then
the effect of the call. Nothing here reads or runs anything: the same call gets the same answer everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from boringops.facts import Phase
from boringops.never import GOVERNS, governs, in_git, refusal
from boringops.permissions import Rule, Rules, first, names, speaks_of
from boringops.shell import Analysis, Part, Verdict, analyse
from boringops.tool import Effect

Action = Literal["allow", "ask", "deny"]
Layer = Literal["phase", "never", "rule", "reserved", "destroys", "effect"]

_WRITABLE: frozenset[Phase] = frozenset({"act", "verify"})
_STRICTNESS: dict[Action, int] = {"allow": 0, "ask": 1, "deny": 2}


@dataclass(frozen=True)
class Decision:
    """What becomes of a call."""

    action: Action
    reason: str
    """Why, and for a denial what to do instead: the model reads it."""
    rule: str | None = None
    """The user's rule that decided, as written."""
    layer: Layer = "effect"
    """Which of the rules decided."""


_PLAN = {
    Effect.WRITE: "The {phase} phase only reads. Submit the plan with SubmitPlan; once it is approved you can write.",
    Effect.COMMAND: "The {phase} phase only reads, and this command {reason}. Use Read, Glob and Grep, or a command "
    "that only looks; submit the plan with SubmitPlan, and once it is approved you can do more.",
    Effect.REACH: "The {phase} phase only reads, and this tool reaches outside the repository. Submit the plan with "
    "SubmitPlan; once it is approved, the call can be asked for.",
}


def writes(phase: Phase) -> bool:
    """Whether anything may be changed in a phase."""
    return phase in _WRITABLE


def decide(
    tool_name: str,
    effect: Effect,
    paths: Sequence[str],
    command: str | None,
    *,
    phase: Phase,
    approve: Literal["ask", "auto", "never"],
    interactive: bool,
    rules: Rules,
    confined: bool = True,
    stays: Callable[[str], bool] = lambda _: True,
) -> Decision:
    """Decide one call. `paths` are relative to the repository, or absolute; `command` is what Bash would run.

    Where nothing confines commands (`confined` is False), what changes anything asks as well. `stays` says whether a
    path that a command writes, links followed, is in the work tree."""
    if effect is Effect.COMMAND and command is not None:
        decision = _command(tool_name, analyse(command), phase, rules, confined, stays)
    else:
        decision = _call(tool_name, effect, paths, phase, rules)
    if decision.action == "ask" and not (interactive and approve != "never"):
        return Decision(
            "deny",
            f"{_sentence(decision.reason)} That needs a person's approval, and nobody is here to give it. Do without "
            "it; if the task needs it, name it as a follow-up when you finish.",
            decision.rule,
            decision.layer,
        )
    return decision


def _call(tool: str, effect: Effect, paths: Sequence[str], phase: Phase, rules: Rules) -> Decision:
    """A call of a tool other than Bash."""
    if any(in_git(path) for path in paths):
        return Decision(
            "deny", "`.git` belongs to git and the runtime. Use `git log`, `git show` or `git status`.", layer="never"
        )
    if effect is Effect.WRITE and (path := next(filter(governs, paths), None)):
        return Decision("deny", GOVERNS.format(path=path), layer="never")
    if effect in (Effect.WRITE, Effect.REACH) and not writes(phase):
        return Decision("deny", _PLAN[effect].format(phase=phase), layer="phase")
    ruled = _ruled(rules, lambda rule: rule.covers_tool(tool) and (rule.bare or names(rule, paths)))
    if effect is Effect.REACH and ruled is None:
        return Decision("ask", f"{tool} reaches outside the repository.")
    return ruled or Decision("allow", "reads" if effect is Effect.READ else "is held to the plan and journalled")


def _command(
    tool: str, analysis: Analysis, phase: Phase, rules: Rules, confined: bool, stays: Callable[[str], bool]
) -> Decision:
    """A command: every part is decided, and the strictest decision holds for the whole."""
    if reason := refusal(analysis, stays):
        return Decision("deny", reason, layer="never")
    if rule := first(rules.deny, lambda rule: rule.tool == tool and speaks_of(rule, analysis.command, ())):
        return Decision("deny", _by_rule(rule), rule.text, "rule")
    if analysis.verdict is Verdict.RESERVED:
        return Decision(
            "deny", f"{_sentence(analysis.reason)} Change the files; the commit is made at the end.", layer="reserved"
        )
    if not writes(phase) and analysis.verdict is not Verdict.READ:
        return Decision("deny", _PLAN[Effect.COMMAND].format(phase=phase, reason=_told(analysis)), layer="phase")
    decisions = [_part(tool, part, rules, confined) for part in analysis.parts]
    if rule := first(rules.ask, lambda rule: rule.tool == tool and speaks_of(rule, analysis.command, ())):
        decisions.append(Decision("ask", _by_rule(rule), rule.text, "rule"))
    return max(decisions, key=lambda each: _STRICTNESS[each.action], default=Decision("allow", "does nothing"))


def _part(tool: str, part: Part, rules: Rules, confined: bool) -> Decision:
    redirection = part.argv[0] in ("<", ">")

    def rules_it(rule: Rule) -> bool:
        """Deny and ask: any form of the part, any file it is known to touch."""
        if rule.tool == tool:
            return not redirection and speaks_of(rule, part.text, part.forms)
        return names(rule, _touched(part, rule.tool))

    def lifts(rule: Rule) -> bool:
        """Allow: the part as it stands, or the file a redirection writes."""
        if redirection:
            return rule.tool == "Edit" and (rule.bare or names(rule, part.writes))
        return rule.tool == tool and speaks_of(rule, part.text, ())

    if rule := first(rules.deny, rules_it):
        return Decision("deny", _by_rule(rule), rule.text, "rule")
    if rule := first(rules.ask, rules_it):
        return Decision("ask", _by_rule(rule), rule.text, "rule")
    if part.verdict is Verdict.DESTROY:
        return Decision(
            "ask", f"{part.text}: {part.reason}. It cannot be taken back, or others rely on it.", layer="destroys"
        )
    if rule := first(rules.allow, lifts):
        return Decision("allow", f"allowed by `{rule.text}`", rule.text, "rule")
    if part.verdict in (Verdict.REACH, Verdict.UNKNOWN):
        return Decision("ask", f"{part.text}: {part.reason}.")
    if not confined and part.verdict is not Verdict.READ:
        return Decision("ask", f"{part.text}: {part.reason}, and nothing confines commands here (`boringops doctor`).")
    return Decision("allow", part.reason)


def _ruled(rules: Rules, matches: Callable[[Rule], bool]) -> Decision | None:
    for action, listed in (("deny", rules.deny), ("ask", rules.ask), ("allow", rules.allow)):
        if rule := first(listed, matches):
            reason = f"allowed by `{rule.text}`" if action == "allow" else _by_rule(rule)
            return Decision(action, reason, rule.text, "rule")  # type: ignore[arg-type]
    return None


def _touched(part: Part, tool: str) -> Sequence[str]:
    """Paths of a part that a rule on Edit or Read is held to. For Read every word may be one."""
    return part.writes if tool == "Edit" else (*part.argv[1:], *part.reads) if tool == "Read" else ()


def _by_rule(rule: Rule) -> str:
    return f"The user's rule `{rule.text}` is about this."


def _told(analysis: Analysis) -> str:
    return analysis.reason if analysis.verdict is not Verdict.UNKNOWN else f"cannot be told to ({analysis.reason})"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
