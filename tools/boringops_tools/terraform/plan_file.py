"""Saved Terraform plans: what they would do to which resource, out of `terraform show -json` or the plan file itself.

Of a plan file (a zip archive) no more is read than addresses and actions. They stand there in clear: neither Terraform,
nor a provider, nor a credential is needed, and no value of a resource, which may be secret, is looked at.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SIZE_CAP = 64 * 1024 * 1024
"""Bytes of a plan."""
_MAGIC = b"PK\x03\x04"
_INSIDE = "tfplan"
# Fields of Terraform's planproto: Plan.resource_changes, Plan.terraform_version, and of a change.
_CHANGES, _VERSION, _ADDRESS, _CHANGE, _ACTION = 3, 14, 13, 9, 1
_ACTIONS: dict[int, tuple[str, ...]] = {
    0: ("no-op",), 1: ("create",), 2: ("read",), 3: ("update",), 5: ("delete",),
    6: ("delete", "create"), 7: ("create", "delete"), 8: ("forget",), 9: ("create", "forget"),
}  # fmt: skip


class NoPlan(Exception):
    """A file is no plan that can be read; the message is the reason."""


@dataclass(frozen=True)
class Change:
    address: str
    actions: tuple[str, ...]
    reason: str = ""
    """Why, as Terraform names it, e.g. `delete_because_no_resource_config`."""

    @property
    def type(self) -> str:
        """`aws_db_instance` of `module.a["x.y"].aws_db_instance.main[0]`."""
        names = _names(self.address)
        return names[-2] if len(names) > 1 else ""

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(_names(self.address)[-2:])

    @property
    def destroys(self) -> bool:
        return "delete" in self.actions

    @property
    def replaces(self) -> bool:
        return self.destroys and "create" in self.actions


@dataclass(frozen=True)
class SavedPlan:
    terraform: str
    """The version that made it."""
    changes: list[Change] = field(default_factory=list)
    errored: bool = False


def is_plan(place: Path) -> bool:
    """Whether a file is a saved plan, by its first bytes."""
    try:
        with place.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    if head.startswith(_MAGIC):
        return place.suffix == ".tfplan" or "tfplan" in place.name
    return place.suffix in (".json", ".tfplan") and b'"format_version"' in head and b'"terraform_version"' in head and (
        b'"planned_values"' in head or b'"resource_changes"' in head or b'"variables"' in head
    )  # fmt: skip


def read(place: Path) -> SavedPlan:
    """Raises NoPlan."""
    try:
        if place.stat().st_size > SIZE_CAP:
            raise NoPlan(f"it is longer than {SIZE_CAP // 1024**2} MiB")
        content = place.read_bytes()
        if content.startswith(_MAGIC):
            with zipfile.ZipFile(place) as archive:
                if archive.getinfo(_INSIDE).file_size > SIZE_CAP:
                    raise NoPlan(f"it is longer than {SIZE_CAP // 1024**2} MiB")
                return _binary(archive.read(_INSIDE))
        return _json(json.loads(content))
    except (
        OSError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        RecursionError,
        zipfile.BadZipFile,
    ) as error:
        raise NoPlan(f"it cannot be read as a plan: {type(error).__name__}") from error


def _json(plan: dict[str, Any]) -> SavedPlan:
    changes = [
        Change(each["address"], tuple(each["change"]["actions"]), each.get("action_reason", ""))
        for each in plan.get("resource_changes", [])
        if each.get("mode") != "data"
    ]
    return SavedPlan(plan["terraform_version"], changes, bool(plan.get("errored")))


def _binary(content: bytes) -> SavedPlan:
    version, changes = "", []
    for number, value in _fields(content):
        if number == _VERSION and isinstance(value, bytes):
            version = value.decode()
        elif number == _CHANGES and isinstance(value, bytes):
            entry = dict(_fields(value))
            change = dict(_fields(_bytes(entry.get(_CHANGE, b""))))
            action = _ACTIONS.get(int(change.get(_ACTION, 0)), ("unknown",))
            address = _bytes(entry[_ADDRESS]).decode()
            if not any(name == "data" for name in _names(address)[-3:-2]):
                changes.append(Change(address, action))
    if not version:
        raise NoPlan("it names no version of Terraform")
    return SavedPlan(version, changes)


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise TypeError("a number where a message was expected")
    return value


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protobuf message."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(content, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = _varint(content, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError("no protobuf")
        if at + size > len(content):
            raise ValueError("cut off")
        yield key >> 3, content[at : at + size]
        at += size


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
        if shift > 63:
            raise ValueError("no number")


def _names(address: str) -> list[str]:
    """The parts of an address, keys of instances left out: they may hold dots."""
    parts, depth, quoted, current = [], 0, False, ""
    for at, char in enumerate(address):
        if char == '"' and address[at - 1 : at] != "\\":
            quoted = not quoted
        elif not quoted and char in "[]":
            depth += 1 if char == "[" else -1
        elif char == "." and not depth:
            parts.append(current)
            current = ""
        elif not depth:
            current += char
    return [*parts, current]
