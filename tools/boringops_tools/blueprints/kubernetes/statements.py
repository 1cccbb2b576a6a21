"""What the plan says of a deployment to Kubernetes: assumptions, decisions, environments, security, cost, the way back."""

from __future__ import annotations

from boringops.facts import Decision, Plan
from boringops_tools.blueprints.context import DEPLOY, Context
from boringops_tools.blueprints.kubernetes import shape
from boringops_tools.blueprints.kubernetes.existing import Existing
from boringops_tools.blueprints.kubernetes.shape import ENVIRONMENTS, Shape
from boringops_tools.blueprints.kubernetes.variables import UNSET
from boringops_tools.blueprints.kubernetes.workload import Workload

Laid = list[tuple[Workload, Shape]]

STRATEGY = {
    "rolling": "Rolling: a quarter of the instances at a time, never fewer ready ones than before; a new version that does not "
    "become healthy within ten minutes is taken back by itself.",
    "blue-green": "Blue-green: the new version starts beside the live one, is looked at through the preview Service, and gets all "
    "traffic at once; the old one keeps running for the way back.",
    "canary": "Canary: 5, 25, then 50 of 100 requests go to the new version, with a look at its health between; then it takes over.",
}
BACK = {
    "rolling": "`bash {folder}/deploy.sh ENVIRONMENT rollback` (kubectl rollout undo), or deploy the last good digest.",
    "blue-green": "`bash {folder}/deploy.sh ENVIRONMENT rollback` gives the traffic back to the colour that still runs: seconds.",
    "canary": "`bash {folder}/deploy.sh ENVIRONMENT rollback` gives all traffic to the stable version; after the "
    "promotion, deploy the last good digest.",
}


def assumptions(laid: Laid) -> list[str]:
    """What the manifests rest on that nobody said."""
    said: list[str] = []
    for w, v in laid:
        way = "the Gateway and its namespace" if v.by_gateway else "the namespace of the ingress controller"
        where = f"{v.folder}/{'values-*.yaml' if v.helm else 'overlays/*/kustomization.yaml'}"
        said.append(
            f"{w.name}: the domain, {way} and what else is `{UNSET}` in {v.folder}/ have to be set "
            f"(domains in {where}); deploy.sh refuses to go on before."
        )
        if w.secrets and v.external_secrets:
            said.append(
                f"{w.name}: External Secrets Operator is in the cluster, with a SecretStore whose name has to be set."
            )
        elif w.secrets:
            said.append(
                f"{w.name}: whoever runs the cluster makes the Secret `{w.secret}` in each namespace from the "
                "secrets manager; no value is in git."
            )
        if not w.uid_known:
            said.append(f"{w.name}: its Dockerfile names no numeric USER; {w.uid} is used and has to be tried.")
        if w.egress:
            said.append(
                f"{w.name}: {', '.join(kind for kind, _ in w.egress)} are reached in private networks on their usual ports."
            )
        if w.alone:
            said.append(
                f"{w.name}: it reads where its database is, and no client of a database server was found. A file (SQLite) does not "
                "outlive a pod and cannot be shared: use a server, and name its port in the network policy."
            )
        said.append(
            f"{w.name}: {w.memory} of memory an instance, and 100m of a CPU, are a start; measure and set them."
        )
    if laid:
        numbers = ", ".join(f"{each.min}-{each.max} in {each.name}" for each in ENVIRONMENTS)
        said.append(f"Nobody stated the load: {numbers} instances, scaled by CPU.")
        said.append(
            "dev, staging and production are namespaces, each with its own settings and secrets; production better in a cluster of its own."
        )
        if any(v.rollouts for _, v in laid):
            said.append("Argo Rollouts is in the cluster, and its kubectl plugin where deploy.sh runs.")
        if any(v.by_gateway for _, v in laid):
            said.append("The Gateway API is in the cluster, with a Gateway whose HTTPS listener is called `https`.")
    return said


