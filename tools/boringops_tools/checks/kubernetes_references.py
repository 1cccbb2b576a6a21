"""Kubernetes: service accounts, governing Services and ports of Services that one manifest names and the next one has otherwise."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import Object, is_whole, named, objects, pod_of, selected
from boringops_tools.checks.kubernetes_routes import backends
from boringops_tools.checks.kubernetes_together import (
    all_here,
    is_anywhere,
    manifests,
    name_of,
    related,
    shares_space,
    together,
)
from boringops_tools.yaml_files import is_manifest, is_yaml


def _accounts(files: Files, path: str) -> Iterator[Hit]:
    """Pods that run as an account whose name is but nearly one of those that stand in the same folder."""
    here = [each for each in files.documents(path) if is_manifest(each)]
    beside = {name_of(each) for each in here if each["kind"] == "ServiceAccount"}
    for thing in objects(files, path):
        spec = mapping(pod_of(thing), "spec")
        name = spec.get("serviceAccountName")
        if not isinstance(name, str) or name in beside or "$" in name:
            continue
        near = difflib.get_close_matches(name, beside, 1, 0.7) or _idle_account(files, path, thing, name)
        if near:
            yield Hit(
                at((spec, "serviceAccountName")),
                f"{named(thing)} runs as `{name}`; the account here is `{near[0]}`",
            )


def _idle_account(files: Files, path: str, thing: Object, name: str) -> list[str]:
    """The account of another file that nothing here runs as, where the one that is named is nowhere."""
    near = together(files, path) if all_here(files, path) else []
    used = {mapping(pod_of(each), "spec").get("serviceAccountName") for each in near}
    accounts = {name_of(each) for each in near if each["kind"] == "ServiceAccount" and shares_space(thing, each)}
    # An account with the very name of the workload is surely its own.
    found = [each for each in accounts - used if related(name, each) or each == name_of(thing)]
    return found if len(found) == 1 and not is_anywhere(files, "ServiceAccount", name) else []


def _governing(files: Files, path: str) -> Iterator[Hit]:
    """StatefulSets whose headless Service stands beside them under another name than they say."""
    near = together(files, path)
    services = [each for each in near if each["kind"] == "Service"]
    for thing in objects(files, path):
        spec = mapping(thing, "spec")
        wanted = spec.get("serviceName")
        if thing["kind"] != "StatefulSet" or not isinstance(wanted, str) or not is_whole(thing) or "$" in wanted:
            continue
        mine = [each for each in services if any(thing is one for one in selected(each, near))]
        headless = [each for each in mine if mapping(each, "spec").get("clusterIP") == "None"]
        if (
            wanted
            and headless
            and wanted not in {name_of(each) for each in services}
            and not is_anywhere(files, "Service", wanted)
        ):
            yield Hit(
                at((spec, "serviceName")),
                f"{named(thing)} is governed by the Service `{wanted}`; its headless Service is `{name_of(headless[0])}`",
            )


def _backend_ports(files: Files, path: str) -> Iterator[Hit]:
    """Ingresses and routes that send to a port which the Service in the same folder does not have."""
    services = [each for each in together(files, path) if each["kind"] == "Service"]
    for thing, sent in backends(files, path):
        name, wanted = sent.name, sent.port
        mine = [each for each in services if name_of(each) == name and shares_space(thing, each)]
        ports = [mapping(port) for each in mine for port in listed(mapping(each, "spec").get("ports"))]
        # A patch of the Service, or another one of its name, may have it.
        others = [each for _, each in manifests(files) if each["kind"] == "Service" and name_of(each) == name]
        everywhere = [mapping(port) for each in others for port in listed(mapping(each, "spec").get("ports"))]
        if not ports or not all(mapping(each, "spec").get("selector") for each in mine):
            continue
        own = "port" if isinstance(wanted, int) else "name"
        known = [each.get(own) for each in ports]
        if (
            wanted is not None
            and wanted not in [each.get(own) for each in (*ports, *everywhere)]
            and all(isinstance(each, int | str) for each in known)
        ):
            yield Hit(
                sent.line,
                f"{named(thing)} sends to port {wanted} of the Service `{name}`, which has {', '.join(map(str, known))}",
            )


_DOC = "Kubernetes API reference"
_A = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: report}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{serviceAccountName: {}, containers: [{{name: a, image: 'a/b:1'}}]}}\n"
_S = "apiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec: {{clusterIP: None, selector: {{app: db}}, ports: [{{port: 1}}]}}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  serviceName: {}\n  selector: {{matchLabels: {{app: db}}}}\n  template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: a, image: 'a/b:1'}}]}}}}\n"
_I = "apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: a}}, ports: [{{name: http, port: 80}}]}}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a}}\nspec: {{defaultBackend: {{service: {{name: web, port: {}}}}}}}\n"
_ROUTE = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: a}}\nspec: {{rules: [{{backendRefs: [{{name: web, port: {}}}]}}]}}\n"


def _apart(text: str) -> dict[str, str]:
    """Two objects in files of their own."""
    one, _, other = text.partition("---\n")
    return {"a.yaml": one, "b.yaml": other}


RULES = (
    Rule("k8s/service-account", "error", "No pod is made: name the account as it is called.", f"{_DOC}: serviceAccountName names an account of the namespace.", is_yaml, _accounts,
         bad=({"a.yaml": _A.format("reporter")}, _apart(_A.format("report-sa")), _apart(_A.format("shop").replace("name: a}", "name: report}"))), good=(_apart(_A.format("shop")), {"a.yaml": _A.format("report")}, {"a.yaml": _A.format("default")}, _apart(_A.format("report")), {**_apart(_A.format("report-sa")), "o/a.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: report-sa}\n"})),
    Rule("k8s/governing-service", "error", "Its pods get no names in DNS: name the headless Service.", f"{_DOC}: serviceName is the Service that governs the StatefulSet, and must exist.", is_yaml, _governing,
         bad=({"a.yaml": _S.format("db-headless")}, _apart(_S.format("db-headless"))), good=({"a.yaml": _S.format("db")}, _apart(_S.format("db")))),
    Rule("k8s/ingress-port", "error", "Who asks gets 503: name a port of the Service, not one of its pods.", f"{_DOC}: a backend of an Ingress or a route names a port of the Service.", is_yaml, _backend_ports,
         bad=({"a.yaml": _I.format("{number: 8080}")}, {"a.yaml": _I.format("{name: web}")}, _apart(_I.format("{number: 8080}")), _apart(_I.partition("---")[0].format() + "---\n" + _ROUTE.format(8080))),
         good=(_apart(_I.format("{number: 80}")), _apart(_I.partition("---")[0].format() + "---\n" + _ROUTE.format(80)), {**_apart(_I.format("{number: 8080}")), "o/a.yaml": _I.partition("---")[0].format().replace("80}", "8080}")}, {"a.yaml": _I.format("{number: 80}")}, {"a.yaml": _I.format("{name: http}")})),
)  # fmt: skip
