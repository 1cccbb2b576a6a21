"""Azure Pipelines: what stages and jobs depend on. A template or an expression in a list makes its names unknowable."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.graph import cycles
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.azure_templates import is_template, may_be_template
from boringops_tools.yaml_files import is_azure, walk

_NAME = lazy_pattern(r"[A-Za-z_]\w*")
Group = tuple[str, list[Any]]
"""What the members of a list are (stage, job), and the list."""


def _groups(files: Files, path: str, *, whole: bool = False) -> Iterator[Group]:
    """The lists of stages and jobs; `whole` with those of templates, and of each branch of a condition."""
    from boringops_tools.checks.azure_expanded import expanded

    found = files.documents(path)
    document = mapping(found[0]) if found else {}
    if "parameters" in document and not {"trigger", "pr", "pool"} & set(document):
        return  # a template
    document = (expanded(files, path) if whole else None) or document
    stages = listed(document.get("stages"))
    yield "stage", stages
    yield "job", listed(document.get("jobs"))
    for stage in stages:
        yield "job", listed(mapping(stage).get("jobs"))


def _name(kind: str, member: Any) -> str | None:
    """A member's name; null where it cannot be known."""
    keys = ("stage",) if kind == "stage" else ("job", "deployment")
    name = next((member[key] for key in keys if key in member), None) if isinstance(member, Mapping) else None
    return name if isinstance(name, str) and _NAME.fullmatch(name) else None


def _needs(member: Mapping[Any, Any]) -> list[tuple[str, int | None]]:
    value = member.get("dependsOn")
    if isinstance(value, str):
        return [(value, at((member, "dependsOn")))]
    names = listed(value)
    return [(str(each), at((names, position))) for position, each in enumerate(names)]


def _named(kind: str, members: list[Any]) -> dict[str, Mapping[Any, Any]] | None:
    """The members by name, in lower case; null where some name cannot be known."""
    names = [_name(kind, member) for member in members]
    if not members or None in names:
        return None
    return {str(name).lower(): member for name, member in zip(names, members, strict=True)}


def _depends(files: Files, path: str) -> Iterator[Hit]:
    for kind, members in _groups(files, path, whole=True):
        known = _named(kind, members)
        for name, member in (known or {}).items():
            for other, line in _needs(member):
                if known is not None and other.lower() not in known and _NAME.fullmatch(other):
                    yield Hit(line, f"{kind} `{name}` depends on `{other}`, which is no {kind} beside it")


def _cycles(files: Files, path: str) -> Iterator[Hit]:
    for kind, members in _groups(files, path):
        known = {str(_name(kind, member)).lower(): member for member in members if _name(kind, member)}
        graph = {name: [other.lower() for other, _ in _needs(member)] for name, member in known.items()}
        for cycle in cycles(graph):
            yield Hit(at((known[cycle[0]], "dependsOn")), f"{kind}s depend in a circle: {' → '.join(cycle)}")


def _templates(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path):
        for parent, key, value in walk(document):
            if key != "template" or not isinstance(value, str) or "@" in value or "$" in value:
                continue
            base = "" if value.startswith("/") else PurePosixPath(path).parent.as_posix()
            place = posixpath.normpath(posixpath.join(base, value.lstrip("/")))
            if place not in files.known and not files.ignored(place):
                yield Hit(at((parent, key)), f"the template `{value}` is not in the repository")


_STRATEGIES = frozenset({"runOnce", "rolling", "canary"})


def _strategies(files: Files, path: str) -> Iterator[Hit]:
    found = files.documents(path)
    document = mapping(found[0]) if found else {}
    if not (is_azure(path) or is_template(document)):
        return
    for _, key, members in walk(document):
        for member in map(mapping, listed(members) if key == "jobs" else ()):
            strategy = mapping(member, "strategy")
            if "deployment" in member and "strategy" not in member and not any("${{" in str(key) for key in member):
                yield Hit(
                    at((member, "deployment")),
                    f"the deployment `{member['deployment']}` has no `strategy`: it has no steps",
                )
            for word in strategy if "deployment" in member else ():
                if str(word) not in _STRATEGIES and "${{" not in str(word):
                    yield Hit(at((strategy, word)), f"`{word}` is no deployment strategy")
            if "job" not in member:
                continue
            for word in strategy:
                if str(word) in _STRATEGIES:
                    yield Hit(at((strategy, word)), f"`{word}` is a strategy of a `deployment`: a `job` has none such")
            if "environment" in member:
                yield Hit(at((member, "environment")), "an `environment` belongs to a `deployment`: a `job` has none")


def _doubles(files: Files, path: str) -> Iterator[Hit]:
    for kind, members in _groups(files, path):
        seen: set[str] = set()
        for position, member in enumerate(members):
            name = _name(kind, member)
            if name and name.lower() in seen:
                yield Hit(at((members, position)), f"there are two {kind}s `{name}`")
            seen.add((name or "").lower())


