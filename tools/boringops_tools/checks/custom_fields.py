"""Custom resources that many clusters have: fields by the name of one, but for a slip, or by the name that another tool has for it.

Their schemas are in the cluster. What these do not know is pruned in silence, or refused."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at
from boringops_tools.checks.custom_field_names import FIELDS, OTHERS
from boringops_tools.checks.kubernetes import named
from boringops_tools.checks.kubernetes_together import close
from boringops_tools.yaml_files import is_manifest, is_yaml

_SHORTEST = 4
"""Letters; shorter words are near to too many."""


def _levels(node: Any, way: str = "") -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """(keys from the top, mapping) of every mapping, as if lists were not there."""
    if isinstance(node, list):
        for each in node:
            yield from _levels(each, way)
    elif isinstance(node, Mapping):
        yield way, node
        for key, value in node.items():
            yield from _levels(value, f"{way}.{key}" if way else str(key))


def _plain(name: str) -> str:
    return re.sub(r"[-_]", "", name).lower()


def _meant(name: str, known: frozenset[str], given: Mapping[Any, Any], others: Mapping[str, str]) -> str:
    """The field that a name surely stands for; empty where there is none."""
    found = [each for each in known if _plain(each) == _plain(name)]
    if len(name) >= _SHORTEST:
        found = found or [each for each in known if len(each) >= _SHORTEST and close(name, each)]
    found = found or [others[name]] if name in others else found
    return found[0] if len(found) == 1 and found[0] not in given else ""


def _fields(files: Files, path: str) -> Iterator[Hit]:
    if not any(f"{group}/" in files.text(path) for group in FIELDS):
        return
    for document in files.documents(path):
        if not is_manifest(document):
            continue
        levels = FIELDS.get(str(document["apiVersion"]).partition("/")[0], {}).get(document["kind"], {})
        for way, node in _levels(document.get("spec")) if levels else ():
            known = levels.get(way, frozenset[str]())
            others = OTHERS.get(f"{document['kind']} {way}".strip(), {})
            for key in node if known else ():
                if key not in known and "$" not in str(key) and (meant := _meant(str(key), known, node, others)):
                    place = f"spec.{way}" if way else "spec"
                    yield Hit(at((node, key)), f"{named(document)}: `{place}` has no field `{key}`, but `{meant}`")


def _of(kind: str, spec: str) -> dict[str, str]:
    return {"a.yaml": f"apiVersion: {kind.replace(' ', chr(10) + 'kind: ')}\nmetadata: {{name: a}}\nspec: {spec}\n"}


_APPLICATION = "argoproj.io/v1alpha1 Application"
_MONITOR = "monitoring.coreos.com/v1 ServiceMonitor"
_ROUTED = "monitoring.coreos.com/v1alpha1 AlertmanagerConfig"
_SCALED = "keda.sh/v1alpha1 ScaledObject"

RULES = (
    Rule("k8s/custom-field", "warning", "Name the field as the resource does: what it does not know is dropped, or refused.", "Reference of the custom resource: its fields, which are written with their capitals.", is_yaml, _fields,
         bad=(
             _of(_APPLICATION, "{syncPolicy: {automated: {prune: true, selfheal: true}}}"), _of(_APPLICATION, "{source: {repoUrl: 'https://a.example', path: b}}"), _of(_MONITOR, "{endpoints: [{port: http, metricsPath: /metrics}]}"),
             _of(_MONITOR, "{endpoints: [{port: http, scrape_interval: 30s}]}"), _of(_ROUTED, "{route: {receiver: a, group_by: [b]}, receivers: [{name: a}]}"), _of(_ROUTED, "{route: {receiver: a}, receivers: [{name: a, slack_configs: []}]}"), _of(_ROUTED, "{route: {routes: [{match: {a: b}}]}}"),
             _of(_ROUTED, "{receivers: [{name: a, slackConfigs: [{send_resolved: true}]}]}"), _of(_SCALED, "{minReplicas: 1, scaleTargetRef: {name: a}}"), _of("cert-manager.io/v1 Certificate", "{secretname: a, dnsNames: [b.example]}"),
             _of("gateway.networking.k8s.io/v1 HTTPRoute", "{hostname: [a.example]}"), _of("external-secrets.io/v1 ExternalSecret", "{refreshinterval: 1h}"),
         ),
         good=(
             _of(_ROUTED, "{route: {receiver: a, groupBy: [b], routes: [{matchers: [{name: a, value: b, matchType: '='}]}]}, receivers: [{name: a, slackConfigs: [{channel: b, sendResolved: true, apiURL: {name: c, key: d}}]}]}"),
             _of(_APPLICATION, "{syncPolicy: {automated: {prune: true, selfHeal: true}, retry: {limit: 2, refresh: true}}}"), _of(_MONITOR, "{endpoints: [{port: http, path: /metrics, params: {Path: [a]}}], selector: {matchLabels: {jobLabels: a}}}"),
             _of(_SCALED, "{minReplicaCount: 1, triggers: [{type: cron, metadata: {typ: a}}], advanced: {horizontalPodAutoscalerConfig: {behaviour: {}}}}"), _of("example.org/v1 Application", "{Project: a}"),
         )),
)  # fmt: skip
