"""Grafana: data sources that are provisioned, and dashboards that ask others."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.yaml_files import is_yaml, walk


def sources(files: Files, path: str) -> list[Mapping[Any, Any]]:
    if "datasources:" not in files.text(path):
        return []
    found = files.documents(path)
    document = mapping(found[0]) if len(found) == 1 else {}
    return [mapping(each) for each in listed(document.get("datasources"))] if document.get("apiVersion") == 1 else []


def _defaults(files: Files, path: str) -> Iterator[Hit]:
    seen: dict[str, str] = {}
    for each in sources(files, path):
        if each.get("isDefault") is True:
            org = text_of(each.get("orgId", 1))
            if org in seen:
                yield Hit(at((each, "isDefault")), f"`{each.get('name')}` and `{seen[org]}` are both the default")
            seen[org] = text_of(each.get("name"))


def provisioned(files: Files) -> set[str] | None:
    """The uids of the data sources; null where some are not known."""
    found: set[str] = set()
    for path in files.all:
        if is_yaml(path):
            for each in sources(files, path):
                uid = text_of(each.get("uid"))
                if not uid or "$" in uid:
                    return None
                found.add(uid)
    return found


def _asked(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if '"panels"' not in text:
        return
    known = files.once(provisioned)
    try:
        dashboard = json.loads(text) if known else {}
    except ValueError:
        return  # another rule says so
    if not isinstance(dashboard, dict) or "__inputs" in dashboard:
        return
    told: set[str] = set()
    for _, key, value in walk(dashboard):
        uid = value.get("uid") if key == "datasource" and isinstance(value, dict) else None
        if (
            isinstance(uid, str)
            and uid
            and known
            and uid not in known | told
            and not re.search(r"[${]|^-- |^grafana$", uid)
        ):
            told.add(uid)
            line = text[: text.find(json.dumps(uid))].count("\n") + 1
            yield Hit(line, f"no data source has the uid `{uid}`; there is {', '.join(sorted(known))}")


_S, _D = "provisioning/datasources/a.yaml", "dashboards/a.json"
_SOURCES = "apiVersion: 1\ndatasources:\n- {{name: A, uid: a, type: prometheus, isDefault: true}}\n- {{name: B, uid: b, type: loki, isDefault: {}}}\n"


def _dashboard(uid: str) -> dict[str, str]:
    return {
        _S: _SOURCES.format("false"),
        _D: json.dumps(
            {
                "title": "t",
                "uid": "u",
                "panels": [{"id": 1, "type": "logs", "datasource": {"type": "loki", "uid": uid}}],
            }
        ),
    }


RULES = (
    Rule("grafana/default-source", "error", "Grafana does not start: one is the default.", "Grafana documentation, Provision data sources: only one default for each organization.", is_yaml, _defaults,
         bad=({_S: _SOURCES.format("true")},), good=({_S: _SOURCES.format("false")},)),
    Rule("grafana/source", "warning", "Name the uid of a data source that is provisioned.", "Grafana documentation, Dashboard JSON model: a panel names its data source by uid.", lambda path: path.endswith(".json"), _asked,
         bad=(_dashboard("loki"),), good=(_dashboard("b"), _dashboard("${DS}"), _dashboard("-- Grafana --"), {_D: _dashboard("x")[_D]})),
)  # fmt: skip
