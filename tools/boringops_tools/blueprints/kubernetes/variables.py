"""Environment variables in the cluster: plain ones in a ConfigMap, secrets by reference, what nobody can know marked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from boringops_tools.blueprints import backing, contract, values
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.contract import Entry
from boringops_tools.stack.facts import Application

UNSET = "set-me.invalid"
"""Stands for a value that only people know; deploy.sh refuses to go on while it is there."""


CLUSTERS = ("dev", "staging", "production")


@dataclass(frozen=True)
class Setting:
    """A plain variable, with its value by environment: null where the code runs without it and nobody said what it
    should be."""

    name: str
    values: dict[str, str | None]

    @property
    def value(self) -> str | None:
        """Production's value."""
        return self.values["production"]

    @property
    def shared(self) -> bool:
        """Whether every environment has the same value, and that is known."""
        return set(self.values.values()) == {self.value} and self.value not in (None, UNSET)

    def in_environment(self, name: str) -> bool:
        """Whether a chart's values of one environment have to name it: they differ from production's, or nobody knows them."""
        value = self.values[name]
        return value is not None and (value == UNSET or value != self.value)


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


def of(context: Context, app: Application) -> Variables:
    """Every variable that the application reads at run time, each once."""
    reached = backing.values(app)
    told = Variables([], [], [], [], [])
    for entry in contract.of(context, app):
        name, default = entry.name, entry.default
        if entry.when != "run":
            continue  # written into the bundle while the image is built, or read where there is no pod
        near = [(what, port) for what, (pattern, port) in _NEAR.items() if pattern.match(name)]
        told.near.extend(each for each in near if each not in told.near)
        if _MAIL.match(name):
            told_port = [int(default)] if default and default.isdigit() and name.endswith("PORT") else []
            ports = [587, *told_port]
            told.mail.extend(port for port in ports if port not in told.mail)
        elif not (entry.own or entry.service or near or entry.fixed) and _leads_out(entry):
            told.outside.append(name)
        if entry.secret or entry.login:
            told.secrets.append(SecretRef(name, optional=not (entry.required or entry.own or entry.service)))
        else:
            told.settings.append(_setting(entry, reached.get(name, "")))
    return told


def _leads_out(entry: Entry) -> bool:
    return bool(_OTHERS_KEY.search(entry.name) if entry.secret else _OTHERS_URL.match(entry.name))


def _setting(entry: Entry, local: str) -> Setting:
    if entry.service:
        # The rest of an address is whoever runs the service there to say: Compose's own names are the developer's.
        return Setting(entry.name, dict.fromkeys(CLUSTERS, local if entry.part == "port" else UNSET))
    deployed = UNSET if entry.asked("production") else entry.value("production")
    # The cluster for development is not the developer's machine: what only that one has has to be set there, too.
    same = entry.required or entry.image is not None or (entry.fixed is None and values.is_local(entry.default))
    developed = deployed if same else entry.value("development")
    return Setting(entry.name, dict(zip(CLUSTERS, (developed, deployed, deployed), strict=True)))
