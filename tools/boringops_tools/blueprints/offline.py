"""The model that answers without a key and without a network: it plays the blueprints through the same interface.

It looks at nothing but the conversation, as any model does, so a resumed run goes on where it stopped. What it cannot
do it says plainly: it understands a task's subject, not its meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boringops.errors import Incomplete
from boringops.facts import Confidence, Plan, Question
from boringops.models.base import Message, Profile, Reply, Request, Watch
from boringops_tools.blueprints import choices
from boringops_tools.blueprints.choices import Choices
from boringops_tools.blueprints.systems import GITHUB, by_name
from boringops_tools.blueprints.words import SYSTEMS, named_systems

_TASK = re.compile(r"\A# Task\n\n(.*?)(?=\n\n# |\n\nIt belongs to phase )", re.DOTALL)
_OPEN_ITEM = re.compile(r"^- \[([\w.-]+)\] (.*)$", re.MULTILINE)
_EVIDENCE = re.compile(r"\[(e\d+)\]\s*\Z")
_NEEDS_A_MODEL = "Set ANTHROPIC_API_KEY (or --model and a provider) so that a language model can do this."


@dataclass(frozen=True)
class Topic:
    """A subject that only the user's answers can settle, as the persona has it."""

    name: str
    pattern: str
    confidence: Confidence
    decided: Callable[[Choices], bool]
    """Whether what was said settles it."""
    questions: tuple[Question, ...]


def _ask(question: str, why: str, *options: str) -> Question:
    return Question(question=question, why=why, options=list(options))


_BUDGET = _ask("What may it cost a month?", "redundancy is paid for all the time", "as little as possible", "a number")

TOPICS: tuple[Topic, ...] = (
    Topic("disaster recovery", r"disaster|\brto\b|\brpo\b|backup|restore", "low", lambda said: said.rto_minutes is not None and said.rpo_minutes is not None, (
        _ask("How long may the service be down (RTO)?", "it decides between warm standby, restore scripts and daily backups", "1 hour", "4 hours", "24 hours"),
        _ask("How much data may be lost (RPO)?", "it decides between replication and backups, and how often", "none", "15 minutes", "1 hour", "24 hours"),
        _BUDGET,
    )),
    Topic("several regions", r"multi-?region|multiple regions|several regions|high availability", "medium", lambda said: len(said.regions) > 1, (
        _ask("Which region is primary, and which others?", "latency, data residency and price differ"),
        _ask("Is data replicated active-active or active-passive?", "active-active needs conflict handling in the application", "active-active", "active-passive"),
        _BUDGET,
    )),
    Topic("compliance", r"\bhipaa\b|\bsoc ?2\b|\bpci\b|complian", "low", lambda said: bool(said.standards), (
        _ask("Which standards apply, and to which data?", "controls and evidence follow from them", "HIPAA", "SOC 2", "PCI DSS"),
        _ask("Who collects the evidence, and for which audit date?", "logs have to be kept from then on"),
    )),
    Topic("a cloud deployment", r"\b(aws|ecs|eks|azure(?![- ](?:pipelines?|devops))|gcp|google cloud|cloud run|terraform|kubernetes|k8s|helm|lambda)\b", "low", lambda said: said.target is not None, (
        _ask("Which account, region and environments is it for?", "networks, names and credentials follow from them"),
        _ask("What traffic is expected, and what may it cost a month?", "sizes and scaling follow from them"),
    )),
)  # fmt: skip


