"""The gates a run passes before it may report and commit. Each yields findings; none takes the model's word.

`verify` is the one accumulator: what the validators and red flags say of the changed files, whether the change is the
plan's, whether the documents kept up, and the persona's checklist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from boringops import asked, checklist, shortcuts
from boringops.checklist import PLAIN_KINDS, Facts, Rule
from boringops.executor import Executor
from boringops.facts import ChecklistItem, Claim, Finding, Inventory
from boringops.files import sha256_of
from boringops.persona import Persona
from boringops.plan import at_or_over, is_document
from boringops.state import State

# Warnings to a user who has them already; a run that writes such a thing hides what it was to prove.
ALWAYS = frozenset({"pipeline/ignored-failure"})
_INTERPOLATED = re.compile(r"(?<!\$)\$\{([A-Za-z_]\w*)")
_DEPLOY_HEADING = re.compile(r"(?im)^(?:#{1,4}|={2,5})\s.*\bdeploy|^.*\bdeploy.*\n[-=~^]{4,}\s*$")
"""In Markdown, AsciiDoc or reStructuredText."""

_QUESTION_START = re.compile(
    r"(?i)^\s*(please\s+)?(what|why|how|which|who|when|where|is|are|does|do|did|can|could|should|would|explain|describe|list|show|"
    r"tell|summari[sz]e|compare|review|audit|assess|inspect|critique|report)\b"
)


@dataclass(frozen=True)
class Outcome:
    """What one round of verification found. It passes when nothing blocks."""

    findings: list[Finding]
    blocking: list[Finding]
    checklist: list[ChecklistItem]
    own: frozenset[str] = frozenset()
    """Ids of open items that this run has to do itself: they are not handed over."""

    @property
    def passed(self) -> bool:
        return not self.blocking


def verify(
    claim: Claim,
    executor: Executor,
    persona: Persona,
    rules: Sequence[Rule],
    *,
    inventory: Callable[[Sequence[str]], Inventory],
    variables: Callable[[Sequence[str]], Mapping[str, str]],
) -> Outcome:
    """Hold the work as it is on disk to every gate.

    `inventory` and `variables` (what the code reads from its environment: name -> place) look at these files."""
    state = executor.state
    _inspect_changes(executor)
    written = (path for path, change in state.changes.items() if change.after)  # also what .gitignore hides from git
    files = sorted({*executor.repository.files(), *written})
    kinds = {item.path: item.kind for item in inventory(files).files}
    facts = Facts(state, kinds, lambda path: _text(executor, path), files, claim, variables=variables(files))
    findings = [*_scope(executor), *_shortcuts(executor), *_inspected(executor), *_documents(persona, facts)]
    items, wrong = checklist.settle(persona.protocol, rules, replace(facts, findings=findings), claim.checklist)
    findings += [_gate("checklist/attestation", text) for text in wrong]
    findings += [
        _gate("checklist/open", f"{item.id}: {item.text}", hint=item.reason) for item in items if item.outcome == "open"
    ]
    blocking = [finding for finding in findings if _blocks(finding, executor)]
    by_name = {rule.name: rule for rule in rules}
    own = {
        item.id
        for item in items
        if item.outcome == "open" and not checklist.may_be_handed_over(by_name.get(item.rule), facts)
    }
    return Outcome(findings, blocking, items, frozenset(own))


def _blocks(finding: Finding, executor: Executor) -> bool:
    """Whether a finding sends the work back: one at the floor always, a warning below it the first time."""
    if at_or_over(finding.severity, executor.config.fail_on) or finding.rule in ALWAYS:
        return True
    return finding.severity == "warning" and finding not in executor.state.told_findings


def contradicts_rest(claim: Claim, executor: Executor, task: str) -> str:
    """Why a claim that nothing has to be done is not taken; empty where it is."""
    state = executor.state
    if state.changes:
        return "This run has changed files, so its outcome can only be done."
    if state.strays:
        return f"A command changed {', '.join(sorted(state.strays))} outside the plan. Put it back as it was first."
    if claim.outcome == "answered" and not (task.rstrip().endswith("?") or _QUESTION_START.match(task)):
        return "The task asks for work, not for an answer. Submit a plan, or show that nothing has to change (nothing_to_change)."
    if claim.outcome == "nothing_to_change" and not state.inventory.files:
        return "The repository has no infrastructure at all, so the task cannot be done already. Submit a plan."
    absent = asked.missing(task, state.inventory.kinds()) if claim.outcome == "nothing_to_change" else []
    if absent and not _nothing_offered(claim, state, task):
        return f"The task asks for {', '.join(absent)}, and the repository has no file of that kind. Submit a plan."
    if not claim.evidence:
        return "Say what it rests on: `evidence` with labels of tool results (`e12`) or `path:line` of files you read."
    return next((problem for reference in claim.evidence if (problem := checklist.no_evidence(reference, state))), "")


def _nothing_offered(claim: Claim, state: State, task: str) -> bool:
    """Whether the claim rests on a Blueprint result of this run that had nothing to offer for this very task: a library,
    for one, gets no container."""
    told = (state.evidence.get(label) for label in claim.evidence)
    return any(
        each is not None
        and (each.tool, each.is_error) == ("Blueprint", False)
        and each.data.get("offered") == []
        and isinstance(each.input, dict)
        and str(each.input.get("task", "")).strip() == task.strip()
        and not each.input.get("paths")
        for each in told
    )


def _inspect_changes(executor: Executor) -> None:
    """Inspect the run's files, all of them once one is new: what is found in one file may be mended in another."""
    state = executor.state
    stale = [path for path in sorted(state.changes) if state.inspected.get(path, "") != sha256_of(executor.root / path)]
    if stale:
        executor.inspect(sorted({*stale, *(path for path, change in state.changes.items() if change.after)}))


