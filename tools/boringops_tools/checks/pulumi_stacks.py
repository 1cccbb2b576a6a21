"""Pulumi: what a stack's values make of the program's resources, where the program alone leaves it open."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.pulumi_config import document, is_stack, project_of
from boringops_tools.red_flags.pulumi import hits
from boringops_tools.red_flags.pulumi_terraform import runtime_of, told


def _values(stack: Mapping[Any, Any], project: Mapping[Any, Any]) -> dict[str, tuple[Any, int | None]]:
    """The values of a stack by the names that the program has for them; secrets are not known."""
    config, own = mapping(stack, "config"), f"{project.get('name')}:"
    return {
        str(key).removeprefix(own): (value, at((config, key)))
        for key, value in config.items()
        if not (isinstance(value, Mapping) and "secure" in value)
    }


def _opened(files: Files, path: str) -> Iterator[Hit]:
    project = project_of(files, path)
    if runtime_of(project) == "yaml" and (values := _values(document(files, path), project)):
        for hit in hits(path, told(project, values), of_stack=True):
            yield Hit(hit.line, f"with this value: {hit.message}", hit.hint, severity=hit.severity)


_P = "name: p\nruntime: yaml\nconfig: {who: {type: string}}\nresources:\n  main:\n    type: %s\n    properties: %s\n"
_READER = _P % ("gcp:secretmanager:SecretIamMember", "{role: roles/secretmanager.secretAccessor, member: '${who}'}")
_PORT = _P % ("aws:ec2:SecurityGroup", "{ingress: [{protocol: tcp, fromPort: 22, toPort: 22, cidrBlocks: ['${who}']}]}")

RULES = (
    Rule(
        "pulumi/stack-opens", "warning", "Set a value that keeps the resource as closed as the program leaves it.",
        "Pulumi YAML reference: ${name} is what the stack sets; the red flags of the resource hold for it as if it stood there.", is_stack, _opened,
        bad=({"Pulumi.yaml": _READER, "Pulumi.prod.yaml": "config: {'p:who': allUsers}\n"}, {"Pulumi.yaml": _PORT, "Pulumi.prod.yaml": "config: {'p:who': 0.0.0.0/0}\n"}),
        good=({"Pulumi.yaml": _READER, "Pulumi.prod.yaml": "config: {'p:who': 'user:a@example.com'}\n"}, {"Pulumi.yaml": _PORT, "Pulumi.prod.yaml": "config: {'p:who': 10.0.0.0/8, 'p:x': 0.0.0.0/0}\n"},
              {"Pulumi.yaml": _READER, "Pulumi.prod.yaml": "config: {'p:who': {secure: v1:a}}\n"}),
    ),
)  # fmt: skip
