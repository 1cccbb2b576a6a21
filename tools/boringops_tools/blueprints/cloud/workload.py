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

from boringops_tools.blueprints import backing
from boringops_tools.blueprints.cloud.hcl_text import quoted
from boringops_tools.blueprints.compose import as_exposed
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.documents import migration
from boringops_tools.stack.environment import is_public
from boringops_tools.stack.facts import Application, Route

Cloud = Literal["aws", "google", "azure"]
CLOUDS: dict[str, Cloud] = {"ecs": "aws", "cloud-run": "google", "container-apps": "azure"}
MANAGED = ("postgres", "mysql", "redis")
"""Backing services that are provisioned; others are reached by an address that people put into a secret."""

_OF_THE_IMAGE = frozenset(
    {"NODE_ENV", "RAILS_ENV", "RACK_ENV", "MIX_ENV", "APP_ENV", "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT",
     "PYTHONUNBUFFERED", "PATH", "HOME", "PHX_SERVER"}
)  # fmt: skip
"""Settings that the image carries: left out unless somebody sets them."""
_LOCAL = re.compile(r"\b(localhost|127\.0\.0\.1|\[?::1\]?)(?![\w.])")
_LONGEST = 16
"""Of a project's name: with environment, part and purpose behind it, roles of AWS end at 64 characters."""
_BOUND = re.compile(r"(^|_)(HOST|HOSTNAME|BIND|BIND_ADDRESS|LISTEN_ADDR|LISTEN_HOST)$")


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
        found = [each.name for each in self.app.env if self._is_secret(each.name, each.secret)]
        if self.app.ruby and self.app.ruby.rails and "DATABASE_URL" not in found:
            found += ["DATABASE_URL"] if any(each.kind in ("postgres", "mysql") for each in self.app.services) else []
        return sorted(set(found))

    def _is_secret(self, name: str, secret: bool) -> bool:
        if is_public(name) or name == "PORT":
            return False
        kind, part = self.reached.get(name, ("", ""))
        if not kind:
            return secret
        if kind == "redis":  # only Azure's has a key; the others are reached through the network alone
            return self.cloud == "azure" and part in ("url", "password")
        return part in ("url", "user", "password") or kind not in MANAGED

    @cached_property
    def settings(self) -> list[Setting]:
        """Variables that are no secrets and that the infrastructure does not know by itself."""
        found = []
        for each in self.app.env:
            known = each.name in self._fixed_names or each.name in self.secrets or each.name in self.reached
            if known or is_public(each.name) or each.name == "PATH":
                continue
            default = each.default or ""
            asked = (each.required or bool(_LOCAL.search(default))) and each.name not in _OF_THE_IMAGE
            off = "false" if re.fullmatch(r"(\w+_)?DEBUG", each.name) and default.lower() in ("true", "1") else ""
            found.append(Setting(each.name, required=asked, default=off))
        return sorted({each.name: each for each in found}.values(), key=lambda each: each.name)

    @property
    def demands(self) -> bool:
        """Whether a setting has to be given."""
        return any(setting.required for setting in self.settings)

    @cached_property
    def _fixed_names(self) -> dict[str, tuple[str, str]]:
        """What the infrastructure knows: (kind, part) of an address, or a value of the container's own."""
        names: dict[str, tuple[str, str]] = {}
        for each in self.app.env:
            if each.name == "PORT":
                names[each.name] = ("", str(self.port))
            elif each.name in self.reached and each.name not in self.secrets:
                kind, part = self.reached[each.name]
                if kind in MANAGED and not (kind == "redis" and part in ("user", "password")):
                    names[each.name] = (kind, part)
            elif _BOUND.search(each.name) and each.default and _LOCAL.search(each.default):
                names[each.name] = ("", "0.0.0.0")  # noqa: S104 - inside its container it has to be reached
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
        found.append(Workload(app, cloud, name, exposed.port or 8080, 10 * (len(found) + 1)))
    return found


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
