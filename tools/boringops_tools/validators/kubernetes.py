"""Kubernetes objects against the API's own schemas, by kubernetes-validate."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from boringops.facts import Finding
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators import kubernetes_schemas as schemas
from boringops_tools.validators.base import File, InProcess
from boringops_tools.yaml_files import Unreadable, documents, is_manifest, is_yaml, line_of, template_reason

_OBJECT = lazy_pattern(r"(?m)^(?:-\s+)?apiVersion:\s*\S")
_KIND = lazy_pattern(r"(?m)^\s*kind:\s*\S")
# The groups every cluster has. Any other is a custom resource's, whose schema is in the cluster and nowhere else.
_GROUPS = frozenset(
    {"", "apps", "autoscaling", "batch", "extensions", "policy"}
    | {
        f"{group}.k8s.io"
        for group in (
            "admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization",
            "certificates", "coordination", "discovery", "events", "flowcontrol.apiserver", "networking", "node",
            "rbac.authorization", "resource", "scheduling", "storage",
        )
    }
)  # fmt: skip
_NO_OBJECTS = frozenset(
    {"kustomize.config.k8s.io", "kubeadm.k8s.io", "kubelet.config.k8s.io", "client.authentication.k8s.io"}
)
_OLDEST = 25  # the minor version of the first schemas that are brought along
_UNEXPECTED = lazy_pattern(r"'([^']+)' (?:was|were) unexpected")


class KubernetesSchema(InProcess):
    name = "kubernetes-validate"
    about = "Kubernetes manifests (schema)"
    aspect = "kubernetes schema"
    distribution = "kubernetes-validate"
    get = "pip install kubernetes-validate"

    def covers(self, file: File) -> bool:
        return is_yaml(file.path) and bool(_OBJECT.search(file.text) and _KIND.search(file.text)) and not _other(file)

    def skip(self, file: File) -> str:
        if reason := template_reason(file):
            return reason
        return "is a patch: what it makes is judged, not the patch itself" if _is_patch(file) else ""

    def cache_key(self, file: File) -> str:
        texts = "\0".join(text for _, text in _kustomizations(file))  # they say what is a patch
        return hashlib.sha256(texts.encode()).hexdigest()

    def judge(self, file: File) -> Iterable[Finding | str]:
        try:
            read = documents(file.text)
        except Unreadable as error:
            yield f"it cannot be read: {error}"
            return
        for document in read:
            for item in _objects(document):
                yield from self._object(file, item)

    def _object(self, file: File, item: Any) -> Iterator[Finding | str]:
        name, kind = item["apiVersion"], item["kind"]
        if name == "builtin":
            yield f"{kind} is a plugin of Kustomize's own, which it applies where it builds"
            return
        if name.rpartition("/")[0] not in _GROUPS:
            yield f"{kind} of {name} is a custom resource: its schema is not here"
            return
        latest = schemas.newest()
        if not schemas.known(kind, name, latest, strict=True):
            last = next((old for old in range(latest - 1, _OLDEST - 1, -1) if schemas.known(kind, name, old)), None)
            line = line_of(item, "apiVersion")
            if last is None:
                yield self.finding(
                    file, "unknown-kind", "error", line, f"Kubernetes has no {kind} in {name} (1.{_OLDEST} and later)"
                )
            else:
                message = f"{kind} of {name} is gone since Kubernetes 1.{last + 1}"
                yield self.finding(file, "removed-api", "warning", line, message)
        elif (error := schemas.error_of(_plain(item), latest)) is not None:
            if error.message == "'selector' is a required property" and _fills_selectors(file):
                yield "a Kustomization gives it its selector: what that makes is judged"
                return
            path = [*error.path]
            place = ".".join(map(str, path))
            message = f"{error.message} (at {place})" if place else error.message
            extra = _UNEXPECTED.search(error.message)
            line = _line(item, [*path, extra[1]] if extra else path)
            yield self.finding(file, "schema", "error", line, f"{kind}: {message}")


def _other(file: File) -> bool:
    """Whether it only looks like an object: tools have taken over the two keys for files of their own."""
    found = re.search(r"(?m)^apiVersion:\s*[\"']?([^\s\"'/]+)/", file.text)
    return bool(found and found[1] in _NO_OBJECTS) or file.name in (
        "Chart.yaml",
        "kustomization.yaml",
        "kustomization.yml",
    )


def _objects(document: Any) -> Iterator[Any]:
    """The objects of a document: itself, or the items of a list of them."""
    if is_manifest(document):
        if document["kind"] == "List" and isinstance(document.get("items"), list):
            for item in document["items"]:
                yield from _objects(item)
        else:
            yield document


def _plain(node: Any) -> Any:
    """As Kubernetes reads it: a date that has no quotes is text."""
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(item) for item in node]
    return str(node) if isinstance(node, datetime.date) else node


def _line(node: Any, path: Iterable[Any]) -> int | None:
    line = line_of(node, "kind")
    for step in path:
        line = line_of(node, step) or line
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            break
    return line


def _kustomizations(file: File) -> Iterator[tuple[PurePosixPath, str]]:
    """The kustomizations beside and above a file."""
    for folder in PurePosixPath(file.path).parents:
        for name in ("kustomization.yaml", "kustomization.yml", "Kustomization"):
            try:
                yield folder, (file.root / folder / name).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue


def _read_kustomizations(file: File) -> Iterator[tuple[PurePosixPath, Mapping[Any, Any]]]:
    for folder, text in _kustomizations(file):
        with contextlib.suppress(Unreadable, ValueError):
            [kustomization] = documents(text)
            if isinstance(kustomization, Mapping):
                yield folder, kustomization


def _fills_selectors(file: File) -> bool:
    """Whether a Kustomization puts its labels into the selectors of what it takes in."""
    for _, kustomization in _read_kustomizations(file):
        labels = kustomization.get("labels")
        given = [each for each in labels if isinstance(each, Mapping)] if isinstance(labels, list) else []
        if kustomization.get("commonLabels") or any(each.get("includeSelectors") is True for each in given):
            return True
    return False


def _is_patch(file: File) -> bool:
    for folder, kustomization in _read_kustomizations(file):
        named: list[Any] = []
        for key in ("patches", "patchesStrategicMerge", "patchesJson6902"):
            patches = kustomization.get(key)
            named += patches if isinstance(patches, list) else []
        paths = {each.get("path") if isinstance(each, Mapping) else each for each in named}
        inside = PurePosixPath(file.path).relative_to(folder)
        if any(isinstance(path, str) and "\n" not in path and PurePosixPath(path) == inside for path in paths):
            return True
    return False


VALIDATORS = (KubernetesSchema(),)
