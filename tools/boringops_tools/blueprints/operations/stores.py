"""Where the data is: databases and caches the applications use, and which variable leads to each."""

# ruff: noqa: E501 - a row reads best on one line

from __future__ import annotations

import re
from dataclasses import dataclass

from boringops_tools.blueprints import backing, pins
from boringops_tools.blueprints.context import Context
from boringops_tools.stack.facts import Source

NAMED = {
    "postgres": r"\b(postgres\w*|psql)\b",
    "mysql": r"\b(mysql|mariadb)\b",
    "mongo": r"\bmongo(db)?\b",
    "redis": r"\bredis\b",
    "sqlite": r"\bsqlite3?\b",
}
"""Databases by the words people use for them."""

TITLES = {"postgres": "PostgreSQL", "mysql": "MySQL", "mongo": "MongoDB", "redis": "Redis", "sqlite": "SQLite", "rabbitmq": "RabbitMQ"}  # fmt: skip
_SQLITE = re.compile(r"better-sqlite3|go-sqlite3|modernc\.org/sqlite|aiosqlite|import sqlite3|django\.db\.backends\.sqlite3|sqlite://|provider\s*=\s*\"sqlite\"")  # fmt: skip
_SOURCES = (".py", ".js", ".ts", ".mjs", ".go", ".toml", ".txt", ".prisma", "package.json", "go.mod")


@dataclass(frozen=True)
class Store:
    """One kind of data store; `variable` leads the applications to it, empty where none certain does."""

    kind: str
    title: str
    variable: str
    source: Source | None
    """What says that it is used; None where only people say so."""

    @property
    def scripted(self) -> bool:
        """Whether there are backup and restore scripts for it: a broker's messages are not backed up."""
        return self.kind in NAMED

    @property
    def url(self) -> str:
        return self.variable or {"sqlite": "SQLITE_FILE", "redis": "REDIS_URL", "mongo": "MONGO_URL"}.get(self.kind, "DATABASE_URL")  # fmt: skip

    @property
    def image(self) -> str:
        """The image that has the client's programs."""
        return "" if self.kind == "sqlite" else pins.service(self.kind)


def stores(context: Context) -> list[Store]:
    """From the applications' dependencies; SQLite from the sources; what only the task names comes last."""
    found: dict[str, Store] = {}
    for app in context.containers:
        reached = backing.values(app)
        for service in app.services:
            own = re.compile(rf"^{backing.BACKINGS[service.kind].scheme}|^{re.escape(service.scheme or '-')}")
            variable = next((name for name, value in reached.items() if own.match(value)), "")
            found.setdefault(service.kind, Store(service.kind, TITLES[service.kind], variable, service.source))
    served = found.keys() & {"postgres", "mysql", "mongo"}
    if not served and (source := _sqlite(context)):
        found["sqlite"] = Store("sqlite", TITLES["sqlite"], "", source)
    for kind, pattern in NAMED.items():
        if kind not in found and re.search(pattern, context.task, re.IGNORECASE):
            found[kind] = Store(kind, TITLES[kind], "", None)
    return list(found.values())


def _sqlite(context: Context) -> Source | None:
    for path in context.tree.files:
        if path.endswith(_SOURCES) and not re.search(r"(^|/)(tests?|spec|docs|examples?|node_modules)/", path):
            text = context.tree.text(path)
            if found := _SQLITE.search(text):
                return Source(path=path, line=text.count("\n", 0, found.start()) + 1)
    return None
