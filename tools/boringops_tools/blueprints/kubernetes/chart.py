"""A Helm chart with a schema of its values and a file of them for each environment."""

from __future__ import annotations

from collections.abc import Iterator

from boringops_tools.blueprints.kubernetes.shape import Shape
from boringops_tools.blueprints.kubernetes.workload import Workload
from boringops_tools.blueprints.model import DraftFile


def files(w: Workload, v: Shape) -> Iterator[DraftFile]:
    yield from ()
