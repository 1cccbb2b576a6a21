"""Operations: what is written is run where it can be, rests on what exists, and follows from what people said."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from boringops_tools.blueprints import draft
from boringops_tools.blueprints.contract import contract
from boringops_tools.blueprints.operations import evidence
from boringops_tools.blueprints.operations.asked import PARTS, parts
from boringops_tools.blueprints.operations.guides import GUIDES
from boringops_tools.blueprints.operations.recovery import design, span
from boringops_tools.blueprints.operations.stores import NAMED
from boringops_tools.inspection import inspect
from boringops_tools.yaml_files import documents
from tests.boringops_tools.test_blueprints import APPS, drafted, files_of, repository

SCRIPTS = Path(sysconfig.get_path("scripts"))
RECOVER = "Disaster recovery: RTO 4 hours, RPO 1 hour, 200 dollars a month"


def made(root: Path, task: str) -> dict[str, str]:
    return {file.path: file.content for file in draft(root, files_of(root), task=task).files}


def run(script: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **env}
    return subprocess.run(
        ["bash", str(script), *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


# --- disaster recovery ---


@pytest.mark.parametrize(
    ("rto", "rpo", "name", "every"),
    [(30, 5, "replication", 60), (59, 1440, "replication", 60), (240, 0, "replication", 60), (60, 15, "restore", 5),
     (240, 60, "restore", 30), (1440, 60, "restore", 30), (1440, 1440, "daily", 1440), (10_000, 10_000, "daily", 1440)],
)  # fmt: skip
def test_the_design_follows_from_the_objectives(rto: float, rpo: float, name: str, every: int) -> None:
    chosen = design(rto, rpo)
    assert (chosen.name, chosen.every) == (name, every)


def test_durations_are_said_as_people_say_them() -> None:
    assert [span(minutes) for minutes in (0, 15, 60, 90, 240, 1440, 2880)] == [
        "0 minutes", "15 minutes", "1 hour", "90 minutes", "4 hours", "24 hours", "2 days"
    ]  # fmt: skip


def test_without_objectives_nothing_is_assumed(tmp_path: Path) -> None:
    assert "docs/disaster-recovery.md" not in made(repository(tmp_path, "express"), "Set up disaster recovery")


def scripts(tmp_path: Path, kind: str) -> dict[str, Path]:
    """Backup and restore of one kind of store, shellcheck clean."""
    root = repository(tmp_path, "library" if kind == "sqlite" else "http")
    drafted(root, task=f"{RECOVER}. The database is {kind}.")
    found = {verb: root / f"ops/recovery/{verb}-{kind}.sh" for verb in ("backup", "restore")}
    subprocess.run([SCRIPTS / "shellcheck", *found.values()], check=True)
    return found


@pytest.mark.parametrize("kind", ["mysql", "mongo", "redis"])
def test_scripts_are_clean_and_refuse_to_run_without_settings(tmp_path: Path, kind: str) -> None:
    for script in scripts(tmp_path, kind).values():
        assert run(script).returncode != 0


def test_sqlite_is_backed_up_and_restored(tmp_path: Path) -> None:
    root = repository(tmp_path, "http")
    drafted(root, task=f"{RECOVER}. The database is sqlite.")
    backup, restore = (root / f"ops/recovery/{verb}-sqlite.sh" for verb in ("backup", "restore"))
    subprocess.run([SCRIPTS / "shellcheck", backup, restore], check=True)
    database, folder = tmp_path / "live.sqlite3", tmp_path / "backups"
    with sqlite3.connect(database) as connection:
        connection.execute("create table orders (id integer)")
        connection.execute("insert into orders values (7)")
    done = run(backup, SQLITE_FILE=str(database), BACKUP_DIR=str(folder))
    assert done.returncode == 0, done.stderr
    file = done.stdout.strip().splitlines()[-1]
    restored = tmp_path / "restored.sqlite3"
    assert run(restore, file, RESTORE_FILE=str(restored)).returncode == 0
    with sqlite3.connect(restored) as connection:
        assert connection.execute("select id from orders").fetchall() == [(7,)]
    assert run(restore, file, RESTORE_FILE=str(restored)).returncode == 3, "what is there is not overwritten"
    Path(file).write_bytes(Path(file).read_bytes() + b"x")
    damaged = run(restore, file, RESTORE_FILE=str(tmp_path / "other"))
    assert damaged.returncode != 0 and not (tmp_path / "other").exists()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of its own on a socket, where its programs are installed; its URL without a database."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found or not shutil.which("pg_dump"):
        pytest.skip("PostgreSQL is not installed")
    programs, folder = found[-1].parent, Path(tmp_path_factory.mktemp("pg", numbered=True))
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        folder = Path("/tmp") / f"boringops-pg-{os.getpid()}"
        folder.mkdir()
        shutil.chown(folder, "nobody")
        as_user = {"user": "nobody", "cwd": folder}
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "app", "-A", "trust", "--no-sync"],
        check=True,
        capture_output=True,
        **as_user,
    )
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    subprocess.run(
        [programs / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start"],
        check=True,
        capture_output=True,
        **as_user,
    )
    yield f"postgresql+asyncpg://app@/NAME?host={folder}"
    subprocess.run(
        [programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], check=True, capture_output=True, **as_user
    )
    shutil.rmtree(folder)


def test_postgres_is_backed_up_and_restored(tmp_path: Path, postgres: str) -> None:
    root = repository(tmp_path, "express")
    drafted(root, task=RECOVER)
    backup, restore = (root / f"ops/recovery/{verb}-postgres.sh" for verb in ("backup", "restore"))
    live, empty = (postgres.replace("NAME", name) for name in ("postgres", "restored"))
    plain = live.replace("+asyncpg", "")
    for statement in (
        "create table orders (id int primary key)",
        "insert into orders values (7)",
        "create database restored",
    ):
        subprocess.run(["psql", "--quiet", "--command", statement, plain], check=True)
    done = run(backup, DATABASE_URL=live, BACKUP_DIR=str(tmp_path / "backups"))
    assert done.returncode == 0, done.stderr
    file = done.stdout.strip().splitlines()[-1]
    came_back = run(restore, file, RESTORE_URL=empty)
    assert came_back.returncode == 0, came_back.stderr
    assert "restored 1 tables" in came_back.stdout
    rows = ["psql", "--tuples-only", "--no-align", "--command", "select id from orders", empty.replace("+asyncpg", "")]
    assert subprocess.run(rows, check=True, capture_output=True, text=True).stdout.strip() == "7"
    assert run(restore, file, RESTORE_URL=empty).returncode == 3, "a database with tables is left alone"
    wrong = run(backup, DATABASE_URL=postgres.replace("NAME", "nothing"), BACKUP_DIR=str(tmp_path / "none"))
    assert wrong.returncode != 0 and not list((tmp_path / "none").iterdir()), "half a backup is none"


IN_CLUSTER = f"{RECOVER}. PostgreSQL runs in the cluster on EKS."
STATEFUL = """apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
        - {name: db, image: "docker.io/library/postgres:17"}
