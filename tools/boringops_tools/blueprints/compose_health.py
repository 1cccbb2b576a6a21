"""How a service of people's own Compose file is asked whether it works, with what is certainly in its image."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

from boringops_tools.blueprints import probes
from boringops_tools.blueprints.compose_services import Theirs
from boringops_tools.dockerfile import parse
from boringops_tools.stack.facts import Application

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


def of_application(app: Application, service: Theirs, dockerfile: str) -> dict[str, Any] | None:
    """The health check of an application, asked for by the language in its image; None where it is not certain to work or
    the Dockerfile has one: only on a route that the code has and a port that the service publishes as the application's."""
    if app.health is None or str(app.port) not in {target for _, target in service.ports}:
        return None
    if not dockerfile or any(each.last("HEALTHCHECK") for each in parse(dockerfile).stages):
        return None
    name, version = service.repository, service.version
    if name == "python":
        path, wrong = app.health.path, 500 if app.framework == "django" else 400
        asked = (
            f"import http.client as h,sys;c=h.HTTPConnection('127.0.0.1',{app.port},timeout=4);c.request('GET','{path}');"
            f"sys.exit(c.getresponse().status>={wrong})"
        )
        test = ["python", "-c", asked]
    elif name == "node" and version is not None and version >= 18:  # fetch is there since
        test = ["node", *probes.bun(app)[1:]]
    elif name in _ASKS:
        test = _ASKS[name](app)
    else:
        return None
    return {"test": ["CMD", *test], "interval": "10s", "timeout": "5s", "retries": 5, "start_period": "30s"}


_ASKS: dict[str, Callable[[Application], list[str]]] = {
    "oven/bun": probes.bun, "denoland/deno": probes.deno, "ruby": probes.ruby, "php": probes.php,
}  # fmt: skip
"""By the image that an application's own is built on."""


def of_image(image: str) -> str:
    """The check of an image as one shell line, with `$$` for `$`; empty where none is certain to work."""
    made = check(Theirs("", {}, 0, image, ""))
    if made is None:
        return ""
    first, *words = made["test"]
    return str(words[0]) if first == "CMD-SHELL" else shlex.join(words)
