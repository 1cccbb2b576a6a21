"""Terraform: mistakes that `validate` does not get to see, because what they stand in depends on a value."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import Expression, read

_EACH = lazy_pattern(r"(?<![\w.\"-])each\.(?:key|value)\b")
_NAMED = lazy_pattern(r"(?<![\w.\"-])(?:var|local|data|module|each|path)\.\w")
# Arguments whose values the providers' documentation lists in full; their schemas have only text.
_WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("versioning_configuration", "status"): ("Enabled", "Suspended", "Disabled"),
    ("aws_ecr_repository", "image_tag_mutability"): (
        "MUTABLE",
        "IMMUTABLE",
        "IMMUTABLE_WITH_EXCLUSION",
        "MUTABLE_WITH_EXCLUSION",
    ),
    ("aws_lb", "load_balancer_type"): ("application", "network", "gateway"),
    ("aws_dynamodb_table", "billing_mode"): ("PROVISIONED", "PAY_PER_REQUEST"),
    ("aws_ecs_service", "launch_type"): ("EC2", "FARGATE", "EXTERNAL"),
    ("aws_lb_target_group", "target_type"): ("instance", "ip", "lambda", "alb"),
    ("aws_security_group_rule", "type"): ("ingress", "egress"),
    ("azurerm_storage_account", "account_tier"): ("Standard", "Premium"),
    ("azurerm_storage_account", "account_replication_type"): ("LRS", "GRS", "RAGRS", "ZRS", "GZRS", "RAGZRS"),
    ("security_rule", "direction"): ("Inbound", "Outbound"),
    ("security_rule", "access"): ("Allow", "Deny"),
    ("google_sql_database_instance", "availability_type"): ("REGIONAL", "ZONAL"),
    ("google_compute_firewall", "direction"): ("INGRESS", "EGRESS"),
}


def applies(path: str) -> bool:
    return path.endswith((".tf", ".tofu"))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Expression):
        yield value.text
    elif isinstance(value, str):
        yield from re.findall(r"\$\{([^}]*)\}", value)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
    elif hasattr(value, "arguments"):
        yield from _texts(list(value.arguments))


def _each(files: Files, path: str) -> Iterator[Hit]:
    for block in read(files.text(path)):
        if block.kind not in ("resource", "data", "module") or "for_each" in block.attributes:
            continue
        for inner in block.whole():
            for name, attribute in inner.attributes.items():
                if any(_EACH.search(text) for text in _texts(attribute.value)):
                    yield Hit(
                        attribute.line,
                        f"`{name}` uses `each`, and {'.'.join((block.kind, *block.labels))} has no `for_each`",
                    )


def _dynamic(files: Files, path: str) -> Iterator[Hit]:
    for block in read(files.text(path)):
        for inner in block.whole():
            if inner.kind != "dynamic" or len(inner.labels) != 1:
                continue
            iterator = inner.attributes.get("iterator")
            if not any(each.kind == "content" for each in inner.blocks):
                yield Hit(inner.line, f"the dynamic block `{inner.labels[0]}` has no `content`")
            extra = next((name for name in inner.attributes if name not in ("for_each", "iterator", "labels")), "")
            if extra:
                yield Hit(inner.attributes[extra].line, f"`{extra}` of a dynamic block stands in its `content`")
            name = iterator.value.text if iterator and isinstance(iterator.value, Expression) else inner.labels[0]
            if name == inner.labels[0]:
                continue
            label = re.compile(rf"(?<![\w.\"-]){re.escape(inner.labels[0])}\.(?:key|value)\b")
            for place in (each for content in inner.blocks for each in content.whole()):
                for attribute in place.attributes.values():
                    if any(label.search(text) for text in _texts(attribute.value)):
                        yield Hit(attribute.line, f"the dynamic block's iterator is `{name}`, not `{inner.labels[0]}`")


def _backends(files: Files, path: str) -> Iterator[Hit]:
    for block in read(files.text(path)):
        for backend in block.inner("backend") if block.kind == "terraform" else ():
            for name, attribute in backend.attributes.items():
                if any(_NAMED.search(text) for text in _texts(attribute.value)):
                    yield Hit(
                        attribute.line, f"`{name}` of the backend cannot be computed: it is read before variables are"
                    )


def _words(files: Files, path: str) -> Iterator[Hit]:
    for block in read(files.text(path)):
        for inner in block.whole() if block.kind == "resource" else ():
            kind = block.labels[0] if inner is block and block.labels else inner.kind
            for name, attribute in inner.attributes.items():
                known = _WORDS.get((kind, name), ())
                if (
                    known
                    and isinstance(attribute.value, str)
                    and attribute.value not in known
                    and "$" not in attribute.value
                ):
                    yield Hit(attribute.line, f"`{attribute.value}` of `{name}` is none of {', '.join(known)}")


def _features(files: Files, path: str) -> Iterator[Hit]:
    for block in read(files.text(path)):
        if block.kind == "provider" and block.labels == ("azurerm",) and not any(block.inner("features")):
            yield Hit(block.line, "the provider azurerm has no `features` block")


_DOC = "Terraform language documentation"
_R = 'resource "aws_security_group" "a" {{\n{}}}\n'
_DYN = '  dynamic "ingress" {{\n    for_each = var.x\n{}  }}\n'


def _tf(text: str) -> dict[str, str]:
    return {"main.tf": text}


RULES = (
    Rule("terraform/each", "error", "Terraform refuses it: give the block for_each, or take the iterator of the dynamic block.", f"{_DOC}, for_each: each.key and each.value are there in blocks that have for_each.", applies, _each,
         bad=(_tf(_R.format("  name = each.key\n")), _tf(_R.format(_DYN.format('    content {\n      description = "a ${each.value}"\n    }\n')))),
         good=(_tf(_R.format("  for_each = var.x\n  name = each.key\n")), _tf(_R.format(_DYN.format("    content {\n      description = ingress.value.each\n    }\n"))), _tf(_R.format('  name = "each.key"\n')))),
    Rule("terraform/dynamic", "error", "Terraform refuses it: what is repeated stands in `content`, and is named by the iterator.", f"{_DOC}, dynamic blocks: for_each, iterator, labels and one content block.", applies, _dynamic,
         bad=(_tf(_R.format(_DYN.format("    from_port = ingress.value\n"))), _tf(_R.format(_DYN.format("    iterator = rule\n    content {\n      from_port = ingress.value\n    }\n")))),
         good=(_tf(_R.format(_DYN.format("    iterator = rule\n    content {\n      from_port = rule.value\n    }\n"))), _tf(_R.format(_DYN.format("    content {\n      from_port = ingress.value\n    }\n"))))),
    Rule("terraform/backend-value", "error", "Terraform refuses it: write the value, or give it to `init` with -backend-config.", f"{_DOC}, backends: a backend block cannot refer to named values.", applies, _backends,
         bad=(_tf('terraform {\n  backend "s3" {\n    bucket = var.bucket\n  }\n}\n'), _tf('terraform {\n  backend "gcs" {\n    prefix = "a/${local.name}"\n  }\n}\n')),
         good=(_tf('terraform {\n  backend "s3" {\n    bucket = "var.bucket"\n  }\n}\n'),)),
    Rule("terraform/word", "error", "The provider refuses it: take one of its words.", "Documentation of the AWS, Azure and Google providers: the argument has a closed list of values.", applies, _words,
         bad=(_tf('resource "aws_s3_bucket_versioning" "a" {\n  versioning_configuration {\n    status = "On"\n  }\n}\n'), _tf('resource "aws_lb" "a" {\n  load_balancer_type = "alb"\n}\n')),
         good=(_tf('resource "aws_s3_bucket_versioning" "a" {\n  versioning_configuration {\n    status = var.on ? "Enabled" : "Suspended"\n  }\n}\nresource "aws_lb" "a" {\n  load_balancer_type = "network"\n}\nresource "x" "a" {\n  status = "On"\n}\n'),)),
    Rule("terraform/azurerm-features", "error", "Terraform refuses it: add `features {}`.", "Documentation of the Azure provider: the features block is required.", applies, _features,
         bad=(_tf('provider "azurerm" {\n  use_oidc = true\n}\n'),), good=(_tf('provider "azurerm" {\n  features {}\n}\n'),)),
)  # fmt: skip
