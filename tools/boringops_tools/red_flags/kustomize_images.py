"""Images that a Kustomization fills in: `image: web` in a manifest is a placeholder where `images` gives `web` a tag."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

from boringops_tools.validators import read_file
from boringops_tools.validators.base import File
from boringops_tools.yaml_files import Unreadable, documents

_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
# A base is often filled in by the overlays beside it.
_AROUND = (".", "*", "..", "../*", "../overlays/*", "../../overlays/*", "../environments/*")
_MOST = 50


def pinned(root: Path, path: str, but: Container[str] = ()) -> frozenset[str]:
    """Names of images that a Kustomization in the folder of a manifest, or in an overlay of it, gives a tag (`but` those
    named) or a digest."""
    return frozenset(name for each in _kustomizations(root, path) for name in _given(each, but))


def _kustomizations(root: Path, path: str) -> Iterator[Any]:
    folder, found = (root / path).parent, set[Path]()
    for around in _AROUND:
        for name in _NAMES:
            found |= set(folder.glob(f"{around}/{name}") if "*" in around else [folder / around / name])
    inside = root.resolve()
    for place in sorted(found)[:_MOST]:
        where = place.resolve()
        if where.is_file() and where.is_relative_to(inside):
            file = read_file(root, where.relative_to(inside).as_posix())
            try:
                yield from documents(file.text)[:1] if isinstance(file, File) else ()
            except Unreadable:
                continue


def _given(kustomization: Any, but: Container[str]) -> Iterator[str]:
    entries = kustomization.get("images") if isinstance(kustomization, Mapping) else None
    for each in entries if isinstance(entries, list) else ():
        if isinstance(each, Mapping) and (
            each.get("digest") or (each.get("newTag") and str(each["newTag"]) not in but)
        ):
            yield str(each.get("name"))
