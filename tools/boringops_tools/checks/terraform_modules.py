"""Terraform: modules from elsewhere that are told by an argument's own name to open or to switch off something."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.terraform_ecs import is_terraform
from boringops_tools.red_flags.cloud import TRIAL
from boringops_tools.red_flags.hcl import Block, read

# Arguments that bear the name of the resource's own in every module that has them, by the value that opens or switches off.
_SAYS: dict[str, tuple[Any, str]] = {
    "publicly_accessible": (True, "the database has an address on the internet"),
    "storage_encrypted": (False, "what it stores is not encrypted"),
    "at_rest_encryption_enabled": (False, "what it stores is not encrypted"),
    "transit_encryption_enabled": (False, "connections are in clear"),
    "block_public_acls": (False, "the bucket may be made public"),
    "block_public_policy": (False, "the bucket may be made public"),
    "ignore_public_acls": (False, "the bucket may be made public"),
    "restrict_public_buckets": (False, "the bucket may be made public"),
    "allow_nested_items_to_be_public": (True, "whoever has the address may read it"),
    "min_tls_version": ("TLS1_0", "old TLS is taken"),
}
_EVERYBODY = (
    "cluster_endpoint_public_access_cidrs",
    "endpoint_public_access_cidrs",
    "public_access_cidrs",
    "master_authorized_networks",
    "authorized_ip_ranges",
    "api_server_authorized_ip_ranges",
)


def _told(files: Files, path: str) -> Iterator[Hit]:
    if "module" not in files.text(path):
        return
    for block in read(files.text(path)):
        source = block.value("source") if block.kind == "module" and block.labels else None
        if not isinstance(source, str) or source.startswith(".") or _trial(path, block):
            continue
        for name, attribute in block.attributes.items():
            value, what = _SAYS.get(name, (None, ""))
            if (
                what
                and attribute.value is not None
                and attribute.value == value
                and type(attribute.value) is type(value)
            ):
                yield Hit(attribute.line, f"module {block.labels[0]}: {what} ({name})")
            if name in _EVERYBODY and "0.0.0.0/0" in str(attribute.value):
                yield Hit(
                    attribute.line,
                    f"module {block.labels[0]}: the cluster's control plane can be reached from the whole internet ({name})",
                )


def _trial(path: str, block: Block) -> bool:
    names = (block.value(name) for name in ("name", "identifier", "bucket", "cluster_name"))
    return bool(TRIAL.search(" ".join([path, *block.labels, *map(str, names)])))


_M = 'module "a" {{\n  source = "terraform-aws-modules/rds/aws"\n  version = "6.0.0"\n  {}\n}}\n'
RULES = (
    Rule(
        "terraform/module-opens", "warning", "Leave it as the module has it, or narrow it.", "Documentation of the public modules for AWS: the argument is handed to the resource's own of that name.", is_terraform, _told,
        bad=({"main.tf": _M.format("publicly_accessible = true")}, {"main.tf": _M.format("storage_encrypted = false")}, {"main.tf": _M.format('cluster_endpoint_public_access_cidrs = ["0.0.0.0/0"]')}),
        good=({"main.tf": _M.format("publicly_accessible = false")}, {"main.tf": _M.format("publicly_accessible = var.public")}, {"examples/a/main.tf": _M.format("publicly_accessible = true")}),
    ),
)  # fmt: skip
