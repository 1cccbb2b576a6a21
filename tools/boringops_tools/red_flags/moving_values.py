"""Variables of a pipeline that hold a tag which moves, and commands with them filled in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.pipelines import Pipeline, Step, mappings_of, plain_groovy
from boringops_tools.red_flags.scripts import Command, Script, commands

MOVING = r"(?:latest|main|master|develop|edge|nightly)"
_HELD = lazy_pattern(rf"(?:\S*[\w)}}]:)?{MOVING}")
_USED = lazy_pattern(
    r"\$\{\{\s*(?:env|variables)\.(?P<a>\w+)\s*\}\}|\$\((?P<b>\w+)\)|\$\{(?:env\.)?(?P<c>\w+)\}|\$(?P<d>\w+)"
)
_ASSIGNED = lazy_pattern(r"(?m)^\s*(?:env\.)?(\w+)\s*=\s*(['\"])([^'\"\n]*)\2\s*$")


def _of(node: Any) -> Iterator[tuple[str, str]]:
    """The names and values of one holder of variables, whichever way it is written."""
    if isinstance(node, Mapping):
        for name, value in node.items():
            if isinstance(value, str):
                yield str(name), value
    for each in node if isinstance(node, list) else ():
        if isinstance(each, Mapping) and isinstance(each.get("name"), str) and isinstance(each.get("value"), str):
            yield each["name"], each["value"]


def _whole(path: str, text: str) -> Iterator[Mapping[Any, Any]]:
    if path.endswith((".yml", ".yaml")):
        yield from mappings_of(text)


def held(path: str, text: str, pipeline: Pipeline) -> Mapping[str, str]:
    """The variables of a pipeline which have one value, and that one names a tag that moves."""
    return held_in(_whole(path, text), text, pipeline)


def held_in(whole: Iterable[Mapping[Any, Any]], text: str, pipeline: Pipeline) -> Mapping[str, str]:
    """The same of a pipeline that is made of several files, whose text is `text`."""
    found: dict[str, set[str]] = {}
    holders: list[Any] = [each for job in pipeline.jobs for each in (job.body, job.options)]
    for holder in [*whole, *holders]:
        for key in ("variables", "env", "environment") if isinstance(holder, Mapping) else ():
            for name, value in _of(holder.get(key)):
                found.setdefault(name, set()).add(value)
    if pipeline.system == "jenkins":
        for match in _ASSIGNED.finditer(plain_groovy(text)):
            found.setdefault(match[1], set()).add(match[3])
    single = {name: next(iter(values)) for name, values in found.items() if len(values) == 1}
    for _ in range(2):  # one may be made of another
        single = {name: filled(value, single) if "$" in value else value for name, value in single.items()}
    return {name: value for name, value in single.items() if _HELD.fullmatch(value) and not _set_again(text, name)}


def _set_again(text: str, name: str) -> bool:
    """Whether a script, or a step that is told so, gives a variable another value."""
    said = re.findall(
        rf"(?<![\w.-]){re.escape(name)}\s*=(?!=)|variable={re.escape(name)}\b|--arg(?:ument)? {re.escape(name)}\b", text
    )
    return len(said) > (1 if re.search(rf"(?m)^\s*(?:env\.)?{re.escape(name)}\s+=\s", text) else 0)


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with the variables that have these values."""

    def value(match: re.Match[str]) -> str:
        name = match["a"] or match["b"] or match["c"] or match["d"]
        return values.get(name, match[0])

    return _USED.sub(value, text)


def run(step: Step, values: Mapping[str, str]) -> tuple[Command, ...]:
    """The commands of a step with its variables filled in."""
    if step.script is None or not values or "$" not in step.script.text:
        return step.commands
    return commands(Script(step.script.line, filled(step.script.text, values)))
