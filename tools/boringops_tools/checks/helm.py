"""Helm charts: what their templates call, and what only another choice of values would render."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.patterns import lazy_pattern

_CALL = lazy_pattern(r"\{\{-?[^}]*?\b(?:include|template)\s+\"([^\"]+)\"")
_DEFINE = lazy_pattern(r"\{\{-?\s*(?:define|block)\s+\"([^\"]+)\"")
_COMMENT = lazy_pattern(r"\{\{-?\s*/\*.*?\*/\s*-?\}\}", re.S)
# apiVersion: the version of Kubernetes that no longer has it, by the deprecated API migration guide.
_GONE = {
    "extensions/v1beta1": "1.22", "apps/v1beta1": "1.16", "apps/v1beta2": "1.16", "networking.k8s.io/v1beta1": "1.22",
    "autoscaling/v2beta1": "1.25", "autoscaling/v2beta2": "1.26", "batch/v1beta1": "1.25", "policy/v1beta1": "1.25",
    "rbac.authorization.k8s.io/v1beta1": "1.22", "apiextensions.k8s.io/v1beta1": "1.22",
    "admissionregistration.k8s.io/v1beta1": "1.22", "scheduling.k8s.io/v1beta1": "1.22", "storage.k8s.io/v1beta1": "1.27",
}  # fmt: skip
_API = lazy_pattern(r"(?m)^apiVersion:\s*[\"']?([\w.]+/\w+)[\"']?\s*$")


def chart_of(files: Files, path: str) -> str | None:
    """The folder of the chart whose template a file is; null where it is none."""
    for folder in PurePosixPath(path).parents:
        if folder.name == "templates" and (folder.parent / "Chart.yaml").as_posix() in files.known:
            return folder.parent.as_posix()
    return None


def _is_template(path: str) -> bool:
    return "templates/" in path and path.endswith((".yaml", ".yml", ".tpl", ".txt"))


def _defined(files: Files, chart: str) -> frozenset[str] | None:
    """The templates of a chart; null where others bring theirs."""
    prefix = "" if chart == "." else f"{chart}/"
    needed = [
        str(mapping(each).get("name"))
        for document in files.documents(f"{prefix}Chart.yaml")[:1]
        for each in listed(mapping(document).get("dependencies"))
    ]
    # What is vendored as a folder can be read, whatever it defines.
    if f"{prefix}requirements.yaml" in files.known or not all(
        f"{prefix}charts/{each}/Chart.yaml" in files.known for each in needed
    ):
        return None
    mine = [each for each in files.all if each.startswith((f"{prefix}templates/", f"{prefix}charts/"))]
    # A chart below another one is rendered with what that defines.
    below = any(
        each.name == "charts" and (each.parent / "Chart.yaml").as_posix() in files.known
        for each in PurePosixPath(chart).parents
    )
    if below or any(each.endswith(".tgz") for each in mine):
        return None
    return frozenset(name for each in mine for name in _DEFINE.findall(files.text(each)))


def _calls(files: Files, path: str) -> Iterator[Hit]:
    chart = chart_of(files, path)
    known = files.once(_defined, chart) if chart is not None else None
    if known is None:
        return
    text = _COMMENT.sub(lambda each: "\n" * each[0].count("\n"), files.text(path))
    for number, line in enumerate(text.splitlines(), 1):
        for name in _CALL.findall(line):
            if name not in known:
                yield Hit(number, f"no template of the chart defines `{name}`")


def _apis(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if chart_of(files, path) is None or re.search(r"(?i)capabilities|semverCompare", text):
        return
    for match in _API.finditer(text):
        if gone := _GONE.get(match[1]):
            yield Hit(text.count("\n", 0, match.start()) + 1, f"Kubernetes has no `{match[1]}` since {gone}")


def _dependencies(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path):
        needed = listed(mapping(document).get("dependencies")) if mapping(document).get("apiVersion") == "v2" else []
        for position, each in enumerate(needed):
            repository = mapping(each).get("repository")
            if isinstance(repository, str) and not repository.startswith("file:") and not mapping(each).get("version"):
                yield Hit(at((needed, position)), f"the dependency `{mapping(each).get('name')}` has no version")


_CHART = {
    "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
    "c/templates/_h.tpl": '{{- define "c.name" -}}c{{- end }}\n',
}
_HPA = '{{{{- if .Values.a }}}}\napiVersion: {}\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: {{{{ include "{}" . }}}}\n{{{{- end }}}}\n'


def _with(api: str = "autoscaling/v2", name: str = "c.name", chart: str = "") -> dict[str, str]:
    return {**_CHART, "c/Chart.yaml": _CHART["c/Chart.yaml"] + chart, "c/templates/a.yaml": _HPA.format(api, name)}


RULES = (
    Rule("helm/template", "error", "Helm cannot render it: call the template by the name it is defined under.", "Helm, Named templates: include and template take what define has defined.", _is_template, _calls,
         bad=(_with(name="c.fullname"), {**_with(name="lib.names", chart="dependencies: [{name: lib, version: 1.0.0}]\n"), "c/charts/lib/Chart.yaml": "name: lib\n", "c/charts/lib/templates/_a.tpl": '{{- define "lib.name" -}}a{{- end }}\n'}), good=(_with(), _with(name="common.name", chart="dependencies: [{name: common, version: 1.0.0, repository: 'https://a.b'}]\n"), {"templates/a.yaml": _HPA.format("v1", "x")})),
    Rule("helm/removed-api", "error", "The API refuses it: use the version that took its place.", "Kubernetes, Deprecated API migration guide.", _is_template, _apis,
         bad=(_with("autoscaling/v2beta1"),), good=(_with(), {**_with(), "c/templates/b.yaml": '{{- if .Capabilities.APIVersions.Has "policy/v1" }}\napiVersion: policy/v1\n{{- else }}\napiVersion: policy/v1beta1\n{{- end }}\n'})),
    Rule("helm/dependency-version", "error", "Helm refuses the chart: say which version of it.", "Helm, Chart.yaml: a dependency has name, version and repository.", lambda path: PurePosixPath(path).name == "Chart.yaml", _dependencies,
         bad=(_with(chart="dependencies: [{name: redis, repository: 'https://a.b'}]\n"),), good=(_with(chart="dependencies: [{name: redis, version: ^1.0.0, repository: 'https://a.b'}, {name: lib, repository: 'file://../lib'}]\n"),)),
)  # fmt: skip