"""


def test_a_rehearsal_restores_into_a_server_of_its_own(tmp_path: Path, postgres: str) -> None:
    """As a user without rights, as the server wants it: the fixture's server is only what the backup comes from."""
    root = repository(tmp_path, "express")
    drafted(root, task=RECOVER)
    live = postgres.replace("NAME", "kept")
    plain = postgres.replace("NAME", "postgres").replace("+asyncpg", "")
    subprocess.run(["psql", "--quiet", "--command", "create database kept", plain], check=True)
    fill = "create table parcels (id int); insert into parcels select generate_series(1, 40)"
    subprocess.run(["psql", "--quiet", "--command", fill, live.replace("+asyncpg", "")], check=True)
    done = run(root / "ops/recovery/backup-postgres.sh", DATABASE_URL=live, BACKUP_DIR=str(tmp_path / "backups"))
    file = Path(done.stdout.strip().splitlines()[-1])
    home = Path("/tmp") / f"boringops-rehearsal-{os.getpid()}"
    shutil.copytree(root / "ops/recovery", home / "scripts")
    shutil.copytree(file.parent, home / "backups")
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:
        for path in (home, *home.rglob("*")):
            shutil.chown(path, "nobody")
        as_user = {"user": "nobody", "cwd": home}
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))[-1].parent
    command = ["bash", str(home / "scripts/rehearse-postgres.sh"), str(home / "backups" / file.name)]
    env = {"PATH": f"{programs}:{os.environ['PATH']}", "TMPDIR": str(home), "HOME": str(home)}
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=120, **as_user)
        assert ran.returncode == 0, ran.stderr
        assert "restored 1 tables" in ran.stdout and "about 40 rows" in ran.stdout
        assert sorted(path.name for path in home.iterdir()) == ["backups", "scripts"], "nothing is left behind"
        (home / "backups" / file.name).write_bytes(b"damaged")
        damaged = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=120, **as_user)
        assert damaged.returncode != 0 and "rehearsed" not in damaged.stdout
    finally:
        shutil.rmtree(home)


