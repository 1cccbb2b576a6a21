"""`.git` put back as it was, where no backend keeps a command from writing it: hooks, configuration, the folder itself.

Only what makes git run something, or read another repository, is looked after; objects and references are git's own.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path

_LOOKED_AFTER = ("config", "config.worktree", "hooks", "info", "commondir", "gitdir", "HEAD")
_LINK = -1


@dataclass
class GitGuard:
    """What `.git` was before a command."""

    root: Path
    folders: list[Path]
    inodes: dict[Path, int] = field(default_factory=dict)
    kept: dict[Path, tuple[bytes, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in self.folders:
            self.inodes[folder] = folder.lstat().st_ino
            self.kept |= {path: content for path in _files(folder) if (content := _read(path)) is not None}

    def put_back(self) -> list[str]:
        """Undo what the command did to them; what that was, in words."""
        done = [f"{path.name} was replaced" for path in self.folders if self._return(path)]
        now = {path for folder in self.folders for path in _files(folder)}
        for path in sorted(now - self.kept.keys()):
            _remove(path)
            done.append(f"{self._shown(path)} was planted")
        for path, content in sorted(self.kept.items()):
            if _read(path) != content:
                _remove(path)
                with contextlib.suppress(OSError):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    if content[1] == _LINK:
                        path.symlink_to(os.fsdecode(content[0]))
                    else:
                        path.write_bytes(content[0])
                        path.chmod(content[1])
                done.append(f"{self._shown(path)} was changed")
        return done

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    def _return(self, folder: Path) -> bool:
        """Where another stands in its place: the planted one is taken away and the right one fetched back."""
        with contextlib.suppress(OSError):
            if folder.lstat().st_ino == self.inodes[folder]:
                return False
        for parent, folders, files in os.walk(self.root):
            for name in (*folders, *files):
                path = Path(parent, name)
                with contextlib.suppress(OSError):
                    if path.lstat().st_ino == self.inodes[folder] and path != folder:
                        _remove(folder)
                        path.rename(folder)
                        return True
        return True


def _files(folder: Path) -> list[Path]:
    """The files looked after, links as what they are."""
    if not folder.is_dir() or folder.is_symlink():
        return [folder] if folder.is_symlink() or folder.exists() else []
    found = []
    for name in _LOOKED_AFTER:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            found += [Path(parent, file) for parent, _, files in os.walk(path) for file in files]
        elif path.is_symlink() or path.exists():
            found.append(path)
    return found


def _read(path: Path) -> tuple[bytes, int] | None:
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            return os.fsencode(path.readlink()), _LINK
        return path.read_bytes(), stat.S_IMODE(mode)
    except OSError:
        return None


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
