"""Traefik: what routers name, and settings that leave it open."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.yaml_files import is_yaml

_OWN = frozenset(
    {"api@internal", "dashboard@internal", "noop@internal", "ping@internal", "prometheus@internal", "rest@internal"}
)


def _static(path: str) -> bool:
    return bool(re.fullmatch(r"traefik\.ya?ml", posixpath.basename(path)))


def _documents(files: Files, paths: list[str]) -> list[Mapping[Any, Any]]:
    return [mapping(each) for path in paths for each in files.documents(path) if isinstance(each, Mapping)]


def _routers(files: Files, path: str) -> Iterator[Hit]:
    if "routers:" not in files.text(path):
        return
    together = _documents(files, [each for each in files.siblings(path) if is_yaml(each)])
    statics = _documents(files, [each for each in files.all if _static(each)])
    points = {str(name) for each in statics for name in mapping(each, "entryPoints")}
    resolvers = {str(name) for each in statics for name in mapping(each, "certificatesResolvers")}
    for document in files.documents(path)[:1]:
        for kind in ("http", "tcp"):
            section = mapping(document, kind)
            known = {
                key: {str(name) for each in together for name in mapping(each, kind, key)}
                for key in ("services", "middlewares")
            }
            for name, router in mapping(section, "routers").items():
                yield from _router(str(name), mapping(router), known, points, resolvers)


def _router(
    name: str, router: Mapping[Any, Any], known: Mapping[str, set[str]], points: set[str], resolvers: set[str]
) -> Iterator[Hit]:
    service = router.get("service")
    if isinstance(service, str) and _missing(service, known["services"]):
        yield Hit(at((router, "service")), f"router `{name}`: there is no service `{service}`")
    for key, names in (("middlewares", known["middlewares"]), ("entryPoints", points)):
        for position, each in enumerate(listed(router.get(key))):
            if isinstance(each, str) and names and _missing(each, names):
                yield Hit(
                    at((router[key], position), (router, key)),
                    f"router `{name}`: `{key}` names `{each}`; there is {', '.join(sorted(names))}",
                )
    resolver = text_of(mapping(router, "tls").get("certResolver"))
    if resolver and resolvers and _missing(resolver, resolvers):
        yield Hit(
            at((router["tls"], "certResolver")),
            f"router `{name}`: there is no resolver `{resolver}`; there is {', '.join(sorted(resolvers))}",
        )


def _missing(name: str, known: set[str]) -> bool:
    plain, _, provider = name.partition("@")
    return name not in _OWN and "{{" not in name and provider in ("", "file") and plain not in known


def _open(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path)[:1]:
        api = mapping(document, "api")
        if api.get("insecure") is True and {"entryPoints", "providers"} & set(mapping(document)):
            yield Hit(at((api, "insecure")), "the dashboard and the API answer anybody on port 8080")
        transports = [
            mapping(document, "serversTransport"),
            *map(mapping, mapping(document, "http", "serversTransports").values()),
        ]
        for each in transports:
            if each.get("insecureSkipVerify") is True:
                yield Hit(at((each, "insecureSkipVerify")), "any certificate of a server is accepted")


_S, _D = "traefik.yml", "dynamic/a.yml"
_STATIC = (
    "entryPoints: {websecure: {address: ':443'}}\ncertificatesResolvers: {le: {}}\nproviders: {file: {directory: d}}\n"
)
_DYNAMIC = "http:\n  routers:\n    a: {{rule: x, service: {}, middlewares: [{}], entryPoints: [{}], tls: {{certResolver: {}}}}}\n  services: {{a: {{loadBalancer: {{}}}}}}\n  middlewares: {{m: {{}}}}\n"


def _pair(service: str = "a", middleware: str = "m", point: str = "websecure", resolver: str = "le") -> dict[str, str]:
    return {_S: _STATIC, _D: _DYNAMIC.format(service, middleware, point, resolver)}


RULES = (
    Rule("traefik/undefined", "error", "Traefik drops the router: name what the configuration has.", "Traefik documentation, Routers: services, middlewares, entry points and resolvers by name.", is_yaml, _routers,
         bad=(_pair(service="b"), _pair(middleware="n"), _pair(point="https"), _pair(resolver="x")), good=(_pair(), _pair(service="api@internal", middleware="x@docker"))),
    Rule("traefik/open", "warning", "Put the dashboard behind a router of its own with authentication; trust the servers' authority by rootCAs.", "Traefik documentation: api.insecure, and insecureSkipVerify.", is_yaml, _open,
         bad=({_S: _STATIC + "api: {insecure: true}\n"}, {_S: _STATIC + "serversTransport: {insecureSkipVerify: true}\n"}), good=({_S: _STATIC + "api: {dashboard: true}\n"},)),
)  # fmt: skip
