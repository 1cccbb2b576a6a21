"""Ansible tasks that switch a protection off: open files, unchecked certificates and hosts, secrets in the log."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import configparser
import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import Any

from boringops.secrets import looks_secret
from boringops_tools.ansible_files import is_ansible, module, tasks
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.yaml_files import documents, is_yaml, line_of

_NEVER = "Disable security features for convenience"
_LEAK = "Commit AWS keys, passwords, or tokens to git"
_OPEN_MODE = lazy_pattern(r"0?[0-7]?[0-7]{2}[2367]|.*(?:\bo|a)[+=][rx]*w.*|\+w")
_VARIABLE = lazy_pattern(r"\{\{-?\s*([A-Za-z_]\w*)(?:\s*\|[^}]*)?\s*-?\}\}")
# What is part of another value, or is fetched from where secrets are kept.
_PART = lazy_pattern(
    r"\{\{-?\s*[A-Za-z_]\w*(?:\.\w+|\[['\"]\w+['\"]\])*(?:\.(\w+)|\[['\"](\w+)['\"]\])(?:\s*\|[^}]*)?\s*-?\}\}"
)
_FETCHED = lazy_pattern(
    r"\{\{[^}]*?\b(?:lookup|query|q)\(\s*['\"]([\w.]*(?:vault|passwordstore|secret|onepassword|bitwarden|keyring|conjur|\bpassword)\w*)['\"]"
)
_HOLDERS = frozenset({"tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"})
_CHECKS = ("validate_certs", "verify_ssl", "validate_ssl", "ssl_verify")


def _tasks(path: str, text: str) -> Iterable[Mapping[Any, Any]]:
    return tasks(documents(text)) if is_ansible(path, text) and "{%" not in text[:1] else ()


def _open(path: str, text: str) -> Iterable[Hit]:
    for task in _tasks(path, text):
        _, name, given = module(task)
        mode = given.get("mode") if isinstance(given, Mapping) else None
        if isinstance(mode, str) and _OPEN_MODE.fullmatch(mode) and not _sticky(mode):
            yield Hit(line_of(given, "mode"), f"`{name}` lets everybody write (mode {mode})")


def _sticky(mode: str) -> bool:
    return bool(re.fullmatch(r"0?1[0-7]{3}", mode))  # as /tmp is: who may write may not remove another's


def _unchecked(path: str, text: str) -> Iterable[Hit]:
    for task in _tasks(path, text):
        _, name, given = module(task)
        for key in _CHECKS:
            if isinstance(given, Mapping) and given.get(key) in (False, "no", "false"):
                yield Hit(line_of(given, key), f"`{name}` accepts any certificate ({key}: false)")


# What Ansible shows of a task: as its arguments, or as the lines that it changes.
_SHOWN = {"copy": ("content",), "debug": ("msg", "var"), "lineinfile": ("line",), "blockinfile": ("block",)}


def _silenced(holder: Any) -> set[int]:
    """The tasks, by identity, that a play or a block keeps out of the log."""
    found: set[int] = set()
    todo: list[tuple[Any, bool]] = [(holder, False)]
    while todo:
        node, quiet = todo.pop()
        if isinstance(node, list):
            todo += [(each, quiet) for each in node]
        elif isinstance(node, Mapping):
            quiet = quiet or node.get("no_log") not in (None, False, "no")
            if quiet:
                found.add(id(node))
            todo += [(each, quiet) for key, each in node.items() if key in _HOLDERS]
    return found


def _secrets_in(parameter: str, value: Any) -> Iterable[str]:
    """The variables in a value that are secret by their names."""
    if not isinstance(value, str):
        return ()
    called = [value] if parameter == "var" else _VARIABLE.findall(value)
    called += [one or other for one, other in _PART.findall(value)]
    return [each for each in called if looks_secret(each) or each.startswith("vault_")] + _FETCHED.findall(value)


def _logged(path: str, text: str) -> Iterable[Hit]:
    if not is_ansible(path, text) or "{%" in text[:1]:
        return
    found = documents(text)
    quiet = _silenced(list(found))
    for task in tasks(found):
        key, name, given = module(task)
        # `diff: false` keeps changed lines out of it, and what `copy` is to write it never tells otherwise
        hidden = task.get("diff") in (False, "no") and name != "debug"
        if id(task) in quiet or hidden or not isinstance(given, Mapping):
            continue
        for parameter in _SHOWN.get(name, ()):
            for called in _secrets_in(parameter, given.get(parameter)):
                yield Hit(
                    line_of(given, parameter) or line_of(task, key),
                    f"`{name}` shows `{called}` in the log: there is no `no_log`",
                )
                break


_PIPED = lazy_pattern(r"\b(?:curl|wget)\b[^|;&]*\|\s*(?:sudo\s+(?:-\S+\s+)*)?(?:\S*/)?(?:ba|da|z)?sh\b")


def _piped(path: str, text: str) -> Iterable[Hit]:
    for task in _tasks(path, text):
        key, name, given = module(task)
        command = given.get("cmd") if isinstance(given, Mapping) else given
        if name in ("shell", "raw") and isinstance(command, str) and _PIPED.search(command):
            yield Hit(line_of(task, key), "what is fetched from the network is run unseen")


# Where options for ssh stand: inventories, variables of groups, ansible.cfg.
_SSH_PLACES = lazy_pattern(
    r"(?:^|/)(?:ansible\.cfg$|(?:inventor(?:y|ies)|hosts|group_vars|host_vars)(?:/|\.|$)|[\w.-]*(?:inventory|hosts)[\w.-]*$)|\.ini$"
)
_SSH_OPEN = lazy_pattern(
    r"(?im)^(?!\s*[#;])[^\n]*?\b(?:(ansible_ssh_(?:common_|extra_)?args|ssh_(?:common_|extra_)?args)\b[^\n]*StrictHostKeyChecking[= ]\s*[\"']?(?:no|off)\b|"
    r"(ansible_(?:ssh_)?host_key_checking)\s*[:=]\s*[\"']?(?:false|no|off|0)\b)"
)


def _ssh_options(_: str, text: str) -> Iterable[Hit]:
    for found in _SSH_OPEN.finditer(text):
        yield Hit(text.count("\n", 0, found.end()) + 1, f"the servers' keys are not checked ({found[1] or found[2]})")


def _host_keys(_: str, text: str) -> Iterable[Hit]:
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parsed.read_string(text)
    except configparser.Error:
        return
    value = parsed.get("defaults", "host_key_checking", fallback="True")
    if value.strip().lower() in ("false", "no", "0", "off"):
        lines = (
            number for number, line in enumerate(text.splitlines(), 1) if line.strip().startswith("host_key_checking")
        )
        yield Hit(next(lines, None), f"the servers' keys are not checked (host_key_checking = {value})")


_PLAY = "- hosts: all\n  tasks:\n    - name: A\n      ansible.builtin.{}\n"

RED_FLAGS = (
    RedFlag(
        "ansible/world-writable", _NEVER, "warning", "What everybody may write, everybody may replace: give it an owner and a mode such as 0644.",
        applies=is_yaml, check=_open,
        bad={"site.yml": _PLAY.format("file: {path: /a, mode: '0777'}"), "roles/a/tasks/main.yml": "- name: A\n  copy: {src: a, dest: /b, mode: 'u=rw,o+w'}\n"},
        good={"site.yml": _PLAY.format("file: {path: /a, mode: '0755'}"), "b.yml": _PLAY.format("file: {path: /tmp/x, mode: '1777'}"), "c.yml": "mode: '0777'\n"},
    ),
    RedFlag(
        "ansible/unchecked-certificate", _NEVER, "warning", "Trust the issuer that signed it instead (ca_path); without the check anybody may answer.",
        applies=is_yaml, check=_unchecked,
        bad={"site.yml": _PLAY.format("get_url: {url: 'https://a/b', dest: /b, validate_certs: false}")},
        good={"site.yml": _PLAY.format("get_url: {url: 'https://a/b', dest: /b, validate_certs: true}")},
    ),
    RedFlag(
        "ansible/curl-pipe-shell", _NEVER, "warning", "Fetch it with get_url and its checksum, then run it; or take the package.",
        applies=is_yaml, check=_piped,
        bad={"site.yml": _PLAY.format("shell: curl -s https://a.io/install | sudo bash")},
        good={"site.yml": _PLAY.format("shell: curl -s https://a.io/x.json | jq .a"), "b.yml": _PLAY.format("debug: {msg: 'curl x | sh'}")},
    ),
    RedFlag(
        "ansible/logged-secret", _LEAK, "warning", "Ansible prints what a task changes: add `no_log: true`.",
        applies=is_yaml, check=_logged,
        bad={"site.yml": _PLAY.format("copy: {content: '{{ api_token }}', dest: /a}"), "b.yml": _PLAY.format("debug: {var: db_password}"), "c.yml": _PLAY.format("copy: {content: 'PORT={{ port }} PASSWORD={{ vault_db_password }}', dest: /a}"), "d.yml": _PLAY.format("lineinfile: {line: 'token={{ api_token }}', path: /a}"),
             "e.yml": _PLAY.format("copy:\n        content: \"P={{ lookup('community.hashi_vault.vault_kv2_get', 'a/b').secret.p }}\"\n        dest: /a"), "f.yml": _PLAY.format("lineinfile: {line: 'token={{ app.api_token }}', path: /a}"), "g.yml": _PLAY.format("blockinfile: {block: \"P={{ lookup('amazon.aws.aws_secret', 'a') }}\", path: /a}")},
        good={
            "site.yml": _PLAY.format("copy: {content: '{{ api_token }}', dest: /a}\n      no_log: true"),
            "b.yml": _PLAY.format("copy: {content: '{{ ssh_public_key }}', dest: /a}"), "f.yml": _PLAY.format("copy: {content: \"{{ lookup('file', 'a.pem') }}{{ app.port }}\", dest: /a}"), "c.yml": _PLAY.format("debug: {msg: 'done'}"),
            "d.yml": "- hosts: all\n  tasks:\n    - name: A\n      no_log: true\n      block:\n        - name: B\n          copy: {content: '{{ api_token }}', dest: /a}\n",
            "e.yml": _PLAY.format("lineinfile: {line: 'token={{ api_token }}', path: /a}\n      diff: false"),
        },
    ),
    RedFlag(
        "ansible/unchecked-host", _NEVER, "warning", "Keep the servers' keys in known_hosts: without them anybody may answer for a server.",
        applies=lambda path: posixpath.basename(path) == "ansible.cfg", check=_host_keys,
        bad={"ansible.cfg": "[defaults]\nhost_key_checking = False\n"},
        good={"ansible.cfg": "[defaults]\nhost_key_checking = True\n", "a/ansible.cfg": "[defaults]\ninventory = hosts\n"},
    ),
    RedFlag(
        "ansible/unchecked-host-option", _NEVER, "warning", "Keep the servers' keys in known_hosts: without them anybody may answer for a server.",
        applies=lambda path: bool(_SSH_PLACES.search(path)), check=_ssh_options,
        bad={
            "inventory.ini": "[web]\na.example\n[web:vars]\nansible_ssh_common_args='-o StrictHostKeyChecking=no'\n", "group_vars/all.yml": "ansible_host_key_checking: false\n",
            "ansible.cfg": "[ssh_connection]\nssh_args = -o ControlMaster=auto -o StrictHostKeyChecking=no\n", "inventories/prod/hosts": "a.example ansible_ssh_extra_args='-o StrictHostKeyChecking=no'\n",
        },
        good={"inventory.ini": "[web:vars]\nansible_ssh_common_args='-o StrictHostKeyChecking=accept-new'\n", "ansible.cfg": "[ssh_connection]\n# ssh_args = -o StrictHostKeyChecking=no\n", "hosts": "127.0.0.1 localhost\n"},
    ),
)  # fmt: skip
