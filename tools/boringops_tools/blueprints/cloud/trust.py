"""Whose tokens a cloud is to trust: what each CI system signs for its jobs, as its own documentation has it.

GitHub's are in the modules themselves, which know its environments; the others' subjects are values of an environment."""

from __future__ import annotations

from dataclasses import dataclass

from boringops_tools.blueprints.cloud.workload import Cloud
from boringops_tools.blueprints.context import Context

AUDIENCES: dict[Cloud, str] = {
    "aws": "sts.amazonaws.com",
    "google": "google-workload-identity",
    "azure": "api://AzureADTokenExchange",
}
"""Whom a token is for, where the system lets the pipeline say so. Entra takes none but this one."""


@dataclass(frozen=True)
class Trust:
    """Tokens of one system. What people have to fill in stands in <...>."""

    system: str
    issuer: str
    audience: str
    plan: list[str]
    """Subjects of jobs that only read."""
    change: dict[str, list[str]]
    """Subjects of jobs that apply and deploy, by environment."""
    subject: str = "assertion.sub"
    """What Google takes for the token's name, of at most 127 characters."""


def of(context: Context, cloud: Cloud) -> Trust | None:
    """Of the system that deploys; None on GitHub."""
    if context.on_github or not context.pipelines:
        return None
    system, branch = context.pipelines[0].name, context.stack.branch
    audience = AUDIENCES[cloud]
    exact = cloud == "azure"
    if system == "GitLab CI":
        # Entra knows no patterns: there the subject has to leave the name of the tag out (docs/deployment.md).
        at = "project_path:<group/project>:ref_type:"
        jobs = [f"{at}branch", f"{at}tag"] if exact else [f"{at}branch:ref:{branch}", f"{at}tag:ref:v*"]
        plan = jobs if exact else [f"{at}branch:ref:*", f"{at}tag:ref:v*"]
        change = {"staging": jobs[:1], "production": jobs[1:]}
        return Trust(system, "https://gitlab.com", audience, plan, change, "assertion.project_path")
    if system == "CircleCI":
        at = "org/<organization id>/project/<project id>/user/"
        people = [f"{at}<id of each person who may deploy>"]
        refs = {"staging": f"refs/heads/{branch}", "production": "refs/tags/v*"}
        change = {name: people if exact else [f"{at}*/vcs-origin/*/vcs-ref/{ref}"] for name, ref in refs.items()}
        plan = people if exact else [f"{at}*/vcs-origin/*/vcs-ref/refs/*"]
        named = "assertion['oidc.circleci.com/project-id']"
        return Trust(
            system, "https://oidc.circleci.com/org/<organization id>", "<organization id>", plan, change, named
        )
    if system == "Jenkins":
        at = "https://<jenkins>/job/<pipeline>/job/"
        change = {"staging": [f"{at}{branch}/"], "production": [f"{at}<tag>/" if exact else f"{at}v*/"]}
        plan = [*change["staging"], *change["production"]] if exact else [f"{at}*"]
        return Trust(system, "https://<jenkins>/oidc", audience, plan, change)
    at = "sc://<organization>/<project>/"
    return Trust(
        system,
        "https://vstoken.dev.azure.com/<organization id>",
        AUDIENCES["azure"],
        [f"{at}staging-plan", f"{at}production-plan"],
        {name: [f"{at}{name}-apply", f"{at}{name}-deploy"] for name in ("staging", "production")},
    )
