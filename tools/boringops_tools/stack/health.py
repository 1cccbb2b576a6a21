"""Which of an application's routes tells that it is healthy."""

from __future__ import annotations

import re
from collections.abc import Iterable

from boringops_tools.stack.facts import Route, Source

_LIVENESS = ("livez", "live", "liveness", "alive", "healthz", "ping", "heartbeat", "up")
_GENERAL = ("health", "healthcheck", "health-check", "health_check")
_READINESS = ("readyz", "ready", "readiness", "status")
_METRICS = ("/metrics", "/actuator/prometheus", "/-/metrics", "/internal/metrics", "/api/metrics")
_ORDER = (*_LIVENESS, *_GENERAL, *_READINESS)
"""Liveness asks nobody else: a container is not to be restarted because its database is away."""

_PLAIN = {"livez", "liveness", "healthz", "readyz", "readiness", *_GENERAL}
"""Names that mean nothing else wherever they stand; `/streams/live` and `/orders/status` are about something else."""
_NEUTRAL = re.compile(r"v\d+|-|_|api|internal|system|q|monitoring|management|actuator|probes?|_?health(z|-?check)?")
_SEGMENT = re.compile(r"[\w.-]+")


def is_health(path: str) -> bool:
    """Whether a whole path, prefixes included, is one that tells of health."""
    *before, name = path.strip("/").split("/")
    name = name.removeprefix("_")
    neutral = all(_NEUTRAL.fullmatch(part) for part in before)
    literal = all(_SEGMENT.fullmatch(part) for part in before)
    return path.startswith("/") and name in _ORDER and literal and (neutral or (name in _PLAIN and len(before) <= 3))


def best(routes: Iterable[Route]) -> Route | None:
    """The route to probe: liveness before what may ask a database; among equals the shortest."""
    return min((route for route in routes if is_health(route.path)), key=_rank, default=None)


def readiness(routes: Iterable[Route]) -> Route | None:
    """The route that tells whether it can do its work, where that is another than the one of liveness."""
    known = [route for route in routes if is_health(route.path)]
    alive = best(known)
    others = [route for route in known if alive and route.path != alive.path and _name(route.path) not in _LIVENESS]
    return min(others, key=lambda route: (_name(route.path) not in _READINESS, *_rank(route)), default=None)


def metrics(routes: Iterable[Route]) -> Route | None:
    """The route that Prometheus reads."""
    found = (route for route in routes if route.path in _METRICS)
    return min(found, key=lambda route: _METRICS.index(route.path), default=None)


def _rank(route: Route) -> tuple[int, int, str]:
    return _ORDER.index(_name(route.path)), len(route.path), str(route.source)


def _name(path: str) -> str:
    return path.strip("/").rpartition("/")[2].removeprefix("_")


def local(place: Source) -> str:
    """What a listener on the loopback address alone means in a container."""
    return (
        f"{place} listens on the machine's own address alone: in a container nothing outside reaches it, "
        "while its health check passes. Let it listen on 0.0.0.0."
    )


def remarks(routes: Iterable[Route], unplaced: Iterable[Route]) -> list[str]:
    """Why this route and not another, where there was a choice; and which could not be used.

    `unplaced` are routes of routers that nothing certain mounts."""
    known = {route.path: route for route in routes if is_health(route.path)}
    chosen = best(known.values())
    if chosen and len(known) > 1:
        others = ", ".join(f"`{path}`" for path in sorted(known) if path != chosen.path)
        why = "liveness: it should ask nobody else" if _name(chosen.path) in _LIVENESS else "the likeliest"
        return [f"The health check asks `{chosen.path}` ({chosen.source}; {why}), not {others}."]
    lost = [route for route in unplaced if is_health(route.path)]
    if not chosen and lost:
        where = ", ".join(f"`{route.path}` in {route.source}" for route in lost[:3])
        return [
            f"Not used for the health check: {where}. Under which prefix the application answers it is not certain."
        ]
    return []
