"""Grafana: providers of dashboards, which tell it the folders that it reads them from."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.yaml_files import is_yaml

_FIELDS = ("name", "orgId", "orgName", "folder", "folderUid", "type", "disableDeletion", "editable", "allowUiUpdates", "updateIntervalSeconds", "options")  # fmt: skip
_OPTIONS = ("path", "folder", "foldersFromFilesStructure")
_TELLING = frozenset(_FIELDS) - {"name", "type", "options"}
"""Fields by which a provider of Grafana's is told from those of other tools."""


def _providers(files: Files, path: str) -> list[Mapping[Any, Any]]:
    if "providers:" not in files.text(path):
        return []
    found = files.documents(path)
    document = mapping(found[0]) if len(found) == 1 else {}
    if document.get("apiVersion") != 1:
        return []
    entries = [mapping(each) for each in listed(document.get("providers"))]
    return entries if "dashboards" in path or any(_TELLING & set(each) for each in entries) else []


def _fields(files: Files, path: str) -> Iterator[Hit]:
    seen: set[tuple[str, str]] = set()
    for each in _providers(files, path):
        name = text_of(each.get("name"))
        options = mapping(each, "options")
        for place, known in ((each, _FIELDS), (options, _OPTIONS)):
            for key in place:
                near = [one for one in known if one.lower() == str(key).lower().replace("_", "")]
                near = near or difflib.get_close_matches(str(key), [one for one in known if one not in place], 1, 0.8)
                if key not in known and near:
                    yield Hit(at((place, key)), f"provider `{name}`: Grafana reads no `{key}`, but `{near[0]}`")
        kind = each.get("type", "file")
        if isinstance(kind, str) and kind != "file" and "$" not in kind:
            yield Hit(at((each, "type")), f"provider `{name}`: there is no type `{kind}`; `file` is the only one")
        elif not options.get("path") and not options.get("folder"):
            yield Hit(at((each, "options"), (each, "name")) or 1, f"provider `{name}` has no `options.path`")
        if name and (key := (name, text_of(each.get("orgId", 1)))):
            if key in seen:
                yield Hit(at((each, "name")), f"there are two providers `{name}`")
            seen.add(key)


_A = "grafana/provisioning/dashboards/a.yaml"


def _provider(text: str) -> dict[str, str]:
    return {_A: f"apiVersion: 1\nproviders:\n  - {text}\n"}


RULES = (
    Rule("grafana/provider", "error", "Write it as Grafana reads it: without its path a provider brings no dashboard, and Grafana says so when it starts.", "Grafana documentation, Provision dashboards: a provider is of the type file, and options.path is required.", is_yaml, _fields,
         bad=(_provider("{name: a, type: file, option: {path: /b}}"), _provider("{name: a, type: files, options: {path: /b}}"), _provider("{name: a, options: {paths: /b}}"), _provider("{name: a, orgId: 1, type: file}"), _provider("{name: a, disabledeletion: true, options: {path: /b}}"), _provider("{name: a, options: {path: /b}}\n  - {name: a, options: {path: /c}}")),
         good=(_provider("{name: a, orgId: 1, folder: '', folderUid: '', type: file, disableDeletion: false, editable: true, updateIntervalSeconds: 10, allowUiUpdates: true, options: {path: /b, foldersFromFilesStructure: true}}"), _provider("{name: a, options: {path: $DIR}}"), {"a.yaml": "apiVersion: 1\nproviders:\n  - {name: a, type: webhook}\n"},
               {"a.yaml": "providers:\n  - {name: a, orgId: 1}\n"})),
)  # fmt: skip
