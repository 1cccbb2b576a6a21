"""CloudFormation: what a mapping, or a file of parameters, makes of a resource that takes its properties from them.

The red flags see what stands in the template. They are asked again with the values that the repository gives, and what
they say then is held against the place where it is given.
"""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import functools
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, mapping
from boringops_tools.checks.cloudformation_values import templates
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import RedFlag
from boringops_tools.red_flags.cloud import is_template
from boringops_tools.yaml_files import Unreadable

_MAPPED = lazy_pattern(
    r"!FindInMap\s*\[\s*['\"]?(\w+)['\"]?\s*,\s*(?P<top>!Ref\s+\S+|['\"]?[\w.:-]+['\"]?)\s*,\s*['\"]?(\w+)['\"]?\s*\]"
)
_REFERRED = lazy_pattern(r"!Ref\s+(?P<short>\w+)\b|\{\s*\"?(?:Fn::)?Ref\"?\s*:\s*['\"]?(?P<long>\w+)['\"]?\s*\}")
_GIVES = lazy_pattern(r"(?m)\"ParameterKey\"|\bParameterKey:|(?:^|[{,])\s*\"?Parameters\"?\s*:")
_INSIDE = lazy_pattern(r"\$\{(\w+)\}")


@functools.cache
def _flags() -> tuple[RedFlag, ...]:
    from boringops_tools.red_flags import red_flags

    found = (each for each in red_flags() if each.id.startswith("cloud/") or each.id == "image/latest")
    return tuple(
        each for each in found if each.id not in ("cloud/untagged", "cloud/open-default") and each.applies("a.yaml")
    )


def _said(path: str, text: str) -> dict[tuple[str, str], tuple[RedFlag, Hit]]:
    found: dict[tuple[str, str], tuple[RedFlag, Hit]] = {}
    for flag in _flags():
        try:
            for hit in flag.check(path, text):
                found.setdefault((hit.rule or flag.id, f"{hit.line} {hit.message}"), (flag, hit))
        except Unreadable:
            return {}
    return found


def _more(path: str, before: str, after: str) -> Iterator[tuple[RedFlag, Hit]]:
    if after != before:
        known = {(rule, said.partition(" ")[0]) for rule, said in _said(path, before)}
        for (rule, said), found in _said(path, after).items():
            if (rule, said.partition(" ")[0]) not in known:
                yield found


