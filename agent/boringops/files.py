"""Files written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from errno import EXDEV
from pathlib import Path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sha256_of(path: Path) -> str | None:
    """Hash of a regular file; None where there is none."""
    try:
        return sha256(path.read_bytes()) if path.is_file() else None
    except OSError:
        return None


def write_whole(path: Path, content: bytes, mode: int) -> None:
    """Write a file and have it on the disk. Not atomic: for files that nobody reads yet."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
        os.fchmod(descriptor, mode)


def replace(path: Path, content: bytes, mode: int | None, scratch: Path) -> None:
    """Put content in place in one step, and have it on the disk. `mode` None gives a new file the usual one.

    The temporary file lies in the folder `scratch`, so that a crash leaves no litter in the work tree; beside the file
    only where `scratch` is on another file system."""
    if mode is None:
        umask = os.umask(0)
        os.umask(umask)
        mode = 0o666 & ~umask
    temporary = scratch / f"writing-{threading.get_ident()}"
    write_whole(temporary, content, mode)
    try:
        temporary.replace(path)
    except OSError as error:
        if error.errno != EXDEV:
            raise
        descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=".boringops-")
        os.close(descriptor)
        write_whole(Path(beside), content, mode)
        Path(beside).replace(path)
        temporary.unlink()
    sync_folder(path.parent)


def make_folders(path: Path) -> None:
    """Make a folder and those above it, and have them on the disk: a file in a folder that is lost is lost with it."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        sync_folder(folder.parent)


def sync_folder(path: Path) -> None:
    """Have a folder's entries on the disk: a rename is not, until this."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
