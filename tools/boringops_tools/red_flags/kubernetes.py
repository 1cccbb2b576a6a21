"""Kubernetes objects that open the node or the cluster, run as root, or hold secrets in clear."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops.facts import Severity
from boringops.secrets import find
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.secrets import lines_told
from boringops_tools.yaml_files import documents, is_manifest, is_yaml, line_of

_NEVER = "Disable security features for convenience"
_ROOT = "Run containers as root user"
_SOCKETS = lazy_pattern(r"(?:/var)?/run/(?:docker|containerd/containerd|crio/crio|podman/podman)\.sock")
_WORKLOADS = frozenset(
    {
        "Pod",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "ReplicationController",
        "Job",
        "CronJob",
        "Rollout",
    }
)
_ALL_POWERFUL = frozenset({"ALL", "SYS_ADMIN", "CAP_SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE"})
_STAND_IN = lazy_pattern(
    r"(?i)^$|^[<{$%]|change.?me|example|placeholder|replace|your[-_ ]|x{4,}|\*{3}|^(?:ref\+|vault:|enc\[|op://)"
)
_PUBLIC_KEY = lazy_pattern(
    r"(?i)(?:\.crt|\.cert|\.pub|ca\.pem|namespace|user(?:name)?(?:_in)?|host|port|database|dbname|name|type|provider|url|endpoint|address|region)$"
)
_FILE = lazy_pattern(
    r"\.(?:ya?ml|json|ini|conf|cfg|toml|properties|txt|sh)$"
)  # configuration, which may hold a secret or none
_HARMLESS = lazy_pattern(
    r"/etc/(?:ssl/certs|localtime|timezone|os-release)/?|/dev/log|/usr/share/(?:zoneinfo|ca-certificates)"
)


def _objects(text: str) -> Iterator[Mapping[Any, Any]]:
    """Kubernetes objects of a file, those inside a List included."""
    for document in documents(text):
        if not is_manifest(document):
            continue
        items = document.get("items")
        yield from (each for each in ([document] if not isinstance(items, list) else items) if is_manifest(each))


def _get(node: Any, *keys: str) -> Any:
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def _pods(text: str) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """(kind of the workload, its pod's spec)"""
    for each in _objects(text):
        if each["kind"] in _WORKLOADS:
            spec = each.get("spec")
            if each["kind"] == "CronJob":
                spec = _get(spec, "jobTemplate", "spec")
            if each["kind"] != "Pod":
                spec = _get(spec, "template", "spec")
            if isinstance(spec, Mapping):
                yield each["kind"], spec


def _containers(pod: Mapping[Any, Any]) -> Iterator[tuple[Mapping[Any, Any], int | None]]:
    for key in ("initContainers", "containers"):
        group = pod.get(key)
        for index, container in enumerate(group if isinstance(group, list) else ()):
            if isinstance(container, Mapping):
                yield container, line_of(group, index)


def _agents(kind: str) -> Severity | None:
    """An agent on every node has to see the node: what it opens is told, and no more."""
    return "info" if kind == "DaemonSet" else None


def _privileged(_: str, text: str) -> Iterable[Hit]:
    for kind, pod in _pods(text):
        for container, _line in _containers(pod):
            context = container.get("securityContext")
            if _get(context, "privileged") is True:
                severity: Severity | None = "warning" if kind == "DaemonSet" else None
                yield Hit(
                    line_of(context, "privileged"),
                    f"container {container.get('name')} is privileged: it is root on the node",
                    severity=severity,
                )


def _host_path(_: str, text: str) -> Iterable[Hit]:
    for kind, pod in _pods(text):
        volumes = pod.get("volumes")
        for volume in volumes if isinstance(volumes, list) else ():
            path = _get(volume, "hostPath", "path")
            if isinstance(path, str):
                socket = _SOCKETS.fullmatch(path.rstrip("/"))
                message = "gives whoever is in the pod the whole node" if socket else "mounts a folder of the node"
                mild: Severity | None = "info" if _HARMLESS.fullmatch(path) else _agents(kind)
                yield Hit(
                    line_of(volume, "hostPath"), f"hostPath {path} {message}", severity="error" if socket else mild
                )


def _host_namespace(_: str, text: str) -> Iterable[Hit]:
    for kind, pod in _pods(text):
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.get(key) is True:
                yield Hit(line_of(pod, key), f"{key}: the pod is not kept apart from the node", severity=_agents(kind))


def _root(_: str, text: str) -> Iterable[Hit]:
    for _kind, pod in _pods(text):
        for holder in (pod, *(container for container, _line in _containers(pod))):
            context = holder.get("securityContext")
            if _get(context, "runAsUser") == 0 and _get(context, "runAsUser") is not False:
                yield Hit(line_of(context, "runAsUser"), "runs as root (runAsUser: 0)")


def _maybe_root(_: str, text: str) -> Iterable[Hit]:
    for _kind, pod in _pods(text):
        outer = pod.get("securityContext")
        for container, line in _containers(pod):
            if "image" not in container:
                continue  # a patch: what it is laid over says the rest
            contexts = (container.get("securityContext"), outer)
            user = next((each for context in contexts if (each := _get(context, "runAsUser")) is not None), None)
            if not any(_get(context, "runAsNonRoot") is True for context in contexts) and user is None:
                yield Hit(line, f"nothing keeps container {container.get('name')} from running as root")


def _escalation(_: str, text: str) -> Iterable[Hit]:
    for _kind, pod in _pods(text):
        for container, _line in _containers(pod):
            context = container.get("securityContext")
            if _get(context, "allowPrivilegeEscalation") is True and _get(context, "privileged") is not True:
                yield Hit(
                    line_of(context, "allowPrivilegeEscalation"),
                    f"container {container.get('name')} may gain rights (allowPrivilegeEscalation: true)",
                )


def _capabilities(_: str, text: str) -> Iterable[Hit]:
    for _kind, pod in _pods(text):
        for container, _line in _containers(pod):
            added = _get(container, "securityContext", "capabilities", "add")
            for index, name in enumerate(added if isinstance(added, list) else ()):
                if str(name).upper() in _ALL_POWERFUL:
                    yield Hit(
                        line_of(added, index),
                        f"container {container.get('name')} gets the capability {name}, as good as root on the node",
                    )


def _admission(_: str, text: str) -> Iterable[Hit]:
    for each in _objects(text):
        labels = _get(each, "metadata", "labels")
        key = "pod-security.kubernetes.io/enforce"
        system = str(_get(each, "metadata", "name")).startswith("kube-")
        if each["kind"] == "Namespace" and not system and _get(labels, key) == "privileged":
            yield Hit(line_of(labels, key), "the namespace lets every pod do everything with its node")


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value.strip(), validate=True).decode()
    except (ValueError, binascii.Error):
        return value


