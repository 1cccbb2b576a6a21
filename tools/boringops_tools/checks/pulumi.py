"""Pulumi: what a project file must have, and what the expressions of a YAML program refer to."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import walk

_REFERENCE = lazy_pattern(r"\$(\$)?\{([^}]*)\}")
_ROOT = lazy_pattern(r"[A-Za-z_][\w-]*(?::[\w-]+)?")


def _applies(path: str) -> bool:
    return posixpath.basename(path) in ("Pulumi.yaml", "Pulumi.yml")


def _project(files: Files, path: str) -> Mapping[Any, Any]:
    found = files.documents(path)
    return mapping(found[0]) if found else {}


def _fields(files: Files, path: str) -> Iterator[Hit]:
    project = _project(files, path)
    runtime = project.get("runtime")
    if not project:
        return
    if not project.get("name"):
        yield Hit(at((project, "name")) or 1, "the project has no `name`")
    if not (runtime.get("name") if isinstance(runtime, Mapping) else runtime):
        yield Hit(at((project, "runtime")) or 1, "the project has no `runtime`")


_RUNTIMES = frozenset({"nodejs", "python", "dotnet", "go", "java", "yaml", "bun", "hcl"})
_RESOURCE = frozenset(
    {"type", "properties", "options", "get", "defaultProvider", "name", "logicalName", "condition", "metadata"}
)


def _program(files: Files, path: str) -> Iterator[Hit]:
    project = _project(files, path)
    runtime = project.get("runtime")
    name = runtime.get("name") if isinstance(runtime, Mapping) else runtime
    if (
        isinstance(name, str)
        and (near := difflib.get_close_matches(name, _RUNTIMES, 1, 0.65))
        and name not in _RUNTIMES
    ):
        yield Hit(at((project, "runtime")), f"`{name}` is no runtime; `{near[0]}` is one")
    resources = mapping(project, "resources")
    for label, resource in resources.items() if name == "yaml" else ():
        if not isinstance(resource, Mapping):
            continue
        if not resource.get("type"):
            yield Hit(at((resources, label)), f"the resource `{label}` has no `type`")
        for key in resource:
            if key not in _RESOURCE:
                yield Hit(at((resource, key)), f"the resource `{label}`: `{key}` is no field of a resource")


def _known(files: Files, path: str, project: Mapping[Any, Any]) -> set[str]:
    """Resources, variables and configuration, that of the stacks too."""
    names = {
        str(name) for key in ("resources", "variables", "config", "configuration") for name in mapping(project, key)
    }
    # what `pulumi new` asks for is in the stack that it makes
    names |= {str(name) for name in mapping(mapping(project, "template"), "config")}
    stacks = (each for each in files.siblings(path) if re.fullmatch(r"Pulumi\..+\.ya?ml", PurePosixPath(each).name))
    names |= {str(name) for each in stacks for name in mapping(_project(files, each), "config")}
    return names | {name.rpartition(":")[2] for name in names}


def _references(files: Files, path: str) -> Iterator[Hit]:
    project = _project(files, path)
    runtime = project.get("runtime")
    if (runtime.get("name") if isinstance(runtime, Mapping) else runtime) != "yaml" or "resources" not in project:
        return
    known = _known(files, path, project)
    for section in ("resources", "variables", "outputs"):
        for parent, key, value in walk(mapping(project, section)):
            for escaped, inner in _REFERENCE.findall(value) if isinstance(value, str) else ():
                root = _ROOT.match(inner.strip())
                if escaped or root is None or root[0] == "pulumi" or root[0] in known:
                    continue
                yield Hit(
                    at((parent, key), (project, section)),
                    f"`${{{inner}}}` refers to `{root[0]}`, which is no resource, variable or configuration",
                )


_DOC = "Pulumi YAML reference"
_P = "name: p\nruntime: yaml\n"

RULES = (
    Rule(
        "pulumi/field", "error", "Pulumi refuses the project: it needs a name and a runtime.",
        "Pulumi project file reference: name and runtime are required.", _applies, _fields,
        bad=({"Pulumi.yaml": "runtime: yaml\nresources: {}\n"}, {"Pulumi.yaml": "name: p\nruntime: {options: {a: b}}\n"}),
        good=({"Pulumi.yaml": "name: p\nruntime:\n  name: nodejs\n"}, {"Pulumi.yaml": _P}, {"Pulumi.dev.yaml": "config: {}\n"}),
    ),
    Rule(
        "pulumi/program", "error", "Pulumi refuses the program.", f"{_DOC}: a resource has a type, and may have properties, options, get and a few more.", _applies, _program,
        bad=({"Pulumi.yaml": _P + "resources:\n  b: {properties: {a: b}}\n"}, {"Pulumi.yaml": _P + "resources:\n  b: {type: 'a:b:C', property: {a: b}}\n"}, {"Pulumi.yaml": "name: p\nruntime: yml\n"}),
        good=({"Pulumi.yaml": _P + "resources:\n  b: {type: 'a:b:C', properties: {a: b}, options: {protect: true}}\n"}, {"Pulumi.yaml": "name: p\nruntime: acme\nresources: {b: {}}\n"}),
    ),
    Rule(
        "pulumi/reference", "error", "Declare it under resources, variables or config; `$${` is a dollar sign and a brace.",
        f"{_DOC}: ${{name}} refers to a resource, a variable or a configuration value of the program.", _applies, _references,
        bad=({"Pulumi.yaml": _P + "resources:\n  b: {type: 'aws:s3:Bucket'}\noutputs:\n  n: ${bucket.id}\n"},),
        good=(
            {"Pulumi.yaml": _P + "config: {size: {type: integer}}\nvariables: {v: 1}\nresources:\n  b: {type: 'a:b:C', properties: {a: '${v}-${size}', s: 'echo $${HOME}', d: '${pulumi.cwd}', z: '${zone}'}}\noutputs:\n  n: ${b.id[0]}\n",
             "Pulumi.dev.yaml": "config: {'p:zone': a}\n"},
            {"Pulumi.yaml": _P + "template: {config: {'gcp:region': {default: a}}}\nresources:\n  b: {type: 'a:b:C', properties: {a: '${gcp:region}'}}\n"},
        ),
    ),
)  # fmt: skip
