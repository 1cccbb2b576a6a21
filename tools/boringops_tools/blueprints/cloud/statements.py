"""What plan and documents say of a deployment to a cloud."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from boringops.facts import Decision, Plan
from boringops_tools.blueprints import deploying
from boringops_tools.blueprints.cloud import delivery, terraform
from boringops_tools.blueprints.cloud.workload import CLOUDS, MANAGED, Cloud, Workload, workloads
from boringops_tools.blueprints.cloud.workload import tool as chosen_tool
from boringops_tools.blueprints.context import DEPLOY_CLOUD, DEPLOYMENT, INFRASTRUCTURE, Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render

PLACES: dict[Cloud, str] = {"aws": "AWS ECS (Fargate)", "google": "Google Cloud Run", "azure": "Azure Container Apps"}
TOOLS = {
    "terraform": "Terraform",
    "cloudformation": "CloudFormation",
    "pulumi-python": "Pulumi in Python",
    "pulumi-typescript": "Pulumi in TypeScript",
}
STRATEGIES: dict[Cloud, dict[str, str]] = {
    "aws": {
        "rolling": "ECS starts the new tasks beside the old ones, waits until the load balancer finds them healthy, then stops the old ones. "
        "What does not become healthy, or raises the alarm, is taken back by itself.",
        "blue-green": "ECS starts all new tasks beside the old ones, moves all requests at once when they are healthy, and keeps the old ones "
        "for ten minutes; the alarm moves the requests back at once.",
        "canary": "ECS gives a tenth of the requests to the new tasks for ten minutes, then the rest, and keeps the old ones for ten more; the "
        "alarm moves the requests back at once.",
    },
    "google": {
        "rolling": "The new revision has to pass its startup probe before it gets a request; then it gets all of them. The old one stays.",
        "blue-green": "The new revision starts without requests and has to become healthy; then all requests move at once. The old one stays.",
        "canary": "The new revision gets 5, 25, then 50 of 100 requests, five minutes each; ten errors move all of them back.",
    },
    "azure": {
        "rolling": "One revision is active: the new one takes over when its probes pass, and only then the old one ends.",
        "blue-green": "The new revision starts without requests and has to become healthy; then all requests move at once. The old one stays.",
        "canary": "The new revision gets 5, 25, then 50 of 100 requests, five minutes each; where it turns unhealthy, all move back.",
    },
}
_VAULT: dict[Cloud, str] = {"aws": "AWS Secrets Manager", "google": "Secret Manager", "azure": "Key Vault"}
_EDGE: dict[Cloud, str] = {
    "aws": "Load balancer",
    "google": "Cloud Run's front end",
    "azure": "Ingress of the environment",
}
_JOB: dict[Cloud, str] = {
    "aws": "a task of its own (`aws ecs run-task`)",
    "google": "a Cloud Run job",
    "azure": "a Container Apps job",
}
_COSTLY: dict[Cloud, str] = {
    "aws": "the NAT gateways, the load balancer and the database, which run whether anybody comes or not",
    "google": "the database and the cache, which run whether anybody comes or not; services rest at zero instances where that is allowed",
    "azure": "the database, the cache and the Premium registry, which run whether anybody comes or not",
}


def _mine(context: Context) -> list[Workload]:
    """The applications that are deployed to the cloud that was chosen; none where no file of ours is there or comes."""
    return workloads(context) if (context.choices.target or "") in CLOUDS and "deploy" in context.wants else []


def document(context: Context) -> Iterator[DraftFile]:
    """How the cloud is set up once, deployed to, rolled back and changed, and where each variable comes from."""
    if _mine(context) and DEPLOYMENT not in context.tree:
        yield DraftFile(
            path=DEPLOYMENT,
            content=render("cloud/deployment.md.j2", **_facts(context)),
            why="What to do once, how to deploy, go back and change the infrastructure, and where each variable comes from.",
        )


def _facts(context: Context) -> dict[str, Any]:
    told = terraform.facts(context)
    cloud: Cloud = told["cloud"]
    tool = chosen_tool(context)
    database = {"postgres": "PostgreSQL", "mysql": "MySQL", "redis": "Valkey" if cloud == "aws" else "Redis"}
    workflow = DEPLOY_CLOUD if not context.other_ci and context.will_have(DEPLOY_CLOUD, "deploy") else ""
    target = deploying.of(context) if context.deploys_by else None
    return {
        **told,
        "home": terraform.place(context),
        "place": PLACES[cloud],
        "tool": tool,
        "tool_name": TOOLS[tool],
        "edge": _EDGE[cloud],
        "vault": _VAULT[cloud],
        "managed": MANAGED,
        "services": database,
        "workflow": workflow,
        "target": target,
        "pipeline": workflow or context.deploys_by,
        "systems": ", ".join(system.name for system in context.pipelines),
        "exact": _EXACT.get(context.pipelines[0].name, "") if target and cloud == "azure" else "",
        "variables": delivery.variables(cloud) if tool == "terraform" else delivery.variables_to_deploy(cloud),
        "first": _first(context, told, tool),
        "strategies": STRATEGIES[cloud][told["strategy"]],
        "job": _JOB[cloud],
        "back": _back(cloud, workflow or context.deploys_by),
        "by_hand": _BY_HAND[cloud],
        "costly": _COSTLY[cloud],
        "change": _CHANGE.get(tool, ""),
        "kept": _KEPT.get(tool, ""),
        "secret_name": lambda work, name: secret_name(cloud, work, name),
        "unproved": _unproved(tool),
    }


def secret_name(cloud: Cloud, work: Workload, name: str) -> str:
    """What a secret is called, with ENVIRONMENT where the environment's name goes."""
    if cloud == "azure":
        return f"{work.name}-{name.lower().replace('_', '-')}"
    return f"PROJECT-ENVIRONMENT/{work.name}/{name}" if cloud == "aws" else f"PROJECT-ENVIRONMENT-{work.name}-{name}"


