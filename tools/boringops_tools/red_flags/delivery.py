"""How changes get to where people use them: tested first, approved, by machines alone, and no failure waved through."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.pipelines import Job, Pipeline, Step, is_pipeline, read
from boringops_tools.red_flags.scripts import Command
from boringops_tools.yaml_files import is_workflow, line_of, walk

_REVIEW = "Review and approve infrastructure changes (Terraform plan)"
_SAFE_KINDS = frozenset({"job", "jobs", "job.batch", "pod", "pods", "po", "event", "events"})
_OWN_CLUSTER = re.compile(r"\b(?:kind create|minikube start|k3d cluster|kind-action|setup-minikube|setup-k3|microk8s)")
PRODUCTION = re.compile(r"(?i)(?:^|[^a-z])(?:prod|production|live)(?:$|[^a-z])")
STAGING = re.compile(
    r"(?i)(?:^|[^a-z])(?:dev|develop|development|test|testing|stage|staging|qa|uat|preview|sandbox)(?:$|[^a-z])"
)
_TESTS = re.compile(
    r"(?i)(?:^|[\s/;&|:_-])(?:py|unit|e2e|smoke|integration|acceptance)?[-_:]?tests?(?:$|[\s:;&|_-])|\b(?:pytest|jest|vitest|rspec|phpunit|"
    r"cypress|playwright|tox|nox|ctest|mocha|ava|newman|k6|bats|terratest|conftest|goss|mvn\S* verify|"
    r"mvnw? (?:\S+ )*(?:verify|install|package)|gradlew? (?:\S+ )*(?:check|build)|make (?:\S+ )*check|cargo nextest)\b"
)
_TEST_NAME = re.compile(
    r"(?i)(?:^|[^a-z])(?:tests?|testing|e2e|ci|checks?|verify|validate|qa|spec|quality)(?:$|[^a-z])"
)
_HEALTH = re.compile(r"(?i)/(?:api/)?(?:health\w*|ready\w*|livez|readyz|up|ping|status)\b|\brollout status\b|\bsmoke")
_TEST_PROGRAMS = frozenset(
    {
        "pytest",
        "jest",
        "vitest",
        "rspec",
        "phpunit",
        "cypress",
        "tox",
        "nox",
        "ctest",
        "mocha",
        "ava",
        "newman",
        "k6",
        "bats",
    }
)
_RUNNERS = frozenset({"npm", "yarn", "pnpm", "bun", "go", "cargo", "make", "mvn", "mvnw", "gradle", "gradlew", "dotnet", "rails",
                      "rake", "mix", "deno", "composer", "just", "task", "swift", "flutter", "npx", "poetry", "uv", "bundle"})  # fmt: skip
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
# A script of the repository that says by its name what it does.
_DEPLOY_SCRIPT = re.compile(r"(?:.*[-_])?deploy(?:[-_.].*)?")
_DEPLOY_ACTIONS = re.compile(
    r"(?i)^(?:aws-actions/amazon-ecs-deploy|azure/(?:webapps-deploy|k8s-deploy|functions-action)|google-github-actions/deploy-|"
    r"akhileshns/heroku-deploy|superfly/flyctl-actions|appleboy/(?:ssh|scp)-action|amondnet/vercel-action|"
    r"atlassian/(?:aws-ecs-deploy|aws-eks-kubectl-run|aws-elasticbeanstalk-deploy|aws-lambda-deploy|azure-\S+-deploy|"
    r"google-(?:app-engine|cloud-run|gke-kubectl)\S*|heroku-deploy|kubectl-run|ssh-run|rsync-deploy)|"
    r"AzureWebApp|AzureRmWebAppDeployment|KubernetesManifest|HelmDeploy)"
)
_SSH_ACTIONS = re.compile(
    r"(?i)^(?:appleboy/(?:ssh|scp)-action|easingthemes/ssh-deploy|garygrossgarten/github-action-(?:ssh|scp)|cross-the-world/)"
)
_FORGES = re.compile(r"(?i)(?:git@|@?(?:ssh\.)?(?:github\.com|gitlab\.com|bitbucket\.org|ssh\.dev\.azure\.com))|aur@")


def _jobs(path: str, text: str) -> Iterator[tuple[Pipeline, Job]]:
    for pipeline in read(path, text):
        for job in pipeline.jobs:
            yield pipeline, job


def _commands(job: Job) -> Iterator[Command]:
    for step in job.steps:
        yield from step.commands


def _guarded(job: Job, pipeline: Pipeline | None = None) -> bool:
    """A context of CircleCI gives secrets, and holds nobody up."""
    return job.guarded or (bool(job.environment) and (pipeline is None or pipeline.environments))


def _unguarded(judge: Callable[[Command], str]) -> Callable[[str, str], Iterable[Hit]]:
    """A check of the commands that no person and no protected environment stands before."""

    def check(path: str, text: str) -> Iterable[Hit]:
        for pipeline, job in _jobs(path, text):
            if not _guarded(job, pipeline):
                yield from (Hit(each.line, message) for each in _commands(job) if (message := judge(each)))

    return check


def _auto_approve(command: Command) -> str:
    words = command.argv[1:]
    auto = any(re.fullmatch(r"--?auto-approve(?:=true)?", word) for word in words)
    if command.program in ("terraform", "tofu") and "apply" in words and auto:
        plan = words[-1] if not words[-1].startswith("-") and words[-1] != "apply" else ""
        return (
            ""
            if plan
            else f"`{command.program} apply -auto-approve` without a reviewed plan or a protected environment"
        )
    if (
        command.program == "terragrunt"
        and {"apply", "apply-all"} & set(words)
        and (auto or command.has("--terragrunt-non-interactive"))
    ):
        return "terragrunt applies without a reviewed plan or a protected environment"
    if command.program == "pulumi" and "up" in words and command.has("-y", "--yes"):
        return "`pulumi up --yes` without a protected environment"
    return ""


def _unreviewed(path: str, text: str) -> Iterable[Hit]:
    """What is applied is not what was planned: a plan that is made anew at that moment is one nobody has seen."""
    for pipeline in read(path, text):
        planned = any(
            each.program in ("terraform", "tofu") and "plan" in each.argv
            for job in pipeline.jobs
            for each in _commands(job)
        )
        for job in pipeline.jobs if planned else ():
            for command in _commands(job) if _guarded(job) else ():
                if _auto_approve(command) and command.program in ("terraform", "tofu"):
                    yield Hit(command.line, f"{job.name} applies a plan of its own, not the one that was reviewed")


def _destroy(command: Command) -> str:
    words = set(command.argv[1:])
    if command.program in ("terraform", "tofu", "pulumi", "cdk", "terragrunt") and words & {
        "destroy",
        "-destroy",
        "destroy-all",
    }:
        return f"`{command.program} destroy` that nobody has to approve"
    return ""


def _kubectl_delete(path: str, text: str) -> Iterable[Hit]:
    if _OWN_CLUSTER.search(text):
        return  # a cluster that the pipeline has made for itself
    for _, job in _jobs(path, text):
        for command in () if _guarded(job) else _commands(job):
            if command.program in ("kubectl", "oc") and "delete" in command.argv:
                rest = command.argv[command.argv.index("delete") + 1 :]
                kind = next((word for word in rest if not word.startswith("-")), "").split("/")[0]
                if kind not in _SAFE_KINDS:
                    yield Hit(
                        command.line, f"`{command.program} delete {kind}`".rstrip() + " that nobody has to approve"
                    )


def _ssh(path: str, text: str) -> Iterable[Hit]:
    for _, job in _jobs(path, text):
        for step in job.steps:
            if _SSH_ACTIONS.match(step.uses):
                yield Hit(step.line, f"{step.uses} changes a server by hand's means")
            for command in step.commands:
                words = command.argv[1:]
                if _FORGES.search(" ".join(words)) or command.has("-V"):
                    continue
                if command.program == "ssh" and len(words) >= 1:
                    yield Hit(command.line, "the pipeline logs into a server (ssh)")
                elif command.program in ("scp", "rsync", "sftp") and any(
                    re.match(r"[^/:\s-][^/:\s]*:(?!//)", word) for word in words
                ):
                    yield Hit(command.line, f"the pipeline copies files onto a server ({command.program})")


# --- failures that count for nothing --------------------------------------------------------------------------------------


def tests(command: Command) -> bool:
    if command.program in _TEST_PROGRAMS:
        return True
    text = " ".join(command.argv[1:6])
    if command.program in ("terraform", "tofu"):  # what infrastructure has for a test before it is there
        return bool({"validate", "plan", "test"} & set(command.argv[1:4]))
    if command.program in ("python", "python3"):
        return bool(re.search(r"-m (?:pytest|unittest)|manage\.py test", text))
    return command.program in _RUNNERS and bool(_TESTS.search(f" {text} "))


def _health(command: Command) -> bool:
    return command.program in ("curl", "wget", "http", "kubectl", "helm") and bool(
        _HEALTH.search(" ".join(command.argv))
    )


def _ignored(path: str, text: str) -> Iterable[Hit]:
    for _pipeline, job in _jobs(path, text):
        checked = [command for command in _commands(job) if tests(command) or _health(command)]
        if job.forgiven and checked:
            yield Hit(job.forgiven, f"{job.name} may fail and nobody is stopped")
        for step in job.steps:
            mine = [command for command in step.commands if tests(command) or _health(command)]
            looked_at = step.id and f"steps.{step.id}.outcome" in text
            if step.forgiven and mine and not looked_at:
                yield Hit(step.forgiven, f"`{' '.join(mine[0].argv)[:80]}` may fail and nobody is stopped")
            for command in mine:
                # `until curl ...; do sleep; done || true` waits; a lone check that is forgiven checks nothing
                if command.forgiven and not _tested_later(step, command):
                    yield Hit(command.line, f"the failure of `{' '.join(command.argv)[:80]}` is thrown away")


def _tested_later(step: Step, command: Command) -> bool:
    """Whether the script goes on to look at what the command said."""
    lines = step.script.text.splitlines() if step.script else []
    line = (
        lines[command.line - step.script.line]
        if step.script and 0 <= command.line - step.script.line < len(lines)
        else ""
    )
    return bool(re.search(r"=\s*[\"']?\$\(|\|\s*tee\b|\|\|\s*(?:\w+=|\{|echo\b[^\n]*>>)", line)) or "exit 1" in line


# --- to production ----------------------------------------------------------------------------------------------------


def _deploys(job: Job) -> bool:
    for step in job.steps:
        if _DEPLOY_ACTIONS.match(step.uses):
            return True
        for command in step.commands:
            words = _DEPLOYS.get(command.program)
            dry = any("dry-run" in word and "=none" not in word for word in command.argv) or "--check" in command.argv
            if not dry and _DEPLOY_SCRIPT.fullmatch(command.program.rpartition("/")[2]):
                return True
            if not dry and command.program in _RUNNERS and "deploy" in command.argv[1:4]:
                return True
            if words is not None and not dry and (not words or words & set(command.argv[1:])):
                return "rollout" not in command.argv or "restart" in command.argv
    return False


def _to_production(job: Job) -> bool:
    """Whether a job deploys, and says that it does so to production."""
    if not _deploys(job):
        return False
    if job.environment:
        return bool(PRODUCTION.search(job.environment))
    words = " ".join(" ".join(command.argv) for command in _commands(job) if command.program in _DEPLOYS)
    title = (
        " ".join(str(job.body.get(key) or "") for key in ("name", "concurrency"))
        if isinstance(job.body, Mapping)
        else ""
    )
    named = bool(PRODUCTION.search(f"{job.name} {title}"))
    return named or (bool(PRODUCTION.search(words)) and not STAGING.search(f"{job.name} {words}"))


def _tests_itself(job: Job) -> bool:
    steps = any(_TESTS.search(step.name) or any(tests(command) for command in step.commands) for step in job.steps)
    return steps or bool(_TEST_NAME.search(job.name))


def _is_test(job: Job) -> bool:
    return _tests_itself(job) or bool(job.calls)  # what a called workflow does is not known here


def _untested(path: str, text: str) -> Iterable[Hit]:
    for pipeline, job in _jobs(path, text):
        tested_beside = any(_is_test(each) for each in pipeline.jobs if each is not job)
        if not _to_production(job) or (pipeline.open_ended and not tested_beside):
            continue
        before = pipeline.before(job)
        # That tests stand beside in a job of their own shows that the workflows which are called are not the tests.
        own = [
            each
            for each in pipeline.jobs
            if _tests_itself(each) and not each.calls and job not in pipeline.before(each)
        ]
        counts = _tests_itself if own else _is_test
        if not _is_test(job) and not any(counts(each) for each in before):
            yield Hit(job.line, f"{job.name} deploys to production, and no test has to pass before it")


def _no_environment(path: str, text: str) -> Iterable[Hit]:
    for pipeline, job in _jobs(path, text):
        if pipeline.environments and _to_production(job) and not _guarded(job):
            yield Hit(job.line, f"{job.name} deploys to production without an `environment:` that protects it")


# --- credentials --------------------------------------------------------------------------------------------------------

_SECRET = re.compile(r"\$\{\{\s*secrets\.(\w+)\s*\}\}")
# action: inputs that hold a key which never expires.
_KEYS: dict[str, tuple[str, ...]] = {
    "aws-actions/configure-aws-credentials": ("aws-access-key-id", "aws-secret-access-key"),
    "google-github-actions/auth": ("credentials_json",),
    "google-github-actions/setup-gcloud": ("service_account_key",),
    "azure/login": ("creds",),
}
_KEY_VARIABLES = frozenset(
    {"AWS_SECRET_ACCESS_KEY", "GOOGLE_CREDENTIALS", "GCP_SA_KEY", "AZURE_CREDENTIALS", "ARM_CLIENT_SECRET"}
)
_CREDENTIAL = re.compile(r"(?i)KEY|TOKEN|SECRET|PASS|CRED|KUBE_?CONFIG|ROLE")
_COMMON = re.compile(
    r"(?i)^GITHUB_TOKEN$|REGISTRY|DOCKER|GHCR|NPM|CODECOV|SONAR|SLACK|DISCORD|SENTRY|WEBHOOK|PYPI|NOTIFY|SNYK|CACHE|GH_"
)


def _long_lived(path: str, text: str) -> Iterable[Hit]:
    for _, job in _jobs(path, text):
        for step in job.steps:
            inputs = _KEYS.get(step.uses.split("@")[0].lower(), ())
            given = next((name for name in inputs if _SECRET.search(str(step.given.get(name, "")))), "")
            if given and not (step.given.get("role-to-assume") and "access-key" not in given):
                yield Hit(line_of(step.given, given) or step.line, f"{given} is a key that never expires")
        for _parent, key, value in walk(job.body):
            if key == "env" and isinstance(value, Mapping):
                for name in value:
                    if name in _KEY_VARIABLES and _SECRET.search(str(value[name])):
                        yield Hit(line_of(value, name), f"{name} is a key that never expires")


def _shared(path: str, text: str) -> Iterable[Hit]:
    users: dict[str, dict[str, Any]] = {}
    for _, job in _jobs(path, text):
        if STAGING.search(f"{job.environment} {job.name}") and not PRODUCTION.search(f"{job.environment} {job.name}"):
            for parent, key, value in walk(job.body):
                for name in _SECRET.findall(value) if isinstance(value, str) else ():
                    if PRODUCTION.search(name.replace("_", " ")) and not _COMMON.search(name):
                        yield Hit(line_of(parent, key) or job.line, f"{job.name} uses production's secret {name}")
        if job.environment:
            continue  # secrets of an environment have one name and a value for each
        kind = "production" if PRODUCTION.search(job.name) else "staging" if STAGING.search(job.name) else ""
        if not kind or not _deploys(job):
            continue
        for parent, key, value in walk(job.body):
            for name in _SECRET.findall(value) if isinstance(value, str) else ():
                if _CREDENTIAL.search(name) and not _COMMON.search(name):
                    users.setdefault(name, {})[kind] = line_of(parent, key)
    for name, kinds in users.items():
        if len(kinds) > 1:
            yield Hit(kinds["production"], f"the secret {name} serves both {' and '.join(sorted(kinds))}")


def _gh(jobs: str, on: str = "push") -> str:
    return f"on: {on}\npermissions: {{}}\njobs:\n{jobs}"


def _job(name: str, run: str, more: str = "") -> str:
    return f"  {name}:\n    runs-on: ubuntu-24.04\n{more}    steps:\n      - run: {run}\n"


_CI = ".github/workflows/ci.yml"
_GUARD = "    environment: production\n"
_AZURE = "stages:\n- stage: test\n  jobs:\n  - job: a\n    steps:\n    - script: npm test\n- stage: prod\n  jobs:\n{}"
RED_FLAGS = (
    RedFlag(
        "pipeline/auto-approve", _REVIEW, "error", "Plan, have it reviewed, and apply that very plan in a protected environment.",
        applies=is_pipeline, check=_unguarded(_auto_approve),
        bad={
            _CI: _gh(_job("a", "terraform -chdir=infra apply -auto-approve -input=false")),
            ".gitlab-ci.yml": "apply:\n  script:\n    - terraform init\n    - terraform apply --auto-approve\n",
            ".circleci/config.yml": "jobs:\n  a:\n    steps:\n      - run:\n          command: |\n            tofu apply -auto-approve\n"
            "workflows:\n  w:\n    jobs: [a]\n",
            "Jenkinsfile": "pipeline { stages { stage('Apply') { steps { sh 'terraform apply -auto-approve' } } } }\n",
            "azure-pipelines.yml": "steps:\n- script: terraform apply -auto-approve\n",
        },
        good={
            _CI: _gh(_job("a", "terraform apply -auto-approve", _GUARD) + _job("b", "terraform apply -auto-approve -input=false tfplan")),
            ".gitlab-ci.yml": "apply:\n  when: manual\n  script: [terraform apply --auto-approve]\n# terraform apply -auto-approve\n",
            ".circleci/config.yml": "jobs:\n  a:\n    steps:\n      - run: terraform apply -auto-approve\n"
            "workflows:\n  w:\n    jobs:\n      - hold: {type: approval}\n      - a: {requires: [hold]}\n",
            "Jenkinsfile": "stage('Ok') { input message: 'Apply?' }\nstage('Apply') { sh 'terraform apply -auto-approve' }\n",
            "azure-pipelines.yml": "jobs:\n- deployment: a\n  environment: prod\n"
                "  strategy: {runOnce: {deploy: {steps: [{script: terraform apply -auto-approve}]}}}\n",
        },
    ),
    RedFlag(
        "pipeline/unreviewed-plan", _REVIEW, "warning", "Save the plan (-out), pass it on as an artifact, and apply that file.",
        applies=is_pipeline, check=_unreviewed,
        bad={_CI: _gh(_job("plan", "terraform plan -out=p") + _job("a", "terraform apply -auto-approve", f"    needs: plan\n{_GUARD}"))},
        good={
            _CI: _gh(_job("plan", "terraform plan -out=p") + _job("a", "terraform apply -auto-approve p", f"    needs: plan\n{_GUARD}")),
            ".github/workflows/b.yml": _gh(_job("a", "terraform apply -auto-approve", _GUARD)),
        },
    ),
    RedFlag(
        "pipeline/destroy", _REVIEW, "error", "Let a person approve it: a protected environment or a manual job.",
        applies=is_pipeline, check=_unguarded(_destroy),
        bad={_CI: _gh(_job("a", "terraform destroy -auto-approve")), "Jenkinsfile": "stage('x') { sh \"pulumi destroy --yes\" }\n"},
        good={_CI: _gh(_job("a", "echo terraform destroy") + _job("b", "terraform destroy", _GUARD))},
    ),
    RedFlag(
        "pipeline/kubectl-delete", _REVIEW, "warning", "Describe what should be there and apply that; let a person approve what deletes.",
        applies=is_pipeline, check=_kubectl_delete,
        bad={".gitlab-ci.yml": "a:\n  script:\n    - kubectl -n shop delete deployment web\n"},
        good={
            ".gitlab-ci.yml": "a:\n  script:\n    - kubectl delete job migrate --ignore-not-found\n",
            _CI: _gh(_job("a", "kind create cluster && kubectl delete ns x")),
        },
    ),
    RedFlag(
        "pipeline/ssh", "Manually SSH into servers to fix issues (use automation)", "warning",
        "Build an image and let the platform roll it out; what is changed on a server is written down nowhere.",
        applies=is_pipeline, check=_ssh,
        bad={
            _CI: _gh(_job("a", "ssh deploy@acme.io 'cd app && git pull'")),
            ".gitlab-ci.yml": "a:\n  script: [rsync -a dist/ web@acme.io:/srv]\n",
            ".github/workflows/d.yml": _gh("  a:\n    steps:\n      - uses: appleboy/ssh-action@v1\n"),
        },
        good={
            _CI: _gh(_job("a", "ssh -T git@github.com && ssh-keyscan acme.io && rsync -a a/ b/ && scp --help")),
            ".gitlab-ci.yml": "a:\n  script: [docker buildx build --ssh default .]\n",
        },
    ),
    RedFlag(
        "pipeline/ignored-failure", "Ignore failed health checks", "warning",
        "Let it fail, or take the check out: one that cannot fail checks nothing.",
        applies=is_pipeline, check=_ignored,
        bad={
            _CI: _gh(_job("a", "npm test || true")),
            ".github/workflows/b.yml": _gh(_job("a", "pytest", "") + "        continue-on-error: true\n"),
            ".github/workflows/c.yml": _gh(_job("a", "curl -f https://acme.io/healthz || echo down")),
            ".gitlab-ci.yml": "t:\n  allow_failure: true\n  script: [make test]\n",
            "azure-pipelines.yml": "steps:\n- script: go test ./...\n  continueOnError: true\n",
            "Jenkinsfile": "stage('Test') { sh 'pytest -q || true' }\n",
        },
        good={
            _CI: _gh(_job("a", "rm x || true; docker stop t || true; npm run lint || true")),
            ".github/workflows/b.yml": _gh("  a:\n    steps:\n      - run: pytest\n        id: t\n        continue-on-error: true\n"
                                           "      - if: steps.t.outcome == 'failure'\n        run: exit 1\n"),
            ".gitlab-ci.yml": "t:\n  when: manual\n  allow_failure: true\n  script: [make test]\naudit:\n"
                "  allow_failure: true\n  script: [npm audit]\n",
        },
    ),
    RedFlag(
        "pipeline/untested-production", "Deploy directly to production without testing", "warning",
        "Make the deployment need the job that tests what it deploys.",
        applies=is_pipeline, check=_untested,
        bad={
            _CI: _gh(_job("test", "npm test") + _job("deploy", "kubectl apply -f k8s", _GUARD)),
            ".github/workflows/calls.yml": _gh(_job("test", "npm test") + "  image:\n    uses: ./.github/workflows/build.yml\n"
                + _job("deploy", "kubectl apply -f k8s", "    needs: image\n" + _GUARD)),
            ".gitlab-ci.yml": "stages: [build, deploy]\nbuild:\n  stage: build\n  script: [make]\n"
            "prod:\n  stage: deploy\n  environment: production\n  script: [helm upgrade --install a ./a]\n",
            ".circleci/config.yml": "jobs:\n  deploy-prod:\n    steps:\n      - run: flyctl deploy\nworkflows:\n"
                "  w:\n    jobs: [deploy-prod]\n",
            "Jenkinsfile": "stage('Build') { sh 'make' }\nstage('Deploy production') { sh 'kubectl apply -f k8s' }\n",
            "azure-pipelines.yml": _AZURE.replace("npm test", "make").replace("stage: test", "stage: build").format(
                "  - deployment: d\n    environment: production\n    steps:\n    - script: helm upgrade a a\n"),
        },
        good={
            _CI: _gh(_job("test", "npm test") + _job("build", "make", "    needs: test\n")
                     + _job("deploy", "kubectl apply -f k8s", f"    needs: [build]\n{_GUARD}")
                     + _job("staging", "kubectl apply -f k8s", "    environment: staging\n")),
            ".github/workflows/d.yml": _gh(_job("deploy", "kubectl apply -f k8s", _GUARD), "workflow_dispatch"),
            ".gitlab-ci.yml": "stages: [test, deploy]\nunit:\n  stage: test\n  script: [make test]\n"
            "prod:\n  stage: deploy\n  environment: production\n  script: [helm upgrade --install a ./a]\n",
            "Jenkinsfile": "stage('Test') { sh 'make test' }\nstage('Deploy production') { sh 'kubectl apply -f k8s' }\n",
            "azure-pipelines.yml": _AZURE.format("  - deployment: d\n    environment: production\n    steps:\n"
                "    - script: helm upgrade a a\n"),
        },
    ),
    RedFlag(
        "pipeline/no-environment", _REVIEW, "warning", "Name the environment, and protect it with reviewers.",
        applies=is_pipeline, check=_no_environment,
        bad={
            _CI: _gh(_job("test", "npm test") + _job("deploy-prod", "kubectl apply -f k8s", "    needs: test\n")),
            ".gitlab-ci.yml": "deploy_production:\n  script: [kubectl apply -f k8s]\n",
        },
        good={
            _CI: _gh(_job("deploy-prod", "kubectl apply -f k8s", _GUARD) + _job("prod-build", "npm run build")
                     + _job("prod-check", "kubectl apply --dry-run=server -f k8s")),
            ".gitlab-ci.yml": "deploy_staging:\n  script: [kubectl apply -f k8s]\n",
        },
    ),
    RedFlag(
        "pipeline/long-lived-key", "Commit AWS keys, passwords, or tokens to git", "warning",
        "Log in by OpenID Connect (`id-token: write` and a role): there is no key to leak or to rotate.",
        applies=is_workflow, check=_long_lived,
        bad={
            _CI: _gh("  a:\n    steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with:\n"
                     "          aws-access-key-id: ${{ secrets.AWS_ACCESS_KEY_ID }}\n"),
            ".github/workflows/b.yml": _gh(_job("a", "terraform plan", "    env:\n      AWS_SECRET_ACCESS_KEY: ${{ secrets.K }}\n")),
        },
        good={
            _CI: _gh("  a:\n    steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with:\n"
                     "          role-to-assume: ${{ vars.ROLE }}\n"),
            ".github/workflows/b.yml": _gh(_job("a", "make test", "    env:\n      AWS_SECRET_ACCESS_KEY: test\n")),
        },
    ),
    RedFlag(
        "pipeline/shared-credential", "Use same credentials across environments", "warning",
        "Give each environment its own: `environment:` on the jobs, and the secret in each environment.",
        applies=is_workflow, check=_shared,
        bad={
            _CI: _gh(_job("deploy-staging", "kubectl apply -f a", "    env:\n      K: ${{ secrets.KUBECONFIG }}\n")
                     + _job("deploy-production", "kubectl apply -f a", "    env:\n      K: ${{ secrets.KUBECONFIG }}\n")),
            ".github/workflows/b.yml": _gh(_job("a", "make", "    environment: staging\n    env:\n      U: ${{ secrets.PRODUCTION_DATABASE_URL }}\n")),
        },
        good={
            _CI: _gh(_job("deploy-staging", "kubectl apply -f a", "    environment: staging\n    env:\n"
                "      K: ${{ secrets.KUBECONFIG }}\n")
                     + _job("deploy-production", "kubectl apply -f a", f"{_GUARD}    env:\n      K: ${{{{ secrets.KUBECONFIG }}}}\n")),
            ".github/workflows/b.yml": _gh(_job("deploy-staging", "helm upgrade a a", "    env:\n      K: ${{ secrets.STAGING_KEY }}\n")
                     + _job("deploy-production", "helm upgrade a a", "    env:\n      K: ${{ secrets.PROD_KEY }}\n")),
        },
    ),
)  # fmt: skip
