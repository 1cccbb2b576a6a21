"""Alertmanager: the keys of its integrations, intervals that are none, templates, and severities that no rule sends."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import fnmatch
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.checks.prometheus import groups, seconds
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml, walk

_ALL = "send_resolved http_config"
# Alertmanager configuration reference, by integration.
_KEYS: dict[str, frozenset[str]] = {
    f"{name}_configs": frozenset(f"{_ALL} {keys}".split())
    for name, keys in {
        "discord": "webhook_url webhook_url_file title message content username avatar_url",
        "email": "to from smarthost hello auth_username auth_password auth_password_file auth_secret auth_secret_file auth_identity require_tls tls_config html text headers threading force_implicit_tls",
        "jira": "api_url project summary description labels priority issue_type reopen_transition resolve_transition wont_fix_resolution reopen_duration fields custom_fields api_type",
        "msteams": "webhook_url webhook_url_file title summary text",
        "msteamsv2": "webhook_url webhook_url_file title text",
        "opsgenie": "api_key api_key_file api_url message description source details entity actions tags note priority update_alerts responders teams",
        "pagerduty": "routing_key routing_key_file service_key service_key_file url client client_url description severity source images links details component group class timeout",
        "pushover": "user_key user_key_file token token_file title message url url_title device priority sound retry expire ttl html monospace",
        "slack": "api_url api_url_file app_token app_token_file app_url channel username color title title_link pretext text fields short_fields footer fallback callback_id icon_emoji icon_url image_url thumb_url link_names mrkdwn_in actions timeout message_text update_message",
        "sns": "api_url sigv4 topic_arn phone_number target_arn subject message attributes",
        "telegram": "api_url bot_token bot_token_file chat_id chat_id_file message disable_notifications parse_mode message_thread_id",
        "victorops": "api_key api_key_file api_url routing_key message_type entity_display_name state_message monitoring_tool custom_fields",
        "webex": "api_url room_id message",
        "webhook": "url url_file max_alerts timeout",
        "wechat": "api_secret api_secret_file api_url corp_id agent_id to_user to_party to_tag message message_type",
    }.items()
}
_EVERY = frozenset().union(*_KEYS.values())
_COMMON = frozenset(
    "critical warning info none page ticket error high low medium emergency alert notice debug major minor fatal severe p1 p2 p3 p4 p5 sev1 sev2 sev3".split()  # noqa: SIM905
)
_SEVERITY = lazy_pattern(r"^\s*\"?severity\"?\s*=\s*\"?([\w-]+)\"?\s*$")
_CALLED = lazy_pattern(r"\{\{-?\s*template\s+\"([^\"]+)\"")
_DEFINED = lazy_pattern(r"\{\{-?\s*(?:define|block)\s+\"([^\"]+)\"")


def config_of(files: Files, path: str) -> Mapping[Any, Any]:
    """The configuration of Alertmanager that a file holds; empty for anything else."""
    text = files.text(path)
    if not (re.search(r"(?m)^receivers:", text) and re.search(r"(?m)^route:", text)):
        return {}
    found = files.documents(path)
    config = mapping(found[0]) if found else {}
    return {} if {"apiVersion", "exporters", "service", "processors"} & set(config) else config


def _integrations(files: Files, path: str) -> Iterator[Hit]:
    for receiver in listed(config_of(files, path).get("receivers")):
        for kind, entries in mapping(receiver).items():
            keys = _KEYS.get(kind) if isinstance(kind, str) else None
            for each in listed(entries) if keys else ():
                for key in mapping(each):
                    if not isinstance(key, str) or not keys or key in keys:
                        continue
                    near = difflib.get_close_matches(key, keys, 1, 0.8)
                    others = [other for other, theirs in _KEYS.items() if key in theirs]
                    if near or key in _EVERY:
                        instead = f"`{near[0]}` is one" if near else f"it is one of {', '.join(others[:3])}"
                        yield Hit(
                            at((each, key)),
                            f"receiver `{text_of(mapping(receiver).get('name'))}`: `{key}` is no key of `{kind}`; {instead}",
                        )


def _zero(files: Files, path: str) -> Iterator[Hit]:
    for parent, key, value in walk(mapping(config_of(files, path), "route")):
        if key in ("group_interval", "repeat_interval") and seconds(value) == 0:
            yield Hit(at((parent, key)), f"`{key}` cannot be zero")


def _templates(files: Files, path: str) -> Iterator[Hit]:
    config = config_of(files, path)
    patterns = [each for each in listed(config.get("templates")) if isinstance(each, str)]
    found: set[str] = set()
    for pattern in patterns:
        last = pattern.lstrip("./").rpartition("/")[2]
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), pattern))
        there = [
            one
            for one in files.all
            if fnmatch.fnmatch(one, beside)
            or (
                "/" in pattern
                and fnmatch.fnmatch(posixpath.basename(one), last)
                and last.endswith((".tmpl", ".tpl", ".gotmpl"))
            )
        ]
        if not there:
            return  # they are brought where Alertmanager runs
        for one in there:
            found |= set(_DEFINED.findall(files.text(one)))
    for parent, key, value in walk(mapping(config)) if patterns and found else ():
        for name in _CALLED.findall(value) if isinstance(value, str) else ():
            if name not in found and not name.startswith("__") and ".default." not in name:
                yield Hit(
                    at((parent, key)), f"no template file defines `{name}`; there is {', '.join(sorted(found)[:6])}"
                )


def _sent(files: Files) -> frozenset[str]:
    """The severities that rules of the repository send."""
    found = set()
    for path in files.all:
        for group in groups(files, path) if is_yaml(path) else ():
            for rule in listed(group.get("rules")):
                found.add(text_of(mapping(rule, "labels").get("severity")))
    return frozenset(found - {""})


def _severities(files: Files, path: str) -> Iterator[Hit]:
    config = config_of(files, path)
    sent: frozenset[str] = files.once(_sent) if config else frozenset()
    if not sent or any("{" in each for each in sent):
        return
    todo: list[Any] = [config.get("route")]
    while todo:
        route = mapping(todo.pop())
        todo += listed(route.get("routes"))
        asked: list[tuple[Any, Any, str]] = [
            (route.get("matchers"), position, text_of(each))
            for position, each in enumerate(listed(route.get("matchers")))
        ]
        asked += [(route.get("match"), "severity", f"severity={text_of(mapping(route, 'match').get('severity'))}")]
        for parent, key, matcher in asked:
            match = _SEVERITY.match(matcher)
            if match and match[1] not in sent | _COMMON and (near := difflib.get_close_matches(match[1], sent, 1, 0.6)):
                yield Hit(
                    at((parent, key)),
                    f"no rule sends the severity `{match[1]}`; there is {', '.join(sorted(sent))} (meant: {near[0]}?)",
                )


_A = "alertmanager.yml"
_C = "route: {{receiver: a, {}}}\nreceivers:\n- name: a\n  slack_configs:\n  - {{channel: '#a', {}}}\n"
_R = "groups:\n- name: g\n  rules:\n  - {alert: A, expr: up, labels: {severity: page}}\n"
_T = "templates: [templates/*.tmpl]\n" + _C.format("group_wait: 1s", "title: '{{ template \"NAME\" . }}'")
_DOC = "Alertmanager configuration reference"


def _made(route: str = "group_wait: 0s", slack: str = "send_resolved: true", **more: str) -> dict[str, str]:
    return {_A: _C.format(route, slack), **more}


RULES = (
    Rule("alertmanager/integration-key", "error", "Alertmanager refuses the configuration: correct the key.", f"{_DOC}: each integration has its own keys; unknown ones are errors.", is_yaml, _integrations,
         bad=(_made(slack="send_resolve: true"), _made(slack="routing_key_file: /a"), _made(slack="chanel: b")), good=(_made(), _made(slack="title: a, some_day: b"))),
    Rule("alertmanager/zero-interval", "error", "Alertmanager refuses the configuration: only `group_wait` may be zero.", f"{_DOC}, route: group_interval and repeat_interval cannot be zero.", is_yaml, _zero,
         bad=(_made("group_interval: 0s"), _made("routes: [{repeat_interval: 0s}]")), good=(_made("group_wait: 0s, group_interval: 1m"),)),
    Rule("alertmanager/template", "error", "Define the template, or name one that is defined: the notification is not sent.", f"{_DOC}, templates: files from which custom notification templates are read.", is_yaml, _templates,
         bad=({_A: _T.replace("NAME", "shop.titel"), "templates/a.tmpl": '{{ define "shop.title" }}x{{ end }}\n'},),
         good=({_A: _T.replace("NAME", "shop.title"), "templates/a.tmpl": '{{ define "shop.title" }}x{{ end }}\n'}, {_A: _T.replace("NAME", "shop.title")}, {_A: _T.replace("NAME", "slack.default.title"), "templates/a.tmpl": '{{ define "shop.title" }}x{{ end }}\n'})),
    Rule("alertmanager/unsent-severity", "warning", "Route by the severity as the rules send it.", f"{_DOC}, matchers: a route takes the alerts whose labels match.", is_yaml, _severities,
         bad=({**_made("routes: [{matchers: ['severity=\"paging\"']}]"), "rules.yml": _R},),
         good=({**_made("routes: [{matchers: ['severity=\"page\"']}, {matchers: ['severity=\"critical\"']}]"), "rules.yml": _R}, _made("routes: [{matchers: ['severity=\"paging\"']}]"), {**_made("routes: [{matchers: ['severity=~\"paging|x\"']}]"), "rules.yml": _R})),
)  # fmt: skip