_BY_HAND: dict[Cloud, str] = {
    "aws": "copy the image into the registry, register the newest task definition again with its digest, `aws ecs update-service`, "
    "`aws ecs wait services-stable`.",
    "google": "copy the image into the registry, `gcloud run services update NAME --image IMAGE@sha256:...`.",
    "azure": "copy the image into the registry, `az containerapp update --image IMAGE@sha256:...`.",
}
_EXACT = {
    "GitLab CI": "so the name of the tag has to stay out of it: set the project's `ci_id_token_sub_claim_components` to "
    '`["project_path", "ref_type"]` (API of projects), and protect branches and tags.',
    "CircleCI": "and CircleCI's names the person who started the job: one subject for each person who may deploy.",
    "Jenkins": "and Jenkins' is the job's address, which has the tag's name in it: give the plugin a claim template for `sub` without it.",
}
"""What Entra, which compares whole subjects, asks of a system."""
_CHANGE = {
    "cloudformation": "Make a change set, read what it replaces and removes, then execute it: `aws cloudformation create-change-set`. "
    "Drift: `aws cloudformation detect-stack-drift`.",
    "pulumi-python": "`pulumi preview --diff`, read what it replaces and deletes, then `pulumi up`. Drift: `pulumi refresh --preview-only`.",
    "pulumi-typescript": "`pulumi preview --diff`, read what it replaces and deletes, then `pulumi up`. Drift: `pulumi refresh --preview-only`.",
}
_KEPT = {
    "cloudformation": "`DeletionPolicy` and `UpdateReplacePolicy`",
    "pulumi-python": "`protect`",
    "pulumi-typescript": "`protect`",
}


def _first(context: Context, told: dict[str, Any], tool: str) -> list[str]:
    cloud: Cloud = told["cloud"]
    if tool == "cloudformation":
        return [
            "An ACM certificate for the host name, in the same region.",
            f"`aws cloudformation deploy --template-file {terraform.place(context)}/service.yaml --stack-name PROJECT-staging --capabilities "
            "CAPABILITY_IAM --parameter-overrides $(cat staging.parameters)` with the parameters of the template; `DesiredCount=0` until the "
            "image and the secrets are there.",
            "Put the values of the secrets in: `aws secretsmanager put-secret-value`. Deploy the image, then set `DesiredCount`.",
            "Point the DNS record at the output `LoadBalancer`.",
        ]
    if tool.startswith("pulumi"):
        return [
            "A state backend that is locked and encrypted (Pulumi Cloud, or a bucket), and a stack for each environment: `pulumi stack init "
            "staging`.",
            "Set what Pulumi.yaml asks for: `pulumi config set NAME VALUE`; secrets are made without values.",
            "`pulumi up`, put the values of the secrets in, deploy the image.",
        ]
    home, backend = told["home"], told["backend"]
    steps = [
        "A place for the state that Terraform cannot make itself: versioned, encrypted, not public. Copy "
        f"`{home}/environments/*.{backend}.tfbackend.example` without `.example`, and name it there.",
        f"Copy `{home}/environments/*.tfvars.example` without `.example` and put your values in. No secret belongs there; commit them.",
        f"In `{home}/`: `terraform init -backend-config=environments/staging.{backend}.tfbackend`, then `terraform providers lock "
        "-platform=linux_amd64 -platform=darwin_arm64`, and commit `.terraform.lock.hcl`.",
    ]
    if cloud == "aws":
        return [
            *steps,
            "`terraform plan -var-file=environments/staging.tfvars -out=first.plan`, read it, `terraform apply first.plan`: by a person with "
            "the rights to, because the pipeline's roles are made here. Services find no image yet and go on trying.",
            "Put the values of the secrets in: `aws secretsmanager put-secret-value --secret-id NAME --secret-string ...`.",
            "Point the DNS records of `hosts` at the output `load_balancer`, then deploy the first image.",
        ]
    return [
        *steps,
        "The first apply, by a person with the rights to, with `-var bootstrap=true`: registry, secrets, network and pipeline. The plan is "
        "saved and read as always.",
        "Put the values of the secrets in "
        + ("(`gcloud secrets versions add`)" if cloud == "google" else "(`az keyvault secret set`)")
        + ", copy the first image into the registry (`docker buildx imagetools create`), and name its digest in `images`.",
        "Plan and apply again without `bootstrap`: now the services come.",
        *(
            [
                "Redis' certificate is signed by an authority of its own: `gcloud redis instances describe NAME` gives it; hand it to the client "
                "(`NODE_EXTRA_CA_CERTS`, `SSL_CERT_FILE` or the client's own option)."
            ]
            if cloud == "google" and told["cache"]
            else []
        ),
    ]


