"""The corpus itself, and what our own rules make of it; `make corpus` measures it with every validator there is."""

from __future__ import annotations

import pytest

from boringops.secrets import find
from tests.corpus.__main__ import title
from tests.corpus.cases import read
from tests.corpus.fakes import LOOK_ALIKES, SECRETS, fake, line, look_alike
from tests.corpus.measure import all_kinds, digest, judge
from tests.corpus.table import written


def test_it_is_large_enough() -> None:
    cases = [case for batch, kind in all_kinds() for case in read(batch, kind)]
    assert len({kind for _, kind in all_kinds()}) >= 20
    assert sum(not case.good for case in cases) >= 150
    assert sum(len(case.files) for case in cases if case.good) >= 150


def test_the_documented_table_is_of_this_corpus_and_good_enough() -> None:
    rows, of = written()
    assert of == digest(), "the corpus has changed: make corpus"
    assert set(rows) == {title(batch, kind) for batch, kind in all_kinds()}
    full = [each for each in rows.values() if each.caught is not None]
    assert sum(each.caught or 0 for each in full) >= 0.95 * sum(each.defects for each in full)
    assert sum(each.blamed or 0 for each in full) == 0


@pytest.mark.parametrize(("batch", "kind"), all_kinds())
def test_our_own_rules_catch_what_is_documented_and_blame_nobody(batch: str, kind: str) -> None:
    verdicts = judge(batch, kind, own=True)
    assert [(each.case.name, each.findings) for each in verdicts if each.case.good and each.blamed] == []
    caught = sum(each.blamed for each in verdicts if not each.case.good)
    assert caught == written()[0][title(batch, kind)].own, [each.case.name for each in verdicts if not each.blamed]


SEEDS = range(5)


def test_nearly_every_kind_of_secret_is_found() -> None:
    assert len(SECRETS) >= 40
    missed = [(kind, seed) for kind in SECRETS for seed in SEEDS if not _covered(kind, seed)]
    assert len(missed) <= 0.05 * len(SECRETS) * len(SEEDS), missed


def _covered(kind: str, seed: int) -> bool:
    """Whether what is found covers the secret: masked, nothing telling is left of it."""
    text, value = f"# settings\n{line(kind, seed)}\n", fake(kind, seed)
    for secret in find(text):
        text = text.replace(text[secret.start : secret.end], " " * (secret.end - secret.start))
    return value[-16:] not in text


def test_nothing_that_only_looks_like_a_secret_is_taken_for_one() -> None:
    assert len(LOOK_ALIKES) >= 40
    taken = [(kind, seed) for kind in LOOK_ALIKES for seed in SEEDS if find(look_alike(kind, seed))]
    assert taken == []
