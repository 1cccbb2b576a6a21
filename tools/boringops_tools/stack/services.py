"""Backing services, known from the client libraries an application depends on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    "java": {
        "postgresql": "postgres", "quarkus-jdbc-postgresql": "postgres", "quarkus-reactive-pg-client": "postgres",
        "r2dbc-postgresql": "postgres",
        "mysql-connector-j": "mysql", "mysql-connector-java": "mysql", "quarkus-jdbc-mysql": "mysql",
        "quarkus-jdbc-mariadb": "mysql", "quarkus-reactive-mysql-client": "mysql", "quarkus-mongodb-client": "mongo",
        "quarkus-mongodb-panache": "mongo", "quarkus-mongodb-panache-kotlin": "mongo",
        "spring-boot-starter-data-mongodb": "mongo", "mongodb-driver-sync": "mongo",
        "spring-boot-starter-data-redis": "redis", "jedis": "redis", "lettuce-core": "redis", "quarkus-redis-client": "redis",
        "spring-boot-starter-amqp": "rabbitmq", "amqp-client": "rabbitmq",
    },
    "rust": {
        "sqlx[postgres]": "postgres", "diesel[postgres]": "postgres", "tokio-postgres": "postgres", "postgres": "postgres",
        "deadpool-postgres": "postgres", "sqlx[mysql]": "mysql", "diesel[mysql]": "mysql", "mysql_async": "mysql",
        "mongodb": "mongo", "redis": "redis", "deadpool-redis": "redis", "fred": "redis", "bb8-redis": "redis", "lapin": "rabbitmq",
        "actix-session[redis-session]": "redis", "actix-session[redis-session-rustls]": "redis",
        "actix-session[redis-session-native-tls]": "redis", "tower-sessions-redis-store": "redis",
    },
    "ruby": {
        "pg": "postgres", "mysql2": "mysql", "trilogy": "mysql", "mongoid": "mongo", "mongo": "mongo", "redis": "redis",
        "sidekiq": "redis", "resque": "redis", "bunny": "rabbitmq", "sneakers": "rabbitmq",
    },
    "php": {
        "ext-pdo_pgsql": "postgres", "ext-pgsql": "postgres", "ext-pdo_mysql": "mysql", "ext-mysqli": "mysql",
        "ext-mongodb": "mongo", "mongodb/mongodb": "mongo", "predis/predis": "redis", "ext-redis": "redis",
        "laravel/horizon": "redis", "php-amqplib/php-amqplib": "rabbitmq",
    },
    "dotnet": {
        "Npgsql": "postgres", "Npgsql.EntityFrameworkCore.PostgreSQL": "postgres", "MySqlConnector": "mysql",
        "Pomelo.EntityFrameworkCore.MySql": "mysql", "MongoDB.Driver": "mongo", "StackExchange.Redis": "redis",
        "Microsoft.Extensions.Caching.StackExchangeRedis": "redis", "RabbitMQ.Client": "rabbitmq", "MassTransit.RabbitMQ": "rabbitmq",
    },
    "elixir": {
        "postgrex": "postgres", "myxql": "mysql", "mongodb_driver": "mongo", "redix": "redis", "amqp": "rabbitmq",
        "broadway_rabbitmq": "rabbitmq",
    },
    "deno": {
        "@db/postgres": "postgres", "pg": "postgres", "postgres": "postgres", "mongodb": "mongo", "@db/redis": "redis",
        "ioredis": "redis", "mysql2": "mysql", "@db/mysql": "mysql",
    },
    "static": {}, "cpp": {}, "other": {},
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


_SCHEMES = {
    "java postgres": "jdbc:postgresql", "java mysql": "jdbc:mysql", "ruby mysql": "mysql2", "elixir postgres": "ecto",
    "elixir mysql": "ecto",
}  # fmt: skip
"""What the usual client of a language calls it. JDBC takes the login apart from the URL."""


_FILES: dict[str, tuple[str, ...]] = {
    "node": ("better-sqlite3", "sqlite3", "@libsql/client", "@prisma/adapter-better-sqlite3"),
    "python": ("aiosqlite", "fastlite", "sqlite-utils"),
    "java": ("sqlite-jdbc", "quarkus-jdbc-sqlite"),
    "rust": ("rusqlite", "sqlx[sqlite]", "diesel[sqlite]"),
    "ruby": ("sqlite3",),
    "dotnet": ("Microsoft.EntityFrameworkCore.Sqlite", "Microsoft.Data.Sqlite"),
    "elixir": ("ecto_sqlite3", "exqlite"),
    "go": ("modernc.org/sqlite", "github.com/mattn/go-sqlite3", "gorm.io/driver/sqlite", "github.com/glebarez/sqlite"),
}
"""Clients of a database that is a file."""


def in_a_file(language: str, dependencies: Mapping[str, Source], found: Iterable[Service]) -> list[str]:
    """What it means that the database is a file, where no client of a server says that it is another."""
    if any(service.kind in {"postgres", "mysql", "mongo"} for service in found):
        return []
    name = next((name for name in _FILES.get(language, ()) if name in dependencies), "")
    return (
        [
            f"Its database is a file (SQLite, by {name} in {dependencies[name]}): the image's user owns none of the application's "
            "folders, so mount a volume that it may write, and put the file there."
        ]
        if name
        else []
    )


def from_dependencies(language: str, dependencies: Mapping[str, Source]) -> list[Service]:
    """Services behind the client libraries among `dependencies` (name to where it is declared), each kind once."""
    found: dict[str, Service] = {}
    for name, kind in CLIENTS[language].items():
        if name in dependencies and kind not in found:
            scheme = _DRIVERS.get(name, "") if {"sqlalchemy", "sqlmodel"} & dependencies.keys() else ""
            found[kind] = Service(
                kind=kind,
                dependency=name,
                source=dependencies[name],
                scheme=scheme or _SCHEMES.get(f"{language} {kind}", ""),
            )
    return [found[kind] for kind in sorted(found)]
