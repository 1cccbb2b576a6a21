"""Documents: the runbook, the README's section, and what the memory bank says of the infrastructure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from boringops_tools.blueprints import backing, compose, compose_merge, continuous, contract, diagram, kubernetes
from boringops_tools.blueprints.context import DEPLOYMENT, Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.operations import guides, recovery
from boringops_tools.blueprints.render import render
from boringops_tools.blueprints.sections import newline, upsert
from boringops_tools.blueprints.systems import SYSTEMS
from boringops_tools.stack.facts import Application

RUNBOOK = "docs/runbook.md"
_CLOUDS = ("ecs", "cloud-run", "container-apps")
"""Targets with a document of their own."""


def runbook(context: Context) -> Iterator[DraftFile]:
    more = guides.documents(context)
    listed = "\n".join(f"- [{path.rpartition('/')[2]}]({path.removeprefix('docs/')})" for path in more)
    if RUNBOOK in context.tree:
        if more:
            why = "Where the documents on operations are."
            yield from _section_of(context, RUNBOOK, "operations", "Operations", listed, "", why)
    elif context.containers:
        content = render("runbook.md.j2", **facts(context))
        yield DraftFile(
            path=RUNBOOK,
            content=upsert(content, "operations", "Operations", listed) if more else content,
            why="How to deploy, look, roll back and repair, with the architecture as a diagram.",
        )


def readme(context: Context) -> Iterator[DraftFile]:
    path = next((path for path in context.tree.files if re.fullmatch(r"readme\.md", path, re.IGNORECASE)), "README.md")
    if (
        path == "README.md"
        and path not in context.tree
        and any(re.fullmatch(r"readme(\.\w+)?", name, re.IGNORECASE) for name in context.tree.files)
    ):
        yield from _other_readme(context)
        return
    yield from _section(
        context,
        path,
        "deployment",
        "Deployment",
        "readme.md.j2",
        f"# {context.stack.title or 'Application'}\n",
        "How to run and to deploy it.",
    )


_HEADINGS = {"adoc": "== Deployment\n", "asciidoc": "== Deployment\n", "rst": "Deployment\n----------\n"}


def _other_readme(context: Context) -> Iterator[DraftFile]:
    """A README in another format gets a heading in its own syntax and the way to the documents, once."""
    for path in context.tree.top:
        match = re.fullmatch(r"readme\.(adoc|asciidoc|rst)", path, re.IGNORECASE)
        if match and not re.search(r"(?im)^(={2,5} )?deployment\b", context.tree.text(path)):
            before = (context.tree.root / path).read_bytes().decode("utf-8", errors="surrogateescape")
            told = (
                f"How to run and to deploy it: {RUNBOOK}." if context.containers else "Nothing here runs as a service."
            )
            section = f"\n{_HEADINGS[match[1].lower()]}\n{told}\n".replace("\n", newline(before))
            content = before.rstrip("\r\n") + newline(before) + section
            yield DraftFile(path=path, content=content, action="change", why="How to run and to deploy it.")
            return


def memory(context: Context) -> Iterator[DraftFile]:
    existing = {path.lower(): path for path in context.tree.files}
    for name, key, heading, template, why in (
        (
            "techContext.md",
            "infrastructure",
            "Infrastructure",
            "tech_context.md.j2",
            "What the infrastructure is made of.",
        ),
        (
            "systemPatterns.md",
            "deployment",
            "Deployment",
            "system_patterns.md.j2",
            "How a change gets to production, and back.",
        ),
    ):
        path = existing.get(f"memory-bank/{name}".lower(), f"memory-bank/{name}")
        title = "# Tech Context\n" if name.startswith("tech") else "# System Patterns\n"
        yield from _section(context, path, key, heading, template, title, why)


def _section(
    context: Context, path: str, key: str, heading: str, template: str, fresh: str, why: str
) -> Iterator[DraftFile]:
    yield from _section_of(context, path, key, heading, render(template, **facts(context)), fresh, why)


def _section_of(
    context: Context, path: str, key: str, heading: str, body: str, fresh: str, why: str
) -> Iterator[DraftFile]:
    exists = path in context.tree
    real = (context.tree.root / path).resolve()
    if exists and not real.is_relative_to(context.tree.root):
        return
    before = real.read_bytes().decode("utf-8", errors="surrogateescape") if exists else ""
    after = upsert(before or fresh, key, heading, body)
    if after != before:
        yield DraftFile(path=path, content=after, action="change" if exists else "create", why=why)


def facts(context: Context) -> dict[str, Any]:
    """What the documents speak of. Only what is the same before and after the draft was written."""
    apps = context.containers
    # Without an application that gets a container no Compose file is drafted; one that is there counts all the same.
    composes = context.compose_path in context.tree or bool(context.stack.deployable)
    has_compose = bool(apps) and composes and context.will_have(context.compose_path, "containers")
    told = context.told_pipelines
    github = bool(context.workflows) or context.on_github
    checks = [context.ci_path] if _on_github(context, context.ci_path) else []
    others = {each.path for each in context.checking if each.tests or each.lints} - {context.release_path}
    checks = sorted({*checks, *others})
    checks += [*told.values()] or ([] if github else [path for path in context.present_ci if path in context.tree])
    releases = (
        [context.release_path]
        if apps and _on_github(context, context.release_path) and _releases(context, context.release_path)
        else []
    )
    releases += [path for path in told.values() if apps and _releases(context, path) and _promotes(context, path)]
    return {
        "apps": context.apps,
        "containers": apps,
        "others": [app for app in context.apps if app not in apps],
        "kinds": context.stack.kinds,
        "images": {kind: backing.image(kind) for kind in context.stack.kinds},
        "many": len(apps) > 1,
        "branch": context.stack.branch,
        "docker": bool(apps) and all(context.will_have(app.path("Dockerfile"), "image") for app in apps),
        "compose": context.compose_path if has_compose else "",
        "profile": compose_merge.profile(context) if has_compose else "",
        "ci": "` and `".join(checks),
        "release": "` and `".join(releases),
        # Another's release workflow is named, but what it does is not ours to tell.
        "promotes": (promotes := all(_promotes(context, path) for path in releases)),
        "registry": " and ".join(
            (["ghcr.io"] if context.release_path in releases else [])
            + [system.registry for system in SYSTEMS if told.get(system.name) in releases]
        ),
        "rollbacks": _rollbacks(context, releases),
        "diagram": diagram.mermaid(context, promotes=bool(releases) and promotes),
        "contract": [entry for app in apps for entry in contract.of(context, app)],
        "recovery": recovery.agreed(context),
        "operations": guides.documents(context),
        "runbook": RUNBOOK if apps and context.will_have(RUNBOOK, "docs") else "",
        "env_files": {app.name: _example(context, app) for app in apps},
        "migrate": {app.name: migration(app) for app in apps if migration(app)},
        "kubernetes": kubernetes.places(context),
        "cloud_document": _deployment(context),
        "kubernetes_document": kubernetes.DOCUMENT if kubernetes.documented(context) else "",
        "secrets": sorted({entry.name for app in apps for entry in contract.of(context, app) if entry.secret}),
    }


def _deployment(context: Context) -> str:
    """The document on a deployment to a cloud; empty where there is none and none comes along."""
    comes = context.choices.target in _CLOUDS and bool(context.containers) and context.will_have(DEPLOYMENT, "deploy")
    return DEPLOYMENT if DEPLOYMENT in context.tree or comes else ""


def _releases(context: Context, path: str) -> bool:
    """Whether a pipeline that releases is there, or comes along: without an image there is nothing to release."""
    return path in context.tree or (bool(context.images) and context.will_have(path, "ci"))


def _on_github(context: Context, path: str) -> bool:
    """Whether a workflow is there, or is drafted: with another system asked for, none is."""
    return path in context.tree or (context.on_github and context.will_have(path, "ci"))


def _promotes(context: Context, path: str) -> bool:
    """Whether it is ours, by what it does; one that is not there yet will be."""
    text = context.tree.text(path)
    return not text or "docker buildx imagetools create" in text


_ROLLBACKS = {
    "GitLab CI": "In GitLab, run a pipeline by hand on the trunk with `ROLLBACK_DIGEST`, then start its job `rollback`.",
    "CircleCI": "In CircleCI, trigger a pipeline on the trunk with the parameter `rollback_digest`, then approve it.",
    "Jenkins": "In Jenkins, build the trunk with the parameter `ROLLBACK_DIGEST`, then approve it.",
    "Azure Pipelines": "In Azure Pipelines, run the pipeline on the trunk with the parameter `rollbackDigest`, then approve it.",
}
"""How to go back by the pipeline, where it is ours."""


def _rollbacks(context: Context, releases: list[str]) -> list[str]:
    found = [
        _ROLLBACKS[name]
        for name, path in context.told_pipelines.items()
        if path in releases and _promotes(context, path)
    ]
    path = continuous.ROLLBACK
    if (
        context.release_path in releases
        and _promotes(context, context.release_path)
        and continuous.has_rollback(context)
    ):
        found.insert(
            0, f"In GitHub, run the workflow `{path}` with the digest; the `production` environment approves it."
        )
    return found


def _example(context: Context, app: Application) -> str:
    from boringops_tools.stack import environment

    if not app.env and not app.services and not compose.has_production(context):
        return ""
    return environment.example_file(context.tree, app.folder) or app.path(".env.example")


def migration(app: Application) -> str:
    """The command that brings the database's schema up to date: a job of its own, never part of the start."""
    if app.migration is not None:
        return app.migration.run
    if app.framework == "django":
        return "python manage.py migrate --noinput"
    if app.node is not None and app.node.before_start:
        return " && ".join(app.node.before_start)
    return ""
