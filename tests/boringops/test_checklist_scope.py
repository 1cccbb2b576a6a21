"""A small task is asked what it touched, and the document that tells how items are settled is what the rules say."""

from __future__ import annotations

from pathlib import Path

import pytest

from boringops.checklist import Facts, Rule, settle
from boringops.checklist_rules import RULES
from boringops.facts import Attestation, Change, ChecklistItem, Claim, Plan
from boringops.inventory import take
from boringops.state import State
from tests.boringops.checklist_table import DOCUMENT, render
from tests.boringops.test_checklist import ITEMS, WHO

REPOSITORY = {
    "app.py": "import os\n",
    "tests/test_app.py": "def test():\n    pass\n",
    "README.md": "# A\n",
    "Dockerfile": 'FROM python:3.13-slim\nUSER 1000\nCMD ["python", "/app.py"]\n',
    ".github/workflows/ci.yml": "on: push\npermissions: {}\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n",
}
CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: a\nversion: 1.0.0\n",
    "chart/values.yaml": "a: 1\n",
    "chart/templates/d.yaml": "kind: Deployment\n",
}
DOCUMENTS = {"env-documented", "diagram", "runbook", "access-documented", "tech-context", "system-patterns"}
"""Asked of every change, and answered in a sentence where they do not apply."""
SCALED = {"autoscaling", "isolation", "load-balancer", "retries", "breakers", "right-size", "spot", "secrets-manager"}


def facts(root: Path, files: dict[str, str], **changed: str) -> Facts:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    plan = Plan(
        confidence="high", summary="x", deployment_strategy="rolling", rollback="x", security=["x"], cost="none"
    )
    changes = {path: Change(path=path, action=action) for path, action in changed.items()}  # type: ignore[arg-type]
    state = State(plan=plan, changes=changes, inspected=dict.fromkeys(changed, "x"))
    kinds = {item.path: item.kind for item in take(root, list(files), []).files}
    return Facts(state, kinds, lambda path: files.get(path, ""), list(files), Claim(summary="x"))


def items_of(known: Facts, *said: Attestation) -> tuple[dict[str, ChecklistItem], list[str]]:
    items, wrong = settle(WHO.protocol, RULES, known, said)
    return {item.rule: item for item in reversed(items)}, wrong


def id_of(name: str) -> str:
    def found(text: str) -> Rule:
        return next(rule for rule in RULES if rule.matches(text))

    return next(item for item, text in ITEMS.items() if found(text).name == name)


@pytest.mark.parametrize(
    ("files", "changed", "asked"),
    [
        ({".dockerignore": ".git\n"}, {".dockerignore": "create"}, set()),
        ({}, {"Dockerfile": "change"}, {"multi-stage", "health", "health-endpoint"}),
        ({}, {".github/workflows/ci.yml": "change"}, {"pipeline-tests"}),
        ({"docs/runbook.md": "# Runbook\n"}, {"docs/runbook.md": "create"}, set()),
        (CHART, dict.fromkeys(CHART, "create"), {"health", "health-endpoint", "tls", "headers", *SCALED}),
        (CHART, {"chart/templates/d.yaml": "change"}, {"health", "health-endpoint", "tls", "headers", *SCALED}),
    ],
    ids=["dockerignore", "pin the base image", "workflow", "runbook", "chart", "a template of it"],
)
def test_what_a_task_is_asked(tmp_path: Path, files: dict[str, str], changed: dict[str, str], asked: set[str]) -> None:
    items, _ = items_of(facts(tmp_path, {**REPOSITORY, **files}, **changed))
    assert {rule for rule, item in items.items() if item.outcome == "open"} - DOCUMENTS == asked


def test_what_a_run_left_as_it_was_is_handed_over_by_name(tmp_path: Path) -> None:
    items, _ = items_of(facts(tmp_path, {**REPOSITORY, ".dockerignore": ".git\n"}, **{".dockerignore": "create"}))
    assert items["multi-stage"].outcome == "handed_over" and "Dockerfile" in items["multi-stage"].reason


@pytest.mark.parametrize(("action", "taken"), [("change", True), ("create", False)])
def test_whoever_makes_a_file_makes_it_right_and_whoever_changes_one_may_leave_the_rest(
    tmp_path: Path, action: str, taken: bool
) -> None:
    said = Attestation(id=id_of("multi-stage"), outcome="handed_over", reason="the developers: split the build")
    items, wrong = items_of(facts(tmp_path, REPOSITORY, Dockerfile=action), said)
    assert (items["multi-stage"].outcome, wrong == []) == ("handed_over" if taken else "open", taken)


def test_a_claim_that_something_there_does_not_apply_is_refused_also_where_it_was_left_alone(tmp_path: Path) -> None:
    said = Attestation(id=id_of("multi-stage"), outcome="not_applicable", reason="there are no containers here")
    _, wrong = items_of(facts(tmp_path, {**REPOSITORY, ".dockerignore": ""}, **{".dockerignore": "create"}), said)
    assert [problem for problem in wrong if "Dockerfile" in problem]


def test_a_memory_bank_that_is_not_there_was_not_read(tmp_path: Path) -> None:
    items, _ = items_of(facts(tmp_path, REPOSITORY, Dockerfile="change"))
    assert items["memory"].outcome == "handed_over"


def test_every_check_says_what_it_takes_for_proof() -> None:
    assert [rule.name for rule in RULES if rule.check and not rule.check.__doc__] == []


def test_the_document_is_what_the_rules_say() -> None:
    assert DOCUMENT.read_text() == render(), "run `make checklist`"
