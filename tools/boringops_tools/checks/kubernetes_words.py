"""Kubernetes: words that the API takes from a closed list, and fields of which it takes one alone.

The schemas at hand have only their types; the API server refuses the rest."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import containers, named, objects, pod_of
from boringops_tools.yaml_files import is_yaml, walk

_PORT = ("TCP", "UDP", "SCTP")
# The last keys on the way to a value, and what it may be. Names that other fields of these objects have too come with their parent.
_WORDS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("concurrencyPolicy",): ("Allow", "Forbid", "Replace"),
    ("accessModes", "*"): ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"),
    ("policyTypes", "*"): ("Ingress", "Egress"),
    ("imagePullPolicy",): ("Always", "IfNotPresent", "Never"),
    ("dnsPolicy",): ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    ("podManagementPolicy",): ("OrderedReady", "Parallel"),
    ("whenUnsatisfiable",): ("DoNotSchedule", "ScheduleAnyway"),
    ("ports", "*", "protocol"): _PORT,
    ("sessionAffinity",): ("ClientIP", "None"),
    ("externalTrafficPolicy",): ("Cluster", "Local"),
    ("internalTrafficPolicy",): ("Cluster", "Local"),
    ("persistentVolumeReclaimPolicy",): ("Retain", "Delete", "Recycle"),
    ("tolerations", "*", "effect"): ("NoSchedule", "PreferNoSchedule", "NoExecute"),
    ("tolerations", "*", "operator"): ("Exists", "Equal"),
    ("seccompProfile", "type"): ("RuntimeDefault", "Unconfined", "Localhost"),
    ("terminationMessagePolicy",): ("File", "FallbackToLogsOnError"),
    ("pathType",): ("Exact", "Prefix", "ImplementationSpecific"),
}
_BY_KIND: dict[str, dict[tuple[str, ...], tuple[str, ...]]] = {
    "Deployment": {("spec", "strategy", "type"): ("RollingUpdate", "Recreate")},
    "StatefulSet": {("spec", "updateStrategy", "type"): ("RollingUpdate", "OnDelete")},
    "DaemonSet": {("spec", "updateStrategy", "type"): ("RollingUpdate", "OnDelete")},
    "Service": {("spec", "type"): ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")},
}
_HANDLERS = ("httpGet", "tcpSocket", "exec", "grpc")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def _places(node: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any, Any, Any]]:
    """(keys from the top, parent, key, value) of every scalar; data of the user's own left out."""
    pairs: Any = node.items() if isinstance(node, Mapping) else enumerate(node)
    for key, value in pairs:
        step = "*" if isinstance(node, list) else str(key)
        if step in ("data", "stringData", "binaryData", "annotations", "labels", "matchLabels"):
            continue
        if isinstance(value, Mapping | list):
            yield from _places(value, (*way, step))
        else:
            yield (*way, step), node, key, value


