"""CloudFormation and SAM: numbers and words that a service refuses, and parts of which one has to be what the other says."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.cloudformation_values import templates
from boringops_tools.red_flags.cloud import Resource, is_template, template
from boringops_tools.yaml_files import line_of, tag_of, walk

_FUNCTIONS = ("AWS::Lambda::Function", "AWS::Serverless::Function")
_RANGES = {"Timeout": (1, 900), "MemorySize": (128, 10240)}
_EVENTS = frozenset(
    """S3 SNS Kinesis DynamoDB SQS Api Schedule ScheduleV2 CloudWatchEvent EventBridgeRule CloudWatchLogs IoTRule AlexaSkill Cognito
    HttpApi MSK MQ SelfManagedKafka DocumentDB""".split()  # noqa: SIM905
)
_INSIGHTS = ("enabled", "disabled", "enhanced")


def _whole(value: Any) -> int | None:
    return int(value) if re.fullmatch(r"\d+", str(value)) and not isinstance(value, bool) else None


def named(value: Any, function: str) -> str:
    """What `Ref` or `GetAtt` names, in any of its spellings; empty for anything else."""
    found: Any = ""
    if isinstance(value, Mapping) and set(value) == {function}:
        found = value[function]
    elif tag_of(value) == f"!{function.removeprefix('Fn::')}":
        found = getattr(value, "value", value)
    found = ".".join(map(str, found)) if isinstance(found, list) else found
    return found if isinstance(found, str) else ""


def _timeouts(document: Any, resources: tuple[Resource, ...]) -> dict[str, int]:
    """How long the functions may work, by name."""
    usual = _whole(mapping(mapping(mapping(document, "Globals"), "Function")).get("Timeout")) or 3
    found = {}
    for each in resources:
        if each.kind in _FUNCTIONS:
            own = each.properties.get("Timeout", usual if each.kind == _FUNCTIONS[1] else 3)
            if (known := _whole(own)) is not None:
                found[each.name] = known
    return found


def _limits(files: Files, path: str) -> Iterator[Hit]:
    resources = template(path, files.text(path))
    if not resources:
        return
    document: Any = next((each for each in templates(files, path) if "Resources" in mapping(each)), {})
    owners: list[tuple[Any, int | None]] = [
        (each.properties, each.line) for each in resources if each.kind in _FUNCTIONS
    ]
    owners.append((mapping(mapping(document, "Globals"), "Function"), None))
    for owner, line in owners:
        for key, (low, high) in _RANGES.items():
            value = _whole(owner.get(key))
            if value is not None and not low <= value <= high:
                yield Hit(line_of(owner, key) or line, f"a function takes a `{key}` from {low} to {high}, not {value}")
    queues = {each.name: each for each in resources if each.kind == "AWS::SQS::Queue"}
    timeouts = _timeouts(document, resources)
    for each in resources:
        yield from _one(each, queues)
        for queue, function in _fed(each):
            shown = _whole(queues[queue].properties.get("VisibilityTimeout", 30)) if queue in queues else None
            if shown is not None and shown < timeouts.get(function, 0):
                yield Hit(
                    queues[queue].line_of("VisibilityTimeout"),
                    f"{queue} hides a message for {shown} s, and `{function}` may work at it for {timeouts[function]} s",
                )


def _fed(each: Resource) -> Iterator[tuple[str, str]]:
    """(queue, function) that it gives its messages to."""
    if each.kind == "AWS::Lambda::EventSourceMapping":
        source, function = each.properties.get("EventSourceArn"), each.properties.get("FunctionName")
        yield (
            named(source, "Fn::GetAtt").partition(".")[0],
            named(function, "Ref") or named(function, "Fn::GetAtt").partition(".")[0],
        )
    for event in mapping(each.properties, "Events").values() if each.kind == "AWS::Serverless::Function" else ():
        if mapping(event).get("Type") == "SQS":
            yield named(mapping(event, "Properties").get("Queue"), "Fn::GetAtt").partition(".")[0], each.name


def _one(each: Resource, queues: Mapping[str, Resource]) -> Iterator[Hit]:
    if each.kind == "AWS::ElasticLoadBalancingV2::TargetGroup":
        waits, every = (
            _whole(each.properties.get("HealthCheckTimeoutSeconds")),
            _whole(each.properties.get("HealthCheckIntervalSeconds")),
        )
        if waits is not None and every is not None and waits > every:
            yield Hit(
                each.line_of("HealthCheckTimeoutSeconds"),
                f"{each.name}: the check waits {waits} s, and is made every {every} s",
            )
    if each.kind == "AWS::ECS::Cluster":
        for setting in listed(each.properties.get("ClusterSettings")):
            value = mapping(setting).get("Value")
            if (
                mapping(setting).get("Name") == "containerInsights"
                and isinstance(value, str)
                and value not in _INSIGHTS
                and not tag_of(value)
            ):
                yield Hit(
                    line_of(setting, "Value") or each.line,
                    f"containerInsights is {', '.join(_INSIGHTS)}, not `{value}`",
                )
    redrive = each.properties.get("RedrivePolicy") if each.kind == "AWS::SQS::Queue" else None
    target = named(mapping(redrive).get("deadLetterTargetArn"), "Ref")
    if target in queues:
        yield Hit(
            line_of(redrive, "deadLetterTargetArn") or each.line,
            f"`Ref` of a queue is its URL: the ARN is {target}.Arn",
        )
    for name, event in mapping(each.properties, "Events").items() if each.kind == "AWS::Serverless::Function" else ():
        kind = mapping(event).get("Type")
        if isinstance(kind, str) and kind not in _EVENTS and not tag_of(kind):
            yield Hit(line_of(event, "Type") or each.line, f"the event `{name}`: SAM has no type `{kind}`")


def _unknown(files: Files, path: str) -> Iterator[Hit]:
    """Resources that a template of SAM names and does not have; SAM adds some, which are called after what makes them."""
    for document in templates(files, path):
        transform = [str(each) for each in listed(document.get("Transform"))] or [
            str(mapping(document).get("Transform"))
        ]
        names = [str(each) for each in mapping(document, "Resources")]
        if not names or transform != ["AWS::Serverless-2016-10-31"] or any("Fn::" in each for each in names):
            continue
        known = (*names, "Serverless")
        for owner, key, value in walk(mapping(document, "Resources")):
            name = named(value, "Fn::GetAtt").partition(".")[0]
            if name and "$" not in name and not name.startswith(known):
                yield Hit(at((owner, key)), f"`GetAtt` names `{name}`, and the template has no such resource")


_F = "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Timeout: {}\n      Events:\n        Q: {{Type: {}, Properties: {{Queue: !GetAtt {}.Arn}}}}\n  Q:\n    Type: AWS::SQS::Queue\n    Properties: {{VisibilityTimeout: 60}}\n"
_T = "Resources:\n  T:\n    Type: AWS::ElasticLoadBalancingV2::TargetGroup\n    Properties: {{HealthCheckTimeoutSeconds: {}, HealthCheckIntervalSeconds: 10}}\n"
_D = "Resources:\n  D:\n    Type: AWS::SQS::Queue\n  Q:\n    Type: AWS::SQS::Queue\n    Properties: {{RedrivePolicy: {{deadLetterTargetArn: {}, maxReceiveCount: 3}}}}\n"

RULES = (
    Rule("cloudformation/limit", "error", "The service refuses it.", "AWS Lambda quotas; AWS SAM specification, event source types; Elastic Load Balancing, health checks; Amazon SQS, visibility timeout of a function's queue.", is_template, _limits,
         bad=({"t.yaml": _F.format(1800, "SQS", "Q")}, {"t.yaml": _F.format(30, "Queue", "Q")}, {"t.yaml": _F.format(120, "SQS", "Q")}, {"t.yaml": _T.format(30)}, {"t.yaml": _D.format("!Ref D")}),
         good=({"t.yaml": _F.format(30, "SQS", "Q")}, {"t.yaml": _F.format("!Ref Time", "SQS", "Q")}, {"t.yaml": _T.format(5)}, {"t.yaml": _D.format("!GetAtt D.Arn")})),
    Rule("cloudformation/sam-reference", "error", "CloudFormation refuses it: name a resource that there is.", "AWS CloudFormation user guide, Fn::GetAtt: the logical name of a resource in the template.", is_template, _unknown,
         bad=({"t.yaml": _F.format(30, "SQS", "Uploads")},), good=({"t.yaml": _F.format(30, "SQS", "Q")}, {"t.yaml": _F.format(30, "SQS", "FRole")})),
)  # fmt: skip
