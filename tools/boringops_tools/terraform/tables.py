"""What is known of providers' schemas: a table for each, of one version, made by `scripts/terraform_schemas.py`.

A block is `{"a": {attribute: [flag, type]}, "b": {block: [nesting, least, most, block]}}`: the flag is `r` for required,
`o` for optional and `c` for computed, the type is Terraform's own notation, `most` is 0 where there is no limit.
"""

from __future__ import annotations

import functools
import gzip
import json
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

from boringops_tools.terraform.constraints import Version, version

Kind = Literal["resources", "data"]
Block = dict[str, Any]
FOLDER = "tables"


@dataclass(frozen=True)
class Table:
    provider: str
    """`hashicorp/aws`."""
    version: str
    date: str
    newest_major: int
    """The latest major version known when the table was made; the table may be of an earlier one."""
    made_from: str
    configuration: Block
    _lines: dict[Kind, dict[str, str]]

    @property
    def numbers(self) -> Version:
        return version(self.version)

    def names(self, kind: Kind) -> frozenset[str]:
        """The types it has."""
        return frozenset(self._lines[kind])

    def block(self, kind: Kind, name: str) -> Block | None:
        line = self._lines[kind].get(name)
        return None if line is None else json.loads(line)


def known() -> dict[str, str]:
    """The providers that have a table, with its version."""
    return {name: each.version for name in _names() if (each := table(name)) is not None}


@functools.lru_cache(maxsize=32)
def table(provider: str) -> Table | None:
    """The table of a provider, by its source without the registry's host; null where there is none."""
    if provider not in _names():
        return None
    place = resources.files("boringops_tools.terraform") / FOLDER / f"{provider.replace('/', '-')}.json.gz"
    header, *lines = gzip.decompress(place.read_bytes()).decode().splitlines()
    about = json.loads(header)
    by_kind: dict[Kind, dict[str, str]] = {"resources": {}, "data": {}}
    for line in lines:
        kind, name, block = line.split("\t", 2)
        by_kind["data" if kind == "data" else "resources"][name] = block
    return Table(
        about["provider"], about["version"], about["date"], about["newest_major"], about["made_from"],
        about.get("configuration", {}), by_kind,
    )  # fmt: skip


@functools.cache
def _names() -> frozenset[str]:
    folder = resources.files("boringops_tools.terraform") / FOLDER
    found = [each.name.removesuffix(".json.gz") for each in folder.iterdir() if each.name.endswith(".json.gz")]
    # Namespaces have no dash.
    return frozenset(name.replace("-", "/", 1) for name in found)
