"""YAML programs of Pulumi, held against every red flag that Terraform's resources have."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import functools
import posixpath
from collections.abc import Iterable, Iterator
from typing import Any

from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.pulumi_terraform import Told, program_of, told

_SKIPPED = frozenset({"cloud/untagged", "cloud/no-audit-log"})
"""What looks at a whole directory or at its providers: Pulumi tells defaults of a provider in the stack."""


def is_project(path: str) -> bool:
    return posixpath.basename(path) in ("Pulumi.yaml", "Pulumi.yml")


@functools.cache
def _of_terraform() -> tuple[RedFlag, ...]:
    from boringops_tools.red_flags import red_flags

    return tuple(
        each
        for each in red_flags()
        if each.id.startswith("cloud/") and each.id not in _SKIPPED and each.applies("a.tf")
    )


def held_against(path: str, program: Told) -> Iterator[tuple[RedFlag, Hit]]:
    """What the red flags of Terraform say of a program, with the lines of its Terraform."""
    file = posixpath.join(posixpath.dirname(path), "main.tf")
    for rule in _of_terraform():
        for hit in rule.check(file, program.text):
            yield rule, hit


def hits(path: str, program: Told, *, of_stack: bool = False) -> Iterator[Hit]:
    """The same in the words and with the lines of the program, or of the stack's own file."""
    seen: set[tuple[Any, ...]] = set()
    for rule, hit in held_against(path, program):
        place = program.place(hit.line)
        found = Hit(
            place.line, program.said(hit.message), program.said(hit.hint or rule.reason), hit.rule or rule.id,
            hit.severity or rule.severity,
        )  # fmt: skip
        if place.of_stack is of_stack and (found.line, found.rule, found.message) not in seen:
            seen.add((found.line, found.rule, found.message))
            yield found


def _flags(path: str, text: str) -> Iterable[Hit]:
    program = program_of(text)
    return hits(path, told(program)) if program else ()


def _p(kind: str, properties: str, **more: str) -> str:
    return f"name: p\nruntime: yaml\nresources:\n  main:\n    type: {kind}\n    properties: {properties}\n" + "".join(
        f"{name}: {value}\n" for name, value in more.items()
    )


_BUCKET = "aws:s3:BucketPublicAccessBlock"
_PORT = "{ingress: [{protocol: tcp, fromPort: 5432, toPort: 5432, %s}]}"
_ALLOW = "{policy: {'fn::toJSON': {Statement: [{Effect: %s, Action: '*', Resource: '*'}]}}}"
_ANY = "{fn::invoke: {function: 'aws:iam:getPolicyDocument', arguments: {statements: [{actions: ['*'], resources: [%s]}]}}}"
RED_FLAGS = (
    RedFlag(
        "pulumi/cloud-resource", "Disable security features for convenience", "warning",
        "The red flags of Terraform's resources; each is told by its own name.",
        applies=is_project, check=_flags,
        bad={
            "Pulumi.yaml": _p(_BUCKET, "{blockPublicAcls: true, blockPublicPolicy: false}"),
            "a/Pulumi.yaml": _p("aws:rds:Instance", "{publiclyAccessible: true}"),
            "b/Pulumi.yaml": _p("aws:rds/instance:Instance", "{storageEncrypted: false}"),
            "c/Pulumi.yaml": _p("aws:ec2:SecurityGroup", _PORT % "cidrBlocks: [0.0.0.0/0]"),
            "d/Pulumi.yaml": _p("aws:ec2:SecurityGroup", _PORT % "cidrBlocks: ['${all}']", variables="{all: 0.0.0.0/0}"),
            "e/Pulumi.yaml": _p("aws:iam:RolePolicy", _ALLOW % "Allow"),
            "f/Pulumi.yaml": _p("a:b:C", "{}", variables="{d: " + _ANY % "'*'" + "}"),
            "g/Pulumi.yaml": _p("gcp:storage:BucketIAMMember", "{role: roles/storage.objectViewer, member: allUsers}"),
            "h/Pulumi.yaml": _p("gcp:compute:Firewall", "{sourceRanges: [0.0.0.0/0], allows: [{protocol: tcp, ports: ['22']}]}"),
            "i/Pulumi.yaml": _p("azure-native:storage:StorageAccount", "{allowBlobPublicAccess: true}"),
            "j/Pulumi.yaml": _p("azure-native:storage:BlobContainer", "{publicAccess: Blob}"),
            "k/Pulumi.yaml": _p("azure:network:NetworkSecurityRule", "{direction: Inbound, access: Allow, destinationPortRange: '3389', sourceAddressPrefix: '*'}"),
            "l/Pulumi.yaml": _p("azure-native:network:NetworkSecurityGroup", "{securityRules: [{direction: Inbound, access: Allow, protocol: '*', destinationPortRange: '22', sourceAddressPrefix: '*'}]}"),
            "m/Pulumi.yaml": _p("azure-native:keyvault:Vault", "{properties: {networkAcls: {defaultAction: Allow}}}"),
        },
        good={
            "Pulumi.yaml": _p(_BUCKET, "{blockPublicAcls: true, blockPublicPolicy: '${open}'}"),
            "a/Pulumi.yaml": _p("aws:rds:Instance", "{publiclyAccessible: false, storageEncrypted: true}"),
            "c/Pulumi.yaml": _p("aws:ec2:SecurityGroup", _PORT % "cidrBlocks: [10.0.0.0/8]") + "outputs: {a: '${main.id'}\n",
            "d/Pulumi.yaml": _p("aws:ec2:SecurityGroup", _PORT.replace("5432", "443") % "cidrBlocks: [0.0.0.0/0]"),
            "e/Pulumi.yaml": _p("aws:iam:RolePolicy", _ALLOW % "Deny"),
            "f/Pulumi.yaml": _p("a:b:C", "{}", variables="{d: " + _ANY.replace("'*'", "'s3:GetObject'") % "'*'" + "}"),
            "g/Pulumi.yaml": _p(_BUCKET, "{blockPublicPolicy: false}").replace("yaml", "python"),
            "i/Pulumi.yaml": _p("azure-native:storage:StorageAccount", "{allowBlobPublicAccess: false}"),
            "j/Pulumi.yaml": _p("azure-native:storage:BlobContainer", "{publicAccess: None}"),
        },
    ),
)  # fmt: skip