_DOC = "Azure Pipelines YAML schema reference"

RULES = (
    Rule(
        "azure/depends-on", "error", "Azure refuses the pipeline: name a stage of it, or a job of the same stage.",
        f"{_DOC}: dependsOn of a stage names stages, of a job names jobs of the same stage.",
        is_azure, _depends,
        bad=(
            {"azure-pipelines.yml": "stages:\n- stage: A\n- stage: B\n  dependsOn: AA\n"},
            {"azure-pipelines.yml": "jobs:\n- job: a\n- deployment: b\n  dependsOn: [a, c]\n"},
            {"azure-pipelines.yml": "stages:\n- template: x.yml\n  parameters: {to: a}\n- stage: c\n  dependsOn: [a]\n", "x.yml": "parameters: [{name: to}]\nstages:\n- stage: b_${{ parameters.to }}\n"},
        ),
        good=(
            {"azure-pipelines.yml": "stages:\n- stage: A\n- stage: B\n  dependsOn: [a]\n- stage: C\n  dependsOn: []\n"},
            {"azure-pipelines.yml": "jobs:\n- template: x.yml\n- job: b\n  dependsOn: a\n"},
            {"azure-pipelines.yml": "stages:\n- template: x.yml\n  parameters: {to: a}\n- stage: c\n  dependsOn: [b_a]\n", "x.yml": "parameters: [{name: to}]\nstages:\n- stage: b_${{ parameters.to }}\n"},
            {"azure-pipelines.yml": "jobs:\n- template: x.yml\n- job: b\n  dependsOn: a\n", "x.yml": "jobs:\n- ${{ each x in parameters.y }}:\n  - job: a\n"},
            {"azure-pipelines.yml": "jobs:\n- ${{ if true }}:\n  - job: a\n- job: b\n  dependsOn: a\n"},
            {"azure-pipelines.yml": "stages:\n- stage: A\n  jobs:\n  - job: x\n- stage: B\n  dependsOn: ${{ parameters.on }}\n"},
        ),
    ),
    Rule(
        "azure/cycle", "error", "Azure refuses the pipeline: break the circle.",
        f"{_DOC}: dependencies of stages and jobs must not be circular.",
        is_azure, _cycles,
        bad=({"azure-pipelines.yml": "jobs:\n- job: a\n  dependsOn: b\n- job: b\n  dependsOn: a\n"},),
        good=({"azure-pipelines.yml": "jobs:\n- job: a\n- job: b\n  dependsOn: a\n- job: c\n  dependsOn: [a, b]\n"},),
    ),
    Rule(
        "azure/duplicate", "error", "Azure refuses the pipeline: give each a name of its own.",
        f"{_DOC}: names of stages, and of the jobs of a stage, are unique.",
        is_azure, _doubles,
        bad=({"azure-pipelines.yml": "jobs:\n- job: a\n- job: A\n"},),
        good=({"azure-pipelines.yml": "stages:\n- stage: A\n  jobs:\n  - job: x\n- stage: B\n  jobs:\n  - job: x\n"},),
    ),
    Rule(
        "azure/template", "error", "Azure refuses the pipeline: name a template that is there, as seen from this file.",
        f"{_DOC}: a template without @repository is a file of this one, relative to the file that includes it.",
        is_azure, _templates,
        bad=({"azure-pipelines.yml": "jobs:\n- template: ci/b.yml\n", "ci/a.yml": "jobs: []\n"},),
        good=({"azure-pipelines.yml": "jobs:\n- template: ci/a.yml\n- template: /ci/a.yml\n- template: b.yml@shared\n- template: ${{ parameters.t }}\n", "ci/a.yml": "jobs: []\n"},),
    ),
    Rule(
        "azure/strategy", "error", "Write runOnce, rolling or canary, of a `deployment`.",
        f"{_DOC}: a deployment's strategy is runOnce, rolling or canary.",
        may_be_template, _strategies,
        bad=({"pipelines/deploy.yml": "parameters: [{name: to}]\njobs:\n- job: a\n  strategy: {runOnce: {deploy: {steps: []}}}\n"}, {"azure-pipelines.yml": "jobs:\n- job: a\n  environment: x\n  steps: []\n"},{"azure-pipelines.yml": "jobs:\n- deployment: a\n  environment: x\n  strategy: {blueGreen: {}}\n"}, {"azure-pipelines.yml": "jobs:\n- deployment: a\n  environment: x\n"}),
        good=({"azure-pipelines.yml": "jobs:\n- deployment: a\n  environment: x\n  strategy: {runOnce: {deploy: {steps: []}}}\n- job: b\n  strategy: {matrix: {}}\n"}, {"azure-pipelines.yml": "jobs:\n- deployment: a\n  environment: x\n  ${{ if true }}:\n    strategy: {runOnce: {}}\n"}),
    ),
)  # fmt: skip