def _words(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        for way, parent, key, value in _places(thing):
            known = next((words for keys, words in _WORDS.items() if way[-len(keys) :] == keys), ())
            known = known or _BY_KIND.get(thing["kind"], {}).get(way, ())
            if known and isinstance(value, str) and value not in known and value and "$" not in value:
                yield Hit(
                    at((parent, key)),
                    f"{named(thing)}: `{value}` of `{way[-1] if way[-1] != '*' else way[-2]}` is none of {', '.join(known)}",
                )


def _exclusive(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        spec = mapping(thing, "spec")
        if thing["kind"] == "PodDisruptionBudget" and {"minAvailable", "maxUnavailable"} <= set(spec):
            yield Hit(at((spec, "maxUnavailable")), f"{named(thing)} has both minAvailable and maxUnavailable")
        rolling = mapping(spec, "strategy", "rollingUpdate")
        if thing["kind"] == "Deployment" and all(
            rolling.get(key) in (0, "0", "0%") for key in ("maxSurge", "maxUnavailable")
        ):
            yield Hit(
                at((rolling, "maxUnavailable")),
                f"{named(thing)}: with maxSurge and maxUnavailable 0 no pod can be replaced",
            )
        if rolling and mapping(spec, "strategy").get("type") == "Recreate":
            yield Hit(
                at((spec["strategy"], "rollingUpdate")),
                f"{named(thing)}: `rollingUpdate` goes with the type RollingUpdate alone",
            )
        for container in containers(pod_of(thing)):
            for probe in _PROBES:
                asked = mapping(container, probe)
                given = [key for key in _HANDLERS if asked.get(key) is not None]
                if len(given) > 1:
                    yield Hit(at((asked, given[1])), f"{named(thing)}: {probe} has both {given[0]} and {given[1]}")
            for entry in listed(container.get("env")):
                if mapping(entry).get("value") not in (None, "") and mapping(entry, "valueFrom"):
                    yield Hit(
                        at((entry, "valueFrom")), f"{named(thing)}: {entry.get('name')} has both value and valueFrom"
                    )


def _blocks(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        if thing["kind"] != "NetworkPolicy":
            continue
        for parent, key, value in walk(thing):
            if key != "ipBlock" or not isinstance(value, Mapping):
                continue
            for text in (value.get("cidr"), *listed(value.get("except"))):
                if not isinstance(text, str) or "$" in text:
                    continue
                try:
                    ipaddress.ip_network(text, strict=False)
                except ValueError:
                    yield Hit(at((value, "cidr"), (parent, key)), f"{named(thing)}: `{text}` is no network")


_DOC = "Kubernetes API reference"
_D = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec:\n  strategy: {}\n  template:\n    spec:\n      containers: [{{name: a, image: 'a/b:1', {}}}]\n"
_N = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: a}}\nspec: {{podSelector: {{}}, policyTypes: [{}], egress: [{{to: [{{ipBlock: {{cidr: {}}}}}]}}]}}\n"
_B = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: a}}\nspec: {{maxUnavailable: 1{}, selector: {{}}}}\n"


def _d(
    strategy: str = "{type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}",
    container: str = "imagePullPolicy: Always",
) -> dict[str, str]:
    return {"a.yaml": _D.format(strategy, container)}


RULES = (
    Rule("k8s/word", "error", "The API refuses it: take one of its words.", f"{_DOC}: the field has a closed list of values.", is_yaml, _words,
         bad=(_d("{type: Rolling}"), _d(container="imagePullPolicy: always"), {"a.yaml": _N.format("Inbound", "10.0.0.0/8")}),
         good=(_d(), _d("{type: Recreate}"), {"a.yaml": _N.format("Ingress, Egress", "10.0.0.0/8")}, {"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {imagePullPolicy: sometimes}\n"}, _d(container="imagePullPolicy: '${PULL}'"))),
    Rule("k8s/exclusive", "error", "The API refuses it: take one of the two.", f"{_DOC}: of these fields only one may be given, or they contradict each other.", is_yaml, _exclusive,
         bad=({"a.yaml": _B.format(", minAvailable: 1")}, _d("{rollingUpdate: {maxSurge: 0, maxUnavailable: 0%}}"), _d("{type: Recreate, rollingUpdate: {maxSurge: 1}}"), _d(container="livenessProbe: {httpGet: {port: 1}, exec: {command: [a]}}"), _d(container="env: [{name: A, value: b, valueFrom: {fieldRef: {fieldPath: c}}}]")),
         good=({"a.yaml": _B.format("")}, _d(), _d(container="livenessProbe: {httpGet: {port: 1}}, readinessProbe: {exec: {command: [a]}}, env: [{name: A, value: b}, {name: C, valueFrom: {fieldRef: {fieldPath: c}}}]"))),
    Rule("k8s/network", "error", "The API refuses it: write a network as address and length, 10.0.0.0/16.", f"{_DOC}: ipBlock.cidr is a CIDR.", is_yaml, _blocks,
         bad=({"a.yaml": _N.format("Egress", "10.0.0.0/33")},), good=({"a.yaml": _N.format("Egress", "'2001:db8::/32'")},)),
)  # fmt: skip
