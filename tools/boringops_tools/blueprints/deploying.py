"""How pipelines of one file (GitLab, CircleCI, Jenkins, Azure) deploy: where to, with which scripts, logged in as whom.

The scripts are the same for every system, and people run them, too; a pipeline only hands them the token that its
system signed for the job. GitHub's workflows log in by actions and run the same scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from boringops_tools.blueprints import kubernetes, pins
from boringops_tools.blueprints.cloud import delivery, terraform, trust
from boringops_tools.blueprints.cloud.workload import CLOUDS, Cloud, workloads
from boringops_tools.blueprints.context import DEPLOY, Context
from boringops_tools.blueprints.kubernetes import cluster, overlays
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render
from boringops_tools.stack.tree import Tree

LOGIN = "ops/deploy/login.sh"
OVERLAID = "ops/deploy/kubernetes.sh"
"""Deploys with overlays of people's own."""
INFRASTRUCTURE = "ops/deploy/infrastructure.sh"
_NAMES: dict[Cloud | str, str] = {"aws": "AWS", "google": "Google Cloud", "azure": "Azure", "": "the cluster itself"}
_PLACE = re.compile(r"(?m)^# Logs in at: (.+)\.$")
_SIGNS = {"aws": "aws eks", "google": "GKE_CLUSTER", "azure": "az aks"}


