"""Kubernetes: the manifests of each application, the script that applies them, and what documents say of them."""

from __future__ import annotations

from collections.abc import Iterator

from boringops.facts import Plan
from boringops_tools.blueprints.context import DEPLOY, Context
from boringops_tools.blueprints.contract import Entry
from boringops_tools.blueprints.kubernetes import chart, cluster, existing, kustomize, shape, statements, workload
from boringops_tools.blueprints.kubernetes.workload import Workload
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render
from boringops_tools.stack.facts import Application


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
            yield from existing.missing(context, found)
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


def scripts(context: Context) -> list[str]:
    """Paths of the scripts to deploy with that are drafted now."""
    if not chosen(context):
        return []
    paths = [
        f"{shape.of(context, each).folder}/deploy.sh"
        for each in workloads(context)
        if existing.of(context, each.app) is None
    ]
    return [path for path in paths if context.will_have(path, "deploy")]


def laid_out(context: Context) -> statements.Laid:
    """Each application whose manifests are ours, with how they are laid out; none where the target is another."""
    if not chosen(context):
        return []
    return [(each, shape.of(context, each)) for each in workloads(context) if existing.of(context, each.app) is None]


def assumptions(context: Context) -> list[str]:
    return statements.assumptions(laid_out(context))


def notes(context: Context) -> list[str]:
    return existing.notes(context) if chosen(context) else []


def told(context: Context, plan: Plan, brought: bool) -> Plan:
    """The plan, true of this target."""
    kept = [found for app in context.containers if (found := existing.of(context, app))] if chosen(context) else []
    return statements.told(context, plan, laid_out(context), kept, brought)


def workflow(context: Context) -> Iterator[DraftFile]:
    """The workflow that deploys one digest to one environment; release.yml calls it, and people may."""
    every = workloads(context) if chosen(context) and not context.other_ci and DEPLOY not in context.tree else []
    scripts = {
        each.name: f"{shape.of(context, each).folder}/deploy.sh"
        for each in every
        if existing.of(context, each.app) is None
    }
    if scripts:
        said = cluster.read(context.task)
        laid = shape.of(context, every[0])
        yield DraftFile(
            path=DEPLOY,
            content=render(
                "kubernetes/deploy.yml.j2", scripts=scripts, many=len(context.containers) > 1, cloud=said.cloud, v=laid
            ),
            why="Deploys a digest to staging or production without a stored key, after the approval of the environment.",
        )


def deploys(context: Context) -> bool:
    """Whether the workflow that deploys is there, or will be, for every application that is released."""
    if context.other_ci or len(workloads(context)) != len(context.containers):
        return False
    if any(existing.of(context, app) for app in context.containers):
        return False
    return "workflow_call" in context.tree.text(DEPLOY) or (chosen(context) and context.will_have(DEPLOY, "deploy"))


DOCUMENT = "docs/kubernetes.md"


def document(context: Context) -> Iterator[DraftFile]:
    """What to set once, where each variable comes from, how to deploy, switch, migrate and go back."""
    laid = laid_out(context)
    if laid and DOCUMENT not in context.tree:
        yield DraftFile(
            path=DOCUMENT,
            content=render(
                "kubernetes/kubernetes.md.j2",
                laid=laid,
                names=[w.name for w, _ in laid],
                many=len(laid) > 1,
                environments=shape.ENVIRONMENTS,
                workflow=DEPLOY if not context.other_ci and context.will_have(DEPLOY, "deploy") else "",
                called=context.release_path not in context.tree or DEPLOY in context.tree.text(context.release_path),
                release=context.release_path,
                strategies=statements.STRATEGY,
                backs=statements.BACK,
                migrating=any(w.migration for w, _ in laid),
            ),
            why="What to set once, how to deploy, switch, migrate and go back, and where each variable comes from.",
        )


def documented(context: Context) -> bool:
    return DOCUMENT in context.tree or (bool(laid_out(context)) and context.will_have(DOCUMENT, "deploy"))


def origin(context: Context, app: Application, entry: Entry) -> str:
    """Where a variable comes from in the cluster; empty where it does not, or where the manifests are not ours."""
    if not {app.path("k8s"), app.path("charts")} & set(places(context)) or entry.when != "run":
        return ""
    each = workload.of(context, app)
    if any(secret.name == entry.name for secret in each.secrets):
        return f"in Kubernetes from the Secret {each.secret}"
    return f"in Kubernetes from the ConfigMap {each.name}-config"


def places(context: Context) -> list[str]:
    """Folders of manifests that are there or will be: what documents may speak of, whatever the task was."""
    found = []
    for app in context.containers:
        for name in ("k8s", "charts"):
            path = app.path(f"{name}/deploy.sh")
            ours = (
                chosen(context)
                and (name == "charts") == shape.wants_helm(context)
                and existing.of(context, app) is None
            )
            if path in context.tree or (ours and context.will_have(path, "deploy")):
                found.append(app.path(name))
    return found
