"""Every item of the shipped persona has a rule, and no claim talks its way past one."""

from __future__ import annotations

import re

import pytest

from boringops import gates, persona
from boringops.calls import Evidence
from boringops.checklist import Facts, may_be_handed_over, refused, sections, settle
from boringops.checklist_rules import RULES
from boringops.facts import Attestation, Change, ChecklistItem, Finding, Validation
from boringops.state import State
from boringops_tools.toolset import all_tools

WHO = persona.load(persona.shipped() / "devops-infrastructure.md", known_tools=[tool.name for tool in all_tools()])
ITEMS = {item.id: item.text for section in sections(WHO.protocol) for item in section.items}
TEXTS = {
    "old/Dockerfile": "FROM node:24\n",
    "Dockerfile": "FROM node:24 AS build\nFROM node:24\nHEALTHCHECK CMD true\nSTOPSIGNAL SIGTERM\n",
    "src/health.js": "router.get('/live', alive);\n",
    "package.json": "{}\n",
    "main.tf": 'resource "aws_kms_key" "x" {}\n\n\n\n\n\n\nlocals {}\n',
}


def facts(*kinds: tuple[str, str]) -> Facts:
    state = State(
        seen=dict.fromkeys(TEXTS, "x"),
        lines={path: text.count("\n") + 1 for path, text in TEXTS.items()},
        evidence={
            "e1": Evidence("e1", "Read", False, {"file_path": "package.json"}, "{}"),
            "e2": Evidence("e2", "Bash", True, {"command": "npm test"}, "3 of 15 failed"),
        },
    )
    return Facts(state, dict(kinds), lambda path: TEXTS.get(path, ""), list(TEXTS))


def rule_of(item: str):  # type: ignore[no-untyped-def]
    return next((rule for rule in RULES if rule.matches(ITEMS[item])), None)


def test_every_item_of_the_shipped_persona_has_a_rule() -> None:
    assert [item for item in ITEMS if rule_of(item) is None] == []
    assert len(ITEMS) == 91


def test_every_rule_is_used_or_says_what_it_is_for() -> None:
    used = {rule_of(item).name for item in ITEMS}
    assert [rule.name for rule in RULES if rule.name not in used] == []
    for rule in RULES:
        re.compile(rule.shown_by)


APP = (("Dockerfile", "dockerfile"), ("main.tf", "terraform"))


@pytest.mark.parametrize(
    ("item", "outcome", "evidence", "reason", "why"),
    [
        ("reliability.5", "attested", ["e1"], "", "only people can do that"),
        ("reliability.5", "not_applicable", [], "It was done already.", "handed over by itself"),
        ("documentation.1", "attested", ["package.json:1"], "", "says nothing of it"),
        ("security.6", "attested", ["main.tf:8"], "", "says nothing of it"),
        ("security.6", "attested", ["e9"], "", "not in the journal"),
        ("security.6", "attested", ["e2"], "", "call that failed"),
        ("security.6", "attested", ["main.tf:99"], "", "has 9 lines"),
        ("security.6", "attested", ["other.tf:1"], "", "neither read nor written"),
        ("security.6", "attested", [], "", "needs evidence"),
        ("security.6", "handed_over", [], "x", "reason in a sentence"),
        ("during-implementation.1", "not_applicable", [], "There are no containers.", "the repository has Dockerfile"),
    ],
)
def test_a_false_attestation_is_refused(item: str, outcome: str, evidence: list[str], reason: str, why: str) -> None:
    said = Attestation(id=item, outcome=outcome, evidence=evidence, reason=reason)
    assert why in refused(said, rule_of(item), facts(*APP), ITEMS[item])
    items, wrong = settle(WHO.protocol, RULES, facts(*APP), [said])
    assert [problem for problem in wrong if problem.startswith(f"{item}: ")]
    assert next(each for each in items if each.id == item).outcome != "attested"


@pytest.mark.parametrize(
    ("item", "evidence"),
    [("during-implementation.5", ["src/health.js:1"]), ("security.6", ["main.tf:1"]), ("security.6", ["`main.tf:2`"])],
)
def test_a_true_one_is_taken(item: str, evidence: list[str]) -> None:
    said = Attestation(id=item, outcome="attested", evidence=evidence)
    items, wrong = settle(WHO.protocol, RULES, facts(*APP), [said])
    assert wrong == []
    assert next(each for each in items if each.id == item).outcome == "attested"


def test_what_the_repository_lacks_settles_itself_whatever_is_said() -> None:
    said = [Attestation(id=item, outcome="attested", evidence=["e1"]) for item in ("reliability.9", "security.8")]
    items, _ = settle(WHO.protocol, RULES, facts(), said)
    assert {each.outcome for each in items if each.id in {"reliability.9", "security.8"}} == {"handed_over"}


