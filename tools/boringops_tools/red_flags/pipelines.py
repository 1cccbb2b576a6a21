"""Pipelines of many systems read into one shape: jobs in their order, what they run, and what holds them back.

Rules about delivery are written once against this shape. What a file leaves open (an include, a reusable workflow) makes
the pipeline `open_ended`: then nothing can be said about what is missing in it.
"""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from boringops_tools.jenkins_files import is_jenkins_library, is_jenkinsfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.action_commands import told
from boringops_tools.red_flags.azure_templates import is_template, looks_like_template, may_be_template
from boringops_tools.red_flags.gitlab_extends import extended, is_included, looks_included, may_be_included
from boringops_tools.red_flags.jenkins_library_steps import calls_others
from boringops_tools.red_flags.scripts import Command, Script, commands
from boringops_tools.yaml_files import Unreadable, documents, is_azure, is_circleci, is_workflow, line_of, walk

# Contexts, environments and jobs that say by their name where they lead.
_PRODUCTION = lazy_pattern(r"(?i)(?:^|[^a-z])(?:prod|production|live)(?:$|[^a-z])")


@dataclass(frozen=True)
class Step:
    line: int
    script: Script | None = None
    uses: str = ""
    """The action, orb or task that is called."""
    given: Mapping[Any, Any] = field(default_factory=dict)
    """What it is called with, as a mapping that knows its lines."""
    name: str = ""
    id: str = ""
    forgiven: int | None = None
    """The line that lets its failure pass; null where there is none."""

    @property
    def commands(self) -> tuple[Command, ...]:
        if self.script is None:
            return told(self.uses, self.given, self.line) if self.uses else ()
        return commands(self.script)


@dataclass(frozen=True)
class Job:
    name: str
    line: int
    steps: tuple[Step, ...] = ()
    needs: tuple[str, ...] = ()
    environment: str = ""
    guarded: bool = False
    """A person or a protected environment stands before it."""
    forgiven: int | None = None
    calls: str = ""
    """The workflow that it calls instead of steps of its own."""
    body: Any = None
    options: Any = None
    """What is said of it where it is started, in systems that define jobs elsewhere; the stage of Azure's."""


@dataclass(frozen=True)
class Pipeline:
    system: str
    jobs: tuple[Job, ...]
    open_ended: bool = False
    environments: bool = True
    """Whether jobs of this system can name the environment they deploy to."""

    def before(self, job: Job) -> list[Job]:
        """The jobs that have to end well before one starts."""
        known = {each.name: each for each in self.jobs}
        seen: dict[str, Job] = {}
        todo = list(job.needs)
        while todo:
            name = todo.pop()
            if name in known and name not in seen:
                seen[name] = known[name]
                todo += known[name].needs
        return list(seen.values())


def is_pipeline(path: str) -> bool:
    return _reader(path) is not None


def may_run(path: str) -> bool:
    """Whether a file is a pipeline by its name, or may be a part of one: `read` looks at its shape."""
    return is_pipeline(path) or may_be_template(path) or may_be_included(path)


def read(path: str, text: str) -> list[Pipeline]:
    """The pipelines of a file; none where it is no pipeline. Raises Unreadable."""
    if (reader := _reader(path)) is not None:
        return list(_read(reader, text))
    found = list(_read(_azure_template, text)) if may_be_template(path) else []
    return found or (list(_read(_gitlab_part, text)) if may_be_included(path) else [])


def jobs_of(path: str, text: str) -> Iterator[tuple[Pipeline, Job]]:
    """Each job of a file with the pipeline it is one of. Raises Unreadable."""
    for pipeline in read(path, text):
        for job in pipeline.jobs:
            yield pipeline, job


@functools.lru_cache(maxsize=32)
def _read(reader: Callable[[str], Iterable[Pipeline]], text: str) -> tuple[Pipeline, ...]:
    return tuple(reader(text))


@functools.lru_cache(maxsize=65536)
def _reader(path: str) -> Callable[[str], Iterable[Pipeline]] | None:
    from boringops_tools.red_flags.more_pipelines import READERS

    return next((reader for matches, reader in (*_READERS, *READERS) if matches(path)), None)


# --- YAML -------------------------------------------------------------------------------------------------------------