def _plain(value: Any) -> str | None:
    """A value as it is written in YAML and JSON alike; null where it is more than one word."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return json.dumps(value) if isinstance(value, str) and not re.search(r"[\n\\\"]", value) else None


def _mapped(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if "!FindInMap" not in text or "AWS::" not in text:
        return
    for template in templates(files, path)[:1]:
        known = mapping(template, "Mappings")
        tops = {str(top) for name in known for top in mapping(known, name)}
        for top in sorted(tops)[:8]:

            def value(match: re.Match[str], top: str = top, known: Mapping[Any, Any] = known) -> str:
                named = match["top"].strip("'\"")
                found = mapping(known, match[1], top if named.startswith("!Ref") else named).get(match[3])
                return _plain(found) or match[0]

            for flag, hit in _more(f"{path}/{top}.yaml", text, _MAPPED.sub(value, text)):
                yield Hit(
                    hit.line,
                    f"with the mapping's values for `{top}`: {hit.message}",
                    hit.hint or flag.reason,
                    severity=hit.severity or flag.severity,
                )


def _parameters(files: Files, path: str) -> dict[str, str]:
    """The parameters that a file gives, in any of the forms that the AWS CLI and the actions take."""
    text = files.text(path)
    if path.endswith(".json"):
        try:
            content: Any = json.loads(text)
        except (ValueError, RecursionError):
            return {}
    else:
        content = next(iter(files.documents(path)), None)
    if isinstance(content, list):
        pairs = {
            str(mapping(each).get("ParameterKey")): mapping(each).get("ParameterValue")
            for each in content
            if "ParameterKey" in mapping(each)
        }
        return {key: str(value) for key, value in pairs.items() if value is not None}
    inside = mapping(content, "Parameters")
    if (
        not inside
        or "Resources" in mapping(content)
        or any(isinstance(each, Mapping | list) for each in inside.values())
    ):
        return {}
    return {str(key): str(value).lower() if isinstance(value, bool) else str(value) for key, value in inside.items()}


def _given(files: Files, path: str) -> Iterator[Hit]:
    values = _parameters(files, path) if _GIVES.search(files.text(path)) else {}
    found = files.once(_templates) if values else {}
    mine = [each for each, names in found.items() if set(values) <= names]
    for template in mine if len(mine) == 1 else ():
        text = files.text(template)

        def referred(match: re.Match[str]) -> str:
            return _plain(values.get(match["short"] or match["long"])) or match[0]

        after = _REFERRED.sub(referred, text)
        after = _INSIDE.sub(
            lambda match: (
                values.get(match[1], match[0]) if not re.search(r"[\"'\\\n]", values.get(match[1], "")) else match[0]
            ),
            after,
        )
        for flag, hit in _more(f"{posixpath.splitext(path)[0]}/{posixpath.basename(template)}", text, after):
            line = _line(files.text(path), text, hit.line, values)
            yield Hit(
                line,
                f"with these parameters, in {template}: {hit.message}",
                hit.hint or flag.reason,
                severity=hit.severity or flag.severity,
            )


def _line(given: str, template: str, line: int | None, values: Mapping[str, str]) -> int | None:
    """The line of the parameter that the place in the template, or the nearest below it, takes its value from."""
    lines = template.splitlines()[(line or 1) - 1 :]
    named = next((name for each in lines for name in values if re.search(rf"\b{re.escape(name)}\b", each)), "")
    return next(
        (at for at, each in enumerate(given.splitlines(), 1) if named and re.search(rf"\b{re.escape(named)}\b", each)),
        None,
    )


def _templates(files: Files) -> dict[str, set[str]]:
    """The templates of the repository, with the names of their parameters."""
    found = {}
    for each in files.all:
        if (
            each.endswith((".yaml", ".yml", ".json", ".template"))
            and "AWS::" in (text := files.text(each))
            and "Parameters" in text
        ):
            for template in templates(files, each)[:1]:
                found[each] = {str(name) for name in mapping(template, "Parameters")}
    return found


_T = "Parameters:\n  Who: {Type: String}\nMappings:\n  Net:\n    production: {Who: %s}\nResources:\n  A:\n    Type: AWS::EC2::SecurityGroup\n    Properties:\n      SecurityGroupIngress:\n        - {IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: %s}\n"
_SOURCE = "AWS CloudFormation user guide, intrinsic functions: the property has the value that the function returns."
_REASON = "The red flags of the resource hold for the value as if it stood there."
_P = '[{"ParameterKey": "Who", "ParameterValue": "%s"}]\n'

RULES = (
    Rule(
        "cloudformation/mapping-opens", "warning", _REASON, _SOURCE, is_template, _mapped,
        bad=({"t.yaml": _T % ("0.0.0.0/0", "!FindInMap [Net, production, Who]")}, {"t.yaml": _T % ("0.0.0.0/0", "!FindInMap [Net, !Ref Stage, Who]")}),
        good=({"t.yaml": _T % ("10.0.0.0/8", "!FindInMap [Net, production, Who]")}, {"t.yaml": _T % ("0.0.0.0/0", "10.0.0.0/8")}),
    ),
    Rule(
        "cloudformation/parameters-open", "warning", _REASON, _SOURCE, lambda path: path.endswith((".json", ".yaml", ".yml")), _given,
        bad=({"t.yaml": _T % ("a", "!Ref Who"), "params/prod.json": _P % "0.0.0.0/0"}, {"t.yaml": _T % ("a", "!Ref Who"), "prod.json": '{"Parameters": {"Who": "0.0.0.0/0"}}\n'}),
        good=({"t.yaml": _T % ("a", "!Ref Who"), "params/prod.json": _P % "10.0.0.0/8"}, {"t.yaml": _T % ("a", "!Ref Who"), "prod.json": _P.replace("Who", "Other") % "0.0.0.0/0"}),
    ),
)  # fmt: skip
