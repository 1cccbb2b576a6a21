"""Compose services that open the host, or a database to everybody."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.yaml_files import documents, is_compose, line_of

_NEVER = "Disable security features for convenience"
_SOCKET = lazy_pattern(r"^(?:/var)?/run/docker\.sock$")
DATABASES = lazy_pattern(
    r"(?i)(?:^|/)(?:postgres|postgis|pgvector|timescaledb|mysql|mariadb|percona|mongo|mongodb|redis|valkey|keydb|memcached|"
    r"elasticsearch|opensearch|cassandra|scylla|couchdb|neo4j|clickhouse-server|influxdb|rabbitmq|mssql|server|oracle|cockroach)(?:[:@-]|$)"
)
DATABASE_PORTS = frozenset(
    {"5432", "3306", "27017", "6379", "11211", "9200", "9042", "1433", "1521", "5984", "7687", "8123", "26257", "5672"}
)
LOOPBACK = lazy_pattern(r"^(?:127\.|localhost|\[?::1)|^\$")
# Who may write there is root of the host.
HOST_FOLDERS = frozenset(
    {"/", "/etc", "/root", "/boot", "/usr", "/var", "/var/run", "/run", "/proc", "/sys", "/dev", "/home"}
)
POWERFUL = frozenset({"ALL", "SYS_ADMIN", "CAP_SYS_ADMIN", "SYS_MODULE"})


def _services(text: str) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    for document in documents(text):
        services = document.get("services") if isinstance(document, Mapping) else None
        for name, service in services.items() if isinstance(services, Mapping) else ():
            if isinstance(service, Mapping):
                yield str(name), service


def _privileged(_: str, text: str) -> Iterable[Hit]:
    for name, service in _services(text):
        if service.get("privileged") is True:
            yield Hit(line_of(service, "privileged"), f"{name} is privileged: it is root on the host")
        added = service.get("cap_add")
        for index, each in enumerate(added if isinstance(added, list) else ()):
            if str(each).upper() in POWERFUL:
                yield Hit(line_of(added, index), f"{name} gets the capability {each}, as good as root on the host")


def _socket(_: str, text: str) -> Iterable[Hit]:
    for name, service in _services(text):
        volumes = service.get("volumes")
        for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
            source = volume.get("source") if isinstance(volume, Mapping) else str(volume).split(":", 1)[0]
            if _SOCKET.match(str(source)):
                yield Hit(
                    line_of(volumes, index),
                    f"{name} gets the Docker socket, and with it the host (read-only changes nothing)",
                )


def _mounts(_: str, text: str) -> Iterable[Hit]:
    for name, service in _services(text):
        volumes = service.get("volumes")
        for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
            source = volume.get("source") if isinstance(volume, Mapping) else str(volume).split(":", 1)[0]
            plain = str(source).rstrip("/") or "/"
            if source and plain in HOST_FOLDERS and (isinstance(volume, Mapping) or ":" in str(volume)):
                agent = re.search(r"(?i):ro\b|rslave", str(volume)) or (
                    isinstance(volume, Mapping) and volume.get("read_only")
                )
                yield Hit(
                    line_of(volumes, index), f"{name} gets {plain} of the host", severity="info" if agent else None
                )


def _unasked(_: str, text: str) -> Iterable[Hit]:
    for name, service in _services(text):
        check = service.get("healthcheck")
        if "command" in service and not service.get("ports") and not service.get("expose"):
            continue  # a job or a worker: it answers nobody, so the image's own check is not about it
        if isinstance(check, Mapping):
            test = check.get("test")
            off = "disable" if check.get("disable") is True else "test" if test in (["NONE"], "NONE") else ""
            if off:
                yield Hit(line_of(check, off), f"the health check of {name} is switched off")


_INSTEAD = {
    "ipc": "Leave it out; `shm_size` gives a container more shared memory of its own.",
    "pid": "Leave it out: whoever sees the host's processes can stop them and read what they were given.",
    "userns_mode": "Leave it out, so that root in the container is nobody on the host.",
}


def _host(_: str, text: str) -> Iterable[Hit]:
    for name, service in _services(text):
        for key in ("network_mode", "pid", "ipc", "userns_mode"):
            if service.get(key) == "host":
                # browsers under test want the host's shared memory, and get nothing else by it
                yield Hit(
                    line_of(service, key),
                    f"{name} is not kept apart from the host ({key}: host)",
                    hint=_INSTEAD.get(key, ""),
                    severity="info" if key == "ipc" else None,
                )


def _unconfined(_: str, text: str) -> Iterable[Hit]:
    for name, service in _services(text):
        options = service.get("security_opt")
        for index, option in enumerate(options if isinstance(options, list) else ()):
            if re.fullmatch(
                r"(?:seccomp|apparmor)[:=]unconfined|label[:=]disable|no-new-privileges[:=]false", str(option)
            ):
                yield Hit(line_of(options, index), f"{name} switches a protection off ({option})")


def _root(_: str, text: str) -> Iterable[Hit]:
    for name, service in _services(text):
        if str(service.get("user", "")).split(":")[0] in ("root", "0"):
            yield Hit(line_of(service, "user"), f"{name} runs as root (user: {service['user']})")


def _published(_: str, text: str) -> Iterable[Hit]:
    for name, service in _services(text):
        ports = service.get("ports")
        if not DATABASES.search(str(service.get("image", ""))):
            continue
        for index, port in enumerate(ports if isinstance(ports, list) else ()):
            if isinstance(port, Mapping):
                host, target, open_ = str(port.get("host_ip", "")), str(port.get("target")), "published" in port
            else:
                parts = str(port).split("/")[0].rsplit(":", 2)
                host, target, open_ = (parts[0] if len(parts) > 2 else ""), parts[-1], len(parts) > 1
            if open_ and target in DATABASE_PORTS and not LOOPBACK.match(host):
                yield Hit(
                    line_of(ports, index),
                    f"{name} is a database open to every network of the host (port {port if not isinstance(port, Mapping) else target})",
                )


def _compose(body: str, image: str = "acme/a:1") -> dict[str, str]:
    return {"compose.yaml": f"services:\n  a:\n    image: {image}\n{body}"}


def _deployed(path: str) -> bool:
    """A Compose file, but none of those that say they are for development: there a port to the host is the point."""
    return is_compose(path) and not re.search(
        r"(?i)\b(?:dev|develop|development|local|override|test|debug)\b", posixpath.basename(path)
    )


def _dashboard(_: str, text: str) -> Iterable[Hit]:
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"--api\.insecure(?:=true)?(?=[\s\"',\]]|$)", line) and not line.lstrip().startswith("#"):
            yield Hit(number, "Traefik's dashboard and API are open to everybody (--api.insecure)")


RED_FLAGS = (
    RedFlag(
        "compose/privileged", _NEVER, "error", "Add the one capability or device that is needed.",
        applies=is_compose, check=_privileged,
        bad={**_compose("    privileged: true\n"), "docker-compose.yml": "services:\n  a:\n    cap_add: [ALL]\n"},
        good=_compose("    privileged: false\n    cap_drop: [ALL]\n    cap_add: [NET_BIND_SERVICE]\n"),
    ),
    RedFlag(
        "compose/docker-socket", _NEVER, "error", "Leave it out, or put a proxy between that lets single calls through.",
        applies=is_compose, check=_socket,
        bad={
            **_compose("    volumes:\n      - /var/run/docker.sock:/var/run/docker.sock:ro\n"),
            "docker-compose.yml": "services:\n  a:\n    volumes:\n      - {type: bind, source: /run/docker.sock, target: /d}\n",
        },
        good=_compose("    volumes:\n      - data:/var/run/docker.sock.d\n"),
    ),
    RedFlag(
        "compose/host-namespace", _NEVER, "warning", "Publish the ports that are needed instead.",
        applies=is_compose, check=_host,
        bad=_compose("    network_mode: host\n"),
        good=_compose("    network_mode: bridge\n    hostname: host\n"),
    ),
    RedFlag(
        "compose/host-path", _NEVER, "warning", "Mount the one folder that is needed, read-only where nothing is written.",
        applies=is_compose, check=_mounts,
        bad={**_compose("    volumes: ['/:/host']\n"), "docker-compose.yml": "services:\n  a:\n    volumes:\n      - {type: bind, source: /etc, target: /x}\n"},
        good=_compose("    volumes: ['./etc:/etc', '/srv/a:/a', '/etc/localtime:/etc/localtime:ro', 'data:/var']\n"),
    ),
    RedFlag(
        "compose/health-off", "Ignore failed health checks", "warning", "Check what the service answers, or leave the image's own check on.",
        applies=is_compose, check=_unasked,
        bad={**_compose("    healthcheck: {disable: true}\n"), "docker-compose.yml": "services:\n  a:\n    healthcheck: {test: [NONE]}\n"},
        good={
            **_compose("    healthcheck: {test: [CMD, a]}\n"),
            "docker-compose.yml": "services:\n  worker:\n    image: a/b:1\n    command: [worker]\n    healthcheck: {disable: true}\n",
        },
    ),
    RedFlag(
        "compose/unconfined", _NEVER, "warning", "Keep the default profile, and allow the one call that is needed in one of your own.",
        applies=is_compose, check=_unconfined,
        bad=_compose("    security_opt:\n      - seccomp:unconfined\n"),
        good=_compose("    security_opt:\n      - no-new-privileges:true\n"),
    ),
    RedFlag(
        "compose/open-dashboard", _NEVER, "warning", "Serve it by a router with authentication, or leave it off.",
        applies=_deployed, check=_dashboard,
        bad={"docker-compose.prod.yml": "services:\n  a:\n    image: traefik:v3.6\n    command: [--api.insecure=true]\n"},
        good={
            "compose.prod.yml": "services:\n  a:\n    image: traefik:v3.6\n    command: [--api.insecure=false, --api]\n",
            "docker-compose.override.yml": "services:\n  a:\n    image: traefik:v3.6\n    command: [--api.insecure=true]\n",
        },
    ),
    RedFlag(
        "compose/root", "Run containers as root user", "warning", "Name a user by a number above 0.",
        applies=is_compose, check=_root,
        bad=_compose("    user: \"0:0\"\n"), good=_compose("    user: \"1000:0\"\n"),
    ),
    RedFlag(
        "compose/open-database", _NEVER, "warning",
        "Bind it to this machine (127.0.0.1:5432:5432), or publish nothing: services reach each other by name.",
        applies=_deployed, check=_published,
        bad={
            **_compose("    ports:\n      - \"5432:5432\"\n", "postgres:18"),
            "docker-compose.prod.yml": "services:\n  c:\n    image: redis:8\n    ports:\n      - {target: 6379, published: 6379}\n",
        },
        good={
            **_compose("    ports:\n      - \"127.0.0.1:5432:5432\"\n      - \"5432\"\n", "postgres:18"),
            "docker-compose.yml": "services:\n  a:\n    image: acme/web:1\n    ports: [\"80:8080\"]\n",
            "docker-compose.override.yml": "services:\n  a:\n    image: postgres:18\n    ports: [\"5432:5432\"]\n",
        },
    ),
)  # fmt: skip