def mappings_of(text: str) -> Iterator[Mapping[Any, Any]]:
    yield from (document for document in documents(text) if isinstance(document, Mapping))


def items_of(node: Any) -> list[tuple[str, Mapping[Any, Any]]]:
    return (
        [(str(key), value) for key, value in node.items() if isinstance(value, Mapping)]
        if isinstance(node, Mapping)
        else []
    )


def list_of(node: Any) -> list[Any]:
    return node if isinstance(node, list) else [] if node is None else [node]


def _strings(node: Any) -> tuple[str, ...]:
    return tuple(each for each in list_of(node) if isinstance(each, str))


def _script(parent: Any, key: Any) -> Script | None:
    """The text of a value and the line where it begins."""
    value = parent[key]
    if not isinstance(value, str):
        return None
    return Script((line_of(parent, key) or 1) + (1 if "\n" in value.rstrip("\n") else 0), value)


def lines_of(parent: Mapping[Any, Any], key: str) -> Iterator[Step]:
    """The steps of a list of commands, lists inside it included."""
    todo: list[tuple[Any, Any]] = [(parent, key)] if key in parent else []
    while todo:
        holder, at = todo.pop(0)
        value = holder[at]
        if isinstance(value, list):
            todo[:0] = [(value, index) for index in range(len(value))]
        elif (script := _script(holder, at)) is not None:
            yield Step(script.line, script)


# --- GitHub Actions ---------------------------------------------------------------------------------------------------


def _github(text: str) -> Iterator[Pipeline]:
    for workflow in mappings_of(text):
        yield github_of(workflow)


def github_of(workflow: Mapping[Any, Any]) -> Pipeline:
    jobs = tuple(_github_job(workflow["jobs"], name, job) for name, job in items_of(workflow.get("jobs")))
    on = workflow.get("on", workflow.get(True))  # YAML 1.1 reads `on` as true
    triggers = set(_strings(on)) | ({str(each) for each in on} if isinstance(on, Mapping) else set())
    # Only a push or a plain pull request says that nothing has run before.
    first = triggers and triggers <= {"push", "pull_request", "workflow_dispatch", "schedule"} and "push" in triggers
    # What only pull requests start tries a change out, whatever it calls its folders.
    tried = triggers == {"pull_request"}
    return Pipeline("github", jobs, open_ended=not first or _only_tags(on), environments=not tried)


def _only_tags(on: Any) -> bool:
    push = on.get("push") if isinstance(on, Mapping) else None
    return isinstance(push, Mapping) and "tags" in push and "branches" not in push


def _github_job(jobs: Any, name: str, job: Mapping[Any, Any]) -> Job:
    environment = job.get("environment")
    if isinstance(environment, Mapping):
        environment = environment.get("name")
    return Job(
        name, line_of(jobs, name) or 1, tuple(github_steps(job)), _strings(job.get("needs")), str(environment or ""),
        guarded=bool(environment), calls=str(job.get("uses") or ""), body=job,
        forgiven=line_of(job, "continue-on-error") if job.get("continue-on-error") is True else None,
    )  # fmt: skip


def github_steps(job: Mapping[Any, Any]) -> Iterator[Step]:
    steps = list_of(job.get("steps"))
    for index, step in enumerate(steps):
        if isinstance(step, Mapping):
            given = step.get("with")
            yield Step(
                line_of(steps, index) or 1, _script(step, "run") if "run" in step else None, str(step.get("uses") or ""),
                given if isinstance(given, Mapping) else {}, str(step.get("name") or ""), str(step.get("id") or ""),
                line_of(step, "continue-on-error") if step.get("continue-on-error") is True else None,
            )  # fmt: skip


# --- GitLab CI --------------------------------------------------------------------------------------------------------

_GITLAB_KEYS = frozenset(
    {"default", "variables", "workflow", "include", "stages", "image", "services", "cache", "spec"}
)


def _gitlab(text: str) -> Iterator[Pipeline]:
    for document in mappings_of(text):
        yield gitlab_of(document)


