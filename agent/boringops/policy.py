"""Deciding tool calls: allow, ask a person, or deny with what to do instead.

The phase comes first, then what nobody can allow, then the user's rules (deny, ask, allow), then the effect of the
call. Nothing here reads or runs anything: the same call gets the same answer everywhere.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from boringops.errors import UsageError
from boringops.facts import Phase
from boringops.shell import Analysis, Part, Unresolved, Verdict, analyse
from boringops.tool import Effect

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

Action = Literal["allow", "ask", "deny"]

_WRITABLE: frozenset[Phase] = frozenset({"act", "verify"})
_STRICTNESS: dict[Action, int] = {"allow": 0, "ask": 1, "deny": 2}

# A rule on Read covers every tool that looks, a rule on Edit every tool that writes, as in Claude Code.
_COVERS = {"Read": {"Read", "Glob", "Grep"}, "Edit": {"Edit", "Write", "Blueprint"}}
_TOOLS = ("Read", "Glob", "Grep", "Edit", "Write", "Bash", "AskUser", "SubmitPlan", "Validate", "Blueprint", "Finish")
_MCP = "mcp__"
_WITH_SPECIFIER = {"Glob": "Read", "Grep": "Read", "Write": "Edit", "Blueprint": "Edit"}


@dataclass(frozen=True)
class Decision:
    """What becomes of a call."""

    action: Action
    reason: str
    """Why, and for a denial what to do instead: the model reads it."""
    rule: str | None = None
    """The user's rule that decided, as written."""


# --- the user's rules --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """One permission rule: a tool, and a command pattern or a path pattern."""

    text: str
    tool: str
    command: re.Pattern[str] | None = None
    path: Callable[[str], bool] | None = None

    def covers_tool(self, tool: str) -> bool:
        server = self.tool.removesuffix("__*")  # `mcp__server` and `mcp__server__*` are all of a server's tools
        if server.count("__") == 1 and server.startswith(_MCP) and tool.startswith(f"{server}__"):
            return True
        return tool == self.tool or tool in _COVERS.get(self.tool, ())

    @property
    def bare(self) -> bool:
        return self.command is None and self.path is None


class Permissions(Protocol):
    """The lists as configured (`config.Permissions`)."""

    allow: list[str]
    ask: list[str]
    deny: list[str]


@dataclass(frozen=True)
class Rules:
    """The user's permission rules. Deny comes before ask, ask before allow; how specific a rule is does not matter."""

    allow: tuple[Rule, ...] = ()
    ask: tuple[Rule, ...] = ()
    deny: tuple[Rule, ...] = ()

    @classmethod
    def of(cls, permissions: Permissions, added: Sequence[str] = ()) -> Rules:
        """Read the rules. `added` are tools beside ours that a rule may name, besides those of MCP servers.
        Raises UsageError naming the rule, its place and the right form."""
        return cls(
            *(
                tuple(parse_rule(text, where=f"permissions.{name}[{at}]", added=added) for at, text in enumerate(texts))
                for name, texts in (
                    ("allow", permissions.allow),
                    ("ask", permissions.ask),
                    ("deny", permissions.deny),
                )
            )
        )

    def denies_reading(self, path: str) -> bool:
        """Whether a deny rule keeps a file, by its relative path, from being read."""
        return any(rule.covers_tool("Read") and (rule.bare or _names(rule, [path])) for rule in self.deny)


