"""What a command may touch, how much it may use, and what a backend makes of that."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """How much a command may use. Sizes in bytes; all but `scratch` and `processes` hold for each process alone."""

    memory: int = 4096 * MIB
    """Private memory (RLIMIT_DATA). Not the address space: V8 and the JVM reserve far more of that than they use."""
    file: int = 1024 * MIB
    processes: int = 1024
    """Processes and threads of the sandbox together (RLIMIT_NPROC). The kernel does not hold root to it."""
    cpu_s: int = 3600
    scratch: int = 1024 * MIB
    """Each of the temporary file systems over /tmp and the home."""


@dataclass(frozen=True)
class Box:
    """What one command may touch. Everything else is read-only, or not there at all."""

    root: Path
    """The work tree; the command starts there. Absolute, symlinks resolved."""
    writable: bool = True
    network: bool = False
    git_writable: bool = False
    """For git's own commands alone, where a person let them reach out."""
    write: tuple[Path, ...] = ()
    """Further folders it may write."""
    grants: tuple[Path, ...] = ()
    """Sockets and credentials that a person's consent to this command includes."""
    limits: Limits = field(default_factory=Limits)

    def git_folders(self) -> list[Path]:
        """`.git` of the work tree; where that is a file, also the folder it points to and the common one behind it."""
        dot = self.root / ".git"
        if not dot.is_file():
            return [dot] if dot.is_dir() else []
        found = [dot]
        if pointed := re.match(r"gitdir: (.+)", dot.read_text(errors="replace")):
            folder = (self.root / pointed[1].strip()).resolve()
            common = folder / "commondir"
            if common.is_file():
                folder = (folder / common.read_text(errors="replace").strip()).resolve()
            if folder.is_dir():
                found.append(folder)
        return found


def ask_group(pid: int) -> None:
    """SIGTERM to a process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGTERM)


@dataclass(frozen=True)
class Launch:
    """How to start a command confined."""

    argv: Sequence[str]
    env: Mapping[str, str]
    pass_fds: tuple[int, ...] = ()
    ask: Callable[[int], None] = ask_group
    """Asks what was started, by its process id, to end by itself."""


class Backend(Protocol):
    """A way to confine a command."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def hides_git(self) -> bool:
        """It keeps `.git` unchanged by itself."""

    def launch(self, argv: Sequence[str], box: Box, env: Mapping[str, str]) -> AbstractContextManager[Launch]:
        """What to start for `argv`. Whatever it holds open or keeps on disk for it ends with the context."""
