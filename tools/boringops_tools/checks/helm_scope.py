"""Helm templates: what the dot is inside of `range` and `with`, and values that bear another name in values.yaml."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from boringops_tools.checks.base import Files, Hit, Rule, mapping
from boringops_tools.checks.helm import chart_of
from boringops_tools.patterns import lazy_pattern

_ACTION = lazy_pattern(r"\{\{-?\s*(.*?)\s*-?\}\}", re.S)
_ROOT = r"(?:Values|Release|Chart|Capabilities|Template|Files)"
_OWN = lazy_pattern(rf"(?<![\w$.)\]\"])\.{_ROOT}\b")
_PASSED = lazy_pattern(r"\b(?:include|template)\s+\"([^\"]+)\"\s+\.(?![\w])")
_DEFINED = lazy_pattern(r"\{\{-?\s*define\s+\"([^\"]+)\"\s*-?\}\}(.*?)(?=\{\{-?\s*define\s|\Z)", re.S)
_VALUE = lazy_pattern(r"\.Values\.([A-Za-z_]\w*)")
# Where a value may be missing on purpose.
_GUARDS = lazy_pattern(r"\b(?:default|if|with|required|hasKey|coalesce|ternary|dig|get|and|or|not|empty|range|tpl)\b")
_MOST = 400
_QUOTED = lazy_pattern(r'"(?:[^"\\]|\\.)*"')


@dataclass
class _Frame:
    word: str
    moved: bool
    """Whether the dot is no longer what it was outside."""


def _opened(word: str, action: str, inside: bool) -> _Frame:
    over = action[len(word) :].strip().rpartition(":=")[2].strip()
    # These leave, or may leave, the root where it was.
    same = word == "with" and (
        over in (".", "$") or re.search(r"\b(?:dict|merge\w*|deepCopy|set|omit|pick)\b|^\$$", over)
    )
    return _Frame(word, word == "range" or (word == "with" and not same) or (inside and word in ("if", "with")))


def _actions(text: str) -> Iterator[tuple[int, str, bool]]:
    """(line, action, whether the dot is an item there) of a template."""
    frames: list[_Frame] = []
    for match in _ACTION.finditer(text):
        action = match[1]
        word = re.match(r"\w*", action)
        name = word[0] if word else ""
        inside = bool(frames) and frames[-1].moved
        if action.startswith("/*"):
            continue
        if name == "end":
            frames = frames[:-1]
            continue
        if name == "else" and frames and frames[-1].word in ("range", "with"):
            frames[-1] = _Frame("else", len(frames) > 1 and frames[-2].moved)
            continue
        yield text.count("\n", 0, match.start()) + 1, action, inside
        if name in ("if", "range", "with"):
            frames.append(_opened(name, action, inside))
        elif name in ("define", "block"):
            frames.append(_Frame(name, False))


def _needs_root(files: Files, chart: str) -> frozenset[str]:
    """Names of the chart's templates that read the root."""
    prefix = "" if chart == "." else f"{chart}/"
    found = (
        pair
        for each in files.all
        if each.startswith(f"{prefix}templates/")
        for pair in _DEFINED.findall(files.text(each))
    )
    return frozenset(
        name
        for name, body in found
        if any(_OWN.search(_QUOTED.sub('""', action)) and not inside for _, action, inside in _actions(body))
    )


def _is_template(path: str) -> bool:
    return "templates/" in path and path.endswith((".yaml", ".yml", ".tpl"))


def _dots(files: Files, path: str) -> Iterator[Hit]:
    chart = chart_of(files, path)
    if chart is None:
        return
    for line, action, inside in (
        _actions(files.text(path)) if re.search(r"\b(?:range|with)\b", files.text(path)) else ()
    ):
        if not inside:
            continue
        if own := _OWN.search(_QUOTED.sub('""', action)):
            yield Hit(line, f"inside of range and with, `{own[0]}` is sought in the item: the root is `${own[0]}`")
        for name in _PASSED.findall(action):
            if name in files.once(_needs_root, chart):
                yield Hit(line, f'`include "{name}" .` passes the item, and the template needs the root: pass `$`')


