"""What a run answers for in a file that was there before: the lines it wrote, as long as every other line stays."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from boringops import tooling
from boringops.changes import Changes
from boringops.facts import WAS_THERE, Change

BEFORE = "services:\n  a:\n    image: adminer\n"


def changed(root: Path, after: str) -> Changes:
    (root / "before").mkdir()
    (root / "before" / "sha").write_text(BEFORE)
    (root / "compose.yaml").write_text(after)
    change = Change(path="compose.yaml", action="change", before="sha", after="other")
    log: Any = SimpleNamespace(state=SimpleNamespace(changes={"compose.yaml": change}))
    return Changes(root, None, log, root)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("after", "only"),
    [
        (BEFORE + "  b:\n    image: redis:8.2\n", True),
        (BEFORE.replace("  a:\n", "  a:\n    init: true\n"), True),
        (BEFORE.replace("adminer", "adminer:4"), False),
        (BEFORE.replace("  a:\n", "  b:\n"), False),
        ("services: {}\n", False),
    ],
)
def test_a_file_is_only_added_to_while_every_line_stays(tmp_path: Path, after: str, only: bool) -> None:
    assert changed(tmp_path, after).only_added_to() == ({"compose.yaml": BEFORE} if only else {})


def severities(root: Path, changes: Changes) -> dict[int | None, str]:
    found = tooling.inspect(root, ["compose.yaml"], changes.added_lines(), changes.only_added_to()).findings
    return {each.line: each.severity for each in found if each.rule == "image/untagged"}


def test_what_was_there_is_told_and_what_is_new_is_held_against_the_run(tmp_path: Path) -> None:
    changes = changed(tmp_path, BEFORE.replace("  a:\n", "  b:\n    image: adminer\n  a:\n"))
    assert severities(tmp_path, changes) == {3: "error", 5: "info"}
    found = tooling.inspect(tmp_path, ["compose.yaml"], changes.added_lines(), changes.only_added_to()).findings
    assert sum(each.hint.startswith(WAS_THERE) for each in found) == 1


def test_a_run_that_changes_a_line_answers_for_the_whole_file(tmp_path: Path) -> None:
    changes = changed(tmp_path, BEFORE.replace("  a:\n", "  b:\n"))
    assert severities(tmp_path, changes) == {3: "error"}
