"""CloudFormation: what a resource cannot be made without, though its schema does not say so, and the containers that an ECS
service sends to."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, listed, mapping
from boringops_tools.red_flags.cloud import Resource, is_template, template
from boringops_tools.yaml_files import line_of, tag_of


@dataclass(frozen=True)
class Need:
    """One of `of` has to be there, where `where` is and none of `unless` is."""

    of: tuple[str, ...]
    where: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


_RESTORED = ("SourceDBInstanceIdentifier", "DBSnapshotIdentifier", "SnapshotIdentifier", "SourceDBClusterIdentifier", "DBClusterSnapshotIdentifier",
             "SourceDbiResourceId", "SourceDBInstanceAutomatedBackupsArn", "DBClusterIdentifier", "ReplicationSourceIdentifier", "GlobalClusterIdentifier",
             "RestoreType", "UseLatestRestorableTime", "RestoreToTime")  # fmt: skip
_PROMQL = ("EvaluationCriteria",)
_NEEDS: dict[str, tuple[Need, ...]] = {
    "AWS::CloudWatch::Alarm": (
        Need(("ComparisonOperator",), unless=_PROMQL), Need(("EvaluationPeriods",), unless=_PROMQL), Need(("MetricName", "Metrics"), unless=_PROMQL),
        Need(("Threshold", "ThresholdMetricId"), unless=_PROMQL), Need(("Namespace",), where=("MetricName",)), Need(("Period",), where=("MetricName",)),
        Need(("Statistic", "ExtendedStatistic"), where=("MetricName",)),
    ),
    "AWS::RDS::DBInstance": (Need(("MasterUserPassword", "ManageMasterUserPassword"), where=("MasterUsername",), unless=_RESTORED), Need(("Engine",), unless=_RESTORED)),
    "AWS::RDS::DBCluster": (Need(("MasterUserPassword", "ManageMasterUserPassword", "MasterUserAuthenticationType"), where=("MasterUsername",), unless=_RESTORED), Need(("Engine",), unless=_RESTORED)),
    "AWS::ECS::Service": (Need(("TaskDefinition",), unless=("DeploymentController",)),),
    "AWS::Events::Rule": (Need(("EventPattern", "ScheduleExpression")),),
    "AWS::Lambda::Function": (Need(("Runtime",), unless=("PackageType",)), Need(("Handler",), unless=("PackageType",))),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (Need(("Subnets", "SubnetMappings")),),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (Need(("Port",), unless=("TargetType",)), Need(("Protocol",), unless=("TargetType",)), Need(("VpcId",), unless=("TargetType",))),
    "AWS::AutoScaling::AutoScalingGroup": (Need(("LaunchTemplate", "LaunchConfigurationName", "MixedInstancesPolicy", "InstanceId")),),
    "AWS::EC2::Instance": (Need(("ImageId", "LaunchTemplate")),),
    "AWS::EC2::Volume": (Need(("Size", "SnapshotId", "SourceVolumeId")),),
    "AWS::DynamoDB::Table": (Need(("AttributeDefinitions",), unless=("ImportSourceSpecification",)),),
}  # fmt: skip


def _in_code(each: Resource) -> bool:
    """Whether the code of a function is an image, which brings what starts it."""
    return "ImageUri" in mapping(each.properties, "Code")


def _incomplete(files: Files, path: str) -> Iterator[Hit]:
    for each in template(path, files.text(path)):
        has = set(map(str, each.properties))
        if not has or any(key.startswith("Fn::") for key in has) or _in_code(each) or "Fn::Transform" in each.body:
            continue
        for need in _NEEDS.get(each.kind, ()):
            wanted = set(need.where) <= has and not has & set(need.unless)
            if wanted and not has & set(need.of):
                yield Hit(each.line, f"{each.name}: {each.kind} cannot be made without {' or '.join(need.of)}")


def _referred(value: Any) -> str:
    """The resource that `Ref` or its short form names."""
    if isinstance(value, Mapping) and set(value) == {"Ref"}:
        return str(value["Ref"])
    if tag_of(value) in ("!Ref", "!GetAtt"):
        return str(getattr(value, "value", "")).partition(".")[0]
    return ""


def _whole(value: Any) -> int | None:
    return (
        int(value)
        if isinstance(value, int | str) and not isinstance(value, bool) and re.fullmatch(r"\d+", str(value))
        else None
    )


def _balancers(files: Files, path: str) -> Iterator[Hit]:
    found = template(path, files.text(path))
    tasks = {each.name: each for each in found if each.kind == "AWS::ECS::TaskDefinition"}
    for service in (each for each in found if each.kind == "AWS::ECS::Service"):
        task = tasks.get(_referred(service.properties.get("TaskDefinition")))
        containers = listed(task.properties.get("ContainerDefinitions")) if task else []
        known = {name: each for each in containers if isinstance(name := mapping(each).get("Name"), str)}
        if not known or len(known) != len(containers):
            continue
        for balancer in listed(service.properties.get("LoadBalancers")):
            name, port = mapping(balancer).get("ContainerName"), _whole(mapping(balancer).get("ContainerPort"))
            if not isinstance(name, str):
                continue
            if name not in known:
                names = ", ".join(sorted(known))
                yield Hit(
                    line_of(balancer, "ContainerName") or service.line,
                    f"{service.name}: the task has no container `{name}`; it has {names}",
                )
                continue
            ports = [_whole(mapping(one).get("ContainerPort")) for one in listed(known[name].get("PortMappings"))]
            if port is not None and ports and None not in ports and port not in ports:
                has = ", ".join(map(str, ports))
                yield Hit(
                    line_of(balancer, "ContainerPort") or service.line,
                    f"{service.name}: the container `{name}` has port {has}, not {port}",
                )


def _t(kind: str, properties: str) -> dict[str, str]:
    return {"t.yaml": f"Resources:\n  A:\n    Type: {kind}\n    Properties: {properties}\n"}


_ALARM = "AWS::CloudWatch::Alarm"
_E = "Resources:\n  T:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions: [{{Name: web, Image: 'a/b:1', PortMappings: [{{ContainerPort: 8080}}]}}]\n  S:\n    Type: AWS::ECS::Service\n    Properties:\n      TaskDefinition: {}\n      LoadBalancers: [{{ContainerName: {}, ContainerPort: {}, TargetGroupArn: x}}]\n"

RULES = (
    Rule("cloudformation/needs", "error", "AWS refuses to make it: add the property.", "AWS CloudFormation template reference, and the service's own API: the property is required, as told for each.", is_template, _incomplete,
         bad=(
             _t(_ALARM, "{EvaluationPeriods: 1, MetricName: a, Namespace: b, Period: 60, Statistic: Sum, Threshold: 1}"), _t(_ALARM, "{ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, MetricName: a, Namespace: b, Statistic: Sum, Threshold: 1}"),
             _t("AWS::RDS::DBInstance", "{Engine: postgres, MasterUsername: a}"), _t("AWS::Events::Rule", "{State: ENABLED}"), _t("AWS::Lambda::Function", "{Role: a, Code: {ZipFile: b}, Handler: c}"),
         ),
         good=(
             _t(_ALARM, "{ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, Metrics: [], Threshold: 1}"), _t(_ALARM, "{EvaluationCriteria: {PromQLCriteria: {Query: a}}}"), _t("AWS::RDS::DBInstance", "{DBSnapshotIdentifier: a, MasterUsername: a}"),
             _t("AWS::Lambda::Function", "{Role: a, Code: {ImageUri: b}}"), _t("AWS::ElasticLoadBalancingV2::TargetGroup", "{TargetType: lambda}"), _t("AWS::Events::Rule", "{'Fn::If': [a, {}, {}]}"),
         )),
    Rule("cloudformation/ecs-balancer", "error", "AWS refuses the service: name a container of the task, and a port of it.", "AWS CloudFormation template reference, AWS::ECS::Service LoadBalancer: the container and the port are those of the task definition.", is_template, _balancers,
         bad=({"t.yaml": _E.format("!Ref T", "app", 8080)}, {"t.yaml": _E.format("{Ref: T}", "web", 80)}),
         good=({"t.yaml": _E.format("!Ref T", "web", 8080)}, {"t.yaml": _E.format("!Ref Other", "app", 80)}, {"t.yaml": _E.format("!Ref T", "!Ref Name", "!Ref Port")}, {"t.yaml": _E.format("!Ref T", "a", 80).replace("web", "{Ref: N}")})),
)  # fmt: skip
