"""Pulumi: sections, options and functions that there are none of, expressions that do not end, and circles of resources."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.graph import cycles
from boringops_tools.checks.pulumi_config import document
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.pulumi import is_project
from boringops_tools.red_flags.pulumi_terraform import groups, runtime_of
from boringops_tools.yaml_files import walk

_SECTIONS = frozenset(
    [
        "name",
        "namespace",
        "description",
        "version",
        "author",
        "website",
        "license",
        "runtime",
        "main",
        "config",
        "configuration",
        "stackConfigDir",
        "backend",
        "options",
        "template",
        "plugins",
        "packages",
        "sdks",
        "environment",
        "requiredPulumiVersion",
        "pulumi",
        "variables",
        "resources",
        "outputs",
        "components",
    ]
)
_OPTIONS = frozenset(
    [
        "additionalSecretOutputs",
        "aliases",
        "customTimeouts",
        "deleteBeforeReplace",
        "dependsOn",
        "ignoreChanges",
        "import",
        "parent",
        "protect",
        "provider",
        "providers",
        "version",
        "pluginDownloadURL",
        "replaceOnChanges",
        "retainOnDelete",
        "replaceWith",
        "deletedWith",
        "hideDiffs",
        "replacementTrigger",
        "envVarMappings",
        "urn",
    ]
)
_FUNCTIONS = frozenset(
    [
        "invoke",
        "join",
        "toJSON",
        "toBase64",
        "fromBase64",
        "select",
        "split",
        "stackReference",
        "assetArchive",
        "secret",
        "unsecret",
        "readFile",
        "filebase64",
        "filebase64sha256",
        "sha1",
        "length",
        "singleOrNone",
        "pulumiResourceName",
        "pulumiResourceType",
        "stringAsset",
        "fileAsset",
        "remoteAsset",
        "fileArchive",
        "remoteArchive",
    ]
)
_LOWER = {each.lower(): each for each in _FUNCTIONS}
_PROVIDERS_OWN = lazy_pattern(r"fn::[^:]+:[^:]+(?::[^:]+)?")
_TWO = frozenset({"join", "select", "split"})
_ROOT = lazy_pattern(r"(?<!\$)\$\{([A-Za-z_][\w-]*)")
_BROKEN = lazy_pattern(r"(?<!\$)(?:\$\$)*\$\{([^}]*)(\}|$)")


def _program(files: Files, path: str) -> Mapping[Any, Any]:
    project = document(files, path)
    return project if runtime_of(project) == "yaml" else {}


def _sections(files: Files, path: str) -> Iterator[Hit]:
    project, program = document(files, path), _program(files, path)
    for key in project:
        near = difflib.get_close_matches(str(key), _SECTIONS - set(project), 1, 0.8)
        if key not in _SECTIONS and (near or str(key).lower() in _SECTIONS) and not str(key).startswith("x-"):
            yield Hit(
                at((project, key)), f"a project has no section `{key}`; it has `{(near or [str(key).lower()])[0]}`"
            )
    for resources, _ in groups(program):
        for name, resource in resources.items():
            options = mapping(resource, "options")
            for key in options:
                if isinstance(key, str) and key not in _OPTIONS:
                    near = difflib.get_close_matches(key, _OPTIONS, 1, 0.6)
                    better = f"; `{near[0]}` is one" if near else ""
                    yield Hit(at((options, key)), f"the resource `{name}`: `{key}` is no option{better}")
            kind = resource.get("type") if isinstance(resource, Mapping) else None
            if isinstance(kind, str) and "$" not in kind and (":" not in kind or kind.startswith("AWS::")):
                yield Hit(at((resource, "type")), f"the resource `{name}`: a type is package:module:Name, not `{kind}`")


def _functions(files: Files, path: str) -> Iterator[Hit]:
    program = _program(files, path)
    for owner, key, value in walk(
        {each: program.get(each) for each in ("variables", "resources", "outputs", "components")}
    ):
        if not isinstance(key, str) or not key.startswith("fn::"):
            continue
        name = key[4:]
        if name in _FUNCTIONS:
            if name in _TWO and isinstance(value, list) and len(value) != 2:
                yield Hit(at((owner, key)), f"`{key}` takes two arguments, not {len(value)}")
            if (
                name == "invoke"
                and isinstance(value, Mapping)
                and "function" not in {str(each).lower() for each in value}
            ):
                yield Hit(at((owner, key)), "`fn::invoke` names no `function`")
        elif meant := _LOWER.get(name.lower()):
            yield Hit(at((owner, key)), f"the function is written `fn::{meant}`, not `{key}`", severity="warning")
        elif not _PROVIDERS_OWN.fullmatch(key):
            near = difflib.get_close_matches(name, _FUNCTIONS, 1, 0.6)
            better = f"; there is `fn::{near[0]}`" if near else ""
            yield Hit(at((owner, key)), f"there is no function `{key}`{better}")


def _expressions(files: Files, path: str) -> Iterator[Hit]:
    program = _program(files, path)
    names = {str(each) for resources, variables in groups(program) for each in (*resources, *variables)}
    whole = (
        re.compile(rf"(?:\$\(|\{{\{{ ?|\$)((?:{'|'.join(map(re.escape, sorted(names)))})(?:\.\w+)+)(?:\)| ?\}}\}}|)")
        if names
        else None
    )
    for owner, key, value in walk(
        {each: program.get(each) for each in ("variables", "resources", "outputs", "components")}
    ):
        if isinstance(value, Mapping) and len(value) == 1:
            [(only, nothing)] = value.items()
            if nothing is None and isinstance(only, str) and "." in only and only.split(".")[0] in names:
                yield Hit(at((owner, key)), f"`{{{only}}}` is a mapping; an expression is `${{{only}}}`")
        if not isinstance(value, str):
            continue
        for inner, end in _BROKEN.findall(value):
            if not end:
                yield Hit(at((owner, key)), f"`${{{inner[:40]}` has no end; a dollar sign before a brace is `$$`")
            elif not inner.strip() or inner.startswith("{"):
                yield Hit(at((owner, key)), f"`${{{inner}}}` refers to nothing")
            elif inner.count("[") != inner.count("]"):
                yield Hit(at((owner, key)), f"`${{{inner}}}` has a bracket without its other one")
        if re.fullmatch(r"[^{}$]*\$\{[\w.\[\]:-]+\}\}[^{}]*", value):
            yield Hit(at((owner, key)), f"`{value[:60]}` has a brace too many")
        if whole is not None and (match := whole.fullmatch(value)):
            yield Hit(at((owner, key)), f"`{value}` is only text; an expression is `${{{match[1]}}}`")


def _needs(node: Any, known: frozenset[str]) -> set[str]:
    """The resources and variables that a declaration refers to."""
    found = {one for _, _, value in walk([node]) if isinstance(value, str) for one in _ROOT.findall(value)}
    return found & known


def _circles(files: Files, path: str) -> Iterator[Hit]:
    for resources, variables in groups(_program(files, path)):
        known = frozenset(map(str, (*resources, *variables)))
        needs = {str(name): _needs(each, known) for group in (variables, resources) for name, each in group.items()}
        for circle in cycles(needs):
            first = next((one for one in circle if one in resources), circle[0])
            turned = circle[circle.index(first) : -1] + circle[: circle.index(first)]
            way = " → ".join([*turned, first])
            yield Hit(at((resources, first), (variables, first)), f"each waits for the other: {way}")


def _twice(files: Files, path: str) -> Iterator[Hit]:
    program = _program(files, path)
    config = {str(each).removeprefix(f"{program.get('name')}:") for each in mapping(program, "config")}
    resources, variables = mapping(program, "resources"), mapping(program, "variables")
    for name in resources:
        if name in variables or name in config:
            other = "a variable" if name in variables else "a value of the configuration"
            yield Hit(at((resources, name)), f"`{name}` is a resource and {other}: a name stands for one thing")
    for name in variables:
        if name in config:
            yield Hit(
                at((variables, name)),
                f"`{name}` is a variable and a value of the configuration: a name stands for one thing",
            )
    outputs = mapping(program, "outputs")
    for each in listed(program.get("resources")):
        if isinstance(each, Mapping) and "type" in each and not outputs:
            yield Hit(at((program, "resources")), "`resources` is a list; it maps names to resources")
            return


_DOC = "Pulumi YAML reference"
_P = "name: p\nruntime: yaml\n"
_R = _P + "resources:\n  b: {type: 'aws:s3:Bucket', properties: {a: %s}}\n  c: {type: 'aws:s3:Bucket'}\n"

RULES = (
    Rule(
        "pulumi/section", "error", "Pulumi takes no notice of it, or refuses the program.", f"{_DOC}: the sections of a program, and the options of a resource.", is_project, _sections,
        bad=({"Pulumi.yaml": _P + "resource: {}\n"}, {"Pulumi.yaml": _P + "Resources: {}\n"}, {"Pulumi.yaml": _P + "resources: {b: {type: 'a:b:C', options: {dependOn: []}}}\n"}, {"Pulumi.yaml": _P + "resources: {b: {type: aws_s3_bucket}}\n"}),
        good=({"Pulumi.yaml": _P + "resources: {b: {type: 'a:b:C', options: {protect: true, dependsOn: []}}}\nsdks: {}\nx-tags: {}\nowner: me\n"}, {"Pulumi.yaml": "name: p\nruntime: nodejs\nowner: me\n"}),
    ),
    Rule(
        "pulumi/function", "error", "Pulumi takes what it does not know for a plain mapping, or complains of the spelling.", f"{_DOC}: the functions are fn::invoke, fn::join, fn::toJSON and so on, and those of providers by their full names.", is_project, _functions,
        bad=({"Pulumi.yaml": _R % "{fn::toJson: {}}"}, {"Pulumi.yaml": _R % "{fn::concat: [a, b]}"}, {"Pulumi.yaml": _R % "{fn::join: [a, b, c]}"}, {"Pulumi.yaml": _R % "{fn::invoke: {arguments: {}}}"}),
        good=({"Pulumi.yaml": _R % "{fn::join: ['-', [a, b]]}"}, {"Pulumi.yaml": _R % "{fn::aws:s3:getBucket: {bucket: a}}"}, {"Pulumi.yaml": _R % "{Fn::GetAtt: [a, b]}"}, {"Pulumi.yaml": _R % "{fn::invoke: {function: 'aws:getRegion'}}"}),
    ),
    Rule(
        "pulumi/expression", "error", "An expression is `${name.property}`.", f"{_DOC}: an expression begins with a dollar sign and a brace, and ends with a brace.", is_project, _expressions,
        bad=({"Pulumi.yaml": _R % "'${c.id'"}, {"Pulumi.yaml": _R % "'x-${c.arn/*'"}, {"Pulumi.yaml": _R % "{c.id}"}, {"Pulumi.yaml": _R % "$c.id"}, {"Pulumi.yaml": _R % "'{{ c.id }}'"}, {"Pulumi.yaml": _R % "'${}'"}, {"Pulumi.yaml": _R % "'${c.ids[0}'"}, {"Pulumi.yaml": _R % "'${c.id}}'"}),
        good=({"Pulumi.yaml": _R % "'${c.id}/*'"}, {"Pulumi.yaml": _R % "'$${c.id'"}, {"Pulumi.yaml": _R % "'echo $(date) $c.id'"}, {"Pulumi.yaml": "name: ${PROJECT\nruntime: yaml\n"}),
    ),
    Rule(
        "pulumi/circle", "error", "Pulumi refuses the program: take one of the references away.", f"{_DOC}: resources are made in the order of their references, which has to have a beginning.", is_project, _circles,
        bad=({"Pulumi.yaml": _P + "resources:\n  b: {type: 'a:b:C', properties: {n: '${c.id}'}}\n  c: {type: 'a:b:C', options: {dependsOn: ['${b}']}}\n"}, {"Pulumi.yaml": _R % "'${b.id}'"}, {"Pulumi.yaml": _P + "variables: {v: '${b.id}'}\nresources: {b: {type: 'a:b:C', properties: {n: 'x-${v}'}}}\n"}),
        good=({"Pulumi.yaml": _R % "'${c.id}'"}, {"Pulumi.yaml": _R % "'$${b.id}'"}),
    ),
    Rule(
        "pulumi/twice", "error", "Pulumi refuses the program: give one of them another name.", f"{_DOC}: resources, variables and configuration share their names.", is_project, _twice,
        bad=({"Pulumi.yaml": _P + "config: {b: {type: string}}\nresources: {b: {type: 'a:b:C'}}\n"}, {"Pulumi.yaml": _P + "variables: {b: 1}\nresources: {b: {type: 'a:b:C'}}\n"}),
        good=({"Pulumi.yaml": _P + "config: {a: {type: string}}\nvariables: {v: 1}\nresources: {b: {type: 'a:b:C'}}\noutputs: {b: '${b.id}'}\n"},),
    ),
)  # fmt: skip
