"""Compose: names that services use, what they wait for, ports and interpolation.

Compose merges the files of a folder, so a name counts as defined where any Compose file beside it defines it."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from boringops.facts import Severity
from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.checks.compose_images import NO_HEALTHCHECK
from boringops_tools.checks.graph import cycles
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose, walk

_VOLUME = lazy_pattern(r"[A-Za-z0-9][\w.-]+")
_PORT = lazy_pattern(
    r"(?:(?P<ip>\[[0-9a-fA-F:.]+\]|\d+(?:\.\d+){3}):)?(?:(?P<host>[\d-]*):)?(?P<target>[\d-]+)(?:/(?P<protocol>\w+))?"
)
Services = Mapping[Any, Mapping[Any, Any]]


def _document(files: Files, path: str) -> Mapping[Any, Any]:
    found = files.documents(path)
    return mapping(found[0]) if found else {}


def _services(document: Mapping[Any, Any]) -> dict[str, Mapping[Any, Any]]:
    return {str(name): mapping(service) for name, service in mapping(document, "services").items()}


def _together(files: Files, path: str) -> list[Mapping[Any, Any]] | None:
    """All Compose documents of the folder, and what they include; null where names may come from elsewhere."""
    todo = [each for each in files.siblings(path) if is_compose(each)]
    found: dict[str, Mapping[Any, Any]] = {}
    while todo:
        place = todo.pop(0)
        if place in found:
            continue
        document = found[place] = _document(files, place)
        included = _included(document.get("include", []), posixpath.dirname(place))
        if not document or included is None or any(each not in files.known for each in included):
            return None
        todo += included
    return list(found.values())


def _included(value: Any, folder: str) -> list[str] | None:
    """The files that `include` names, seen from the repository's root; null where it is not written out which."""
    found: list[str] = []
    for each in value if isinstance(value, list) else [value]:
        path = each.get("path") if isinstance(each, Mapping) else each
        for one in path if isinstance(path, list) else [path]:
            if not isinstance(one, str) or "$" in one or "://" in one or one.startswith(("/", "~")):
                return None
            found.append(posixpath.normpath(posixpath.join(folder, one)))
    return found


def _defined(files: Files, path: str, section: str) -> set[str] | None:
    together: list[Mapping[Any, Any]] | None = files.once(_together, path)
    return None if together is None else {str(name) for each in together for name in mapping(each, section)}


def _plain(value: Any) -> str:
    """A name that no variable makes up."""
    return value if isinstance(value, str) and "$" not in value else ""


def _volume(mount: Any) -> str:
    if isinstance(mount, Mapping):
        return _plain(mount.get("source")) if mount.get("type") == "volume" else ""
    source, colon, rest = _plain(mount).partition(":")
    windows = len(source) == 1 and rest.startswith(("\\", "/")) and ":" in rest
    return source if colon and not windows and _VOLUME.fullmatch(source) else ""


def _used(service: Mapping[Any, Any], section: str) -> Iterator[tuple[str, int | None]]:
    """The names of volumes, networks, secrets or configs that a service uses."""
    value = service.get(section)
    if isinstance(value, Mapping):
        yield from ((str(name), at((value, name))) for name in value if section == "networks")
    for position, each in enumerate(listed(value)):
        name = (
            _volume(each) if section == "volumes" else _plain(each.get("source") if isinstance(each, Mapping) else each)
        )
        if name:
            yield name, at((value, position), (service, section))


def _names(files: Files, path: str) -> Iterator[Hit]:
    document = _document(files, path)
    for section, kind in (("volumes", "volume"), ("networks", "network"), ("secrets", "secret"), ("configs", "config")):
        defined = _defined(files, path, section)
        if defined is None:
            return
        for name, service in _services(document).items():
            for used, line in _used(service, section):
                if used not in defined and not (section == "networks" and used == "default"):
                    yield Hit(line, f"service `{name}` uses the {kind} `{used}`, which `{section}` does not define")


