"""Terraform: what is named as production's and may be deleted at a word, with all that is in it."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.terraform_ecs import is_terraform
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.cloud import TRIAL, managed
from boringops_tools.red_flags.deploying import PRODUCTION
from boringops_tools.red_flags.hcl import Block, Call, Expression, read

# By kind: the argument, the value that lets it go, and what goes. Databases are `cloud/unprotected`, wherever they are.
_LETS_GO: dict[str, tuple[str, Any, str]] = {
    "aws_s3_bucket": ("force_destroy", True, "is deleted with all that is in it"),
    "google_storage_bucket": ("force_destroy", True, "is deleted with all that is in it"),
    "google_bigquery_dataset": ("delete_contents_on_destroy", True, "is deleted with all that is in it"),
    "google_container_cluster": ("deletion_protection", False, "is deleted with all that runs in it"),
    "google_bigquery_table": ("deletion_protection", False, "is deleted with its rows"),
    "aws_eks_cluster": ("deletion_protection", False, "is deleted with all that runs in it"),
    "aws_cognito_user_pool": ("deletion_protection", "INACTIVE", "is deleted with all accounts"),
    "aws_lb": ("enable_deletion_protection", False, "is deleted, and its address with it"),
}
_ADDRESS = lazy_pattern(r"\S*[@.][\w-]+\.(?:example|test)\b|\S+@\S+")
_NAMES = ("name", "bucket", "dataset_id", "friendly_name")
_LABELS = ("tags", "labels", "resource_labels", "default_labels")


def _words(value: Any) -> Iterator[str]:
    """The texts in a value: those of a mapping and of functions such as `merge`, the keys left out."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _words(each)
    elif isinstance(value, Call):
        for each in value.arguments:
            yield from _words(each)
    elif isinstance(value, str | Expression):
        yield value if isinstance(value, str) else value.text


def _of_folder(files: Files, folder: str) -> str:
    """What the providers and the state of a folder say of where it belongs."""
    words = [folder]
    inside = (each for each in files.all if is_terraform(each) and posixpath.dirname(each) == folder)
    for block in (one for each in inside for one in read(files.text(each))):
        if block.kind == "provider":
            for place in (block, *block.inner("default_tags")):
                words += [word for name in _LABELS for word in _words(place.value(name))]
        if block.kind == "locals":
            words += [word for name in block.attributes if name.endswith(_LABELS) for word in _words(block.value(name))]
        for backend in block.inner("backend") if block.kind == "terraform" else ():
            words += [word for name in ("key", "prefix") for word in _words(backend.value(name))]
    return "\n".join(words)


def _own(block: Block) -> str:
    return "\n".join([*block.labels, *(word for name in (*_NAMES, *_LABELS) for word in _words(block.value(name)))])


def _let_go(files: Files, path: str) -> Iterator[Hit]:
    for block in managed(files.text(path), *_LETS_GO):
        name, value, what = _LETS_GO[block.labels[0]]
        if block.value(name) is not value and block.value(name) != value:
            continue
        said = f"{_own(block)}\n{files.once(_of_folder, posixpath.dirname(path))}"
        # `prevent_destroy` beside it is no excuse: it goes with the block that is taken away.
        if PRODUCTION.search(said) and not TRIAL.search(f"{path}\n{_ADDRESS.sub('', said)}"):
            yield Hit(block.line_of(name), f"{'.'.join(block.labels)} is production's, and {what} ({name})")


_BUCKET = 'resource "aws_s3_bucket" "data" {{\n  bucket = "{}"\n  force_destroy = {}\n}}\n'
_CLUSTER = 'resource "google_container_cluster" "main" {{\n  name = "main"\n  deletion_protection = {}\n}}\n'
_LABELLED = 'provider "google" {\n  default_labels = {\n    environment = "production"\n  }\n}\n'
_TAGGED = (
    'provider "aws" {\n  default_tags {\n    tags = { Environment = "prod", Owner = "ops@acme.example" }\n  }\n}\n'
)

RULES = (
    Rule(
        "terraform/production-unprotected", "warning", "Keep it from being deleted: one `terraform destroy`, or a change of its name, is all that it takes.",
        "AWS provider, aws_s3_bucket force_destroy: all objects are deleted, and not recoverable; Google provider, google_container_cluster deletion_protection.",
        is_terraform, _let_go,
        bad=(
            {"main.tf": _BUCKET.format("acme-production-data", "true")}, {"main.tf": _BUCKET.format("acme-data", "true"), "versions.tf": _TAGGED},
            {"main.tf": _BUCKET.format("acme-data", "true") + 'locals {\n  tags = { environment = "production" }\n}\n'},
            {"main.tf": _CLUSTER.format("false") + _LABELLED}, {"environments/prod/main.tf": _CLUSTER.format("false\n  lifecycle {\n    prevent_destroy = true\n  }")},
            {"main.tf": _BUCKET.format("acme-production-data", "true").replace("}\n", "  lifecycle {\n    prevent_destroy = true\n  }\n}\n")},
        ),
        good=(
            {"main.tf": _BUCKET.format("acme-production-data", "false")}, {"main.tf": _BUCKET.format("acme-data", "true")}, {"main.tf": _BUCKET.format("acme-production-data", "var.force")},
            {"main.tf": _BUCKET.format("acme-prod-preview-data", "true")}, {"examples/prod/main.tf": _CLUSTER.format("false")}, {"main.tf": _CLUSTER.format("true") + _LABELLED},
        ),
    ),
)  # fmt: skip
