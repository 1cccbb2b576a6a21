"""Each rule's own examples are its test; here is only what runs them, and what holds for all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from boringops.facts import Finding
from boringops_tools.checks import Rule, rules, scan

EXAMPLES = [
    pytest.param(rule, example, expected, id=f"{rule.id}-{'bad' if expected else 'good'}-{number}")
    for rule in rules()
    for expected, examples in ((True, rule.bad), (False, rule.good))
    for number, example in enumerate(examples)
]


def scanned(root: Path, example: Mapping[str, str]) -> list[Finding]:
    for path, text in example.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return scan(root, list(example))


@pytest.mark.parametrize(("rule", "example", "expected"), EXAMPLES)
def test_the_examples_of_a_rule(rule: Rule, example: Mapping[str, str], expected: bool, tmp_path: Path) -> None:
    findings = scanned(tmp_path, example)
    assert [each for each in findings if "broke down" in each.message] == []
    mine = [each for each in findings if each.rule == rule.id]
    assert bool(mine) is expected, mine
    assert all(each.line for each in mine), mine


def test_every_rule_has_examples_of_both_kinds_and_says_where_it_is_from() -> None:
    assert [rule.id for rule in rules() if not (rule.bad and rule.good and rule.reason and rule.source)] == []
    assert len({rule.id for rule in rules()}) == len(rules())
