"""What a model is: something that answers a request with one reply, in Anthropic's own blocks.

No lowest common denominator: content blocks are the wire's plain dictionaries, kept byte for byte, because thinking
blocks are signed over everything before them. Two members are all an implementation needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from boringops.facts import Usage

Block = dict[str, Any]
Message = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One call. `system` and `tools` are the same objects through a whole run."""

    system: list[Block]
    tools: list[Block]
    messages: list[Message]
    max_tokens: int = 32_000
    deadline_s: float = 600.0
    """How long the call may take in all, retries and waits included."""


@dataclass(frozen=True)
class Reply:
    """A whole answer. `stop_reason` is the wire's; `loop` maps every one of them."""

    content: list[Block]
    stop_reason: str
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    id: str = ""
    malformed: frozenset[str] = frozenset()
    """Ids of tool calls whose arguments were not a JSON object; their `input` is {}. To be answered with an error."""


@dataclass(frozen=True)
class Delta:
    """Something to show while a reply is on its way."""

    kind: Literal["text", "thinking", "tool", "arguments", "retry"]
    """`tool` begins a call with its name; `arguments` are pieces of its JSON."""
    text: str


Watch = Callable[[Delta], None]


@dataclass(frozen=True)
class Profile:
    """What is known of a model: capabilities as data, never as `startswith`."""

    id: str
    context_window: int = 200_000
    max_output: int = 64_000
    prompt_bytes_per_token: float = 4.0
    cache_minimum: int = 4096
    """Tokens a prompt must have before any of it is cached."""
    thinking: Literal["adaptive", "budget", "none"] = "none"
    """How thinking is asked for; `budget` is the older form, which is not used."""
    effort: bool = False
    """Whether `output_config.effort` is accepted."""
    priced: bool = False
    """Whether `prices` knows what a call costs. Where not, a budget in dollars can't be kept: say so."""


class Model(Protocol):
    """Answers requests. Raises ModelError (see `errors`) where no answer can be had."""

    profile: Profile

    def respond(self, request: Request, watch: Watch) -> Reply:
        """Answer, telling `watch` what arrives. Blocks until the whole reply is there."""