def _back(cloud: Cloud, workflow: str) -> list[str]:
    steps = []
    if cloud == "google":
        steps.append(
            "At once, nothing is started: `gcloud run services update-traffic NAME --to-revisions OLD=100`; the run's summary has the line."
        )
    if workflow:
        steps.append(
            f"Run `{workflow}` by hand with the last good digest: the last good run shows it. Nothing is built, and the migrations "
            "find nothing to do."
        )
    by_hand: dict[Cloud, str] = {
        "aws": "Without the pipeline: `aws ecs update-service --cluster PROJECT-ENVIRONMENT --service NAME --task-definition FAMILY:OLD`, then "
        "`aws ecs wait services-stable`.",
        "google": "Without the pipeline: `gcloud run services update NAME --image IMAGE@sha256:OLD`.",
        "azure": "Without the pipeline: `az containerapp revision activate --revision OLD`, then `az containerapp ingress traffic set "
        "--revision-weight OLD=100` where several revisions are active, else `az containerapp update --image IMAGE@sha256:OLD`.",
    }
    return [*steps, by_hand[cloud], "Look at health and errors, then find out what happened."]


def _unproved(tool: str) -> list[str]:
    said = ["Nothing was applied: quotas, names that are taken, and rights of your account show at the first apply."]
    if tool == "terraform":
        said.append(
            "`.terraform.lock.hcl` is missing until the first `terraform init`; no network was asked for checksums."
        )
    if tool.startswith("pulumi"):
        said.append("The program was parsed, not run: `pulumi preview` is the first real check of its types.")
    said.append("Sizes and the budget are assumptions; nobody measured the load.")
    return said


def assumptions(context: Context) -> list[str]:
    """What the infrastructure rests on that nobody said."""
    works = _mine(context)
    if not works:
        return []
    told = terraform.facts(context)
    chosen = context.choices
    said = []
    if told["region"] not in chosen.regions:
        said.append(f"Nobody named a region: {told['region']} is the default; it is a variable.")
    said += [
        f"One region is provisioned, {told['region']}; {'what else was named, and ' if len(chosen.regions) > 1 else ''}a second one needs decisions on "
        "replication and failover first.",
        "Account, domain, certificate, owner and alert address are variables without a default, with examples to fill in for staging and production.",
        f"Sizes were not measured: {told['memory']} MB and the smallest machines in staging, two of each and a standby in production.",
    ]
    if chosen.budget_usd is None:
        said.append("Nobody named a budget: alerts at $100 a month in staging and $400 in production.")
    tool = chosen_tool(context)
    if chosen.tool not in TOOLS:
        said.append("Terraform, because nobody named another tool.")
    elif chosen.tool != tool:
        said.append(f"{TOOLS[chosen.tool]} is drafted for AWS alone: Terraform in its place.")
    if tool == "terraform" and context.on_github and context.pipelines:
        systems = ", ".join(system.name for system in context.pipelines)
        said.append(
            f"The Terraform trusts the tokens of GitHub's workflows alone; {systems} may not log in before its issuer is added."
        )
    if tool != "terraform":
        said.append(
            "The roles that the workflow logs in as (AWS_DEPLOY_ROLE, by OIDC) are made by people; only the Terraform makes them itself."
        )
        if chosen.strategy not in (None, "rolling"):
            said.append(f"{TOOLS[tool]} replaces instances rolling; {chosen.strategy} is drafted in Terraform alone.")
    unmanaged = sorted({each.kind for work in works for each in work.app.services} - set(MANAGED))
    if unmanaged:
        said.append(f"{', '.join(unmanaged)}: not provisioned; its address is a secret that people fill in.")
    if len({kind for kind in told["clients"] if kind in ("postgres", "mysql")}) > 1:
        said.append("The code uses PostgreSQL and MySQL: PostgreSQL is provisioned, MySQL is not.")
    foreign = [path for path in context.tree.files if path.endswith(".tf") and not path.startswith(f"{told['home']}/")]
    if foreign:
        said.append(
            f"Terraform that is there already ({foreign[0]} and others) is left as it is; its network can be handed over by the variable `network`."
        )
    return said


