"""Terraform: names, words and numbers that a provider refuses though its schema has only text and numbers for them."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.terraform_ecs import is_terraform, module, referred, resources, whole
from boringops_tools.checks.terraform_inside import parts
from boringops_tools.checks.terraform_words import FORMS
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import Block, Expression, read

_MEMBER = lazy_pattern(
    r"(?:user|serviceAccount|group|domain|principal|principalSet|projectOwner|projectEditor|projectViewer|deleted):|all(?:Authenticated)?Users$"
)
_SPACES = {
    "azurerm_subnet": ("address_prefixes", "virtual_network_name", "azurerm_virtual_network", "address_space"),
    "aws_subnet": ("cidr_block", "vpc_id", "aws_vpc", "cidr_block"),
}


def _forms(files: Files, path: str) -> Iterator[Hit]:
    for block in read(files.text(path)):
        for kind, inner in parts(block):
            for name, attribute in inner.attributes.items():
                form, words = FORMS.get((kind, name), ("", ""))
                values = attribute.value if isinstance(attribute.value, list) else [attribute.value] if form else []
                for value in values if form else ():
                    if isinstance(value, str) and not re.fullmatch(form, value):
                        yield Hit(attribute.line, f"`{value}` is no `{name}` of {block.labels[0]}: {words}")


def _members(files: Files, path: str) -> Iterator[Hit]:
    """Members of Google's IAM without their kind; a reference to an account's address alone has none."""
    for block in read(files.text(path)):
        if block.kind != "resource" or not re.fullmatch(r"google_\w+_iam_(?:member|binding)", block.labels[0]):
            continue
        listed = block.value("members")
        for value in (block.value("member"), *(listed if isinstance(listed, list) else ())):
            text = value.text if isinstance(value, Expression) else value if isinstance(value, str) else ""
            bare = isinstance(value, Expression) and re.fullmatch(
                r"google_service_account\.[\w-]+(?:\[[^\]]*\])?\.email", text
            )
            written = isinstance(value, str) and text and not _MEMBER.match(text) and not text.startswith("project")
            if bare or written:
                yield Hit(
                    block.line_of("member" if "member" in block.attributes else "members"),
                    f"the member `{text}` has no kind: serviceAccount:, user:, group:",
                )


def _priorities(files: Files, path: str) -> Iterator[Hit]:
    """Rules of a network security group: each of a direction has its own priority, from 100 to 4096."""
    taken: dict[tuple[str, str, int], str] = {}
    for rule, owner in _security_rules(module(files, path)):
        priority, direction = whole(rule.value("priority")), rule.value("direction")
        if priority is None or not isinstance(direction, str):
            continue
        name = rule.labels[1] if rule.labels else str(rule.value("name"))
        here = any(rule is each or rule in each.blocks for each in read(files.text(path)))
        first = taken.setdefault((owner, direction, priority), name)
        if not 100 <= priority <= 4096 and here:
            yield Hit(rule.line_of("priority"), f"the priority {priority} is not between 100 and 4096")
        elif first != name and here:
            yield Hit(rule.line_of("priority"), f"`{name}` and `{first}` have the same priority {priority}")


def _security_rules(blocks: list[Block]) -> Iterator[tuple[Block, str]]:
    for group in resources(blocks, "azurerm_network_security_group"):
        yield from (
            (each, f"azurerm_network_security_group.{group.labels[1]}.name")
            for each in group.blocks
            if each.kind == "security_rule"
        )
    for rule in resources(blocks, "azurerm_network_security_rule"):
        owner = rule.value("network_security_group_name")
        if not {"for_each", "count"} & set(rule.attributes):
            yield rule, owner.text if isinstance(owner, Expression) else str(owner)


def _subnets(files: Files, path: str) -> Iterator[Hit]:
    for kind, (own, link, parent, outer) in _SPACES.items():
        for block in resources(read(files.text(path)), kind):
            network = referred(module(files, path), block.value(link), parent)
            inner, spaces = _networks(block.value(own)), _networks(network.value(outer)) if network else []
            for each in inner if spaces else ():
                if not any(each.version == one.version and each.subnet_of(one) for one in spaces):  # type: ignore[arg-type]
                    yield Hit(
                        block.line_of(own),
                        f"{each} is not within {', '.join(map(str, spaces))} of `{network.labels[1] if network else ''}`",
                    )


def _networks(value: Any) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Networks that are written out; none where one of them is not."""
    try:
        return [ipaddress.ip_network(each) for each in (value if isinstance(value, list) else [value])]
    except (ValueError, TypeError):
        return []


