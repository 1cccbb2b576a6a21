"""Ports that a variable tells a program of the repository to listen on, and that its container does not have."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks import consistency
from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, scalar
from boringops_tools.checks.compose import container_ports
from boringops_tools.checks.kubernetes import named
from boringops_tools.yaml_files import is_compose, is_yaml

_NAMES = frozenset({"PORT", "HTTP_PORT", "SERVER_PORT", "APP_PORT", "LISTEN_PORT", "WEB_PORT", "API_PORT"})


def _readers(files: Files) -> frozenset[str]:
    """The variables by which the applications of the repository are told their port."""
    return frozenset(
        each.name for app in files.stack.applications if app.deployable for each in app.env if each.name in _NAMES
    )


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if re.fullmatch(r"[1-9]\d{1,4}", text) else None


def _pods(files: Files, path: str) -> Iterator[Hit]:
    if "containerPort" not in files.text(path) or "PORT" not in files.text(path):
        return
    for thing, container, _ in consistency.own_containers(files, path):
        ports = {scalar(mapping(each).get("containerPort")) for each in listed(container.get("ports"))}
        said = f"{container.get('command')} {container.get('args')}"
        for each in listed(container.get("env")):
            name, port = mapping(each).get("name"), _number(mapping(each).get("value"))
            if port is None or not ports or port in ports or any(str(one) in said for one in ports):
                continue
            if name in files.once(_readers):
                has = ", ".join(sorted(map(str, ports)))
                yield Hit(
                    at((each, "value")),
                    f"{named(thing)}: `{name}` makes it listen on {port}; the container has port {has}",
                )


def _environment(service: Mapping[Any, Any]) -> Iterator[tuple[str, Any, int | None]]:
    given = service.get("environment")
    for name, value in mapping(given).items():
        yield str(name), value, at((given, name))
    for position, each in enumerate(listed(given)):
        name, _, value = str(each).partition("=")
        yield name, value, at((given, position))


def _services(files: Files, path: str) -> Iterator[Hit]:
    for service_name, service in consistency.services(files, path):
        if consistency.built_from(files, path, service) is None or {"command", "entrypoint", "extends"} & set(service):
            continue
        ports = {port for port, _ in container_ports(service)}
        for name, value, line in _environment(service):
            port = _number(value)
            if port and ports and port not in ports and name in _NAMES and name in files.once(_readers):
                has = ", ".join(map(str, sorted(ports)))
                yield Hit(
                    line,
                    f"service `{service_name}`: `{name}` makes it listen on {port}; what is published is port {has}",
                )


_APP = {
    "package.json": '{"name": "a", "scripts": {"start": "node server.js"}}\n',
    "server.js": "require('http').createServer((a, b) => b.end()).listen(process.env.PORT || 3000);\n",
    "Dockerfile": 'FROM node:24\nCOPY server.js ./\nEXPOSE 3000\nCMD ["node", "server.js"]\n',
}
_COMPOSE = "services:\n  a:\n    build: .\n    environment: {{PORT: '{}'}}\n    ports: ['127.0.0.1:3000:{}']\n"
_POD = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec:\n  selector: {{matchLabels: {{app: a}}}}\n  template:\n    metadata: {{labels: {{app: a}}}}\n    spec:\n      containers:\n      - {{name: a, image: 'ghcr.io/acme/a:1', ports: [{{containerPort: {}}}], env: [{{name: PORT, value: '{}'}}]}}\n"

RULES = (
    Rule("consistency/set-port", "warning", "Let the variable, the container's port and what is published be one number.", "A program that is told its port by a variable listens there and nowhere else.", is_yaml, _pods,
         bad=({**_APP, "k8s/a.yaml": _POD.format(3000, 9090)},), good=({**_APP, "k8s/a.yaml": _POD.format(3000, 3000)}, {**_APP, "k8s/a.yaml": _POD.format(3000, 9090).replace("PORT", "METRICS_PORT")}, {"k8s/a.yaml": _POD.format(3000, 9090)})),
    Rule("consistency/set-compose-port", "warning", "Let the variable and the container's side of `ports` be one number.", "Compose, ports: HOST:CONTAINER, and the container's is the one that the program listens on.", is_compose, _services,
         bad=({**_APP, "compose.yaml": _COMPOSE.format(8080, 3000)},), good=({**_APP, "compose.yaml": _COMPOSE.format(8080, 8080)}, {**_APP, "compose.yaml": _COMPOSE.format("${PORT}", 3000)}, {"compose.yaml": _COMPOSE.format(8080, 3000), "Dockerfile": "FROM a:1\n"})),
)  # fmt: skip
