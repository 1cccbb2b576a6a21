"""Kubernetes: what an autoscaler, a role binding, a container and a reference to a ConfigMap have to say."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import containers, named, objects, pod_of
from boringops_tools.checks.kubernetes_held import anywhere, held
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
    """Variables from a key that the ConfigMap or Secret in the folder does not have, nor another one of its name."""
    for thing in objects(files, path):
        for container in containers(pod_of(thing)):
            for entry in listed(container.get("env")):
                for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                    ref = mapping(entry, "valueFrom", field)
                    name, key = str(ref.get("name")), str(ref.get("key"))
                    known = held(files, path, kind).get(name) if ref else None
                    if known is None or key in known or ref.get("optional") is True or "$" in f"{name}{key}":
                        continue
                    everywhere = anywhere(files, kind).get(name)
                    if everywhere is not None and key not in everywhere:
                        yield Hit(
                            at((ref, "key")),
                            f"{named(thing)} takes `{key}` of the {kind} `{name}`, which has {', '.join(sorted(known)) or 'nothing'}",
                        )


_DOC = "Kubernetes API reference"
_POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n  - name: c\n{}    ports: [{{containerPort: 1}}]\n    env: [{{name: X, valueFrom: {{configMapKeyRef: {{name: m, key: {}}}}}}}]\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m}}\ndata: {{x: y}}\n"
_SEALED = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: m}\nspec: {encryptedData: {x: y}}\n"


def _apart(key: str) -> dict[str, str]:
    """The pod and what it takes from in files of their own."""
    pod, _, other = _POD.format("    image: a/b:1\n", key).partition("---\n")
    return {"a.yaml": pod, "m.yaml": other}


_HPA = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: a}}\nspec: {{minReplicas: {}, maxReplicas: 3}}\n"
_RBAC = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: a}}\nrules: []\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: b}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: {}}}\nsubjects: []\n"

RULES = (
    Rule("k8s/scaler-range", "error", "The API refuses it: the least is at most the most.", f"{_DOC}: minReplicas may not exceed maxReplicas.", is_yaml, _scalers,
         bad=({"a.yaml": _HPA.format(5)},), good=({"a.yaml": _HPA.format(3)},)),
    Rule("k8s/no-image", "error", "The pod cannot start: name the image.", f"{_DOC}: a container runs an image.", is_yaml, _images,
         bad=({"a.yaml": _POD.format("", "x")},), good=({"a.yaml": _POD.format("    image: a/b:1\n", "x")},)),
    Rule("k8s/role-reference", "error", "Nobody gets the rights: bind the role under its name.", f"{_DOC}: roleRef names a role of the namespace.", is_yaml, _roles,
         bad=({"a.yaml": _RBAC.format("aa")},), good=({"a.yaml": _RBAC.format("a")},)),
    Rule("k8s/configmap-key", "error", "The container does not start: take a key that is there.", f"{_DOC}: configMapKeyRef and secretKeyRef name a key of the data.", is_yaml, _keys,
         bad=({"a.yaml": _POD.format("    image: a/b:1\n", "z")}, _apart("z"), {"a.yaml": _apart("z")["a.yaml"].replace("configMapKeyRef", "secretKeyRef"), "m.yaml": _SEALED}, {"a.yaml": _apart("z")["a.yaml"], "kustomization.yaml": "configMapGenerator: [{name: m, literals: [x=y], files: [a.txt, b=c.txt]}]\n"}),
         good=({"a.yaml": _POD.format("    image: a/b:1\n", "x")}, _apart("x"), {**_apart("z"), "o/m.yaml": _apart("x")["m.yaml"].replace("x:", "z:")}, {"a.yaml": _apart("b")["a.yaml"], "kustomization.yaml": "configMapGenerator: [{name: m, literals: [x=y], files: [a.txt, b=c.txt]}]\n"})),
)  # fmt: skip
