"""The estimate of what Terraform costs a month."""

# ruff: noqa: E501 - a configuration reads best on one line

from __future__ import annotations

from pathlib import Path

import pytest

from boringops_tools.checks.base import Files
from boringops_tools.cost import infracost as cost
from boringops_tools.cost import prices
from boringops_tools.cost.estimate import Estimate, estimate, findings

PROVIDER = 'provider "aws" {\n  region = "us-east-1"\n}\n'


def made(root: Path, files: dict[str, str], folder: str = ".") -> Estimate:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return estimate(Files(root), folder)


def monthly(usd: float) -> float:
    return usd * prices.HOURS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('resource "aws_instance" "a" {\n  instance_type = "t3.micro"\n}\n', monthly(0.0104)),
        ('resource "aws_instance" "a" {\n  instance_type = "m5.xlarge"\n  count = 3\n}\n', monthly(0.192) * 3),
        ('resource "aws_instance" "a" {\n  instance_type = "t3.micro"\n  count = 0\n}\n', 0),
        (
            'resource "aws_db_instance" "a" {\n  instance_class = "db.t4g.large"\n  multi_az = true\n  allocated_storage = 100\n}\n',
            2 * (monthly(0.129) + 11.5),
        ),
        ('resource "aws_nat_gateway" "a" {\n  for_each = toset(["a", "b"])\n}\n', 2 * monthly(0.045)),
        ('resource "aws_ebs_volume" "a" {\n  size = 50\n}\n', 4),
        (
            'resource "google_container_node_pool" "a" {\n  node_count = 2\n  node_config {\n    machine_type = "e2-medium"\n  }\n}\n',
            2 * monthly(0.0335),
        ),
        (
            'resource "azurerm_kubernetes_cluster" "a" {\n  default_node_pool {\n    vm_size = "Standard_D2s_v5"\n    node_count = 1\n  }\n}\n',
            monthly(0.096),
        ),
        ('resource "aws_iam_role" "a" {}\n', 0),
    ],
)
def test_what_resources_cost(tmp_path: Path, text: str, expected: float) -> None:
    assert made(tmp_path, {"main.tf": text}).total == pytest.approx(expected)


def test_variables_locals_tfvars_and_modules(tmp_path: Path) -> None:
    files = {
        "main.tf": 'variable "size" {\n  default = "t3.nano"\n}\nvariable "big" {\n  default = true\n}\nlocals {\n  n = var.big ? 2 : 1\n}\n'
        'module "web" {\n  source = "./web"\n  size   = var.size\n  n      = local.n\n}\n',
        "web/main.tf": 'variable "size" {}\nvariable "n" {}\nresource "aws_instance" "a" {\n  instance_type = var.size\n  count = var.n\n}\n',
        "terraform.tfvars": 'size = "t3.large"\n',
    }
    assert made(tmp_path, files).lines == {"module.web.aws_instance.a": pytest.approx(2 * monthly(0.0832))}


def test_what_is_not_in_the_number_is_named(tmp_path: Path) -> None:
    text = """resource "aws_s3_bucket" "b" {}

resource "aws_instance" "odd" {
  instance_type = "x9.huge"
}

resource "aws_instance" "some" {
  instance_type = "t3.micro"
  count         = length(data.aws_availability_zones.all.names)
}

module "far" {
  source = "acme/far/aws"
}
"""
    found = made(tmp_path, {"main.tf": text})
    assert (found.by_use, found.unpriced, found.guessed) == (
        ["aws_s3_bucket.b"], ["aws_instance.odd", "module.far"], ["aws_instance.some"],
    )  # fmt: skip


def test_the_estimate_is_a_remark_with_its_date_for_each_configuration(tmp_path: Path) -> None:
    instance = 'resource "aws_instance" "a" {\n  instance_type = "t3.micro"\n}\n'
    made(tmp_path, {"infra/main.tf": PROVIDER + instance, "modules/x/main.tf": instance, "empty/main.tf": PROVIDER})
    paths = ["infra/main.tf", "modules/x/main.tf", "empty/main.tf"]
    [finding] = findings(Files(tmp_path), paths)
    assert (finding.path, finding.severity, finding.rule) == ("infra/main.tf", "info", "cost/estimate")
    assert prices.AS_OF in finding.message
    assert "$8" in finding.message


def test_modules_that_call_each_other_end(tmp_path: Path) -> None:
    call = 'module "m" {\n  source = "%s"\n}\nresource "aws_eip" "a" {}\n'
    found = made(tmp_path, {"a/main.tf": call % "../b", "b/main.tf": call % "../a"}, "a")
    assert found.total < 100


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            'echo \'{"currency": "USD", "totalMonthlyCost": "1234.5", "timeGenerated": "2026-01-02", "summary": {"totalUnsupportedResources": 2}}\'',
            "1,23",
        ),
        ("echo no key >&2; exit 1", "no estimate"),
        ("echo '{\"totalMonthlyCost\": null}'", "no estimate"),
    ],
)
def test_infracost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str) -> None:
    program = tmp_path / "bin" / "infracost"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntest -f main.tf || exit 9\ntouch written\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(cost, "locate", lambda _: str(program))
    repository = tmp_path / "repo"
    repository.mkdir()
    (repository / "main.tf").write_text(PROVIDER)
    finding = cost.infracost(Files(repository), "main.tf")
    assert finding is not None
    assert said in finding.message
    assert [path.name for path in repository.iterdir()] == ["main.tf"]
    monkeypatch.setattr(cost, "locate", lambda _: None)
    assert cost.infracost(Files(repository), "main.tf") is None


def test_every_price_has_a_source_and_a_date() -> None:
    tables = (prices.INSTANCES, prices.DATABASES, prices.CACHES, prices.DISKS, prices.FIXED)
    assert all(each.source and each.as_of and each.usd > 0 for table in tables for each in table.values())
