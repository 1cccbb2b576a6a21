"""What a run leaves for production: the persona's Outputs, derived from what the run changed and from nothing else.

A path stands under what it is by the inventory's rules; what a document is about is read from its name and headings.
An empty list says that this run made nothing of the kind, not that the repository has none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from boringops import inventory
from boringops.facts import Validation
from boringops.state import State

_PIPELINE = {
    "github-actions", "gitlab-ci", "circleci", "jenkins", "azure-pipelines", "bitbucket-pipelines", "travis", "drone",
    "woodpecker", "buildkite", "cloud-build", "aws-code", "tekton", "argocd", "flux",
}  # fmt: skip
_MONITORING = {"prometheus", "alertmanager", "grafana", "otel-collector"}
_BESIDE = {
    "env-file",
    "dependabot",
    "renovate",
    "make",
    "task-runner",
    "pre-commit",
    "policy",
    "sops",
    "runbook",
    "other",
}
"""Kinds of the inventory that are not infrastructure by themselves."""

_RUNBOOK = re.compile(r"run-?book", re.IGNORECASE)
_RECOVERY = re.compile(r"disaster|recover|restor|backup", re.IGNORECASE)
_HEADING = re.compile(r"^#{1,4}\s+(.+)$", re.MULTILINE)
_VARIABLE = re.compile(r"^\s*#?\s*(?:export\s+)?([A-Z][A-Z0-9_]+)=", re.MULTILINE)
_MAX_BYTES = 1024 * 1024


class Output(BaseModel):
    """A file of the run, and whether something checked it."""

    model_config = ConfigDict(frozen=True)

    path: str
    kind: str = Field(default="", description="As the inventory names it, e.g. `github-actions`.")
    section: str = Field(default="", description="The heading meant, where it is a part of the file.")
    checked: bool = Field(default=False, description="A validator passed the file, and none failed it.")


class Outputs(BaseModel):
    """What the run leaves, by what production needs."""

    model_config = ConfigDict(frozen=True)

    pipeline: list[Output] = []
    infrastructure: list[Output] = []
    monitoring: list[Output] = []
    runbook: list[Output] = []
    disaster_recovery: list[Output] = []
    variables: list[str] = Field(default=[], description="Names documented in the .env.example files it changed.")
    known_limits: list[str] = Field(default=[], description="What is assumed, not validated, or left to be done.")


def of_state(state: State, follow_ups: Sequence[str], validation: Sequence[Validation]) -> Outputs:
    """The outputs of a run, read from its files as they are now where they are still the run's."""
    root = Path(state.start.root) if state.start else Path()
    kept = [path for path, change in sorted(state.changes.items()) if change.after is not None]
    kinds = {item.path: item.kind for item in inventory.take(root, kept, []).files} if kept else {}
    outcomes: dict[str, set[str]] = {}
    for item in validation:
        outcomes.setdefault(item.path, set()).add(item.outcome)

    def output(path: str, section: str = "") -> Output:
        seen = outcomes.get(path, set())
        checked = "passed" in seen and "failed" not in seen
        return Output(path=path, kind=kinds.get(path, ""), section=section, checked=checked)

    texts = {path: _text(root / path) for path in kept}
    documents = {path: _HEADING.findall(texts[path]) for path in kept if path.lower().endswith(".md")}
    variables = {name for path in kept if path.endswith(".env.example") for name in _VARIABLE.findall(texts[path])}
    return Outputs(
        pipeline=[output(path) for path in kept if kinds.get(path) in _PIPELINE],
        infrastructure=[
            output(path) for path in kept if path in kinds and kinds[path] not in _PIPELINE | _MONITORING | _BESIDE
        ],
        monitoring=[output(path) for path in kept if kinds.get(path) in _MONITORING],
        runbook=[output(path) for path in documents if _RUNBOOK.search(path)],
        disaster_recovery=[
            output(path, heading)
            for path, headings in documents.items()
            for heading in headings
            if _RECOVERY.search(heading)
        ],
        variables=sorted(variables),
        known_limits=_limits(state, follow_ups, validation),
    )


def _limits(state: State, follow_ups: Sequence[str], validation: Sequence[Validation]) -> list[str]:
    assumed = [f"Assumed: {text}" for text in (state.plan.assumptions if state.plan else [])]
    blind = [
        f"Not validated: {item.path} ({item.tool}: {item.reason})"
        for item in validation
        if item.outcome == "not_validated"
    ]
    return [
        *assumed,
        *blind,
        *(f"To be done: {text}" for text in follow_ups if state.plan is None or text not in state.plan.assumptions),
    ]


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[:_MAX_BYTES].decode(errors="replace")
    except OSError:
        return ""
