"""Kubernetes: names by which a pod reaches what stands beside it, and what the API demands of references."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import named, objects, pod_of
from boringops_tools.checks.kubernetes_held import anywhere, held
from boringops_tools.checks.kubernetes_together import manifests, name_of
from boringops_tools.checks.kubernetes_traffic import folder_of
from boringops_tools.checks.kustomize import of_folder
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_manifest, is_yaml, walk

# What a variable may be filled with, by the reference of the Downward API.
_FIELD = lazy_pattern(
    r"metadata\.(?:name|namespace|uid|labels|annotations)|metadata\.(?:labels|annotations)\['[^']+'\]"
    r"|spec\.(?:nodeName|serviceAccountName)|status\.(?:hostIPs?|podIPs?)"
)


# What is put behind the name of a thing to say of what sort it is.
_SORT = lazy_pattern(
    r"(?:app-?)?(?:config(?:-?map)?|conf|cm|cfg|settings|env(?:ironment)?|vars|variables|properties|secrets?|credentials|creds|"
    r"auth|data|files?|pvc|claim|storage|volume|db|database|svc|\d+)"
)


def _generated(files: Files, path: str) -> set[str]:
    """Names of the ConfigMaps that the Kustomization of the folder makes."""
    made = of_folder(files, PurePosixPath(path).parent.as_posix())
    return {name_of(each.thing) for each in made.taken if "made" in each.thing} if made else set()


def _named(files: Files, path: str, kind: str) -> set[str]:
    """Names of the objects of a kind in the folder, those that its Kustomization makes too."""
    found = {name_of(each) for each in folder_of(files, path) if each["kind"] == kind}
    return found | set(held(files, path, kind)) if kind in ("ConfigMap", "Secret") else found


def _references(pod: Mapping[Any, Any]) -> Iterator[tuple[str, Mapping[Any, Any], str]]:
    """(kind, owner, key) of the ConfigMaps, Secrets and claims that a pod needs."""
    for _, key, value in walk(pod):
        if not isinstance(value, Mapping) or value.get("optional") is True:
            continue
        if key in ("configMapRef", "configMapKeyRef") or (key == "configMap" and isinstance(value.get("name"), str)):
            yield "ConfigMap", value, "name"
        elif key in ("secretRef", "secretKeyRef"):
            yield "Secret", value, "name"
        elif key == "secret" and isinstance(value.get("secretName"), str):
            yield "Secret", value, "secretName"
        elif key == "persistentVolumeClaim":
            yield "PersistentVolumeClaim", value, "claimName"


def _lost(files: Files, path: str) -> Iterator[Hit]:
    """References to nothing in the folder, where what bears nearly the name is used by no other pod."""
    near = folder_of(files, path)
    used = {(kind, str(owner.get(key))) for thing in near for kind, owner, key in _references(pod_of(thing))}
    for thing in objects(files, path):
        for kind, owner, key in _references(pod_of(thing)):
            name, there = owner.get(key), _named(files, path, kind)
            if not isinstance(name, str) or name in there or re.search(r"[${}<>]", name):
                continue
            idle = {each for each in there if (kind, each) not in used}
            lost = {each for of, each in used if of == kind and each not in there}
            meant = difflib.get_close_matches(name, there, 1, 0.85) or [
                each for each in there for short, long in (sorted((each, name), key=len),)
                if long.startswith(f"{short}-") and _SORT.fullmatch(long[len(short) + 1 :])
            ]  # fmt: skip
            # One is needed and one that is made here for nobody else lies idle, and both are of one thing.
            if not meant and lost == {name} and kind == "ConfigMap" and len(idle & _generated(files, path)) == 1:
                meant = [
                    each for each in idle & _generated(files, path) if each.partition("-")[0] == name.partition("-")[0]
                ]
            # Many a Secret is put there by hand: only where another one lies idle is it surely the one that is meant.
            if kind == "Secret" and (name in anywhere(files, kind) or _is_mentioned(files, meant)):
                continue
            if len(meant) == 1 and meant[0] in idle:
                yield Hit(at((owner, key)), f"{named(thing)} needs the {kind} `{name}`; the one here is `{meant[0]}`")


def _is_mentioned(files: Files, names: list[str]) -> bool:
    """Whether anything but what makes a Secret says its name."""
    return any(
        value in names and parent is not thing.get("metadata")
        for _, thing in manifests(files)
        if thing["kind"] not in ("Secret", "ExternalSecret", "SealedSecret", "Certificate")
        for parent, _, value in walk(thing)
    )


def _fields(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        for _, key, value in walk(pod_of(thing)):
            asked = mapping(value, "fieldRef").get("fieldPath") if key == "valueFrom" else None
            if isinstance(asked, str) and not _FIELD.fullmatch(asked) and "$" not in asked:
                yield Hit(
                    at((value["fieldRef"], "fieldPath")),
                    f"{named(thing)}: no variable can be filled from `{asked}`",
                )


def _subjects(files: Files, path: str) -> Iterator[Hit]:
    """Accounts in a ClusterRoleBinding without the namespace they are in: there is none to take for granted."""
    # A Kustomization with a namespace puts it in.
    if any(each.rpartition("/")[2].startswith("kustomization.") for each in files.siblings(path)):
        return
    for thing in files.documents(path):
        if not is_manifest(thing) or thing["kind"] != "ClusterRoleBinding":
            continue
        for subject in listed(thing.get("subjects")):
            if isinstance(subject, Mapping) and subject.get("kind") == "ServiceAccount" and "namespace" not in subject:
                yield Hit(
                    at((subject, "name"), (subject, "kind")),
                    f"ClusterRoleBinding `{mapping(thing, 'metadata').get('name')}`: the account `{subject.get('name')}` has no namespace",
                )


_DOC = "Kubernetes API reference"
_P = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  volumes: [{{name: v, persistentVolumeClaim: {{claimName: {claim}}}}}]\n  containers: [{{name: a, image: 'a/b:1', envFrom: [{{configMapRef: {{name: {map}}}}}]}}]\n"
_S = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: 'a/b:1', envFrom: [{{secretRef: {{name: {}}}}}]}}]}}\n---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: x}}\nspec: {{target: {{name: web-db}}, data: []}}\n"
_M = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {A: b}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: backup}\nspec: {accessModes: [ReadWriteOnce]}\n"
_F = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: 'a/b:1', env: [{{name: A, valueFrom: {{fieldRef: {{fieldPath: {}}}}}}}]}}]}}\n"
_R = "apiVersion: rbac.authorization.k8s.io/v1\nkind: {}\nmetadata: {{name: a}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}}\nsubjects: [{{kind: ServiceAccount, name: a{}}}]\n"


def _a(text: str) -> dict[str, str]:
    return {"a.yaml": text}


RULES = (
    Rule("k8s/lost-reference", "error", "No container starts before it is there: name it as it is called.", f"{_DOC}: a ConfigMap, Secret or claim that is named must exist unless it is optional.", is_yaml, _lost,
         bad=(_a(_P.format(claim="backup", map="web-config") + _M), _a(_P.format(claim="backups", map="web") + _M), _a(_S.format("webdb")), {"a.yaml": _P.format(claim="backup", map="web-settings") + _M.replace("ConfigMap", "Secret"), "kustomization.yaml": "configMapGenerator: [{name: web-config, literals: [a=b]}]\n"}),
         good=(_a(_S.format("web-db")), _a(_S.format("other")), _a(_S.format("web-db-2") + "---\n" + _S.format("web-db").partition("---")[0].replace("{name: a}", "{name: b}", 1)), _a(_P.format(claim="backup", map="web") + _M), _a(_P.format(claim="backup", map="other") + _M), _a(_P.format(claim="backup", map="web-config")), _a(_P.format(claim="backup", map="web") + "---\n" + _P.format(claim="backup-2", map="web-2").replace("name: a}", "name: b}", 1) + _M))),
    Rule("k8s/field-path", "error", "The API refuses it: name a field of the pod.", "Kubernetes, Downward API, Available fields.", is_yaml, _fields,
         bad=(_a(_F.format("status.podIp")), _a(_F.format("metadata.podName"))), good=(_a(_F.format("status.podIP")), _a(_F.format("\"metadata.labels['app']\"")), _a(_F.format("spec.nodeName")))),
    Rule("k8s/subject-namespace", "error", "The API refuses it: name the account's namespace.", f"{_DOC}: a subject of kind ServiceAccount has a namespace.", is_yaml, _subjects,
         bad=(_a(_R.format("ClusterRoleBinding", "")),), good=(_a(_R.format("ClusterRoleBinding", ", namespace: b")), _a(_R.format("RoleBinding", "")), {**_a(_R.format("ClusterRoleBinding", "")), "kustomization.yaml": "namespace: a\n"})),
)  # fmt: skip
