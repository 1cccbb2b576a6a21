"""Ports at which one service asks another, where that one is built here and listens on others."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks import consistency
from boringops_tools.checks.base import Files, Hit, Rule, at, listed
from boringops_tools.checks.images import exposed
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose

_URL = lazy_pattern(r"\b(?:https?|grpcs?|wss?|tcp)://([a-z][\w-]*):(\d{2,5})\b", re.I)
_MOST = 300


def _sets(service: Mapping[Any, Any]) -> Iterator[tuple[str, int | None, str]]:
    """(what, line, text) of everything in a service that may name another one."""
    for section in ("environment", "command", "entrypoint"):
        given = service.get(section)
        if isinstance(given, Mapping):
            yield from ((f"`{name}`", at((given, name)), str(value)) for name, value in given.items())
        elif isinstance(given, str):
            yield f"`{section}`", at((service, section)), given
        for position, each in enumerate(listed(given)):
            name = str(each).partition("=")[0] if section == "environment" else section
            yield f"`{name}`", at((given, position), (service, section)), str(each)


def _listens(files: Files, path: str, service: Mapping[Any, Any]) -> set[int]:
    """The ports that the image of a service exposes; none where something else may make it listen elsewhere."""
    built = consistency.built_from(files, path, service)
    if built is None or {"env_file", "extends", "network_mode", "configs"} & set(service):
        return set()
    return exposed(files, built[1])[0]


def _speaks_of(files: Files, path: str, service: Mapping[Any, Any], port: int) -> bool:
    """Whether the service itself, its Dockerfile or its code names a port."""
    number = re.compile(rf"(?<!\d){port}(?!\d)")
    built = consistency.built_from(files, path, service)
    told = " ".join(str(service.get(key)) for key in service if key not in ("depends_on", "networks"))
    folder = built[0] if built else "."
    # Another file for Compose may set it, too.
    inside = [each for each in files.all if folder == "." or each.startswith(f"{folder}/") or is_compose(each)]
    inside = [each for each in inside if each != path and "lock" not in each]
    if built is None or number.search(told) or number.search(files.text(built[1])) or len(inside) > _MOST:
        return True
    return any(number.search(files.text(each)) for each in inside)


def _addresses(files: Files, path: str) -> Iterator[Hit]:
    services = dict(consistency.services(files, path))
    if any(service.get("network_mode") for service in services.values()):
        return
    for name, service in services.items():
        for what, line, text in _sets(service):
            for host, digits in _URL.findall(text):
                other, port = services.get(host), int(digits)
                ports = _listens(files, path, other) if other is not None and host != name else set()
                if other is not None and ports and port not in ports and not _speaks_of(files, path, other, port):
                    has = ", ".join(map(str, sorted(ports)))
                    yield Hit(line, f"service `{name}`: {what} asks port {port} of `{host}`, which listens on {has}")


_IMAGES = {"a/Dockerfile": "FROM a:1\nEXPOSE 3000\n", "b/Dockerfile": "FROM a:1\nEXPOSE 8000\n"}
_TWO = "services:\n  a:\n    build: a\n    environment: {}\n  b:\n    build: b\n"


def _two(environment: str, **more: str) -> dict[str, str]:
    return {**_IMAGES, "compose.yaml": _TWO.format(environment), **more}


RULES = (
    Rule("consistency/asked-port", "warning", "Ask the port that the service listens on in its container, whichever is published.", "Compose, Networking: services reach each other by name, at the container's port.", is_compose, _addresses,
         bad=(_two("{B_URL: 'http://b:8080'}"), _two("['B_URL=http://b:3000/x']"), {**_IMAGES, "compose.yaml": _TWO.format("{}") + "    ports: []\n  c: {image: 'c:1', command: --to=http://b:80}\n"}),
         good=(_two("{B_URL: 'http://b:8000'}"), _two("{B_URL: 'http://b.example.com:8080'}"), _two("{B_URL: 'http://b:8080'}", **{"b/main.py": "serve(8080)\n"}),
               {**_two("{B_URL: 'http://b:8080'}"), "compose.yaml": _TWO.format("{B_URL: 'http://b:8080'}") + "    environment: {PORT: '8080'}\n"}, {**_two("{B_URL: 'http://b:8080'}"), "b/Dockerfile": "FROM a:1\n"})),
)  # fmt: skip
