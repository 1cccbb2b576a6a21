"""Bitbucket, Travis, Buildkite, Cloud Build and CodeBuild: names that the file does not have, values nobody reads."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags import more_pipelines as systems
from boringops_tools.yaml_files import walk

_CACHES = frozenset({"docker", "node", "pip", "maven", "gradle", "sbt", "composer", "dotnetcore", "ivy2"})
_PHASES = ("install", "pre_build", "build", "post_build")
_SPEC = frozenset({"version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache"})
_SUBSTITUTION = lazy_pattern(r"(?<!\$)\$\{?(_[A-Z0-9_]+)\b")


def _document(files: Files, path: str) -> Mapping[Any, Any]:
    found = files.documents(path)
    return mapping(found[0]) if len(found) == 1 else {}


def _bitbucket(files: Files, path: str) -> Iterator[Hit]:
    document = _document(files, path)
    definitions = mapping(document, "definitions")
    known = {
        "services": {"docker", *map(str, mapping(definitions, "services"))},
        "caches": {*_CACHES, *map(str, mapping(definitions, "caches"))},
    }
    seen: set[tuple[str, int | None]] = set()
    for _, steps in systems.bitbucket_pipelines(document):
        for step in steps:
            for key, names in known.items():
                for position, name in enumerate(listed(step.get(key))):
                    line = at((step[key], position), (step, key))
                    if isinstance(name, str) and name not in names and (name, line) not in seen:
                        seen.add((name, line))
                        yield Hit(line, f"`{key}` names `{name}`, which `definitions` does not have")


def _travis(files: Files, path: str) -> Iterator[Hit]:
    document = _document(files, path)
    stages = [
        text_of(mapping(each).get("name")) if isinstance(each, Mapping) else text_of(each)
        for each in listed(document.get("stages"))
    ]
    included = listed(mapping(document, "jobs").get("include"))
    used = {str(mapping(each).get("stage", "")).lower() for each in included}
    idle = [each for each in stages if each and each.lower() not in used | {"test"}]
    for each in included:
        stage = mapping(each).get("stage")
        if isinstance(stage, str) and stages and idle and stage.lower() not in {name.lower() for name in stages}:
            yield Hit(at((each, "stage")), f"`stages` has no `{stage}`, and no job is in its stage `{idle[0]}`")


def _buildkite(files: Files, path: str) -> Iterator[Hit]:
    document = _document(files, path)
    steps = [each for each in systems.buildkite_steps(document.get("steps")) if isinstance(each, Mapping)]
    keys = {text_of(step.get(key)) for step in steps for key in ("key", "id", "identifier")}
    for step in steps:
        needs = step.get("depends_on")
        for position, each in enumerate(needs if isinstance(needs, list) else [needs]):
            name = each.get("step") if isinstance(each, Mapping) else each
            if isinstance(name, str) and "$" not in name and name not in keys:
                yield Hit(at((needs, position), (step, "depends_on")), f"no step has the key `{name}`")
        if "concurrency" in step and "concurrency_group" not in step:
            yield Hit(at((step, "concurrency")), "`concurrency` without `concurrency_group`: Buildkite refuses it")


def _plugins(files: Files, path: str) -> Iterator[Hit]:
    for parent, key, value in walk(_document(files, path)):
        for position, each in enumerate(listed(value)) if key == "plugins" else ():
            name = each if isinstance(each, str) else next(iter(mapping(each)), "")
            if isinstance(name, str) and name and "#" not in name and not name.startswith(("./", "/", "file:")):
                yield Hit(
                    at((each, name), (value, position), (parent, key)),
                    f"the plugin `{name}` has no version: it is what its branch is",
                )


def _cloud_build(files: Files, path: str) -> Iterator[Hit]:
    document = _document(files, path)
    steps = [mapping(each) for each in listed(document.get("steps"))]
    seen = {"-"}
    for step in steps:
        for position, name in enumerate(listed(step.get("waitFor"))):
            if isinstance(name, str) and "$" not in name and name not in seen:
                yield Hit(at((step["waitFor"], position)), f"no step before has the id `{name}`")
        seen.add(text_of(step.get("id")))
    declared = mapping(document, "substitutions")
    loose = (
        mapping(document, "options").get("substitutionOption", mapping(document, "options").get("substitution_option"))
        == "ALLOW_LOOSE"
    )
    told: set[str] = set()
    for parent, key, value in walk(document) if declared and not loose else ():
        for name in _SUBSTITUTION.findall(value) if isinstance(value, str) else ():
            if name not in declared and name not in told and not name.startswith("__"):
                told.add(name)
                yield Hit(at((parent, key)), f"`substitutions` has no `{name}`; it has {', '.join(map(str, declared))}")
    secrets = {
        text_of(mapping(each).get("env"))
        for values in mapping(document, "availableSecrets").values()
        for each in listed(values)
    }
    secrets |= {
        str(name)
        for values in mapping(document, "availableSecrets").values()
        for each in listed(values)
        for name in mapping(each, "envMap")
    }
    secrets |= {str(name) for each in listed(document.get("secrets")) for name in mapping(each, "secretEnv")}
    for step in [*steps, mapping(document, "options")]:
        for position, name in enumerate(listed(step.get("secretEnv"))):
            if isinstance(name, str) and name not in secrets:
                yield Hit(
                    at((step["secretEnv"], position), (step, "secretEnv")),
                    f"no secret of `availableSecrets` is called `{name}`",
                )


def _code_build(files: Files, path: str) -> Iterator[Hit]:
    document = _document(files, path)
    if "phases" not in document:
        return
    if str(document.get("version")) not in ("0.1", "0.2"):
        yield Hit(at((document, "version"), (document, "phases")), "the version of a buildspec is 0.2")
    for key in document:
        if key not in _SPEC:
            yield Hit(at((document, key)), f"`{key}` is no part of a buildspec")
    for phase in mapping(document, "phases"):
        if phase not in _PHASES:
            yield Hit(at((document["phases"], phase)), f"`{phase}` is no phase: they are {', '.join(_PHASES)}")
    for phase, value in mapping(document, "phases").items():
        for key in mapping(value):
            near = difflib.get_close_matches(
                str(key), ("commands", "finally", "runtime-versions", "on-failure", "run-as"), 1, 0.8
            )
            if near and near[0] != key:
                yield Hit(at((value, key)), f"`{key}` of the phase `{phase}` is not read; `{near[0]}` is")


_B, _T, _K, _C, _S = (
    "bitbucket-pipelines.yml",
    ".travis.yml",
    ".buildkite/pipeline.yml",
    "cloudbuild.yaml",
    "buildspec.yml",
)
_BITBUCKET = "definitions: {{services: {{db: {{image: 'a:1'}}}}, caches: {{venv: .venv}}}}\npipelines: {{default: [{{step: {{services: [{}, docker], caches: [pip, {}], script: [a]}}}}]}}\n"
_CLOUD = "steps:\n- {{id: a, name: 'b:1', args: ['${{_R}}', $PROJECT_ID]}}\n- {{name: 'b:1', waitFor: [{}], args: ['${}'], secretEnv: [{}]}}\nsubstitutions: {{_R: x}}\navailableSecrets: {{secretManager: [{{versionName: v, env: KEY}}]}}\n"

RULES = (
    Rule("bitbucket/undefined", "error", "Bitbucket refuses the pipeline: define it under `definitions`, or correct the name.", "Bitbucket Pipelines configuration reference: services and caches of a step are defined, or are built in.", systems.is_bitbucket, _bitbucket,
         bad=({_B: _BITBUCKET.format("postgres", "venv")}, {_B: _BITBUCKET.format("db", "env")}), good=({_B: _BITBUCKET.format("db", "venv")},)),
    Rule("travis/stage", "warning", "Put the job into one of the stages: the others' order and conditions are not for it.", "Travis CI, Build stages: stages are ordered and conditioned by their names.", systems.is_travis, _travis,
         bad=({_T: "stages: [test, {name: deploy, if: branch = main}]\njobs: {include: [{stage: release, script: a}]}\n"},), good=({_T: "stages: [test, deploy]\njobs: {include: [{stage: Deploy, script: a}]}\n"}, {_T: "jobs: {include: [{stage: release, script: a}]}\n"})),
    Rule("buildkite/step", "error", "Buildkite refuses the pipeline: name the key of a step; a limit needs a group.", "Buildkite, Command step: depends_on names keys, concurrency needs concurrency_group.", systems.is_buildkite, _buildkite,
         bad=({_K: "steps:\n- {key: a, command: x}\n- {command: y, depends_on: [b]}\n"}, {_K: "steps: [{command: x, concurrency: 1}]\n"}), good=({_K: "steps:\n- group: g\n  steps: [{key: a, command: x}]\n- {command: y, depends_on: a}\n- {command: y, depends_on: [{step: a}], concurrency: 1, concurrency_group: g}\n"},)),
    Rule("buildkite/plugin-version", "warning", "Name a version: `docker#v5.11.0`.", "Buildkite, Using plugins: without a version the plugin's default branch is run.", systems.is_buildkite, _plugins,
         bad=({_K: "steps: [{command: x, plugins: [{docker: {image: 'a:1'}}]}]\n"},), good=({_K: "steps: [{command: x, plugins: [{'docker#v5.11.0': {image: 'a:1'}}, ./mine]}]\n"},)),
    Rule("cloudbuild/undefined", "error", "Cloud Build refuses the build: name what the file has.", "Cloud Build, Build configuration file schema: waitFor names ids of steps before, user substitutions and secrets are declared.", systems.is_cloud_build, _cloud_build,
         bad=({_C: _CLOUD.format("b", "_R", "KEY")}, {_C: _CLOUD.format("a", "_REGION", "KEY")}, {_C: _CLOUD.format("a", "_R", "TOKEN")}), good=({_C: _CLOUD.format("a", "_R", "KEY")}, {_C: "steps: [{name: 'a:1', args: [$_REGION, $$_X], waitFor: ['-']}]\n"})),
    Rule("codebuild/word", "error", "CodeBuild refuses or ignores it: correct the word.", "AWS CodeBuild, Build specification reference: versions 0.1 and 0.2, four phases.", systems.is_code_build, _code_build,
         bad=({_S: "version: 2\nphases: {build: {commands: [a]}}\n"}, {_S: "version: 0.2\nphases: {prebuild: {commands: [a]}}\n"}, {_S: "version: 0.2\nphases: {build: {command: [a]}}\n"}, {_S: "version: 0.2\nphase: {}\nphases: {build: {commands: [a]}}\n"}),
         good=({_S: "version: '0.2'\nenv: {shell: bash}\nphases: {install: {runtime-versions: {nodejs: 20}, commands: [a]}, build: {on-failure: ABORT, commands: [a], finally: [b]}}\nartifacts: {files: [a]}\n"},)),
)  # fmt: skip
