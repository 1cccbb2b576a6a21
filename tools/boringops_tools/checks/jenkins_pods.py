"""Jenkinsfiles: containers that the pod of the agent has, and the parts of credentials that Jenkins binds."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule, listed, mapping, text_of
from boringops_tools.checks.groovy_text import bodies, line_at, without_comments
from boringops_tools.jenkins_files import is_jenkinsfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.jenkins_pods import pods

_CONTAINER = lazy_pattern(r"\b(?:defaultContainer|container)\s*\(?\s*(?:name\s*:\s*)?(['\"])([\w.-]+)\1")
_ELSEWHERE = lazy_pattern(
    r"\b(?:yamlFile|inheritFrom|containerTemplate|containerTemplates|podRetention|@Library|yamlMergeStrategy)\b"
)
_ENVIRONMENT = lazy_pattern(r"\benvironment\s*\{")
_SET = lazy_pattern(r"(?m)^[ \t]*(\w+)[ \t]*=[ \t]*(\S[^\n]*)$")
_PART = lazy_pattern(r"\$\{?(?:env\.)?(\w+)_(USR|PSW)\b")


def _containers(files: Files, path: str) -> Iterator[Hit]:
    text = without_comments(files.text(path))
    found = list(pods(text))
    # One that cannot be read, or another that is written elsewhere, may have it.
    if not found or len(found) != len(re.findall(r"\byaml\b", text)) or _ELSEWHERE.search(text):
        return
    known = {
        text_of(mapping(each).get("name"))
        for _, pod in found
        for kind in ("containers", "initContainers")
        for each in listed(mapping(pod, "spec").get(kind))
    }
    if any("$" in each or not each for each in known):
        return
    for match in _CONTAINER.finditer(text):
        if match[2] not in known | {"jnlp"}:
            yield Hit(
                line_at(text, match.start()),
                f"the pod has no container `{match[2]}`; it has {', '.join(sorted(known))}",
            )


def _parts(files: Files, path: str) -> Iterator[Hit]:
    """`X_USR` and `X_PSW` where X is no credential: nothing sets them."""
    text = without_comments(files.text(path))
    given: dict[str, str] = {}
    for start, end in bodies(text, _ENVIRONMENT):
        for match in _SET.finditer(text, start, end):
            given[match[1]] = given.get(match[1], "") + match[2]
    seen: set[str] = set()
    for match in _PART.finditer(text):
        name, part = match.groups()
        said = given.get(name)
        whole = f"{name}_{part}"
        if said is None or whole in given or whole in seen or not re.fullmatch(r"(['\"])[^'\"\n]*\1", said.strip()):
            continue
        if re.search(rf"\b{whole}\s*=|(['\"]){whole}\1", text):
            continue
        seen.add(whole)
        yield Hit(
            line_at(text, match.start()),
            f"`{whole}` is empty: `{name}` is set to a text, and only `credentials(...)` brings its user and its password",
        )


_J = "Jenkinsfile"
_POD = "pipeline {{\n  agent {{\n    kubernetes {{\n      {}\n      yaml '''\nspec:\n  containers:\n    - name: python\n      image: b:1\n'''\n    }}\n  }}\n  stages {{ stage('a') {{ steps {{ {} }} }} }}\n}}\n"
_ENV = "pipeline {{\n  agent any\n  environment {{\n    STORE = {}\n  }}\n  stages {{ stage('a') {{ steps {{ sh 'load --user \"$STORE_USR\"' }} }} }}\n}}\n"

RULES = (
    Rule("jenkins/container", "error", "The stage fails: name a container of the pod.", "Jenkins, Kubernetes plugin: container and defaultContainer name a container of the pod, or jnlp.", is_jenkinsfile, _containers,
         bad=({_J: _POD.format("defaultContainer 'maven'", "sh 'x'")}, {_J: _POD.format("", "container('kubectl') { sh 'x' }")}),
         good=({_J: _POD.format("defaultContainer 'python'", "container('jnlp') { sh 'x' }")}, {_J: _POD.format("inheritFrom 'base'", "container('maven') { sh 'x' }")}, {_J: "node { container('a') { sh 'x' } }\n"})),
    Rule("jenkins/credential-part", "error", "Bind it: `NAME = credentials('its-id')`.", "Jenkins Pipeline syntax, environment: credentials() of a user and a password sets NAME_USR and NAME_PSW.", is_jenkinsfile, _parts,
         bad=({_J: _ENV.format("'abc'")},), good=({_J: _ENV.format("credentials('store')")}, {_J: _ENV.format("'abc'\n    STORE_USR = 'd'")}, {_J: _ENV.format("pick('store')")})),
)  # fmt: skip
