"""Declarative Pipelines: code where only steps may stand, directives without what they need, variables badly written."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.groovy import Block
from boringops_tools.checks.groovy_text import bodies, code, line_at
from boringops_tools.checks.jenkins import pipeline_of, stages_of
from boringops_tools.jenkins_files import is_jenkinsfile
from boringops_tools.patterns import lazy_pattern

_CODE = frozenset({"def", "if", "else", "for", "while", "switch", "try", "return", "throw"})
# Steps whose blocks hold steps, and are held to the same.
_WRAPS = frozenset(
    {"withCredentials", "withEnv", "timeout", "retry", "dir", "timestamps", "ansiColor", "sshagent", "catchError", "warnError", "lock",
     "container", "withAWS", "wrap", "ws", "withMaven", "configFileProvider", "nodejs", "withSonarQubeEnv", "waitUntil"}
)  # fmt: skip
_ENVIRONMENT = lazy_pattern(r"\benvironment\s*\{")
_NAMED = frozenset({"beforeAgent", "beforeInput", "beforeOptions"})


def _free(block: Block) -> Iterator[Block]:
    """Statements among the steps of a block that are code."""
    for each in block.children:
        if each.name in _CODE:
            yield each
        elif each.has_block and each.name in _WRAPS:
            yield from _free(each)


def _code(files: Files, path: str) -> Iterator[Hit]:
    pipeline = pipeline_of(files, path)
    for owner in [pipeline, *stages_of(pipeline)] if pipeline else ():
        holders = [each for each in owner.children if each.name == "steps"]
        holders += [each for post in owner.children if post.name == "post" for each in post.children]
        for holder in holders:
            for each in _free(holder):
                yield Hit(each.line, f"`{each.name}` is code: among steps it stands inside of `script {{ }}`")


def _wanting(files: Files, path: str) -> Iterator[Hit]:
    pipeline = pipeline_of(files, path)
    for stage in stages_of(pipeline) if pipeline else ():
        asked = stage.child("input")
        if asked is not None and asked.has_block and asked.child("message") is None:
            yield Hit(asked.line, "`input` has no `message`")
        when = stage.child("when")
        if when is not None and when.has_block:
            if not [each for each in when.children if each.name not in _NAMED]:
                yield Hit(when.line, "`when` has no condition")
            yield from _empty(when)


def _empty(block: Block) -> Iterator[Hit]:
    for each in block.children:
        if not each.has_block or each.name not in ("not", "allOf", "anyOf"):
            continue
        if each.name == "not" and len(each.children) != 1:
            yield Hit(each.line, f"`not` takes one condition, and has {len(each.children)}")
        elif not each.children:
            yield Hit(each.line, f"`{each.name}` has no condition")
        yield from _empty(each)


def _environment(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if pipeline_of(files, path) is None:
        return
    bare = code(text)
    for start, end in bodies(text, _ENVIRONMENT):
        at = start
        depth = 0
        for line in bare[start:end].split("\n"):
            if depth == 0 and (wrong := _wrong(line)):
                yield Hit(line_at(bare, at), wrong)
            depth += sum(line.count(each) for each in "([{") - sum(line.count(each) for each in ")]}")
            at += len(line) + 1


def _wrong(line: str) -> str:
    if match := re.match(r"\s*([A-Za-z_]\w*)\s*:\s*['\"\d]", line):
        return f"`{match[1]}:` sets no variable: NAME = 'value'"
    if match := re.match(r"\s*(\w+(?:[-.]\w+)+)\s*=", line):
        return f"`{match[1]}` is no name of a variable: letters, digits and `_`"
    if match := re.match(r"\s*([A-Za-z_]\w*)\s*=\s*(\d[\d.]*|true|false|null)\s*;?\s*$", line):
        return f"the value of `{match[1]}` ({match[2]}) has to stand in quotes"
    return ""


_J = "Jenkinsfile"
_DOC = "Jenkins Pipeline syntax, Declarative"


def _file(stage: str = "steps { sh 'x' }", more: str = "") -> dict[str, str]:
    return {
        _J: f"pipeline {{\n  agent any\n  {more}\n  stages {{\n    stage('a') {{\n      {stage}\n    }}\n  }}\n}}\n"
    }


_OK = "steps { sh 'x' }"

RULES = (
    Rule("jenkins/code", "error", "Jenkins refuses the Pipeline: put it into a `script` block.", f"{_DOC}, steps: steps alone; Groovy's statements stand in script.", is_jenkinsfile, _code,
         bad=(_file("steps {\n def a = sh(script: 'x', returnStdout: true)\n sh 'y' }"), _file("steps {\n if (params.A) { sh 'x' }\n }"), _file("steps { withCredentials([string(credentialsId: 'a', variable: 'A')]) {\n for (b in c) { sh 'x' }\n } }"), _file(_OK, "post { always {\n if (x) { echo 'y' }\n } }")),
         good=(_file("steps { script {\n def a = 1\n if (a) { sh 'x' }\n } }"), _file("steps { echo 'if (a)'\n sh '''\n if x; then y; fi\n for a in b; do c; done\n''' }"), {_J: "node { if (a) { sh 'x' }\n def b = 1 }\n"}, _file("steps { parallel(a: { if (x) { sh 'y' } }, b: { sh 'z' }) }"))),
    Rule("jenkins/wanting", "error", "Jenkins refuses the Pipeline: give the directive what it needs.", f"{_DOC}: input has a message; when has a condition; not has exactly one.", is_jenkinsfile, _wanting,
         bad=(_file(f"input {{ ok 'Go' }}\n {_OK}"), _file(f"when {{ }}\n {_OK}"), _file(f"when {{\n beforeAgent true\n }}\n {_OK}"), _file(f"when {{ not {{\n branch 'a'\n tag 'b'\n }} }}\n {_OK}"), _file(f"when {{ anyOf {{ }} }}\n {_OK}")),
         good=(_file(f"input {{\n message 'Go?'\n ok 'Go' }}\n {_OK}"), _file(f"when {{\n beforeAgent true\n not {{ branch 'a' }}\n }}\n {_OK}"), _file(f"when {{ expression {{ return a }} }}\n {_OK}"), _file("steps { input 'Go?' }"))),
    Rule("jenkins/environment", "error", "Jenkins refuses the Pipeline: NAME = 'value', or a function that gives one.", f"{_DOC}, environment: pairs of a name and a text, or a call.", is_jenkinsfile, _environment,
         bad=(_file(_OK, "environment {\n A: 'b'\n }"), _file(_OK, "environment {\n A-B = 'c'\n }"), _file(_OK, "environment {\n PORT = 8080\n }")),
         good=(_file(_OK, "environment {\n A = 'b-c: d'\n // B: 'c'\n C = credentials('d')\n D = \"${A}:8080\"\n E = sh(script: 'x',\n  returnStdout: true)\n }"), _file(f"when {{ environment name: 'A', value: 'b' }}\n {_OK}"))),
)  # fmt: skip