@dataclass(frozen=True)
class Deploying:
    """Where a pipeline deploys to. `scripts` are those of a cluster's applications; a cloud has one for all."""

    cloud: str
    """Where jobs log in; empty: at the cluster itself."""
    scripts: dict[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    helm: bool = False
    home: str = ""
    """Folder of Terraform that the pipeline plans and applies; empty: none."""

    @property
    def cluster(self) -> bool:
        return bool(self.scripts)

    @property
    def copies(self) -> bool:
        """Whether the image is copied into the cloud's registry, which takes a login at the one it was built for."""
        return not self.cluster

    @property
    def purposes(self) -> tuple[str, ...]:
        return ("plan", "apply", "deploy") if self.home else ("deploy",)

    @property
    def place(self) -> str:
        return _NAMES[self.cloud]

    @property
    def connected(self) -> list[str]:
        """Variables that a service connection of Azure Pipelines brings along."""
        own = [f"AZURE_{purpose.upper()}_CLIENT_ID" for purpose in self.purposes]
        return [*own, "AZURE_TENANT_ID"] if self.cloud == "azure" else []

    @property
    def identities(self) -> list[str]:
        """Names of what jobs log in as, for systems that keep such names: a credential, a service connection."""
        return [f"{environment}-{purpose}" for environment in terraform.ENVIRONMENTS for purpose in self.purposes]

    @property
    def audience(self) -> str:
        """Whom the token is for; a variable of the CI system where only people know it."""
        return trust.AUDIENCES[self.cloud] if self.cloud else "$KUBE_AUDIENCE"  # type: ignore[index]

    @cached_property
    def image(self) -> str:
        """An image with the target's command line, or one that can install it."""
        return pins.base({"google": "google-cli", "azure": "azure-cli"}.get(self.cloud, "docker-cli"))

    @property
    def terraform_image(self) -> str:
        return pins.base("terraform")

    @property
    def install(self) -> str:
        """What the image lacks, beside what checking out needs."""
        helm = ["helm"] if self.helm else []
        if self.cloud == "azure":
            own = ["kubernetes-client", *helm] if self.cluster else ["docker-buildx", "docker-cli"]
            return f"tdnf install -y ca-certificates git gzip openssh-clients tar {' '.join(own)}"
        own = (
            ["kubectl", *helm]
            if self.cluster
            else ["docker-cli", "docker-cli-buildx"]
            if self.cloud == "google"
            else ["jq"]
        )
        return f"apk add --no-cache bash {' '.join(['aws-cli'] * (self.cloud == 'aws') + own)}"

    @property
    def tools(self) -> list[str]:
        """What has to be on a machine that runs the jobs itself."""
        own = {"aws": ["aws", "jq"], "google": ["gcloud"], "azure": ["az"]}.get(self.cloud, [])
        found = [*own, *(["kubectl"] if self.cluster else ["docker with buildx"]), *(["helm"] if self.helm else [])]
        return [*found, *(["terraform"] if self.home else [])]

    @property
    def variables(self) -> list[str]:
        """Names of the CI system's variables, none of them secret."""
        suffix = {"aws": "ROLE", "google": "ACCOUNT", "azure": "CLIENT_ID"}.get(self.cloud, "")
        prefix = {"google": "GCP"}.get(self.cloud, self.cloud.upper())
        own = [f"{prefix}_{purpose.upper()}_{suffix}" for purpose in self.purposes] if suffix else []
        if not self.cluster:
            return own + list(delivery.COMMON[self.cloud])  # type: ignore[index]
        return own + {
            "aws": ["AWS_REGION", "EKS_CLUSTER"],
            "google": ["GCP_WORKLOAD_IDENTITY_PROVIDER", "GCP_PROJECT", "GKE_CLUSTER", "GKE_LOCATION"],
            "azure": ["AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID", "AKS_RESOURCE_GROUP", "AKS_CLUSTER"],
        }.get(self.cloud, ["KUBE_SERVER", "KUBE_CA"])

    def deploy(self, environment: str, app: str, image: str) -> str:
        """The line that deploys `image`, logged in; `app` is a name, or a variable of the shell."""
        many = len(self.names) > 1
        if self.cluster and app.startswith("$"):
            choice = " ".join(f'{name}) script="{path}" ;;' for name, path in self.scripts.items())
            return f'case "{app}" in {choice} esac; {self._as("deploy", environment)} bash "$script" {environment} "{image}"'
        run = f"bash {self.scripts[app]} {environment}" if self.cluster else f"bash {delivery.SCRIPT} {environment}"
        named = f' "{app}"' if many and not self.cluster else ""
        return f'{self._as("deploy", environment)} {run}{named} "{image}"'

    def infrastructure(self, action: str, environment: str, folder: str = "") -> str:
        """The line that plans, applies or looks for drift, logged in as what that takes."""
        purpose = "apply" if action == "apply" else "plan"
        return f"{self._as(purpose, environment)} bash {INFRASTRUCTURE} {action} {environment} {folder}".rstrip()

    def _as(self, purpose: str, environment: str) -> str:
        return f"bash {LOGIN} {purpose} {environment}"


def of(context: Context) -> Deploying | None:
    """Where the pipelines deploy to: what was asked for, else what blueprints described in the repository before."""
    names = tuple(app.name for app in context.images)
    if not context.pipelines or not names:
        return None
    if scripts := _scripts(context):
        helm = any(path.startswith("charts/") or "/charts/" in path for path in scripts.values())
        return Deploying(_cloud_of_cluster(context), scripts, names, helm=helm)
    if context.choices.target is not None:
        cloud = CLOUDS.get(context.choices.target, "")
        if not cloud or not context.will_have(delivery.SCRIPT, "deploy"):
            return None
        apps = tuple(work.app.name for work in workloads(context))
        provisioned = terraform.chosen(context) is not None
    else:
        text = _on_disk(context, delivery.SCRIPT)
        cloud = next((key for key in CLOUDS.values() if re.search(rf"{_COMMAND[key]} ", text)), "")
        apps, provisioned = names, terraform.MARK in _on_disk(context, f"{terraform.home(context)}/main.tf")
    if not cloud or set(apps) != set(names):
        return None
    return Deploying(cloud, {}, names, home=terraform.home(context) if provisioned else "")


_COMMAND: dict[Cloud, str] = {"aws": "aws ecs", "google": "gcloud run", "azure": "az containerapp"}


def paths(context: Context) -> str:
    """Pipelines that deploy, or will; a pipeline of people's own is theirs."""
    if of(context) is None:
        return ""
    told = context.told_pipelines.values()
    return "` and `".join(path for path in told if path not in context.tree or LOGIN in context.tree.text(path))


def _scripts(context: Context) -> dict[str, str]:
    """deploy.sh of every application that gets an image; empty where one has none."""
    found = {}
    for app in context.images:
        for folder in ("k8s", "charts"):
            path = app.path(f"{folder}/deploy.sh")
            if path in context.tree or path in kubernetes.scripts(context):
                found[app.name] = path
        if app.name not in found and overlays.of(context, app):
            found[app.name] = OVERLAID
    return found if len(found) == len(context.images) else {}


def _cloud_of_cluster(context: Context) -> str:
    """Whose cluster it is: what the task says, else what was written down before."""
    if kubernetes.chosen(context) and (said := cluster.read(context.task).cloud):
        return said
    if place := _PLACE.search(_on_disk(context, LOGIN)):
        return next((cloud for cloud, name in _NAMES.items() if name == place[1]), "")
    workflow = _on_disk(context, DEPLOY)
    return next((cloud for cloud, sign in _SIGNS.items() if sign in workflow), "")


def _on_disk(context: Context, path: str) -> str:
    """A file's text, also while it is made again as if it were not there."""
    return Tree(context.tree.root, [path]).text(path)


def files(context: Context) -> Iterator[DraftFile]:
    """The script that logs in, and the one that runs Terraform."""
    found = of(context)
    if found is None:
        return
    said = context.choices.target is not None
    if OVERLAID in found.scripts.values() and OVERLAID not in context.tree:
        theirs = overlays.of(context, context.images[0])
        yield DraftFile(
            path=OVERLAID,
            content=render("delivery/kubernetes.sh.j2", path=OVERLAID, overlays=theirs),
            why="Deploys a digest with the overlays that are here, and goes back by itself where it is not healthy.",
        )
    if LOGIN not in context.tree and (said or not Path(context.tree.root, LOGIN).exists()):
        yield DraftFile(
            path=LOGIN,
            content=render(
                "delivery/login.sh.j2", path=LOGIN, cloud=found.cloud, cluster=found.cluster, purposes=found.purposes,
                recorded=_NAMES[found.cloud], needs=found.variables, example=f"{found.variables[0]}_STAGING",
            ),
            why="Logs a job in with the token that the CI system signed for it; no key is stored.",
        )  # fmt: skip
    if (
        found.home
        and INFRASTRUCTURE not in context.tree
        and (said or not Path(context.tree.root, INFRASTRUCTURE).exists())
    ):
        cloud = found.cloud
        yield DraftFile(
            path=INFRASTRUCTURE,
            content=render(
                "delivery/infrastructure.sh.j2", path=INFRASTRUCTURE, home=found.home,
                backend=terraform.BACKENDS[cloud],  # type: ignore[index]
            ),
            why="Terraform checked, planned, applied from the saved plan alone, and watched for drift.",
        )  # fmt: skip
