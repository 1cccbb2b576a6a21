"""The connection to one MCP server: made when it is first needed, held in a thread of its own, made again when lost."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooSlow
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from boringops.mcp_servers import McpServer, filled
from boringops.tool import ToolError

MAX_TOOLS = 60
"""Of one server; the rest is left out, and said to be."""
_SLACK_S = 5.0


class Offered(BaseModel):
    """A tool as its server described it when the run began."""

    model_config = ConfigDict(frozen=True)

    server: str
    name: str
    description: str = ""
    schema_: dict[str, Any] = {}
    read_only: bool = False


class Link:
    """The connection to one server. Any thread may call; calls to one server go side by side."""

    def __init__(self, name: str, server: McpServer, root: Path, env: Mapping[str, str]) -> None:
        self.name = name
        self.server = server
        self.root = root
        self.env = env
        self._lock = threading.Lock()
        self._ready: Future[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    def tools(self) -> list[Offered]:
        """What the server offers now. Raises ToolError where it does not say."""
        listed: Any = self._do(lambda client: _every_tool(client))
        return [
            Offered(
                server=self.name, name=tool.name, description=tool.description or "",
                schema_=tool.input_schema if isinstance(tool.input_schema, dict) else {},
                read_only=bool(tool.annotations and tool.annotations.read_only_hint),
            )
            for tool in listed
        ]  # fmt: skip

    def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        """Call a tool. Raises ToolError, saying what the server did, where no answer can be had."""
        return self._do(lambda client: client.call_tool(tool, arguments))

    def _do(self, action: Any) -> Any:
        limit = self.server.timeout_s
        try:
            client, loop = self._connected().result(limit + _SLACK_S)

            async def within() -> Any:
                return await asyncio.wait_for(action(client), limit)

            return asyncio.run_coroutine_threadsafe(within(), loop).result(limit + _SLACK_S)
        except (TooSlow, TimeoutError):
            self.close(wait=False)
            raise ToolError(f"The MCP server {self.name} did not answer within {limit:g} s. Do without it.") from None
        except ToolError:
            raise
        except BaseException as error:
            self.close(wait=False)
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            raise ToolError(f"The MCP server {self.name} failed: {_reason(error)}. Do without it.") from error

    def _connected(self) -> Future[Any]:
        with self._lock:
            if self._ready is None:
                self._ready = Future()
                self._thread = threading.Thread(
                    target=self._serve, args=(self._ready,), name=f"mcp-{self.name}", daemon=True
                )
                self._thread.start()
            return self._ready

    def _serve(self, ready: Future[Any]) -> None:
        try:
            asyncio.run(self._hold(ready))
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)

    async def _hold(self, ready: Future[Any]) -> None:
        """Keep the connection open in one task from begin to end, as the SDK wants it."""
        from mcp import Client

        loop, over = asyncio.get_running_loop(), asyncio.Event()
        self._loop, self._over = loop, over
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a device
            async with Client(self._transport(nowhere)) as client:
                ready.set_result((client, loop))
                await over.wait()

    def _transport(self, errlog: Any) -> Any:
        if self.server.command:
            from mcp.client.stdio import StdioServerParameters, stdio_client

            parameters = StdioServerParameters(
                command=self.server.command, args=self.server.args, env=filled(self.server.env, self.env), cwd=self.root
            )
            return stdio_client(parameters, errlog=errlog)
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        client = httpx2.AsyncClient(headers=filled(self.server.headers, self.env), timeout=self.server.timeout_s)
        return streamable_http_client(str(self.server.url), http_client=client)

    def close(self, *, wait: bool = True) -> None:
        """End the connection; the next call would make another."""
        with self._lock:
            loop, over, thread, self._ready = self._loop, self._over, self._thread, None
            self._loop = self._over = self._thread = None
        if loop is not None and over is not None:
            with suppress(RuntimeError):  # its loop is over already
                loop.call_soon_threadsafe(over.set)
        if wait and thread is not None:
            thread.join(_SLACK_S)


async def _every_tool(client: Any) -> list[Any]:
    found: list[Any] = []
    cursor = None
    while len(found) <= MAX_TOOLS:
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if not cursor:
            break
    return found


def _reason(error: BaseException) -> str:
    """The first cause in a group of them: anyio raises what happened inside others."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    if isinstance(error, KeyError):
        return f"{error.args[0]} is not set in the environment"
    return f"{type(error).__name__}: {error}"[:300]


class Gone(Link):
    """A server that is no longer configured: its tools stay in the conversation, and say so when they are called."""

    def __init__(self, name: str) -> None:
        self.name = name

    def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        del arguments
        raise ToolError(f"The MCP server {self.name} is no longer configured. Do without {tool}.")
