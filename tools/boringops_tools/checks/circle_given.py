"""CircleCI: what executors and commands are given where they are used, held against the parameters that they declare."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.circleci import applies, config_of
from boringops_tools.yaml_files import walk

_SWITCHES = frozenset({"true", "false", "yes", "no", "on", "off"})


def unfit(name: str, form: Mapping[Any, Any], value: Any) -> str:
    """Why a parameter cannot have a value; empty where it can, or where the value is filled in later."""
    if not isinstance(value, str | int) or "<<" in str(value):
        return ""
    allowed = [str(each) for each in listed(form.get("enum"))]
    if allowed and not isinstance(value, bool) and str(value) not in allowed:
        return f"`{name}: {value}` is none of {', '.join(allowed)}"
    kind = form.get("type")
    if kind == "boolean" and str(value).lower() not in _SWITCHES:
        return f"`{name}: {value}` is neither true nor false"
    if kind == "integer" and (isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value))):
        return f"`{name}: {value}` is no whole number"
    return ""


def _uses(config: Mapping[Any, Any]) -> Iterator[tuple[str, str, Mapping[Any, Any], int | None]]:
    """(section, name, what it is given, line) of each executor and command that is used."""
    for parent, key, value in walk({each: config.get(each) for each in ("jobs", "commands", "workflows")}):
        if key == "executor":
            name = value.get("name") if isinstance(value, Mapping) else value
            given = {each: value[each] for each in value if each != "name"} if isinstance(value, Mapping) else {}
            yield "executors", str(name), _Given(given, value), at((parent, key))
        for position, step in enumerate(listed(value) if key in ("steps", "pre-steps", "post-steps") else ()):
            if isinstance(step, str):
                yield "commands", step, {}, at((value, position))
            for name, given in mapping(step).items():
                yield "commands", str(name), mapping(given), at((step, name), (value, position))


class _Given(dict[Any, Any]):
    """What an executor is given beside its name, with the lines of the mapping it is from."""

    def __init__(self, values: Mapping[Any, Any], whole: Any) -> None:
        super().__init__(values)
        self.whole = whole


def _given(files: Files, path: str) -> Iterator[Hit]:
    config = config_of(files, path)
    for section, name, given, line in _uses(config):
        what = mapping(config, section).get(name)
        if not isinstance(what, Mapping):
            continue
        kind = section.removesuffix("s")
        declared = mapping(what, "parameters")
        source = given.whole if isinstance(given, _Given) else given
        for parameter in given:
            if parameter not in declared:
                yield Hit(at((source, parameter)) or line, f"the {kind} `{name}` has no parameter `{parameter}`")
            elif wrong := unfit(str(parameter), mapping(declared, parameter), given[parameter]):
                yield Hit(at((source, parameter)) or line, wrong)
        for parameter, form in declared.items():
            if parameter not in given and "default" not in mapping(form):
                yield Hit(line, f"the {kind} `{name}` is used without its parameter `{parameter}`")


_C = ".circleci/config.yml"
_EXECUTOR = "version: 2.1\nexecutors:\n  node: {{parameters: {{size: {{type: enum, enum: [small, large], default: small}}}}, docker: [{{image: 'a:1'}}], resource_class: << parameters.size >>}}\njobs:\n  a: {{executor: {}, steps: [checkout]}}\n"
_COMMAND = "version: 2.1\ncommands:\n  roll:\n    parameters: {{to: {{type: string}}, fast: {{type: boolean, default: false}}, times: {{type: integer, default: 1}}}}\n    steps: [run: 'a << parameters.to >>']\njobs:\n  a:\n    docker: [{{image: 'a:1'}}]\n    steps: [{}]\n"

RULES = (
    Rule("circleci/given", "error", "CircleCI refuses the configuration: give what is declared, of its type, and all that has no default.", "CircleCI, Reusing configuration: parameters of executors and commands.", applies, _given,
         bad=(
             {_C: _EXECUTOR.format("{name: node, size: xlarge}")}, {_C: _EXECUTOR.format("{name: node, class: large}")}, {_C: _COMMAND.format("roll")}, {_C: _COMMAND.format("{roll: {to: a, where: b}}")},
             {_C: _COMMAND.format("{roll: {to: a, fast: sometimes}}")}, {_C: _COMMAND.format("{when: {condition: true, steps: [{roll: {to: a, times: twice}}]}}")},
             {_C: "version: 2.1\nsetup: true\norbs: {path-filtering: circleci/path-filtering@1.3.0}\nworkflows: {w: {jobs: [path-filtering/filter: {config-path: .circleci/more.yml}]}}\n", ".circleci/more.yml": _COMMAND.format("roll") + "workflows: {w: {jobs: [a]}}\n"},
         ),
         good=({_C: _EXECUTOR.format("{name: node, size: large}")}, {_C: _EXECUTOR.format("node")}, {_C: _EXECUTOR.format("{name: node, size: << parameters.size >>}").replace("a: {exec", "a: {parameters: {size: {type: string, default: x}}, exec")}, {_C: _COMMAND.format("{roll: {to: a, fast: true, times: 2}}")}, {".circleci/more.yml": _COMMAND.format("roll") + "workflows: {w: {jobs: [a]}}\n"})),
)  # fmt: skip
