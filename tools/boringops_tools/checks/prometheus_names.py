"""Prometheus: recorded series, files of unit tests, and what the operator's monitors select, by name."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import fnmatch
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.checks.kubernetes import Object, objects
from boringops_tools.checks.prometheus import groups
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml

# By convention only what a rule records has colons in its name: level:metric:operations.
_RECORDED = lazy_pattern(r"(?<![\w:\"'/.])([a-zA-Z_]\w*(?::\w+)+)(?![\w:(\"'/])")
_STRINGS = lazy_pattern(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\[[^\]]*\]|(?m:#.*$)")
_SERIES = lazy_pattern(r"(?<![\w:\"'/.])([a-zA-Z_]\w*(?::\w+)+)(?![\w:(\"'/])(?:\s*\{[^{}]*\})?")
_BY = lazy_pattern(r"\bby\s*\(")
_NO_SEVERITY = frozenset({"Watchdog", "InfoInhibitor", "DeadMansSwitch", "DeadManSwitch"})


def _rules(files: Files, path: str) -> Iterator[tuple[Mapping[Any, Any], Mapping[Any, Any]]]:
    for group in files.once(groups, path):
        yield from ((group, mapping(each)) for each in listed(group.get("rules")))


def _records(files: Files) -> frozenset[str]:
    """All that the rules of the repository record, rendered or not."""
    found: set[str] = set()
    for path in files.all:
        if path.endswith(
            (".yml", ".yaml", ".json", ".jsonnet", ".libsonnet", ".tpl", ".rules", ".j2", ".cue", ".tf")
        ) and "record" in (text := files.text(path)):
            found |= set(re.findall(r"(?m)[\"']?\brecord[\"']?\s*[:=]\s*[\"']?([\w:]+)", text))
    return frozenset(found)


def _with_labels(rule: Mapping[Any, Any]) -> str:
    """The expression of a rule that records, as if it kept the labels that the rule adds."""
    expression = f"({text_of(rule.get('expr'))})"
    added = ", ".join(map(str, mapping(rule, "labels")))
    if not added:
        return expression
    return _BY.sub(f"by ({added}, ", expression) if _BY.search(expression) else f"sum by ({added}) {expression}"


def _recorded(files: Files) -> dict[str, str]:
    """The expression of each series that one rule alone records, with the labels that it adds, by name."""
    found: dict[str, list[str]] = {}
    for path in files.all:
        if is_yaml(path) and "record:" in files.text(path):
            for _, rule in _rules(files, path):
                found.setdefault(text_of(rule.get("record")), []).append(_with_labels(rule))
    return {name: each[0] for name, each in found.items() if name and len(each) == 1}


def written_out(files: Files, expression: str) -> str:
    """An expression with the series that rules of the repository record written out, as far as that is sure."""
    for _ in range(3):
        names = set(_SERIES.findall(_STRINGS.sub(" ", expression))) if ":" in expression else set()
        known: dict[str, str] = files.once(_recorded) if names else {}
        if not names & set(known):
            break
        expression = _replaced(expression, known)
    return expression


def _replaced(expression: str, known: Mapping[str, str]) -> str:
    return _SERIES.sub(lambda series: known.get(series[1], series[0]), expression)


def _slip_of(name: str, records: frozenset[str]) -> list[str]:
    """The recorded series from which a name differs in one part alone, and there by a letter or two."""
    parts = name.split(":")
    found = []
    for each in records:
        other = each.split(":")
        wrong = [pair for pair in zip(parts, other, strict=False) if pair[0] != pair[1]]
        near = len(parts) == len(other) and len(wrong) == 1 and len(min(*wrong[0], key=len)) > 3
        if near and difflib.SequenceMatcher(None, *wrong[0]).ratio() > 0.84 and not re.search(r"\d", "".join(wrong[0])):
            found.append(each)
    return found


def _undefined(files: Files, path: str) -> Iterator[Hit]:
    for _, rule in _rules(files, path):
        expression = text_of(rule.get("expr"))
        if ":" not in expression or "{{" in expression:
            continue
        records: frozenset[str] = files.once(_records)
        for name in dict.fromkeys(_RECORDED.findall(_STRINGS.sub(" ", expression))):
            # Others' rules record much of what is asked for; one of a family recorded here is ours.
            family = sorted(each for each in records if each.rpartition(":")[0] == name.rpartition(":")[0])
            family = family or sorted(_slip_of(name, records))
            if name not in records and family:
                called = text_of(rule.get("alert")) or text_of(rule.get("record"))
                yield Hit(
                    at((rule, "expr")), f"rule `{called}`: nothing records `{name}`; there is {', '.join(family[:4])}"
                )


def _severity(files: Files, path: str) -> Iterator[Hit]:
    alerts = [(group, rule) for group, rule in _rules(files, path) if "alert" in rule]
    without = [
        rule
        for group, rule in alerts
        if "severity" not in mapping(rule, "labels") and "severity" not in mapping(group, "labels")
    ]
    others = len(alerts) - len(without)
    if len(without) == 1 and others and text_of(without[0].get("alert")) not in _NO_SEVERITY:
        yield Hit(
            at((without[0], "alert")),
            f"alert `{without[0]['alert']}` has no severity; "
            + (f"the {others} others of this file have one" if others > 1 else "the other one of this file has one"),
        )


def _tested(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if not (re.search(r"(?m)^rule_files:", text) and re.search(r"(?m)^tests:", text)):
        return
    for document in files.documents(path)[:1]:
        wanted = listed(mapping(document).get("rule_files"))
        for position, each in enumerate(wanted):
            if not isinstance(each, str) or each.startswith("/") or re.search(r"[${}]", each):
                continue
            place = posixpath.normpath(posixpath.join(posixpath.dirname(path), each))
            if (
                not any(fnmatch.fnmatch(one, place) for one in files.all)
                and not files.ignored(place)
                and _near(files, place)
            ):
                yield Hit(at((wanted, position)), f"`{each}` matches no file; there is {_near(files, place)}")


def _near(files: Files, place: str) -> str:
    """A rule file that is meant, as far as that can be told: one beside, or of that name elsewhere."""
    folder, name = posixpath.split(place)
    same = files.by_name.get(name, [])
    beside = {
        posixpath.basename(one): one
        for one in files.all
        if posixpath.dirname(one) == folder and is_yaml(one) and groups(files, one)
    }
    near = difflib.get_close_matches(name, beside, 1, 0.6) or list(beside)[:1]
    return same[0] if same else beside[near[0]] if near else ""


# --- the operator -----------------------------------------------------------------------------------------------------


def _services(files: Files) -> list[Object]:
    paths = [each for each in files.all if is_yaml(each)]
    return [
        thing for each in paths if len(paths) <= 300 for thing in objects(files, each) if thing["kind"] == "Service"
    ]


def _built(files: Files) -> bool:
    """Whether labels and names are made by something else than the manifests."""
    return any(
        posixpath.basename(each) in ("Chart.yaml", "kustomization.yaml", "kustomization.yml") for each in files.all
    )


def _monitors(files: Files, path: str) -> Iterator[Hit]:
    if "ServiceMonitor" not in files.text(path):
        return
    for document in files.documents(path):
        if mapping(document).get("kind") != "ServiceMonitor" or files.once(_built):
            continue
        spec, name = mapping(document, "spec"), text_of(mapping(document, "metadata").get("name"))
        wanted = mapping(spec, "selector", "matchLabels")
        space = mapping(document, "metadata").get("namespace")
        spaces = listed(mapping(spec, "namespaceSelector").get("matchNames")) or [space]
        known: list[Object] = files.once(_services)
        if not mapping(spec, "namespaceSelector").get("any"):
            known = [each for each in known if mapping(each, "metadata").get("namespace") in spaces]
        if (
            not known
            or not wanted
            or mapping(spec, "selector").get("matchExpressions")
            or re.search(r"[${}]", " ".join(map(str, wanted.values())))
        ):
            continue
        found = [each for each in known if _has(mapping(each, "metadata", "labels"), wanted)]
        namesakes = [
            each
            for each in known
            if mapping(each, "metadata").get("name") == name or set(wanted) & set(mapping(each, "metadata", "labels"))
        ]
        if (
            not found
            and (len(known) == 1 or any(mapping(each, "metadata").get("name") == name for each in known))
            and namesakes
        ):
            labels = ", ".join(f"{key}: {value}" for key, value in mapping(namesakes[0], "metadata", "labels").items())
            yield Hit(
                at((mapping(spec, "selector"), "matchLabels")),
                f"ServiceMonitor `{name}` selects no Service; `{mapping(namesakes[0], 'metadata').get('name')}` has {labels or 'no labels'}",
            )
        names = {
            text_of(port.get("name"))
            for each in found
            for port in map(mapping, listed(mapping(each, "spec").get("ports")))
        }
        for endpoint in listed(spec.get("endpoints")) if found else ():
            port = mapping(endpoint).get("port")
            if isinstance(port, str) and port not in names and not re.search(r"[${}]", port):
                yield Hit(
                    at((endpoint, "port")),
                    f"ServiceMonitor `{name}`: the Service has no port `{port}`; it has {', '.join(sorted(names - {''})) or 'none with a name'}",
                )


def _has(labels: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> bool:
    return all(labels.get(key) == value for key, value in wanted.items())


_R = "groups:\n- name: g\n  rules:\n  - {{record: 'job:http_errors:ratio5m', expr: up}}\n  - {{alert: A, expr: '{} > 1', labels: {{severity: page}}}}\n  - {{alert: B, expr: up, labels: {{severity: page}}}}\n  - {{alert: C, expr: up{}}}\n"
_UP = _R.format("job:http_errors:ratio5m", ", labels: {severity: page}")
_S = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop, labels: {app: web}}\nspec:\n  ports: [{name: metrics, port: 9100}]\n"
_M = "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {{name: web, namespace: {}}}\nspec:\n  selector: {{matchLabels: {{app: {}}}}}\n  endpoints: [{{port: {}}}]\n"
_TEST = "rule_files: [{}]\nevaluation_interval: 1m\ntests: []\n"


def _monitor(*values: str, **more: str) -> dict[str, str]:
    return {"k8s/monitor.yaml": _M.format(*values), "k8s/service.yaml": _S, **more}


RULES = (
    Rule("prometheus/unrecorded", "warning", "Ask for the series as it is recorded: what nobody records is empty, and the alert never fires.", "Prometheus documentation, Recording rules: names have the form level:metric:operations.", is_yaml, _undefined,
         bad=({"r.yml": _R.format("job:http_errors:ratio10m", ", labels: {severity: page}")}, {"r.yml": _R.format("job:http_error:ratio5m", ", labels: {severity: page}")}),
         good=({"r.yml": _UP}, {"r.yml": _R.format("node:cpu:rate5m", ", labels: {severity: page}")}, {"r.yml": _R.format("job:http_errors:ratio10m", ", labels: {severity: page}"), "b.yml": "groups:\n- name: h\n  rules:\n  - record: job:http_errors:ratio10m\n    expr: up\n"})),
    Rule("prometheus/no-severity", "warning", "Give it the severity by which alerts are routed.", "Alertmanager routes by labels; the other alerts of the file have this one.", is_yaml, _severity,
         bad=({"r.yml": _R.format("up", "")},), good=({"r.yml": _UP}, {"r.yml": _R.format("up", "").replace("alert: C", "alert: Watchdog")}, {"r.yml": _R.format("up", "").replace(", labels: {severity: page}", "")})),
    Rule("prometheus/tested-file", "error", "Name the file that the tests are of: promtool fails.", "Prometheus documentation, Unit testing for rules, rule_files: relative to the test file.", is_yaml, _tested,
         bad=({"rules/a.yml": _UP, "rules/a_test.yml": _TEST.format("b.yml")}, {"rules/a.yml": _UP, "tests/a_test.yml": _TEST.format("a.yml")}),
         good=({"rules/a.yml": _UP, "tests/a_test.yml": _TEST.format("../rules/*.yml")}, {"tests/a_test.yml": _TEST.format("made.yml")})),
    Rule("prometheus/monitor", "warning", "Select the labels of the Service, and name its port: what is not selected is not scraped.", "Prometheus operator, ServiceMonitor: selector selects Services by their labels, port is the name of a Service's port.", is_yaml, _monitors,
         bad=(_monitor("shop", "webs", "metrics"), _monitor("shop", "web", "http")),
         good=(_monitor("shop", "web", "metrics"), _monitor("other", "webs", "http"), _monitor("shop", "webs", "http", **{"Chart.yaml": "name: a\n"}))),
)  # fmt: skip
