"""What the judgement of a GitHub workflow depends on: the workflows, actions and settings around it, and what its steps do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from boringops_tools.validators.base import File, Judged
from boringops_tools.yaml_files import Unreadable, documents

_LOCAL = re.compile(r"uses:\s*[\"']?\./([^\s\"'#@]+)")
_MOST = 1000


def surroundings(file: File) -> str | None:
    """A digest of all that a linter that runs in place may follow from a workflow; null where that is too much."""
    texts: dict[str, str] = {}
    todo = [file.root / ".github"]
    while todo:
        place = todo.pop()
        for path in _files(place):
            name = path.relative_to(file.root).as_posix()
            if name in texts:
                continue
            if len(texts) >= _MOST:
                return None
            try:
                texts[name] = path.read_text("utf-8", "replace")
            except OSError:
                return None
            todo += [file.root / local for local in _LOCAL.findall(texts[name])]
    digest = hashlib.sha256()
    for name, text in sorted(texts.items()):
        digest.update(f"{name}\0{text}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return sorted(path for path in place.rglob("*.y*ml") if path.is_file()) if place.is_dir() else []


def tempered(files: Sequence[File], judged: dict[str, Judged]) -> dict[str, Judged]:
    """The same, a trigger that outsiders set off told as a note where no step runs anything of theirs."""
    for file in files:
        found = judged[file.path].findings
        if any(each.rule == "dangerous-triggers" for each in found) and _only_calls_actions(file.text):
            judged[file.path].findings = [
                each.model_copy(update={"severity": "info"}) if each.rule == "dangerous-triggers" else each
                for each in found
            ]
    return judged


def _only_calls_actions(text: str) -> bool:
    """Whether no step checks anything out or runs a script: to label or to name a pull request needs neither, and GitHub
    itself advises these triggers for it."""
    try:
        workflow = next(iter(documents(text)), None)
    except Unreadable:
        return False
    jobs = workflow.get("jobs") if isinstance(workflow, Mapping) else None
    if not isinstance(jobs, Mapping):
        return False
    steps = [job.get("steps") if isinstance(job, Mapping) else None for job in jobs.values()]
    return all(isinstance(each, list) and all(_is_mere_action(step) for step in each) for each in steps)


def _is_mere_action(step: object) -> bool:
    if not isinstance(step, Mapping) or "run" in step:
        return False
    uses = step.get("uses")
    return (
        isinstance(uses, str) and not uses.startswith("./") and "checkout" not in uses and "github-script" not in uses
    )
