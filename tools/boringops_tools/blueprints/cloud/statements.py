"""What plan and documents say of a deployment to a cloud."""

from __future__ import annotations

from collections.abc import Iterator

from boringops.facts import Plan
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile


def document(context: Context) -> Iterator[DraftFile]:
    yield from ()


def told(context: Context, plan: Plan, brought: bool) -> Plan:
    return plan


def assumptions(context: Context) -> list[str]:
    return []
