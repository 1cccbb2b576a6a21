"""Prometheus: expressions that parse, and give nothing, something else, or an alert at every hiccup."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.checks.prometheus import groups, seconds
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml

_STRING = lazy_pattern(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
# Well-known gauges, by what exporters call them: they go up and down, and have no rate.
_GAUGE = lazy_pattern(
    r"\b(?:rate|irate|increase)\s*\(\s*(node_filesystem_(?:avail|free|size)_bytes|node_memory_\w+_bytes|node_load\d+|node_hwmon_temp_celsius|"
    r"container_memory_(?:usage|working_set|rss|cache)_?\w*bytes|process_resident_memory_bytes|process_virtual_memory_bytes|process_open_fds|"
    r"go_goroutines|go_memstats_(?:alloc|heap_\w+|sys)_bytes|kube_\w+_status_(?:phase|replicas\w*|ready|condition)|kubelet_volume_stats_\w+_bytes|"
    r"jvm_memory_used_bytes|redis_memory_used_bytes|pg_stat_activity_count|rabbitmq_queue_messages(?:_ready)?|up|probe_success)\b\s*(?:\{[^}]*\})?\s*\["
)
_EQUALS = lazy_pattern(r"([a-zA-Z_]\w*)\s*(!?=)\s*(\"[^\"]*\"|'[^']*')")
# No value of a label looks like these; an expression for one does.
_REGEX = lazy_pattern(r"\.[*+]|\[[^\]]+\]|^\d\.\.$|^[\w./-]+(?:\|[\w./-]+)+$|^\([\w./-]+(?:\|[\w./-]+)+\)|^\^|\$$")
_RANGE = lazy_pattern(r"\b(?:rate|irate|increase|delta|idelta|deriv)\s*\([^()\[\]]*\[(\w+)\]")
_UP = lazy_pattern(
    r"^\s*\(?\s*(?:(?:up|probe_success|(?:mysql|pg|redis|mongodb|elasticsearch|nginx|rabbitmq|haproxy|memcached)_up)\s*(?:\{[^{}]*\})?\s*(?:==\s*(?:bool\s+)?0|<\s*1|!=\s*1)|"
    r"absent\s*\(\s*up\s*(?:\{[^{}]*\})?\s*(?:==\s*1\s*)?\))\s*\)?\s*$"
)
_AGGREGATION = lazy_pattern(
    r"^(?:sum|avg|min|max|count|stddev|stdvar|group)\s*(?:by\s*\(([^)]*)\)\s*)?\(", re.I
)  # fmt: skip
_AFTER = lazy_pattern(r"^\s*by\s*\(([^)]*)\)\s*$", re.I)


def _rules(files: Files, path: str) -> Iterator[tuple[Mapping[Any, Any], str, str]]:
    """(rule, its name, its expression) of a file."""
    for group in files.once(groups, path):
        for rule in map(mapping, listed(group.get("rules"))):
            expression = text_of(rule.get("expr"))
            if expression and "{{" not in expression:
                yield rule, text_of(rule.get("alert")) or text_of(rule.get("record")), expression


def _gauges(files: Files, path: str) -> Iterator[Hit]:
    for rule, name, expression in _rules(files, path):
        if found := _GAUGE.search(expression):
            yield Hit(at((rule, "expr")), f"rule `{name}`: `{found[1]}` is a gauge: it has no rate")


def _equal(files: Files, path: str) -> Iterator[Hit]:
    for rule, name, expression in _rules(files, path):
        for braces in re.findall(r"\{([^{}]*)\}", expression):
            for label, sign, value in _EQUALS.findall(braces):
                if _REGEX.search(value[1:-1]):
                    yield Hit(
                        at((rule, "expr")),
                        f"rule `{name}`: `{label}{sign}{value}` is compared letter by letter, not as an expression",
                    )


def _intervals(files: Files) -> tuple[float, ...]:
    """The times between two scrapes that the configurations of the repository say; none where one does not say it."""
    found: list[float] = []
    for path in files.all:
        if not is_yaml(path) or "scrape_configs:" not in files.text(path):
            continue
        for config in map(mapping, files.documents(path)[:1]):
            if "scrape_configs" not in config:
                continue
            general = mapping(config, "global").get("scrape_interval")
            jobs = [mapping(each).get("scrape_interval", general) for each in listed(config["scrape_configs"])]
            known = [seconds(each) for each in jobs]
            if not known or "scrape_config_files" in config or any(not each for each in known):
                return ()
            found += [each for each in known if each]
    return tuple(found)


def _short(files: Files, path: str) -> Iterator[Hit]:
    for rule, name, expression in _rules(files, path):
        for written in _RANGE.findall(_STRING.sub('""', expression)):
            intervals: tuple[float, ...] = files.once(_intervals)
            span = seconds(written)
            if span and intervals and span < 2 * min(intervals):
                yield Hit(
                    at((rule, "expr")),
                    f"rule `{name}`: [{written}] holds less than two samples, scraped every {min(intervals):g} s",
                )
                break


def _at_once(files: Files, path: str) -> Iterator[Hit]:
    for rule, name, expression in _rules(files, path):
        if "alert" not in rule or not _UP.match(expression):
            continue
        if "for" not in rule:  # who writes `for: 0m` means it
            yield Hit(at((rule, "alert")), f"alert `{name}` fires at a single failed scrape: it has no `for`")


def _sides(expression: str) -> Iterator[tuple[str, str, str]]:
    """(left, operator, right) of an expression's arithmetic and comparisons outside of all parentheses."""
    parts, signs, depth, start = [], [], 0, 0
    for found in re.finditer(r"[(\[{]|[)\]}]|==|!=|>=|<=|[-+*/%^<>]|\b(?:and|or|unless)\b", expression):
        if found[0] in "([{":
            depth += 1
        elif found[0] in ")]}":
            depth -= 1
        elif depth == 0:
            parts.append(expression[start : found.start()].strip())
            signs.append(found[0])
            start = found.end()
    parts.append(expression[start:].strip())
    for position, sign in enumerate(signs):
        yield parts[position], sign, parts[position + 1]


