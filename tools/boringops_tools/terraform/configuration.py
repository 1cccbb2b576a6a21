"""A Terraform configuration in a copy of its tree: its modules, its providers, and what is known of both.

Everything `terraform init` would fetch is stood in for. A provider with a table is served from that. A provider without
one gets a schema that takes whatever the configuration says, a module from elsewhere one that takes any argument and
gives any output: nothing is judged of them, and everything around them is.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import Block, Expression, read
from boringops_tools.terraform import tables
from boringops_tools.terraform.constraints import admits, beyond, lowest

_MOST_MODULES = 500
_DEEPEST = 10
_META = frozenset({"source", "version", "count", "for_each", "providers", "depends_on"})
_RESOURCE_META = frozenset({"count", "for_each", "depends_on", "provider", "lifecycle", "connection", "provisioner"})
_KIND: dict[str, tables.Kind] = {"resource": "resources", "data": "data"}
_BUILT_IN = "terraform"
_WORD = lazy_pattern(r"[A-Za-z][\w-]*")
_DOTTED = lazy_pattern(r"\.([a-z_][a-z0-9_]*)")
_ALIAS = lazy_pattern(r"([\w-]+)\.([\w-]+)")
_LOCKED = lazy_pattern(r"provider\s+\"[\w.-]+/([\w-]+/[\w-]+)\"\s*\{\s*version\s*=\s*\"([\d.]+)")
_ANYTHING = "dynamic"


@dataclass
class Folder:
    """The files of one module."""

    path: str
    texts: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    """Local name of a provider -> its source, `hashicorp/aws`."""
    constraints: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Source -> what versions are asked for."""
    aliases: list[tuple[str, str]] = field(default_factory=list)
    """(local name, alias) that callers have to give."""

    def blocks(self) -> Iterator[tuple[str, Block]]:
        for path, text in self.texts.items():
            yield from ((path, block) for block in read(text))

    def provider(self, block: Block) -> str:
        """The source of the provider of a resource or data source."""
        given = block.value("provider")
        kind = block.labels[0] if block.labels else ""
        name = given.text.split(".")[0] if isinstance(given, Expression) else kind.split("_")[0]
        return self.sources.get(name, f"hashicorp/{name}")


@dataclass
class Configuration:
    """What a folder and the modules it calls come to, once `prepare` has written stand-ins into the copy."""

    home: str
    folders: dict[str, Folder] = field(default_factory=dict)
    unknown_modules: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """File -> names of its module calls that are stood in for."""
    providers: dict[str, str] = field(default_factory=dict)
    """Source -> why its resources are not fully judged; empty where they are."""
    doubts: dict[str, str] = field(default_factory=dict)
    """Source -> why what its table does not know may be there all the same."""
    users: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Source -> files that have resources of it."""
    types: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Type of a resource or data source, or local name of a provider -> sources that it may be of."""
    schemas: dict[str, Any] = field(default_factory=dict)
    """What to serve, by source."""
    judged_by: dict[str, tables.Table] = field(default_factory=dict)
    """Source -> the table it is judged by, of a version that the configuration asks for where there is one."""

    def unsure(self, text: str, why: dict[str, str]) -> str:
        """What `why` (`providers` or `doubts`) says of a type or provider that the text names."""
        for word in dict.fromkeys(_WORD.findall(text)):
            for source in sorted(self.types[word]) if word in self.types else ():
                if reason := why.get(source):
                    return reason
        return ""


def prepare(copy: Path, home: PurePosixPath) -> Configuration:
    """Read the configuration, and write into the copy what `terraform init` would have: modules and their list."""
    made = Configuration(str(home))
    modules = list(_modules(copy, made))
    manifest = copy / home / ".terraform" / "modules" / "modules.json"
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"Modules": modules}))
    _callers_providers(copy, made)
    _providers(copy, made)
    return made


def alone(root: Path, home: str) -> Configuration:
    """What is known of the providers of one folder as it is; modules are not looked at and nothing is written."""
    made = Configuration(home)
    made.folders[home] = folder = _folder(root, home)
    locked = _locked(root / home)
    for _, block in folder.blocks():
        if block.kind in _KIND and block.labels and (known := _table(made, folder.provider(block), locked)) is not None:
            _versions(made, known, locked)
    return made


def _folder(copy: Path, path: str) -> Folder:
    folder = Folder(path)
    for place in sorted((copy / path).glob("*.tf")):
        folder.texts[posixpath.normpath(posixpath.join(path, place.name))] = place.read_text("utf-8", "replace")
    for _, block in folder.blocks():
        if block.kind != "terraform":
            continue
        for required in block.inner("required_providers"):
            for name, attribute in required.attributes.items():
                value = attribute.value if isinstance(attribute.value, dict) else {"version": attribute.value}
                source = value.get("source")
                source = source if isinstance(source, str) else f"hashicorp/{name}"
                source = "/".join(source.lower().split("/")[-2:])
                folder.sources[name] = source
                if isinstance(value.get("version"), str):
                    folder.constraints[source].append(value["version"])
                for alias in value.get("configuration_aliases") or ():
                    if isinstance(alias, Expression) and (match := _ALIAS.fullmatch(alias.text)):
                        folder.aliases.append((match[1], match[2]))
    return folder


