"""Pipelines that are made of several files, judged as what they are together: GitLab's includes, the templates of Azure, and
the workflows of GitHub that others of the repository call.

One file alone says neither what stands before a job nor where it leads; the rules are those for pipelines of one file."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.checks.azure_expanded import TEMPLATE, expanded, place_of
from boringops_tools.checks.base import Files, Hit, Rule, mapping
from boringops_tools.checks.gitlab_included import root_files
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.deployed_images import moving_in
from boringops_tools.red_flags.environments import foreign
from boringops_tools.red_flags.moving_values import held, held_in
from boringops_tools.red_flags.pipelines import Job, Pipeline, azure_of, github_of, gitlab_of, jobs_of
from boringops_tools.red_flags.production import no_environment, unapproved, untested
from boringops_tools.red_flags.skipped_tests import left_out
from boringops_tools.yaml_files import Unreadable, is_azure, is_workflow, is_yaml, line_of, tag_of
from boringops_tools.yaml_load import Map, Seq

_ROOT = ".gitlab-ci.yml"
_INPUT = lazy_pattern(r"\$\{\{\s*inputs\.([\w-]+)\s*\}\}")


# --- GitLab -----------------------------------------------------------------------------------------------------------


def _merged(files: Files) -> tuple[Pipeline, Mapping[str, str]] | None:
    """The pipeline that GitLab starts, and the file of each of its jobs; null where some of it is from elsewhere."""
    paths = root_files(files)
    if paths is None or len(paths) < 2:
        return None
    whole = Map()
    home: dict[str, str] = {}
    for path in sorted(paths, key=lambda each: each == _ROOT):  # what the first file says wins
        for document in files.documents(path):
            for key, value in mapping(document).items():
                whole[key] = {**whole[key], **value} if key == "variables" and key in whole else value
                whole.lines[key] = line_of(document, key) or 1
                home[str(key)] = path
    whole.pop("include", None)
    return gitlab_of(whole), home


# --- GitHub -----------------------------------------------------------------------------------------------------------


def _with_inputs(node: Any, given: Mapping[str, Any], line: int) -> Any:
    """What is called, with what it is given in its places, at the line of the call."""
    if isinstance(node, str):
        return _INPUT.sub(
            lambda match: str(given[match[1]]) if isinstance(given.get(match[1]), str | int) else match[0], node
        )
    if isinstance(node, Mapping):
        whole = Map()
        for key, value in node.items():
            whole[key], whole.lines[key] = _with_inputs(value, given, line), line
        return whole
    if isinstance(node, list):
        several = Seq()
        for each in node:
            several.append(_with_inputs(each, given, line))
            several.lines.append(line)
        return several
    return node


def _called(files: Files, path: str) -> Pipeline | None:
    """A workflow with the jobs of those that it calls; null where it calls none of this repository."""
    documents = files.documents(path)
    workflow = mapping(documents[0]) if len(documents) == 1 else {}
    jobs = mapping(workflow, "jobs")
    whole = Map()
    for name, job in jobs.items():
        place = mapping(job).get("uses")
        callee = files.documents(posixpath.normpath(place)) if isinstance(place, str) and place.startswith("./") else ()
        inside = mapping(callee[0], "jobs") if len(callee) == 1 else {}
        line = line_of(jobs, name) or 1
        for inner, body in inside.items():
            if isinstance(body, Mapping) and "uses" not in body:
                copy = _with_inputs(body, mapping(job, "with"), line)
                copy["needs"] = job.get("needs", [])
                whole[f"{name}/{inner}"], whole.lines[f"{name}/{inner}"] = copy, line
    if not whole:
        return None
    top = Map()
    top.update({key: value for key, value in workflow.items() if key != "jobs"})
    top["jobs"] = whole
    return github_of(top)


# --- what is held against them ----------------------------------------------------------------------------------------

Found = tuple[Pipeline, Job]


def _assembled(files: Files, path: str) -> list[Found]:
    """The jobs of a file with the pipeline that they are a part of."""
    if is_workflow(path):
        called = files.once(_called, path)
        return [(called, job) for job in called.jobs] if called else []
    if is_azure(path):
        document = expanded(files, path)
        pipeline = azure_of(document) if document is not None else None
        return [(pipeline, job) for job in pipeline.jobs] if pipeline else []
    merged = files.once(_merged)
    pipeline, home = merged or (None, {})
    return [(pipeline, job) for job in pipeline.jobs if home.get(job.name) == path] if pipeline else []


def _production(files: Files, path: str) -> Iterator[Hit]:
    found = _assembled(files, path)
    if not found:
        return
    judges = (no_environment,) if is_workflow(path) else (untested, unapproved, no_environment, foreign)
    alone = set(_told(files, path, judges))
    for judge in judges:
        for hit in judge(found):
            if (hit.line, hit.message.partition(" ")[2]) not in alone:
                yield hit
    if is_azure(path):
        yield from left_out([found[0][0]])
    if not is_workflow(path):
        whole, text = _said(files, path)
        values = held_in([whole], text, found[0][0])
        for _, job in found if values else ():
            for hit in moving_in(job, values):
                line = job.line if tag_of(job.body) == TEMPLATE else hit.line
                if (hit.line, hit.message.partition(" ")[2]) not in alone:
                    yield Hit(line, hit.message)


def _said(files: Files, path: str) -> tuple[Mapping[Any, Any], str]:
    """What the whole pipeline says above its jobs, and the text of its files."""
    if is_azure(path):
        text = files.text(path)
        called = (place_of(path, name) for name in re.findall(r"\btemplate:\s*([^\s'\"]+)", text))
        return expanded(files, path) or {}, text + "".join(files.text(each) for each in called if each in files.known)
    paths = sorted(root_files(files) or ())
    variables = {
        name: value
        for each in paths
        for document in files.documents(each)
        for name, value in mapping(document, "variables").items()
    }
    return {"variables": variables}, "".join(files.text(each) for each in paths)


def _told(files: Files, path: str, judges: Iterable[Any]) -> Iterator[tuple[int | None, str]]:
    """What is said of the file alone already."""
    try:
        jobs = list(jobs_of(path, files.text(path)))
    except Unreadable:
        return
    for judge in judges:
        yield from ((hit.line, hit.message.partition(" ")[2]) for hit in judge(jobs))
    for pipeline, job in jobs:
        hits = moving_in(job, held(path, files.text(path), pipeline))
        yield from ((hit.line, hit.message.partition(" ")[2]) for hit in hits)


def _applies(path: str) -> bool:
    return is_yaml(path)


_AZURE_TEMPLATE = "parameters:\n- name: to\n- name: connection\nstages:\n- stage: deploy_${{ parameters.to }}\n  jobs:\n  - deployment: d\n    environment: shop-${{ parameters.to }}\n    strategy: {runOnce: {deploy: {steps: [{task: AzureCLI@2, inputs: {azureSubscription: '${{ parameters.connection }}', inlineScript: kubectl apply -f a}}]}}}\n"
_AZURE_JOB = _AZURE_TEMPLATE.replace(
    "deployment: d\n    environment: shop-${{ parameters.to }}\n    strategy: {runOnce: {deploy: {steps: ",
    "job: d\n    steps: ",
).replace("]}}}", "]")
_AZURE = "trigger: [main]\nstages:\n- stage: test\n  jobs:\n  - job: a\n    steps: [{{script: {}}}, {{task: PublishTestResults@2}}]\n- template: ci/deploy.yml\n  parameters: {{to: staging, connection: shop-staging}}\n- template: ci/deploy.yml\n  parameters: {{to: production, connection: {}}}\n"
_LAB = (
    "include: [{local: ci/deploy.yml}]\nstages: [test, staging, production]\nunit: {stage: test, script: [make test]}\n"
)
_LAB_DEPLOY = ".d: {{script: [helm upgrade a a]}}\nstaging: {{extends: .d, stage: staging, environment: staging}}\nproduction:\n  extends: .d\n  stage: production\n  environment: production\n  rules: [{{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH{}}}]\n"
_HUB = "on: {push: {branches: [main]}}\njobs:\n  test: {runs-on: a, steps: [{run: make test}]}\n  production:\n    needs: test\n    uses: ./.github/workflows/deploy.yml\n    with: {environment: production}\n"
_HUB_DEPLOY = "on:\n  workflow_call:\n    inputs: {{environment: {{type: string, required: true}}}}\njobs:\n  deploy:\n    runs-on: a\n{}    steps: [{{run: kubectl apply -f a}}]\n"
_P = "azure-pipelines.yml"

RULES = (
    Rule("pipeline/assembled", "warning", "Test before, let a person or a protected environment stand before it, and give it credentials of its own.", "Azure Pipelines, Template usage; GitLab CI/CD, include; GitHub Actions, Reusing workflows: what is called becomes part of what calls it.", _applies, _production,
         bad=(
             {_P: _AZURE.format("mvn verify", "shop-staging"), "ci/deploy.yml": _AZURE_TEMPLATE}, {_P: _AZURE.format("mvn verify", "shop-production"), "ci/deploy.yml": _AZURE_JOB}, {_P: _AZURE.format("mvn package -DskipTests", "shop-production"), "ci/deploy.yml": _AZURE_TEMPLATE},
             {_P: "variables: {tag: latest}\n" + _AZURE.format("mvn verify", "shop-production"), "ci/deploy.yml": _AZURE_TEMPLATE.replace("apply -f a", "set image deployment/a a=b/a:$(tag)")},
             {".gitlab-ci.yml": "variables: {TAG: latest}\n" + _LAB, "ci/deploy.yml": _LAB_DEPLOY.format(", when: manual").replace("upgrade a a", "upgrade a a --set image.tag=$TAG")},
             {".gitlab-ci.yml": _LAB, "ci/deploy.yml": _LAB_DEPLOY.format(", when: always")}, {".gitlab-ci.yml": _LAB.replace("make test", "make"). replace("unit", "build"), "ci/deploy.yml": _LAB_DEPLOY.format(", when: manual")},
             {".github/workflows/a.yml": _HUB, ".github/workflows/deploy.yml": _HUB_DEPLOY.format("")},
         ),
         good=(
             {_P: _AZURE.format("mvn verify", "shop-production"), "ci/deploy.yml": _AZURE_TEMPLATE}, {_P: _AZURE.format("mvn package -DskipTests", "shop-production") + "- template: a.yml@other\n", "ci/deploy.yml": _AZURE_TEMPLATE},
             {".gitlab-ci.yml": _LAB, "ci/deploy.yml": _LAB_DEPLOY.format(", when: manual")}, {".gitlab-ci.yml": _LAB.replace("[{local", "[{template: a}, {local"), "ci/deploy.yml": _LAB_DEPLOY.format("")},
             {".github/workflows/a.yml": _HUB, ".github/workflows/deploy.yml": _HUB_DEPLOY.format("    environment: ${{ inputs.environment }}\n")},
         )),
)  # fmt: skip
