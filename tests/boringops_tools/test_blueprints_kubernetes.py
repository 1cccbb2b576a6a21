"""Deployment to Kubernetes: what is drafted is right for the application, passes every validator, and really deploys."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from boringops.facts import Inspection
from boringops_tools.blueprints import draft, understand
from boringops_tools.blueprints.kubernetes import cluster
from boringops_tools.blueprints.model import Draft
from boringops_tools.inspection import inspect
from boringops_tools.yaml_files import documents

APPS = Path(__file__).parent / "apps"
EXAMPLE = Path(__file__).parents[2] / "memory_bank_example"
KUBECTL = Path(sysconfig.get_path("scripts")) / "kubectl"
IMAGE = f"ghcr.io/team/app@sha256:{'a' * 64}"
BEFORE = f"ghcr.io/team/app@sha256:{'b' * 64}"
needs_kubectl = pytest.mark.skipif(not KUBECTL.exists(), reason="kubectl is not installed")


def files_of(root: Path) -> list[str]:
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in found if "__pycache__" not in path.parts and ".git" not in path.parts)


def deployed(tmp_path: Path, source: Path, task: str) -> tuple[Path, Draft]:
    root = tmp_path / "repo"
    shutil.copytree(source, root, ignore=shutil.ignore_patterns("__pycache__"))
    return root, drafted(root, task)


def drafted(root: Path, task: str) -> Draft:
    made = draft(root, files_of(root), task=task, wants=understand(task))
    for file in made.files:
        (root / file.path).parent.mkdir(parents=True, exist_ok=True)
        (root / file.path).write_bytes(file.content.encode())
    return made


def rendered(root: Path, environment: str = "production", folder: str = "k8s") -> dict[tuple[str, str], Any]:
    """The objects of one environment, by kind and name, as a cluster would get them."""
    done = subprocess.run(
        [str(KUBECTL), "kustomize", str(root / folder / "overlays" / environment)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {(each["kind"], each["metadata"]["name"]): each for each in documents(done.stdout)}


def loud(inspection: Inspection) -> list[str]:
    """What is worse than a remark, and what a tool judged to have failed."""
    said = [
        f"{each.path}:{each.line} {each.rule} {each.message}" for each in inspection.findings if each.severity != "info"
    ]
    return said + [f"{each.path} {each.tool}" for each in inspection.validation if each.outcome == "failed"]


TASKS = {
    "rolling": "Deploy this to Kubernetes",
    "blue-green": "Deploy this to Kubernetes, blue-green",
    "canary": "Deploy this to EKS with canary releases",
    "rollouts": "Deploy this to GKE, blue-green by Argo Rollouts, with External Secrets",
    "helm": "Deploy this to AKS with a Helm chart",
    "helm-canary": "Add a Helm chart, canary with Argo Rollouts and External Secrets",
}


@needs_kubectl
@pytest.mark.parametrize("name", TASKS)
def test_every_validator_is_content_and_a_second_draft_is_empty(tmp_path: Path, name: str) -> None:
    root, made = deployed(tmp_path, EXAMPLE, TASKS[name])
    own = [file.path for file in made.files if file.task.startswith("4") or "release" in file.path]
    assert loud(inspect(root, own)) == []
    assert [
        file.path for file in draft(root, files_of(root), task=TASKS[name], wants=understand(TASKS[name])).files
    ] == []


@needs_kubectl
def test_a_pod_is_confined_and_knows_its_variables(tmp_path: Path) -> None:
    root, _ = deployed(tmp_path, EXAMPLE, TASKS["rolling"])
    objects = rendered(root)
    pod = objects["Deployment", "parcel-tracking-api"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsUser"] == 1000 and pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["livenessProbe"]["httpGet"]["path"] == "/api/health/live"
    assert container["readinessProbe"]["httpGet"]["path"] == "/api/health"
    secret = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in container["env"] if "valueFrom" in each}
    assert set(secret) == {"DATABASE_URL", "REDIS_URL", "CARRIER_API_KEY"}
    [config] = [each for (kind, _), each in objects.items() if kind == "ConfigMap"]
    assert config["data"]["PORT"] == "3000" and not set(config["data"]) & set(secret)
    assert container["envFrom"][0]["configMapRef"]["name"] == config["metadata"]["name"]
    labels = objects["Namespace", "parcel-tracking-api-production"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert ("Secret", "parcel-tracking-api-env") not in objects
    assert "@sha256:" in container["image"] and "latest" not in container["image"]
    assert objects["Job", "parcel-tracking-api-migrate"]["spec"]["template"]["spec"]["containers"][0]["command"] == [
        "node",
        "src/migrate.js",
    ]


@needs_kubectl
def test_a_budget_only_where_there_are_several(tmp_path: Path) -> None:
    root, _ = deployed(tmp_path, EXAMPLE, TASKS["rolling"])
    for environment in ("dev", "staging", "production"):
        objects = rendered(root, environment)
        least = objects["HorizontalPodAutoscaler", "parcel-tracking-api"]["spec"]["minReplicas"]
        assert (("PodDisruptionBudget", "parcel-tracking-api") in objects) == (least > 1)


@needs_kubectl
def test_traffic_is_denied_but_for_what_is_named(tmp_path: Path) -> None:
    root, _ = deployed(tmp_path, EXAMPLE, TASKS["rolling"])
    policies = {name: each["spec"] for (kind, name), each in rendered(root).items() if kind == "NetworkPolicy"}
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    ports = {port["port"] for spec in policies.values() for rule in spec.get("egress", []) for port in rule["ports"]}
    assert ports == {53, 5432, 6379, 443}


def test_a_liveness_probe_does_not_ask_the_database(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    shutil.copytree(APPS / "flask", root)
    app = root / "board" / "__init__.py"
    app.write_text(app.read_text().replace('return "ok"', 'app.redis.ping()\n        return "ok"'))
    (root / "requirements.txt").write_text((root / "requirements.txt").read_text() + "\nredis==5.2.1\n")
    drafted(root, TASKS["rolling"])
    [deployment] = documents((root / "k8s/base/deployment.yaml").read_text())
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert "tcpSocket" in container["livenessProbe"] and container["readinessProbe"]["httpGet"]["path"] == "/healthz"


def test_deploying_brings_the_image_and_the_pipeline(tmp_path: Path) -> None:
    root, made = deployed(tmp_path, APPS / "flask", TASKS["rolling"])
    paths = {file.path for file in made.files}
    assert {
        "Dockerfile",
        ".dockerignore",
        ".github/workflows/release.yml",
        ".github/workflows/deploy-kubernetes.yml",
    } <= paths
    release = (root / ".github/workflows/release.yml").read_text()
    assert release.count("uses: $/.github/workflows/deploy-kubernetes.yml") == 2 and "not deployed" not in release
    assert any("come along" in each.what for each in made.plan.decisions)
    assert "kubectl rollout undo" in made.plan.rollback and len(made.plan.environments) == 3
    assert "target platform" not in f"{made.plan.deployment_strategy} {made.plan.cost}"


def test_applications_of_a_monorepo_have_a_set_each(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    for name in ("express", "flask"):
        shutil.copytree(APPS / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    made = drafted(root, TASKS["rolling"])
    assert {"express/k8s/base/deployment.yaml", "flask/k8s/base/deployment.yaml"} <= {file.path for file in made.files}
    workflow = (root / ".github/workflows/deploy-kubernetes.yml").read_text()
    assert "bash flask/k8s/deploy.sh" in workflow and "bash express/k8s/deploy.sh" in workflow
    assert draft(root, files_of(root), task=TASKS["rolling"], wants=understand(TASKS["rolling"])).files == []


_THEIRS = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: board}\nspec:\n  replicas: 3\n  selector: {matchLabels: {app: board}}\n"
    "  template:\n    metadata: {labels: {app: board}}\n    spec:\n      containers:\n"
    "        - {name: web, image: 'acme/board:1', ports: [{containerPort: 5000}]}\n"
)


def test_manifests_that_are_there_stay_and_get_what_they_lack(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    shutil.copytree(APPS / "flask", root)
    (root / "deploy").mkdir()
    (root / "deploy/app.yaml").write_text(_THEIRS)
    made = drafted(root, TASKS["rolling"])
    assert (root / "deploy/app.yaml").read_text() == _THEIRS
    assert {file.path for file in made.files if file.task.startswith("4")} == {
        "deploy/network-policy.yaml", "deploy/pod-disruption-budget.yaml",
    }  # fmt: skip
    [policy] = documents((root / "deploy/network-policy.yaml").read_text())
    assert policy["spec"]["podSelector"]["matchLabels"] == {"app": "board"}
    assert any("deploy/app.yaml runs it already" in note for note in made.notes)
    assert draft(root, files_of(root), task=TASKS["rolling"], wants=understand(TASKS["rolling"])).files == []


def test_a_chart_that_is_there_is_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    shutil.copytree(APPS / "flask", root)
    (root / "charts/board").mkdir(parents=True)
    (root / "charts/board/Chart.yaml").write_text("apiVersion: v2\nname: board\nversion: 1.0.0\n")
    made = drafted(root, TASKS["rolling"])
    assert not [file.path for file in made.files if file.task.startswith("4")]


def test_each_values_file_of_a_chart_renders_and_the_schema_refuses_the_rest(tmp_path: Path) -> None:
    helm = pytest.importorskip("helm_python")
    root, _ = deployed(tmp_path, EXAMPLE, TASKS["helm"])
    chart = root / "charts/parcel-tracking-api"
    found: dict[str, set[str]] = {}
    for path in sorted(chart.glob("values*.yaml")):
        [values] = documents(path.read_text())
        texts = helm.Chart.load(str(chart)).render(values=values)
        found[path.stem] = {each["kind"] for text in texts.values() for each in documents(text) if each}
    assert "PodDisruptionBudget" in found["values-production"] and "PodDisruptionBudget" not in found["values-dev"]
    assert {"Deployment", "Service", "Ingress", "Job", "NetworkPolicy", "HorizontalPodAutoscaler"} <= found[
        "values-dev"
    ]
    with pytest.raises(helm.HelmError):
        helm.Chart.load(str(chart)).render(values={"image": {"digest": "latest"}})
    with pytest.raises(helm.HelmError):
        helm.Chart.load(str(chart)).render(values={"replicas": 3})


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Deploy to EKS", cluster.Cluster(cloud="aws")),
        ("k8s on Azure with ESO", cluster.Cluster(cloud="azure", external_secrets=True)),
        ("HTTPRoute and Argo Rollouts on GKE", cluster.Cluster(cloud="google", gateway=True, rollouts=True)),
        ("Deploy this to Kubernetes", cluster.Cluster()),
    ],
)
def test_what_the_task_says_of_the_cluster(said: str, expected: cluster.Cluster) -> None:
    assert cluster.read(said) == expected


# --- deploy.sh, run with the real kustomize against a cluster that only answers ----------------------------------

_CLUSTER = """#!/usr/bin/env bash
if [[ "$1" == kustomize ]]; then exec "{kubectl}" "$@"; fi
echo "$*" >> "{log}"
case "$*" in
  *"rollout status"*) [[ ! -e "{broken}" ]] || {{ rm "{broken}"; exit 1; }} ;;
  *"get job"*) echo "{job}" ;;
  *"get service"*) echo blue ;;
  *"get deployment"*) echo "{before}" ;;
  *"get pods"*jsonpath*) echo "true:0 " ;;
