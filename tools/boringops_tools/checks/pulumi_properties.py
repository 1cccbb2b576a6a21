"""Pulumi: types and properties of resources by the tables of Terraform's providers, which Pulumi's are made of.

Pulumi gives some properties other names, so that a name the table does not have is a finding only as the slip of one."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.pulumi_config import document
from boringops_tools.red_flags.pulumi import is_project
from boringops_tools.red_flags.pulumi_names import TYPES, kind_of, singular, snake
from boringops_tools.red_flags.pulumi_terraform import groups, runtime_of

_PROVIDERS = {"aws": "hashicorp/aws", "gcp": "hashicorp/google", "azure": "hashicorp/azurerm"}
_NEAR = 0.87
_DEFAULTED = frozenset({"name", "location", "region", "project", "zone", "key", "resource_group_name"})
"""What Pulumi, or its provider, fills in."""


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)


def _plural(name: str) -> str:
    return name[:-1] + "ies" if name.endswith("y") else name if name.endswith("s") else name + "s"


def _inner(kind: Any) -> dict[str, Any]:
    """The fields of an attribute that holds objects, as if it were a block."""
    while isinstance(kind, list) and kind and kind[0] in ("list", "set"):
        kind = kind[1]
    fields = kind[1] if isinstance(kind, list) and len(kind) > 1 and kind[0] == "object" else {}
    return {"a": {name: ["o", each] for name, each in fields.items()}} if isinstance(fields, dict) else {}


def _fields(schema: Mapping[str, Any]) -> dict[str, tuple[Any, Mapping[str, Any]]]:
    """(type, what is inside) by the names that Pulumi may have for it."""
    found: dict[str, tuple[Any, Mapping[str, Any]]] = {}
    for name, (_, kind) in schema.get("a", {}).items():
        for each in (name, _plural(name)):
            found.setdefault(_camel(each), (kind, _inner(kind)))
    for name, block in schema.get("b", {}).items():
        for each in (name, _plural(name), singular(name)):
            found.setdefault(_camel(each), ("block", block[3]))
    return found


def _amiss(properties: Mapping[Any, Any], schema: Mapping[str, Any], where: str, depth: int = 0) -> Iterator[Hit]:
    fields = _fields(schema)
    known = {name.lower(): name for name in fields}
    for key, value in properties.items() if depth < 8 else ():
        name = str(key)
        if name.startswith("fn::") or name == "name":
            continue
        if name not in fields:
            near = known.get(name.replace("_", "").lower()) or next(
                iter(difflib.get_close_matches(name, list(fields), 1, _NEAR)), ""
            )
            # that the provider knows it under just this name in its own words is no slip
            if near and near not in properties and _camel(snake(name)) not in fields:
                yield Hit(at((properties, key)), f"{where} has no property `{name}`; it has `{near}`")
            elif near and "_" in name:
                yield Hit(at((properties, key)), f"{where} has no property `{name}`; Pulumi writes `{near}`")
            continue
        kind, inside = fields[name]
        if (said := _value(kind, value)) and "$" not in str(value):
            yield Hit(at((properties, key)), f"{where}: `{name}` is {said}, not `{value}`")
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, Mapping) and inside:
                yield from _amiss(each, inside, f"{where}.{name}", depth + 1)


def _value(kind: Any, value: Any) -> str:
    """What a value has to be and is not; empty where it may be."""
    if kind == "bool" and isinstance(value, str | int) and str(value).lower() not in ("true", "false"):
        return "true or false"
    number = isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d+(?:\.\d+)?\s*", value)
    if kind == "number" and (isinstance(value, bool) or (isinstance(value, str) and not number)):
        return "a number"
    return ""


def _complete(properties: Mapping[Any, Any], schema: Mapping[str, Any], kind: str) -> list[str]:
    """What is missing; nothing where the provider may know something that is there under another name."""
    fields = _fields(schema)
    given = {str(key) for key in properties}
    if any(key not in fields and key != "name" for key in given):
        return []
    named = [name for name, (flag, _) in schema.get("a", {}).items() if flag == "r"]
    missing = [name for name in named if not {_camel(name), _camel(_plural(name))} & given]
    return [
        _camel(name)
        for name in missing
        if name not in _DEFAULTED and not name.endswith("_name") and not _own(name, kind)
    ]


def _own(name: str, kind: str) -> bool:
    """Whether a property is what the resource itself is called by: Pulumi makes one up."""
    return name.removesuffix("_id").removesuffix("_identifier") in kind and name.endswith(("_id", "_identifier"))


def _slip(token: str, kind: str, known: Iterable[str]) -> str:
    """The type that one is a slip of, by the last part of its name: what Pulumi's modules are called is its own affair."""
    last = token.rpartition(":")[2]
    near = difflib.get_close_matches(
        kind, [each for each in known if each.startswith(kind.removesuffix(snake(last)))], 1, 0.94
    )
    if not near:
        package, _, rest = token.partition(":")
        close = difflib.get_close_matches(
            rest, [each.partition(":")[2] for each in TYPES if each.startswith(f"{package}:")], 1, 0.9
        )
        near = [TYPES[f"{package}:{each}"] for each in close]
    same = near and near[0].replace("_", "") == kind.replace("_", "")
    return near[0] if near and not same and not re.search(r"\d|Principle", last) else ""