def _left(side: str) -> frozenset[str] | None:
    """The labels that an aggregation leaves; null for anything else."""
    found = _AGGREGATION.match(side)
    if found is None:
        return None
    depth, place = 1, found.end()
    while depth and place < len(side):
        depth += (side[place] == "(") - (side[place] == ")")
        place += 1
    rest = side[place:].strip()
    after = _AFTER.match(rest) if rest else None
    if rest and after is None:
        return None
    labels = (found[1] or "") if after is None else after[1]
    return frozenset(each.strip() for each in labels.split(",") if each.strip())


def _unmatched(files: Files, path: str) -> Iterator[Hit]:
    for rule, name, expression in _rules(files, path):
        bare = _STRING.sub('""', re.sub(r"(?m)#.*$", "", _STRING.sub('""', expression)))
        # A whole expression in parentheses is one all the same.
        for left, sign, right in _sides(bare):
            if sign in ("or", "and", "unless"):
                continue
            one, other = _left(left), _left(right)
            if one is not None and other is not None and one != other:
                told = [", ".join(sorted(each)) or "no label" for each in (one, other)]
                yield Hit(
                    at((rule, "expr")),
                    f"rule `{name}`: nothing comes of `{sign}`: one side leaves {told[0]}, the other {told[1]}",
                )
                break


def _probes(files: Files, path: str) -> Iterator[Hit]:
    """Jobs that put an exporter in the place of what it is to probe, and do not hand that over."""
    if "relabel_configs" not in files.text(path) or "scrape_configs:" not in files.text(path):
        return
    for config in map(mapping, files.documents(path)[:1]):
        for job in map(mapping, listed(config.get("scrape_configs"))):
            given = [mapping(each) for each in listed(job.get("relabel_configs"))]
            labels = [text_of(each.get("target_label")) for each in given]
            if text_of(job.get("metrics_path")) != "/probe" or "__address__" not in labels:
                continue
            handed = [each for each in labels if each.startswith("__param_")]
            mapped = any(each.get("action") in ("labelmap", "replace_all") for each in given)
            if "__param_target" not in handed and "target" not in mapping(job, "params") and not mapped:
                line = at(
                    *((each, "target_label") for each in given if each.get("target_label") in handed), (job, "job_name")
                )
                yield Hit(
                    line,
                    f"scrape job `{text_of(job.get('job_name'))}`: nothing sets `__param_target`, so that nothing is probed",
                )


_R = "rules/a.yml"
_P = "global: {scrape_interval: 30s}\nscrape_configs: [{job_name: a}]\n"


def _alert(expression: str, more: str = "for: 5m", **files: str) -> dict[str, str]:
    return {_R: f"groups:\n- name: g\n  rules:\n  - alert: A\n    {more}\n    expr: |\n      {expression}\n", **files}


