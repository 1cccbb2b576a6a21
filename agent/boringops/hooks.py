"""Hooks of an embedding program around each tool call: they look, and may deny; they change nothing.

A hook that fails is a hook that did not agree: before a call the call is refused, after it the result is withheld.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from boringops.caller import Caller
from boringops.errors import Interrupted
from boringops.tool import ToolResult


@dataclass(frozen=True)
class ToolCall:
    """A call as hooks see it. `input` is a copy: changing it changes nothing."""

    id: str
    tool: str
    input: dict[str, Any]
    run_id: str


Before = Callable[[ToolCall], Any]
"""Returns None or True to agree; False, or a text that says why, to deny. May be asynchronous."""
After = Callable[[ToolCall, ToolResult], Any]
"""The same of a result that is there: what was done stays done, but the model is not shown what came of it."""


@dataclass(frozen=True)
class Hooks:
    """The hooks of one run, each asked in order until one denies."""

    before: tuple[Before, ...] = ()
    after: tuple[After, ...] = ()
    caller: Caller = field(default_factory=Caller)

    def deny_call(self, call: ToolCall) -> str:
        """Why a call may not be carried out; empty where it may."""
        return next(filter(None, (self._verdict(hook, call) for hook in self.before)), "")

    def withhold(self, call: ToolCall, result: ToolResult) -> str:
        """Why a result may not be shown; empty where it may."""
        return next(filter(None, (self._verdict(hook, call, result) for hook in self.after)), "")

    def _verdict(self, hook: Callable[..., Any], *arguments: Any) -> str:
        name = getattr(hook, "__name__", type(hook).__name__)
        try:
            said = self.caller.call(hook, *arguments)
        except Interrupted:
            raise
        except Exception as error:
            return f"the hook {name} failed ({type(error).__name__}: {error}), so it did not agree"
        match said:
            case None | True:
                return ""
            case False:
                return f"the hook {name} denies it"
            case str():
                return said or f"the hook {name} denies it"
        return f"the hook {name} returned a {type(said).__name__} where True, False or a reason is wanted"
