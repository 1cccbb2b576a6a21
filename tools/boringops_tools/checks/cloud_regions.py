"""Regions that a pipeline names, against where Terraform makes what is meant."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.deploys import is_pipeline
from boringops_tools.checks.terraform_ecs import is_terraform
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import Block, read

# The command, the types of what it names, the attribute with the name, and that with the place.
_COMMANDS: tuple[tuple[str, str, str, str], ...] = (
    (r"gcloud(?: beta)? run (?:deploy|services [\w-]+) ([a-z][\w-]*)\b", r"google_cloud_run(?:_v2)?_service", "name", "location"),
    (r"gcloud(?: beta)? run jobs [\w-]+ ([a-z][\w-]*)\b", "google_cloud_run_v2_job", "name", "location"),
    (r"gcloud(?: beta)? functions (?:deploy|call|describe) ([a-z][\w-]*)\b", r"google_cloudfunctions2?_function", "name", "location|region"),
    (r"gcloud container clusters get-credentials ([a-z][\w-]*)\b", "google_container_cluster", "name", "location"),
    (r"aws ecs [\w-]+\b[^\n]*?--cluster ([\w-]+)", "aws_ecs_cluster", "name", ""),
    (r"aws lambda [\w-]+\b[^\n]*?--function-name ([\w-]+)", "aws_lambda_function", "function_name", ""),
    (r"aws eks update-kubeconfig\b[^\n]*?--name ([\w-]+)", "aws_eks_cluster", "name", ""),
)  # fmt: skip
_PLACE = lazy_pattern(r"--(?:region|location|zone)[= ][\"']?([a-z]+-[a-z]+(?:-[a-z]+)?-?\d(?:-[a-f])?)[\"']?(?=\s|$)")
_MOST = 300


def _blocks(files: Files) -> list[Block]:
    paths = [each for each in files.all if is_terraform(each)]
    return [block for each in paths for block in read(files.text(each))] if len(paths) <= _MOST else []


def _places(blocks: list[Block], kinds: str, key: str, name: str, attribute: str) -> set[str] | None:
    """Where what has a name is made; null where nothing here makes it, or a variable says where."""
    found = [
        each
        for each in blocks
        if each.kind == "resource" and each.labels and re.fullmatch(kinds, each.labels[0]) and each.value(key) == name
    ]
    said = [each.value(one) for each in found for one in attribute.split("|") if one and each.value(one) is not None]
    if not said:
        # Without a place of its own, it is where the provider is: the one that there is.
        provider = "aws" if kinds.startswith("aws") else "google"
        own = any(each.value("provider") is not None or each.value("region") is not None for each in found)
        said = [each.value("region") for each in blocks if each.kind == "provider" and each.labels[:1] == (provider,)]
        if own or len(said) != 1:
            return None
    written = [each for each in said if isinstance(each, str) and re.fullmatch(r"[a-z0-9-]+", each)]
    return set(written) if found and len(written) == len(said) else None


def _elsewhere(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if not _PLACE.search(text):
        return
    joined = re.sub(r"\\\n\s*", " ", text)
    for line in joined.splitlines():
        place = _PLACE.search(line)
        for command, kinds, key, attribute in _COMMANDS if place else ():
            match = re.search(command, line)
            made = _places(files.once(_blocks), kinds, key, match[1], attribute) if match else None
            # A zone is in its region, and the region of a zonal cluster is asked by its zone.
            if (
                place
                and match
                and made
                and not any(place[1].startswith(each) or each.startswith(place[1]) for each in made)
            ):
                number = next(
                    (
                        at
                        for at, each in enumerate(text.splitlines(), 1)
                        if place[0] in each and (match[1] in each or "\\" in text)
                    ),
                    None,
                )
                yield Hit(
                    number, f"`{match[1]}` is looked for in {place[1]}; Terraform makes it in {', '.join(sorted(made))}"
                )


def _is_command(path: str) -> bool:
    return is_pipeline(path) or path.endswith(".sh") or posixpath.basename(path) in ("Makefile", "justfile")


_RUN = 'resource "google_cloud_run_v2_service" "a" {\n  name = "shop"\n  location = "europe-west1"\n}\n'
_ECS = 'provider "aws" {\n  region = "eu-central-1"\n}\nresource "aws_ecs_cluster" "a" {\n  name = "shop"\n}\n'
_CI = "a:\n  script:\n    - gcloud run services update {} --region {} --image a\n"
_AWS = "aws ecs update-service --cluster shop \\\n  --service a --region {}\n"

RULES = (
    Rule("consistency/other-region", "error", "Name the region in which it is made.", "gcloud and aws: what is named is looked for in the one region that is given.", _is_command, _elsewhere,
         bad=({"main.tf": _RUN, ".gitlab-ci.yml": _CI.format("shop", "europe-west3")}, {"main.tf": _ECS, "a.sh": _AWS.format("eu-west-1")}, {"main.tf": 'resource "google_container_cluster" "a" {\n  name = "shop"\n  location = "europe-west1-b"\n}\n', "Makefile": "a:\n\tgcloud container clusters get-credentials shop --zone europe-west3-a\n"}),
         good=({"main.tf": _RUN, ".gitlab-ci.yml": _CI.format("shop", "europe-west1")}, {"main.tf": _RUN, ".gitlab-ci.yml": _CI.format("till", "europe-west3")}, {"main.tf": _RUN, ".gitlab-ci.yml": _CI.format("shop", "$REGION")}, {"main.tf": _RUN.replace('"europe-west1"', "var.region"), ".gitlab-ci.yml": _CI.format("shop", "europe-west3")}, {"main.tf": _ECS, "a.sh": _AWS.format("eu-central-1")}, {"main.tf": _ECS.replace('"eu-central-1"', "var.region"), "a.sh": _AWS.format("eu-west-1")})),
)  # fmt: skip
