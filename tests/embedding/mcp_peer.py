"""An MCP server that behaves, misbehaves, or is none, for the client to be tried on. Run: `python mcp_peer.py [MODE]`."""

from __future__ import annotations

import os
import sys
import time

MODE = sys.argv[1] if len(sys.argv) > 1 else "good"

if MODE == "garbage":
    print("I speak no protocol\n" * 5, flush=True)
    sys.stdin.read()
elif MODE == "silent":
    sys.stdin.read()
elif MODE == "dead":
    sys.exit(3)
else:
    from mcp.server import MCPServer
    from mcp_types import ToolAnnotations

    server = MCPServer("peer", log_level="CRITICAL")

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    def look(what: str) -> str:
        """Look something up."""
        return f"{what} in {os.environ.get('PLACE', 'nowhere')}: token {'ghp_' + '16C7e42F292c6912E771' + '0c838347Ae178B4a'}"

    @server.tool()
    def send(text: str) -> str:
        """Send a message."""
        return f"sent {text}"

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    def hang() -> str:
        """Never answer."""
        time.sleep(60)
        return "late"

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    def die() -> str:
        """End the server."""
        os._exit(1)

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    def fail() -> str:
        """Always fail."""
        raise ValueError("no such thing")

    server.run("stdio")
