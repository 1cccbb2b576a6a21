"""One typed configuration from `.boringops.toml`, the environment and flags, each over the one before.

Unknown keys are errors that name the nearest right one: a misspelt limit that is silently ignored is no limit.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from boringops.errors import UsageError
from boringops.facts import Confidence
from boringops.mcp_servers import NAME, McpServer

FILE = ".boringops.toml"
ENV_PREFIX = "BORINGOPS_"
MAX_BYTES = 256 * 1024


SandboxWanted = Literal["auto", "require", "off"]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Provider(Section):
    """Where the model is served."""

    name: Literal["anthropic", "bedrock", "vertex", "foundry"] = "anthropic"
    base_url: str | None = Field(default=None, description="Any endpoint that speaks the Messages API.")
    region: str | None = Field(  # it becomes part of the address: nothing else may
        default=None, pattern=r"^[a-z0-9-]+$", description="Cloud region; Bedrock needs one."
    )
    project: str | None = Field(default=None, description="Google Cloud project for Vertex.")
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = Field(
        default=None, description="How hard the model thinks; null takes the persona's or the model's own default."
    )
    max_tokens: int = Field(default=32_000, ge=1_024, le=128_000, description="The longest single reply.")
    deadline_s: float = Field(
        default=600, gt=0, description="Seconds one model call may take, retries and waits included."
    )
    compact_at: int | None = Field(
        default=None,
        ge=8_000,
        description="Tokens from which a conversation is begun anew from the run's record; null takes 80 % of the model's window.",
    )
    idle_s: float = Field(default=120, gt=0, description="Seconds a stream may stay silent.")


class Permissions(Section):
    """Rules in Claude Code's syntax: deny, then ask, then allow."""

    allow: list[str] = []
    ask: list[str] = []
    deny: list[str] = []


class Report(Section):
    """The task report."""

    directory: str | None = Field(
        default=None, description="Folder, relative to the repository; null takes the persona's."
    )


class Commit(Section):
    """The commit the runtime makes."""

    enabled: bool = True
    co_author: bool = Field(default=True, description="Name the model as co-author, where a model did the work.")
    timeout_s: float = Field(
        default=600, gt=0, description="Seconds the commit may take, the repository's hooks included."
    )


class PhaseLimit(Section):
    """What one phase may spend of what the run may."""

    max_turns: int | None = Field(default=None, ge=1, description="Model calls in this phase.")
    max_cost: float | None = Field(default=None, gt=0, description="US dollars in this phase.")


class Phases(Section):
    """Limits by phase, within the run's own. `verify` is what failed rounds of verification make necessary."""

    plan: PhaseLimit = PhaseLimit()
    act: PhaseLimit = PhaseLimit()
    verify: PhaseLimit = PhaseLimit()


class Chat(Section):
    """The chat at the terminal."""

    keys: Literal["emacs", "vi"] = Field(default="emacs", description="How the input line is edited.")


class Config(Section):
    """Everything that can be configured. Flags have the same names with dashes."""

    persona: str = Field(default="devops-infrastructure", description="Name of a persona, or its file.")
    model: str | None = Field(
        default=None, description="Model id or alias (opus, sonnet, haiku); null takes the persona's."
    )
    offline: bool = Field(default=False, description="Use the deterministic blueprints instead of a language model.")
    approve: Literal["ask", "auto", "never"] = Field(
        default="ask",
        description="Who approves the plan: a person, the policy, nobody. Without a terminal ask is never.",
    )
    min_confidence: Confidence = Field(default="medium", description="The least confidence that is approved by itself.")
    max_cost: float | None = Field(default=None, gt=0, description="US dollars a run may spend.")
    max_turns: int = Field(default=120, ge=1, description="Model calls a run may make.")
    max_minutes: float = Field(default=60, gt=0, description="Minutes a run may be at work.")
    max_rounds: int = Field(default=5, ge=1, description="Rounds of verification before a run ends incomplete.")
    phase: str = Field(default="", description="Your project's phase, for the commit message.")
    branch: str | None = Field(default=None, description="Work on this new branch.")
    worktree: bool = Field(default=False, description="Work in a git worktree beside the repository.")
    strict: bool = Field(default=False, description="Exit 5 also when anything is handed over or not validated.")
    fail_on: Literal["error", "warning", "info"] = Field(
        default="error",
        description="Findings that keep a run from being done. Milder ones are put to the model once and stand in the report.",
    )
    phases: Phases = Phases()
    sandbox: SandboxWanted = Field(
        default="auto",
        description="How commands are confined: as well as this machine can, else what changes anything asks (auto); "
        "not at all without (require); never (off).",
    )
    provider: Provider = Provider()
    permissions: Permissions = Permissions()
    report: Report = Report()
    commit: Commit = Commit()
    chat: Chat = Chat()
    telemetry: bool = Field(
        default=False,
        description="Make OpenTelemetry spans of runs and tool calls, without content; needs boringops[otel].",
    )
    mcp_servers: dict[Annotated[str, Field(pattern=f"^{NAME.pattern}$")], McpServer] = Field(
        default={}, description="MCP servers whose tools a run may use, by name."
    )


