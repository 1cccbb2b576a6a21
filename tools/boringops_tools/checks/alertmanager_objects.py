"""AlertmanagerConfig objects of the Prometheus operator: receivers and intervals that routes name, and how they match."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.checks.kubernetes import named
from boringops_tools.yaml_files import is_manifest, is_yaml

_KIND = "AlertmanagerConfig"
_MATCHES = ("=", "!=", "=~", "!~")


def _configs(files: Files, path: str) -> Iterator[Mapping[Any, Any]]:
    """The objects that say whom they notify: without receivers of its own one is a patch."""
    for document in files.documents(path) if _KIND in files.text(path) else ():
        if is_manifest(document) and document["kind"] == _KIND and listed(mapping(document, "spec").get("receivers")):
            yield document


def _routes(spec: Mapping[Any, Any]) -> Iterator[Mapping[Any, Any]]:
    todo: list[Any] = [spec.get("route")]
    while todo:
        route = mapping(todo.pop(0))
        todo += listed(route.get("routes"))
        yield route


def _names(entries: Any) -> list[str]:
    return [text_of(mapping(each).get("name")) for each in listed(entries)]


def _unknown(files: Files, path: str) -> Iterator[Hit]:
    for thing in _configs(files, path):
        spec = mapping(thing, "spec")
        receivers = _names(spec.get("receivers"))
        intervals = [*_names(spec.get("muteTimeIntervals")), *_names(spec.get("timeIntervals"))]
        for route in _routes(spec):
            receiver = text_of(route.get("receiver"))
            if receiver and receiver not in receivers:
                yield Hit(
                    at((route, "receiver")),
                    f"{named(thing)} has no receiver `{receiver}`; it has {', '.join(receivers)}",
                )
            for key in ("muteTimeIntervals", "activeTimeIntervals"):
                for position, each in enumerate(listed(route.get(key))):
                    if text_of(each) not in intervals:
                        yield Hit(
                            at((route.get(key), position), (route, key)), f"{named(thing)} has no interval `{each}`"
                        )
        seen: set[str] = set()
        for position, name in enumerate(receivers):
            if name in seen:
                yield Hit(at((spec["receivers"], position)), f"{named(thing)} has two receivers `{name}`")
            seen.add(name)


def _shape(files: Files, path: str) -> Iterator[Hit]:
    for thing in _configs(files, path):
        spec = mapping(thing, "spec")
        route = mapping(spec, "route")
        if route and not route.get("receiver"):
            yield Hit(at((spec, "route")), f"{named(thing)}: the first route has no `receiver`")
        for each in _routes(spec):
            for position, matcher in enumerate(listed(each.get("matchers"))):
                how = mapping(matcher).get("matchType", "=")
                if isinstance(matcher, str):
                    where = at((each["matchers"], position), (each, "matchers"))
                    yield Hit(where, f"{named(thing)}: a matcher has `name`, `value` and `matchType`; this is a text")
                elif how not in _MATCHES:
                    yield Hit(
                        at((matcher, "matchType")),
                        f"{named(thing)}: `{how}` is no matchType; {', '.join(_MATCHES)} are",
                    )


_SOURCE = "Prometheus operator, API reference of AlertmanagerConfig"


def _config(route: str, more: str = "") -> dict[str, str]:
    return {
        "a.yaml": f"apiVersion: monitoring.coreos.com/v1alpha1\nkind: AlertmanagerConfig\nmetadata: {{name: a}}\nspec:\n  route: {route}\n  receivers: [{{name: keepers}}, {{name: on-call}}]\n{more}"
    }


_MUTED = "{receiver: keepers, routes: [{muteTimeIntervals: [night]}]}"
_MATCHED = "{receiver: keepers, routes: [{receiver: on-call, matchers: [%s]}]}"

RULES = (
    Rule("alertmanager/object-reference", "error", "Name a receiver or an interval of the same object: the operator leaves the whole object out.", f"{_SOURCE}: routes name receivers and time intervals of the object.", is_yaml, _unknown,
         bad=(_config("{receiver: keeper}"), _config("{receiver: keepers, routes: [{routes: [{receiver: oncall}]}]}"), _config(_MUTED)),
         good=(_config("{receiver: keepers, routes: [{receiver: on-call, continue: true}, {matchers: []}]}"), _config(_MUTED, "  muteTimeIntervals: [{name: night}]\n"), _config(_MUTED, "  timeIntervals: [{name: night}]\n"), {"p.yaml": "apiVersion: monitoring.coreos.com/v1alpha1\nkind: AlertmanagerConfig\nmetadata: {name: a}\nspec: {route: {receiver: b}}\n"})),
    Rule("alertmanager/object-route", "error", "Write it as the object has it: the operator leaves the whole object out.", f"{_SOURCE}: the top route needs a receiver; a matcher has a name, a value and one of four ways to match.", is_yaml, _shape,
         bad=(_config("{groupBy: [a]}"), _config(_MATCHED % "'severity=\"critical\"'"), _config(_MATCHED % "{name: a, value: b, matchType: '=='}")),
         good=(_config(_MATCHED % "{name: a, value: b, matchType: '=~'}, {name: c, value: d}"), _config(_MATCHED % "{name: a, value: b, regex: true}"))),
)  # fmt: skip
