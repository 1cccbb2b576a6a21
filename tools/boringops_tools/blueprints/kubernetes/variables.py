"""Environment variables in the cluster: plain ones in a ConfigMap, secrets by reference, what nobody can know marked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from boringops_tools.blueprints import backing, compose
from boringops_tools.stack.environment import is_public
from boringops_tools.stack.facts import Application

UNSET = "set-me.invalid"
"""Stands for a value that only people know; deploy.sh refuses to go on while it is there."""


@dataclass(frozen=True)
class Setting:
    """A plain variable. `value` is null where the code runs without it and nobody said what it should be."""

    name: str
    value: str | None
    shared: bool
    """Whether every environment has the same value."""


@dataclass(frozen=True)
class SecretRef:
    name: str
    optional: bool


@dataclass(frozen=True)
class Variables:
    settings: list[Setting]
    secrets: list[SecretRef]
    outside: list[str]


def of(app: Application) -> Variables:
    """Every variable that the application reads at run time, each once."""
    reached = backing.values(app)
    settings, secrets, outside = [], [], []
    for variable in app.env:
        name, default = variable.name, variable.default
        if is_public(name) or (app.static is not None and not variable.required):
            continue  # written into the bundle while the image is built
        own = name in reached or compose.insists(name)
        if variable.secret or ("${" in reached.get(name, "")):
            secrets.append(SecretRef(name, optional=not (variable.required or own)))
            if not own and re.search(r"API_?KEY|TOKEN|CLIENT_SECRET|ACCESS_?KEY|WEBHOOK|DSN", name):
                outside.append(name)
        elif name == "PORT":
            settings.append(Setting(name, str(app.port), shared=True))
        elif name in reached:
            local = reached[name] if re.search(r"_?(PORT|USER|USERNAME|NAME|DB)$", name) else UNSET
            settings.append(Setting(name, local, shared=local != UNSET))
        elif default is not None and re.fullmatch(r"[\w./:@,+* -]{1,200}", default) and not _local(default):
            settings.append(Setting(name, default, shared=True))
        else:
            settings.append(Setting(name, UNSET if variable.required else None, shared=False))
            if re.search(r"_(URL|URI|ENDPOINT|HOST)$", name):
                outside.append(name)
    return Variables(settings, secrets, outside)


def _local(value: str) -> bool:
    """A default that only makes sense on the developer's own machine."""
    return bool(re.search(r"localhost|127\.0\.0\.1|0\.0\.0\.0:", value))
