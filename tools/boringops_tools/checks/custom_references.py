"""Custom resources that name another one, which stands beside them under another name: projects, issuers, stores, gateways."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import named
from boringops_tools.checks.kubernetes_together import is_anywhere, manifests, name_of, related
from boringops_tools.yaml_files import is_manifest, is_yaml

# Kind: the keys below `spec` to what names another object (lists left out), and the kind that it is of if it does not say.
_REFERENCES: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "Application": ((("project",), "AppProject"),),
    "ApplicationSet": ((("template", "spec", "project"), "AppProject"),),
    "Certificate": ((("issuerRef",), "Issuer"),),
    "ExternalSecret": ((("secretStoreRef",), "SecretStore"),),
    "HTTPRoute": ((("parentRefs",), "Gateway"),),
    "GRPCRoute": ((("parentRefs",), "Gateway"),),
    "ScaledObject": ((("triggers", "authenticationRef"), "TriggerAuthentication"),),
    "Kustomization": ((("sourceRef",), "GitRepository"),),
    "HelmRelease": ((("chart", "spec", "sourceRef"), "HelmRepository"),),
}
_THERE_ALREADY = ("default", "in-cluster", "flux-system")


def _named(node: Any, way: tuple[str, ...]) -> Iterator[tuple[Mapping[Any, Any], str]]:
    """(parent, key) of what stands at the end of a way, through lists."""
    for each in listed(node) or [node]:
        if isinstance(each, Mapping) and way[0] in each:
            if len(way) > 1:
                yield from _named(each[way[0]], way[1:])
            else:
                yield each, way[0]


def _references(thing: Mapping[Any, Any]) -> Iterator[tuple[str, str, int | None]]:
    """(kind, name, line) of what an object names."""
    for way, kind in _REFERENCES.get(thing["kind"], ()):
        for parent, key in _named(thing.get("spec"), way):
            for each in listed(parent[key]) or [parent[key]]:
                if isinstance(each, str):
                    yield kind, each, at((parent, key))
                elif isinstance(mapping(each).get("name"), str):
                    space = mapping(each).get("namespace")
                    if space in (None, mapping(thing, "metadata").get("namespace")):
                        yield str(mapping(each).get("kind") or kind), each["name"], at((each, "name"), (parent, key))


def _unknown(files: Files, path: str) -> Iterator[Hit]:
    for thing in files.documents(path):
        if not is_manifest(thing) or thing["kind"] not in _REFERENCES:
            continue
        for kind, name, line in _references(thing):
            if name in _THERE_ALREADY or "{" in name or "$" in name or is_anywhere(files, kind, name):
                continue
            folder = PurePosixPath(path).parent
            beside = {
                name_of(each)
                for place, each in manifests(files)
                if each["kind"] == kind and PurePosixPath(place).parent == folder
            }
            near = sorted(each for each in beside if related(name, each))
            if near:
                yield Hit(line, f"{named(thing)} names the {kind} `{name}`; the one here is `{near[0]}`")


_PROJECT = "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: ledger}\n"
_APPLICATION = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: a}}\nspec: {{project: {}}}\n"
_ISSUER = "apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: letsencrypt}\n"
_CERTIFICATE = "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {{name: a}}\nspec: {{issuerRef: {{kind: ClusterIssuer, name: {}}}}}\n"
_GATEWAY = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: public}\n"
_ROUTE = (
    "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: a}}\nspec: {{parentRefs: [{}]}}\n"
)


def _pair(one: str, other: str, name: str) -> dict[str, str]:
    return {"a.yaml": f"{one}---\n{other.format(name)}"}


RULES = (
    Rule("k8s/custom-reference", "warning", "Name the object that there is: what is not there is waited for without end.", "Reference of the custom resource: it names another object, of its own namespace or of the cluster.", is_yaml, _unknown,
         bad=(_pair(_PROJECT, _APPLICATION, "ledgers"), _pair(_ISSUER, _CERTIFICATE, "letsencrypt-prod"), _pair(_GATEWAY, _ROUTE, "{name: publik}"), {"a/p.yaml": _PROJECT, "a/a.yaml": _APPLICATION.format("legder")}),
         good=(
             _pair(_PROJECT, _APPLICATION, "ledger"), _pair(_PROJECT, _APPLICATION, "default"), _pair(_PROJECT, _APPLICATION, "platform"), {"a/p.yaml": _PROJECT, "b/a.yaml": _APPLICATION.format("ledgers")},
             _pair(_ISSUER, _CERTIFICATE, "letsencrypt"), _pair(_GATEWAY, _ROUTE, "{name: publik, namespace: infra}"), _pair(_PROJECT, _APPLICATION, "'{{project}}'"), {"a.yaml": f"{_PROJECT}---\n{_APPLICATION.format('ledgers')}", "b.yaml": _PROJECT.replace("ledger", "ledgers")},
         )),
)  # fmt: skip
