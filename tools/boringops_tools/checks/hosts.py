"""Hosts and ports by which one service names another: in Compose's variables, nginx, and what Prometheus scrapes."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.compose import container_ports
from boringops_tools.checks.images import exposed
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose, is_yaml

_ADDRESS = lazy_pattern(r"^[a-z][a-z0-9+.-]*://(?:[^@/\s]*@)?([a-z][a-z0-9_-]*)(?::(?:\d+|\$))?(?:[/?]|$)", re.I)
# What is asked by name alone: the database's, the broker's or the cache's host. What else is called so is often one's own.
_HOST_VARIABLE = lazy_pattern(
    r"(?i)(?:^|_)(?:db|database|postgres(?:ql)?|pg|mysql|mariadb|mongo(?:db)?|redis|valkey|cache|rabbit(?:mq)?|amqp|broker|queue|kafka|nats|"
    r"memcached?|elastic(?:search)?|opensearch|clickhouse|influx(?:db)?|minio|smtp|mail|upstream|backend|api|zookeeper|consul|vault|otel|jaeger)"
    r"(?:_?(?:\w+_)?(?:host|hostname|hosts|addr|address)|_(?:bootstrap_)?servers?|_brokers?|_broker_list|_endpoint)$|(?:^|_)bootstrap_servers$"
)
_OWN_HOST = lazy_pattern(
    r"(?i)virtual|letsencrypt|listen|bind|advertise|public|external|allowed|trusted|server_host(?:name)?$|^(?:minio|vault|nats|redis_exporter)_server"
)
_NAME = lazy_pattern(r"[a-z][a-z0-9_-]*")
_HERE = frozenset({"localhost", "host", "example", "hostname", "server", "unix", "backend-host", "your-host"})


def _names(service: Mapping[Any, Any], name: str) -> Iterator[str]:
    yield name
    for key in ("container_name", "hostname"):
        if isinstance(value := service.get(key), str):
            yield value
    for network in mapping(service, "networks").values():
        yield from (str(each) for each in listed(mapping(network).get("aliases")))
    for link in listed(service.get("links")):
        yield str(link).rpartition(":")[2]
    extra = service.get("extra_hosts")
    yield from (re.split(r"[:=]", str(each))[0] for each in (extra if isinstance(extra, list | Mapping) else ()))


def _reachable(files: Files) -> dict[str, set[int] | None] | None:
    """Every name that a service of a Compose file answers to, with its ports where they are known.

    Null where there is no Compose file, or names may come from elsewhere."""
    found: dict[str, set[int] | None] = {}
    paths = [each for each in files.all if is_compose(each)]
    for path in paths:
        for document in files.documents(path)[:1]:
            if "include" in document or any(
                mapping(each).get("external") for each in mapping(document, "networks").values()
            ):
                return None
            for name, service in mapping(document, "services").items():
                ports = _ports(files, path, mapping(service))
                for one in _names(mapping(service), str(name)):
                    found[one] = ports if found.get(one, ports) == ports else None
    return found if paths and found else None


def _ports(files: Files, path: str, service: Mapping[Any, Any]) -> set[int] | None:
    """The ports a service built here listens on; null where that is not known."""
    build = service.get("build")
    context = build.get("context", ".") if isinstance(build, Mapping) else build
    if not isinstance(context, str) or "$" in context or "command" in service:
        return None
    dockerfile = build.get("dockerfile", "Dockerfile") if isinstance(build, Mapping) else "Dockerfile"
    place = posixpath.normpath(posixpath.join(PurePosixPath(path).parent.as_posix(), context, str(dockerfile)))
    told, _ = exposed(files, place)
    more = {port for port, _ in container_ports(service)} | {
        int(each) for each in listed(service.get("expose")) if str(each).isdigit()
    }
    return told | more if told else None


def wrong_address(files: Files, host: str, port: str | None) -> str:
    """What is wrong with an address of a service; empty where nothing is known to be."""
    services: dict[str, set[int] | None] | None = files.once(_reachable)
    if services is None or not _NAME.fullmatch(host) or host in _HERE:
        return ""
    if host not in services:
        return f"`{host}` is no service of a Compose file; there are {', '.join(sorted(services)[:8])}"
    ports = services[host]
    if port and ports and int(port) not in ports:
        return f"`{host}` listens on {', '.join(map(str, sorted(ports)))}, not on {port}"
    return ""


def asked(name: str, value: str) -> list[str]:
    """The hosts without a dot that a variable says to ask: in an address, or by itself where the variable is one of a host."""
    if match := _ADDRESS.match(re.sub(r"\$\{[^}]*\}", "$", value)):
        return [match[1]]
    if not _HOST_VARIABLE.search(name) or _OWN_HOST.search(name):
        return []
    found = [re.fullmatch(r"([a-z][a-z0-9_-]*)(?::\d+)?", each.strip()) for each in value.split(",")]
    return [each[1] for each in found if each] if all(found) else []


def _variables(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path)[:1]:
        for name, service in mapping(document, "services").items():
            values = mapping(service).get("environment")
            pairs = list(values.items()) if isinstance(values, Mapping) else list(enumerate(listed(values)))
            for key, value in pairs:
                variable, _, text = (
                    str(value).partition("=") if isinstance(values, list) else (str(key), "=", str(value))
                )
                hosts = asked(variable, text.strip("\"'")) if "network_mode" not in mapping(service) else []
                if wrong := next(filter(None, (wrong_address(files, host, None) for host in hosts)), ""):
                    yield Hit(at((values, key)), f"service `{name}`: `{variable}`: {wrong}")


_PASS = lazy_pattern(
    r"^\s*(?:proxy_pass\s+https?://|server\s+|(?:fastcgi|uwsgi|grpc)_pass\s+(?:grpcs?://)?)([a-z][a-z0-9_-]*):(\d+)",
    re.M,
)


def is_nginx(path: str) -> bool:
    return path.endswith((".conf", ".conf.template")) and bool(re.search(r"nginx|conf\.d|sites-", path))


def _proxies(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    for match in _PASS.finditer(text):
        if wrong := wrong_address(files, match[1], match[2]):
            yield Hit(text.count("\n", 0, match.start(1)) + 1, f"the address {match[1]}:{match[2]}: {wrong}")


def _scrapes(files: Files, path: str) -> Iterator[Hit]:
    if "scrape_configs" not in files.text(path):
        return
    for document in files.documents(path)[:1]:
        for job in listed(mapping(document).get("scrape_configs")):
            for entry in listed(mapping(job).get("static_configs")):
                targets = listed(mapping(entry).get("targets"))
                for position, target in enumerate(targets):
                    host, _, port = str(target).partition(":")
                    services: dict[str, set[int] | None] | None = files.once(_reachable)
                    if services and host in services and port.isdigit() and (wrong := wrong_address(files, host, port)):
                        yield Hit(at((targets, position)), f"the target {target}: {wrong}")


_BESIDE = {"Dockerfile": "FROM a:1\nEXPOSE 8080\n"}
_C = "services:\n  api: {build: .}\n  db: {image: 'postgres:18'}\n"
_REASON = "Name the service as the Compose file does, and the port it listens on."

RULES = (
    Rule(
        "consistency/unknown-host", "warning", _REASON, "Compose: services reach each other by their names.", is_compose, _variables,
        bad=(
            {"compose.yaml": _C + "  a:\n    image: a:1\n    environment: {URL: 'postgres://a:${P:-x}@database:5432/a'}\n", **_BESIDE}, {"compose.yaml": _C + "  a:\n    image: a:1\n    environment: {DATABASE_HOST: postgres}\n"},
            {"compose.yaml": _C + "  a:\n    image: a:1\n    environment: ['KAFKA_BROKERS=db:9092,kafka:9092']\n"}, {"compose.yaml": _C + "  a:\n    image: a:1\n    environment: {REDIS_ADDR: 'cache:6379'}\n"},
        ),
        good=(
            {"compose.yaml": _C + "  a:\n    image: a:1\n    environment: {DATABASE_HOST: db, PGHOST: db.example.com, REDIS_HOST: '${REDIS_HOST:-redis}', API_HOST: localhost, VIRTUAL_HOST: shop, SERVER_HOST: a, SMTP_HOST: }\n    extra_hosts: ['mail:10.0.0.1']\n"},
            {"compose.yaml": _C + "  a:\n    image: a:1\n    network_mode: host\n    environment: {DATABASE_HOST: postgres}\n"},
            {"compose.yaml": _C + "  a:\n    image: a:1\n    environment: [\"URL=postgres://a:${P:-x}@db:5432/a\", 'B=https://acme.io/', 'C=http://localhost:1', 'D=${E}', 'F=postgres://a:${P:-x}@${H}:${N}/a']\n", **_BESIDE},
        ),
    ),
    Rule(
        "consistency/proxy-address", "warning", _REASON, "Compose: services reach each other by their names, on the ports of the container.", is_nginx, _proxies,
        bad=({"compose.yaml": _C, "nginx/a.conf": "server {\n  location / { }\n  proxy_pass http://api:8000;\n}\n", **_BESIDE}, {"compose.yaml": _C, "nginx/a.conf": "upstream x {\n  server web:8080;\n}\n", **_BESIDE}),
        good=({"compose.yaml": _C, "nginx/a.conf": "server {\n  proxy_pass http://api:8080;\n  # proxy_pass http://web:1;\n}\n", **_BESIDE}, {"nginx/a.conf": "proxy_pass http://web:1;\n"}),
    ),
    Rule(
        "consistency/scrape-address", "warning", _REASON, "Prometheus asks the address as it stands.", is_yaml, _scrapes,
        bad=({"compose.yaml": _C, "prometheus.yml": "scrape_configs:\n- job_name: a\n  static_configs: [{targets: ['api:8000']}]\n", **_BESIDE},),
        good=({"compose.yaml": _C, "prometheus.yml": "scrape_configs:\n- job_name: a\n  static_configs: [{targets: ['api:8080', 'node:9100', 'db:9187']}]\n", **_BESIDE},),
    ),
)  # fmt: skip
