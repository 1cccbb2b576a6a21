"""Pulumi: values that the cloud does not take, by the checks that Terraform's resources have, and references that are none."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import functools
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.pulumi_config import document
from boringops_tools.red_flags import pulumi_python, pulumi_typescript
from boringops_tools.red_flags.pulumi import is_project
from boringops_tools.red_flags.pulumi_terraform import groups, program_of, runtime_of, told
from boringops_tools.yaml_files import walk

_OF_TERRAFORM = frozenset(
    {
        "terraform/word", "terraform/form", "terraform/google-member", "terraform/nsg-priority", "terraform/subnet-outside",
        "terraform/snapshot-name", "terraform/fargate-size", "terraform/fargate-network", "terraform/target-timeout", "terraform/password-twice",
        "terraform/range", "terraform/order", "terraform/parts", "terraform/policy-words", "terraform/retired-runtime",
    }
)  # fmt: skip
"""Checks that look at one resource, or at those of one file."""
_RESOURCES = frozenset({"dependsOn", "parent", "provider", "deletedWith", "replaceWith"})
"""Options that name resources."""


@functools.cache
def _checks() -> tuple[Rule, ...]:
    from boringops_tools.checks import rules

    return tuple(each for each in rules() if each.id in _OF_TERRAFORM)


def _refused(files: Files, path: str) -> Iterator[Hit]:
    program = program_of(files.text(path))
    if program is not None:
        yield from _held(files, path, program)


def _python(files: Files, path: str) -> Iterator[Hit]:
    program = pulumi_python.program_of(files.text(path))
    if program is not None:
        yield from _held(files, path, program)


def _typescript(files: Files, path: str) -> Iterator[Hit]:
    program = pulumi_typescript.program_of(path, files.text(path))
    if program is not None:
        yield from _held(files, path, program)


def _held(files: Files, path: str, program: Mapping[Any, Any]) -> Iterator[Hit]:
    terraform, file = told(program), posixpath.join(posixpath.dirname(path), "main.tf")
    alone = Files(files.root, texts={file: terraform.text})
    seen: set[tuple[int | None, str]] = set()
    for rule in _checks():
        for hit in rule.check(alone, file):
            found = Hit(
                terraform.place(hit.line).line,
                terraform.said(hit.message),
                terraform.said(hit.hint or rule.reason),
                severity=hit.severity or rule.severity,
            )
            if (found.line, found.message) not in seen:
                seen.add((found.line, found.message))
                yield found
    for owner, key, value in walk(mapping(program, "resources")):
        if str(key).lower().endswith("port") and isinstance(value, int) and value > 65535:
            yield Hit(at((owner, key)), f"`{key}`: there is no port {value}")


def _named(files: Files, path: str) -> Iterator[Hit]:
    project = document(files, path)
    for resources, _ in groups(project) if runtime_of(project) == "yaml" else ():
        for name, resource in resources.items():
            options = mapping(resource, "options")
            for key in _RESOURCES & set(options):
                values = options[key] if isinstance(options[key], list) else [options[key]]
                for each in values:
                    if isinstance(each, str) and "${" not in each:
                        yield Hit(
                            at((options, key)),
                            f"the resource `{name}`: `{key}` takes a resource, `${{{each}}}`, not the text `{each}`",
                        )


_P = "name: p\nruntime: yaml\nresources:\n  b: {type: '%s', properties: {%s}, options: {%s}}\n"
_PY = 'import pulumi_aws as aws\naws.lambda_.Function("a", timeout=%s)\n'
_TS = 'import * as aws from "@pulumi/aws";\nnew aws.lambda.Function("a", { timeout: %s });\n'

RULES = (
    Rule(
        "pulumi/value", "error", "The provider refuses it.", "The reference of the resource in Terraform's provider, which Pulumi's is made of.", is_project, _refused,
        bad=({"Pulumi.yaml": _P % ("aws:lb:TargetGroup", "healthCheck: {interval: 10, timeout: 30}", "")}, {"Pulumi.yaml": _P % ("aws:lb:TargetGroup", "port: 80800", "")}),
        good=({"Pulumi.yaml": _P % ("aws:lb:TargetGroup", "port: 8080, healthCheck: {interval: 10, timeout: 5}", "")}, {"Pulumi.yaml": "name: p\nruntime: nodejs\n"}),
    ),
    Rule(
        "pulumi/value-python", "error", "The provider refuses it.", "The reference of the resource in Terraform's provider, which Pulumi's is made of.", pulumi_python.is_program, _python,
        bad=({"__main__.py": _PY % 1200},), good=({"__main__.py": _PY % 30}, {"__main__.py": _PY % "wait"}),
    ),
    Rule(
        "pulumi/value-typescript", "error", "The provider refuses it.", "The reference of the resource in Terraform's provider, which Pulumi's is made of.", pulumi_typescript.is_program, _typescript,
        bad=({"index.ts": _TS % 1200},), good=({"index.ts": _TS % 30}, {"index.ts": _TS % "wait"}),
    ),
    Rule(
        "pulumi/option-reference", "error", "Pulumi refuses the program: name the resource as `${name}`.", "Pulumi YAML reference, resource options: they refer to resources.", is_project, _named,
        bad=({"Pulumi.yaml": _P % ("a:b:C", "", "dependsOn: [c]")}, {"Pulumi.yaml": _P % ("a:b:C", "", "parent: c")}),
        good=({"Pulumi.yaml": _P % ("a:b:C", "", "dependsOn: ['${c}'], provider: '${d}'")}, {"Pulumi.yaml": _P % ("a:b:C", "", "protect: true")}),
    ),
)  # fmt: skip
