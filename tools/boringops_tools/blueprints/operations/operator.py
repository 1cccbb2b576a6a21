"""Monitoring for a cluster with the Prometheus Operator: the same alerts and probes as objects of its kinds, and a PodMonitor
where no ServiceMonitor of ours reads an application's metrics already."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boringops_tools.blueprints import kubernetes
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.kubernetes import existing
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render

if TYPE_CHECKING:
    from boringops_tools.blueprints.operations.monitoring import Watched

FOLDER = "monitoring/kubernetes"


@dataclass(frozen=True)
class Pods:
    """Pods whose metrics are read, by their labels."""

    one: Watched
    labels: dict[str, str]
    port: int


def files(context: Context, apps: Sequence[Watched]) -> Iterator[DraftFile]:
    pods = list(_unread(context, apps))
    made: dict[str, tuple[str, str]] = {
        "prometheus-rule.yaml": ("rule", "The alerts, as the Prometheus Operator takes them."),
        "probes.yaml": ("probes", "What is asked from outside, through the blackbox exporter."),
    }
    if pods:
        made["pod-monitors.yaml"] = ("pod-monitors", "Lets Prometheus read the applications' own metrics.")
    made["kustomization.yaml"] = ("kustomization", "Applies all of it: kubectl apply --kustomize.")
    values: dict[str, Any] = {
        "apps": apps,
        "pods": pods,
        "names": [name for name in made if name != "kustomization.yaml"],
        "folder": FOLDER,
    }
    for name, (template, why) in made.items():
        path = f"{FOLDER}/{name}"
        if path not in context.tree:
            yield DraftFile(path=path, content=render(f"operations/operator/{template}.yaml.j2", **values), why=why)


def _unread(context: Context, apps: Sequence[Watched]) -> Iterator[Pods]:
    """Applications with metrics that no monitor reads yet."""
    ours = {each.name for each, laid in kubernetes.laid_out(context) if laid.monitored}
    read = {
        app.name for app in context.containers if any(_reads(context, app.path(place)) for place in ("k8s", "charts"))
    }
    for one in apps:
        if one.metrics is None or one.app.name in ours | read:
            continue
        found = existing.of(context, one.app)
        labels = dict(found.labels) if found and found.labels else {"app.kubernetes.io/name": one.app.name}
        port = found.port if found and isinstance(found.port, int) else one.app.port
        yield Pods(one, labels, port or 8080)


def _reads(context: Context, folder: str) -> bool:
    return any(
        path.startswith(f"{folder}/") and re.search(r"(?m)^kind: (Service|Pod)Monitor$", context.tree.text(path))
        for path in context.tree.files
    )
