"""Jenkinsfiles: names that nothing in the file brings (stashes, parameters, axes, variables), and values that never come."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.groovy_text import bodies, code, line_at, without_comments
from boringops_tools.jenkins_files import is_jenkinsfile
from boringops_tools.patterns import lazy_pattern

_STASH = lazy_pattern(r"\bstash\b\s*\(?\s*(?:name\s*:\s*)?(['\"])([^'\"\n]+)\1")
_STASH_LATER = lazy_pattern(r"\bstash\b[^\n]*?\bname\s*:\s*(['\"])([^'\"\n]+)\1")
_ANY_STASH = lazy_pattern(r"\bstash\b(?!\s*:)")
_UNSTASH = lazy_pattern(r"\bunstash\b\s*\(?\s*(?:name\s*:\s*)?(['\"])([^'\"\n]+)\1")
_PARAMETERS = lazy_pattern(r"\bparameters\s*[({]|\$class\s*:\s*'ParametersDefinitionProperty'")
_NAME = lazy_pattern(r"\bname\s*:\s*(['\"])(\w+)\1")
_USE = lazy_pattern(r"\bparams\.(\w+)\b(?!\s*\()")
_CHOICE = lazy_pattern(
    r"\bchoice\s*\(?\s*(?:name\s*:\s*['\"](?P<a>\w+)['\"]\s*,\s*)?choices\s*:\s*(?P<of>\[[^\]]*\]|'''.*?'''|\"\"\".*?\"\"\"|'[^'\n]*'|\"[^\"\n]*\")"
    r"(?:\s*,\s*name\s*:\s*['\"](?P<b>\w+)['\"])?", re.S,
)  # fmt: skip
_LITERALS = lazy_pattern(r"\[[\s,]*(?:(?:'[^'\n]*'|\"[^\"\n]*\")[\s,]*)*\]")
_COMPARED = lazy_pattern(
    r"\bparams\.(\w+)\s*(?:==|!=)\s*(['\"])([^'\"\n$]*)\2|(['\"])([^'\"\n$]*)\4\s*(?:==|!=)\s*params\.(\w+)"
)
_SINGLE = lazy_pattern(r"(?<![\"'\w])'(?!'')(?:\\.|[^'\\\n])*'")
_NEVER = lazy_pattern(r"(?<!\\)\$\{\s*(?:env|params|currentBuild)\.\w+[^}]*\}")
_IF = lazy_pattern(r"\bif\s*\(([^()\n]*)\)")
_ASSIGNED = lazy_pattern(r"[\w.]\s*(?<![=!<>~+\-*/])=(?![=~])")
_DOCKER_CALL = lazy_pattern(r"(?m)^\s*(\w+)\.(?:push|inside|withRun)\s*[({]")
_AXIS = lazy_pattern(r"\baxis\s*\{\s*name\s*\(?\s*(['\"])(\w+)\1")


def _stashes(files: Files, path: str) -> Iterator[Hit]:
    text = without_comments(files.text(path))
    known = {match[2] for pattern in (_STASH, _STASH_LATER) for match in pattern.finditer(text)}
    # A stash whose name is computed, or made by a library's step, may be any.
    if len(_ANY_STASH.findall(code(text))) > len(list(_STASH.finditer(text)) or list(_STASH_LATER.finditer(text))):
        return
    for match in _UNSTASH.finditer(text):
        if "$" not in match[2] and known and match[2] not in known and not any("$" in each for each in known):
            yield Hit(
                line_at(text, match.start()), f"nothing is stashed as `{match[2]}`; there is {', '.join(sorted(known))}"
            )


def _parameters(files: Files, path: str) -> Iterator[Hit]:
    text = without_comments(files.text(path))
    if not _PARAMETERS.search(text) or re.search(r"\bload\b\s*\(?\s*['\"]", text):
        return
    known = {match[2] for match in _NAME.finditer(text)}
    seen: set[str] = set()
    for match in _USE.finditer(text):
        name = match[1]
        if name not in known | seen and name not in ("get", "containsKey", "each", "size", "findAll", "collect", "any"):
            seen.add(name)
            yield Hit(line_at(text, match.start()), f"the pipeline declares no parameter `{name}`: it is null")


def _choices(files: Files, path: str) -> Iterator[Hit]:
    text = without_comments(files.text(path))
    choices: dict[str, set[str]] = {}
    for match in _CHOICE.finditer(text):
        name, given = match["a"] or match["b"], match["of"]
        if not name or "$" in given or (given.startswith("[") and not _LITERALS.fullmatch(given)):
            continue
        words = (
            re.findall(r"['\"]([^'\"\n]*)['\"]", given)
            if given.startswith("[")
            else given.strip("'\"").replace("\\n", "\n").split("\n")
        )
        choices[name] = {each.strip() for each in words}
    for match in _COMPARED.finditer(text):
        name, value = (match[1], match[3]) if match[1] else (match[6], match[5])
        if value and name in choices and value not in choices[name]:
            yield Hit(
                line_at(text, match.start()),
                f"`{name}` is never `{value}`: its choices are {', '.join(sorted(choices[name]))}",
            )


def _literal(files: Files, path: str) -> Iterator[Hit]:
    text = without_comments(files.text(path))
    bare = re.sub(
        r"'''.*?'''|\"\"\".*?\"\"\"|\"(?:\\.|[^\"\\\n])*\"",
        lambda each: re.sub(r"[^\n]", " ", each[0]),
        text,
        flags=re.S,
    )
    for match in _SINGLE.finditer(bare):
        if found := _NEVER.search(match[0]):
            yield Hit(
                line_at(text, match.start()),
                f"`{found[0]}` stands in single quotes: Groovy leaves it as it is, and a shell cannot read it",
            )


def _assignments(files: Files, path: str) -> Iterator[Hit]:
    bare = code(files.text(path))
    for match in _IF.finditer(bare):
        if _ASSIGNED.search(match[1]):
            yield Hit(line_at(bare, match.start()), "the condition assigns with `=`: `==` compares")


def _variables(files: Files, path: str) -> Iterator[Hit]:
    bare = code(files.text(path))
    if "docker.build" not in bare and "docker.image" not in bare:
        return
    known = (
        set(re.findall(r"\b(\w+)\s*=(?![=~])", bare))
        | set(re.findall(r"\bdef\s+(\w+)", bare))
        | {"docker", "it", "this", "steps", "script"}
    )
    known |= set(re.findall(r"[{,(]\s*(?:\w+\s+)?(\w+)\s*(?=,|->|\))", bare))
    for match in _DOCKER_CALL.finditer(bare):
        if match[1] not in known and not match[1][0].isupper():
            near = difflib.get_close_matches(match[1], known, 1, 0.6)
            yield Hit(
                line_at(bare, match.start(1)),
                f"no variable `{match[1]}` is set" + (f"; `{near[0]}` is" if near else ""),
            )


def _excluded(files: Files, path: str) -> Iterator[Hit]:
    text = without_comments(files.text(path))
    for start, end in bodies(text, re.compile(r"\bmatrix\s*\{")):
        inner = text[start:end]
        axes = {match[2] for a, b in bodies(inner, re.compile(r"\baxes\s*\{")) for match in _AXIS.finditer(inner[a:b])}
        for a, b in bodies(inner, re.compile(r"\bexcludes\s*\{")):
            for match in _AXIS.finditer(inner[a:b]):
                if axes and match[2] not in axes:
                    yield Hit(
                        line_at(text, start + a + match.start(2)),
                        f"the matrix has no axis `{match[2]}`; it has {', '.join(sorted(axes))}",
                    )


_J = "Jenkinsfile"
_DOC = "Jenkins Pipeline syntax, Declarative"


def _file(stage: str, head: str = "") -> dict[str, str]:
    return {
        _J: f"pipeline {{\n  agent any\n  {head}\n  stages {{\n    stage('a') {{\n      {stage}\n    }}\n  }}\n}}\n"
    }


_CHOICES = (
    "parameters { choice(name: 'TO', choices: ['staging', 'production'], description: 'x')\n string(name: 'TAG') }"
)
_MATRIX = "matrix {{ axes {{ axis {{ name 'OS'\n values 'a', 'b' }} }}\n excludes {{ exclude {{ axis {{ name '{}'\n values 'a' }} }} }}\n stages {{ stage('b') {{ steps {{ sh 'x' }} }} }} }}"

RULES = (
    Rule("jenkins/unstash", "error", "The step fails: take the name that a stage before has stashed.", "Jenkins, Pipeline: Basic Steps, unstash: the name of a stash of the same run.", is_jenkinsfile, _stashes,
         bad=(_file("steps { stash name: 'jar', includes: 'a.jar'\n unstash 'jars' }"), _file("steps { stash includes: 'a', name: 'x'\n unstash(name: 'y') }")),
         good=(_file("steps { stash name: 'jar', includes: 'a.jar'\n unstash 'jar' }"), _file("steps { stash name: \"jar-${n}\", includes: 'a'\n unstash 'jar-1' }"), _file("steps { unstash 'made-by-a-library' }"), _file("steps { stash(includes: 'a', name: 'x')\n stash 'z'\n unstash 'x' }"))),
    Rule("jenkins/parameter", "warning", "Declare it under `parameters`, or take a name that is declared.", f"{_DOC}, parameters: params holds those that are declared.", is_jenkinsfile, _parameters,
         bad=(_file("when { expression { params.WHERE == 'x' } }\n steps { sh 'x' }", _CHOICES),),
         good=(_file("steps { sh \"x ${params.TAG} ${params.get('OTHER')}\" }", _CHOICES), _file("steps { echo params.X }"))),
    Rule("jenkins/choice", "warning", "Compare with one of the choices: as it is, the condition is always the same.", f"{_DOC}, parameters: a choice has one of its choices.", is_jenkinsfile, _choices,
         bad=(_file("when { expression { params.TO == 'prod' } }\n steps { sh 'x' }", _CHOICES),), good=(_file("when { expression { params.TO == 'production' || params.TAG != 'none' || 'staging' == params.TO } }\n steps { sh 'x' }", _CHOICES), _file("when { expression { params.TO == 'x' } }\n steps { sh 'x' }", "parameters { choice(name: 'TO', choices: targets()) }"))),
    Rule("jenkins/single-quotes", "error", "Put the text into double quotes, or let the shell read the variable by its own name.", "Jenkins, Using a Jenkinsfile, String interpolation: single quotes do not interpolate.", is_jenkinsfile, _literal,
         bad=(_file("steps { sh 'deploy ${params.TO}' }"), _file("steps { sh 'x' }", "environment { IMAGE = '${REG}/a:${env.GIT_COMMIT}' }")), good=(_file("steps { sh 'deploy ${TO}'\n sh \"x '${params.TO}'\"\n echo \"\"\"it's '${env.A}'\"\"\" }"),)),
    Rule("jenkins/assignment", "error", "Compare with `==`.", "Groovy language documentation: = assigns, == compares.", is_jenkinsfile, _assignments,
         bad=({_J: "node { if (env.BRANCH_NAME = 'main') { sh 'x' } }\n"},), good=({_J: "node { if (env.BRANCH_NAME == 'main' && a != b && c <= d && e ==~ /f=g/ && h =~ 'i' && x('a=b')) { sh 'x' }\n def m = [if: 1] }\n"},)),
    Rule("jenkins/variable", "error", "The step fails: take the variable that the image was built into.", "Groovy language documentation: a name that nothing sets is no property of the script.", is_jenkinsfile, _variables,
         bad=({_J: "def image\nnode {\n  image = docker.build('a:1')\n  img.push()\n}\n"},), good=({_J: "node {\n  def image = docker.build('a:1')\n  image.push()\n  image.inside {\n    sh 'x'\n  }\n  docker.image('b:1').withRun('-p 1') { c ->\n    c.inside { }\n  }\n}\n"},)),
    Rule("jenkins/axis", "error", "Jenkins refuses the Pipeline: exclude values of axes that the matrix has.", f"{_DOC}, matrix: excludes name axes of the matrix.", is_jenkinsfile, _excluded,
         bad=(_file(_MATRIX.format("PLATFORM")),), good=(_file(_MATRIX.format("OS")),)),
)  # fmt: skip
