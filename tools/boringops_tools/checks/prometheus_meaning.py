"""Prometheus and Alertmanager: expressions that parse and mean something else, times, files and jobs by name, secrets."""

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
from boringops_tools.checks.prometheus_names import written_out
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose, is_yaml, walk

_AGGREGATE = lazy_pattern(r"\b(?:sum|avg|max|min|count|stddev|stdvar|group)\s*(?:by\s*\(([^)]*)\))?\s*\(", re.I)
_BY = lazy_pattern(r"\bby\s*\(([^)]*)\)", re.I)
_QUANTILE = lazy_pattern(r"\bhistogram_quantile\s*\(\s*[\d.]+\s*,")
_OTHER = lazy_pattern(
    r"\b(?:without|on|ignoring|group_left|group_right|topk|bottomk|quantile|count_values|label_replace|label_join|absent\w*|and|or|unless|vector|scalar)\b",
    re.I,
)
# Collections of alerts end every summary with it, whatever it is of.
_PHRASE = lazy_pattern(r"\(instance \{\{\s*\$labels\.instance\s*\}\}\)\s*$")
_LABEL = lazy_pattern(r"(?:\$labels|(?<=[{\s(])\.Labels)\.(\w+)|\bindex\s+\$labels\s+[\"`](\w+)[\"`]")
_WITHOUT = lazy_pattern(r"\bwithout\s*\(([^)]*)\)", re.I)
# Some gauges are called so too; what these words count never gets less.
_TOTAL = lazy_pattern(
    r"\b((?:\w+_)?(?:requests?|errors?|failures?|exceptions?|retries|drops?|dropped|timeouts?|restarts?|rejected|hits|misses)(?:_[a-z]+)*_total)\b\s*(?:\{[^}]*\})?\s*(?:\)\s*(?:by\s*\([^)]*\)\s*)?)?(>=?)\s*[\d.]"
)
_SUMMED = lazy_pattern(r"\b(?:sum|max|min|avg)\s*(?:by\s*\([^)]*\)\s*)?\(\s*$", re.I)
_UP = lazy_pattern(r"\bup\s*\{[^}]*\bjob\s*=\s*\"([^\"]+)\"")
_KINDS = frozenset({"service", "svc", "server", "api", "app", "job", "exporter", "metric", "web", "backend"})
_TIMES = ("group_wait", "group_interval", "repeat_interval", "resolve_timeout")
_HELD = lazy_pattern(r"(?i)[$<>{}*]|change|example|x{4}|secret|password|token|your|redacted|dummy|fake|test|todo")


def _rules(files: Files, path: str) -> Iterator[Mapping[Any, Any]]:
    for group in groups(files, path):
        yield from (mapping(each) for each in listed(group.get("rules")))


def labels_kept(expression: str) -> set[str] | None:
    """The labels that an expression of aggregations leaves; null where that is not sure."""
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", '""', expression)
    bare, quantiles = _QUANTILE.subn("(", bare)  # a number of a histogram: it takes `le` away
    if _OTHER.search(bare):
        return None
    labels = {each.strip() for match in _BY.finditer(bare) for each in match[1].split(",") if each.strip()}
    outside, depth, at_ = "", 0, 0
    for match in _AGGREGATE.finditer(bare):
        if match.start() < at_:
            continue
        outside += bare[at_ : match.start()]
        depth, at_ = 1, match.end()
        while depth and at_ < len(bare):
            depth += (bare[at_] == "(") - (bare[at_] == ")")
            at_ += 1
    outside += bare[at_:]
    outside = _BY.sub("", outside)
    if at_ == 0 or re.search(
        r"[A-Za-z_]", re.sub(r"\b(?:bool|e\d+|round|abs|ceil|floor|clamp_min|clamp_max)\b", "", outside)
    ):
        return None
    return labels - {"le"} if quantiles else labels


def _lost(expression: str) -> set[str]:
    """The labels that every aggregation of an expression takes away by `without`; none where that is not sure."""
    taken = [{each.strip() for each in match[1].split(",")} for match in _WITHOUT.finditer(expression)]
    if not taken or labels_kept(_WITHOUT.sub("by (le)", expression)) is None or _BY.search(expression):
        return set()
    return set.intersection(*taken) - {""}


