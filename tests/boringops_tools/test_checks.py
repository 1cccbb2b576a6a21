"""Each rule's own examples are its test; here is only what runs them, and what holds for all."""

# ruff: noqa: E501 - a shape reads best on one line

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from boringops.facts import Finding
from boringops_tools.checks import Rule, rules, scan
from boringops_tools.checks.graph import cycles
from boringops_tools.checks.groovy import blocks
from tests.repos import make_repo

EXAMPLES = [
    pytest.param(rule, example, expected, id=f"{rule.id}-{'bad' if expected else 'good'}-{number}")
    for rule in rules()
    for expected, examples in ((True, rule.bad), (False, rule.good))
    for number, example in enumerate(examples)
]


def scanned(root: Path, example: Mapping[str, str]) -> list[Finding]:
    for path, text in example.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return scan(root, list(example))


@pytest.mark.parametrize(("rule", "example", "expected"), EXAMPLES)
def test_the_examples_of_a_rule(rule: Rule, example: Mapping[str, str], expected: bool, tmp_path: Path) -> None:
    if rule.was:
        make_repo(tmp_path, dict(rule.was))
    findings = scanned(tmp_path, example)
    assert [each for each in findings if "broke down" in each.message] == []
    mine = [each for each in findings if each.rule == rule.id]
    assert bool(mine) is expected, mine
    assert all(each.line for each in mine), mine


def test_every_rule_has_examples_of_both_kinds_and_says_where_it_is_from() -> None:
    assert [rule.id for rule in rules() if not (rule.bad and rule.good and rule.reason and rule.source)] == []
    assert len({rule.id for rule in rules()}) == len(rules())


def test_findings_name_rule_line_and_way_out(tmp_path: Path) -> None:
    compose = "services:\n  web:\n    image: a/b:1\n    volumes:\n      - data:/data\n"
    [finding] = scanned(tmp_path, {"compose.yaml": compose})
    assert (finding.rule, finding.line, finding.severity) == ("compose/undefined", 5, "error")
    assert (finding.path, finding.source) == ("compose.yaml", "boringops")
    assert "`data`" in finding.message and finding.hint


def test_only_the_files_asked_for_have_findings(tmp_path: Path) -> None:
    example = {"main.tf": 'output "a" {\n  value = var.b\n}\n', "more.tf": 'output "c" {\n  value = var.d\n}\n'}
    scanned(tmp_path, example)
    assert [(each.path, each.line) for each in scan(tmp_path, ["more.tf"])] == [("more.tf", 2)]


@pytest.mark.parametrize(
    "path", ["compose.yaml", ".gitlab-ci.yml", "k8s.yaml", "Pulumi.yaml", "main.tf", "Jenkinsfile"]
)
def test_broken_and_templated_files_are_left_to_the_validators(tmp_path: Path, path: str) -> None:
    assert scanned(tmp_path, {path: "services: [\n a: {{\n"}) == []
    assert scanned(tmp_path, {path: "{{- if .Values.on }}\nkind: X\n{{- end }}\n"}) == []
    assert scan(tmp_path, ["gone.yaml", "../outside.tf"]) == []


SHAPES = [
    "", "[]", "a", "- a\n- {b: 1}\n", "services: {a: 1, b: [x], c: {ports: {a: 1}, depends_on: 3, volumes: [1, {}], build: [1]}}",
    "stages: {a: 1}\na: {needs: 1, extends: {a: 1}, script: 1}\nb: {needs: [1, {}, [a]], stage: [x]}\n",
    "jobs: {a: 1, b: {steps: {x: 1}, executor: [1]}}\nworkflows: {w: 1, v: {jobs: {a: 1}}, u: {jobs: [1, {a: 1}, {b: {requires: a}}]}}\n",
    "stages: [1, {stage: 1, dependsOn: {a: 1}, jobs: 1}]\njobs: [a, {job: [x]}]\n",
    "apiVersion: v1\nkind: Service\nmetadata: 1\nspec: {selector: a, ports: [1, {port: x, targetPort: []}]}\n",
    "apiVersion: apps/v1\nkind: Deployment\nspec: {selector: {matchLabels: [a]}, template: {spec: {containers: [1, {image: 1, ports: [a], volumeMounts: [1], resources: {limits: 1}}]}}}\n",
    "groups: [1, {rules: 1}, {name: [], rules: [1, {alert: 1, expr: []}, {record: a, expr: b, labels: 1}]}]\nscrape_configs: [1, {job_name: []}]\n",
    "name: [a]\nruntime: yaml\nresources: [1]\noutputs: {a: '${'}\nglobal: 3\n", "{}: 1\n", "&a [*a]\n",
    '{"panels": [1, {"id": [], "gridPos": 3, "targets": {"a": 1}}], "schemaVersion": 1, "templating": [1]}',
]  # fmt: skip


