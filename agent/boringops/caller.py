"""Who started a run from a program: where its callbacks are called, how it is stopped, and who watches.

A run works in one thread and waits for people there. A caller's function may be synchronous (it is called in the run's
thread, hooks around reads from several threads at once) or asynchronous (it is awaited on the caller's own event loop).
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from typing import Any

from boringops.errors import Interrupted, UsageError
from boringops.events import Event

LOOK_S = 0.1
"""Seconds between looks at `cancel` while an asynchronous callback is awaited: nothing can be told of both at once."""


@dataclass(frozen=True)
class Caller:
    """One start of a run."""

    cancel: threading.Event = field(default_factory=threading.Event)
    """Set to stop the run: it ends `interrupted` at its next step and can be resumed."""
    loop: asyncio.AbstractEventLoop | None = None
    """Where asynchronous callbacks are awaited; None where the caller has no event loop."""
    on_event: Callable[[Event], None] = lambda _: None

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What a callback answers. Raises whatever it raises, and Interrupted where the run is stopped meanwhile."""
        answer = function(*arguments)
        if not inspect.isawaitable(answer):
            return answer
        if self.loop is None:
            return _alone(answer)
        future = asyncio.run_coroutine_threadsafe(_awaited(answer), self.loop)
        while True:
            try:
                return future.result(LOOK_S)
            except NotYet:
                if future.done():  # its own TimeoutError, not ours
                    raise
                if self.cancel.is_set():
                    future.cancel()
                    raise Interrupted("Stopped while a callback was awaited.") from None


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer


def _alone(answer: Awaitable[Any]) -> Any:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_awaited(answer))
    if inspect.iscoroutine(answer):
        answer.close()
    raise UsageError(
        "An asynchronous callback cannot be awaited by `run` inside an event loop.", hint="Use `await arun(...)`."
    )
