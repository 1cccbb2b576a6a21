"""Terraform on AWS: policies that IAM refuses, runtimes that Lambda no longer creates, and outputs that show a secret."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.terraform_ecs import is_terraform
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.cloud import as_list, statements
from boringops_tools.red_flags.hcl import Expression, decoded, read

_POLICIES = ("policy", "assume_role_policy", "inline_policy", "access_policies", "repository_policy", "key_policy")
_VERSIONS = ("2012-10-17", "2008-10-17")
_SERVICE = lazy_pattern(r"[\w*.-]+\.(?:amazonaws\.com(?:\.cn)?|aws\.internal|api\.aws|eu)|\*|.*\$.*")
# By the Lambda developer guide, runtimes: functions of them can no longer be created.
_RETIRED = lazy_pattern(
    r"python(?:2\.7|3\.[67])|nodejs(?:4\.3|6\.10|8\.10|1[0246]\.x)?|ruby2\.[57]|dotnetcore[\d.]+|dotnet[57]|java8|go1\.x|provided"
)
# Attributes that their resources' schemas mark as sensitive; an output that is not is refused.
_SECRET = lazy_pattern(
    r"\$?\{?(?:random_password\.[\w-]+(?:\[[^\]]*\])?\.(?:result|bcrypt_hash)|aws_iam_access_key\.[\w-]+(?:\[[^\]]*\])?\.(?:secret|ses_smtp_password_v4)|"
    r"tls_private_key\.[\w-]+(?:\[[^\]]*\])?\.private_key_\w+|google_service_account_key\.[\w-]+(?:\[[^\]]*\])?\.private_key|"
    r"aws_(?:db_instance|rds_cluster)\.[\w-]+(?:\[[^\]]*\])?\.(?:password|master_password)|"
    r"data\.aws_secretsmanager_secret_version\.[\w-]+\.secret_string|data\.azurerm_key_vault_secret\.[\w-]+\.value|data\.google_secret_manager_secret_version\.[\w-]+\.secret_data|"
    r"azurerm_\w+\.[\w-]+(?:\[[^\]]*\])?\.(?:primary_access_key|secondary_access_key|primary_connection_string|primary_blob_connection_string|admin_password|administrator_(?:login_)?password|kube_config_raw|kube_admin_config_raw))\}?"
)


def _policies(files: Files, path: str) -> Iterator[Hit]:
    for block in read(files.text(path)):
        if block.kind != "resource" or not block.labels[:1] or not block.labels[0].startswith("aws_"):
            continue
        for name in _POLICIES:
            document = decoded(block.value(name))
            if not isinstance(document, Mapping) or "Statement" not in document:
                continue
            version = document.get("Version")
            if isinstance(version, str) and version not in _VERSIONS:
                yield Hit(block.line_of(name), f"there is no version `{version}` of the policy language: 2012-10-17")
            for service in _services(statements(document)):
                if not _SERVICE.fullmatch(service):
                    yield Hit(block.line_of(name), f"`{service}` is no service of AWS: they end with .amazonaws.com")
    for block in read(files.text(path)):
        if block.kind == "data" and block.labels[:1] == ("aws_iam_policy_document",):
            for statement in block.inner("statement"):
                for each in statement.inner("principals"):
                    for service in as_list(each.value("identifiers")) if each.value("type") == "Service" else ():
                        if isinstance(service, str) and not _SERVICE.fullmatch(service):
                            yield Hit(
                                each.line_of("identifiers"),
                                f"`{service}` is no service of AWS: they end with .amazonaws.com",
                            )


def _services(stated: list[Any]) -> Iterator[str]:
    for each in stated:
        principal = each.get("Principal") if isinstance(each, Mapping) else None
        services = as_list(principal.get("Service")) if isinstance(principal, Mapping) else []
        yield from (service for service in services if isinstance(service, str))


def _runtimes(files: Files, path: str) -> Iterator[Hit]:
    for block in read(files.text(path)):
        runtime = (
            block.value("runtime")
            if block.kind == "resource" and block.labels[:1] == ("aws_lambda_function",)
            else None
        )
        if isinstance(runtime, str) and _RETIRED.fullmatch(runtime):
            yield Hit(block.line_of("runtime"), f"Lambda creates no functions of {runtime} any more, and fixes none")


def _shown(files: Files, path: str) -> Iterator[Hit]:
    for block in read(files.text(path)):
        value = block.value("value") if block.kind == "output" else None
        hidden = block.value("sensitive")
        if isinstance(value, Expression) and _SECRET.fullmatch(value.text) and hidden in (None, False):
            yield Hit(
                block.line_of("value"),
                f"the output `{' '.join(block.labels)}` shows {value.text}: without `sensitive = true` Terraform refuses it",
            )


_ROLE = 'resource "aws_iam_role" "a" {{\n  assume_role_policy = jsonencode({{ Version = "{}", Statement = [{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {{ Service = "{}" }} }}] }})\n}}\n'
_FUNCTION = 'resource "aws_lambda_function" "a" {{\n  runtime = "{}"\n}}\n'
_OUTPUT = 'output "a" {{\n  value = random_password.a.result\n{}}}\n'

RULES = (
    Rule("terraform/policy-words", "error", "IAM refuses the policy.", "IAM user guide, policy elements: Version is 2012-10-17 or 2008-10-17; a service's principal is NAME.amazonaws.com.", is_terraform, _policies,
         bad=({"main.tf": _ROLE.format("2024-10-17", "lambda.amazonaws.com")}, {"main.tf": _ROLE.format("2012-10-17", "lambda.amazon")}),
         good=({"main.tf": _ROLE.format("2012-10-17", "lambda.amazonaws.com")}, {"main.tf": _ROLE.format("2012-10-17", "ec2.${data.aws_partition.a.dns_suffix}")})),
    Rule("terraform/retired-runtime", "error", "Take a runtime that is supported.", "AWS Lambda developer guide, runtimes: functions of retired ones are not created.", is_terraform, _runtimes,
         bad=({"main.tf": _FUNCTION.format("python3.6")}, {"main.tf": _FUNCTION.format("nodejs12.x")}), good=({"main.tf": _FUNCTION.format("python3.13")}, {"main.tf": _FUNCTION.format("provided.al2023")}, {"main.tf": _FUNCTION.format("java21")})),
    Rule("terraform/secret-output", "error", "Say sensitive = true, or better do not put it out: it stands in the state either way.", "Terraform language reference, output sensitive: a sensitive value in an output that is not marked is an error.", is_terraform, _shown,
         bad=({"main.tf": _OUTPUT.format("")},), good=({"main.tf": _OUTPUT.format("  sensitive = true\n")}, {"main.tf": _OUTPUT.format("").replace("random_password.a.result", "nonsensitive(random_password.a.result)")})),
)  # fmt: skip
