"""CloudFormation for ECS: one template, a stack for each environment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.blueprints.cloud import terraform
from boringops_tools.blueprints.cloud.workload import CLOUDS, Workload, workloads
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render

_ADDRESSES = {
    "module.database.address": "!GetAtt Database.Endpoint.Address",
    "module.cache.address": "!GetAtt Cache.PrimaryEndPoint.Address",
}


def chosen(context: Context) -> bool:
    return context.choices.tool == "cloudformation" and CLOUDS.get(context.choices.target or "") == "aws"


def files(context: Context) -> Iterator[DraftFile]:
    path = f"{terraform.place(context)}/service.yaml"
    if not chosen(context) or not workloads(context) or path in context.tree:
        return
    told = terraform.facts(context)
    yield DraftFile(
        path=path,
        content=render(
            "cloud/service.yaml.j2",
            **told,
            cfn=logical,
            extra={work.name: _extra(work) for work in told["works"]},
            values={work.name: _values(work) for work in told["works"]},
            secrets=any(work.secrets for work in told["works"]),
        ),
        why="Network, services, data and alarms on AWS, as one template with parameters for each environment.",
    )


def logical(name: str) -> str:
    """A logical id: letters and digits alone."""
    return "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", name.lower()))


def _extra(work: Workload) -> list[tuple[str, list[str], bool]]:
    """Further task definitions of the same image: jobs and workers."""
    jobs = [(name, command, False) for name, command in work.jobs.items()]
    workers = [
        (part.name.removeprefix(f"{work.name[:15]}-"), part.command, False) for part in work.parts if not part.served
    ]
    return [*jobs, *workers]


def _values(work: Workload) -> dict[str, str]:
    """What the infrastructure knows, as YAML of the template."""
    return {name: _value(expression) for name, expression in work.fixed.items()}


def _value(expression: str) -> str:
    if expression in _ADDRESSES:
        return _ADDRESSES[expression]
    return (
        '!Sub "' + expression.strip('"').replace("module.cache.address", "Cache.PrimaryEndPoint.Address") + '"'
        if "${" in expression
        else expression
    )