def _probe(label: str) -> dict[str, str]:
    return {
        "prometheus.yml": f"scrape_configs:\n- job_name: a\n  metrics_path: /probe\n  relabel_configs: [{{source_labels: [__address__], target_label: {label}}}, {{target_label: __address__, replacement: 'b:9115'}}]\n"
    }


RULES = (
    Rule("prometheus/rate-of-gauge", "warning", "Use delta() or deriv(), or compare the gauge itself.", "Prometheus documentation, rate(): it should only be used with counters; delta() and deriv() are for gauges.", is_yaml, _gauges,
         bad=(_alert("rate(node_load1[5m]) > 1"), _alert("increase(container_memory_working_set_bytes{a=\"b\"}[5m]) > 1")), good=(_alert("rate(node_cpu_seconds_total[5m]) > 1"), _alert("deriv(node_filesystem_avail_bytes[5m]) < 0"), _alert("rate(up_total[5m]) > 1"))),
    Rule("prometheus/equals-expression", "warning", "Write `=~`, or `!~`.", "Prometheus documentation, Querying basics: = selects labels that are exactly equal, =~ those that match.", is_yaml, _equal,
         bad=(_alert('a{code="5.."} > 1'), _alert('a{job="shop|pay"} > 1'), _alert("a{path!='/api/.*'} > 1")), good=(_alert('a{code=~"5..", job="shop", path="/a.b"} > 1'), _alert('a{mode!="idle"} > 1'), _alert('a{le="0.5", version="1.2"} > 1'))),
    Rule("prometheus/short-range", "warning", "Take a range of at least two scrapes, better four.", "Prometheus documentation, rate(): it needs at least two samples in the range.", is_yaml, _short,
         bad=(_alert("rate(a_total[30s]) > 1", **{"prometheus.yml": _P}),), good=(_alert("rate(a_total[1m]) > 1", **{"prometheus.yml": _P}), _alert("rate(a_total[30s]) > 1"), _alert("rate(a_total[30s]) > 1", **{"prometheus.yml": _P.replace("job_name: a", "job_name: a, scrape_interval: 15s")}), _alert("max_over_time(a[30s]) > 1", **{"prometheus.yml": _P}))),
    Rule("prometheus/no-for", "warning", "Say for how long it must hold, `for: 5m`: one scrape that is lost wakes nobody then.", "Prometheus documentation, Alerting rules: without `for` an alert fires at the first evaluation that finds it.", is_yaml, _at_once,
         bad=(_alert('up{job="a"} == 0', "labels: {a: b}"), _alert("absent(up{job='a'})", "labels: {a: b}"), _alert("probe_success < 1", "labels: {a: b}")), good=(_alert("up == 0"), _alert("backup_failed == 1", "labels: {a: b}"), _alert("avg_over_time(up[10m]) < 0.9", "labels: {a: b}"), _alert("up == 0", "for: 0m"))),
    Rule("prometheus/probe-target", "error", "Hand the address over: `target_label: __param_target`.", "Blackbox exporter, Prometheus configuration: relabelling makes the address the parameter target.", is_yaml, _probes,
         bad=(_probe("__param_targets"),), good=(_probe("__param_target"), {"prometheus.yml": "scrape_configs: [{job_name: a, metrics_path: /probe, static_configs: [{targets: ['a:1']}]}]\n"})),
    Rule("prometheus/unmatched", "warning", "Keep the same labels on both sides, or say `on (…)` and `group_left`.", "Prometheus documentation, Vector matching: entries match where all their labels are equal.", is_yaml, _unmatched,
         bad=(_alert("sum by (job) (rate(a[5m])) / sum by (pod) (rate(b[5m])) > 1"), _alert("sum(rate(a{x=\"y(\"}[5m])) by (job) / sum(rate(b[5m])) > 1")),
         good=(_alert("sum by (job) (rate(a[5m])) / sum(rate(b[5m])) by (job) > 1"), _alert("sum by (a, b) (x) / on (a) group_left sum by (a) (y) > 1"), _alert("sum by (a) (x) > 1 and sum by (b) (y) > 1"), _alert("sum by (a) (x) / ignoring (a) group_left sum(y) > 1"), _alert("sum by (a) (x) / scalar(sum(y)) > 100 * 2"), _alert("sum by (a) (x) or sum by (b) (y)"))),
)  # fmt: skip
