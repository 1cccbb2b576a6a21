"""Makes the schema tables of `boringops_tools/terraform/tables` out of npm's typings of Terraform providers.

Typings are made from a provider's own schema, and hold what `terraform validate` needs of it: which arguments and blocks
a resource has, which are required, and of what types. They lack what only runs need: validation functions, defaults,
what is sensitive. Run it where the packages are installed, with nothing of them executed:

    npm install --ignore-scripts --legacy-peer-deps @cdktn/provider-aws @cdktf/provider-google ...
    python scripts/terraform_schemas.py node_modules tools/boringops_tools/terraform/tables

Configurations ask for earlier major versions, too. Of those only what differs is kept, as a patch of the newest table:
install their last typings under other names, beside the newest, and renew both together.

    npm install ... @cdktf/provider-aws-5@npm:@cdktf/provider-aws@19.65.1 \\
        @cdktf/provider-azurerm-3@npm:@cdktf/provider-azurerm@12.27.0
"""

from __future__ import annotations

import datetime
import gzip
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_INTERFACE = re.compile(r"^export interface (\w+)(?: extends [^{]+)? \{\n(.*?)^\}", re.M | re.S)
_MEMBER = re.compile(r"/\*\*(.*?)\*/\s*readonly \w+(\?)?: (\{.*?\}|[^;]*);", re.S)
_LINK = re.compile(r"#(\w+) [\w.]+#(\w+)\}")
_BLOCK = re.compile(r"^\s*\*\s+\w+ block\s*$", re.M)
_CLASS = re.compile(r"^class (\w+) extends cdkt[fn]\.(\w+) \{\n(.*?)^\}", re.M | re.S)
_GETTER = re.compile(r"^    get \w+\(\) \{\n\s+return (.*?);\n", re.M | re.S)
_CALL = re.compile(r"this\.(?:get(\w+)Attribute|interpolationForAttribute)\(['\"](\w+)['\"]\)")
_HELD = re.compile(r"(?:this\.|^ +)_\w+ = new (?:\w+\.)?(\w+)\(this, ['\"](\w+)['\"](?:, (true|false))?\)", re.M)
_FUNCTION = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{\n(.*?)^\}", re.M | re.S)
_SYNTHESIS = re.compile(r"^    synthesizeHclAttributes\(\) \{\n(.*?)^    \}", re.M | re.S)
_ENTRY = re.compile(r"(\w+): \{\s+value: [^\n]*\n\s+isBlock: \w+,\s+type: \"(\w+)\",\s+storageClassType: \"(\w+)\"")
_KIND = re.compile(r"static readonly tfResourceType = \"(\w+)\"")
_SOURCE = re.compile(r"bindings for ([\w-]+/[\w-]+) provider version ([\d.]+)")
_SIMPLE = {
    "string": "string", "number": "number", "boolean": "bool",
    "String": "string", "Number": "number", "Boolean": "bool",
}  # fmt: skip
_COMPUTED: dict[str | None, Any] = {
    **_SIMPLE, "List": ["list", "string"], "NumberList": ["list", "number"],
    "StringMap": ["map", "string"], "NumberMap": ["map", "number"], "BooleanMap": ["map", "bool"],
    "AnyMap": "dynamic", None: "dynamic",
}  # fmt: skip
# Major versions that are out although no typings of them are: what is unknown to a table may be theirs.
_NEWEST = {"hashicorp/google": 7, "hashicorp/google-beta": 7, "hashicorp/kubernetes": 3}
_MAPS = {"StringMap": "string", "NumberMap": "number", "BooleanMap": "bool"}
_REPEATS = 3
"""How often a block that may hold its own kind is unrolled; providers stop there, too."""


@dataclass
class Member:
    optional: bool
    block: bool
    typing: str


