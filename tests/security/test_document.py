"""`docs/security.md` says what the tests say."""

from __future__ import annotations

from tests.security.attacks import ATTACKS
from tests.security.document import DOCUMENT, current


def test_the_tables_are_current() -> None:
    text = DOCUMENT.read_text()
    assert current(text) == text, "write it anew: python -m tests.security.document"
    assert len(ATTACKS) >= 40
    assert len({(each.kind, each.what) for each in ATTACKS}) == len(ATTACKS)
