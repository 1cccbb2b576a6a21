"""GitHub Actions: checks on every change, images built once and promoted, updates of what is pinned."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from boringops_tools.blueprints import backing, compose, kubernetes
from boringops_tools.blueprints.ci_setup import SETUPS
from boringops_tools.blueprints.cloud import delivery, terraform
from boringops_tools.blueprints.context import DEPLOY, DEPLOY_CLOUD, Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render
from boringops_tools.stack.environment import is_public
from boringops_tools.stack.facts import Application


def ci(context: Context) -> Iterator[DraftFile]:
    apps = [app for app in context.apps if app.manager in SETUPS]
    if context.other_ci or not apps or context.ci_path in context.tree:
        return
    yield DraftFile(
        path=context.ci_path,
        content=render(
            "ci.yml.j2",
            branch=context.stack.branch,
            jobs=[_job(app, context) for app in apps],
            compose=context.compose_path,
            images=[app for app in context.containers if app in apps],
            backings=backing.BACKINGS,
        ),
        why="Lint, tests and the image build on every pull request.",
    )


def release(context: Context) -> Iterator[DraftFile]:
    if context.other_ci or not context.containers or context.release_path in context.tree:
        return
    yield DraftFile(
        path=context.release_path,
        content=render(
            "release.yml.j2",
            branch=context.stack.branch,
            apps=context.containers,
            many=len(context.containers) > 1,
            deploys=DEPLOY if kubernetes.deploys(context) else DEPLOY_CLOUD if delivery.deploys(context) else "",
            copies=delivery.deploys(context),
        ),
        why="Each commit's image is built once, with an SBOM and provenance, and promoted to staging and production by digest.",
    )


def dependabot(context: Context) -> Iterator[DraftFile]:
    names = (
        ".github/dependabot.yml",
        ".github/dependabot.yaml",
        "renovate.json",
        ".github/renovate.json",
        ".renovaterc",
        "renovate.json5",
    )
    if context.other_ci or not context.apps or any(name in context.tree for name in names):
        return
    entries = {(_ECOSYSTEMS[app.manager], f"/{app.context}") for app in context.apps if app.manager in _ECOSYSTEMS}
    entries |= {("docker", f"/{app.folder}") for app in context.containers} | {("github-actions", "/")}
    if context.stack.kinds:
        entries.add(("docker-compose", "/"))
    entries |= terraform.updated(context)
    yield DraftFile(
        path=names[0],
        content=render("dependabot.yml.j2", entries=sorted(entries)),
        why="Keeps actions, base images and packages up to date; a new release waits a week before it is proposed.",
    )


_ECOSYSTEMS = {
    "npm": "npm", "pnpm": "npm", "yarn": "npm", "bun": "bun", "uv": "uv", "pip": "pip", "poetry": "pip", "pipenv": "pip",
    "pdm": "pip", "go": "gomod", "maven": "maven", "gradle": "gradle", "cargo": "cargo", "bundler": "bundler",
    "composer": "composer", "nuget": "nuget", "mix": "mix",
}  # fmt: skip
"""Dependabot's name for what each package manager keeps."""


def _job(app: Application, context: Context) -> dict[str, Any]:
    checks = [("Lint", command.run) for command in app.commands.lint]
    checks += [("Test", command.run) for command in app.commands.test]
    checks += [("Build", command.run) for command in app.commands.build]
    kinds = [service.kind for service in app.services] if app.commands.test and _composed(context) else []
    return {
        "app": app,
        "steps": SETUPS[app.manager](app, context),
        "checks": checks if app.commands.test else checks + _syntax(app),
        "tested": bool(app.commands.test),
        "environment": _environment(app, context, services=bool(kinds)),
        "kinds": kinds,
        "packages": app.build_packages if app.language in {"python", "rust", "cpp"} else [],
    }


def _composed(context: Context) -> bool:
    """Whether compose.yaml is one of ours, whose services the tests can be given."""
    text = context.tree.text(context.compose_path)
    return compose.MARK in text if text else "containers" in context.wants and bool(context.stack.deployable)


def _environment(app: Application, context: Context, *, services: bool) -> dict[str, str]:
    """Variables of the test job: what leads to the services, and a placeholder for what the code insists on."""
    reached = backing.values(app, ci=True) if services else {}
    placeholders = {
        variable.name
        for variable in app.env
        if variable.default is None
        and (variable.required or (variable.secret and app.framework == "django" and app.commands.test))
    }
    if services:  # Compose checks the whole file, whichever service is asked for
        values = [value or "" for other in context.stack.deployable for value in compose.environment(other).values()]
        values += [value for kind in context.stack.kinds for value in backing.BACKINGS[kind].environment.values()]
        placeholders |= {name for value in values for name in compose.insisted(value)}
    public = {variable.name: f"${{{{ vars.{variable.name} }}}}" for variable in app.env if is_public(variable.name)}
    return dict(sorted((dict.fromkeys(placeholders, backing.CI_VALUE) | reached | public).items()))


def _syntax(app: Application) -> list[tuple[str, str]]:
    """What can be checked of an application without tests."""
    if app.language == "python":
        run = {"uv": "uv run ", "poetry": "poetry run ", "pdm": "pdm run ", "pipenv": "pipenv run "}.get(
            app.manager, ""
        )
        return [("Compile every module", rf"{run}python -m compileall -q -x '\.venv|node_modules' .")]
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
        f"find . -name '*.{suffix}' -not -path './vendor/*' "
        f"-exec sh -c 'for file; do {command} \"$file\" || exit 1; done' sh {{}} +"
    )