def decisions(context: Context, laid: Laid, brought: bool) -> list[Decision]:
    made: list[Decision] = []
    if not laid:
        return made
    v = laid[0][1]
    if v.helm:
        made.append(
            Decision(
                what="A Helm chart with a schema of its values",
                why="It was asked for; one values file for each environment.",
            )
        )
    else:
        made.append(
            Decision(
                what="Kustomize: one base, an overlay for each environment",
                why="kubectl has it built in, and what differs between environments is a few lines that can be read. A Helm chart "
                "comes where the task says helm.",
            )
        )
    made.append(
        Decision(
            what=f"Strategy: {v.strategy}" + (", by Argo Rollouts" if v.rollouts else ""),
            why="It was asked for."
            if context.choices.strategy
            else "It needs nothing beside Kubernetes and no second set of instances. Blue-green and canary come where the task says so.",
        )
    )
    if brought:
        made.append(
            Decision(
                what="The image and the pipeline that builds it come along",
                why="A cluster runs an image, and the repository had none.",
            )
        )
    return made


def told(context: Context, plan: Plan, laid: Laid, kept: list[Existing], brought: bool) -> Plan:
    """The plan with what is true of this target in the place of what holds while no target is known."""
    if kept and not laid:
        folders = ", ".join(sorted({each.folder for each in kept}))
        return plan.model_copy(update={
            "deployment_strategy": f"As the manifests in {folders} have it; nothing of it is changed."
            + (f" {context.deploys_by.replace('`', '')}: staging on merge, production by tag and approval." if context.deploys_by else ""),
            "rollback": "As it is now; of the files: revert the one commit that adds them.",
        })  # fmt: skip
    if not laid:
        return plan
    v = laid[0][1]
    pipeline = (
        f"{DEPLOY}: staging on merge, production by tag and approval."
        if not context.other_ci
        else f"{context.deploys_by.replace('`', '')}: staging on merge, production by tag and approval."
        if context.deploys_by
        else f"By hand or from {context.other_ci}, with deploy.sh."
    )
    folders = ", ".join(each.folder for _, each in laid)
    migrating = [w.name for w, _ in laid if w.migration]
    security = [
        "Namespaces refuse pods that are not `restricted`: no root, no capabilities, RuntimeDefault seccomp, root file system read-only.",
        "Network policies deny everything but DNS, the way in, and the services that the code uses.",
        "No pod holds a token of the cluster; secrets are references, their values in no file.",
        "The pipeline logs in by OpenID Connect: there is no stored key to the cluster.",
    ]
    monitoring = [line for line in plan.monitoring if not line.startswith("Alerts and dashboards")]
    monitoring += [
        f"{w.name}: readiness {w.ready.path or 'on its port'}, liveness {w.live.path or 'on its port'}" for w, _ in laid
    ]
    monitoring += [
        f"{w.name}: ServiceMonitor on {w.app.metrics.path}" for w, each in laid if each.monitored and w.app.metrics
    ]
    most = sum(ENVIRONMENTS[-1].max for _ in laid)
    return plan.model_copy(
        update={
            "decisions": [
                *(each for each in plan.decisions if "deploys nothing" not in each.what),
                *decisions(context, laid, brought),
            ],
            "environments": [
                f"{each.name}: {', '.join(f'namespace {w.name}-{each.name}' for w, _ in laid)}, {each.min} to {each.max} instances"
                for each in ENVIRONMENTS
            ],
            "security": [*plan.security, *security],
            "monitoring": monitoring,
            "deployment_strategy": f"{STRATEGY[v.strategy]} {pipeline}"
            + (
                f" Before it, a Job migrates the schema of {', '.join(migrating)} (expand and contract)."
                if migrating
                else ""
            ),
            "rollback": f"{BACK[v.strategy].format(folder=v.folder)} A schema is not rolled back: each migration leaves the old version "
            f"working. Of the files: revert the one commit that adds {folders}.",
            "cost": f"In production {2 * len(laid)} to {most} instances of {', '.join(f'{w.name} ({w.memory})' for w, _ in laid)}"
            + (", twice while two versions run" if v.tracks or v.rollouts else "")
            + "; the nodes under them, the load balancer and the databases cost what the provider asks, which is not known here. CI "
            "minutes and registry storage as GitHub's plan has them.",
        }
    )


def laid_out(context: Context, every: list[Workload]) -> Laid:
    return [(each, shape.of(context, each)) for each in every]
