"""Services of systemd that run as root by their own word."""

from __future__ import annotations

import re
from collections.abc import Iterable

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.scripts import is_unit

_USER = lazy_pattern(r"\s*User\s*=\s*(?:root|0)\s*$")


def _root(_: str, text: str) -> Iterable[Hit]:
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[(\w+)\]", line):
            section = header[1]
        elif section == "Service" and _USER.match(line):
            yield Hit(number, "the service runs as root (User=root)")


RED_FLAGS = (
    RedFlag(
        "systemd/root", "Disable security features for convenience", "warning",
        "Give it a user of its own, or DynamicUser=yes; name the one capability it needs in AmbientCapabilities.",
        applies=is_unit, check=_root,
        bad={
            "templates/a.service.j2": "[Service]\nUser=root\nExecStart={{ path }}/a\n", "a.service.d/user.conf": "[Service]\nUser=0\n",
            "a.service": "[Service]\nUser=root\nExecStart=/bin/a\n"},
        good={"a.service": "[Unit]\nDescription=User=root\n[Service]\nUser=app\nExecStart=/bin/a\n"},
    ),
)  # fmt: skip
