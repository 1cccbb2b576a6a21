"""Ansible: commands that are written for a shell which the module does not start."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.ansible_files import is_ansible, module, tasks
from boringops_tools.checks.ansible_names import task_of
from boringops_tools.checks.base import Files, Hit, Rule, at, mapping, text_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml

_JINJA = lazy_pattern(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.S)
_QUOTED = lazy_pattern(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.")
_OPERATOR = lazy_pattern(r"\||\|\||&&|;|&|\d?>>?|&>>?|<|\d?>&\d|&>/dev/null|\d?>>?/\S+|<<-?\w+")
# What hands its arguments on to a shell: the remote one of ssh, its own.
_SHELLS = lazy_pattern(
    r"(?:^|/)(?:ssh|su|runuser|(?:ba|da|z|k)?sh|eval|watch|expr|test|\[|find|pwsh|powershell|cmd(?:\.exe)?|docker|podman|kubectl|nsenter|chroot|lxc|vagrant|machinectl)$"
)


def _operators(command: str) -> list[str]:
    """Words that are operators for a shell, and arguments for everything else."""
    words = _QUOTED.sub("Q", _JINJA.sub("x", command)).split()
    if not words or any(_SHELLS.search(each) for each in words):
        return []
    return [
        each.rstrip(";") or each for each in words[1:] if _OPERATOR.fullmatch(each) or re.fullmatch(r"[^\"';]+;", each)
    ]


def _commands(files: Files, path: str) -> Iterator[Hit]:
    if not is_ansible(path, files.text(path)):
        return
    for task in tasks(files.documents(path)):
        key, name, given = module(task)
        # Arguments of a list are taken as they are, and whoever writes one knows.
        command = text_of(given) or text_of(mapping(given).get("cmd") or mapping(given).get("_raw_params"))
        if name == "command" and (found := _operators(command)):
            yield Hit(
                at((given, "cmd"), (task, key)),
                f"`command` starts no shell: `{found[0]}` is an argument of `{command.split()[0]}`",
            )


def _at(command: str) -> dict[str, str]:
    return task_of(f"ansible.builtin.command: {command}")


RULES = (
    Rule("ansible/no-shell", "error", "Take `ansible.builtin.shell`, or a task for each command.", "Ansible documentation, command: the command is not processed through the shell, so operations like <, >, |, ; and & do not work.", is_yaml, _commands,
         bad=(_at("uptime | cut -d' ' -f2-"), _at("make build && make install"), _at("echo a > /etc/b"), _at("{cmd: 'cat /a 2>/dev/null'}"), _at("systemctl stop a; rm -r /b"), _at("dpkg -l 2>&1")),
         good=(_at("uptime --pretty"), _at("awk -F '|' /a"), _at("\"sed 's/a|b/c;d/' /a\""), _at("psql -c \"select 1; select 2\""), _at("\"{{ a | default('b') }} run\""), _at("ssh host a | b"), _at("sh -c 'a && b'"), task_of("ansible.builtin.shell: a | b"), _at("{argv: [a, '|', b]}"))),
)  # fmt: skip
