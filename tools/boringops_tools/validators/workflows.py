"""What the judgement of a GitHub workflow depends on: the workflows, actions and settings around it, and what its steps do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File, Judged
from boringops_tools.yaml_files import Unreadable, documents

_LOCAL = lazy_pattern(r"uses:\s*[\"']?\./([^\s\"'#@]+)")
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
    uses = str(step.get("uses") or "./").lower()  # GitHub takes upper and lower case alike
    return not uses.startswith("./") and "checkout" not in uses and "github-script" not in uses


# A line that appends to one of the files that later steps take their environment from, in a POSIX shell or PowerShell.
_TO_FILE = lazy_pattern(
    r"""(?:(?:echo|printf(?:\s+["']%s\\n["'])?)\s+(?P<sh>.*?)\s*>>\s*["']?\$\{?(?:GITHUB_PATH|GITHUB_ENV)\}?["']?"""
    r"""|(?P<ps>.+?)\s*(?:\|\s*(?:Out-File|Add-Content)\b.*|>>\s*)\$\{?env:(?:GITHUB_PATH|GITHUB_ENV)\}?.*)\s*$"""
)
# What the runner itself sets: nobody outside has a hand in it.
_RUNNERS_OWN = lazy_pattern(
    r"\$\{?(?:env:)?(?:HOME|USERPROFILE|RUNNER_(?:TEMP|TOOL_CACHE|OS|ARCH)|GITHUB_(?:WORKSPACE|ACTION_PATH|SHA|RUN_ID|RUN_NUMBER))\b\}?|"
    r"\$\{\{\s*(?:runner\.(?:temp|tool_cache|os|arch)|github\.(?:workspace|action_path|sha|run_id))\s*\}\}"
)
# What only takes a place apart: nothing comes in by it.
_IN_PLACE = lazy_pattern(r"\$\((?:dirname|realpath|readlink -f|basename|cygpath -\w)\s+([^()]*)\)|\$\(pwd\)")
_NAMED = lazy_pattern(r"\$\{?(?:env:)?(\w+)\}?")


def writes_own(text: str, line: int) -> bool:
    """Whether the step that begins or runs at a line writes into the environment of later ones nothing but constants and
    places of the runner's own."""
    lines = text.splitlines()
    block = [lines[line - 1]] if 0 < line <= len(lines) else []
    depth = len(block[0]) - len(block[0].lstrip()) if block else 0
    for each in lines[line:]:
        if each.strip() and len(each) - len(each.lstrip()) <= depth:
            break
        block.append(each)
    first = max((at for at in range(line) if lines[at].lstrip().startswith("- ")), default=0)
    step = lines[first : line - 1] + block
    named = [each for each in block if re.search(r"GITHUB_(?:PATH|ENV)\b", each)]
    written = [_TO_FILE.search(each.strip()) for each in named]
    return bool(named) and all(match is not None and _is_own(match["sh"] or match["ps"], step) for match in written)


def _is_own(value: str, step: Sequence[str], steps: int = 4) -> bool:
    """Whether a value is made of constants and what the runner sets, the variables in it looked up in the step."""
    left = _IN_PLACE.sub(r"\1", _RUNNERS_OWN.sub("", value))
    if "`" in left or "$(" in left or "${{" in left:
        return False
    for name in _NAMED.findall(left):
        given = [
            found[1]
            for each in step
            if (found := re.match(rf"\s*(?:- )?(?:export\s+|\$)?{name}(?:=|\s*=\s+|:\s+)(.+)$", each))
        ]
        if not steps or not given or not all(_is_own(each, step, steps - 1) for each in given):
            return False
    return "$" not in _NAMED.sub("", left)
