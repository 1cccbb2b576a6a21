"""Manifests that a repository has already: they stay, and what they lack is offered in their own names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.kubernetes.workload import Workload
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.stack.facts import Application


@dataclass(frozen=True)
class Existing:
    folder: str


def of(context: Context, app: Application) -> Existing | None:
    return None


def missing(context: Context, w: Workload, found: Existing) -> Iterator[DraftFile]:
    yield from ()
