"""Helm charts: what the values of one environment say against the chart's own values."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.kubernetes_together import close
from boringops_tools.patterns import lazy_pattern

_OVERRIDE = lazy_pattern(r"(?:[\w.-]+[.-])?values(?:[.-][\w.-]+)?\.ya?ml")
_WHOLE = lazy_pattern(r"toYaml\s+\(?\.Values\s*[|)}]|range\s[^}]*\.Values\s*\}|tpl\s|index\s+\.Values|\.Values\s*\|")


def is_values(path: str) -> bool:
    return bool(_OVERRIDE.fullmatch(posixpath.basename(path)))


def chart_of_values(files: Files, path: str) -> str | None:
    """What the paths of the chart beside a file of values begin with; null where there is none."""
    folder = posixpath.dirname(path)
    for home in (folder, posixpath.dirname(folder)):
        prefix = f"{home}/" if home else ""
        if f"{prefix}Chart.yaml" in files.known and f"{prefix}values.yaml" in files.known:
            return (
                prefix
                if home == folder or posixpath.basename(folder) in ("values", "environments", "env", "envs")
                else None
            )
    return None


def _merged(below: Mapping[Any, Any], above: Mapping[Any, Any]) -> dict[Any, Any]:
    found = dict(below)
    for key, value in above.items():
        inner = found.get(key)
        found[key] = _merged(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return found


def _read(files: Files, path: str) -> tuple[str | None, Mapping[Any, Any], Mapping[Any, Any]]:
    """(the chart, its own values, what the file says)"""
    prefix = chart_of_values(files, path)
    own = files.documents(f"{prefix}values.yaml") if prefix is not None else ()
    said = files.documents(path)
    return prefix, mapping(own[0]) if own else {}, mapping(said[0]) if said else {}


def _unknown(files: Files, path: str) -> Iterator[Hit]:
    prefix, own, said = _read(files, path)
    if prefix is None or path == f"{prefix}values.yaml" or not own:
        return
    templates = " ".join(files.text(each) for each in files.all if each.startswith(f"{prefix}templates/"))
    if templates and not _WHOLE.search(templates):
        # What a chart depends on may read values, and a library chart does.
        alone = not re.search(r"(?m)^dependencies:", files.text(f"{prefix}Chart.yaml"))
        alone = alone and f"{prefix}requirements.yaml" not in files.known and f"{prefix}charts" not in files.folders
        yield from _misspelt(own, said, templates, "", longer=alone)


def _is_longer(one: str, other: str) -> bool:
    """Whether one name is the other with a word more: bucketName for bucket, replicas for replicaCount."""
    short, long = sorted((one.rstrip("s"), other.rstrip("s")), key=len)
    return len(short) > 3 and bool(re.match(rf"{re.escape(short)}(?:[A-Z_-]|$)", long))


def _misspelt(
    own: Mapping[Any, Any], said: Mapping[Any, Any], templates: str, way: str, *, longer: bool = False
) -> Iterator[Hit]:
    """Keys that nothing reads, where the chart has one that is but a slip away and is not given."""
    for key, value in said.items():
        if key in own:
            yield from _misspelt(mapping(own, key), mapping(value), templates, f"{way}{key}.")
        elif not re.search(rf"(?<![\w-]){re.escape(str(key))}(?![\w-])", templates):
            meant = [
                each
                for each in own
                if each not in said and (close(str(key), str(each)) or str(key).lower() == str(each).lower())
            ]
            # A mapping that is passed on as a whole may hold anything; one with fields that templates read may not.
            read = not way or any(re.search(rf"\.{re.escape(str(each))}\b", templates) for each in meant)
            if not meant and not way and longer:
                meant = [each for each in own if each not in said and _is_longer(str(key), str(each))]
                read = True
            if len(meant) == 1 and read and len(str(key)) > 3:
                yield Hit(at((said, key)), f"no template reads `{way}{key}`; the chart has `{way}{meant[0]}`")


def _scaling(files: Files, path: str) -> Iterator[Hit]:
    _, own, said = _read(files, path)
    for way, both, given in _mappings(_merged(own, said), said, ""):
        for low, high in (("minReplicas", "maxReplicas"), ("minReplicaCount", "maxReplicaCount")):
            least, most = both.get(low), both.get(high)
            if type(least) is int and type(most) is int and least > most and {low, high} & set(given):
                yield Hit(at((given, low), (given, high)), f"`{way}{low}` {least} is more than `{way}{high}` {most}")


def _mappings(
    both: Mapping[Any, Any], said: Mapping[Any, Any], way: str
) -> Iterator[tuple[str, Mapping[Any, Any], Mapping[Any, Any]]]:
    yield way, both, said
    for key, value in said.items():
        if isinstance(value, Mapping):
            yield from _mappings(mapping(both, key), value, f"{way}{key}.")


_DOC = "Helm, Values Files"
_V = "concurrency: 2\nautoscaling:\n  minReplicas: 1\n  maxReplicas: 3\nextra: {}\n"
_T = "a: {{ .Values.concurrency }}\nb: {{ .Values.autoscaling.minReplicas }}\nc: {{ .Values.autoscaling.maxReplicas }}\nd: {{ toYaml .Values.extra }}\n"


def _with(override: str, name: str = "values-production.yaml", template: str = _T) -> dict[str, str]:
    return {
        "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
        "c/values.yaml": _V,
        "c/templates/a.yaml": template,
        f"c/{name}": override,
    }


RULES = (
    Rule("helm/unknown-value", "warning", "Name the value as the chart does: nothing reads it under another name.", f"{_DOC}: values of a file override those of the chart's values.yaml by their keys.", is_values, _unknown,
         bad=(_with("concurency: 8\n"), _with("autoscalingConfig: {a: 8}\n"), _with("autoscaling: {minReplica: 2}\n"), _with("autoscaling: {maxreplicas: 2}\n", "values.prod.yaml"), _with("concurency: 8\n", "values/production.yaml".replace("production", "values-production"))),
         good=(_with("concurrency: 8\nautoscaling: {minReplicas: 2}\n"), _with("autoscaling: {minReplicas: 1}\nautoscalingConfig: 2\n"), {**_with("autoscalingConfig: 2\n"), "c/charts/d/Chart.yaml": "name: d\n"}, _with("extraLabels: {a: b}\n", template=_T + "{{ .Values.extraLabels }}\n"), _with("other: 1\nextra: {concurency: 1}\n"), _with("concurency: 8\n", template=_T + "{{ toYaml .Values | nindent 2 }}\n"), _with("concurency: 8\n", template=_T + "{{ .Values.concurency }}\n"), {"values-a.yaml": "concurency: 8\n"})),
    Rule("helm/scaler-range", "error", "The API refuses it: the least is at most the most.", "Kubernetes API reference: minReplicas may not exceed maxReplicas.", is_values, _scaling,
         bad=(_with("autoscaling: {minReplicas: 30, maxReplicas: 20}\n"), _with("autoscaling: {minReplicas: 5}\n"), _with("", "values.yaml") | {"c/values.yaml": _V.replace("maxReplicas: 3", "maxReplicas: 0")}),
         good=(_with("autoscaling: {minReplicas: 3, maxReplicas: 20}\n"), _with("autoscaling: {maxReplicas: 9}\n"))),
)  # fmt: skip