def told(context: Context, plan: Plan, brought: bool) -> Plan:
    """The plan with what is true of this cloud in the place of what holds while no target is known."""
    works = _mine(context)
    if not works:
        return plan
    facts = terraform.facts(context)
    cloud: Cloud = facts["cloud"]
    tool = chosen_tool(context)
    home = terraform.place(context)
    migrating = [work.name for work in works if work.jobs]
    decisions = [
        Decision(
            what=f"{TOOLS[tool]} for {PLACES[cloud]} in {home}/",
            why="It was asked for."
            if context.choices.tool == tool
            else "Terraform, where no other tool is named that is drafted here.",
        ),
        Decision(
            what=f"Strategy: {facts['strategy']}",
            why="It was asked for."
            if context.choices.strategy == facts["strategy"]
            else "It needs no second set of instances, and goes back by itself.",
        ),
    ]
    if tool == "terraform":
        decisions.append(
            Decision(
                what="One configuration, a variables file for each environment",
                why="What differs between staging and production can be read side by side, and nothing else can differ.",
            )
        )
    if brought:
        decisions.append(
            Decision(
                what="The image and the pipeline that builds it come along",
                why="The platform runs an image, and the repository had none.",
            )
        )
    monitoring = [line for line in plan.monitoring if not line.startswith("Alerts and dashboards")]
    monitoring += [
        f"Logs kept with a retention in {PLACES[cloud]}'s own log store; a budget that alerts at 80 % and by forecast."
    ]
    if cloud == "aws":
        monitoring.append("Container Insights; an alarm on errors of each service, which also takes a deployment back.")
    pipeline = (
        f"{DEPLOY_CLOUD}: staging on merge, production by tag and approval."
        + (
            f" {INFRASTRUCTURE}: plan on pull requests, apply of the saved plan alone, drift every week."
            if tool == "terraform"
            else ""
        )
        if not context.other_ci
        else f"{context.deploys_by.replace('`', '')}: staging on merge, production by tag and approval."
        + (" Plan on changes, apply of the saved plan alone, drift every week." if tool == "terraform" else "")
        if context.deploys_by
        else f"By {context.other_ci}, as {DEPLOYMENT} has the steps."
    )
    return plan.model_copy(
        update={
            "decisions": [*(each for each in plan.decisions if "deploys nothing" not in each.what), *decisions],
            "environments": [
                "development: one machine, Compose",
                *(f"{name}: {PLACES[cloud]}, {facts['region']}" for name in terraform.ENVIRONMENTS),
            ],
            "security": [
                *plan.security,
                f"Secrets are references to {_VAULT[cloud]}; their values are in no file, plan or state.",
                "Services and data are in private networks; TLS is the only way in. Data, backups and logs are encrypted.",
                "Least privilege: an identity for the service, others for the pipeline to plan, apply and deploy, by OIDC and without keys.",
            ],
            "monitoring": monitoring,
            "deployment_strategy": f"{STRATEGIES[cloud][facts['strategy']]} {pipeline}"
            + (
                f" Before it, a one-off task migrates the schema of {', '.join(migrating)} (expand and contract)."
                if migrating
                else ""
            ),
            "rollback": f"{' '.join(_back(cloud, context.deploys_by if context.other_ci else DEPLOY_CLOUD)[:2])} Data is not rolled back. Of the files: revert the one commit that adds them.",
            "cost": f"Estimated by `boringops check {home}`; most of it: {_COSTLY[cloud]}. Budget alerts: ${facts['budget_of']['staging']} a month in staging, "
            f"${facts['budget_of']['production']} in production.",
        }
    )