def gitlab_of(document: Mapping[Any, Any]) -> Pipeline:
    stages = [".pre", *(_strings(document.get("stages")) or ("build", "test", "deploy")), ".post"]
    known = dict(items_of(document))
    entries = [
        (name, extended(job, known))
        for name, job in known.items()
        if name not in _GITLAB_KEYS and not name.startswith(".")
    ]
    place = {name: stages.index(s) if (s := str(job.get("stage", "test"))) in stages else 0 for name, job in entries}
    jobs = []
    for name, job in entries:
        named = [each.get("job") if isinstance(each, Mapping) else each for each in list_of(job.get("needs"))]
        earlier = tuple(other for other, _ in entries if place[other] < place[name])
        jobs.append(_gitlab_job(document, name, job, _strings(named) if "needs" in job else earlier))
    inherited = any(each not in known for _, job in entries for each in _strings(job.get("extends")))
    return Pipeline("gitlab", tuple(jobs), open_ended="include" in document or inherited)


def _gitlab_part(text: str) -> Iterator[Pipeline]:
    """What a pipeline of GitLab includes under a name of its own. What its jobs wait for, and what they extend, may be
    said elsewhere."""
    try:
        document = next(iter(documents(text)), None) if looks_included(text) else None
    except Unreadable:
        return
    if not isinstance(document, Mapping) or not is_included(document):
        return
    pipeline = gitlab_of(document)
    known = dict(items_of(document))
    names = tuple(job.name for job in pipeline.jobs)
    jobs = tuple(
        replace(
            job,
            needs=tuple(each for each in names if each != job.name),
            guarded=job.guarded or any(each not in known for each in _strings(job.body.get("extends"))),
        )
        for job in pipeline.jobs
    )
    yield replace(pipeline, jobs=jobs, open_ended=True)


def _gitlab_job(document: Any, name: str, job: Mapping[Any, Any], needs: tuple[str, ...]) -> Job:
    environment = job.get("environment")
    if isinstance(environment, Mapping):
        environment = "" if environment.get("action") == "stop" else environment.get("name")
    rules = [each for each in list_of(job.get("rules")) if isinstance(each, Mapping)]
    manual = job.get("when") == "manual" or any(rule.get("when") == "manual" for rule in rules)
    steps = [step for key in ("before_script", "script", "after_script") for step in lines_of(job, key)]
    return Job(
        name, line_of(document, name) or 1, tuple(steps), needs, str(environment or ""), guarded=manual, body=job,
        forgiven=line_of(job, "allow_failure") if _forgives(job.get("allow_failure")) and not manual else None,
    )  # fmt: skip


def _forgives(value: Any) -> bool:
    """Whether a job may fail as tests do: with the exit code 1."""
    codes = value.get("exit_codes") if isinstance(value, Mapping) else None
    return value is True or 1 in list_of(codes)


# --- CircleCI ---------------------------------------------------------------------------------------------------------


def _circle(text: str) -> Iterator[Pipeline]:
    for document in mappings_of(text):
        defined = dict(items_of(document.get("jobs")))
        reusable = dict(items_of(document.get("commands")))
        for name, flow in items_of(document.get("workflows")):
            jobs = []
            for entry in list_of(flow.get("jobs")):
                title, options = next(iter(entry.items())) if isinstance(entry, Mapping) and entry else (entry, {})
                options = options if isinstance(options, Mapping) else {}
                body = defined.get(str(title), {})
                line = line_of(document.get("jobs"), title) or line_of(document["workflows"], name) or 1
                jobs.append(
                    Job(
                        str(options.get("name", title)), line, tuple(_circle_steps(body.get("steps"), reusable, 0)),
                        _strings(options.get("requires")), _production_context(options), guarded=options.get("type") == "approval",
                        calls="" if str(title) in defined or options.get("type") == "approval" else str(title), body=body,
                        options=options,
                    )
                )  # fmt: skip
            gates = {job.name for job in jobs if job.guarded}
            flowing = Pipeline("circleci", tuple(jobs), environments=False)
            guarded = tuple(
                Job(**{**vars(job), "guarded": job.guarded or any(each.name in gates for each in flowing.before(job))})
                for job in jobs
            )
            yield Pipeline("circleci", guarded, any(job.calls for job in jobs) or bool(document.get("setup")), False)