def _waits(service: Mapping[Any, Any]) -> Iterator[tuple[str, Mapping[Any, Any], int | None]]:
    value = service.get("depends_on")
    if isinstance(value, Mapping):
        yield from ((str(name), mapping(how), at((value, name))) for name, how in value.items())
    for position, each in enumerate(listed(value)):
        if isinstance(each, str):
            yield each, {}, at((value, position), (service, "depends_on"))


def _others(service: Mapping[Any, Any]) -> Iterator[tuple[str, str, int | None]]:
    """(key, service, line) of every other service that one needs."""
    for name, how, line in _waits(service):
        if how.get("required") is not False:
            yield "depends_on", name, line
    for key in ("links", "volumes_from"):
        for position, each in enumerate(listed(service.get(key))):
            if isinstance(each, str) and not each.startswith("container:"):
                yield key, each.partition(":")[0], at((service[key], position))
    for key in ("network_mode", "pid", "ipc"):
        value = service.get(key)
        if isinstance(value, str) and value.startswith("service:"):
            yield key, value[8:], at((service, key))


def _depends(files: Files, path: str) -> Iterator[Hit]:
    defined = _defined(files, path, "services")
    if defined is None:
        return
    for name, service in _services(_document(files, path)).items():
        for key, other, line in _others(service):
            if other not in defined and "$" not in other:
                yield Hit(line, f"service `{name}`: `{key}` names `{other}`, which is no service")


def _cycles(files: Files, path: str) -> Iterator[Hit]:
    services = _services(_document(files, path))
    graph = {name: [other for _, other, _ in _others(service)] for name, service in services.items()}
    for cycle in cycles(graph):
        line = next((line for _, other, line in _others(services[cycle[0]]) if other == cycle[1]), None)
        yield Hit(line, f"services wait for each other: {' → '.join(cycle)}")


def _unhealthy(files: Files, path: str) -> Iterator[Hit]:
    together: list[Mapping[Any, Any]] | None = files.once(_together, path)
    for name, service in _services(_document(files, path)).items():
        for other, how, line in _waits(service):
            if together is None or how.get("condition") != "service_healthy":
                continue
            versions = [_services(each)[other] for each in together if other in _services(each)]
            checks = [mapping(each, "healthcheck") for each in versions if "healthcheck" in each]
            if any(check.get("disable") is True or listed(check.get("test"))[:1] == ["NONE"] for check in checks):
                yield Hit(
                    line, f"service `{name}` waits until `{other}` is healthy, whose health check is switched off"
                )
            elif versions and not checks and all(_has_none(each) for each in versions):
                yield Hit(line, f"service `{name}` waits until `{other}` is healthy, which has no health check")


def _has_none(service: Mapping[Any, Any]) -> bool:
    """Whether a service surely has no health check: its image is known to bring none."""
    if "build" in service or "extends" in service:
        return False
    image = _plain(service.get("image")).partition("@")[0]
    name = image.removeprefix("docker.io/").removeprefix("library/").partition(":")[0]
    return name in NO_HEALTHCHECK


# --- ports ------------------------------------------------------------------------------------------------------------


def _range(text: str) -> range | None:
    """The ports of `80` or `80-90`; null where it is no such thing."""
    first, dash, last = text.partition("-")
    if not first.isdigit() or (dash and not last.isdigit()):
        return None
    return range(int(first), int(last or first) + 1)


Published = tuple[str, range | None, range | None, str]
"""Address, host ports, container ports, protocol."""


