"""Backing services: how each is run for development and for tests, and which variables lead an application to it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from boringops_tools.blueprints import pins
from boringops_tools.stack.facts import Application, Service


@dataclass(frozen=True)
class Backing:
    """`test` is a health check in exec form, run in the service's own container."""

    port: int
    volume: str
    test: list[str]
    variable: str
    """The variable its password is in; empty where it has none in development."""
    environment: dict[str, str]
    scheme: str
    user: str = "app"
    suffix: str = "/app"


BACKINGS: dict[str, Backing] = {
    "postgres": Backing(
        port=5432, volume="/var/lib/postgresql/data", test=["CMD", "pg_isready", "-U", "app", "-d", "app"],
        variable="POSTGRES_PASSWORD",
        environment={"POSTGRES_USER": "app", "POSTGRES_DB": "app", "POSTGRES_PASSWORD": "${POSTGRES_PASSWORD:?set it in .env}"},
        scheme="postgresql",
    ),
    "mysql": Backing(
        port=3306, volume="/var/lib/mysql",
        test=["CMD-SHELL", 'mysqladmin ping -h 127.0.0.1 -u app --password="$$MYSQL_PASSWORD" --silent'],
        variable="MYSQL_PASSWORD",
        environment={"MYSQL_USER": "app", "MYSQL_DATABASE": "app", "MYSQL_RANDOM_ROOT_PASSWORD": "yes",
                     "MYSQL_PASSWORD": "${MYSQL_PASSWORD:?set it in .env}"},
        scheme="mysql",
    ),
    "mongo": Backing(
        port=27017, volume="/data/db", test=["CMD", "mongosh", "--quiet", "--eval", "db.adminCommand('ping').ok"],
        variable="MONGO_PASSWORD",
        environment={"MONGO_INITDB_ROOT_USERNAME": "app", "MONGO_INITDB_ROOT_PASSWORD": "${MONGO_PASSWORD:?set it in .env}"},
        scheme="mongodb", suffix="/app?authSource=admin",
    ),
    "redis": Backing(
        port=6379, volume="/data", test=["CMD", "redis-cli", "ping"], variable="", environment={}, scheme="redis", user="", suffix="/0",
    ),
    "rabbitmq": Backing(
        port=5672, volume="/var/lib/rabbitmq", test=["CMD", "rabbitmq-diagnostics", "-q", "ping"], variable="RABBITMQ_PASSWORD",
        environment={"RABBITMQ_DEFAULT_USER": "app", "RABBITMQ_DEFAULT_PASS": "${RABBITMQ_PASSWORD:?set it in .env}"},
        scheme="amqp", suffix="/",
    ),
}  # fmt: skip

_PREFIX = {
    "postgres": r"(POSTGRES(QL)?|PG|DB|DATABASE|DATASOURCE|SQL)",
    "mysql": r"(MYSQL|DB|DATABASE|DATASOURCE|SQL)",
    "mongo": r"(MONGO(DB)?|DB|DATABASE)",
    "redis": r"(REDIS|CACHE)",
    "rabbitmq": r"(RABBIT(MQ)?|AMQP)",
}
_PARTS = {
    "url": r"_?(URL|URI|DSN|CONNECTION_STRING)",
    "host": r"_?(HOST|HOSTNAME|SERVER|ADDRESS)",
    "port": r"_?PORT",
    "user": r"_?(USER|USERNAME)",
    "password": r"_?(PASSWORD|PASS|PASSWD|PWD)",
    "name": r"_?(NAME|DB|DATABASE|DBNAME|DB_NAME)",
}


def image(kind: str) -> str:
    return pins.service(kind)


CI_VALUE = "ci-only-placeholder"
"""Stands for every secret on a CI runner; it opens nothing."""


DOTNET = "ConnectionStrings__"
"""How .NET's configuration is told of a connection string."""
_KEYWORDS = {
    "postgres": "Host={host};Port={port};Database={name};Username={user};Password={password}",
    "mysql": "Server={host};Port={port};Database={name};User={user};Password={password}",
}
_ELSEWHERE = re.compile(r"(?i)redis|cache|mongo|rabbit|queue|bus|storage|blob|hangfire|elastic")


def parts(app: Application) -> dict[str, tuple[str, str]]:
    """Variables that lead to a backing service: its kind, and which part of its address each holds."""
    found: dict[str, tuple[str, str]] = {}
    for service in app.services:
        for variable in app.env:
            for part, pattern in _PARTS.items():
                if variable.name not in found and re.fullmatch(
                    rf"(\w+_)?{_PREFIX[service.kind]}{pattern}", variable.name
                ):
                    found[variable.name] = (service.kind, part)
    stores = [service.kind for service in app.services if service.kind in _KEYWORDS]
    for variable in app.env:
        # Of two databases nobody can say which a name means.
        if variable.name.startswith(DOTNET) and len(stores) == 1 and not _ELSEWHERE.search(variable.name):
            found[variable.name] = (stores[0], "keywords")
    return found


def values(app: Application, *, ci: bool = False, host: str | None = "127.0.0.1") -> dict[str, str]:
    """What each variable that the application reads has to be, to reach its services under Compose or on a CI runner.

    `host` is where they answer on the runner; null: each under the name of its kind."""
    known: dict[str, dict[str, str]] = {
        service.kind: _values(service, ci, host if ci else None) for service in app.services
    }
    found = {name: known[kind][part] for name, (kind, part) in parts(app).items()}
    return {name: value for name, value in found.items() if value}


def _values(service: Service, ci: bool, host: str | None) -> dict[str, str]:
    backing = BACKINGS[service.kind]
    host = host or service.kind
    password = (CI_VALUE if ci else f"${{{backing.variable}:?set it in .env}}") if backing.variable else ""
    apart = service.scheme.startswith("jdbc:")  # JDBC is told the user and the password by themselves
    login = f"{backing.user}:{password}@" if password and not apart else ""
    told = {
        "url": f"{service.scheme or backing.scheme}://{login}{host}:{backing.port}{backing.suffix}",
        "host": host,
        "port": str(backing.port),
        "user": backing.user,
        "password": password,
        "name": backing.suffix.strip("/").partition("?")[0],
    }
    return told | {"keywords": _KEYWORDS.get(service.kind, "").format(**told)}
