"""Kubernetes: where Ingresses and the routes of gateways send to, and Services that they name and nobody has."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import Object, named
from boringops_tools.checks.kubernetes_together import (
    all_here,
    is_anywhere,
    name_of,
    related,
    shares_space,
    together,
)
from boringops_tools.yaml_files import is_manifest, is_yaml, walk

_ROUTES = ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")


@dataclass(frozen=True)
class Sent:
    """A Service that is sent to, and the port of it by number or by name; null where none is said."""

    name: str
    port: Any
    line: int | None


def backends(files: Files, path: str) -> Iterator[tuple[Object, Sent]]:
    for thing in files.documents(path):
        if is_manifest(thing) and thing["kind"] in ("Ingress", "IngressRoute", *_ROUTES):
            yield from ((thing, each) for each in _backends(thing) if each.name and "$" not in each.name)


def _backends(thing: Object) -> Iterator[Sent]:
    for parent, key, value in walk(thing):
        if key == "service" and isinstance(value, Mapping) and thing["kind"] == "Ingress":
            port = mapping(value, "port")
            field = "number" if "number" in port else "name"
            yield Sent(str(value.get("name") or ""), port.get(field), at((port, field), (value, "name"), (parent, key)))
        elif key in ("backendRefs", "services") and thing["kind"] != "Ingress":
            for position, each in enumerate(listed(value)):
                other = mapping(each).get("namespace") or mapping(each).get("kind", "Service") != "Service"
                if isinstance(each, Mapping) and not other:
                    yield Sent(
                        str(each.get("name") or ""),
                        each.get("port"),
                        at((each, "port"), (each, "name"), (value, position)),
                    )


def _lost(files: Files, path: str) -> Iterator[Hit]:
    """Ingresses and routes that send to a Service which is not there, where the Services stand beside them."""
    here = [each for each in files.documents(path) if is_manifest(each)]
    near = [each for each in together(files, path) if each["kind"] == "Service"]
    beside = any(each["kind"] == "Service" for each in here)
    names = {name_of(each) for each in near}
    for thing, sent in backends(files, path):
        if sent.name in names:
            continue
        meant = beside and thing["kind"] == "Ingress" and not is_anywhere(files, "Service", sent.name)
        if meant or _is_meant(files, path, thing, sent.name, near):
            yield Hit(sent.line, f"{named(thing)} sends to the Service `{sent.name}`, which is not here")


def _is_meant(files: Files, path: str, thing: Object, name: str, near: list[Object]) -> bool:
    """Whether a Service of another file is surely meant: nothing sends to it, and it bears nearly the name."""
    reached = {sent.name for each in files.siblings(path) if is_yaml(each) for _, sent in backends(files, each)}
    idle = [name_of(each) for each in near if name_of(each) not in reached and shares_space(thing, each)]
    alike = [each for each in idle if related(name, each) or name_of(thing) == each]
    return len(alike) == 1 and all_here(files, path) and not is_anywhere(files, "Service", name)


_DOC = "Kubernetes API reference"
_INGRESS = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a}}\nspec:\n  defaultBackend: {{service: {{name: {}, port: {{number: 80}}}}}}\n"
_ROUTE = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: a}}\nspec: {{rules: [{{backendRefs: [{{name: {}, port: 80}}]}}]}}\n"
_SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"


def _apart(text: str, service: str = _SERVICE) -> dict[str, str]:
    return {"a.yaml": text, "b.yaml": service}


RULES = (
    Rule("k8s/ingress-service", "error", "Who asks gets 503: name a Service that is there.", f"{_DOC}: a backend of an Ingress or a route names a Service of its namespace.", is_yaml, _lost,
         bad=({"a.yaml": _INGRESS.format("webb") + "---\n" + _SERVICE}, _apart(_INGRESS.format("web-svc")), _apart(_ROUTE.format("web-svc"))),
         good=({"a.yaml": _INGRESS.format("web") + "---\n" + _SERVICE}, {"a.yaml": _INGRESS.format("webb")}, _apart(_INGRESS.format("web")), _apart(_ROUTE.format("web")), _apart(_INGRESS.format("shop")), _apart(_ROUTE.format("web-svc"), _SERVICE + "---\n" + _SERVICE.replace("web", "web-svc")), {**_apart(_INGRESS.format("web-svc")), "kustomization.yaml": "resources: ['https://a.example/x?ref=v1', a.yaml, b.yaml]\n"})),
)  # fmt: skip
