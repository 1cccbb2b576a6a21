"""Values of a chart against its own schema, also those of environments, which Helm is given only where it deploys."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, mapping
from boringops_tools.checks.helm_values import chart_of_values, is_values
from boringops_tools.yaml_files import line_at

# What may be missing until somebody installs it is no mistake of a file; what is of the wrong make is.
_OF_WHAT_IS_THERE = frozenset(
    {"type", "enum", "pattern", "additionalProperties", "minimum", "maximum", "maxLength", "const"}
)
_MOST = 5


@lru_cache(maxsize=32)
def _checker(schema: str) -> Any:
    """What holds values against a schema; null where it is none."""
    from jsonschema import validators
    from jsonschema.exceptions import SchemaError

    try:
        read = json.loads(schema)
        kind = validators.validator_for(read)
        kind.check_schema(read)
    except (ValueError, SchemaError):
        return None
    # References lead nowhere but into the schema itself: nothing is asked of a network.
    return kind(read) if not re.search(r'"\$ref"\s*:\s*"[^#]', schema) else None


def _against_schema(files: Files, path: str) -> Iterator[Hit]:
    home = chart_of_values(files, path)
    schema = f"{home}values.schema.json"
    if home is None or schema not in files.known or (checker := _checker(files.text(schema))) is None:
        return
    read = files.documents(path)
    values = mapping(read[0]) if len(read) == 1 else {}
    errors = (each for each in checker.iter_errors(_plain(values)) if each.validator in _OF_WHAT_IS_THERE)
    for error in sorted(errors, key=lambda each: list(map(str, each.absolute_path)))[:_MOST]:
        steps = list(error.absolute_path)
        if steps and _at(values, steps) is None:
            continue  # null takes a default away
        place = ".".join(map(str, steps)) or "values"
        text = files.text(path)
        yield Hit(line_at(text, steps) if steps else 1, f"{place}: {error.message[:200]}, says {schema}")


def _plain(value: Any) -> Any:
    """As JSON has it: keys are strings, and a null of Helm's takes a default away and is not held against anything."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool) else str(value)


def _at(value: Any, steps: Sequence[Any]) -> Any:
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


_SCHEMA = '{"type": "object", "additionalProperties": false, "required": ["host"], "properties": {"replicas": {"type": "integer"}, "host": {"type": "string"}}}'


def _chart(path: str, values: str, schema: str = _SCHEMA) -> dict[str, str]:
    return {
        "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
        "c/values.yaml": "{}\n",
        "c/values.schema.json": schema,
        path: values,
    }


RULES = (
    Rule("helm/values-schema", "error", "Helm refuses the values: write them as the chart's schema asks.", "Helm, Schema Files: values.schema.json is held against all values at install, upgrade, lint and template.", is_values, _against_schema,
         bad=(_chart("c/values.yaml", "replicas: many\n"), _chart("c/values-prod.yaml", "replicas: '3'\n"), _chart("c/values/prod-values.yaml", "replica: 3\n")),
         good=(_chart("c/values.yaml", "replicas: 2\n"), _chart("c/values-prod.yaml", "host: a.example.com\n"), _chart("values-prod.yaml", "replicas: '3'\n"), _chart("c/values.yaml", "replicas: null\n"), _chart("c/values.yaml", "replicas: x\n", "{"))),
)  # fmt: skip