# --- modules ----------------------------------------------------------------------------------------------------------


def _modules(copy: Path, made: Configuration) -> Iterator[dict[str, str]]:
    """What `terraform get` would write. It is not run: it would fetch."""
    todo, count = [("", "", made.home)], 0
    while todo and count < _MOST_MODULES:
        key, source, path = todo.pop()
        count += 1
        yield {"Key": key, "Source": source, "Dir": posixpath.relpath(path, made.home)}
        if key.count(".") > _DEEPEST:
            continue  # modules that call each other
        folder = made.folders.get(path) or _folder(copy, path)
        made.folders[path] = folder
        for file, block in folder.blocks():
            if block.kind != "module" or len(block.labels) != 1 or not isinstance(block.value("source"), str):
                continue
            name, called = block.labels[0], str(block.value("source"))
            where = posixpath.normpath(posixpath.join(path, called))
            if not called.startswith(("./", "../")) or where.startswith(".."):
                where = called = _stand_in(copy, made, folder, file, block)
                where = posixpath.normpath(posixpath.join(path, called))
            todo.append((f"{key}.{name}".lstrip("."), called, where))


def _stand_in(copy: Path, made: Configuration, folder: Folder, file: str, block: Block) -> str:
    """Write a module in the place of one from elsewhere, and let the copy call that one."""
    name = block.labels[0]
    source = f"./.stand-in-{re.sub(r'[^A-Za-z0-9_-]', '_', name)}"
    if name not in made.unknown_modules[file]:
        made.unknown_modules[file].append(name)
    place = copy / folder.path / source
    if not place.exists():
        place.mkdir(parents=True)
        arguments = [each for each in block.attributes if each not in _META]
        outputs = sorted({each for text in folder.texts.values() for each in _DOTTED.findall(text)})
        given = block.value("providers")
        (place / "main.tf").write_text(
            _passed(folder, list(given) if isinstance(given, dict) else [])
            + 'resource "terraform_data" "this" {}\n'
            + "".join(f'variable "{each}" {{\n  type = any\n}}\n' for each in arguments)
            + "".join(f'output "{each}" {{\n  value = terraform_data.this.output\n}}\n' for each in outputs)
        )
    _redirect(copy, folder, file, block, source)
    return source


