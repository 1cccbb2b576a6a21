"""Compose: addresses by which a service reaches a database beside it: the port, the user and the name that the database was given."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose

# The program an image holds: the port it listens on unless it is told another one, by its documentation.
_PORTS = {
    "postgres": 5432, "postgis": 5432, "pgvector": 5432, "timescaledb": 5432, "mysql": 3306, "mariadb": 3306, "redis": 6379,
    "valkey": 6379, "mongo": 27017, "memcached": 11211, "elasticsearch": 9200, "opensearch": 9200, "rabbitmq": 5672, "nats": 4222,
}  # fmt: skip
_MORE = {"rabbitmq": {15672, 5671}, "elasticsearch": {9300}, "opensearch": {9600}, "nats": {8222}}
# What the image's entry point makes: variables of the user and of the database.
_MADE = {
    "postgres": ("POSTGRES_USER", "POSTGRES_DB"), "postgis": ("POSTGRES_USER", "POSTGRES_DB"), "pgvector": ("POSTGRES_USER", "POSTGRES_DB"),
    "mysql": ("MYSQL_USER", "MYSQL_DATABASE"), "mariadb": ("MARIADB_USER", "MARIADB_DATABASE"),
}  # fmt: skip
_URL = lazy_pattern(
    r"(?:jdbc:)?[a-z][a-z0-9+.-]*://(?:(?P<user>[^:@/\s]*)(?::[^@/\s]*)?@)?(?P<host>[a-z][a-z0-9_-]*)(?::(?P<port>\d+))?(?:/(?P<name>[^?\s;]*))?",
    re.I,
)
_USERS, _NAMES, _LOCAL = (
    lazy_pattern(r"\w*(?:DB|DATABASE|POSTGRES|PG|MYSQL|MARIADB)_?USER(?:NAME)?"),
    lazy_pattern(r"[\w-]+"),
    lazy_pattern(r"://(?:[^@/\s]*@)?(?:localhost|127\.0\.0\.1):(\d+)"),
)


def _values(service: Mapping[Any, Any]) -> list[tuple[Any, Any, str, str]]:
    """(owner, key, name, value) of a service's environment."""
    given = service.get("environment")
    if isinstance(given, Mapping):
        return [(given, name, str(name), str(value)) for name, value in given.items()]
    pairs = [(position, *str(each).partition("=")[::2]) for position, each in enumerate(listed(given))]
    return [(given, position, name, value) for position, name, value in pairs]


def _program(service: Mapping[Any, Any]) -> str:
    name = str(service.get("image", "")).partition("@")[0].rpartition("/")[2].partition(":")[0]
    return name if name in _PORTS and not {"build", "command", "entrypoint"} & set(service) else ""


def _services(files: Files, path: str) -> dict[str, Mapping[Any, Any]]:
    return {
        str(name): mapping(each)
        for document in files.documents(path)[:1]
        for name, each in mapping(document, "services").items()
    }


def _addresses(files: Files, path: str) -> Iterator[Hit]:
    services = _services(files, path)
    for name, service in services.items():
        values = _values(service)
        for owner, key, variable, value in values:
            match = _URL.match(re.sub(r"\$\{[^}]*\}|\$\w+", "$", value))
            other = services.get(match["host"].lower()) if match and match["host"].lower() != name else None
            program = _program(other) if other is not None else ""
            if match is None or other is None or not program:
                continue
            told = f"{other.get('environment')} {other.get('expose')}"
            port = int(match["port"] or _PORTS[program])
            if port not in {_PORTS[program], *_MORE.get(program, ())} and str(port) not in told:
                yield Hit(
                    at((owner, key)),
                    f"service `{name}`: `{variable}` asks port {port} of `{match['host']}`, which listens on {_PORTS[program]}",
                )
            yield from _accounts(name, variable, at((owner, key)), match, other, values)


_PARTS = lazy_pattern(r"(?P<prefix>\w*?)_?(?P<part>HOST(?:NAME)?|SERVER)", re.I)


def _apart(files: Files, path: str) -> Iterator[Hit]:
    """The same of addresses that are given in variables of their own: DB_HOST, DB_PORT, DB_NAME, DB_USER."""
    services = _services(files, path)
    for name, service in services.items():
        values = _values(service)
        by_name = {variable: (owner, key, value) for owner, key, variable, value in values}
        for _, _, variable, host in values:
            match = _PARTS.fullmatch(variable)
            other = services.get(host.lower()) if match and host.lower() != name else None
            program = _program(other) if other is not None else ""
            # Without a word before it, a variable may be anything's.
            if match is None or other is None or not program or not match["prefix"]:
                continue
            told = f"{other.get('environment')} {other.get('expose')}"
            made = {key: value for _, _, key, value in _values(other)}
            user_of, name_of = _MADE.get(program, ("", ""))
            scripts = "env_file" in other or "docker-entrypoint-initdb.d" in str(other.get("volumes"))
            for words, wanted in (
                (("PORT",), str(_PORTS[program])),
                (("NAME", "DATABASE", "DB", "DBNAME"), "" if scripts else made.get(name_of, "")),
                (("USER", "USERNAME"), "" if scripts else made.get(user_of, "")),
            ):
                for word in words if wanted and _NAMES.fullmatch(wanted) else ():
                    owner, key, value = by_name.get(f"{match['prefix']}_{word}", (None, None, ""))
                    value = value.strip("\"'")
                    ports = {str(each) for each in _MORE.get(program, ())} if word == "PORT" else {"root"}
                    if not _NAMES.fullmatch(value) or value == wanted or value in ports:
                        continue
                    if word == "PORT" and (value in told or not value.isdigit()):
                        continue
                    what = "asks port" if word == "PORT" else "names"
                    yield Hit(
                        at((owner, key)),
                        f"service `{name}`: `{match['prefix']}_{word}` {what} `{value}`; `{host}` has `{wanted}`",
                    )