def _port(entry: Any) -> Published | str | None:
    """A `ports` entry, what is wrong with it, or null where it cannot be known."""
    if isinstance(entry, Mapping):
        host, target = text_of(entry.get("published")), text_of(entry.get("target"))
        address, protocol = text_of(entry.get("host_ip")), text_of(entry.get("protocol")) or "tcp"
        if "$" in f"{host}{target}{address}":
            return None
    else:
        match = _PORT.fullmatch(text := text_of(entry))
        if not text or "$" in text:
            return None
        if not match:
            return f"`{text}` is no port"
        host, target = match["host"] or "", match["target"]
        address, protocol = match["ip"] or "", match["protocol"] or "tcp"
    ranges = [_range(each) if each else None for each in (host, target)]
    for text, ports, least in ((host, ranges[0], 0), (target, ranges[1], 1)):
        if text and (ports is None or not ports):
            return f"`{text}` is no port and no range of ports"
        if ports and not (least <= ports.start and ports.stop - 1 <= 65535):
            return f"port {text} is not between 1 and 65535"
    if ranges[0] and ranges[1] and len(ranges[1]) not in (1, len(ranges[0])):
        return f"{len(ranges[0])} published ports stand against {len(ranges[1])} of the container"
    return address, ranges[0], ranges[1], protocol


def _entries(document: Mapping[Any, Any]) -> Iterator[tuple[str, Mapping[Any, Any], Published | str, int | None]]:
    for name, service in _services(document).items():
        entries = listed(service.get("ports"))
        for position, entry in enumerate(entries):
            if (port := _port(entry)) is not None:
                yield name, service, port, at((entries, position), (service, "ports"))


def container_ports(service: Mapping[Any, Any]) -> list[tuple[int, int | None]]:
    """(port, line) of the container's ports that a service publishes one by one."""
    found = _entries({"services": {"": service}})
    return [
        (port[2].start, line)
        for _, _, port, line in found
        if not isinstance(port, str) and port[2] and len(port[2]) == 1
    ]


def _ports(files: Files, path: str) -> Iterator[Hit]:
    for name, _, port, line in _entries(_document(files, path)):
        if isinstance(port, str):
            yield Hit(line, f"service `{name}`: {port}")


def _started_together(services: Services) -> Callable[[str, str], bool]:
    """Whether starting some service starts two others, or one of the two the other."""
    groups = []
    for name in services:
        group, todo = {name}, [name]
        while todo:
            new = {other for _, other, _ in _others(services.get(todo.pop(), {}))} - group
            group |= new
            todo += new
        groups.append(group)
    return lambda one, other: any({one, other} <= group for group in groups)


def _doubles(files: Files, path: str) -> Iterator[Hit]:
    taken: dict[tuple[int, str], list[tuple[str, str]]] = {}
    anywhere = ("", "0.0.0.0", "[::]", "::")  # noqa: S104 - compared with, never bound to
    document = _document(files, path)
    started = _started_together(_services(document))
    for name, service, port, line in _entries(document):
        if isinstance(port, str) or not port[1] or port[1].start == 0 or len(port[1]) > 1 or "profiles" in service:
            continue  # of a range some free port is taken
        address, _, _, protocol = port
        holders = taken.setdefault((port[1].start, protocol), [])
        for other, theirs in holders:
            if address == theirs or address in anywhere or theirs in anywhere:
                whose = "twice" if other == name else f"as `{other}` does"
                if other != name or address == theirs:
                    # Services that nothing starts together may be a menu to choose one of.
                    severity: Severity = "warning" if name == other or started(name, other) else "info"
                    yield Hit(line, f"service `{name}` publishes port {port[1].start}, {whose}", severity=severity)
                break
        holders.append((name, address))


# --- interpolation ----------------------------------------------------------------------------------------------------

_START = lazy_pattern(
    r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?P<after>:?[-?+]|\})|(?P<wrong>\{?))"
)


def broken_interpolation(text: str) -> str | None:
    """What of a value Compose cannot read as interpolation; null where it can."""
    position = depth = start = 0
    while (match := _START.search(text, position)) is not None:
        depth -= _closed(text[position : match.start()], depth)
        if match["wrong"] is not None:
            end = text.find("}", match.start())
            return text[match.start() : end + 1 if match["wrong"] and end >= 0 else match.start() + 12]
        if match["after"] and match["after"] != "}":
            depth += 1
            start = match.start() if depth == 1 else start
        position = match.end()
    depth -= _closed(text[position:], depth)
    return text[start:] if depth else None


