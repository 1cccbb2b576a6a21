"""Types and arguments of Terraform resources by the tables of providers' schemas, where Terraform itself cannot judge them."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from boringops.facts import Finding
from boringops_tools.red_flags.hcl import Block
from boringops_tools.validators.base import File, InProcess, installed
from boringops_tools.validators.terraform import EXTRA, STUB, Terraform, tables_date

_META = frozenset({"count", "for_each", "depends_on", "provider", "lifecycle", "connection", "provisioner", "dynamic"})
_NEAR = 0.75
_KIND = {"resource": "resources", "data": "data"}


class TerraformSchemas(InProcess):
    name = "terraform-schemas"
    about = "types and arguments of Terraform resources, where Terraform is absent"
    aspect = "terraform arguments"
    missed = False
    get = EXTRA

    def covers(self, file: File) -> bool:
        return file.suffix == ".tf" and (Terraform().locate() is None or not installed(STUB))

    def locate(self) -> str | None:
        return "built in"

    def version(self) -> str | None:
        return f"tables of {tables_date()}"

    def judge(self, file: File) -> Iterable[Finding | str]:
        from boringops_tools.terraform import tables
        from boringops_tools.terraform.configuration import alone

        made = alone(file.root, str(PurePosixPath(file.path).parent))
        for where, block in made.folders[made.home].blocks():
            if where != file.path or block.kind not in _KIND or len(block.labels) != 2:
                continue
            source = made.folders[made.home].provider(block)
            known = made.judged_by.get(source)
            if known is None:
                if source != "hashicorp/terraform":
                    yield f"resources of {source} were not checked: no table of its schema is here"
                continue
            other, later = made.providers.get(source, ""), made.doubts.get(source, "")
            kind: tables.Kind = "resources" if block.kind == "resource" else "data"
            schema = known.block(kind, block.labels[0])
            if schema is None:
                said = f"{source} {known.version} has no {block.kind} {block.labels[0]!r}"
                near = _near(block.labels[0], known.names(kind))
                yield from self._one(file, "invalid-resource-type", block.line, said, near, other or later)
                continue
            for rule, line, said, near in _wrong(block, schema, block.labels[0]):
                sure = later and not other and rule.startswith("missing")
                yield from self._one(file, rule, line, said, near, "" if sure else other or later)

    def cache_key(self, file: File) -> str | None:
        # The versions asked for may stand in another file of the folder.
        digest = hashlib.sha256()
        for place in sorted((file.root / file.path).parent.glob("*.tf")):
            digest.update(place.read_bytes())
        return f"{file.path}\0{digest.hexdigest()}"

    def _one(self, file: File, rule: str, line: int, said: str, near: str, doubt: str) -> Iterator[Finding | str]:
        hint = f'Did you mean "{near}"?' if near else ""
        if doubt and not near:
            yield f"{doubt}, and that does not know line {line}: {said}"
        else:
            yield self.finding(file, rule, "warning" if doubt else "error", line, f"{said}. {hint}".strip(), doubt)


def _wrong(block: Block, schema: dict[str, Any], where: str) -> Iterator[tuple[str, int, str, str]]:
    """(rule, line, what is wrong, what was probably meant) for a block and those in it."""
    attributes, blocks = schema.get("a", {}), schema.get("b", {})
    names = {*attributes, *blocks}
    for name, attribute in block.attributes.items():
        if name not in names and name not in _META:
            yield "unsupported-argument", attribute.line, f"{where} has no argument {name!r}", _near(name, names)
    written = set(block.attributes)
    for each in block.blocks:
        name, bodies = each.kind, [each]
        if name == "dynamic" and each.labels:
            name, bodies = each.labels[0], [part for part in each.blocks if part.kind == "content"]
        written.add(name)
        if name in blocks:
            for body in bodies:
                yield from _wrong(body, blocks[name][3], f"{where}.{name}")
        elif name not in _META and name not in attributes:
            yield "unsupported-block-type", each.line, f"{where} has no block {name!r}", _near(name, names)
    for name, (flag, _) in attributes.items():
        if flag == "r" and name not in written:
            yield "missing-required-argument", block.line, f"{where} needs the argument {name!r}", ""
    for name, (_, least, _, _) in blocks.items():
        if least and name not in written:
            yield "missing-required-block", block.line, f"{where} needs a block {name!r}", ""


def _near(name: str, names: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(name, list(names), 1, _NEAR)), "")


VALIDATORS = (TerraformSchemas(),)
