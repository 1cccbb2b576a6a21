"""GitLab CI: what a job is made of, and the files it is made from."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.gitlab import is_root, known, names, read
from boringops_tools.checks.gitlab_parts import applies, is_named, is_part
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import tag_of

_RUNS = ("script", "run", "trigger", "pages", "inherit")


def _includes(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path):
        include = mapping(document).get("include")
        entries = include if isinstance(include, list) else [include]
        for position, each in enumerate(entries):
            local = each.get("local") if isinstance(each, Mapping) else each
            if not isinstance(local, str) or "$" in local or "*" in local or "://" in local:
                continue
            place = posixpath.normpath(local.lstrip("/"))
            if place not in files.known and not files.ignored(place):
                where = at((each, "local"), (entries, position), (document, "include"))
                yield Hit(where, f"`include` names `{local}`, which is not in the repository")


def _jobs(files: Files, path: str) -> Iterator[Hit]:
    pipeline = read(files, path)
    if pipeline is None:
        return
    for name, job in pipeline.jobs.items():
        line = at((pipeline.document, name))
        if not set(_RUNS) & set(job) and "<<" not in job and _idle(files, path, job):
            inherited = ", and what it extends brings none" if "extends" in job else ""
            yield Hit(line, f"job `{name}` has nothing to run: no `script`, `run` or `trigger`{inherited}")
        own = next(
            (key for key in ("script", "before_script", "after_script", "image", "services") if key in job), None
        )
        if "trigger" in job and own:
            yield Hit(at((job, own)), f"job `{name}` starts another pipeline (`trigger`), and has `{own}` of its own")
        if "rules" in job and (older := next((key for key in ("only", "except") if key in job), None)):
            yield Hit(at((job, older)), f"job `{name}` has both `rules` and `{older}`")


# GitLab's own templates whose jobs are all called after them.
_SCANNERS = lazy_pattern(
    r"(?:Jobs|Security)/(SAST|SAST-IaC|Secret-Detection|Dependency-Scanning|Container-Scanning|Code-Quality)(?:\.latest)?\.gitlab-ci\.yml"
)


def _may_bring(files: Files, document: Mapping[Any, Any], name: str) -> bool:
    """Whether an include from elsewhere may have a job of a name."""
    include = document.get("include")
    for each in include if isinstance(include, list) else [include]:
        local = each.get("local") if isinstance(each, Mapping) else each
        place = posixpath.normpath(local.lstrip("/")) if isinstance(local, str) else ""
        scanner = _SCANNERS.fullmatch(str(each.get("template"))) if isinstance(each, Mapping) else None
        words = re.split(r"\W+|_", scanner[1].lower()) if scanner else []
        if place not in files.known and (scanner is None or any(word in name.lower() for word in words)):
            return True
    return False


def _idle(files: Files, path: str, job: Mapping[Any, Any]) -> bool:
    """Whether nothing that a job extends brings it something to run; what is not in the repository may."""
    pipeline = read(files, path)
    if pipeline is None or not (pipeline.whole or is_root(path)):
        return False
    known: dict[str, Mapping[Any, Any]] = {}
    for document in _together(files, path, 0):
        known |= {
            str(name): {**known.get(str(name), {}), **each}
            for name, each in document.items()
            if isinstance(each, Mapping)
        }
    name = next((name for name, each in pipeline.jobs.items() if each is job), "")
    if not pipeline.whole and ("extends" not in job or _may_bring(files, pipeline.document, name)):
        return False  # what is included may have a job of this name
    todo, seen = [*names(job.get("extends")), *([name] if name in known else [])], set()
    if not isinstance(job.get("extends", ""), str | list) or tag_of(job.get("extends")) == "!reference":
        return False
    while todo:
        parent = todo.pop()
        if parent in seen:
            continue
        seen.add(parent)
        if parent not in known or set(_RUNS) & set(known[parent]) or "<<" in known[parent]:
            return False
        todo += names(known[parent].get("extends"))
    return True


def _artifacts(files: Files, path: str) -> Iterator[Hit]:
    pipeline = read(files, path)
    if pipeline is None or not pipeline.whole:
        return
    for name in pipeline.jobs:
        include = mapping(pipeline.value(name, "trigger")[1]).get("include")
        for each in listed(include):
            job = each.get("job") if isinstance(each, Mapping) and "artifact" in each else None
            if isinstance(job, str) and known(job) and job not in pipeline.jobs:
                yield Hit(at((each, "job")), f"job `{name}` triggers what `{job}` makes, which is no job")


def _circles(files: Files, path: str) -> Iterator[Hit]:
    """`extends` across the local files of one pipeline."""
    from boringops_tools.checks.graph import cycles

    if not is_part(files, path):
        return
    templates: dict[str, Mapping[Any, Any]] = {}
    for document in _together(files, path, 0):
        templates |= {str(name): job for name, job in document.items() if isinstance(job, Mapping)}
    own = {str(name): job for document in files.documents(path) for name, job in mapping(document).items()}
    for cycle in cycles({name: names(job.get("extends")) for name, job in templates.items()}):
        if not set(cycle) <= set(own):  # what one file says is told elsewhere
            mine = next((name for name in cycle if name in own), "")
            line = at(
                (mapping(own.get(mine)), "extends"), *((document, "include") for document in files.documents(path))
            )
            yield Hit(line, f"`extends` goes in a circle: {' → '.join(cycle)}")


def _together(files: Files, path: str, depth: int) -> Iterator[Mapping[Any, Any]]:
    for document in files.documents(path):
        yield mapping(document)
        include = mapping(document).get("include")
        for each in include if isinstance(include, list) else [include]:
            local = each.get("local") if isinstance(each, Mapping) else each
            place = posixpath.normpath(local.lstrip("/")) if isinstance(local, str) else ""
            if place in files.known and place != path and depth < 3:
                yield from _together(files, place, depth + 1)


def _is_local(path: str) -> bool:
    return is_named(path) or posixpath.basename(path).endswith((".gitlab-ci.yml", ".gitlab-ci.yaml"))


_DOC = "GitLab CI/CD YAML syntax reference"
_Y = ".gitlab-ci.yml"

RULES = (
    Rule(
        "gitlab/include", "error", "GitLab refuses the pipeline: name a file of the repository, from its root.",
        f"{_DOC}, include:local: the full path of a file of the same repository.", _is_local, _includes,
        bad=({_Y: "include: [{local: /ci/b.yml}]\n", "ci/a.yml": "a: {script: x}\n"}, {_Y: "include: ci/b.yml\n"}),
        good=({_Y: "include:\n- local: /ci/a.yml\n- local: 'ci/*.yml'\n- template: X.gitlab-ci.yml\n- https://a/b.yml\n- {project: a/b, file: c.yml}\n", "ci/a.yml": "a: {script: x}\n"},),
    ),
    Rule(
        "gitlab/job", "error", "GitLab refuses the job: give it something to run, and either `rules` or `only` and `except`.",
        f"{_DOC}: a job needs script, run or trigger; rules replace only and except, and cannot be used with them.", applies, _jobs,
        bad=({_Y: "a: {image: 'a:1'}\n"}, {_Y: ".t: {image: 'a:1'}\na: {extends: .t}\n"}, {_Y: "include: [{local: b.yml}, {template: Jobs/SAST.gitlab-ci.yml}]\na: {extends: .t}\n", "b.yml": ".t: {image: 'a:1'}\n"}, {_Y: "a: {script: x, rules: [{when: always}], only: [main]}\n"}, {_Y: "a: {trigger: a/b, script: x}\n"}),
        good=({_Y: "default: {image: 'a:1'}\n.t: {image: 'a:1'}\na: {script: x, rules: [{when: always}]}\nb: {extends: .t, script: [y]}\nc: {trigger: {include: d.yml}}\n"}, {_Y: ".s: {script: x}\n.t: {extends: .s}\na: {extends: .t}\n"}, {_Y: "include: [{template: Jobs/X.gitlab-ci.yml}]\na: {extends: .x}\nx: {stage: test}\n"}, {_Y: "include: [{template: Jobs/SAST.gitlab-ci.yml}]\n.r: {stage: test}\nsemgrep-sast: {extends: .r}\n"}, {_Y: "include: [{project: a/b, file: c.yml}]\n.r: {stage: test}\na: {extends: .r}\n"}),
    ),
    Rule(
        "gitlab/artifact", "error", "GitLab refuses the pipeline: name the job that makes the file.",
        f"{_DOC}, trigger:include:artifact: job names a job of the same pipeline.", applies, _artifacts,
        bad=({_Y: "a: {script: x, artifacts: {paths: [c.yml]}}\nb: {stage: deploy, trigger: {include: [{artifact: c.yml, job: aa}]}}\n"},),
        good=({_Y: "a: {script: x, artifacts: {paths: [c.yml]}}\nb: {stage: deploy, trigger: {include: [{artifact: c.yml, job: a}]}}\n"},),
    ),
    Rule(
        "gitlab/extends-circle", "error", "GitLab refuses the pipeline: break the circle.",
        f"{_DOC}, extends: templates may extend others, not themselves.", applies, _circles,
        bad=({_Y: "include: [{local: b.yml}]\n.a: {extends: .b}\nx: {script: y}\n", "b.yml": ".b: {extends: .a}\n"},),
        good=({_Y: "include: [{local: b.yml}]\n.a: {extends: .b}\nx: {script: y}\n", "b.yml": ".b: {image: 'a:1'}\n"},),
    ),
)  # fmt: skip
