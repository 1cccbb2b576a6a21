"""Guides: what is decided and what is open about running the applications, one document for each part that is asked."""

# ruff: noqa: E501 - a row reads best on one line

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from boringops_tools.blueprints import contract
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.operations import evidence, monitoring, recovery
from boringops_tools.blueprints.operations.stores import stores
from boringops_tools.blueprints.render import render


@dataclass(frozen=True)
class Guide:
    part: str
    path: str
    why: str
    applies: Callable[[Context], bool]
    """Whether there is something to write down: what is asked about has to be there."""


def _infrastructure(context: Context) -> list[str]:
    """Files that describe infrastructure which can drift."""
    found = [path for path in context.tree.files if path.endswith((".tf", ".tofu"))]
    found += [
        path
        for path in context.tree.files
        if path.endswith((".yaml", ".yml", ".json")) and "AWSTemplateFormatVersion" in context.tree.text(path)
    ]
    return found


GUIDES: tuple[Guide, ...] = (
    Guide("logging", "docs/logging-and-health.md", "Structured logs and health routes, as changes for the developers to make.", lambda context: bool(context.containers)),
    Guide("rotation", "docs/secrets-rotation.md", "Each secret: how it is replaced without downtime, and when.", lambda context: bool(contract.secrets(context))),
    Guide("registry", "docs/registry.md", "Who may push, what is scanned, how long images stay.", lambda context: bool(context.containers)),
    Guide("cost", "docs/cost.md", "The budget, who is told, and where waste hides.", lambda context: context.choices.budget_usd is not None),
    Guide("drift", "docs/drift.md", "How drift is found, and what is done about it.", lambda context: bool(_infrastructure(context))),
    Guide("compliance", "docs/compliance.md", "Each control: what implements it, which evidence to collect, what is open.", lambda context: bool(context.choices.standards)),
    Guide("regions", "docs/multi-region.md", "Regions, replication, failover and its rehearsal.", lambda context: len(context.choices.regions) > 1),
    Guide("traffic", "docs/scaling.md", "Limits, scaling, and the load test that proves them.", lambda context: bool(context.containers)),
    Guide("migrations", "docs/migrations.md", "Schema changes that both versions of the code can live with.", lambda context: any(store.kind != "redis" for store in stores(context))),
    Guide("replacement", "docs/replacing-infrastructure.md", "The new beside the old, traffic in steps, and the way back.", lambda context: bool(context.containers)),
)  # fmt: skip


def files(context: Context) -> Iterator[DraftFile]:
    values: dict[str, Any] = {}
    for guide in GUIDES:
        if guide.part in context.parts and guide.path not in context.tree and guide.applies(context):
            values = values or _facts(context)
            name = guide.path.rpartition("/")[2]
            yield DraftFile(path=guide.path, content=render(f"operations/{name}.j2", **values), why=guide.why)


def documents(context: Context) -> list[str]:
    """Documents on operations that are there or come along, for the runbook to point to."""
    paths = [monitoring.GUIDE, recovery.PLAN, *(guide.path for guide in GUIDES)]
    asked = {guide.path: guide for guide in GUIDES}
    coming = {
        path
        for path in paths
        if (guide := asked.get(path)) and guide.part in context.parts and guide.applies(context)
        if context.planned is None or path in context.planned
    }
    if "monitoring" in context.parts and monitoring.watched(context):
        coming.add(monitoring.GUIDE)
    if recovery.agreed(context):
        coming.add(recovery.PLAN)
    return [path for path in paths if path in context.tree or path in coming]


def _facts(context: Context) -> dict[str, Any]:
    """What the guides speak of."""
    said = context.choices
    return {
        "apps": context.containers,
        "secrets": contract.secrets(context),
        "target": said.target,
        "strategy": said.strategy or "blue-green",
        "strategy_said": said.strategy is not None,
        "budget": said.budget_usd,
        "regions": said.regions,
        "data": [store for store in stores(context) if store.kind != "rabbitmq"],
        "release": context.releases,
        "infrastructure": _infrastructure(context),
        "terraform": sorted({path.rpartition("/")[0] or "." for path in _infrastructure(context) if path.endswith((".tf", ".tofu"))}),
        "controls": {standard: evidence.controls(context, standard) for standard in said.standards},
        "numbers": [found.strip() for found in re.findall(r"[^.;,\n]*\d[\d,.]*\s*(?:requests?|users?|rps|req/s)[^.;,\n]*", context.task, re.IGNORECASE)],
        "migrate": {app.name: app.migration.run for app in context.containers if app.migration},
    }  # fmt: skip