def parse_rule(text: str, *, where: str = "rule", added: Sequence[str] = ()) -> Rule:
    """One rule: `Tool` or `Tool(specifier)`. Raises UsageError with the right form."""

    def wrong(problem: str, hint: str) -> UsageError:
        return UsageError(f"{where}: `{text}` {problem}.", hint=hint)

    found = re.fullmatch(r"([A-Za-z][\w-]*(?:__\*)?)(?:\((.*)\))?", text.strip(), re.S)
    if found is None:
        raise wrong("is not a permission rule", "Write `Tool` or `Tool(specifier)`, e.g. `Bash(terraform plan *)`.")
    tool, specifier = found.group(1), found.group(2)
    if specifier is None and (tool in added or tool.startswith(_MCP)):
        return Rule(text, tool)
    if tool not in _TOOLS:
        near = get_close_matches(tool, _TOOLS, n=1, cutoff=0.5)
        raise wrong(
            "names a tool there is not", f"Did you mean `{near[0]}`?" if near else f"Tools: {', '.join(_TOOLS)}."
        )
    if specifier is None or specifier.strip() in ("*", "**"):
        return Rule(text, tool)
    if not specifier.strip():
        raise wrong("has nothing between its brackets", f"Write `{tool}` for every use, or say which.")
    if tool == "Bash":
        if ":*" in specifier[:-2]:
            raise wrong("has `:*` before its end", "`:*` stands at the end only; use `*` anywhere: `Bash(git * main)`.")
        return Rule(text, tool, command=_command_pattern(specifier.strip()))
    if tool in ("Read", "Edit"):
        return Rule(text, tool, path=_path_pattern(specifier.strip()))
    instead = _WITH_SPECIFIER.get(tool)
    raise wrong(
        "cannot have brackets",
        f"Paths are ruled by `{instead}({specifier})`." if instead else f"Write `{tool}` alone.",
    )


def _command_pattern(specifier: str) -> re.Pattern[str]:
    """`*` spans anything; ` *` or `:*` at the end stands for any further words, none included."""
    head, tail = specifier, ""
    if specifier.endswith((":*", " *")):
        head, tail = specifier[:-2].rstrip(), r"(?:\s.*)?"
    return re.compile(".*".join(re.escape(piece) for piece in head.split("*")) + tail, re.S)


def _path_pattern(specifier: str) -> Callable[[str], bool]:
    """gitignore patterns: `//x` absolute, `~/x` in the home, `/x` and `./x` at the repository's top, else anywhere."""
    absolute = specifier.startswith(("//", "~/"))
    if specifier.startswith("~/"):
        pattern = f"{Path.home()}{specifier[1:]}"
    elif specifier.startswith("//"):
        pattern = specifier[1:]
    else:
        pattern = specifier.removeprefix(".") if specifier.startswith("./") else specifier

    def matches(path: str) -> bool:
        if path.startswith("~/"):
            path = f"{Path.home()}{path[1:]}"
        if path.startswith("/") != absolute:
            return False
        return _spec(pattern).match_file(posixpath.normpath(path).lstrip("/"))

    return matches


@cache
def _spec(pattern: str) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines([pattern])


def writes(phase: Phase) -> bool:
    """Whether anything may be changed in a phase."""
    return phase in _WRITABLE


# --- deciding ----------------------------------------------------------------------------------------

_PLAN = {
    Effect.WRITE: "The {phase} phase only reads. Submit the plan with SubmitPlan; once it is approved you can write.",
    Effect.COMMAND: "The {phase} phase only reads, and this command {reason}. Use Read, Glob and Grep, or a command "
    "that only looks; submit the plan with SubmitPlan, and once it is approved you can do more.",
    Effect.REACH: "The {phase} phase only reads, and this tool reaches outside the repository. Submit the plan with "
    "SubmitPlan; once it is approved, the call can be asked for.",
}


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
) -> Decision:
    """Decide one call. `paths` are relative to the repository, or absolute; `command` is what Bash would run.

    Where nothing confines commands (`confined` is False), what changes anything asks as well."""
    if effect is Effect.COMMAND and command is not None:
        decision = _command(tool_name, analyse(command), phase, rules, confined)
    else:
        decision = _call(tool_name, effect, paths, phase, rules)
    if decision.action == "ask" and not (interactive and approve != "never"):
        return Decision(
            "deny",
            f"{_sentence(decision.reason)} That needs a person's approval, and nobody is here to give it. Do without "
            "it; if the task needs it, name it as a follow-up when you finish.",
            decision.rule,
        )
    return decision