def _accounts(
    name: str,
    variable: str,
    line: int | None,
    match: re.Match[str],
    other: Mapping[Any, Any],
    values: list[tuple[Any, Any, str, str]],
) -> Iterator[Hit]:
    user_of, name_of = _MADE.get(_program(other), ("", ""))
    made = {key: value for _, _, key, value in _values(other)}
    if "env_file" in other or any("docker-entrypoint-initdb.d" in str(each) for each in listed(other.get("volumes"))):
        return  # scripts of its own may make more
    user, database = made.get(user_of, ""), made.get(name_of, "")
    if (
        database
        and match["name"]
        and _NAMES.fullmatch(database)
        and _NAMES.fullmatch(match["name"])
        and match["name"] != database
    ):
        yield Hit(
            line,
            f"service `{name}`: `{variable}` names the database `{match['name']}`; the one that is made is `{database}`",
        )
    stated = match["user"] or next((value for _, _, key, value in values if _USERS.fullmatch(key)), "")
    if user and stated and _NAMES.fullmatch(user) and _NAMES.fullmatch(stated) and stated not in (user, "root"):
        yield Hit(line, f"service `{name}` logs in as `{stated}`; the user that is made is `{user}`")


def _both(files: Files, path: str) -> Iterator[Hit]:
    yield from _addresses(files, path)
    yield from _apart(files, path)


def _local(files: Files, path: str) -> Iterator[Hit]:
    """Addresses of the container itself, at a port where another service listens and the container does not."""
    services = _services(files, path)
    for name, service in services.items():
        if str(service.get("network_mode", "")) in ("host",) or str(service.get("network_mode", "")).startswith(
            ("service:", "container:")
        ):
            continue
        for owner, key, variable, value in _values(service):
            match = _LOCAL.search(value)
            port = int(match[1]) if match else 0
            others = [
                each
                for each, other in services.items()
                if each != name and (program := _program(other)) and _PORTS[program] == port
            ]
            browser = re.search(
                r"(?i)public|browser|external|cors|origin|redirect|callback|frontend|vite_|next_", variable
            )
            if others and not browser and f"{port}" not in f"{service.get('ports')} {service.get('expose')}":
                yield Hit(
                    at((owner, key)),
                    f"service `{name}`: `{variable}` asks the container itself; port {port} is `{others[0]}`'s",
                )


_C = "services:\n  api:\n    build: .\n    environment: {{URL: '{}'}}\n  db:\n    image: postgres:18\n    environment: {{POSTGRES_USER: shop, POSTGRES_DB: shop}}\n"


def _b(values: str) -> dict[str, str]:
    return {"compose.yaml": _C.replace("{{", "{").replace("}}", "}").replace("URL: '{}'", f"DB_HOST: db, {values}")}


def _a(url: str) -> dict[str, str]:
    return {"compose.yaml": _C.format(url)}


RULES = (
    Rule("consistency/database-address", "warning", "Let both say the same port, user and database.", "Documentation of the images: what the entry point makes is named by its variables.", is_compose, _both,
         bad=(_a("postgres://shop:${P}@db:3306/shop"), _a("postgres://shop:${P}@db:5432/store"), _a("postgres://web:${P}@db/shop"), _a("jdbc:postgresql://db:3306/shop"), _b("DB_PORT: 3306"), _b("DB_NAME: store"), _b("DB_USER: web")),
         good=(_b("DB_PORT: 5432, DB_NAME: shop, DB_USER: shop"), _b("DB_PORT: '${PORT}', DB_USER: root"), _a("postgres://shop:${P}@db:5432/shop?sslmode=disable"), _a("postgres://${U}:${P}@db/${N}"), _a("https://db.example.com:1/x"), _a("jdbc:postgresql://db:5432/shop"))),
    Rule("consistency/local-address", "warning", "Name the service: localhost is the container itself.", "Compose: services reach each other by their names.", is_compose, _local,
         bad=(_a("postgres://shop:${P}@localhost:5432/shop"),), good=(_a("http://localhost:3000"), {"compose.yaml": _C.format("postgres://localhost:5432/shop").replace("build: .", "network_mode: host")})),
)  # fmt: skip
