"""What a blueprint makes."""

from __future__ import annotations

from typing import Literal

from boringops.facts import Fact, Plan, Question
from boringops_tools.stack import Stack


class DraftFile(Fact):
    """A file that would be created or changed, whole. `content` has the line endings it will have on disk."""

    path: str
    content: str
    action: Literal["create", "change"] = "create"
    why: str = ""
    task: str = ""


class Draft(Fact):
    """Everything a task's files come to. Only files that would change are in it."""

    stack: Stack
    files: list[DraftFile] = []
    assumptions: list[str] = []
    questions: list[Question] = []
    notes: list[str] = []
    plan: Plan
