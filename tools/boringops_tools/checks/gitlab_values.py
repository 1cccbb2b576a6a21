"""GitLab CI: words that GitLab gives a meaning to, jobs that never meet those they need, and pipelines of children."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.gitlab import read
from boringops_tools.checks.gitlab_parts import applies
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import walk

_SOURCES = frozenset(
    """api chat container_registry_push duo_workflow external external_pull_request_event merge_request_event
    ondemand_dast_scan ondemand_dast_validation parent_pipeline pipeline push schedule security_orchestration_policy
    trigger web webide""".split()  # noqa: SIM905
)
_SOURCE = lazy_pattern(r"\$\{?CI_PIPELINE_SOURCE\}?\s*(?:==|!=)\s*([\"'])([\w-]*)\1")
# The units that chronic_duration, which reads these values, knows.
_UNIT = lazy_pattern(
    r"(?i)s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|dys?|days?|w|wks?|weeks?|mo|mos|mths?|months?|y|yrs?|years?|and|with|plus"
)
_DEFAULTS = (".pre", "build", "test", "deploy", ".post")
_MERGE = lazy_pattern(r"\$\{?CI_PIPELINE_SOURCE\}?\s*==\s*[\"']merge_request_event[\"']|\$\{?CI_MERGE_REQUEST_I?ID\}?$")
_BRANCH = lazy_pattern(r"\$\{?CI_COMMIT_BRANCH\}?(?:$|\s*(?:==|=~))")
_TAG = lazy_pattern(r"\$\{?CI_COMMIT_TAG\}?(?:$|\s*(?:==|=~))")


def _words(files: Files, path: str) -> Iterator[Hit]:
    pipeline = read(files, path)
    for parent, key, value in walk(pipeline.document) if pipeline else ():
        if not isinstance(value, str) or "[[" in value:
            continue
        if key == "if":
            for match in _SOURCE.finditer(value):
                if match[2] not in _SOURCES:
                    yield Hit(
                        at((parent, key)), f"no pipeline has the source `{match[2]}`: the condition is always the same"
                    )
        if key in ("expire_in", "auto_stop_in", "start_in") and "$" not in value and value != "never":
            unknown = [each for each in re.findall(r"[A-Za-z]+", value) if not _UNIT.fullmatch(each)]
            if unknown:
                yield Hit(at((parent, key)), f"`{unknown[0]}` is no unit of time")
        cached = isinstance(parent, Mapping) and bool({"paths", "key", "untracked"} & set(parent))
        if key == "policy" and cached and "$" not in value and value not in _POLICIES:
            yield Hit(at((parent, key)), f"`{value}` is no policy of a cache: {', '.join(sorted(_POLICIES))}")


_POLICIES = frozenset({"pull", "push", "pull-push"})


def _kind(condition: str) -> str:
    """The one kind of pipeline in which a condition can hold; empty where it may be several."""
    if "||" in condition:
        return ""
    for clause in (each.strip() for each in condition.split("&&")):
        for kind, pattern in (("merge request", _MERGE), ("branch", _BRANCH), ("tag", _TAG)):
            if pattern.match(clause) and not re.search(r"==\s*null", clause):
                return kind
    return ""


def _kinds(job: Any) -> set[str]:
    """The kinds of pipeline that a job is in; empty where it may be in any."""
    found: set[str] = set()
    for rule in listed(job):
        condition = mapping(rule).get("if")
        if mapping(rule).get("when") == "never":
            continue
        kind = _kind(condition) if isinstance(condition, str) else ""
        if not kind:
            return set()
        found.add(kind)
    return found


def _apart(files: Files, path: str) -> Iterator[Hit]:
    pipeline = read(files, path)
    if pipeline is None:
        return
    for name in pipeline.jobs:
        mine = _kinds(pipeline.value(name, "rules")[1])
        where, needs = pipeline.value(name, "needs")
        for position, each in enumerate(listed(needs)):
            other = each if isinstance(each, str) else mapping(each).get("job")
            if not isinstance(other, str) or other not in pipeline.jobs or mapping(each).get("optional"):
                continue
            theirs = _kinds(pipeline.value(other, "rules")[1])
            if mine and theirs and mine - theirs:
                yield Hit(
                    at((needs, position), (where, "needs")),
                    f"job `{name}` needs `{other}`, which is in no pipeline of a {sorted(mine - theirs)[0]}",
                )


def _children(files: Files, path: str) -> Iterator[Hit]:
    pipeline = read(files, path)
    if pipeline is None:
        return
    for name in pipeline.jobs:
        trigger = mapping(pipeline.value(name, "trigger")[1])
        include = trigger.get("include")
        for position, each in enumerate(include if isinstance(include, list) else [include]):
            local = each if isinstance(each, str) else mapping(each).get("local")
            if not isinstance(local, str) or "$" in local or "*" in local or "://" in local:
                continue
            line = at((each, "local"), (include, position), (trigger, "include"))
            place = posixpath.normpath(local.lstrip("/"))
            if place not in files.known:
                if not files.ignored(place):
                    yield Hit(line, f"`trigger` includes `{local}`, which is not in the repository")
                continue
            for job, stage in _strays(files, place) if not isinstance(include, list) or len(include) == 1 else ():
                yield Hit(
                    line, f"in the pipeline `{local}`, job `{job}` is in the stage `{stage}`, which it does not have"
                )


def _strays(files: Files, place: str) -> Iterator[tuple[str, str]]:
    """Jobs of a configuration that says everything itself whose stage it does not name."""
    found = [each for each in files.documents(place) if isinstance(each, Mapping)]
    document = found[-1] if len(found) == 1 else {}
    stages = document.get("stages", list(_DEFAULTS))
    if "include" in document or not isinstance(stages, list):
        return
    for name, job in document.items():
        stage = mapping(job).get("stage")
        if (
            isinstance(stage, str)
            and not str(name).startswith(".")
            and "$" not in stage
            and stage not in (*stages, ".pre", ".post")
        ):
            yield str(name), stage


def _plain(files: Files, path: str) -> Iterator[Hit]:
    pipeline = read(files, path)
    document = pipeline.document if pipeline else {}
    include = document.get("include")
    for position, each in enumerate(include if isinstance(include, list) else [include]):
        remote = each if isinstance(each, str) else mapping(each).get("remote")
        if isinstance(remote, str) and remote.startswith("http://"):
            yield Hit(
                at((each, "remote"), (include, position), (document, "include")),
                f"`{remote}` is fetched without TLS: whoever is on the way writes the pipeline",
            )
    for parent, key, value in walk(document):
        if key == "DOCKER_TLS_CERTDIR" and value in ("", None):
            yield Hit(at((parent, key)), "Docker in Docker listens without TLS: every container beside it may use it")


_DOC = "GitLab CI/CD YAML syntax reference"
_Y = ".gitlab-ci.yml"


def _two(first: str, second: str, needs: str = "[a]") -> dict[str, str]:
    return {
        _Y: f"a: {{script: x, stage: test, rules: [{{if: '{first}'}}]}}\nb: {{script: x, stage: deploy, needs: {needs}, rules: [{{if: '{second}'}}]}}\n"
    }


_MR, _MAIN = '$CI_PIPELINE_SOURCE == "merge_request_event"', "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"

RULES = (
    Rule("gitlab/word", "error", "Take one of the values that GitLab documents.", f"{_DOC}: CI_PIPELINE_SOURCE has one of a fixed list; times are read with their units.", applies, _words,
         bad=({_Y: "a:\n  script: x\n  rules:\n    - if: $CI_PIPELINE_SOURCE == 'merge_request'\n"}, {_Y: "a: {script: x, artifacts: {paths: [b], expire_in: 3 fortnights}}\n"}, {_Y: "a: {script: x, cache: {paths: [b], policy: push-pull}}\n"}),
         good=({_Y: "a:\n  script: x\n  artifacts: {paths: [b], expire_in: 3 mins 4 sec}\n  environment: {name: e, auto_stop_in: 1 day and 2h}\n  rules:\n    - if: $CI_PIPELINE_SOURCE == 'schedule' || $CI_PIPELINE_SOURCE != \"web\"\n"}, {_Y: "a: {script: x, cache: [{paths: [b], policy: pull}, {paths: [c], policy: $P}]}\n"}, {_Y: "a: {script: x, artifacts: {paths: [b], expire_in: $TIME}}\nb: {script: x, artifacts: {paths: [b], expire_in: never}}\n"})),
    Rule("gitlab/needs-apart", "error", "GitLab refuses the pipeline: let both jobs be in it, or need it with `optional: true`.", f"{_DOC}, needs: a needed job has to be in the pipeline, unless it is optional.", applies, _apart,
         bad=(_two(_MR, _MAIN),), good=(_two(_MAIN, _MAIN), _two(_MR, _MAIN, "[{job: a, optional: true}]"), _two(f"{_MR} || $CI_COMMIT_BRANCH", _MAIN), _two("$X", _MAIN), _two(_MR, "$CI_COMMIT_BRANCH == null"))),
    Rule("gitlab/child", "error", "GitLab refuses the child pipeline: name a file that is there, with stages for its jobs.", f"{_DOC}, trigger:include: a file of the repository, a pipeline of its own.", applies, _children,
         bad=({_Y: "a: {trigger: {include: ci/b.yml}}\n", "ci/a.yml": "x: {script: y}\n"}, {_Y: "a: {trigger: {include: [{local: /ci/a.yml}]}}\n", "ci/a.yml": "x: {script: y, stage: roll}\n"}),
         good=({_Y: "a: {trigger: {include: [{local: /ci/a.yml}]}}\nb: {trigger: {include: [{artifact: c.yml, job: d}]}}\nd: {script: x}\n", "ci/a.yml": "stages: [roll]\nx: {script: y, stage: roll}\nz: {script: y, stage: .post}\n"},)),
    Rule("gitlab/no-tls", "warning", "Fetch it over https; let Docker have its certificates (`DOCKER_TLS_CERTDIR: /certs`).", "GitLab documentation, Use Docker to build Docker images: TLS is on unless DOCKER_TLS_CERTDIR is empty.", applies, _plain,
         bad=({_Y: "include: [{remote: 'http://a.example/b.yml'}]\n"}, {_Y: "variables: {DOCKER_TLS_CERTDIR: ''}\na: {script: x}\n"}), good=({_Y: "include: [{remote: 'https://a.example/b.yml'}]\nvariables: {DOCKER_TLS_CERTDIR: /certs}\n"},)),
)  # fmt: skip