def test_what_is_damaged_or_missing_is_not_sent(tmp_path: Path) -> None:
    root = repository(tmp_path, "express")
    drafted(root, task=IN_CLUSTER)
    upload, fetch = (root / f"ops/recovery/{name}.sh" for name in ("upload", "fetch-postgres"))
    bucket, folder, programs = tmp_path / "bucket", tmp_path / "backups", tmp_path / "bin"
    for path in (bucket, folder, programs, tmp_path / "back"):
        path.mkdir()
    aws = programs / "aws"  # copies as it is told, and lists as S3 does
    aws.write_text(
        f'#!/bin/bash\nshift\nif [ "$1" = ls ]; then ls {bucket} | sed "s/^/2030-01-01 00:00:00 1 /"; exit; fi\n'
        f'cp "${{3/s3:\\/\\/b/{bucket}}}" "${{4/s3:\\/\\/b/{bucket}}}"\n'.replace(
            str(bucket) + "}", str(bucket).replace("/", "\\/") + "}"
        )
    )
    aws.chmod(0o755)
    env = {"PATH": f"{programs}:{os.environ['PATH']}", "BACKUP_BUCKET": "s3://b"}
    assert run(upload, BACKUP_DIR=str(folder), **env).returncode == 3, "nothing to send is no success"
    for day in ("01", "02"):
        file = folder / f"postgres-203001{day}T000000Z.dump"
        file.write_text(day)
        sums = subprocess.run(["sha256sum", file.name], capture_output=True, text=True, check=True, cwd=folder).stdout
        Path(f"{file}.sha256").write_text(sums)
    sent = run(upload, BACKUP_DIR=str(folder), **env)
    assert sent.returncode == 0 and len(list(bucket.iterdir())) == 4, sent.stderr
    fetched = run(fetch, RESTORE_DIR=str(tmp_path / "back"), **env)
    assert fetched.stdout.strip() == str(tmp_path / "back/postgres-20300102T000000Z.dump"), fetched.stderr
    assert run(upload, BACKUP_DIR=str(folder), **env).returncode == 3, "what was sent is not sent again"
    Path(f"{file}.sent").unlink()
    file.write_text("damaged")
    assert run(upload, BACKUP_DIR=str(folder), **env).returncode != 0


@pytest.mark.parametrize(
    "task",
    [
        IN_CLUSTER,
        IN_CLUSTER.replace("EKS", "GKE"),
        f"{RECOVER} with kube-prometheus: it runs in our Kubernetes cluster",
    ],
)
def test_a_database_in_the_cluster_is_backed_up_on_a_schedule(tmp_path: Path, task: str) -> None:
    root = repository(tmp_path, "express")
    drafted(root, task=task)
    mine = [path for path in files_of(root) if path.startswith(("ops/", "monitoring/"))]
    found = inspect(root, mine)
    assert [f"{f.path}:{f.line} {f.message}" for f in found.findings if f.severity in {"error", "warning"}] == []
    assert "rto" not in {path.lower() for path in mine} and draft(root, files_of(root), task=task).files == []
    kubectl = SCRIPTS / "kubectl"
    if not kubectl.exists():
        pytest.skip("kubectl is not installed")
    done = subprocess.run(
        [kubectl, "kustomize", str(root / "ops/recovery")], capture_output=True, text=True, check=True
    )
    objects = {(each["kind"], each["metadata"]["name"]): each for each in documents(done.stdout)}
    job = objects["CronJob", "backup-postgres"]["spec"]
    pod = job["jobTemplate"]["spec"]["template"]["spec"]
    assert job["schedule"] == "*/30 * * * *" and job["concurrencyPolicy"] == "Forbid"
    assert pod["securityContext"]["runAsNonRoot"] and pod["serviceAccountName"] == "backup"
    named = {volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume}
    scripts = next(each for (kind, _), each in objects.items() if kind == "ConfigMap")
    assert named == {scripts["metadata"]["name"]} and "pg_dump" in scripts["data"]["backup-postgres.sh"]
    rule = ("PrometheusRule", "backups")
    assert (rule in objects) == ("kube-prometheus" in task) != ("monitoring/backups.yml" in mine)
    text = json.dumps(objects[rule]) if rule in objects else (root / "monitoring/backups.yml").read_text()
    assert 'cronjob=\\"backup-postgres\\"} > 3600' in text or 'cronjob="backup-postgres"} > 3600' in text


