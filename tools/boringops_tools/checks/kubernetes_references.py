"""Kubernetes: service accounts, governing Services and ports of Services that one manifest names and the next one has otherwise."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import is_whole, named, objects, pod_of, selected
from boringops_tools.yaml_files import is_manifest, is_yaml, walk


def _name(thing: Mapping[Any, Any]) -> str:
    return str(mapping(thing, "metadata").get("name"))


def _accounts(files: Files, path: str) -> Iterator[Hit]:
    """Pods that run as an account whose name is but nearly one of those that stand in the same file."""
    here = [each for each in files.documents(path) if is_manifest(each)]
    accounts = {_name(each) for each in here if each["kind"] == "ServiceAccount"}
    for thing in objects(files, path) if accounts else ():
        spec = mapping(pod_of(thing), "spec")
        name = spec.get("serviceAccountName")
        if isinstance(name, str) and name not in accounts and "$" not in name:
            near = difflib.get_close_matches(name, accounts, 1, 0.7)
            if near:
                yield Hit(
                    at((spec, "serviceAccountName")),
                    f"{named(thing)} runs as `{name}`; the account here is `{near[0]}`",
                )


def _governing(files: Files, path: str) -> Iterator[Hit]:
    """StatefulSets whose headless Service stands beside them under another name than they say."""
    here = objects(files, path)
    services = [each for each in here if each["kind"] == "Service"]
    for thing in here:
        spec = mapping(thing, "spec")
        wanted = spec.get("serviceName")
        if thing["kind"] != "StatefulSet" or not isinstance(wanted, str) or not is_whole(thing) or "$" in wanted:
            continue
        mine = [each for each in services if thing in selected(each, here)]
        headless = [each for each in mine if mapping(each, "spec").get("clusterIP") == "None"]
        if headless and wanted not in {_name(each) for each in services}:
            yield Hit(
                at((spec, "serviceName")),
                f"{named(thing)} is governed by the Service `{wanted}`; its headless Service is `{_name(headless[0])}`",
            )


def _backend_ports(files: Files, path: str) -> Iterator[Hit]:
    """Ingresses that send to a port which the Service in the same file does not have."""
    here = objects(files, path)
    services = {
        (mapping(each, "metadata").get("namespace"), _name(each)): [mapping(port) for port in listed(mapping(each, "spec").get("ports"))]
        for each in here if each["kind"] == "Service"
    }  # fmt: skip
    for thing in here:
        space = mapping(thing, "metadata").get("namespace")
        for _parent, key, value in walk(thing) if thing["kind"] == "Ingress" else ():
            if key != "service" or not isinstance(value, Mapping):
                continue
            ports = services.get((space, str(value.get("name"))))
            wanted = mapping(value, "port")
            for field, own in (("number", "port"), ("name", "name")):
                known = [each.get(own) for each in ports or ()]
                if (
                    field in wanted
                    and known
                    and wanted[field] not in known
                    and all(isinstance(each, int | str) for each in known)
                ):
                    yield Hit(
                        at((wanted, field), (value, "port")),
                        f"{named(thing)} sends to port {wanted[field]} of the Service `{value.get('name')}`, which has {', '.join(map(str, known))}",
                    )


_DOC = "Kubernetes API reference"
_A = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: report}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{serviceAccountName: {}, containers: [{{name: a, image: 'a/b:1'}}]}}\n"
_S = "apiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec: {{clusterIP: None, selector: {{app: db}}, ports: [{{port: 1}}]}}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  serviceName: {}\n  selector: {{matchLabels: {{app: db}}}}\n  template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: a, image: 'a/b:1'}}]}}}}\n"
_I = "apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: a}}, ports: [{{name: http, port: 80}}]}}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a}}\nspec: {{defaultBackend: {{service: {{name: web, port: {}}}}}}}\n"

RULES = (
    Rule("k8s/service-account", "error", "No pod is made: name the account as it is called.", f"{_DOC}: serviceAccountName names an account of the namespace.", is_yaml, _accounts,
         bad=({"a.yaml": _A.format("reporter")},), good=({"a.yaml": _A.format("report")}, {"a.yaml": _A.format("default")})),
    Rule("k8s/governing-service", "error", "Its pods get no names in DNS: name the headless Service.", f"{_DOC}: serviceName is the Service that governs the StatefulSet, and must exist.", is_yaml, _governing,
         bad=({"a.yaml": _S.format("db-headless")},), good=({"a.yaml": _S.format("db")},)),
    Rule("k8s/ingress-port", "error", "Who asks gets 503: name a port of the Service, not one of its pods.", f"{_DOC}: an Ingress's backend names a port of the Service.", is_yaml, _backend_ports,
         bad=({"a.yaml": _I.format("{number: 8080}")}, {"a.yaml": _I.format("{name: web}")}), good=({"a.yaml": _I.format("{number: 80}")}, {"a.yaml": _I.format("{name: http}")})),
)  # fmt: skip
