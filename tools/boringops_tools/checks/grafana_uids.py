"""Grafana: data sources that alert rules, and other data sources, name by their uid."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.grafana_sources import provisioned
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml, walk

_KEYS = ("datasourceUid", "alertmanagerUid")
# Grafana's own, and what a variable makes.
_OWN = lazy_pattern(r"__expr__|-100|grafana|-- .+|.*[${].*|")


def _named(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if not any(key in text for key in _KEYS):
        return
    found = files.documents(path)
    document = mapping(found[0]) if len(found) == 1 else {}
    if document.get("apiVersion") != 1 or not {"groups", "datasources"} & set(document):
        return
    known = files.once(provisioned)
    for owner, key, value in walk(document) if known else ():
        if key not in _KEYS or not isinstance(value, str) or not isinstance(owner, Mapping):
            continue
        if value not in known and not _OWN.fullmatch(value) and not files.once(_elsewhere, value):
            yield Hit(at((owner, key)), f"no data source has the uid `{value}`; there is {', '.join(sorted(known))}")


def _elsewhere(files: Files, uid: str) -> bool:
    """Whether anything else may make a data source of that uid: Terraform, an operator, a chart's values."""
    made = re.compile(rf"\buid\b[\"']?\s*[:=]\s*[\"']?{re.escape(uid)}(?![\w-])")
    return any(
        made.search(files.text(each))
        for each in files.all
        if is_yaml(each) or each.endswith((".tf", ".jsonnet", ".libsonnet"))
    )


_S, _R = "provisioning/datasources/a.yaml", "provisioning/alerting/a.yaml"
_SOURCES = "apiVersion: 1\ndatasources:\n- {name: A, uid: a, type: prometheus}\n"
_RULES = "apiVersion: 1\ngroups:\n- name: g\n  rules:\n  - title: t\n    data:\n    - {{refId: A, datasourceUid: {}}}\n    - {{refId: B, datasourceUid: __expr__}}\n"
_LINKED = "- {name: B, uid: b, type: tempo, jsonData: {tracesToLogsV2: {datasourceUid: %s}}}\n"

RULES = (
    Rule("grafana/named-source", "error", "Name the uid of a data source that is provisioned.", "Grafana documentation, Provision alerting resources: datasourceUid is the uid of a data source.", is_yaml, _named,
         bad=({_S: _SOURCES, _R: _RULES.format("prometheus")}, {_S: _SOURCES + _LINKED % "loki"}),
         good=({_S: _SOURCES, _R: _RULES.format("a")}, {_S: _SOURCES, _R: _RULES.format("$UID")}, {_R: _RULES.format("x")}, {_S: _SOURCES + _LINKED % "a"},
               {_S: _SOURCES, _R: _RULES.format("x"), "a.tf": 'resource "grafana_data_source" "x" {\n  uid = "x"\n}\n'}, {_S: _SOURCES + "- {name: C, type: loki}\n", _R: _RULES.format("x")})),
)  # fmt: skip
