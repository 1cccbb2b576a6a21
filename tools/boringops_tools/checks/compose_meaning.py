"""Compose: services that cannot reach or read what they are told to, and data that no volume keeps."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.dockerfile import parse
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose

_HOST = lazy_pattern(r"^(?:[a-z][\w+.-]*://(?:[^@/\s]*@)?)?([a-z0-9][\w.-]*)(?::\d+)?(?:[/?].*)?$", re.I)
_HOST_KEY = lazy_pattern(r"(?i)(?:^|_)(?:HOST|HOSTNAME|SERVER|ADDR|ADDRESS|URL|URI|DSN|BROKER|ENDPOINT)S?$|^PGHOST$")
_BACKING = lazy_pattern(
    r"(?i)(?:^|_)(?:DATABASE|DB|POSTGRES\w*|PG\w*|MYSQL|MARIADB|MONGO\w*|REDIS|CACHE|RABBITMQ|AMQP|KAFKA|BROKER|ELASTIC\w*)_|^PGHOST$|^DATABASE_URL$"
)
# image: the folder its data is in, by the image's own documentation.
_DATA = {
    "postgres": "/var/lib/postgresql", "mysql": "/var/lib/mysql", "mariadb": "/var/lib/mysql", "mongo": "/data/db",
    "rabbitmq": "/var/lib/rabbitmq", "elasticsearch": "/usr/share/elasticsearch/data", "influxdb": "/var/lib/influxdb",
}  # fmt: skip


def _services(files: Files, path: str) -> dict[str, Mapping[Any, Any]]:
    found = files.documents(path)
    return {str(name): mapping(each) for name, each in mapping(found[0] if found else {}, "services").items()}


def _image(service: Mapping[Any, Any]) -> str:
    return text_of(service.get("image")).rpartition("/")[2].partition("@")[0].partition(":")[0]


def _environment(service: Mapping[Any, Any]) -> Iterator[tuple[str, str, int | None]]:
    values = service.get("environment")
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield str(key), text_of(value), at((values, key))
    for position, each in enumerate(listed(values)):
        key, _, value = str(each).partition("=")
        yield key, value, at((values, position))


def _host(key: str, value: str) -> str:
    match = _HOST.match(value) if _HOST_KEY.search(key) and "," not in value else None
    return match[1] if match else ""


def _networks(service: Mapping[Any, Any]) -> set[str]:
    return {str(each) for each in service.get("networks") or ("default",)}


def _reach(files: Files, path: str) -> Iterator[Hit]:
    services = _services(files, path)
    for name, service in services.items():
        if {"network_mode", "extends"} & set(service):
            continue
        for key, value, line in _environment(service):
            other = services.get(host := _host(key, value))
            if (
                other is not None
                and host != name
                and not {"network_mode", "extends"} & set(other)
                and not _networks(service) & _networks(other)
            ):
                yield Hit(line, f"service `{name}` is told to reach `{host}`, and shares no network with it")
            if host in ("localhost", "127.0.0.1") and _BACKING.search(key) and _image(service) not in _DATA:
                backing = next(
                    (
                        each
                        for each, one in services.items()
                        if each != name and _image(one) in {*_DATA, "redis", "valkey", "kafka", "memcached"}
                    ),
                    "",
                )
                if backing:
                    yield Hit(line, f"service `{name}`: `{host}` is the container itself; the service is `{backing}`")


def _secrets(files: Files, path: str) -> Iterator[Hit]:
    for name, service in _services(files, path).items():
        if "extends" in service or any("/run/secrets" in str(each) for each in listed(service.get("volumes"))):
            continue
        granted = set()
        for each in listed(service.get("secrets")):
            granted |= (
                {text_of(mapping(each).get(key)) for key in ("source", "target")}
                if isinstance(each, Mapping)
                else {str(each)}
            )
        for _, value, line in _environment(service):
            match = re.fullmatch(r"/run/secrets/([\w.-]+)", value)
            if match and match[1] not in {posixpath.basename(each) for each in granted}:
                yield Hit(line, f"service `{name}` reads `{value}`, and is not given the secret `{match[1]}`")


def _targets(files: Files, path: str) -> Iterator[Hit]:
    for name, service in _services(files, path).items():
        build = mapping(service, "build")
        target, context, file = (text_of(build.get(key)) for key in ("target", "context", "dockerfile"))
        if not target or "$" in f"{target}{context}{file}" or "://" in context or "dockerfile_inline" in build:
            continue
        place = posixpath.normpath(
            posixpath.join(PurePosixPath(path).parent.as_posix(), context or ".", file or "Dockerfile")
        )
        if place not in files.known:
            continue
        stages = parse(files.text(place)).stages
        names = [stage.alias for stage in stages if stage.alias]
        if stages and target.lower() not in {each.lower() for each in names} and not target.isdigit():
            yield Hit(
                at((build, "target")),
                f"service `{name}`: `{place}` has no stage `{target}`; it has {', '.join(names) or 'none with a name'}",
            )


def _tests(files: Files, path: str) -> Iterator[Hit]:
    for name, service in _services(files, path).items():
        check = mapping(service, "healthcheck")
        test = listed(check.get("test"))
        if test and isinstance(test[0], str) and "$" not in test[0] and test[0] not in ("CMD", "CMD-SHELL", "NONE"):
            yield Hit(
                at((check, "test")),
                f"service `{name}`: the list of a test begins with CMD, CMD-SHELL or NONE, not with `{test[0]}`",
            )


def _mounts(service: Mapping[Any, Any]) -> Iterator[tuple[str, str, int | None]]:
    """(source, target, line) of what is mounted."""
    volumes = listed(service.get("volumes"))
    for position, each in enumerate(volumes):
        if isinstance(each, Mapping):
            yield text_of(each.get("source")), text_of(each.get("target")), at((volumes, position))
        elif isinstance(each, str) and ":" in each:
            yield each.split(":")[0], each.split(":")[1], at((volumes, position))


def _kept(files: Files, path: str) -> Iterator[Hit]:
    for name, service in _services(files, path).items():
        data = _DATA.get(_image(service), "")
        moved = any(key in ("PGDATA", "MYSQL_DATADIR", "RABBITMQ_MNESIA_BASE") for key, _, _ in _environment(service))
        if not data or moved or "command" in service or "extends" in service or "entrypoint" in service:
            continue
        mounts = list(_mounts(service))
        if any(
            f"{target}/".startswith(f"{data}/") or f"{data}/".startswith(f"{target.rstrip('/')}/") or "$" in target
            for _, target, _ in mounts
        ):
            continue
        for source, target, line in mounts:
            near = (
                posixpath.dirname(target) in (posixpath.dirname(data), data)
                or "data" in target
                or posixpath.basename(data) in target
            )
            if re.fullmatch(r"[\w-]+", source) and near:
                yield Hit(
                    line, f"service `{name}` keeps its data in {data}, which no volume keeps: this one is at {target}"
                )


_C = "compose.yaml"


def _file(text: str, **more: str) -> dict[str, str]:
    return {_C: f"services:\n{text}", **more}


_APART = "  a: {{image: 'x:1', environment: {{DATABASE_HOST: {}}}, networks: [{}]}}\n  db: {{image: 'postgres:17', networks: [back]}}\n"
_READS = "  a: {{image: 'x:1', environment: [PASSWORD_FILE=/run/secrets/p], secrets: [{}]}}\n"
_BUILD = "  a: {{build: {{context: ., target: {}}}}}\n"
_KEPT = "  db: {{image: 'postgres:17', volumes: ['d:{}']}}\n"

RULES = (
    Rule("compose/unreachable", "error", "Put both into one network, and name the service.", "Compose specification, Networks: services reach each other over networks they share, by their names.", is_compose, _reach,
         bad=(_file(_APART.format("db", "front")), _file(_APART.format("localhost", "back"))),
         good=(_file(_APART.format("db", "front, back")), _file("  db: {image: 'postgres:17', environment: {PGHOST: localhost}}\n  c: {image: 'redis:7'}\n"), _file(_APART.format("db.example.com", "front")), _file("  a: {image: 'x:1', network_mode: host, environment: {DB_HOST: localhost}}\n  db: {image: 'postgres:17'}\n"))),
    Rule("compose/secret-not-given", "error", "Name it under the service's `secrets`.", "Compose specification, Secrets: a service gets those that it names.", is_compose, _secrets,
         bad=(_file(_READS.format("q")),), good=(_file(_READS.format("p")), _file(_READS.format("{source: q, target: p}")))),
    Rule("compose/build-target", "error", "Name a stage of the Dockerfile.", "Compose specification, build.target: a stage of a multi-stage Dockerfile.", is_compose, _targets,
         bad=(_file(_BUILD.format("prod"), Dockerfile="FROM a:1 AS runtime\n"),), good=(_file(_BUILD.format("runtime"), Dockerfile="FROM a:1 AS Runtime\n"), _file(_BUILD.format("prod")), _file(_BUILD.format("'${T}'"), Dockerfile="FROM a:1\n"))),
    Rule("compose/health-test", "error", "Begin with CMD, or with CMD-SHELL and a command line.", "Compose specification, healthcheck: the first item of a list is NONE, CMD or CMD-SHELL.", is_compose, _tests,
         bad=(_file("  a: {image: 'x:1', healthcheck: {test: [redis-cli, ping]}}\n"),), good=(_file("  a: {image: 'x:1', healthcheck: {test: [CMD, redis-cli, ping]}}\n  b: {image: 'x:1', healthcheck: {test: redis-cli ping}}\n"),)),
    Rule("compose/data-path", "warning", "Mount the volume where the image keeps its data.", "The images' own documentation on Docker Hub: where to store data.", is_compose, _kept,
         bad=(_file(_KEPT.format("/var/lib/postgres")), _file(_KEPT.format("/data"))), good=(_file(_KEPT.format("/var/lib/postgresql/data")), _file(_KEPT.format("/var/lib/postgresql")), _file("  db: {image: 'postgres:17', volumes: ['./init:/docker-entrypoint-initdb.d', 'b:/backups']}\n"))),
)  # fmt: skip
