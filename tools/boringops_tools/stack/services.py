"""Backing services, known from the client libraries an application depends on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from boringops_tools.stack.facts import Service, Source

Kind = Literal["postgres", "mysql", "mongo", "redis", "rabbitmq"]

CLIENTS: dict[str, dict[str, Kind]] = {
    "node": {
        "pg": "postgres", "postgres": "postgres", "pg-promise": "postgres", "@vercel/postgres": "postgres",
        "mysql": "mysql", "mysql2": "mysql", "mongodb": "mongo", "mongoose": "mongo",
        "redis": "redis", "ioredis": "redis", "bullmq": "redis", "bull": "redis", "connect-redis": "redis",
        "amqplib": "rabbitmq", "amqp-connection-manager": "rabbitmq",
    },
    "python": {
        "psycopg": "postgres", "psycopg2": "postgres", "psycopg2-binary": "postgres", "asyncpg": "postgres",
        "psycopg-binary": "postgres", "pg8000": "postgres", "mysqlclient": "mysql", "pymysql": "mysql", "aiomysql": "mysql",
        "asyncmy": "mysql", "mysql-connector-python": "mysql", "pymongo": "mongo", "motor": "mongo", "mongoengine": "mongo",
        "beanie": "mongo", "redis": "redis", "aioredis": "redis", "django-redis": "redis", "rq": "redis", "arq": "redis",
        "pika": "rabbitmq", "aio-pika": "rabbitmq",
    },
    "go": {
        "github.com/lib/pq": "postgres", "github.com/jackc/pgx": "postgres", "gorm.io/driver/postgres": "postgres",
        "github.com/go-sql-driver/mysql": "mysql", "gorm.io/driver/mysql": "mysql",
        "go.mongodb.org/mongo-driver": "mongo", "github.com/redis/go-redis": "redis", "github.com/go-redis/redis": "redis",
        "github.com/gomodule/redigo": "redis", "github.com/hibiken/asynq": "redis",
        "github.com/rabbitmq/amqp091-go": "rabbitmq", "github.com/streadway/amqp": "rabbitmq",
    },
}  # fmt: skip


_DRIVERS = {"asyncpg": "postgresql+asyncpg", "psycopg": "postgresql+psycopg", "psycopg-binary": "postgresql+psycopg",
            "pymysql": "mysql+pymysql", "aiomysql": "mysql+aiomysql", "asyncmy": "mysql+asyncmy"}  # fmt: skip
"""SQLAlchemy names the driver in the URL's scheme."""


def from_dependencies(language: str, dependencies: Mapping[str, Source]) -> list[Service]:
    """Services behind the client libraries among `dependencies` (name to where it is declared), each kind once."""
    found: dict[str, Service] = {}
    for name, kind in CLIENTS[language].items():
        if name in dependencies and kind not in found:
            scheme = _DRIVERS.get(name, "") if {"sqlalchemy", "sqlmodel"} & dependencies.keys() else ""
            found[kind] = Service(kind=kind, dependency=name, source=dependencies[name], scheme=scheme)
    return [found[kind] for kind in sorted(found)]