def _inspected(executor: Executor) -> list[Finding]:
    state = executor.state
    return [finding for path in sorted(state.changes) for finding in state.check_findings.get(path, [])]


def _scope(executor: Executor) -> list[Finding]:
    """The change is the plan's, whole and nothing else, and is still what this run wrote."""
    state = executor.state
    found: list[Finding] = []
    if not state.changes:
        found.append(_gate("scope/nothing-done", "The plan was approved, but no file was changed. Carry it out."))
    for file in state.plan.files if state.plan else []:
        if file.path not in state.changes:
            hint = "Carry it out, or call SubmitPlan with a plan that leaves it out."
            found.append(
                _gate("scope/not-done", f"The plan has to {file.action} it, and it is unchanged.", file.path, hint)
            )
        elif (file.action == "delete") != (state.changes[file.path].action == "delete"):
            was = f"The plan has to {file.action} it, but what was done is: {state.changes[file.path].action}."
            found.append(_gate("scope/not-as-planned", was, file.path, "Carry it out, or plan what is there now."))
    planned = {file.path for file in state.plan.files} if state.plan else set()
    for path, change in sorted(state.changes.items()):
        if path not in planned and not is_document(path):
            found.append(
                _gate("scope/unplanned", "It is changed but no longer in the plan.", path, "Put it back, or plan it.")
            )
        if sha256_of(executor.root / path) != change.after:
            found.append(
                _gate(
                    "scope/changed-by-others",
                    "It is not as this run wrote it: somebody else changed it.",
                    path,
                    "Read it again.",
                )
            )
    hint = "Put it back as it was, or call SubmitPlan with a plan that has it."
    found += [
        _gate("scope/stray", "A command changed it outside the plan.", path, hint) for path in sorted(state.strays)
    ]
    return found


def _shortcuts(executor: Executor) -> list[Finding]:
    """What got the run to green without mending anything."""
    state = executor.state
    # What is deleted by the plan the run began with was thought of; what comes later may be the way out of a finding.
    first = next(iter(state.approved_calls), None)
    people = {call for call, by in state.approved_calls.items() if by == "a person"}
    deleted = {
        call: {file.path for file in plan.files if file.action == "delete"} for call, plan in state.submitted.items()
    }
    by_people = frozenset(path for call in people for path in deleted[call])
    planned = frozenset(path for path in deleted.get(first or "", ()) if not shortcuts.is_test(path))
    taken = shortcuts.taken(
        state.changes,
        lambda change: executor.changes.before(change).decode("utf-8", "replace"),
        lambda path: _text(executor, path),
        task=state.start.task if state.start else "",
        approved=by_people | planned,
    )
    rules = executor.root / state.start.persona_path if state.start else None
    held_by = [path for path in sorted(state.changes) if executor.root / path == rules]
    hint = "Put it back as it was: a person changes what a run is held to."
    return taken + [
        _gate("waiver/self", "The run changed the persona that it is held to.", path, hint) for path in held_by
    ]


def _documents(persona: Persona, facts: Facts) -> list[Finding]:
    """Documents the persona wants kept up with the infrastructure. What it does not name is not asked for."""
    state = facts.state
    moved = sorted(path for path in state.changes if facts.kinds.get(path, "runbook") not in PLAIN_KINDS)
    if not moved:
        return []
    found: list[Finding] = []
    what = ", ".join(moved[:4])
    for name, rule, says in (
        ("techContext.md", "documents/tech-context", "what infrastructure there is now"),
        ("systemPatterns.md", "documents/system-patterns", "how it is deployed"),
    ):
        if name.lower() not in persona.body.lower():
            continue
        path = next((path for path in state.memory if path.lower().endswith(name.lower())), f"memory-bank/{name}")
        if path not in state.changes:
            found.append(_document(facts, rule, path, f"{what} changed, but {path} does not say {says}. Update it."))
    if ".env.example" in persona.body:
        found += _env_example(facts, moved)
    if "readme" in persona.body.lower():
        path = next((path for path in facts.files if path.lower().startswith("readme")), "README.md")
        if not _DEPLOY_HEADING.search(facts.text(path)):
            found.append(
                _document(facts, "documents/readme", path, f"{path} has no section about deployment. Add one.")
            )
    return found


