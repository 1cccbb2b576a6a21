"""Jenkinsfiles: what stages run on, with which images, and what becomes of failures and of what people type in."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.groovy import Block, blocks
from boringops_tools.checks.groovy_text import bodies, code, line_at, without_comments
from boringops_tools.jenkins_files import is_jenkins_library, is_jenkinsfile
from boringops_tools.patterns import lazy_pattern

# Steps of the plugins that every Jenkins has which work in a workspace.
_NEED_NODE = frozenset(
    {"sh", "bat", "powershell", "pwsh", "checkout", "git", "junit", "archiveArtifacts", "stash", "unstash", "writeFile",
     "readFile", "fileExists", "deleteDir", "dir"}
)  # fmt: skip
_IMAGE = lazy_pattern(
    r"\bdocker\s*\{[^{}]*?\bimage\s*\(?\s*(['\"])([^'\"$\n]+)\1|\bdocker\.image\(\s*(['\"])([^'\"$\n]+)\3\s*\)\s*\.\s*(?:inside|withRun)|\bdocker\s+(['\"])([^'\"$\n]+)\5"
)
_HTTP = lazy_pattern(
    r"\b(?:withRegistry\s*\(\s*|registryUrl\s*\(?\s*)(['\"])(http://(?!localhost|127\.|\[::1\])[^'\"\n]+)\1"
)
_CATCH = lazy_pattern(r"\bcatch\s*\([^(){}]*\)\s*\{")
_TRY = lazy_pattern(r"\btry\s*\{")
_TELLS = lazy_pattern(
    r"\b(?:throw|error(?=\s*[('\"])|unstable|currentBuild|catchError|warnError|build(?:Result|Status)|fail\w*|notify\w*\s*\([^)]*(?i:fail))\b"
)
_FREE = lazy_pattern(r"\b(?:string|text)\s*\(?[^()\n]*?\bname\s*:\s*(['\"])(\w+)\1")
_SHELL = lazy_pattern(
    r"\b(?:sh|bat|powershell|pwsh)\b\s*\(?\s*(?:\w+\s*:\s*\w+\s*,\s*)*(?:script\s*:\s*)?(\"\"\"(?:\\.|(?!\"\"\").)*\"\"\"|\"(?:\\.|[^\"\\\n])*\")",
    re.S,
)
_FOREIGN = frozenset(
    {
        "CHANGE_TITLE",
        "CHANGE_BRANCH",
        "CHANGE_AUTHOR_DISPLAY_NAME",
        "CHANGE_FORK",
        "ghprbPullTitle",
        "ghprbSourceBranch",
        "ghprbCommentBody",
        "gitlabSourceBranch",
        "gitlabMergeRequestTitle",
    }
)
_WORD = lazy_pattern(r"(?<!\\)\$\{?\s*(params|env)?\.?(\w+)")


def _nodeless(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    lines = code(text).splitlines()
    pipelines = [each for each in blocks(text) or () if each.name == "pipeline" and each.has_block]
    for pipeline in pipelines if len(pipelines) == 1 else ():
        agent = pipeline.child("agent")
        if agent is not None and not agent.has_block and re.search(r"\bagent\s+none\b", lines[agent.line - 1]):
            yield from _without(pipeline.child("stages"), lines)


def _without(owner: Block | None, lines: list[str]) -> Iterator[Hit]:
    for each in owner.children if owner is not None else ():
        agent = each.child("agent")
        if agent is not None and (agent.has_block or not re.search(r"\bagent\s+none\b", lines[agent.line - 1])):
            continue
        if each.name in ("stage", "stages", "parallel", "matrix"):
            yield from _without(each, lines)
        if each.name == "steps" and (step := _first(each)):
            yield Hit(step.line, f"`{step.name}` needs a node, and neither the pipeline nor the stage has an agent")


def _first(block: Block) -> Block | None:
    for each in block.children:
        if each.name == "node":
            continue
        if each.name in _NEED_NODE:
            return each
        if (
            each.has_block
            and each.name in ("script", "timeout", "retry", "withCredentials", "withEnv", "timestamps")
            and (inner := _first(each))
        ):
            return inner
    return None


def _images(files: Files, path: str) -> Iterator[Hit]:
    text = without_comments(files.text(path))
    for match in _IMAGE.finditer(text):
        image = match[2] or match[4] or match[6]
        tag = image.rpartition("/")[2].partition(":")[2]
        if "@" not in image and tag in ("", "latest") and "/" not in tag and " " not in image:
            yield Hit(line_at(text, match.end()), f"the image `{image}` is another one tomorrow")


def _registries(files: Files, path: str) -> Iterator[Hit]:
    text = without_comments(files.text(path))
    for match in _HTTP.finditer(text):
        yield Hit(line_at(text, match.start()), f"the registry is spoken to without TLS: {match[2]}")


def _swallowed(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    bare = code(text)
    tried = {end: bare[start:end] for start, end in bodies(text, _TRY)}
    for start, end in bodies(text, _CATCH):
        opening = bare.rfind("catch", 0, start)
        before = bare.rfind("}", 0, opening)
        body = tried.get(before, "")
        if re.search(r"\bstage\s*\(", body) and not _TELLS.search(bare[start:end]):
            yield Hit(line_at(bare, opening), "what fails in these stages is caught, and the build is green")


def _typed(files: Files, path: str) -> Iterator[Hit]:
    text = without_comments(files.text(path))
    free = {match[2] for match in _FREE.finditer(text)}
    for call in _SHELL.finditer(text):
        for match in _WORD.finditer(call[1]):
            of, name = match[1], match[2]
            if (of == "params" and name in free) or (of in ("env", None) and name in _FOREIGN):
                yield Hit(
                    line_at(text, call.start(1) + match.start()),
                    f"Groovy puts `{name}`, which others write, into the command",
                )


_J = "Jenkinsfile"
_DOC = "Jenkins Pipeline syntax, Declarative"


def _file(stages: str, head: str = "agent any") -> dict[str, str]:
    return {_J: f"pipeline {{\n  {head}\n  stages {{\n    {stages}\n  }}\n}}\n"}


_STEP = "stage('a') {{ steps {{ {} }} }}"
_STRING = "agent any\n  parameters { string(name: 'TAG', defaultValue: 'x')\n choice(name: 'TO', choices: ['a', 'b']) }"


def _is_groovy(path: str) -> bool:
    return is_jenkinsfile(path) or is_jenkins_library(path)


RULES = (
    Rule("jenkins/no-node", "error", "Give the stage an agent: with `agent none` there is no workspace.", f"{_DOC}, agent: with none, each stage has to have an agent of its own.", is_jenkinsfile, _nodeless,
         bad=(_file("stage('a') { steps { sh 'x' } }", "agent none"), _file("stage('p') { parallel { stage('a') { agent any\n steps { sh 'x' } }\n stage('b') { steps { script { checkout scm } } } } }", "agent none")),
         good=(_file("stage('a') { agent any\n stages { stage('b') { steps { sh 'x' } } } }\n stage('c') { steps { input 'go?' } }\n stage('d') { steps { script { node('x') { sh 'y' } } } }\n stage('e') { steps { ourStep() } }", "agent none"), _file("stage('a') { steps { sh 'x' } }"))),
    Rule("jenkins/image-tag", "warning", "Name a version or a digest: a build should be the same tomorrow.", "Docker documentation: a tag left out is latest, and latest moves.", _is_groovy, _images,
         bad=(_file("stage('a') { agent { docker { image 'node:latest' } }\n steps { sh 'x' } }"), {_J: "node { docker.image('maven').inside { sh 'x' } }\n"}),
         good=(_file("stage('a') { agent { docker { image 'node:22'\n label 'x' } }\n steps { sh 'docker build .' } }"), {_J: "node { docker.image('r.example:5000/a@sha256:b').inside { sh 'x' } }\n"})),
    Rule("jenkins/plain-registry", "warning", "Speak to the registry over https.", "Docker registry documentation: credentials and images travel unprotected over http.", _is_groovy, _registries,
         bad=({_J: "node { docker.withRegistry('http://r.example.com', 'c') { image.push() } }\n"},), good=({_J: "node { docker.withRegistry('https://r.example.com', 'c') { x() }\n docker.withRegistry('http://localhost:5000') { x() } }\n"},)),
    Rule("jenkins/swallowed", "warning", "Throw the error again, or set the build's result.", "Jenkins, Pipeline best practices: a caught exception ends the build well unless it is thrown again.", is_jenkinsfile, _swallowed,
         bad=({_J: "node {\n  try {\n    stage('a') { sh 'x' }\n  } catch (e) {\n    echo e.message\n  } finally { cleanWs() }\n}\n"},),
         good=({_J: "node {\n  try {\n    stage('a') { sh 'x' }\n  } catch (e) {\n    echo 'a } b'\n    throw e\n  }\n  try { sh 'docker rm x' } catch (e) { echo 'none' }\n}\n"}, {_J: "node { try { stage('a') { sh 'x' } } catch (Exception e) { currentBuild.result = 'FAILURE' } }\n"})),
    Rule("jenkins/typed-in", "warning", "Put the command into single quotes: the shell then takes the value from its environment, quoted.", "Jenkins, Using a Jenkinsfile: injection via interpolation.", _is_groovy, _typed,
         bad=(_file(_STEP.format('sh "x ${params.TAG}"'), _STRING), _file(_STEP.format('sh "git checkout ${env.CHANGE_BRANCH}"'))),
         good=(_file(_STEP.format('sh "x ${params.TO} ${env.BUILD_NUMBER} \\${TAG}"\n sh \'x "$TAG"\''), _STRING),)),
)  # fmt: skip