def _labels(files: Files, path: str) -> Iterator[Hit]:
    for rule in _rules(files, path):
        expression = written_out(files, text_of(rule.get("expr"))) if "alert" in rule else ""
        kept, lost = labels_kept(expression), _lost(expression)
        if kept is None and not lost:
            continue
        own = set(map(str, mapping(rule, "labels"))) | {"alertname"}
        for key, value in mapping(rule, "annotations").items():
            for names in _LABEL.findall(value) if isinstance(value, str) else ():
                name = names[0] or names[1]
                if name in own or (name in kept if kept is not None else name not in lost):
                    continue
                left = f"it leaves {', '.join(sorted(kept))}" if kept else "it aggregates all of them away"
                yield Hit(
                    at((rule["annotations"], key)),
                    f"alert `{rule['alert']}`: the expression leaves no label `{name}`; "
                    + (left if kept is not None else "`without` takes it away"),
                    severity="info" if name == "instance" and _PHRASE.search(value) else None,
                )


def _counters(files: Files, path: str) -> Iterator[Hit]:
    for rule in _rules(files, path):
        expression = re.sub(r"\"[^\"]*\"", '""', text_of(rule.get("expr")))
        for match in _TOTAL.finditer(expression) if "alert" in rule else ():
            # Sums of counters grow as well, and so does the greatest of them.
            before = _SUMMED.sub("", expression[: match.start()])
            if before.count("(") == before.count(")"):
                yield Hit(
                    at((rule, "expr")),
                    f"alert `{rule['alert']}`: `{match[1]}` only ever grows: once above, it stays there",
                )


def _configs(files: Files) -> list[tuple[str, Mapping[Any, Any]]]:
    found = []
    for path in files.all:
        if is_yaml(path) and "scrape_configs:" in files.text(path):
            found += [
                (path, each)
                for each in files.documents(path)[:1]
                if isinstance(each, Mapping) and "scrape_configs" in each
            ]
    return found


def _jobs(files: Files, path: str) -> Iterator[Hit]:
    configs = files.once(_configs)
    if not configs or any("scrape_config_files" in each for _, each in configs):
        return
    names: set[str] = set()
    found = False  # what brings labels of its own may bring the job too
    for path_of, config in configs:
        for _, key, value in walk(config):
            if (key == "target_label" and value == "job") or (key == "action" and value in ("labelmap", "replace_all")):
                return
        for job in listed(config.get("scrape_configs")):
            names.add(text_of(mapping(job).get("job_name")))
            given = _from_files(files, path_of, mapping(job))
            found |= given is None or mapping(job).get("honor_labels") is True or not _is_taken_in(config, path)
            names |= given or set()
            for entry in listed(mapping(job).get("static_configs")):
                names.add(text_of(mapping(entry, "labels").get("job")))
    for rule in _rules(files, path):
        for name in _UP.findall(text_of(rule.get("expr"))):
            near = difflib.get_close_matches(name, names, 1, 0.8) or [
                each for each in names if each and (_called(name) == _called(each) or _is_part(each, name))
            ]
            if name not in names and (near or not found):
                yield Hit(
                    at((rule, "expr")), f"no scrape job is called `{name}`; there is {', '.join(sorted(names - {''}))}"
                )


def _is_part(job: str, name: str) -> bool:
    return name.startswith(f"{job}-") or name.endswith(f"-{job}")


def _called(name: str) -> list[str]:
    """What a job is of: `order-service` and `orders` are one."""
    words = [each.removesuffix("s") for each in re.split(r"[-_./]", name.lower())]
    return [each for each in words if each not in _KINDS] or words


def _from_files(files: Files, path: str, job: Mapping[Any, Any]) -> set[str] | None:
    """The jobs that targets of files give themselves; null where not all that may give one is here.

    Other discovery gives labels that begin with `__meta_`: relabeling alone makes a job of one."""
    if any(str(key) in ("http_sd_configs", "kuma_sd_configs", "xds_sd_configs") for key in job):
        return None
    found: set[str] = set()
    for each in listed(job.get("file_sd_configs")):
        for name in map(text_of, listed(mapping(each).get("files"))):
            ends = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            there = [one for one in files.all if fnmatch.fnmatch(one, ends)]
            if name.startswith("/") or not name or not there or not all(map(is_yaml, there)):
                return None
            for target in (one for place in there for read in files.documents(place) for one in listed(read)):
                found.add(text_of(mapping(target, "labels").get("job")))
    return found


