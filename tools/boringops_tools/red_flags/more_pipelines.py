"""Bitbucket, Drone, Woodpecker, Travis, Buildkite, Cloud Build, CodeBuild and the composite actions of GitHub read into the shape of
`pipelines`."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.red_flags.pipelines import (
    Job,
    Pipeline,
    Step,
    github_steps,
    items_of,
    lines_of,
    list_of,
    mappings_of,
)
from boringops_tools.red_flags.scripts import Script
from boringops_tools.yaml_files import line_of


def is_bitbucket(path: str) -> bool:
    return posixpath.basename(path) in ("bitbucket-pipelines.yml", "bitbucket-pipelines.yaml")


def is_drone(path: str) -> bool:
    return posixpath.basename(path) in (".drone.yml", ".drone.yaml")


def is_woodpecker(path: str) -> bool:
    return bool(re.fullmatch(r"(?:.*/)?\.woodpecker(?:/.+)?\.ya?ml", path))


def is_travis(path: str) -> bool:
    return posixpath.basename(path) in (".travis.yml", ".travis.yaml")


def is_buildkite(path: str) -> bool:
    return bool(re.fullmatch(r"(?:.*/)?\.buildkite/(?:.+/)?pipeline[^/]*\.ya?ml|buildkite\.ya?ml", path))


def is_cloud_build(path: str) -> bool:
    return bool(re.fullmatch(r"cloudbuild(?:[._-][^/]*)?\.ya?ml", posixpath.basename(path)))


def is_code_build(path: str) -> bool:
    return bool(re.fullmatch(r"buildspec(?:[._-][^/]*)?\.ya?ml", posixpath.basename(path)))


def is_action(path: str) -> bool:
    return posixpath.basename(path) in ("action.yml", "action.yaml")


# --- Bitbucket --------------------------------------------------------------------------------------------------------


def bitbucket_steps(node: Any) -> Iterator[Mapping[Any, Any]]:
    """The steps of one pipeline in their order, those of stages and of parallel ones included."""
    for each in list_of(node):
        if not isinstance(each, Mapping):
            continue
        if isinstance(each.get("step"), Mapping):
            yield each["step"]
        for key in ("parallel", "stage"):
            inner = each.get(key)
            yield from bitbucket_steps(inner.get("steps") if isinstance(inner, Mapping) else inner)


def bitbucket_pipelines(document: Mapping[Any, Any]) -> Iterator[tuple[str, list[Mapping[Any, Any]]]]:
    """What starts each pipeline, and its steps."""
    for key, value in (
        (document.get("pipelines") or {}).items() if isinstance(document.get("pipelines"), Mapping) else ()
    ):
        if isinstance(value, Mapping):
            for name, steps in value.items():
                yield f"{key} {name}", list(bitbucket_steps(steps))
        else:
            yield str(key), list(bitbucket_steps(value))


def _bitbucket(text: str) -> Iterator[Pipeline]:
    for document in mappings_of(text):
        for start, steps in bitbucket_pipelines(document):
            jobs: list[Job] = []
            guarded = False
            for position, step in enumerate(steps):
                guarded |= step.get("trigger") == "manual"
                pipes = tuple(
                    Step(line_of(each, "pipe") or 1, uses=str(each["pipe"]))
                    for each in list_of(step.get("script"))
                    if isinstance(each, Mapping) and "pipe" in each
                )
                jobs.append(
                    Job(
                        str(step.get("name") or f"step {position + 1} of {start}"),
                        line_of(step, "name") or line_of(step, "script") or 1,
                        (*lines_of(step, "script"), *pipes),
                        tuple(each.name for each in jobs),
                        str(step.get("deployment") or ""),
                        guarded,
                        body=step,
                    )
                )
            # What a person starts, or what a pull request was tested for, may have been tested before.
            yield Pipeline("bitbucket", tuple(jobs), open_ended=not start.startswith(("default", "branches")))


# --- those with steps in containers -----------------------------------------------------------------------------------


def container_steps(document: Mapping[Any, Any]) -> list[tuple[str, Mapping[Any, Any]]]:
    """The steps of Drone and Woodpecker, a list of named ones or a mapping."""
    steps = document.get("steps", document.get("pipeline"))
    if isinstance(steps, Mapping):
        return items_of(steps)
    return [(str(each.get("name", "")), each) for each in list_of(steps) if isinstance(each, Mapping)]


def _containers(text: str) -> Iterator[Pipeline]:
    for document in mappings_of(text):
        jobs: list[Job] = []
        for name, step in container_steps(document):
            needs = list_of(step["depends_on"]) if "depends_on" in step else [each.name for each in jobs]
            line = line_of(step, "name") or line_of(step, "image") or 1
            runs = tuple(lines_of(step, "commands"))
            jobs.append(Job(name, line, runs, tuple(map(str, needs)), body=step, forgiven=_ignored(step)))
        if jobs:
            open_ended = bool({"depends_on", "depends-on"} & set(document))
            yield Pipeline("containers", tuple(jobs), open_ended, environments=False)


def _ignored(step: Mapping[Any, Any]) -> int | None:
    return line_of(step, "failure") if step.get("failure") == "ignore" else None


# --- Travis, Buildkite ------------------------------------------------------------------------------------------------

_PHASES = ("before_install", "install", "before_script", "script", "after_success", "before_deploy", "after_script")


def _travis(text: str) -> Iterator[Pipeline]:
    for document in mappings_of(text):
        included = document.get("jobs", document.get("matrix"))
        more = list_of(included.get("include")) if isinstance(included, Mapping) else []
        jobs = []
        for position, each in enumerate([document, *more]):
            if isinstance(each, Mapping):
                steps = tuple(step for phase in _PHASES for step in lines_of(each, phase))
                jobs.append(Job(f"job {position}", line_of(each, "script") or 1, steps, body=each))
        yield Pipeline("travis", tuple(jobs), open_ended=True, environments=False)


def buildkite_steps(node: Any) -> Iterator[Any]:
    """The steps in their order, those of groups included."""
    for each in list_of(node):
        yield each
        if isinstance(each, Mapping) and "group" in each:
            yield from buildkite_steps(each.get("steps"))


def _buildkite(text: str) -> Iterator[Pipeline]:
    for document in mappings_of(text):
        jobs: list[Job] = []
        guarded, before = False, 0
        for step in buildkite_steps(document.get("steps")):
            if step == "wait" or (isinstance(step, Mapping) and {"wait", "waiter"} & set(step)):
                before = len(jobs)
            elif isinstance(step, Mapping) and {"block", "manual"} & set(step):
                guarded, before = True, len(jobs)
            elif isinstance(step, Mapping):
                named = [
                    each.get("step") if isinstance(each, Mapping) else each for each in list_of(step.get("depends_on"))
                ]
                needs = [str(each) for each in named] if named else [each.name for each in jobs[:before]]
                runs = tuple(run for key in ("command", "commands") for run in lines_of(step, key))
                name = str(step.get("key") or step.get("label") or step.get("name") or f"step {len(jobs) + 1}")
                line = line_of(step, "label") or line_of(step, "command") or 1
                forgiven = line_of(step, "soft_fail") if step.get("soft_fail") is True else None
                jobs.append(Job(name, line, runs, tuple(needs), guarded=guarded, forgiven=forgiven, body=step))
        if jobs:
            yield Pipeline("buildkite", tuple(jobs), environments=False)


# --- the clouds' own --------------------------------------------------------------------------------------------------


def _cloud_build(text: str) -> Iterator[Pipeline]:
    for document in mappings_of(text):
        jobs: list[Job] = []
        for position, step in enumerate(list_of(document.get("steps"))):
            if not isinstance(step, Mapping):
                continue
            waits = [str(each) for each in list_of(step.get("waitFor")) if each != "-"]
            needs = waits if "waitFor" in step else [each.name for each in jobs]
            line = line_of(step, "args") or line_of(step, "script") or line_of(step, "name") or 1
            forgiven = line_of(step, "allowFailure") if step.get("allowFailure") is True else None
            name = str(step.get("id") or f"step {position}")
            jobs.append(
                Job(name, line, (Step(line, _command(step, line)),), tuple(needs), forgiven=forgiven, body=step)
            )
        if jobs:
            yield Pipeline("cloud build", tuple(jobs), open_ended=True, environments=False)


def _command(step: Mapping[Any, Any], line: int) -> Script | None:
    if isinstance(step.get("script"), str):
        return Script(line, step["script"])
    arguments = [str(each) for each in list_of(step.get("args"))]
    entry = str(step.get("entrypoint") or "")
    if posixpath.basename(entry) in ("sh", "bash") and len(arguments) > 1 and re.fullmatch(r"-\w*c", arguments[0]):
        return Script(line, arguments[1])
    program = entry or posixpath.basename(str(step.get("name", ""))).partition(":")[0].partition("@")[0]
    return Script(line, " ".join(map(shlex.quote, [program, *arguments]))) if arguments else None


def _code_build(text: str) -> Iterator[Pipeline]:
    for document in mappings_of(text):
        phases = document.get("phases")
        steps = tuple(
            step for _, phase in items_of(phases) for key in ("commands", "finally") for step in lines_of(phase, key)
        )
        yield Pipeline("codebuild", (Job("build", line_of(document, "phases") or 1, steps),), True, environments=False)


# --- composite actions ------------------------------------------------------------------------------------------------


def _action(text: str) -> Iterator[Pipeline]:
    """What a composite action runs, as one job: what stands before it, and who has to agree, is the caller's."""
    for document in mappings_of(text):
        runs = document.get("runs")
        if isinstance(runs, Mapping) and runs.get("using") == "composite":
            job = Job("action", line_of(document, "runs") or 1, tuple(github_steps(runs)), guarded=True, body=runs)
            yield Pipeline("action", (job,), open_ended=True, environments=False)


READERS: tuple[tuple[Callable[[str], bool], Callable[[str], Iterable[Pipeline]]], ...] = (
    (is_bitbucket, _bitbucket), (is_drone, _containers), (is_woodpecker, _containers), (is_travis, _travis),
    (is_buildkite, _buildkite), (is_cloud_build, _cloud_build), (is_code_build, _code_build), (is_action, _action),
)  # fmt: skip