def _closed(text: str, depth: int) -> int:
    return min(depth, text.count("}"))


def _interpolation(files: Files, path: str) -> Iterator[Hit]:
    document = _document(files, path)
    for section in ("services", "volumes", "networks", "secrets", "configs"):
        for parent, key, value in walk(mapping(document, section)):
            if isinstance(value, str) and "$" in value and (wrong := broken_interpolation(value)):
                yield Hit(at((parent, key), (document, section)), f"`{wrong}` is no interpolation that Compose reads")


_DOC = "Compose specification"
_C = "compose.yaml"

RULES = (
    Rule(
        "compose/undefined", "error", "Compose refuses the file: define it at the top level, `external: true` where it exists already.",
        f"{_DOC}: services use named volumes, networks, secrets and configs that the top level defines.",
        is_compose, _names,
        bad=(
            {_C: "services:\n  a:\n    image: a:1\n    volumes: ['data:/d']\n"},
            {_C: "services:\n  a:\n    image: a:1\n    networks: {back: {aliases: [x]}}\nnetworks: {front: }\n"},
            {_C: "services:\n  a:\n    image: a:1\n    secrets: [{source: s, target: t}]\n    configs: [c]\nconfigs: {c: {file: x}}\n"},
        ),
        good=(
            {_C: "services:\n  a:\n    image: a:1\n    volumes: ['data:/d', './x:/x', '/y:/y:ro', '~/z:/z', '${V}:/v', '/anon', 'C:\\x:/x']\n    networks: [default]\nvolumes:\n  data:\n"},
            {_C: "include: [x.yaml]\nservices:\n  a: {image: 'a:1', volumes: ['data:/d']}\n"},
            {"compose.yaml": "services: {a: {image: 'a:1'}}\nvolumes: {data: }\n", "compose.prod.yaml": "services: {a: {volumes: ['data:/d']}}\n"},
        ),
    ),
    Rule(
        "compose/unknown-service", "error", "Compose refuses the file: name a service of it.",
        f"{_DOC}: depends_on, links, volumes_from and `service:` name services of the model.",
        is_compose, _depends,
        bad=(
            {_C: "services:\n  a: {image: 'a:1', depends_on: [db]}\n"},
            {_C: "services:\n  a:\n    image: a:1\n    depends_on: {db: {condition: service_started}}\n  c: {image: 'a:1', network_mode: 'service:d'}\n"},
            {_C: "include: [{path: [b/c.yaml]}]\nservices:\n  a: {image: 'a:1', depends_on: [cache]}\n", "b/c.yaml": "services: {db: {image: 'p:1'}}\n"},
        ),
        good=(
            {_C: "include: [b/compose.yaml]\nservices:\n  a: {image: 'a:1', depends_on: [db]}\n", "b/compose.yaml": "services: {db: {image: 'p:1'}}\n"},
            {_C: "include: [b/compose.yaml]\nservices:\n  a: {image: 'a:1', depends_on: [db]}\n"},
            {_C: "services:\n  a:\n    image: a:1\n    depends_on: {db: {condition: service_started}, x: {condition: service_started, required: false}}\n    links: ['db:database']\n  db: {image: 'p:1'}\n"},
        ),
    ),
    Rule(
        "compose/cycle", "error", "Compose refuses the file: break the circle.",
        f"{_DOC}: dependencies between services must not be circular.",
        is_compose, _cycles,
        bad=({_C: "services:\n  a: {image: 'a:1', depends_on: [b]}\n  b: {image: 'a:1', depends_on: [c]}\n  c: {image: 'a:1', links: [a]}\n"},),
        good=({_C: "services:\n  a: {image: 'a:1', depends_on: [b, c]}\n  b: {image: 'a:1', depends_on: [c]}\n  c: {image: 'a:1'}\n"},),
    ),
    Rule(
        "compose/no-healthcheck", "error", "Give the service a `healthcheck`: until then nothing that waits for it starts.",
        f"{_DOC}: service_healthy waits for the dependency's healthcheck; a container without one cannot get healthy.",
        is_compose, _unhealthy,
        bad=(
            {_C: "services:\n  a: {image: 'a:1', depends_on: {db: {condition: service_healthy}}}\n  db: {image: 'postgres:17'}\n"},
            {_C: "services:\n  a: {image: 'a:1', depends_on: {b: {condition: service_healthy}}}\n  b: {build: ., healthcheck: {disable: true}}\n"},
        ),
        good=({_C: "services:\n  a: {image: 'a:1', depends_on: {db: {condition: service_healthy}, b: {condition: service_healthy}}}\n  db: {image: 'postgres:17', healthcheck: {test: pg_isready}}\n  b: {build: .}\n"},),
    ),
    Rule(
        "compose/port", "error", "Write `HOST:CONTAINER` with ports from 1 to 65535, ranges of the same length on both sides.",
        f"{_DOC}: ports are [HOST:]CONTAINER[/PROTOCOL], each a port or a range.",
        is_compose, _ports,
        bad=(
            {_C: "services:\n  a: {image: 'a:1', ports: ['80800:80']}\n"},
            {_C: "services:\n  a: {image: 'a:1', ports: ['8000-8002:80-81']}\n"},
            {_C: "services:\n  a:\n    image: a:1\n    ports: [{target: 70000, published: '80'}]\n"},
            {_C: "services:\n  a: {image: 'a:1', ports: ['http:80']}\n"},
        ),
        good=({_C: "services:\n  a: {image: 'a:1', ports: [80, '80:80/udp', '127.0.0.1:81:80', '127.0.0.1::80', '[::1]:1:1', '${P}:80', '9000-9002:80', '1-2:3-4', '0:80']}\n"},),
    ),
    Rule(
        "compose/duplicate-port", "warning", "Two containers cannot hold one port of the host: the second does not start.",
        f"{_DOC}: a published port is bound on the host.",
        is_compose, _doubles,
        bad=(
            {_C: "services:\n  a: {image: 'a:1', ports: ['80:80']}\n  b: {image: 'a:1', ports: ['127.0.0.1:80:8080'], depends_on: [a]}\n"},
            {_C: "services:\n  a: {image: 'a:1', ports: ['80:80', '80:81']}\n"},
        ),
        good=(
            {_C: "services:\n  a: {image: 'a:1', ports: ['80:80', '80:80/udp']}\n  b: {image: 'a:1', ports: ['81:80', '80']}\n  c: {image: 'a:1', profiles: [x], ports: ['80:80']}\n"},
            {_C: "services:\n  a: {image: 'a:1', ports: ['127.0.0.1:80:80']}\n  b: {image: 'a:1', ports: ['127.0.0.2:80:80']}\n"},
        ),
    ),
    Rule(
        "compose/interpolation", "error", "Write `${NAME}`, `${NAME:-default}` or `${NAME:?message}`; `$$` is a dollar sign.",
        f"{_DOC}: a dollar sign starts $NAME or ${{NAME}} with -, ? or +; $$ stands for itself.",
        is_compose, _interpolation,
        bad=(
            {_C: "services:\n  a: {image: 'a:${TAG'}\n"},
            {_C: "services:\n  a: {image: 'a:1', command: 'echo $(date)'}\n"},
            {_C: "services:\n  a: {image: 'a:1', environment: {A: '${A:default}', B: '${}'}}\n"},
        ),
        good=({_C: "services:\n  a: {image: 'a:${TAG:-1}', command: 'echo $$(date) $A ${B} ${C-} ${D:?no } ${E:+x}', environment: {A: '${A:-${B:-{}}}', J: '{\"a\": \"${B}\"}'}}\nx-y: '$('\n"},),
    ),
)  # fmt: skip
