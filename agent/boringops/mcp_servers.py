"""MCP servers whose tools a run may use: named in the configuration, or by the persona."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

NAME = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*")
"""A server's name stands in those of its tools, between double underscores."""


class McpServer(BaseModel):
    """One server: a command that speaks MCP over its standard input and output, or an address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: str | None = Field(default=None, description="Program to run, found on PATH.")
    args: list[str] = []
    env: dict[str, str] = Field(
        default={}, description="Beside HOME, PATH and the like; `${NAME}` takes the value from the environment."
    )
    url: str | None = Field(default=None, description="Streamable HTTP address, in place of a command.")
    headers: dict[str, str] = Field(default={}, description="HTTP headers; `${NAME}` as in env.")
    timeout_s: float = Field(default=60, gt=0, le=600, description="Seconds to start, and for each call.")

    @model_validator(mode="after")
    def _one_way(self) -> McpServer:
        if bool(self.command) == bool(self.url):
            raise ValueError("give either `command` or `url`")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("`url` is an http or https address")
        return self


def filled(values: Mapping[str, str], env: Mapping[str, str]) -> dict[str, str]:
    """Values with each `${NAME}` replaced. Raises KeyError with the name that is not set."""
    return {name: re.sub(r"\$\{(\w+)\}", lambda found: env[found[1]], value) for name, value in values.items()}


def of_persona(given: Any) -> tuple[dict[str, McpServer], list[str]]:
    """The servers that a persona's `mcpServers` defines, and what of it cannot be used.

    As in Claude Code: a list whose entries are names of configured servers or `name: definition`, or a mapping."""
    entries = [given] if isinstance(given, dict) else given if isinstance(given, list) else []
    servers: dict[str, McpServer] = {}
    problems: list[str] = []
    for entry in entries:
        if not isinstance(entry, dict):
            continue  # a name: its server is in the configuration, or not there
        for name, definition in entry.items():
            known = (
                {key: value for key, value in definition.items() if key != "type"}
                if isinstance(definition, dict)
                else {}
            )
            try:
                if not NAME.fullmatch(str(name)):
                    raise ValueError("the name is letters, digits, `-` and single `_`")
                servers[str(name)] = McpServer.model_validate(known)
            except ValidationError as error:
                problem = error.errors()[0]
                problems.append(
                    f"the server `{name}` is left out: {'.'.join(map(str, problem['loc']))} {problem['msg']}".strip()
                )
            except ValueError as error:
                problems.append(f"the server `{name}` is left out: {error}")
    return servers, problems