def _secret(path: str, text: str) -> Iterable[Hit]:
    secrets = [
        each
        for each in _objects(text)
        if each["kind"] == "Secret" and each["apiVersion"] == "v1" and "sops" not in each
    ]
    told = lines_told(path, text) if secrets else frozenset()
    for each in secrets:
        for key in ("data", "stringData"):
            values = each.get(key)
            for name, value in values.items() if isinstance(values, Mapping) else ():
                if not isinstance(value, str) or _PUBLIC_KEY.search(str(name)):
                    continue
                clear = _decoded(value) if key == "data" else value
                if _STAND_IN.search(value.strip()) or _STAND_IN.search(clear.strip()) or line_of(values, name) in told:
                    continue
                if not _FILE.search(str(name)) or find(clear):
                    yield Hit(
                        line_of(values, name), f"the Secret holds the value of {name} in clear (base64 hides nothing)"
                    )


def _unlabelled(_: str, text: str) -> Iterable[Hit]:
    for each in _objects(text):
        metadata = each.get("metadata")
        if each["kind"] in _WORKLOADS and isinstance(metadata, Mapping) and not metadata.get("labels"):
            yield Hit(
                line_of(each, "metadata"), f"{each['kind']} {metadata.get('name')} has no labels to say whose it is"
            )


def _pod(container: str = "", pod: str = "", image: str = "a:1") -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n  labels: {{app: a}}\nspec:\n  template:\n    spec:\n{pod}"
        f"      containers:\n        - name: a\n          image: {image}\n{container}"
    )


def _context(body: str) -> str:
    return f"          securityContext:\n            {body}\n"


def _namespace(labels: str) -> str:
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: a, labels: {{{labels}}}}}\n"


def _secret_object(body: str) -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\n{body}\n"


