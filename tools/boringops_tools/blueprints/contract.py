"""The environment contract: every variable the applications read, and what each place that carries it has to say of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from boringops_tools.blueprints import backing
from boringops_tools.blueprints.context import Context
from boringops_tools.stack import environment
from boringops_tools.stack.facts import Application, EnvVar, Source

When = Literal["build", "run"]
Environment = Literal["development", "staging", "production"]
ENVIRONMENTS: tuple[Environment, ...] = ("development", "staging", "production")


@dataclass(frozen=True)
class Entry:
    """One variable of one application."""

    app: str
    name: str
    sources: tuple[Source, ...]
    """Where the code reads it, or people wrote it down."""
    secret: bool
    default: str | None
    """What the code falls back to; None where it has nothing, and always for secrets."""
    required: bool
    """The code fails without it."""
    when: When
    """A bundler writes public variables into what browsers load, while it builds."""
    service: str
    """The backing service it leads to; empty where it leads to none."""

    @property
    def needed(self) -> tuple[Environment, ...]:
        """Environments in which somebody has to give it a value. Compose gives what leads to a service by itself."""
        if self.default is not None and not self.required:
            return ()
        return ENVIRONMENTS[1:] if self.service else ENVIRONMENTS

    @property
    def kind(self) -> Literal["database", "signing", "external"]:
        """For a secret, how it is replaced: its login at a service, a key of our own, or one that somebody else gives."""
        if self.service:
            return "database"
        own = r"SECRET_KEY|SESSION|JWT|SIGNING|ENCRYPTION|SALT|APP_KEY|COOKIE|CSRF|AUTH_SECRET|NEXTAUTH"
        return "signing" if re.search(own, self.name.upper()) else "external"


def contract(context: Context) -> list[Entry]:
    """Every variable of every application, in the order of the applications and then by name."""
    return [entry for app in context.apps for entry in of(app)]


def of(app: Application) -> list[Entry]:
    reached = _services(app)
    return [_entry(app, variable, reached.get(variable.name, "")) for variable in app.env]


def secrets(context: Context) -> list[Entry]:
    """Secrets, each name once."""
    return list({entry.name: entry for entry in reversed(contract(context)) if entry.secret}.values())[::-1]


def _entry(app: Application, variable: EnvVar, service: str) -> Entry:
    return Entry(
        app=app.name,
        name=variable.name,
        sources=tuple(variable.sources),
        secret=variable.secret,
        default=None if variable.secret else variable.default,
        required=variable.required,
        when="build" if environment.is_public(variable.name) else "run",
        service=service,
    )


def _services(app: Application) -> dict[str, str]:
    """Which service each variable leads to."""
    found: dict[str, str] = {}
    for service in app.services:
        alone = app.model_copy(update={"services": [service]})
        for name in backing.values(alone):
            found.setdefault(name, service.kind)
    return found
