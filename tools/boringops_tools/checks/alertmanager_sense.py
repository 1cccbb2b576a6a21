"""Alertmanager: values of the wrong shape, inhibitions that hold nothing or everything, receivers nobody is sent to."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.alertmanager import config_of
from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.checks.prometheus import seconds
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml, walk

_LISTS = {
    "": ("receivers", "inhibit_rules", "templates", "time_intervals", "mute_time_intervals"),
    "route": ("group_by", "routes", "matchers", "mute_time_intervals", "active_time_intervals"),
    "inhibit": ("source_matchers", "target_matchers", "equal"),
}
# Names of receivers that are meant to drop what they get.
_DROPS = lazy_pattern(
    r"(?i)null|none|black-?hole|dev-?null|noop|no-op|empty|void|drop|discard|silen|mute|ignore|nothing|nobody|dummy|watchdog|dead|default|no_?contact|trash|test"
)
_SEVERITY_ONLY = lazy_pattern(r"^\s*\"?severity\"?\s*(?:=|=~)\s*\"?[\w|.*()-]+\"?\s*$")


def _routes(config: Mapping[Any, Any]) -> Iterator[tuple[Mapping[Any, Any], dict[str, Any]]]:
    """Each route, with the times that it has or takes over from the one above."""
    todo: list[tuple[Any, dict[str, Any]]] = [
        (config.get("route"), {"group_interval": "5m", "repeat_interval": "4h"})
    ]  # the defaults of Alertmanager
    while todo:
        route, above = todo.pop(0)
        route = mapping(route)
        times = {key: route.get(key, value) for key, value in above.items()}
        yield route, times
        todo += [(each, times) for each in listed(route.get("routes"))]


def _shapes(files: Files, path: str) -> Iterator[Hit]:
    config = config_of(files, path)
    owners = [(config, "")] if config else []
    owners += [(route, "route") for route, _ in _routes(config)] if config else []
    owners += [(mapping(each), "inhibit") for each in listed(config.get("inhibit_rules"))]
    for owner, place in owners:
        for key in _LISTS[place]:
            value = owner.get(key)
            if value is not None and not isinstance(value, list) and "{{" not in str(value):
                yield Hit(at((owner, key)), f"`{key}` is a list")
    for receiver in map(mapping, listed(config.get("receivers"))):
        for each in map(mapping, listed(receiver.get("email_configs"))):
            if isinstance(each.get("to"), list | Mapping):
                yield Hit(at((each, "to")), "`to` is one text: the addresses stand in it with commas between them")
    for owner, key, value in walk(config):
        if not isinstance(key, str) or not isinstance(owner, Mapping):
            continue
        if f"{key}_file" in owner and value:
            yield Hit(at((owner, f"{key}_file")), f"`{key}` and `{key}_file` cannot be used together")
        # What a variable stands for may bring the port along.
        if key in ("smtp_smarthost", "smarthost") and isinstance(value, str) and re.fullmatch(r"[\w.-]+", value):
            yield Hit(at((owner, key)), f"`{key}: {value}` has no port: {value}:587")


def _matchers(rule: Mapping[Any, Any], side: str) -> set[str]:
    found = {re.sub(r"[\s\"']", "", text_of(each)) for each in listed(rule.get(f"{side}_matchers"))}
    for key, sign in ((f"{side}_match", "="), (f"{side}_match_re", "=~")):
        found |= {f"{name}{sign}{value}" for name, value in mapping(rule, key).items()}
    return found


def _inhibitions(files: Files, path: str) -> Iterator[Hit]:
    rules = listed(config_of(files, path).get("inhibit_rules"))
    for position, rule in enumerate(map(mapping, rules)):
        source, target = _matchers(rule, "source"), _matchers(rule, "target")
        line = at((rules, position), *((rule, key) for key in rule))
        if source and source == target:
            yield Hit(
                line, "the inhibition holds nothing back: an alert that is both source and target is never inhibited"
            )
        elif source and not rule.get("equal") and all(map(_SEVERITY_ONLY.match, source)) and "sources" not in rule:
            yield Hit(
                line,
                f"one alert of {', '.join(sorted(source))}, whatever it is of, holds all others back: there is no `equal`",
            )


def _receivers(files: Files, path: str) -> Iterator[Hit]:
    config = config_of(files, path)
    receivers = listed(config.get("receivers"))
    routes = [route for route, _ in _routes(config)] if config else []
    named = {text_of(route.get("receiver")) for route in routes}
    if not config or any(re.search(r"[{$<]", each) for each in named):
        return
    for position, receiver in enumerate(map(mapping, receivers)):
        name = text_of(receiver.get("name"))
        sends = [key for key in receiver if str(key).endswith("_configs") and receiver[key]]
        if sends and name not in named and len(receivers) > 1:
            yield Hit(
                at((receivers, position), (receiver, "name")),
                f"no route names the receiver `{name}`: nothing is sent to it",
            )
        elif not sends and name in named and not _DROPS.search(name) and len(receivers) > 1:
            yield Hit(
                at((receivers, position), (receiver, "name")),
                f"the receiver `{name}` notifies nobody: it has no integration",
            )


def _repeats(files: Files, path: str) -> Iterator[Hit]:
    config = config_of(files, path)
    for route, times in _routes(config) if config else ():
        every, again = seconds(times["group_interval"]), seconds(times["repeat_interval"])
        if every and again and again < every and "repeat_interval" in route:
            yield Hit(
                at((route, "repeat_interval")),
                f"`repeat_interval: {route['repeat_interval']}` is shorter than `group_interval`, {times['group_interval']}: it never comes to that",
            )


_A = "alertmanager.yml"


def _made(
    route: str = "receiver: a", more: str = "", receivers: str = "[{name: a, webhook_configs: [{url: 'http://x'}]}]"
) -> dict[str, str]:
    return {_A: f"route: {{{route}}}\nreceivers: {receivers}\n{more}"}


_DOC = "Alertmanager configuration reference"
_TWO = "[{name: a, webhook_configs: [{url: 'http://x'}]}, {name: %s}]"

RULES = (
    Rule("alertmanager/shape", "error", "Alertmanager refuses the configuration: write the value as the reference has it.", f"{_DOC}: group_by, matchers and equal are lists, to is a text; a secret is given or read from a file; smarthost is host:port.", is_yaml, _shapes,
         bad=(_made("receiver: a, group_by: 'alertname, job'"), _made(receivers="[{name: a, email_configs: [{to: [x, y]}]}]"), _made(more="global: {slack_api_url: 'http://a', slack_api_url_file: /a}\n"), _made(more="global: {smtp_smarthost: mail.example.com}\n"), _made(more="inhibit_rules: [{source_matchers: [a=b], target_matchers: [a=c], equal: job}]\n")),
         good=(_made("receiver: a, group_by: [alertname], routes: [{matchers: [a=b]}]", "global: {smtp_smarthost: 'mail.example.com:587', slack_api_url_file: /a}\n"), _made(more="global: {smtp_smarthost: '${SMTP}'}\n"))),
    Rule("alertmanager/inhibition", "warning", "Let the more severe hold the less severe back, where `equal` says that both are of the same thing.", f"{_DOC}, inhibit_rule: an alert that matches both sides is not inhibited by itself; equal names the labels that must be the same.", is_yaml, _inhibitions,
         bad=(_made(more="inhibit_rules: [{source_matchers: ['severity=\"critical\"'], target_matchers: [severity = critical], equal: [job]}]\n"), _made(more="inhibit_rules: [{source_match: {severity: critical}, target_match: {severity: warning}}]\n")),
         good=(_made(more="inhibit_rules: [{source_match: {severity: critical}, target_match: {severity: warning}, equal: [job]}]\n"), _made(more="inhibit_rules: [{source_matchers: [alertname=ClusterDown], target_matchers: [severity=warning]}]\n"))),
    Rule("alertmanager/receiver", "info", "Route to it or take it away; give a receiver that is routed to somebody to notify.", f"{_DOC}, receiver: the integrations that it has are notified of what routes send to it.", is_yaml, _receivers,
         bad=(_made(receivers=_TWO % "b, webhook_configs: [{url: 'http://y'}]"), _made("receiver: a, routes: [{receiver: ops}]", receivers=_TWO % "ops")),
         good=(_made("receiver: a, routes: [{receiver: 'null'}]", receivers=_TWO % "'null'"), _made("receiver: a, routes: [{routes: [{receiver: b}]}]", receivers=_TWO % "b, webhook_configs: [{url: 'http://y'}]"), _made(receivers="[{name: a}]"))),
    Rule("alertmanager/repeat", "info", "Repeat after hours, and look for news of a group after minutes.", f"{_DOC}, repeat_interval: it is checked at multiples of group_interval, and should be one.", is_yaml, _repeats,
         bad=(_made("receiver: a, repeat_interval: 1m"), _made("receiver: a, group_interval: 10m, routes: [{repeat_interval: 5m}]")), good=(_made("receiver: a, group_interval: 10s, repeat_interval: 1m"), _made("receiver: a, repeat_interval: 3h, routes: [{group_interval: 4h}]"))),
)  # fmt: skip
