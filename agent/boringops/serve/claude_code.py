"""Files by which Claude Code calls boringops: a subagent that only delegates, and the MCP server it delegates to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from boringops.errors import UsageError
from boringops.persona import Persona

SERVER = "boringops"
MARK = "<!-- written by boringops persona export -->"
TOOLS = ("inventory", "check", "plan", "act", "answer", "result")

BODY = f"""{MARK}

You hand infrastructure work to boringops, which plans it, has the plan approved, writes it, verifies it and commits it.
You write no infrastructure yourself.

1. Call `mcp__{SERVER}__plan` with the task in the user's own words, and nothing you made up.
2. Status `needs_clarification`: give the questions back to whoever called you, unchanged, and stop. Once you have the
   answers, call `mcp__{SERVER}__answer`. Never answer them yourself.
3. Status `planned` or `needs_approval`: give the plan back: summary, files, assumptions, rollback, cost. Only when the
   user has agreed to it call `mcp__{SERVER}__act` with its run_id. What they want changed goes through `mcp__{SERVER}__answer`.
4. Report what the result says: status, changes, commit, what was not validated, known limits. Do not call anything done
   that it does not call done. Any other status than `done` or `answered` is to be told as it is, with its error and hint.

`mcp__{SERVER}__inventory` and `mcp__{SERVER}__check` look and change nothing.
"""


def export(persona: Persona, root: Path, *, arguments: list[str], force: bool = False) -> list[Path]:
    """Write `.claude/agents/NAME.md` and the server's entry in `.mcp.json`. Raises UsageError rather than overwrite."""
    agent, config = root / ".claude/agents" / f"{persona.name}.md", root / ".mcp.json"
    if agent.exists() and MARK not in agent.read_text(errors="replace") and not force:
        raise UsageError(f"{agent} is there already and is not ours.", hint="Move it away, or give --force.")
    merged = _merged(config, {"command": "boringops", "args": ["serve", "mcp", *arguments]}, force)
    head = {
        "name": persona.name,
        "description": json.dumps(persona.description, ensure_ascii=False),
        "tools": ", ".join(f"mcp__{SERVER}__{tool}" for tool in TOOLS),
        **({"color": persona.color} if persona.color else {}),
    }
    lines = "\n".join(f"{key}: {value}" for key, value in head.items())
    agent.parent.mkdir(parents=True, exist_ok=True)
    agent.write_text(f"---\n{lines}\n---\n\n{BODY}")
    config.write_text(json.dumps(merged, indent=2, ensure_ascii=False) + "\n")
    return [agent, config]


def _merged(config: Path, entry: dict[str, Any], force: bool) -> dict[str, Any]:
    """What is in the file, with our entry; whatever else it holds stays."""
    try:
        known = json.loads(config.read_text()) if config.is_file() else {}
    except ValueError as error:
        raise UsageError(f"{config} is not valid JSON: {error}", hint="Mend it first; it is left as it is.") from error
    servers = known.setdefault("mcpServers", {}) if isinstance(known, dict) else None
    if not isinstance(servers, dict):
        raise UsageError(f"{config} does not hold `mcpServers`.", hint="Mend it first; it is left as it is.")
    if servers.get(SERVER, entry) != entry and not force:
        raise UsageError(f"{config} has another server named {SERVER}.", hint="Give --force to replace it.")
    servers[SERVER] = entry
    merged: dict[str, Any] = known
    return merged
