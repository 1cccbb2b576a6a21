"""Kubernetes: what an autoscaler, a role binding, a container and a reference to a ConfigMap have to say."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import containers, named, objects, pod_of
from boringops_tools.yaml_files import is_manifest, is_yaml


def _scalers(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        spec = mapping(thing, "spec")
        least, most = spec.get("minReplicas"), spec.get("maxReplicas")
        if (
            thing["kind"] == "HorizontalPodAutoscaler"
            and isinstance(least, int)
            and isinstance(most, int)
            and least > most
        ):
            yield Hit(at((spec, "minReplicas")), f"{named(thing)}: minReplicas {least} is more than maxReplicas {most}")


def _images(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        if mapping(thing, "metadata").get("annotations") is not None and "patch" in path:
            continue
        for container in containers(pod_of(thing)):
            whole = {
                "resources",
                "ports",
                "env",
                "command",
                "livenessProbe",
                "readinessProbe",
                "securityContext",
            } & set(container)
            selects = (
                thing["kind"] == "Pod" or mapping(thing, "spec", "selector") or thing["kind"] in ("Job", "CronJob")
            )
            if not container.get("image") and len(whole) > 1 and selects:
                yield Hit(at((container, "name")), f"{named(thing)}: container `{container.get('name')}` has no image")


def _here(files: Files, path: str) -> list[Mapping[Any, Any]]:
    return [each for each in files.documents(path) if is_manifest(each)]


def _roles(files: Files, path: str) -> Iterator[Hit]:
    """A binding to a role that stands in the same file under another name."""
    here = _here(files, path)
    roles = {
        (each["kind"], mapping(each, "metadata").get("name"))
        for each in here
        if each["kind"] in ("Role", "ClusterRole")
    }
    for thing in here:
        ref = mapping(thing, "roleRef")
        kind, name = ref.get("kind"), ref.get("name")
        mine = {other for other_kind, other in roles if other_kind == kind}
        if (
            thing["kind"] in ("RoleBinding", "ClusterRoleBinding")
            and mine
            and name not in mine
            and isinstance(name, str)
        ):
            bound = {mapping(each, "roleRef").get("name") for each in here if each is not thing}
            if mine - bound and not (
                kind == "ClusterRole" and (name in ("view", "edit", "admin", "cluster-admin") or ":" in name)
            ):
                yield Hit(
                    at((ref, "name")),
                    f"{named(thing)} binds the {kind} `{name}`; here is `{sorted(map(str, mine - bound))[0]}`",
                )


def _keys(files: Files, path: str) -> Iterator[Hit]:
    maps = {
        str(mapping(each, "metadata").get("name")): {*mapping(each, "data"), *mapping(each, "binaryData")}
        for each in _here(files, path) if each["kind"] == "ConfigMap"
    }  # fmt: skip
    for thing in objects(files, path):
        for container in containers(pod_of(thing)):
            for entry in listed(container.get("env")):
                ref = mapping(entry, "valueFrom", "configMapKeyRef")
                known = maps.get(str(ref.get("name")))
                if known is not None and ref.get("key") not in known and ref.get("optional") is not True:
                    yield Hit(
                        at((ref, "key")),
                        f"{named(thing)} takes `{ref.get('key')}` of the ConfigMap `{ref.get('name')}`, which has {', '.join(map(str, sorted(known)))}",
                    )


_DOC = "Kubernetes API reference"
_POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n  - name: c\n{}    ports: [{{containerPort: 1}}]\n    env: [{{name: X, valueFrom: {{configMapKeyRef: {{name: m, key: {}}}}}}}]\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m}}\ndata: {{x: y}}\n"
_HPA = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: a}}\nspec: {{minReplicas: {}, maxReplicas: 3}}\n"
_RBAC = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: a}}\nrules: []\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: b}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: {}}}\nsubjects: []\n"

RULES = (
    Rule("k8s/scaler-range", "error", "The API refuses it: the least is at most the most.", f"{_DOC}: minReplicas may not exceed maxReplicas.", is_yaml, _scalers,
         bad=({"a.yaml": _HPA.format(5)},), good=({"a.yaml": _HPA.format(3)},)),
    Rule("k8s/no-image", "error", "The pod cannot start: name the image.", f"{_DOC}: a container runs an image.", is_yaml, _images,
         bad=({"a.yaml": _POD.format("", "x")},), good=({"a.yaml": _POD.format("    image: a/b:1\n", "x")},)),
    Rule("k8s/role-reference", "error", "Nobody gets the rights: bind the role under its name.", f"{_DOC}: roleRef names a role of the namespace.", is_yaml, _roles,
         bad=({"a.yaml": _RBAC.format("aa")},), good=({"a.yaml": _RBAC.format("a")},)),
    Rule("k8s/configmap-key", "error", "The container does not start: take a key that the ConfigMap has.", f"{_DOC}: configMapKeyRef.key is one of the ConfigMap's data.", is_yaml, _keys,
         bad=({"a.yaml": _POD.format("    image: a/b:1\n", "z")},), good=({"a.yaml": _POD.format("    image: a/b:1\n", "x")},)),
)  # fmt: skip
