"""The plan's gates: what a plan must hold before anybody is asked to approve it, and how it reads to a person."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath

from boringops.facts import SEVERITIES, Confidence, Plan
from boringops.never import GOVERNS, governs, in_git

# Documents that go with any change: writing them needs no entry in the plan.
_DOCUMENT_NAMES = {".env.example", "readme.md", "readme", "readme.rst", "readme.txt"}
_DOCUMENT_FOLDERS = {"memory-bank", "cline_docs"}

# What a plan that touches files has to say, by field, and how a missing one is put to the model.
_REQUIRED = {
    "rollback": "Say how the change is taken back, step by step.",
    "deployment_strategy": "Name the deployment strategy (blue-green, canary, rolling, recreate), or say why none applies.",
    "security": "List the security requirements that the change meets, secrets first.",
    "cost": "Say what it costs to run, or why it costs nothing new.",
}

CONFIDENCE_ORDER: tuple[Confidence, ...] = ("low", "medium", "high")


def is_document(path: str) -> bool:
    """Whether a path is one of the documents that may be written without being planned."""
    parts = PurePosixPath(path).parts
    return bool(parts) and (parts[0].lower() in _DOCUMENT_FOLDERS or parts[-1].lower() in _DOCUMENT_NAMES)


def problems(plan: Plan, *, existing: Collection[str], dirty: Collection[str]) -> list[str]:
    """What keeps the plan from being put to anybody, each as an instruction. Empty when it may go on.

    `existing` are the repository's files, `dirty` those with changes of the user's own."""
    found = [*_confidence(plan), *_files(plan, existing, dirty)]
    if plan.files and not plan.questions:
        found += [f"{field} is empty. {ask}" for field, ask in _REQUIRED.items() if not getattr(plan, field)]
    if not plan.files and not plan.questions:
        found.append(
            "The plan has no files. List every file you will create, change or delete; "
            "if nothing has to change, call Finish with outcome nothing_to_change instead."
        )
    return found


def _confidence(plan: Plan) -> list[str]:
    if plan.confidence == "low" and not plan.questions:
        return ["Confidence is low, so the plan must carry the questions whose answers would raise it."]
    if plan.confidence == "medium" and not (plan.assumptions or plan.questions):
        return ["Confidence is medium, so the plan must state the assumptions it rests on (or ask)."]
    if plan.confidence == "high" and plan.questions:
        return ["Confidence is high, but questions are open. Lower it to medium or low, or remove the questions."]
    return []


def _files(plan: Plan, existing: Collection[str], dirty: Collection[str]) -> list[str]:
    found: list[str] = []
    tasks = {task.id for phase in plan.phases for task in phase.tasks}
    seen: set[str] = set()
    for file in plan.files:
        path = PurePosixPath(file.path)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            found.append(f"{file.path}: give the path relative to the repository, inside it.")
        elif governs(file.path):
            found.append(GOVERNS.format(path=file.path))
        elif in_git(file.path):
            found.append(f"{file.path}: git's own folder is never written.")
        elif file.path in seen:
            found.append(f"{file.path} is listed twice.")
        elif file.action == "create" and file.path in existing:
            found.append(f"{file.path} exists already: plan to change it, or choose another path.")
        elif file.action != "create" and file.path not in existing:
            found.append(f"{file.path} does not exist, so it cannot be {file.action}d.")
        elif file.path in dirty:
            found.append(
                f"{file.path} has changes of the user's own that are not committed, and those are left alone. "
                "Plan without it, or ask the user to commit or stash them."
            )
        if file.task and file.task not in tasks:
            found.append(f"{file.path}: there is no task {file.task!r} in the plan's phases.")
        seen.add(file.path)
    return found


def reaches(confidence: Confidence, least: Confidence) -> bool:
    """Whether a plan's confidence is at least what is approved by itself."""
    return CONFIDENCE_ORDER.index(confidence) >= CONFIDENCE_ORDER.index(least)


def at_or_over(severity: str, floor: str) -> bool:
    """Whether a finding's severity reaches a floor."""
    return SEVERITIES.index(severity) >= SEVERITIES.index(floor)


def render(plan: Plan) -> str:
    """The plan as Markdown, for a terminal and for `--output text`."""
    lines = [plan.summary, "", f"**Confidence:** {plan.confidence}"]

    def section(title: str, entries: list[str], mark: str = "-") -> None:
        if entries:
            lines.extend(["", f"**{title}**", "", *(f"{mark} {entry}" for entry in entries)])

    section("Now", [plan.current_state] if plan.current_state else [])
    section("Requirements", plan.requirements)
    section("Assumptions", plan.assumptions)
    section(
        "Questions", [render_question(question.question, question.why, question.options) for question in plan.questions]
    )
    section("Decisions", [f"{decision.what}: {decision.why}" for decision in plan.decisions])
    for phase in plan.phases:
        section(phase.name, [f"{task.id} {task.title}" for task in phase.tasks], "- [ ]")
    section("Files", [f"{file.action} `{file.path}`" + (f": {file.why}" if file.why else "") for file in plan.files])
    section("Environments", plan.environments)
    section("Security", plan.security)
    section("Monitoring", plan.monitoring)
    for title, text in (("Deployment", plan.deployment_strategy), ("Rollback", plan.rollback), ("Cost", plan.cost)):
        section(title, [text] if text else [])
    return "\n".join(lines).strip() + "\n"


def differences(old: Plan, new: Plan) -> list[str]:
    """What an amended plan says that the one before it did not (`+`), and the other way round (`-`), line by line."""
    before, after = ([line for line in render(plan).splitlines() if line.strip()] for plan in (old, new))
    gone = [f"- {_bare(line)}" for line in before if line not in after]
    return [*gone, *(f"+ {_bare(line)}" for line in after if line not in before)]


def _bare(line: str) -> str:
    return line.removeprefix("- ").removeprefix("[ ] ").replace("**", "")


def render_question(question: str, why: str = "", options: list[str] | None = None) -> str:
    """One question on one line: what is asked, what depends on it, what there is to choose from."""
    return question + (f" ({' / '.join(options)})" if options else "") + (f" [{why}]" if why else "")
