"""Documents: the runbook, the README's section, and what the memory bank says of the infrastructure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from boringops_tools.blueprints import backing, compose, contract, diagram
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.operations import guides, recovery
from boringops_tools.blueprints.render import render
from boringops_tools.blueprints.sections import newline, upsert
from boringops_tools.stack.facts import Application

RUNBOOK = "docs/runbook.md"


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
    release = bool(apps) and not context.other_ci and context.will_have(context.release_path, "ci")
    ci = not context.other_ci and context.will_have(context.ci_path, "ci")
    return {
        "apps": context.apps,
        "containers": apps,
        "others": [app for app in context.apps if app not in apps],
        "kinds": context.stack.kinds,
        "images": {kind: backing.image(kind) for kind in context.stack.kinds},
        "many": len(apps) > 1,
        "branch": context.stack.branch,
        "docker": bool(apps) and all(context.will_have(app.path("Dockerfile"), "containers") for app in apps),
        "compose": context.compose_path if has_compose else "",
        "ci": context.ci_path if ci else context.other_ci,
        "release": context.release_path if release else "",
        # Another's release workflow is named, but what it does is not ours to tell.
        "promotes": (promotes := not (text := context.tree.text(context.release_path)) or "imagetools create" in text),
        "diagram": diagram.mermaid(context, promotes=release and promotes),
        "contract": [entry for app in apps for entry in contract.of(app)],
        "recovery": recovery.agreed(context),
        "operations": guides.documents(context),
        "runbook": RUNBOOK if apps and context.will_have(RUNBOOK, "docs") else "",
        "env_files": {app.name: _example(context, app) for app in apps},
        "migrate": {app.name: migration(app) for app in apps if migration(app)},
        "secrets": sorted({variable.name for app in apps for variable in app.env if variable.secret}),
    }


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
