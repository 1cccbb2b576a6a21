"""Tasks of Azure Pipelines that the published schema does not know: an organisation's extensions bring their own."""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern

_TASK = lazy_pattern(r"([A-Za-z][\w.-]*)@(\d+)")


def _schema() -> str:
    """The schema that check-jsonschema brings; empty where it is not there."""
    from importlib import resources

    place = resources.files("check_jsonschema").joinpath("builtin_schemas/vendor/azure-pipelines.json")
    return place.read_text("utf-8") if place.is_file() else ""


@functools.cache
def _known() -> Mapping[str, int]:
    """The tasks of the schema that check-jsonschema brings, in lower case, with the newest version of each."""
    newest: dict[str, int] = {}
    for name, version in re.findall(rf'"{_TASK.pattern}"', _schema()):
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


@functools.cache
def _written() -> Mapping[str, Mapping[str, tuple[str, Mapping[str, str]]]]:
    """Task in lower case -> input in lower case -> (as the schema writes it, its values by their lower case): Azure takes
    names in any case, and the schema says so in a word of its own (`ignoreCase`) that validators do not know."""
    found: dict[str, dict[str, tuple[str, Mapping[str, str]]]] = {}
    for task, inputs in _tasks(json.loads(_schema() or "null")):
        known = found.setdefault(task.lower(), {})
        for name, about in inputs.items():
            loose = isinstance(about, Mapping) and about.get("ignoreCase") in ("value", "all")
            values = {each.lower(): each for each in about.get("enum", ()) if isinstance(each, str)} if loose else {}
            known[name.lower()] = name, values
            known |= {each.lower(): (name, values) for each in about.get("aliases", ()) if each.lower() not in known}
    return found


def _tasks(node: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(node, Mapping):
        of_step = node.get("properties")
        if isinstance(of_step, Mapping) and isinstance(of_step.get("task"), Mapping) and "inputs" in of_step:
            match = re.fullmatch(rf"\^({_TASK.pattern})\$", str(of_step["task"].get("pattern")))
            inputs = of_step["inputs"].get("properties")
            if match and isinstance(inputs, Mapping):
                yield match[1], inputs
                return
        for each in node.values():
            yield from _tasks(each)
    elif isinstance(node, list):
        for each in node:
            yield from _tasks(each)


def as_the_schema_writes(step: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """A step with the names of its task's inputs, and the words they take, in the schema's case."""
    task, inputs = step.get("task"), step.get("inputs")
    if not isinstance(task, str) or not isinstance(inputs, Mapping):
        return step
    known = _written().get(task.lower(), {})
    written = {}
    for name, value in inputs.items():
        canonical, values = known.get(str(name).lower(), (name, {}))
        written[canonical] = values.get(value.lower(), value) if isinstance(value, str) else value
    return {**step, "inputs": written}


def without_foreign(step: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """A step as the schema can judge it: in the place of a foreign task stands one that runs nothing."""
    task = step.get("task")
    if not isinstance(task, str) or {"script", "bash", "pwsh", "powershell"} & set(step) or not is_foreign(task):
        return step
    return {"script": "", **{key: value for key, value in step.items() if key not in ("task", "inputs")}}
