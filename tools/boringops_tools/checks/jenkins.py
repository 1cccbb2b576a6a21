"""Declarative Pipelines: the sections that Jenkins demands. A scripted one has no `pipeline` block and says nothing here."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.groovy import Block, blocks
from boringops_tools.jenkins_files import is_jenkinsfile
from boringops_tools.patterns import lazy_pattern

_SECTIONS = frozenset(
    {"agent", "stages", "post", "environment", "tools", "options", "parameters", "triggers", "libraries"}
)
_STAGE_SECTIONS = frozenset(
    {"agent", "stages", "steps", "parallel", "matrix", "post", "environment", "tools", "options", "input", "when", "failFast"}
)  # fmt: skip
_CONDITIONS = frozenset(
    {"always", "changed", "fixed", "regression", "aborted", "failure", "success", "unsuccessful", "unstable", "cleanup",
     "notBuilt"}
)  # fmt: skip
# Steps that every Jenkins has; `input` and `tools` are directives, too.
_STEPS = frozenset(
    {"sh", "bat", "powershell", "pwsh", "echo", "checkout", "git", "junit", "archiveArtifacts", "stash", "unstash", "writeFile",
     "deleteDir", "cleanWs", "error", "sleep", "build", "publishHTML", "slackSend", "emailext", "mail", "milestone"}
)  # fmt: skip
_BODIES = ("steps", "stages", "parallel", "matrix")


def _pipeline(files: Files, path: str) -> Block | None:
    """The one pipeline block at the top of a file."""
    found = [
        each for each in blocks(files.text(path)) or () if each.name == "pipeline" and each.bare and each.has_block
    ]
    return found[0] if len(found) == 1 else None


def pipeline_of(files: Files, path: str) -> Block | None:
    found: Block | None = files.once(_pipeline, path)
    return found


def stages_of(block: Block) -> Iterator[Block]:
    """All stages below, outermost first."""
    for each in block.children:
        if each.name == "stage":
            yield each
        if each.name in ("stages", "stage", "parallel", "matrix"):
            yield from stages_of(each)


def _missing(files: Files, path: str) -> Iterator[Hit]:
    pipeline = pipeline_of(files, path)
    if pipeline is None:
        return
    for section in ("agent", "stages"):
        if pipeline.child(section) is None:
            yield Hit(pipeline.line, f"the pipeline has no `{section}`")
    for each in [pipeline, *stages_of(pipeline)]:
        for section in ("stages", "parallel"):
            inner = each.child(section)
            if inner is not None and inner.has_block and not any(child.name == "stage" for child in inner.children):
                yield Hit(inner.line, f"`{section}` holds no stage")
    for stage in stages_of(pipeline):
        bodies = [each for each in stage.children if each.name in _BODIES]
        if not bodies:
            yield Hit(stage.line, "the stage has none of steps, stages, parallel and matrix")
        elif len(bodies) > 1:
            yield Hit(bodies[1].line, f"the stage has both `{bodies[0].name}` and `{bodies[1].name}`")
        if (steps := stage.child("steps")) is not None and steps.has_block and not steps.children:
            yield Hit(steps.line, "`steps` is empty")


def _unknown(files: Files, path: str) -> Iterator[Hit]:
    pipeline = pipeline_of(files, path)
    if pipeline is None:
        return
    for owner, known, what in [
        (pipeline, _SECTIONS, "the pipeline"), *((each, _STAGE_SECTIONS, "a stage") for each in stages_of(pipeline)),
    ]:  # fmt: skip
        seen: set[str] = set()
        for each in owner.children:
            if each.has_block and each.name not in known:
                yield Hit(each.line, f"`{each.name}` is no section of {what}")
            elif each.name in seen and each.name in known:
                yield Hit(each.line, f"`{each.name}` stands twice in {what}")
            seen.add(each.name)
    for stage in stages_of(pipeline):
        for each in stage.children:
            if not each.has_block and each.name in _STEPS:
                yield Hit(each.line, f"the step `{each.name}` stands outside of `steps`")
    for owner in [pipeline, *stages_of(pipeline)]:
        stages = owner.child("stages")
        for each in stages.children if stages else ():
            if each.has_block and each.name != "stage":
                yield Hit(each.line, f"`{each.name}` stands where only stages can")


def _post(files: Files, path: str) -> Iterator[Hit]:
    pipeline = pipeline_of(files, path)
    for owner in [pipeline, *stages_of(pipeline)] if pipeline else ():
        post = owner.child("post")
        if post is None or not post.has_block:
            continue
        if not post.children:
            yield Hit(post.line, "`post` is empty")
        for each in post.children:
            if each.has_block and each.bare and each.name not in _CONDITIONS:
                yield Hit(each.line, f"`{each.name}` is no condition of `post`")


def _twice(files: Files, path: str) -> Iterator[Hit]:
    pipeline = pipeline_of(files, path)
    seen: set[str] = set()
    lines = files.text(path).splitlines()
    for each in stages_of(pipeline) if pipeline else ():
        if each.bare and each.has_block:
            yield Hit(each.line, "the stage has no name")
        name = _STAGE_NAME.search(lines[each.line - 1][: lines[each.line - 1].find("{") + 1 or None])
        if name is not None and name[1] in seen:
            yield Hit(each.line, f"there are two stages `{name[1]}`")
        seen |= {name[1]} if name else set()


def _interpolated(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    secrets = set(
        re.findall(r"(?:passwordVariable|variable|keyFileVariable|passphraseVariable)\s*:\s*['\"](\w+)['\"]", text)
    )
    secrets |= set(re.findall(r"(\w+)\s*=\s*credentials\(", text))
    for call in _SHELL.finditer(text):
        for name in re.findall(r"(?<!\\)\$\{?(?:env\.)?(\w+)", call[1]):
            if name in secrets or name.removesuffix("_PSW") in secrets:
                line = text.count("\n", 0, call.start()) + 1
                yield Hit(
                    line, f"Groovy puts the secret {name} into the command, where the process list and the log show it"
                )
                break


# A step of a shell whose command stands in double quotes: those Groovy fills in.
_SHELL = lazy_pattern(
    r"(?<![\w./'\"-])(?:sh|bat|pwsh|powershell)\b\s*\(?\s*(?:\w+\s*:\s*(?:true|false)\s*,\s*)*(?:script\s*:\s*)?"
    r"(\"\"\".*?\"\"\"|\"(?:\\.|[^\"\\\n])*\")",
    re.S,
)
_STAGE_NAME = lazy_pattern(r"\bstage\s*\(?\s*['\"]([^'\"$]+)['\"]")
_DOC = "Jenkins Pipeline syntax, Declarative"
_J = "Jenkinsfile"


def _example(stages: str, more: str = "agent any") -> dict[str, str]:
    return {_J: f"pipeline {{\n  {more}\n  stages {{\n    {stages}\n  }}\n}}\n"}


_STAGE = "stage('a') { steps { sh 'x' } }"

RULES = (
    Rule(
        "jenkins/section-missing", "error", "Jenkins refuses the Pipeline: it needs an agent and stages, each with something to do.",
        f"{_DOC}: agent and stages are required at the top; a stage has exactly one of steps, stages, parallel, matrix.",
        is_jenkinsfile, _missing,
        bad=(
            _example(_STAGE, "options { timestamps() }"), {_J: "pipeline {\n  agent any\n}\n"}, _example(""),
            _example("stage('a') { sh 'x' }"), _example("stage('a') { steps { } }"),
            _example("stage('a') { steps { sh 'x' }\n stages { stage('b') { steps { sh 'x' } } } }"),
        ),
        good=(
            _example("stage('a') { steps { sh '''\n} stage {\n''' } }\n// stage('b') { }\n/* { */ stage('p') { parallel { stage('q') { steps { echo \"${a ? '}' : \"b\"}\" } } } }"),
            _example("stage('m') { matrix { axes { axis { name 'A'\n values 'x', 'y' } }\n stages { stage('s') { steps { sh 'x' } } } } }", "agent { docker { image 'a:1' } }"),
            {_J: "node { stage('a') { sh 'x' } }\n"}, {_J: "@Library('x') _\ndef a = [b: 1]\npipeline {\n  agent none\n  stages { " + _STAGE + " }\n}\n"},
            {_J: "pipeline { agent any\n"},
        ),
    ),
    Rule(
        "jenkins/section-unknown", "error", "Jenkins refuses the Pipeline: move it into `steps`, or correct the name.",
        f"{_DOC}: the sections and directives of a pipeline and of a stage are a fixed list, each at most once.",
        is_jenkinsfile, _unknown,
        bad=(
            _example(_STAGE, "agent any\n  step { }"), _example("stage('a') {\n sh 'y'\n steps { sh 'x' } }"),
            _example("stage('a') { script { x() }\n steps { sh 'x' } }"),
            _example(_STAGE, "agent any\n  agent none"), _example("steps { sh 'x' }\n" + _STAGE),
        ),
        good=(
            _example("stage('a') { when { branch 'main' }\n environment { A = 'b' }\n steps { script { x() } }\n post { always { echo 'x' } } }",
                     "agent any\n  tools { maven '3' }\n  triggers { cron('H * * * *') }\n  options { timeout(time: 1, unit: 'HOURS') }"),
        ),
    ),
    Rule(
        "jenkins/stage-name", "error", "Jenkins refuses the Pipeline: give each stage a name of its own.", f"{_DOC}: a stage has a name, and names are unique.", is_jenkinsfile, _twice,
        bad=(_example("stage { steps { sh 'x' } }"), _example("stage('a') { steps { sh 'x' } }\n    stage('a') { steps { sh 'y' } }"),), good=(_example("stage('a') { steps { sh 'x' } }\n    stage('b') { steps { sh 'y' } }\n    stage(\"${x}\") { steps { sh 'z' } }"),),
    ),
    Rule(
        "jenkins/secret-in-string", "warning", "Put the command into single quotes: then the shell takes the value from its environment.", "Jenkins documentation, Using a Jenkinsfile: string interpolation of sensitive variables.", is_jenkinsfile, _interpolated,
        bad=({_J: "node { withCredentials([string(credentialsId: 'a', variable: 'T')]) { sh \"curl -H ${T} x\" } }\n"}, _example("stage('a') { steps { sh \"\"\"\n  curl -u $C_PSW x\n\"\"\" } }", "agent any\n  environment { C = credentials('c') }")),
        good=({_J: "node { withCredentials([string(credentialsId: 'a', variable: 'T')]) { sh 'curl -H ${T} x'\n sh './a.sh \"$T\"'\n sh \"curl -H \\${T} ${URL}\" } }\n"},),
    ),
    Rule(
        "jenkins/post-condition", "error", "Jenkins refuses the Pipeline: conditions are always, success, failure, unstable, changed, fixed, regression, aborted, unsuccessful, cleanup.",
        f"{_DOC}: post holds blocks named by its conditions.",
        is_jenkinsfile, _post,
        bad=(_example(_STAGE, "agent any\n  post { finally { echo 'x' } }"), _example(_STAGE, "agent any\n  post { }")),
        good=(_example(_STAGE, "agent any\n  post { always { echo 'x' }\n failure { echo 'y' } }"),),
    ),
)  # fmt: skip
