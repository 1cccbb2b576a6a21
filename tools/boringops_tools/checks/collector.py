"""OpenTelemetry Collector: pipelines and the components they name, processors in their order, TLS."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.yaml_files import is_yaml, walk

_KINDS = ("receivers", "processors", "exporters")
_ACTIONS = frozenset({"insert", "update", "upsert", "delete", "hash", "extract", "convert"})
_SIGNALS = ("traces", "metrics", "logs", "profiles")


def _configuration(files: Files, path: str) -> Mapping[Any, Any]:
    if "pipelines:" not in files.text(path):
        return {}
    found = files.documents(path)
    document = mapping(found[0]) if len(found) == 1 else {}
    sure = (
        isinstance(document.get("service"), Mapping)
        and mapping(document, "service", "pipelines")
        and {"receivers", "exporters"} & set(document)
    )
    return document if sure else {}


def _names(files: Files, path: str) -> Iterator[Hit]:
    document = _configuration(files, path)
    if not {"receivers", "exporters"} <= set(document):
        return  # a part that others complete
    connectors = set(map(str, mapping(document, "connectors")))
    service = mapping(document, "service")
    for name, pipeline in mapping(service, "pipelines").items():
        if str(name).partition("/")[0] not in _SIGNALS:
            yield Hit(at((service["pipelines"], name)), f"`{name}` is no signal: traces, metrics, logs")
        for kind in _KINDS:
            known = set(map(str, mapping(document, kind))) | (connectors if kind != "processors" else set())
            for position, each in enumerate(listed(mapping(pipeline).get(kind))):
                if isinstance(each, str) and "$" not in each and each not in known:
                    yield Hit(
                        at((pipeline[kind], position), (pipeline, kind)),
                        f"pipeline `{name}`: `{each}` is not under `{kind}`",
                    )
        for kind in ("receivers", "exporters"):
            if not listed(mapping(pipeline).get(kind)):
                yield Hit(at((service["pipelines"], name)), f"pipeline `{name}` has no {kind}")
    extensions = service.get("extensions")
    for position, each in enumerate(listed(extensions)):
        if isinstance(each, str) and "$" not in each and each not in mapping(document, "extensions"):
            yield Hit(at((extensions, position), (service, "extensions")), f"`{each}` is not under `extensions`")


def _order(files: Files, path: str) -> Iterator[Hit]:
    for name, pipeline in mapping(_configuration(files, path), "service", "pipelines").items():
        order = [str(each).partition("/")[0] for each in listed(mapping(pipeline).get("processors"))]
        if "memory_limiter" in order[1:] and order[0] != "memory_limiter":
            yield Hit(
                at((pipeline, "processors")),
                f"pipeline `{name}`: `memory_limiter` comes after others, which have taken the memory by then",
            )


def _actions(files: Files, path: str) -> Iterator[Hit]:
    for name, processor in mapping(_configuration(files, path), "processors").items():
        if str(name).partition("/")[0] not in ("attributes", "resource"):
            continue
        for key in ("actions", "attributes"):
            for each in listed(mapping(processor).get(key)):
                action = text_of(mapping(each).get("action"))
                if action and action not in _ACTIONS and "$" not in action:
                    yield Hit(at((each, "action")), f"`{action}` is no action: {', '.join(sorted(_ACTIONS))}")


def _unchecked(files: Files, path: str) -> Iterator[Hit]:
    for parent, key, value in walk(_configuration(files, path)):
        if key == "insecure_skip_verify" and value is True:
            yield Hit(at((parent, key)), "any certificate is accepted")


_C = "collector.yaml"
_CONFIG = "receivers: {{otlp: {{}}}}\nprocessors: {{batch: {{}}, memory_limiter: {{}}, attributes: {{actions: [{{key: a, value: b, action: {action}}}]}}}}\nexporters: {{otlp/a: {{endpoint: 'x:1', tls: {tls}}}}}\nservice:\n  pipelines:\n    {signal}:\n      receivers: {receivers}\n      processors: {processors}\n      exporters: {exporters}\n"
_OK = {
    "action": "upsert",
    "tls": "{ca_file: a}",
    "signal": "traces",
    "receivers": "[otlp]",
    "processors": "[memory_limiter, batch]",
    "exporters": "[otlp/a]",
}


def _with(**other: str) -> dict[str, str]:
    return {_C: _CONFIG.format(**{**_OK, **other})}


_DOC = "OpenTelemetry Collector, Configuration"

RULES = (
    Rule("otel/undefined", "error", "The collector does not start: configure what a pipeline names.", f"{_DOC}: a pipeline has receivers and exporters, each of them configured.", is_yaml, _names,
         bad=(_with(exporters="[otlp]"), _with(processors="[batches]"), _with(receivers="[]"), _with(signal="trace")), good=(_with(), _with(signal="metrics/b"), {_C: "exporters: {a: {}}\nservice: {pipelines: {traces: {receivers: [otlp], exporters: [a]}}}\n"})),
    Rule("otel/limiter-first", "info", "Put `memory_limiter` first.", "OpenTelemetry Collector, memory limiter processor: it should be the first one of a pipeline.", is_yaml, _order,
         bad=(_with(processors="[batch, memory_limiter]"),), good=(_with(), _with(processors="[batch]"))),
    Rule("otel/action", "error", "The collector does not start: take an action that there is.", "OpenTelemetry Collector, attributes processor: insert, update, upsert, delete, hash, extract, convert.", is_yaml, _actions,
         bad=(_with(action="set"),), good=(_with(),)),
    Rule("otel/unchecked", "warning", "Name the authority with `ca_file`.", "OpenTelemetry Collector, TLS configuration settings: insecure_skip_verify skips the check of the certificate.", is_yaml, _unchecked,
         bad=(_with(tls="{insecure_skip_verify: true}"),), good=(_with(), _with(tls="{insecure_skip_verify: false}"))),
)  # fmt: skip
