"""Production that is changed by what nobody has merged: a job that runs for merge requests and pull requests, too."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.deploying import to_production
from boringops_tools.red_flags.examples import CI, GUARD, a_job, gh
from boringops_tools.red_flags.pipelines import Job, Pipeline, is_pipeline, list_of, mappings_of, read
from boringops_tools.yaml_files import walk

_MERGE = lazy_pattern(
    r"^\s*\(?\s*(?:\$\{?CI_PIPELINE_SOURCE\}?\s*==\s*[\"']merge_request_event[\"']|\$\{?CI_MERGE_REQUEST_I?ID\}?)\s*\)?\s*(?:$|\|\|)"
)
_BY_HAND = frozenset({"manual", "never"})


def _asks(rules: Any) -> bool | None:
    """Whether rules let a job run by itself for a merge request; null where they do not say."""
    for rule in list_of(rules):
        if not isinstance(rule, Mapping):
            return None
        when, condition = str(rule.get("when", "on_success")), rule.get("if")
        if condition is None and not {"changes", "exists"} & set(rule):
            return when not in _BY_HAND
        if isinstance(condition, str) and _MERGE.search(condition) and not {"changes", "exists"} & set(rule):
            return when not in _BY_HAND
    return False


def _lab(document: Mapping[Any, Any], pipeline: Pipeline) -> Iterator[Job]:
    workflow = document.get("workflow")
    proposed = bool(_asks(workflow.get("rules"))) if isinstance(workflow, Mapping) else False
    for job in pipeline.jobs:
        body = job.body
        if not isinstance(body, Mapping) or body.get("when") in _BY_HAND:
            continue
        if "rules" in body:
            own = _asks(body["rules"])
            named = any(
                _MERGE.search(str(each.get("if", ""))) for each in list_of(body["rules"]) if isinstance(each, Mapping)
            )
            if own and (proposed or named):
                yield job
        elif "only" in body:
            only = body["only"]
            refs = only.get("refs") if isinstance(only, Mapping) else only
            if "merge_requests" in list_of(refs):
                yield job
        elif "except" not in body and proposed and not pipeline.open_ended:
            yield job


def _hub(document: Mapping[Any, Any], pipeline: Pipeline) -> Iterator[Job]:
    on = document.get("on", document.get(True))  # YAML 1.1 reads `on` as true
    given = on.get("pull_request") if isinstance(on, Mapping) else None
    named = on == "pull_request" or (isinstance(on, list | Mapping) and "pull_request" in on)
    if not named or "closed" in list_of(given.get("types") if isinstance(given, Mapping) else None):
        return
    for job in pipeline.jobs:
        chain = [job, *pipeline.before(job)]
        if not job.calls and not any("if" in _keys(each) for each in chain) and not any(each.calls for each in chain):
            yield job


def _keys(job: Job) -> set[Any]:
    """The keys of a job and of its steps."""
    return {key for _, key, _ in walk(job.body)}


def _azure(document: Mapping[Any, Any], pipeline: Pipeline) -> Iterator[Job]:
    asked = document.get("pr")
    if asked in (None, "none", False) or pipeline.open_ended:
        return
    for job in pipeline.jobs:
        chain = [job, *pipeline.before(job)]
        conditions = [
            each
            for one in chain
            for each in (one.options, one.body)
            if isinstance(each, Mapping) and "condition" in each
        ]
        if not conditions and "${{" not in str(job.body):
            yield job


def _proposed(path: str, text: str) -> Iterable[Hit]:
    for document in mappings_of(text) if path.endswith((".yml", ".yaml")) else ():
        for pipeline in read(path, text):
            reader = {"gitlab": _lab, "github": _hub, "azure": _azure}.get(pipeline.system)
            for job in reader(document, pipeline) if reader else ():
                if to_production(job):
                    yield Hit(job.line, f"{job.name} deploys to production for changes that are only proposed, too")
        return


_MR = '$CI_PIPELINE_SOURCE == "merge_request_event"'
_WORKFLOW = f"workflow:\n  rules:\n  - if: {_MR}\n  - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\n"
_LAB = "test:\n  script: [make test]\nlive:\n  stage: deploy\n  environment: production\n  script: [helm upgrade a a]\n"
_AZ = "pr: {}\nstages:\n- stage: test\n  jobs: [{{job: a, steps: [{{script: make test}}]}}]\n- stage: live\n{}  jobs:\n  - deployment: d\n    environment: production\n    strategy: {{runOnce: {{deploy: {{steps: [{{script: helm upgrade a a}}]}}}}}}\n"
RED_FLAGS = (
    RedFlag(
        "pipeline/deploys-proposals", "Deploy directly to production without testing", "error",
        "Let it run for the branch that is merged to alone.",
        applies=is_pipeline, check=_proposed,
        bad={
            ".gitlab-ci.yml": f"{_WORKFLOW}{_LAB}  rules:\n  - when: always\n", "a/.gitlab-ci.yml": f"{_LAB}  rules:\n  - if: {_MR}\n  - if: $CI_COMMIT_TAG\n",
            "b/.gitlab-ci.yml": f"{_LAB}  only: [main, merge_requests]\n", "c/.gitlab-ci.yml": f"{_WORKFLOW}{_LAB}",
            CI: gh(a_job("test", "make test") + a_job("live", "helm upgrade a a", f"    needs: test\n{GUARD}"), "[push, pull_request]"),
            "azure-pipelines.yml": _AZ.format("[main]", ""),
        },
        good={
            ".gitlab-ci.yml": f"{_WORKFLOW}{_LAB}  rules:\n  - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\n    when: manual\n", "a/.gitlab-ci.yml": f"{_LAB}  rules:\n  - if: {_MR}\n    when: never\n  - when: always\n",
            "b/.gitlab-ci.yml": f"{_LAB}  only: [main]\n", "c/.gitlab-ci.yml": f"{_WORKFLOW}{_LAB}  when: manual\n", "d/.gitlab-ci.yml": f"{_LAB}",
            CI: gh(a_job("test", "make test") + a_job("live", "helm upgrade a a", f"    needs: test\n    if: github.ref == 'refs/heads/main'\n{GUARD}"), "[push, pull_request]"),
            ".github/workflows/merged.yml": gh(a_job("live", "helm upgrade a a", GUARD), "{pull_request: {types: [closed]}}"),
            "azure-pipelines.yml": _AZ.format("[main]", "  condition: and(succeeded(), eq(variables['Build.SourceBranch'], 'refs/heads/main'))\n"), "a/azure-pipelines.yml": _AZ.format("none", ""),
        },
    ),
)  # fmt: skip