def _is_told(files: Files, prefix: str, name: str) -> bool:
    """Whether anything but templates knows a value: a comment, a schema, a document, the values of an environment."""
    whole = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")
    others = [each for each in files.all if not each.startswith(f"{prefix}templates/")]
    if len(others) > _MOST:
        others = [each for each in others if each.startswith(prefix)][:_MOST]
    return any(
        whole.search(files.text(each))
        for each in others
        if each.endswith((".yaml", ".yml", ".json", ".md", ".tpl", ".gotmpl", ".sh", ".tf"))
    )


def _read(files: Files, prefix: str) -> tuple[frozenset[str], frozenset[str]]:
    """The values that the templates of a chart read, and those that they read with care somewhere."""
    templates = [files.text(each) for each in files.all if each.startswith(f"{prefix}templates/")]
    actions = [action for text in templates for action in _ACTION.findall(text)]
    return (
        frozenset(name for text in templates for name in _VALUE.findall(text)),
        frozenset(name for action in actions if _GUARDS.search(action) for name in _VALUE.findall(action)),
    )


def _values(files: Files, path: str) -> Iterator[Hit]:
    """Values that values.yaml does not have, where it has one of nearly the name that no template reads."""
    chart = chart_of(files, path)
    prefix = "" if chart in (None, ".") else f"{chart}/"
    documents = files.documents(f"{prefix}values.yaml") if chart is not None else ()
    known = set(map(str, mapping(documents[0]))) if documents else set[str]()
    if not known:
        return
    used, guarded = files.once(_read, prefix)
    for line, action, _ in _actions(files.text(path)):
        for name in _VALUE.findall(action):
            low = name.lower()
            near = [each for each in known if each.lower().startswith(low[:-1]) or low.startswith(each.lower()[:-1])]
            meant = [each for each in near if each not in used]
            if name in known or name in guarded or len(name) <= 3:
                continue
            if len(meant) == 1 and len(meant[0]) > 3:
                yield Hit(line, f"values.yaml has no `{name}`; no template reads its `{meant[0]}`")
            elif len(near) == 1 and len(near[0]) > 3 and not _is_told(files, prefix, name):
                yield Hit(line, f"values.yaml has no `{name}`, and nothing else gives it; it has `{near[0]}`")


_CHART = {
    "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "c/values.yaml": "replicaCount: 1\nhosts: []\n",
    "c/templates/_h.tpl": '{{- define "c.name" -}}{{ .Release.Name }}{{- end }}\n{{- define "c.item" -}}{{ .name }}{{- end }}\n',
}  # fmt: skip


def _with(body: str) -> dict[str, str]:
    return {**_CHART, "c/templates/a.yaml": body}


RULES = (
    Rule("helm/dot", "error", "Helm cannot render it as soon as there is an item: name the root, `$`.", "Helm, Flow control: range and with set the dot to the item; `$` stays the root.", _is_template, _dots,
         bad=(_with('{{- range .Values.hosts }}\n- {{ include "c.name" . }}\n{{- end }}\n'), _with("{{- with .Values.a }}\n{{- if .b }}\n- {{ .Release.Name }}\n{{- end }}\n{{- end }}\n")),
         good=(_with('{{- range .Values.hosts }}\n- {{ include "c.name" $ }}: {{ include "c.item" . }} {{ $.Values.a }}\n{{- else }}\n{{ .Values.b }}\n{{- end }}\n{{ .Values.c }}\n'), _with('{{- with . }}\n{{ .Values.a }}\n{{- end }}\n{{- range $k, $v := .Values.hosts }}\n{{ $v.Values.x }} {{ tpl ".Values.a" $ }}\n{{- end }}\n'))),
    Rule("helm/value-name", "warning", "It renders as nothing: read the value under the name that values.yaml has.", "Helm, Values files: .Values holds what values.yaml and the user give.", _is_template, _values,
         bad=(_with("replicas: {{ .Values.replicas }}\nhosts: {{ .Values.hosts }}\n"), _with("replicas: {{ .Values.replicas }}\nmost: {{ .Values.replicaCount }}\n")),
         good=({**_with("replicas: {{ .Values.replicas }}\nmost: {{ .Values.replicaCount }}\n"), "c/ci/test-values.yaml": "replicas: 2\n"}, _with("replicas: {{ .Values.replicaCount }}\nhosts: {{ .Values.hosts }}\n"), _with("replicas: {{ .Values.replicas | default 1 }}\n"), _with("a: {{ .Values.other }}\n"))),
)  # fmt: skip
