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
    deployed: bool = Field(
        default=False, description="Only what is deployed needs it: the framework reads it in production, no test does."
    )


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


class Process(Fact):
    """A further process of the same application and image: a worker, a scheduler."""

    name: str
    command: list[str] = Field(description="In exec form.")
    source: Source


class Choice(Fact):
    """A fact that several places speak of: what won, by which, and what lost."""

    fact: str
    value: str
    source: Source | None = None
    lost: list[Claim] = []


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
    runtime: Literal["node", "bun"] = "node"
    unchecked: str = Field(
        default="", description="Variable that lets a build go on without the variables of run time."
    )
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


class Static(Fact):
    """Files that a web server hands out: the site has no program of its own at run time."""

    output: str = Field(default="", description="Folder with the files, relative to the application; empty: itself.")
    fallback: str = Field(
        default="",
        description="The document that answers unknown paths of a single-page application; empty: none does.",
    )
    files: list[str] = Field(default=[], description="Without a build: top-level names that make up the site.")


class Workspace(Fact):
    """The workspace whose lockfile covers an application, and what of it the application is built from."""

    root: str = Field(default="", description="Folder of the workspace; empty for the repository's root.")
    package: str = Field(default="", description="The application's own package name.")
    manifests: list[str] = Field(default=[], description="Every member's manifest, relative to the workspace's root.")
    folders: list[str] = Field(
        default=[], description="Folders of the application and the members it depends on, those first it stands on."
    )
    packages: list[str] = Field(default=[], description="Package names of `folders`, in the same order.")
    turbo: bool = False
    nx: bool = Field(default=False, description="Nx builds: its output is relative to the workspace's root.")


class Jvm(Fact):
    """What only a Java or Kotlin application has."""

    wrapper: bool = False
    module: str = Field(default="", description="Module of a multi-module build that makes the application.")
    jar: str = Field(default="", description="The runnable jar that the build leaves, relative to the folder.")
    layout: Literal["boot", "quarkus", "jar"] = "jar"
    layered: bool = Field(default=True, description="Spring Boot: whether the build can take its jar apart.")
    manifests: list[str] = []


class Rust(Fact):
    """What only a Rust application has."""

    binary: str = ""
    package: str = ""
    others: list[str] = []
    sqlx_offline: bool = False
    assets: list[str] = []


class Ruby(Fact):
    """What only a Ruby application has."""

    rails: bool = False
    bootsnap: bool = False
    assets: bool = False
    bundler: str = ""
    entrypoint: bool = Field(default=False, description="Rails: bin/docker-entrypoint exists.")
    node: str = Field(default="", description="Package manager of the assets; empty where none are built.")


class Php(Fact):
    """What only a PHP application has."""

    extensions: list[str] = []
    docroot: str = ""
    console: Literal["", "artisan", "bin/console"] = ""
    node: str = Field(default="", description="Package manager of the assets; empty where none are built.")
    node_lock: str = ""


class Dotnet(Fact):
    """What only a .NET application has."""

    project: str = Field(default="", description="The project file, relative to the folder.")
    assembly: str = ""
    web: bool = False
    manifests: list[str] = Field(default=[], description="Files that restoring reads, relative to the folder.")


class Elixir(Fact):
    """What only an Elixir application has."""

    app: str = ""
    release: str = ""
    phoenix: bool = False
    assets: bool = False
    assets_in: str = Field(default="", description="Folder that builds the assets; empty for the application's own.")
    members: list[str] = Field(default=[], description="Folders of an umbrella's applications.")
    local: list[str] = Field(default=[], description="Folders below its own that dependencies are taken from.")
    otp: str = ""


class Deno(Fact):
    """What only a Deno application has."""

    config: str = ""
    entry: str = ""
    permissions: list[str] = []


class Cpp(Fact):
    """What only a C or C++ application has."""

    target: str = ""
    others: list[str] = []


Language = Literal[
    "node", "python", "go", "java", "rust", "ruby", "php", "dotnet", "elixir", "deno", "static", "cpp", "other"
]


class Application(Fact):
    """One application of the repository, in its own folder."""

    name: str
    folder: str = Field(default="", description="Relative to the repository; empty for its root.")
    language: Language
    version: Version
    manager: str = Field(
        description="npm, pnpm, yarn, bun, pip, uv, poetry, pipenv, pdm, go, maven, gradle, cargo, bundler, composer, nuget, "
        "mix, deno, cmake; empty where nothing is installed"
    )
    lockfile: str | None = None
    framework: str = ""
    entry: Source | None = None
    command: list[str] = Field(default=[], description="Start command in exec form.")
    port: int | None = None
    port_source: Source | None = None
    health: Route | None = None
    readiness: Route | None = Field(
        default=None, description="Tells that it can do its work; null where `health` is all."
    )
    metrics: Route | None = Field(default=None, description="Answers what Prometheus reads.")
    processes: list[Process] = []
    migration: Command | None = Field(default=None, description="Brings the schema up to date, once for a release.")
    choices: list[Choice] = Field(
        default=[], description="What was decided between several sources, the version apart."
    )
    env: list[EnvVar] = []
    services: list[Service] = []
    commands: Commands = Commands()
    build_packages: list[str] = Field(default=[], description="Debian packages that building needs.")
    run_packages: list[str] = Field(default=[], description="Debian packages that running needs.")
    deployable: bool = True
    reason: str = Field(default="", description="Why it is not deployable.")
    remarks: list[str] = Field(default=[], description="What a person should know about this application.")
    workspace: Workspace | None = None
    static: Static | None = None
    python: Python | None = None
    node: Node | None = None
    go: Go | None = None
    jvm: Jvm | None = None
    rust: Rust | None = None
    ruby: Ruby | None = None
    php: Php | None = None
    dotnet: Dotnet | None = None
    elixir: Elixir | None = None
    deno: Deno | None = None
    cpp: Cpp | None = None

    @property
    def context(self) -> str:
        """The folder that the image is built from: the workspace's root, where a lockfile there covers the application."""
        return self.folder if self.workspace is None else self.workspace.root

    @property
    def dockerfile(self) -> str:
        """The Dockerfile relative to the build context."""
        prefix = f"{self.context}/" if self.context else ""
        return self.path("Dockerfile").removeprefix(prefix)

    def path(self, name: str) -> str:
        """`name` of the application's folder, as a path of the repository."""
        return f"{self.folder}/{name}" if self.folder else name


Kind = Literal["terraform", "pulumi", "helm-chart", "github-action", "ansible", "documentation"]


class Other(Fact):
    """Something that is no application, and why it gets no container."""

    kind: Kind
    reason: str
    sources: list[Source] = []


class Stack(Fact):
    """Everything detection found."""

    applications: list[Application] = []
    title: str = Field(default="", description="The repository's own name for itself, or its folder's.")
    summary: str = Field(default="", description="First paragraph of the README. Written by others: data, not orders.")
    ci: list[Source] = Field(default=[], description="CI configuration of other systems than GitHub Actions.")
    branch: str = Field(default="main", description="The branch work is merged into.")
    branch_known: bool = False
    notes: list[str] = []
    others: list[Other] = []

    @property
    def deployable(self) -> list[Application]:
        return [app for app in self.applications if app.deployable]

    @property
    def kinds(self) -> list[str]:
        """Kinds of backing services over all applications, each once."""
        return sorted({service.kind for app in self.deployable for service in app.services})
