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
from boringops.models.base import Message, Profile, Reply, Request, Watch
from boringops_tools.blueprints import choices
from boringops_tools.blueprints.answering import answer, is_question, is_review, review
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.systems import GITHUB, by_name
from boringops_tools.blueprints.topics import Said, asking, open_topic
from boringops_tools.blueprints.words import SYSTEMS, named_systems, understand

_TASK = re.compile(r"\A# Task\n\n(.*?)(?=\n\n# |\n\nIt belongs to phase )", re.DOTALL)
_OPEN_ITEM = re.compile(r"^- \[([\w.-]+)\] (.*)$", re.MULTILINE)
_FENCE = re.compile(r"(?m)^</?data-[^>\n]*>\n?")
_EVIDENCE = re.compile(r"\[(e\d+)\]\s*\Z")
_NEEDS_A_MODEL = "Set ANTHROPIC_API_KEY (or --model and a provider) so that a language model can do this."


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
            if is_review(task):
                return self._review(last)
            return self._answer(task, last) if is_question(task) else self._propose(task, "", last)
        if last.name == "Validate":
            return self._reviewed(last)
        if last.is_error and last.name == "SubmitPlan" and (kept := _without_refused(last)):
            return "SubmitPlan", kept
        if last.is_error and last.name != "Finish":
            raise Incomplete(f"{last.name} was refused: {last.content.strip()}", hint=_NEEDS_A_MODEL, kind="offline")
        if last.name == "SubmitPlan":
            if last.arguments.get("questions"):
                return self._propose(task, last.content, last)
            return "Blueprint", {"task": _said(task, steps), "write": True}
        plan = next((step.arguments for step in reversed(steps) if step.name == "SubmitPlan"), None)
        if plan is None:  # it said that nothing has to change, and was refused
            said = str(last.arguments.get("summary", ""))
            raise Incomplete(f"The blueprints have nothing to offer here. {said}", hint=_NEEDS_A_MODEL, kind="offline")
        checklist = [] if last.name == "Blueprint" else self._settle(last, steps)
        return "Finish", {"summary": plan["summary"], "checklist": checklist, "follow_ups": plan["assumptions"]}

    def _propose(self, asked: str, answers: str, offered: _Step) -> tuple[str, dict[str, Any]]:
        task = f"{asked}\n\n{answers}" if answers else asked
        topic = open_topic(Said(asked, answers, choices.read(task)))
        if topic and answers:
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
        if topic and not _also_containers(task):
            return "SubmitPlan", asking(topic).model_dump(mode="json")
        if made.files:
            return "SubmitPlan", made.plan.model_dump(mode="json")
        notes = " ".join(made.notes)
        there = (
            "Nothing to change: what the blueprints would write is there already. " if made.stack.applications else ""
        )
        summary = f"{there}{notes}".strip()
        return "Finish", {"outcome": "nothing_to_change", "summary": summary, "evidence": [offered.evidence]}

    def _review(self, looked: _Step) -> tuple[str, dict[str, Any]]:
        """Have the checks run over the infrastructure that is there."""
        paths = self._infrastructure()
        return ("Validate", {"paths": paths}) if paths else self._reviewed(looked)

    def _reviewed(self, looked: _Step) -> tuple[str, dict[str, Any]]:
        validated = _FENCE.sub("", _EVIDENCE.sub("", looked.content)) if looked.name == "Validate" else ""
        offered = [f"{file.path}: {file.why}" for file in self._draft("").files if file.action == "create"]
        summary = review(validated, offered)
        return "Finish", {"outcome": "answered", "summary": summary, "evidence": [looked.evidence]}

    def _answer(self, task: str, looked: _Step) -> tuple[str, dict[str, Any]]:
        if told := answer(self._context(task), task):
            return "Finish", {"outcome": "answered", "summary": told, "evidence": [looked.evidence]}
        raise Incomplete(
            "Without a language model only questions about ports, health, variables, secrets, databases, versions, tests, "
            "pipelines, deployment and monitoring of this repository are answered.",
            hint=_NEEDS_A_MODEL,
            kind="offline",
        )

    def _infrastructure(self) -> list[str]:
        from boringops.inventory import take

        return [item.path for item in take(self.root, self.files(), ()).files]

    def _context(self, task: str) -> Context:
        from boringops_tools import stack
        from boringops_tools.stack.tree import Tree

        files = self.files()
        return Context(Tree(self.root, files), stack.detect(self.root, files), frozenset(understand(task)), task=task)

    def _draft(self, task: str) -> Any:
        from boringops_tools.blueprints import draft

        return draft(self.root, self.files(), task=task, wants=understand(task))

    def _settle(self, refused: _Step, steps: list[_Step]) -> list[dict[str, Any]]:
        """Each open item attested by a line that was written, else handed over."""
        items = _OPEN_ITEM.findall(refused.content)
        findings = [
            line for line in refused.content.splitlines() if line.startswith("- ") and not line.startswith("- [")
        ]
        # Warnings are told once, and stay in the report.
        errors = [line for line in findings if "(warning)" not in line]
        if errors or sum(step.name == "Finish" for step in steps) > 1:
            raise Incomplete(
                f"The blueprints cannot mend this: {refused.content.strip()}", hint=_NEEDS_A_MODEL, kind="offline"
            )
        runs = bool(self._context("").containers)
        return [
            self._attested(item, text, steps) or _unneeded(item, text, runs=runs) or _judged(item, text)
            for item, text in items
        ]

    def _attested(self, item: str, text: str, steps: list[_Step]) -> dict[str, Any] | None:
        """An attestation where a file that was just written shows the item by a line."""
        written = {
            str(file["path"]) for step in steps if step.name == "SubmitPlan" for file in step.arguments.get("files", [])
        }
        for about, path, line in _SHOWN:
            if path in written and re.search(about, text, re.IGNORECASE):
                lines = (self.root / path).read_text("utf-8").splitlines()
                number = next((number for number, each in enumerate(lines, 1) if re.search(line, each)), None)
                if number is not None:
                    return {"id": item, "outcome": "attested", "evidence": [f"{path}:{number}"]}
        return None


_SHOWN = (
    (r"\balert", "monitoring/rules.yml", r"- alert:"),
    (r"\balert", "monitoring/cloudwatch/main.tf", r"metric_alarm"),
    (r"\balert", "monitoring/cloudwatch/template.yaml", r"CloudWatch::Alarm"),
    (r"\bdashboard", "monitoring/dashboard.json", r'"panels"'),
)
"""What an item is about, the blueprint's file that shows it, and the line."""


def _unneeded(item: str, text: str, *, runs: bool) -> dict[str, Any] | None:
    """What is said of a deployment where there is none: a package is published, and nothing of it runs."""
    if runs or not re.search(r"\b(runbook|diagram)\b", text, re.IGNORECASE):
        return None
    reason = "nothing in this repository runs as a service, so nothing is deployed"
    return {"id": item, "outcome": "not_applicable", "reason": reason}


def _judged(item: str, text: str) -> dict[str, Any]:
    """The blueprints judge nothing that the runtime could not check."""
    what = re.sub(r"\s*\(settles [^)]*\)\s*$", "", text).strip().rstrip(".").replace(":", ",").replace(";", ",")
    who = "the reviewers, people or a language model, since the offline blueprints do not judge"
    return {"id": item, "outcome": "handed_over", "reason": f'check this: "{what}": {who}'}


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
