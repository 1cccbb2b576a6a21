"""GitHub Actions: checks on every change, images built once and promoted, updates of what is pinned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from boringops_tools.blueprints import backing, compose, jobs
from boringops_tools.blueprints.ci_setup import SETUPS
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render
from boringops_tools.stack.environment import is_public
from boringops_tools.stack.facts import Application


ROLLBACK = ".github/workflows/rollback.yml"


def ci(context: Context) -> Iterator[DraftFile]:
    apps = [app for app in context.apps if app.manager in SETUPS]
    if not context.on_github or not apps or context.ci_path in context.tree:
        return
    yield DraftFile(
        path=context.ci_path,
        content=render(
            "ci.yml.j2",
            branch=context.stack.branch,
            jobs=[_job(app, context) for app in apps],
            compose=context.compose_path,
            images=[app for app in context.images if app in apps],
            backings=backing.BACKINGS,
        ),
        why="Lint, tests and the image build on every pull request.",
    )


def release(context: Context) -> Iterator[DraftFile]:
    if not context.on_github or not context.images or context.release_path in context.tree:
        return
    yield DraftFile(
        path=context.release_path,
        content=render(
            "release.yml.j2", branch=context.stack.branch, apps=context.images, many=len(context.images) > 1
        ),
        why="Each commit's image is built once, with an SBOM and provenance, and promoted to staging and production by digest.",
    )


def _job(app: Application, context: Context) -> dict[str, Any]:
    kinds = [service.kind for service in app.services] if app.commands.test and _composed(context) else []
    return {
        "app": app,
        "steps": SETUPS[app.manager](app, context),
        "checks": jobs.checks(app),
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
    placeholders = jobs.placeholders(app)
    if services:  # Compose checks the whole file, whichever service is asked for
        values = [value or "" for other in context.stack.deployable for value in compose.environment(other).values()]
        values += [value for kind in context.stack.kinds for value in backing.BACKINGS[kind].environment.values()]
        placeholders |= {name for value in values for name in compose.insisted(value)}
    public = {variable.name: f"${{{{ vars.{variable.name} }}}}" for variable in app.env if is_public(variable.name)}
    return dict(sorted((dict.fromkeys(placeholders, backing.CI_VALUE) | reached | public).items()))
