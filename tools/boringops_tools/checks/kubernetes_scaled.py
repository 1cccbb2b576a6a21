"""Kubernetes: several copies of a pod: whom they are spread from, the disk they share, what their number is taken from."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import (
    PLACEHOLDER,
    Object,
    containers,
    deployment_of,
    is_whole,
    matches,
    named,
    objects,
    pod_of,
)
from boringops_tools.checks.kubernetes_bounds import bounded_elsewhere
from boringops_tools.checks.kubernetes_lost import wanted_of
from boringops_tools.checks.kubernetes_together import are_anywhere, manifests, name_of, shares_space, together
from boringops_tools.yaml_files import is_manifest, is_yaml

_CHANGING = ("app.kubernetes.io/version", "helm.sh/chart", "helm.sh/revision")
_ONE_NODE = frozenset({"ReadWriteOnce", "ReadWriteOncePod"})
_SELECTING = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


def _spreads(spec: Mapping[Any, Any]) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    for each in listed(spec.get("topologySpreadConstraints")):
        yield "topologySpreadConstraints", mapping(each, "labelSelector")
    apart = mapping(spec, "affinity", "podAntiAffinity")
    for each in listed(apart.get("requiredDuringSchedulingIgnoredDuringExecution")):
        yield "podAntiAffinity", mapping(each, "labelSelector")
    for each in listed(apart.get("preferredDuringSchedulingIgnoredDuringExecution")):
        yield "podAntiAffinity", mapping(each, "podAffinityTerm", "labelSelector")


def _apart(files: Files, path: str) -> Iterator[Hit]:
    """Pods that are kept apart from pods which nobody has: neither itself, nor any other one of the repository."""
    for thing in objects(files, path):
        labels = mapping(pod_of(thing), "metadata", "labels")
        for what, selector in _spreads(mapping(pod_of(thing), "spec")) if is_whole(thing) else ():
            asked = mapping(selector, "matchLabels")
            if PLACEHOLDER.search(" ".join(map(str, asked.values()))) or not labels:
                continue
            if wanted_of(files, asked) and not matches(asked, labels) and not are_anywhere(files, asked):
                says = ", ".join(f"{key}: {value}" for key, value in asked.items())
                yield Hit(
                    at((selector, "matchLabels")),
                    f"{named(thing)}: {what} counts pods with `{says}`, which no pod has: its own are not kept apart",
                )


def _copies(thing: Object, near: list[Object]) -> int:
    """How many pods of a workload there are, or may be, at once."""
    scalers = [
        mapping(each, "spec").get("maxReplicas")
        for each in near
        if each["kind"] == "HorizontalPodAutoscaler"
        and mapping(each, "spec", "scaleTargetRef").get("name") == name_of(thing)
    ]
    numbers = [mapping(thing, "spec").get("replicas"), *scalers]
    return max((each for each in numbers if isinstance(each, int)), default=1)


def _shared(files: Files, path: str) -> Iterator[Hit]:
    """Deployments of several pods whose one claim can be mounted by one node alone."""
    for thing in objects(files, path):
        if thing["kind"] != "Deployment" or not is_whole(thing):
            continue
        near = together(files, path)
        if _copies(thing, near) < 2:
            continue
        for volume in listed(mapping(pod_of(thing), "spec").get("volumes")):
            claim = mapping(volume, "persistentVolumeClaim")
            modes = [
                set(map(str, listed(mapping(each, "spec").get("accessModes"))))
                for each in near
                if each["kind"] == "PersistentVolumeClaim"
                and name_of(each) == claim.get("claimName")
                and shares_space(each, thing)
            ]
            if modes and all(each and each <= _ONE_NODE for each in modes):
                yield Hit(
                    at((claim, "claimName")),
                    f"{named(thing)} has several pods, and its claim `{claim['claimName']}` is {', '.join(sorted(modes[0]))}: pods on a second node never start",
                )


def _measured(files: Files, path: str) -> Iterator[Hit]:
    """Autoscalers that reckon in percent of requests which the pods do not make."""
    for thing in objects(files, path):
        if thing["kind"] != "HorizontalPodAutoscaler":
            continue
        spec, near = mapping(thing, "spec"), together(files, path)
        target = mapping(spec, "scaleTargetRef")
        found = [
            each for each in near
            if each["kind"] == target.get("kind") and name_of(each) == target.get("name") and shares_space(each, thing)
        ]  # fmt: skip
        if len(found) != 1 or not is_whole(found[0]) or bounded_elsewhere(files, path, found[0], "requests"):
            continue
        asked = {
            mapping(each, "resource").get("name"): each
            for each in listed(spec.get("metrics"))
            if mapping(each, "resource", "target").get("type") == "Utilization"
        }
        if "targetCPUUtilizationPercentage" in spec:
            asked["cpu"] = spec
        for name in asked:
            bare = [
                each
                for each in listed(mapping(pod_of(found[0]), "spec").get("containers"))
                if name not in {**mapping(each, "resources", "requests"), **mapping(each, "resources", "limits")}
            ]
            if bare and "$" not in str(bare):
                yield Hit(
                    at((spec, "metrics"), (spec, "targetCPUUtilizationPercentage")),
                    f"{named(thing)} scales by the percentage of the {name} that is requested; container `{mapping(bare[0]).get('name')}` of {named(found[0])} requests none",
                )


def _selectors(files: Files, path: str) -> Iterator[Hit]:
    """Selectors with a label that the next release changes: a selector cannot be changed."""
    for thing in objects(files, path):
        asked = mapping(thing, "spec", "selector", "matchLabels")
        for key in _CHANGING if thing["kind"] in _SELECTING else ():
            if key in asked:
                yield Hit(
                    at((asked, key)),
                    f"{named(thing)} selects `{key}`, which the next version changes, and a selector cannot be changed",
                )


def _target_names(files: Files, path: str) -> Iterator[Hit]:
    """Services that send to a port by a name, where the pods they select, in files of their own, have none of it."""
    here = objects(files, path)
    for thing in (each for each in here if each["kind"] == "Service"):
        selector = mapping(thing, "spec", "selector")
        ports = [mapping(each) for each in listed(mapping(thing, "spec").get("ports"))]
        asked = [each for each in ports if isinstance(each.get("targetPort"), str) and not each["targetPort"].isdigit()]
        if not asked or not selector or any(_selects(selector, each) for each in here):
            continue  # what is in the same file is held against it there
        pods = [each for each in together(files, path) if shares_space(each, thing) and _selects(selector, each)]
        everywhere = [each for _, each in manifests(files) if is_manifest(each)]
        for port in asked if pods and all(is_whole(each) for each in pods) else ():
            name = port["targetPort"]
            if not PLACEHOLDER.search(name) and not any(name in _port_names(each) for each in everywhere):
                yield Hit(
                    at((port, "targetPort")),
                    f"{named(thing)} sends to the port `{name}`; {named(pods[0])} has {', '.join(sorted(_port_names(pods[0]))) or 'none with a name'}",
                )


def _selects(selector: Mapping[Any, Any], thing: Object) -> bool:
    pod = pod_of(thing)
    return bool(pod) and matches(selector, mapping(pod, "metadata", "labels"))


def _port_names(thing: Object) -> set[str]:
    return {
        str(mapping(port)["name"])
        for each in (*containers(mapping(thing, "spec", "template")), *containers(pod_of(thing)))
        for port in listed(each.get("ports")) if "name" in mapping(port)
    }  # fmt: skip


_DOC = "Kubernetes documentation"
_SPREAD = "      topologySpreadConstraints: [{{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {{matchLabels: {{app: {}}}}}}}]\n"
_ANTI = "      affinity: {{podAntiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: host, labelSelector: {{matchLabels: {{app: {}}}}}}}]}}}}\n"
_CLAIM = "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: c}}\nspec: {{accessModes: [{}]}}\n"
_DISK = "      volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]\n"
_HPA = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: w}\nspec: {maxReplicas: 3, scaleTargetRef: {kind: Deployment, name: web}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]}\n"
_SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: {}}}]}}\n"
_NAMED = deployment_of(", ports: [{name: http, containerPort: 8080}]")


def _two(text: str) -> str:
    return text.replace("spec:\n", "spec:\n  replicas: 2\n", 1)


RULES = (
    Rule("k8s/spread-over-others", "warning", "Name the labels of its own pods.", f"{_DOC}, Pod Topology Spread Constraints: labelSelector finds the pods that are counted.", is_yaml, _apart,
         bad=({"a.yaml": deployment_of("") + _SPREAD.format("wbe")}, {"a.yaml": deployment_of("") + _ANTI.format("wbe")}),
         good=({"a.yaml": deployment_of("") + _SPREAD.format("web")}, {"a.yaml": deployment_of("") + _ANTI.format("db"), "b.yaml": deployment_of("", name="db", selector="app: db", labels="app: db")}, {"a.yaml": deployment_of("") + _ANTI.format("$APP")})),
    Rule("k8s/claim-of-one-node", "warning", "Take ReadWriteMany where the storage has it, a StatefulSet with a claim for each pod, or one pod.", f"{_DOC}, Persistent Volumes: ReadWriteOnce is mounted by a single node.", is_yaml, _shared,
         bad=({"a.yaml": _two(deployment_of("")) + _DISK + _CLAIM.format("ReadWriteOnce")}, {"a.yaml": deployment_of("") + _DISK, "b.yaml": _CLAIM.format("ReadWriteOnce").removeprefix("---\n") + _HPA}),
         good=({"a.yaml": _two(deployment_of("")) + _DISK + _CLAIM.format("ReadWriteMany")}, {"a.yaml": deployment_of("") + _DISK + _CLAIM.format("ReadWriteOnce")}, {"a.yaml": _two(deployment_of("")) + _DISK})),
    Rule("k8s/scaler-without-request", "warning", "Request what it is scaled by: without that the autoscaler does nothing.", f"{_DOC}, Horizontal Pod Autoscaling: utilization is reckoned in percent of the request of each container.", is_yaml, _measured,
         bad=({"a.yaml": deployment_of("") + _HPA}, {"a.yaml": deployment_of(", resources: {requests: {memory: 1Gi}}"), "b.yaml": _HPA.removeprefix("---\n")}),
         good=({"a.yaml": deployment_of(", resources: {requests: {cpu: 1}}") + _HPA}, {"a.yaml": deployment_of(", resources: {limits: {cpu: 1}}") + _HPA}, {"a.yaml": _HPA.removeprefix("---\n")})),
    Rule("k8s/changing-selector", "warning", "Select by name and instance alone: the API refuses the change, and the upgrade with it.", f"{_DOC}, Deployments: the selector is immutable; Helm, Labels: version and chart are no selector's.", is_yaml, _selectors,
         bad=({"a.yaml": deployment_of("", selector="app.kubernetes.io/version: '1'", labels="app.kubernetes.io/version: '1'")}, {"a.yaml": deployment_of("", selector="helm.sh/chart: a-1", labels="helm.sh/chart: a-1")}),
         good=({"a.yaml": deployment_of("", labels="app: web, app.kubernetes.io/version: '1'")},)),
    Rule("k8s/target-port-name", "error", "Nobody gets through: name a port as a container does, or give its number.", "Kubernetes API reference: a targetPort that is a name is looked up among the ports of the pod.", is_yaml, _target_names,
         bad=({"a.yaml": _NAMED, "b.yaml": _SERVICE.format("web")}, {"d/a.yaml": _NAMED.replace("name: http, ", ""), "d/b.yaml": _SERVICE.format("http")}),
         good=({"a.yaml": _NAMED, "b.yaml": _SERVICE.format("http")}, {"a.yaml": _NAMED, "b.yaml": _SERVICE.format(8080)}, {"b.yaml": _SERVICE.format("web")}, {"a.yaml": _NAMED, "b.yaml": _SERVICE.format("web"), "o/p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: a, ports: [{name: web, containerPort: 1}]}]}}}\n"})),
)  # fmt: skip