@pytest.mark.parametrize("text", SHAPES)
def test_no_shape_of_a_file_breaks_a_rule(tmp_path: Path, text: str) -> None:
    paths = [
        "compose.yaml", ".gitlab-ci.yml", ".circleci/config.yml", "azure-pipelines.yml", "k8s.yaml", "prometheus.yml",
        "Pulumi.yaml", "Dockerfile", "main.tf", "Jenkinsfile", "dashboard.json", "README.md",
    ]  # fmt: skip
    findings = scanned(tmp_path, dict.fromkeys(paths, text))
    assert [each for each in findings if "broke down" in each.message] == []


def test_a_file_that_git_ignores_may_be_named(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    example = {
        "README.md": "Made by you: `conf/app.yml`.\n",
        ".gitignore": "conf/app.yml\n",
        "conf/app.example.yml": "a: 1\n",
    }
    assert scanned(tmp_path, example) == []
    (tmp_path / ".gitignore").write_text("")
    assert [each.rule for each in scan(tmp_path, list(example))] == ["consistency/dangling-path"]


@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        ({"a": ["b"], "b": ["c"], "c": []}, []),
        ({"a": ["a"]}, [["a", "a"]]),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, [["b", "c", "b"]]),
        ({"a": ["x", "c", "b"], "b": ["c"], "c": ["d"], "d": []}, []),
        ({str(n): [str(n + 1)] for n in range(5000)}, []),
    ],
)
def test_cycles(needs: dict[str, list[str]], expected: list[list[str]]) -> None:
    assert cycles(needs) == expected


@pytest.mark.parametrize("text", ["a {\n", "a }\n", "a (]\n"])
def test_brackets_that_do_not_match_are_no_blocks(text: str) -> None:
    assert blocks(text) is None


def test_services_to_choose_from_may_share_a_port_and_the_user_is_told(tmp_path: Path) -> None:
    menu = "services:\n  a: {image: 'a:1', ports: ['80:80']}\n  b: {image: 'b:1', ports: ['80:80']}\n"
    assert [each.severity for each in scanned(tmp_path, {"compose.yaml": menu})] == ["info"]
    both = menu + "  c: {image: 'c:1', depends_on: [a, b]}\n"
    assert [each.severity for each in scanned(tmp_path, {"compose.yaml": both})] == ["warning"]


PROTECTED = 'resource "aws_db_instance" "a" {\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n'


@pytest.mark.parametrize(("now", "expected"), [({}, ["database.tf"]), ({"moved.tf": PROTECTED}, [])])
def test_a_whole_file_that_held_a_protected_resource(tmp_path: Path, now: dict[str, str], expected: list[str]) -> None:
    make_repo(tmp_path, {"database.tf": PROTECTED, "main.tf": "locals {}\n"})
    (tmp_path / "database.tf").unlink()
    for path, text in now.items():
        (tmp_path / path).write_text(text)
    assert [
        each.path for each in scan(tmp_path, ["main.tf"]) if each.rule == "terraform/protection-removed"
    ] == expected


_READS = "import os\nfrom flask import Flask\napp = Flask(__name__)\nLEVEL = os.environ['LOG_LEVEL']\n"
_SHOP = {"app.py": _READS, "requirements.txt": "flask==3.1.2\n", "Dockerfile": "FROM a:1\nCMD flask run\n"}
_SERVICE = "services:\n  a:\n    build: .\n"
_DEPLOYED = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n"
    "    metadata: {labels: {a: b}}\n    spec:\n      containers:\n      - name: a\n        image: ghcr.io/acme/shop:1\n"
)


