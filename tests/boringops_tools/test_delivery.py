"""Deploying from GitLab, CircleCI, Jenkins and Azure Pipelines: complete, clean, quiet the second time, and the scripts run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from boringops_tools.blueprints import Draft, draft
from boringops_tools.inspection import inspect
from boringops_tools.validators.base import installed
from tests.boringops_tools.stacks import PIPELINES

EXAMPLE = Path(__file__).parents[2] / "memory_bank_example"
SCRIPTS = Path(sysconfig.get_path("scripts"))
TARGETS = {
    "aws": "AWS ECS with Terraform",
    "google": "Google Cloud Run with Terraform, as canary releases",
    "azure": "Azure Container Apps with Terraform, blue-green",
    "eks": "EKS",
    "gke": "GKE with Helm",
    "aks": "AKS, blue-green",
    "kubernetes": "Kubernetes",
}
CLOUDS = ("aws", "google", "azure")
PAIRS = [
    ("GitLab CI", "aws"), ("GitLab CI", "azure"), ("GitLab CI", "kubernetes"), ("GitLab CI", "gke"),
    ("CircleCI", "google"), ("CircleCI", "eks"), ("Jenkins", "aws"), ("Jenkins", "aks"),
    ("Azure Pipelines", "azure"), ("Azure Pipelines", "google"), ("Azure Pipelines", "kubernetes"),
]  # fmt: skip
DIGEST = "sha256:" + "a" * 64
IMAGE = f"registry.example.com/api@{DIGEST}"


def task(system: str, target: str) -> str:
    return f"Set up {system} and deploy this to {TARGETS[target]}"


def files_of(root: Path) -> list[str]:
    paths = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in paths if ".git" not in path.parts)


def write(root: Path, made: Draft) -> None:
    for file in made.files:
        path = root / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.content)


def drafted(home: Path, asked: str, source: Path = EXAMPLE) -> tuple[Path, Draft]:
    root = home / "repo"
    shutil.copytree(source, root)
    made = draft(root, files_of(root), task=asked)
    write(root, made)
    return root, made


@pytest.mark.parametrize(("system", "target"), PAIRS)
def test_it_deploys_is_clean_and_quiet_the_second_time(tmp_path: Path, system: str, target: str) -> None:
    root, made = drafted(tmp_path, task(system, target))
    text = (root / PIPELINES[system]).read_text()
    script = "deploy.sh" if target in CLOUDS else "charts/deploy.sh" if target == "gke" else "k8s/deploy.sh"
    for environment in ("staging", "production"):
        assert re.search(rf"login\.sh deploy {environment} bash \S*{script} {environment} ", text)
    assert "no target is known" not in text and "so no job deploys" not in text
    assert ("infrastructure.sh drift production" in text) == (target in CLOUDS)
    assert not [file.path for file in made.files if file.path.startswith(".github/")]
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(root)], check=True)
    subprocess.run(["git", "-C", str(root), "add", "--all"], check=True)
    mine = [
        PIPELINES[system],
        *(file.path for file in made.files if file.path.startswith("ops/") or file.path.endswith("deploy.sh")),
    ]
    found = inspect(root, mine)
    assert [
        f"{f.path}:{f.line} {f.rule} {f.message}" for f in found.findings if f.severity in {"error", "warning"}
    ] == []
    for asked in (task(system, target), "Set up CI", f"Set up {system}"):
        assert [file.path for file in draft(root, files_of(root), task=asked).files] == []


def test_documents_name_the_pipeline_that_deploys(tmp_path: Path) -> None:
    root, made = drafted(tmp_path, task("GitLab CI", "azure"))
    said = (root / "docs/deployment.md").read_text()
    assert ".gitlab-ci.yml" in said and "AZURE_DEPLOY_CLIENT_ID" in said and "ci_id_token_sub_claim_components" in said
    assert "No workflow deploys" not in said and "GitHub" not in said
    assert ".gitlab-ci.yml" in made.plan.deployment_strategy
    assert "deployment.md" in (root / "docs/runbook.md").read_text()


def test_beside_github_it_is_said_whose_tokens_are_trusted(tmp_path: Path) -> None:
    _, made = drafted(tmp_path, "Set up GitHub Actions and GitLab CI and deploy this to AWS ECS with Terraform")
    assert any("GitLab CI may not log in before its issuer is added" in said for said in made.assumptions)
    _, made = drafted(tmp_path / "alone", task("GitLab CI", "aws"))
    assert not any("may not log in" in said for said in made.assumptions)


def test_a_target_that_is_there_is_deployed_to(tmp_path: Path) -> None:
    """The manifests came with GitHub's workflows; another system is asked for later, and no target with it."""
    root, _ = drafted(tmp_path, "Deploy this to EKS")
    shutil.rmtree(root / ".github")
    made = draft(root, files_of(root), task="Set up GitLab CI")
    write(root, made)
    assert {".gitlab-ci.yml", "ops/deploy/login.sh"} <= {file.path for file in made.files}
    assert "bash k8s/deploy.sh staging" in (root / ".gitlab-ci.yml").read_text()
    assert [file.path for file in draft(root, files_of(root), task="Set up GitLab CI").files] == []


_DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: "registry.example.com:5000/team/parcel-tracking-api:1", ports: [{containerPort: 8080}]}
"""


def overlaid(home: Path) -> Path:
    root = home / "repo"
    shutil.copytree(EXAMPLE, root)
    for name, text in {
        "base/web.yaml": _DEPLOYMENT,
        "base/kustomization.yaml": "resources: [web.yaml]\n",
        "overlays/staging/kustomization.yaml": "namespace: shop-staging\nresources: [../../base]\n",
        "overlays/prod/kustomization.yaml": "namespace: shop\nresources: [../../base]\n",
    }.items():
        (root / "deploy" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "deploy" / name).write_text(text)
    return root


@pytest.mark.skipif(not (SCRIPTS / "kubectl").exists(), reason="kubectl is not installed")
def test_overlays_of_peoples_own_are_deployed_with_and_not_changed(tmp_path: Path) -> None:
    root = overlaid(tmp_path)
    before = {path: (root / path).read_text() for path in files_of(root)}
    made = draft(root, files_of(root), task="Set up GitLab CI")
    write(root, made)
    assert "bash ops/deploy/kubernetes.sh production" in (root / ".gitlab-ci.yml").read_text()
    assert not [question for question in made.questions if "production run" in question.question]
    assert all((root / path).read_text() == text for path, text in before.items() if path.startswith("deploy/"))
    assert draft(root, files_of(root), task="Set up GitLab CI").files == []
    real = f'if [[ "$1" == kustomize ]]; then exec "{SCRIPTS / "kubectl"}" "$@"; fi\n'
    applied = (
        'case "$*" in *apply*) cat "${@: -1}" >> "$0.applied" ;; '
        '*status*) [[ ! -e "$0.broken" ]] || { rm "$0.broken"; exit 1; } ;; esac'
    )
    programs = Programs(tmp_path, kubectl=real + applied)
    done = programs.run(root, "ops/deploy/kubernetes.sh", "production", IMAGE)
    assert done.returncode == 0, done.stderr
    assert f"image: {IMAGE}" in (programs.bin / "kubectl.applied").read_text()
    assert "--namespace shop rollout status deployment/web" in programs.told() and not list(root.glob(".deploy*"))
    (programs.bin / "kubectl.broken").touch()
    failed = programs.run(root, "ops/deploy/kubernetes.sh", "staging", IMAGE)
    assert failed.returncode == 1 and "the one before is back" in failed.stderr
    assert "--namespace shop-staging rollout undo deployment/web" in programs.told()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{name: web}", "{name: 'web; touch pwned'}"),
        ("containerPort: 8080", 'containerPort: "80\\n          pwned: 1"'),
    ],
)
def test_manifests_write_no_lines_of_ours(tmp_path: Path, before: str, after: str) -> None:
    root = overlaid(tmp_path)
    (root / "deploy/base/web.yaml").write_text(_DEPLOYMENT.replace(before, after, 1))
    made = draft(root, files_of(root), task="Set up GitLab CI and Kubernetes")
    for file in made.files:
        if file.path.endswith((".sh", ".yml")):
            assert "pwned" not in file.content, file.path
        elif file.path.endswith(".yaml"):
            assert "pwned" not in [line.strip().partition(":")[0] for line in file.content.splitlines()], file.path


def test_a_folder_writes_no_line_of_a_script(tmp_path: Path) -> None:
    root = overlaid(tmp_path)
    (root / "deploy/overlays").rename(root / "deploy/$(touch pwned)")
    made = draft(root, files_of(root), task="Set up GitLab CI")
    assert not [file.path for file in made.files if file.path.endswith(".sh") and "pwned" in file.content]


def test_what_a_controller_applies_is_left_to_it(tmp_path: Path) -> None:
    root = overlaid(tmp_path)
    (root / "deploy/application.yaml").write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec: {}\n"
    )
    made = draft(root, files_of(root), task="Set up GitLab CI")
    assert "ops/deploy/kubernetes.sh" not in {file.path for file in made.files}
    assert "so no job deploys" in next(file.content for file in made.files if file.path == ".gitlab-ci.yml")


def test_production_waits_for_a_person_in_every_system(tmp_path: Path) -> None:
    yaml = YAML(typ="safe", pure=True)
    root, _ = drafted(tmp_path / "gitlab", task("GitLab CI", "kubernetes"))
    gitlab: Any = yaml.load((root / ".gitlab-ci.yml").read_text())
    names = [name for name in gitlab if name.startswith("production-")]
    assert names and all(gitlab[name]["rules"][-1]["when"] == "manual" for name in names)
    deploys = {name: job for name, job in gitlab.items() if name.startswith("deploy-production-")}
    assert all(job["environment"] == "production" and job["needs"] for job in deploys.values())
    assert gitlab[".deploy"]["id_tokens"] == {"ID_TOKEN": {"aud": "$KUBE_AUDIENCE"}}
    root, _ = drafted(tmp_path / "circle", task("CircleCI", "google"))
    circle: Any = yaml.load((root / ".circleci/config.yml").read_text())
    jobs = {name: job for row in circle["workflows"]["production"]["jobs"] for name, job in row.items()}
    deploy = next(job for name, job in jobs.items() if name.startswith("deploy-production-"))
    assert "apply-production" in deploy["requires"] and jobs["apply-production"]["requires"] == ["approve-production"]
    assert jobs["approve-production"] | {"filters": 0} == {
        "type": "approval",
        "requires": ["plan-production"],
        "filters": 0,
    }
    root, _ = drafted(tmp_path / "azure", task("Azure Pipelines", "azure"))
    azure: Any = yaml.load((root / "azure-pipelines.yml").read_text())
    stage = next(stage for stage in azure["stages"] if stage["stage"] == "production")
    assert stage["dependsOn"] == "planProduction" and {job["environment"] for job in stage["jobs"]} == {"production"}
    root, _ = drafted(tmp_path / "jenkins", task("Jenkins", "aws"))
    text = (root / "Jenkinsfile").read_text()
    assert (
        text.index("Plan the infrastructure of production")
        < text.index("input {")
        < text.index("Apply the infrastructure")
    )


def test_several_applications_each_go_their_way_back(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in ("echo", "web"):  # the name of a command, too
        (source / name).mkdir(parents=True)
        (source / name / "go.mod").write_text(f"module example.com/{name}\n\ngo 1.24\n")
        (source / name / "main.go").write_text(
            'package main\n\nimport "net/http"\n\nfunc main() { http.ListenAndServe(":8080", nil) }\n'
        )
    root, _ = drafted(tmp_path, task("GitLab CI", "kubernetes"), source)
    line = YAML(typ="safe", pure=True).load((root / ".gitlab-ci.yml").read_text())["deploy-rollback"]["script"][0]
    ran = subprocess.run(
        ["sh", "-c", f'bash() {{ echo "$*"; }}; {line}'], capture_output=True, text=True, check=True, cwd=root,
        env=os.environ | {"ROLLBACK_APP": "web", "IMAGE": IMAGE},
    )  # fmt: skip
    assert ran.stdout == f"ops/deploy/login.sh deploy production bash web/k8s/deploy.sh production {IMAGE}\n"
    root, _ = drafted(tmp_path / "ecs", task("GitLab CI", "aws"), source)
    line = YAML(typ="safe", pure=True).load((root / ".gitlab-ci.yml").read_text())["deploy-rollback"]["script"][0]
    assert 'deploy.sh production "$ROLLBACK_APP" "$IMAGE"' in line
    subprocess.run([SCRIPTS / "shellcheck", *(root / "ops/deploy").glob("*.sh")], check=True)


# --- the scripts, run with programs that only answer ---------------------------------------------------------------


class Programs:
    """Programs on the path that write down what they were told, with the answers that a case needs."""

    def __init__(self, home: Path, **bodies: str) -> None:
        self.log, self.bin = home / "log", home / "bin"
        self.bin.mkdir()
        for name, body in bodies.items():
            program = self.bin / name
            program.write_text(f'#!/usr/bin/env bash\necho "{name} $*" >> "{self.log}"\n{body}\n')
            program.chmod(0o755)

    def run(self, root: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GCP_", "AZURE_", "ARM_"))
        }
        path = f"{self.bin}:{os.environ['PATH']}"
        return subprocess.run(
            ["bash", *arguments], capture_output=True, text=True, check=False, cwd=root, env=kept | {"PATH": path} | env
        )

    def told(self) -> str:
        return self.log.read_text() if self.log.exists() else ""


_AWS = """case "$*" in
  *describe-repositories*) echo 1.dkr.ecr.eu-west-1.amazonaws.com/api ;;
  *describe-task-definition*) echo '{"containerDefinitions": [{"image": "old"}]}' ;;
  *register-task-definition*) echo arn:new ;;
  *run-task*) echo arn:task ;;
  *exitCode*) echo "${EXIT:-0}" ;;
  *networkConfiguration*) echo '{}' ;;
  *"taskDefinition --output"*) [[ -e "$0.updated" ]] && echo "${AFTER:-arn:new}" || echo arn:old ;;
  *update-service*) touch "$0.updated" ;;
