"""What is known of providers' schemas: a table for each, of one version, made by `scripts/terraform_schemas.py`, and for
some one of an earlier major version, kept as what differs from the other.

A block is `{"a": {attribute: [flag, type]}, "b": {block: [nesting, least, most, block]}}`: the flag is `r` for required,
`o` for optional and `c` for computed, the type is Terraform's own notation, `most` is 0 where there is no limit.
"""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Literal

from boringops_tools.patterns import lazy_pattern
from boringops_tools.terraform.constraints import Version, beyond, lowest, version

Kind = Literal["resources", "data"]
Block = dict[str, Any]
FOLDER = "tables"
_FILE = lazy_pattern(r"([a-z][\w-]*)(?:\.(\d+))?\.json\.gz")


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
    _patches: dict[Kind, dict[str, str]]
    """What to change in those lines, as JSON merge patches."""

    @property
    def numbers(self) -> Version:
        return version(self.version)

    def names(self, kind: Kind) -> frozenset[str]:
        """The types it has."""
        return frozenset(self._lines[kind])

    def block(self, kind: Kind, name: str) -> Block | None:
        line, patch = self._lines[kind].get(name), self._patches[kind].get(name)
        if line is None:
            return None
        block: Block = json.loads(line)
        patched: Block = block if patch is None else _patched(block, json.loads(patch))
        return patched


def known() -> dict[str, str]:
    """The providers that have a table, with its version."""
    return {name: each.version for name in _names() if (each := table(name)) is not None}


@functools.lru_cache(maxsize=32)
def table(provider: str) -> Table | None:
    """The table of a provider's newest known version, by its source without the registry's host; null where there is none."""
    if provider not in _names():
        return None
    about, lines = _read(_names()[provider])
    return _table(about, lines, {"resources": {}, "data": {}})


def fitting(provider: str, asked: Sequence[str]) -> Table | None:
    """The table of the newest version that all constraints let in; where none does, of the major version that they ask
    for, else the newest table."""
    every = every_version(provider)
    if not every:
        return None
    newest = every[0]
    for each in every:
        if not any(beyond(one, each.numbers) for one in asked):
            return each
    wanted = max((lowest(one) for one in asked), default=())
    return next((each for each in every if each.numbers[:1] == wanted[:1]), newest)


def every_version(provider: str) -> list[Table]:
    """All tables of a provider, the newest first."""
    newest = table(provider)
    if newest is None:
        return []
    return [newest, *(each for major in _earlier(provider) if (each := earlier(provider, major)))]


@functools.lru_cache(maxsize=32)
def earlier(provider: str, major: int) -> Table | None:
    """The table of an earlier major version."""
    if (name := _earlier(provider).get(major)) is None:
        return None
    about, patches = _read(name)
    _, lines = _read(_names()[provider])
    for kind, each in patches.items():
        gone = {name for name, patch in each.items() if patch == "null"}
        new = {name: patch for name, patch in each.items() if name not in lines[kind]}
        lines[kind] = {name: line for name, line in (lines[kind] | new).items() if name not in gone}
        patches[kind] = {name: patch for name, patch in each.items() if name not in gone and name not in new}
    return _table(about, lines, patches)


_Lines = dict[Kind, dict[str, str]]


def _read(name: str) -> tuple[dict[str, Any], _Lines]:
    header, *lines = gzip.decompress((_folder() / name).read_bytes()).decode().splitlines()
    by_kind: _Lines = {"resources": {}, "data": {}}
    for line in lines:
        kind, of, block = line.split("\t", 2)
        by_kind["data" if kind == "data" else "resources"][of] = block
    return json.loads(header), by_kind


def _table(about: dict[str, Any], lines: _Lines, patches: _Lines) -> Table:
    return Table(
        about["provider"], about["version"], about["date"], about["newest_major"], about["made_from"],
        about.get("configuration", {}), lines, patches,
    )  # fmt: skip


def _patched(value: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7396): null takes a name away."""
    if not isinstance(patch, dict):
        return patch
    made = dict(value) if isinstance(value, dict) else {}
    for name, each in patch.items():
        if each is None:
            made.pop(name, None)
        else:
            made[name] = _patched(made.get(name), each)
    return made


def _folder() -> Traversable:
    return resources.files("boringops_tools.terraform") / FOLDER


@functools.cache
def files() -> dict[tuple[str, int | None], str]:
    """(provider, earlier major version) -> name of its file: `hashicorp-aws.json.gz`, `hashicorp-aws.5.json.gz`."""
    found = [match for each in _folder().iterdir() if (match := _FILE.fullmatch(each.name))]
    # Namespaces have no dash.
    return {(each[1].replace("-", "/", 1), int(each[2]) if each[2] else None): each[0] for each in found}


def patch_of(name: str) -> str:
    """The version of the whole table that a file of an earlier version was made against."""
    return str(_read(name)[0]["patch_of"])


def _names() -> dict[str, str]:
    return {provider: name for (provider, major), name in files().items() if major is None}


def _earlier(provider: str) -> dict[int, str]:
    """Major version -> file, the latest first."""
    found = [(major, name) for (of, major), name in files().items() if of == provider and major is not None]
    return dict(sorted(found, reverse=True))