def _production_context(options: Mapping[Any, Any]) -> str:
    """The context that by its name has production's secrets; empty where a job has none such."""
    return next((each for each in _strings(options.get("context")) if _PRODUCTION.search(each)), "")


def _circle_steps(steps: Any, reusable: Mapping[str, Mapping[Any, Any]], depth: int) -> Iterator[Step]:
    steps = list_of(steps)
    for index, step in enumerate(steps):
        line = line_of(steps, index) or 1
        name = step if isinstance(step, str) else next(iter(step), "") if isinstance(step, Mapping) else ""
        if isinstance(step, Mapping) and "run" in step:
            run = step["run"]
            script = _script(run, "command") if isinstance(run, Mapping) and "command" in run else _script(step, "run")
            yield Step(line, script, name=str(run.get("name", "")) if isinstance(run, Mapping) else "")
        elif name in reusable and depth < 5:
            yield from _circle_steps(reusable[name].get("steps"), reusable, depth + 1)
        elif name:
            yield Step(line, uses=str(name))


# --- Azure Pipelines --------------------------------------------------------------------------------------------------


def _azure(text: str) -> Iterator[Pipeline]:
    for document in mappings_of(text):
        yield azure_of(document)


def azure_of(document: Mapping[Any, Any]) -> Pipeline:
    stages = [each for each in list_of(document.get("stages")) if isinstance(each, Mapping)]
    jobs: list[Job] = []
    earlier: dict[str, tuple[str, ...]] = {}
    last = ""
    for index, stage in enumerate(stages or [document]):
        name = str(stage.get("stage") or index)
        depends = _strings(stage.get("dependsOn")) if "dependsOn" in stage else (last,) if last else ()
        before = tuple(job for each in depends for job in earlier.get(each, ()))
        mine = [replace(each, options=stage) for each in _azure_jobs(stage, f"{name}/" if stages else "", before)]
        jobs += mine
        earlier[name] = tuple(job.name for job in mine) or before
        last = name
    templates = any(key in ("template", "extends") for _, key, _ in walk(document))
    return Pipeline("azure", tuple(jobs), templates)


def _azure_template(text: str) -> Iterator[Pipeline]:
    """A template under a name of its own. Where it is called, and what with, is said elsewhere."""
    try:
        found = looks_like_template(text) and is_template(next(iter(documents(text)), None))
    except Unreadable:
        return
    for pipeline in _azure(text) if found else ():
        yield replace(pipeline, open_ended=True)


def _azure_jobs(stage: Mapping[Any, Any], prefix: str, before: tuple[str, ...]) -> Iterator[Job]:
    jobs = list_of(stage.get("jobs"))
    if not jobs and "steps" in stage:
        yield Job(f"{prefix}job", line_of(stage, "steps") or 1, tuple(_azure_steps(stage)), before, body=stage)
    for index, job in enumerate(jobs):
        if not isinstance(job, Mapping):
            continue
        if isinstance(job.get("template"), str):
            called = job["template"]
            yield Job(
                f"{prefix}{called}", line_of(job, "template") or 1, (), before, guarded=True, calls=called, body=job
            )
            continue
        environment = job.get("environment")
        if isinstance(environment, Mapping):
            environment = environment.get("name")
        name = str(job.get("job") or job.get("deployment") or index)
        needs = (*before, *(f"{prefix}{each}" for each in _strings(job.get("dependsOn"))))
        forgiven = line_of(job, "continueOnError") if job.get("continueOnError") is True else None
        yield Job(
            f"{prefix}{name}", line_of(jobs, index) or 1, tuple(_azure_steps(job)), needs, str(environment or ""),
            guarded=bool(environment), forgiven=forgiven, body=job,
        )  # fmt: skip


def _azure_steps(job: Mapping[Any, Any]) -> Iterator[Step]:
    """All steps of a job, those inside a deployment's strategy too."""
    found = []
    for _, key, value in walk(job):
        if key != "steps" or not isinstance(value, list):
            continue
        for index, step in enumerate(value):
            if not isinstance(step, Mapping):
                continue
            inputs = step.get("inputs")
            kind = next((name for name in ("script", "bash") if name in step), "")
            forgiven = line_of(step, "continueOnError") if step.get("continueOnError") is True else None
            script = _script(step, kind) if kind else None
            if isinstance(inputs, Mapping):
                script = _azure_script(inputs) or script
            found.append(
                Step(
                    line_of(value, index) or 1, script, str(step.get("task") or ""),
                    inputs if isinstance(inputs, Mapping) else {}, str(step.get("displayName") or ""), forgiven=forgiven,
                )
            )  # fmt: skip
    yield from sorted(found, key=lambda step: step.line)