class OfflineModel:
    """Plays the blueprints for one repository. `files` lists what git sees."""

    def __init__(self, root: Path, files: Callable[[], Sequence[str]]) -> None:
        self.root = root
        self.files = files
        self.profile = Profile("offline-blueprints")

    def respond(self, request: Request, watch: Watch) -> Reply:
        """The next call. Raises Incomplete where the blueprints have come to their end."""
        del watch
        steps = _steps(request.messages)
        name, arguments = self._next(_task(request.messages), steps)
        call_id = f"offline_{len(steps) + 1}"
        return Reply(
            [{"type": "tool_use", "id": call_id, "name": name, "input": arguments}], "tool_use", model=self.profile.id
        )

    def _next(self, task: str, steps: list[_Step]) -> tuple[str, dict[str, Any]]:
        if not steps:
            return "Blueprint", {"task": task}
        last = steps[-1]
        if last.name == "Blueprint" and not last.arguments.get("write"):
            return self._propose(task, last)
        if last.is_error and last.name == "SubmitPlan" and (kept := _without_refused(last)):
            return "SubmitPlan", kept
        if last.is_error and last.name != "Finish":
            raise Incomplete(f"{last.name} was refused: {last.content.strip()}", hint=_NEEDS_A_MODEL, kind="offline")
        if last.name == "SubmitPlan":
            if last.arguments.get("questions"):
                return self._propose(f"{task}\n\n{last.content}", last)
            return "Blueprint", {"task": _said(task, steps), "write": True}
        plan = next((step.arguments for step in reversed(steps) if step.name == "SubmitPlan"), None)
        if plan is None:  # it said that nothing has to change, and was refused
            said = str(last.arguments.get("summary", ""))
            raise Incomplete(f"The blueprints have nothing to offer here. {said}", hint=_NEEDS_A_MODEL, kind="offline")
        checklist = [] if last.name == "Blueprint" else self._settle(last, steps)
        return "Finish", {"summary": plan["summary"], "checklist": checklist, "follow_ups": plan["assumptions"]}

    def _propose(self, task: str, offered: _Step) -> tuple[str, dict[str, Any]]:
        said = choices.read(task)
        topics = (
            topic for topic in TOPICS if re.search(topic.pattern, task, re.IGNORECASE) and not topic.decided(said)
        )
        topic = next(topics, None)
        if topic and offered.name == "SubmitPlan":
            raise Incomplete(
                f"The answers leave open what {topic.name} needs.",
                hint=f"Say it in the task. {_NEEDS_A_MODEL}",
                kind="offline",
            )
        named = named_systems(task)
        unknown = [name for name in named if name != GITHUB and by_name(name) is None]
        if unknown and len(unknown) == len(named):
            known = ", ".join(name for name in SYSTEMS if name == GITHUB or by_name(name))
            raise Incomplete(
                f"The offline blueprints know {known}, not {', '.join(unknown)}.", hint=_NEEDS_A_MODEL, kind="offline"
            )
        made = self._draft(task)
        if topic and (topic.confidence == "low" or not made.files) and not _also_containers(task):
            return "SubmitPlan", _asking(topic).model_dump(mode="json")
        if made.files:
            return "SubmitPlan", made.plan.model_dump(mode="json")
        notes = " ".join(made.notes)
        there = (
            "Nothing to change: what the blueprints would write is there already. " if made.stack.applications else ""
        )
        summary = f"{there}{notes}".strip()
        return "Finish", {"outcome": "nothing_to_change", "summary": summary, "evidence": [offered.evidence]}

    def _draft(self, task: str) -> Any:
        from boringops_tools.blueprints import draft, understand

        return draft(self.root, self.files(), task=task, wants=understand(task))

    def _settle(self, refused: _Step, steps: list[_Step]) -> list[dict[str, Any]]:
        """Hand over every open item: the blueprints judge nothing that the runtime could not check."""
        items = _OPEN_ITEM.findall(refused.content)
        findings = [
            line for line in refused.content.splitlines() if line.startswith("- ") and not line.startswith("- [")
        ]
        errors = [
            line for line in findings if "(warning)" not in line
        ]  # warnings are told once, and stay in the report
        if errors or sum(step.name == "Finish" for step in steps) > 1:
            raise Incomplete(
                f"The blueprints cannot mend this: {refused.content.strip()}", hint=_NEEDS_A_MODEL, kind="offline"
            )
        reason = "to be judged by people or a language model; the offline blueprints do not"
        return [{"id": item, "outcome": "handed_over", "reason": reason} for item, _ in items]


def _without_refused(refused: _Step) -> dict[str, Any] | None:
    """The plan without the files that have changes of the user's own; None where that is not what was wrong."""
    plan = refused.arguments
    dirty = [
        file["path"] for file in plan["files"] if f"- {file['path']} has changes of the user's own" in refused.content
    ]
    files = [file for file in plan["files"] if file["path"] not in dirty]
    if not dirty or not files:
        return None
    left = f"Left alone, because they have changes that are not committed: {', '.join(dirty)}."
    return {**plan, "files": files, "assumptions": [*plan["assumptions"], left]}


def _said(task: str, steps: Sequence[_Step]) -> str:
    """The task and every answer to a question."""
    answers = (step.content for step in steps if step.name == "SubmitPlan" and step.arguments.get("questions"))
    return "\n\n".join([task, *answers])


@dataclass(frozen=True)
class _Step:
    name: str
    arguments: dict[str, Any]
    content: str
    is_error: bool
    evidence: str


def _steps(messages: Sequence[Message]) -> list[_Step]:
    """The calls of the conversation with their results."""
    results = {
        block["tool_use_id"]: block
        for message in messages
        if message["role"] == "user"
        for block in message["content"]
        if block["type"] == "tool_result"
    }
    calls = (block for message in messages if message["role"] == "assistant" for block in message["content"])
    steps: list[_Step] = []
    for call in calls:
        if call["type"] == "tool_use" and (result := results.get(call["id"])):
            label = _EVIDENCE.search(result["content"])
            steps.append(
                _Step(
                    call["name"],
                    call["input"],
                    result["content"],
                    bool(result.get("is_error")),
                    label[1] if label else "",
                )
            )
    return steps


def _task(messages: Sequence[Message]) -> str:
    first = messages[0]["content"][0]["text"]
    found = _TASK.match(first)
    return found[1] if found else first


def _also_containers(task: str) -> bool:
    return re.search(r"contain|docker|compose|\bci\b|pipeline|workflow", task, re.IGNORECASE) is not None


def _asking(topic: Topic) -> Plan:
    return Plan(
        confidence=topic.confidence,
        summary=f"The task is about {topic.name}; it can be planned once these questions are answered.",
        assumptions=[] if topic.confidence == "low" else ["Nothing is assumed before the questions are answered."],
        questions=list(topic.questions),
    )
