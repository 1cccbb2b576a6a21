"""Helm templates: values below another one that values.yaml has under another name."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, mapping
from boringops_tools.checks.helm import chart_of
from boringops_tools.patterns import lazy_pattern

_ACTION = lazy_pattern(r"\{\{-?\s*(?!/\*)(.*?)\s*-?\}\}", re.S)
_PATH = lazy_pattern(r"(?<![\w)\]\"])\$?\.Values((?:\.[A-Za-z_]\w*)+)")
# Where a value may be missing on purpose.
_GUARDS = lazy_pattern(
    r"\b(?:default|if|with|required|hasKey|coalesce|ternary|dig|get|and|or|not|empty|range|tpl|pluck)\b"
)
_LEAST = 3
_MOST = 2000


def _read(files: Files, prefix: str) -> tuple[frozenset[str], frozenset[str]]:
    """The paths that the templates of a chart read, as `image.tag`, and those that they read with care somewhere."""
    every: set[str] = set()
    careful: set[str] = set()
    for path in files.all:
        if path.startswith((f"{prefix}templates/", f"{prefix}charts/")):
            for action in _ACTION.findall(files.text(path)):
                found = {each[1:] for each in _PATH.findall(action)}
                every |= found
                careful |= found if _GUARDS.search(action) else set()
    return frozenset(every), frozenset(careful)


def _given(files: Files, parent: str, name: str, templates: str) -> bool:
    """Whether anything else knows the value: other values, a schema, a comment, a document."""
    above = re.compile(rf"(?m)[\"']?\b{re.escape(parent)}\b[\"']?\s*:")
    key = re.compile(rf"(?m)(?<![\w-])[\"']?{re.escape(name)}[\"']?\s*:|\b{re.escape(parent)}\.{re.escape(name)}\b")
    others = [each for each in files.all if not each.startswith(templates)]
    return len(others) > _MOST or any(
        f"{parent}.{name}" in text or (above.search(text) and key.search(text))
        for each in others
        if each.endswith((".yaml", ".yml", ".json", ".md", ".gotmpl", ".sh", ".tf"))
        and name in (text := files.text(each))
    )


def _near(name: str, other: str) -> bool:
    """`repo` for `repository`, `pull_policy` for `pullPolicy`, `respository` for `repository`."""
    one, two = (re.sub(r"[-_]", "", each).lower().rstrip("s") for each in (name, other))
    short = min(len(one), len(two))
    return short >= _LEAST and (
        one == two
        or one.startswith(two)
        or two.startswith(one)
        or one.endswith(two)
        or two.endswith(one)
        or (short > _LEAST and difflib.SequenceMatcher(None, one, two).ratio() >= 0.75)
    )


def _nested(files: Files, path: str) -> Iterator[Hit]:
    chart = chart_of(files, path)
    text = files.text(path)
    if chart is None or ".Values." not in text:
        return
    prefix = "" if chart == "." else f"{chart}/"
    documents = files.documents(f"{prefix}values.yaml")
    values: Mapping[Any, Any] = mapping(documents[0]) if documents else {}
    told: set[str] = set()
    for match in _ACTION.finditer(text):
        for way in _PATH.findall(match[1]):
            *above, name = way[1:].split(".")
            own = mapping(values, *above) if above else {}
            whole = way[1:]
            if not own or name in own or whole in told:
                continue
            every, careful = files.once(_read, prefix)
            if whole in careful or ".".join(above) in every | careful:
                continue  # what is above it may be anything, or is handed on as a whole
            spare = [str(each) for each in own if ".".join([*above, str(each)]) not in every]
            spare = [each for each in spare if not any(one.startswith(f"{'.'.join(above)}.{each}.") for one in every)]
            meant = [each for each in spare if _near(name, each)]
            if len(meant) == 1 and not _given(files, above[-1], name, f"{prefix}templates/"):
                told.add(whole)
                line = text.count("\n", 0, match.start()) + 1
                yield Hit(line, f"values.yaml has no `{whole}`; no template reads its `{'.'.join([*above, meant[0]])}`")


def _with(body: str, values: str = "image: {repository: a, tag: b}\n", **more: str) -> dict[str, str]:
    return {
        "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "c/values.yaml": values, "c/templates/a.yaml": body, **more
    }  # fmt: skip


_IMAGE = 'image: "{{{{ .Values.image.{} }}}}:{{{{ .Values.image.tag }}}}"\n'
RULES = (
    Rule("helm/nested-value", "warning", "It renders as nothing: read the value under the name that values.yaml has.", "Helm, Values files: .Values holds what values.yaml and the user give.",
         lambda path: "templates/" in path and path.endswith((".yaml", ".yml", ".tpl")), _nested,
         bad=(_with(_IMAGE.format("repo")), _with(_IMAGE.format("respository")), _with("a: {{ .Values.a.b.pull_policy }}\n", "a: {b: {pullPolicy: c}}\n"), _with("a: {{ $.Values.service.targetport | quote }}\n", "service: {targetPort: 1}\n")),
         good=(_with(_IMAGE.format("repository")), _with(_IMAGE.format("repo | default .Values.image.repository")), _with(_IMAGE.format("repo") + "b: {{ .Values.image.repository }}\n"), _with("{{- if .Values.image.repo }}\n" + _IMAGE.format("repo") + "{{- end }}\n"),
               _with(_IMAGE.format("repo") + "{{ toYaml .Values.image }}\n"), _with(_IMAGE.format("repo"), "image: {repository: a} # or repo: b\n"), _with(_IMAGE.format("repo"), "image: {}\n"), _with(_IMAGE.format("registry")))),
)  # fmt: skip
