"""Commands of containers that are lists of words, with operators among them that only a shell would read."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from boringops_tools.checks import consistency
from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.kubernetes import containers, named, objects, pod_of
from boringops_tools.dockerfile import command, is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose, is_yaml

_OPERATORS = frozenset({"&&", "||", "|", ";", ">", ">>", "2>&1", "2>/dev/null", "<"})
# What takes such words for its own, or hands them to a shell after all.
_TAKE_THEM = lazy_pattern(
    r"^(?:(?:ba|da|z|k|a)?sh|ssh|su|eval|expr|test|\[|find|jq|yq|busybox|cmd(?:\.exe)?|pwsh|powershell|concurrently|watch|redis-cli|psql|mysql)$"
)
_QUOTED = lazy_pattern(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.")


def _operator(words: list[Any]) -> str:
    """The first word that is an operator of a shell, where none is started; empty where all is well."""
    texts = [each for each in words if isinstance(each, str)]
    if len(texts) != len(words) or any(_TAKE_THEM.match(posixpath.basename(each)) for each in texts):
        return ""
    return next((each for each in texts[1:] if each in _OPERATORS), "")


def _of(value: Any) -> str:
    if isinstance(value, list):
        return _operator(value)
    return (
        _operator(_QUOTED.sub("Q", value).split()) if isinstance(value, str) and not re.search(r"\bsh\b", value) else ""
    )


def _images(files: Files, path: str) -> Iterator[Hit]:
    for stage in parse(files.text(path)).stages:
        for each in stage.instructions:
            value = each.value.partition("CMD")[2] if each.name == "HEALTHCHECK" else each.value
            words = (
                command(value.strip())
                if each.name in ("CMD", "ENTRYPOINT", "RUN", "HEALTHCHECK") and "[" in value
                else None
            )
            if words and (found := _operator(list(words))):
                yield Hit(
                    each.line, f"`{found}` is an argument of `{words[0]}`: no shell reads this form of {each.name}"
                )


def _services(files: Files, path: str) -> Iterator[Hit]:
    for name, service in consistency.services(files, path):
        # An entrypoint of its own may be a shell.
        for key in ("command", "entrypoint"):
            shell = key == "command" and re.search(r"\bsh\b", str(service.get("entrypoint")))
            if not shell and (found := _of(service.get(key))):
                yield Hit(at((service, key)), f"service `{name}`: `{found}` is an argument: no shell reads `{key}`")
        test = mapping(service, "healthcheck").get("test")
        if isinstance(test, list) and test[:1] == ["CMD"] and (found := _operator(test[1:])):
            yield Hit(
                at((service["healthcheck"], "test")),
                f"service `{name}`: `{found}` is an argument: CMD starts no shell, CMD-SHELL does",
            )


def _pods(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        for each in containers(pod_of(thing)):
            asked = [mapping(each, probe, "exec") for probe in ("livenessProbe", "readinessProbe", "startupProbe")]
            hooks = [mapping(each, "lifecycle", hook, "exec") for hook in ("preStop", "postStart")]
            for owner in [each, *asked, *hooks]:
                words = owner.get("command")
                if isinstance(words, list) and (found := _operator(words)):
                    yield Hit(
                        at((owner, "command")),
                        f"{named(thing)}: `{found}` is an argument of `{words[0]}`: no shell reads it",
                    )


_C = "services:\n  a:\n    image: a/b:1\n    {}\n"
_POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: 'a/b:1', {}}}]}}\n"
_HINT = "Start a shell, as in `sh -c 'a && b'`, or write it into a script."

RULES = (
    Rule("docker/no-shell", "error", _HINT, "Dockerfile reference: the exec form does not invoke a command shell.", is_dockerfile, _images,
         bad=({"Dockerfile": 'FROM a:1\nCMD ["npm", "run", "migrate", "&&", "npm", "start"]\n'}, {"Dockerfile": 'FROM a:1\nHEALTHCHECK CMD ["curl", "-f", "http://localhost/", "||", "exit", "1"]\n'}),
         good=({"Dockerfile": 'FROM a:1\nCMD ["sh", "-c", "a && b"]\nHEALTHCHECK CMD curl -f http://localhost/ || exit 1\n'}, {"Dockerfile": 'FROM a:1\nENTRYPOINT ["/bin/sh", "-c"]\nRUN a && b\n'}, {"Dockerfile": 'FROM a:1\nCMD ["a", "--separator=|"]\n'})),
    Rule("compose/no-shell", "error", _HINT, "Compose, command and healthcheck: as CMD of a Dockerfile, and CMD-SHELL for a shell.", is_compose, _services,
         bad=({"compose.yaml": _C.format("command: npm run migrate && npm start")}, {"compose.yaml": _C.format('command: ["a", "&&", "b"]')}, {"compose.yaml": _C.format('healthcheck: {test: ["CMD", "curl", "-f", "http://localhost", "||", "exit", "1"]}')}),
         good=({"compose.yaml": _C.format("command: sh -c 'a && b'")}, {"compose.yaml": _C.format('command: a "b && c"')}, {"compose.yaml": _C.format('healthcheck: {test: ["CMD-SHELL", "a || exit 1"]}')}, {"compose.yaml": _C.format("command: a && b") + "    entrypoint: [sh, -c]\n"}, {"compose.yaml": _C.format("command:\n      - /bin/bash\n      - -c\n      - a && b")})),
    Rule("kubernetes/no-shell", "error", _HINT, "Kubernetes, Container: command is not executed within a shell.", is_yaml, _pods,
         bad=({"a.yaml": _POD.format("command: [migrate, '&&', serve]")}, {"a.yaml": _POD.format("livenessProbe: {exec: {command: [cat, /a, '|', grep, ok]}}")}),
         good=({"a.yaml": _POD.format("command: [sh, -c, 'a && b']")}, {"a.yaml": _POD.format("command: [a], args: [b, '|']")}, {"a.yaml": _POD.format("livenessProbe: {exec: {command: [/bin/sh, -c, 'a | b']}}")})),
)  # fmt: skip
