"""Letting go of what old runs keep: their journals, outputs, kept contents, and snapshots."""

from __future__ import annotations

import shutil

from boringops import snapshot
from boringops.errors import BoringopsError
from boringops.journal import FolderStore, Journal
from boringops.repository import Repository
from boringops.state import State


def prune(repository: Repository, store: FolderStore, *, keep: int) -> list[str]:
    """Remove all but the latest `keep` runs; ids of the ones removed. One that can still be gone on with is kept, and so
    is one whose journal cannot be read: somebody may want to know why."""
    removed = []
    for run_id in store.list()[: -keep or None]:
        try:
            with store.lock(run_id):
                state = State.of(Journal(store, run_id).read())
                if not (state.undone or (state.end and state.end.status in {"done", "answered"})):
                    continue
                snapshot.drop(repository, run_id)
                shutil.rmtree(store.folder(run_id))
                removed.append(run_id)
        except BoringopsError:  # at work, or not to be read
            continue
    return removed
