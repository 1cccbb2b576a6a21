"""Scripts that programs and protocol clients play: one small task through plan, question, approval, act and result."""

from __future__ import annotations

import itertools
from typing import Any

from boringops.models.base import Block
from boringops.models.scripted import ScriptedModel, Step
from boringops.models.scripted import tool as scripted

RUNBOOK = "docs/runbook.md"
TEXT = "# Runbook\n\n## Deployment\n\nPush to main.\n\n## Backup and restore\n\nRestore the newest backup.\n"
PERSONA = """---
name: plain
description: Writes infrastructure, with nothing to tick off.
---
You write infrastructure.
"""


_ids = itertools.count(1)


def tool(name: str, /, **arguments: Any) -> Block:
    """A call with an id of its own, as the API gives them: several models may play one run."""
    return scripted(name, **arguments) | {"id": f"toolu_test_{next(_ids)}"}


def plan(**other: Any) -> list[Block]:
    """A plan that passes its gates."""
    return [
        tool(
            "SubmitPlan",
            **{
                "confidence": "high",
                "summary": "The procedure is written down.",
                "files": [{"path": RUNBOOK, "action": "create", "why": "the procedure"}],
                "security": ["No secrets in it."],
                "deployment_strategy": "None: a document.",
                "rollback": "Revert the commit.",
                "cost": "Nothing.",
                **other,
            },
        )
    ]


def question() -> list[Block]:
    return [tool("AskUser", questions=[{"question": "Which region?", "why": "latency", "options": ["eu", "us"]}])]


def write(path: str = RUNBOOK, content: str = TEXT) -> list[Block]:
    return [tool("Write", file_path=path, content=content)]


def finish(**claim: Any) -> list[Block]:
    return [tool("Finish", summary="The runbook is written.", **claim)]


def work() -> list[Step]:
    """A whole run of a model that does as it should."""
    return [plan(), write(), finish()]


def working() -> ScriptedModel:
    return ScriptedModel(work())


def asking() -> ScriptedModel:
    """A whole run with a question first."""
    return ScriptedModel([question(), *work()])
