"""Grafana dashboards: ids, the grid, variables and the fields that provisioning asks for."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, listed, mapping, text_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import line_at

_WIDTH = 24
VARIABLE = lazy_pattern(r"\$(?:\{([A-Za-z_]\w*)(?::[^}]*)?\}|([A-Za-z_]\w*))|\[\[([A-Za-z_]\w*)\]\]")
BUILT_IN = lazy_pattern(r"__\w+|timeFilter|interval|timeGroup\w*")
Place = tuple[str | int, ...]


def _applies(path: str) -> bool:
    return path.endswith(".json")


def _dashboard(files: Files, path: str) -> tuple[Mapping[str, Any], Place] | None:
    text = files.text(path)
    if '"panels"' not in text:
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for found, place in ((mapping(content), ()), (mapping(content, "dashboard"), ("dashboard",))):
        if (isinstance(found.get("panels"), list) or text_of(found.get("title"))) and (
            "schemaVersion" in found or "templating" in found
        ):
            return found, place
    return None


def read(files: Files, path: str) -> tuple[Mapping[str, Any], Place]:
    found: tuple[Mapping[str, Any], Place] | None = files.once(_dashboard, path)
    return found or ({}, ())


def _datasource(dashboard: Mapping[str, Any], given: Any) -> str:
    """The type of a data source; empty where it cannot be known."""
    if given is None:
        return "prometheus"
    name = given if isinstance(given, str) else mapping(given).get("type") or text_of(mapping(given).get("uid"))
    if (variable := VARIABLE.fullmatch(name)) is not None:
        wanted = next(filter(None, variable.groups()))
        for each in listed(mapping(dashboard, "templating").get("list")):
            if mapping(each).get("name") == wanted and mapping(each).get("type") == "datasource":
                return text_of(mapping(each).get("query"))
        return ""
    return "prometheus" if name.lower() == "prometheus" else name if isinstance(given, Mapping) else ""


def panels(dashboard: Mapping[str, Any], place: Place) -> Iterator[tuple[Mapping[Any, Any], Place]]:
    """Panels and where they are, those in collapsed rows too."""
    for position, panel in enumerate(listed(dashboard.get("panels"))):
        here = (*place, "panels", position)
        yield mapping(panel), here
        for inner, each in enumerate(listed(mapping(panel).get("panels"))):
            yield mapping(each), (*here, "panels", inner)


def title(panel: Mapping[Any, Any]) -> str:
    return f"panel `{text_of(panel.get('title'))}`"


def _ids(files: Files, path: str) -> Iterator[Hit]:
    dashboard, place = read(files, path)
    seen: dict[int, str] = {}
    for panel, here in panels(dashboard, place):
        number = panel.get("id")
        if isinstance(number, int) and number in seen:
            yield Hit(line_at(files.text(path), (*here, "id")), f"{title(panel)} has the id {number} of {seen[number]}")
        elif isinstance(number, int):
            seen[number] = title(panel)


def _grid(files: Files, path: str) -> Iterator[Hit]:
    dashboard, place = read(files, path)
    for panel, here in panels(dashboard, place):
        at = mapping(panel.get("gridPos"))
        x, width, height = at.get("x", 0), at.get("w", 1), at.get("h", 1)
        if not all(isinstance(each, int) for each in (x, width, height)):
            continue
        if x < 0 or width < 1 or height < 1 or x + width > _WIDTH:
            where = line_at(files.text(path), (*here, "gridPos"))
            yield Hit(
                where, f"{title(panel)}: x {x}, width {width} and height {height} do not fit into {_WIDTH} columns"
            )


def _variables(files: Files, path: str) -> Iterator[Hit]:
    dashboard, place = read(files, path)
    known = {mapping(each).get("name") for each in listed(mapping(dashboard, "templating").get("list"))}
    known |= {mapping(each).get("name") for each in listed(dashboard.get("__inputs"))}
    for panel, here in panels(dashboard, place):
        for position, target in enumerate(listed(panel.get("targets"))):
            expression = mapping(target).get("expr")
            if not isinstance(expression, str) or "label_" in expression or "?P<" in expression:
                continue  # a replacement there has dollars of its own
            for names in VARIABLE.findall(expression):
                name = next(filter(None, names))
                if name not in known and not BUILT_IN.fullmatch(name):
                    where = line_at(files.text(path), (*here, "targets", position, "expr"))
                    yield Hit(where, f"{title(panel)} uses the variable `{name}`, which the dashboard does not define")


def _fields(files: Files, path: str) -> Iterator[Hit]:
    dashboard, place = read(files, path)
    if not dashboard:
        return
    if not text_of(dashboard.get("title")).strip():
        yield Hit(line_at(files.text(path), (*place, "title")), "the dashboard has no title")
    if not isinstance(dashboard.get("panels", []), list):
        yield Hit(line_at(files.text(path), (*place, "panels")), "`panels` is no list")
    uid = dashboard.get("uid")
    if isinstance(uid, str) and not re.fullmatch(r"[\w-]{0,40}", uid, re.ASCII) and "$" not in uid:
        yield Hit(
            line_at(files.text(path), (*place, "uid")), f"`{uid}` is no uid: at most 40 letters, digits, `-` and `_`"
        )


def _structure(files: Files, path: str) -> Iterator[Hit]:
    dashboard, place = read(files, path)
    text = files.text(path)
    names: set[str] = set()
    for position, each in enumerate(listed(mapping(dashboard, "templating").get("list"))):
        name = text_of(mapping(each).get("name"))
        if name and name in names:
            yield Hit(line_at(text, (*place, "templating", "list", position)), f"there are two variables `{name}`")
        names.add(name)
    for panel, here in panels(dashboard, place):
        if (
            "type" not in panel
            and "libraryPanel" not in panel
            and ("targets" in panel or "gridPos" in panel)
            and "id" in panel
        ):
            yield Hit(line_at(text, here), f"{title(panel)} has no `type`")
        seen: set[str] = set()
        for position, target in enumerate(listed(panel.get("targets"))):
            name = text_of(mapping(target).get("refId"))
            where = line_at(text, (*here, "targets", position))
            if name and name in seen:
                yield Hit(where, f"{title(panel)} has two queries `{name}`")
            seen.add(name)
            expression = mapping(target).get("expr")
            kind = _datasource(dashboard, mapping(target).get("datasource") or panel.get("datasource"))
            if isinstance(expression, str) and kind == "prometheus" and (wrong := _promql(expression)):
                yield Hit(where, f"{title(panel)}, query {name}: {wrong}")


def _promql(expression: str) -> str:
    """What is wrong with a PromQL expression of a dashboard; empty where a variable leaves it open."""
    try:
        import promql_parser
    except ImportError:
        return ""
    plain = re.sub(r"\$__\w+|\$\{__\w+(?::\w+)?\}", "5m", expression)
    plain = re.sub(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", '"x"', plain)
    plain = re.sub(r"\[[^\]]*\$[^\]]*\]", "[5m]", plain)
    if "$" in plain or "[[" in plain or not plain.strip():
        return ""
    try:
        promql_parser.parse(plain)
    except ValueError as error:
        return "" if "unknown function" in str(error) else str(error)
    return ""


def _overlaps(files: Files, path: str) -> Iterator[Hit]:
    dashboard, place = read(files, path)
    seen: list[tuple[int, int, int, int, str]] = []
    for position, panel in enumerate(listed(dashboard.get("panels"))):
        at = mapping(mapping(panel).get("gridPos"))
        box = [at.get(key) for key in ("x", "y", "w", "h")]
        if mapping(panel).get("type") == "row" or not all(isinstance(each, int) for each in box):
            continue
        x, y, w, h = (int(each or 0) for each in box)
        for ox, oy, ow, oh, other in seen:
            if x < ox + ow and ox < x + w and y < oy + oh and oy < y + h:
                where = line_at(files.text(path), (*place, "panels", position, "gridPos"))
                yield Hit(where, f"{title(panel)} lies over {other}")
                break
        seen.append((x, y, w, h, title(panel)))


def _exported(files: Files, path: str) -> Iterator[Hit]:
    dashboard, place = read(files, path)
    number = dashboard.get("id")
    if isinstance(number, int) and not isinstance(number, bool):
        yield Hit(
            line_at(files.text(path), (*place, "id")),
            f"the dashboard has the id {number} of the Grafana it was exported from",
        )


_DOC = "Grafana dashboard JSON model"


def _example(panels: str, more: str = '"title": "t", "uid": "u"') -> dict[str, str]:
    return {"dashboards/a.json": f'{{"schemaVersion": 39, {more}, "panels": [{panels}]}}'}


RULES = (
    Rule(
        "grafana/panel-id", "warning", "Links and alerts point to panels by id: give each its own.",
        f"{_DOC}: id identifies a panel within the dashboard.", _applies, _ids,
        bad=(_example('{"id": 1}, {"id": 2, "type": "row", "panels": [{"id": 1}]}'),),
        good=(_example('{"id": 1}, {"id": 2}, {"id": null}, {}'), {"a.json": '{"panels": [{"id": 1}, {"id": 1}]}'}),
    ),
    # Provisioning passes over it, and so many dashboards have it: only the API takes it for another dashboard's.
    Rule(
        "grafana/exported-id", "info", "Write null: a uid is what tells dashboards apart from one Grafana to the next.",
        f"{_DOC}: id is made by Grafana's database; the API wants null for a new dashboard.", _applies, _exported,
        bad=(_example("", '"title": "t", "id": 184'),), good=(_example('{"id": 1}', '"title": "t", "id": null'), _example('{"id": 1}')),
    ),
    Rule(
        "grafana/grid", "warning", "A dashboard is 24 columns wide; panels that do not fit are moved or cut.",
        f"{_DOC}: gridPos counts 24 columns; w is 1 to 24.", _applies, _grid,
        bad=(_example('{"id": 1, "gridPos": {"x": 12, "y": 0, "w": 13, "h": 8}}'), _example('{"gridPos": {"x": 0, "y": 0, "w": 0, "h": 8}}')),
        good=(_example('{"id": 1, "gridPos": {"x": 12, "y": 0, "w": 12, "h": 8}}, {"id": 2}'),),
    ),
    Rule(
        "grafana/variable", "warning", "Define it under `templating`: without it the query holds the name as it is.",
        f"{_DOC}: templating.list holds the dashboard's variables.", _applies, _variables,
        bad=(_example('{"targets": [{"expr": "up{job=\\"$job\\"}"}]}'), _example('{"targets": [{"expr": "rate(x[${window}])"}]}')),
        good=(
            _example('{"targets": [{"expr": "rate(x{a=~\\"b$\\", j=\\"${job:regex}\\"}[$__rate_interval])"}, {"expr": "label_replace(a, \\"b\\", \\"$c\\", \\"d\\", \\"\\")"}]}',
                     '"title": "t", "templating": {"list": [{"name": "job"}]}'),
        ),
    ),
    Rule(
        "grafana/structure", "error", "Grafana shows an error in its place, or the query's result under a wrong name.",
        f"{_DOC}: panels have a type; names of variables, and of a panel's queries, are unique; a query is one its data source reads.", _applies, _structure,
        bad=(
            _example('{"id": 1, "gridPos": {"x": 0, "y": 0, "w": 4, "h": 4}}'), _example('{"id": 1, "type": "stat", "targets": [{"refId": "A", "expr": "up"}, {"refId": "A", "expr": "up"}]}'),
            _example('{"id": 1, "type": "stat", "targets": [{"refId": "A", "expr": "sum(rate(x[5m])"}]}'), _example("", '"title": "t", "templating": {"list": [{"name": "a"}, {"name": "a"}]}'),
        ),
        good=(
            _example('{"id": 1, "type": "stat", "targets": [{"refId": "A", "expr": "sum(rate(x{a=\\"$j\\"}[$__rate_interval]))"}, {"refId": "B", "expr": "${f}(x)"}]}', '"title": "t", "templating": {"list": [{"name": "j"}, {"name": "f"}]}'),
            _example('{"id": 1, "type": "logs", "datasource": {"type": "loki"}, "targets": [{"refId": "A", "expr": "{a=\\"b\\"} |= \\"c\\""}]}'),
        ),
    ),
    Rule(
        "grafana/overlap", "warning", "Grafana pushes one of them down: give each its own place.", f"{_DOC}: gridPos places panels on one grid.", _applies, _overlaps,
        bad=(_example('{"id": 1, "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}}, {"id": 2, "gridPos": {"x": 6, "y": 4, "w": 12, "h": 8}}'),),
        good=(_example('{"id": 1, "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}}, {"id": 2, "gridPos": {"x": 12, "y": 0, "w": 12, "h": 8}}, {"id": 3, "gridPos": {"x": 0, "y": 8, "w": 12, "h": 8}}'),),
    ),
    Rule(
        "grafana/field", "error", "Grafana refuses the dashboard.", f"{_DOC}: title is required; uid has at most 40 characters.", _applies, _fields,
        bad=(_example("", '"uid": "u"'), _example("", '"title": "t", "uid": "a b"')),
        good=(_example(""), _example("", '"title": "t"'), _example("", '"title": "t", "uid": null')),
    ),
)  # fmt: skip