@dataclass
class Typings:
    """What the files of one resource say."""

    interfaces: dict[str, dict[str, Member]] = field(default_factory=dict)
    classes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Name -> (base, body)."""
    shapes: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    """Name of a struct in small letters -> argument -> (collection, storage class)."""


def read(folder: Path) -> Typings:
    found = Typings()
    for place in sorted(folder.rglob("*.d.ts")):
        for name, body in _INTERFACE.findall(place.read_text("utf-8")):
            members = found.interfaces.setdefault(name, {})
            for comment, optional, typing in _MEMBER.findall(body):
                if link := _LINK.search(comment):
                    members[link[1]] = Member(bool(optional), bool(_BLOCK.search(comment)), typing)
    for place in sorted(folder.rglob("*.js")):
        text = place.read_text("utf-8")
        for name, base, body in _CLASS.findall(text):
            found.classes[name] = (base, body)
            if synthesis := _SYNTHESIS.search(body):
                found.shapes[name.lower()] = {entry: (how, what) for entry, how, what in _ENTRY.findall(synthesis[1])}
        for name, body in _FUNCTION.findall(text):
            found.shapes[name.lower()] = {entry: (how, what) for entry, how, what in _ENTRY.findall(body)}
    return found


def block(typings: Typings, interface: str, above: tuple[str, ...] = ()) -> dict[str, Any]:
    """`{"a": {attribute: [flag, type]}, "b": {block: [nesting, least, most, block]}}`; flags: r, o, c."""
    attributes: dict[str, Any] = {}
    blocks: dict[str, Any] = {}
    owner = interface if above else interface.removesuffix("Config")
    shape = typings.shapes.get(owner.lower(), {})
    for name, member in typings.interfaces.get(interface, {}).items():
        how, stored = shape.get(name, ("", ""))
        inner = re.sub(r"\[\]| \| cdkt[fn]\.IResolvable", "", member.typing).strip()
        several = "[]" in member.typing
        if inner in typings.interfaces:
            if above.count(inner) >= _REPEATS:
                attributes[name] = ["o", "dynamic"]
                continue
            made = block(typings, inner, (*above, inner))
            nesting = how if how in ("list", "set", "map") else "list" if several else "single"
            if member.block:
                blocks[name] = [nesting, 0 if member.optional else 1, 0 if several or nesting == "map" else 1, made]
            else:
                kind = as_type(made)
                attributes[name] = ["o" if member.optional else "r", kind if nesting == "single" else [nesting, kind]]
        else:
            attributes[name] = ["o" if member.optional else "r", plain(how, stored, member.typing)]
    for name in (owner, f"{owner}OutputReference"):
        for key, kind in computed(typings, name, above).items():
            if key not in attributes and key not in blocks:
                attributes[key] = ["c", kind]
    return {"a": attributes, **({"b": blocks} if blocks else {})}


def plain(how: str, stored: str, typing: str) -> Any:
    if "any" in typing or "[][]" in typing or stored.startswith("any"):
        return "dynamic"
    base = next((kind for name, kind in _SIMPLE.items() if name in typing), "dynamic")
    if "[key: string]" in typing:
        return ["map", base]
    if "[]" in typing:
        return ["set" if how == "set" else "list", base]
    return base


def computed(typings: Typings, name: str, above: tuple[str, ...]) -> dict[str, Any]:
    """Attributes that a class can be asked for, those of its configuration among them."""
    _, body = typings.classes.get(name, ("", ""))
    found: dict[str, Any] = {}
    for expression in _GETTER.findall(body):
        if call := _CALL.search(expression):
            kind = _COMPUTED.get(call[1], "dynamic")
            found[call[2]] = ["set", kind[1]] if "tolist" in expression and isinstance(kind, list) else kind
    for held, key, is_set in _HELD.findall(body):
        if held in _MAPS:
            found[key] = ["map", _MAPS[held]]
            continue
        base = typings.classes.get(held, ("", ""))[0]
        single = held.endswith("OutputReference")
        inner = held if single else re.sub(r"(?:List|Map)$", "OutputReference", held)
        owner = inner.removesuffix("OutputReference")
        if above.count(owner) >= _REPEATS or inner not in typings.classes:
            found[key] = "dynamic"
            continue
        made = as_type(block(typings, owner, (*above, owner)))
        nesting = "map" if base == "ComplexMap" else "set" if is_set == "true" else "list"
        found[key] = made if single else [nesting, made]
    return found


def as_type(made: dict[str, Any]) -> Any:
    """A block as the type of an object; what is not required may be left out."""
    types = {name: kind for name, (_, kind) in made["a"].items()}
    for name, (nesting, _, _, inner) in made.get("b", {}).items():
        types[name] = as_type(inner) if nesting == "single" else [nesting, as_type(inner)]
    optional = sorted(name for name in types if made["a"].get(name, "o")[0] != "r")
    return ["object", types, optional] if optional else ["object", types]


def table(package: Path) -> dict[str, Any]:
    described = json.loads((package / "package.json").read_text("utf-8"))
    source = _SOURCE.search((package / "README.md").read_text("utf-8"))
    if source is None:
        raise SystemExit(f"{package}: its README names no provider and version")
    made: dict[str, Any] = {
        "provider": source[1], "version": source[2],
        "newest_major": _NEWEST.get(source[1], int(source[2].split(".")[0])), "license": described["license"],
        "made_from": f"{described['name']} {described['version']}",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(), "resources": {}, "data": {},
    }  # fmt: skip
    for folder in sorted(each for each in (package / "lib").iterdir() if each.is_dir()):
        typings = read(folder)
        text = "".join(place.read_text("utf-8") for place in folder.rglob("*.d.ts"))
        for name, (base, _) in typings.classes.items():
            config = f"{name}Config"
            if base == "TerraformProvider":
                made["configuration"] = block(typings, config)
                made["configuration"]["a"].pop("alias", None)
            elif base in ("TerraformResource", "TerraformDataSource") and (kind := _KIND.search(text)):
                where = "resources" if base == "TerraformResource" else "data"
                made[where][kind[1]] = block(typings, config)
    return made


def lines(made: dict[str, Any]) -> str:
    """The table as a header and a line for each type: a reader parses the few it needs, of thousands."""
    rows = [
        f"{where}\t{name}\t{json.dumps(each, sort_keys=True, separators=(',', ':'))}"
        for where in ("resources", "data")
        for name, each in sorted(made[where].items())
    ]
    header = {key: value for key, value in made.items() if key not in ("resources", "data")}
    return "\n".join([json.dumps(header, sort_keys=True), *rows, ""])


def patch(whole: Any, other: Any) -> Any:
    """What makes `other` of `whole` by the rules of a JSON merge patch (RFC 7396): null takes a name away."""
    if not (isinstance(whole, dict) and isinstance(other, dict)):
        return other
    made = {name: None for name in whole if name not in other}
    changed = {name: each for name, each in other.items() if name not in whole or whole[name] != each}
    return made | {name: patch(whole.get(name), each) for name, each in changed.items()}


def write(into: Path, made: dict[str, Any], name: str) -> None:
    place = into / f"{name}.json.gz"
    content = lines(made).encode()
    place.write_bytes(gzip.compress(content, 9, mtime=0))
    print(
        f"{made['provider']} {made['version']}: {len(made['resources'])} resources, {len(made['data'])} data sources, "
        f"{len(content) / 1e6:.2f} MB, {place.stat().st_size / 1e3:.0f} kB packed"
    )


def main(packages: Path, into: Path) -> None:
    by_provider: dict[str, list[dict[str, Any]]] = {}
    for package in sorted(packages.glob("@cdk*/provider-*")):
        made = table(package)
        by_provider.setdefault(made["provider"], []).append(made)
    for several in by_provider.values():
        write_all(into, several)


def write_all(into: Path, several: list[dict[str, Any]]) -> None:
    """The tables of a provider: the newest whole, of the others what differs."""
    newest, *earlier = sorted(several, key=_number, reverse=True)
    name = newest["provider"].replace("/", "-")
    write(into, newest, name)
    for each in earlier:
        differing = {kind: patch(newest[kind], each[kind]) for kind in ("resources", "data")}
        about = {"newest_major": newest["newest_major"], "patch_of": newest["version"]}
        write(into, {**each, **differing, **about}, f"{name}.{_number(each)[0]}")


def _number(made: dict[str, Any]) -> tuple[int, ...]:
    return tuple(int(part) for part in made["version"].split("."))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
