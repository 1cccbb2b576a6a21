"""Kubernetes: the manifests of each application, the script that applies them, and what documents say of them."""

from __future__ import annotations

from collections.abc import Iterator

from boringops_tools.blueprints.context import DEPLOY, Context
from boringops_tools.blueprints.kubernetes import chart, cluster, existing, kustomize, shape, workload
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


def workflow(context: Context) -> Iterator[DraftFile]:
    """The workflow that deploys one digest to one environment; release.yml calls it, and people may."""
    every = workloads(context) if chosen(context) and not context.other_ci and DEPLOY not in context.tree else []
    scripts = {each.name: f"{shape.of(context, each).folder}/deploy.sh" for each in every if existing.of(context, each.app) is None}
    if scripts:
        said = cluster.read(context.task)
        laid = shape.of(context, every[0])
        yield DraftFile(
            path=DEPLOY,
            content=render("kubernetes/deploy.yml.j2", scripts=scripts, many=len(context.containers) > 1, cloud=said.cloud, v=laid),
            why="Deploys a digest to staging or production without a stored key, after the approval of the environment.",
        )


def deploys(context: Context) -> bool:
    """Whether the workflow that deploys is there, or will be, for every application that is released."""
    if context.other_ci or len(workloads(context)) != len(context.containers):
        return False
    if any(existing.of(context, app) for app in context.containers):
        return False
    return DEPLOY in context.tree or (chosen(context) and context.will_have(DEPLOY, "deploy"))
