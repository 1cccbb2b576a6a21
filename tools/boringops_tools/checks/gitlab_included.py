"""GitLab CI: jobs of local files that the pipeline includes under names which no schema is held against."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.gitlab import names
from boringops_tools.checks.gitlab_parts import matching
from boringops_tools.yaml_files import is_yaml

_ROOT = ".gitlab-ci.yml"
_GLOBAL = frozenset(
    "default variables workflow include stages image services cache before_script after_script spec types".split()  # noqa: SIM905
)
_KEYS = frozenset(
    """after_script allow_failure artifacts before_script cache coverage dast_configuration dependencies environment except extends hooks id_tokens
    identity image inherit interruptible manual_confirmation needs only pages parallel publish release resource_group retry rules run script secrets
    services stage start_in tags timeout trigger type variables when inputs""".split()  # noqa: SIM905
)
_RUNS = frozenset({"script", "run", "trigger"})


def _places(files: Files, document: Mapping[Any, Any]) -> Iterator[str | None]:
    """The local files that a configuration includes; null for what comes from elsewhere or has to be filled in."""
    value = document.get("include", [])
    for each in value if isinstance(value, list) else [value]:
        place = each if isinstance(each, str) else each.get("local") if isinstance(each, Mapping) else None
        if isinstance(place, str) and "*" in place and "$" not in place:
            yield from matching(files, posixpath.normpath(place.lstrip("/")))
            continue
        plain = isinstance(place, str) and "://" not in place and "$" not in place
        yield posixpath.normpath(place.lstrip("/")) if plain and isinstance(place, str) else None


def _included(files: Files) -> tuple[frozenset[str], bool]:
    """The files of the pipeline that GitLab starts from, and whether they are all that it is made of."""
    found: set[str] = set()
    whole = True
    todo = [_ROOT]
    while todo:
        path = todo.pop()
        found.add(path)
        for document in files.documents(path):
            for place in _places(files, mapping(document)):
                whole &= place in files.known
                if place is not None and place in files.known and place not in found:
                    todo.append(place)
    return frozenset(found), whole


def root_stages(files: Files, path: str) -> list[str] | None:
    """The stages of the pipeline that a file is included in; null where that is not known."""
    paths, whole = files.once(_included)
    if path not in paths:
        return None
    told = [
        document["stages"]
        for each in sorted(paths, key=lambda one: one == _ROOT)
        for document in files.documents(each)
        if isinstance(document, Mapping) and "stages" in document
    ]
    # What the first file says wins; what it does not say others may.
    mine = any("stages" in mapping(each) for each in files.documents(_ROOT))
    if not (mine or whole):
        return None
    stages = told[-1] if told else ["build", "test", "deploy"]
    known = isinstance(stages, list) and all(isinstance(each, str) and "$" not in each for each in stages)
    return [".pre", *stages, ".post"] if known and (mine or len(told) < 2) else None


def root_files(files: Files) -> frozenset[str] | None:
    """The files that the pipeline is made of; null where some of it is from elsewhere."""
    paths, whole = files.once(_included)
    return paths if whole else None


def root_names(files: Files) -> frozenset[str] | None:
    """The names of all that the pipeline is made of; null where some is from elsewhere."""
    paths, whole = files.once(_included)
    if not whole:
        return None
    return frozenset(str(name) for each in paths for document in files.documents(each) for name in mapping(document))


def _told(files: Files) -> dict[str, dict[Any, Any]]:
    """All jobs and templates of the pipeline, with what each file says of them."""
    found: dict[str, dict[Any, Any]] = {}
    for path in files.once(_included)[0]:
        for document in files.documents(path):
            for name, job in mapping(document).items():
                if isinstance(job, Mapping):
                    found.setdefault(str(name), {}).update(job)
    return found


def _jobs(files: Files, path: str) -> Iterator[tuple[Mapping[Any, Any], str, Mapping[Any, Any]]]:
    paths, _ = files.once(_included)
    if path == _ROOT or path not in paths or "[[" in files.text(path):
        return
    for document in files.documents(path):
        for name, job in mapping(document).items():
            if isinstance(job, Mapping) and str(name) not in _GLOBAL and not str(name).startswith("."):
                yield document, str(name), job


def _unknown(files: Files, path: str) -> Iterator[Hit]:
    for _, name, job in _jobs(files, path):
        for key in job:
            # What an anchor brings has no line of its own, and a keyword may be newer than this list.
            near = difflib.get_close_matches(key, _KEYS, 1, 0.7) if isinstance(key, str) and key not in _KEYS else []
            if near and (line := at((job, key))) is not None:
                yield Hit(line, f"job `{name}`: `{key}` is no keyword of GitLab's; `{near[0]}` is one")


def _idle(files: Files, path: str) -> Iterator[Hit]:
    for document, name, _ in _jobs(files, path):
        known: dict[str, dict[Any, Any]] = files.once(_told)
        whole = files.once(_included)[1]
        todo, seen, runs = [name], set(), False
        while todo:
            one = todo.pop()
            told = known.get(one)
            # What is not here may bring a script.
            runs |= told is None or bool(_RUNS & set(told)) or "<<" in told
            seen.add(one)
            extended = told.get("extends") if told else None
            todo += [each for each in names(extended) if each not in seen]
            runs |= extended is not None and not names(extended)
        if whole and not runs:
            yield Hit(at((document, name)), f"job `{name}` has nothing to run: no `script`, `run` or `trigger`")


_R = {_ROOT: "include:\n  - local: ci/a.yml\n"}

RULES = (
    Rule("gitlab/included-keyword", "error", "GitLab refuses the pipeline: write the keyword that is meant.", "GitLab CI/CD YAML syntax reference: a job has keywords, and no other ones.", is_yaml, _unknown,
         bad=({**_R, "ci/a.yml": "a:\n  scripts: [b]\n"}, {**_R, "ci/a.yml": "a:\n  script: [b]\n  artefacts: {paths: [c]}\n"}, {_ROOT: "include: /ci/a.yml\n", "ci/a.yml": "include: [ci/b.yml]\n", "ci/b.yml": "a: {script: [b], need: [c]}\n"}),
         good=({**_R, "ci/a.yml": ".a: &a\n  anything: b\nvariables: {C: d}\nb:\n  <<: *a\n  script: [c]\n"}, {_ROOT: "a: {script: [b]}\n", "ci/a.yml": "a: {scripts: [b]}\n"}, {**_R, "ci/a.yml": "a:\n  script: [$[[ inputs.b ]]]\n  other: c\n"})),
    Rule("gitlab/included-idle", "error", "GitLab refuses the pipeline: give the job a script.", "GitLab CI/CD YAML syntax reference: a job needs script, run or trigger.", is_yaml, _idle,
         bad=({**_R, "ci/a.yml": ".b: {image: c}\na: {stage: test, extends: .b}\n"},),
         good=({**_R, "ci/a.yml": ".b: {script: [c]}\na: {stage: test, extends: .b}\n"}, {_ROOT: "include: [{local: ci/a.yml}, {template: b}]\n", "ci/a.yml": "a: {stage: test}\n"}, {_ROOT: "include: ci/a.yml\na: {script: [b]}\n", "ci/a.yml": "a: {stage: test}\n"})),
)  # fmt: skip
