"""GitLab: components that are another one tomorrow, and logs in which everything stands."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.examples import CI, a_job, gh
from boringops_tools.red_flags.pipelines import is_pipeline, list_of, mappings_of
from boringops_tools.yaml_files import line_of, walk

_MOVING = re.compile(r"@(?:~latest|latest|main|master|HEAD|develop)$")
_TRACES = frozenset({"CI_DEBUG_TRACE", "CI_DEBUG_SERVICES"})


def _is_gitlab(path: str) -> bool:
    return path.endswith((".gitlab-ci.yml", ".gitlab-ci.yaml"))


def _components(_: str, text: str) -> Iterable[Hit]:
    for document in mappings_of(text):
        for each in list_of(document.get("include")):
            name = each.get("component") if isinstance(each, Mapping) else None
            if isinstance(name, str) and (_MOVING.search(name) or "@" not in name):
                yield Hit(line_of(each, "component"), f"the component {name} is another one tomorrow")


def _traces(_: str, text: str) -> Iterable[Hit]:
    for document in mappings_of(text):
        for parent, key, value in walk(document):
            if key in _TRACES and str(value).lower() in ("true", "1", "yes", "on"):
                yield Hit(line_of(parent, key), f"{key} writes every variable into the log, the secret ones too")


_COMPONENT = "include:\n  - component: $CI_SERVER_FQDN/acme/scan/sast{}\na: {{script: x}}\n"
RED_FLAGS = (
    RedFlag(
        "pipeline/moving-component", "Use `latest` tag in production (always pin versions)", "warning", "Name a release or a commit: @1.2.3.",
        applies=_is_gitlab, check=_components,
        bad={".gitlab-ci.yml": _COMPONENT.format("@~latest"), "a/.gitlab-ci.yml": _COMPONENT.format("@main")},
        good={".gitlab-ci.yml": _COMPONENT.format("@1.2.3"), "a/.gitlab-ci.yml": _COMPONENT.format("@$CI_COMMIT_SHA") + "---\ninclude: a.yml\n"},
    ),
    RedFlag(
        "pipeline/debug-trace", "Commit AWS keys, passwords, or tokens to git", "error", "Set it for the one run that needs it, and remove that run's log.",
        applies=lambda path: is_pipeline(path) and path.endswith((".yml", ".yaml")), check=_traces,
        bad={".gitlab-ci.yml": "variables: {CI_DEBUG_TRACE: 'true'}\na: {script: x}\n", "a/.gitlab-ci.yml": "a: {script: x, variables: {CI_DEBUG_TRACE: true}}\n"},
        good={".gitlab-ci.yml": "variables: {CI_DEBUG_TRACE: 'false'}\na: {script: x}\n", CI: gh(a_job("a", "make"))},
    ),
)  # fmt: skip
