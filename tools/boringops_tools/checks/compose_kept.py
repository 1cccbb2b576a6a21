"""Compose: databases whose data nothing keeps, and servers that are told to let everybody in."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose

# Files that say they are for development or tests: there data is to go, and nobody else is let in.
_ASIDE = lazy_pattern(
    r"(?i)(?:^|[/._-])(?:local|dev|devel|develop|development|devcontainer|debug|tests?|testing|e2e|ci|integration|sandbox|examples?|docs?|demos?|samples?|fixtures?|"
    r"tutorials?|templates?|starter|override|benchmarks?|quickstart)(?=[/._-])"
)
_DATABASES = frozenset(
    {"postgres", "postgis", "pgvector", "timescaledb", "mysql", "mariadb", "mongo", "influxdb", "couchdb", "neo4j"}
)
_STAND_IN = lazy_pattern(r"(?i)change.?me|example|placeholder|replace|your[-_ ]|^<|^\$|^x+$")
_YES = r"(?i)[\"']?(?:1|true|yes|on|y)[\"']?"
_NO = r"(?i)[\"']?(?:0|false|no|off)[\"']?"
# variable: the value by which a server lets everybody in, by the documentation of its image.
_OPEN = {
    "MYSQL_ALLOW_EMPTY_PASSWORD": _YES, "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD": _YES, "MARIADB_ALLOW_EMPTY_PASSWORD": _YES, "ALLOW_EMPTY_PASSWORD": _YES,
    "POSTGRES_HOST_AUTH_METHOD": r"[\"']?trust[\"']?", "xpack.security.enabled": _NO, "DISABLE_SECURITY_PLUGIN": _YES, "plugins.security.disabled": _YES,
    "ALLOW_ANONYMOUS_LOGIN": _YES, "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": _YES, "GF_AUTH_ANONYMOUS_ORG_ROLE": r"(?i)[\"']?(?:admin|editor)[\"']?",
    "NEO4J_AUTH": r"(?i)[\"']?none[\"']?", "NEO4J_dbms_security_auth__enabled": _NO,
}  # fmt: skip
_TOLD = lazy_pattern(
    r"--protected-mode[ ,\"']+no\b|--skip-grant-tables\b|--noauth\b|(?:^|\s)--auth-host=trust\b|--no-authentication\b"
)


def _services(files: Files, path: str) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    if _ASIDE.search(path):
        return
    for document in files.documents(path)[:1]:
        for name, service in mapping(document, "services").items():
            # What a profile starts may be for tests alone.
            if not _ASIDE.search(f"/{name}/") and not re.search(
                r"(?i)dev|test", str(mapping(service).get("profiles", ""))
            ):
                yield str(name), mapping(service)


def _values(service: Mapping[Any, Any]) -> Iterator[tuple[Any, Any, str, str]]:
    given = service.get("environment")
    if isinstance(given, Mapping):
        yield from ((given, key, str(key), str(value)) for key, value in given.items())
    for position, each in enumerate(listed(given)):
        key, _, value = str(each).partition("=")
        yield given, position, key, value


def _open(files: Files, path: str) -> Iterator[Hit]:
    for name, service in _services(files, path):
        for owner, key, variable, value in _values(service):
            pattern = _OPEN.get(variable)
            if pattern and re.fullmatch(pattern, value):
                yield Hit(at((owner, key)), f"service `{name}` lets everybody in ({variable}={value})")
        told = service.get("command")
        line = " ".join(map(str, told)) if isinstance(told, list) else str(told or "")
        if match := _TOLD.search(line):
            yield Hit(at((service, "command")), f"service `{name}` lets everybody in ({match[0].strip()})")


def _unkept(files: Files, path: str) -> Iterator[Hit]:
    """Databases that are started again by themselves, so are there to stay, with no volume for what they hold."""
    for name, service in _services(files, path):
        image = str(service.get("image", "")).partition("@")[0].rpartition("/")[2].partition(":")[0]
        stays = str(service.get("restart", "")) in ("always", "unless-stopped")
        others = {"build", "extends", "tmpfs", "volumes_from", "configs"} & set(service)
        beside = [each for each in files.siblings(path) if is_compose(each) and each != path]
        more = any(
            mapping(one, "services", name).get("volumes") for each in beside for one in files.documents(each)[:1]
        )
        if image in _DATABASES and stays and not others and not service.get("volumes") and not more:
            yield Hit(
                at((service, "image")),
                f"service `{name}` keeps its data in a volume without a name: a new container begins with nothing",
            )


def _never_done(files: Files, path: str) -> Iterator[Hit]:
    """Services that others wait for to end, and that are started again each time they do."""
    for document in files.documents(path)[:1]:
        services = mapping(document, "services")
        for name, service in services.items():
            for other, how in mapping(service, "depends_on").items():
                awaited = mapping(services, other)
                if mapping(how).get("condition") == "service_completed_successfully" and awaited.get("restart") in (
                    "always",
                    "unless-stopped",
                ):
                    yield Hit(
                        at((awaited, "restart"), (services, other)),
                        f"`{name}` waits until `{other}` has ended, which is started again whenever it does",
                    )


def _committed(files: Files, path: str) -> Iterator[Hit]:
    """Secrets that Compose reads from a file which is in git."""
    for document in files.documents(path)[:1] if not _ASIDE.search(path) else ():
        for name, secret in mapping(document, "secrets").items():
            source = mapping(secret).get("file")
            place = (
                posixpath.normpath(posixpath.join(posixpath.dirname(path), source)) if isinstance(source, str) else ""
            )
            text = files.text(place).strip() if place in files.known and not _ASIDE.search(place) else ""
            if text and len(text.splitlines()) == 1 and not _STAND_IN.search(text):
                yield Hit(at((secret, "file")), f"the secret `{name}` is in git ({place})")


def _db(more: str = "", image: str = "postgres:18") -> dict[str, str]:
    return {"compose.yaml": f"services:\n  db:\n    image: {image}\n    restart: always\n{more}"}


_WAITS = "services:\n  a: {{image: 'a/b:1', depends_on: {{b: {{condition: service_completed_successfully}}}}}}\n  b: {{image: 'a/b:1', restart: {}}}\n"
_FROM_FILE = "services: {a: {image: 'a/b:1', secrets: [db]}}\nsecrets: {db: {file: ./s/db}}\n"
_KEPT = "    volumes: ['d:/var/lib/postgresql']\n"

RULES = (
    Rule("compose/no-volume", "warning", "Give the folder of its data a named volume.", "Docker, Volumes: an anonymous volume belongs to its container; the images' documentation: where to store data.", is_compose, _unkept,
         bad=(_db(), _db(image="mongo:8")),
         good=(_db(_KEPT), {"docker-compose.test.yml": _db()["compose.yaml"]}, {"compose.yaml": _db()["compose.yaml"].replace("    restart: always\n", "")}, _db("    tmpfs: [/var/lib/postgresql]\n"), {**_db(), "compose.prod.yaml": "services: {db: {volumes: ['d:/var/lib/postgresql']}}\n"})),
    Rule("compose/never-done", "error", "Give it restart: \"no\", or on-failure.", "Compose specification, restart and depends_on: a service that is always restarted does not end.", is_compose, _never_done,
         bad=({"compose.yaml": _WAITS.format("always")},), good=({"compose.yaml": _WAITS.format("'no'")}, {"compose.yaml": _WAITS.format("on-failure")})),
    Rule("compose/secret-in-git", "error", "Take the file out of git, let .gitignore name it, and change what it held.", "Compose specification, secrets: file is read from the host; it is no place in the repository.", is_compose, _committed,
         bad=({"compose.yaml": _FROM_FILE, "s/db": "q7mW29t\n"},), good=({"compose.yaml": _FROM_FILE}, {"compose.yaml": _FROM_FILE, "s/db": "changeme\n"}, {"compose.test.yaml": _FROM_FILE, "s/db": "q7mW29t\n"})),
    Rule("compose/open-server", "warning", "Give it a password, from a secret.", "The images' own documentation: what each of these settings allows.", is_compose, _open,
         bad=(_db(_KEPT + "    environment: {POSTGRES_HOST_AUTH_METHOD: trust}\n"), _db("    environment: [MYSQL_ALLOW_EMPTY_PASSWORD=yes]\n", "mysql:8"), _db("    command: redis-server --protected-mode no\n", "redis:8"), _db("    environment: [xpack.security.enabled=false]\n", "elasticsearch:9.1.0")),
         good=(_db(_KEPT + "    environment: {POSTGRES_PASSWORD_FILE: /run/secrets/p}\n"), _db("    environment: [MYSQL_ALLOW_EMPTY_PASSWORD=no]\n", "mysql:8"), {"docker-compose.dev.yml": _db("    environment: {POSTGRES_HOST_AUTH_METHOD: trust}\n")["compose.yaml"]})),
)  # fmt: skip
