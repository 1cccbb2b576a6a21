"""The rules of Prometheus: their shape, and every expression, by promql-parser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops.facts import Finding, Severity
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File, InProcess
from boringops_tools.yaml_files import Unreadable, documents, is_yaml, line_of, template_reason, walk

_RULE = lazy_pattern(r"(?m)^[ ]*-?[ ]+(?:alert|record):\s")
_DURATION = lazy_pattern(r"(?:\d+(?:ms|[smhdwy]))+|0")


class PromqlRules(InProcess):
    name = "promql-parser"
    about = "Prometheus rules (structure, expressions)"
    aspect = "prometheus rules"
    distribution = "promql-parser"
    get = "pip install promql-parser"

    def covers(self, file: File) -> bool:
        return is_yaml(file.path) and "expr:" in file.text and bool(_RULE.search(file.text))

    def skip(self, file: File) -> str:
        return template_reason(file)

    def judge(self, file: File) -> Iterable[Finding | str]:
        try:
            read = documents(file.text)
        except Unreadable as error:
            yield f"it cannot be read: {error}"
            return
        for document in read:
            for parent, key, value in walk(document):
                if key == "rules" and isinstance(value, list) and "name" in parent:
                    for rule in value:
                        yield from self._rule(file, rule)

    def _rule(self, file: File, rule: Any) -> Iterator[Finding]:
        import promql_parser

        if not isinstance(rule, Mapping) or not {"alert", "record", "expr"} & rule.keys():
            return
        named = "alert" if "alert" in rule else "record"
        line = line_of(rule, next(iter(rule)))
        if {"alert", "record"} <= rule.keys() or named not in rule:
            yield self.finding(file, "rule-name", "error", line, "a rule has either `alert` or `record`")
        expression = rule.get("expr")
        if expression is None or expression == "":
            yield self.finding(file, "no-expression", "error", line, f"the {named} {rule.get(named)} has no `expr`")
            return
        for key in ("for", "keep_firing_for"):
            if key in rule and not _DURATION.fullmatch(str(rule[key])):
                yield self.finding(
                    file, "duration", "error", line_of(rule, key), f"{rule[key]!r} is no duration such as 5m"
                )
        try:
            promql_parser.parse(str(expression))
        except ValueError as error:
            # An unknown function may be one of a newer Prometheus, or of a database that speaks more than PromQL.
            severity: Severity = "warning" if "unknown function" in str(error) else "error"
            yield self.finding(file, "expression", severity, line_of(rule, "expr"), str(error))


VALIDATORS = (PromqlRules(),)
