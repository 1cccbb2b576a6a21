"""Paths that the probes of a Helm chart ask, where the one program of the repository answers others."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from boringops_tools.checks import program
from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.deploys import workloads
from boringops_tools.checks.helm import chart_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml, walk

_PROBE = lazy_pattern(r"\b(?:liveness|readiness|startup)Probe\b")
_PATH = lazy_pattern(r"\bpath:\s*[\"']?(/[\w./-]*)[\"']?(?=\s*(?:[,}\n]|$))")
_WORKLOAD = lazy_pattern(r"(?m)^kind:\s*(?:Deployment|StatefulSet|DaemonSet|Rollout|Job|CronJob)\s*$")
_IMAGE = lazy_pattern(r"(?m)^\s*(?:-\s+)?image:")


def _only_chart(files: Files) -> str | None:
    """The one chart, where it runs one container and nothing else here runs any."""
    charts = [posixpath.dirname(each) for each in files.by_name.get("Chart.yaml", ())]
    if len(charts) != 1 or workloads(files):
        return None
    templates = "\n".join(files.text(each) for each in files.all if chart_of(files, each) == charts[0])
    one = len(_WORKLOAD.findall(templates)) == 1 and len(_IMAGE.findall(templates)) == 1
    return charts[0] if one and "dependencies:" not in files.text(f"{charts[0]}/Chart.yaml") else None


def _asked(text: str) -> Iterator[tuple[int, str]]:
    """(line, path) of what probes ask that are written out in a template."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        probe = _PROBE.search(line)
        if probe is None or line.lstrip().startswith("#"):
            continue
        deep = len(line) - len(line.lstrip())
        for below in range(number, min(number + 8, len(lines))):
            here = lines[below][probe.end() if below == number else 0 :]
            if below > number and here.strip() and len(here) - len(here.lstrip()) <= deep:
                break
            if match := _PATH.search(here):
                yield below + 1, match[1]
                break


def _templates(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    chart = chart_of(files, path) if "Probe" in text else None
    if chart is not None and chart == files.once(_only_chart):
        for line, asked in _asked(text):
            if why := program.unnamed(files, asked):
                yield Hit(line, f"a probe asks `{asked}`: {why}")


def _values(files: Files, path: str) -> Iterator[Hit]:
    if not re.match(r"values[\w.-]*\.ya?ml$", posixpath.basename(path)) or "Probe" not in files.text(path):
        return
    chart = files.once(_only_chart)
    if chart is None or posixpath.dirname(path) != chart:
        return
    for document in files.documents(path):
        for _, key, value in walk(document):
            get = mapping(value, "httpGet") if _PROBE.fullmatch(str(key)) and isinstance(value, Mapping) else {}
            asked = str(get.get("path") or "").partition("?")[0]
            if asked and (why := program.unnamed(files, asked)):
                yield Hit(at((get, "path")), f"a probe asks `{asked}`: {why}")


def _both(files: Files, path: str) -> Iterator[Hit]:
    yield from _templates(files, path)
    yield from _values(files, path)


_CODE = {
    "Dockerfile": "FROM a:1\n",
    "main.go": 'package main\n\nfunc main() { mux.HandleFunc("GET /livez", live) }\n',
    "c/Chart.yaml": "name: c\n",
}
_T = "kind: Deployment\nmetadata: {{name: {{{{ .Release.Name }}}}}}\nspec:\n  image: a/b:{{{{ .Values.tag }}}}\n  livenessProbe: {{}}\n"
_FLOW, _DEEP = (
    "  readinessProbe: {httpGet: {path: %s, port: http}}\n",
    "  readinessProbe:\n    httpGet:\n      path: %s\n      port: 80\n",
)


def _chart(probe: str, path: str, **more: str) -> dict[str, str]:
    return {**_CODE, "c/templates/a.yaml": _T.format() + probe % path, **more}


_MORE = {"c/templates/b.yaml": _T.format()}
_SET = "livenessProbe: {httpGet: {path: %s}}\n"
RULES = (
    Rule("consistency/chart-asks", "warning", "Ask a path that the program answers: a probe that always fails takes it out of service.", "An httpGet probe asks the container's own program.", is_yaml, _both,
         bad=(_chart(_FLOW, "/readyz"), _chart(_DEEP, "/healthz"), _chart("#%s\n", "", **{"c/values.yaml": _SET % "/health"})),
         good=(_chart(_FLOW, "/livez"), _chart(_DEEP, "/livez"), _chart(_FLOW, "/readyz", **_MORE), _chart(_DEEP, "{{ .Values.path }}"), _chart("#%s\n", "", **{"c/values.yaml": _SET % "/livez"}),
               {each: text for each, text in _chart(_FLOW, "/readyz").items() if each != "main.go"})),
)  # fmt: skip
