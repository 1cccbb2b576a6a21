"""kill -9 anywhere, then `resume`: the same commit, no finished model call repeated, no effect twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from boringops import events as ev
from boringops.journal import FolderStore
from boringops.state import State
from tests.e2e import killed
from tests.e2e.playing import TICKING
from tests.messages_api import message_faults
from tests.repos import make_repo

CHECKOUT = Path(__file__).parents[2]
SOAK = bool(os.environ.get("BORINGOPS_SOAK"))
"""Set by `make soak`: every place and many moments to die. Else a few of them, the same every time."""
SEED = int(os.environ.get("BORINGOPS_SOAK") or 1)
MOMENTS = 200


@pytest.fixture(autouse=True, scope="module")
def nobody() -> Iterator[None]:
    """The machine's own git configuration, hooks and identity, has no part in this."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        killed.spare_time(patch)
        yield


def test_a_run_killed_anywhere_is_resumed_to_the_same_commit(tmp_path: Path) -> None:
    whole, *rows = _drive(tmp_path, *((0, MOMENTS) if SOAK else (8, 6)))
    assert (whole["status"], whole["replied"], whole["served"], whole["in_doubt"]) == ("done", 8, 8, 0)
    wrong = {row["point"]: said for row in rows if (said := list(_wrong(row, whole)))}
    if SOAK:
        places = [row for row in rows if not row["point"].startswith("moment")]
        last = Counter(row["last"] for row in rows if row["point"].startswith("moment"))
        print(
            f"\n{len(places)} places and {last.total()} moments to die, {len(wrong)} went wrong; the moments' last events: {last}"
        )
        assert len(places) > 90 and last.total() == MOMENTS
    assert not wrong, json.dumps(wrong, indent=1)
    # Only a command can be in doubt, and where one was the model had to look.
    assert all(row["unscripted"] >= 1 for row in rows if row["in_doubt"])


def _drive(folder: Path, boundaries: int, moments: int) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.e2e.killed", str(folder), str(boundaries), str(moments), str(SEED)]
    done = subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, text=True, timeout=3000 if SOAK else 100, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _wrong(row: dict[str, Any], whole: dict[str, Any]) -> Iterator[str]:
    """What a kill changed that it must not."""
    if row["signal"] != 9 and not row["point"].startswith("moment"):
        yield f"it was not killed: {row['signal']}"
    if row["status"] != "done":
        yield f"{row['status']}: {row['error']}"
    for name, value in whole["same"].items():
        if row["same"][name] != value:
            yield f"{name} is {row['same'][name]}, undisturbed {value}"
    if row["replied"] - row["unscripted"] != whole["replied"]:
        yield f"{row['replied']} finished model calls, {row['unscripted']} of them unscripted"
    if row["served"] - row["replied"] not in (0, 1):
        yield f"{row['served']} requests served for {row['replied']} finished ones"
    if row["rounds"] != whole["rounds"]:
        yield f"{row['rounds']} rounds of verification"
    if not row["seqs"]:
        yield "the journal's numbers have a gap or a double"


# --- every prefix of a journal -----------------------------------------------------------------------
#
# What a crash leaves is a prefix of the journal beside a work tree that is at most one effect further: an intent is
# synced before its effect begins, and nothing else is begun before the outcome is synced. (FileRead alone is not
# synced, and has no effect.) A shorter journal beside a later tree needs a disk that lies about what it has synced, or
# half a backup; neither is held here. So: the tree as it was when the line was about to be written, and the line cut anywhere.


class Recorded:
    """A whole run, with the folder as it was before each line of its journal."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.work = folder, folder / "work"
        self.persona = folder / "ticking.md"
        self.persona.write_text(TICKING)
        root = make_repo(self.work / "shop", killed.FILES)
        shutil.rmtree(root / ".git/hooks")
        self.lines: list[bytes] = []
        really = FolderStore.append

        def append(store: FolderStore, run_id: str, line: str, *, durable: bool) -> None:
            shutil.copytree(self.work, folder / f"before-{len(self.lines)}", symlinks=True)
            self.lines.append(line.encode() + b"\n")
            really(store, run_id, line, durable=durable)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FolderStore, "append", append)
            result = killed.specialist(root, self.persona).run(killed.TASK)
        self.run_id = result.run_id
        self.outcome = killed.outcome(root, result)

    def resume(self, line: int, cut: int) -> dict[str, Any]:
        """Put everything back to the moment at which `cut` bytes of the line were written, and go on."""
        shutil.rmtree(self.work)
        shutil.copytree(self.folder / f"before-{line}", self.work, symlinks=True)
        root = self.work / "shop"
        with (root / ".git/boringops/runs" / self.run_id / "events.jsonl").open("ab") as journal:
            journal.write(self.lines[line][:cut])
        return killed.outcome(root, killed.specialist(root, self.persona).resume(self.run_id))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return Recorded(tmp_path_factory.mktemp("recorded"))


@settings(max_examples=200 if SOAK else 10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(where=st.floats(0, 1, exclude_max=True), part=st.floats(0, 1))
@example(where=0.999, part=1.0)  # a finished run: nothing is left to do
def test_every_prefix_of_a_journal_is_resumed_to_the_same_commit(recorded: Recorded, where: float, part: float) -> None:
    line = 1 + int(where * (len(recorded.lines) - 1))  # before its first line a run has not begun
    resumed = recorded.resume(line, round(part * len(recorded.lines[line])))
    assert (resumed["status"], resumed["same"]) == ("done", recorded.outcome["same"])
    assert resumed["replied"] - resumed["unscripted"] == recorded.outcome["replied"]


def test_every_prefix_folds_to_a_conversation_that_the_api_takes(recorded: Recorded) -> None:
    events = [ev.parse(json.loads(line)) for line in recorded.lines]
    asked = [number for number, event in enumerate(events, 1) if isinstance(event, ev.ModelAsked)]
    prefixes = [State.of(events[:number]) for number in range(len(events) + 1)]
    assert [fault for number in asked for fault in message_faults(prefixes[number].messages)] == []
    assert all(
        prefixes[later].messages[: len(prefixes[at].messages)] == prefixes[at].messages for at, later in pairwise(asked)
    )
