"""Kubernetes manifests: labels and selectors, ports, names, quantities, and what one manifest says of another.

A patch of an overlay has only a part of its object: what is missing in it is not held against it."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, scalar, text_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_manifest, is_yaml, walk

Object = Mapping[Any, Any]
SELECTING = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
WORKLOADS = (*SELECTING, "Job", "CronJob", "Pod", "ReplicationController")
_GROUPS = ("apps/v1", "batch/v1", "v1", "autoscaling/", "policy/", "networking.k8s.io/", "batch/", "apps/")
# Labels that the cluster gives pods by itself.
_GIVEN = lazy_pattern(
    r"(?:statefulset|apps|batch)\.kubernetes\.io/.*|pod-template-hash|controller-uid|job-name|controller-revision-hash"
)
_LABEL = lazy_pattern(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = lazy_pattern(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_PORT_NAME = lazy_pattern(r"(?=.{1,15}$)(?=.*[a-z])(?!.*--)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_QUANTITY = lazy_pattern(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?")
PLACEHOLDER = lazy_pattern(r"[${}<>]|^[A-Z][A-Z0-9_]+$|^__")
_NAMED_OTHERWISE = ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")  # any path segment will do
_PORT_KEYS = ("containerPort", "hostPort", "nodePort", "targetPort", "port", "endPort")
_LABEL_NAMED = ("Service", "Namespace")
_MULTIPLES = {"": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3} | {
    unit: 1000.0**power for power, unit in enumerate("kMGTPE", 1)
} | {f"{unit}i": 1024.0**power for power, unit in enumerate("KMGTPE", 1)}  # fmt: skip


def _objects(files: Files, path: str) -> list[Object]:
    """The objects of a file of the groups we know, those in lists too."""
    if "apiVersion" not in files.text(path):
        return []
    found = []
    for document in files.documents(path):
        items = listed(mapping(document).get("items")) if mapping(document).get("kind") == "List" else [document]
        found += [
            each
            for each in items
            if is_manifest(each) and each["apiVersion"].startswith(_GROUPS) and not _is_local(each)
        ]
    return found


def _is_local(thing: Object) -> bool:
    """Whether it configures a tool that makes manifests, and no cluster ever sees it."""
    return any(str(key).startswith("config.kubernetes.io/") for key in mapping(thing, "metadata", "annotations"))


def objects(files: Files, path: str) -> list[Object]:
    found: list[Object] = files.once(_objects, path)
    return found


def named(thing: Object) -> str:
    return f"{thing['kind']} `{mapping(thing, 'metadata').get('name', '')}`"


def pod_of(thing: Object) -> Mapping[Any, Any]:
    """The pod template of a workload, or the pod itself."""
    if thing["kind"] == "Pod":
        return thing
    if thing["kind"] == "CronJob":
        return mapping(thing, "spec", "jobTemplate", "spec", "template")
    return mapping(thing, "spec", "template") if thing["kind"] in WORKLOADS else {}


def containers(pod: Mapping[Any, Any]) -> Iterator[Mapping[Any, Any]]:
    for key in ("containers", "initContainers"):
        for each in listed(mapping(pod, "spec").get(key)):
            if isinstance(each, Mapping):
                yield each


def is_whole(thing: Object) -> bool:
    """Whether an object is more than a patch: all its containers say what they run."""
    pod = pod_of(thing)
    found = list(containers(pod))
    selects = thing["kind"] not in SELECTING or bool(mapping(thing, "spec", "selector"))
    return selects and bool(found) and all("image" in each for each in found)


def matches(selector: Mapping[Any, Any], labels: Mapping[Any, Any]) -> bool:
    return all(labels.get(key) == value for key, value in selector.items() if not _GIVEN.fullmatch(str(key)))


def selected(service: Object, among: list[Object]) -> list[Object]:
    """The workloads whose pods a Service selects."""
    selector = mapping(service, "spec", "selector")
    pods = [each for each in among if selector and pod_of(each)]
    return [each for each in pods if matches(selector, mapping(pod_of(each), "metadata", "labels"))]


def _selectors(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        wanted = mapping(thing, "spec", "selector", "matchLabels")
        if thing["kind"] not in SELECTING or not is_whole(thing):
            continue
        labels = mapping(pod_of(thing), "metadata", "labels")
        for key, value in wanted.items():
            if labels.get(key) != value:
                has = f"`{key}: {labels[key]}`" if key in labels else f"no `{key}`"
                yield Hit(at((wanted, key)), f"{named(thing)} selects `{key}: {value}`, and its pods have {has}")


def port_names(thing: Object) -> dict[Any, Any]:
    return {
        scalar(port.get("name")): scalar(port.get("containerPort"))
        for each in containers(pod_of(thing)) for port in listed(each.get("ports")) if isinstance(port, Mapping)
    }  # fmt: skip


def _service_ports(thing: Object) -> Iterator[tuple[Mapping[Any, Any], Any]]:
    if thing["kind"] == "Service":
        for port in listed(mapping(thing, "spec").get("ports")):
            if isinstance(port, Mapping):
                yield port, port.get("targetPort")


def _probes(container: Mapping[Any, Any]) -> Iterator[tuple[Mapping[Any, Any], Any]]:
    """(handler, port) of probes and hooks."""
    handlers = [mapping(container, key) for key in ("livenessProbe", "readinessProbe", "startupProbe")]
    handlers += [mapping(container, "lifecycle", key) for key in ("postStart", "preStop")]
    for handler in handlers:
        for kind in ("httpGet", "tcpSocket", "grpc"):
            if "port" in mapping(handler, kind):
                yield mapping(handler, kind), mapping(handler, kind)["port"]


def _unknown_ports(files: Files, path: str) -> Iterator[Hit]:
    here = objects(files, path)
    for thing in here:
        for port, target in _service_ports(thing):
            pods = [each for each in selected(thing, here) if is_whole(each)]
            if not isinstance(target, str) or target.isdigit() or PLACEHOLDER.search(target) or not pods:
                continue
            if not any(target in port_names(each) for each in pods):
                yield Hit(
                    at((port, "targetPort")),
                    f"{named(thing)}: no container of {named(pods[0])} has a port named `{target}`",
                )
        for container in containers(pod_of(thing)) if is_whole(thing) else ():
            known = {port.get("name") for port in listed(container.get("ports")) if isinstance(port, Mapping)}
            for probe, target in _probes(container):
                if (
                    isinstance(target, str)
                    and not target.isdigit()
                    and target not in known
                    and not PLACEHOLDER.search(target)
                ):
                    yield Hit(
                        at((probe, "port")),
                        f"{named(thing)}: a probe asks the port `{target}`, which the container `{container.get('name')}` does not name",
                    )


def _numbers(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        for parent, key, value in walk(thing):
            number = key in _PORT_KEYS and isinstance(value, int) and not isinstance(value, bool)
            least = 0 if key in ("hostPort", "nodePort") else 1  # 0 leaves the choice to the cluster
            if number and not least <= value < 65536:
                yield Hit(at((parent, key)), f"{named(thing)}: `{key}: {value}` is not between 1 and 65535")


def _names(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        metadata = mapping(thing, "metadata")
        name = metadata.get("name")
        if isinstance(name, str) and thing["kind"] not in _NAMED_OTHERWISE and not PLACEHOLDER.search(name):
            label = thing["kind"] in _LABEL_NAMED
            if not (_LABEL if label else _SUBDOMAIN).fullmatch(name) or len(name) > (63 if label else 253):
                yield Hit(
                    at((metadata, "name")),
                    f"{thing['kind']}: `{name}` is no name: lower case letters, digits and `-`, at most {63 if label else 253}",
                )
        space = metadata.get("namespace")
        if (
            isinstance(space, str)
            and not (_LABEL.fullmatch(space) and len(space) < 64)
            and not PLACEHOLDER.search(space)
        ):
            yield Hit(at((metadata, "namespace")), f"{named(thing)}: `{space}` is no name for a namespace")
        for container in containers(pod_of(thing)):
            called = container.get("name")
            if isinstance(called, str) and not _LABEL.fullmatch(called) and not PLACEHOLDER.search(called):
                yield Hit(
                    at((container, "name")),
                    f"{named(thing)}: `{called}` is no name for a container: lower case letters, digits and `-`, at most 63",
                )
            for port in listed(container.get("ports")):
                called = mapping(port).get("name")
                if isinstance(called, str) and not _PORT_NAME.fullmatch(called) and not PLACEHOLDER.search(called):
                    yield Hit(
                        at((port, "name")),
                        f"{named(thing)}: `{called}` is no name for a port: at most 15 lower case letters, digits and `-`",
                    )


# --- quantities -------------------------------------------------------------------------------------------------------


def _resources(thing: Object) -> Iterator[Mapping[Any, Any]]:
    """Mappings of `requests` and `limits`."""
    for _, key, value in walk(thing):
        if key == "resources" and isinstance(value, Mapping) and ("requests" in value or "limits" in value):
            yield value


def _quantities(thing: Object) -> Iterator[tuple[Mapping[Any, Any], Any, Any]]:
    for resources in _resources(thing):
        for key in ("requests", "limits"):
            yield from ((mapping(resources, key), name, value) for name, value in mapping(resources, key).items())
    for parent, key, value in walk(thing):
        if key == "sizeLimit" and isinstance(parent, Mapping):
            yield parent, key, value
    if thing["kind"] == "ResourceQuota":
        hard = mapping(thing, "spec", "hard")
        yield from ((hard, key, value) for key, value in hard.items())
    if thing["kind"] == "PersistentVolume":
        capacity = mapping(thing, "spec", "capacity")
        yield from ((capacity, key, value) for key, value in capacity.items())


def _bad_quantities(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        for parent, key, value in _quantities(thing):
            if not isinstance(value, str) or _QUANTITY.fullmatch(value) or PLACEHOLDER.search(value):
                continue
            yield Hit(at((parent, key)), f"{named(thing)}: `{key}: {value}` is no quantity")


def _milli(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        for parent, key, value in _quantities(thing):
            if (
                key in ("memory", "storage", "ephemeral-storage")
                and isinstance(value, str)
                and re.fullmatch(r"\d+m", value)
            ):
                yield Hit(
                    at((parent, key)), f"{named(thing)}: `{key}: {value}` is thousandths of a byte, not megabytes"
                )


def amount(value: Any) -> float | None:
    """A quantity as a number; null where it is none."""
    text = value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
    match = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE])?", text)
    return float(match[1]) * _MULTIPLES[match[2] or ""] if match else None


def _over(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        for resources in _resources(thing):
            for key, value in mapping(resources, "requests").items():
                most = mapping(resources, "limits").get(key)
                asked, limit = amount(value), amount(most)
                if asked is not None and limit is not None and asked > limit:
                    yield Hit(
                        at((resources["requests"], key)),
                        f"{named(thing)} requests {value} of {key} and is limited to {most}",
                    )


# --- one object and another -------------------------------------------------------------------------------------------


def _volumes(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        if not is_whole(thing):
            continue
        spec = mapping(pod_of(thing), "spec")
        known = {mapping(each).get("name") for each in listed(spec.get("volumes"))}
        known |= {
            mapping(each, "metadata").get("name") for each in listed(mapping(thing, "spec").get("volumeClaimTemplates"))
        }
        for container in containers(pod_of(thing)):
            for mount in listed(container.get("volumeMounts")):
                name = mapping(mount).get("name")
                if isinstance(name, str) and name not in known and not PLACEHOLDER.search(name):
                    yield Hit(
                        at((mount, "name")),
                        f"{named(thing)}: the container `{container.get('name')}` mounts `{name}`, which is no volume of the pod",
                    )


def _doubles(files: Files, path: str) -> Iterator[Hit]:
    seen: dict[tuple[str, ...], int | None] = {}
    for thing in objects(files, path):
        metadata = mapping(thing, "metadata")
        name = text_of(metadata.get("name"))
        key = (thing["apiVersion"].partition("/")[0], thing["kind"], text_of(metadata.get("namespace")), name)
        line = at((metadata, "name"))
        whole = not pod_of(thing) or is_whole(thing)
        if name and key in seen and whole and not PLACEHOLDER.search(name):
            yield Hit(line, f"{named(thing)} is in this file already, on line {seen[key]}")
        seen.setdefault(key, line)


_DOC = "Kubernetes API reference"


def deployment_of(pod: str, *, name: str = "web", selector: str = "app: web", labels: str = "app: web") -> str:
    """An example."""
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{{selector}}}}}\n"
        f"  template:\n    metadata: {{labels: {{{labels}}}}}\n    spec:\n      containers:\n      - {{name: a, image: 'a:1'{pod}}}\n"
    )


def service_of(ports: str = "{port: 80}", selector: str = "app: web") -> str:
    return f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{{selector}}}, ports: [{ports}]}}\n"


_HTTP = ", ports: [{name: http, containerPort: 8080}]"


def _rule(id_: str, severity: Any, reason: str, source: str, check: Any, bad: Any, good: Any) -> Rule:
    files = ({"k8s/a.yaml": text} if isinstance(text, str) else text for text in bad)
    fine = ({"k8s/a.yaml": text} if isinstance(text, str) else text for text in good)
    return Rule(f"k8s/{id_}", severity, reason, f"{_DOC}: {source}", is_yaml, check, tuple(files), tuple(fine))


RULES = (
    _rule(
        "selector", "error", "The API refuses the object: give the pod template every label that is selected.",
        "selector must match the pod template's labels.", _selectors,
        (deployment_of("", labels="app: wbe"), deployment_of("", selector="app: web, tier: x")),
        (deployment_of("", labels="app: web, more: x"), "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {a: b}}}\n"),
    ),
    _rule(
        "unknown-port", "error", "Name the port in the container's `ports`, or give its number.",
        "a port given by name must be one of the container's named ports.", _unknown_ports,
        (deployment_of(_HTTP) + service_of("{port: 80, targetPort: web}"), deployment_of(_HTTP + ", livenessProbe: {httpGet: {path: /, port: web}}")),
        (deployment_of(_HTTP + ", livenessProbe: {httpGet: {path: /, port: http}}") + service_of("{port: 80, targetPort: http}, {port: 81, targetPort: 1}"), service_of("{port: 80, targetPort: web}")),
    ),
    _rule(
        "port-range", "error", "The API refuses the object.", "ports are numbers from 1 to 65535.", _numbers,
        (deployment_of(", ports: [{containerPort: 80800}]"), service_of("{port: 0}")),
        (deployment_of(", ports: [{containerPort: 65535}]") + service_of(),),
    ),
    _rule(
        "name", "error", "The API refuses the object.", "names are DNS subdomains or labels, port names IANA service names.", _names,
        (deployment_of("", name="my-app, namespace: my_space"), deployment_of("", name="My_App"), deployment_of(", ports: [{name: a-very-long-port-name, containerPort: 1}]"), "apiVersion: v1\nkind: Service\nmetadata: {name: a.b}\nspec: {}\n"),
        (deployment_of("", name="my-app.v1"), deployment_of("", name="${APP}"), "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: 'system:x'}\n"),
    ),
    _rule(
        "quantity", "error", "Write 128Mi for mebibytes, 128M for megabytes, 500m for half a CPU.",
        "a quantity is a number with one of n u m k M G T P E Ki Mi Gi Ti Pi Ei or an exponent.", _bad_quantities,
        (deployment_of(", resources: {limits: {memory: 128MB}}"), deployment_of(", resources: {requests: {cpu: 1 core}}"), deployment_of(", resources: {requests: {memory: 64mi}}")),
        (deployment_of(", resources: {limits: {memory: 128Mi, cpu: 0.5}, requests: {memory: 1e3, cpu: 100m, a/b: '1'}}"), deployment_of(", resources: {limits: {memory: '${MEM}'}}")),
    ),
    _rule(
        "milli-memory", "warning", "Write Mi or M for memory: m means a thousandth.", "the suffix m is milli.", _milli,
        (deployment_of(", resources: {limits: {memory: 512m}}"),), (deployment_of(", resources: {limits: {memory: 512M, cpu: 512m}}"),),
    ),
    _rule(
        "request-over-limit", "error", "The API refuses the object: a request is at most its limit.", "requests must not exceed limits.", _over,
        (deployment_of(", resources: {requests: {memory: 1Gi}, limits: {memory: 512Mi}}"), deployment_of(", resources: {requests: {cpu: 2}, limits: {cpu: 500m}}")),
        (deployment_of(", resources: {requests: {memory: 512Mi, cpu: 500m}, limits: {memory: 1Gi, cpu: 0.5}}"),),
    ),
    _rule(
        "volume-mount", "error", "The API refuses the object: declare the volume in the pod's `volumes`.", "volumeMounts name volumes of the pod.", _volumes,
        (deployment_of(", volumeMounts: [{name: tmp, mountPath: /tmp}]"),),
        (deployment_of(", volumeMounts: [{name: tmp, mountPath: /tmp}]") + "      volumes: [{name: tmp, emptyDir: {}}]\n",),
    ),
    _rule(
        "duplicate", "warning", "Of objects with one name the last one wins: rename or remove one.", "kind and name identify an object of a namespace.", _doubles,
        (service_of() + service_of(),), (service_of() + deployment_of(""),),
    ),
)  # fmt: skip
