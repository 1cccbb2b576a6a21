"""What the judgement of a GitHub workflow depends on beside the file: the workflows, actions and settings around it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from boringops_tools.validators.base import File

_LOCAL = re.compile(r"uses:\s*[\"']?\./([^\s\"'#@]+)")
_MOST = 1000


def surroundings(file: File) -> str | None:
    """A digest of all that a linter that runs in place may follow from a workflow; null where that is too much."""
    texts: dict[str, str] = {}
    todo = [file.root / ".github"]
    while todo:
        place = todo.pop()
        for path in _files(place):
            name = path.relative_to(file.root).as_posix()
            if name in texts:
                continue
            if len(texts) >= _MOST:
                return None
            try:
                texts[name] = path.read_text("utf-8", "replace")
            except OSError:
                return None
            todo += [file.root / local for local in _LOCAL.findall(texts[name])]
    digest = hashlib.sha256()
    for name, text in sorted(texts.items()):
        digest.update(f"{name}\0{text}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return sorted(path for path in place.rglob("*.y*ml") if path.is_file()) if place.is_dir() else []
