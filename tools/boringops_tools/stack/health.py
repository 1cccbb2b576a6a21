"""Which of an application's routes tells that it is healthy."""

from __future__ import annotations

import re
from collections.abc import Iterable

from boringops_tools.stack.facts import Route

_ORDER = (
    *("health", "healthz", "healthcheck", "health-check", "health_check"),
    *("health/live", "livez", "live", "liveness", "alive", "up", "heartbeat", "ping"),
    *("ready", "readyz", "readiness", "status"),
)
_KNOWN = re.compile(rf"^/(?:api/)?(?:v\d+/)?(?:-/|_)?(?P<name>{'|'.join(_ORDER)})/?$")


def is_health(path: str) -> bool:
    return bool(_KNOWN.match(path))


def best(routes: Iterable[Route]) -> Route | None:
    """The route to probe: one that says liveness before one that says readiness, which may depend on a database."""

    def rank(route: Route) -> tuple[int, int, str]:
        match = _KNOWN.match(route.path)
        name = match["name"] if match else ""
        return (_ORDER.index(name) if name in _ORDER else len(_ORDER), len(route.path), str(route.source))

    return min((route for route in routes if is_health(route.path)), key=rank, default=None)
