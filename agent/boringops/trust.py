"""What a repository's own configuration may do only after its user has said so once.

`.boringops.toml` comes with a clone. Most of it limits a run, or is asked about when the time comes; these settings take
effect by themselves: they start a program, send the conversation and with it the key to an address, or take the
sandbox away. They count once `boringops trust` was said for them, and have to be trusted anew when they change. What was trusted
stands in git's own folder, where no clone can bring it along. In CI the pipeline itself comes from the repository, and
on a pull request the configuration is the base branch's (see `pull_request`).
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from boringops.config import FILE, Config, of_repository
from boringops.errors import UsageError
from boringops.mcp_servers import McpServer
from boringops.persona import Persona

_RECORD = "trusted"


def asks(root: Path, settings: Config, who: Persona | None = None) -> dict[str, str]:
    """What of the configuration in force the repository's file says and nobody else does: setting to what comes of it.

    `who` is the persona in force; one that the file chose brings its MCP servers on the file's behalf.
    Raises UsageError for a file that cannot be read."""
    values = of_repository(root)
    found: dict[str, str] = {}
    provider = values.get("provider")
    address = provider.get("base_url") if isinstance(provider, Mapping) else None
    if address and address == settings.provider.base_url and not _is_here(str(address)):
        found["provider.base_url"] = f"sends the conversation and the key to {address}"
    if values.get("sandbox") == "off" == settings.sandbox:
        found["sandbox"] = "runs commands without a sandbox"
    servers = values.get("mcp_servers")
    for name in servers if isinstance(servers, Mapping) else ():
        found |= _server(f"mcp_servers.{name}", settings.mcp_servers.get(name))
    if who is not None and values.get("persona") == settings.persona:
        for name, server in who.mcp_servers.items():
            found |= _server(f"persona {settings.persona}: mcpServers.{name}", server)
    return found


def require(state_dir: Path, root: Path, settings: Config, who: Persona, env: Mapping[str, str]) -> None:
    """Raises UsageError of kind `untrusted` where the repository's file asks for what nobody has trusted yet."""
    asked = {} if env.get("CI") else asks(root, settings, who)
    if asked and _digest(asked) not in _trusted(state_dir):
        told = "; ".join(f"{setting} {what}" for setting, what in asked.items())
        raise UsageError(
            f"{FILE} came with the repository, and nobody has trusted it: {told}.",
            hint="Read it, then say `boringops trust`; or take these settings out and give them as flags or by the environment.",
            kind="untrusted",
        )


def give(state_dir: Path, asked: Mapping[str, str]) -> None:
    """Remember that these were trusted."""
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = _trusted(state_dir)
    if (digest := _digest(asked)) not in known:
        (state_dir / _RECORD).write_text("\n".join([*known, digest, ""]))


def _trusted(state_dir: Path) -> list[str]:
    try:
        return (state_dir / _RECORD).read_text().split()
    except OSError:
        return []


def _digest(asked: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _server(setting: str, server: McpServer | None) -> dict[str, str]:
    if server is None or (server.url and _is_here(server.url)):
        return {}
    given = {**server.env, **server.headers}
    beside = f" with {json.dumps(given, sort_keys=True)}" if given else ""
    what = f"sends to {server.url}" if server.url else f"starts `{' '.join([server.command or '', *server.args])}`"
    return {setting: what + beside}


def _is_here(address: str) -> bool:
    """Whether an address is of this machine."""
    try:
        host = urlsplit(address).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
