"""Units of systemd, by `systemd-analyze verify`, which loads them as the system would."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File, Judged, Program, Ran, Said

_UNIT = lazy_pattern(r"(?:.*/)?[^/]+\.(?:service|socket|timer|path|mount|automount|target|slice|swap)", re.S)
# What adds to a unit, and what a unit of that kind cannot be without.
_DROP_IN = lazy_pattern(r"(?:.*/)?(?P<unit>[^/]+\.(?P<kind>service|socket|timer))\.d/[^/]+\.conf", re.S)
_REST = {
    "service": "[Service]\nExecStart=\nExecStart=/bin/true\n",
    "socket": "[Socket]\nListenStream=/run/a\n",
    "timer": "[Timer]\nOnCalendar=daily\n",
}
_PLACED = lazy_pattern(r"^\s*(?:.*/)?(\d{4}/[^/:]+):(\d+): (.*)$")
_NAMED = lazy_pattern(r"^\s*([^\s:/]+\.\w+): (.*)$")
# What is true of this machine alone: programs, users and other units that the target has.
_OF_THE_MACHINE = lazy_pattern(
    r"not executable|No such file|not found|not loaded|Failed to (?:load|create)|Cannot add|man ", re.I
)


class SystemdAnalyze(Program):
    name = "systemd-analyze"
    about = "systemd units"
    aspect = "systemd unit"
    get = "install systemd"
    exit_codes = frozenset({0, 1})

    def covers(self, file: File) -> bool:
        if _DROP_IN.fullmatch(file.path):
            return bool(re.search(r"(?m)^\s*\w+\s*=", file.text))
        return bool(_UNIT.fullmatch(file.path)) and bool(re.search(r"(?m)^\s*\[\w+\]", file.text))

    def skip(self, file: File) -> str:
        return "is a template: must be rendered first" if "{{" in file.text or "{%" in file.text else ""

    def stage(self, file: File) -> tuple[str, str]:
        if added := _DROP_IN.fullmatch(file.path):
            return f"/{added['unit']}", f"{file.text}\n{_REST[added['kind']]}"
        return f"/{file.name}", file.text

    def batches(self, files: Sequence[File]) -> Iterable[Sequence[File]]:
        return [[file] for file in files]  # one unit's refusal would end the others'

    def arguments(self, names: Sequence[str]) -> list[str]:
        return ["verify", "--man=no", "--recursive-errors=no", *(f"./{name}" for name in names)]

    def attribute(self, ran: Ran, by_name: Mapping[str, File]) -> dict[str, Judged]:
        [name] = by_name
        return super().attribute(Ran(ran.exit_code, "\n".join(_own(name, ran.stderr)), ""), by_name)

    def read(self, ran: Ran) -> Iterable[Said]:
        for each in ran.stdout.splitlines():
            name, line, message = each.split("\t", 2)
            # What systemd ignores does not do what it says; what it refuses does not start.
            yield Said(name, "unit", "error", int(line) or None, message)


def _own(name: str, output: str) -> Iterable[str]:
    """What is said of the unit itself, as name, line and message."""
    for text in output.splitlines():
        if _OF_THE_MACHINE.search(text):
            continue
        if (placed := _PLACED.match(text)) and placed[1] == name:
            yield f"{name}\t{placed[2]}\t{placed[3]}"
        elif (named := _NAMED.match(text)) and named[1] == name.partition("/")[2]:
            yield f"{name}\t0\t{named[2]}"


VALIDATORS = (SystemdAnalyze(),)
