"""The API's schemas that kubernetes-validate brings, each read once a process: its own `validate` reads megabytes for
every object."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boringops_tools.patterns import lazy_pattern

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_VERSION = lazy_pattern(r"v1\.(\d+)\..*-local")


def newest() -> int:
    """The minor version of the latest Kubernetes that there are schemas of."""
    return max(_folders())


def known(kind: str, api_version: str, minor: int, *, strict: bool = False) -> bool:
    """Whether Kubernetes 1.`minor` has such a kind."""
    return _schema(kind, api_version, minor, strict) is not None


def error_of(item: Mapping[str, Any], minor: int) -> ValidationError | None:
    """What is most wrong with an object by the strict schema of its kind, which has to be known; null for nothing."""
    from jsonschema.exceptions import best_match

    validator = _validator(item["kind"], item["apiVersion"], minor)
    return best_match(validator.iter_errors(item))


@functools.cache
def _folders() -> dict[int, str]:
    there = (_VERSION.fullmatch(each.name) for each in _root().iterdir())
    return {int(match[1]): match[0] for match in sorted(filter(None, there), key=lambda match: match[0])}


def _root() -> Path:
    return Path(str(files("kubernetes_validate"))) / "kubernetes-json-schema"


@functools.lru_cache(maxsize=256)
def _schema(kind: str, api_version: str, minor: int, strict: bool) -> Any:
    folder = _folders().get(minor)
    group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api_version)  # rbac.authorization.k8s.io/v1: rbac-v1
    name = f"{kind.lower()}-{group}"
    if folder is None or not re.fullmatch(r"[a-z0-9-]+", name):
        return None
    try:
        return _read(f"{folder}{'-strict' if strict else ''}/{name}.json")
    except FileNotFoundError:
        return None


@functools.lru_cache(maxsize=256)
def _validator(kind: str, api_version: str, minor: int) -> Any:
    from jsonschema.validators import Draft202012Validator

    return Draft202012Validator(_schema(kind, api_version, minor, strict=True), registry=_registry(minor))


@functools.lru_cache(maxsize=1)
def _registry(minor: int) -> Any:
    """What the schemas of a version refer to."""
    from referencing import Registry, Resource

    definitions = Resource.from_contents(_read(f"{_folders()[minor]}-strict/_definitions.json"))
    return (definitions @ Registry()).crawl()


def _read(name: str) -> Any:
    return json.loads((_root() / name).read_bytes())
