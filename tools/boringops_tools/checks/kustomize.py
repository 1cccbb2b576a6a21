"""What a Kustomization is made of: the objects it takes in, the patches it lays over them, and whether all of it is here."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from boringops_tools.checks.base import Files, listed, mapping
from boringops_tools.yaml_files import Unreadable, documents, is_manifest, is_yaml

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_MOST = 300
# What makes or changes objects in ways that cannot be told from the text.
_OPAQUE = ("helmCharts", "helmChartInflationGenerator", "generators", "transformers", "configurations", "crds", "vars")


@dataclass
class Taken:
    """An object as a Kustomization takes it in, with every name that it bears on the way."""

    path: str
    thing: Mapping[Any, Any]
    names: set[str] = field(default_factory=set)


@dataclass
class Kustomization:
    path: str
    document: Mapping[Any, Any]
    complete: bool = True
    """Whether all that it takes in is in the repository and could be read."""
    taken: list[Taken] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    """The files of the objects."""
    below: list[Kustomization] = field(default_factory=list)
    """Those it takes in."""

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.path)


def is_kustomization(path: str) -> bool:
    return posixpath.basename(path) in NAMES


def of_folder(files: Files, folder: str) -> Kustomization | None:
    """The Kustomization of a folder; null where it has none that can be read."""
    for name in NAMES:
        path = name if folder in ("", ".") else f"{folder}/{name}"
        if path in files.known:
            return of(files, path)
    return None


def of(files: Files, path: str) -> Kustomization | None:
    found: Kustomization | None = files.once(_read, path)
    return found


def _read(files: Files, path: str) -> Kustomization | None:
    return _resolved(files, path, ())


def _document(files: Files, path: str) -> Mapping[Any, Any]:
    try:
        read = documents(files.text(path))
    except Unreadable:
        return {}
    return mapping(read[0]) if len(read) == 1 else {}


def _resolved(files: Files, path: str, above: tuple[str, ...]) -> Kustomization | None:
    document = _document(files, path)
    if not document or path in above:
        return None
    found = Kustomization(path, document, complete=not any(document.get(key) for key in _OPAQUE))
    for key in ("resources", "bases", "components"):
        for each in listed(document.get(key)):
            _take(files, found, each, (*above, path))
    prefix, suffix = str(document.get("namePrefix") or ""), str(document.get("nameSuffix") or "")
    for generator in ("configMapGenerator", "secretGenerator"):
        for each in listed(document.get(generator)):
            kind = "ConfigMap" if generator.startswith("config") else "Secret"
            name = str(mapping(each).get("name"))
            found.taken.append(
                Taken(path, {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "made": each}, {name})
            )
    for one in found.taken:
        one.names |= {f"{prefix}{name}{suffix}" for name in one.names}
    found.complete = found.complete and len(found.taken) <= _MOST
    return found


def _take(files: Files, found: Kustomization, each: Any, above: tuple[str, ...]) -> None:
    place = posixpath.normpath(posixpath.join(found.folder, each)) if isinstance(each, str) else ""
    if place in files.known and is_yaml(place):
        read = files.documents(place)
        things = [one for document in read for one in _items(document)]
        # What cannot be read or is no object at all may hold anything.
        found.complete = found.complete and bool(things) and "$" not in str([_name(one) for one in things])
        found.taken += [Taken(place, one, {_name(one)}) for one in things]
        found.paths.append(place)
        return
    inner = next(
        (path for name in NAMES if (path := posixpath.normpath(posixpath.join(place, name))) in files.known), None
    )
    below = _resolved(files, inner, above) if inner is not None and place else None
    if below is None or len(above) > 10:
        found.complete = False
        return
    found.complete = found.complete and below.complete
    found.taken += [Taken(one.path, one.thing, set(one.names)) for one in below.taken]
    found.paths += below.paths
    found.below.append(below)


def _name(thing: Mapping[Any, Any]) -> str:
    return str(mapping(thing, "metadata").get("name"))


def _items(document: Any) -> Iterator[Mapping[Any, Any]]:
    if not is_manifest(document):
        return
    items = document.get("items")
    yield from (each for each in ([document] if not isinstance(items, list) else items) if is_manifest(each))


def everything_below(kustomization: Kustomization) -> Iterator[Kustomization]:
    """It and all that it takes in."""
    yield kustomization
    for each in kustomization.below:
        yield from everything_below(each)


def patches(files: Files, kustomization: Kustomization) -> Iterator[tuple[Mapping[Any, Any], Any, str, list[Any]]]:
    """(target, entry, path, documents) of each patch, whichever of the three ways it is given in."""
    document = kustomization.document
    for key in ("patches", "patchesJson6902"):
        for entry in listed(document.get(key)):
            if isinstance(entry, Mapping):
                yield mapping(entry, "target"), entry, *_body(files, kustomization, entry)
    for each in listed(document.get("patchesStrategicMerge")):
        if isinstance(each, str):
            yield {}, each, *_body(files, kustomization, {"patch" if "\n" in each else "path": each})


def _body(files: Files, kustomization: Kustomization, entry: Mapping[Any, Any]) -> tuple[str, list[Any]]:
    inline = entry.get("patch")
    if isinstance(inline, str):
        try:
            return kustomization.path, list(documents(inline))
        except Unreadable:
            return kustomization.path, []
    path = posixpath.normpath(posixpath.join(kustomization.folder, str(entry.get("path"))))
    try:
        return path, list(documents(files.text(path)))
    except Unreadable:
        return path, []


def fits(pattern: Any, value: Any) -> bool:
    """Whether a target's pattern, which Kustomize takes for a whole regular expression, names a value."""
    if pattern in (None, ""):
        return True
    try:
        return re.fullmatch(str(pattern), str(value)) is not None
    except re.error:
        return True


def targets(target: Mapping[Any, Any], among: list[Taken]) -> list[Taken]:
    """The objects that a patch's target chooses. Labels that others may add are not asked for."""
    return [
        each
        for each in among
        if fits(target.get("kind"), each.thing["kind"]) and any(fits(target.get("name"), name) for name in each.names)
    ]


def includers(files: Files) -> dict[str, list[str]]:
    """Folder of a Kustomization to the Kustomizations that take it in."""
    found: dict[str, list[str]] = files.once(_includers)
    return found


def _includers(files: Files) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in (each for name in NAMES for each in files.by_name.get(name, ())):
        document = _document(files, path)
        for key in ("resources", "bases", "components"):
            for each in listed(document.get(key)):
                if isinstance(each, str) and "://" not in each:
                    found.setdefault(posixpath.normpath(posixpath.join(posixpath.dirname(path), each)), []).append(path)
    return found
