"""How the manifests of one application are laid out: with Kustomize or as a Helm chart, and how instances are replaced."""

from __future__ import annotations

from dataclasses import dataclass, field

from boringops_tools.blueprints.choices import Strategy
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.kubernetes import cluster
from boringops_tools.blueprints.kubernetes.variables import UNSET
from boringops_tools.blueprints.kubernetes.workload import Workload

DIGEST = "sha256:" + "0" * 64
"""Stands for a digest that is not known yet; no image has it."""


@dataclass(frozen=True)
class Environment:
    """One environment and between how many instances it scales."""

    name: str
    min: int
    max: int


ENVIRONMENTS = (Environment("dev", 1, 1), Environment("staging", 1, 2), Environment("production", 2, 6))


@dataclass(frozen=True)
class Shape:
    """What the templates are told beside the workload. In a chart, values are Helm's own expressions."""

    folder: str
    helm: bool
    strategy: Strategy
    image: str
    host: str
    min: int | str
    max: int | str
    workloads: list[str]
    """Deployments that deploy.sh waits for."""
    tracks: tuple[str, ...] = ()
    """Two sets of instances, each with an image of its own."""
    images: list[str] = field(default_factory=list)
    rollouts: bool = False
    by_gateway: bool = False
    monitored: bool = False
    external_secrets: bool = False
    ingress_namespace: str = UNSET
    gateway: str = UNSET
    gateway_namespace: str = UNSET
    store: str = UNSET
    secret_key: str = UNSET
    chart: str = ""
    base_config: bool = True
    unset: str = UNSET
    digest: str = DIGEST
    name: str = ""

    def domain(self, environment: str) -> str:
        """A name under a domain that nobody can have: the real one has to be set."""
        return f"{self.name}{'' if environment == 'production' else f'-{environment}'}.{UNSET}"


def wants_helm(context: Context) -> bool:
    return context.choices.tool == "helm"


def of(context: Context, workload: Workload) -> Shape:
    """The layout that the task and the repository ask for."""
    said = cluster.read(context.task)
    helm = wants_helm(context)
    strategy = context.choices.strategy or "rolling"
    # A chart replaces its instances in one step; for another way it needs a controller that knows more.
    rollouts = said.rollouts or (helm and strategy != "rolling")
    tracks: tuple[str, ...] = ()
    if not rollouts and not helm:
        tracks = {"blue-green": ("blue", "green"), "canary": ("stable", "canary")}.get(strategy, ())
    web = [] if rollouts else [workload.name]
    helm_values = {
        "image": '{{ printf "%s@%s" .Values.image.repository .Values.image.digest | quote }}',
        "host": "{{ .Values.host | quote }}",
        "min": "{{ .Values.autoscaling.minReplicas }}",
        "max": "{{ .Values.autoscaling.maxReplicas }}",
        "ingress_namespace": "{{ .Values.ingressNamespace | quote }}",
        "gateway": "{{ .Values.gateway.name | quote }}",
        "gateway_namespace": "{{ .Values.gateway.namespace | quote }}",
        "store": "{{ .Values.secretStore | quote }}",
        "secret_key": "{{ .Values.secretKey | quote }}",
    }
    plain = {"image": f"{workload.image}@{DIGEST}", "host": f"{workload.name}.{UNSET}", "min": 1, "max": 2}
    return Shape(
        folder=workload.app.path("charts" if helm else "k8s"),
        helm=helm,
        strategy=strategy,
        workloads=[*web, *(job["service"] for job in workload.jobs)],
        tracks=tracks,
        images=_images(workload, tracks),
        rollouts=rollouts,
        by_gateway=said.gateway and not (rollouts and strategy == "canary" and "gateway" not in context.task.lower()),
        monitored=workload.app.metrics is not None and (said.prometheus or said.operator),
        external_secrets=said.external_secrets and bool(workload.secrets),
        chart=workload.name,
        name=workload.name,
        **(helm_values if helm else plain),
    )


def _images(workload: Workload, tracks: tuple[str, ...]) -> list[str]:
    """Names of images that an overlay gives a digest."""
    own = not tracks or bool(workload.jobs) or bool(workload.migration)
    return [*([workload.image] if own else []), *(f"{workload.image}-{track}" for track in tracks)]
