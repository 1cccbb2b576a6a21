"""GitLab CI: stages, needs, dependencies, extends and !reference. A file with `include` gets names from elsewhere."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed
from boringops_tools.checks.gitlab_parts import applies, included, is_named, is_part, part
from boringops_tools.checks.graph import cycles
from boringops_tools.yaml_files import tag_of, walk

_NO_JOBS = frozenset(
    {"default", "include", "stages", "variables", "workflow", "image", "services", "cache", "before_script",
     "after_script", "spec", "types"}
)  # fmt: skip
_DEFAULT_STAGES = ("build", "test", "deploy")


@dataclass(frozen=True)
class Pipeline:
    """A configuration that says everything itself."""

    document: Mapping[Any, Any]
    templates: Mapping[str, Mapping[Any, Any]]
    """Jobs, the hidden ones included."""
    jobs: Mapping[str, Mapping[Any, Any]]
    """Those that run."""
    stages: list[str] | None
    """In their order; null where they cannot be known."""
    whole: bool
    """Nothing is included."""

    def value(self, name: str, key: str) -> tuple[Any, Any]:
        """What a job has for a key, by itself or from what it extends, and where: (mapping, value)."""
        return self._value(name, key, set())

    def _value(self, name: str, key: str, seen: set[str]) -> tuple[Any, Any]:
        job = self.templates.get(name, {})
        if key in job or name in seen:
            return job, job.get(key)
        for parent in reversed(names(job.get("extends"))):  # the last one wins
            where, value = self._value(parent, key, seen | {name})
            if value is not None:
                return where, value
        return job, None

    def _all_here(self, name: str, seen: set[str]) -> bool:
        """Whether all that a job extends is in this file."""
        parents = [each for each in names(self.templates[name].get("extends")) if each not in seen]
        return all(each in self.templates and self._all_here(each, seen | {each}) for each in parents)

    def stage(self, name: str) -> str | None:
        """The stage a job is in; null where that cannot be known."""
        _, value = self.value(name, "stage")
        if value is None:
            return "test" if self._all_here(name, set()) else None
        return value if isinstance(value, str) and known(value) else None


def known(value: str) -> bool:
    return "$" not in value


def _is_reference(value: Any) -> bool:
    return isinstance(value, list) and tag_of(value) == "!reference"


def names(value: Any) -> list[str]:
    values = [value] if isinstance(value, str) else [] if _is_reference(value) else listed(value)
    return [each for each in values if isinstance(each, str)]


def is_root(path: str) -> bool:
    """The file GitLab starts from. One in a folder is as often included by it, and has its stages from there."""
    return path == ".gitlab-ci.yml"


def _pipeline(files: Files, path: str) -> Pipeline | None:
    found = [each for each in files.documents(path) if isinstance(each, Mapping)] if is_part(files, path) else []
    if not found or "[[" in files.text(path):  # inputs of a component
        return None
    mine = part(files, path)
    child = mine is not None and mine.child
    document = found[-1]
    templates = {
        str(name): job for name, job in document.items() if str(name) not in _NO_JOBS and isinstance(job, Mapping)
    }
    stages: list[str] | None = None
    declared = document.get("stages")
    fragment = not (is_named(path) or child)  # its stages are those of what includes it
    if not fragment and (
        declared is None or (isinstance(declared, list) and all(isinstance(x, str) for x in declared))
    ):
        stages = [".pre", *(_DEFAULT_STAGES if declared is None else declared), ".post"]
    return Pipeline(
        document, templates, {name: job for name, job in templates.items() if not name.startswith(".")}, stages,
        "include" not in document and not fragment and (is_root(path) or child or declared is not None),
    )  # fmt: skip


def read(files: Files, path: str) -> Pipeline | None:
    found = files.once(_pipeline, path)
    return found if isinstance(found, Pipeline) else None


def visible(files: Files, path: str, pipeline: Pipeline) -> frozenset[str] | None:
    """The names beside its own that a file can use; null where some may be from elsewhere."""
    mine = part(files, path)
    if not (pipeline.whole or is_root(path)):
        return mine.names if mine is not None else None
    brought = included(files, pipeline.document.get("include", []))
    return None if brought is None else frozenset().union(*brought.values())


def lost(files: Files, path: str, pipeline: Pipeline, name: str, likeness: float) -> bool:
    """Whether no file brings a job of a name. Where that is not known, a slip of one that is here tells it."""
    from boringops_tools.checks.gitlab_included import root_names

    mine = part(files, path)
    seen = mine.names if mine is not None else None
    if is_root(path) and (all_names := root_names(files)) is not None:
        return name not in all_names and name.partition(": [")[0] not in all_names
    if seen is not None and not is_root(path):
        return name not in seen and name.partition(": [")[0] not in seen
    return bool(difflib.get_close_matches(name, pipeline.jobs, 1, likeness))


def _known_stages(files: Files, path: str, pipeline: Pipeline) -> list[str] | None:
    """The stages that the jobs of a file can be in; null where they cannot be known."""
    from boringops_tools.checks.gitlab_included import root_stages

    # What is included may bring templates; the stages are those of the file that includes, where it names them.
    if pipeline.whole or (is_root(path) and "stages" in pipeline.document):
        return pipeline.stages
    mine = part(files, path)
    return root_stages(files, path) if is_root(path) or (mine is not None and not mine.child) else None


def _stages(files: Files, path: str) -> Iterator[Hit]:
    pipeline = read(files, path)
    stages = _known_stages(files, path, pipeline) if pipeline is not None else None
    if pipeline is None or stages is None:
        return
    for name, job in pipeline.jobs.items():
        unknown_parent = "stage" not in job and any(
            parent not in pipeline.templates for parent in names(job.get("extends"))
        )
        where, value = pipeline.value(name, "stage")
        stage = pipeline.stage(name)
        if stage is None or stage in stages or unknown_parent or ("trigger" in job and value is None):
            continue
        line = at((where, "stage"), (pipeline.document, name))
        default = "" if value is not None else ", where it is by default"
        yield Hit(line, f"job `{name}`: there is no stage `{stage}`{default}; stages are {', '.join(stages)}")


def _needed(pipeline: Pipeline, name: str, key: str) -> Iterator[tuple[str, int | None]]:
    """Jobs of the same pipeline that a job asks for."""
    where, value = pipeline.value(name, key)
    if _is_reference(value):
        return
    for position, each in enumerate(listed(value)):
        line = at((value, position), (where, key), (pipeline.document, name))
        if isinstance(each, Mapping):
            if {"project", "pipeline"} & set(each) or each.get("optional"):
                continue
            each = each.get("job")
        if isinstance(each, str) and known(each):
            yield each, line


def _needs(files: Files, path: str) -> Iterator[Hit]:
    pipeline = read(files, path)
    if pipeline is None:
        return
    order = {stage: position for position, stage in enumerate(_known_stages(files, path, pipeline) or ())}
    for name in pipeline.jobs:
        for key in ("needs", "dependencies"):
            for other, line in _needed(pipeline, name, key):
                base = other.partition(": [")[0]  # one of a matrix
                if other not in pipeline.jobs and base not in pipeline.jobs:
                    if not pipeline.whole and not lost(files, path, pipeline, other, 0.9):
                        continue
                    hidden = " (a hidden job never runs)" if other.startswith(".") else ""
                    hidden = " but a keyword of GitLab's" if other in _NO_JOBS else hidden
                    yield Hit(line, f"job `{name}`: `{key}` names `{other}`, which is no job{hidden}")
                    continue
                mine, theirs = pipeline.stage(name), pipeline.stage(base if other not in pipeline.jobs else other)
                if mine in order and theirs in order and order[str(theirs)] > order[str(mine)]:
                    yield Hit(line, f"job `{name}` of stage `{mine}`: `{key}` names `{other}` of the later `{theirs}`")


def _cycles(files: Files, path: str) -> Iterator[Hit]:
    pipeline = read(files, path)
    if pipeline is None:
        return
    extends = {name: names(job.get("extends")) for name, job in pipeline.templates.items()}
    knots = cycles(extends)
    for cycle in knots:
        line = at((pipeline.templates[cycle[0]], "extends"), (pipeline.document, cycle[0]))
        yield Hit(line, f"`extends` goes in a circle: {' → '.join(cycle)}")
    if not knots:
        needs = {name: [other for other, _ in _needed(pipeline, name, "needs")] for name in pipeline.jobs}
        for cycle in cycles(needs):
            line = at((pipeline.templates[cycle[0]], "needs"), (pipeline.document, cycle[0]))
            yield Hit(line, f"`needs` goes in a circle: {' → '.join(cycle)}")


def _extends(files: Files, path: str) -> Iterator[Hit]:
    pipeline = read(files, path)
    elsewhere = visible(files, path, pipeline) if pipeline is not None else None
    if pipeline is None or elsewhere is None:
        return
    for name, job in pipeline.templates.items():
        for parent in names(job.get("extends")):
            if parent not in pipeline.document and parent not in elsewhere and known(parent):
                line = at((job, "extends"), (pipeline.document, name))
                yield Hit(line, f"job `{name}` extends `{parent}`, which does not exist")


def _references(files: Files, path: str) -> Iterator[Hit]:
    pipeline = read(files, path)
    if pipeline is None or not pipeline.whole:
        return
    for parent, key, value in walk(pipeline.document):
        if not _is_reference(value) or not value or not all(isinstance(each, str) for each in value):
            continue
        name, *keys = value
        target = pipeline.document.get(name)
        gone = target is None
        if isinstance(target, Mapping) and keys and not gone:
            extended = any(each not in pipeline.templates for each in names(target.get("extends")))
            here = pipeline.value(name, keys[0])[1] if name in pipeline.templates else target.get(keys[0])
            gone = here is None and not extended and keys[0] not in target
            if isinstance(here, Mapping) and len(keys) > 1 and not target.get("extends"):
                gone = keys[1] not in here
        if gone:
            yield Hit(at((parent, key)), f"`!reference [{', '.join(value)}]` leads nowhere")


_DOC = "GitLab CI/CD YAML syntax reference"

RULES = (
    Rule(
        "gitlab/unknown-stage", "error", "GitLab refuses the pipeline: list the stage under `stages`.",
        f"{_DOC}: a job's stage must be one of `stages`, by default .pre, build, test, deploy and .post.",
        applies, _stages,
        bad=(
            {".gitlab-ci.yml": "stages: [build]\na: {stage: biuld, script: x}\n"},
            {".gitlab-ci.yml": "stages: [build]\na: {script: x}\n"},
            {".gitlab-ci.yml": "a: {stage: lint, script: x}\n"},
            {".gitlab-ci.yml": "include: x.yml\nstages: [build]\na: {stage: lint, script: x}\n"},
            {".gitlab-ci.yml": "stages: [build]\n.base: {stage: gone}\na: {extends: .base, script: x}\n"},
            {".gitlab-ci.yml": "include: [{local: ci/x.yml}]\nstages: [build]\n", "ci/x.yml": "a: {stage: lint, script: x}\n"},
            {".gitlab-ci.yml": "include: ci/*.yml\nb: {stage: build, script: x}\n", "ci/x.yml": "a: {stage: lint, script: x}\n"},
        ),
        good=(
            {".gitlab-ci.yml": "stages: [build]\na: {stage: build, script: x}\nb: {stage: .post, script: x}\n.h: {stage: z}\n"},
            {".gitlab-ci.yml": "a: {script: x}\nb: {stage: deploy, script: x}\n"},
            {".gitlab-ci.yml": "include: x.yml\nstages: [build]\na: {extends: .x, script: x}\n"},
            {".gitlab-ci.yml": "include: x.yml\na: {stage: lint, script: x}\n"},
            {".gitlab-ci.yml": "stages: [build]\n.b: {stage: build}\na: {extends: .b, script: x}\nc:\n  stage: !reference [.b, stage]\n  script: x\n"},
            {"sub/.gitlab-ci.yml": "a: {stage: lint, script: x}\n"},
            {".gitlab-ci.yml": "include: [{local: ci/x.yml}]\nstages: [build, lint]\n", "ci/x.yml": "a: {stage: lint, script: x}\n"},
            {".gitlab-ci.yml": "include: [{local: ci/x.yml}, {template: y}]\n", "ci/x.yml": "a: {stage: lint, script: x}\n"},
            {".gitlab-ci.yml": "include: [ci/*.yml]\n", "ci/x.yml": "a: {stage: lint, script: x}\n", "ci/y.yml": "stages: [lint]\n"},
            {".gitlab-ci.yml": "a: {trigger: {include: ci/x.yml}}\nstages: [build]\n", "ci/x.yml": "stages: [lint]\nb: {stage: lint, script: x}\n"},
            {".gitlab-ci.yml": "stages: [$[[ inputs.stage ]], build]\na: {stage: other, script: x}\n"},
        ),
    ),
    Rule(
        "gitlab/needs", "error", "GitLab refuses the pipeline: name a job of the same or an earlier stage.",
        f"{_DOC}: needs and dependencies name jobs of the pipeline, none of a later stage.",
        applies, _needs,
        bad=(
            {".gitlab-ci.yml": "a: {script: x}\nb: {script: x, needs: [aa]}\n"},
            {".gitlab-ci.yml": "a: {script: x, stage: deploy}\nb: {script: x, stage: build, needs: [{job: a}]}\n"},
            {".gitlab-ci.yml": "a: {script: x, stage: build}\nb: {script: x, dependencies: [c]}\n"},
            {".gitlab-ci.yml": ".a: {script: x}\nb: {script: x, needs: [.a]}\n"},
            {".gitlab-ci.yml": "include: x.yml\na: {script: x}\n", "x.yml": "b: {script: x, needs: [aa]}\n"},
            {".gitlab-ci.yml": "include: x.yml\na: {script: x, needs: [deploy-all]}\n", "x.yml": "b: {script: x}\n"},
        ),
        good=(
            {".gitlab-ci.yml": "a: {script: x}\nb: {script: x, needs: [a, {job: z, optional: true}, {project: p/q, job: z, ref: main}]}\n"},
            {".gitlab-ci.yml": "a:\n  script: x\n  parallel: {matrix: [{A: [x, y]}]}\nb: {script: x, needs: ['a: [x]']}\n"},
            {".gitlab-ci.yml": "include: [x.yml]\nb: {script: x, needs: [a]}\n"},
            {".gitlab-ci.yml": "include: x.yml\na: {script: x}\n", "x.yml": "b: {script: x, needs: [a]}\n"},
            {".gitlab-ci.yml": "a: {script: x, needs: []}\nb: {script: x, needs: [{pipeline: $UP, job: q}], dependencies: []}\n"},
        ),
    ),
    Rule(
        "gitlab/cycle", "error", "GitLab refuses the pipeline: break the circle.",
        f"{_DOC}: needs is a directed acyclic graph; extends must not lead back to the job.",
        applies, _cycles,
        bad=(
            {".gitlab-ci.yml": "a: {script: x, needs: [b]}\nb: {script: x, needs: [a]}\n"},
            {".gitlab-ci.yml": ".a: {extends: .b}\n.b: {extends: [.a]}\n"},
        ),
        good=({".gitlab-ci.yml": ".a: {extends: .b}\n.b: {script: x}\na: {extends: [.a, .b], needs: [b]}\nb: {script: x}\n"},),
    ),
    Rule(
        "gitlab/extends", "error", "GitLab refuses the pipeline: name a job that exists, hidden or not.",
        f"{_DOC}: extends names configuration sections of the same pipeline.",
        applies, _extends,
        bad=(
            {".gitlab-ci.yml": "a: {extends: .base, script: x}\n"},
            {".gitlab-ci.yml": "a: {trigger: {include: ci/x.yml}}\n.base: {script: x}\n", "ci/x.yml": "b: {extends: .base}\n"},
            {".gitlab-ci.yml": "include: [ci/x.yml, {local: /ci/y.yml}]\n", "ci/x.yml": "b: {extends: .base}\n", "ci/y.yml": ".y: {script: x}\n"},
        ),
        good=(
            {".gitlab-ci.yml": ".base: {script: x}\na: {extends: .base}\n"},
            {".gitlab-ci.yml": "include: x.yml\na: {extends: .base, script: x}\n"},
            {".gitlab-ci.yml": "include: [x.yml, y.yml]\n", "x.yml": "b: {extends: .y}\n", "y.yml": ".y: {script: x}\n"},
            {".gitlab-ci.yml": "include: [x.yml, {project: a/b, file: c.yml}]\n", "x.yml": "b: {extends: .y}\n"},
            {".gitlab-ci.yml": "a: {trigger: {include: [{local: x.yml}, {artifact: y.yml, job: z}]}}\nz: {script: x}\n", "x.yml": "b: {extends: .y}\n"},
            {"docker/x.yml": "b: {extends: .y, script: x}\n"},
        ),
    ),
    Rule(
        "gitlab/reference", "error", "GitLab refuses the pipeline: point it to a key that exists.",
        f"{_DOC}: !reference takes configuration from sections of the same pipeline.",
        applies, _references,
        bad=(
            {".gitlab-ci.yml": "a:\n  script:\n    - !reference [.setup, script]\n"},
            {".gitlab-ci.yml": ".setup: {script: x}\na:\n  script: !reference [.setup, before_script]\n"},
        ),
        good=(
            {".gitlab-ci.yml": ".p: {before_script: [y]}\n.setup: {extends: .p, script: x}\na:\n  script:\n    - !reference [.setup, script]\n    - !reference [.setup, before_script]\n"},
            {".gitlab-ci.yml": "include: x.yml\na:\n  script: !reference [.setup, script]\n"},
        ),
    ),
)  # fmt: skip