def _call(tool: str, effect: Effect, paths: Sequence[str], phase: Phase, rules: Rules) -> Decision:
    """A call of a tool other than Bash."""
    if any(_in_git(path) for path in paths):
        return Decision("deny", "`.git` belongs to git and the runtime. Use `git log`, `git show` or `git status`.")
    if effect in (Effect.WRITE, Effect.REACH) and not writes(phase):
        return Decision("deny", _PLAN[effect].format(phase=phase))
    ruled = _ruled(rules, lambda rule: rule.covers_tool(tool) and (rule.bare or _names(rule, paths)))
    if effect is Effect.REACH and ruled is None:
        return Decision("ask", f"{tool} reaches outside the repository.")
    return ruled or Decision("allow", "reads" if effect is Effect.READ else "is held to the plan and journalled")


def _command(tool: str, analysis: Analysis, phase: Phase, rules: Rules, confined: bool) -> Decision:
    """A command: every part is decided, and the strictest decision holds for the whole."""
    if refusal := _never(analysis):
        return Decision("deny", refusal)
    if rule := _first(rules.deny, lambda rule: rule.tool == tool and _speaks_of(rule, analysis.command, ())):
        return Decision("deny", _by_rule(rule), rule.text)
    if analysis.verdict is Verdict.RESERVED:
        return Decision("deny", f"{_sentence(analysis.reason)} Change the files; the commit is made at the end.")
    if not writes(phase) and analysis.verdict is not Verdict.READ:
        return Decision("deny", _PLAN[Effect.COMMAND].format(phase=phase, reason=_told(analysis)))
    decisions = [_part(tool, part, rules, confined) for part in analysis.parts]
    if rule := _first(rules.ask, lambda rule: rule.tool == tool and _speaks_of(rule, analysis.command, ())):
        decisions.append(Decision("ask", _by_rule(rule), rule.text))
    return max(decisions, key=lambda each: _STRICTNESS[each.action], default=Decision("allow", "does nothing"))


def _part(tool: str, part: Part, rules: Rules, confined: bool) -> Decision:
    redirection = part.argv[0] in ("<", ">")

    def rules_it(rule: Rule) -> bool:
        """Deny and ask: any form of the part, any file it is known to touch."""
        if rule.tool == tool:
            return not redirection and _speaks_of(rule, part.text, part.forms)
        return _names(rule, _touched(part, rule.tool))

    def lifts(rule: Rule) -> bool:
        """Allow: the part as it stands, or the file a redirection writes."""
        if redirection:
            return rule.tool == "Edit" and (rule.bare or _names(rule, part.writes))
        return rule.tool == tool and _speaks_of(rule, part.text, ())

    if rule := _first(rules.deny, rules_it):
        return Decision("deny", _by_rule(rule), rule.text)
    if rule := _first(rules.ask, rules_it):
        return Decision("ask", _by_rule(rule), rule.text)
    if part.verdict is Verdict.DESTROY:
        return Decision("ask", f"{part.text}: {part.reason}. It cannot be taken back, or others rely on it.")
    if rule := _first(rules.allow, lifts):
        return Decision("allow", f"allowed by `{rule.text}`", rule.text)
    if part.verdict in (Verdict.REACH, Verdict.UNKNOWN):
        return Decision("ask", f"{part.text}: {part.reason}.")
    if not confined and part.verdict is not Verdict.READ:
        return Decision("ask", f"{part.text}: {part.reason}, and nothing confines commands here (`boringops doctor`).")
    return Decision("allow", part.reason)


def _ruled(rules: Rules, matches: Callable[[Rule], bool]) -> Decision | None:
    for action, listed in (("deny", rules.deny), ("ask", rules.ask), ("allow", rules.allow)):
        if rule := _first(listed, matches):
            reason = f"allowed by `{rule.text}`" if action == "allow" else _by_rule(rule)
            return Decision(action, reason, rule.text)  # type: ignore[arg-type]
    return None


def _first(rules: Sequence[Rule], matches: Callable[[Rule], bool]) -> Rule | None:
    return next((rule for rule in rules if matches(rule)), None)


