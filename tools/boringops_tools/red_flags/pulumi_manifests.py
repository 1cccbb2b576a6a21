"""Objects of Kubernetes that a YAML program of Pulumi makes, held against the red flags of manifests."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import functools
import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.red_flags import pulumi_python, pulumi_typescript
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.pulumi import is_project
from boringops_tools.red_flags.pulumi_terraform import groups, program_of
from boringops_tools.yaml_files import line_of

_IMAGES = frozenset({"image/latest", "image/untagged"})
_PRESENT = frozenset({"kubernetes/privileged", "kubernetes/host-path", "kubernetes/host-namespace", "image/latest"})
_SKIPPED = "kubernetes/unlabelled"
"""Pulumi says itself what it manages."""


@functools.cache
def _of_manifests() -> tuple[RedFlag, ...]:
    from boringops_tools.red_flags import red_flags

    found = (each for each in red_flags() if each.id.startswith("kubernetes/") or each.id in _IMAGES)
    return tuple(each for each in found if each.id != _SKIPPED and each.applies("a.yaml"))


def _objects(program: Mapping[Any, Any]) -> Iterator[tuple[str, str, int | None]]:
    """(name, manifest, line) of each object."""
    for resources, _ in groups(program):
        for name, resource in resources.items():
            token = str(resource.get("type") or "") if isinstance(resource, Mapping) else ""
            package, _, rest = token.partition(":")
            version, _, kind = rest.rpartition(":")
            properties = resource.get("properties") if package == "kubernetes" else None
            if isinstance(properties, Mapping) and "/" in version:
                told = {
                    "apiVersion": version.removeprefix("core/"),
                    "kind": kind,
                    "metadata": {"name": str(name)},
                    **properties,
                }
                yield str(name), json.dumps(told, default=str), line_of(resources, name)


def _flags(path: str, text: str) -> Iterable[Hit]:
    program = program_of(text) if "kubernetes:" in text else None
    return _of(path, program, _of_manifests())


def _written() -> tuple[RedFlag, ...]:
    """The rules about what stands there: what does not, a program may add elsewhere."""
    return tuple(each for each in _of_manifests() if each.id in _PRESENT)


def _python(path: str, text: str) -> Iterable[Hit]:
    return _of(path, pulumi_python.program_of(text) if "pulumi_kubernetes" in text else None, _written())


def _typescript(path: str, text: str) -> Iterable[Hit]:
    program = pulumi_typescript.program_of(path, text) if "@pulumi/kubernetes" in text else None
    return _of(path, program, _written())


def _of(path: str, program: Mapping[Any, Any] | None, rules: tuple[RedFlag, ...]) -> Iterable[Hit]:
    file = posixpath.join(posixpath.dirname(path), "manifest.yaml")
    for name, manifest, line in _objects(program) if program else ():
        seen: set[tuple[str, str]] = set()
        for rule in rules:
            for hit in rule.check(file, manifest):
                if (rule.id, hit.message) not in seen:
                    seen.add((rule.id, hit.message))
                    yield Hit(
                        line,
                        f"{name}: {hit.message}",
                        hit.hint or rule.reason,
                        hit.rule or rule.id,
                        hit.severity or rule.severity,
                    )


_P = "name: p\nruntime: yaml\nresources:\n  web:\n    type: kubernetes:apps/v1:Deployment\n    properties: {spec: {template: {spec: {%scontainers: [{name: a, image: %s, securityContext: {%s}}]}}}}\n"
_TS = 'import * as k8s from "@pulumi/kubernetes";\nnew k8s.apps.v1.Deployment("web", { spec: { template: { spec: { containers: [{ name: "a", image: %s, securityContext: { privileged: %s } }] } } } });\n'
_PY = 'import pulumi_kubernetes as k8s\nk8s.apps.v1.Deployment("web", spec=k8s.apps.v1.DeploymentSpecArgs(template=k8s.core.v1.PodTemplateSpecArgs(spec=k8s.core.v1.PodSpecArgs(containers=[k8s.core.v1.ContainerArgs(name="a", image=%s, security_context={"privileged": %s})]))))\n'
_SAFE = "runAsNonRoot: true, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}"
RED_FLAGS = (
    RedFlag(
        "pulumi/manifest", "Disable security features for convenience", "warning",
        "The red flags of Kubernetes' objects; each is told by its own name.",
        applies=is_project, check=_flags,
        bad={
            "Pulumi.yaml": _P % ("", "'a/b:1'", "privileged: true"), "a/Pulumi.yaml": _P % ("hostNetwork: true, ", "'a/b:1'", _SAFE),
            "b/Pulumi.yaml": _P % ("", "'a/b:latest'", _SAFE),
        },
        good={
            "Pulumi.yaml": _P % ("", "'a/b@sha256:" + "0" * 64 + "'", _SAFE), "a/Pulumi.yaml": _P.replace("yaml\n", "python\n", 1) % ("", "'a/b:1'", "privileged: true"),
            "b/Pulumi.yaml": _P % ("", "'${image}'", _SAFE),
        },
    ),
    RedFlag(
        "pulumi/manifest-typescript", "Disable security features for convenience", "warning",
        "The red flags of Kubernetes' objects; each is told by its own name.",
        applies=pulumi_typescript.is_program, check=_typescript,
        bad={"index.ts": _TS % ('"a/b:1"', "true"), "a.ts": _TS % ('"a/b:latest"', "false")},
        good={"index.ts": _TS % ("config.require('image')", "false"), "a.ts": _TS % ("`a/b:${tag}`", "privileged")},
    ),
    RedFlag(
        "pulumi/manifest-python", "Disable security features for convenience", "warning",
        "The red flags of Kubernetes' objects; each is told by its own name.",
        applies=pulumi_python.is_program, check=_python,
        bad={"__main__.py": _PY % ('"a/b:1"', "True"), "a.py": _PY % ('"a/b:latest"', "False")},
        good={"__main__.py": _PY % ('config.require("image")', "False"), "a.py": _PY % ('f"a/b:{tag}"', "privileged")},
    ),
)  # fmt: skip
