"""Manifests that a repository has already: they stay, and what they lack is offered in their own names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render
from boringops_tools.stack.facts import Application
from boringops_tools.yaml_files import Unreadable, documents, is_manifest, is_yaml

_RUNS = ("Deployment", "StatefulSet", "Rollout")
_KIND = re.compile(r"(?m)^kind:\s*[\"']?(\w+)")
_STORES = re.compile(
    r"(?i)\b(postgres\w*|mysql|mariadb|mongo\w*|redis|valkey|rabbitmq|kafka|elasticsearch|minio|memcached)\b"
)
_HIDDEN = re.compile(r"(^|/)(\.|node_modules/|vendor/|tests?/|testdata/|examples?/)")


@dataclass(frozen=True)
class Existing:
    """A workload of the user's own that runs an application, or the chart that makes it."""

    path: str
    folder: str
    chart: bool = False
    name: str = ""
    labels: Mapping[str, str] | None = None
    replicas: int = 1
    port: int | str | None = None
    kinds: frozenset[str] = frozenset()
    """Kinds of objects that its folder has, and folders below and beside it."""
    kustomized: bool = False
    sure: bool = True
    """It bears the application's name or listens on its port; else it is only the one workload there is."""


def of(context: Context, app: Application) -> Existing | None:
    """What runs an application in a cluster already; None where nothing does, or what does is ours."""
    if any(app.path(f"{name}/deploy.sh") in context.tree for name in ("k8s", "charts")):
        return None
    paths = [path for path in context.tree.files if not _HIDDEN.search(path)]
    alone = len(context.containers) == 1
    for path in paths:
        if path.endswith("Chart.yaml") and (
            alone or app.name in path or (app.folder and path.startswith(f"{app.folder}/"))
        ):
            return Existing(path, path.removesuffix("Chart.yaml").rstrip("/") or ".", chart=True)
    found = [each for path in paths for each in _workloads(context, path, app)]
    own = [
        each
        for each in found
        if each.sure and (alone or each.name == app.name or each.path.startswith(f"{app.folder or '?'}/"))
    ]
    if own:
        return own[0]
    return found[0] if alone and len(found) == 1 else None


def _text(context: Context, path: str) -> str:
    text = context.tree.text(path) if is_yaml(path) and not path.startswith(".") else ""
    return text if "apiVersion:" in text else ""


def _workloads(context: Context, path: str, app: Application) -> Iterator[Existing]:
    """Workloads in a file that may run the application: all but those of databases and queues."""
    text = _text(context, path)
    if not text or not set(_KIND.findall(text)) & set(_RUNS):
        return
    try:
        objects = [each for each in documents(text) if is_manifest(each) and each["kind"] in _RUNS]
    except Unreadable:
        return
    folder = path.rpartition("/")[0] or "."
    for each in objects:
        spec: Any = each.get("spec") or {}
        template = spec.get("template") or {}
        pods = (template.get("spec") or {}).get("containers") or []
        labels = (spec.get("selector") or {}).get("matchLabels")
        ports = [port.get("containerPort") for pod in pods for port in pod.get("ports") or []]
        named = " ".join([str((each.get("metadata") or {}).get("name")), *(str(pod.get("image")) for pod in pods)])
        if labels and not _STORES.search(named):
            yield Existing(
                sure=app.name in named or app.port in ports,
                path=path, folder=folder, name=str(each["metadata"]["name"]), labels={str(k): str(v) for k, v in labels.items()},
                replicas=spec.get("replicas") if isinstance(spec.get("replicas"), int) else 1, port=next(iter(ports), app.port),
                kinds=_kinds(context, folder),
                kustomized=any(f"{folder}/kustomization.{end}" in context.tree for end in ("yaml", "yml")),
            )  # fmt: skip


def _kinds(context: Context, folder: str) -> frozenset[str]:
    top = folder.partition("/")[0]
    near = [path for path in context.tree.files if path.startswith(f"{top}/") or "/" not in path]
    return frozenset(kind for path in near for kind in _KIND.findall(_text(context, path)))


def missing(context: Context, found: Existing) -> Iterator[DraftFile]:
    """Objects that the user's manifests lack and that take nothing away from what runs."""
    if found.chart:
        return
    wanted = [("network-policy.yaml", "NetworkPolicy", "Lets requests in on the application's port alone.")]
    if found.replicas > 1:
        wanted.append(
            ("pod-disruption-budget.yaml", "PodDisruptionBudget", "One instance at a time goes when nodes are emptied.")
        )
    for name, kind, why in wanted:
        name = f"{found.name}-{name}" if len(context.containers) > 1 else name
        path = name if found.folder == "." else f"{found.folder}/{name}"
        if kind not in found.kinds and path not in context.tree:
            yield DraftFile(
                path=path,
                content=render("kubernetes/addition.yaml.j2", kind=kind, found=found),
                why=f"{found.name}: {why}",
            )


def notes(context: Context) -> list[str]:
    """What is said of manifests that are there."""
    said = []
    for app in context.containers:
        found = of(context, app)
        if found is None:
            continue
        if found.chart:
            said.append(
                f"{app.name}: the chart {found.path} is there and stays as it is; what it lacks shows `boringops check`."
            )
            continue
        listed = " List what is new in its kustomization, which is not changed." if found.kustomized else ""
        said.append(
            f"{app.name}: {found.path} runs it already and stays as it is. What is offered beside it bears its names.{listed} "
            "What it lacks in itself (probes, limits, rights) shows `boringops check`."
        )
    return said