def test_an_unknown_item_is_said_so_and_another_personas_items_are_attested() -> None:
    _, wrong = settle(WHO.protocol, RULES, facts(), [Attestation(id="foo.1", outcome="attested", evidence=["e1"])])
    assert wrong == ["foo.1: there is no such item in the checklist."]
    assert refused(Attestation(id="x", outcome="attested", evidence=["e1"]), None, facts()) == ""


def test_people_are_given_the_estimate_and_the_plan_they_have_to_review() -> None:
    known = facts(("main.tf", "terraform"))
    plan, cost = (item for name in ("plan-reviewed", "cost-approved") for item in ITEMS if rule_of(item).name == name)

    def settled(item: str):  # type: ignore[no-untyped-def]
        return next(each for each in settle(WHO.protocol, RULES, known, [])[0] if each.id == item)

    assert (settled(plan).outcome, settled(cost).outcome) == ("handed_over", "handed_over")
    known.state.check_findings["main.tf"] = [
        Finding(rule="cost/estimate", severity="info", path="main.tf", message="about $12 a month", source="boringops"),
        Finding(rule="plan/summary", severity="info", path="x.tfplan", message="2 to delete", source="boringops"),
    ]
    assert "$12" in settled(cost).reason and "2 to delete" in settled(plan).reason
    assert settled(cost).outcome == settled(plan).outcome == "handed_over"


def test_that_no_plan_was_reviewed_says_nothing_of_syntax() -> None:
    known = facts(("main.tf", "terraform"))
    syntax = next(item for item, text in ITEMS.items() if rule_of(item).name == "syntax")
    known.state.validation["main.tf"] = [
        Validation(path="main.tf", tool="terraform", outcome="passed"),
        Validation(path="main.tf", tool="terraform plan", outcome="not_validated", reason="no plan"),
    ]
    assert next(each for each in settle(WHO.protocol, RULES, known, [])[0] if each.id == syntax).outcome == "verified"


def test_what_the_run_can_do_itself_is_said_so_before_it_is_handed_over() -> None:
    wrote = facts(*APP)
    wrote.state.changes["Dockerfile"] = Change(path="Dockerfile", action="create", before="", after="x")
    rule = rule_of("documentation.1")
    assert not may_be_handed_over(rule, wrote)
    given = Attestation(id="documentation.1", outcome="attested", evidence=["package.json:1"])
    said = refused(given, rule, wrote, ITEMS["documentation.1"])
    assert "says nothing of it" in said and "handed_over" not in said and "\\" not in said
    assert may_be_handed_over(rule_of("documentation.5"), wrote) and may_be_handed_over(None, wrote)


def test_evidence_that_names_a_whole_file_is_asked_for_its_line() -> None:
    given = Attestation(id="during-implementation.5", outcome="attested", evidence=["src/health.js"])
    assert "src/health.js:LINE" in refused(given, rule_of("during-implementation.5"), facts(*APP))


def test_a_failed_round_asks_for_entries_only_where_an_entry_helps() -> None:
    def item(id_: str, reason: str = "") -> ChecklistItem:
        return ChecklistItem(
            id=id_, section="S", text=f"text of {id_}", rule=id_, outcome="open", evidence=[], reason=reason
        )

    error = Finding(rule="documents/readme", severity="error", path="README.md", message="No section.", source="x")
    items = [item("a.1"), item("a.2", "No section."), item("a.3", "found: Dockerfile:1 user/missing")]
    told = gates.render(gates.Outcome([error], [error], items, frozenset({"a.1"})), 1, 5)
    entries = told.partition("1 checklist entries are missing")[2]
    assert "[a.1] text of a.1 (yours to do: cannot be handed over)" in entries
    assert "a.2" not in told and "a.3" not in entries and "[a.3] text of a.3: found: Dockerfile:1" in told
    assert "Warnings" not in told


def test_a_dockerfile_that_was_left_alone_is_handed_over_by_its_name() -> None:
    known = facts(("old/Dockerfile", "dockerfile"), ("Dockerfile", "dockerfile"))
    rule = next(rule for rule in RULES if rule.name == "multi-stage")
    assert rule.check is not None
    settled = rule.check(known)
    assert settled is not None and settled.outcome == "handed_over" and "old/Dockerfile" in settled.reason


def test_what_the_run_did_not_touch_may_be_handed_over_and_no_refusal_sends_to_another() -> None:
    rule = rule_of("during-implementation.3")
    untouched = facts(("Dockerfile", "dockerfile"), ("ci.yml", "github-actions"))
    untouched.state.changes["Dockerfile"] = Change(path="Dockerfile", action="change", before="x", after="y")
    given = Attestation(id="x", outcome="handed_over", reason="The developers add a test job.")
    assert refused(given, rule, untouched) == ""
    untouched.state.changes["ci.yml"] = Change(path="ci.yml", action="create", before=None, after="y")
    assert "not_applicable" not in refused(given, rule, untouched)
    other = given.model_copy(update={"outcome": "not_applicable"})
    assert "it applies" in refused(other, rule, untouched) and "hand it over" not in refused(other, rule, untouched)
