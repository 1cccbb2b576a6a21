"""macOS: sandbox-exec with a profile. Written from its documented language and not tried on a machine: what it enforces
is what the canaries show there."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from boringops.sandbox import hidden
from boringops.sandbox.base import Box, Launch
from boringops.sandbox.bubblewrap import limited

PROGRAM = Path("/usr/bin/sandbox-exec")


@dataclass(frozen=True)
class Seatbelt:
    """The kernel extension behind sandbox-exec. Later rules of a profile come before earlier ones."""

    version: str = ""
    name: str = "sandbox-exec"
    hides_git: bool = True

    @contextlib.contextmanager
    def launch(self, argv: Sequence[str], box: Box, env: Mapping[str, str]) -> Iterator[Launch]:
        with tempfile.TemporaryDirectory(prefix="boringops-") as own:
            scratch = Path(own).resolve()
            words = [str(PROGRAM), "-p", profile(box, scratch, env), *limited(box.limits, argv)]
            yield Launch(words, {**env, "TMPDIR": str(scratch)})


def profile(box: Box, scratch: Path, env: Mapping[str, str]) -> str:
    """The profile for one command, in the sandbox's Scheme."""

    def paths(action: str, what: str, listed: Sequence[Path]) -> str:
        return "".join(f"({action} {what} (subpath {_quoted(path)}))\n" for path in listed)

    writes = [scratch, *box.write, *([box.root] if box.writable else [])]
    programs = hidden.toolchains(env)
    return (
        "(version 1)\n(allow default)\n(deny file-write*)\n"
        + ("" if box.network else "(deny network*)\n")
        + "(deny process-info* (target others))\n(deny signal (target others))\n(deny mach-priv-task-port)\n"
        + '(allow file-write* (literal "/dev/null") (literal "/dev/zero") (literal "/dev/tty"))\n'
        + paths("deny", "file-read*", [hidden.home(env)])
        + f"(allow file-read-metadata (subpath {_quoted(hidden.home(env))}))\n"
        + paths("allow", "file-read*", [*programs, box.root, scratch, *box.write, *box.grants])
        + paths("allow", "file-write*", writes)
        + paths("deny", "file-read* file-write*", hidden.secrets(env, [*programs, box.root]))
        + ("" if box.git_writable else paths("deny", "file-write*", box.git_folders()))
    )


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
