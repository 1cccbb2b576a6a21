"""Choosing what confines commands here: the best backend by what canaries show, tried once in a boot of the machine."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import platform
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from boringops import __version__
from boringops.config import SandboxWanted as Wanted
from boringops.errors import UsageError
from boringops.facts import Confinement
from boringops.sandbox import bubblewrap, hidden, landlock, seatbelt
from boringops.sandbox.base import Backend
from boringops.sandbox.consent import box_for
from boringops.sandbox.process import run
from boringops.sandbox.trial import try_out
from boringops.tool import Completed

HOW_TO_GET_ONE = {
    "linux": "Allow unprivileged user namespaces for bubblewrap (in a container: a seccomp profile that lets unshare and "
    "mount pass; on Ubuntu: an AppArmor profile for bwrap, or sysctl kernel.apparmor_restrict_unprivileged_userns=0), "
    "or boot a kernel with Landlock (5.13 or later).",
    "darwin": "macOS confines by /usr/bin/sandbox-exec, which is missing or refused.",
}
NO_WAY = "This system has nothing that boringops can confine commands with; run it on Linux."
_RANK = {"none": 0, "partial": 1, "full": 2}


@dataclass(frozen=True)
class Sandbox:
    """What confines the commands of a run."""

    shown: Confinement = field(default_factory=Confinement)
    backend: Backend | None = None
    wanted: Wanted = "auto"

    @property
    def settled(self) -> bool:
        """Commands that change the work tree need no asking: they are confined, or somebody chose that they are not."""
        return self.backend is not None or self.wanted == "off"

    def for_the_model(self, *, attended: bool) -> str:
        """What becomes of commands here: a part of the first message."""
        told = "# Commands\n\nNothing confines them."
        if self.backend is not None:
            told = (
                f"# Commands\n\nHere, {self.shown.sentence}. They see an empty home and no network, unless they reach outside "
                "and are allowed to; what they write outside the work tree is refused, or gone when they end."
            )
        if attended:
            return told
        return (
            f"{told} Nobody is there to consent: commands that reach a registry, a cloud, a cluster or a remote (npm ci, pip "
            "install, docker build, terraform init) are refused. "
        ) + (
            "Commands on the work tree (npm test, pytest, make) run."
            if self.settled
            else "So are commands that change anything or run the repository's code; those that only look run."
        )

    def run(
        self, command: str, root: Path, *, writable: bool, timeout_s: float, cancel: threading.Event | None = None
    ) -> Completed:
        """Run a command that policy has let pass, as its text and the phase demand. Raises OSError."""
        box = box_for(command, root, writable=writable)
        done = run(command, cwd=root, timeout_s=timeout_s, cancel=cancel, backend=self.backend, box=box)
        held: dict[str, Any] = {"level": self.shown.level}
        if self.backend is not None:
            held |= {"backend": self.backend.name, "network": box.network, "writable": box.writable}
            held |= {"grants": [str(path) for path in box.grants if hidden.present(path)]} if box.grants else {}
        return replace(done, sandbox=held)


def choose(wanted: Wanted = "auto") -> Sandbox:
    """What confines commands here, and how well it was seen to.

    Raises UsageError where one is required and nothing confines."""
    if wanted == "off":
        return Sandbox(Confinement(reason="NOT SANDBOXED: the sandbox is switched off (sandbox = off)."), None, wanted)
    best = _best()
    if wanted == "require" and best.backend is None:
        raise UsageError("A sandbox is required, and nothing here confines commands.", hint=best.shown.reason)
    return replace(best, wanted=wanted)


@functools.cache
def _best() -> Sandbox:
    candidates = list(_candidates())
    if known := _remembered(candidates):
        return known
    best = Sandbox()
    failures = []
    for backend in candidates:
        try:
            shown = try_out(backend)
        except OSError as error:
            failures.append(str(error))
            continue
        if shown.level == "none":
            failures.append(f"{backend.name} lets through: {', '.join(shown.not_enforced)}")
        if _RANK[shown.level] > _RANK[best.shown.level]:
            best = Sandbox(shown, backend)
        if shown.level == "full":
            break
    if best.backend is None:
        how = HOW_TO_GET_ONE.get(sys.platform, NO_WAY)
        best = Sandbox(Confinement(reason=" ".join([*(f"{failure}." for failure in dict.fromkeys(failures)), how])))
    _remember(candidates, best)
    return best


def _candidates() -> Iterator[Backend]:
    """What may confine here, best first."""
    if sys.platform == "darwin":
        if seatbelt.PROGRAM.exists():
            yield seatbelt.Seatbelt()
        return
    if sys.platform != "linux":
        return
    for program, version in bubblewrap.programs():
        yield bubblewrap.Bubblewrap(program, version)
        yield bubblewrap.Bubblewrap(program, version, own_proc=False)
    if abi := landlock.abi():
        yield landlock.Landlock(str(abi))


# --- what was seen, remembered until the machine boots again -------------------------------------------


def _memory() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "boringops" / "sandbox.json"


def _key(candidates: list[Backend]) -> str:
    """Changes with all that what canaries show depends on."""
    boot = ""
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
        boot += os.readlink("/proc/self/ns/user") + os.readlink("/proc/self/ns/mnt")  # noqa: PTH115 - not paths
        boot += "".join(
            line
            for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith(("Cap", "NoNew", "Sec"))
        )
    sources = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
    said = [__version__, boot, str(os.geteuid()), platform.release(), sys.executable, *map(repr, candidates)]
    return hashlib.sha256("\0".join(said).encode() + b"".join(sources)).hexdigest()


def _remembered(candidates: list[Backend]) -> Sandbox | None:
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        path = _memory()
        if path.stat().st_uid != os.geteuid():
            return None
        known = json.loads(path.read_bytes())
        if known["key"] == _key(candidates):
            backend = next((each for each in candidates if repr(each) == known["backend"]), None)
            shown = Confinement.model_validate(known["shown"])
            return Sandbox(shown, backend) if (backend is None) == (shown.level == "none") else None
    return None


def _remember(candidates: list[Backend], best: Sandbox) -> None:
    with contextlib.suppress(OSError):  # a memory that cannot be written costs time, nothing else
        path = _memory()
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        told = {"key": _key(candidates), "backend": repr(best.backend), "shown": best.shown.model_dump()}
        draft.write_text(json.dumps(told))
        draft.replace(path)
