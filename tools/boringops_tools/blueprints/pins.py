"""What generated files are pinned to: one dated table, because nothing can be resolved without a network."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict


class Image(BaseModel):
    """A base image of a language version. `end_of_life` is an ISO date; empty where the project names none ahead."""

    model_config = ConfigDict(frozen=True)

    version: str
    image: str
    end_of_life: str
    default: bool = False

    @property
    def ended(self) -> bool:
        """Whether the version was dead when the table was made: the same answer on every day."""
        return bool(self.end_of_life) and self.end_of_life <= as_of()


@cache
def _table() -> dict[str, Any]:
    text = files(__package__).joinpath("pins.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def as_of() -> str:
    """The day the table was last brought up to date."""
    return str(_table()["as_of"])


def action(name: str) -> str:
    """`owner/name@<commit> # <version>`, as a workflow writes it. KeyError for an action the table does not have."""
    pin = _table()["actions"][name]
    return f"{name}@{pin['sha']} # {pin['version']}"


@cache
def images(language: str) -> tuple[Image, ...]:
    """Images of a language, newest preferred first."""
    return tuple(Image.model_validate(row) for row in _table()["images"][language])


def image(language: str, version: str) -> str:
    return next(row.image for row in images(language) if row.version == version)


def base(name: str, version: str = "") -> str:
    """The image of a role, for a language version where its name carries one."""
    return str(_table()["bases"][name]).replace("{version}", version)


def service(kind: str) -> str:
    return str(_table()["services"][kind])


def package(name: str) -> str:
    """`name==version` of a Python package."""
    return f"{name}=={_table()['packages'][name]}"


def pnpm(lockfile_format: str) -> str:
    """The pnpm release that writes a lockfile format (`9` of `lockfileVersion: '9.0'`)."""
    table: dict[str, str] = _table()["pnpm"]
    return table.get(lockfile_format, table["9"])


def otp(elixir: str) -> str:
    """The Erlang/OTP release that the image of an Elixir version comes with."""
    return next(iter(re.findall(r"-otp-(\d+)", image("elixir", elixir))), "27")
