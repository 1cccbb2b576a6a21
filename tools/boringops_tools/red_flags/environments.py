"""Credentials of one environment in the hands of another."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.deploying import PRODUCTION, STAGING, deploys, to_production
from boringops_tools.red_flags.examples import CI, GUARD, a_job, gh
from boringops_tools.red_flags.pipelines import Job, Pipeline, jobs_of, may_run
from boringops_tools.yaml_files import is_workflow, line_of, walk

_SECRET = lazy_pattern(r"\$\{\{\s*secrets\.(\w+)\s*\}\}")
_CREDENTIAL = lazy_pattern(r"(?i)KEY|TOKEN|SECRET|PASS|CRED|KUBE_?CONFIG|ROLE")
_COMMON = lazy_pattern(
    r"(?i)^GITHUB_TOKEN$|REGISTRY|DOCKER|GHCR|NPM|CODECOV|SONAR|SLACK|DISCORD|SENTRY|WEBHOOK|PYPI|NOTIFY|SNYK|CACHE|GH_"
)


def _shared(path: str, text: str) -> Iterable[Hit]:
    users: dict[str, dict[str, Any]] = {}
    for _, job in jobs_of(path, text) if is_workflow(path) else ():
        if STAGING.search(f"{job.environment} {job.name}") and not PRODUCTION.search(f"{job.environment} {job.name}"):
            for parent, key, value in walk(job.body):
                for name in _SECRET.findall(value) if isinstance(value, str) else ():
                    if PRODUCTION.search(name.replace("_", " ")) and not _COMMON.search(name):
                        yield Hit(line_of(parent, key) or job.line, f"{job.name} uses production's secret {name}")
        if job.environment:
            continue  # secrets of an environment have one name and a value for each
        kind = "production" if PRODUCTION.search(job.name) else "staging" if STAGING.search(job.name) else ""
        if not kind or not deploys(job):
            continue
        for parent, key, value in walk(job.body):
            for name in _SECRET.findall(value) if isinstance(value, str) else ():
                if _CREDENTIAL.search(name) and not _COMMON.search(name):
                    users.setdefault(name, {})[kind] = line_of(parent, key)
    for name, kinds in users.items():
        if len(kinds) > 1:
            yield Hit(kinds["production"], f"the secret {name} serves both {' and '.join(sorted(kinds))}")

    yield from foreign(jobs_of(path, text))


# --- other systems ------------------------------------------------------------------------------------------------------

# Keys under which a job or a template is given something of an environment.
_HOLDS = lazy_pattern(
    r"(?i)(?:subscription|connection|connectedService\w*|sshEndpoint|kubernetesServiceEndpoint|registryEndpoint|credential\w*|"
    r"context|role(?!_?session)\w*|secret\w*|kube_?config|key_?vault\w*|account\w*)$"
)
_WHERE = lazy_pattern(
    r"(?i)^(?:environment|env|stage|target|targetEnvironment|environmentName|name|cluster|namespace)$"
)
_JENKINS = lazy_pattern(
    r"\bcredentialsId\s*:\s*['\"]([^'\"$]+)['\"]|\bcredentials\(\s*['\"]([^'\"$]+)['\"]|\bsshagent\s*\(?\s*(?:credentials\s*:\s*)?\[\s*['\"]([^'\"$]+)"
)
# Names of an environment that is not production; `test` is as often what something is for.
_BEFORE = lazy_pattern(
    r"(?i)(?:^|[^a-z])(?:dev|develop|development|stage|staging|stg|qa|uat|preprod|sandbox)(?:$|[^a-z])"
)


@dataclass(frozen=True)
class Held:
    line: int | None
    name: str
    group: bool = False


def before_production(said: str) -> bool:
    """Whether a name is that of an environment which is not production."""
    return bool(_BEFORE.search(said.replace("_", " ")))


def kind_of(said: str) -> str:
    """`production`, `staging` for all before it, or nothing where a name does not say, or says both."""
    words = said.replace("_", " ")
    production, before = bool(PRODUCTION.search(words)), bool(_BEFORE.search(words))
    return "" if production == before else "production" if production else "staging"


def foreign(found: Iterable[tuple[Pipeline, Job]]) -> Iterator[Hit]:
    """A credential that is named for another environment than the job that uses it."""
    for pipeline, job in found:
        where, held = _of(pipeline, job)
        # A group of variables or of resources of its own does not make a connection the job's own.
        for same in ([each for each in held if each.group], [each for each in held if not each.group]):
            kinds = {kind_of(each.name) for each in same}
            for each in same if where and where not in kinds else ():
                if kind_of(each.name):
                    yield Hit(each.line or job.line, f"{job.name} is for {where}, and is given {each.name}")


def _of(pipeline: Pipeline, job: Job) -> tuple[str, list[Held]]:
    """The environment that a job is for, and the credentials that it names."""
    if pipeline.system == "circleci":
        options = job.options if isinstance(job.options, Mapping) else {}
        contexts = options.get("context")
        held = [
            Held(line_of(options, "context"), str(each))
            for each in (contexts if isinstance(contexts, list) else [contexts])
            if each
        ]
        # Production's own context does not make a role that is given beside it production's.
        roles = [Held(line, name, group=True) for line, name in _roles(options)]
        where = kind_of(
            " ".join(str(options.get(key, "")) for key in ("name", "cluster", "environment", "env")) or job.name
        )
        # the other way round is told as a context that is shared
        return (where, [*held, *roles]) if where == "production" else ("", [])
    if pipeline.system == "jenkins":
        found = [next(filter(None, match)) for match in _JENKINS.findall(str(job.body))]
        unsaid = not PRODUCTION.search(job.name) and not _BEFORE.search(job.name)
        where = "production" if unsaid and to_production(job) else kind_of(job.name)
        return where, [Held(None, name) for name in found]
    if pipeline.system == "azure" and job.calls:
        given = job.body.get("parameters") if isinstance(job.body, Mapping) else None
        return _told(given if isinstance(given, Mapping) else {})
    if pipeline.system == "azure":
        stage = job.options.get("variables") if isinstance(job.options, Mapping) else None
        return kind_of(job.environment or job.name), [*_held(job.body), *_held(stage)]
    if pipeline.system == "github" and job.calls:
        given = job.body.get("with") if isinstance(job.body, Mapping) else None
        return _told(given if isinstance(given, Mapping) else {})
    if pipeline.system == "github":
        return kind_of(job.environment), [each for step in job.steps for each in _held(step.given)]
    return "", []


def _roles(options: Mapping[Any, Any]) -> Iterator[tuple[int | None, str]]:
    for key, value in options.items():
        if (
            isinstance(value, str)
            and "<<" not in value
            and re.search(r"(?i)(?:^|[_-])(?:role|account|profile)(?:$|[_-])", str(key))
        ):
            yield line_of(options, key), value


def _told(given: Mapping[Any, Any]) -> tuple[str, list[Held]]:
    return kind_of(" ".join(str(value) for key, value in given.items() if _WHERE.match(str(key)))), list(_held(given))


def _held(node: Any) -> Iterator[Held]:
    for parent, key, value in walk(node):
        if (
            isinstance(value, str)
            and "$" not in value
            and ((isinstance(key, str) and _HOLDS.search(key.replace("-", "_"))) or key == "group")
        ):
            yield Held(line_of(parent, key), value, key == "group")


_AZURE = "jobs:\n- deployment: Deploy\n  environment: {}\n  strategy: {{runOnce: {{deploy: {{steps: [{{task: AzureWebApp@1, inputs: {{azureSubscription: {}}}}}]}}}}}}\n"
_TEMPLATE = "jobs:\n- deployment: Deploy\n  environment: production\n  strategy: {{runOnce: {{deploy: {{steps: [{{template: a.yml, parameters: {{connection: {}, group: {}}}}}]}}}}}}\n"
_CIRCLE = "jobs:\n  d:\n    steps:\n      - run: flyctl deploy\nworkflows:\n  w:\n    jobs:\n      - d: {{name: {}, context: {}}}\n"
_JENKINSFILE = "stage('{}') {{ withCredentials([file(credentialsId: '{}', variable: 'KUBECONFIG')]) {{ sh 'kubectl apply -f k8s' }} }}\n"
RED_FLAGS = (
    RedFlag(
        "pipeline/shared-credential", "Use same credentials across environments", "warning",
        "Give each environment its own: `environment:` on the jobs, and the secret in each environment.",
        applies=may_run, check=_shared,
        bad={
            CI: gh(a_job("deploy-staging", "kubectl apply -f a", "    env:\n      K: ${{ secrets.KUBECONFIG }}\n")
                     + a_job("deploy-production", "kubectl apply -f a", "    env:\n      K: ${{ secrets.KUBECONFIG }}\n")),
            ".github/workflows/b.yml": gh(a_job("a", "make", "    environment: staging\n    env:\n      U: ${{ secrets.PRODUCTION_DATABASE_URL }}\n")),
            "azure-pipelines.yml": _AZURE.format("staging", "shop-production"),
            "a/azure-pipelines.yml": _AZURE.format("shop-production", "shop-staging-oidc"),
            "b/azure-pipelines.yml": "jobs:\n- template: deploy.yml\n  parameters: {environment: shop-staging, serviceConnection: aks-production}\n",
            "c/azure-pipelines.yml": _TEMPLATE.format("shop-staging", "shop-production"), "d/azure-pipelines.yml": _TEMPLATE.format("shop-production", "shop-staging"),
            "e/azure-pipelines.yml": "stages:\n- stage: p\n  variables: [{group: web-staging}]\n  " + _AZURE.format("production", "shop-production").replace("\n", "\n  ").rstrip() + "\n",
            ".github/workflows/role.yml": gh("  a:\n    environment: production\n    steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with: {role-to-assume: 'arn:aws:iam::111122223333:role/shop-staging'}\n"),
            ".circleci/config.yml": _CIRCLE.format("deploy-production", "aws-staging"),
            "Jenkinsfile": _JENKINSFILE.format("Production", "kubeconfig-staging"),
            "b.jenkinsfile": _JENKINSFILE.format("Staging", "ansible-production"),
        },
        good={
            "azure-pipelines.yml": _AZURE.format("staging", "shop-staging"),
            "a/azure-pipelines.yml": _AZURE.format("production", "shop-oidc"),
            "b/azure-pipelines.yml": "jobs:\n- template: deploy.yml\n  parameters: {environment: shop-staging, serviceConnection: '${{ parameters.production }}'}\n",
            "c/azure-pipelines.yml": _TEMPLATE.format("shop-production", "shop-production"), "d/azure-pipelines.yml": _TEMPLATE.format("shop-oidc", "shop-production"),
            ".github/workflows/role.yml": gh("  a:\n    environment: production\n    steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with: {role-to-assume: 'arn:aws:iam::111122223333:role/shop-production', role-session-name: staging}\n"),
            ".circleci/config.yml": _CIRCLE.format("deploy-production", "[aws-production, qa-reports]"),
            "Jenkinsfile": _JENKINSFILE.format("Production", "kubeconfig-production"),
            "b.jenkinsfile": _JENKINSFILE.format("Promote staging to production", "kubeconfig-staging"),
            CI: gh(a_job("deploy-staging", "kubectl apply -f a", "    environment: staging\n    env:\n"
                "      K: ${{ secrets.KUBECONFIG }}\n")
                     + a_job("deploy-production", "kubectl apply -f a", f"{GUARD}    env:\n      K: ${{{{ secrets.KUBECONFIG }}}}\n")),
            ".github/workflows/b.yml": gh(a_job("deploy-staging", "helm upgrade a a", "    env:\n      K: ${{ secrets.STAGING_KEY }}\n")
                     + a_job("deploy-production", "helm upgrade a a", "    env:\n      K: ${{ secrets.PROD_KEY }}\n")),
        },
    ),
)  # fmt: skip
