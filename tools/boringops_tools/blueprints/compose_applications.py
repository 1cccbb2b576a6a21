"""Applications that people's own Compose file does not have: it starts what they stand on, and they run beside it.

Such a service waits behind a profile, so that `docker compose up` starts what it started before."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.blueprints import backing, compose
from boringops_tools.blueprints.compose_health import check, of_application
from boringops_tools.blueprints.compose_services import DATABASES, ComposeFile, Theirs
from boringops_tools.blueprints.context import Context
from boringops_tools.stack.facts import Application

PROFILE = "app"
_TOOLS = re.compile(
    r"(adminer|phpmyadmin|dpage/pgadmin4|mongo-express|mailhog/mailhog|axllent/mailpit|maildev/maildev|rediscommander/redis-commander|"
    r"redis/redisinsight|jaegertracing/.*|prom/.*|grafana/.*|minio/minio|otel/.*)"
)
"""Images that look at services or stand in for some: never the application."""
_LOGINS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "postgres": (("POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"),),
    "mysql": (
        ("MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_DATABASE"),
        ("MARIADB_USER", "MARIADB_PASSWORD", "MARIADB_DATABASE"),
    ),
    "mongo": (("MONGO_INITDB_ROOT_USERNAME", "MONGO_INITDB_ROOT_PASSWORD", "MONGO_INITDB_DATABASE"),),
    "rabbitmq": (("RABBITMQ_DEFAULT_USER", "RABBITMQ_DEFAULT_PASS", ""),),
}
"""Variables of a service's image: the user, its password, the database."""
_SAID = re.compile(r"[\w.-]+|\$\{\w+[^{}]*\}|\$\w+")
"""A value that can be said again in a URL."""


class Unsure(Exception):
    """It is not certain how the application would be run there."""


def lacking(context: Context, theirs: ComposeFile) -> Iterator[tuple[Application, dict[str, Any] | str]]:
    """Applications without a service, each with its services as they would be, by name, or why they are not added."""
    for app in context.images:
        if not app.deployable or theirs.built(app):
            continue
        try:
            yield app, _services(context, theirs, app)
        except Unsure as doubt:
            yield app, str(doubt)


def _services(context: Context, theirs: ComposeFile, app: Application) -> dict[str, Any]:
    known = {each.name for other in context.images for each in theirs.built(other)}
    for each in theirs.services:
        if each.kind is None and each.name not in known and not _TOOLS.fullmatch(each.repository):
            raise Unsure(f"{each.name} ({theirs.where(each)}) may be it")
    if "include" in theirs.document:
        raise Unsure(f"{theirs.path} takes more files in")
    kinds = [service.kind for service in app.services if service.kind in DATABASES]
    if len(kinds) > 1:
        raise Unsure(f"it can run on {' or '.join(kinds)}")
    places: dict[str, Theirs] = {service.kind: _one(theirs, service.kind) for service in app.services}
    values = _values(app, places)
    ours = compose.rendered(context)["services"]
    names = [app.name, *(job["service"] for job in compose.jobs(app))]
    taken = {each.name for each in theirs.services}
    if clash := taken & set(names):
        raise Unsure(f"the name {min(clash)} is taken")
    published = {host.rpartition(":")[2] for each in theirs.services for host, _ in each.ports}
    if published & {str(compose.host_port(context, app))}:
        raise Unsure(f"port {compose.host_port(context, app)} of the machine is taken there")
    made = {name: _service(ours[name], theirs, places, values) for name in names}
    dockerfile = context.tree.text(app.path("Dockerfile"))
    if dockerfile:  # an image of people's own may begin as root and need what it is given
        for definition in made.values():
            definition.pop("cap_drop", None)
        if asked := of_application(app, theirs.service(app.name, made[app.name]), dockerfile):
            made[app.name]["healthcheck"] = asked
    return made


def _one(theirs: ComposeFile, kind: str) -> Theirs:
    found = theirs.of_kind(kind)
    if len(found) != 1:
        raise Unsure(f"{theirs.path} has {'several' if found else 'no'} {kind}")
    if "network_mode" in found[0].definition or found[0].apart:
        raise Unsure(f"{found[0].name} ({theirs.where(found[0])}) is set up elsewhere or has no network of its own")
    return found[0]


def _service(
    ours: Mapping[str, Any], theirs: ComposeFile, places: Mapping[str, Theirs], values: Mapping[str, str]
) -> dict[str, Any]:
    """Our service with people's own in the place of ours."""
    made: dict[str, Any] = {"profiles": [PROFILE]} | copy.deepcopy(dict(ours))
    if "environment" in made:
        made["environment"] = {name: values.get(name, value) for name, value in made["environment"].items()}
    depends = {}
    for name, how in made.get("depends_on", {}).items():
        place = places.get(name)
        healthy = place is None or theirs.has(place, "healthcheck") or check(place) is not None
        depends[place.name if place else name] = how if healthy else {"condition": "service_started"}
    if depends:
        made["depends_on"] = depends
    networks = sorted({name for place in places.values() for name in place.networks})
    return made | ({"networks": networks} if networks else {})


def _values(app: Application, places: Mapping[str, Theirs]) -> dict[str, str]:
    """What each variable that leads to a service has to be, to reach people's own with the login that it states."""
    schemes: dict[str, str] = {service.kind: service.scheme for service in app.services}
    found: dict[str, str] = {}
    for name, (kind, part) in backing.parts(app).items():
        place, facts = places[kind], backing.BACKINGS[kind]
        user, password, database = _login(kind, place)
        apart = schemes[kind].startswith("jdbc:")
        login = f"{user}:{password}@" if password and not apart else ""
        suffix = (
            f"/{database}{facts.suffix.partition('?')[2] and password and '?authSource=admin'}"
            if database
            else facts.suffix
        )
        known = {
            "url": f"{schemes[kind] or facts.scheme}://{login}{place.name}:{facts.port}{suffix}",
            "host": place.name,
            "port": str(facts.port),
            "user": user,
            "password": password,
            "name": database,
        }
        found[name] = known[part]
    return found


def _login(kind: str, place: Theirs) -> tuple[str, str, str]:
    """User, password and database of a service; empty where it has none."""
    given = place.environment
    if kind == "redis":
        if "requirepass" in str(place.definition.get("command", "")):
            raise Unsure(f"{place.name} has a password that is not in its variables")
        return "", "", ""
    names = next((each for each in _LOGINS[kind] if each[1] in given), None)
    if names is None:
        if kind in ("mongo", "rabbitmq") and "env_file" not in place.definition and not given:
            return ("guest", "guest", "") if kind == "rabbitmq" else ("", "", "app")
        raise Unsure(f"{place.name} does not state its login in its variables")
    user, password, database = (str(given.get(name) or "") for name in names)
    user = user or ("postgres" if kind == "postgres" else "")
    database = database or (user if kind == "postgres" else "app" if kind == "mongo" else "")
    if not user or not all(_SAID.fullmatch(each) for each in (user, password, database) if each):
        raise Unsure(f"the login of {place.name} cannot be said again in a URL")
    return user, password, database
