"""Composite actions of GitHub: the inputs and steps that expressions name, and what they run on."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.yaml_files import walk

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.S)
_INPUT = re.compile(r"\binputs\.([\w-]+)")
_STEP = re.compile(r"\bsteps\.([\w-]+)\.")
_OLD = re.compile(r"node(?:8|10|12|16)")


def _applies(path: str) -> bool:
    return posixpath.basename(path) in ("action.yml", "action.yaml")


def _action(files: Files, path: str) -> Mapping[Any, Any]:
    found = files.documents(path)
    action = mapping(found[0]) if found else {}
    return action if "using" in mapping(action, "runs") else {}


def _expressions(action: Mapping[Any, Any]) -> Iterator[tuple[str, int | None]]:
    for parent, key, value in walk(action):
        if isinstance(value, str):
            texts = _EXPRESSION.findall(value) or ([value] if key == "if" else [])
            yield from ((text, at((parent, key))) for text in texts)


def _references(files: Files, path: str) -> Iterator[Hit]:
    action = _action(files, path)
    inputs = {str(each).lower() for each in mapping(action, "inputs")}
    steps = {str(mapping(each).get("id")).lower() for each in listed(mapping(action, "runs").get("steps"))}
    composite = mapping(action, "runs").get("using") == "composite"
    for text, line in _expressions(action) if composite else ():
        for name in _INPUT.findall(text):
            if name.lower() not in inputs and "github.event.inputs" not in text:
                yield Hit(line, f"the action has no input `{name}`")
        for name in _STEP.findall(text):
            if name.lower() not in steps:
                yield Hit(line, f"the action has no step with the id `{name}`")


def _using(files: Files, path: str) -> Iterator[Hit]:
    runs = mapping(_action(files, path), "runs")
    using = str(runs.get("using"))
    if _OLD.fullmatch(using):
        yield Hit(at((runs, "using")), f"GitHub's runners have no {using} any more")


_DOC = "GitHub Actions, Metadata syntax"
_A = "name: a\ndescription: b\n{}runs:\n  using: composite\n  steps:\n    - id: x\n      shell: bash\n      env: {{A: '${{{{ {} }}}}'}}\n      run: b\n"
_J = "name: a\ndescription: b\nruns: {{using: {}, main: a.js}}\n"

RULES = (
    Rule(
        "action/reference", "error", "It is empty when the action runs: name an input or a step that the action has.",
        f"{_DOC}: expressions of a composite action see its inputs and its steps by their ids.", _applies, _references,
        bad=({"action.yml": _A.format("", "inputs.b")}, {"a/action.yml": _A.format("outputs: {o: {description: d, value: '${{ steps.y.outputs.z }}'}}\n", "runner.os")}),
        good=({"action.yml": _A.format("inputs: {b: {description: c}}\n", "inputs.B")}, {"action.yml": _A.format("outputs: {o: {description: d, value: '${{ steps.x.outputs.z }}'}}\n", "runner.os")}),
    ),
    Rule(
        "action/runtime", "error", "Build it for node24 or node20.", f"{_DOC}: runs.using names a runtime that the runners have.", _applies, _using,
        bad=({"action.yml": _J.format("node12")},), good=({"action.yml": _J.format("node24")},),
    ),
)  # fmt: skip
