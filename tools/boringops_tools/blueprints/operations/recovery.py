"""Disaster recovery: the plan for the RTO and RPO that people gave, with scripts that back up and restore."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.operations import copies, cronjobs, machine
from boringops_tools.blueprints.operations.stores import stores
from boringops_tools.blueprints.render import render

PLAN = "docs/disaster-recovery.md"
FOLDER = cronjobs.FOLDER
HOUR, DAY = 60.0, 1440.0


@dataclass(frozen=True)
class Design:
    """How data comes back. `every` is the minutes between backups."""

    name: Literal["replication", "restore", "daily"]
    title: str
    every: int
    keep_days: int

    @property
    def cron(self) -> str:
        """When, as cron has it; minutes apart from the full hour, which everybody else takes."""
        if self.every >= DAY:
            return "17 2 * * *"
        return f"*/{self.every} * * * *" if self.every < HOUR else f"7 */{int(self.every // HOUR)} * * *"


def design(rto_minutes: float, rpo_minutes: float) -> Design:
    """The least that meets both objectives, by the persona's table: under 1 hour or under 15 minutes needs a copy that
    is already running elsewhere; up to 4 hours or 1 hour, frequent backups and a restore script; beyond, daily backups.

    Backups run twice as often as the RPO: one may fail without breaking it."""
    if rto_minutes < HOUR or rpo_minutes < 15:
        return Design("replication", "Replication to a second region, and backups", 60, 35)
    if rto_minutes <= 4 * HOUR or rpo_minutes <= HOUR:
        return Design("restore", "Automated backups and restore scripts", _often(rpo_minutes), 35)
    return Design("daily", "Daily backups", int(DAY) if rpo_minutes >= DAY else _often(rpo_minutes), 35)


def _often(rpo_minutes: float) -> int:
    """The longest interval that cron can say evenly, within half the RPO."""
    even = (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720)
    return max((minutes for minutes in even if minutes <= rpo_minutes / 2), default=5)


def span(minutes: float) -> str:
    """A duration as people say it: `4 hours`, `15 minutes`, `none` for zero."""
    if minutes <= 0:
        return "0 minutes"
    for size, unit in ((DAY, "day"), (HOUR, "hour"), (1.0, "minute")):
        if minutes >= size and (minutes / size).is_integer() and not (unit == "day" and minutes == DAY):
            number = int(minutes / size)
            return f"{number} {unit}{'s' * (number != 1)}"
    return f"{minutes:g} minutes"


def files(context: Context) -> Iterator[DraftFile]:
    said = context.choices
    if "recovery" not in context.parts or said.rto_minutes is None or said.rpo_minutes is None:
        return
    data = stores(context)
    if not data and not context.containers:
        return  # nothing here keeps data or runs
    chosen = design(said.rto_minutes, said.rpo_minutes)
    for store in (store for store in data if store.scripted):
        for verb in ("backup", "restore"):
            path = f"{FOLDER}/{verb}-{store.kind}.sh"
            if path not in context.tree:
                content = render(f"operations/{verb}-{store.kind}.sh.j2", store=store, design=chosen, folder=FOLDER)
                yield DraftFile(
                    path=path, content=content, why=f"{verb.capitalize()} of {store.title}, checked by itself."
                )
    if any(store.kind == "postgres" for store in data):
        path = f"{FOLDER}/rehearse-postgres.sh"
        if path not in context.tree:
            content = render("operations/rehearse-postgres.sh.j2")
            yield DraftFile(path=path, content=content, why="Proves that a backup comes back, in a server of its own.")
    yield from copies.files(context)
    yield from machine.files(context, chosen.every)
    yield from cronjobs.files(context, chosen.every, chosen.cron, said.rpo_minutes)
    if PLAN not in context.tree:
        yield DraftFile(
            path=PLAN,
            content=render("operations/disaster-recovery.md.j2", **_facts(context, chosen)),
            why=f"RTO {span(said.rto_minutes)}, RPO {span(said.rpo_minutes)}: what is kept, how it comes back, how it is rehearsed.",
        )


def agreed(context: Context) -> dict[str, str] | None:
    """The objectives and where the plan is, for documents that point to it; None where none is drafted now."""
    said = context.choices
    if "recovery" not in context.parts or said.rto_minutes is None or said.rpo_minutes is None:
        return None
    if not context.containers and not stores(context):
        return None
    return {"rto": span(said.rto_minutes), "rpo": span(said.rpo_minutes), "path": PLAN}


def _facts(context: Context, chosen: Design) -> dict[str, object]:
    said = context.choices
    return {
        "data": stores(context),
        "design": chosen,
        "every": span(chosen.every),
        **(agreed(context) or {}),
        "budget": said.budget_usd,
        "target": said.target,
        "scheduled": cronjobs.scheduled(context),
        "operated": cronjobs.operated(context),
        "machine": machine.scheduled(context),
        "managed": copies.managed(context),
        "copied": copies.copied(context),
        "regions": said.regions,
        "folder": FOLDER,
        "containers": context.containers,
        "release": context.releases,
    }
