"""Which layer stops a command: what the policy decides, in words for the table."""

from __future__ import annotations

from dataclasses import dataclass, field

from boringops.permissions import Rules
from boringops.policy import Decision, decide
from boringops.tool import Effect

LAYERS = {
    "never": "never allowed, not even by a person",
    "destroys": "destroys: a person only, each time",
    "reserved": "the runtime's own work",
    "effect": "asks; nobody there: refused",
}


@dataclass(frozen=True)
class Decided:
    layer: str
    liftable: bool
    """Whether the user's own rule `allow = ["Bash"]` would let it run."""


@dataclass
class _Lists:
    allow: list[str] = field(default_factory=list)
    ask: list[str] = field(default_factory=list)
    deny: list[str] = field(default_factory=list)


def decided(command: str) -> Decided:
    """How the act phase decides a command where nobody is there."""
    strict, broad = _act(command, []), _act(command, ["Bash", "Edit", "Read"])
    assert strict.action == "deny", command
    return Decided(LAYERS[strict.layer], broad.action == "allow")


def _act(command: str, allow: list[str]) -> Decision:
    return decide(
        "Bash", Effect.COMMAND, [], command, phase="act", approve="auto", interactive=False,
        rules=Rules.of(_Lists(allow)), stays=lambda path: not path.startswith("out/"),
    )  # fmt: skip