@pytest.mark.parametrize(
    ("files", "severity"),
    [
        ({"compose.yaml": _SERVICE}, "warning"),
        ({"compose.yaml": _SERVICE + "    env_file: .env\n"}, "info"),
        ({"compose.yaml": _SERVICE + "    command: flask db upgrade\n"}, "info"),
        ({"compose.yaml": _SERVICE + "    volumes: ['.:/app']\n"}, "info"),
        ({"compose.yaml": _SERVICE + "    volumes: ['data:/data']\n"}, "warning"),
        ({"compose.yaml": _SERVICE, "jobs/more.py": _READS, "app.py": "from flask import Flask\napp = Flask(__name__)\n"}, "info"),
        ({"k8s/a.yaml": _DEPLOYED}, "warning"),
        ({"k8s/a.yaml": _DEPLOYED + "        envFrom: [{secretRef: {name: s}}]\n"}, "info"),
        ({"k8s/a.yaml": _DEPLOYED + "        args: [worker]\n"}, "info"),
        ({"k8s/a.yaml": _DEPLOYED.replace("metadata: {labels", "metadata: {annotations: {vault/agent-inject: 'yes'}, labels")}, "info"),
        ({"k8s/a.yaml": _DEPLOYED, "b/Dockerfile": "FROM b:1\n"}, None),  # whose image it is cannot be said
        ({"k8s/a.yaml": _DEPLOYED + "      - name: b\n        image: ghcr.io/acme/other:1\n"}, None),
        ({"main.tf": 'resource "aws_ecs_task_definition" "a" {\n  container_definitions = jsonencode([{ name = "a", environment = local.all }])\n}\n'}, "info"),
        ({"main.tf": 'resource "aws_ecs_task_definition" "a" {\n  container_definitions = file("a.json")\n}\n'}, None),
        ({"main.tf": 'resource "azurerm_container_app" "a" {\n  template {\n    container {\n      image = var.image\n    }\n  }\n}\n'}, "warning"),
        ({"main.tf": 'resource "azurerm_container_app" "a" {\n  template {\n    container {\n      image = var.image\n      dynamic "env" {\n        for_each = var.all\n      }\n    }\n  }\n}\n'}, "info"),
    ],
)  # fmt: skip
def test_a_variable_is_missed_for_certain_only_where_nothing_else_can_bring_it(
    files: dict[str, str], severity: str | None, tmp_path: Path
) -> None:
    findings = [each for each in scanned(tmp_path, {**_SHOP, **files}) if each.rule == "consistency/variable-missing"]
    assert [each.severity for each in findings] == ([severity] if severity else [])
    assert all("LOG_LEVEL" in each.message for each in findings)


@pytest.mark.parametrize(
    ("image", "severity"), [("ghcr.io/acme/shop:1", "warning"), ("ghcr.io/acme/else:1", "info"), ("redis:8", None)]
)
def test_a_misspelt_variable_is_certain_only_in_the_own_container(
    image: str, severity: str | None, tmp_path: Path
) -> None:
    pod = _DEPLOYED.replace("ghcr.io/acme/shop:1", image) + "        env: [{name: LOGLEVEL, value: x}]\n"
    compose = "services:\n  a:\n    build: .\n    image: ghcr.io/acme/shop:1\n    environment: {LOG_LEVEL: info}\n"
    findings = scanned(tmp_path, {**_SHOP, "k8s/a.yaml": pod, "compose.yaml": compose, "b/Dockerfile": "FROM b:1\n"})
    found = [each.severity for each in findings if each.rule == "consistency/variable-name"]
    assert found == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("beside", "severity"),
    [
        ({}, "info"),
        ({"infra/prod.tfvars": ""}, "warning"),
        (
            {
                ".github/workflows/a.yml": "jobs:\n  a:\n    steps:\n      - run: terraform -chdir=infra apply x.tfplan\n"
            },
            "warning",
        ),
        ({".github/workflows/a.yml": "jobs:\n  a:\n    steps:\n      - run: terraform validate\n"}, "info"),
    ],
)
def test_state_without_a_backend_weighs_as_much_as_what_is_kept_in_it(
    beside: dict[str, str], severity: str, tmp_path: Path
) -> None:
    root = {"infra/main.tf": 'provider "aws" {\n  region = "x"\n}\nresource "aws_sqs_queue" "a" {\n  name = "a"\n}\n'}
    found = [each for each in scanned(tmp_path, {**root, **beside}) if each.rule == "terraform/no-backend"]
    assert [(each.path, each.severity) for each in found] == [("infra/main.tf", severity)]