def _is_taken_in(config: Mapping[Any, Any], path: str) -> bool:
    """Whether a configuration surely evaluates the rules of a file: others may belong to another Prometheus."""
    simple = not any(
        str(key).endswith("_sd_configs") for job in listed(config.get("scrape_configs")) for key in mapping(job)
    )
    names = [posixpath.basename(text_of(each)) for each in listed(config.get("rule_files"))]
    return simple or any(fnmatch.fnmatch(posixpath.basename(path), each) for each in names)


def _files(files: Files, path: str) -> Iterator[Hit]:
    if "rule_files:" not in files.text(path):
        return
    for document in files.documents(path)[:1]:
        wanted = listed(mapping(document).get("rule_files"))
        folder = posixpath.dirname(path)
        for position, each in enumerate(wanted):
            if (
                not isinstance(each, str)
                or each.startswith("/")
                or "$" in each
                or "scrape_configs" not in mapping(document)
            ):
                continue
            pattern = posixpath.normpath(posixpath.join(folder, each))
            if any(fnmatch.fnmatch(known, pattern) for known in files.all):
                continue
            first = each.lstrip("./").partition("/")[0]
            mounted = any(first in files.text(one) for one in files.all if is_compose(one) or "Dockerfile" in one)
            others = [
                one
                for one in files.all
                if is_yaml(one) and one != path and one.startswith(folder) and groups(files, one)
            ]
            if others and not mounted:
                yield Hit(at((wanted, position)), f"`{each}` matches no file; there is {others[0]}")


def _times(files: Files, path: str) -> Iterator[Hit]:
    if "receivers:" not in files.text(path) or "route:" not in files.text(path):
        return
    for document in files.documents(path)[:1]:
        for parent, key, value in walk(document):
            if (
                key in _TIMES
                and isinstance(value, str)
                and "$" not in value
                and "{{" not in value
                and seconds(value) is None
            ):
                yield Hit(at((parent, key)), f"`{key}: {value}` is no duration such as 4h or 1h30m")


def _secrets(files: Files, path: str) -> Iterator[Hit]:
    if "scrape_configs:" not in files.text(path) and "remote_write:" not in files.text(path):
        return
    for document in files.documents(path)[:1]:
        for parent, key, value in walk(document):
            if (
                key in ("credentials", "bearer_token", "password", "client_secret")
                and isinstance(value, str)
                and len(value) >= 8
                and not _HELD.search(value)
            ):
                yield Hit(at((parent, key)), f"`{key}` stands in the file: whoever reads the repository has it")


_R = "rules/a.yml"
_P = "prometheus.yml"
_A = "alertmanager.yml"


def _alert(expression: str, summary: str = "x", **more: str) -> dict[str, str]:
    return {
        _R: f"groups:\n- name: g\n  rules:\n  - alert: A\n    expr: {expression}\n    annotations:\n      summary: '{summary}'\n",
        **more,
    }


def _config(text: str = "", name: str = "shop") -> dict[str, str]:
    return {_P: f"rule_files: [rules/*.yml]\nscrape_configs:\n- job_name: {name}\n{text}"}


def _alertmanager(time: str) -> dict[str, str]:
    return {_A: f"route: {{receiver: a, repeat_interval: {time}}}\nreceivers: [{{name: a}}]\n"}


_RECORDED = {
    "rec.yml": "groups:\n- name: r\n  rules:\n  - {record: 'job:a:rate5m', expr: 'sum by (job) (rate(a_total[5m]))', labels: {tier: web}}\n"
}

