"""Pulumi: objects of Kubernetes that a YAML program makes, held against what manifests are held against."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from boringops.facts import Finding
from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.pulumi import is_project
from boringops_tools.red_flags.pulumi_terraform import program_of

_WHOLE = lazy_pattern(r"\$\{([^{}]+)\}")
_DEEPEST = 6


def _meant(value: Any, program: Mapping[Any, Any], depth: int = 0) -> Any:
    """A value with variables and literal properties of the program filled in; the rest stays as it is written."""
    if depth > _DEEPEST:
        return value
    if isinstance(value, Mapping):
        return {str(key): _meant(each, program, depth) for key, each in value.items()}
    if isinstance(value, list):
        return [_meant(each, program, depth) for each in value]
    if not isinstance(value, str):
        return value
    if whole := _WHOLE.fullmatch(value):
        found = _named(whole[1], program)
        return value if found is None else _meant(found, program, depth + 1)
    return _WHOLE.sub(lambda match: _plain(match, program, depth), value)


def _plain(match: re.Match[str], program: Mapping[Any, Any], depth: int) -> str:
    found = _meant(_named(match[1], program), program, depth + 1)
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else match[0]


def _named(name: str, program: Mapping[Any, Any]) -> Any:
    variables, resources = mapping(program, "variables"), mapping(program, "resources")
    if name in variables:
        found = variables[name]
        return None if isinstance(found, Mapping) and any(str(key).startswith("fn::") for key in found) else found
    first, *rest = name.split(".")
    found = mapping(resources.get(first)).get("properties") if rest else None
    for each in rest:
        found = found.get(each) if isinstance(found, Mapping) else None
    default = mapping(program, "config", name).get("default") if found is None else None
    return default if found is None else found


def _objects(program: Mapping[Any, Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
    for name, resource in mapping(program, "resources").items():
        package, _, rest = str(mapping(resource).get("type") or "").partition(":")
        version, _, kind = rest.rpartition(":")
        properties = mapping(resource, "properties")
        if package == "kubernetes" and "/" in version and properties:
            made = {"apiVersion": version.removeprefix("core/"), "kind": kind, **_meant(properties, program)}
            # What has no name gets one that nobody knows before.
            made["metadata"] = {"name": f"{str(name).lower()}", **mapping(made, "metadata")}
            yield name, made


def told(manifests: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Finding]]:
    """What the checks say of objects that are together, each with the number of the object."""
    from boringops_tools.checks import scan

    written = [f"---\n{json.dumps(each, default=str)}\n" for each in manifests]
    with tempfile.TemporaryDirectory(prefix="boringops-") as folder:
        (Path(folder) / "program.yaml").write_text("".join(written), encoding="utf-8")
        found = scan(Path(folder), ["program.yaml"])
    for each in found:
        filled = "${" in each.message  # with what is not known here
        if each.rule.startswith("k8s/") and each.severity in ("error", "warning") and not filled:
            yield min(((each.line or 1) - 1) // 2, len(manifests) - 1), each


def _contradictions(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    program = program_of(text) if "kubernetes:" in text else None
    made = list(_objects(program)) if program else []
    if not program or not made:
        return
    for at_, found in told([each for _, each in made]):
        line = at((mapping(program, "resources"), made[at_][0]))
        yield Hit(line, found.message, found.hint, severity=found.severity)


_P = "name: p\nruntime: yaml\nvariables:\n  labels: {app: web}\nresources:\n  web:\n    type: kubernetes:apps/v1:Deployment\n    properties:\n      metadata: {name: web}\n      spec:\n        selector: {matchLabels: '${labels}'}\n        template:\n          metadata: {labels: %s}\n          spec:\n            containers:\n              - {name: web, image: 'a/b:1', ports: [{name: http, containerPort: 8080}], readinessProbe: {httpGet: {path: /, port: %s}}, resources: {limits: {memory: 1Gi}}}\n"
_LABELS = "'${labels}'"

RULES = (
    Rule(
        "pulumi/kubernetes-object", "error", "The cluster refuses it, or it never does what it is for.", "Kubernetes API reference: a program's objects are held to it as manifests are.", is_project, _contradictions,
        bad=({"Pulumi.yaml": _P % (_LABELS, "https")}, {"Pulumi.yaml": _P % ("{app: api}", "http")}),
        good=({"Pulumi.yaml": _P % (_LABELS, "http")}, {"Pulumi.yaml": _P % (_LABELS, "'${port}'")}, {"Pulumi.yaml": (_P % (_LABELS, "https")).replace("runtime: yaml", "runtime: nodejs")}),
    ),
)  # fmt: skip
