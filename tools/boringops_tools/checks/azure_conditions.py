"""Azure Pipelines: conditions that cannot be read, or that forget what stood before; repositories nobody can find."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.azure_templates import is_template, may_be_template
from boringops_tools.red_flags.deployed_images import pushes
from boringops_tools.red_flags.deploying import deploys
from boringops_tools.red_flags.pipelines import read
from boringops_tools.yaml_files import is_azure, walk

_FUNCTIONS = frozenset(
    """always and canceled coalesce contains containsvalue converttojson counter endswith eq failed format ge gt iif in join le length
    lower lt ne not notin or replace split startswith succeeded succeededorfailed trim upper xor""".split()  # noqa: SIM905
)
_CALL = lazy_pattern(r"([A-Za-z_]\w*)\s*\(")
_TEXT = lazy_pattern(r"'(?:[^']|'')*'")
_LOOKS_BACK = lazy_pattern(
    r"(?i)\b(?:succeeded|failed|succeededOrFailed|canceled|always)\s*\(|\.result\b|\bresult'\s*\]|Agent\.JobStatus"
)


def bad_condition(text: str) -> str:
    """What is wrong with a condition; empty where nothing is known to be."""
    bare = _TEXT.sub("''", text)
    if "${{" in bare or "$[" in bare:
        return ""
    if bare.count("(") != bare.count(")"):
        return "its parentheses do not match"
    if match := re.search(r"&&|\|\||==|!=|(?<![<>])=", bare):
        return f"it has no operators (`{match[0]}`), but functions: and(), or(), eq(), ne()"
    for match in _CALL.finditer(bare):
        if match[1].lower() not in _FUNCTIONS:
            return f"there is no function `{match[1]}`"
    if re.fullmatch(r"(?i)\s*(?:succeeded|failed|always|succeededOrFailed|canceled)\s*", bare):
        return "a function is called with parentheses"
    return ""


def _document(files: Files, path: str) -> Mapping[Any, Any]:
    found = files.documents(path)
    document = mapping(found[0]) if len(found) == 1 else {}
    return document if is_azure(path) or is_template(document) else {}


_OWNERS = frozenset(
    {
        "task",
        "script",
        "bash",
        "pwsh",
        "powershell",
        "checkout",
        "download",
        "publish",
        "template",
        "job",
        "deployment",
        "stage",
    }
)


def _conditions(files: Files, path: str) -> Iterator[Hit]:
    for parent, key, value in walk(_document(files, path)):
        if (
            key == "condition"
            and isinstance(value, str)
            and isinstance(parent, Mapping)
            and _OWNERS & set(parent)
            and (wrong := bad_condition(value))
        ):
            yield Hit(at((parent, key)), f"the condition `{' '.join(value.split())[:120]}` cannot be read: {wrong}")


def _forgetful(files: Files, path: str) -> Iterator[Hit]:
    """A condition replaces the one that all before it has ended well; what deploys and publishes asks for that."""
    if not is_azure(path) or not _document(files, path):
        return
    for pipeline in read(path, files.text(path)):
        told = set()
        for job in pipeline.jobs:
            if not job.needs or not (deploys(job) or pushes(job) or "deployment" in mapping(job.body)):
                continue
            own = mapping(job.body)
            inner = bool(listed(own.get("dependsOn")) or isinstance(own.get("dependsOn"), str))
            # A stage's condition is about stages, a job's about jobs of its stage.
            for holder, applies in ((mapping(job.options), True), (own, inner)):
                condition = holder.get("condition")
                if not applies or not isinstance(condition, str) or holder.get("dependsOn") == []:
                    continue
                line = at((holder, "condition"))
                if (
                    "${{" not in condition
                    and not _LOOKS_BACK.search(condition)
                    and condition.strip().lower() not in ("true", "false")
                    and line not in told
                ):
                    told.add(line)
                    yield Hit(
                        line,
                        f"`{job.name}` runs whatever became of what stands before it: the condition does not ask succeeded()",
                    )


def _repositories(files: Files, path: str) -> Iterator[Hit]:
    repositories = listed(mapping(_document(files, path), "resources").get("repositories"))
    for position, each in enumerate(map(mapping, repositories)):
        if "repository" not in each or any("${{" in str(key) for key in each):
            continue
        kind = str(each.get("type", "")).lower()
        wanted = ["type", "name"] + (["endpoint"] if kind in ("github", "githubenterprise", "bitbucket") else [])
        for key in wanted:
            if key not in each:
                yield Hit(at((repositories, position)), f"the repository `{each['repository']}` has no `{key}`")


_A = "azure-pipelines.yml"


def _file(condition: str) -> dict[str, str]:
    return {_A: f"trigger: [main]\njobs:\n- job: a\n  condition: {condition}\n  steps: []\n"}


_STAGES = "trigger: [main]\nstages:\n- stage: a\n  jobs: [{{job: t, steps: [{{script: make test}}]}}]\n- stage: b\n  condition: {}\n  jobs:\n  - job: p\n    steps: [{{script: {}}}]\n"
_REPOSITORY = "trigger: [main]\nresources:\n  repositories:\n  - {{repository: t, {}}}\nsteps: []\n"
_MAIN = "eq(variables['Build.SourceBranch'], 'refs/heads/main')"
_DOC = "Azure Pipelines documentation"

RULES = (
    Rule("azure/condition", "error", "Azure refuses the pipeline: write it with the functions of its expressions.", f"{_DOC}, Expressions: functions and literals; there are no operators.", may_be_template, _conditions,
         bad=(_file("and(succeeded(), eq(1, 1)"), _file("success()"), _file("succeeded() && eq(1, 1)"), _file("variables.a == 'b'"), _file("succeeded")),
         good=(_file(f"and(succeeded(), {_MAIN}, ne(variables['x'], 'a = b (c'))"), _file("eq('${{ parameters.a }}', 'x' )"), _file("In(variables['Build.Reason'], 'Manual', 'Schedule')"))),
    Rule("azure/forgetful", "warning", "Write and(succeeded(), ...): a condition takes the place of that which is there by default.", f"{_DOC}, Specify conditions: with a condition of its own a stage runs even where the one before has failed.", is_azure, _forgetful,
         bad=({_A: _STAGES.format(_MAIN, "kubectl apply -f k8s")}, {_A: _STAGES.format(_MAIN, "docker push r/a:1")}),
         good=({_A: _STAGES.format(f"and(succeeded(), {_MAIN})", "kubectl apply -f k8s")}, {_A: _STAGES.format(_MAIN, "make docs")}, {_A: _STAGES.format("in(dependencies.a.result, 'Succeeded')", "docker push r/a:1")}, {_A: _STAGES.format(_MAIN, "docker push r/a:1").replace("- stage: b", "- stage: b\n  dependsOn: []")})),
    Rule("azure/repository-name", "error", "Azure refuses the pipeline: say what kind of repository it is, its name, and the connection to another host.", f"{_DOC}, resources.repositories: type and name; endpoint where it is not in Azure Repos.", may_be_template, _repositories,
         bad=({_A: _REPOSITORY.format("type: git")}, {_A: _REPOSITORY.format("name: a/b")}, {_A: _REPOSITORY.format("type: github, name: a/b")}),
         good=({_A: _REPOSITORY.format("type: git, name: a/b, ref: refs/tags/v1")}, {_A: _REPOSITORY.format("type: github, name: a/b, endpoint: c")})),
)  # fmt: skip