def _azure_script(inputs: Mapping[Any, Any]) -> Script | None:
    """What a task runs: a script that stands in its inputs, or a file with its arguments."""
    for key in ("inlineScript", "script"):
        if key in inputs:
            return _script(inputs, key)
    for key in ("scriptPath", "ScriptPath", "filePath"):
        place = inputs.get(key)
        if isinstance(place, str) and place.endswith((".sh", ".bash", ".py", ".ps1")):
            arguments = inputs.get("arguments", inputs.get("scriptArguments", inputs.get("ScriptArguments", "")))
            return Script(line_of(inputs, key) or 1, f"{place} {str(arguments).strip()}".strip())
    return None


# --- Jenkins ----------------------------------------------------------------------------------------------------------


_GROOVY = lazy_pattern(r"'''.*?'''|\"\"\".*?\"\"\"|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|//[^\n]*|/\*.*?\*/", re.S)
_SH = lazy_pattern(
    r"\bsh\b\s*\(?\s*(?:script\s*:\s*)?(?:label\s*:\s*(?:'[^'\n]*'|\"[^\"\n]*\")\s*,\s*script\s*:\s*)?"
    r"('''(.*?)'''|\"\"\"(.*?)\"\"\"|'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\")", re.S,
)  # fmt: skip
_STAGE = lazy_pattern(r"\bstage\s*\(?\s*(['\"])([^'\"\n]{1,200})\1\s*\)?\s*\{")
_INPUT = lazy_pattern(r"(?m)\binput\b\s*(?:\(|\{|message|['\"])")


def plain_groovy(text: str) -> str:
    """The text without what its comments say."""
    return _GROOVY.sub(lambda m: re.sub(r"[^\n]", " ", m[0]) if m[0].startswith("/") else m[0], text)


def _shell_steps(plain: str, start: int, end: int) -> Iterator[Step]:
    for match in _SH.finditer(plain, start, end):
        group = next(number for number in (2, 3, 4, 5) if match[number] is not None)
        line = plain.count("\n", 0, match.start(group)) + 1
        yield Step(line, Script(line, match[group]))


def _jenkins_library(text: str) -> Iterator[Pipeline]:
    """What a library's step runs, as one job: the pipelines that call it are elsewhere."""
    plain = plain_groovy(text)
    if steps := tuple(_shell_steps(plain, 0, len(plain))):
        yield Pipeline("jenkins", (Job("call", 1, steps),), open_ended=True, environments=False)


def _jenkins(text: str) -> Iterator[Pipeline]:
    plain = plain_groovy(text)
    stages = list(_STAGE.finditer(plain))
    jobs: list[Job] = []
    guarded = False
    for index, stage in enumerate(stages):
        end = stages[index + 1].start() if index + 1 < len(stages) else len(plain)
        body = plain[stage.end() : end]
        guarded |= bool(_INPUT.search(body))
        steps = tuple(_shell_steps(plain, stage.end(), end))
        line = plain.count("\n", 0, stage.start()) + 1
        jobs.append(Job(stage[2], line, steps, tuple(job.name for job in jobs), guarded=guarded, body=body))
    if jobs:
        yield Pipeline(
            "jenkins",
            tuple(jobs),
            "build job" in plain or ("@Library" in plain and calls_others(plain)),
            environments=False,
        )


_READERS: tuple[tuple[Callable[[str], bool], Callable[[str], Iterable[Pipeline]]], ...] = (
    (is_workflow, _github),
    (lambda path: posixpath.basename(path).endswith((".gitlab-ci.yml", ".gitlab-ci.yaml")), _gitlab),
    (is_circleci, _circle),
    (is_azure, _azure),
    (is_jenkinsfile, _jenkins),
    (is_jenkins_library, _jenkins_library),
)
