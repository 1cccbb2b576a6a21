"""A program of Pulumi in the shape of a YAML one, whatever language it is read from."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_load import Map

COMPUTED = "${computed}"
"""Stands for a value that only running the program would tell."""
_VERSION = lazy_pattern(r"v\d{8}(?:preview)?")


def label(argument: str, token: str, taken: Collection[str]) -> str:
    """The name of a resource by the text of its first argument, its type behind it where another type has that name too;
    without one, by how many come before it."""
    name = re.sub(r"[^\w-]+", "-", argument)[:40].strip("-") or f"resource-{len(taken)}"
    if name in taken:
        name = f"{name}-{token.rpartition(':')[2]}"
    return name if name not in taken else f"{name}-{len(taken)}"


def token(package: str, modules: Sequence[str], kind: str) -> str:
    """`aws:s3:Bucket`; of Azure's modules the one that is not named for a version of the interface, of Kubernetes' all."""
    if package == "kubernetes":
        return ":".join([package, "/".join(modules), kind])
    return ":".join([package, *[each for each in modules if not _VERSION.fullmatch(each)][:1], kind])


def program(resources: Map) -> Mapping[str, Any] | None:
    """The whole of it; null where it makes nothing in a cloud."""
    return {"name": "p", "runtime": "yaml", "resources": resources} if resources else None
