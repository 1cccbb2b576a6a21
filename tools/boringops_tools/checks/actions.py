"""Composite actions of GitHub: the inputs and steps that expressions name, what they run on, and where they lie."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_workflow, walk

_EXPRESSION = lazy_pattern(r"\$\{\{(.*?)\}\}", re.S)
_INPUT = lazy_pattern(r"\binputs\.([\w-]+)")
_STEP = lazy_pattern(r"\bsteps\.([\w-]+)\.")
_SECRET = lazy_pattern(r"(?<![\w.'\"-])secrets\s*(?:\.\s*([\w-]+)|\[)", re.I)
_OLD_COMMAND = lazy_pattern(r"::(set-output|save-state|set-env|add-path)(?:\s+name=[^:\n]*)?::")
_REPLACED = {
    "set-output": "GITHUB_OUTPUT",
    "save-state": "GITHUB_STATE",
    "set-env": "GITHUB_ENV",
    "add-path": "GITHUB_PATH",
}
_OLD = lazy_pattern(r"node(?:8|10|12|16)")


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


def _secrets(files: Files, path: str) -> Iterator[Hit]:
    action = _action(files, path)
    for text, line in _expressions(action) if mapping(action, "runs").get("using") == "composite" else ():
        for match in _SECRET.finditer(re.sub(r"'[^']*'", "''", text)):
            yield Hit(line, f"an action has no `secrets` ({match[0]}): it gets what it needs as an input")


def _old_commands(files: Files, path: str) -> Iterator[Hit]:
    for step in map(mapping, listed(mapping(_action(files, path), "runs").get("steps"))):
        script = step.get("run")
        if not isinstance(script, str):
            continue
        for match in _OLD_COMMAND.finditer(script):
            block = (at((step, "run")) or 1) + (1 if "\n" in script.rstrip("\n") else 0)
            line = block + script.count("\n", 0, match.start())
            yield Hit(line, f"the command `::{match[1]}` is one that GitHub gave up: append to ${_REPLACED[match[1]]}")


def _brings(document: Any) -> bool:
    """Whether a step checks another repository out, or this one to another place."""
    for _, key, value in walk(document):
        if key == "steps":
            for step in map(mapping, listed(value)):
                own = str(step.get("uses", "")).startswith(
                    ("actions/upload-", "actions/download-", "actions/cache", "actions/setup-")
                )
                if not own and {"repository", "path", "submodules"} & set(mapping(step, "with")):
                    return True
    return False


def _uses(files: Files, path: str) -> Iterator[Hit]:
    """Local actions and workflows that are not there. Another repository that is checked out brings its own."""
    text = files.text(path)
    if not files.known or any(map(_brings, files.documents(path))):
        return
    for document in files.documents(path):
        for parent, key, value in walk(document):
            if key != "uses" or not isinstance(value, str) or not value.startswith("./") or "$" in value:
                continue
            place = posixpath.normpath(value.partition("@")[0])
            there = [place, f"{place}/action.yml", f"{place}/action.yaml", f"{place}/Dockerfile"]
            made = re.search(rf"(?m)^(?!\s*(?:-\s+)?uses:).*{re.escape(place)}", text) or files.ignored(place)
            if not any(each in files.known for each in there) and not made:
                yield Hit(at((parent, key)), f"`{value}` is not in the repository")


def _calls(path: str) -> bool:
    return is_workflow(path) or (_applies(path) and path.startswith(".github/"))


def _using(files: Files, path: str) -> Iterator[Hit]:
    runs = mapping(_action(files, path), "runs")
    using = str(runs.get("using"))
    if _OLD.fullmatch(using):
        yield Hit(at((runs, "using")), f"GitHub's runners have no {using} any more")


_DOC = "GitHub Actions, Metadata syntax"
_A = "name: a\ndescription: b\n{}runs:\n  using: composite\n  steps:\n    - id: x\n      shell: bash\n      env: {{A: '${{{{ {} }}}}'}}\n      run: b\n"
_U = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: {}\n"
_J = "name: a\ndescription: b\nruns: {{using: {}, main: a.js}}\n"

RULES = (
    Rule(
        "action/reference", "error", "It is empty when the action runs: name an input or a step that the action has.",
        f"{_DOC}: expressions of a composite action see its inputs and its steps by their ids.", _applies, _references,
        bad=({"action.yml": _A.format("", "inputs.b")}, {"a/action.yml": _A.format("outputs: {o: {description: d, value: '${{ steps.y.outputs.z }}'}}\n", "runner.os")}),
        good=({"action.yml": _A.format("inputs: {b: {description: c}}\n", "inputs.B")}, {"action.yml": _A.format("outputs: {o: {description: d, value: '${{ steps.x.outputs.z }}'}}\n", "runner.os")}),
    ),
    Rule(
        "action/secrets", "error", "GitHub refuses the action: declare an input, and let the caller fill it from a secret.", "GitHub Actions, Contexts: secrets is not available in composite actions; a secret is passed as an input.", _applies, _secrets,
        bad=({"action.yml": _A.format("", "secrets.TOKEN")}, {"a/action.yaml": _A.format("", "inputs.b || secrets.TOKEN")}), good=({"action.yml": _A.format("inputs: {secrets: {description: c}}\n", "inputs.secrets")}, {"action.yml": _A.format("", "format('secrets.x', runner.os)")}),
    ),
    Rule(
        "action/old-command", "warning", "Append NAME=VALUE to the file: GitHub warns of these commands, and takes two of them no more.", "GitHub Actions, Workflow commands: set-output, save-state, set-env and add-path are deprecated for environment files.", _applies, _old_commands,
        bad=({"action.yml": _A.format("", "runner.os").replace("run: b", "run: echo '::set-output name=a::b'")},), good=({"action.yml": _A.format("", "runner.os").replace("run: b", "run: echo '::error::b' && echo a=b >> $GITHUB_OUTPUT")},),
    ),
    Rule(
        "workflow/local-action", "error", "The job fails at once: name the folder of an action, or a workflow, as seen from the root of the repository.", "GitHub Actions, Workflow syntax, uses: ./path/to/dir is a folder of the repository that is checked out.", _calls, _uses,
        bad=({".github/workflows/a.yml": _U.format("./.github/actions/b"), ".github/actions/a/action.yml": _A.format("", "runner.os")},),
        good=({".github/workflows/a.yml": _U.format("./.github/actions/a"), ".github/actions/a/action.yml": _A.format("", "runner.os")}, {".github/workflows/a.yml": _U.format("./b").replace("- uses: ./b", "- {uses: actions/checkout@v4, with: {path: b}}\n      - uses: ./b").replace("{uses", "\n          uses").replace(", with: {path: b}}", "\n          with:\n            path: b")}),
    ),
    Rule(
        "action/runtime", "error", "Build it for node24 or node20.", f"{_DOC}: runs.using names a runtime that the runners have.", _applies, _using,
        bad=({"action.yml": _J.format("node12")},), good=({"action.yml": _J.format("node24")},),
    ),
)  # fmt: skip
