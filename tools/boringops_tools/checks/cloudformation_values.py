"""CloudFormation: what one part of a template says of another, and port ranges that end before they begin."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.red_flags.cloud import is_template
from boringops_tools.yaml_files import tag_of, walk


def templates(files: Files, path: str) -> list[Any]:
    text = files.text(path)
    if "AWS::" not in text or "Resources" not in text:
        return []
    if not text.lstrip().startswith("{"):
        return list(files.documents(path))
    try:
        return [json.loads(text)]
    except (ValueError, RecursionError):
        return []


def line_of_part(files: Files, path: str, owner: Any, key: Any, part: str) -> int | None:
    """The line of a key; in JSON that of the first line that has all of it."""
    found = at((owner, key))
    lines = enumerate(files.text(path).splitlines(), 1)
    return found or next((number for number, line in lines if part in line), None)


def _looked_up(node: Any) -> list[Any] | None:
    """The arguments of FindInMap in either spelling."""
    if isinstance(node, Mapping) and set(node) == {"Fn::FindInMap"}:
        return listed(node["Fn::FindInMap"])
    return list(node) if isinstance(node, list) and tag_of(node) == "!FindInMap" else None


def _maps(files: Files, path: str) -> Iterator[Hit]:
    for template in templates(files, path):
        known = mapping(template, "Mappings")
        if "Transform" in mapping(template) or "Fn::Transform" in str(list(known)):
            continue
        for owner, key, value in walk(mapping(template, "Resources")):
            words = _looked_up(value)
            if not words or len(words) < 3 or not isinstance(words[0], str) or not isinstance(words[2], str):
                continue
            if words[0] not in known:
                has = f"; there is {', '.join(map(str, known))}" if known else ""
                yield Hit(
                    line_of_part(files, path, owner, key, words[0]), f"the template has no mapping `{words[0]}`{has}"
                )
                continue
            tops = mapping(known, words[0])
            second = {str(each) for top in tops.values() for each in mapping(top)}
            if tops and second and words[2] not in second and "Fn::Transform" not in str(tops):
                yield Hit(
                    line_of_part(files, path, owner, key, words[2]),
                    f"the mapping `{words[0]}` has no `{words[2]}`; it has {', '.join(sorted(second)[:6])}",
                )


def _ranges(files: Files, path: str) -> Iterator[Hit]:
    for template in templates(files, path):
        for _, _, value in walk(mapping(template, "Resources")):
            low, high = (mapping(value).get(key) for key in ("FromPort", "ToPort"))
            if not all(re.fullmatch(r"\d+", str(each)) for each in (low, high)) or str(
                mapping(value).get("IpProtocol")
            ).startswith("icmp"):
                continue
            if int(str(low)) > int(str(high)):
                yield Hit(
                    line_of_part(files, path, value, "FromPort", f'"FromPort": {low}'),
                    f"the ports begin at {low} and end at {high}",
                )


_T = "Mappings:\n  Sizes:\n    staging: {{Memory: 512}}\nResources:\n  A:\n    Type: AWS::Lambda::Function\n    Properties:\n      MemorySize: !FindInMap [Sizes, !Ref Stage, {}]\n"
_J = '{{"Resources": {{"A": {{"Type": "AWS::EC2::SecurityGroup", "Properties": {{"SecurityGroupIngress": [{{"IpProtocol": "tcp", "FromPort": {}, "ToPort": {}}}]}}}}}}}}\n'

RULES = (
    Rule("cloudformation/map-key", "error", "CloudFormation refuses the template: look up a key that the mapping has.", "AWS CloudFormation user guide, Fn::FindInMap: the second-level key is one of the mapping's.", is_template, _maps,
         bad=({"t.yaml": _T.format("MemorySize")}, {"t.yaml": _T.format("Memory").replace("[Sizes", "[Size")}),
         good=({"t.yaml": _T.format("Memory")}, {"t.yaml": _T.format("!Ref Key")}, {"t.yaml": "Transform: Acme\n" + _T.format("Memory").replace("[Sizes", "[Size")})),
    Rule("cloudformation/port-range", "error", "EC2 refuses it: the first port is not above the last.", "AWS CloudFormation user guide, AWS::EC2::SecurityGroup Ingress: FromPort is the start of the range.", is_template, _ranges,
         bad=({"t.json": _J.format(3307, 3306)},), good=({"t.json": _J.format(3306, 3306)}, {"t.json": _J.format('"80"', '"443"')}, {"t.json": _J.format(8, -1)})),
)  # fmt: skip
