"""systemd units whose commands are written for a shell that nobody starts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule

_COMMAND = re.compile(r"\s*Exec(?:Start|StartPre|StartPost|Stop|StopPost|Reload|Condition)\s*=\s*[-@:+!]*(.*)")
_SHELL = re.compile(r"(?:\S*/)?(?:ba|da|z|k|a)?sh\s+(?:-\S+\s+)*-\w*c\b")
_QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'")
_OPERATORS = re.compile(r"(?:^|\s)(?:\d?>>?|<|2>&1|&>|\|\|?|&&)(?=\s|[/&\w]|$)")


def _commands(files: Files, path: str) -> Iterator[Hit]:
    text = re.sub(r"\\\n", "  ", files.text(path))
    for number, line in enumerate(text.splitlines(), 1):
        command = _COMMAND.match(line)
        if command is None or _SHELL.match(command[1]):
            continue
        found = _OPERATORS.search(_QUOTED.sub("''", command[1]))
        if found:
            yield Hit(number, f"`{found[0].strip()}` is handed to the program: no shell reads the line")


RULES = (
    Rule(
        "systemd/no-shell", "error", "Start `/bin/sh -c '…'`, or use StandardOutput=, ExecStartPre= and OnFailure=.",
        "systemd.service, Command lines: redirection, pipes and && are not supported.",
        lambda path: path.endswith((".service", ".socket")), _commands,
        bad=(
            {"a.service": "[Service]\nExecStart=/bin/a --b >> /var/log/a.log 2>&1\n"},
            {"a.service": "[Service]\nExecStartPre=/bin/a && /bin/b\n"},
        ),
        good=(
            {"a.service": "[Service]\nExecStart=/bin/sh -c 'a | b > c'\nExecStop=/bin/a \"x > y\" --c=d|e\n"},
            {"a.service": "[Unit]\nDescription=a > b\n"},
        ),
    ),
)  # fmt: skip
