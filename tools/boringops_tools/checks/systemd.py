"""systemd units whose commands are written for a shell that nobody starts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern

_COMMAND = lazy_pattern(r"\s*Exec(?:Start|StartPre|StartPost|Stop|StopPost|Reload|Condition)\s*=\s*[-@:+!]*(.*)")
_SHELL = lazy_pattern(r"(?:\S*/)?(?:ba|da|z|k|a)?sh\s+(?:-\S+\s+)*-\w*c\b")
_QUOTED = lazy_pattern(r"\"(?:\\.|[^\"\\])*\"|'[^']*'")
_OPERATORS = lazy_pattern(r"(?:^|\s)(?:\d?>>?|<|2>&1|&>|\|\|?|&&)(?=\s|[/&\w]|$)|\s&$")
# What a shell would put in: in double quotes, too, so that only single ones are taken out before it is looked for.
_SUBSTITUTED = lazy_pattern(r"(?<![$\\])\$\((?=[^()]*\))|`[^`]+`")
_SINGLE = lazy_pattern(r"'[^']*'")


def _commands(files: Files, path: str) -> Iterator[Hit]:
    text = re.sub(r"\\\n", "  ", files.text(path))
    for number, line in enumerate(text.splitlines(), 1):
        command = _COMMAND.match(line)
        if command is None or _SHELL.match(command[1]):
            continue
        found = _OPERATORS.search(_QUOTED.sub("''", command[1]))
        if found:
            yield Hit(number, f"`{found[0].strip()}` is handed to the program: no shell reads the line")
        elif found := _SUBSTITUTED.search(_SINGLE.sub("''", command[1])):
            yield Hit(
                number, f"`{found[0]}` is handed to the program as it stands: no shell puts anything in its place"
            )


RULES = (
    Rule(
        "systemd/no-shell", "error", "Start `/bin/sh -c '…'`, or use StandardOutput=, ExecStartPre= and OnFailure=.",
        "systemd.service, Command lines: redirection, pipes and && are not supported.",
        lambda path: path.endswith((".service", ".socket")), _commands,
        bad=(
            {"a.service": "[Service]\nExecStart=/bin/a --b >> /var/log/a.log 2>&1\n"},
            {"a.service": "[Service]\nExecStartPre=/bin/a && /bin/b\n"},
            {"a.service": "[Service]\nExecStart=/bin/a --b &\n"},
            {"a.service": "[Service]\nExecStart=/bin/a --host $(hostname)\n"},
            {"a.service": "[Service]\nExecStart=/bin/a --host \"`hostname`\"\n"},
        ),
        good=(
            {"a.service": "[Service]\nExecStart=/bin/sh -c 'a | b > c'\nExecStop=/bin/a \"x > y\" --c=d|e\n"},
            {"a.service": "[Unit]\nDescription=a > b\n"},
            {"a.service": "[Service]\nExecStart=/bin/bash -lc 'exec a $(hostname) &'\nExecStop=/bin/a --q='$(x)' a&b ${MAINPID}\n"},
        ),
    ),
)  # fmt: skip