def _a(kind: str, body: str) -> dict[str, str]:
    return {"main.tf": f'resource "{kind}" "a" {{\n{body}\n}}\n'}


_NSG = 'resource "azurerm_network_security_rule" "{}" {{\n  priority = {}\n  direction = "Inbound"\n  network_security_group_name = azurerm_network_security_group.a.name\n}}\n'
_NET = 'resource "aws_vpc" "a" {{\n  cidr_block = "10.20.0.0/16"\n}}\nresource "aws_subnet" "a" {{\n  vpc_id = aws_vpc.a.id\n  cidr_block = {}\n}}\n'

RULES = (
    Rule("terraform/form", "error", "The provider refuses it: write it in the form that its documentation gives.", "Documentation of the AWS, Azure and Google providers: the argument has a closed list or a form of its own.", is_terraform, _forms,
         bad=(_a("azurerm_storage_account", '  name = "st-files"'), _a("aws_cloudwatch_metric_alarm", '  comparison_operator = "LessThan"'), _a("aws_s3_bucket_lifecycle_configuration", '  rule {\n    status = "enabled"\n  }'), _a("google_container_cluster", '  release_channel {\n    channel = "WEEKLY"\n  }')),
         good=(_a("azurerm_storage_account", '  name = "st${var.x}-a"'), _a("aws_cloudwatch_metric_alarm", '  comparison_operator = "LessThanThreshold"'), _a("x", '  name = "st-files"'), _a("aws_s3_bucket_lifecycle_configuration", '  rule {\n    status = var.on ? "Enabled" : "Disabled"\n  }'))),
    Rule("terraform/google-member", "error", "Google refuses it: write serviceAccount: before the account's address.", "Documentation of the Google provider, google_project_iam: a member is a kind and an identifier.", is_terraform, _members,
         bad=(_a("google_project_iam_member", "  member = google_service_account.a.email"), _a("google_project_iam_binding", '  members = ["a@b.example"]')),
         good=(_a("google_project_iam_member", '  member = "serviceAccount:${google_service_account.a.email}"'), _a("google_project_iam_member", "  member = google_service_account.a.member"), _a("google_project_iam_binding", '  members = ["group:a@b.example", "allUsers"]'))),
    Rule("terraform/nsg-priority", "error", "Azure refuses the rule: give each of a direction a priority of its own, from 100 to 4096.", "Documentation of the Azure provider, azurerm_network_security_rule: the priority is unique in the collection, 100 to 4096.", is_terraform, _priorities,
         bad=({"main.tf": _NSG.format("a", 200) + _NSG.format("b", 200)}, {"main.tf": _NSG.format("a", 50)}),
         good=({"main.tf": _NSG.format("a", 200) + _NSG.format("b", 210) + _NSG.format("c", 200).replace("Inbound", "Outbound") + _NSG.format("d", 200).replace("group.a", "group.b")},)),
    Rule("terraform/subnet-outside", "error", "The cloud refuses the subnet: take a part of the network it is in.", "Documentation of the AWS and Azure providers: a subnet's range is a part of its network's.", is_terraform, _subnets,
         bad=({"main.tf": _NET.format('"10.21.1.0/24"')},), good=({"main.tf": _NET.format('"10.20.1.0/24"')}, {"main.tf": _NET.format("cidrsubnet(aws_vpc.a.cidr_block, 8, 1)")})),
)  # fmt: skip
