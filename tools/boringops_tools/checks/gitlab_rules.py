"""GitLab CI: conditions that GitLab cannot read, and environments whose stopping job nobody has."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.gitlab import Pipeline, known, lost, read
from boringops_tools.checks.gitlab_parts import applies
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import walk

_TEXTS = lazy_pattern(r"\"[^\"]*\"|'[^']*'|(?<=~)\s*/(?:\\.|[^/\\])+/\w*")


def bad_condition(text: str) -> str:
    """What is wrong with an `if` of rules; empty where nothing is known to be."""
    bare = _TEXTS.sub("''", text)
    if re.search(r"[=!]~\s*/", bare):
        return "its pattern does not end with `/`"
    if re.search(r"(?<![=!<>~])=(?![=~])", bare):
        return "`=` compares nothing: `==`"
    if re.search(r"(?<!&)&(?!&)|(?<!\|)\|(?!\|)", bare):
        return "`&&` and `||` are written twice"
    if bare.count("(") != bare.count(")"):
        return "its parentheses do not match"
    if re.search(r"\b(?:and|or|not)\b", bare, re.I):
        return "it is written with `&&`, `||` and `!=`"
    return ""


def _conditions(files: Files, path: str) -> Iterator[Hit]:
    pipeline = read(files, path)
    for parent, key, value in walk(pipeline.document) if pipeline else ():
        if key == "if" and isinstance(value, str) and "[[" not in value and (wrong := bad_condition(value)):
            yield Hit(at((parent, key)), f"the condition `{value.strip()}` cannot be read: {wrong}")


def _elsewhere(pipeline: Pipeline, name: str, other: str) -> Iterator[Hit]:
    """A job that is to stop an environment, and is for another one."""
    mine = mapping(pipeline.value(name, "environment")[1]).get("name")
    where, stops = pipeline.value(other, "environment")
    theirs = stops.get("name") if isinstance(stops, Mapping) else stops
    if isinstance(mine, str) and isinstance(theirs, str) and mine != theirs and "$" not in mine + theirs:
        yield Hit(
            at((stops, "name"), (where, "environment")),
            f"`{other}` stops the environment `{theirs}`, and `{name}` starts `{mine}`",
        )
    elif (
        isinstance(stops, Mapping) and stops.get("action", "start") == "start" and theirs is not None and theirs == mine
    ):
        yield Hit(
            at((where, "environment")), f"`{other}` is to stop the environment of `{name}`, and has no `action: stop`"
        )


def _stops(files: Files, path: str) -> Iterator[Hit]:
    pipeline = read(files, path)
    for name, job in pipeline.jobs.items() if pipeline else ():
        environment = mapping(job, "environment")
        other = environment.get("on_stop")
        if not isinstance(other, str) or not known(other) or pipeline is None:
            continue
        if other in pipeline.jobs:
            yield from _elsewhere(pipeline, name, other)
            continue
        near = difflib.get_close_matches(other, pipeline.jobs, 1, 0.8)
        if pipeline.whole or lost(files, path, pipeline, other, 0.8):
            yield Hit(
                at((environment, "on_stop")),
                f"job `{name}`: `on_stop` names `{other}`, which is no job{f'; `{near[0]}` is one' if near else ''}",
            )


_DOC = "GitLab CI/CD YAML syntax reference"


def _rule(condition: str) -> dict[str, str]:
    return {".gitlab-ci.yml": f"a:\n  script: x\n  rules:\n    - if: {condition}\n"}


RULES = (
    Rule("gitlab/condition", "error", "GitLab refuses the pipeline: write the condition in its own syntax.", f"{_DOC}, rules:if: ==, !=, =~, !~, && and ||.", applies, _conditions,
         bad=(_rule('$CI_COMMIT_TAG = "v1"'), _rule('($A == "b"'), _rule('$A == "b" and $C'), _rule("$CI_COMMIT_TAG =~ /^v1")),
         good=(_rule("'$CI_COMMIT_REF_NAME =~ /^(main|release=1)$/ && ($A == \"b = c\" || $D != null)'"), _rule("$CI_COMMIT_TAG"))),
    Rule("gitlab/on-stop", "error", "GitLab refuses the pipeline: name the job that stops the environment.", f"{_DOC}, environment:on_stop names a job of the pipeline.", applies, _stops,
         bad=({".gitlab-ci.yml": "include: x.yml\na: {script: x, environment: {name: e, on_stop: 'stop-a'}}\n'stop:a': {script: y}\n"}, {".gitlab-ci.yml": "a: {script: x, environment: {name: e, on_stop: b}}\nb: {script: y, environment: {name: f, action: stop}}\n"}, {".gitlab-ci.yml": "a: {script: x, environment: {name: e, on_stop: b}}\nb: {script: y, environment: {name: e}}\n"}),
         good=({".gitlab-ci.yml": "a: {script: x, environment: {name: e, on_stop: b}}\nb: {script: y}\n"}, {".gitlab-ci.yml": "a: {script: x, environment: {name: e, on_stop: b}}\nb: {script: y, environment: {name: e, action: stop}}\n"}, {".gitlab-ci.yml": "a: {script: x, environment: {name: $A, on_stop: b}}\nb: {script: y, environment: {name: $B, action: stop}}\n"}, {".gitlab-ci.yml": "include: x.yml\na: {script: x, environment: {name: e, on_stop: elsewhere}}\n"})),
)  # fmt: skip