def _speaks_of(rule: Rule, text: str, forms: Sequence[str]) -> bool:
    return rule.command is None or any(rule.command.fullmatch(form) for form in (text, *forms))


def _names(rule: Rule, paths: Sequence[str]) -> bool:
    return rule.path is not None and any(rule.path(path) for path in paths)


def _touched(part: Part, tool: str) -> Sequence[str]:
    """Paths of a part that a rule on Edit or Read is held to. For Read every word may be one."""
    return part.writes if tool == "Edit" else (*part.argv[1:], *part.reads) if tool == "Read" else ()


def _by_rule(rule: Rule) -> str:
    return f"The user's rule `{rule.text}` is about this."


def _told(analysis: Analysis) -> str:
    return analysis.reason if analysis.verdict is not Verdict.UNKNOWN else f"cannot be told to ({analysis.reason})"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


# --- what nobody can allow ---------------------------------------------------------------------------

_ENV = re.compile(r"\.env(?:rc|\..+)?")
_ENV_EXAMPLE = re.compile(r".*\.(?:example|sample|template|dist|defaults?|schema|md)")
_CREDENTIALS = re.compile(
    r"(?:^|/)(?:\.(?:ssh|aws|gnupg|azure|kube|password-store|netrc|git-credentials|pgpass|my\.cnf|vault-token)(?:/|$)"
    r"|\.docker/config|\.config/(?:gcloud|gh|doctl)|\.terraform\.d/credentials|id_(?:rsa|dsa|ecdsa|ed25519)$)"
    r"|^/proc/[^/]+/environ|^/etc/(?:shadow|gshadow|sudoers)|^/root(?:/|$)"
)
# Programs that name a file without showing what is in it.
_NAME_ONLY = frozenset({"ls", "stat", "test", "[", "echo", "printf", "docker", "docker-compose", "basename", "tree"})
_NOT_A_PATH = ("http", "git@", "ssh:", "!", "--exclude", "--ignore")


def _in_git(path: str) -> bool:
    return ".git" in path.lower().split("/")


def _never(analysis: Analysis) -> str:
    """Why a command is refused whoever asks; empty where it is not."""
    for part in analysis.parts:
        named = part.verdict is not Verdict.CHANGE and _only_named(part)
        for word in (*part.argv[1:], *part.reads, *part.writes):
            for path in re.split(r"[=:,@\s]", word):
                if _in_git(path) and not named and not word.startswith(_NOT_A_PATH):
                    return f"`{path}` is inside `.git`, which belongs to git and the runtime. Use git's own commands."
                if _CREDENTIALS.search(path):
                    return f"`{path}` holds credentials. They are never read here; name what is needed instead."
                if _holds_secrets(path) and not named:
                    return (
                        f"`{path}` holds secret values. Read it with the Read tool, which shows names without values; "
                        "document variables in `.env.example`."
                    )
    hidden = any(isinstance(word, Unresolved) for part in analysis.parts for word in part.argv)
    if hidden and any(_holds_secrets(path) for path in re.split(r"[\s=:,;'\"()<>|&]", analysis.command)):
        return "The command may read a `.env` file through a variable. Read it with the Read tool: names, no values."
    return ""


def _holds_secrets(path: str) -> bool:
    name = path.rpartition("/")[2]
    if name.startswith(".") and re.search(r"[*?\[]", name):
        return fnmatchcase(".env", name)
    return bool(_ENV.fullmatch(name)) and not _ENV_EXAMPLE.fullmatch(name)


def _only_named(part: Part) -> bool:
    name = part.argv[0]
    if name == "git":
        return part.argv[1:2] in (("status",), ("check-ignore",), ("ls-files",))
    looks = part.verdict is Verdict.READ and not any(word.startswith(("-exec", "-ok")) for word in part.argv)
    return name in _NAME_ONLY or (name == "find" and looks)


# --- rules to save -----------------------------------------------------------------------------------


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
    if analysis.verdict in (Verdict.DESTROY, Verdict.RESERVED) or _never(analysis):
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
