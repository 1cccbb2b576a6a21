"""Kubernetes: the ConfigMaps and Secrets that are there for the pods of a folder, whoever makes them, and the keys they hold."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, listed, mapping
from boringops_tools.checks.kubernetes_together import manifests
from boringops_tools.checks.kustomize import of_folder

Keys = set[str] | None
"""The keys of one; null where they cannot be told."""


def held(files: Files, path: str, kind: str) -> dict[str, Keys]:
    """Name to keys of the ConfigMaps or Secrets (`kind`) of the folder of a file, and of what its Kustomization takes in."""
    found: dict[str, Keys] = files.once(_held, posixpath.dirname(path), kind)
    return found


def _held(files: Files, folder: str, kind: str) -> dict[str, Keys]:
    found: dict[str, Keys] = {}
    kustomization = of_folder(files, folder)
    taken = [(each.path, each.thing) for each in kustomization.taken] if kustomization else []
    beside = [(path, each) for path, each in manifests(files) if posixpath.dirname(path) == folder]
    for path, thing in [*beside, *taken]:
        for name, keys in _made_by(files, path, thing, kind):
            known = found.get(name, set())
            found[name] = None if keys is None or known is None else known | keys
    return found


def anywhere(files: Files, kind: str) -> dict[str, Keys]:
    """The same, of all the repository: what another folder or an overlay makes under the name may be what is meant."""
    found: dict[str, Keys] = files.once(_anywhere, kind)
    return found


def _anywhere(files: Files, kind: str) -> dict[str, Keys]:
    found: dict[str, Keys] = {}
    made = [*manifests(files), *((path, each) for path, each in _generated(files))]
    for path, thing in made:
        for name, keys in _made_by(files, path, thing, kind):
            known = found.get(name, set())
            found[name] = None if keys is None or known is None else known | keys
    return found


def _generated(files: Files) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    for name in ("kustomization.yaml", "kustomization.yml", "Kustomization"):
        for path in files.by_name.get(name, ()):
            for document in files.documents(path)[:1]:
                for key, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
                    for each in listed(mapping(document).get(key)):
                        metadata = {"name": mapping(each).get("name")}
                        yield path, {"kind": kind, "metadata": metadata, "made": each}


def _made_by(files: Files, path: str, thing: Mapping[Any, Any], kind: str) -> Iterator[tuple[str, Keys]]:
    """(name, keys) of what an object becomes."""
    name, spec = str(mapping(thing, "metadata").get("name")), mapping(thing, "spec")
    if thing["kind"] == kind and "made" in thing:
        yield name, _generator_keys(files, path, mapping(thing, "made"))
    elif thing["kind"] == kind:
        yield name, {str(each) for key in ("data", "stringData", "binaryData") for each in mapping(thing, key)}
    elif kind != "Secret":
        return
    elif thing["kind"] == "SealedSecret":
        template = mapping(spec, "template")
        yield (
            str(mapping(template, "metadata").get("name") or name),
            {str(each) for each in (*mapping(spec, "encryptedData"), *mapping(template, "data"))},
        )
    elif thing["kind"] == "ExternalSecret":
        target = mapping(spec, "target")
        keys = {str(mapping(each).get("secretKey")) for each in listed(spec.get("data"))}
        open_ended = spec.get("dataFrom") or target.get("template")
        yield str(target.get("name") or name), None if open_ended else keys
    elif isinstance(spec.get("secretName"), str):  # a certificate, say
        yield spec["secretName"], None
    elif re.search(r"Secret|Certificate|Cluster|Postgres|User|Database", thing["kind"]):
        yield name, None


def _generator_keys(files: Files, path: str, made: Mapping[Any, Any]) -> Keys:
    found = {str(each).partition("=")[0] for each in listed(made.get("literals"))}
    for each in map(str, listed(made.get("files"))):
        key, _, file = each.rpartition("=")
        found.add(key or posixpath.basename(file))
    envs = [*listed(made.get("envs")), *([made["env"]] if isinstance(made.get("env"), str) else [])]
    for each in map(str, envs):
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), each))
        if place not in files.known:
            return None
        found |= set(re.findall(r"(?m)^\s*([\w.-]+)\s*=", files.text(place)))
    return found
