"""CloudFormation: what a stack asks of the one inside of it, and gives to it, against that one's template."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.cloudformation_values import line_of_part, templates
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.cloud import is_template
from boringops_tools.yaml_files import tag_of, walk

_KINDS = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
_IN_TEXT = lazy_pattern(r"\$\{([A-Za-z0-9]+)\.Outputs\.([A-Za-z0-9]+)\}")
# What may bring names that a template does not show.
_MACROS = lazy_pattern(r"Fn::Transform|AWS::Include|Fn::ForEach")


def _child(files: Files, path: str, value: Any) -> str:
    """The file of this repository that is the template of a nested stack; empty where that is not sure."""
    text = str(getattr(value, "value", value)) if isinstance(value, str) or tag_of(value) == "!Sub" else ""
    if isinstance(value, Mapping) and isinstance(value.get("Fn::Sub"), str):
        text = value["Fn::Sub"]
    text = text.partition("?")[0]
    if not re.search(r"[\w-]\.(?:ya?ml|json|template)$", text) or posixpath.basename(text).startswith("$"):
        return ""
    folder = posixpath.dirname(path)
    if "://" not in text and "$" not in text:  # what `aws cloudformation package` sends away
        place = posixpath.normpath(posixpath.join(folder, text))
        return place if place in files.known else ""
    # It is fetched from where somebody has put it: the file beside, or the one of that name.
    beside = posixpath.normpath(posixpath.join(folder, posixpath.basename(text)))
    same = files.by_name.get(posixpath.basename(text), ())
    return (
        same[0]
        if len(same) == 1
        and (same[0] == beside or posixpath.dirname(folder) == posixpath.dirname(posixpath.dirname(same[0])))
        else ""
    )


def _nested(files: Files, path: str) -> dict[str, tuple[Mapping[Any, Any], str, Mapping[Any, Any]]]:
    """(the stack's properties, path and template of the one inside) by name."""
    found = {}
    for template in templates(files, path):
        for name, body in mapping(template, "Resources").items():
            key = _KINDS.get(str(mapping(body).get("Type")))
            properties = mapping(body, "Properties")
            child = _child(files, path, properties.get(key)) if key else ""
            inner = templates(files, child) if child and child != path else []
            if len(inner) != 1 or not isinstance(inner[0], Mapping) or _MACROS.search(files.text(child)):
                continue
            transforms = str(inner[0].get("Transform", "AWS::"))
            if "AWS::" in transforms:
                found[str(name)] = (properties, child, inner[0])
    return found


def _asked(value: Any, owner: Any, key: Any) -> Iterator[tuple[str, str]]:
    """(stack, output) that a value takes."""
    if tag_of(value) == "!GetAtt" or (key == "Fn::GetAtt" and isinstance(owner, Mapping)):
        parts = value if isinstance(value, list) else str(getattr(value, "value", value)).split(".", 1)
        name, _, attribute = ".".join(map(str, parts)).partition(".")
        if attribute.startswith("Outputs.") and "$" not in attribute:
            yield name, attribute.removeprefix("Outputs.")
    text = value if isinstance(value, str) else getattr(value, "value", None) if tag_of(value) == "!Sub" else None
    if isinstance(text, str) and (tag_of(value) == "!Sub" or key == "Fn::Sub"):
        yield from _IN_TEXT.findall(text)


def _outputs(files: Files, path: str) -> Iterator[Hit]:
    nested = _nested(files, path)
    for template in templates(files, path) if nested else []:
        for owner, key, value in walk(template):
            for name, output in _asked(value, owner, key):
                if name not in nested:
                    continue
                _, child, inner = nested[name]
                known = mapping(inner, "Outputs")
                if output not in known:
                    has = f"; it has {', '.join(map(str, known))}" if known else ""
                    yield Hit(
                        line_of_part(files, path, owner, key, f"Outputs.{output}"),
                        f"`{name}` is made of {child}, which has no output `{output}`{has}",
                    )


def _parameters(files: Files, path: str) -> Iterator[Hit]:
    for name, (properties, child, inner) in _nested(files, path).items():
        given = properties.get("Parameters", {})
        if not isinstance(given, Mapping) or any(str(key).startswith(("Fn::", "<<")) for key in given):
            continue
        known = mapping(inner, "Parameters")
        for key in given:
            if str(key) not in known:
                yield Hit(
                    line_of_part(files, path, given, key, f'"{key}"'),
                    f"`{name}` is made of {child}, which has no parameter `{key}`",
                )
        missing = [
            str(key)
            for key, how in known.items()
            if isinstance(how, Mapping) and "Default" not in how and key not in given
        ]
        if missing:
            yield Hit(
                at((properties, "Parameters")) or line_of_part(files, path, None, None, f'"{name}"'),
                f"`{name}` is made of {child}, which asks for {', '.join(missing)}",
            )


_CHILD = "Parameters:\n  A: {Type: String}\n  B: {Type: String, Default: b}\nResources:\n  T: {Type: AWS::SNS::Topic}\nOutputs:\n  Arn: {Value: !Ref T}\n"
_PARENT = "Resources:\n  Net:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: %s\n      Parameters: {%s}\n  P:\n    Type: AWS::SSM::Parameter\n    Properties: {Type: String, Value: %s}\n"
_URL = "!Sub 'https://${B}.s3.amazonaws.com/x/net.yaml'"


def _two(asked: str, parameters: str = "A: a", url: str = "./net.yaml") -> dict[str, str]:
    return {"stacks/main.yaml": _PARENT % (url, parameters, asked), "stacks/net.yaml": _CHILD}


_REASON = "The stack fails, and is rolled back: name what the template inside has."
RULES = (
    Rule("cloudformation/nested-output", "error", _REASON, "AWS CloudFormation User Guide, Nested stacks: Outputs.NAME is an output of the nested stack's template.", is_template, _outputs,
         bad=(_two("!GetAtt Net.Outputs.Topic"), _two("!Sub '${Net.Outputs.arn}'", url=_URL), _two("{'Fn::GetAtt': [Net, Outputs.Topic]}")),
         good=(_two("!GetAtt Net.Outputs.Arn"), _two("!Sub '${Net.Outputs.Arn}-x'"), _two("!GetAtt Net.Outputs.Topic", url="https://a.s3.amazonaws.com/other.yaml"), _two("!GetAtt [Net, Outputs.Arn]"))),
    Rule("cloudformation/nested-parameter", "error", _REASON, "AWS CloudFormation template reference, AWS::CloudFormation::Stack: Parameters are those of the nested template, each without a default has to be given.", is_template, _parameters,
         bad=(_two("x", "a: a"), _two("x", "A: a, C: c", _URL), _two("x", "B: b")), good=(_two("x"), _two("x", "A: a, B: b", _URL), _two("x", "C: c", "!Ref Url"))),
)  # fmt: skip
