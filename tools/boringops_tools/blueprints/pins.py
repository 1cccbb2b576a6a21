"""What generated files are pinned to: one dated table, because nothing can be resolved without a network.

A repository may have newer pins of its own in `.boringops/pins.json`, which `boringops pins refresh` writes; they win."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from boringops.errors import UsageError

OWN = ".boringops/pins.json"
"""A repository's own pins."""
STALE_DAYS = 90
"""After so many days a table is told to be old: a quarter, in which every base image has had repairs."""


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
        return bool(self.end_of_life) and self.end_of_life <= table_as_of()


class ActionPin(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[str, StringConstraints(pattern=r"^v?\d[\w.+-]{0,40}$")]
    sha: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]


class Own(BaseModel):
    """A repository's own pins: newer commits of actions, digests of images by their tagged name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: date | None = None
    actions: dict[str, ActionPin] = {}
    images: dict[str, Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]] = {}


_own: ContextVar[Own] = ContextVar("_own", default=Own())  # noqa: B039 - frozen


def read_own(root: Path) -> Own:
    """The repository's own pins; empty where there are none. Raises UsageError for a file that is not such a table."""
    path = root / OWN
    if not path.is_file():
        return Own()
    try:
        return Own.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{OWN} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{OWN}: {where + ': ' if where else ''}{first['msg']}",
            hint="Correct it, or delete it and run `boringops pins refresh`.",
        ) from error


@contextmanager
def of(root: Path) -> Iterator[None]:
    """Within this, the pins of a repository win over the table's. Raises UsageError."""
    token = _own.set(read_own(root))
    try:
        yield
    finally:
        _own.reset(token)


def pinned(reference: str) -> str:
    """An image with its digest, where the repository's own pins know it."""
    digest = _own.get().images.get(reference)
    return f"{reference}@{digest}" if digest else reference


def tag(name: str) -> str:
    """The tag of a role's image: the version of the tool in it."""
    return str(_table()["bases"][name]).rpartition(":")[2]


def age_days(today: date | None = None) -> int:
    """How old the pins are."""
    return ((today or date.today()) - date.fromisoformat(as_of())).days


def known_actions() -> dict[str, ActionPin]:
    """Every action of the table by name, the repository's own pins before the table's."""
    table = {name: ActionPin.model_validate(row) for name, row in _table()["actions"].items()}
    return table | {name: pin for name, pin in _own.get().actions.items() if name in table}


def known_images() -> list[str]:
    """Every image that a blueprint may name, by its tag, each once."""
    rows = _table()["images"]
    found = [row["image"] for table in rows.values() for row in table]
    found += [full(row["image"]) for table in rows.values() for row in table]
    languages = {
        "temurin-jre": "java",
        "maven": "java",
        "gradle": "java",
        "aspnet": "dotnet",
        "dotnet-runtime": "dotnet",
    }
    for name, reference in _table()["bases"].items():
        versions = [row["version"] for row in rows[languages[name]]] if name in languages else [""]
        found += [reference.replace("{version}", version) for version in versions]
    found += _table()["services"].values()
    return list(dict.fromkeys(reference for reference in found if "@" not in reference))


def full(reference: str) -> str:
    """The name of an image in its full form, with git and a compiler, instead of its slim one."""
    return re.sub(r"-slim(?=-|$)", "", reference)


@cache
def _table() -> dict[str, Any]:
    text = files(__package__).joinpath("pins.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def as_of() -> str:
    """The day the table was last brought up to date."""
    own = _own.get().as_of
    return own.isoformat() if own else table_as_of()


def table_as_of() -> str:
    """The day the table that is shipped was last brought up to date."""
    return str(_table()["as_of"])


def action(name: str) -> str:
    """`owner/name@<commit> # <version>`, as a workflow writes it. KeyError for an action the table does not have."""
    pin = known_actions()[name]
    return f"{name}@{pin.sha} # {pin.version}"


@cache
def images(language: str) -> tuple[Image, ...]:
    """Images of a language, newest preferred first."""
    return tuple(Image.model_validate(row) for row in _table()["images"][language])


def image(language: str, version: str) -> str:
    return pinned(tagged(language, version))


def tagged(language: str, version: str) -> str:
    """The image of a language version, by its tag. One newer than the table is called like the usual one."""
    known = {row.version: row.image for row in images(language)}
    usual = next(row for row in images(language) if row.default)
    return known.get(version) or usual.image.replace(usual.version, version, 1)


def base(name: str, version: str = "") -> str:
    """The image of a role, for a language version where its name carries one."""
    return pinned(str(_table()["bases"][name]).replace("{version}", version))


def service(kind: str) -> str:
    return pinned(str(_table()["services"][kind]))


def package(name: str) -> str:
    """`name==version` of a Python package."""
    return f"{name}=={_table()['packages'][name]}"


def pnpm(lockfile_format: str) -> str:
    """The pnpm release that writes a lockfile format (`9` of `lockfileVersion: '9.0'`)."""
    table: dict[str, str] = _table()["pnpm"]
    return table.get(lockfile_format, table["9"])


def otp(elixir: str) -> str:
    """The Erlang/OTP release that the image of an Elixir version comes with."""
    return next(iter(re.findall(r"-otp-(\d+)", tagged("elixir", elixir))), "27")
