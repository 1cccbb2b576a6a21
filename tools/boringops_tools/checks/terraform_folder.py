"""Terraform: what a folder declares and then does not use, where that leaves something open, unlogged or unpinned."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.cloud import TRIAL
from boringops_tools.red_flags.hcl import Block, read

# What a variable is called that says who may reach or call something.
_WHO = lazy_pattern(
    r"(?:.*_)?(?:cidrs?|cidr_blocks|ip_ranges|ips|networks|callers?|invokers?|principals?|members?|admins?|repository|repositories)"
)
_GIVEN = lazy_pattern(
    r"(?:allowed|trusted|authorized|vpn|office|admin|access|ingress|public|source|github|gitlab|deploy\w*)_.*"
)
_CALLS = lazy_pattern(r"callers?|invokers?")
_TAGGED = 3


def _applies(path: str) -> bool:
    return path.endswith((".tf", ".tofu"))


def _texts(files: Files, path: str) -> dict[str, str] | None:
    """The files of the folder; null where JSON or another tool says more than they do."""
    beside = {*files.siblings(path), path}
    if any((each.endswith(".json") and ".tf." in each) or each.endswith("terragrunt.hcl") for each in beside):
        return None
    return {each: files.text(each) for each in sorted(beside) if _applies(each)}


def _blocks(texts: dict[str, str]) -> list[Block]:
    return [block for text in texts.values() for block in read(text)]


def _unused(files: Files, path: str) -> Iterator[Hit]:
    variables = [block for block in read(files.text(path)) if block.kind == "variable" and len(block.labels) == 1]
    named = [
        each
        for each in variables
        if _CALLS.fullmatch(each.labels[0]) or (_WHO.fullmatch(each.labels[0]) and _GIVEN.fullmatch(each.labels[0]))
    ]
    if not named or (texts := _texts(files, path)) is None:
        return
    everything = "\n".join(texts.values())
    for block in named:
        if not re.search(rf"\bvar\.{re.escape(block.labels[0])}\b", everything):
            yield Hit(block.line, f"`{block.labels[0]}` says who may, and nothing uses it")


def _called(files: Files, path: str) -> Iterator[Hit]:
    """Google services for calls from inside, which everybody inside may make."""
    blocks = list(read(files.text(path)))
    grants = [
        each
        for each in blocks
        if each.kind == "resource"
        and re.fullmatch(
            r"google_cloud(?:_run|functions2?)_.*iam_(?:member|binding)", each.labels[0] if each.labels else ""
        )
        and (each.value("member") == "allUsers" or each.value("members") == ["allUsers"])
    ]
    if not grants or (texts := _texts(files, path)) is None:
        return
    ingress = {
        str(inner.value(name))
        for each in _blocks(texts)
        for inner in (each, *each.inner("service_config"))
        for name in ("ingress", "ingress_settings")
        if name in inner.attributes
    }
    if ingress and ingress <= {"INGRESS_TRAFFIC_INTERNAL_ONLY", "ALLOW_INTERNAL_ONLY", "internal"}:
        for block in grants:
            yield Hit(
                block.line_of("member"),
                "the service is for calls from inside, and whoever is inside may call it without a name",
            )


def _silent(files: Files, path: str) -> Iterator[Hit]:
    mine = [
        block
        for block in read(files.text(path))
        if block.kind == "resource" and block.labels[:1] == ("azurerm_log_analytics_workspace",)
    ]
    if not mine or (texts := _texts(files, path)) is None:
        return
    everything = "\n".join(texts.values())
    for block in mine:
        if len(block.labels) == 2 and f"azurerm_log_analytics_workspace.{block.labels[1]}" not in everything:
            yield Hit(block.line, f"nothing sends its logs to the workspace `{block.labels[1]}`")


def _untagged(files: Files, path: str) -> Iterator[Hit]:
    """The one resource without the tags that all its neighbours have."""
    from boringops_tools.terraform import tables

    if "azurerm_" not in files.text(path) or (texts := _texts(files, path)) is None:
        return
    known = tables.table("hashicorp/azurerm")
    taggable = [
        block
        for block in _blocks(texts)
        if known and block.kind == "resource" and len(block.labels) == 2 and block.labels[0].startswith("azurerm_")
        and "tags" in (known.block("resources", block.labels[0]) or {}).get("a", {})
    ]  # fmt: skip
    bare = [block for block in taggable if "tags" not in block.attributes]
    if len(bare) == 1 and len(taggable) > _TAGGED and bare[0] in read(files.text(path)):
        yield Hit(bare[0].line, f"{'.'.join(bare[0].labels)} has no tags, and all other resources of the folder have")


def _unpinned(files: Files, path: str) -> Iterator[Hit]:
    if TRIAL.search(path) or "required_providers" not in files.text(path):
        return
    beside = {PurePosixPath(each).name for each in files.siblings(path)}
    texts = _texts(files, path)
    # A module leaves the version to whoever calls it, and a lock file says it as well.
    if texts is None or ".terraform.lock.hcl" in beside:
        return
    settings = [block for block in _blocks(texts) if block.kind == "terraform"]
    if not any(inner.kind in ("backend", "cloud") for block in settings for inner in block.blocks):
        return
    for block in read(files.text(path)):
        for required in block.inner("required_providers") if block.kind == "terraform" else ():
            for name, attribute in required.attributes.items():
                if (
                    isinstance(attribute.value, dict)
                    and "source" in attribute.value
                    and "version" not in attribute.value
                ):
                    yield Hit(
                        attribute.line, f"`{name}` may be of any version: there is no constraint and no lock file"
                    )


_VAR = 'variable "{}" {{\n  type = list(string)\n}}\n'
_RUN = 'resource "google_cloud_run_v2_service" "a" {{\n  ingress = "{}"\n}}\nresource "google_cloud_run_v2_service_iam_member" "a" {{\n  role = "roles/run.invoker"\n  member = "{}"\n}}\n'
_LOGS = 'resource "azurerm_log_analytics_workspace" "a" {\n  name = "a"\n}\n'
_GROUP = 'resource "azurerm_resource_group" "{}" {{\n  name = "a"\n{}}}\n'
_TAGS = "  tags = var.tags\n"
_NEEDED = 'terraform {{\n  backend "s3" {{}}\n  required_providers {{\n    aws = {{\n      source = "hashicorp/aws"\n{}    }}\n  }}\n}}\n'


def _groups(*bodies: str) -> dict[str, str]:
    return {"main.tf": "".join(_GROUP.format(f"g{number}", body) for number, body in enumerate(bodies))}


RULES = (
    Rule("terraform/who-may-unused", "warning", "Use it where access is given, or take it away.", "Terraform language documentation, input variables: a value that nothing refers to has no effect.", _applies, _unused,
         bad=({"main.tf": _VAR.format("vpn_cidrs")}, {"main.tf": 'output "a" {\n  value = 1\n}\n', "variables.tf": _VAR.format("invoker")}),
         good=({"main.tf": "locals {\n  a = var.vpn_cidrs\n}\n", "variables.tf": _VAR.format("vpn_cidrs")}, {"main.tf": _VAR.format("zones")}, {"main.tf": _VAR.format("vpn_cidrs"), "a.tf.json": "{}"})),
    Rule("terraform/everybody-inside", "warning", "Name the service account that calls.", "Documentation of Cloud Run, authentication: allUsers takes away the check of who calls.", _applies, _called,
         bad=({"main.tf": _RUN.format("INGRESS_TRAFFIC_INTERNAL_ONLY", "allUsers")},),
         good=({"main.tf": _RUN.format("INGRESS_TRAFFIC_ALL", "allUsers")}, {"main.tf": _RUN.format("INGRESS_TRAFFIC_INTERNAL_ONLY", "serviceAccount:a@b.iam.gserviceaccount.com")}, {"main.tf": _RUN.format("INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", "allUsers")})),
    Rule("terraform/workspace-unused", "warning", "Send diagnostic settings to it, or give out its id.", "Documentation of Azure Monitor: a workspace gets what diagnostic settings and agents send it.", _applies, _silent,
         bad=({"main.tf": _LOGS},), good=({"main.tf": _LOGS, "outputs.tf": 'output "a" {\n  value = azurerm_log_analytics_workspace.a.id\n}\n'},)),
    Rule("terraform/tags-left-out", "warning", "Give it the tags that the others have.", "Azure, Define your tagging strategy: resources do not inherit the tags of their group.", _applies, _untagged,
         bad=(_groups(_TAGS, _TAGS, _TAGS, ""),), good=(_groups(_TAGS, _TAGS, _TAGS, _TAGS), _groups(_TAGS, _TAGS, "", ""), _groups(_TAGS, ""))),
    Rule("terraform/unpinned-provider", "warning", "Give it a version, e.g. `~> 6.0`, and keep the lock file.", "Terraform language documentation, provider requirements: without a constraint any version is taken, a new major one too.", _applies, _unpinned,
         bad=({"main.tf": _NEEDED.format("")},),
         good=({"main.tf": _NEEDED.format('      version = "~> 6.0"\n')}, {"main.tf": _NEEDED.format(""), ".terraform.lock.hcl": ""}, {"main.tf": _NEEDED.format("").replace('  backend "s3" {}\n', "")}, {"examples/a/main.tf": _NEEDED.format("")})),
)  # fmt: skip
