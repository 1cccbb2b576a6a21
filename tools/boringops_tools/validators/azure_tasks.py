"""Tasks of Azure Pipelines that the published schema does not know: an organisation's extensions bring their own."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern

_TASK = lazy_pattern(r"([A-Za-z][\w.-]*)@(\d+)")


@functools.cache
def _known() -> Mapping[str, int]:
    """The tasks of the schema that check-jsonschema brings, in lower case, with the newest version of each."""
    from importlib import resources

    place = resources.files("check_jsonschema").joinpath("builtin_schemas/vendor/azure-pipelines.json")
    newest: dict[str, int] = {}
    for name, version in re.findall(rf'"{_TASK.pattern}"', place.read_text("utf-8") if place.is_file() else ""):
        newest[name.lower()] = max(int(version), newest.get(name.lower(), 0))
    return newest


def is_foreign(task: str) -> bool:
    """Whether a task may come from an extension, or be newer than the schema; a slip of one that is known does not."""
    match = _TASK.fullmatch(task)
    known = _known()
    if match is None or not known:
        return "." in task and "@" in task  # publisher.extension.task@1
    name, version = match[1].lower(), int(match[2])
    if name in known:
        return version > known[name]
    return not difflib.get_close_matches(name, known, 1, 0.88)


def without_foreign(step: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """A step as the schema can judge it: in the place of a foreign task stands one that runs nothing."""
    task = step.get("task")
    if not isinstance(task, str) or {"script", "bash", "pwsh", "powershell"} & set(step) or not is_foreign(task):
        return step
    return {"script": "", **{key: value for key, value in step.items() if key not in ("task", "inputs")}}
