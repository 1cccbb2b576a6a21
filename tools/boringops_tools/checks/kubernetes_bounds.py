"""Kubernetes: workloads that may take all the memory of their node, and those that get requests before they can answer."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import (
    Object,
    deployment_of,
    is_whole,
    named,
    objects,
    pod_of,
    selected,
    service_of,
)
from boringops_tools.checks.kubernetes_together import all_here, manifests, name_of, shares_space, together
from boringops_tools.checks.kustomize import NAMES
from boringops_tools.yaml_files import is_yaml

_LASTING = ("Deployment", "StatefulSet")
HALF = "requests memory and has no limit of it"
"""Told of what somebody has thought about, and only half of it."""
_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")


def bounded_elsewhere(files: Files, path: str, thing: Object, word: str) -> bool:
    """Whether a Kustomization, a patch, or a rule of the namespace may say what the manifest leaves out."""
    if any(each["kind"] in ("LimitRange", "VerticalPodAutoscaler") for _, each in manifests(files)) or not all_here(
        files, path
    ):
        return True
    if any(word in files.text(each) for name in NAMES for each in files.by_name.get(name, ())):
        return True
    return any(
        word in str(each)
        for place, each in manifests(files)
        if each["kind"] == thing["kind"] and name_of(each) == name_of(thing) and each is not thing and place != path
    )


def _limits(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        if thing["kind"] not in _LASTING or not is_whole(thing):
            continue
        spec = mapping(pod_of(thing), "spec")
        group = [mapping(each) for each in listed(spec.get("containers"))]
        bare = [
            each
            for each in group
            if "memory" not in mapping(each, "resources", "limits") and "$" not in str(each.get("resources"))
        ]
        if bare and not mapping(spec, "resources", "limits") and not bounded_elsewhere(files, path, thing, "limits"):
            asks = any("memory" in mapping(each, "resources", "requests") for each in bare)
            yield Hit(
                at((bare[0], "resources"), (bare[0], "name")),
                f"{named(thing)}: container `{bare[0].get('name')}` {HALF if asks else 'has no limit of memory'}",
            )


def is_served(files: Files, path: str, thing: Object) -> bool:
    """Whether a Service of the same folder sends requests to a workload's pods."""
    near = together(files, path)
    return any(
        each["kind"] == "Service" and shares_space(each, thing) and any(one is thing for one in selected(each, near))
        for each in near
    )


def _probes(files: Files, path: str) -> Iterator[Hit]:
    """Workloads behind a Service of which no container says how it is seen to be ready or alive."""
    for thing in objects(files, path):
        if thing["kind"] not in _LASTING or not is_whole(thing):
            continue
        served = is_served(files, path, thing)
        group = [mapping(each) for each in listed(mapping(pod_of(thing), "spec").get("containers"))]
        # What starts slowly may have a probe for the start alone: it does not say when requests may come later.
        probed = any(key in each for each in group for key in _PROBES[:2])
        if (
            served
            and not probed
            and any(each.get("ports") for each in group)
            and not bounded_elsewhere(files, path, thing, "Probe")
        ):
            yield Hit(
                at((group[0], "name")),
                f"{named(thing)} is behind a Service and has neither a readiness nor a liveness probe",
            )


_DOC = "Kubernetes documentation"
_LIMIT = ", resources: {limits: {memory: 64Mi}}"
_READY = ", ports: [{containerPort: 80}], readinessProbe: {tcpSocket: {port: 80}}"
_PATCH = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{template: {{spec: {{containers: [{{name: a{}}}]}}}}}}\n"

RULES = (
    Rule("k8s/memory-limit", "warning", "Set resources.limits.memory: without it one leak takes the node with it.", f"{_DOC}, Resource Management for Pods and Containers: a container without a limit can use all the memory of its node.", is_yaml, _limits,
         bad=({"a.yaml": deployment_of("")}, {"a.yaml": deployment_of(", resources: {requests: {memory: 64Mi}}")}, {"a.yaml": deployment_of(", resources: {limits: {cpu: 1}}")}),
         good=({"a.yaml": deployment_of(_LIMIT)}, {"a.yaml": deployment_of(", resources: {}"), "l.yaml": "apiVersion: v1\nkind: LimitRange\nmetadata: {name: a}\n"}, {"b/a.yaml": deployment_of(""), "o/p.yaml": _PATCH.format(_LIMIT)}, {"a.yaml": deployment_of("").replace("kind: Deployment", "kind: Job")})),
    Rule("k8s/no-probe", "warning", "Add a readiness probe: requests are sent to it before it can answer, and while it cannot.", f"{_DOC}, Configure Liveness, Readiness and Startup Probes: without a readiness probe a container counts as ready when it is started.", is_yaml, _probes,
         bad=({"a.yaml": deployment_of(", ports: [{containerPort: 80}]") + service_of()}, {"a.yaml": deployment_of(", ports: [{containerPort: 80}], startupProbe: {tcpSocket: {port: 80}}"), "b.yaml": service_of().removeprefix("---\n")}),
         good=({"a.yaml": deployment_of(_READY) + service_of()}, {"a.yaml": deployment_of(", ports: [{containerPort: 80}]")}, {"b/a.yaml": deployment_of(", ports: [{containerPort: 80}]") + service_of(), "o/p.yaml": _PATCH.format(_READY)})),
)  # fmt: skip
