"""The user's permission rules, in Claude Code's syntax: `Bash(terraform plan *)`, `Read(./.env)`, `Edit(infra/**)`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from boringops.errors import UsageError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

# A rule on Read covers every tool that looks, a rule on Edit every tool that writes, as in Claude Code.
_COVERS = {"Read": {"Read", "Glob", "Grep"}, "Edit": {"Edit", "Write", "Blueprint"}}
_TOOLS = ("Read", "Glob", "Grep", "Edit", "Write", "Bash", "AskUser", "SubmitPlan", "Validate", "Blueprint", "Finish")
_MCP = "mcp__"
_WITH_SPECIFIER = {"Glob": "Read", "Grep": "Read", "Write": "Edit", "Blueprint": "Edit"}


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

    def allowing(self, texts: Sequence[str]) -> Rules:
        """These rules, and the ones of `texts` to allow."""
        return replace(self, allow=(*self.allow, *map(parse_rule, texts))) if texts else self

    def denies_reading(self, path: str) -> bool:
        """Whether a deny rule keeps a file, by its relative path, from being read."""
        return any(rule.covers_tool("Read") and (rule.bare or names(rule, [path])) for rule in self.deny)


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


def first(rules: Sequence[Rule], matches: Callable[[Rule], bool]) -> Rule | None:
    return next((rule for rule in rules if matches(rule)), None)


def speaks_of(rule: Rule, text: str, forms: Sequence[str]) -> bool:
    return rule.command is None or any(rule.command.fullmatch(form) for form in (text, *forms))


def names(rule: Rule, paths: Sequence[str]) -> bool:
    return rule.path is not None and any(rule.path(path) for path in paths)
