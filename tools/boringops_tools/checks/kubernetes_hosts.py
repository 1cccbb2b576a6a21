"""Hosts that pods are told to ask, where the one Service of such a program bears another name."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.deploys import is_pipeline
from boringops_tools.checks.hosts import asked
from boringops_tools.checks.kubernetes import Object, containers, is_whole, named, objects, pod_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml

# The port a program listens on by its documentation, by the words of variables and of addresses for it.
_PORTS = (
    (r"postgres|pg", {5432}), (r"mysql|mariadb", {3306}), (r"database|db", {5432, 3306}), (r"redis|valkey", {6379}), (r"mongo", {27017}),
    (r"rabbit|amqp", {5672}), (r"nats", {4222}), (r"kafka|bootstrap", {9092}), (r"memcache", {11211}), (r"elastic|opensearch", {9200}),
)  # fmt: skip
_IN_CLUSTER = lazy_pattern(r"(?P<name>[a-z][a-z0-9-]*)\.(?P<space>[a-z][a-z0-9-]*)\.svc(?:\.cluster\.local)?(?=[:/]|$)")


def _services(files: Files) -> list[Object] | None:
    """The Services of the repository; null where names may come from elsewhere: charts, generators, prefixes."""
    found = []
    paths = [each for each in files.all if is_yaml(each) and not is_pipeline(each)]
    if len(paths) > 300 or "Chart.yaml" in files.by_name:
        return None
    for path in paths:
        if re.search(
            r"(?m)^\s*name(?:Prefix|Suffix)\s*:|^helmCharts\s*:|kind:\s*(?:HelmRelease|HelmChart|Kafka|Cluster|Application)\b",
            files.text(path),
        ):
            return None
        found += [each for each in objects(files, path) if each["kind"] == "Service"]
    return found


def _name(thing: Mapping[Any, Any]) -> str:
    return str(mapping(thing, "metadata").get("name"))


def _space(thing: Mapping[Any, Any]) -> str:
    return str(mapping(thing, "metadata").get("namespace") or "")


def _given(thing: Object) -> Iterator[tuple[str, str, int | None]]:
    """Variables with their values: those of a pod's containers and of a ConfigMap."""
    for container in containers(pod_of(thing)) if is_whole(thing) else ():
        for each in map(mapping, listed(container.get("env"))):
            if isinstance(value := each.get("value"), str):
                yield str(each.get("name")), value, at((each, "value"))
    data = mapping(thing, "data") if thing["kind"] == "ConfigMap" else {}
    yield from (
        (str(key), value, at((data, key)))
        for key, value in data.items()
        if isinstance(value, str) and "\n" not in value
    )


def _hosts(name: str, value: str, space: str) -> Iterator[tuple[str, str]]:
    """The hosts that a variable says to ask, each with the namespace it is in."""
    if match := _IN_CLUSTER.search(value):
        yield match["name"], match["space"]
    else:
        yield from ((host, space) for host in asked(name, value))


def _unknown(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        for name, value, line in _given(thing):
            for host, space in _hosts(name, value, _space(thing)):
                services: list[Object] | None = files.once(_services)
                if services is None or host in ("localhost", "host") or any(_name(each) == host for each in services):
                    continue
                said = f"{name} {value.partition('://')[0] if '://' in value else ''}".lower()
                ports = next((ports for word, ports in _PORTS if re.search(rf"(?:^|[^a-z])(?:{word})", said)), set())
                meant = [
                    each
                    for each in services
                    if _space(each) == space
                    and any(mapping(port).get("port") in ports for port in listed(mapping(each, "spec").get("ports")))
                ]
                if len(meant) == 1 and mapping(meant[0], "spec").get("type") != "ExternalName":
                    yield Hit(
                        line,
                        f"{named(thing)}: `{name}` asks `{host}`, which is no Service; the one for it is `{_name(meant[0])}`",
                    )


_S = "---\napiVersion: v1\nkind: Service\nmetadata: {name: database, namespace: shop}\nspec: {selector: {app: db}, ports: [{port: 5432}]}\n"
_P = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: shop}}\nspec: {{containers: [{{name: a, image: 'a/b:1', env: [{{name: {}, value: '{}'}}]}}]}}\n"
_M = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, namespace: shop}}\ndata: {{{}: '{}'}}\n"

RULES = (
    Rule("kubernetes/unknown-host", "warning", "Name the Service by its name.", "Kubernetes, DNS for Services: a Service answers to its name in its namespace.", is_yaml, _unknown,
         bad=({"k8s/a.yaml": _P.format("DATABASE_HOST", "postgres") + _S}, {"k8s/a.yaml": _P.format("DATABASE_URL", "postgres://shop@db:5432/shop"), "k8s/b.yaml": _S}, {"k8s/a.yaml": _M.format("DB_HOST", "db") + _S}, {"k8s/a.yaml": _P.format("PGHOST", "db.shop.svc.cluster.local") + _S}),
         good=({"k8s/a.yaml": _P.format("DATABASE_HOST", "database") + _S}, {"k8s/a.yaml": _P.format("DATABASE_HOST", "database.shop.svc") + _S}, {"k8s/a.yaml": _P.format("DATABASE_HOST", "db.example.com") + _S}, {"k8s/a.yaml": _P.format("DATABASE_HOST", "postgres")},
               {"k8s/a.yaml": _P.format("REDIS_HOST", "cache") + _S}, {"k8s/a.yaml": _P.format("DATABASE_HOST", "localhost") + _S}, {"k8s/a.yaml": _P.format("DATABASE_HOST", "db.data.svc") + _S}, {"k8s/a.yaml": _P.format("DATABASE_HOST", "postgres") + _S, "Chart.yaml": "name: a\n"})),
)  # fmt: skip
