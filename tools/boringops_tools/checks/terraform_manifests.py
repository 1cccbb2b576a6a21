"""Terraform: objects of Kubernetes that are written out in it, held against what manifests are held against."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import functools
import json
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.pulumi_objects import told
from boringops_tools.checks.terraform_ecs import is_terraform
from boringops_tools.red_flags.base import RedFlag
from boringops_tools.red_flags.cloud import managed
from boringops_tools.red_flags.hcl import Call, Expression
from boringops_tools.yaml_files import Unreadable, documents, is_manifest

_KINDS = ("kubernetes_manifest", "kubectl_manifest", "kubernetes_manifest_v1")


def _plain(value: Any) -> Any:
    """A value as a manifest has it; what Terraform fills in stands as a placeholder."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Call):
        return "${" + value.name + "}"
    if isinstance(value, Expression):
        return value.text if "${" in value.text else "${" + value.text + "}"
    return value


def _objects(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for block in managed(text, *_KINDS):
        for name in ("manifest", "yaml_body"):
            value = block.value(name)
            if isinstance(value, Call) and value.name in ("yamldecode", "yamlencode") and len(value.arguments) == 1:
                value = value.arguments[0]
            if isinstance(value, Expression) and "\n" in value.text:
                value = value.text
            found: Any = _plain(value) if isinstance(value, Mapping) else None
            if isinstance(value, str):
                try:
                    found = next(iter(documents(value)), None)
                except Unreadable:
                    continue
            if is_manifest(found):
                yield block.line, dict(found)


@functools.cache
def _flags() -> tuple[RedFlag, ...]:
    from boringops_tools.red_flags import red_flags

    found = (
        each
        for each in red_flags()
        if each.id.startswith("kubernetes/") or each.id in ("image/latest", "image/untagged")
    )
    return tuple(each for each in found if each.id != "kubernetes/unlabelled" and each.applies("a.yaml"))


def _held(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if not any(each in text for each in _KINDS):
        return
    made = list(_objects(text))
    for at, found in told([each for _, each in made]) if made else ():
        yield Hit(made[at][0], found.message, found.hint, severity=found.severity)
    where = posixpath.join(posixpath.dirname(path), "manifest.yaml")
    for line, each in made:
        manifest = json.dumps(each, default=str)
        for flag in _flags():
            for hit in flag.check(where, manifest):
                yield Hit(line, hit.message, hit.hint or flag.reason, severity=hit.severity or flag.severity)


_M = 'resource "kubernetes_manifest" "a" {\n  manifest = {\n    apiVersion = "apps/v1"\n    kind = "Deployment"\n    metadata = { name = "a" }\n    spec = {\n      selector = { matchLabels = { app = "a" } }\n      template = {\n        metadata = { labels = { app = "%s" } }\n        spec = { securityContext = { runAsNonRoot = true, runAsUser = 1000 }, containers = [{ name = "a", image = %s, readinessProbe = { httpGet = { path = "/", port = 8080 } }, securityContext = { privileged = %s, allowPrivilegeEscalation = false, readOnlyRootFilesystem = true, capabilities = { drop = ["ALL"] } }, resources = { limits = { memory = "1Gi", cpu = "1" }, requests = { memory = "1Gi", cpu = "1" } } }] }\n      }\n    }\n  }\n}\n'
_IMAGE = '"a/b:1.2@sha256:' + "0" * 64 + '"'

RULES = (
    Rule(
        "terraform/manifest", "warning", "What holds for manifests holds for them here.", "Kubernetes provider, kubernetes_manifest: the manifest is sent to the cluster as it is.", is_terraform, _held,
        bad=({"a.tf": _M % ("b", _IMAGE, "false")}, {"a.tf": _M % ("a", '"a/b:latest"', "false")}, {"a.tf": _M % ("a", _IMAGE, "true")},
             {"a.tf": 'resource "kubectl_manifest" "a" {\n  yaml_body = <<-EOT\n    apiVersion: v1\n    kind: Pod\n    metadata: {name: a}\n    spec: {hostNetwork: true, containers: [{name: a, image: "a/b:latest"}]}\n  EOT\n}\n'}),
        good=({"a.tf": _M % ("a", _IMAGE, "false")}, {"a.tf": _M % ("${var.a}", "var.image", "false")}, {"a.tf": 'resource "kubectl_manifest" "a" {\n  yaml_body = file("a.yaml")\n}\n'}),
    ),
)  # fmt: skip