def _env_example(facts: Facts, moved: list[str]) -> list[Finding]:
    """Every variable that the code reads or Compose asks for stands in an .env.example."""
    asked_for: dict[str, str] = {}
    for path in moved:
        if facts.kinds.get(path) == "compose":
            asked_for |= dict.fromkeys(_INTERPOLATED.findall(facts.text(path)), path)
    missing = checklist.undocumented(facts, asked_for)
    if not missing:
        return []
    named = ", ".join(f"{name} ({place})" for name, place in missing.items())
    path = next(iter(checklist.env_examples(facts)), ".env.example")
    message = f"{path} does not document {named}. Add each with a comment and no secret value."
    return [_document(facts, "documents/env-example", path, message)]


def _document(facts: Facts, rule: str, path: str, message: str) -> Finding:
    """A document that lags behind; only told, not held against the run, where the user's own changes block it."""
    if path in facts.state.dirty and path not in facts.state.changes:
        hint = "It has changes of your own that are not committed, so it was left alone: bring it up to date yourself."
        return Finding(rule=rule, severity="info", path=path, message=message, source="boringops", hint=hint)
    return _gate(rule, message, path)


def _gate(rule: str, message: str, path: str = "", hint: str = "") -> Finding:
    return Finding(rule=rule, severity="error", path=path, message=message, source="boringops", hint=hint)


def _text(executor: Executor, path: str) -> str:
    try:
        return (executor.root / path).read_text(errors="replace")
    except OSError:
        return ""


def render(outcome: Outcome, round_number: int, rounds: int) -> str:
    """What a failed round tells the model: what blocks, grouped by file, what fails by itself, then what is to be said."""
    blocking = [finding for finding in outcome.blocking if not finding.rule.startswith("checklist/open")]
    lines = [f"Verification round {round_number} of {rounds}: not done yet.{_asks(blocking)}"]
    by_path: dict[str, list[Finding]] = {}
    for finding in blocking:
        by_path.setdefault(finding.path or "the run", []).append(finding)
    for path, findings in by_path.items():
        lines += ["", f"{path}:"]
        lines += [f"- {_place(finding)}{_sentences(finding.message, finding.hint)}" for finding in findings]
    open_items = [item for item in outcome.checklist if item.outcome == "open"]
    told = {finding.message for finding in blocking}
    failing = [item for item in open_items if item.reason and item.reason not in told]
    if failing:
        lines += ["", "Checklist items that fail on what is there; mend it, no entry settles them:"]
        lines += _listed(failing, outcome.own)
    unsaid = _listed([item for item in open_items if not item.reason], outcome.own)
    if unsaid:
        lines += [
            "",
            f"{len(unsaid)} checklist entries are missing. Call Finish again with these in `checklist`: attested with evidence "
            "(labels such as `e12`, or `path:line` of files you read or wrote), not_applicable or handed_over with a reason "
            "in a sentence.",
            *unsaid,
        ]
    return "\n".join(lines)


def _asks(blocking: Sequence[Finding]) -> str:
    errors = " Errors have to be mended." if any(finding.severity == "error" for finding in blocking) else ""
    warnings = (
        " Warnings are told once: mend them, or leave them and say why in follow_ups."
        if any(finding.severity == "warning" for finding in blocking)
        else ""
    )
    return errors + warnings


def _listed(items: Sequence[ChecklistItem], own: Collection[str]) -> list[str]:
    """Open items, each once: items under one rule say the same thing and are settled by one entry."""
    twins: dict[str, list[ChecklistItem]] = {}
    for item in items:
        twins.setdefault(item.rule or item.id, []).append(item)
    lines = []
    for first, *others in twins.values():
        reason = f": {first.reason}" if first.reason else ""
        also = f" (settles {', '.join(other.id for other in others)}, too)" if others and not reason else ""
        yours = " (yours to do: cannot be handed over)" if first.id in own and not reason else ""
        lines.append(f"- [{first.id}] {first.text}{reason}{also}{yours}")
    return lines


def _sentences(message: str, hint: str) -> str:
    """A message with its hint, told apart where the message has no end of its own."""
    stop = "" if not hint or message.endswith((".", "!", "?", ":")) else "."
    return f"{message}{stop} {hint}".rstrip()


def _place(finding: Finding) -> str:
    line = f"line {finding.line}: " if finding.line else ""
    return f"{line}{finding.rule} ({finding.severity}): "
