"""The persona's checklist, settled item by item.

What the runtime can check, it decides; a claim of the model cannot overrule that. What it cannot check, the model
attests with evidence the journal holds. What only people can do is handed over by name. The rest stays open, and an
open item keeps the run from being done. Which item is settled how is data: `checklist_rules`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from boringops.facts import Attestation, Change, ChecklistItem, Claim, Finding
from boringops.protocol import ChecklistSection, Protocol
from boringops.shortcuts import runs_tests
from boringops.state import State

LEAST_WORDS = 3
"""Words of a reason: fewer give none."""
NEARBY = 3
"""Lines around a cited one that count with it."""
_PLACE = re.compile(r"(?P<path>.+?):(?P<line>\d+)$")


# Kinds of file that are not infrastructure by themselves: changing only these moves no document.
PLAIN_KINDS = frozenset(
    {
        "env-file",
        "runbook",
        "make",
        "task-runner",
        "pre-commit",
        "policy",
        "dockerignore",
        "devcontainer",
        "dependabot",
        "renovate",
    }
)


@dataclass(frozen=True)
class Facts:
    """What rules may look at: the folded run and the work tree as it is."""

    state: State
    kinds: dict[str, str]
    """Path -> kind of infrastructure file, over the whole work tree as it is now."""
    text: Callable[[str], str]
    """Content of a file of the work tree; empty where there is none."""
    files: Sequence[str] = ()
    claim: Claim | None = None
    """What the model says in this round."""
    findings: Sequence[Finding] = ()
    """What the gates found in this round."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """What the code reads from its environment, and where."""

    def of_kind(self, *kinds: str) -> list[str]:
        return [path for path, kind in self.kinds.items() if kind in kinds]

    def touched(self, *kinds: str) -> list[str]:
        """Files of these kinds that the run has written."""
        return [path for path in self.of_kind(*kinds) if path in self.state.changes]


_ENV_EXAMPLES = {
    ".env.example", ".env.sample", ".env.template", ".env.dist", "env.example", "example.env", ".env.local.example", ".example.env",
}  # fmt: skip


def env_examples(facts: Facts) -> list[str]:
    """The files that document the variables of the environment."""
    return [path for path in facts.files if path.rpartition("/")[2] in _ENV_EXAMPLES]


def undocumented(facts: Facts, asked_for: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables that the code reads, or that are asked for besides, and no such file names; with their places."""
    places = {**(asked_for or {}), **facts.variables}
    text = "\n".join(map(facts.text, env_examples(facts)))
    return {
        name: places[name]
        for name in sorted(places)
        if not re.search(rf"(?m)^[\s#]*(export )?{re.escape(name)}[ \t]*=", text)
    }


@dataclass(frozen=True)
class Object:
    """What an item is about, and the kinds of file that show that a repository has it."""

    label: str
    kinds: frozenset[str]
    decisive: bool = False
    """Where such files are there, the item applies without a doubt; else that is for the model to judge."""

    def there(self, facts: Facts) -> list[str]:
        return facts.of_kind(*self.kinds)


@dataclass(frozen=True)
class Settled:
    """What a check makes of an item. Open means: it fails, and no claim can help."""

    outcome: Literal["verified", "attested", "not_applicable", "handed_over", "open"]
    evidence: list[str] = field(default_factory=list)
    reason: str = ""


Check = Callable[[Facts], Settled | None]


@dataclass(frozen=True)
class Rule:
    """How items that say one thing are settled, tried in this order: check, needs, attestation, people."""

    name: str
    pattern: str
    """Found in the item's text, case-insensitively; the first rule that matches is the item's."""
    check: Check | None = None
    needs: Object | None = None
    """Without it in the repository the item is about nothing."""
    absent: str = ""
    """Who takes it over where `needs` are absent; empty means that it does not apply."""
    people: str = ""
    """What people have to do, where nobody else can."""
    shown_by: str = ""
    """What evidence of it has to say, case-insensitively, at the cited line or in the cited result."""
    doable: bool = False
    """A run can do it by itself: it is not for handing over."""
    begun: str = ""
    """What a document says in which it is begun: then what only people know may be left to them to fill in."""

    def matches(self, text: str) -> bool:
        return re.search(self.pattern, text, re.IGNORECASE) is not None


