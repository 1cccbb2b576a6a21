"""What deploys, and to which environment."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.pipelines import Job, Step, list_of
from boringops_tools.red_flags.scripts import Command
from boringops_tools.red_flags.testing import RUNNERS
from boringops_tools.yaml_files import walk

PRODUCTION = lazy_pattern(r"(?i)(?:^|[^a-z])(?:prod|production|live)(?:$|[^a-z])")
STAGING = lazy_pattern(
    r"(?i)(?:^|[^a-z])(?:dev|develop|development|test|testing|stage|staging|qa|uat|preview|sandbox)(?:$|[^a-z])"
)
# program: words of which one says that it changes what runs somewhere.
_DEPLOYS: dict[str, frozenset[str]] = {
    "kubectl": frozenset({"apply", "replace", "set", "patch", "rollout"}),
    "helm": frozenset({"upgrade", "install"}),
    "terraform": frozenset({"apply"}),
    "tofu": frozenset({"apply"}),
    "pulumi": frozenset({"up"}),
    "cdk": frozenset({"deploy"}),
    "sam": frozenset({"deploy"}),
    "serverless": frozenset({"deploy"}),
    "sls": frozenset({"deploy"}),
    "aws": frozenset({"update-service", "update-function-code", "deploy", "create-deployment", "update-stack"}),
    "gcloud": frozenset({"deploy"}),
    "az": frozenset({"deploy", "up", "deployment"}),
    "flyctl": frozenset({"deploy"}),
    "fly": frozenset({"deploy"}),
    "vercel": frozenset({"deploy", "--prod"}),
    "netlify": frozenset({"deploy"}),
    "railway": frozenset({"up"}),
    "cap": frozenset({"deploy"}),
    "ansible-playbook": frozenset(),
    "eb": frozenset({"deploy"}),
    "ecs-deploy": frozenset(),
    "firebase": frozenset({"deploy"}),
    "wrangler": frozenset({"deploy"}),
}
# program: services of a cloud, with the words of which one brings a new version to them.
_SERVICES: dict[str, dict[str, frozenset[str]]] = {
    "az": {"containerapp": frozenset({"update", "up", "create", "copy"}), "webapp": frozenset({"deploy", "up", "config", "deployment"})},
    "gcloud": {"run": frozenset({"deploy", "update", "replace", "update-traffic"})},
}  # fmt: skip
# A script of the repository that says by its name what it does.
_DEPLOY_SCRIPT = lazy_pattern(r"(?:.*[-_])?(?:deploy|roll-?out)(?:[-_.].*)?")
_DEPLOY_ACTIONS = lazy_pattern(
    r"(?i)^(?:aws-actions/amazon-ecs-deploy|azure/(?:webapps-deploy|k8s-deploy|functions-action)|google-github-actions/deploy-|"
    r"akhileshns/heroku-deploy|superfly/flyctl-actions|appleboy/(?:ssh|scp)-action|amondnet/vercel-action|"
    r"atlassian/(?:aws-ecs-deploy|aws-eks-kubectl-run|aws-elasticbeanstalk-deploy|aws-lambda-deploy|azure-\S+-deploy|"
    r"google-(?:app-engine|cloud-run|gke-kubectl)\S*|heroku-deploy|kubectl-run|ssh-run|rsync-deploy)|"
    r"AzureWebApp|AzureRmWebAppDeployment|AzureFunctionApp|AzureContainerApps|KubernetesManifest|HelmDeploy|"
    r"AzureResourceManagerTemplateDeployment|"
    # commands of CircleCI's orbs
    r"aws-ecs/(?:update[-_]service|deploy)|aws-eks/update|aws-code-deploy/deploy|aws-elastic-beanstalk/deploy|aws-sam-serverless/deploy|"
    r"gcp-cloud-run/deploy|gcp-gke/(?:rollout|publish-and-rollout)|kubernetes/create[-_]or[-_]update|helm/(?:upgrade|install-helm-chart)|"
    r"heroku/(?:deploy|push)|netlify/deploy|cloudfoundry/(?:push|blue_green|dark_deploy))"
)

_SHELLS = frozenset({"bash", "sh", "zsh", "source", "."})
# What changes infrastructure itself; the others bring a new version of an application.
_INFRASTRUCTURE = frozenset({"terraform", "tofu", "terragrunt", "pulumi", "cdk", "sam", "ansible-playbook"})


def by_script(command: Command) -> bool:
    """Whether a script of the repository is run that says by its name that it deploys."""
    scripts = command.argv[1:2] if command.program in _SHELLS else command.argv[:1]
    return any(_DEPLOY_SCRIPT.fullmatch(posixpath.basename(each)) for each in scripts)


def deploys_by(command: Command) -> bool:
    """Whether a command changes what runs somewhere."""
    words = _DEPLOYS.get(command.program)
    dry = any("dry-run" in word and "=none" not in word for word in command.argv) or command.has(
        "--check", "--syntax-check", "--list-tasks", "--list-hosts", "--help"
    )
    if dry:
        return False
    if by_script(command):
        return True
    if command.argv[1:2] and command.argv[1] in _SERVICES.get(command.program, {}):
        return bool(_SERVICES[command.program][command.argv[1]] & set(command.argv[2:4]))
    if command.program in RUNNERS and "deploy" in command.argv[1:4]:
        return True
    if words is not None and (not words or words & set(command.argv[1:])):
        return "rollout" not in command.argv or "restart" in command.argv
    return False


def deploys_in(step: Step) -> bool:
    return bool(_DEPLOY_ACTIONS.match(step.uses)) or any(deploys_by(command) for command in step.commands)


def deploys(job: Job) -> bool:
    if job.calls:
        return bool(_DEPLOY_SCRIPT.fullmatch(posixpath.basename(job.calls)))
    return any(deploys_in(step) for step in job.steps) or any(
        _DEPLOY_SCRIPT.fullmatch(posixpath.basename(each)) for each in _templates(job)
    )


def _templates(job: Job) -> list[str]:
    """Templates of steps that a job of Azure Pipelines takes in."""
    return [
        step["template"]
        for _, key, value in walk(job.body)
        if key == "steps" and isinstance(value, list)
        for step in value
        if isinstance(step, Mapping) and isinstance(step.get("template"), str)
    ]


def changes_infrastructure(job: Job) -> bool:
    found = [command for step in job.steps for command in step.commands if deploys_by(command)]
    return bool(found) and all(
        command.program in _INFRASTRUCTURE or {"cloudformation", "deployment"} & set(command.argv[1:3])
        for command in found
    )


def _given(job: Job) -> str:
    """What a job that calls a workflow or a template says about the environment."""
    body = job.body if isinstance(job.body, Mapping) else {}
    given = [value for key in ("with", "parameters") for value in list_of(body.get(key)) if isinstance(value, Mapping)]
    words = [
        str(value) for each in given for key, value in each.items() if re.search(r"(?i)env|stage|target", str(key))
    ]
    return " ".join(words)


def to_production(job: Job) -> bool:
    """Whether a job deploys, and says that it does so to production."""
    if not deploys(job):
        return False
    if job.environment:
        return bool(PRODUCTION.search(job.environment))
    if job.calls:
        said = f"{_given(job)} {job.name}"
        return bool(PRODUCTION.search(said)) and not STAGING.search(said)
    words = " ".join(
        " ".join(command.argv)
        for step in job.steps
        for command in step.commands
        if command.program in _DEPLOYS or deploys_by(command)
    )
    title = (
        " ".join(str(job.body.get(key) or "") for key in ("name", "concurrency"))
        if isinstance(job.body, Mapping)
        else ""
    )
    named = bool(PRODUCTION.search(f"{job.name} {title}"))
    return named or (bool(PRODUCTION.search(words)) and not STAGING.search(f"{job.name} {words}"))
