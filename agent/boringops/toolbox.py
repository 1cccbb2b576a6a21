"""The tools of a run: boringops' own, then those of the embedding program and of MCP servers, each held to its form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel

from boringops.errors import UsageError
from boringops.persona import Persona, effective_tools
from boringops.tool import Effect, Tool

_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""What the Messages API takes as a tool's name."""


def combine(persona: Persona, builtin: Sequence[Tool[Any]], added: Iterable[Tool[Any]]) -> dict[str, Tool[Any]]:
    """The tools of a run of this persona, in their fixed order.

    The persona's `tools:` narrows boringops' own. What a program or a configured server adds was given on purpose and
    is narrowed by `disallowedTools`, and by `tools:` where that names tools of MCP servers. Raises UsageError for a tool
    that cannot be used."""
    every = {tool.name: tool for tool in builtin}
    chosen = {name: every[name] for name in effective_tools(persona, list(every))}
    for tool in added:
        check(tool, taken={*every, *chosen})
        if not _named(tool.name, persona.disallowed_tools) and _wanted(tool.name, persona.tools):
            chosen[tool.name] = tool
    return chosen


def _wanted(name: str, tools: Sequence[str] | None) -> bool:
    remote = [entry for entry in tools or [] if entry.startswith("mcp__")]
    return not (remote and name.startswith("mcp__")) or _named(name, remote)


def _named(name: str, entries: Iterable[str]) -> bool:
    """Whether a list has a tool: by its name, or with all of its server's (`mcp__server`, `mcp__server__*`)."""
    return any(
        name == entry or (entry.startswith("mcp__") and name.startswith(f"{entry.removesuffix('__*')}__"))
        for entry in entries
    )


def check(tool: Tool[Any], *, taken: Iterable[str]) -> None:
    """Hold a tool from outside to what the runtime relies on. Raises UsageError naming the tool and the way out."""

    def wrong(problem: str, hint: str) -> UsageError:
        return UsageError(f"The tool {getattr(tool, 'name', tool)!r} {problem}.", hint=hint)

    if not isinstance(tool, Tool):
        raise wrong("is not a boringops.Tool", "Derive it from Tool, and give an instance of it.")
    name, effect = getattr(tool, "name", None), getattr(tool, "effect", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise wrong("has no usable name", "Use up to 128 letters, digits, - and _.")
    if name in taken:
        raise wrong(
            "is there already", "Give it another name: names tell tools apart in permission rules and journals."
        )
    if not isinstance(effect, Effect):
        raise wrong("does not declare its effect", "Set `effect = Effect.READ`, WRITE, REACH or COMMAND.")
    if effect is Effect.CONTROL:
        raise wrong("claims to control the run", "CONTROL is the runtime's: use READ, WRITE, REACH or COMMAND.")
    if not (isinstance(tool.input, type) and issubclass(tool.input, BaseModel)):
        raise wrong("has no input model", "Set `input` to a ToolInput.")
    if effect is Effect.COMMAND and "command" not in tool.input.model_fields:
        raise wrong("runs commands but takes no `command`", "Take the command line as `command`, or use Effect.REACH.")
