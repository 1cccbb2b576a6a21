"""Serving over HTTP: loopback unless somebody says otherwise, who is asked for is checked, and a token where it is open."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boringops.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

MIN_TOKEN_CHARS = 16


def read_token(path: Path | None) -> str | None:
    """The token of a file. Raises UsageError for a file that cannot be read or holds a guessable one."""
    if path is None:
        return None
    try:
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--token-file {path}: it cannot be read: {error}") from error
    if len(token) < MIN_TOKEN_CHARS or not token.isascii() or any(char.isspace() for char in token):
        raise UsageError(f"--token-file {path}: a token is one line of at least {MIN_TOKEN_CHARS} ASCII characters.")
    return token


def require_safe(host: str, token: str | None) -> None:
    """Refuse to listen where others can reach without a token."""
    if not _loopback(host) and token is None:
        raise UsageError(
            f"--host {host} can be reached from other machines, and no token is set.",
            hint="Give --token-file FILE, or serve on 127.0.0.1 behind a proxy that authenticates.",
        )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Guard:
    """ASGI: refuses a Host or an Origin that is not ours (a web page that had its name rebound), and a wrong token."""

    def __init__(self, app: Any, *, host: str, token: str | None) -> None:
        self.app = app
        self.names = {"127.0.0.1", "localhost", "[::1]"} if _loopback(host) else None
        self.token = token

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http" and (refusal := self._refusal(dict(scope["headers"]))):
            status, text = refusal
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            if status == 401:
                headers.append((b"www-authenticate", b"Bearer"))
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": text.encode()})
            return
        if scope["type"] == "websocket":
            return
        await self.app(scope, receive, send)

    def _refusal(self, headers: dict[bytes, bytes]) -> tuple[int, str] | None:
        host = headers.get(b"host", b"").decode("latin-1")
        origin = headers.get(b"origin", b"").decode("latin-1")
        if self.names is not None:
            if _name(host) not in self.names:
                return 421, "This server answers to its loopback name only."
            if origin and _name(origin.partition("://")[2]) not in self.names:
                return 403, "Pages of other origins may not use this server."
        elif origin and _name(origin.partition("://")[2]) != _name(host):
            return 403, "Pages of other origins may not use this server."
        given = headers.get(b"authorization", b"")
        if self.token is not None and not hmac.compare_digest(given, f"Bearer {self.token}".encode()):
            return 401, "A token is needed: Authorization: Bearer TOKEN."
        return None


def _name(host: str) -> str:
    """A host without its port."""
    return host if host.endswith("]") else host.rpartition(":")[0] or host


def listen(make: Callable[[str], Any], *, host: str, port: int, token: str | None) -> None:
    """Serve, guarded, the application that `make` gives for its address, until interrupted. Port 0 takes a free one."""
    import uvicorn

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()  # before anybody is told the address
    except OSError as error:
        listener.close()
        raise UsageError(
            f"{host}:{port} cannot be listened on: {error.strerror or error}.", hint="Give another --port."
        ) from error
    shown = f"[{host}]" if ":" in host else host
    app = make(f"http://{shown}:{listener.getsockname()[1]}")
    guarded: Any = Guard(app, host=host, token=token)
    server = uvicorn.Server(uvicorn.Config(guarded, log_level="warning", lifespan="on", timeout_graceful_shutdown=5))
    server.run(sockets=[listener])
