"""The environment contract: every variable the applications read, and what each place that carries it has to say of it.

Everything that carries variables (Compose, manifests, Terraform, pipelines, documents) takes them from here, so that none
has one more or one less, and a secret in one is a secret in all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from boringops_tools.blueprints import backing, dockerfile, values
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.render import cell
from boringops_tools.blueprints.values import Environment
from boringops_tools.stack import environment
from boringops_tools.stack.facts import Application, EnvVar, Source

When = Literal["build", "run", "tool"]
ENVIRONMENTS: tuple[Environment, ...] = ("development", "staging", "production")
_OWN_KEY = re.compile(r"SECRET_KEY|SESSION|JWT|SIGNING|ENCRYPTION|SALT|APP_KEY|COOKIE|CSRF|AUTH_SECRET|NEXTAUTH")
_TOOLS = re.compile(
    r"(?:.*/)?(?:(?:playwright|cypress|vitest|jest|karma|wdio|eslint|prettier|vite|webpack|rollup|tailwind|postcss|codegen)\.config\.\w+|"
    r"(?:tests?|e2e|spec|__tests__)/.*|conftest\.py)"
)
"""Files that are read where the application is tested or bundled, and never where it runs."""


@dataclass(frozen=True)
class Entry:
    """One variable of one application."""

    app: str
    name: str
    sources: tuple[Source, ...]
    """Where the code reads it, or people wrote it down."""
    secret: bool
    default: str | None
    """What the code falls back to; None where it has nothing, and always for secrets."""
    required: bool
    """The code fails without it."""
    when: When
    """A bundler writes public variables into what browsers load, while it builds; a tool's are read where it is tested."""
    service: str
    """The backing service it leads to; empty where it leads to none."""
    part: str = ""
    """Which part of the service's address it holds: url, host, port, user, password, name, keywords."""
    image: str | None = None
    """What the image sets it to; null where it does not."""
    fixed: str | None = None
    """What every container has to be given: the port, an address that others reach."""

    @property
    def own(self) -> bool:
        """A secret of the application itself: somebody makes it up, and nothing goes well without."""
        return self.secret and environment.is_own_secret(self.name)

    @property
    def login(self) -> bool:
        """Part of a login at a service: in a deployment it comes from where the password comes from."""
        return bool(self.service) and (self.secret or self.part == "user")

    def value(self, where: Environment) -> str | None:
        """What it is set to in an environment without anybody's decision; null: nothing. Never a secret's."""
        if self.secret or self.service or self.when != "run":
            return None
        if self.fixed is not None:
            return self.fixed
        if self.image is not None:
            return self.image if where == "development" and values.is_plain(self.image) else None
        return values.carried(self.name, self.default, where)

    def asked(self, where: Environment) -> bool:
        """Whether somebody has to give it a value there. In development, Compose gives what leads to a service."""
        if self.when != "run":
            return False
        if self.service:
            return where != "development"
        if self.secret:
            return self.required or self.own
        if self.fixed is not None or self.image is not None or self.value(where) is not None:
            return False
        return self.required or (where != "development" and values.only_local(self.name, self.default))

    @property
    def needed(self) -> tuple[Environment, ...]:
        """Environments in which somebody has to give it a value."""
        return tuple(where for where in ENVIRONMENTS if self.asked(where))

    def told(self, where: Environment) -> str:
        """What a document says of it in an environment."""
        if self.when == "build":
            return "written into the image"
        if self.when == "tool":
            return "not read there" if where != "development" else "may be left out"
        if self.asked(where):
            return "to be set"
        if self.service:
            return "set by Compose"
        if (given := self.value(where)) is not None:
            return f"`{given}`"
        if self.image is not None:
            return f"`{cell(self.image)}`, by the image"
        return "where it is used" if self.secret and where != "development" else "may be left out"

    @property
    def kind(self) -> Literal["database", "signing", "external"]:
        """For a secret, how it is replaced: its login at a service, a key of our own, or one that somebody else gives."""
        if self.service:
            return "database"
        return "signing" if _OWN_KEY.search(self.name.upper()) else "external"


def contract(context: Context) -> list[Entry]:
    """Every variable of every application, in the order of the applications and then by name."""
    return [entry for app in context.apps for entry in of(context, app)]


def of(context: Context, app: Application) -> list[Entry]:
    """The variables of one application, by name; its port is the one it is given with."""
    reached = _services(app)
    logins = {name for name, value in backing.values(app).items() if "${" in value}
    image = _image(context, app)
    return [
        Entry(
            app=app.name,
            name=variable.name,
            sources=tuple(variable.sources),
            secret=variable.secret or variable.name in logins,
            default=None if variable.secret else variable.default,
            required=variable.required,
            when=_when(app, variable),
            service=reached.get(variable.name, ("", ""))[0],
            part=reached.get(variable.name, ("", ""))[1],
            image=None if variable.secret else image.get(variable.name),
            fixed=values.fixed(variable.name, variable.default, app.port),
        )
        for variable in app.env
    ]


def built(app: Application) -> list[str]:
    """Names of the variables that the image is built with: a bundler writes them into what browsers load."""
    return [variable.name for variable in app.env if _when(app, variable) == "build"]


def secrets(context: Context) -> list[Entry]:
    """Secrets, each name once."""
    return list({entry.name: entry for entry in reversed(contract(context)) if entry.secret}.values())[::-1]


def _when(app: Application, variable: EnvVar) -> When:
    if environment.is_public(variable.name):
        return "build"
    read = [source.path for source in variable.sources if not environment.is_example(source.path)]
    tested = bool(read) and all(_TOOLS.fullmatch(path) for path in read)
    return "tool" if not variable.required and (tested or app.static is not None) else "run"


def _services(app: Application) -> dict[str, tuple[str, str]]:
    """Which service each variable leads to, and which part of its address it holds."""
    known = backing.values(app)
    return {name: found for name, found in backing.parts(app).items() if name in known}


def _image(context: Context, app: Application) -> dict[str, str]:
    """What the image's last stage sets: by the Dockerfile that is there, else by the one that is drafted."""
    path = app.path("Dockerfile")
    drafted = app.deployable and path not in context.tree and context.will_have(path, "image")
    text = dockerfile.content(context, app) if drafted else context.tree.text(path)
    last = text[text.rfind("\nFROM ") + 1 :].replace("\\\n", " ")
    pairs = re.findall(r"(?m)^ENV\s+(.+)$", last)
    return {
        name: value.strip("\"'")
        for line in pairs
        for name, value in re.findall(r"(\w+)=(\"[^\"]*\"|'[^']*'|[^\s\"']*)", line)
        if "$" not in value
    }