def load(
    root: Path | None,
    *,
    base: Mapping[str, Any] | None = None,
    env: Mapping[str, str] = os.environ,
    flags: Mapping[str, Any] | None = None,
    sets: list[str] | None = None,
) -> Config:
    """The configuration for a repository: file < environment < `-c key=value` < flags (None means not given).

    A resumed run gives its own configuration as `base`: file and environment are in it already, and are not read.
    Raises UsageError naming the file and line, the variable or the flag."""
    merged: dict[str, Any] = {}
    sources: dict[str, str] = {}
    layers: list[tuple[str, Mapping[str, Any]]] = (
        [("the run's configuration", base)]
        if base is not None
        else [
            (FILE, of_repository(root) if root else {}),
            ("environment", _from_env(env)),
        ]
    )
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    for where, values in (*layers, ("-c", _from_sets(sets or [])), ("flag", given)):
        _merge(merged, values, sources, where)
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        raise _explain(error, sources, root) from error


def of_repository(root: Path) -> dict[str, Any]:
    """What the repository's own file says, as it stands there. Raises UsageError where it cannot be read."""
    return _from_file(root / FILE)


def _merge(
    into: dict[str, Any], values: Mapping[str, Any], sources: dict[str, str], where: str, prefix: str = ""
) -> None:
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            branch = into.setdefault(key, {})
            if isinstance(branch, dict):
                _merge(branch, value, sources, where, f"{name}.")
                continue
        into[key] = value
        sources[name] = where


def _from_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        data = path.read_bytes()
        if len(data) > MAX_BYTES:
            raise UsageError(f"{path.name} is larger than {MAX_BYTES // 1024} KiB: that is no configuration.")
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        line = re.search(r"at line (\d+)", str(error))
        where = f"{path.name}:{line[1]}" if line else path.name
        raise UsageError(
            f"{where} cannot be read: {error}", hint="`boringops schema config` shows what may stand in it."
        ) from error


def _from_env(env: Mapping[str, str]) -> dict[str, Any]:
    """BORINGOPS_MAX_COST=2, BORINGOPS_PROVIDER__BASE_URL=http://...: two underscores go a level down."""
    values: dict[str, Any] = {}
    for name, value in sorted(env.items()):
        if name.startswith(ENV_PREFIX) and value:
            _put(values, name.removeprefix(ENV_PREFIX).lower().split("__"), value)
    return values


def _from_sets(sets: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for text in sets:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise UsageError(
                f"-c {text}: a setting is given as KEY=VALUE.", hint="For example: -c provider.effort=high"
            )
        _put(values, key.strip().split("."), value.strip())
    return values


def _put(values: dict[str, Any], path: list[str], value: str) -> None:
    *parents, last = path
    for parent in parents:
        values = values.setdefault(parent, {})
    values[last] = _scalar(value)


def _scalar(text: str) -> Any:
    """A value as TOML would read it, so that lists and booleans work everywhere; else the text itself."""
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        return text


def _explain(error: ValidationError, sources: dict[str, str], root: Path | None) -> UsageError:
    problem = error.errors()[0]
    name = ".".join(str(part) for part in problem["loc"])
    where = _place(
        name, next((sources[key] for key in sources if key == name or key.startswith(f"{name}.")), FILE), root
    )
    if problem["type"] == "extra_forbidden":
        known = _names(Config)
        parent = name.rpartition(".")[0]
        near = get_close_matches(name, known, n=1, cutoff=0.5) or get_close_matches(name.rpartition(".")[2], known, n=1)
        hint = (
            f"Did you mean {near[0]}?"
            if near
            else f"Known: {', '.join(k for k in known if k.rpartition('.')[0] == parent)}."
        )
        return UsageError(f"{where}: there is no setting {name!r}.", hint=hint)
    return UsageError(
        f"{where}: {name} = {problem['input']!r}: {problem['msg']}.",
        hint="`boringops schema config` lists all settings.",
    )


def _place(name: str, source: str, root: Path | None) -> str:
    if source == "environment":
        return ENV_PREFIX + name.upper().replace(".", "__")
    if source == "flag":
        return "--" + name.replace("_", "-")
    if source == "-c":
        return f"-c {name}"
    key = name.rpartition(".")[2]
    try:
        lines = (root / FILE).read_text().splitlines() if root else []
    except OSError:
        lines = []
    number = next((n for n, line in enumerate(lines, 1) if line.split("=")[0].strip().strip("[]") in {key, name}), None)
    return f"{FILE}:{number}" if number else FILE


def _names(section: type[BaseModel], prefix: str = "") -> list[str]:
    names: list[str] = []
    for key, info in section.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            names += _names(inner, f"{prefix}{key}.")
        elif key == "mcp_servers":
            names += [f"{key}.NAME.{field}" for field in McpServer.model_fields]
        else:
            names.append(prefix + key)
    return names
