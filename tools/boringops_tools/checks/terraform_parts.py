"""Terraform: parts of one resource, or of two, of which one has to be what the other says."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.terraform_ecs import is_terraform, module, referred
from boringops_tools.checks.terraform_inside import number, parts
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.cloud import as_list
from boringops_tools.red_flags.hcl import Block, read

_NETWORKS = {
    "aws": ("cidr_block", "cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6", "destination_cidr_block"),
    "google": ("ip_cidr_range", "source_ranges", "destination_ranges", "master_ipv4_cidr_block"),
    "azurerm": ("address_space", "address_prefixes"),
}
_LABELS = ("labels", "user_labels", "resource_labels", "default_labels")
_LABEL = lazy_pattern(r"[^A-Z\s.@/:]*")
_MEMORY = lazy_pattern(r"\d+(?:\.\d+)?(?:[KMG]i?|k)?")


def _written(values: Any) -> list[str] | None:
    """Texts, where all of them are written out."""
    return values if isinstance(values, list) and values and all(isinstance(one, str) for one in values) else None


def _names(block: Block, kind: str, name: str) -> list[str] | None:
    """What the blocks of a kind are called, where all of them are written out."""
    if any(each.kind == "dynamic" and each.labels == (kind,) for each in block.blocks):
        return None
    return _written([each.value(name) for each in block.inner(kind)])


def _table(block: Block) -> Iterator[Hit]:
    known = _names(block, "attribute", "name")
    if known is None:
        return
    indices = [each for each in block.blocks if each.kind.endswith("_secondary_index")]
    if any(each.kind == "dynamic" for each in block.blocks):
        indices = []
    used = set()
    for place in (block, *indices):
        for key in ("hash_key", "range_key"):
            value = place.value(key)
            if isinstance(value, str):
                used.add(value)
                if value not in known:
                    yield Hit(place.line_of(key), f"`{key}` is `{value}`, and the table has no attribute of that name")


def _distribution(block: Block) -> Iterator[Hit]:
    known = [*(_names(block, "origin", "origin_id") or ()), *(_names(block, "origin_group", "origin_id") or ())]
    dynamic = any(each.kind == "dynamic" for each in block.blocks)
    for each in block.blocks if known and not dynamic else ():
        target = each.value("target_origin_id") if each.kind.endswith("_cache_behavior") else None
        all_known = all(
            isinstance(one.value("origin_id"), str) for one in block.blocks if one.kind.startswith("origin")
        )
        if isinstance(target, str) and target not in known and all_known:
            yield Hit(each.line_of("target_origin_id"), f"no origin is called `{target}`; there is {', '.join(known)}")


def _cluster(files: Files, path: str, block: Block) -> Iterator[Hit]:
    subnet = referred(module(files, path), block.value("subnetwork"), "google_compute_subnetwork")
    known = _names(subnet, "secondary_ip_range", "range_name") if subnet else None
    for each in block.inner("ip_allocation_policy") if known else ():
        for name in ("cluster_secondary_range_name", "services_secondary_range_name"):
            value = each.value(name)
            if isinstance(value, str) and value not in (known or ()):
                yield Hit(each.line_of(name), f"the subnetwork has no secondary range `{value}`")


def _together(files: Files, path: str) -> Iterator[Hit]:
    for block in read(files.text(path)):
        kind = block.labels[0] if block.kind == "resource" and len(block.labels) == 2 else ""
        if kind == "aws_dynamodb_table":
            yield from _table(block)
        elif kind == "aws_cloudfront_distribution":
            yield from _distribution(block)
        elif kind == "google_container_cluster":
            yield from _cluster(files, path, block)
        elif kind == "azurerm_kubernetes_cluster":
            if block.value("workload_identity_enabled") is True and block.value("oidc_issuer_enabled") is False:
                yield Hit(block.line_of("oidc_issuer_enabled"), "workload identity needs the cluster's OIDC issuer")
        elif kind == "aws_elasticache_replication_group":
            copies = number(block.value("num_cache_clusters"))
            if block.value("automatic_failover_enabled") is True and copies is not None and copies < 2:
                yield Hit(block.line_of("num_cache_clusters"), "one node has nothing to fail over to")
        elif kind == "azurerm_redis_cache":
            family, sku = block.value("family"), block.value("sku_name")
            if (family, sku) in (("P", "Basic"), ("P", "Standard"), ("C", "Premium")):
                yield Hit(block.line_of("family"), f"the SKU {sku} has no family {family}")
        elif kind == "aws_lambda_event_source_mapping":
            yield from _queue(files, path, block)
        for where, inner in parts(block):
            yield from _told(where, inner)
        if block.kind == "provider" and block.labels[:1] in (("google",), ("google-beta",)):
            yield from _labelled(block)


def _queue(files: Files, path: str, block: Block) -> Iterator[Hit]:
    """A message that a function still works at is given to another one."""
    every = module(files, path)
    queue = referred(every, block.value("event_source_arn"), "aws_sqs_queue")
    function = referred(every, block.value("function_name"), "aws_lambda_function")
    if queue is None or function is None or queue not in read(files.text(path)):
        return
    shown = (
        number(queue.value("visibility_timeout_seconds")) if "visibility_timeout_seconds" in queue.attributes else 30
    )
    works = number(function.value("timeout")) if "timeout" in function.attributes else 3
    if shown is not None and works is not None and shown < works:
        yield Hit(
            queue.line_of("visibility_timeout_seconds"),
            f"the queue hides a message for {shown:g} s, and `{function.labels[1]}` may work at it for {works:g} s",
        )


def _told(where: str, block: Block) -> Iterator[Hit]:
    kind = where.partition("/")[0]
    for name in _NETWORKS.get(kind.partition("_")[0], ()):
        if name in block.attributes:
            for value in as_list(block.value(name)):
                if isinstance(value, str) and "${" not in value and not _network(value):
                    yield Hit(block.line_of(name), f"`{value}` is no network (`{name}`)")
    # a channel's labels are where it leads: an address, a number
    if where == kind and kind.startswith("google_") and kind != "google_monitoring_notification_channel":
        yield from _labelled(block)
    limits = (
        block.value("limits")
        if where in ("google_cloud_run_v2_service/resources", "google_cloud_run_service/resources")
        else None
    )
    for key, value in limits.items() if isinstance(limits, Mapping) else ():
        if key not in ("cpu", "memory", "nvidia.com/gpu"):
            yield Hit(block.line_of("limits"), f"a container has no limit `{key}`: cpu, memory, nvidia.com/gpu")
        elif key == "memory" and isinstance(value, str) and not _MEMORY.fullmatch(value):
            yield Hit(block.line_of("limits"), f"`{value}` is no amount of memory: write 512Mi or 1Gi")


def _network(value: str) -> bool:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return True


def _labelled(block: Block) -> Iterator[Hit]:
    for name in _LABELS:
        labels = block.value(name)
        for key, value in labels.items() if isinstance(labels, Mapping) else ():
            wrong = (
                key
                if not _LABEL.fullmatch(key) and not key.startswith(("(", "$"))
                else value
                if isinstance(value, str) and not _LABEL.fullmatch(value)
                else ""
            )
            if wrong:
                yield Hit(
                    block.line_of(name), f"the label `{wrong}`: Google takes lower case letters, digits, `-` and `_`"
                )


def _a(kind: str, body: str) -> dict[str, str]:
    return {"main.tf": f'resource "{kind}" "a" {{\n{body}\n}}\n'}


_TABLE = '  hash_key = "id"\n  attribute {{\n    name = {}\n    type = "S"\n  }}'
_CDN = '  origin {{\n    origin_id = "app"\n  }}\n  default_cache_behavior {{\n    target_origin_id = {}\n  }}'
_SQS = (
    'resource "aws_sqs_queue" "a" {{\n  visibility_timeout_seconds = {}\n}}\nresource "aws_lambda_function" "b" {{\n  timeout = 60\n}}\n'
    'resource "aws_lambda_event_source_mapping" "c" {{\n  event_source_arn = aws_sqs_queue.a.arn\n  function_name = aws_lambda_function.b.arn\n}}\n'
)

RULES = (
    Rule("terraform/parts", "error", "The service refuses it: one part has to be what the other says.", "Documentation of the AWS, Azure and Google providers: what one argument names is defined in another.", is_terraform, _together,
         bad=(_a("aws_dynamodb_table", _TABLE.format('"key"')), _a("aws_cloudfront_distribution", _CDN.format('"api"')), {"main.tf": _SQS.format(30)}, _a("google_compute_subnetwork", '  ip_cidr_range = "10.0.0.0/40"'), _a("google_storage_bucket", '  labels = { Team = "a" }'), _a("azurerm_redis_cache", '  family = "P"\n  sku_name = "Standard"')),
         good=(_a("google_monitoring_notification_channel", '  labels = { email_address = "a@example.com" }'), _a("aws_dynamodb_table", _TABLE.format('"id"')), _a("aws_dynamodb_table", _TABLE.format("var.key")), _a("aws_cloudfront_distribution", _CDN.format('"app"')), _a("aws_cloudfront_distribution", _CDN.format("local.app")), {"main.tf": _SQS.format(60)}, {"main.tf": _SQS.format("var.t")}, _a("google_compute_subnetwork", "  ip_cidr_range = var.range"), _a("google_storage_bucket", '  labels = { team = "a" }'), _a("google_container_node_pool", '  node_config {\n    labels = { "acme.io/Pool" = "A" }\n  }'))),
)  # fmt: skip