_NODE = "      volumes:\n        - name: v\n          hostPath: {path: %s}\n"
_CRON = (
    "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a, labels: {a: b}}\nspec:\n  jobTemplate:\n    spec:\n"
    "      template:\n        spec:\n          hostNetwork: true\n          containers: []\n"
)
_DECLARED = base64.b64encode(b"hello there 42").decode()
RED_FLAGS = (
    RedFlag(
        "kubernetes/privileged", _NEVER, "error", "Grant the one capability that is needed instead.",
        applies=is_yaml, check=_privileged,
        bad={"k8s/a.yaml": _pod(_context("privileged: true"))},
        good={"k8s/a.yaml": _pod(_context("privileged: false")), "values.yaml": "securityContext:\n  privileged: true\n"},
    ),
    RedFlag(
        "kubernetes/host-path", _NEVER, "warning", "Use a volume claim, emptyDir, a ConfigMap or a CSI driver.",
        applies=is_yaml, check=_host_path,
        bad={"k8s/a.yaml": _pod(pod=_NODE % "/var/run/docker.sock"), "k8s/b.yaml": _pod(pod=_NODE % "/data")},
        good={"k8s/a.yaml": _pod(pod="      volumes:\n        - name: hostPath\n          emptyDir: {}\n")},
    ),
    RedFlag(
        "kubernetes/host-namespace", _NEVER, "error", "Leave it out, and expose the port by a Service.",
        applies=is_yaml, check=_host_namespace,
        bad={"k8s/a.yaml": _pod(pod="      hostPID: true\n"), "k8s/c.yaml": _CRON},
        good={"k8s/a.yaml": _pod(pod="      hostNetwork: false\n")},
    ),
    RedFlag(
        "kubernetes/root", _ROOT, "error", "Set runAsNonRoot: true and runAsUser to a number above 0.",
        applies=is_yaml, check=_root,
        bad={"k8s/a.yaml": _pod(_context("runAsUser: 0")), "k8s/b.yaml": _pod(pod="      securityContext: {runAsUser: 0}\n")},
        good={"k8s/a.yaml": _pod(_context("runAsUser: 10001"))},
    ),
    RedFlag(
        "kubernetes/maybe-root", _ROOT, "warning", "Set runAsNonRoot: true, for the pod or the container.",
        applies=is_yaml, check=_maybe_root,
        bad={"k8s/a.yaml": _pod()},
        good={
            "k8s/a.yaml": _pod(_context("runAsNonRoot: true")),
            "k8s/b.yaml": _pod(pod="      securityContext: {runAsUser: 10001}\n"),
            "k8s/c.yaml": "apiVersion: v1\nkind: ConfigMap\ndata: {}\n",
        },
    ),
    RedFlag(
        "kubernetes/privilege-escalation", _NEVER, "warning", "Set allowPrivilegeEscalation: false.",
        applies=is_yaml, check=_escalation,
        bad={"k8s/a.yaml": _pod(_context("allowPrivilegeEscalation: true"))},
        good={"k8s/a.yaml": _pod(_context("allowPrivilegeEscalation: false"))},
    ),
    RedFlag(
        "kubernetes/capabilities", _NEVER, "error", "Drop ALL and add what is needed, e.g. NET_BIND_SERVICE.",
        applies=is_yaml, check=_capabilities,
        bad={"k8s/a.yaml": _pod(_context("capabilities: {add: [NET_RAW, ALL]}"))},
        good={"k8s/a.yaml": _pod(_context("capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}"))},
    ),
    RedFlag(
        "kubernetes/pod-security", _NEVER, "warning", "Enforce `baseline` or `restricted`; what needs more gets a namespace of its own.",
        applies=is_yaml, check=_admission,
        bad={"k8s/a.yaml": _namespace("pod-security.kubernetes.io/enforce: privileged")},
        good={"k8s/a.yaml": _namespace("pod-security.kubernetes.io/warn: privileged")},
    ),
    RedFlag(
        "kubernetes/secret-in-clear", "Commit AWS keys, passwords, or tokens to git", "error",
        "Use External Secrets, Sealed Secrets or SOPS, and rotate what was committed.",
        applies=is_yaml, check=_secret,
        bad={
            "k8s/s.yaml": _secret_object(f"data:\n  door: {_DECLARED}"),
            "k8s/t.yaml": _secret_object("stringData:\n  door: q7-mW29t"),
        },
        good={
            "k8s/s.yaml": _secret_object("stringData:\n  a: ${TOKEN}\n  b: <from vault>\n  c: change-me\n"
                "  username: app\n  d: ''\n  app.ini: |\n    a = 1"),
            "k8s/e.yaml": "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec:\n  data:\n    - secretKey: a\n",
            "k8s/x.yaml": _secret_object("data:\n  a: ENC[AES256_GCM,data:x]\nsops: {}"),
        },
    ),
    RedFlag(
        "kubernetes/unlabelled", "Tag all resources with project/environment/owner", "info", "Give it app.kubernetes.io labels.",
        applies=is_yaml, check=_unlabelled,
        bad={"k8s/a.yaml": _pod().replace("  labels: {app: a}\n", "")},
        good={"k8s/a.yaml": _pod()},
    ),
)  # fmt: skip
