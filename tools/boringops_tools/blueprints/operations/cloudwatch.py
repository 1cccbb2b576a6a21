"""Alarms and budgets of AWS, in files of their own: beside whatever provisions the rest, in Terraform or CloudFormation."""

from __future__ import annotations

from collections.abc import Iterator

from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render

FOLDER = "monitoring/cloudwatch"
BUDGET = "monitoring/budget"


def alarms(context: Context) -> Iterator[DraftFile]:
    """Where the target is AWS, or CloudWatch is named."""
    wanted = "monitoring" in context.parts and (context.choices.target == "ecs" or "cloudwatch" in context.task.lower())
    if wanted and context.containers:
        data = [kind for kind in context.stack.kinds if kind in ("postgres", "mysql")]
        yield from _files(
            context,
            FOLDER,
            "alarms",
            "Alarms on the load balancer, the service and the database.",
            {"data": bool(data)},
        )


def budget(context: Context) -> Iterator[DraftFile]:
    """Where an amount was said and the target is AWS; elsewhere the guide says how."""
    said = context.choices.budget_usd
    if "cost" in context.parts and context.choices.target == "ecs" and said is not None:
        yield from _files(
            context,
            BUDGET,
            "budget",
            "Mail at 50, 80 and 100 % of the budget, and when the forecast passes it.",
            {"amount": f"{said:g}"},
        )


def _files(context: Context, folder: str, name: str, why: str, values: dict[str, object]) -> Iterator[DraftFile]:
    form = "yaml" if context.choices.tool == "cloudformation" else "tf"
    path = f"{folder}/{'template.yaml' if form == 'yaml' else 'main.tf'}"
    if path not in context.tree:
        yield DraftFile(path=path, content=render(f"operations/{name}.{form}.j2", **values), why=why)
