"""Kubernetes: who is let through and taken down: budgets, network policies, TLS of Ingresses, namespaces of Services, ports of probes."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.checks.base import MOST_SIBLINGS, Files, Hit, Rule, at, listed, mapping, scalar
from boringops_tools.checks.kubernetes import Object, containers, is_whole, named, objects, pod_of, selected
from boringops_tools.checks.kubernetes_together import manifests
from boringops_tools.checks.kustomize import NAMES as KUSTOMIZATIONS
from boringops_tools.yaml_files import is_yaml


def folder_of(files: Files, path: str) -> list[Object]:
    """All objects of the manifests in the folder of a file; none where there are too many files."""
    found: list[Object] = files.once(_folder, PurePosixPath(path).parent.as_posix())
    return found


def _folder(files: Files, folder: str) -> list[Object]:
    paths = [each for each in files.siblings(f"{folder}/x") if is_yaml(each)]
    return [] if len(paths) > MOST_SIBLINGS else [thing for each in paths for thing in objects(files, each)]


def _space(thing: Object) -> Any:
    return mapping(thing, "metadata").get("namespace")


def _pods(selector: Mapping[Any, Any], among: list[Object]) -> list[Object]:
    """The workloads whose pods have all labels of `matchLabels`; none where it says more than that."""
    wanted = mapping(selector, "matchLabels")
    if not wanted or "matchExpressions" in selector:
        return []
    return [
        each
        for each in among
        if is_whole(each) and wanted.items() <= mapping(pod_of(each), "metadata", "labels").items()
    ]


def _budgets(files: Files, path: str) -> Iterator[Hit]:
    """Budgets under which no pod may ever be taken down, so that no node is ever drained."""
    for thing in objects(files, path):
        spec = mapping(thing, "spec")
        if thing["kind"] != "PodDisruptionBudget":
            continue
        least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
        if str(least) == "100%" or (most is not None and str(most) in ("0", "0%")):
            key = "minAvailable" if str(least) == "100%" else "maxUnavailable"
            yield Hit(at((spec, key)), f"{named(thing)} lets no pod go ({key}: {spec[key]}): no node can be drained")
        near = folder_of(files, path) if isinstance(least, int) else []
        scaled = {
            mapping(each, "spec", "scaleTargetRef").get("name")
            for each in near
            if each["kind"] == "HorizontalPodAutoscaler"
        }
        pods = _pods(mapping(spec, "selector"), near)
        count = mapping(pods[0], "spec").get("replicas") if len(pods) == 1 else None
        # One pod alone is often guarded on purpose, by somebody who drains by hand.
        if (
            isinstance(count, int)
            and 1 < count <= int(least or 0)
            and mapping(pods[0], "metadata").get("name") not in scaled
            and not _is_scaled_elsewhere(files, pods[0])
        ):
            yield Hit(
                at((spec, "minAvailable")),
                f"{named(thing)} wants {least} pods, and {named(pods[0])} has {count}: no node can be drained",
            )


def _is_scaled_elsewhere(files: Files, pod: Object) -> bool:
    """Whether a Kustomization, an overlay or another tool may say how many pods there are."""
    if any("replicas" in files.text(each) for name in KUSTOMIZATIONS for each in files.by_name.get(name, ())):
        return True
    kind, name = pod["kind"], mapping(pod, "metadata").get("name")
    same = [
        each for _, each in manifests(files) if each["kind"] == kind and mapping(each, "metadata").get("name") == name
    ]
    return len([each for each in same if "replicas" in mapping(each, "spec")]) > 1


def _policies(files: Files, path: str) -> Iterator[Hit]:
    """Network policies that let in to a port which the pods do not have: they count ports of pods, not of Services."""
    for thing in objects(files, path):
        if thing["kind"] != "NetworkPolicy":
            continue
        near = folder_of(files, path)
        pods = _pods(mapping(thing, "spec", "podSelector"), near)
        declared = [
            port
            for pod in pods
            for each in containers(pod_of(pod))
            for port in listed(each.get("ports"))
            if isinstance(port, Mapping)
        ]
        numbers = {scalar(port.get("containerPort")) for port in declared}
        known = numbers | {scalar(port.get("name")) for port in declared}
        services = {
            scalar(mapping(port).get("port"))
            for service in near if service["kind"] == "Service" for pod in selected(service, near) if pod in pods
            for port in listed(mapping(service, "spec").get("ports"))
        }  # fmt: skip
        closed = bool(services) and _is_closed(files, pods, numbers, known)
        for rule in listed(mapping(thing, "spec").get("ingress")):
            for port in listed(mapping(rule).get("ports")):
                wanted = scalar(mapping(port).get("port"))
                # Not every port a container has is declared; that a Service has this one shows the mistake.
                if (
                    numbers
                    and wanted not in known
                    and (wanted in services or isinstance(wanted, str) or closed)
                    and "endPort" not in port
                ):
                    yield Hit(
                        at((port, "port")),
                        f"{named(thing)} lets in to port {wanted}; {named(pods[0])} listens on {', '.join(map(str, sorted(map(str, numbers))))}",
                    )


def _is_closed(files: Files, pods: list[Object], numbers: set[Any], known: set[Any]) -> bool:
    """Whether pods have ports, and all policies for them together let nobody in to any of these."""
    rules = [
        mapping(rule)
        for _, each in manifests(files)
        if each["kind"] == "NetworkPolicy"
        and any(
            mapping(each, "spec", "podSelector", "matchLabels").items()
            <= mapping(pod_of(pod), "metadata", "labels").items()
            for pod in pods
        )
        for rule in listed(mapping(each, "spec").get("ingress"))
    ]
    ports = [port for rule in rules for port in map(mapping, listed(rule.get("ports")))]
    return (
        bool(pods and rules)
        and all(isinstance(each, int) for each in numbers)
        and all(listed(rule.get("ports")) for rule in rules)
        and not any("endPort" in port or scalar(port.get("port")) in known for port in ports)
    )


def _certificates(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        spec = mapping(thing, "spec")
        if thing["kind"] != "Ingress":
            continue
        served = {mapping(rule).get("host") for rule in listed(spec.get("rules"))}
        if not served or not all(isinstance(each, str) and each and "$" not in each for each in served):
            continue
        for entry in listed(spec.get("tls")):
            hosts = listed(mapping(entry).get("hosts"))
            for position, host in enumerate(hosts):
                if (
                    isinstance(host, str)
                    and "$" not in host
                    and not any(_covers(host, str(one)) or _covers(str(one), host) for one in served)
                ):
                    yield Hit(
                        at((hosts, position), (entry, "hosts")),
                        f"{named(thing)} has a certificate for `{host}` and serves {', '.join(sorted(map(str, served)))}",
                    )


def _covers(pattern: str, host: str) -> bool:
    return pattern == host or (pattern.startswith("*.") and host.partition(".")[2] == pattern[2:])


def _spaces(files: Files, path: str) -> Iterator[Hit]:
    """Services in another namespace than the one workload they are named after and select."""
    # A Kustomization may put all of its resources into one namespace, whatever they say.
    moved = any(
        re.search(r"(?m)^namespace:", files.text(each))
        for name in KUSTOMIZATIONS
        for each in files.by_name.get(name, ())
    )
    here = objects(files, path)
    for thing in here:
        if thing["kind"] != "Service" or not isinstance(_space(thing), str) or moved:
            continue
        near = [each for each in folder_of(files, path) if each not in here]
        if not any(is_whole(each) for each in selected(thing, here)) and not any(
            each["kind"] == "Namespace" for each in near
        ):
            here = [*here, *near]
        pods = [each for each in selected(thing, here) if is_whole(each)]
        spaces = {_space(each) for each in pods}
        name = mapping(thing, "metadata").get("name")
        same = [each for each in pods if mapping(each, "metadata").get("name") == name]
        if same and _space(thing) not in spaces and all(isinstance(each, str) for each in spaces):
            yield Hit(
                at((thing["metadata"], "namespace")),
                f"{named(thing)} is in `{_space(thing)}`, and {named(same[0])} in `{_space(same[0])}`: it selects pods of its own namespace alone",
            )


def _probes(files: Files, path: str) -> Iterator[Hit]:
    """Probes at a number that the container does not list, where it lists ports and nothing else in it says the number."""
    for thing in objects(files, path):
        for container in containers(pod_of(thing)) if is_whole(thing) else ():
            ports = {scalar(mapping(port).get("containerPort")) for port in listed(container.get("ports"))}
            for key in ("livenessProbe", "readinessProbe", "startupProbe"):
                asked = mapping(container, key, "httpGet")
                port = asked.get("port")
                said = f"{container.get('args')} {container.get('command')} {container.get('env')} {container.get('envFrom')}"
                listens = any(isinstance(one, int) and str(one) in said for one in ports)
                if (
                    ports
                    and isinstance(port, int)
                    and port not in ports
                    and listens
                    and str(port) not in said
                    and "host" not in asked
                ):
                    yield Hit(
                        at((asked, "port")),
                        f"{named(thing)}: {key} asks port {port}; the container listens on {', '.join(map(str, sorted(map(str, ports))))}",
                    )


_DOC = "Kubernetes API reference"
_D = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web{space}}}\nspec:\n  replicas: 3\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - {{name: a, image: 'a/b:1', args: ['--listen=:8080'], ports: [{{name: http, containerPort: 8080}}], livenessProbe: {{httpGet: {{path: /, port: {probe}}}}}}}\n"
_S = "---\napiVersion: v1\nkind: Service\nmetadata: {{name: web{space}}}\nspec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: 8080}}]}}\n"
_B = "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: web}}\nspec: {{{}, selector: {{matchLabels: {{app: web}}}}}}\n"
_N = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: web}}\nspec: {{podSelector: {{matchLabels: {{app: web}}}}, ingress: [{{ports: [{{port: {}}}]}}]}}\n"
_I = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a}}\nspec: {{tls: [{{hosts: ['{}'], secretName: a}}], rules: [{{host: a.example.com}}]}}\n"
_WEB, _SERVICE = _D.format(space="", probe="http"), _S.format(space="")


def _a(text: str) -> dict[str, str]:
    return {"a.yaml": text}


_SPLIT = {
    "a.yaml": _D.format(space=", namespace: shop", probe="http"),
    "b.yaml": _S.format(space=", namespace: default").removeprefix("---\n"),
}

RULES = (
    Rule("k8s/budget-blocks", "warning", "Let one pod go at a time: nodes are drained for every upgrade.", f"{_DOC}: an eviction is refused while it would break the budget.", is_yaml, _budgets,
         bad=(_a(_WEB + _B.format("minAvailable: 100%")), _a(_B.format("maxUnavailable: 0")), _a(_WEB + _B.format("minAvailable: 3"))),
         good=(_a(_WEB + _B.format("minAvailable: 2")), _a(_WEB + _B.format("maxUnavailable: 1")), {**_a(_WEB + _B.format("minAvailable: 3")), "o/kustomization.yaml": "replicas: [{name: web, count: 5}]\n"}, {**_a(_WEB + _B.format("minAvailable: 3")), "o/p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 5}\n"}, _a(_WEB.replace("replicas: 3", "replicas: 1") + _B.format("minAvailable: 1")))),
    Rule("k8s/policy-port", "error", "Nobody gets through: name the port of the pod.", f"{_DOC}: a NetworkPolicy's ports are those of the pods.", is_yaml, _policies,
         bad=(_a(_WEB + _SERVICE + _N.format(80)), _a(_WEB + _N.format("web")), _a(_WEB + _SERVICE + _N.format(9090))), good=(_a(_WEB + _SERVICE + _N.format(8080)), _a(_WEB + _N.format("http")), _a(_WEB + _N.format(9090)), {**_a(_WEB + _SERVICE + _N.format(9090)), "b/n.yaml": _N.format(8080).removeprefix("---\n")})),
    Rule("k8s/ingress-host", "warning", "The host is served with another one's certificate: name the same host in tls and rules.", f"{_DOC}: hosts in tls match the host in the rules.", is_yaml, _certificates,
         bad=(_a(_I.format("a.example.org")),), good=(_a(_I.format("a.example.com")), _a(_I.format("*.example.com")), _a(_I.format("${HOST}")))),
    Rule("k8s/other-namespace", "error", "It has no endpoints: put the Service where its pods are.", f"{_DOC}: a Service selects pods of its namespace.", is_yaml, _spaces,
         bad=(_a(_D.format(space=", namespace: shop", probe="http") + _S.format(space=", namespace: default")), _SPLIT),
         good=({**_SPLIT, "kustomization.yaml": "namespace: shop\nresources: [a.yaml, b.yaml]\n"}, _a(_D.format(space=", namespace: shop", probe="http") + _S.format(space=", namespace: shop")), _a(_WEB + _S.format(space=", namespace: shop")))),
    Rule("k8s/probe-port", "warning", "Ask the port that the container listens on: a probe that fails restarts it for ever.", f"{_DOC}: httpGet asks a port of the container.", is_yaml, _probes,
         bad=(_a(_D.format(space="", probe=8081)),), good=(_a(_D.format(space="", probe=8080)), _a(_D.format(space="", probe=8081).replace("--listen=:8080", "--health=:8081")))),
)  # fmt: skip
