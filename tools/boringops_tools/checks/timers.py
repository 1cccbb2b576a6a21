"""systemd timers and the units that they start."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule


def _units(files: Files, path: str) -> Iterator[Hit]:
    beside = {posixpath.basename(each) for each in files.siblings(path)}
    services = {each for each in beside if each.endswith(".service")}
    found = re.search(r"(?m)^\s*Unit\s*=\s*(\S+)\s*$", files.text(path))
    if found and services and "%" not in found[1] and found[1] not in beside and found[1] not in files.by_name:
        line = files.text(path).count("\n", 0, found.start(1)) + 1
        yield Hit(line, f"the timer starts `{found[1]}`, which is not here; there is {', '.join(sorted(services))}")


RULES = (
    Rule("systemd/timer-unit", "warning", "Name the unit that is there; without `Unit=` it is the service of the timer's own name.", "systemd.timer, Unit=: the unit to activate when the timer elapses.", lambda path: path.endswith(".timer"), _units,
         bad=({"a.timer": "[Timer]\nOnBootSec=1\nUnit=b.service\n", "a.service": "[Service]\nExecStart=/a\n"},),
         good=({"a.timer": "[Timer]\nOnBootSec=1\nUnit=a.service\n", "a.service": "[Service]\nExecStart=/a\n"}, {"a.timer": "[Timer]\nUnit=elsewhere.service\n"})),
)  # fmt: skip
