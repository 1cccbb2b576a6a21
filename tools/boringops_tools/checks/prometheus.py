"""Prometheus: the structure of rules and the scrape jobs of a configuration."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml

_DURATION = lazy_pattern(r"(?=.)(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?")
_UNITS = {"y": 31536000.0, "w": 604800.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def seconds(value: Any) -> float | None:
    """A duration in seconds; null where it is none."""
    text = text_of(value)
    if text == "0":
        return 0.0
    if not _DURATION.fullmatch(text):
        return None
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)(ms|[ywdhms])", text))


def groups(files: Files, path: str) -> list[Mapping[Any, Any]]:
    """Groups of rules, of a rule file or a PrometheusRule object."""
    if "groups" not in files.text(path):
        return []
    found = []
    for document in files.documents(path):
        custom = mapping(document).get("kind") == "PrometheusRule"
        if "apiVersion" in mapping(document) and not custom:
            continue  # Grafana's alerts look alike
        entries = listed(mapping(document, *(["spec"] if custom else [])).get("groups"))
        rules = [rule for group in entries for rule in listed(mapping(group).get("rules"))]
        if any({"alert", "record"} & set(mapping(rule)) for rule in rules) and any(
            {"expr", "for", "labels", "annotations"} & set(mapping(rule)) for rule in rules
        ):
            found += [mapping(group) for group in entries]
    return found


def _structure(files: Files, path: str) -> Iterator[Hit]:
    names: set[str] = set()
    for group in files.once(groups, path):
        name = text_of(group.get("name"))
        if not name:
            yield Hit(at(*((group, key) for key in group)), "a group has no `name`")
        elif name in names:
            yield Hit(at((group, "name")), f"there are two groups `{name}`")
        names.add(name)
        rules = listed(group.get("rules"))
        for position, rule in enumerate(rules):
            line = at((rules, position))
            if not isinstance(rule, Mapping):
                yield Hit(line, f"group `{name}`: a rule is no mapping")
                continue
            called = text_of(rule.get("alert")) or text_of(rule.get("record")) or f"number {position + 1}"
            if ("alert" in rule) == ("record" in rule):
                yield Hit(line, f"rule {called}: exactly one of `alert` and `record` is needed")
            if not text_of(rule.get("expr")).strip():
                yield Hit(line, f"rule {called}: there is no `expr`")
            for key in ("for", "keep_firing_for", "annotations"):
                if "record" in rule and "alert" not in rule and key in rule:
                    yield Hit(at((rule, key)), f"rule {called}: `{key}` is for alerts")
            for key in ("labels", "annotations"):
                values = rule.get(key)
                if values is not None and not isinstance(values, Mapping):
                    yield Hit(at((rule, key)), f"rule {called}: `{key}` is no mapping")
                for label, value in mapping(values).items():
                    if isinstance(value, Mapping | list):
                        yield Hit(at((values, label)), f"rule {called}: `{label}` of `{key}` is no text")


def _durations(files: Files, path: str) -> Iterator[Hit]:
    places: list[tuple[Mapping[Any, Any], tuple[str, ...]]] = [
        (group, ("interval", "query_offset")) for group in files.once(groups, path)
    ]
    places += [
        (mapping(rule), ("for", "keep_firing_for"))
        for group in files.once(groups, path) for rule in listed(group.get("rules"))
    ]  # fmt: skip
    config = _config(files, path)
    timed = ("scrape_interval", "scrape_timeout", "evaluation_interval")
    places += [(mapping(config, "global"), timed), *((job, timed[:2]) for job in _jobs(config))]
    for owner, keys in places:
        for key in keys:
            value = owner.get(key)
            if value is not None and seconds(value) is None and "$" not in str(value):
                yield Hit(at((owner, key)), f"`{key}: {value}` is no duration")


def _config(files: Files, path: str) -> Mapping[Any, Any]:
    if "scrape_configs" not in files.text(path):
        return {}
    found = files.documents(path)
    config = mapping(found[0]) if found else {}
    return {} if "clients" in config or "positions" in config else config  # Promtail's


def _jobs(config: Mapping[Any, Any]) -> list[Mapping[Any, Any]]:
    return [mapping(job) for job in listed(config.get("scrape_configs"))]


def _scrapes(files: Files, path: str) -> Iterator[Hit]:
    config = _config(files, path)
    jobs = listed(config.get("scrape_configs"))
    names: set[str] = set()
    default = mapping(config, "global").get("scrape_interval", "1m")
    general = mapping(config, "global")
    every, most = seconds(default), seconds(general.get("scrape_timeout"))
    if every is not None and most is not None and most > every:
        yield Hit(at((general, "scrape_timeout")), "`global`: the timeout of scrapes is longer than their interval")
    for position, job in enumerate(jobs):
        name = text_of(mapping(job).get("job_name"))
        if not name:
            yield Hit(at((jobs, position)), "a scrape job has no `job_name`")
        elif name in names:
            yield Hit(at((job, "job_name")), f"there are two scrape jobs `{name}`")
        names.add(name)
        every, most = seconds(mapping(job).get("scrape_interval", default)), seconds(mapping(job).get("scrape_timeout"))
        if every is not None and most is not None and most > every:
            yield Hit(at((job, "scrape_timeout")), f"scrape job `{name}`: its timeout is longer than its interval")


_DOC = "Prometheus configuration reference"
_R = "groups:\n- name: g\n  rules:\n"

RULES = (
    Rule(
        "prometheus/rule", "error", "Prometheus refuses the file: a rule has an expr and either alert or record.",
        f"{_DOC}, recording and alerting rules: alert or record, expr; labels and annotations map names to text; group names are unique in a file.",
        is_yaml, _structure,
        bad=(
            {"rules.yml": _R + "  - {alert: A, record: b, expr: up}\n"}, {"rules.yml": _R + "  - {alert: A}\n  - {alert: B, expr: up}\n"},
            {"rules.yml": _R + "  - {record: a, expr: up, for: 5m}\n"}, {"rules.yml": _R + "  - {alert: A, expr: up, labels: [a]}\n"},
            {"rules.yml": _R + "  - {alert: A, expr: up}\n- name: g\n  rules: []\n"},
        ),
        good=(
            {"rules.yml": _R + "  - {alert: A, expr: up == 0, for: 5m, labels: {a: b, n: 1}, annotations: {x: y}}\n  - {record: 'a:b', expr: 1}\n"},
            {"rules.yml": "apiVersion: 1\ngroups:\n- name: g\n  rules:\n  - {alert: A, record: b, expr: c}\n"}, {"x.yml": "groups: [a, b]\n"},
        ),
    ),
    Rule(
        "prometheus/duration", "error", "Write a number and one of ms, s, m, h, d, w, y: 5m, 1h30m.",
        f"{_DOC}: a duration matches ((([0-9]+)y)?(([0-9]+)w)?...(([0-9]+)ms)?|0).",
        is_yaml, _durations,
        bad=(
            {"rules.yml": _R + "  - {alert: A, expr: up, for: 5min}\n"},
            {"prometheus.yml": "global: {scrape_interval: 15 seconds}\nscrape_configs: [{job_name: a}]\n"},
        ),
        good=({"rules.yml": _R.replace("rules", "interval: 1m30s\n  rules") + "  - {alert: A, expr: up, for: 1h30m}\n  - {alert: B, expr: up, for: 0}\n"},),
    ),
    Rule(
        "prometheus/scrape", "error", "Prometheus refuses the configuration.",
        f"{_DOC}: job_name is required and unique, scrape_timeout at most scrape_interval.",
        is_yaml, _scrapes,
        bad=(
            {"prometheus.yml": "scrape_configs:\n- job_name: a\n- job_name: a\n"},
            {"prometheus.yml": "global: {scrape_interval: 10s}\nscrape_configs:\n- {job_name: a, scrape_timeout: 30s}\n"},
        ),
        good=(
            {"prometheus.yml": "scrape_configs:\n- job_name: a\n- {job_name: b, scrape_interval: 1m, scrape_timeout: 30s}\n"},
            {"promtail.yml": "clients: [{url: x}]\nscrape_configs:\n- job_name: a\n- job_name: a\n"},
        ),
    ),
)  # fmt: skip
