"""The parts of operations together: what makes their files, and what the plan says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.operations import cloudwatch, guides, monitoring, recovery
from boringops_tools.blueprints.operations.stores import stores

Part = tuple[str, str, Callable[[Context], Iterator[DraftFile]]]

PARTS: tuple[Part, ...] = (
    ("5.1", "Watch it and wake somebody", monitoring.files),
    ("5.1", "Watch it and wake somebody", cloudwatch.alarms),
    ("5.2", "Prepare for disaster", recovery.files),
    ("5.3", "Write down how it is run", guides.files),
    ("5.4", "Keep the costs in sight", cloudwatch.budget),
)
"""The plan's task, its title, and what makes the files."""


def requirements(context: Context) -> list[str]:
    """What was asked and answered, in numbers."""
    said = context.choices
    found = []
    if "recovery" in context.parts and said.rto_minutes is not None and said.rpo_minutes is not None:
        found.append(
            f"Recover within {recovery.span(said.rto_minutes)}, losing at most {recovery.span(said.rpo_minutes)} of data."
        )
    if context.parts and said.budget_usd is not None:
        found.append(f"At most ${said.budget_usd:,.0f} a month.")
    if "compliance" in context.parts and said.standards:
        found.append(f"Evidence for {', '.join(said.standards)}.")
    if "regions" in context.parts and len(said.regions) > 1:
        found.append(f"Run in {', '.join(said.regions)}, the first one primary.")
    return found


def assumptions(context: Context) -> list[str]:
    """What the operations' files rest on that nobody said."""
    found: list[str] = []
    if "recovery" in context.parts:
        data = stores(context)
        found += [f"{store.title} is what production uses: {store.source} says so." for store in data if store.source]
        found += ["No database was found in the code or named; the plan has none to restore."] if not data else []
        if context.choices.target is None:
            found.append(
                "Where production runs was not said: the scripts run anywhere with bash and the client's programs."
            )
    if "monitoring" in context.parts:
        found += monitoring.assumptions(context)
    if "rotation" in context.parts:
        found.append("Secrets are rotated every 90 days, and at once when they may have been seen.")
    if not found and not context.wants & {"containers", "ci", "deploy"}:
        found.append(
            "What the code shows is all there is; names of people, rotas and accounts are left to be filled in."
        )
    return found


def cost(context: Context) -> str:
    said = context.choices.budget_usd
    agreed = f" The budget is ${said:,.0f} a month." if said is not None else ""
    return f"The files cost nothing by themselves; storage, probes and copies cost what their provider asks.{agreed}"
