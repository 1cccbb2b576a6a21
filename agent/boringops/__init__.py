"""An agent runtime that plays the DevOps infrastructure engineer, and enforces its rules.

What a program embeds is named here and imported when it is first used: importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Specialist": "specialist",
    "Task": "specialist",
    "Result": "result",
    "Outputs": "outputs",
    "Handoff": "handoff",
    "Tool": "tool",
    "ToolInput": "tool",
    "ToolContext": "tool",
    "ToolError": "tool",
    "ToolResult": "tool",
    "Effect": "tool",
    "InDoubt": "tool",
    "ToolCall": "hooks",
    "Answer": "executor",
    "Event": "events",
    "BoringopsError": "errors",
    "UsageError": "errors",
}
"""Name -> the module that has it. `__init__.pyi` says the same to type checkers."""

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
