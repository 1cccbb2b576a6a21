"""The journal survives what a crash leaves behind, and the fold over it is the same every time."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from boringops import events as ev
from boringops.errors import UsageError
from boringops.facts import Question
from boringops.journal import Busy, FolderStore, Journal, work_tree_lock
from boringops.state import State


def told(journal: Journal, *texts: str) -> None:
    for text in texts:
        journal.append(ev.Told(text=text))


def test_events_come_back_as_they_were_recorded(tmp_path: Path) -> None:
    journal = Journal(FolderStore(tmp_path), "r1")
    recorded = [
        journal.append(ev.Told(text="a")),
        journal.append(ev.QuestionsAsked(call_id="c", questions=[Question(question="q")])),
    ]
    assert list(Journal(FolderStore(tmp_path), "r1").read()) == recorded
    assert [event.seq for event in recorded] == [0, 1]


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    told(Journal(FolderStore(tmp_path / "runs"), "r1"), "a")
    assert stat.S_IMODE((tmp_path / "runs/r1/events.jsonl").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "runs/r1").stat().st_mode) == 0o700


@pytest.mark.parametrize("torn", [b'{"type":"told","te', b'{"type":"told"\n', b"\0\0\0\0", b"\xff\xfe\n"])
def test_a_torn_end_is_left_out_and_written_over(tmp_path: Path, torn: bytes) -> None:
    told(Journal(FolderStore(tmp_path), "r1"), "a", "b")
    path = tmp_path / "r1/events.jsonl"
    path.write_bytes(path.read_bytes() + torn)
    journal = Journal(FolderStore(tmp_path), "r1")
    assert [event.text for event in journal.read() if isinstance(event, ev.Told)] == ["a", "b"]
    told(journal, "c")
    assert [event.seq for event in Journal(FolderStore(tmp_path), "r1").read()] == [0, 1, 2]


def test_every_prefix_of_a_journal_can_be_read(tmp_path: Path) -> None:
    told(Journal(FolderStore(tmp_path), "r1"), "a", "bé", "c")
    whole = (tmp_path / "r1/events.jsonl").read_bytes()
    for end in range(len(whole) + 1):
        (tmp_path / "r1/events.jsonl").write_bytes(whole[:end])
        assert len(list(Journal(FolderStore(tmp_path), "r1").read())) == whole[:end].count(b"\n")


def test_an_event_of_a_newer_version_is_kept_in_the_count(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.append("r1", json.dumps({"type": "from_the_future", "seq": 0, "at": "", "x": 1}), durable=True)
    journal = Journal(store, "r1")
    assert isinstance(next(iter(journal.read())), ev.Unknown)
    told(journal, "a")
    assert [event.seq for event in journal.read()] == [0, 1]


def test_the_mask_is_on_the_way_into_the_journal(tmp_path: Path) -> None:
    def mask(value: dict[str, str]) -> dict[str, str]:
        return {**value, "text": value["text"].replace("hunter2", "<secret:PW>")}

    event = Journal(FolderStore(tmp_path), "r1", mask=mask).append(ev.Told(text="it is hunter2"))
    assert event == ev.Told(text="it is <secret:PW>", seq=0, at=event.at)
    assert "hunter2" not in (tmp_path / "r1/events.jsonl").read_text()


def test_one_writer_a_run_and_one_run_a_work_tree(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    with store.lock("r1"), pytest.raises(Busy, match="r1"), FolderStore(tmp_path).lock("r1"):
        pass
    with work_tree_lock(tmp_path, tmp_path), pytest.raises(Busy, match="Another"), work_tree_lock(tmp_path, tmp_path):
        pass
    with store.lock("r1"), work_tree_lock(tmp_path, tmp_path):
        pass


def test_a_run_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run nope"):
        list(Journal(FolderStore(tmp_path), "nope").read())


def test_results_stand_in_the_order_of_the_calls_and_before_words() -> None:
    reply = ev.ModelReplied(
        turn=1, stop_reason="tool_use",
        content=[{"type": "tool_use", "id": name, "name": "Read", "input": {}} for name in ("a", "b")],
    )  # fmt: skip
    state = State.of(
        [
            ev.Told(text="task"),
            ev.ModelAsked(turn=1),
            reply,
            ev.Told(text="a word"),
            ev.ToolFinished(call_id="b", tool="Read", content="B", evidence="e1"),
            ev.ToolFinished(call_id="a", tool="Read", content="A", evidence="e2", is_error=True),
            ev.ModelAsked(turn=2),
        ]
    )
    assert [message["role"] for message in state.messages] == ["user", "assistant", "user"]
    assert [block.get("tool_use_id", block.get("text")) for block in state.messages[2]["content"]] == [
        "a",
        "b",
        "a word",
    ]
    assert state.messages[2]["content"][0]["is_error"] is True


def test_a_change_undone_within_the_run_is_no_change() -> None:
    def change(before: str | None, after: str | None) -> list[ev.Event]:
        action = "create" if before is None else "delete" if after is None else "change"
        facts = {"path": "x", "action": action, "before": before, "after": after}
        return [ev.FileChanging.model_validate({"call_id": "c", "change": facts}), ev.FileChanged(path="x")]

    assert State.of(change("1", "2")).changes["x"].before == "1"
    assert State.of([*change("1", "2"), *change("2", "1")]).changes == {}
    assert State.of([*change(None, "1"), *change("1", "2")]).changes["x"].action == "create"
    assert State.of([*change(None, "1"), *change("1", None)]).changes == {}
