"""Overlays of Kustomize that people wrote for staging and production: what a pipeline can deploy with, without a change to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.kubernetes import existing
from boringops_tools.stack.facts import Application
from boringops_tools.yaml_files import Unreadable, documents, is_manifest, is_yaml

_OVERLAY = re.compile(r"(?P<folder>(?:.*/)?(?P<name>staging|stage|production|prod))/kustomization\.ya?ml")
_ENVIRONMENTS = {"stage": "staging", "prod": "production"}
_CONTROLLED = re.compile(r"(?m)^apiVersion:\s*(argoproj\.io/v1alpha1|\S+\.fluxcd\.io/\S+)\s*$")


@dataclass(frozen=True)
class Overlays:
    folders: Mapping[str, str]
    """By environment."""
    namespaces: Mapping[str, str]
    """By environment; empty where the overlay names none."""
    image: str
    """What the manifests call the image, without tag and digest."""
    workload: str
    """`deployment/name`."""


def of(context: Context, app: Application) -> Overlays | None:
    """None where there are none of both environments, where a controller (Argo CD, Flux) applies them, or where they have
    Jobs, which cannot be applied twice."""
    found = existing.of(context, app)
    if found is None or found.chart or not found.sure or "Job" in found.kinds or len(context.containers) > 1:
        return None
    texts = [context.tree.text(path) for path in context.tree.files if is_yaml(path)]
    if any(_CONTROLLED.search(text) for text in texts):
        return None
    matches = [match for path in context.tree.files if (match := _OVERLAY.fullmatch(path))]
    folders = {_ENVIRONMENTS.get(match["name"], match["name"]): match["folder"] for match in matches}
    ran = _workload(context, found)
    if folders.keys() != {"staging", "production"} or len(matches) != 2 or ran is None:
        return None
    names = {environment: _namespace(context, folder) for environment, folder in folders.items()}
    return Overlays(dict(sorted(folders.items(), reverse=True)), names, *ran)


def _workload(context: Context, found: existing.Existing) -> tuple[str, str] | None:
    """The image's name and the workload's, for kubectl."""
    for each in documents(context.tree.text(found.path)):
        if (
            not is_manifest(each)
            or each["kind"] not in ("Deployment", "StatefulSet")
            or each["metadata"]["name"] != found.name
        ):
            continue
        spec: Any = each["spec"]
        images = [str(pod.get("image") or "") for pod in spec["template"]["spec"].get("containers") or []]
        name = re.sub(r"(:[^:/@]+)?(@.*)?$", "", images[0]) if images else ""
        return (name, f"{each['kind'].lower()}/{found.name}") if re.fullmatch(r"[a-zA-Z0-9._/:-]+", name) else None
    return None


def _namespace(context: Context, folder: str) -> str:
    for name in ("kustomization.yaml", "kustomization.yml"):
        try:
            for each in documents(context.tree.text(f"{folder}/{name}")):
                value = str(each.get("namespace") or "") if isinstance(each, Mapping) else ""
                return value if re.fullmatch(r"[a-z0-9-]*", value) else ""
        except Unreadable:
            return ""
    return ""
