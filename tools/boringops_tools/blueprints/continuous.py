"""GitHub Actions: checks on every change, images built once and promoted, updates of what is pinned."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

from boringops_tools.blueprints import (
    backing,
    compose,
    compose_health,
    compose_merge,
    contract,
    jobs,
    kubernetes,
    pins,
    support,
)
from boringops_tools.blueprints.ci_setup import SETUPS, Step
from boringops_tools.blueprints.cloud import delivery
from boringops_tools.blueprints.context import DEPLOY, DEPLOY_CLOUD, Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render
from boringops_tools.stack.facts import Application

ROLLBACK = ".github/workflows/rollback.yml"
PUBLISH = ".github/workflows/publish.yml"


def ci(context: Context) -> Iterator[DraftFile]:
    apps = [app for app in context.apps if app.manager in SETUPS]
    if not context.on_github or not apps or context.ci_path in context.tree:
        return
    others = [each.path for each in context.checking]
    linted = any(each.lints for each in context.checking)
    drawn = [_job(app, context, linted=linted) for app in apps]
    name = context.ci_path.rpartition("/")[2].removesuffix(".yml")
    yield DraftFile(
        path=context.ci_path,
        content=render(
            "ci.yml.j2",
            name=name,
            branch=context.stack.branch,
            jobs=drawn,
            apart=len(drawn) > 1 and any(job["watched"] for job in drawn),
            compose=context.compose_path,
            images=[app for app in context.images if app in apps],
            backings=backing.BACKINGS,
        ),
        why=f"Tests and the image build on every pull request, which nothing of {', '.join(others)} does. They stay as they are."
        if others
        else "Lint, tests and the image build on every pull request.",
    )


def release(context: Context) -> Iterator[DraftFile]:
    if not context.on_github or not context.images or context.release_path in context.tree:
        return
    yield DraftFile(
        path=context.release_path,
        content=render(
            "release.yml.j2",
            branch=context.stack.branch,
            apps=context.images,
            many=len(context.images) > 1,
            deploys=DEPLOY if kubernetes.deploys(context) else DEPLOY_CLOUD if delivery.deploys(context) else "",
            copies=delivery.deploys(context),
        ),
        why="Each commit's image is built once, with an SBOM and provenance, and promoted to staging and production by digest.",
    )


def rollback(context: Context) -> Iterator[DraftFile]:
    """Only beside a release of ours, whose tags it moves; a pipeline that deploys has its own way back."""
    text = context.tree.text(context.release_path)
    ours = not text or "docker buildx imagetools create" in text
    wanted = context.on_github and bool(context.images) and ours and not _deploys(context)
    if wanted and ROLLBACK not in context.tree and context.will_have(context.release_path, "ci"):
        yield DraftFile(
            path=ROLLBACK,
            content=render("rollback.yml.j2", apps=context.images, many=len(context.images) > 1),
            why="Production back to an image that was built before, by its digest, with the environment's approval.",
        )


def has_rollback(context: Context) -> bool:
    """Whether the rollback workflow is there or comes along."""
    comes = context.on_github and not _deploys(context) and context.will_have(ROLLBACK, "ci")
    return ROLLBACK in context.tree or comes


def _deploys(context: Context) -> bool:
    return kubernetes.deploys(context) or delivery.deploys(context)


def publish(context: Context) -> Iterator[DraftFile]:
    """Packages go to their registry by trusted publishing: no token is kept anywhere."""
    published = [
        path
        for path in context.workflows
        if re.search(r"npm publish|pypi-publish|twine upload|uv publish|semantic-release", context.tree.text(path))
    ]
    packages = support.packages(context)
    if not context.on_github or not packages or published or PUBLISH in context.tree:
        return
    yield DraftFile(
        path=PUBLISH,
        content=render(
            "publish.yml.j2",
            packages=packages,
            build=pins.package("build"),
            setups={app.name: SETUPS[app.manager](app, context) for app in packages},
        ),
        why="A tag v* publishes the package by OpenID Connect, without a token, after an approval.",
    )


def _job(app: Application, context: Context, *, linted: bool) -> dict[str, Any]:
    """`linted`: a workflow of people's own lints already."""
    needed = [service.kind for service in app.services] if app.commands.test else []
    kinds = needed if _composed(context) else []
    versions = support.versions(app, context)
    steps = SETUPS[app.manager](app, context)
    if versions:
        steps = [_varied(step) for step in steps]
    return {
        "app": app,
        "steps": steps,
        "versions": versions,
        "watched": shlex.quote(app.folder) if app.folder and app.workspace is None else "",
        "checks": [check for check in jobs.checks(app) if not linted or check[0] != "Lint"],
        "tested": bool(app.commands.test),
        "environment": _environment(app, context, services=bool(needed), composed=bool(kinds))
        # uv takes the version of .python-version otherwise.
        | ({"UV_PYTHON": "${{ matrix.version }}"} if versions and app.manager == "uv" else {}),
        "kinds": kinds,
        "keys": dict.fromkeys(sorted(_keys(context)), backing.CI_VALUE) if kinds else {},
        "sidecars": [_sidecar(kind, context) for kind in needed if not kinds],
        "packages": app.build_packages if app.language in {"python", "rust", "cpp"} else [],
    }


_VERSIONS = {"node-version", "python-version", "ruby-version", "php-version"}


def _varied(step: Step) -> Step:
    """The step with the matrix's version instead of the one."""
    if "with" not in step:
        return step
    return step | {
        "with": {key: "${{ matrix.version }}" if key in _VERSIONS else value for key, value in step["with"].items()}
    }


def _composed(context: Context) -> bool:
    """Whether compose.yaml is one of ours, whose services the tests can be given."""
    text = context.tree.text(context.compose_path)
    return compose.OURS in text if text else "containers" in context.wants and bool(context.stack.deployable)


def _keys(context: Context) -> set[str]:
    """What Compose's file insists on and no test may be given: a framework would take it for the key of production."""
    return {
        variable.name
        for app in context.stack.deployable
        for variable in app.env
        if variable.deployed
        and any(variable.name in compose.insisted(value or "") for value in compose.environment(context, app).values())
    }


def _sidecar(kind: str, context: Context) -> dict[str, Any]:
    """A service for the tests where no Compose file of ours has it, in the version that people's own Compose file states."""
    made = jobs.sidecar(kind)
    theirs = compose_merge.images(context).get(kind, "")
    asked = compose_health.of_image(theirs)
    image = theirs if asked else made.image
    asked = asked or compose_health.of_image(made.image)
    line = re.sub(r"\$\$\{(\w+):-(\w+)\}", lambda found: made.environment.get(found[1], found[2]), asked)
    return {"kind": kind, "image": image, "port": made.port, "arguments": made.arguments, "health": shlex.quote(line)}


def _environment(app: Application, context: Context, *, services: bool, composed: bool) -> dict[str, str]:
    """Variables of the test job: what leads to the services, and a placeholder for what the code insists on."""
    reached = backing.values(app, ci=True) if services else {}
    placeholders = jobs.placeholders(app)
    if composed:  # Compose checks the whole file, whichever service is asked for
        values = [
            value or "" for other in context.stack.deployable for value in compose.environment(context, other).values()
        ]
        values += [value for kind in context.stack.kinds for value in backing.BACKINGS[kind].environment.values()]
        placeholders |= {name for value in values for name in compose.insisted(value)} - _keys(context)
    public = {name: f"${{{{ vars.{name} }}}}" for name in contract.built(app)}
    return dict(sorted((dict.fromkeys(placeholders, backing.CI_VALUE) | reached | public).items()))
