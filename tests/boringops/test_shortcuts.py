"""Which lines of a pipeline hide a failure, and which only look like it."""

from __future__ import annotations

import pytest

from boringops.facts import Change
from boringops.shortcuts import taken

PIPELINE = ".github/workflows/ci.yml"


@pytest.mark.parametrize(
    ("line", "hides"),
    [
        ("      - run: true", True),
        ("      - run: exit 0", True),
        ("      - run: npm test || true", True),
        ("      run:", False),  # `defaults:` with a working directory below it
        ("      - run: npm test", False),
    ],
)
def test_a_hidden_failure_is_told_from_a_key(line: str, hides: bool) -> None:
    changes = {PIPELINE: Change(path=PIPELINE, action="create", after="x")}
    found = taken(
        changes, before=lambda _: "", after=lambda _: f"jobs:\n{line}\n", task="set up CI", approved=frozenset()
    )
    assert bool(found) == hides
