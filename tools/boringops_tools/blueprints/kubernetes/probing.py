"""Which route answers which probe. Liveness never asks a route that may ask the database: a restart mends no database."""

from __future__ import annotations

import re
from dataclasses import dataclass

from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.render import plain
from boringops_tools.stack.facts import Application, Route

_WINDOW = 15
"""Lines behind a route that are looked at for what its handler does."""
_ASKS = re.compile(
    r"(?i)\b\w*(database|sql|query|session|redis|cache|mongo|rabbit|amqp|prisma|connection|cursor|execute|select|\bdb\b|\.ping|ecto|repo)\w*"
)
_NEXT = re.compile(
    r"\.(get|post|put|patch|delete|use|route|api_route|all|head)\(|^\s*(path|re_path|get|post|match)\b|^export "
)
_ANSWERS = re.compile(r"\breturn\b|\.(send|json|end|status|sendStatus|text)\(|\bWriteHeader\b|=>")
_ALIVE = {"livez", "live", "liveness", "alive", "ping", "heartbeat", "up"}


@dataclass(frozen=True)
class Probe:
    """`path` is empty where the probe only sees that the port is open; `why` says so, for a comment."""

    path: str
    why: str


def readiness(app: Application) -> Probe:
    """Whether it can do its work: what it depends on may be asked."""
    route = app.readiness or app.health
    if app.static is not None:
        return Probe("/", "The first page is what a site is there for.")
    if route is None:
        return Probe(
            "", "The code has no health route: this only sees that the port is open. Add a route and ask it instead."
        )
    return Probe(route.path, f"{route.path} is answered in {plain(route.source)}.")


def liveness(context: Context, app: Application) -> Probe:
    """Whether a restart would help."""
    if app.static is not None or app.health is None:
        return Probe("", "Only the port: the process is alive where it is open.")
    if reason := _may_ask(context, app, app.health):
        return Probe("", f"Only the port: {app.health.path} {reason}, and a restart mends no database.")
    return Probe(app.health.path, f"{app.health.path} ({plain(app.health.source)}) asks nobody else.")


def _may_ask(context: Context, app: Application, route: Route) -> str:
    """Why a route is not for liveness: its handler names what it asks, or cannot be seen; empty where it is fine."""
    if not app.services:
        return ""
    lines = context.tree.text(route.source.path).splitlines()
    start = (route.source.line or 1) - 1
    handler = [lines[start]] if start < len(lines) else []
    for line in lines[start + 1 : start + _WINDOW]:
        if _NEXT.search(line) and not re.match(r"\s*(return|res|response|reply|ctx|c)\b", line):
            break
        handler.append(line)
    said = "\n".join(re.sub(r"([\"'])/[^\"']*\1|#.*|//.*", "", line) for line in handler)
    if _ASKS.search(said):
        return "may ask the services behind it"
    if route.path.rstrip("/").rpartition("/")[2] in _ALIVE or _ANSWERS.search(said):
        return ""
    return "is the only route and its handler is elsewhere: it may ask the services behind it"