RULES = (
    Rule("prometheus/aggregated-label", "warning", "Keep the label with `by (…)`, or leave it out of the text.", "Prometheus documentation, Aggregation operators: only the labels of by are kept.", is_yaml, _labels,
         bad=(_alert("sum(rate(a_total[5m])) > 1", "{{ $labels.instance }}"), _alert("sum by (job) (rate(a_total[5m])) / sum by (job) (rate(b_total[5m])) > 1", "{{ $labels.pod }}"), _alert("histogram_quantile(0.99, sum by (le) (rate(a_bucket[5m]))) > 1", "{{ $labels.route }}"),
              _alert("sum without (instance) (rate(a_total[5m])) > 1", "{{ .Labels.instance }}"), _alert("job:a:rate5m{job='x'} > 1", "{{ $labels.instance }}", **_RECORDED)),
         good=(_alert("sum by (job) (rate(a_total[5m])) > 1", "{{ $labels.job }} {{ $value }}"), _alert("histogram_quantile(0.99, sum by (le, route) (rate(a_bucket[5m]))) > 1", "{{ $labels.route }}"), _alert("job:a:rate5m > 1", "{{ $labels.job }} {{ $labels.tier }}", **_RECORDED), _alert("job:b:rate5m > 1", "{{ $labels.pod }}", **_RECORDED), _alert("sum without (instance) (rate(a_total[5m])) > 1", "{{ $labels.job }}"), _alert("rate(a_total[5m]) > 1", "{{ $labels.x }}"), _alert("sum(a) > 1 and on() b", "{{ $labels.x }}"), _alert("sum(rate(a[5m])) by (x) > 1", "{{ $labels.x }}"))),
    Rule("prometheus/counter", "warning", "Compare its rate() or increase().", "Prometheus documentation, Metric types: a counter only increases.", is_yaml, _counters,
         bad=(_alert("errors_total{a=\"b\"} > 100"), _alert("sum by (job) (errors_total{a=\"b\"}) > 100"), _alert("sum(errors_total) by (job) > 100")), good=(_alert("rate(errors_total[5m]) > 1"), _alert("sum(increase(errors_total[1h])) > 5"), _alert("errors_total == 0"))),
    Rule("prometheus/job-name", "warning", "Take the name of a scrape job: as it is, the alert never fires.", "Prometheus configuration reference: the label job is the job's name.", is_yaml, _jobs,
         bad=(_alert('up{job="shop-api"} == 0', **_config()), _alert('up{job="order-service"} == 0', **_config("  file_sd_configs: [{files: [/t/*.yml]}]\n", "orders")), _alert('up{job="x"} == 0', **_config("  file_sd_configs: [{files: [t/*.yml]}]\n"), **{"t/a.yml": "- {targets: [a], labels: {zone: b}}\n"}), _alert('up{job="x"} == 0', **_config("  dns_sd_configs: [{names: [a.example]}]\n"))), good=(_alert('up{job="shop"} == 0', **_config()), _alert('up{job="x"} == 0'), _alert('up{job="x"} == 0', **_config("  kubernetes_sd_configs: [{role: pod}]\n  relabel_configs: [{regex: a_(.+), action: labelmap}]\n")), _alert('up{job="x"} == 0', **_config("  honor_labels: true\n")), _alert('up{job="x"} == 0', **_config("  http_sd_configs: [{url: 'http://a'}]\n")), _alert('up{job="x"} == 0', **_config("  file_sd_configs: [{files: [t/*.yml]}]\n"), **{"t/a.yml": "- {targets: [a], labels: {job: x}}\n"}), _alert('up{job="x"} == 0', **_config("  file_sd_configs: [{files: [t/*.yml]}]\n")), _alert('up{job="x"} == 0', **_config("  relabel_configs: [{source_labels: [a], target_label: job}]\n")))),
    Rule("prometheus/rule-file", "warning", "Name the files that there are: without them no rule is evaluated.", "Prometheus configuration reference, rule_files: globs, relative to the configuration.", is_yaml, _files,
         bad=(_alert("up == 0", **{_P: _config()[_P].replace("rules/*", "alerts/*")}),), good=(_alert("up == 0", **_config()), {_P: _config()[_P]}, _alert("up == 0", **{_P: _config()[_P].replace("rules/*", "/etc/x/*")}))),
    Rule("alertmanager/time", "error", "Alertmanager does not start: write 30s, 5m, 4h.", "Alertmanager configuration reference: a duration is numbers with units.", is_yaml, _times,
         bad=(_alertmanager("4 hours"),), good=(_alertmanager("1h30m"),)),
    Rule("prometheus/inline-secret", "error", "Read it from a file: credentials_file, password_file.", "Prometheus configuration reference: each secret can come from a file.", is_yaml, _secrets,
         bad=(_config("  authorization: {credentials: Zk3vQ9pLm2Xw8RtB}\n"),), good=(_config("  authorization: {credentials_file: /a}\n  basic_auth: {username: b, password: '${PROM_PASS}'}\n"),)),
)  # fmt: skip
