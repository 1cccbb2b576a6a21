"""How changes get to where people use them: tested first, approved, by machines alone, and no failure waved through."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from boringops_tools.jenkins_files import is_jenkinsfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.examples import CI, GUARD, a_job, gh
from boringops_tools.red_flags.pipelines import Job, Pipeline, Step, jobs_of, may_run, plain_groovy, read
from boringops_tools.red_flags.scripts import Command
from boringops_tools.red_flags.testing import tests, tests_by_task

_REVIEW = "Review and approve infrastructure changes (Terraform plan)"
_SAFE_KINDS = frozenset({"job", "jobs", "job.batch", "pod", "pods", "po", "event", "events"})
_OWN_CLUSTER = lazy_pattern(
    r"\b(?:kind create|minikube start|k3d cluster|kind-action|setup-minikube|setup-k3|microk8s)"
)
_HEALTH = lazy_pattern(r"(?i)/(?:api/)?(?:health\w*|ready\w*|livez|readyz|up|ping|status)\b|\brollout status\b|\bsmoke")
_SSH_ACTIONS = lazy_pattern(
    r"(?i)^(?:appleboy/(?:ssh|scp)-action|easingthemes/ssh-deploy|garygrossgarten/github-action-(?:ssh|scp)|cross-the-world/|"
    r"(?:SSH|CopyFilesOverSSH)@\d)"
)
_FORGES = lazy_pattern(r"(?i)(?:git@|@?(?:ssh\.)?(?:github\.com|gitlab\.com|bitbucket\.org|ssh\.dev\.azure\.com))|aur@")


def _commands(job: Job) -> Iterator[Command]:
    for step in job.steps:
        yield from step.commands


def _guarded(job: Job, pipeline: Pipeline | None = None) -> bool:
    """A context of CircleCI gives secrets, and holds nobody up."""
    return job.guarded or (bool(job.environment) and (pipeline is None or pipeline.environments))


def _unguarded(judge: Callable[[Command], str]) -> Callable[[str, str], Iterable[Hit]]:
    """A check of the commands that no person and no protected environment stands before."""

    def check(path: str, text: str) -> Iterable[Hit]:
        for pipeline, job in jobs_of(path, text):
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
        planned = any(_plans(each) for each in pipeline.jobs)
        for job in pipeline.jobs:
            for command in _commands(job):
                if _answered(command):
                    yield Hit(
                        command.line, f"{job.name} answers `{command.program} apply` itself, whatever its plan says"
                    )
                elif planned and _guarded(job) and _auto_approve(command) and command.program in ("terraform", "tofu"):
                    yield Hit(command.line, f"{job.name} applies a plan of its own, not the one that was reviewed")


def _plans(job: Job) -> bool:
    """Whether a job plans: by the command, by a script that is called so, or by the file that it keeps."""
    if any(each.program in ("terraform", "tofu") and "plan" in each.argv for each in _commands(job)):
        return True
    named = [
        job.name,
        *(step.name for step in job.steps),
        *(str(step.given.get("scriptPath", "")) for step in job.steps),
    ]
    return any(re.search(r"(?i)(?:^|[^a-z])plan(?:$|[^a-z])", each) for each in named) and not any(
        _auto_approve(each) for each in _commands(job)
    )


def _answered(command: Command) -> bool:
    """`yes | terraform apply`."""
    if command.program not in ("terraform", "tofu", "terragrunt") or not {"apply", "destroy"} & set(command.argv[1:]):
        return False
    source = [word.lower() for word in command.piped_from]
    return source[:1] == ["yes"] or (
        source[:1] in (["echo"], ["printf"]) and bool({"yes", "yes\\n", "y"} & set(source[1:]))
    )


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
    for _, job in jobs_of(path, text):
        for command in () if _guarded(job) else _commands(job):
            if command.program in ("kubectl", "oc") and "delete" in command.argv:
                rest = command.argv[command.argv.index("delete") + 1 :]
                kind = next((word for word in rest if not word.startswith("-")), "").split("/")[0]
                if kind not in _SAFE_KINDS:
                    yield Hit(
                        command.line, f"`{command.program} delete {kind}`".rstrip() + " that nobody has to approve"
                    )


# Steps of Jenkins' plugins (Publish Over SSH, SSH Pipeline Steps).
_SSH_STEPS = lazy_pattern(r"\b(sshPublisher|sshCommand|sshScript|sshPut)\b\s*[( ]\s*\w")


def _ssh(path: str, text: str) -> Iterable[Hit]:
    if is_jenkinsfile(path):
        plain = plain_groovy(text)
        for match in _SSH_STEPS.finditer(plain):
            yield Hit(plain.count("\n", 0, match.start()) + 1, f"the pipeline logs into a server ({match[1]})")
    for _, job in jobs_of(path, text):
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


def _health(command: Command) -> bool:
    return command.program in ("curl", "wget", "http", "kubectl", "helm") and bool(
        _HEALTH.search(" ".join(command.argv))
    )


def _ignored(path: str, text: str) -> Iterable[Hit]:
    for _pipeline, job in jobs_of(path, text):
        checked = [command for command in _commands(job) if tests(command) or _health(command)]
        if job.forgiven and checked:
            yield Hit(job.forgiven, f"{job.name} may fail and nobody is stopped")
        for step in job.steps:
            mine = [command for command in step.commands if tests(command) or _health(command)]
            looked_at = step.id and f"steps.{step.id}.outcome" in text
            if step.forgiven and mine and not looked_at:
                yield Hit(step.forgiven, f"`{' '.join(mine[0].argv)[:80]}` may fail and nobody is stopped")
            if step.forgiven and tests_by_task(step):
                yield Hit(step.forgiven, f"the tests of {step.uses} may fail and nobody is stopped")
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


_AZURE = "stages:\n- stage: test\n  jobs:\n  - job: a\n    steps:\n    - script: npm test\n- stage: prod\n  jobs:\n{}"
RED_FLAGS = (
    RedFlag(
        "pipeline/auto-approve", _REVIEW, "error", "Plan, have it reviewed, and apply that very plan in a protected environment.",
        applies=may_run, check=_unguarded(_auto_approve),
        bad={
            CI: gh(a_job("a", "terraform -chdir=infra apply -auto-approve -input=false")),
            ".gitlab-ci.yml": "apply:\n  script:\n    - terraform init\n    - terraform apply --auto-approve\n",
            ".circleci/config.yml": "jobs:\n  a:\n    steps:\n      - run:\n          command: |\n            tofu apply -auto-approve\n"
            "workflows:\n  w:\n    jobs: [a]\n",
            "Jenkinsfile": "pipeline { stages { stage('Apply') { steps { sh 'terraform apply -auto-approve' } } } }\n",
            "azure-pipelines.yml": "steps:\n- script: terraform apply -auto-approve\n",
        },
        good={
            CI: gh(a_job("a", "terraform apply -auto-approve", GUARD) + a_job("b", "terraform apply -auto-approve -input=false tfplan")),
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
        applies=may_run, check=_unreviewed,
        bad={
            CI: gh(a_job("plan", "terraform plan -out=p") + a_job("a", "terraform apply -auto-approve", f"    needs: plan\n{GUARD}")),
            ".github/workflows/yes.yml": gh(a_job("a", "yes yes | terraform apply", GUARD)),
            "azure-pipelines.yml": "stages:\n- stage: Plan\n  jobs:\n  - job: Plan\n    steps:\n    - task: AzureCLI@2\n"
                "      inputs: {scriptPath: scripts/plan.sh}\n- stage: Apply\n  jobs:\n  - deployment: a\n    environment: production\n"
                "    strategy: {runOnce: {deploy: {steps: [{script: terraform apply -auto-approve}]}}}\n",
        },
        good={
            ".github/workflows/pipe.yml": gh(a_job("a", "yes | apt-get install x && cat p | terraform show", GUARD)),
            CI: gh(a_job("plan", "terraform plan -out=p") + a_job("a", "terraform apply -auto-approve p", f"    needs: plan\n{GUARD}")),
            ".github/workflows/b.yml": gh(a_job("a", "terraform apply -auto-approve", GUARD)),
        },
    ),
    RedFlag(
        "pipeline/destroy", _REVIEW, "error", "Let a person approve it: a protected environment or a manual job.",
        applies=may_run, check=_unguarded(_destroy),
        bad={CI: gh(a_job("a", "terraform destroy -auto-approve")), "Jenkinsfile": "stage('x') { sh \"pulumi destroy --yes\" }\n"},
        good={CI: gh(a_job("a", "echo terraform destroy") + a_job("b", "terraform destroy", GUARD))},
    ),
    RedFlag(
        "pipeline/kubectl-delete", _REVIEW, "warning", "Describe what should be there and apply that; let a person approve what deletes.",
        applies=may_run, check=_kubectl_delete,
        bad={".gitlab-ci.yml": "a:\n  script:\n    - kubectl -n shop delete deployment web\n"},
        good={
            ".gitlab-ci.yml": "a:\n  script:\n    - kubectl delete job migrate --ignore-not-found\n",
            CI: gh(a_job("a", "kind create cluster && kubectl delete ns x")),
        },
    ),
    RedFlag(
        "pipeline/ssh", "Manually SSH into servers to fix issues (use automation)", "warning",
        "Build an image and let the platform roll it out; what is changed on a server is written down nowhere.",
        applies=may_run, check=_ssh,
        bad={
            CI: gh(a_job("a", "ssh deploy@acme.io 'cd app && git pull'")),
            ".gitlab-ci.yml": "a:\n  script: [rsync -a dist/ web@acme.io:/srv]\n",
            ".github/workflows/d.yml": gh("  a:\n    steps:\n      - uses: appleboy/ssh-action@v1\n"),
            "azure-pipelines.yml": "steps:\n- task: CopyFilesOverSSH@0\n  inputs: {sshEndpoint: web}\n",
            "Jenkinsfile": "stage('a') { sshCommand remote: r, command: 'docker compose up -d' }\n",
        },
        good={
            CI: gh(a_job("a", "ssh -T git@github.com && ssh-keyscan acme.io && rsync -a a/ b/ && scp --help")),
            ".gitlab-ci.yml": "a:\n  script: [docker buildx build --ssh default .]\n",
        },
    ),
    RedFlag(
        "pipeline/ignored-failure", "Ignore failed health checks", "warning",
        "Let it fail, or take the check out: one that cannot fail checks nothing.",
        applies=may_run, check=_ignored,
        bad={
            CI: gh(a_job("a", "npm test || true")),
            ".github/workflows/b.yml": gh(a_job("a", "pytest", "") + "        continue-on-error: true\n"),
            ".github/workflows/c.yml": gh(a_job("a", "curl -f https://acme.io/healthz || echo down")),
            ".gitlab-ci.yml": "t:\n  allow_failure: true\n  script: [make test]\n",
            "azure-pipelines.yml": "steps:\n- script: go test ./...\n  continueOnError: true\n",
            "a/azure-pipelines.yml": "steps:\n- task: DotNetCoreCLI@2\n  continueOnError: true\n  inputs: {command: test}\n",
            "Jenkinsfile": "stage('Test') { sh 'pytest -q || true' }\n",
        },
        good={
            CI: gh(a_job("a", "rm x || true; docker stop t || true; npm run lint || true")),
            ".github/workflows/b.yml": gh("  a:\n    steps:\n      - run: pytest\n        id: t\n        continue-on-error: true\n"
                                           "      - if: steps.t.outcome == 'failure'\n        run: exit 1\n"),
            ".gitlab-ci.yml": "t:\n  when: manual\n  allow_failure: true\n  script: [make test]\naudit:\n"
                "  allow_failure: true\n  script: [npm audit]\n",
        },
    ),
)  # fmt: skip
