"""Composite actions: inputs that are texts and are taken for truth, outputs nobody writes, shells that are none."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.scripts import Script, commands
from boringops_tools.yaml_files import is_workflow

_SHELLS = frozenset({"bash", "sh", "pwsh", "powershell", "cmd", "python"})
_BARE = lazy_pattern(r"\s*(?:\$\{\{)?\s*(?:!\s*)?inputs\.([\w-]+)\s*(?:\}\})?\s*")
_COMPARED = lazy_pattern(r"\binputs\.([\w-]+)\s*[!=]=\s*(true|false)\b|\b(true|false)\s*[!=]=\s*inputs\.([\w-]+)")
_TRUTH = frozenset({"true", "false"})
_OUTPUT = lazy_pattern(r"\bsteps\.([\w-]+)\.outputs\.([\w-]+)")
_WRITES = lazy_pattern(r"(?:^|[\s\"'{(])([A-Za-z_][\w-]*)(?:=|<<)")
_OWN_WAY = frozenset(
    {
        "python",
        "python3",
        "node",
        "ruby",
        "make",
        "npm",
        "npx",
        "just",
        "task",
        "go",
        "deno",
        "bun",
        "pwsh",
        "php",
        "perl",
        "source",
        ".",
        "gh",
    }
)


def _applies(path: str) -> bool:
    return posixpath.basename(path) in ("action.yml", "action.yaml")


def _action(files: Files, path: str) -> Mapping[Any, Any]:
    found = files.documents(path)
    action = mapping(found[0]) if found else {}
    return action if mapping(action, "runs").get("using") == "composite" else {}


def _steps(action: Mapping[Any, Any]) -> list[Any]:
    return listed(mapping(action, "runs").get("steps"))


def _texts(files: Files, path: str) -> Iterator[Hit]:
    action = _action(files, path)
    inputs = {str(name).lower(): mapping(value) for name, value in mapping(action, "inputs").items()}
    for step in map(mapping, _steps(action)):
        condition = step.get("if")
        if not isinstance(condition, str):
            continue
        match = _BARE.fullmatch(condition)
        default = str(inputs.get(match[1].lower(), {}).get("default")).lower() if match else ""
        if match and default in _TRUTH:
            yield Hit(
                at((step, "if")),
                f"the input `{match[1]}` is a text, and so is `false`: it always holds; compare with 'true'",
            )
        for compared in _COMPARED.finditer(condition):
            name = compared[1] or compared[4]
            if name.lower() in inputs:
                yield Hit(
                    at((step, "if")),
                    f"the input `{name}` is a text and never the value {compared[2] or compared[3]}: write it in quotes",
                )


def _shells(files: Files, path: str) -> Iterator[Hit]:
    seen: set[str] = set()
    for step in map(mapping, _steps(_action(files, path))):
        shell = step.get("shell")
        if isinstance(shell, str) and "{" not in shell and shell.split()[:1] and shell.split()[0] not in _SHELLS:
            yield Hit(
                at((step, "shell")),
                f"`{shell}` is no shell that GitHub knows: {', '.join(sorted(_SHELLS))}, or a command with {{0}}",
            )
        name = step.get("id")
        if isinstance(name, str) and name.lower() in seen:
            yield Hit(at((step, "id")), f"there are two steps with the id `{name}`")
        seen.add(str(name).lower())
        uses = step.get("uses")
        if isinstance(uses, str) and "@" not in uses and not uses.startswith(("./", "../", "docker://", "${{")):
            yield Hit(at((step, "uses")), f"`{uses}` names no version: owner/name@commit")


def written(script: str) -> set[str] | None:
    """The outputs that a script writes itself; null where it may write others."""
    if "GITHUB_OUTPUT" not in script:
        return None
    for command in commands(Script(1, script)):
        if command.program in _OWN_WAY or "/" in (command.argv[0] if command.argv else "") or "$" in command.program:
            return None
    return set(_WRITES.findall(script))


def _asked(owner: Mapping[Any, Any], steps: list[Any]) -> Iterator[tuple[int | None, str]]:
    """(line, what is wrong) of outputs that a step with a script does not write."""
    scripts = {str(mapping(each).get("id")): mapping(each).get("run") for each in steps if "run" in mapping(each)}
    for holder, key, text in _expressions(owner):
        for name, output in _OUTPUT.findall(text):
            script = scripts.get(name)
            known = written(script) if isinstance(script, str) else None
            if known is None and isinstance(script, str) and "GITHUB_OUTPUT" in script:
                given = set(_WRITES.findall("\n".join(line for line in script.splitlines() if "GITHUB_OUTPUT" in line)))
                known = given if difflib.get_close_matches(output, given, 1, 0.85) else None
            if known and output not in known and "${" not in "".join(re.findall(r"[\w${}-]*=", str(script))):
                yield at((holder, key)), f"the step `{name}` writes {', '.join(sorted(known)[:4])}, and no `{output}`"


def _expressions(node: Any) -> Iterator[tuple[Any, Any, str]]:
    todo = [node]
    while todo:
        holder = todo.pop()
        for key, value in holder.items() if isinstance(holder, Mapping) else enumerate(holder):
            if isinstance(value, Mapping | list):
                todo.append(value)
            elif isinstance(value, str) and ("${{" in value or key == "if"):
                yield holder, key, value


def _unwritten(files: Files, path: str) -> Iterator[Hit]:
    found = files.documents(path)
    document = mapping(found[0]) if found else {}
    if _applies(path):
        action = _action(files, path)
        owners = [(action, _steps(action))] if action else []
    else:
        owners = [(mapping(job), listed(mapping(job).get("steps"))) for job in mapping(document, "jobs").values()]
    for owner, steps in owners:
        told = set()
        for line, message in _asked(owner, steps):
            if (line, message) not in told:
                told.add((line, message))
                yield Hit(line, message)


_A = "name: a\ndescription: b\n{}runs:\n  using: composite\n  steps:\n    - id: x\n      shell: {}\n      if: {}\n      run: {}\n"
_IN = "inputs: {dry: {description: c, default: 'false'}, token: {description: d}}\n"
_OUT = "outputs: {o: {description: d, value: '${{ steps.x.outputs.tag }}'}}\n"
_W = 'on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - id: x\n        run: echo "{}=1" >> $GITHUB_OUTPUT\n      - run: echo ${{{{ steps.x.outputs.tag }}}}\n'
_DOC = "GitHub Actions, Metadata syntax"


def _file(inputs: str = "", told: str = "bash", when: str = "always()", run: str = "b") -> dict[str, str]:
    return {"action.yml": _A.format(inputs, told, when, run)}


RULES = (
    Rule("action/truth", "warning", "Compare with a text: inputs.x == 'true'.", f"{_DOC}, inputs: the inputs of an action are texts; a text that is not empty is true.", _applies, _texts,
         bad=(_file(_IN, when="inputs.dry"), _file(_IN, when="${{ !inputs.dry }}"), _file(_IN, when="inputs.dry == true"), _file(_IN, when="${{ inputs.token != false }}")),
         good=(_file(_IN, when="inputs.dry == 'true'"), _file(_IN, when="inputs.token"), _file(_IN, when="fromJSON(inputs.dry)"))),
    Rule("action/step", "error", "GitHub refuses the action: correct the step.", f"{_DOC}, runs.steps: shell, id and uses of a step.", _applies, _shells,
         bad=(_file(told="bsh"), {"action.yml": _A.format("", "bash", "always()", "b") + "    - id: x\n      shell: sh\n      run: c\n"}, {"action.yml": _A.format("", "bash", "always()", "b") + "    - uses: actions/checkout\n"}),
         good=(_file(told="bash -euo pipefail {0}"), _file(told="pwsh"), {"action.yml": _A.format("", "sh", "always()", "b") + "    - uses: ./a\n    - uses: actions/checkout@v4\n    - uses: docker://a:1\n"})),
    Rule("workflow/unwritten-output", "error", "It is empty: ask for the name that the step writes.", "GitHub Actions, Workflow commands: a step's outputs are what it appends to GITHUB_OUTPUT.", lambda path: _applies(path) or is_workflow(path), _unwritten,
         bad=(_file(_OUT, run="echo tags=1 >> $GITHUB_OUTPUT"), {".github/workflows/a.yml": _W.format("version")}),
         good=(_file(_OUT, run="echo tag=1 >> $GITHUB_OUTPUT"), _file(_OUT, run="python a.py && echo version=1 >> $GITHUB_OUTPUT"), _file(_OUT, run="./a.sh"), {".github/workflows/a.yml": _W.format("tag")}, {".github/workflows/a.yml": _W.format("$NAME")})),
)  # fmt: skip
