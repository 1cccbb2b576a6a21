"""Terraform without providers: what a directory's files refer to and declare, and how modules call each other."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from boringops_tools.checks.base import MOST_SIBLINGS, Files, Hit, Rule
from boringops_tools.checks.hcl import Block, Reference, blocks
from boringops_tools.patterns import lazy_pattern

_OVERRIDE = lazy_pattern(r"(?:^|/)(?:[^/]*_)?override\.tf$")
_META = frozenset({"source", "version", "count", "for_each", "providers", "depends_on"})
_DECLARING = {"resource": 2, "data": 2, "variable": 1, "output": 1, "module": 1}
"""Blocks whose labels are unique in a directory, and how many labels they have."""


def _applies(path: str) -> bool:
    return path.endswith(".tf")


@dataclass
class Module:
    """The files of one directory."""

    by_path: dict[str, list[Block]] = field(default_factory=dict)
    whole: bool = True
    """Every file could be read, and no other tool adds files."""

    def all(self) -> Iterator[tuple[str, Block]]:
        for path, found in self.by_path.items():
            yield from ((path, block) for block in found)

    def labels(self, kind: str) -> set[tuple[str, ...]]:
        return {block.labels for _, block in self.all() if block.kind == kind}


def _module(files: Files, folder: str) -> Module:
    module = Module()
    paths = files.siblings(f"{folder}/x" if folder else "x")
    module.whole = sum(path.endswith(".tf") for path in paths) <= MOST_SIBLINGS
    for path in paths if module.whole else ():
        if path.endswith((".tf.json", ".tofu", "terragrunt.hcl")):
            module.whole = False
        if path.endswith(".tf"):
            found = blocks(files.text(path)) if files.file(path) else None
            module.whole &= found is not None
            module.by_path[path] = found or []
    return module


def of(files: Files, folder: str) -> Module:
    """The module that a folder is."""
    found: Module = files.once(_module, "" if folder == "." else folder)
    return found


def _here(files: Files, path: str) -> tuple[Module, list[Block]]:
    module = of(files, PurePosixPath(path).parent.as_posix())
    return module, module.by_path.get(path, [])


def _undeclared(files: Files, path: str) -> Iterator[Hit]:
    module, mine = _here(files, path)
    if not module.whole:
        return
    known = {
        "var": {labels[0] for labels in module.labels("variable") if labels},
        "module": {labels[0] for labels in module.labels("module") if labels},
        "local": {name for _, block in module.all() if block.kind == "locals" for name in block.attributes},
    }
    for block in mine:
        seen: set[tuple[str, ...]] = set()
        checked = module.labels("data") | {("data", *labels) for labels in _nested_data(module)}
        for reference in block.references:
            if reference.names[0] in block.bound:
                continue
            names, what = _missing(reference, known, checked, module.labels("resource"))
            if what and names not in seen:
                seen.add(names)
                yield Hit(reference.line, f"`{'.'.join(names)}` is not declared: no file of this directory has {what}")


def _nested_data(module: Module) -> set[tuple[str, ...]]:
    """A `check` block may hold a data source: its labels are not at the top, so any name counts as known."""
    return {("*",) for _, block in module.all() if "data" in block.nested}


def _missing(
    reference: Reference, known: dict[str, set[str]], data: set[tuple[str, ...]], resources: set[tuple[str, ...]]
) -> tuple[tuple[str, ...], str]:
    """The names that are missing and what would declare them; the latter is empty where nothing is missing."""
    root, *rest = reference.names
    if root in known:
        kind = {"var": f'variable "{rest[0]}"', "module": f'module "{rest[0]}"', "local": f"a local `{rest[0]}`"}[root]
        return (root, rest[0]), "" if rest[0] in known[root] else kind
    if root == "data" and len(rest) > 1:
        there = tuple(rest[:2]) in data or ("data", "*") in data
        return ("data", *rest[:2]), "" if there else f'data "{rest[0]}" "{rest[1]}"'
    # A resource's type starts with its provider's name; what has no underscore may be anything.
    if "_" in root and (root, rest[0]) not in resources:
        return (root, rest[0]), f'resource "{root}" "{rest[0]}"'
    return (), ""


def _duplicates(files: Files, path: str) -> Iterator[Hit]:
    module, mine = _here(files, path)
    if _OVERRIDE.search(path):
        return
    seen: dict[tuple[str, ...], tuple[str, int]] = {}
    for where, block in module.all():
        if _OVERRIDE.search(where):
            continue
        keys = [(block.kind, *block.labels)] if len(block.labels) == _DECLARING.get(block.kind) else []
        lines = {keys[0]: block.line} if keys else {}
        if block.kind == "locals":
            lines = {("local", name): line for name, line in block.attributes.items()}
        for key, line in lines.items():
            if key in seen and where == path and block in mine:
                first, number = seen[key]
                yield Hit(
                    line, f"`{'.'.join(key)}` is declared already, in {PurePosixPath(first).name} on line {number}"
                )
            seen.setdefault(key, (where, line))


def _calls(files: Files, path: str) -> Iterator[tuple[Block, str]]:
    """Modules that a file calls by a local path, and their folders."""
    for block in _here(files, path)[1]:
        source = block.literals.get("source", "")
        if block.kind == "module" and source.startswith(("./", "../")):
            yield block, posixpath.normpath(posixpath.join(PurePosixPath(path).parent.as_posix(), source))


def _modules(files: Files, path: str) -> Iterator[Hit]:
    for block, folder in _calls(files, path):
        line, name = block.attributes.get("source", block.line), block.labels[0] if block.labels else ""
        if folder.startswith(".."):
            continue
        if not any(each.endswith((".tf", ".tf.json", ".tofu")) for each in files.siblings(f"{folder}/x")):
            yield Hit(line, f"module `{name}`: the folder {folder} has no Terraform files")
            continue
        module = of(files, folder)
        if not module.whole:
            continue
        variables = {each.labels[0]: each for _, each in module.all() if each.kind == "variable" and each.labels}
        for argument, where in block.attributes.items():
            if argument not in _META and argument not in variables:
                yield Hit(where, f"module `{name}`: {folder} has no variable `{argument}`")
        for variable, declared in variables.items():
            if "default" not in declared.attributes and variable not in block.attributes:
                yield Hit(
                    block.line,
                    f"module `{name}`: the variable `{variable}` of {folder} gets no value and has no default",
                )


def _child_blocks(files: Files, path: str) -> Iterator[Hit]:
    folder = PurePosixPath(path).parent
    mine = _here(files, path)[1]
    held = [(block, kind) for block in mine for kind in _held(block)]
    if not held or "modules" not in folder.parts or "examples" in folder.parts:
        return
    above = folder.parts[: folder.parts.index("modules")]
    callers = [each for each in files.all if each.endswith(".tf") and PurePosixPath(each).parts[: len(above)] == above]
    if any(called == folder.as_posix() for each in callers[:500] for _, called in _calls(files, each)):
        for block, kind in held:
            yield Hit(block.line, f"{kind} stands in a module that others call")


def _held(block: Block) -> list[str]:
    """What only a root module should have."""
    if block.kind == "provider" and set(block.attributes) - {"alias"}:
        return ["a provider configuration"]
    return ["a backend"] if block.kind == "terraform" and {"backend", "cloud"} & set(block.nested) else []


_DOC = "Terraform language reference"
_M = "main.tf"

RULES = (
    Rule(
        "terraform/undeclared", "error", "Terraform refuses the configuration: declare it, or correct the name.",
        f"{_DOC}: var, local, module, data and resource references name what the same module declares.", _applies, _undeclared,
        bad=(
            {_M: 'output "a" {\n  value = "x-${var.nmae}"\n}\n', "variables.tf": 'variable "name" {}\n'},
            {_M: "locals {\n  a = local.b\n}\n"}, {_M: 'output "a" {\n  value = module.x.id\n}\n'},
            {_M: 'output "a" {\n  value = [for s in aws_instance.web : s.id]\n}\n'},
            {_M: 'output "a" {\n  value = data.aws_ami.x.id\n}\nresource "aws_ami" "x" {}\n'},
            {_M: 'output "a" {\n  value = aws_eip.a[var.i].id\n}\nresource "aws_eip" "a" {}\n'},
        ),
        good=(
            {_M: 'locals {\n  a = var.name\n  b = { for my_key, my_value in local.a : my_key => my_value.x.y }\n}\n'
                 'resource "aws_x" "y" {\n  provider = aws.west\n  z = data.aws_ami.x[0].id\n  count = length(aws_x.z)\n'
                 '  dynamic "my_block" {\n    for_each = local.b\n    content {\n      a = my_block.value.a\n    }\n  }\n'
                 '  lifecycle {\n    ignore_changes = [master_auth.x]\n  }\n}\nmoved {\n  from = aws_old.a\n  to = aws_x.y\n}\n',
             "b.tf": 'variable "name" {}\ndata "aws_ami" "x" {}\nresource "aws_x" "z" {}\n'},
            {_M: 'output "a" {\n  value = var.a\n}\n', "b.tf.json": "{}"}, {_M: 'output "a" {\n  value = var.a\n}\n', "b.tf": "{% if %}"},
        ),
    ),
    Rule(
        "terraform/duplicate", "error", "Terraform refuses the configuration: names are unique in a directory.",
        f"{_DOC}: a module declares each resource, data source, variable, output, module call and local once.", _applies, _duplicates,
        bad=({_M: 'variable "a" {}\n', "variables.tf": 'variable "a" {}\n'}, {_M: "locals {\n  a = 1\n}\nlocals {\n  a = 2\n}\n"}),
        good=({_M: 'variable "a" {}\nresource "b" "a" {}\nresource "c" "a" {}\ndata "b" "a" {}\nprovider "x" {}\nprovider "x" {\n  alias = "y"\n}\n', "x_override.tf": 'variable "a" {}\n'},),
    ),
    Rule(
        "terraform/module-call", "error", "Terraform refuses the configuration: a call gives every variable without a default, and no other.",
        f"{_DOC}: arguments of a module block are its source's variables; those without default are required.", _applies, _modules,
        bad=(
            {_M: 'module "a" {\n  source = "./modules/a"\n  nmae = 1\n}\n', "modules/a/main.tf": 'variable "name" {\n  default = 1\n}\n'},
            {_M: 'module "a" {\n  source = "./modules/a"\n}\n', "modules/a/main.tf": 'variable "name" {}\n'},
            {_M: 'module "a" {\n  source = "./modules/b"\n}\n', "modules/a/main.tf": 'variable "name" {}\n'},
        ),
        good=({_M: 'module "a" {\n  source = "./modules/a"\n  count = 1\n  name = 1\n}\nmodule "b" {\n  source = "x/y/z"\n  any = 1\n}\n', "modules/a/main.tf": 'variable "name" {}\nvariable "o" {\n  default = 1\n}\n'},),
    ),
    Rule(
        "terraform/root-block", "warning", "Leave providers and the backend to the root module: a module that has them cannot be used with count, for_each or depends_on.",
        f"{_DOC}: a module intended to be called by others must not contain provider blocks; backends count in the root only.", _applies, _child_blocks,
        bad=({_M: 'module "a" {\n  source = "./modules/a"\n}\n', "modules/a/main.tf": 'provider "aws" {\n  region = "x"\n}\n'},),
        good=({_M: 'provider "aws" {\n  region = "x"\n}\nmodule "a" {\n  source = "./modules/a"\n}\n', "modules/a/main.tf": 'terraform {\n  required_version = ">= 1.10"\n}\n'},),
    ),
)  # fmt: skip