def settle(
    protocol: Protocol, rules: Sequence[Rule], facts: Facts, attestations: Iterable[Attestation]
) -> tuple[list[ChecklistItem], list[str]]:
    """Every item of the persona's checklists with what became of it, and what is wrong with the attestations.

    Attestations taken in an earlier round still count. Items under one rule say the same thing: what is attested of one
    is attested of all."""
    entries = [(section, entry) for section in sections(protocol) for entry in section.items]
    rule_of = {entry.id: next((rule for rule in rules if rule.matches(entry.text)), None) for _, entry in entries}
    now = {attestation.id: attestation for attestation in attestations}
    given = {**facts.state.attestations, **now}
    by_rule = {rule.name: given[item] for item, rule in rule_of.items() if rule and item in given}
    items: list[ChecklistItem] = []
    wrong: list[str] = []
    for section, entry in entries:
        rule = rule_of[entry.id]
        attestation = given.get(entry.id) or (by_rule.get(rule.name) if rule else None)
        settled = _settle(rule, facts, attestation, entry.text)
        if entry.id in now and (problem := refused(now[entry.id], rule, facts, entry.text)):
            wrong.append(f"{entry.id}: {problem}")
        items.append(
            ChecklistItem(
                id=entry.id,
                section=section.title,
                text=entry.text,
                rule=rule.name if rule else "",
                outcome=settled.outcome,
                evidence=settled.evidence,
                reason=settled.reason,
            )
        )
    wrong += [f"{unknown}: there is no such item in the checklist." for unknown in now if unknown not in rule_of]
    return items, wrong


def sections(protocol: Protocol) -> list[ChecklistSection]:
    """All sections of the persona that hold items, its quality standards included."""
    return [*protocol.checklist, *protocol.quality]


def _settle(rule: Rule | None, facts: Facts, attestation: Attestation | None, text: str) -> Settled:
    if rule and rule.check and (settled := rule.check(facts)):
        return settled
    if rule and rule.needs and not rule.needs.there(facts):
        if rule.absent:
            return Settled("handed_over", reason=rule.absent)
        reason = f"the repository defines no {rule.needs.label.removeprefix('a ')} ({len(facts.files)} files)"
        return Settled("not_applicable", reason=reason)
    if attestation and not refused(attestation, rule, facts, text):
        return Settled(attestation.outcome, attestation.evidence, attestation.reason)
    if rule and rule.people:
        return Settled("handed_over", reason=rule.people)
    if rule and _untouched(rule, facts):
        there = rule.needs.there(facts)[0] if rule.needs else ""
        return Settled("handed_over", reason=f"see to it in {there}, which is as it was before this run: its owners")
    return Settled("open")


def _untouched(rule: Rule, facts: Facts) -> bool:
    """Whether what an item is about is as the run found it: a small task is not held to everything that is there."""
    return bool(rule.needs and facts.state.changes and rule.needs.there(facts)) and not _touching(rule, facts)


def _touching(rule: Rule, facts: Facts) -> list[Change]:
    """Changes to what an item is about. One beside or below such a file counts: a chart's template, a module's file."""
    there = rule.needs.there(facts) if rule.needs else []
    folders = tuple(f"{path.rpartition('/')[0]}/" for path in there if "/" in path)
    return [change for path, change in facts.state.changes.items() if path in there or path.startswith(folders)]


def refused(attestation: Attestation, rule: Rule | None, facts: Facts, text: str = "") -> str:
    """Why an attestation of an item with this text is not taken; empty where it is."""
    if attestation.outcome != "attested":
        return _unreasoned(attestation, rule, facts, text)
    if rule and rule.people:
        return f"only people can do that ({rule.people}). Leave it out: it is handed over by itself."
    if not attestation.evidence:
        return (
            "attested needs evidence: labels of tool results such as `e12`, or `path:line` of a file you read or wrote."
        )
    references = [reference.strip().strip("[]`") for reference in attestation.evidence]
    if problem := next((problem for reference in references if (problem := no_evidence(reference, facts.state))), ""):
        return problem
    if problem := _not_carried_out(references, rule, facts, text):
        return problem
    if rule and rule.shown_by and not any(_shows(reference, rule.shown_by, facts) for reference in references):
        words = rule.shown_by.replace("\\", "").replace("|", ", ")
        people = " or who has to do it (handed_over)" if may_be_handed_over(rule, facts) else ""
        return (
            f"the evidence says nothing of it (no {words} there). Point to the line that shows it, do it where it is not "
            f"there yet, or say why it does not apply (not_applicable){people}."
        )
    return ""


