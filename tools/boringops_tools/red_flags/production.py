"""What reaches production, or the users of a package: tested first, approved, and in an environment that knows of it."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.deploying import (
    STAGING,
    changes_infrastructure,
    deploys,
    deploys_by,
    deploys_in,
    to_production,
)
from boringops_tools.red_flags.examples import CI, GUARD, a_job, gh
from boringops_tools.red_flags.pipelines import Job, Pipeline, jobs_of, may_run
from boringops_tools.red_flags.scripts import Command
from boringops_tools.red_flags.testing import TESTS, is_test, judges_infrastructure, passes, tests, tests_itself
from boringops_tools.yaml_files import walk

_REVIEW = "Review and approve infrastructure changes (Terraform plan)"
_UNTESTED = "Deploy directly to production without testing"


Found = tuple[Pipeline, Job]


def of_file(judge: Callable[[Iterable[Found]], Iterable[Hit]]) -> Callable[[str, str], Iterable[Hit]]:
    """A rule about jobs, for the pipelines of one file as they stand there."""
    return lambda path, text: judge(jobs_of(path, text))


def _tested_within(job: Job) -> bool:
    """Whether a job that deploys tests before it does; what it asks afterwards is too late."""
    for step in job.steps:
        if deploys_in(step):
            before = step.commands[: next((at for at, each in enumerate(step.commands) if deploys_by(each)), 0)]
            return any(tests(each) for each in before)
        if any(passes(Job(job.name, job.line, (step,)))):
            return True
    return False


def _own_tests(pipeline: Pipeline, job: Job) -> list[Job]:
    """The tests that stand beside a job, or before it, as jobs of their own."""
    return [
        each for each in pipeline.jobs if tests_itself(each) and not each.calls and job not in pipeline.before(each)
    ]


def _tested_before(pipeline: Pipeline, job: Job) -> bool:
    # That tests stand beside in a job of their own shows that the workflows which are called are not the tests.
    counts = tests_itself if _own_tests(pipeline, job) else is_test
    before = pipeline.before(job)
    return any(counts(each) for each in before) or (
        changes_infrastructure(job) and any(judges_infrastructure(each) for each in before)
    )


def untested(found: Iterable[Found]) -> Iterable[Hit]:
    for pipeline, job in found:
        beside = any(is_test(each) for each in pipeline.jobs if each is not job)
        if not to_production(job) or (pipeline.open_ended and not beside):
            continue
        if job.calls and not _own_tests(pipeline, job):
            continue  # what is called may test itself
        if TESTS.search(job.name) or _tested_within(job) or _tested_before(pipeline, job):
            continue
        yield Hit(job.line, f"{job.name} deploys to production, and no test has to pass before it")


# --- packages -----------------------------------------------------------------------------------------------------------

# program: words of which each says that others get what it sends.
_PUBLISHES: dict[str, frozenset[str]] = {
    "npm": frozenset({"publish"}), "pnpm": frozenset({"publish"}), "yarn": frozenset({"publish"}), "twine": frozenset({"upload"}),
    "poetry": frozenset({"publish"}), "uv": frozenset({"publish"}), "flit": frozenset({"publish"}), "hatch": frozenset({"publish"}),
    "cargo": frozenset({"publish"}), "gem": frozenset({"push"}), "mvn": frozenset({"deploy"}), "mvnw": frozenset({"deploy"}),
    "gradle": frozenset({"publish", "publishPlugins"}), "gradlew": frozenset({"publish", "publishPlugins"}),
    "dotnet": frozenset({"push"}), "nuget": frozenset({"push"}), "goreleaser": frozenset({"release"}),
}  # fmt: skip
_PUBLISHING_ACTIONS = lazy_pattern(
    r"(?i)^(?:pypa/gh-action-pypi-publish|js-devtools/npm-publish|goreleaser/goreleaser-action)@"
)


def _publishes(command: Command) -> bool:
    words = _PUBLISHES.get(command.program, frozenset())
    return bool(words & set(command.argv[1:])) and not command.has("--dry-run", "--help", "--snapshot")


def publishes(job: Job) -> bool:
    """Whether a job sends a package to where others get it from."""
    return any(
        _PUBLISHING_ACTIONS.match(step.uses) or any(_publishes(each) for each in step.commands) for step in job.steps
    )


def _untested_package(path: str, text: str) -> Iterable[Hit]:
    """A package that is published while the tests of the same pipeline still run, or have failed."""
    for pipeline, job in jobs_of(path, text):
        own = [each for each in _own_tests(pipeline, job) if each is not job and any(passes(each))]
        if not publishes(job) or not own or job.guarded or any(passes(job)) or to_production(job):
            continue
        before = pipeline.before(job)
        if not any(is_test(each) for each in before) and any(_runs_on_push(each) for each in own):
            yield Hit(job.line, f"{job.name} publishes a package, and {own[0].name} does not have to pass before it")


def _runs_on_push(test: Job) -> bool:
    """Whether a test runs where packages are published, too, and not only for pull requests."""
    condition = test.body.get("if") if isinstance(test.body, Mapping) else None
    return condition is None or "pull_request" not in str(condition)


# --- environments and approval ------------------------------------------------------------------------------------------


def no_environment(found: Iterable[Found]) -> Iterable[Hit]:
    for pipeline, job in found:
        if not pipeline.environments or job.calls or not to_production(job):
            continue
        if not job.guarded and not job.environment:
            yield Hit(job.line, f"{job.name} deploys to production without an `environment:` that protects it")
        elif pipeline.system == "gitlab" and not pipeline.open_ended and "environment" not in (job.body or ()):
            yield Hit(
                job.line, f"{job.name} deploys to production without an `environment`: whoever may push may start it"
            )


# Conditions by which a person has said that this is to go out: a release, a parameter that is filled in, a start by hand.
_MEANT = lazy_pattern(
    r"(?i)\bparams\.|\bbuildingTag\b|\btag\b|CI_COMMIT_TAG|TAG_NAME|triggeredBy|CI_PIPELINE_SOURCE\b[^\n]*(?:web|api|trigger|schedule)|schedule|"
    r"\brelease\b|CI_DEPLOY|DEPLOY_\w+\s*(?:==|=~)"
)
_WITHOUT_APPROVAL = frozenset({"circleci", "jenkins", "buildkite", "bitbucket", "gitlab"})


def unapproved(found: Iterable[Found]) -> Iterable[Hit]:
    """Whether nobody has to agree. Where an environment may ask (GitHub, Azure) the file does not say."""
    for pipeline, job in found:
        # Who approves in CircleCI stands in the workflow itself: no orb brings such a job.
        open_ended = pipeline.open_ended and pipeline.system != "circleci"
        if pipeline.system not in _WITHOUT_APPROVAL or open_ended or job.guarded or not to_production(job):
            continue
        # GitLab may protect the environment in its settings; where one job goes to each environment in turn, a person
        # has to stand between them all the same.
        promoted = any(deploys(each) and STAGING.search(f"{each.name} {each.environment}") for each in pipeline.jobs)
        if not _MEANT.search(_conditions(job)) and (pipeline.system != "gitlab" or promoted):
            yield Hit(job.line, f"{job.name} deploys to production, and nobody has to approve it")


def _conditions(job: Job) -> str:
    if isinstance(job.body, str):
        return job.body
    parts = [
        each.get(key)
        for each in (job.body, job.options)
        for key in ("rules", "only", "except", "when", "if", "filters", "branches", "trigger", "build")
        if isinstance(each, Mapping)
    ]
    return " ".join(
        f"{key} {value}" for part in parts for _, key, value in walk({"": part}) if not isinstance(value, dict)
    )


_AZURE = "stages:\n- stage: test\n  jobs:\n  - job: a\n    steps:\n    - script: npm test\n- stage: prod\n  jobs:\n{}"
_TEMPLATE = "stages:\n- stage: test\n  jobs:\n  - job: a\n    steps:\n    - script: npm test\n- stage: prod\n  dependsOn: {}\n  jobs:\n  - template: ci/deploy.yml\n    parameters: {{environment: shop-production}}\n"
_CIRCLE = "jobs:\n  test:\n    steps:\n      - run: npm test\n  d:\n    steps:\n      - run: bash scripts/deploy.sh\nworkflows:\n  w:\n    jobs:\n      - test\n{}"
_STAGES = "stage('Test') {{ sh 'make test' }}\n{}stage('Production') {{ {} sh 'kubectl apply -f k8s' }}\n"
_LAB = "test:\n  stage: test\n  script: [make test]\n{}:\n  stage: deploy\n  environment: production\n{}  script: [helm upgrade a a]\n"
RED_FLAGS = (
    RedFlag(
        "pipeline/untested-production", _UNTESTED, "warning",
        "Make the deployment need the job that tests what it deploys.",
        applies=may_run, check=of_file(untested),
        bad={
            ".github/workflows/late.yml": gh(a_job("test", "npm test") + a_job("deploy", "kubectl apply -f k8s", GUARD)
                + "      - name: Smoke test\n        run: curl -f https://acme.io/healthz\n"),
            "ci/azure-pipelines.yml": _TEMPLATE.format("[]"),
            CI: gh(a_job("test", "npm test") + a_job("deploy", "kubectl apply -f k8s", GUARD)),
            ".github/workflows/calls.yml": gh(a_job("test", "npm test") + "  image:\n    uses: ./.github/workflows/build.yml\n"
                + a_job("deploy", "kubectl apply -f k8s", "    needs: image\n" + GUARD)),
            ".gitlab-ci.yml": "stages: [build, deploy]\nbuild:\n  stage: build\n  script: [make]\n"
            "prod:\n  stage: deploy\n  environment: production\n  script: [helm upgrade --install a ./a]\n",
            ".circleci/config.yml": "jobs:\n  deploy-prod:\n    steps:\n      - run: flyctl deploy\nworkflows:\n"
                "  w:\n    jobs: [deploy-prod]\n",
            "Jenkinsfile": "stage('Build') { sh 'make' }\nstage('Deploy production') { sh 'kubectl apply -f k8s' }\n",
            "azure-pipelines.yml": _AZURE.replace("npm test", "make").replace("stage: test", "stage: build").format(
                "  - deployment: d\n    environment: production\n    steps:\n    - script: helm upgrade a a\n"),
        },
        good={
            CI: gh(a_job("test", "npm test") + a_job("build", "make", "    needs: test\n")
                     + a_job("deploy", "kubectl apply -f k8s", f"    needs: [build]\n{GUARD}")
                     + a_job("staging", "kubectl apply -f k8s", "    environment: staging\n")),
            ".github/workflows/d.yml": gh(a_job("deploy", "kubectl apply -f k8s", GUARD), "workflow_dispatch"),
            ".gitlab-ci.yml": "stages: [test, deploy]\nunit:\n  stage: test\n  script: [make test]\n"
            "prod:\n  stage: deploy\n  environment: production\n  script: [helm upgrade --install a ./a]\n",
            "Jenkinsfile": "stage('Test') { sh 'make test' }\nstage('Deploy production') { sh 'kubectl apply -f k8s' }\n",
            "patch.jenkinsfile": "stage('Lint') { sh 'ansible-lint a.yml'\nsh 'ansible-playbook --syntax-check a.yml' }\n"
                "stage('Production') { sh 'ansible-playbook -i production a.yml' }\n",
            "a/azure-pipelines.yml": "stages:\n- stage: Plan\n  jobs:\n  - job: Plan\n    steps:\n    - task: AzureCLI@2\n"
                "      inputs: {scriptPath: scripts/plan.sh}\n- stage: Apply\n  jobs:\n  - deployment: a\n    environment: production\n"
                "    strategy: {runOnce: {deploy: {steps: [{script: terraform apply tfplan}]}}}\n",
            "b/azure-pipelines.yml": _TEMPLATE.format("test"),
            "azure-pipelines.yml": _AZURE.format("  - deployment: d\n    environment: production\n    steps:\n"
                "    - script: helm upgrade a a\n"),
        },
    ),
    RedFlag(
        "pipeline/no-environment", _REVIEW, "warning", "Name the environment, and protect it with reviewers.",
        applies=may_run, check=of_file(no_environment),
        bad={
            CI: gh(a_job("test", "npm test") + a_job("deploy-prod", "kubectl apply -f k8s", "    needs: test\n")),
            ".gitlab-ci.yml": "deploy_production:\n  script: [kubectl apply -f k8s]\n",
            "azure-pipelines.yml": _AZURE.format("  - job: d\n    steps:\n    - template: pipelines/rollout.yml\n      parameters: {connection: shop-production}\n"),
            "a/azure-pipelines.yml": _AZURE.format("  - job: d\n    steps:\n    - task: AzureCLI@2\n      inputs: {inlineScript: az containerapp update --name a --image b}\n"),
            "a/.gitlab-ci.yml": "deploy_production:\n  when: manual\n  script: [kubectl apply -f k8s]\n",
        },
        good={
            CI: gh(a_job("deploy-prod", "kubectl apply -f k8s", GUARD) + a_job("prod-build", "npm run build")
                     + a_job("prod-check", "kubectl apply --dry-run=server -f k8s")),
            ".gitlab-ci.yml": "deploy_staging:\n  script: [kubectl apply -f k8s]\n",
            "azure-pipelines.yml": _AZURE.format("  - deployment: d\n    environment: production\n    strategy: {runOnce: {deploy: {steps: [{template: pipelines/rollout.yml}]}}}\n  - job: b\n    steps:\n    - template: pipelines/build.yml\n"),
        },
    ),
    RedFlag(
        "pipeline/untested-package", _UNTESTED, "warning", "Make the job that publishes need the one that tests.",
        applies=may_run, check=_untested_package,
        bad={
            CI: gh(a_job("test", "npm test") + a_job("release", "npm publish")),
            ".gitlab-ci.yml": "stages: [test, publish]\nunit:\n  stage: test\n  script: [make test]\npublish:\n  stage: publish\n  needs: []\n  script: [twine upload dist/*]\n",
            ".circleci/config.yml": _CIRCLE.format("      - p\n").replace("  d:", "  p:\n    steps:\n      - run: mvn deploy -DskipTests\n  d:"),
        },
        good={
            CI: gh(a_job("test", "npm test") + a_job("release", "npm publish", "    needs: [test]\n")),
            ".github/workflows/only.yml": gh(a_job("release", "npm publish")),
            ".github/workflows/itself.yml": gh(a_job("test", "npm test") + a_job("release", "npm test && npm publish")),
            ".gitlab-ci.yml": "unit:\n  stage: test\n  script: [make test]\npublish:\n  stage: deploy\n  script: [twine upload dist/*]\n",
        },
    ),
    RedFlag(
        "pipeline/no-approval", _REVIEW, "warning", "Let a person say yes before: an approval job, a manual job or `input`.",
        applies=may_run, check=of_file(unapproved),
        bad={
            ".circleci/config.yml": _CIRCLE.format("      - hold: {type: approval, requires: [test]}\n      - d: {name: deploy-production, requires: [test]}\n"),
            ".circleci/config.yaml": _CIRCLE.format("      - d: {name: production, context: deploy-production, requires: [test]}\n").replace("bash scripts/deploy.sh", "./bin/rollout production"),
            "Jenkinsfile": _STAGES.format("", "when { branch 'main' }"),
            ".gitlab-ci.yml": _LAB.format("live", "  rules: [{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH}]\n")
                + "staging:\n  stage: deploy\n  environment: staging\n  script: [helm upgrade a a]\n",
        },
        good={
            ".circleci/config.yml": _CIRCLE.format("      - hold: {type: approval, requires: [test]}\n      - d: {name: deploy-production, requires: [hold]}\n"),
            "Jenkinsfile": _STAGES.format("stage('Ok') { input message: 'Go?' }\n", ""),
            "tagged.jenkinsfile": _STAGES.format("", "when { buildingTag() }"),
            "asked.jenkinsfile": _STAGES.format("", "when { expression { params.RELEASE } }"),
            ".gitlab-ci.yml": _LAB.format("live", "  when: manual\n"),
            "b/.gitlab-ci.yml": _LAB.format("live", ""),
            "a/.gitlab-ci.yml": _LAB.format("live", "  rules: [{if: $CI_COMMIT_TAG}]\n"),
            CI: gh(a_job("deploy-production", "kubectl apply -f k8s")),
        },
    ),
)  # fmt: skip
