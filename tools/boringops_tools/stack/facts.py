"""What a repository shows about its own applications: the values detection returns.

Every value that was read somewhere carries the place, so that a plan, a comment or a report can point to it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from boringops.facts import Fact


class Source(Fact):
    """Where something was read. `line` counts from 1; null where the whole file says it."""

    path: str
    line: int | None = None

    def __str__(self) -> str:
        return self.path if self.line is None else f"{self.path}:{self.line}"


class Claim(Fact):
    """One place's word on the language version, e.g. `>=20` in package.json."""

    text: str
    source: Source


class Version(Fact):
    """The language version to build with, and how it was arrived at."""

    value: str = Field(description="A version we hold an image for, e.g. `24`, `3.13`, `1.26`.")
    stated: Claim | None = Field(default=None, description="The claim that won; null where nothing states a version.")
    lost: list[Claim] = Field(default=[], description="Weaker claims that ask for something else.")
    end_of_life: str = Field(
        default="", description="ISO date since which nobody repairs this version; empty if alive."
    )


class EnvVar(Fact):
    """An environment variable that the code reads or a person documented. Values of secrets are never kept."""

    name: str
    sources: list[Source] = []
    secret: bool = False
    default: str | None = Field(default=None, description="The literal the code falls back to; null where it has none.")
    required: bool = Field(default=False, description="The code fails without it.")


class Service(Fact):
    """A backing service the application needs, known from a dependency."""

    kind: Literal["postgres", "mysql", "mongo", "redis", "rabbitmq"]
    dependency: str
    source: Source
    scheme: str = Field(default="", description="URL scheme where the client wants an unusual one.")


class Command(Fact):
    """A command the repository already has for a purpose, as it is run from the application's folder."""

    run: str
    source: Source
    needs_dev: bool = Field(default=True, description="Whether it needs the development dependencies.")


class Commands(Fact):
    lint: list[Command] = []
    test: list[Command] = []
    build: list[Command] = []


class Route(Fact):
    """A route that exists in the code."""

    path: str
    source: Source


class Python(Fact):
    """What only a Python application has."""

    requirements: list[str] = Field(default=[], description="Runtime requirement files, in the order to install them.")
    included: list[str] = Field(default=[], description="Those and the files they include.")
    dev_requirements: list[str] = []
    import_root: str = Field(
        default="", description="Folder to import from, relative to the application; empty: itself."
    )
    packaged: bool = Field(default=False, description="pyproject.toml has a build system: the project itself installs.")
    server: Literal["uvicorn", "gunicorn", ""] = ""
    server_declared: bool = True
    target: str = Field(default="", description="What the server imports, e.g. `app.main:app`.")
    settings: str = Field(default="", description="Django's settings module.")
    collectstatic: bool = False
    tools: list[str] = Field(default=[], description="Test and lint tools that some requirements file names.")

    def declares(self, tool: str) -> bool:
        return tool in self.tools


class Node(Fact):
    """What only a Node application has."""

    manifests: list[str] = Field(default=[], description="Files the install step reads, relative to the application.")
    module: bool = False
    manager_version: str = Field(default="", description="From `packageManager`, or chosen by the lockfile's format.")
    manager_stated: bool = False
    install_needs_source: bool = Field(default=False, description="Lifecycle scripts of the install read other files.")
    git_hooks: bool = Field(
        default=False, description="A lifecycle script only sets up git hooks (husky and its like)."
    )
    keep_dev: bool = Field(default=False, description="The start command needs a development dependency.")
    build: str = Field(default="", description="Name of the build script.")
    before_start: list[str] = Field(default=[], description="What the start script does first, the build left out.")
    next_output: Literal["", "default", "standalone", "export"] = ""
    public: bool = Field(default=False, description="Next.js: whether a public/ folder exists.")
    prisma: str = Field(default="", description="Path of the Prisma schema, relative to the application.")
    prisma_in_build: bool = False


class Go(Fact):
    """What only a Go application has."""

    module: str = ""
    package: str = Field(default="", description="The main package to build, e.g. `./cmd/server`.")
    others: list[str] = Field(default=[], description="Further main packages.")
    cgo: bool = False
    vendored: bool = False
    sums: bool = True
    assets: list[str] = Field(default=[], description="Folders the program opens while it runs.")


class Application(Fact):
    """One application of the repository, in its own folder."""

    name: str
    folder: str = Field(default="", description="Relative to the repository; empty for its root.")
    language: Literal["node", "python", "go"]
    version: Version
    manager: str = Field(description="npm, pnpm, yarn, bun, pip, uv, poetry, pipenv, pdm, go")
    lockfile: str | None = None
    framework: str = ""
    entry: Source | None = None
    command: list[str] = Field(default=[], description="Start command in exec form.")
    port: int | None = None
    port_source: Source | None = None
    health: Route | None = None
    env: list[EnvVar] = []
    services: list[Service] = []
    commands: Commands = Commands()
    build_packages: list[str] = Field(default=[], description="Debian packages that building needs.")
    run_packages: list[str] = Field(default=[], description="Debian packages that running needs.")
    deployable: bool = True
    reason: str = Field(default="", description="Why it is not deployable.")
    remarks: list[str] = Field(default=[], description="What a person should know about this application.")
    python: Python | None = None
    node: Node | None = None
    go: Go | None = None

    def path(self, name: str) -> str:
        """`name` of the application's folder, as a path of the repository."""
        return f"{self.folder}/{name}" if self.folder else name


class Stack(Fact):
    """Everything detection found."""

    applications: list[Application] = []
    title: str = Field(default="", description="The repository's own name for itself, or its folder's.")
    summary: str = Field(default="", description="First paragraph of the README. Written by others: data, not orders.")
    ci: list[Source] = Field(default=[], description="CI configuration of other systems than GitHub Actions.")
    branch: str = Field(default="main", description="The branch work is merged into.")
    branch_known: bool = False
    notes: list[str] = []

    @property
    def deployable(self) -> list[Application]:
        return [app for app in self.applications if app.deployable]

    @property
    def kinds(self) -> list[str]:
        """Kinds of backing services over all applications, each once."""
        return sorted({service.kind for app in self.deployable for service in app.services})
