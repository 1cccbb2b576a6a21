"""Carrying an unfinished run from one attempt of a job to the next, through a folder that the CI system keeps.

A new attempt begins with a fresh checkout: the run's journal and the files it has changed so far have to come along.
They are taken up only where commit and place are the same; otherwise the run begins anew, and that is said.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from boringops.journal import FolderStore, Journal
from boringops.repository import Repository
from boringops.result import Result
from boringops.state import State

RESUMABLE = {"interrupted", "budget", "model_error"}
"""Ends that another attempt can go on from without anybody having decided anything."""
_META = "carried.json"


@dataclass(frozen=True)
class Carried:
    """A run to go on with. `spent_usd` and `turns` are what it has used up."""

    run_id: str
    spent_usd: float
    turns: int


def pack(repository: Repository, result: Result, folder: Path) -> bool:
    """Keep the run in `folder`, where it can be gone on with; else leave nothing there. Whether it was kept."""
    shutil.rmtree(folder, ignore_errors=True)
    if result.status not in RESUMABLE or not result.run_id:
        return False
    store = FolderStore(repository.state_dir / "runs")
    state = State.of(Journal(store, result.run_id).read())
    if state.start is None:
        return False
    shutil.copytree(store.folder(result.run_id), folder / "run")
    for path, change in state.changes.items():
        if change.after is not None and (repository.root / path).is_file():
            (folder / "files" / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(repository.root / path, folder / "files" / path)
    meta = {"run_id": result.run_id, "head": state.start.head, "root": state.start.root}
    meta["deleted"] = sorted(path for path, change in state.changes.items() if change.after is None)  # type: ignore[assignment]
    (folder / _META).write_text(json.dumps(meta))
    return True


def kept(folder: str) -> bool:
    """Whether there is something to go on with in the folder."""
    return bool(folder) and (Path(folder) / _META).is_file()


def unpack(repository: Repository, folder: Path) -> Carried | str | None:
    """Take up what an earlier attempt left: the run; why it can't be gone on with; None where nothing was left."""
    try:
        meta = json.loads((folder / _META).read_text())
    except (OSError, ValueError):
        return None
    if meta["head"] != repository.head():
        return f"Run {meta['run_id']} began at commit {str(meta['head'])[:12]}, and another is checked out now."
    if meta["root"] != str(repository.root):
        return f"Run {meta['run_id']} worked in {meta['root']}, and the checkout is elsewhere now."
    if repository.dirty():
        return f"The checkout has changes, so the files of run {meta['run_id']} are not laid over them."
    store = FolderStore(repository.state_dir / "runs")
    store.base.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copytree(folder / "run", store.base / meta["run_id"], dirs_exist_ok=True)
    if (folder / "files").is_dir():
        shutil.copytree(folder / "files", repository.root, dirs_exist_ok=True)
    for path in meta["deleted"]:
        (repository.root / path).unlink(missing_ok=True)
    usage = State.of(Journal(store, meta["run_id"]).read()).usage
    return Carried(meta["run_id"], usage.cost_usd, usage.turns)
