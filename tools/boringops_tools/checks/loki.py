"""Loki: schemas that fit their index, times with units, and retention that something carries out."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml, walk

_SCHEMAS = frozenset({"v9", "v10", "v11", "v12", "v13"})
_STORES = frozenset(
    {"tsdb", "boltdb-shipper", "boltdb", "bigtable", "bigtable-hashed", "aws-dynamo", "cassandra", "grpc-store"}
)
_DURATION = lazy_pattern(r"0|(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d|w|y))+")
_TIME = lazy_pattern(r"\w*(?:_period|_timeout|_interval|_delay|_max_age|_idle_period)|max_chunk_age|retention_period")


def _configuration(files: Files, path: str) -> Mapping[Any, Any]:
    if "schema_config:" not in files.text(path):
        return {}
    found = files.documents(path)
    document = mapping(found[0]) if len(found) == 1 else {}
    return document if listed(mapping(document, "schema_config").get("configs")) else {}


def _schemas(files: Files, path: str) -> Iterator[Hit]:
    for each in listed(mapping(_configuration(files, path), "schema_config").get("configs")):
        store, schema = text_of(mapping(each).get("store")), text_of(mapping(each).get("schema"))
        if schema and "$" not in schema and schema not in _SCHEMAS:
            yield Hit(at((each, "schema")), f"there is no schema `{schema}`: the newest is v13")
        if store and "$" not in store and store not in _STORES:
            yield Hit(at((each, "store")), f"there is no index store `{store}`: tsdb")
        index = mapping(each, "index")
        if (
            store in ("tsdb", "boltdb-shipper")
            and "period" in index
            and "$" not in str(index["period"])
            and index["period"] != "24h"
        ):
            yield Hit(at((index, "period")), f"the index of {store} needs a period of 24h, not {index['period']}")


def _values(files: Files, path: str) -> Iterator[Hit]:
    document = _configuration(files, path)
    for parent, key, value in walk(document):
        if (
            isinstance(key, str)
            and _TIME.fullmatch(key)
            and (
                (type(value) is int and value != 0)
                or (isinstance(value, str) and "$" not in value and value and not _DURATION.fullmatch(value))
            )
        ):
            yield Hit(at((parent, key)), f"`{key}: {value}` is no duration such as 744h")
    compactor = mapping(document, "compactor")
    if compactor.get("retention_enabled") is True and "delete_request_store" not in compactor:
        yield Hit(
            at((compactor, "retention_enabled")),
            "retention needs `compactor.delete_request_store`: Loki does not start",
        )
    if "shared_store" in compactor:
        yield Hit(at((compactor, "shared_store")), "`shared_store` is gone since Loki 3.0")


_L = "loki.yaml"
_CONFIG = "schema_config: {{configs: [{{from: 2024-01-01, store: {store}, object_store: s3, schema: {schema}, index: {{prefix: i_, period: {period}}}}}]}}\nlimits_config: {{retention_period: {kept}}}\ncompactor: {{retention_enabled: true, {compactor}}}\n"
_OK = {"store": "tsdb", "schema": "v13", "period": "24h", "kept": "744h", "compactor": "delete_request_store: s3"}


def _with(**other: str) -> dict[str, str]:
    return {_L: _CONFIG.format(**{**_OK, **other})}


RULES = (
    Rule("loki/schema", "error", "Loki does not start: take a schema and a store that there are, with a period of 24h.", "Grafana Loki, Configuration parameters, period_config.", is_yaml, _schemas,
         bad=(_with(schema="v14"), _with(store="tsbd"), _with(period="12h")), good=(_with(), _with(store="boltdb-shipper", schema="v12"))),
    Rule("loki/value", "error", "Loki does not start: give the time its unit, and the compactor its store.", "Grafana Loki, Configuration parameters and Log retention.", is_yaml, _values,
         bad=(_with(kept="744"), _with(compactor="working_directory: /a"), _with(compactor="delete_request_store: s3, shared_store: s3")), good=(_with(), _with(kept="0"), _with(kept="31d"))),
)  # fmt: skip