esac"""
_JQ = "cat"


def test_ecs_migrates_first_and_looks_whether_it_stayed(tmp_path: Path) -> None:
    root, _ = drafted(tmp_path, task("GitLab CI", "aws"))
    programs = Programs(tmp_path, aws=_AWS, docker="", jq=_JQ)
    done = programs.run(root, "ops/deploy/deploy.sh", "staging", IMAGE, AWS_REGION="eu-west-1")
    assert done.returncode == 0, done.stderr
    told = programs.told()
    assert told.index("run-task") < told.index("update-service") and f"@{DIGEST} (before: arn:old)" in done.stdout


@pytest.mark.parametrize(
    ("env", "says", "updated"),
    [({"EXIT": "1"}, "nothing was deployed", False), ({"AFTER": "arn:old"}, "went back to arn:old by itself", True)],
)
def test_ecs_says_what_went_wrong(tmp_path: Path, env: dict[str, str], says: str, updated: bool) -> None:
    root, _ = drafted(tmp_path, task("GitLab CI", "aws"))
    programs = Programs(tmp_path, aws=_AWS, docker="", jq=_JQ)
    done = programs.run(root, "ops/deploy/deploy.sh", "production", IMAGE, AWS_REGION="eu-west-1", **env)
    assert done.returncode == 1 and says in done.stderr
    assert ("update-service" in programs.told()) == updated


def test_a_tag_is_never_deployed(tmp_path: Path) -> None:
    root, _ = drafted(tmp_path, task("GitLab CI", "google"))
    programs = Programs(tmp_path, gcloud="", docker="")
    done = programs.run(
        root, "ops/deploy/deploy.sh", "staging", "registry.example.com/api:v1", GCP_PROJECT="p", GCP_REGION="r"
    )
    assert done.returncode == 1 and "a tag may become another image" in done.stderr and programs.told() == ""


def test_a_canary_on_cloud_run_goes_back_where_errors_come(tmp_path: Path) -> None:
    root, _ = drafted(tmp_path, task("GitLab CI", "google"))
    answers = 'case "$*" in *latestReady*) echo new ;; *describe*) echo old ;; *"logging read"*) seq 20 ;; esac'
    programs = Programs(tmp_path, gcloud=answers, docker="", sleep="")
    done = programs.run(root, "ops/deploy/deploy.sh", "production", IMAGE, GCP_PROJECT="p", GCP_REGION="r")
    assert done.returncode == 1 and "new answered with errors at 5 %" in done.stderr
    assert "--to-revisions old=100" in programs.told() and "--to-latest" not in programs.told()


def test_an_unhealthy_revision_of_container_apps_is_given_up(tmp_path: Path) -> None:
    root, _ = drafted(tmp_path, task("GitLab CI", "azure"))
    answers = (
        'case "$*" in *runningState*) echo Failed ;; *healthState*) echo Unhealthy ;; *latestReady*) echo old ;; '
        "*properties.status*) echo Succeeded ;; *fqdn*) echo api.example.com ;; *) echo x ;; esac"
    )
    programs = Programs(tmp_path, az=answers, docker="cat > /dev/null", sleep="")
    done = programs.run(root, "ops/deploy/deploy.sh", "production", IMAGE, AZURE_REGISTRY="r")
    assert done.returncode == 1 and "old goes on" in done.stderr, done.stderr
    assert "revision deactivate" in programs.told()


def test_a_job_is_logged_in_by_its_token_which_goes_no_further(tmp_path: Path) -> None:
    root, _ = drafted(tmp_path, task("GitLab CI", "aws"))
    programs = Programs(tmp_path)
    show = 'echo "$AWS_ROLE_ARN $AWS_REGION ${ID_TOKEN:-gone} $(cat "$AWS_WEB_IDENTITY_TOKEN_FILE") $AWS_WEB_IDENTITY_TOKEN_FILE"'
    roles = {"AWS_DEPLOY_ROLE_STAGING": "arn:staging", "AWS_DEPLOY_ROLE": "arn:other", "AWS_REGION": "eu-west-1"}
    done = programs.run(root, "ops/deploy/login.sh", "deploy", "staging", "bash", "-c", show, ID_TOKEN="t0ken", **roles)
    *said, place = done.stdout.split()
    assert said == ["arn:staging", "eu-west-1", "gone", "t0ken"] and not Path(place).exists()
    failed = programs.run(root, "ops/deploy/login.sh", "plan", "staging", "true", ID_TOKEN="t0ken", **roles)
    assert failed.returncode == 1 and "neither AWS_PLAN_ROLE_STAGING nor AWS_PLAN_ROLE is set" in failed.stderr
    code = programs.run(root, "ops/deploy/login.sh", "deploy", "staging", "false", ID_TOKEN="t0ken", **roles)
    assert code.returncode == 1


def test_google_is_handed_a_file_that_points_at_the_token(tmp_path: Path) -> None:
    root, _ = drafted(tmp_path, task("CircleCI", "google"))
    programs = Programs(tmp_path, gcloud="")
    values = {
        "GCP_WORKLOAD_IDENTITY_PROVIDER": "projects/1/x",
        "GCP_PLAN_ACCOUNT": "plan@p",
        "GCP_PROJECT": "p",
        "GCP_REGION": "r",
    }
    done = programs.run(
        root, "ops/deploy/login.sh", "plan", "production", "cat", "/dev/stdin", ID_TOKEN="t", **values
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    show = 'cat "$GOOGLE_APPLICATION_CREDENTIALS"'
    told = json.loads(
        programs.run(
            root, "ops/deploy/login.sh", "plan", "production", "bash", "-c", show, ID_TOKEN="t", **values
        ).stdout
    )
    assert told["audience"] == "//iam.googleapis.com/projects/1/x" and told["credential_source"]["file"].endswith(
        "/token"
    )
    assert told["service_account_impersonation_url"].endswith("plan@p:generateAccessToken")


def test_a_cluster_is_reached_by_the_token_alone(tmp_path: Path) -> None:
    root, _ = drafted(tmp_path, task("GitLab CI", "kubernetes"))
    programs = Programs(tmp_path, kubectl="")
    values = {"KUBE_SERVER": "https://k.example.com", "KUBE_CA": "PEM"}
    done = programs.run(root, "ops/deploy/login.sh", "deploy", "staging", "true", ID_TOKEN="t0ken", **values)
    assert done.returncode == 0, done.stderr
    assert (
        "set-credentials deploy --token=t0ken" in programs.told()
        and "--server=https://k.example.com" in programs.told()
    )
    without = programs.run(
        root, "ops/deploy/login.sh", "deploy", "staging", "echo", "ran", ID_TOKEN="t0ken", KUBE_CA="PEM"
    )
    assert without.returncode == 1 and "KUBE_SERVER is set" in without.stderr and "ran" not in without.stdout


def terraform(tmp_path: Path, code: int) -> tuple[Path, Programs]:
    root, _ = drafted(tmp_path, task("GitLab CI", "aws"))
    home = root / "infra/terraform"
    for name in ("staging.tfvars", "staging.s3.tfbackend"):
        (home / f"environments/{name}").write_text("")
    (home / ".terraform.lock.hcl").write_text("# locked\n")
    body = f'case "$1" in plan) for each; do case "$each" in -out=*) touch "${{each#-out=}}" ;; esac; done; exit {code} ;; esac'
    return root, Programs(tmp_path, terraform=body)


@pytest.mark.parametrize(("code", "saved", "drift"), [(0, False, 0), (2, True, 1)])
def test_only_a_saved_plan_is_applied(tmp_path: Path, code: int, saved: bool, drift: int) -> None:
    root, programs = terraform(tmp_path, code)
    run = ("ops/deploy/infrastructure.sh",)
    assert programs.run(root, *run, "plan", "staging", "plan").returncode == 0
    assert (root / "plan/saved.plan").exists() == saved == (root / "plan/terraform.lock.hcl").exists()
    assert programs.run(root, *run, "apply", "staging", "plan").returncode == 0
    assert (f"terraform apply -input=false {root}/plan/saved.plan" in programs.told()) == saved
    drifted = programs.run(root, *run, "drift", "staging")
    assert drifted.returncode == drift and ("drifted" in drifted.stderr) == bool(drift)


def test_a_plan_that_fails_is_no_plan_and_an_empty_environment_is_passed_over(tmp_path: Path) -> None:
    root, programs = terraform(tmp_path, 1)
    assert programs.run(root, "ops/deploy/infrastructure.sh", "plan", "staging", "plan").returncode == 1
    assert programs.run(root, "ops/deploy/infrastructure.sh", "drift", "staging").returncode == 1
    passed = programs.run(root, "ops/deploy/infrastructure.sh", "drift", "production")
    assert passed.returncode == 0 and "not set up" in passed.stderr


@pytest.mark.skipif(
    not shutil.which("terraform") and not installed("terraform-wheel"), reason="terraform is not installed"
)
@pytest.mark.parametrize(
    ("system", "target"), [("GitLab CI", "aws"), ("CircleCI", "google"), ("Azure Pipelines", "azure")]
)
def test_the_cloud_trusts_the_system_that_deploys(tmp_path: Path, system: str, target: str) -> None:
    root, made = drafted(tmp_path, task(system, target))
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(root)], check=True)
    subprocess.run(["git", "-C", str(root), "add", "--all"], check=True)
    found = inspect(root, [file.path for file in made.files if file.path.startswith("infra/")])
    assert [f"{f.path}:{f.line} {f.message}" for f in found.findings if f.severity in {"error", "warning"}] == []
    text = "".join(path.read_text() for path in (root / "infra/terraform").rglob("*.tf"))
    assert "github" not in text.lower()
    values = (root / "infra/terraform/environments/production.tfvars.example").read_text()
    assert re.search(r"change\s+= \[\".*(tag:ref:v\*|refs/tags/v\*|production-deploy)", values)