def _passed(folder: Folder, names: list[str]) -> str:
    """The providers that a call passes on, as its module has to declare them."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for name in names:
        local, _, alias = name.partition(".")
        by_name[local] += [f"{local}.{alias}"] if alias else []
    entries = "".join(
        f'    {name} = {{\n      source = "{folder.sources.get(name, f"hashicorp/{name}")}"\n'
        f"      configuration_aliases = [{', '.join(aliases)}]\n    }}\n"
        for name, aliases in by_name.items()
    )
    return f"terraform {{\n  required_providers {{\n{entries}  }}\n}}\n" if entries else ""


def _redirect(copy: Path, folder: Folder, file: str, block: Block, source: str) -> None:
    """Point a call to another source. Lines stay where they are, for what Terraform says of them."""
    lines = folder.texts[file].split("\n")
    for name, new in (("source", f'"{source}"'), ("version", None)):
        if name not in block.attributes or not isinstance(old := block.value(name), str):
            continue
        at = block.attributes[name].line - 1
        found = re.sub(rf'{name}\s*=\s*"{re.escape(old)}"', f"{name} = {new}" if new else "", lines[at])
        lines[at] = found
    folder.texts[file] = "\n".join(lines)
    (copy / file).write_text(folder.texts[file], encoding="utf-8", newline="")


def _callers_providers(copy: Path, made: Configuration) -> None:
    """Give a module that is judged by itself the providers that its callers would pass, and one that passes a provider
    on without configuring it the empty configuration that Terraform assumes."""
    folder = made.folders[made.home]
    there: set[tuple[str, str]] = set()
    missing = list(folder.aliases)
    for _, block in folder.blocks():
        if block.kind == "provider" and block.labels:
            there.add((block.labels[0], str(block.value("alias") or "")))
        given = block.value("providers") if block.kind == "module" else None
        passed = (
            [each.text for each in given.values() if isinstance(each, Expression)] if isinstance(given, dict) else []
        )
        missing += [(name, "") for name in passed if re.fullmatch(r"[\w-]+", name)]
    text = ""
    for name, alias in dict.fromkeys(missing):
        if (name, alias) not in there:
            text += f'provider "{name}" {{\n' + (f'  alias = "{alias}"\n' if alias else "") + "}\n"
    if text:
        (copy / made.home / "stand-in-providers.tf").write_text(text)


# --- providers --------------------------------------------------------------------------------------------------------


def _providers(copy: Path, made: Configuration) -> None:
    names: set[str] = set()
    words: set[str] = set()
    dotted: set[str] = set()
    for folder in made.folders.values():
        names |= set(folder.sources.values())
        for file, block in folder.blocks():
            if block.kind in _KIND and block.labels:
                source = folder.provider(block)
                names.add(source)
                made.users[source].add(file)
                made.types[block.labels[0]].add(source)
            elif block.kind == "provider" and block.labels:
                source = folder.sources.get(block.labels[0], f"hashicorp/{block.labels[0]}")
                names.add(source)
                made.types[block.labels[0]].add(source)
        for text in folder.texts.values():
            words |= set(_WORD.findall(text))
            dotted |= set(_DOTTED.findall(text))
    for place in copy.rglob("*.tf.json"):
        words |= set(_WORD.findall(place.read_text("utf-8", "replace")))
    locked = _locked(copy / made.home)
    for source in sorted(names - {f"hashicorp/{_BUILT_IN}", "builtin/terraform"}):
        known = _table(made, source, locked)
        if known is None:
            made.schemas[source] = _anything(made, source, dotted - _RESOURCE_META)
            made.providers[source] = f"resources of {source} were not checked: no table of its schema is here"
            continue
        made.schemas[source] = _known(known, words)
        _versions(made, known, locked)


def _locked(folder: Path) -> dict[str, str]:
    place = folder / ".terraform.lock.hcl"
    return dict(_LOCKED.findall(place.read_text("utf-8", "replace"))) if place.is_file() else {}


def _asked(made: Configuration, source: str, locked: dict[str, str]) -> list[str]:
    """What versions of a provider are asked for; where one is locked, that alone."""
    if source in locked:
        return [locked[source]]
    return [each for one in made.folders.values() for each in one.constraints.get(source, ())]


def _table(made: Configuration, source: str, locked: dict[str, str]) -> tables.Table | None:
    found = tables.fitting(source, _asked(made, source, locked))
    if found is not None:
        made.judged_by[source] = found
    return found


def _versions(made: Configuration, known: tables.Table, locked: dict[str, str]) -> None:
    source = known.provider
    made.providers[source] = _other_version(known, _asked(made, source, locked), source in locked)
    if source not in locked and (later := _later_major(made, known)):
        made.doubts[source] = f"resources of {source} were judged by its version {known.version}, but {later} is out"


def _other_version(known: tables.Table, asked: list[str], locked: bool) -> str:
    other = [each for each in asked if beyond(each, known.numbers)]
    if not other:
        return ""
    wanted = max(other, key=lowest)
    return (
        f"resources of {known.provider} were judged by its version {known.version}, "
        f"while {'the lock file has' if locked else 'the configuration asks for'} {wanted}"
    )


def _later_major(made: Configuration, known: tables.Table) -> str:
    """A major version after the table's that the configuration may get; empty where there is none."""
    asked = _asked(made, known.provider, {})
    later = range(known.numbers[0] + 1, known.newest_major + 1)
    return next((str(major) for major in later if all(admits(each, (major, 999, 0)) for each in asked)), "")


def _known(table: tables.Table, words: set[str]) -> dict[str, Any]:
    """The schemas of the types that are named; of all others only that they are there, so that a near miss is told."""
    served: dict[str, Any] = {"configuration": table.configuration}
    kinds: tuple[tables.Kind, ...] = ("resources", "data")
    for kind in kinds:
        served[kind] = {name: table.block(kind, name) if name in words else {} for name in table.names(kind)}
    return served


def _anything(made: Configuration, source: str, dotted: set[str]) -> dict[str, Any]:
    """A schema that has whatever the configuration uses of a provider."""
    served: dict[str, Any] = {"configuration": {}, "resources": {}, "data": {}}
    for folder in made.folders.values():
        for _, block in folder.blocks():
            if block.kind == "provider" and block.labels:
                if folder.sources.get(block.labels[0], f"hashicorp/{block.labels[0]}") == source:
                    _widen(served["configuration"], block, set())
            elif block.kind in _KIND and len(block.labels) == 2 and folder.provider(block) == source:
                _widen(served[_KIND[block.kind]].setdefault(block.labels[0], {}), block, dotted)
    return served


def _widen(made: dict[str, Any], block: Block, dotted: set[str]) -> None:
    inner = made.setdefault("b", {})
    for each in block.blocks:
        name, held = each.kind, [each]
        if each.kind == "dynamic" and each.labels:
            name, held = each.labels[0], [part for part in each.blocks if part.kind == "content"]
        if name not in _RESOURCE_META:
            nested = inner.setdefault(name, ["list", 0, 0, {}])[3]
            for part in held:
                _widen(nested, part, dotted)
    attributes = made.setdefault("a", {})
    for name in {*block.attributes, *dotted} - _RESOURCE_META - {"alias"}:
        if re.fullmatch(r"[a-z0-9_]+", name):
            attributes[name] = ["o", _ANYTHING]
    for name in inner:
        attributes.pop(name, None)
