"""Pipelines of GitLab CI, CircleCI, Jenkins and Azure Pipelines: one file each, from the same jobs.

Test and lint every change; build the image once on the trunk; staging gets it at once, production by tag and approval;
back by digest."""

from __future__ import annotations

from collections.abc import Iterator

from boringops_tools.blueprints import delivery, deploying, pins
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.jobs import Job, jobs
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render
from boringops_tools.blueprints.systems import System

_HOSTS = {"CircleCI": "127.0.0.1", "Azure Pipelines": "127.0.0.1"}
"""Where services answer; elsewhere each has its kind as its name."""


def files(context: Context) -> Iterator[DraftFile]:
    for system in context.pipelines:
        made = jobs(context, host=_HOSTS.get(system.name, ""))
        if made and not system.path_in(context.tree):
            yield DraftFile(path=system.paths[0], content=_pipeline(system, context, made), why=_why(context))


def _pipeline(system: System, context: Context, made: list[Job]) -> str:
    images = context.images
    return render(
        system.template,
        jobs=made,
        images=images,
        many=len(images) > 1,
        branch=context.stack.branch,
        delivery=delivery,
        docker_cli=pins.base("docker-cli"),
        docker_dind=pins.base("docker-dind"),
        kinds={service.kind: service for job in made for service in job.services},
        identifier=identifier,
        target=deploying.of(context),
    )


def identifier(name: str) -> str:
    """A name of letters, digits and underscores, as some systems want for jobs."""
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def _why(context: Context) -> str:
    if not context.images:
        return "Lint and tests on every change."
    return (
        "Lint and tests on every change; images built once and promoted to staging and production by digest; rollback."
    )
