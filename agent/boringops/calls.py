"""A tool call of the model, and the evidence that comes of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Call:
    """A tool call the model made, and how far it got."""

    id: str
    tool: str
    input: Any
    malformed: bool = False
    started: bool = False
    finished: bool = False


@dataclass(frozen=True)
class Evidence:
    """A recorded fact that a claim may point to."""

    label: str
    tool: str
    is_error: bool
    input: Any
    content: str = ""
    data: dict[str, Any] = field(default_factory=dict)