def _properties(files: Files, path: str) -> Iterator[Hit]:
    from boringops_tools.terraform import tables

    project = document(files, path)
    for resources, _ in groups(project) if runtime_of(project) == "yaml" else ():
        for label, resource in resources.items():
            token = str(mapping(resource).get("type") or "")
            table = tables.table(_PROVIDERS.get(token.split(":")[0], ""))
            if table is None or token.count(":") != 2 or "get" in resource:
                continue
            kind = kind_of(token)
            schema = table.block("resources", kind)
            if schema is None:
                if near := _slip(token, kind, table.names("resources")):
                    said = f"the resource `{label}`: no type `{token}` is known; Terraform's nearest is `{near}`"
                    yield Hit(at((resource, "type")), said, severity="warning")
                continue
            properties = mapping(resource, "properties")
            yield from _amiss(properties, schema, f"the resource `{label}`")
            missing = _complete(properties, schema, kind) if token.startswith("aws:") else []
            if missing:
                yield Hit(
                    at((resource, "properties"), (resources, label)),
                    f"the resource `{label}` needs {', '.join(f'`{each}`' for each in missing)}",
                )


_P = "name: p\nruntime: yaml\nresources:\n  b: {type: '%s', properties: {%s}}\n"
_BLOCK = "aws:s3:BucketPublicAccessBlock"

RULES = (
    Rule(
        "pulumi/property", "error", "Write it as the provider's documentation has it: the provider refuses what it does not know.",
        "Pulumi registry, the resource's inputs; they are those of Terraform's provider in camel case.", is_project, _properties,
        bad=(
            {"Pulumi.yaml": _P % (_BLOCK, "bucket: a, blockPublicAcl: true")}, {"Pulumi.yaml": _P % (_BLOCK, "bucket: a, block_public_acls: true")}, {"Pulumi.yaml": _P % (_BLOCK, "bucket: a, blockPublicAcls: enabled")},
            {"Pulumi.yaml": _P % (_BLOCK, "blockPublicAcls: true")}, {"Pulumi.yaml": _P % ("aws:s3:BucketPublicAcessBlock", "bucket: a")},
            {"Pulumi.yaml": _P % ("aws:ec2:SecurityGroup", "ingress: [{protocol: tcp, fromPorts: 1, fromport: 1, toPort: 1}]")}, {"Pulumi.yaml": _P % ("gcp:storage:Bucket", "location: EU, uniformBucketLevelAcces: true")},
        ),
        good=(
            {"Pulumi.yaml": _P % (_BLOCK, "bucket: a, blockPublicAcls: '${open}'")}, {"Pulumi.yaml": _P % ("aws:lambda:Function", "name: a, code: {'fn::fileArchive': ./a}, role: b, handler: c, runtime: d")},
            {"Pulumi.yaml": _P % ("gcp:compute:Firewall", "network: a, allows: [{protocol: tcp, ports: ['22']}]")}, {"Pulumi.yaml": _P % ("aws:s3:BucketV2", "tags: {a: b}")}, {"Pulumi.yaml": _P % ("kubernetes:core/v1:Pod", "a: b")},
            {"Pulumi.yaml": _P % ("aws:cloudwatch:MetricAlarm", "name: a, comparisonOperator: b, evaluationPeriods: 1")},
        ),
    ),
)  # fmt: skip
