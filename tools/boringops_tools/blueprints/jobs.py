"""What a CI job needs, whichever system runs it: an image with the language, commands, caches, services, variables.

GitHub sets languages up by actions (`ci_setup`); the other systems run the same commands in an image of the same table.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

from boringops_tools.blueprints import backing, contract, pins, support
from boringops_tools.blueprints.ci_setup import SETUPS
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.render import wait
from boringops_tools.stack.facts import Application
from boringops_tools.stack.tree import join

Check = tuple[str, str]
"""What a step is called, and its command in the application's folder."""


@dataclass(frozen=True)
class Sidecar:
    """A service beside the tests. `environment` opens nothing: its secrets are placeholders."""

    kind: str
    image: str
    port: int
    environment: dict[str, str]

    @property
    def arguments(self) -> str:
        """The environment as options of `docker run`."""
        return " ".join(f"--env {name}={shlex.quote(value)}" for name, value in self.environment.items())


@dataclass(frozen=True)
class Job:
    """The checks of one application, in an image."""

    app: Application
    image: str
    install: list[str]
    """Shell lines from the repository's root, run as root, that end with every dependency in its place."""
    checks: list[Check]
    tested: bool
    images: list[str] = field(default_factory=list)
    """One for each version that a package supports; empty for what is deployed, which runs on one."""
    services: list[Sidecar] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    caches: dict[str, str] = field(default_factory=dict)
    """Variables that lead package managers to their cache, as folders relative to the repository's root."""
    keys: list[str] = field(default_factory=list)
    """Files whose content decides whether a cache is still right."""
    watched: list[str] = field(default_factory=list)
    """What a change has to touch to concern the application; empty: anything."""
    public: list[str] = field(default_factory=list)
    """Variables that are written into the bundle; a person sets them in the CI system."""

    @property
    def lacks_git(self) -> bool:
        """Whether the image has no git, which some systems check out with."""
        return not re.match(r"(node|python|golang|ruby|rust|elixir|gcc):", self.image)

    @property
    def waits(self) -> list[str]:
        """Lines that wait for the services, under their kinds as names."""
        return [wait(service.kind, service.port) for service in self.services]

    @property
    def script(self) -> list[str]:
        """All commands from the repository's root, one after the other."""
        return [*self.install, *self.in_folder([command for _, command in self.checks])]

    def in_folder(self, commands: list[str]) -> list[str]:
        return commands if not self.app.folder or not commands else [f"cd {shlex.quote(self.app.folder)}", *commands]


def jobs(context: Context, *, host: str = "") -> list[Job]:
    """The job of every application that can be checked. `host` is where services answer; empty: by their kind's name."""
    return [_job(app, context, host) for app in context.apps if app.manager in SETUPS]


def checks(app: Application) -> list[Check]:
    """Lint, test and build as the repository has them; where it has no tests, what can be said without any."""
    found = [("Lint", command.run) for command in app.commands.lint]
    found += [("Test", command.run) for command in app.commands.test]
    found += [("Build", command.run) for command in app.commands.build]
    return found if app.commands.test else found + syntax(app)


def placeholders(app: Application) -> set[str]:
    """Variables that the code insists on, and for which a test needs some value."""
    return {
        variable.name
        for variable in app.env
        if variable.default is None
        and not variable.deployed
        and (variable.required or (variable.secret and app.framework == "django" and app.commands.test))
    }


def _job(app: Application, context: Context, host: str) -> Job:
    services = [sidecar(service.kind) for service in app.services] if app.commands.test else []
    reached = backing.values(app, ci=True, host=host or None) if services else {}
    values = dict(sorted((dict.fromkeys(placeholders(app), backing.CI_VALUE) | reached).items()))
    if app.manager == "uv":
        values["UV_PYTHON"] = "/usr/local/bin/python"  # the image's, whatever .python-version says
    public = contract.built(app)
    folder = f"{app.folder}/" if app.folder else ""
    return Job(
        app=app,
        image=image(app),
        install=_install(app, context),
        checks=checks(app),
        tested=bool(app.commands.test),
        images=[pins.pinned(pins.full(pins.tagged(app.language, each))) for each in support.versions(app, context)],
        services=services,
        environment={name: value for name, value in values.items() if name not in public},
        caches={name: f".cache/{folder_name}" for name, folder_name in CACHES.get(app.manager, {}).items()},
        keys=_keys(app),
        watched=[f"{folder}**/*"] if app.folder and app.workspace is None else [],
        public=public,
    )


def sidecar(kind: str) -> Sidecar:
    """A backing service for tests, which knows one password that opens nothing."""
    facts = backing.BACKINGS[kind]
    values = {name: re.sub(r"\$\{\w+:\?[^}]*\}", backing.CI_VALUE, value) for name, value in facts.environment.items()}
    return Sidecar(kind, backing.image(kind), facts.port, values)


def _keys(app: Application) -> list[str]:
    if app.lockfile:
        return [join(app.context, app.lockfile)]
    if app.python and app.python.requirements:
        return [app.path(name) for name in app.python.requirements][:2]
    manifests = {"maven": "pom.xml", "go": "go.sum", "gradle": "build.gradle.kts", "cargo": "Cargo.toml"}
    return [app.path(manifests[app.manager])] if app.manager in manifests else []


