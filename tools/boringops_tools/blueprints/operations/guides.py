"""Guides: what cannot be a file that a machine runs until people decided, written down with what is known and what is open."""
from collections.abc import Iterator
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
def files(context: Context) -> Iterator[DraftFile]:
    yield from ()
