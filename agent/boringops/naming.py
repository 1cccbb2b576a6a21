"""What a run, its report and its commit are called."""

from __future__ import annotations

import re
import textwrap
from datetime import datetime

from boringops.persona import Persona
from boringops.repository import RUN_TRAILER
from boringops.state import State


def commit_message(state: State, persona: Persona, co_author: bool) -> str:
    """The persona's commit message, filled from what the run did; git trailers say which run and which model."""
    start, plan = state.start, state.plan
    if start is None:
        return ""
    template = persona.protocol.commit
    subject = template.subject if template else "<task-name>"
    if not start.project_phase:
        subject = re.sub(r"\s*(during|in)?\s*phase\s*\{\{\s*phase\s*\}\}", "", subject)
    subject = re.sub(r"\{\{\s*phase\s*\}\}", start.project_phase, subject).replace("<task-name>", start.task_name)
    by_action: dict[str, list[str]] = {}
    for path, change in sorted(state.changes.items()):
        by_action.setdefault(change.action, []).append(path)
    body = [
        f"- {verb} {', '.join(by_action[action])}"
        for verb, action in (("Created", "create"), ("Updated", "change"), ("Removed", "delete"))
        if action in by_action
    ]
    if plan and _names_strategy(plan.deployment_strategy):
        body.insert(1, f"- Configured deployment: {plan.deployment_strategy.split('. ')[0].rstrip('.')}")
    body = [
        textwrap.fill(line, 72, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False) for line in body
    ]
    trailers = [f"{RUN_TRAILER}: {start.run_id}"]
    if co_author and start.by_model:
        trailers.append(f"Co-Authored-By: {start.model} <noreply@anthropic.com>")
    return "\n".join([subject, "", *body, "", *trailers]) + "\n"


def _names_strategy(text: str) -> bool:
    """Whether a plan's deployment strategy is one, rather than why none applies."""
    return re.match(r"(?i)\s*(none|no|not|n/a|nothing)\b", text) is None and bool(text.strip())


def new_run_id(now: datetime, salt: str) -> str:
    """Ids sort by time: `20261123-201500-3fa9`."""
    return f"{now:%Y%m%d-%H%M%S}-{salt}"


def slug_of(text: str) -> str:
    """A file name made from a task: lower case, dashes, at most 60 characters."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return words[:60].rstrip("-") or "task"


def name_of(text: str) -> str:
    """The task's name: its first line, shortened."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "task")
    return textwrap.shorten(first, 72, placeholder=" …")