def test_on_one_machine_a_timer_runs_the_backup(tmp_path: Path) -> None:
    root = repository(tmp_path, "express")
    task = f"Containerise this for one machine with Docker Compose in production. {RECOVER}"
    drafted(root, task=task)
    mine = ["compose.backup.yaml", *(path for path in files_of(root) if path.startswith("ops/"))]
    found = inspect(root, mine)
    assert [f"{f.path}:{f.line} {f.message}" for f in found.findings if f.severity in {"error", "warning"}] == []
    assert "OnCalendar=*:0/30" in (root / "ops/recovery/systemd/backup.timer").read_text()
    [services] = [each["services"] for each in documents((root / "compose.backup.yaml").read_text())]
    assert services["backup-postgres"]["environment"]["DATABASE_URL"].endswith("@postgres:5432/app")
    assert all(each["profiles"] == ["backup"] for each in services.values())
    assert made(root, task) == {}
    assert "compose.backup.yaml" not in made(
        repository(tmp_path / "aws", "express"), f"Containerise this for ECS. {RECOVER}"
    )


def test_manifests_say_what_the_cluster_runs(tmp_path: Path) -> None:
    root = repository(tmp_path, "express")
    (root / "deploy").mkdir()
    (root / "deploy/db.yaml").write_text(STATEFUL)
    policy = list(documents(made(root, RECOVER)["ops/recovery/kubernetes/network-policy.yaml"]))
    assert policy[1]["spec"]["egress"][0]["to"] == [{"podSelector": {"matchLabels": {"app": "db"}}}]
    assert policy[2]["spec"]["podSelector"]["matchLabels"] == {"app": "db"}
    (root / "deploy/db.yaml").write_text("apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db}\n")
    files = made(root, RECOVER)
    assert "ops/recovery/kustomization.yaml" not in files and "deploy/db.yaml" in files["docs/disaster-recovery.md"]


def test_backups_are_copied_to_the_second_region_that_was_named(tmp_path: Path) -> None:
    root = repository(tmp_path, "express")
    one = made(root, f"Deploy this to AWS ECS in eu-west-1. {RECOVER}")
    assert "infra/terraform/backups.tf" not in one and "name a second one" in one["docs/disaster-recovery.md"]
    drafted(root, task="Deploy this to AWS ECS in eu-west-1")
    task = f"{RECOVER}, on AWS ECS in eu-west-1, copies in eu-central-1"
    drafted(root, task=task)
    assert 'default     = "eu-central-1"' in (root / "infra/terraform/backups.tf").read_text()
    assert "backups.tf` replicates them to eu-central-1" in (root / "docs/disaster-recovery.md").read_text()
    found = inspect(root, [path for path in files_of(root) if path.startswith("infra/")])
    assert [f"{f.path}:{f.line} {f.message}" for f in found.findings if f.severity in {"error", "warning"}] == []
    assert made(root, task) == {}
    google = made(
        repository(tmp_path / "google", "express"),
        f"Deploy this to Cloud Run in europe-west3. {RECOVER}, copies in europe-west1",
    )
    values = google["infra/terraform/environments/production.tfvars.example"]
    assert (
        re.search(r'backup_location\s+= "europe-west1"', values)
        and "backup_location" in google["docs/disaster-recovery.md"]
    )


def test_documents_say_the_same_before_and_after_the_pipeline_is_there(tmp_path: Path) -> None:
    root = repository(tmp_path, "express")
    task = f"Deploy this to Kubernetes. {RECOVER}"
    told = made(root, task)["docs/disaster-recovery.md"]
    drafted(root, task=task)
    (root / "docs/disaster-recovery.md").unlink()
    assert made(root, task)["docs/disaster-recovery.md"] == told


def test_a_managed_database_gets_no_job_in_the_cluster(tmp_path: Path) -> None:
    files = made(repository(tmp_path, "express"), f"{RECOVER}. It runs on EKS with RDS.")
    assert "ops/recovery/kustomization.yaml" not in files


# --- monitoring ---

