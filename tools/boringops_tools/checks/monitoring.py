"""The keys that Prometheus and Alertmanager take in their configuration: both refuse what they do not know."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml

_HTTP = """basic_auth authorization oauth2 tls_config follow_redirects enable_http2 proxy_url no_proxy proxy_from_environment
proxy_connect_header http_headers bearer_token bearer_token_file"""
_SD = """azure consul digitalocean dns docker dockerswarm ec2 eureka file gce hetzner http ionos kubernetes kuma lightsail linode
marathon nerve nomad openstack ovhcloud puppetdb scaleway serverset stackit static triton uyuni vultr xds aws oci outscale"""
_ROLES = ("endpoints", "endpointslice", "ingress", "node", "pod", "service")
_SD_KEYS = " ".join(f"{each}_sd_configs" for each in _SD.split()) + " static_configs"
_PROMETHEUS: dict[str, frozenset[str]] = {
    place: frozenset(keys.split())
    for place, keys in {
        "": "global runtime rule_files scrape_config_files scrape_configs alerting remote_write remote_read storage tracing otlp",
        "global": """scrape_interval scrape_timeout scrape_protocols evaluation_interval rule_query_offset external_labels
            query_log_file scrape_failure_log_file body_size_limit sample_limit label_limit label_name_length_limit
            label_value_length_limit target_limit keep_dropped_targets metric_name_validation_scheme metric_name_escaping_scheme
            scrape_native_histograms convert_classic_histograms_to_nhcb always_scrape_classic_histograms extra_scrape_metrics""",
        "alerting": "alert_relabel_configs alertmanagers",
        "job": f"""job_name scrape_interval scrape_timeout scrape_protocols fallback_scrape_protocol metrics_path honor_labels
            honor_timestamps track_timestamps_staleness scheme params enable_compression relabel_configs metric_relabel_configs
            body_size_limit sample_limit label_limit label_name_length_limit label_value_length_limit target_limit
            keep_dropped_targets native_histogram_bucket_limit native_histogram_min_bucket_factor scrape_classic_histograms
            always_scrape_classic_histograms convert_classic_histograms_to_nhcb scrape_native_histograms
            metric_name_validation_scheme metric_name_escaping_scheme scrape_failure_log_file extra_scrape_metrics {_HTTP} {_SD_KEYS}""",
        "alertmanager": f"scheme path_prefix timeout api_version relabel_configs alert_relabel_configs sigv4 {_HTTP} {_SD_KEYS}",
        "relabel": "source_labels separator target_label regex modulus replacement action",
        "tls": "ca ca_file cert cert_file key key_file server_name insecure_skip_verify min_version max_version",
        "group": "name interval query_offset limit rules labels partial_response_strategy source_tenants evaluation_delay align_evaluation_time_on_interval",
        "rule": "alert record expr for keep_firing_for labels annotations",
    }.items()
}
_ACTIONS = frozenset(
    [
        "replace",
        "keep",
        "drop",
        "hashmod",
        "labelmap",
        "labeldrop",
        "labelkeep",
        "lowercase",
        "uppercase",
        "keepequal",
        "dropequal",
    ]
)
_RECEIVERS = """discord email incidentio jira mattermost msteams msteamsv2 opsgenie pagerduty pushover rocketchat slack sns telegram
victorops webex webhook wechat"""
_TIMING = "group_wait group_interval repeat_interval"
_ALERTMANAGER: dict[str, frozenset[str]] = {
    place: frozenset(keys.split())
    for place, keys in {
        "": "global templates route inhibit_rules receivers mute_time_intervals time_intervals tracing",
        "route": f"receiver group_by continue match match_re matchers routes mute_time_intervals active_time_intervals labels {_TIMING}",
        "receiver": "name " + " ".join(f"{each}_configs" for each in _RECEIVERS.split()),
        "inhibit": "name target_match target_match_re target_matchers source_match source_match_re source_matchers equal sources",
    }.items()
}


def _unknown(where: str, owner: Any, keys: frozenset[str]) -> Iterator[Hit]:
    for key in mapping(owner):
        if isinstance(key, str) and key not in keys and not key.startswith("x-"):
            near = difflib.get_close_matches(key, keys, 1, 0.7)
            kind, discovery, _ = key.partition("_sd_configs")
            if discovery and not difflib.get_close_matches(kind, [each.partition("_sd_")[0] for each in keys], 1, 0.75):
                continue  # every release brings another one
            yield Hit(at((owner, key)), f"{where}: `{key}` is no key" + (f"; `{near[0]}` is one" if near else ""))


def _config(files: Files, path: str) -> Mapping[Any, Any]:
    """A Prometheus configuration; empty for what only looks like one (Promtail, an agent's, an operator's values)."""
    if not re.search(r"(?m)^(?:scrape_configs|rule_files|alerting):", files.text(path)):
        return {}
    found = files.documents(path)
    config = mapping(found[0]) if found else {}
    foreign = {"clients", "positions", "server", "apiVersion", "receivers", "metrics", "logs", "integrations"} & set(
        config
    )
    return (
        {} if foreign or "tests" in config or not {"scrape_configs", "global", "rule_files"} & set(config) else config
    )


def _relabels(owner: Any, *keys: str) -> Iterator[Mapping[Any, Any]]:
    for key in keys:
        yield from (each for each in listed(mapping(owner).get(key)) if isinstance(each, Mapping))


def _prometheus(files: Files, path: str) -> Iterator[Hit]:
    config = _config(files, path)
    yield from _unknown("configuration", config, _PROMETHEUS[""]) if config else ()
    yield from _unknown("`global`", mapping(config, "global"), _PROMETHEUS["global"])
    yield from _unknown("`alerting`", mapping(config, "alerting"), _PROMETHEUS["alerting"])
    jobs = [("scrape job", each, "job") for each in listed(config.get("scrape_configs"))]
    managers = [
        ("alertmanager", each, "alertmanager") for each in listed(mapping(config, "alerting").get("alertmanagers"))
    ]
    for key in ("remote_write", "remote_read"):
        for owner in listed(config.get(key)):
            yield from _logins(f"`{key}`", owner)
    for kind, owner, place in (*jobs, *managers):
        name = f"{kind} `{text_of(mapping(owner).get('job_name'))}`"
        yield from _unknown(name, owner, _PROMETHEUS[place])
        yield from _unknown(name, mapping(owner, "tls_config"), _PROMETHEUS["tls"])
        yield from _scheme(name, owner)
        # An exporter that probes takes URLs: relabelling hands them over as a parameter and puts the exporter in their place.
        probes = any(
            text_of(each.get("target_label")).startswith(("__param_", "__address__"))
            for each in _relabels(owner, "relabel_configs")
        )
        for entry in listed(mapping(owner).get("static_configs")):
            yield from _targets(name, entry, probes)
        for key, entries in mapping(owner).items():
            if isinstance(key, str) and key.endswith("_sd_configs"):
                yield from _discovery(name, key, listed(entries))
        for relabel in _relabels(owner, "relabel_configs", "metric_relabel_configs", "alert_relabel_configs"):
            yield from _relabel(name, relabel)
    for relabel in _relabels(mapping(config, "alerting"), "alert_relabel_configs"):
        yield from _relabel("`alerting`", relabel)


def _scheme(name: str, owner: Any) -> Iterator[Hit]:
    scheme = mapping(owner).get("scheme")
    if isinstance(scheme, str) and scheme not in ("http", "https") and "$" not in scheme:
        yield Hit(at((owner, "scheme")), f"{name}: `scheme: {scheme}` is neither http nor https")
    yield from _logins(name, owner)


def _logins(name: str, owner: Any) -> Iterator[Hit]:
    login = [
        key
        for key in ("basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file")
        if key in mapping(owner)
    ]
    if len(login) > 1:
        yield Hit(at((owner, login[1])), f"{name}: {' and '.join(login)} cannot be used together")


def _targets(name: str, entry: Any, probes: bool) -> Iterator[Hit]:
    targets = mapping(entry).get("targets")
    if isinstance(targets, str):
        yield Hit(at((entry, "targets")), f"{name}: `targets` is a list")
    # What a probe is sent to may be a URL; what Prometheus itself asks is an address.
    for position, each in enumerate(listed(targets)):
        if isinstance(each, str) and re.match(r"https?://", each) and not probes and "probe" not in name:
            yield Hit(
                at((targets, position)),
                f"{name}: the target `{each}` is an address, host:port, without scheme and path",
                severity="warning",
            )


def _discovery(name: str, key: str, entries: list[Any]) -> Iterator[Hit]:
    for entry in entries:
        for listing in ("tags", "names", "services", "files"):
            if isinstance(value := mapping(entry).get(listing), str) and "$" not in value:
                yield Hit(at((entry, listing)), f"{name}: `{listing}` of `{key}` is a list")
        role = mapping(entry).get("role")
        if key == "kubernetes_sd_configs" and isinstance(role, str) and role not in _ROLES and "$" not in role:
            yield Hit(at((entry, "role")), f"{name}: `role: {role}` is none of {', '.join(_ROLES)}")
        kind = mapping(entry).get("type")
        if key == "dns_sd_configs" and kind is not None and kind not in ("SRV", "A", "AAAA", "MX", "NS"):
            yield Hit(at((entry, "type")), f"{name}: `type: {kind}` is no kind of DNS record that is looked up")


def _relabel(name: str, relabel: Mapping[Any, Any]) -> Iterator[Hit]:
    yield from _unknown(f"{name}, relabelling", relabel, _PROMETHEUS["relabel"])
    action = text_of(relabel.get("action", "replace")).lower()
    if action not in _ACTIONS and "$" not in action:
        yield Hit(at((relabel, "action")), f"{name}: `{action}` is no action of relabelling")
    if (
        action in ("replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal")
        and "target_label" not in relabel
    ):
        yield Hit(at(*((relabel, key) for key in relabel)), f"{name}: relabelling by `{action}` needs a `target_label`")
    regex = relabel.get("regex")
    if isinstance(regex, str):
        try:
            re.compile(re.sub(r"\(\?P?<(?![=!])", "(?P<", regex))
        except re.error as error:
            if not re.search(r"\\[pPzQE]|\[\[:", regex):  # RE2 has more classes than Python
                yield Hit(at((relabel, "regex")), f"{name}: `{regex}` is no regular expression: {error}")


def _rule_keys(files: Files, path: str) -> Iterator[Hit]:
    from boringops_tools.checks.prometheus import groups

    for group in files.once(groups, path):
        name = text_of(group.get("name"))
        yield from _unknown(f"group `{name}`", group, _PROMETHEUS["group"])
        for rule in listed(group.get("rules")):
            called = text_of(mapping(rule).get("alert")) or text_of(mapping(rule).get("record"))
            yield from _unknown(f"rule `{called}`", rule, _PROMETHEUS["rule"])
            record = mapping(rule).get("record")
            expression = mapping(rule).get("expr")
            lost = _QUANTILE.search(expression) if isinstance(expression, str) else None
            if lost and "le" not in re.split(r"[\s,]+", lost[1].strip()):
                yield Hit(
                    at((rule, "expr")),
                    f"rule `{called}`: the buckets are summed without `le`, so that no quantile comes of them",
                )
            if isinstance(record, str) and not re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", record) and "{{" not in record:
                yield Hit(at((rule, "record")), f"`{record}` is no name of a metric: letters, digits, `_` and `:`")
            for key in ("labels", "annotations"):
                for label, text in mapping(rule, key).items():
                    if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", str(label)):
                        yield Hit(at((rule[key], label)), f"rule `{called}`: `{label}` is no name of a label")
                    if isinstance(text, str) and (wrong := _template(text)):
                        yield Hit(at((rule[key], label)), f"rule `{called}`: `{label}` is no template: {wrong}")


_BLOCK = lazy_pattern(r"\{\{-?\s*(.*?)\s*-?\}\}", re.S)


def _template(text: str) -> str:
    """What of a Go template Prometheus cannot read; empty where it can, as far as that can be told."""
    if text.count("{{") != text.count("}}"):
        return "`{{` and `}}` do not match"
    depth = 0
    own: set[str] = set()
    for action in _BLOCK.findall(text):
        word = action.split()[0] if action.split() else ""
        own |= set(re.findall(r"\$(\w+)(?:\s*,\s*\$\w+)?\s*:?=", action)) | set(
            re.findall(r",\s*\$(\w+)\s*:?=", action)
        )
        if word in ("if", "with", "range", "define", "block"):
            depth += 1
        elif word == "end":
            depth -= 1
        unknown = [
            each
            for each in re.findall(r"\$(\w+)", re.sub(r"\"(?:[^\"\\]|\\.)*\"|`[^`]*`", "", action))
            if each not in own
        ]
        for each in unknown:
            if each not in ("labels", "value", "externalLabels", "externalURL"):
                return f"there is no `${each}`; there are $labels, $value, $externalLabels and $externalURL"
        bare = re.sub(r"\"(?:[^\"\\]|\\.)*\"|`[^`]*`", "''", action)
        for called in re.findall(r"\|\s*([a-zA-Z]\w*)", bare):
            if called not in _FUNCTIONS:
                return f"there is no function `{called}`"
    return "an `end` is missing or one too many" if depth else ""


_FUNCTIONS = frozenset(
    """query first label value sortByLabel strvalue humanize humanize1024 humanizeDuration humanizePercentage humanizeTimestamp
    toTime toDuration now title toUpper toLower stripPort stripDomain match reReplaceAll graphLink tableLink parseDuration
    pathPrefix externalURL args tmpl safeHtml and or not len index slice print printf println html js urlquery call eq ne lt
    le gt ge urlQueryEscape""".split()  # noqa: SIM905
)
_QUANTILE = lazy_pattern(
    r"histogram_quantile\s*\([^,]+,\s*sum\s*by\s*\(([^)]*)\)\s*\(\s*(?:rate|irate|increase)\s*\(\s*\w+_bucket\b"
)


def _alertmanager(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    receives = re.search(r"(?m)^receivers:", text) and re.search(r"_configs:|(?m:^(?:route|inhibit_rules):)", text)
    found = files.documents(path) if receives else ()
    config = mapping(found[0]) if found else {}
    if not config or "apiVersion" in config or {"exporters", "service", "processors"} & set(config):
        return  # an object of the operator, or an OpenTelemetry collector
    yield from _unknown("configuration", config, _ALERTMANAGER[""])
    if "route" not in config:
        yield Hit(at((config, "receivers")), "there is no `route`")
    receivers = listed(config.get("receivers"))
    seen: set[str] = set()
    for position, receiver in enumerate(receivers):
        name = text_of(mapping(receiver).get("name"))
        yield from _unknown(f"receiver `{name}`", receiver, _ALERTMANAGER["receiver"])
        if name in seen:
            yield Hit(at((receivers, position)), f"there are two receivers `{name}`")
        seen.add(name)
        for key, value in mapping(receiver).items():
            if isinstance(key, str) and key.endswith("_configs") and not isinstance(value, list):
                yield Hit(at((receiver, key)), f"receiver `{name}`: `{key}` is a list")
    todo: list[Any] = [config.get("route")]
    while todo:
        route = todo.pop()
        yield from _unknown("a route", route, _ALERTMANAGER["route"])
        todo += listed(mapping(route).get("routes"))
        for key in ("group_wait", "group_interval", "repeat_interval"):
            if isinstance(value := mapping(route).get(key), int) and not isinstance(value, bool) and value:
                yield Hit(at((route, key)), f"`{key}: {value}` is no duration: {value}s")
    for each in listed(config.get("inhibit_rules")):
        yield from _unknown("an inhibition", each, _ALERTMANAGER["inhibit"])


_P = "scrape_configs:\n- job_name: a\n"
_R = "groups:\n- name: g\n  rules:\n"

RULES = (
    Rule(
        "prometheus/configuration", "error", "Prometheus refuses the configuration: it reads it strictly.",
        "Prometheus configuration reference: unknown fields, actions and schemes are errors (strict YAML).", is_yaml, _prometheus,
        bad=(
            {"prometheus.yml": _P + "  static_config: [{targets: [a:1]}]\n"}, {"prometheus.yml": "alert: {}\n" + _P}, {"prometheus.yml": _P + "  scheme: tls\n"},
            {"prometheus.yml": _P + "  relabel_configs: [{source_labels: [a], action: filter}]\n"}, {"prometheus.yml": _P + "  relabel_configs: [{source_labels: [a], target_label: b, regex: '(a'}]\n"},
            {"prometheus.yml": _P + "  relabel_configs: [{source_labels: [a]}]\n"}, {"prometheus.yml": _P + "  basic_auth: {}\n  authorization: {}\n"}, {"prometheus.yml": _P + "remote_write: [{url: 'https://a', basic_auth: {}, bearer_token_file: /b}]\n"},
            {"prometheus.yml": _P + "  dns_sd_configs: [{names: [a], type: HOST}]\n"}, {"prometheus.yml": _P + "  static_configs: [{targets: ['http://a:1/metrics']}]\n"}, {"prometheus.yml": _P + "  static_configs: [{targets: ['http://a:1']}]\n"},
        ),
        good=(
            {"prometheus.yml": _P + "  static_configs: [{targets: ['https://a.io/b']}]\n  relabel_configs: [{source_labels: [__address__], target_label: __param_target}, {target_label: __address__, replacement: 'b:1'}]\n"},
            {"prometheus.yml": "global: {scrape_interval: 15s}\n" + _P + "  scheme: https\n  relabel_configs: [{source_labels: [a], regex: '(?i)x(.+)', target_label: b, action: Replace}, {regex: 'x_.*', action: labeldrop}]\n"},
            {"promtail.yml": "clients: [{url: x}]\nscrape_configs:\n- {job_name: a, pipeline_stages: []}\n"},
            {"rules.test.yml": "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests: []\n"}, {"values.yaml": "server: {}\nalerting: {x: 1}\nglobal: {}\n"},
        ),
    ),
    Rule(
        "prometheus/rule-key", "error", "Prometheus refuses the file: it reads rules strictly, templates and names included.",
        "Prometheus recording and alerting rules reference: the keys of groups and rules; names of metrics and labels; $labels, $value and the external ones in templates.",
        is_yaml, _rule_keys,
        bad=(
            {"r.yml": _R + "  - {alert: A, expr: up, fro: 5m}\n"}, {"r.yml": _R + "  - {record: a-b, expr: up}\n"}, {"r.yml": _R + "  - {alert: A, expr: up, labels: {a-b: c}}\n"},
            {"r.yml": _R + "  - {alert: A, expr: up, annotations: {a: '{{ $values }}'}}\n"}, {"r.yml": _R + "  - {alert: A, expr: up, annotations: {a: 'x {{ $value'}}\n"},
            {"r.yml": _R + "  - {alert: A, expr: up, annotations: {a: '{{ $value | humanise }}'}}\n"},
            {"r.yml": _R + "  - {alert: A, expr: 'histogram_quantile(0.9, sum by (job) (rate(a_bucket[5m]))) > 1'}\n"},
        ),
        good=({"r.yml": _R + "  - {alert: A, expr: 'histogram_quantile(0.9, sum by (job, le) (rate(a_bucket[5m]))) > 1', annotations: {a: '{{ $value | humanizePercentage }} {{ \"a|b\" }}'}}\n"}, {"r.yml": _R + "  - {alert: A, expr: up, annotations: {a: '{{ $labels.x }} {{ with $v := 1 }}{{ $v }}{{ end }} {{ range $i, $e := query \"a\" }}{{ $e }}{{ end }} {{ \"$x\" }}'}}\n"},),
    ),
    Rule(
        "alertmanager/configuration", "error", "Alertmanager refuses the configuration: it reads it strictly.",
        "Alertmanager configuration reference: unknown fields are errors, a route is needed, receivers have names of their own.", is_yaml, _alertmanager,
        bad=(
            {"a.yml": "route: {receiver: a, group_wait: 30}\nreceivers: [{name: a}]\n"}, {"a.yml": "route: {receiver: a, groupwait: 1s}\nreceivers: [{name: a}]\n"}, {"a.yml": "receivers: [{name: a, webhook_configs: [{url: 'http://b'}]}]\n"},
            {"a.yml": "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: {url: 'http://b'}}]\n"}, {"a.yml": "route: {receiver: a}\nreceivers: [{name: a}, {name: a}]\n"},
        ),
        good=(
            {"a.yml": "route: {receiver: a, routes: [{matchers: ['a=b'], continue: true}]}\nreceivers: [{name: a, slack_configs: [{channel: x}]}]\n"},
            {"otel.yml": "receivers: {otlp: }\nexporters: {a_configs: 1}\nservice: {}\n"},
        ),
    ),
)  # fmt: skip
