"""Doing no more than was asked: a task that names single files gets those, and the documents that must go with them."""

from __future__ import annotations

import re
from collections.abc import Callable

from boringops_tools.blueprints.words import WORDS

ONLY: tuple[tuple[str, str], ...] = (
    (r"\.?\bdocker-?ignore\b", r"(^|/)\.dockerignore$"),
    (r"\bdocker ?files?\b", r"(^|/)(Dockerfile|\.dockerignore|nginx\.conf)$"),
    (r"\b(docker[- ])?compose( files?)?\b(\.ya?ml)?", r"(^|/)(docker-)?compose[\w.]*\.ya?ml$|(^|/)\.env\.example$"),
    (r"\bdependabot\b", r"dependabot\.ya?ml$"),
    (r"\brenovate\b", r"renovate\.json5?$"),
    (r"\.env\.example\b|\benv(ironment)? example\b|\benvironment variables?\b", r"(^|/)\.?env[\w.]*$"),
    (r"\brunbook\b|\b(architecture )?diagram\b", r"^docs/runbook\.md$"),
    (r"\breadme\b", r"(?i)^readme\.md$"),
    (r"\bmemory[- ]bank\b", r"^memory-bank/"),
)
"""What a task calls a file, and the paths it means."""
_ALWAYS = r"^memory-bank/"
"""The persona has every change remembered there."""
_DOCUMENTS = "docs"


def narrow(task: str) -> Callable[[str], bool] | None:
    """Which of the drafted paths the task asks for; None where it asks for more than single files."""
    named = [(words, paths) for words, paths in ONLY if re.search(words, task, re.IGNORECASE)]
    rest = re.sub("|".join(words for words, _ in named), " ", task, flags=re.IGNORECASE) if named else task
    more = any(re.search(pattern, rest, re.IGNORECASE) for kind, pattern in WORDS.items() if kind != _DOCUMENTS)
    if not named or more or re.search(r"\b(documents|docs|documentation|everything)\b", rest, re.IGNORECASE):
        return None
    wanted = re.compile(
        "|".join(f"(?:{paths})" for paths in (*(paths for _, paths in named), _ALWAYS)).replace("(?i)", ""),
        re.IGNORECASE,
    )
    return lambda path: wanted.search(path) is not None
