"""A circle is told by what a model does: the same call, the same result, and nothing that changed in between."""

from __future__ import annotations

from boringops.facts import Usage
from boringops.repeats import Repeats
from boringops.spending import Spending


def test_the_same_call_with_the_same_result_is_counted_across_others() -> None:
    repeats = Repeats()
    for turn in range(1, 4):
        repeats.add("Read", {"file_path": "a", "limit": 1}, "text", evidence=f"e{turn}", turn=turn)
        repeats.add("Grep", {"pattern": str(turn)}, "none", evidence="x", turn=turn)
    assert repeats.times("Read", {"limit": 1, "file_path": "a"}) == 3
    assert repeats.times("Read", {"file_path": "b"}) == 0 and repeats.times("Grep", {"pattern": "1"}) == 1


def test_another_result_begins_anew_and_so_does_a_change() -> None:
    repeats = Repeats()
    for turn, result in enumerate(["pending", "pending", "ready"]):
        repeats.add("Bash", {"command": "x"}, result, evidence="e", turn=turn)
    assert repeats.times("Bash", {"command": "x"}) == 1
    repeats.changed()
    assert repeats.times("Bash", {"command": "x"}) == 0


def test_twice_in_one_reply_is_once_and_the_model_is_told_the_second_time() -> None:
    repeats = Repeats()
    repeats.add("Read", {}, "text", evidence="e1", turn=1)
    assert repeats.note("Read", {}, "text", turn=1) == ""
    repeats.add("Read", {}, "text", evidence="e2", turn=1)
    note = repeats.note("Read", {}, "text", turn=2)
    assert "same result as e1" in note and repeats.note("Read", {}, "other", turn=2) == ""
    repeats.add("Read", {}, "text", evidence="e3", turn=2)
    assert repeats.times("Read", {}) == 2


def test_what_was_reserved_for_a_call_that_was_cut_off_counts_and_time_between_processes_does_not() -> None:
    spending = Spending()
    spending.at("2026-11-25T12:00:00.000+00:00")
    spending.reserved_usd = 0.5
    spending.bill(Usage(turns=0, cost_usd=0.1), "plan")
    spending.at("2026-11-25T12:00:10.000+00:00")
    spending.resumed()
    spending.at("2026-11-26T12:00:00.000+00:00")
    spending.at("2026-11-26T12:00:05.000+00:00")
    assert (spending.at_most_usd, spending.reserved_usd, spending.active_s) == (0.6, 0.0, 15.0)
    spending.resumed()
    assert spending.at_most_usd == 0.6 and spending.by_phase["plan"].cost_usd == 0.1
