"""Terraform: a resource that refers to itself, to a part that it was not given, or to two ways at once."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.terraform_ecs import is_terraform, module, resources
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import Call, Expression, read

_IDENTITY = lazy_pattern(
    r"\b(azurerm_\w+)\.([\w-]+)(?:\[[^\]]*\])?\.identity(?:\[0\]|\.0|\[\*\]|\.\*)?\.(?:principal_id|tenant_id)"
)
_QUOTED = lazy_pattern(r'"(?:[^"\\$]|\\.|\$(?!\{))*"')
# Plans of App Service that are shared or free, which cannot keep an application loaded.
_FREE = frozenset({"F1", "D1", "FREE", "SHARED"})
_TAKES_SNAPSHOT = (
    "aws_db_instance",
    "aws_rds_cluster",
    "aws_docdb_cluster",
    "aws_neptune_cluster",
    "aws_redshift_cluster",
)


def texts(value: Any) -> Iterator[str]:
    """The expressions in a value."""
    if isinstance(value, Expression):
        yield value.text
    elif isinstance(value, Call):
        yield from texts(list(value.arguments))
    elif isinstance(value, dict):
        yield from texts(list(value.values()))
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def _itself(files: Files, path: str) -> Iterator[Hit]:
    for block in read(files.text(path)):
        if block.kind != "resource" or len(block.labels) != 2:
            continue
        own = re.compile(rf"(?<![\w.\"-]){re.escape(block.labels[0])}\.{re.escape(block.labels[1])}(?![\w-])")
        for each in (
            one
            for one in block.whole()
            if one.kind not in ("lifecycle", "provisioner", "connection", "precondition", "postcondition")
        ):
            for name, attribute in each.attributes.items():
                if any(own.search(_QUOTED.sub('""', text)) for text in texts(attribute.value)):
                    yield Hit(attribute.line, f"`{name}` of {'.'.join(block.labels)} refers to the resource itself")


def _identities(files: Files, path: str) -> Iterator[Hit]:
    for block in read(files.text(path)):
        for each in block.whole():
            for attribute in each.attributes.values():
                for text in texts(attribute.value):
                    for kind, name in _IDENTITY.findall(text):
                        owner = next(
                            (one for one in resources(module(files, path), kind) if one.labels[1] == name), None
                        )
                        if owner is not None and not any(owner.inner("identity")):
                            yield Hit(attribute.line, f"{kind}.{name} has no `identity` block: it has no principal")


def _both(files: Files, path: str) -> Iterator[Hit]:
    for block in read(files.text(path)):
        if block.kind != "resource":
            continue
        for managed, other in (
            ("manage_master_user_password", ("password", "master_password")),
            ("manage_master_password", ("master_password",)),
        ):
            given = [each for each in other if each in block.attributes and block.value(each) is not None]
            if block.value(managed) is True and given:
                yield Hit(
                    block.line_of(given[0]),
                    f"{'.'.join(block.labels)}: `{given[0]}` is given and `{managed}` makes one",
                )


def _snapshots(files: Files, path: str) -> Iterator[Hit]:
    for kind in _TAKES_SNAPSHOT:
        for block in resources(read(files.text(path)), kind):
            if block.value("skip_final_snapshot") is False and "final_snapshot_identifier" not in block.attributes:
                yield Hit(
                    block.line_of("skip_final_snapshot"),
                    f"{kind}.{block.labels[1]} takes a last snapshot and gives it no name",
                )


def _always_on(files: Files, path: str) -> Iterator[Hit]:
    blocks = module(files, path)
    for block in read(files.text(path)):
        if block.kind != "resource" or block.labels[0] not in ("azurerm_linux_web_app", "azurerm_windows_web_app"):
            continue
        plan = block.value("service_plan_id")
        match = re.fullmatch(r"azurerm_service_plan\.([\w-]+)\.id", plan.text) if isinstance(plan, Expression) else None
        names = {each.labels[1]: each.value("sku_name") for each in resources(blocks, "azurerm_service_plan")}
        sku = names.get(match[1]) if match else None
        for site in block.inner("site_config"):
            if isinstance(sku, str) and sku in _FREE and site.value("always_on") is not False:
                yield Hit(
                    site.line_of("always_on"),
                    f"a plan {sku} cannot keep an application loaded: always_on is false there",
                )


def _a(text: str) -> dict[str, str]:
    return {"main.tf": text}


_SG = 'resource "aws_security_group" "db" {{\n  name = "db"\n{}\n}}\n'
_APP = 'resource "azurerm_linux_web_app" "a" {{\n{}\n}}\nresource "azurerm_role_assignment" "a" {{\n  principal_id = azurerm_linux_web_app.a.identity[0].principal_id\n}}\n'
_DB = 'resource "aws_db_instance" "a" {{\n  storage_encrypted = true\n{}\n}}\n'
_PLAN = 'resource "azurerm_service_plan" "a" {{\n  sku_name = "{}"\n}}\nresource "azurerm_linux_web_app" "a" {{\n  service_plan_id = azurerm_service_plan.a.id\n  site_config {{\n    always_on = true\n  }}\n}}\n'

RULES = (
    Rule("terraform/itself", "error", "Terraform refuses it: a security group names itself with `self`, others by a resource of their own.", "Terraform language documentation: a resource cannot refer to itself; `self` is for provisioners and conditions.", is_terraform, _itself,
         bad=(_a(_SG.format("  ingress {\n    security_groups = [aws_security_group.db.id]\n  }")), _a(_SG.format('  description = "a ${aws_security_group.db.name}"'))),
         good=(_a(_SG.format("  ingress {\n    security_groups = [aws_security_group.db_client.id, aws_security_group.d.id]\n  }")), _a(_SG.format('  description = "aws_security_group.db"\n  tags = merge(var.tags, { Name = "aws_security_group.db.x" })')), _a('resource "a_b" "c" {\n  provisioner "local-exec" {\n    command = "echo ${a_b.c.id}"\n  }\n}\n'))),
    Rule("terraform/no-identity", "error", "Terraform stops at the plan: give the resource an identity.", "Documentation of the Azure provider: the attribute identity is there where the block is.", is_terraform, _identities,
         bad=(_a(_APP.format("  https_only = true")),), good=(_a(_APP.format('  identity {\n    type = "SystemAssigned"\n  }')), _a(_APP.format('  dynamic "identity" {\n    for_each = [1]\n    content {\n      type = "SystemAssigned"\n    }\n  }')))),
    Rule("terraform/password-twice", "error", "The provider refuses it: leave the password to Secrets Manager, or give it.", "Documentation of the AWS provider, aws_db_instance: manage_master_user_password conflicts with password.", is_terraform, _both,
         bad=(_a(_DB.format("  manage_master_user_password = true\n  password = var.p")),), good=(_a(_DB.format("  manage_master_user_password = true\n  username = var.u")), _a(_DB.format("  manage_master_user_password = var.m\n  password = var.p")))),
    Rule("terraform/snapshot-name", "warning", "Nobody can destroy it: name the last snapshot.", "Documentation of the AWS provider, aws_db_instance: final_snapshot_identifier is required where skip_final_snapshot is false.", is_terraform, _snapshots,
         bad=(_a(_DB.format("  skip_final_snapshot = false")),), good=(_a(_DB.format('  skip_final_snapshot = false\n  final_snapshot_identifier = "a"')), _a(_DB.format("  skip_final_snapshot = var.skip")))),
    Rule("terraform/always-on", "error", "Azure refuses it: set always_on to false, or take a plan from B1 up.", "Documentation of the Azure provider, azurerm_linux_web_app: always_on must be false on Free, F1, D1 and Shared plans.", is_terraform, _always_on,
         bad=(_a(_PLAN.format("F1")),), good=(_a(_PLAN.format("B1")), _a(_PLAN.format("F1").replace("true", "false")))),
)  # fmt: skip
