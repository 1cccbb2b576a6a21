"""What a repository's own configuration may do only after its user has said so once.

`.boringops.toml` comes with a clone. Most of it limits a run, or is asked about when the time comes; these settings take
effect by themselves: they start a program, send the conversation and with it the key to an address, or take the
sandbox away. They count once `boringops trust` was said for them, and each has to be trusted anew when it changes. What was trusted
stands in git's own folder, where no clone can bring it along. In CI the pipeline itself comes from the repository, and
on a pull request the configuration is the base branch's (see `pull_request`).
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from boringops.config import FILE, Config
from boringops.errors import UsageError
from boringops.fence import visible
from boringops.mcp_servers import McpServer
from boringops.persona import Persona

_RECORD = "trusted"


def asks(root: Path, values: Mapping[str, Any], settings: Config, who: Persona) -> dict[str, str]:
    """What of the configuration in force comes with the repository and from nobody else: setting to what comes of it.

    `values` is what its file said when `settings` were made. The MCP servers of the persona in force count where the file
    chose it or it lies in the repository: there it may have the name of one of the user's own."""
    found: dict[str, str] = {}
    provider = values.get("provider")
    address = provider.get("base_url") if isinstance(provider, Mapping) else None
    if address and address == settings.provider.base_url and not _is_here(str(address)):
        found["provider.base_url"] = visible(f"sends the conversation and the key to {address}")
    if values.get("sandbox") == "off" == settings.sandbox:
        found["sandbox"] = "runs commands without a sandbox"
    servers = values.get("mcp_servers")
    for name in servers if isinstance(servers, Mapping) else ():
        found |= _server(f"mcp_servers.{name}", settings.mcp_servers.get(name))
    if values.get("persona") == settings.persona or _comes_with(root, Path(who.path)):
        for name, server in who.mcp_servers.items():
            found |= _server(f"persona {settings.persona}: mcpServers.{name}", server)
    return found


def require(state_dir: Path, asked: Mapping[str, str]) -> None:
    """Raises UsageError of kind `untrusted` where the repository asks for what nobody has trusted yet."""
    known = _trusted(state_dir)
    told = "; ".join(f"{setting} {what}" for setting, what in asked.items() if _digest(setting, what) not in known)
    if told:
        raise UsageError(
            f"This came with the repository, and nobody has trusted it: {told}.",
            hint=f"Read {FILE} and the persona, then say `boringops trust` (with --persona where you give it); or take these "
            "settings out and give them as flags or by the environment.",
            kind="untrusted",
        )


def give(state_dir: Path, asked: Mapping[str, str]) -> None:
    """Remember that these were trusted, each by itself: a run that asks for fewer of them needs no other word."""
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = [*_trusted(state_dir), *(_digest(setting, what) for setting, what in asked.items())]
    (state_dir / _RECORD).write_text("\n".join([*dict.fromkeys(known), ""]))


def _trusted(state_dir: Path) -> list[str]:
    try:
        return (state_dir / _RECORD).read_text().split()
    except OSError:
        return []


def _digest(setting: str, what: str) -> str:
    return hashlib.sha256(json.dumps([setting, what]).encode()).hexdigest()


def in_ci(env: Mapping[str, str]) -> bool:
    """Whether a CI system runs this. People set CI to false where a build tool is to be less strict."""
    return env.get("CI", "").lower() not in ("", "0", "false", "no")


def _comes_with(root: Path, path: Path) -> bool:
    """Whether a file lies in the repository, or is a link there."""
    return path.absolute().is_relative_to(root) or path.resolve().is_relative_to(root)


def _server(setting: str, server: McpServer | None) -> dict[str, str]:
    if server is None or (server.url and _is_here(server.url)):
        return {}
    given = {**server.env, **server.headers}
    beside = f" with {json.dumps(given, sort_keys=True)}" if given else ""
    what = f"sends to {server.url}" if server.url else f"starts `{shlex.join([server.command or '', *server.args])}`"
    return {setting: visible(what + beside)}


def _is_here(address: str) -> bool:
    """Whether an address is of this machine."""
    try:
        host = urlsplit(address).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
