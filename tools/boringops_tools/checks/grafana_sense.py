"""Grafana: queries that Grafana sends and nothing comes of, and settings of a dashboard that it does not read."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.checks.grafana import BUILT_IN, VARIABLE, panels, read, title
from boringops_tools.checks.grafana_sources import sources
from boringops_tools.checks.prometheus_meaning import labels_kept
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml, line_at

_GLOBALS = frozenset(
    """__rate_interval __interval __interval_ms __range __range_s __range_ms __from __to __dashboard __org __user __name __value
    __field __series __data __cell __all __auto __timeFilter __timezone __url_time_range __all_variables __timeGroup __timeFrom
    __timeTo __unixEpochFilter __unixEpochGroup __time __searchFilter __adhoc_filters __conditionalAll""".split()  # noqa: SIM905
)
_ASKED_AS_ONE = lazy_pattern(r"([A-Za-z_]\w*)\s*(!?=)(?!~)\s*\\?\"\$(?:\{(\w+)\}|(\w+))\\?\"")
_INTERVAL = lazy_pattern(r"(?:\d+(?:ms|[smhdwMy]))?|auto|off|false")
_STRING = lazy_pattern(r"\"(?:[^\"\\]|\\.)*\"|`[^`]*`")
_PAIRS = {")": "(", "}": "{", "]": "["}


def _applies(path: str) -> bool:
    return path.endswith(".json")


def _queries(
    panel: Mapping[Any, Any], here: tuple[str | int, ...]
) -> Iterator[tuple[Mapping[Any, Any], str, tuple[str | int, ...]]]:
    for position, target in enumerate(listed(panel.get("targets"))):
        if expression := text_of(mapping(target).get("expr")):
            yield mapping(target), expression, (*here, "targets", position)


def _variables(dashboard: Mapping[str, Any]) -> list[Mapping[Any, Any]]:
    return [mapping(each) for each in listed(mapping(dashboard, "templating").get("list"))]


def _several(files: Files, path: str) -> Iterator[Hit]:
    dashboard, place = read(files, path)
    several = {text_of(each.get("name")) for each in _variables(dashboard) if each.get("multi") is True}
    for panel, here in panels(dashboard, place) if several else ():
        for _, expression, there in _queries(panel, here):
            found = next((one for one in _ASKED_AS_ONE.finditer(expression) if (one[3] or one[4]) in several), None)
            if found and panel.get("repeat") != (found[3] or found[4]):
                name = found[3] or found[4]
                yield Hit(
                    line_at(files.text(path), there),
                    f"{title(panel)}: `{found[1]}{found[2]}` finds nothing as soon as several of `${name}` are chosen: `{found[2].replace('=', '=~')}`",
                )
                break


def _globals(files: Files, path: str) -> Iterator[Hit]:
    dashboard, place = read(files, path)
    for panel, here in panels(dashboard, place):
        for _, expression, there in _queries(panel, here):
            for name in re.findall(r"\$\{?(__\w+)", expression):
                near = difflib.get_close_matches(name, _GLOBALS, 1, 0.85) if name not in _GLOBALS else []
                if near:
                    yield Hit(
                        line_at(files.text(path), there),
                        f"{title(panel)}: Grafana has no `${name}`; `${near[0]}` is one",
                    )


def _asked_for(files: Files, path: str) -> Iterator[Hit]:
    """Variables that the query of another one takes, and that are not there."""
    dashboard, place = read(files, path)
    given = _variables(dashboard)
    known = {text_of(each.get("name")) for each in given} | {
        text_of(mapping(each).get("name")) for each in listed(dashboard.get("__inputs"))
    }
    for position, each in enumerate(given):
        query = each.get("query")
        asked = query if isinstance(query, str) else text_of(mapping(query).get("query"))
        if each.get("type") != "query" or not re.match(r"\s*(?:label_values|query_result|metrics)\s*\(", asked):
            continue
        for names in VARIABLE.findall(re.sub(r"label_replace.*", "", asked)):
            name = next(filter(None, names))
            if name not in known and not BUILT_IN.fullmatch(name):
                yield Hit(
                    line_at(files.text(path), (*place, "templating", "list", position)),
                    f"the query of the variable `{each.get('name')}` takes `${name}`, which the dashboard does not define",
                )


def _open(expression: str) -> str:
    """The bracket of a query that does not fit; empty where all do."""
    stack: list[str] = []
    for sign in re.findall(r"[(){}\[\]]", re.sub(r"\$\{[^}]*\}|\[\[\w+\]\]", "x", _STRING.sub('""', expression))):
        if sign not in _PAIRS:
            stack.append(sign)
        elif not stack or stack.pop() != _PAIRS[sign]:
            return str(sign)
    return stack[-1] if stack else ""


def _logs(files: Files, path: str) -> Iterator[Hit]:
    dashboard, place = read(files, path)
    for panel, here in panels(dashboard, place):
        for target, expression, there in _queries(panel, here):
            source = target.get("datasource") or panel.get("datasource")
            if mapping(source).get("type") == "loki" and (sign := _open(expression)):
                yield Hit(line_at(files.text(path), there), f"{title(panel)}: `{sign}` of the query has no other one")


def _legends(files: Files, path: str) -> Iterator[Hit]:
    dashboard, place = read(files, path)
    for panel, here in panels(dashboard, place):
        for target, expression, there in _queries(panel, here):
            legend = text_of(target.get("legendFormat"))
            if "{{" not in legend or re.search(r"\bby\s*\([^)]*\$", expression):
                continue
            kept = labels_kept(re.sub(r"\$\{?__\w+\}?", "5m", expression))
            for name in re.findall(r"\{\{\s*(\w+)\s*\}\}", legend):
                # Of the one series of a sum, a legend is as good as any.
                if kept and name not in kept and not name.startswith("__"):
                    left = ", ".join(sorted(kept))
                    yield Hit(
                        line_at(files.text(path), there),
                        f"{title(panel)}: the legend shows `{name}`; the query leaves the labels {left}",
                    )
                    break


def _types(files: Files) -> dict[str, str]:
    """The types of the data sources that are provisioned, by uid."""
    found = [each for path in files.all if is_yaml(path) for each in sources(files, path)]
    return {text_of(each.get("uid")): text_of(each.get("type")) for each in found if each.get("uid")}


def _kinds(files: Files, path: str) -> Iterator[Hit]:
    dashboard, place = read(files, path)
    types: dict[str, str] = files.once(_types) if dashboard else {}
    for panel, here in panels(dashboard, place) if types else ():
        owners: list[tuple[Any, tuple[str | int, ...]]] = [(panel, here)]
        owners += [
            (target, (*here, "targets", position)) for position, target in enumerate(listed(panel.get("targets")))
        ]
        for owner, there in owners:
            source = mapping(owner, "datasource")
            kind, known = text_of(source.get("type")), types.get(text_of(source.get("uid")), "")
            if kind and known and kind != known and "$" not in kind + known:
                yield Hit(
                    line_at(files.text(path), (*there, "datasource")),
                    f"{title(panel)}: the data source `{source['uid']}` is of type {known}, not {kind}",
                )
                break


def _settings(files: Files, path: str) -> Iterator[Hit]:
    dashboard, place = read(files, path)
    text = files.text(path)
    refresh = dashboard.get("refresh")
    if isinstance(refresh, str) and not _INTERVAL.fullmatch(refresh) and "$" not in refresh:
        yield Hit(line_at(text, (*place, "refresh")), f"`refresh: {refresh}` is no interval such as 30s or 5m")
    span = mapping(dashboard, "time")
    if span.get("from") == "now" and re.match(r"now-", text_of(span.get("to"))):
        yield Hit(
            line_at(text, (*place, "time")), "the time ends before it begins: `from` and `to` are the wrong way round"
        )
    placed = sum("gridPos" in panel for panel, _ in panels(dashboard, place))
    for panel, here in panels(dashboard, place):
        if placed > 1 and "gridPos" not in panel and "type" in panel:
            yield Hit(line_at(text, here), f"{title(panel)} has no `gridPos`: it is put over the others")
        steps = listed(mapping(panel, "fieldConfig", "defaults", "thresholds").get("steps"))
        values = [mapping(each).get("value") for each in steps]
        numbers = [each for each in values if isinstance(each, int | float) and not isinstance(each, bool)]
        if numbers != sorted(numbers):
            yield Hit(
                line_at(text, (*here, "fieldConfig")),
                f"{title(panel)}: its thresholds do not rise: {', '.join(map(str, numbers))}",
            )


def _access(files: Files, path: str) -> Iterator[Hit]:
    for source in sources(files, path):
        access = source.get("access")
        if isinstance(access, str) and access not in ("proxy", "direct", "") and "$" not in access:
            yield Hit(
                at((source, "access")), f"`access: {access}` of `{source.get('name')}` is neither proxy nor direct"
            )


_Y = "provisioning/datasources/a.yaml"


def _board(panel: str = "", variables: str = "", more: str = "", **files: str) -> dict[str, str]:
    return {
        "dashboards/a.json": f'{{"schemaVersion": 39, "title": "t", "uid": "u", {more}"templating": {{"list": [{variables}]}}, "panels": [{panel}]}}',
        **files,
    }


def _query(expression: str, **more: Any) -> str:
    return json.dumps(
        {"id": 1, "type": "timeseries", "title": "p", "targets": [{"refId": "A", "expr": expression, **more}]}
    )


_REGION = '{{"name": "region", "type": "query", "multi": {}, "query": "label_values(up, region)"}}'
_LOKI = {"datasource": {"type": "loki", "uid": "l"}}
_SOURCE = "apiVersion: 1\ndatasources:\n- {{name: L, uid: l, type: loki, access: {}}}\n"
_DOC = "Grafana documentation"

RULES = (
    Rule("grafana/several-values", "warning", "Write `=~`: several values are sent as one expression, (a|b).", f"{_DOC}, Prometheus template variables: multi-value variables need the regex operator.", _applies, _several,
         bad=(_board(_query('up{region="$region"}'), _REGION.format("true")), _board(_query('sum(up{a="b", region!="${region}"})'), _REGION.format("true"))),
         good=(_board(_query('up{region=~"$region"}'), _REGION.format("true")), _board(_query('up{region="$region"}'), _REGION.format("false")), _board(_query('up{region="$region"}').replace('"id"', '"repeat": "region", "id"'), _REGION.format("true")))),
    Rule("grafana/unknown-global", "warning", "Write the variable as Grafana has it.", f"{_DOC}, Global variables: they begin with $__.", _applies, _globals,
         bad=(_board(_query("rate(a[$__rate_intervall])")),), good=(_board(_query("rate(a[$__rate_interval]) + $__plugin_thing")),)),
    Rule("grafana/variable-query", "error", "Define the variable, or leave it out: the query finds nothing.", f"{_DOC}, Variables: a query may take other variables of the dashboard.", _applies, _asked_for,
         bad=(_board("", _REGION.format("true").replace("(up,", "(up{c=\\\"$cluster\\\"},")),), good=(_board("", _REGION.format("true").replace("(up,", "(up{c=\\\"$region\\\"},")),)),
    Rule("grafana/log-query", "error", "Close what is opened: Loki refuses the query.", "Loki, LogQL: a stream selector stands in braces.", _applies, _logs,
         bad=(_board(_query('{app="a" |= "x"', **_LOKI)),), good=(_board(_query('sum(rate({app=~"$a"} |= "}" | line_format "{{.x}}" [${__range}]))', **_LOKI)),)),
    Rule("grafana/legend-label", "warning", "Keep the label with `by (…)`, or show one that is kept.", "Prometheus documentation, Aggregation operators: only the labels of by are kept.", _applies, _legends,
         bad=(_board(_query("sum by (job) (rate(a[5m]))", legendFormat="{{pod}}")),), good=(_board(_query("sum by (job) (rate(a[$__rate_interval]))", legendFormat="{{ job }}")), _board(_query("sum by ($by) (a)", legendFormat="{{pod}}")), _board(_query("rate(a[5m])", legendFormat="{{pod}}")), _board(_query("count(up == 1)", legendFormat="{{instance}}")))),
    Rule("grafana/source-type", "warning", "Name the type that the data source has.", f"{_DOC}, Dashboard JSON model: a data source has a type and a uid.", _applies, _kinds,
         bad=(_board(_query("up", datasource={"type": "prometheus", "uid": "l"}), **{_Y: _SOURCE.format("proxy")}),), good=(_board(_query("up", **_LOKI), **{_Y: _SOURCE.format("proxy")}), _board(_query("up", datasource={"type": "prometheus", "uid": "l"})))),
    Rule("grafana/setting", "warning", "Write it as Grafana reads it.", f"{_DOC}, Dashboard JSON model: refresh is an interval, from comes before to, panels have a place; thresholds are in order.", _applies, _settings,
         bad=(_board(more='"refresh": "1 minute", '), _board(more='"time": {"from": "now", "to": "now-6h"}, '), _board('{"id": 1, "type": "a", "gridPos": {}}, {"id": 2, "type": "a", "gridPos": {}}, {"id": 3, "type": "a"}'), _board('{"id": 1, "fieldConfig": {"defaults": {"thresholds": {"steps": [{"value": null}, {"value": 9}, {"value": 5}]}}}}')),
         good=(_board('{"id": 1, "fieldConfig": {"defaults": {"thresholds": {"steps": [{"value": null}, {"value": 5}, {"value": 9.5}]}}}}', more='"refresh": "30s", "time": {"from": "now-6h", "to": "now"}, '), _board(more='"refresh": false, '), _board('{"id": 1, "type": "a"}, {"id": 2, "type": "a"}'))),
    Rule("grafana/access", "error", "Write `proxy`: Grafana asks, and the browser does not.", f"{_DOC}, Provision data sources: access is proxy or direct.", is_yaml, _access,
         bad=({_Y: _SOURCE.format("server-side")},), good=({_Y: _SOURCE.format("proxy")},)),
)  # fmt: skip
