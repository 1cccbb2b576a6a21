"""An application as a cloud runs it: what it is told, what it is handed in secret, and what runs beside it.

The contract of the environment: every variable that the code reads arrives, as a setting, as a reference to a secret, or
as what the infrastructure itself knows (the port, the address of a database).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from boringops_tools.blueprints import backing, contract
from boringops_tools.blueprints.cloud.hcl_text import quoted
from boringops_tools.blueprints.compose import as_exposed
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.contract import Entry
from boringops_tools.blueprints.documents import migration
from boringops_tools.stack.facts import Application, Route

Cloud = Literal["aws", "google", "azure"]
CLOUDS: dict[str, Cloud] = {"ecs": "aws", "cloud-run": "google", "container-apps": "azure"}
ON_AWS = ("cloudformation", "pulumi-python", "pulumi-typescript")
"""Tools that are drafted for AWS alone."""
MANAGED = ("postgres", "mysql", "redis")
"""Backing services that are provisioned; others are reached by an address that people put into a secret."""

_LONGEST = 16
"""Of a project's name: with environment, part and purpose behind it, roles of AWS end at 64 characters."""


@dataclass(frozen=True)
class Setting:
    name: str
    required: bool = False
    default: str = ""


@dataclass(frozen=True)
class Part:
    """One running thing of an application: what answers requests, or a worker."""

    ident: str
    name: str
    command: list[str]
    served: bool


@dataclass(frozen=True)
class Workload:
    app: Application
    cloud: Cloud
    name: str
    port: int
    priority: int
    entries: tuple[Entry, ...] = ()
    """What the code reads where it runs."""

    @property
    def ident(self) -> str:
        return self.name.replace("-", "_")

    @property
    def health(self) -> Route | None:
        return self.app.health

    @property
    def sealed(self) -> bool:
        """Whether the program writes nowhere: a compiled binary alone in its image."""
        return self.app.language in {"go", "rust", "cpp"}

    @cached_property
    def reached(self) -> dict[str, tuple[str, str]]:
        """Variables that lead to backing services: the service's kind and which part of its address."""
        return backing.parts(self.app)

    @cached_property
    def secrets(self) -> list[str]:
        """Names of the variables that are read from a secrets manager."""
        return sorted(each.name for each in self.entries if self._is_secret(each))

    @cached_property
    def optional(self) -> list[str]:
        """Those of the secrets that the code runs without. A reference to one without a value keeps a container from
        starting, so each environment says which it uses."""
        asked = {each.name for each in self.entries if each.asked("production")}
        return [name for name in self.secrets if name not in asked]

    @property
    def demanded(self) -> list[str]:
        """Those of the secrets that every environment has."""
        return [name for name in self.secrets if name not in self.optional]

    def _is_secret(self, entry: Entry) -> bool:
        kind, part = self.reached.get(entry.name, ("", ""))
        if not kind:
            return entry.secret
        if kind == "redis":  # only Azure's has a key; the others are reached through the network alone
            return self.cloud == "azure" and part in ("url", "password")
        return part in ("url", "user", "password", "keywords") or kind not in MANAGED

    @cached_property
    def settings(self) -> list[Setting]:
        """Variables that are no secrets and that the infrastructure does not know by itself."""
        return [
            Setting(each.name, required=each.asked("production"), default=each.value("production") or "")
            for each in self.entries
            if not (each.name in self._fixed_names or each.name in self.secrets or each.name in self.reached)
        ]

    @property
    def left_out(self) -> list[str]:
        """Variables that are set nowhere: logins of a cache that has none."""
        placed = {*self._fixed_names, *self.secrets, *(setting.name for setting in self.settings)}
        return sorted(each.name for each in self.entries if each.name not in placed)

    @property
    def demands(self) -> bool:
        """Whether a setting has to be given."""
        return any(setting.required for setting in self.settings)

    @cached_property
    def _fixed_names(self) -> dict[str, tuple[str, str]]:
        """What the infrastructure knows: (kind, part) of an address, or a value of the container's own."""
        names: dict[str, tuple[str, str]] = {}
        for each in self.entries:
            if each.name in self.reached and each.name not in self.secrets:
                kind, part = self.reached[each.name]
                if kind in MANAGED and not (kind == "redis" and part in ("user", "password")):
                    names[each.name] = (kind, part)
            elif each.fixed is not None and each.name not in self.secrets:
                names[each.name] = ("", each.fixed)
        return names

    @property
    def fixed(self) -> dict[str, str]:
        """Variables whose values the infrastructure knows, as expressions of the root module."""
        found: dict[str, str] = {}
        for name, (kind, part) in sorted(self._fixed_names.items()):
            if self.cloud == "google" and name == "PORT":
                continue  # Cloud Run sets it by itself, and refuses to be told
            found[name] = quoted(part) if not kind else _expression(kind, part, self.cloud)
        return found

    @cached_property
    def jobs(self) -> dict[str, list[str]]:
        """What runs once before a new version starts."""
        command = migration(self.app)
        if not command:
            return {}
        plain = not re.search(r"[&|;<>$`]", command)
        return {"migrate": shlex.split(command) if plain else ["sh", "-c", command]}

    @cached_property
    def parts(self) -> list[Part]:
        workers = [
            Part(
                f"{self.ident}_{_ident(each.name)}",
                f"{self.name[:15]}-{_slug(each.name)[:8]}",
                each.command,
                served=False,
            )
            for each in self.app.processes
        ]
        return [Part(self.ident, self.name, [], served=True), *workers]


