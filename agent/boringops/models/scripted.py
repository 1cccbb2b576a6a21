"""A model that answers from a script, for tests: no key, no network, and every request kept to look at.

model = ScriptedModel([[tool("Read", file_path="Dockerfile")], [text("Done.")]])
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from boringops.facts import Usage
from boringops.models.base import Block, Delta, Profile, Reply, Request, Watch

Step = list[Block] | Reply | Exception | Callable[[Request], "list[Block] | Reply"]
"""One turn: blocks, a whole reply, something to raise, or a function of the request that gives one of the first two."""


class ScriptExhausted(AssertionError):
    """The model was asked for a turn that the script does not have. An AssertionError, so that nothing handles it."""


def text(content: str) -> Block:
    """Something the model says."""
    return {"type": "text", "text": content}


def thinking(content: str, signature: str = "scripted") -> Block:
    """Something the model thinks."""
    return {"type": "thinking", "thinking": content, "signature": signature}


def tool(name: str, /, **arguments: Any) -> Block:
    """A tool call. Its id is filled in by turn and position: `toolu_2_1` is the second turn's first block."""
    return {"type": "tool_use", "id": "", "name": name, "input": arguments}


class ScriptedModel:
    """A `Model` that plays its script, one step for each request, and raises ScriptExhausted after the last."""

    def __init__(self, script: Iterable[Step], *, profile: Profile | None = None) -> None:
        self.profile = profile or Profile("scripted")
        self.requests: list[Request] = []
        """Every request so far, its messages as they were at the time."""
        self._script = list(script)

    def respond(self, request: Request, watch: Watch) -> Reply:
        """The script's next reply."""
        self.requests.append(replace(request, messages=list(request.messages)))
        turn = len(self.requests)
        if turn > len(self._script):
            raise ScriptExhausted(f"Turn {turn} was asked for, but the script ends after {len(self._script)}.")
        step = self._script[turn - 1]
        if isinstance(step, Exception):
            raise step
        played = step(request) if callable(step) else step
        reply = played if isinstance(played, Reply) else _reply(played)
        reply = replace(reply, content=[_named(block, turn, at) for at, block in enumerate(reply.content, 1)])
        for block in reply.content:
            _show(block, watch)
        return reply


def _reply(blocks: list[Block]) -> Reply:
    calls = any(block["type"] == "tool_use" for block in blocks)
    return Reply(blocks, "tool_use" if calls else "end_turn", Usage(turns=1), model="scripted")


def _named(block: Block, turn: int, at: int) -> Block:
    """A copy, so that a script can be played twice, with its id."""
    unnamed = block["type"] == "tool_use" and not block.get("id")
    return block | {"id": f"toolu_{turn}_{at}"} if unnamed else dict(block)


def _show(block: Block, watch: Watch) -> None:
    match block:
        case {"type": "text", "text": shown}:
            watch(Delta("text", shown))
        case {"type": "thinking", "thinking": shown}:
            watch(Delta("thinking", shown))
        case {"type": "tool_use", "name": shown}:
            watch(Delta("tool", shown))
            watch(Delta("arguments", json.dumps(block.get("input"))))
