"""Components, shared files and libraries of pipelines that are another one tomorrow, and logs in which everything stands."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterable, Mapping

from boringops_tools.jenkins_files import is_jenkins_library, is_jenkinsfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.examples import CI, a_job, gh
from boringops_tools.red_flags.pipelines import is_pipeline, list_of, mappings_of, plain_groovy
from boringops_tools.yaml_files import line_of, walk

_MOVING = lazy_pattern(r"@(?:~latest|latest|main|master|HEAD|develop)$")
_TRACES = frozenset({"CI_DEBUG_TRACE", "CI_DEBUG_SERVICES"})


def _is_gitlab(path: str) -> bool:
    return path.endswith((".gitlab-ci.yml", ".gitlab-ci.yaml"))


def _components(_: str, text: str) -> Iterable[Hit]:
    for document in mappings_of(text):
        for each in list_of(document.get("include")):
            name = each.get("component") if isinstance(each, Mapping) else None
            if isinstance(name, str) and (_MOVING.search(name) or "@" not in name):
                yield Hit(line_of(each, "component"), f"the component {name} is another one tomorrow")


_LIBRARY = lazy_pattern(
    r"(?:@Library\s*\(\s*\[?(?:\s*['\"][^'\"\n]*['\"]\s*,)*\s*|\b(?:library|lib)\s*\(?\s*(?:identifier\s*:\s*)?)(['\"])([\w./-]+@(?:main|master|HEAD|develop|dev|trunk|latest|refs/heads/[^'\"\n]+))\1"
)


def _libraries(_: str, text: str) -> Iterable[Hit]:
    plain = plain_groovy(text)
    for match in _LIBRARY.finditer(plain):
        line = plain.count("\n", 0, match.start(2)) + 1
        yield Hit(line, f"the library {match[2]} is what its branch is: another one tomorrow")


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
        "pipeline/moving-library", "Use `latest` tag in production (always pin versions)", "warning", "Name a release or a commit of the library: @v1.2.3.",
        applies=lambda path: is_jenkinsfile(path) or is_jenkins_library(path), check=_libraries,
        bad={"Jenkinsfile": "@Library('acme@master') _\nnode { x() }\n", "b.jenkinsfile": "@Library(['a@v1', 'acme@main']) _\n", "c.jenkinsfile": "library identifier: 'acme@develop'\n", "d.jenkinsfile": "pipeline {\n  libraries { lib('acme@main') }\n}\n"},
        good={"Jenkinsfile": "@Library('acme@v1.2.0') _\n", "b.jenkinsfile": "@Library('acme') _\n// @Library('acme@main') _\n", "c.jenkinsfile": "library \"acme@${env.BRANCH_NAME}\"\necho 'mail@main'\n"},
    ),
    RedFlag(
        "pipeline/debug-trace", "Commit AWS keys, passwords, or tokens to git", "error", "Set it for the one run that needs it, and remove that run's log.",
        applies=lambda path: is_pipeline(path) and path.endswith((".yml", ".yaml")), check=_traces,
        bad={".gitlab-ci.yml": "variables: {CI_DEBUG_TRACE: 'true'}\na: {script: x}\n", "a/.gitlab-ci.yml": "a: {script: x, variables: {CI_DEBUG_TRACE: true}}\n"},
        good={".gitlab-ci.yml": "variables: {CI_DEBUG_TRACE: 'false'}\na: {script: x}\n", CI: gh(a_job("a", "make"))},
    ),
)  # fmt: skip