def _unreasoned(attestation: Attestation, rule: Rule | None, facts: Facts, text: str) -> str:
    if len(attestation.reason.split()) < LEAST_WORDS:
        return f"{attestation.outcome} needs a reason in a sentence."
    if attestation.outcome == "handed_over" and not may_be_handed_over(rule, facts):
        sure = rule and rule.needs and rule.needs.decisive
        return f"this run can do that itself: do it{'' if sure else ', or say why it does not apply (not_applicable)'}."
    if attestation.outcome == "not_applicable" and rule:
        there = rule.needs.there(facts) if rule.needs and rule.needs.decisive else []
        if there:
            people = ", or hand it over" if may_be_handed_over(rule, facts) else ""
            return f"it applies: the repository has {there[0]}. Attest it with a line that shows it{people}."
        if rule.people and not re.search(r"\b(if|where)\b", text, re.IGNORECASE):
            return f"it applies to every change ({rule.people}). Leave it out: it is handed over by itself."
    return ""


def may_be_handed_over(rule: Rule | None, facts: Facts) -> bool:
    """Whether an item may be left to people. What a run can do may be only where it wrote documents alone, made nothing of
    the kind (to pin an image is not to rebuild it), or began it."""
    if rule is None or not rule.doable:
        return True
    if rule.needs and not any(change.action == "create" for change in _touching(rule, facts)):
        return True
    if not any(facts.kinds.get(path, "runbook") not in PLAIN_KINDS for path in facts.state.changes):
        return True
    pages = [path for path in facts.files if path.lower().endswith((".md", ".mdx"))][:200]
    return bool(rule.begun) and any(re.search(rule.begun, facts.text(path), re.I | re.M) for path in pages)


_CARRIED_OUT = re.compile(
    r"(?i)\b(?:tests? (?:ran|run|pass\w*|succeed\w*)|pass(?:es|ed|ing)\b|ran\b|executed|measured|benchmarked|deployed|built successfully|"
    r"(?:verified|tested|tried|works?|working|runs|succeeds|responds?|answers?)\b)"
)
_TESTS = re.compile(r"(?i)\btests?\b")


def _not_carried_out(references: Sequence[str], rule: Rule | None, facts: Facts, text: str) -> str:
    """Why evidence does not show that something was carried out, where an item says that it was: reading a file does
    not run it. Rules that know what shows them say so themselves."""
    if (rule and rule.shown_by) or not _CARRIED_OUT.search(text):
        return ""
    for reference in references:
        evidence = facts.state.evidence.get(reference)
        if evidence is None or evidence.tool not in ("Bash", "Validate"):
            continue
        if not _TESTS.search(text) or (evidence.tool == "Bash" and runs_tests(str(evidence.data.get("command", "")))):
            return ""
    what = (
        "a command that ran the tests and ended with 0"
        if _TESTS.search(text)
        else "a command or validation that did it"
    )
    return (
        f"the item says that something was carried out: that takes the label of {what}; nothing of the kind is cited."
    )


def _shows(reference: str, pattern: str, facts: Facts) -> bool:
    """Whether a cited line, with those next to it, or a cited result says what it has to."""
    if place := _PLACE.match(reference):
        path, line = place["path"].removeprefix("./"), int(place["line"])
        said = "\n".join([path, *facts.text(path).splitlines()[max(line - 1 - NEARBY, 0) : line + NEARBY]])
    else:
        evidence = facts.state.evidence[reference]
        said = f"{evidence.input}\n{evidence.content}"
    return re.search(pattern, said, re.IGNORECASE) is not None


def no_evidence(reference: str, state: State) -> str:
    if evidence := state.evidence.get(reference):
        return f"{reference} is a call that failed; it proves nothing." if evidence.is_error else ""
    if place := _PLACE.match(reference):
        path, line = place["path"].removeprefix("./"), int(place["line"])
        if path not in state.seen:
            return f"{reference}: this run has neither read nor written {path}."
        if not 1 <= line <= max(state.lines.get(path, 0), 1):
            return f"{reference}: {path} has {state.lines.get(path, 0)} lines."
        return ""
    if reference.removeprefix("./") in state.seen:
        return f"{reference} names a whole file: add the line that shows it (`{reference}:LINE`)."
    return (
        f"{reference} is not in the journal. Use a label from a tool result of this run, such as `e12`, or `path:line`."
    )
