"""Compose files as Compose itself reads them, by the plugin of `docker compose`. No daemon is asked."""

from __future__ import annotations

import functools
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File, Judged, Program, Ran, Said, Unjudged, locate, run
from boringops_tools.yaml_files import is_compose, template_reason

_PLUGINS = ("/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec")
# What a machine has that runs the stack: variables, files of them, and other compose files.
_OF_THE_MACHINE = lazy_pattern(
    r"env file .* not found|required variable|missing a value|no such file or directory|variable is not set", re.I
)


class Compose(Program):
    name = "docker-compose"
    about = "Compose files (references, merging)"
    aspect = "compose references"
    get = "install the compose plugin of docker"
    missed = False  # their schema is checked in any case
    version_arguments = ("version",)
    in_place = True  # it follows includes and files of variables
    exit_codes = frozenset(range(256))

    def covers(self, file: File) -> bool:
        return is_compose(file.path)

    def skip(self, file: File) -> str:
        if re.search(r"override|(?:compose|yml)\.[\w-]+\.ya?ml$", file.name):
            return "is merged into another compose file: alone it is none"
        return template_reason(file)

    def locate(self) -> str | None:
        return _plugin()

    def arguments(self, names: Sequence[str]) -> list[str]:
        # Without --quiet it would print the stack with the values of all variables in it.
        return [*(part for name in names for part in ("-f", name)), "config", "--quiet", "--no-interpolate"]

    def batches(self, files: Sequence[File]) -> Iterable[Sequence[File]]:
        return [[file] for file in files]  # of several files at a time it would make one stack

    def check(self, files: Sequence[File], timeout_s: float) -> dict[str, Judged]:
        judged: dict[str, Judged] = {}
        for file in files:
            command = [*self.command(), *self.arguments([f"./{file.path}"])]
            with tempfile.TemporaryDirectory(prefix="boringops-") as folder:
                ran = run(command, cwd=file.root, home=Path(folder), timeout_s=timeout_s)
            judged |= self.attribute(ran, {"": file})
        return judged

    def read(self, ran: Ran) -> Iterable[Said | Unjudged]:
        if ran.exit_code == 0:
            return
        said = [line for line in ran.stderr.splitlines() if line.strip() and "level=warning" not in line]
        message = said[-1] if said else f"exit code {ran.exit_code}"
        if _OF_THE_MACHINE.search(message):
            yield Unjudged("", f"it needs what is not here: {message}")
        else:
            line = re.search(r"line (\d+)", message)
            yield Said("", "config", "error", int(line[1]) if line else None, message)


@functools.cache
def _plugin() -> str | None:
    """The plugin, which is a program that can be started by itself. The first docker-compose, in Python, is not meant."""
    places = [f"{place}/docker/cli-plugins/docker-compose" for place in _PLUGINS]
    places.insert(0, str(Path.home() / ".docker" / "cli-plugins" / "docker-compose"))
    for place in places:
        if os.access(place, os.X_OK):
            return place
    found = locate("docker-compose")
    try:
        with open(found or os.devnull, "rb") as program:  # noqa: PTH123
            return found if program.read(4) == b"\x7fELF" else None
    except OSError:
        return None


VALIDATORS = (Compose(),)
