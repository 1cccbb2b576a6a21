"""Grafana: variables that no dashboard defines, uids that two have, sizes that are no numbers, connections left open."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.checks.grafana import BUILT_IN, VARIABLE, panels, read, title
from boringops_tools.checks.grafana_sources import sources
from boringops_tools.yaml_files import is_yaml, line_at


def _applies(path: str) -> bool:
    return path.endswith(".json")


def _known(dashboard: Mapping[str, Any]) -> set[str]:
    found = {text_of(mapping(each).get("name")) for each in listed(mapping(dashboard, "templating").get("list"))}
    return found | {text_of(mapping(each).get("name")) for each in listed(dashboard.get("__inputs"))}


def _undefined(files: Files, path: str) -> Iterator[Hit]:
    dashboard, place = read(files, path)
    text, known = files.text(path), _known(dashboard)
    told: set[str] = set()
    for panel, here in panels(dashboard, place):
        owners = [
            (panel, here),
            *(
                (mapping(each), (*here, "targets", position))
                for position, each in enumerate(listed(panel.get("targets")))
            ),
        ]
        for owner, there in owners:
            given = owner.get("datasource")
            value = given if isinstance(given, str) else mapping(given).get("uid")
            match = VARIABLE.fullmatch(value) if isinstance(value, str) else None
            name = next(filter(None, match.groups()), "") if match else ""
            if name and name not in known | told and not BUILT_IN.fullmatch(name):
                told.add(name)
                yield Hit(
                    line_at(text, (*there, "datasource")),
                    f"{title(panel)} takes its data from `${{{name}}}`, which the dashboard does not define{_instead(known)}",
                )
        repeated = panel.get("repeat")
        if isinstance(repeated, str) and repeated and repeated not in known and "$" not in repeated:
            yield Hit(
                line_at(text, (*here, "repeat")),
                f"{title(panel)} is repeated for `{repeated}`, which the dashboard does not define{_instead(known)}",
                severity="warning",
            )
    for position, each in enumerate(listed(mapping(dashboard, "templating").get("list"))):
        given = mapping(each).get("datasource")
        value = given if isinstance(given, str) else mapping(given).get("uid")
        match = VARIABLE.fullmatch(value) if isinstance(value, str) else None
        name = next(filter(None, match.groups()), "") if match else ""
        if name and name not in known | told and not BUILT_IN.fullmatch(name):
            yield Hit(
                line_at(text, (*place, "templating", "list", position)),
                f"the variable `{mapping(each).get('name')}` asks `${{{name}}}`, which the dashboard does not define{_instead(known)}",
            )


def _instead(known: set[str]) -> str:
    return f"; there is {', '.join(sorted(known))}" if known else ""


def _numbers(files: Files, path: str) -> Iterator[Hit]:
    dashboard, place = read(files, path)
    for panel, here in panels(dashboard, place):
        for key, value in mapping(panel.get("gridPos")).items():
            if key in ("x", "y", "w", "h") and isinstance(value, str | bool | list | dict):
                yield Hit(
                    line_at(files.text(path), (*here, "gridPos", key)),
                    f"{title(panel)}: `{key}` of `gridPos` is {json.dumps(value)}, and has to be a number",
                )
        if isinstance(number := panel.get("id"), str) and "$" not in number:
            yield Hit(line_at(files.text(path), (*here, "id")), f"{title(panel)}: its id `{number}` is no number")


def _uids(files: Files) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """(folder, uid): path and title of each dashboard."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for path in files.all:
        if path.endswith(".json") and '"panels"' in files.text(path):
            dashboard, _ = read(files, path)
            if uid := text_of(dashboard.get("uid")):
                found.setdefault((posixpath.dirname(path), uid), []).append((path, text_of(dashboard.get("title"))))
    return found


def _twice(files: Files, path: str) -> Iterator[Hit]:
    dashboard, place = read(files, path)
    uid = text_of(dashboard.get("uid"))
    if not uid or "$" in uid:
        return
    for other, _ in files.once(_uids).get((posixpath.dirname(path), uid), ()):
        if other < path:
            yield Hit(line_at(files.text(path), (*place, "uid")), f"`{uid}` is the uid of {other}, too")
            break


def _plain(files: Files, path: str) -> Iterator[Hit]:
    for source in sources(files, path):
        more = mapping(source, "jsonData")
        host = re.sub(r"^\w+://|[:/].*$", "", text_of(source.get("url")))
        if (
            more.get("sslmode") in ("disable", "allow", "prefer")
            and "." in host
            and not re.fullmatch(r"127\..*|.*\.svc(?:\.cluster\.local)?|.*\.local(?:host)?", host)
        ):
            yield Hit(
                at((more, "sslmode")), f"the connection to `{host}` may be read on the way (sslmode: {more['sslmode']})"
            )
        if more.get("tlsSkipVerify") is True:
            yield Hit(
                at((more, "tlsSkipVerify")), f"`{source.get('name')}`: any certificate is accepted (tlsSkipVerify)"
            )