METERED = {
    "main.py": "from fastapi import FastAPI\nfrom prometheus_fastapi_instrumentator import Instrumentator\n\napp = FastAPI()\n"
    'Instrumentator().instrument(app).expose(app)\n\n\n@app.get("/healthz")\ndef health():\n    return {}\n',
    "requirements.txt": "fastapi==0.120.0\nuvicorn==0.38.0\nprometheus-fastapi-instrumentator==7.1.0\n",
}


def folder_of(tmp_path: Path, files: dict[str, str]) -> Path:
    root = tmp_path / "shop"
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def names_in(text: str) -> set[str]:
    """Metrics that expressions name."""
    return set(re.findall(r"\b([a-z_]+)\{", text)) - {"by"}


def test_alerts_rest_on_metrics_that_exist(tmp_path: Path) -> None:
    bare = made(repository(tmp_path, "express"), "Add Prometheus alerts")
    assert names_in(bare["monitoring/rules.yml"]) == {
        "probe_success",
        "probe_duration_seconds",
        "probe_ssl_earliest_cert_expiry",
    }
    metered = made(folder_of(tmp_path, METERED), "Add Prometheus alerts")
    assert "http_requests_total" in names_in(metered["monitoring/rules.yml"])
    assert "main.py:5" in metered["docs/monitoring.md"]


@pytest.mark.parametrize("metered", [False, True])
def test_what_watches_is_clean(tmp_path: Path, metered: bool) -> None:
    root = folder_of(tmp_path, METERED) if metered else repository(tmp_path, "express", "flask")
    written = [
        file.path
        for file in drafted(root, task="Set up monitoring with Prometheus").files
        if file.path.startswith("monitoring/")
    ]
    assert len(written) == 5
    found = inspect(root, written)
    assert [finding for finding in found.findings if finding.severity != "info"] == []


def test_every_page_has_a_test(tmp_path: Path) -> None:
    files = made(repository(tmp_path, "express"), "Add alerts")
    paged = re.findall(r"alert: (\w+)\n(?:.*\n){1,4}?.*severity: page", files["monitoring/rules.yml"])
    assert paged and set(paged) <= set(re.findall(r"alertname: (\w+)", files["monitoring/rules.test.yml"]))
    anchors = {
        heading.lower().replace(" ", "-") for heading in re.findall(r"(?m)^## (.+)$", files["docs/monitoring.md"])
    }
    assert set(re.findall(r"runbook: docs/monitoring\.md#([\w-]+)", files["monitoring/rules.yml"])) <= anchors


