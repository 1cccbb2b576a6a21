"""How a service of people's own Compose file is asked whether it works, with what is certainly in its image."""

from __future__ import annotations

import re
import shlex
from typing import Any

from boringops_tools.blueprints.compose_services import Theirs

_POSTGRES = "pg_isready -h 127.0.0.1 -U $${POSTGRES_USER:-postgres} -d $${POSTGRES_DB:-postgres}"
"""Over TCP: while the image first fills the database it only answers on its socket."""


_CHECKED = {"mysql/mysql-server"}
"""Images with a health check of their own."""


def check(service: Theirs) -> dict[str, Any] | None:
    """The health check of a database, cache or queue; None where none is certain to work."""
    told = f"{service.definition.get('command', '')} {service.definition.get('entrypoint', '')}"
    if service.kind is None or "entrypoint" in service.definition or re.search(r"(?i)port\b|tls|ssl", told):
        return None
    if service.repository in _CHECKED or (service.version is None and "$" in service.image):
        return None
    return {"test": _test(service), "interval": "5s", "timeout": "5s", "retries": 12, "start_period": "20s"}


def _test(service: Theirs) -> list[str]:
    version = service.version
    if service.kind == "postgres":
        return ["CMD-SHELL", _POSTGRES]
    if service.kind == "mysql":
        # MariaDB has its own name for the program since 10.5, and no other since 11. It succeeds though the login fails.
        maria = "mariadb" in service.repository and (version is None or version >= 11)
        return ["CMD", "mariadb-admin" if maria else "mysqladmin", "ping", "-h", "127.0.0.1", "--silent"]
    if service.kind == "mongo":  # the old shell is gone since 6.0
        shell = "mongosh" if version is None or version >= 6 else "mongo"
        return ["CMD", shell, "--quiet", "--eval", "db.adminCommand('ping').ok"]
    if service.kind == "redis":
        return ["CMD", "valkey-cli" if "valkey" in service.repository else "redis-cli", "ping"]
    return ["CMD", "rabbitmq-diagnostics", "-q", "ping"]


def of_image(image: str) -> str:
    """The check of an image as one shell line, with `$$` for `$`; empty where none is certain to work."""
    made = check(Theirs("", {}, 0, image, ""))
    if made is None:
        return ""
    first, *words = made["test"]
    return str(words[0]) if first == "CMD-SHELL" else shlex.join(words)
