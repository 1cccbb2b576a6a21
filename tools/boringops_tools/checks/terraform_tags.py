"""Terraform: what is kept in operation, and nothing of which says what it is for, in any file of its folder."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.terraform_ecs import is_terraform, module
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.cloud import TRIAL
from boringops_tools.red_flags.hcl import Block, read

_ENOUGH = 3
_TAGS = ("tags", "labels", "resource_labels", "user_labels", "tag", "tags_all")
# By provider: what it is to give by default, and what has tags and is paid for or holds something.
_PROVIDERS: dict[str, tuple[str, re.Pattern[str]]] = {
    "aws": ("default_tags", lazy_pattern(r"aws_(?:vpc|subnet|instance|s3_bucket|db_instance|db_subnet_group|rds_cluster|lb|ecs_cluster|ecs_service|eks_cluster|lambda_function|security_group|kms_key|ecr_repository|dynamodb_table|sqs_queue|sns_topic|elasticache_replication_group|efs_file_system|nat_gateway|cloudfront_distribution|iam_role|cloudwatch_log_group)")),
    "google": ("default_labels", lazy_pattern(r"google_(?:storage_bucket|sql_database_instance|container_cluster|compute_instance|cloud_run_v2_service|pubsub_topic|pubsub_subscription|kms_crypto_key|secret_manager_secret|artifact_registry_repository|redis_instance|bigquery_dataset)")),
    "azurerm": ("", lazy_pattern(r"azurerm_(?:resource_group|virtual_network|kubernetes_cluster|storage_account|key_vault|postgresql_flexible_server|mysql_flexible_server|mssql_server|linux_web_app|windows_web_app|service_plan|container_app|container_registry|log_analytics_workspace|redis_cache|cosmosdb_account|network_security_group|public_ip|user_assigned_identity)")),
}  # fmt: skip


def _none(files: Files, path: str) -> Iterator[Hit]:
    blocks = module(files, path)
    mine = [each for each in blocks if each.kind == "resource" and len(each.labels) == 2]
    kept = any(
        {inner.kind for inner in each.blocks} & {"backend", "cloud"} for each in blocks if each.kind == "terraform"
    )
    if not kept or TRIAL.search(path) or any(each.endswith(".tf.json") for each in files.siblings(path)):
        return
    for name, (default, kinds) in _PROVIDERS.items():
        providers = [each for each in blocks if each.kind == "provider" and each.labels == (name,)]
        taggable = [each for each in mine if kinds.fullmatch(each.labels[0])]
        if (
            len(taggable) < _ENOUGH
            or not providers
            or any(map(_tagged, (each for each in mine if each.labels[0].startswith(f"{name}_"))))
        ):
            continue
        if default and any(any(each.inner(default)) or default in each.attributes for each in providers):
            continue
        if taggable[0] in read(files.text(path)):
            says = f"the provider gives none (`{default}`)" if default else "nothing here gives any"
            yield Hit(taggable[0].line, f"none of the {len(taggable)} resources of {name} here has tags, and {says}")


def _tagged(block: Block) -> bool:
    return any(name in block.attributes for name in _TAGS) or any(
        each.kind in _TAGS or (each.kind == "dynamic" and set(each.labels) & set(_TAGS)) for each in block.blocks
    )


_ROOT = 'terraform {{\n  backend "s3" {{}}\n}}\nprovider "aws" {{\n{}}}\n'
_THREE = "".join(f'resource "aws_{kind}" "a" {{\n}}\n' for kind in ("vpc", "db_instance", "kms_key"))
_DEFAULT = '  default_tags {\n    tags = { Project = "a" }\n  }\n'

RULES = (
    Rule(
        "terraform/no-tags", "warning", "Give the provider tags by default: project, environment and owner.", "Documentation of the AWS provider, default_tags; of the Google provider, default_labels.", is_terraform, _none,
        bad=({"main.tf": _ROOT.format("") + _THREE}, {"versions.tf": _ROOT.format(""), "main.tf": _THREE}),
        good=(
            {"main.tf": _ROOT.format(_DEFAULT) + _THREE}, {"versions.tf": _ROOT.format(_DEFAULT), "main.tf": _THREE}, {"main.tf": _THREE}, {"examples/main.tf": _ROOT.format("") + _THREE},
            {"versions.tf": _ROOT.format(""), "main.tf": _THREE + 'resource "aws_vpc" "b" {\n  tags = local.tags\n}\n'},
        ),
    ),
)  # fmt: skip