METRICS_DEPLOYED = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: "registry.example.com/web:1", ports: [{containerPort: 8000}]}
"""


def test_the_prometheus_operator_gets_objects_of_its_kinds(tmp_path: Path) -> None:
    files = METERED | {"deploy/web.yaml": METRICS_DEPLOYED}
    root = folder_of(tmp_path, files)
    task = "Set up monitoring and alerts with the Prometheus operator"
    written = made(root, task)
    assert "monitoring/prometheus.yml" not in written and "monitoring/rules.test.yml" in written
    [rule] = documents(written["monitoring/kubernetes/prometheus-rule.yaml"])
    [plain] = documents(written["monitoring/rules.yml"])
    assert rule["kind"] == "PrometheusRule" and rule["spec"]["groups"] == plain["groups"]
    [monitor] = documents(written["monitoring/kubernetes/pod-monitors.yaml"])
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    assert monitor["spec"]["selector"]["matchLabels"] == {"app": "web"} and endpoint["portNumber"] == 8000
    job = endpoint["relabelings"][0]["replacement"]
    assert f'job="{job}"' in written["monitoring/rules.yml"]
    [probe] = documents(written["monitoring/kubernetes/probes.yaml"])
    assert probe["spec"]["jobName"] == "probe" and probe["spec"]["targets"]["staticConfig"]["labels"] == {
        "application": job
    }
    drafted(root, task=task)
    found = inspect(root, [path for path in files_of(root) if path.startswith("monitoring/")])
    assert [f"{f.path}:{f.line} {f.message}" for f in found.findings if f.severity in {"error", "warning"}] == []
    unjudged = {
        each.path for each in found.validation if each.outcome == "not_validated" and "custom resource" in each.reason
    }
    assert "monitoring/kubernetes/pod-monitors.yaml" in unjudged, "a schema that is not here is said to be missing"
    assert made(root, task) == {}


def test_an_object_of_the_operator_says_that_it_is_there(tmp_path: Path) -> None:
    monitor = "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: other}\nspec: {endpoints: [], selector: {}}\n"
    assert "monitoring/prometheus.yml" in made(folder_of(tmp_path / "a", METERED), "Set up monitoring")
    root = folder_of(tmp_path / "b", METERED | {"deploy/monitor.yaml": monitor})
    written = made(root, "Set up monitoring")
    assert "monitoring/kubernetes/prometheus-rule.yaml" in written and "monitoring/prometheus.yml" not in written


@pytest.mark.parametrize("tool", ["Terraform", "CloudFormation"])
def test_alarms_and_budgets_of_aws_are_clean(tmp_path: Path, tool: str) -> None:
    root = repository(tmp_path, "express")
    task = f"CloudWatch monitoring on ECS and cost alerts at 300 dollars, with {tool}"
    written = [file.path for file in drafted(root, task=task).files if file.path.startswith("monitoring/")]
    assert len(written) == 2
    found = inspect(root, written)
    assert [finding for finding in found.findings if finding.severity in ("error", "warning")] == []


# --- the rest ---


def test_every_part_has_a_blueprint_or_questions() -> None:
    from boringops_tools.blueprints.topics import TOPICS

    asked = {
        "recovery": "disaster recovery",
        "cost": "costs",
        "compliance": "compliance",
        "regions": "several regions",
        "traffic": "scaling",
        "replacement": "a change that breaks",
    }
    assert set(asked.values()) <= {topic.name for topic in TOPICS}
    assert {guide.part for guide in GUIDES} | {"monitoring", "recovery"} == set(PARTS)
    table = Path("docs/operations.md").read_text()
    assert all(f"`{part}`" in table for part in PARTS)


def test_an_alert_on_costs_is_none_on_the_service() -> None:
    assert parts("We want cost alerts") == {"cost"}
    assert parts("We want alerts and cost alerts") == {"cost", "monitoring", "logging"} - {"logging"}


def test_evidence_is_a_line_and_its_absence_is_open(tmp_path: Path) -> None:
    root = folder_of(
        tmp_path,
        METERED
        | {
            "infra/main.tf": '# storage_encrypted = true\nresource "aws_db_instance" "a" {\n  storage_encrypted = true\n}\n'
        },
    )
    text = made(root, "Evidence for HIPAA")["docs/compliance.md"]
    assert re.search(r"encryption at rest \|.*infra/main\.tf:3 \|", text)
    assert re.search(r"audit controls \|.*\*\*open\*\*", text)
    assert {theme for entries in evidence.STANDARDS.values() for _, theme in entries} <= set(evidence.THEMES)


@pytest.mark.parametrize("name", ["django", "fastapi_uv", "flask"])
def test_proposed_python_parses(tmp_path: Path, name: str) -> None:
    text = made(repository(tmp_path, name), "Propose structured logging")["docs/logging-and-health.md"]
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        ast.parse(block)


def test_the_proposed_logger_of_node_logs_json(tmp_path: Path) -> None:
    text = made(repository(tmp_path, "express"), "Propose structured logging")["docs/logging-and-health.md"]
    (tmp_path / "log.js").write_text(re.findall(r"```js\n(.*?)```", text, re.DOTALL)[0])
    (tmp_path / "use.js").write_text(
        'const { log } = require("./log");\nlog("debug", "no");\nlog("warn", "yes", { id: 1 });\n'
    )
    done = subprocess.run(["node", "use.js"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=30)
    [line] = [json.loads(each) for each in done.stdout.splitlines()]
    assert (line["level"], line["message"], line["id"]) == ("warn", "yes", 1)


@pytest.mark.parametrize("name", ["express", "fastapi_uv"])
def test_the_contract_is_the_same_everywhere(tmp_path: Path, name: str) -> None:
    from boringops_tools import stack
    from boringops_tools.blueprints.context import Context
    from boringops_tools.stack.tree import Tree

    root = repository(tmp_path, name)
    files = files_of(APPS / name)
    entries = contract(Context(Tree(root, files), stack.detect(root, files), frozenset()))
    drafted(root, wants={"containers", "ci", "docs"})
    assert entries
    for entry in entries:
        for path in (".env.example", "compose.yaml", "docs/runbook.md"):
            assert re.search(rf"\b{entry.name}\b", (root / path).read_text()), (entry.name, path)
        assert not (entry.secret and entry.default)


def test_kinds_that_scripts_exist_for() -> None:
    templates = Path("tools/boringops_tools/blueprints/templates/operations")
    assert all((templates / f"{verb}-{kind}.sh.j2").exists() for kind in NAMED for verb in ("backup", "restore"))
