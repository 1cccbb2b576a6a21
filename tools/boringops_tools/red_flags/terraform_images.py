"""Images that Terraform's resources run, and the releases of Helm's that it installs."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from boringops_tools.red_flags.hcl import Attribute, Block, Call, Expression, decoded, read
from boringops_tools.red_flags.pipeline_images import Named
from boringops_tools.yaml_files import Unreadable, documents


def of_terraform(text: str, of_values: Callable[[Any], Iterator[Named]]) -> Iterator[Named]:
    """The images of container definitions, tasks, services, functions and Kubernetes objects."""
    # What a pipeline replaces may be called anything at first.
    todo = [each for each in read(text) if not _replaced(each)]
    while todo:
        block = todo.pop()
        todo += block.blocks
        for name, attribute in block.attributes.items():
            if name in _IMAGES.get(block.kind if not block.labels else block.labels[0], ()):
                yield attribute.line, _reference(attribute.value)
            elif (
                block.kind == "set"
                and name == "value"
                and re.search(r"(?i)(?:^|\.)(?:image\.?)?tag$", str(block.value("name")))
            ):
                yield (
                    attribute.line,
                    f"{block.value('name')}:{attribute.value}" if isinstance(attribute.value, str) else None,
                )
            elif block.labels[:1] == ("helm_release",) and name in ("set", "values"):
                yield from ((attribute.line, each) for each in _of_chart(attribute.value, of_values))
            elif name in ("container_definitions", "container_properties"):
                yield from _definitions(attribute)


def _of_chart(value: Any, of_values: Callable[[Any], Iterator[Named]]) -> Iterator[Any]:
    """The images in the values that a release of Helm's gets."""
    for each in value if isinstance(value, list) else ():
        if isinstance(each, Mapping) and re.search(r"(?i)(?:^|\.)(?:image\.?)?tag$", str(each.get("name"))):
            yield f"{each['name']}:{each['value']}" if isinstance(each.get("value"), str) else None
        elif isinstance(each, Call) and each.name == "yamlencode" and each.arguments:
            yield from (image for _, image in of_values(each.arguments[0]))
        elif isinstance(each, str):
            with contextlib.suppress(Unreadable):
                yield from (image for document in documents(each) for _, image in of_values(document))


def _replaced(block: Block) -> bool:
    """Whether Terraform leaves it to others which image a resource has, once it is there."""
    ignored = [str(each.value("ignore_changes")) for each in block.inner("lifecycle")]
    return any(re.search(r"\ball\b|image|template|container|task_definition", each) for each in ignored)


def _definitions(attribute: Attribute) -> Iterator[Named]:
    value = decoded(attribute.value)
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, Mapping):
            yield attribute.line, _reference(each.get("image"))


def _reference(value: Any) -> Any:
    """An image of Terraform's; of one that is put together at least the tag is known where that is written out."""
    if isinstance(value, Expression) and re.fullmatch(r"\$\{[^}\"]*\}[\w./-]*:[\w.-]+", value.text):
        return value.text
    return value


# block or resource: attributes that name an image.
_IMAGES: dict[str, tuple[str, ...]] = {
    "container": ("image",),
    "containers": ("image",),
    "init_container": ("image",),
    "docker_container": ("image",),
    "docker_image": ("name",),
    "container_spec": ("image",),
    "primary_container": ("image",),
    "application_stack": ("docker_image_name", "docker_image"),
    "image_repository": ("image_identifier",),
    "aws_lambda_function": ("image_uri",),
}