def _anonymous(files: Files, path: str) -> Iterator[Hit]:
    section, enabled, role = "", False, (0, "")
    for number, line in enumerate(files.text(path).splitlines(), 1):
        if header := re.match(r"\s*\[([\w.]+)\]", line):
            section = header[1]
        elif section == "auth.anonymous" and (setting := re.match(r"\s*(enabled|org_role)\s*=\s*(\w+)", line)):
            enabled = setting[2].lower() == "true" if setting[1] == "enabled" else enabled
            role = (number, setting[2]) if setting[1] == "org_role" else role
    if enabled and role[1] in ("Admin", "Editor"):
        yield Hit(role[0], f"whoever comes is {role[1]}, without logging in")


_B = '{{"schemaVersion": 39, "title": "{}", "uid": "{}", "templating": {{"list": [{{"name": "ds", "type": "datasource"}}]}}, "panels": [{}]}}'
_D = "dashboards/a.json"
_Y = "provisioning/datasources/a.yaml"
_SOURCE = "apiVersion: 1\ndatasources:\n- {{name: A, uid: a, type: postgres, url: '{}', jsonData: {{{}}}}}\n"


def _board(panel: str, **more: str) -> dict[str, str]:
    return {_D: _B.format("t", "u", panel), **more}


_DOC = "Grafana documentation"

RULES = (
    Rule("grafana/undefined-name", "error", "Name a variable of `templating`: without it the panel has no data.", f"{_DOC}, Dashboard JSON model: templating.list holds the dashboard's variables.", _applies, _undefined,
         bad=(_board('{"id": 1, "type": "stat", "datasource": {"type": "prometheus", "uid": "${datasource}"}}'), _board('{"id": 1, "type": "stat", "targets": [{"datasource": "$source"}]}'), _board('{"id": 1, "type": "row", "repeat": "host"}')),
         good=(_board('{"id": 1, "type": "stat", "datasource": {"uid": "${ds}"}, "repeat": "ds"}'), _board('{"id": 1, "type": "stat", "datasource": "${DS_A}"}', **{_D: _B.format("t", "u", '{"id": 1, "type": "stat", "datasource": "${DS_A}"}').replace('"title"', '"__inputs": [{"name": "DS_A"}], "title"')}))),
    Rule("grafana/number", "error", "Write the number without quotes.", f"{_DOC}, Dashboard JSON model: gridPos and id are numbers.", _applies, _numbers,
         bad=(_board('{"id": 1, "gridPos": {"x": 0, "y": 0, "w": "12", "h": 8}}'),), good=(_board('{"id": 1, "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}}, {"id": null}'),)),
    Rule("grafana/uid-twice", "error", "Give each dashboard a uid of its own: one of the two is not there.", f"{_DOC}, Provision dashboards: two with one uid overwrite each other.", _applies, _twice,
         bad=(_board("", **{"dashboards/b.json": _B.format("x", "u", "")}),), good=(_board("", **{"dashboards/b.json": _B.format("x", "v", "")}), _board("", **{"other/b.json": _B.format("t", "u", "")}))),
    Rule("grafana/open-connection", "warning", "Let the connection be encrypted and the other side be checked: sslmode: verify-full, tlsCACert.", f"{_DOC}, Provision data sources: sslmode and tlsSkipVerify.", is_yaml, _plain,
         bad=({_Y: _SOURCE.format("db.example.com:5432", "sslmode: disable")}, {_Y: _SOURCE.format("https://a.example.com", "tlsSkipVerify: true")}),
         good=({_Y: _SOURCE.format("db:5432", "sslmode: disable")}, {_Y: _SOURCE.format("db.example.com:5432", "sslmode: verify-full, tlsSkipVerify: false")})),
    Rule("grafana/anonymous", "warning", "Let nobody but Viewers in without logging in.", f"{_DOC}, Configure anonymous access: org_role is the role of who does not log in.", lambda path: bool(re.search(r"(?:^|/)grafana[\w.-]*\.ini$", path)), _anonymous,
         bad=({"grafana/grafana.ini": "[auth.anonymous]\nenabled = true\norg_role = Admin\n"},), good=({"grafana/grafana.ini": "[auth.anonymous]\nenabled = true\norg_role = Viewer\n[users]\norg_role = Admin\n"}, {"grafana.ini": "[auth.anonymous]\nenabled = false\norg_role = Admin\n"})),
)  # fmt: skip
