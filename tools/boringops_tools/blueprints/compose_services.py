"""The services of people's own Compose file: which is which, by what it is built from or the image it runs, never by its name."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from boringops_tools.blueprints.context import Context
from boringops_tools.dockerfile import Dockerfile, parse
from boringops_tools.stack.facts import Application
from boringops_tools.stack.services import Kind
from boringops_tools.stack.tree import folder_of
from boringops_tools.yaml_files import Unreadable, documents, line_of

OVERRIDES = (
    "compose.override.yaml",
    "compose.override.yml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
"""Docker Compose reads the first that is there on top of the other file, unasked."""
DATABASES = {"postgres", "mysql", "mongo"}
"""Of these an application mostly runs on one, though it brings clients of several."""
_IMAGES: dict[str, Kind] = {
    "postgres": "postgres", "postgis/postgis": "postgres", "pgvector/pgvector": "postgres", "timescale/timescaledb": "postgres",
    "mysql": "mysql", "mariadb": "mysql", "mysql/mysql-server": "mysql", "percona": "mysql",
    "mongo": "mongo", "redis": "redis", "redis/redis-stack-server": "redis", "redis/redis-stack": "redis",
    "valkey/valkey": "redis", "rabbitmq": "rabbitmq",
}  # fmt: skip
"""Images of a service, those that are built on the official ones and behave the same included."""
_HOSTS = re.compile(r"^(?:(?:docker\.io|index\.docker\.io|mirror\.gcr\.io|public\.ecr\.aws/docker)/)?(?:library/)?")
_MAYBE: dict[str, str] = {
    "postgres": r"postgres|pgsql|\bpg\b|cockroach|timescale", "mysql": r"mysql|maria|percona", "mongo": r"mongo|ferret",
    "redis": r"redis|valkey|dragonfly|keydb|\bcache\b", "rabbitmq": r"rabbit|amqp",
}  # fmt: skip
_DATABASE = r"\b(db|database|sql|mssql|oracle)\b"


@dataclass(frozen=True)
class Theirs:
    """One service."""

    name: str
    definition: Mapping[str, Any]
    line: int
    image: str
    """What it runs or, built here, is built on at last; empty where that is not known."""
    dockerfile: str
    """As a path of the repository; empty where it is not built from one."""

    @property
    def repository(self) -> str:
        """The image without registry and tag."""
        return _HOSTS.sub("", re.sub(r"(@|:(?!.*/)).*$", "", self.image))

    @property
    def version(self) -> int | None:
        """The first number of the image's tag."""
        found = re.search(r":(?:[a-z-]*)(\d+)(?!.*/)", self.image)
        return int(found[1]) if found else None

    @property
    def kind(self) -> Kind | None:
        return _IMAGES.get(self.repository)

    @property
    def maybe(self) -> set[str]:
        """Kinds that it might be, where it is certainly none."""
        if self.kind:
            return set()
        told = f"{self.name} {self.image} {self.dockerfile}".lower().replace("_", " ")
        found = {kind for kind, words in _MAYBE.items() if re.search(words, told)}
        return found | (DATABASES if re.search(_DATABASE, told) else set())

    @property
    def environment(self) -> dict[str, Any]:
        """Its variables, whichever way they are written; a value of None is handed on from outside."""
        return named(self.definition.get("environment"), "=")

    @property
    def depends(self) -> dict[str, Any]:
        return named(self.definition.get("depends_on"), "")

    @property
    def ports(self) -> list[tuple[str, str]]:
        """(host side, container side) of what it publishes, `127.0.0.1:8080` and `80`; the first is empty where it is left open."""
        found = []
        for each in _listed(self.definition.get("ports")):
            if isinstance(each, Mapping):
                host = ":".join(str(each[key]) for key in ("host_ip", "published") if key in each)
                found.append((host, str(each.get("target", ""))))
            else:
                host, _, target = str(each).rpartition(":")
                found.append((host, target.partition("/")[0]))
        return found

    @property
    def volumes(self) -> list[str]:
        """Names of the volumes that it mounts."""
        found = []
        for each in _listed(self.definition.get("volumes")):
            if isinstance(each, Mapping):
                found += [str(each.get("source", ""))] if each.get("type") == "volume" else []
            elif isinstance(each, str) and ":" in each:
                found.append(each.partition(":")[0])
        return [name for name in found if re.fullmatch(r"[A-Za-z0-9][\w.-]*", name)]

    @property
    def networks(self) -> list[str]:
        """Names of its networks; empty where it is in the one of all."""
        found = self.definition.get("networks")
        return [str(name) for name in found if isinstance(name, str)] if isinstance(found, list | Mapping) else []

    def awaits(self, name: str) -> str:
        """What it waits for of another service: a condition of Compose's; empty where it does not depend on it."""
        how = self.depends.get(name, "")
        said = how.get("condition") if isinstance(how, Mapping) else None
        return str(said or "service_started") if name in self.depends else ""

    @property
    def apart(self) -> str:
        """Why what it consists of is not all written here; empty where it is."""
        return "it extends another service" if "extends" in self.definition else ""