def _expression(kind: str, part: str, cloud: Cloud) -> str:
    """Part of an address as an expression of the root module."""
    module = "cache" if kind == "redis" else "database"
    port = str(backing.BACKINGS[kind].port)
    own = kind == "redis" and cloud != "aws"  # with TLS, their Redis listens elsewhere
    if part == "host":
        return f"module.{module}.address"
    if part == "port":
        return "tostring(module.cache.port)" if own else quoted(port)
    if part == "url":
        return f'"rediss://${{module.cache.address}}:{"${module.cache.port}" if own else port}/0"'
    return quoted("0" if kind == "redis" else "app")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "app"


def _ident(text: str) -> str:
    return _slug(text).replace("-", "_")


def workloads(context: Context) -> list[Workload]:
    """Every application that has a container, each name once; none where no cloud is chosen."""
    cloud = CLOUDS.get(context.choices.target or "")
    if cloud is None:
        return []
    found: list[Workload] = []
    for app in context.containers:
        name = _slug(app.name)[:24].strip("-")
        name = f"app-{name}" if not name[0].isalpha() else name
        while any(each.name == name for each in found):
            name += "-2"
        exposed = as_exposed(context, app)
        entries = tuple(entry for entry in contract.of(context, exposed) if entry.when == "run")
        found.append(Workload(app, cloud, name, exposed.port or 8080, 10 * (len(found) + 1), entries))
    return found


def tool(context: Context) -> str:
    """What the infrastructure is written in: what was asked for where it is drafted for that cloud, else Terraform."""
    asked = context.choices.tool or ""
    return asked if asked in ON_AWS and CLOUDS.get(context.choices.target or "") == "aws" else "terraform"


def engines(works: Sequence[Workload]) -> list[str]:
    """Kinds of backing services over all applications that are provisioned, in a fixed order."""
    kinds = {service.kind for work in works for service in work.app.services}
    return [kind for kind in MANAGED if kind in kinds]


def project(context: Context) -> str:
    """Short name that everything begins with."""
    works = workloads(context)
    title = context.stack.title or context.tree.root.name
    slug = works[0].name if len(works) == 1 else _slug(title)
    slug = slug[:_LONGEST].strip("-")
    return slug if re.fullmatch(r"[a-z][a-z0-9-]+", slug) else f"app-{slug}"[:_LONGEST].strip("-")