esac
"""


class Cluster:
    """A kubectl on the path that renders for real, writes down what it was told to do, and says what a cluster would."""

    def __init__(self, home: Path, job: str = "Complete") -> None:
        self.log, self.broken, self.bin = home / "log", home / "broken", home / "bin"
        self.bin.mkdir()
        program = self.bin / "kubectl"
        program.write_text(_CLUSTER.format(kubectl=KUBECTL, log=self.log, broken=self.broken, job=job, before=BEFORE))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        pause = self.bin / "sleep"  # nothing waits in a test
        pause.write_text("#!/bin/sh\n")
        pause.chmod(0o755)

    def deploy(self, root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", str(root / "k8s/deploy.sh"), *arguments],
            capture_output=True, text=True, check=False, env=os.environ | {"PATH": f"{self.bin}:{os.environ['PATH']}"},
        )  # fmt: skip

    def told(self) -> list[str]:
        """The calls that changed something or waited for it, in order, shortened to what they did."""
        verbs = ("apply", "delete", "rollout", "patch")
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [" ".join(line.split()[2:]) for line in lines if line.split()[2:3] and line.split()[2] in verbs]


def settled(root: Path) -> None:
    """Put in what only people know."""
    for path in (root / "k8s").rglob("*.yaml"):
        path.write_text(path.read_text().replace("set-me.invalid", "example.org"))


@needs_kubectl
def test_deploying_migrates_first_and_waits(tmp_path: Path) -> None:
    root, _ = deployed(tmp_path, EXAMPLE, TASKS["rolling"])
    settled(root)
    cluster_ = Cluster(tmp_path)
    done = cluster_.deploy(root, "staging", IMAGE)
    assert done.returncode == 0, done.stderr
    told = cluster_.told()
    steps = ("!app.kubernetes.io/component", "delete job", "component=migrate", "component!=migrate", "rollout status")
    order = [next(i for i, line in enumerate(told) if step in line) for step in steps]
    assert order == sorted(order) and not any("undo" in line for line in told)
    assert not list((root / "k8s").glob(".deploy*"))


@needs_kubectl
def test_what_does_not_become_healthy_is_taken_back(tmp_path: Path) -> None:
    root, _ = deployed(tmp_path, EXAMPLE, TASKS["rolling"])
    settled(root)
    cluster_ = Cluster(tmp_path)
    cluster_.broken.touch()
    done = cluster_.deploy(root, "production", IMAGE)
    assert done.returncode == 1 and "the one before is back" in done.stderr
    assert "rollout undo deployment/parcel-tracking-api" in cluster_.told()


@needs_kubectl
def test_a_failed_migration_stops_everything(tmp_path: Path) -> None:
    root, _ = deployed(tmp_path, EXAMPLE, TASKS["rolling"])
    settled(root)
    cluster_ = Cluster(tmp_path, job="FailureTarget Failed")
    done = cluster_.deploy(root, "production", IMAGE)
    assert done.returncode == 1 and "the migration failed" in done.stderr
    assert not any("component!=migrate" in line for line in cluster_.told())


@needs_kubectl
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("staging", "ghcr.io/team/app:latest"), "no image with its digest"),
        (("moon", IMAGE), "none of dev, staging, production"),
        (("staging", IMAGE), "set-me.invalid"),
    ],
)
def test_nothing_is_touched_before_it_is_clear_what(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    root, _ = deployed(tmp_path, EXAMPLE, TASKS["rolling"])
    cluster_ = Cluster(tmp_path)
    done = cluster_.deploy(root, *arguments)
    assert done.returncode == 1 and says in done.stderr and cluster_.told() == []


@needs_kubectl
def test_blue_green_switches_only_to_what_is_healthy(tmp_path: Path) -> None:
    root, _ = deployed(tmp_path, EXAMPLE, TASKS["blue-green"])
    settled(root)
    cluster_ = Cluster(tmp_path)
    assert cluster_.deploy(root, "production", IMAGE).returncode == 0
    told = cluster_.told()
    switch = next(
        i
        for i, line in enumerate(told)
        if line.startswith("patch service parcel-tracking-api --patch") and "green" in line
    )
    assert told.index("rollout status deployment/parcel-tracking-api-green --timeout=10m") < switch
    cluster_.log.unlink()
    cluster_.broken.touch()
    assert cluster_.deploy(root, "production", IMAGE).returncode == 1
    assert not any(line.startswith("patch service") for line in cluster_.told())


@needs_kubectl
def test_a_canary_gets_more_step_by_step_and_then_all(tmp_path: Path) -> None:
    root, _ = deployed(tmp_path, EXAMPLE, TASKS["canary"])
    settled(root)
    cluster_ = Cluster(tmp_path)
    done = cluster_.deploy(root, "production", IMAGE)
    assert done.returncode == 0, done.stderr
    log = cluster_.log.read_text()
    weights = [
        int(line.split('"value": ')[1].rstrip(" }]")) for line in log.splitlines() if "backendRefs/1/weight" in line
    ]
    assert weights == [5, 25, 50, 0]


def _manifest(name: str, port: int) -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  selector:\n    matchLabels:\n      app: {name}\n"
        f"  template:\n    metadata:\n      labels:\n        app: {name}\n    spec:\n      containers:\n        - name: {name}\n"
        f"          image: team/{name}:1\n          ports:\n            - containerPort: {port}\n"
    )


def test_applications_that_share_a_folder_of_manifests_are_offered_a_policy_each(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    for name in ("express", "flask"):
        shutil.copytree(APPS / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    stack = draft(root, files_of(root), task="review").stack
    (root / "manifests").mkdir()
    for app in stack.applications:
        (root / f"manifests/{app.name}.yaml").write_text(_manifest(app.name, app.port or 8080))
    made = drafted(root, TASKS["rolling"])
    offered = [file.path for file in made.files if file.path.startswith("manifests/")]
    assert sorted(offered) == sorted(f"manifests/{app.name}-network-policy.yaml" for app in stack.applications)
    assert drafted(root, TASKS["rolling"]).files == []


def test_an_image_of_the_users_own_gets_a_pipeline_that_runs_the_tests(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    files = {
        "Dockerfile": 'FROM node:24\nWORKDIR /app\nCOPY . .\nUSER 1000\nEXPOSE 3000\nCMD ["node", "a.js"]\n',
        "package.json": '{"name": "shop", "scripts": {"start": "nx serve", "test": "jest"}, "dependencies": {"express": "5"}}',
        "package-lock.json": '{"name": "shop", "lockfileVersion": 3, "packages": {}}',
        "a.js": "require('express')().listen(3000);\n",
    }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    made = drafted(root, TASKS["rolling"])
    assert [app.deployable for app in made.stack.applications] == [False]
    assert (
        "npm run test" in (root / ".github/workflows/ci.yml").read_text()
        or "npm test" in (root / ".github/workflows/ci.yml").read_text()
    )