def named(value: Any, separator: str) -> dict[str, Any]:
    """A mapping, or the same as a list."""
    if isinstance(value, Mapping):
        return {str(key): each for key, each in value.items()}
    pairs = [str(each).partition(separator) if separator else (str(each), "", "") for each in _listed(value)]
    return {key.strip(): right if middle else None for key, middle, right in pairs}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


class ComposeFile:
    """The Compose file that is there. Raises Unreadable."""

    def __init__(self, context: Context) -> None:
        self.path = context.compose_path
        self._context = context
        self.text = (context.tree.root / self.path).read_bytes().decode("utf-8", errors="surrogateescape")
        read = documents(self.text)
        self.document: Mapping[str, Any] = read[0] if len(read) == 1 and isinstance(read[0], Mapping) else {}
        self.override = _document(context, next((name for name in OVERRIDES if name in context.tree), ""))

    @cached_property
    def services(self) -> list[Theirs]:
        found = self.document.get("services")
        if not isinstance(found, Mapping):
            return []
        return [
            self.service(str(name), each, line_of(found, name) or 1)
            for name, each in found.items()
            if isinstance(each, Mapping)
        ]

    def service(self, name: str, definition: Mapping[str, Any], line: int = 1) -> Theirs:
        """A service of this file, one that is still to be written included."""
        dockerfile = self._dockerfile(definition.get("build"))
        image = str(definition.get("image", ""))
        if "build" in definition:
            text = self._context.tree.text(dockerfile) if dockerfile else ""
            build = definition["build"]
            image = base_image(parse(text), str(build.get("target", "")) if isinstance(build, Mapping) else "")
        return Theirs(name, definition, line, image, dockerfile)

    def _dockerfile(self, build: Any) -> str:
        """The Dockerfile of a build, as a path of the repository; empty where it is elsewhere or not certain."""
        told = build if isinstance(build, Mapping) else {"context": build}
        context, name = str(told.get("context") or "."), str(told.get("dockerfile") or "Dockerfile")
        if build is None or "dockerfile_inline" in told or re.search(r"\$|://|^git@", context + name):
            return ""
        path = posixpath.normpath(posixpath.join(context, name))
        return "" if path.startswith(("../", "/")) else path

    def has(self, service: Theirs, key: str) -> bool:
        """Whether a service says something of a key here or in the override."""
        more = self.override.get("services")
        other = more.get(service.name) if isinstance(more, Mapping) else None
        return key in service.definition or (isinstance(other, Mapping) and key in other)

    def variables(self, service: Theirs) -> set[str]:
        """Names of the variables a service is given here or in the override."""
        more = self.override.get("services")
        other = more.get(service.name) if isinstance(more, Mapping) else None
        added = named(other.get("environment"), "=") if isinstance(other, Mapping) else {}
        return service.environment.keys() | added.keys()

    def built(self, app: Application) -> list[Theirs]:
        """The services that are built from an application: from its Dockerfile, else from another in its folder."""
        exact = [each for each in self.services if each.dockerfile == app.path("Dockerfile")]
        alone = sum(other.folder == app.folder for other in self._context.apps) == 1
        return exact or [
            each
            for each in self.services
            if alone and each.kind is None and each.dockerfile and folder_of(each.dockerfile) == app.folder
        ]

    def serving(self, app: Application) -> Theirs | None:
        """The one service that is the application itself, not a worker of the same image; None where that is not certain."""
        found = self.built(app)
        published = [each for each in found if str(app.port) in {target for _, target in each.ports}]
        plain = [each for each in found if not each.definition.keys() & {"command", "entrypoint"}]
        return next((each[0] for each in (found, published, plain) if len(each) == 1), None)

    def named(self, key: str) -> set[str]:
        """What the file, or the override, has under one of its own keys: `volumes`, `services`."""
        found = (each.get(key) for each in (self.document, self.override))
        return {str(name) for each in found if isinstance(each, Mapping) for name in each}

    def of_kind(self, kind: str) -> list[Theirs]:
        return [each for each in self.services if each.kind == kind]

    def where(self, service: Theirs, *keys: str) -> str:
        """`file:line` of what a service says of a key."""
        line = service.line
        node: Any = service.definition
        for key in keys:
            if isinstance(node, list):
                found = [place for place, each in enumerate(node) if re.match(rf"{re.escape(key)}\s*(=|$)", str(each))]
                line = (line_of(node, found[0]) if found else None) or line
                break
            line = line_of(node, key) or line
            node = node.get(key, {}) if isinstance(node, Mapping) else {}
        return f"{self.path}:{line}"


def base_image(dockerfile: Dockerfile, target: str) -> str:
    """The image that a stage, or the last one, is built on at last; empty where the Dockerfile does not say."""
    stages: Sequence[Any] = dockerfile.stages
    stage = next((each for each in stages if target and each.alias == target.lower()), stages[-1] if stages else None)
    return str(dockerfile.lineage(stage)[-1].image) if stage is not None else ""


def _document(context: Context, path: str) -> Mapping[str, Any]:
    try:
        read = documents(context.tree.text(path)) if path else ()
    except Unreadable:
        read = ()
    return read[0] if read and isinstance(read[0], Mapping) else {}
