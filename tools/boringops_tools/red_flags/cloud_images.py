"""Images that a template of CloudFormation runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.yaml_files import line_of, tag_of

_CONTAINERS = {
    "AWS::ECS::TaskDefinition": ("ContainerDefinitions", "Image"),
    "AWS::Batch::JobDefinition": ("ContainerProperties", "Image"),
    "AWS::Lambda::Function": ("Code", "ImageUri"),
    "AWS::Serverless::Function": ("", "ImageUri"),
    "AWS::SageMaker::Model": ("PrimaryContainer", "Image"),
}


def of_template(document: Mapping[Any, Any]) -> Iterator[tuple[int | None, Any]]:
    """(line, reference) of each; what a parameter decides is no reference."""
    for resource in document["Resources"].values():
        properties = resource.get("Properties") if isinstance(resource, Mapping) else None
        part, key = (
            _CONTAINERS.get(str(resource.get("Type")), ("", "")) if isinstance(properties, Mapping) else ("", "")
        )
        inside = properties.get(part) if part and properties is not None else properties
        for each in inside if isinstance(inside, list) else [inside]:
            if key and isinstance(each, Mapping) and key in each:
                yield line_of(each, key), _written(each[key])


def _written(value: Any) -> Any:
    """A text, that of `!Sub` included."""
    if isinstance(value, Mapping) and set(value) == {"Fn::Sub"}:
        value = value["Fn::Sub"]
    if tag_of(value) in ("!Sub", ""):
        return str(getattr(value, "value", value)) if isinstance(value, str) or tag_of(value) else value
    return None
