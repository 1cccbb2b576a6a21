"""Kubernetes: the manifests of each application, the script that applies them, and what documents say of them."""

from __future__ import annotations

from collections.abc import Iterator

from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.kubernetes import chart, existing, kustomize, shape, workload
from boringops_tools.blueprints.kubernetes.workload import Workload
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render


def chosen(context: Context) -> bool:
    return context.choices.target == "kubernetes"


def workloads(context: Context) -> list[Workload]:
    """Every application that runs as a container and answers on a port."""
    return [workload.of(context, app) for app in context.containers if app.port]


def manifests(context: Context) -> Iterator[DraftFile]:
    """The objects of each application, for dev, staging and production. What is there stays as it is."""
    if not chosen(context):
        return
    for each in workloads(context):
        if found := existing.of(context, each.app):
            yield from existing.missing(context, each, found)
            continue
        laid = shape.of(context, each)
        made = chart.files(each, laid) if laid.helm else kustomize.files(each, laid)
        yield from (file for file in made if file.path not in context.tree)


def script(context: Context) -> Iterator[DraftFile]:
    """The script that people and the workflow deploy with."""
    if not chosen(context):
        return
    for each in workloads(context):
        laid = shape.of(context, each)
        path = f"{laid.folder}/deploy.sh"
        if existing.of(context, each.app) is None and path not in context.tree:
            yield DraftFile(
                path=path,
                content=render("kubernetes/deploy.sh.j2", w=each, v=laid),
                why=f"Deploys {each.name} by digest: shows the difference, migrates, replaces, and goes back by itself.",
            )
