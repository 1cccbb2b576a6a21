"""Terraform: what a resource needs although its provider's schema does not say so, and lists that are given one text."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import Block, Expression, read
from boringops_tools.terraform import tables

# (kind of resource, block in it or ""): arguments, of each of which one has to be there.
_NEEDS: dict[tuple[str, str], tuple[tuple[str, ...], ...]] = {
    ("azurerm_virtual_network", ""): (("address_space", "ip_address_pool"),),
    ("azurerm_network_security_group", "security_rule"): (
        ("name",),
        ("priority",),
        ("direction",),
        ("access",),
        ("protocol",),
    ),
    # Optional in the schema since a range may be taken from one that is reserved, or be of IPv6 alone.
    ("google_compute_subnetwork", ""): (
        ("ip_cidr_range", "reserved_internal_range", "ip_collection", "stack_type", "purpose", "ipv6_access_type"),
    ),
    ("aws_cloudwatch_metric_alarm", ""): (("comparison_operator", "evaluation_criteria"),),
}
_REFERENCE = lazy_pattern(r"([a-z][a-z0-9]*_[a-z0-9_]+)\.([A-Za-z_][\w-]*)\.([a-z_][a-z0-9_]*)")
_SOURCES = {"aws": "hashicorp/aws", "azurerm": "hashicorp/azurerm", "google": "hashicorp/google"}
_WORKLOADS = lazy_pattern(r"kubernetes_(?:deployment|stateful_set|daemon_set|daemonset)(?:_v1)?")
_SERVICES = lazy_pattern(r"kubernetes_service(?:_v1)?")


def _applies(path: str) -> bool:
    return path.endswith((".tf", ".tofu"))


def _resources(text: str) -> Iterator[Block]:
    yield from (block for block in read(text) if block.kind == "resource" and len(block.labels) == 2)


def _missing(files: Files, path: str) -> Iterator[Hit]:
    if "runtime: hcl" in files.text(str(PurePosixPath(path).with_name("Pulumi.yaml"))):
        return  # its types are Pulumi's
    for block in _resources(files.text(path)):
        for (kind, inside), needed in _NEEDS.items():
            if block.labels[0] != kind:
                continue
            for place in block.inner(inside) if inside else (block,):
                there = {
                    *place.attributes,
                    *(each.labels[0] if each.kind == "dynamic" and each.labels else each.kind for each in place.blocks),
                }
                for several in needed:
                    if not there & set(several):
                        yield Hit(
                            place.line,
                            f"{inside or '.'.join(block.labels)} has no {' and no '.join(f'`{each}`' for each in several)}",
                        )


@cache
def _kind_of(kind: str, name: str) -> str:
    """`text`, `several` or nothing, for an argument or attribute of a type; only where all known versions agree."""
    source = _SOURCES.get(kind.split("_")[0], "")
    said = set()
    for known in tables.every_version(source):
        block = known.block("resources", kind)
        if block is not None:
            flag_and_type = block.get("a", {}).get(name)
            how = flag_and_type[1] if flag_and_type else ""
            said.add(
                "text" if how == "string" else "several" if isinstance(how, list) and how[0] in ("list", "set") else ""
            )
    return said.pop() if len(said) == 1 else ""


def _types(files: Files, path: str) -> Iterator[Hit]:
    """`validate` knows the type of a literal alone: what a resource will give is unknown to it until a plan."""
    for block in _resources(files.text(path)):
        for name, attribute in block.attributes.items():
            if not isinstance(attribute.value, Expression):
                continue
            match = _REFERENCE.fullmatch(attribute.value.text)
            if match and _kind_of(block.labels[0], name) == "several" and _kind_of(match[1], match[3]) == "text":
                yield Hit(attribute.line, f"`{name}` takes a list, and `{match[0]}` is one text")


def _labels(value: object) -> dict[str, str] | None:
    if isinstance(value, dict) and value and all(isinstance(each, str) and "$" not in each for each in value.values()):
        return value
    return None


def _given(block: Block) -> dict[str, str] | None:
    found = [
        _labels(metadata.value("labels"))
        for spec in block.inner("spec")
        for template in spec.inner("template")
        for metadata in template.inner("metadata")
    ]
    return found[0] if len(found) == 1 else None


def _selectors(files: Files, path: str) -> Iterator[Hit]:
    mine = list(_resources(files.text(path)))
    for block in mine:
        if not _WORKLOADS.fullmatch(block.labels[0]) or (given := _given(block)) is None:
            continue
        for selector in (each for spec in block.inner("spec") for each in spec.inner("selector")):
            wanted = _labels(selector.value("match_labels"))
            if wanted and not wanted.items() <= given.items():
                yield Hit(
                    selector.line_of("match_labels"),
                    f"the selector of {block.labels[1]} does not match the labels of its own pods",
                )
    services = [each for each in mine if _SERVICES.fullmatch(each.labels[0])]
    if not services:
        return
    folder = [each for other in files.siblings(path) if _applies(other) for each in _resources(files.text(other))]
    folder += [each for each in mine if each not in folder]
    workloads = [_given(each) for each in folder if _WORKLOADS.fullmatch(each.labels[0])]
    # Where labels are computed, or pods come from elsewhere, too, a selector may well find some.
    if (
        not workloads
        or None in workloads
        or any(re.match(r"helm_release|kubernetes_(?:manifest|pod)|kubectl_", each.labels[0]) for each in folder)
    ):
        return
    for block in services:
        for spec in block.inner("spec"):
            wanted = _labels(spec.value("selector"))
            if (
                wanted
                and not any(each and wanted.items() <= each.items() for each in workloads)
                and any(each and wanted.keys() <= each.keys() for each in workloads)
            ):
                yield Hit(spec.line_of("selector"), f"the service {block.labels[1]} selects no pod of this folder")


def _silent_log(files: Files, path: str) -> Iterator[Hit]:
    blocks = list(_resources(files.text(path)))
    kept = any(
        str(each.value("name")).startswith("/aws/eks/")
        for each in blocks
        if each.labels[0] == "aws_cloudwatch_log_group"
    )
    for block in blocks:
        if kept and block.labels[0] == "aws_eks_cluster" and "enabled_cluster_log_types" not in block.attributes:
            yield Hit(block.line, "the log group of the cluster stays empty: no `enabled_cluster_log_types`")


def _tf(text: str) -> dict[str, str]:
    return {"main.tf": text}


_NSG = 'resource "azurerm_network_security_group" "a" {{\n  name = "a"\n  security_rule {{\n    name = "a"\n    direction = "Inbound"\n    access = "Allow"\n    protocol = "Tcp"\n{}  }}\n}}\n'
_ALARM = 'resource "aws_cloudwatch_metric_alarm" "a" {{\n  alarm_name = "a"\n{}}}\n'
_DB = 'resource "aws_db_instance" "a" {{\n  vpc_security_group_ids = {}\n}}\n'
_WORK = (
    'resource "kubernetes_deployment_v1" "a" {{\n  spec {{\n    selector {{\n      match_labels = {{ app = "{}" }}\n    }}\n    template {{\n      metadata {{\n        labels = {{ app = "{}" }}\n      }}\n    }}\n  }}\n}}\n'
    'resource "kubernetes_service_v1" "a" {{\n  spec {{\n    selector = {{ app = "{}" }}\n  }}\n}}\n'
)
_EKS = 'resource "aws_cloudwatch_log_group" "a" {{\n  name = "/aws/eks/main/cluster"\n}}\nresource "aws_eks_cluster" "a" {{\n{}}}\n'

RULES = (
    Rule("terraform/needs", "error", "The provider refuses it when it plans: add the argument.", "Documentation of the Azure and AWS providers: arguments of a resource that are required, or of which one has to be set.", _applies, _missing,
         bad=(_tf(_NSG.format("")), _tf(_ALARM.format("  threshold = 1\n")), _tf('resource "azurerm_virtual_network" "a" {\n  name = "a"\n}\n'), _tf('resource "google_compute_subnetwork" "a" {\n  name = "a"\n}\n')),
         good=(_tf('resource "google_compute_subnetwork" "a" {\n  reserved_internal_range = var.range\n}\n'), _tf(_NSG.format("    priority = 100\n")), _tf(_ALARM.format('  comparison_operator = "LessThanThreshold"\n')), _tf(_ALARM.format("  evaluation_criteria {\n  }\n")),
               _tf('resource "azurerm_virtual_network" "a" {\n  dynamic "ip_address_pool" {\n    for_each = var.x\n    content {\n    }\n  }\n}\n'))),
    Rule("terraform/list-needed", "error", "Terraform refuses it when it plans: put it in brackets.", "Terraform language documentation, type constraints: a text is not converted to a list or a set.", _applies, _types,
         bad=(_tf(_DB.format("aws_security_group.a.id")), _tf('resource "aws_lb" "a" {\n  subnets = aws_subnet.a.id\n}\n')),
         good=(_tf(_DB.format("[aws_security_group.a.id]")), _tf(_DB.format("aws_security_group.a[*].id")), _tf(_DB.format("var.ids")), _tf(_DB.format("aws_db_instance.b.vpc_security_group_ids")))),
    Rule("terraform/kubernetes-selector", "error", "Give pods the labels that are selected.", "Kubernetes documentation, Labels and Selectors: a selector matches pods that have all its labels.", _applies, _selectors,
         bad=(_tf(_WORK.format("a", "b", "b")), _tf(_WORK.format("a", "a", "b"))),
         good=(_tf(_WORK.format("a", "a", "a")), _tf(_WORK.format("${var.a}", "${var.a}", "a")), _tf(_WORK.format("a", "a", "b") + 'resource "helm_release" "b" {\n}\n'))),
    Rule("terraform/silent-log", "warning", "Name the logs that are to be kept, `audit` among them.", "Documentation of Amazon EKS, control plane logging: none is sent unless its type is switched on.", _applies, _silent_log,
         bad=(_tf(_EKS.format("")),), good=(_tf(_EKS.format('  enabled_cluster_log_types = ["audit"]\n')), _tf(_EKS.replace("/aws/eks/", "/aws/other/").format("")))),
)  # fmt: skip
