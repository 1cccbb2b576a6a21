"""What the developers hand over with a task, typed: the persona's Inputs.

Everything in it is a claim. `boringops_tools.handoff` holds it against the repository, and what contradicts it is told
to the user and to the model, which has to settle it or ask.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from boringops.errors import UsageError

MAX_BYTES = 256 * 1024
FORMATS = (".json", ".yaml", ".yml", ".toml")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Readiness(_Part):
    """Whether the application is ready to be deployed."""

    ready: bool = Field(default=True, description="The code is ready to deploy.")
    tested: bool | None = Field(default=None, description="All tests pass; null where nobody says.")
    test_command: str = Field(default="", description="How the tests are run.")
    notes: str = Field(default="", description="What is not ready, or known not to work.")


class Variable(_Part):
    """An environment variable the application reads. Never its value."""

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    description: str = ""
    required: bool = True
    secret: bool = False
    default: str | None = Field(default=None, description="What the code falls back to; not for secrets.")


class Migrations(_Part):
    """Database migrations that go with the release."""

    folder: str = Field(default="", description="Where they are, relative to the repository.")
    command: str = Field(default="", description="How they are applied.")
    reversible: bool | None = Field(default=None, description="Whether each can be taken back; null where unknown.")


class Resources(_Part):
    """What one instance is expected to need."""

    cpu: str = Field(default="", description="e.g. `500m` or `2`.")
    memory: str = Field(default="", description="e.g. `512Mi`.")
    storage: str = Field(default="", description="e.g. `10Gi`.")
    instances: int | None = Field(default=None, ge=1)
    traffic: str = Field(default="", description="e.g. `50 requests a second at noon`.")


class Handoff(_Part):
    """What the developers hand over."""

    application: Readiness = Readiness()
    runtime: dict[str, str] = Field(default={}, description="Runtime to version, e.g. `node: '22'`.")
    dependencies: list[str] = Field(default=[], description="Services it needs, e.g. `postgres 16`, `redis`.")
    environments: list[str] = Field(default=[], description="Where it is to run, e.g. `staging`, `production`.")
    health_endpoint: str = Field(default="", description="Path that answers 200 while the application is well.")
    port: int | None = Field(default=None, ge=1, le=65535)
    variables: list[Variable] = []
    migrations: Migrations | None = None
    resources: Resources | None = None
    notes: str = ""

    @field_validator("health_endpoint")
    @classmethod
    def _is_path(cls, value: str) -> str:
        if value and not value.startswith("/"):
            raise ValueError("give the path alone, starting with `/`, e.g. `/healthz`")
        return value

    @field_validator("variables", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        """A bare name stands for a variable of that name."""
        return (
            [{"name": item} if isinstance(item, str) else item for item in value] if isinstance(value, list) else value
        )

    def render(self) -> str:
        """As the model reads it: Markdown, what was left out left out."""
        lines: list[str] = []
        for name, value in self.model_dump(mode="json", exclude_defaults=True).items():
            lines += [f"## {name.replace('_', ' ')}", "", *_lines(value), ""]
        return "\n".join(lines).strip() or "Nothing is stated."


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"- {name.replace('_', ' ')}: {_inline(item)}" for name, item in value.items()]
    if isinstance(value, list):
        return [f"- {_inline(item)}" for item in value]
    return [str(value)]


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')}: {item}" for name, item in value.items())
    return str(value)


# --- from a file -------------------------------------------------------------------------------------


def load(path: Path) -> Handoff:
    """A hand-off from JSON, YAML or TOML. Raises UsageError naming file, line where there is one, and the way out."""
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path}: a hand-off is {', '.join(FORMATS)}, not {path.suffix or 'without an ending'}.")
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            raise UsageError(f"{path} is larger than {MAX_BYTES // 1024} KiB: that is no hand-off.")
        text = raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: it cannot be read: {error}") from error
    return parse(text, path.suffix.lower(), str(path))


def parse(text: str, suffix: str, name: str) -> Handoff:
    """A hand-off from text in the format of `suffix`; `name` is what errors call it."""
    data = _data(text, suffix, name)
    if not isinstance(data, dict):
        raise UsageError(
            f"{name}: a hand-off is a mapping of fields.", hint=f"Fields: {', '.join(Handoff.model_fields)}."
        )
    try:
        return Handoff.model_validate(data)
    except ValidationError as error:
        raise _explain(error, text, name) from error


def _data(text: str, suffix: str, name: str) -> Any:
    try:
        if suffix == ".json":
            return json.loads(text)
        if suffix == ".toml":
            return tomllib.loads(text)
        from ruamel.yaml import YAML

        return YAML(typ="safe", pure=True).load(text)
    except Exception as error:  # each parser has its own; the YAML one raises more than its own
        line = re.search(r"line (\d+)", str(error))
        raise UsageError(
            f"{name}{f':{line[1]}' if line else ''}: it is not valid {suffix[1:].upper()}: {error}"
        ) from error


def _explain(error: ValidationError, text: str, name: str) -> UsageError:
    problem = error.errors()[0]
    loc = [str(part) for part in problem["loc"]]
    key = next((part for part in reversed(loc) if not part.isdigit()), "")
    line = next(
        (at for at, line in enumerate(text.splitlines(), 1) if re.match(rf"""[\s\[{{,"'-]*{re.escape(key)}\b""", line)),
        None,
    )
    where = f"{name}:{line}" if line and key else name
    if problem["type"] == "extra_forbidden":
        from difflib import get_close_matches

        near = get_close_matches(key, _fields(Handoff), n=1)
        return UsageError(
            f"{where}: a hand-off has no field {'.'.join(loc)!r}.",
            hint=f"Did you mean {near[0]!r}?" if near else f"Fields: {', '.join(Handoff.model_fields)}.",
        )
    return UsageError(f"{where}: {'.'.join(loc)}: {problem['msg']}.", hint="Values of variables do not belong here.")


def _fields(model: type[BaseModel]) -> list[str]:
    inner: list[type[BaseModel]] = [Readiness, Variable, Migrations, Resources] if model is Handoff else []
    return [*model.model_fields, *(name for part in inner for name in part.model_fields)]
