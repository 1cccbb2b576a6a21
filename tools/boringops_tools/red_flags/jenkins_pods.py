"""Pods that a Jenkinsfile writes out for its agents: held against the rules that hold for pods everywhere."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.jenkins_files import is_jenkins_library, is_jenkinsfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.yaml_files import Unreadable, documents, line_of, walk

_YAML = lazy_pattern(r"\byaml\s*(?:\(\s*|:\s*)?('''|\"\"\")(.*?)\1", re.S)
_SOCKET = lazy_pattern(r"/(?:var/)?run/(?:docker|containerd/containerd|crio/crio)\.sock$")


def pods(text: str) -> Iterator[tuple[int, Mapping[Any, Any]]]:
    """(lines above it, pod) of each pod that stands in a Jenkinsfile; one with expressions in its structure is left out."""
    from boringops_tools.red_flags.pipelines import plain_groovy

    plain = plain_groovy(text)
    for match in _YAML.finditer(plain):
        body = match[2]
        start = plain.count("\n", 0, match.start(2))
        if body.startswith("\\\n"):
            body, start = body[2:], start + 1
        try:
            found = documents(textwrap.dedent(body))
        except Unreadable:
            continue
        yield from (
            (start, each) for each in found if isinstance(each, Mapping) and isinstance(each.get("spec"), Mapping)
        )


def images(text: str) -> Iterator[tuple[int, Any]]:
    for above, pod in pods(text):
        for parent, key, value in walk(pod):
            if key == "image" and isinstance(value, str) and "$" not in value:
                yield above + (line_of(parent, key) or 1), value


def _opened(_: str, text: str) -> Iterable[Hit]:
    for above, pod in pods(text):
        for parent, key, value in walk(pod):
            line = above + (line_of(parent, key) or 1)
            if key == "privileged" and value is True:
                yield Hit(line, "a container of the agent is privileged: it is root on the node")
            elif key == "hostPath" and isinstance(value, Mapping):
                place = str(value.get("path", ""))
                socket = " and with it the node" if _SOCKET.search(place) else ""
                yield Hit(line, f"the agent mounts {place} of the node{socket}")
            elif key in ("hostNetwork", "hostPID", "hostIPC") and value is True:
                yield Hit(line, f"`{key}: true` lets the agent into what the node has for itself")


def _applies(path: str) -> bool:
    return is_jenkinsfile(path) or is_jenkins_library(path)


_POD = "pipeline {{\n  agent {{\n    kubernetes {{\n      yaml '''\n        apiVersion: v1\n        kind: Pod\n        spec:\n          containers:\n            - name: a\n              image: b:1\n{}      '''\n    }}\n  }}\n  stages {{ stage('a') {{ steps {{ sh 'x' }} }} }}\n}}\n"
RED_FLAGS = (
    RedFlag(
        "jenkins/open-pod", "Disable security features for convenience", "warning", "Build images with a builder that needs no root (BuildKit rootless, Buildah), and mount volumes of the pod's own.",
        applies=_applies, check=_opened,
        bad={
            "Jenkinsfile": _POD.format("              securityContext: {privileged: true}\n"), "b.jenkinsfile": _POD.format("          volumes:\n            - name: s\n              hostPath: {path: /var/run/docker.sock}\n"),
            "c.jenkinsfile": "podTemplate(yaml: \"\"\"\nspec:\n  hostNetwork: true\n  containers: [{name: a, image: 'b:1'}]\n\"\"\") { node(POD_LABEL) { sh 'x' } }\n",
        },
        good={"Jenkinsfile": _POD.format("              securityContext: {privileged: false}\n          volumes:\n            - name: s\n              emptyDir: {}\n"), "b.jenkinsfile": "// yaml '''\n// spec: {hostNetwork: true}\n// '''\nnode { sh 'x' }\n"},
    ),
)  # fmt: skip
