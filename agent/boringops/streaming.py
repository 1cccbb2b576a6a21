"""A run in a thread of its own, its events handed over as they come: the plumbing of `stream`, `arun` and `astream`.

Whoever stops listening stops the run: it ends at its next step, resumably, and its thread is over before the caller
goes on, so that no lock is left behind.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from boringops.caller import Caller
from boringops.events import Event
from boringops.result import Result

Start = Callable[[Caller], Result]


def in_thread(start: Start, caller: Caller) -> Future[Result]:
    """Start a run in a new thread: a pool's workers could all be waiting for each other."""
    future: Future[Result] = Future()

    def body() -> None:
        try:
            future.set_result(start(caller))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=body, name="boringops-run", daemon=True).start()
    return future


def stream(start: Start) -> Iterator[Event | Result]:
    """The events of a run, then its result."""
    items: SimpleQueue[Any] = SimpleQueue()
    caller = Caller(on_event=items.put)
    future = in_thread(start, caller)
    future.add_done_callback(lambda _: items.put(None))
    try:
        while (item := items.get()) is not None:
            yield item
        yield future.result()
    finally:
        caller.cancel.set()
        with suppress(BaseException):
            future.result()


async def arun(start: Start) -> Result:
    """The result of a run. A cancelled task stops the run and waits for its end."""
    caller = Caller(loop=asyncio.get_running_loop())
    work = asyncio.wrap_future(in_thread(start, caller))
    try:
        return await asyncio.shield(work)
    finally:
        await _settle(work, caller)


async def astream(start: Start) -> AsyncIterator[Event | Result]:
    """The events of a run, then its result, for `async for`."""
    loop = asyncio.get_running_loop()
    items: asyncio.Queue[Event | None] = asyncio.Queue()

    def put(event: Event | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            loop.call_soon_threadsafe(items.put_nowait, event)

    caller = Caller(loop=loop, on_event=put)
    future = in_thread(start, caller)
    future.add_done_callback(lambda _: put(None))
    work = asyncio.wrap_future(future)
    try:
        while (event := await items.get()) is not None:
            yield event
        yield await asyncio.shield(work)
    finally:
        await _settle(work, caller)


async def _settle(work: asyncio.Future[Result], caller: Caller) -> None:
    """Stop the run if it still goes on, and wait for its end however often the waiting itself is cancelled."""
    caller.cancel.set()
    while not work.done():
        with suppress(asyncio.CancelledError, Exception):
            await asyncio.shield(work)