CACHES: dict[str, dict[str, str]] = {
    "npm": {"npm_config_cache": "npm"},
    "pnpm": {"npm_config_store_dir": "pnpm"},
    "yarn": {"YARN_CACHE_FOLDER": "yarn"},
    "bun": {"BUN_INSTALL_CACHE_DIR": "bun"},
    "pip": {"PIP_CACHE_DIR": "pip"},
    "uv": {"UV_CACHE_DIR": "uv"},
    "poetry": {"POETRY_CACHE_DIR": "poetry", "PIP_CACHE_DIR": "pip"},
    "pdm": {"PDM_CACHE_DIR": "pdm", "PIP_CACHE_DIR": "pip"},
    "pipenv": {"PIPENV_CACHE_DIR": "pipenv", "PIP_CACHE_DIR": "pip"},
    "go": {"GOMODCACHE": "go-mod", "GOCACHE": "go-build"},
    "gradle": {"GRADLE_USER_HOME": "gradle"},
    "cargo": {"CARGO_HOME": "cargo"},
    "bundler": {"BUNDLE_PATH": "bundle"},
    "composer": {"COMPOSER_CACHE_DIR": "composer"},
    "nuget": {"NUGET_PACKAGES": "nuget"},
    "deno": {"DENO_DIR": "deno"},
}
"""Every package manager's own variable for its cache."""


def image(app: Application) -> str:
    """The image of the language, in its full form: it brings git and a compiler along."""
    version = app.version.value
    if app.manager == "bun":
        wanted = version if app.node and app.node.runtime == "bun" else pins.images("bun")[0].version
        return pins.pinned(pins.full(pins.tagged("bun", wanted)))
    if app.node and app.node.runtime == "bun":
        return pins.pinned(pins.full(pins.tagged("node", pins.images("node")[0].version)))
    if app.manager in {"maven", "gradle"} and not (app.jvm and app.jvm.wrapper):
        return pins.base(app.manager, version)
    if app.language == "static":
        return pins.base("debian")
    return pins.pinned(pins.full(pins.tagged(app.language, version)))


def _install(app: Application, context: Context) -> list[str]:
    """The lines of GitHub's steps, without its actions, and what those actions do."""
    packages = list(app.build_packages) if app.language in {"python", "rust", "cpp", "ruby"} else []
    if app.language == "cpp":
        packages += ["cmake"]
    if app.language in {"java", "dotnet", "deno"} or app.manager == "bun":
        packages += ["git"]
    if any(command.run.startswith("make ") for command in [*app.commands.lint, *app.commands.test]):
        packages += ["make"]
    lines = []
    if packages:
        names = " ".join(dict.fromkeys(packages))
        lines.append(f"apt-get update && apt-get install -y --no-install-recommends {names}")
    lines += _tools(app)
    here = ""
    for step in SETUPS[app.manager](app, context):
        if "run" not in step:
            continue
        folder = app.context if step.get("root") else app.folder
        commands = list(step["run"])
        if folder != here:
            back = "/".join([".."] * len(here.split("/"))) if here else ""
            commands.insert(0, f"cd {shlex.quote(join(back, folder) if folder else back or '.')}")
            here = folder
        lines += commands
    lines += _after(app, here)
    return [*lines, f"cd {'/'.join(['..'] * len(here.split('/')))}"] if here else lines


def _tools(app: Application) -> list[str]:
    """What the image lacks of the package manager."""
    if app.manager == "uv":
        return [f"python -m pip install uv=={pins.tag('uv')}"]
    if app.manager == "composer":
        wanted = [f"@composer-{pins.tag('composer')}", *(app.php.extensions if app.php else [])]
        return [f"install-php-extensions {' '.join(wanted)}"]
    if app.manager == "mix":
        return ["mix local.hex --force", "mix local.rebar --force"]
    return []


def _after(app: Application, here: str) -> list[str]:
    """What GitHub's action does that installs gems."""
    if app.manager != "bundler":
        return []
    frozen = ["bundle config set frozen true"] if app.lockfile else []
    enter = [f"cd {shlex.quote(app.folder)}"] if app.folder != here else []
    leave = [f"cd {'/'.join(['..'] * len(app.folder.split('/')))}"] if enter else []
    return [*enter, *frozen, "bundle install --jobs 4 --retry 2", *leave]


def syntax(app: Application) -> list[tuple[str, str]]:
    """What can be checked of an application without tests."""
    if app.language == "python":
        run = {"uv": "uv run ", "poetry": "poetry run ", "pdm": "pdm run ", "pipenv": "pipenv run "}.get(
            app.manager, ""
        )
        return [("Compile every module", rf"{run}python -m compileall -q -x '\.venv|\.cache|node_modules' .")]
    if (
        app.language == "node"
        and not app.commands.build
        and app.entry
        and app.command[:1] == ["node"]
        and app.command[-1].endswith("js")
    ):
        return [("Check the entry point's syntax", f"node --check {shlex.quote(app.command[-1])}")]
    if app.language == "php":
        return [("Check every file's syntax", _each("php", "php -l"))]
    if app.language == "ruby":
        return [("Check every file's syntax", _each("rb", "ruby -c"))]
    if app.language == "deno" and app.deno and app.deno.entry:
        return [("Check the types", f"deno check {shlex.quote(app.deno.entry)}")]
    if app.language == "elixir":
        return [("Compile", "mix compile")]
    if app.language == "static":
        return [
            ("See that there is a first page", f"test -s {shlex.quote(app.entry.path if app.entry else 'index.html')}")
        ]
    return []


def _each(suffix: str, command: str) -> str:
    """The command on every file of the suffix, one by one; the first that fails fails it all."""
    return (
        f"find . -name '*.{suffix}' -not -path './vendor/*' -not -path './.*' "
        f"-exec sh -c 'for file; do {command} \"$file\" || exit 1; done' sh {{}} +"
    )
