"""Kubernetes: workloads that are asked whether they live, and not whether requests may come."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import deployment_of, is_whole, named, objects, pod_of, service_of
from boringops_tools.checks.kubernetes_bounds import bounded_elsewhere, is_served
from boringops_tools.yaml_files import is_yaml

_ASKED = ("httpGet", "grpc")


def _unready(files: Files, path: str) -> Iterator[Hit]:
    """Deployments behind a Service that answer a liveness probe over HTTP, and have no readiness probe."""
    for thing in objects(files, path):
        # One copy is not taken out of the Service for the sake of another.
        replicas = mapping(thing, "spec").get("replicas")
        if thing["kind"] != "Deployment" or not is_whole(thing) or not isinstance(replicas, int) or replicas < 2:
            continue
        group = [mapping(each) for each in listed(mapping(pod_of(thing), "spec").get("containers"))]
        alive = [each for each in group if each.get("ports") and set(_ASKED) & set(mapping(each, "livenessProbe"))]
        if not alive or any("readinessProbe" in each for each in group):
            continue
        served = is_served(files, path, thing)
        if served and not bounded_elsewhere(files, path, thing, "readinessProbe"):
            yield Hit(
                at((alive[0], "livenessProbe"), (alive[0], "name")),
                f"{named(thing)} is behind a Service and has no readiness probe",
            )


_ALIVE = ", ports: [{containerPort: 80}], livenessProbe: {%s: {port: 80}}"
_READY = ", readinessProbe: {httpGet: {port: 80}}"


def _with(container: str, replicas: int = 3, **more: str) -> dict[str, str]:
    text = deployment_of(container).replace("spec:\n", f"spec:\n  replicas: {replicas}\n", 1)
    return {"a.yaml": text + service_of(), **more}


RULES = (
    Rule("k8s/no-readiness", "warning", "Add a readiness probe: without one, requests are sent to a copy that cannot answer until the liveness probe has it started anew.", "Kubernetes documentation, Configure Liveness, Readiness and Startup Probes: without a readiness probe a container counts as ready when it is started.", is_yaml, _unready,
         bad=(_with(_ALIVE % "httpGet"), _with(_ALIVE % "grpc" + ", startupProbe: {grpc: {port: 80}}")),
         good=(_with(_ALIVE % "httpGet" + _READY), _with(_ALIVE % "httpGet", 1), _with(_ALIVE % "tcpSocket"), {"a.yaml": _with(_ALIVE % "httpGet")["a.yaml"].split("---")[0]})),
)  # fmt: skip
