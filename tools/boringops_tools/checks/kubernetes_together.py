"""Kubernetes: which objects are applied together with those of a file, and what of the same name is anywhere else."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.checks.base import MOST_SIBLINGS, Files, listed, mapping
from boringops_tools.checks.kubernetes import Object, objects
from boringops_tools.checks.kustomize import of_folder
from boringops_tools.yaml_files import is_manifest, is_yaml

_MOST = 3000


def name_of(thing: Object) -> str:
    return str(mapping(thing, "metadata").get("name"))


def space_of(thing: Object) -> Any:
    return mapping(thing, "metadata").get("namespace")


def shares_space(one: Object, other: Object) -> bool:
    """Whether two objects may be in one namespace: what names none gets that of whoever applies it."""
    return space_of(one) is None or space_of(other) is None or space_of(one) == space_of(other)


def together(files: Files, path: str) -> list[Object]:
    """The objects of the folder of a file, and those that the folder's Kustomization takes in from elsewhere in the
    repository. None where there are too many."""
    found: list[Object] = files.once(_together, PurePosixPath(path).parent.as_posix())
    return found


def _together(files: Files, folder: str) -> list[Object]:
    paths = [each for each in files.siblings(f"{folder}/x" if folder != "." else "x") if is_yaml(each)]
    if len(paths) > MOST_SIBLINGS:
        return []
    kustomization = of_folder(files, folder)
    paths += [each for each in kustomization.paths if each not in paths] if kustomization else []
    return [thing for each in paths for thing in objects(files, each)]


def manifests(files: Files) -> list[tuple[str, Mapping[Any, Any]]]:
    """(path, object) of all objects of the repository, of kinds of others, too; none where there are too many files."""
    found: list[tuple[str, Mapping[Any, Any]]] = files.once(_manifests)
    return found


def _manifests(files: Files) -> list[tuple[str, Mapping[Any, Any]]]:
    paths = [each for each in files.all if is_yaml(each) and "apiVersion" in files.text(each)]
    found = []
    for path in paths[:_MOST]:
        for document in files.documents(path):
            items = listed(mapping(document).get("items")) or [document]
            found += [(path, each) for each in items if is_manifest(each)]
    return found


def is_anywhere(files: Files, kind: str, name: str) -> bool:
    """Whether any manifest of the repository has an object of that name, or a template might: what is applied from
    another folder is not lost."""
    return any(each["kind"] == kind and mapping(each, "metadata").get("name") == name for _, each in manifests(files))


def are_anywhere(files: Files, labels: Mapping[Any, Any]) -> bool:
    """Whether any pod of the repository has these labels, whatever kind makes it."""
    return any(labels.items() <= each.items() for each in files.once(_pod_labels))


def _pod_labels(files: Files) -> list[Mapping[Any, Any]]:
    found = []
    for _, each in manifests(files):
        spec = mapping(each, "spec")
        found += [mapping(spec, "template", "metadata", "labels"), mapping(spec, "podTemplate", "metadata", "labels")]
        found += [mapping(spec, "jobTemplate", "spec", "template", "metadata", "labels")]
        found += [mapping(each, "metadata", "labels")] if each["kind"] == "Pod" else []
    return [each for each in found if each]


def close(one: str, other: str) -> bool:
    """Whether two words are one but for a slip of a letter or two."""
    swapped = len(one) > 2 and sorted(one) == sorted(other)
    return swapped or difflib.SequenceMatcher(None, one, other).ratio() >= 0.8


def related(one: str, other: str) -> bool:
    """Whether one name is surely meant for what bears the other: a slip of a letter, or a part too much or too few."""
    short, long = sorted((one, other), key=len)
    return long.startswith(f"{short}-") or long.endswith(f"-{short}") or close(one, other)


def all_here(files: Files, path: str) -> bool:
    """Whether nothing is applied with a file that is not in the repository, as far as its own folder says."""
    kustomization = of_folder(files, PurePosixPath(path).parent.as_posix())
    return kustomization is None or kustomization.complete
