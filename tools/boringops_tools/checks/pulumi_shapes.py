"""Pulumi: values of options and calls that are of no use there, secrets with a default for all to read, and programs that
their language cannot read."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator
from pathlib import PurePosixPath

from boringops.secrets import looks_secret
from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.pulumi_config import document
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.pulumi import is_project
from boringops_tools.red_flags.pulumi_terraform import groups, runtime_of
from boringops_tools.yaml_files import walk

_FLAGS = frozenset({"protect", "retainOnDelete", "deleteBeforeReplace"})
_CALL = frozenset({"function", "arguments", "options", "return"})
_TOKEN = lazy_pattern(r"[\w-]+:(?:[\w./-]+:)?\w+")
_PULUMI = frozenset({"cwd", "project", "stack", "organization", "rootDirectory"})
_ITS = lazy_pattern(r"(?<!\$)\$\{pulumi\.(\w+)\}")
_NEWER = lazy_pattern(r"(?m)^\s*(?:type \w+|(?:async )?def \w+\[|class \w+\[)|f\"[^\"\n]*\{[^}\n]*\"")
"""What only a newer Python than ours may read."""


def _shapes(files: Files, path: str) -> Iterator[Hit]:
    program = document(files, path)
    if runtime_of(program) != "yaml":
        return
    for resources, _ in groups(program):
        for name, resource in resources.items():
            options = mapping(resource, "options")
            for key in _FLAGS & set(options):
                value = options[key]
                if (
                    not isinstance(value, bool)
                    and not (isinstance(value, str) and "${" in value)
                    and not isinstance(value, dict)
                ):
                    yield Hit(at((options, key)), f"the resource `{name}`: `{key}` is true or false, not `{value}`")
            kind = mapping(resource).get("type")
            if isinstance(kind, str) and ":" in kind and "$" not in kind and not _TOKEN.fullmatch(kind):
                yield Hit(at((resource, "type")), f"the resource `{name}`: a type is package:module:Name, not `{kind}`")
    parts = {each: program.get(each) for each in ("variables", "resources", "outputs", "components")}
    for owner, key, value in walk(parts):
        if isinstance(key, str) and key.lower() == "fn::invoke":
            for each in mapping(value):
                if str(each).lower() not in _CALL:
                    yield Hit(at((value, each)), f"`fn::invoke` takes no `{each}`: {', '.join(sorted(_CALL))}")
        for each in _ITS.findall(value) if isinstance(value, str) else ():
            if each not in _PULUMI:
                yield Hit(at((owner, key)), f"there is no `pulumi.{each}`: {', '.join(sorted(_PULUMI))}")


def _defaults(files: Files, path: str) -> Iterator[Hit]:
    for section in ("config", "configuration"):
        for name, value in mapping(document(files, path), section).items():
            default = mapping(value).get("default")
            secret = mapping(value).get("secret") is True or looks_secret(str(name))
            if secret and isinstance(default, str) and default and "${" not in default:
                yield Hit(at((value, "default")), f"`{name}` is a secret, and its default is written into the project")


def _unreadable(files: Files, path: str) -> Iterator[Hit]:
    folder = PurePosixPath(path).parent
    project = next((each for name in ("Pulumi.yaml", "Pulumi.yml") if (each := str(folder / name)) in files.all), "")
    if not project or runtime_of(document(files, project)) != "python":
        return
    text = files.text(path)
    if _NEWER.search(text):
        return
    try:
        ast.parse(text)
    except SyntaxError as error:
        yield Hit(error.lineno, f"Python cannot read it: {error.msg}")
    except (ValueError, RecursionError, MemoryError):
        return


def _is_program(path: str) -> bool:
    return posixpath.basename(path) == "__main__.py"


_P = "name: p\nruntime: yaml\nresources:\n  b: {type: '%s', properties: {a: '%s'}, options: {protect: %s}}\n"
_PY = {"Pulumi.yaml": "name: p\nruntime: python\n"}

RULES = (
    Rule("pulumi/shape", "error", "Pulumi refuses the program.", "Pulumi YAML reference: options, fn::invoke and the pulumi variable have what is listed there.", is_project, _shapes,
         bad=({"Pulumi.yaml": _P % ("aws:rds/Instance", "a", "true")}, {"Pulumi.yaml": _P % ("aws:s3:Bucket", "${pulumi.stackName}", "true")}, {"Pulumi.yaml": _P % ("aws:s3:Bucket", "a", "'yes'")}, {"Pulumi.yaml": "name: p\nruntime: yaml\nvariables:\n  v:\n    fn::invoke: {function: 'aws:ec2:getAmi', args: {a: b}}\n"}),
         good=({"Pulumi.yaml": _P % ("aws:rds/instance:Instance", "${pulumi.stack}", "true")}, {"Pulumi.yaml": _P % ("random:RandomPassword", "a", "'${keep}'")}, {"Pulumi.yaml": "name: p\nruntime: yaml\nvariables:\n  v:\n    fn::invoke: {Function: 'aws:ec2:getAmi', Arguments: {a: b}, Return: id}\n"})),
    Rule("pulumi/secret-default", "error", "Give it no default: set it with `pulumi config set --secret`.", "Pulumi documentation, secrets: what stands in Pulumi.yaml is not encrypted.", is_project, _defaults,
         bad=({"Pulumi.yaml": "name: p\nruntime: yaml\nconfig:\n  k: {type: string, secret: true, default: blue}\n"},), good=({"Pulumi.yaml": "name: p\nruntime: yaml\nconfig:\n  k: {type: string, secret: true}\n  l: {type: string, default: a}\n"},)),
    Rule("pulumi/python-syntax", "error", "Pulumi cannot run the program.", "Python language reference.", _is_program, _unreadable,
         bad=({**_PY, "__main__.py": "import pulumi\na = f(\n    b\n    c=1,\n)\n"},), good=({**_PY, "__main__.py": "import pulumi\na = pulumi.Config()\n"}, {"__main__.py": "print 1\n"})),
)  # fmt: skip
