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
    """Variables that lead to others on the internet, by HTTPS."""
    mail: list[int]
    """Ports of mail servers, where it sends mail."""
    near: list[tuple[str, int]]
    """(what, port) of services that no dependency showed, and a variable does."""


_OTHERS_KEY = re.compile(r"API_?KEY|TOKEN$|CLIENT_SECRET|ACCESS_?KEY|WEBHOOK|DSN$|TRANSLATOR_KEY")
_OTHERS_URL = re.compile(
    r"^(?!(APP|SITE|BASE|PUBLIC|FRONTEND|SERVER|ALLOWED|CORS|CLIENT|HOST|ROOT|NEXTAUTH|AUTH)_)\w+_(URL|URI|ENDPOINT)$"
)
_MAIL = re.compile(r"^(\w+_)?(MAIL|SMTP|EMAIL)_(SERVER|HOST|HOSTNAME|PORT|URL)$")
_NEAR = {
    "elasticsearch": (re.compile(r"^(\w+_)?(ELASTIC\w*|OPENSEARCH)_(URL|HOSTS?|NODE)$"), 9200),
    "kafka": (re.compile(r"^(\w+_)?KAFKA_(BROKERS?|BOOTSTRAP_SERVERS|HOSTS?|URL)$"), 9092),
    "memcached": (re.compile(r"^(\w+_)?MEMCACHE[D]?_(SERVERS?|HOSTS?|URL)$"), 11211),
    "nats": (re.compile(r"^(\w+_)?NATS_(URL|SERVERS?|HOST)$"), 4222),
}


def of(app: Application) -> Variables:
    """Every variable that the application reads at run time, each once."""
    reached = backing.values(app)
    told = Variables([], [], [], [], [])
    for variable in app.env:
        name, default = variable.name, variable.default
        if is_public(name) or (app.static is not None and not variable.required):
            continue  # written into the bundle while the image is built
        own = name in reached or compose.insists(name)
        near = [(what, port) for what, (pattern, port) in _NEAR.items() if pattern.match(name)]
        told.near.extend(each for each in near if each not in told.near)
        if _MAIL.match(name):
            told_port = [int(default)] if default and default.isdigit() and name.endswith("PORT") else []
            ports = [587, *told_port]
            told.mail.extend(port for port in ports if port not in told.mail)
        elif not own and not near and (_OTHERS_KEY.search(name) if variable.secret else _OTHERS_URL.match(name)):
            told.outside.append(name)
        if variable.secret or "${" in reached.get(name, ""):
            told.secrets.append(SecretRef(name, optional=not (variable.required or own)))
        else:
            told.settings.append(_setting(app, name, default, variable.required, reached))
    return told


def _setting(app: Application, name: str, default: str | None, required: bool, reached: dict[str, str]) -> Setting:
    if name == "PORT":
        return Setting(name, str(app.port), shared=True)
    if name in reached:
        local = reached[name] if re.search(r"_?(PORT|USER|USERNAME|NAME|DB)$", name) else UNSET
        return Setting(name, local, shared=local != UNSET)
    if default is not None and re.fullmatch(r"[\w./:@,+* -]{1,200}", default) and not _local(default):
        return Setting(name, default, shared=True)
    return Setting(name, UNSET if required else None, shared=False)


def _local(value: str) -> bool:
    """A default that only makes sense on the developer's own machine."""
    return bool(re.search(r"localhost|127\.0\.0\.1|0\.0\.0\.0:", value))
