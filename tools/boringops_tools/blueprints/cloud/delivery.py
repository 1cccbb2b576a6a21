"""Workflows of the cloud: Terraform planned and applied, images deployed by digest and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from boringops_tools.blueprints import pins
from boringops_tools.blueprints.cloud import terraform
from boringops_tools.blueprints.cloud.workload import CLOUDS, Cloud, workloads
from boringops_tools.blueprints.context import DEPLOY_CLOUD, INFRASTRUCTURE, Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.pins import action
from boringops_tools.blueprints.render import render

_ROLES: dict[Cloud, tuple[str, str, str]] = {
    "aws": ("AWS_PLAN_ROLE", "AWS_APPLY_ROLE", "AWS_DEPLOY_ROLE"),
    "google": ("GCP_PLAN_ACCOUNT", "GCP_APPLY_ACCOUNT", "GCP_DEPLOY_ACCOUNT"),
    "azure": ("AZURE_PLAN_CLIENT_ID", "AZURE_APPLY_CLIENT_ID", "AZURE_DEPLOY_CLIENT_ID"),
}
"""Variables that say whom the workflows log in as: to read, to change, to deploy."""
COMMON: dict[Cloud, tuple[str, ...]] = {
    "aws": ("AWS_REGION",),
    "google": ("GCP_WORKLOAD_IDENTITY_PROVIDER", "GCP_PROJECT", "GCP_REGION"),
    "azure": ("AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID", "AZURE_REGISTRY"),
}
_ENVIRONMENT_OF_REF = "${{ github.ref_type == 'tag' && 'production' || 'staging' }}"


def variables(cloud: Cloud) -> dict[str, list[str]]:
    """Variables of GitHub that the workflows read: of the repository, and of each environment."""
    plan, apply, deploy = _ROLES[cloud]
    shared = list(COMMON[cloud])
    return {"repository": [f"{plan}_STAGING", f"{plan}_PRODUCTION", *shared], "environment": [apply, deploy, *shared]}


def variables_to_deploy(cloud: Cloud) -> dict[str, list[str]]:
    """The same where no workflow plans and applies."""
    return {"repository": [], "environment": [_ROLES[cloud][2], *COMMON[cloud]]}


def infrastructure(context: Context) -> Iterator[DraftFile]:
    """Plans on pull requests, saved plans applied behind an approval, drift found once a week."""
    cloud = terraform.chosen(context)
    if cloud is None or context.other_ci or not workloads(context) or INFRASTRUCTURE in context.tree:
        return
    told = terraform.facts(context)
    plan, apply, _ = _ROLES[cloud]
    yield DraftFile(
        path=INFRASTRUCTURE,
        content=render(
            "cloud/infrastructure.yml.j2",
            cloud=cloud,
            home=told["home"],
            backend=told["backend"],
            branch=context.stack.branch,
            version=pins.tag("terraform"),
            plan_role=plan,
            apply_role=f"${{{{ vars.{apply} }}}}",
            plan_of_ref=f"${{{{ github.ref_type == 'tag' && vars.{plan}_PRODUCTION || vars.{plan}_STAGING }}}}",
            environment_of_ref=_ENVIRONMENT_OF_REF,
            repository_variables=variables(cloud)["repository"],
            environment_variables=variables(cloud)["environment"],
            fetched=_FETCHED.format(download=action("actions/download-artifact"), home=told["home"]),
        ),
        why="Terraform is planned on pull requests, applied from the saved plan after an approval, and watched for drift.",
    )


_FETCHED = """\
      - name: Fetch the saved plan
        uses: {download}
        with:
          name: plan
          path: ${{{{ runner.temp }}}}/plan
      - name: Take the versions of the providers that it was made with
        run: cp "${{RUNNER_TEMP}}/plan/terraform.lock.hcl" .terraform.lock.hcl
"""


SCRIPT = "ops/deploy/deploy.sh"
"""What people and every pipeline deploy to a cloud with."""
_NEEDS: dict[Cloud, tuple[str, ...]] = {
    "aws": ("AWS_REGION",),
    "google": ("GCP_PROJECT", "GCP_REGION"),
    "azure": ("AZURE_REGISTRY",),
}
"""Variables that the script reads."""
_PLACES: dict[Cloud, str] = {"aws": "AWS ECS", "google": "Google Cloud Run", "azure": "Azure Container Apps"}


def script(context: Context) -> Iterator[DraftFile]:
    """The script that people and pipelines deploy with."""
    if (context.choices.target or "") in CLOUDS and workloads(context) and SCRIPT not in context.tree:
        yield DraftFile(
            path=SCRIPT,
            content=render("delivery/deploy.sh.j2", **deploy_facts(context)),
            why="Deploys a digest: copies it to the cloud's registry, migrates, replaces, and looks whether it stayed.",
        )


def deployment(context: Context) -> Iterator[DraftFile]:
    """The workflow that deploys one digest to one environment; release.yml calls it, and people may."""
    if not _offered(context) or DEPLOY_CLOUD in context.tree:
        return
    yield DraftFile(
        path=DEPLOY_CLOUD,
        content=render("cloud/deploy.yml.j2", **deploy_facts(context)),
        why="Deploys a digest to staging or production without a stored key, and goes back to one the same way.",
    )


def deploy_facts(context: Context) -> dict[str, Any]:
    told = terraform.facts(context)
    cloud: Cloud = told["cloud"]
    return {
        **told,
        "many": len(told["works"]) > 1,
        "deploy_variables": [_ROLES[cloud][2], *COMMON[cloud]],
        "role": _ROLES[cloud][2],
        "needs": _NEEDS[cloud],
        "place": _PLACES[cloud],
        "path": SCRIPT,
    }


def _offered(context: Context) -> bool:
    return (context.choices.target or "") in CLOUDS and not context.other_ci and bool(workloads(context))


def deploys(context: Context) -> bool:
    """Whether the workflow that deploys to the cloud is there, or will be."""
    if context.other_ci:
        return False
    return "workflow_call" in context.tree.text(DEPLOY_CLOUD) or (
        _offered(context) and context.will_have(DEPLOY_CLOUD, "deploy")
    )
