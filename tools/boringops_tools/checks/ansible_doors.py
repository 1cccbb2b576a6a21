"""Ansible: secrets that everybody may read, packages that nobody signed, and protections that a task takes away."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.ansible_files import is_ansible, module, plays, tasks
from boringops_tools.checks.ansible_names import task_of
from boringops_tools.checks.base import Files, Hit, Rule, at, mapping, text_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml

_VARIABLE = lazy_pattern(r"\{\{-?\s*([A-Za-z_]\w*)")
_HASHED = lazy_pattern(r"(?i)hash|digest|public|pub_?key|checksum|\bfile\b|_file$|_path$|_name$|_user$|_arn$|_id$")
_SECRET = lazy_pattern(r"(?i)(?:password|passwd|passphrase|token|secret|secret_key|api_?key|private_key|credentials)$")
_PRIVATE_KEY = lazy_pattern(r"(?:\.key|/id_(?:rsa|dsa|ecdsa|ed25519)|privkey\.pem|[-_]key\.pem)$")
_WRITERS = frozenset({"copy", "template"})
_NOTHING = (False, "no", "false", "off")
_YES = (True, "yes", "true", "on")
# module: options that let in what nobody signed, and the values that do.
_UNSIGNED: dict[str, tuple[tuple[str, tuple[Any, ...]], ...]] = {
    "apt": (("allow_unauthenticated", _YES), ("allow-unauthenticated", _YES)),
    "yum": (("disable_gpg_check", _YES),),
    "dnf": (("disable_gpg_check", _YES),),
    "dnf5": (("disable_gpg_check", _YES),),
    "zypper": (("disable_gpg_check", _YES),),
    "yum_repository": (("gpgcheck", _NOTHING),),
}
_NEAR = lazy_pattern(r"http://(?:localhost|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|\[?::1|[\w-]+[:/]|[\w.-]+\.(?:local|lan|internal|consul)\b|\{\{)")  # fmt: skip
_FIREWALLS = frozenset({"firewalld", "ufw", "nftables", "iptables", "apparmor", "auditd", "fail2ban"})


def _tasks(files: Files, path: str) -> Iterator[Mapping[Any, Any]]:
    if is_ansible(path, files.text(path)):
        yield from tasks(files.documents(path))


def _for_all(mode: Any) -> bool:
    """Whether a mode lets everybody read."""
    text = text_of(mode)
    if re.fullmatch(r"0?[0-7]{3}|[0-7]{4}", text):
        return int(text[-1]) & 4 > 0
    return bool(re.search(r"(?:^|,)[ug]*[oa][uga]*[=+]\w*r|(?:^|,)[+]\w*r", text))


def _secret(text: str) -> str:
    """The first variable of a text that is secret by its name; empty where none is."""
    found = (each for each in _VARIABLE.findall(text) if _SECRET.search(each) and not _HASHED.search(each))
    return next(found, "")


def _template(files: Files, path: str, source: str) -> str:
    """The text of a template that a task names; empty where that is not one certain file of the repository."""
    named = files.by_name.get(posixpath.basename(source), [])
    role = re.match(r"(.*/)?roles/[^/]+/", path)
    own = [each for each in named if role and each.startswith(role[0])]
    beside = [each for each in named if posixpath.dirname(path) and each.startswith(posixpath.dirname(path))]
    found = own or beside or named
    return files.text(found[0]) if len(found) == 1 else ""


def _readable(files: Files, path: str) -> Iterator[Hit]:
    for task in _tasks(files, path):
        key, name, given = module(task)
        if name not in _WRITERS or not isinstance(given, Mapping) or not _for_all(given.get("mode")):
            continue
        source = text_of(given.get("src"))
        text = text_of(given.get("content")) or (_template(files, path, source) if name == "template" else "")
        line = at((given, "mode"), (task, key))
        if secret := _secret(text):
            yield Hit(
                line,
                f"everybody on the host may read `{secret}` in {text_of(given.get('dest'))} (mode {given['mode']})",
            )
        elif _PRIVATE_KEY.search(text_of(given.get("dest"))):
            yield Hit(line, f"everybody on the host may read the private key {given['dest']} (mode {given['mode']})")


def _unsigned(files: Files, path: str) -> Iterator[Hit]:
    for task in _tasks(files, path):
        key, name, given = module(task)
        if not isinstance(given, Mapping):
            continue
        for option, values in _UNSIGNED.get(name, ()):
            if any(given.get(option) is each or given.get(option) == each for each in values if option in given):
                yield Hit(at((given, option), (task, key)), f"`{name}` takes packages that nobody signed ({option})")
        repository = text_of(given.get("repo"))
        if name == "apt_repository" and re.search(r"\btrusted=yes\b", repository):
            yield Hit(
                at((given, "repo"), (task, key)), "the packages of the repository need no signature (trusted=yes)"
            )
        fetched = text_of(given.get("url")) if name == "get_url" else text_of(given.get("src"))
        if (
            name in ("get_url", "unarchive")
            and fetched.startswith("http://")
            and not _NEAR.match(fetched)
            and "checksum" not in given
            and "sha256sum" not in given
        ):
            yield Hit(
                at((given, "url"), (given, "src"), (task, key)),
                "what is fetched may be anybody's: plain http and no `checksum`",
            )


def _switched_off(files: Files, path: str) -> Iterator[Hit]:
    for task in _tasks(files, path):
        key, name, given = module(task)
        given = mapping(given)
        state = text_of(given.get("state"))
        service = text_of(given.get("name")).removesuffix(".service")
        if name == "selinux" and state in ("disabled", "permissive"):
            yield Hit(
                at((given, "state"), (task, key)),
                f"SELinux is switched off (state: {state})",
                severity="info" if state == "permissive" else None,
            )
        elif name == "ufw" and state == "disabled":
            yield Hit(at((given, "state"), (task, key)), "the firewall is switched off")
        elif (
            name in ("service", "systemd", "systemd_service")
            and service in _FIREWALLS
            and state == "stopped"
            and given.get("enabled") in _NOTHING
        ):
            yield Hit(
                at((given, "state"), (task, key)),
                f"`{service}` is switched off",
                severity="info" if _another(files) else None,
            )


def _another(files: Files) -> bool:
    """Whether some task sets up a firewall, which may be another one."""
    return any(
        re.search(r"(?m)^\s*(?:- )?(?:[\w.]+\.)?(?:ufw|iptables|firewalld|nftables\w*):", files.text(each))
        for each in files.all
        if is_yaml(each)
    )


def _plays(files: Files, path: str) -> Iterator[Hit]:
    if "ignore_errors" not in files.text(path):
        return
    for play in plays(files.documents(path)):
        if play.get("ignore_errors") in _YES and "hosts" in play:
            yield Hit(
                at((play, "ignore_errors")), "whatever fails in the play, it goes on as if it had not (ignore_errors)"
            )


def _with(source: str, mode: str, text: str = "A={{ vault_db_password }}\n") -> dict[str, str]:
    return task_of(f"ansible.builtin.template: {{src: {source}, dest: /etc/a.env, mode: '{mode}'}}") | {
        "templates/a.env.j2": text
    }


_DOC = "Ansible documentation"

RULES = (
    Rule("ansible/readable-secret", "warning", "Let its owner and the group that needs it read it: 0640, 0600.", f"{_DOC}, template and copy, mode: the permissions of the file.", is_yaml, _readable,
         bad=(_with("a.env.j2", "0644"), _with("a.env.j2", "u=rw,g=r,o=r"), task_of("ansible.builtin.copy: {content: 'T={{ api_token }}', dest: /etc/a, mode: '0644'}"), task_of("ansible.builtin.copy: {src: a.key, dest: /etc/ssl/a.key, mode: a+r}")),
         good=(_with("a.env.j2", "0640"), _with("a.env.j2", "u=rw,g=r"), _with("a.env.j2", "0644", "A={{ port }}\nF={{ db_password_file }}\n"), task_of("ansible.builtin.copy: {content: '{{ ssh_public_key }}', dest: /etc/a.pub, mode: '0644'}"))),
    Rule("ansible/unsigned", "warning", "Add the key that they are signed with, or give the `checksum` of what is fetched, over https.", f"{_DOC}, apt, dnf, yum_repository, get_url: packages and files are checked unless it is switched off.", is_yaml, _unsigned,
         bad=(task_of("ansible.builtin.apt: {name: a, allow_unauthenticated: true}"), task_of("ansible.builtin.yum_repository: {name: a, description: a, baseurl: 'https://a', gpgcheck: no}"), task_of("ansible.builtin.dnf: {name: a, disable_gpg_check: true}"), task_of("ansible.builtin.apt_repository: {repo: 'deb [trusted=yes] https://a b main'}"), task_of("ansible.builtin.get_url: {url: 'http://dl.example.com/a.tgz', dest: /a}")),
         good=(task_of("ansible.builtin.get_url: {url: 'http://dl.example.com/a.tgz', dest: /a, checksum: 'sha256:1'}"), task_of("ansible.builtin.get_url: {url: 'http://mirror.internal/a.tgz', dest: /a}"), task_of("ansible.builtin.dnf: {name: a, disable_gpg_check: false}"))),
    Rule("ansible/protection-off", "warning", "Write the rule or the policy that the application needs, and leave the protection on.", f"{_DOC}, selinux, ufw and service.", is_yaml, _switched_off,
         bad=(task_of("ansible.posix.selinux: {state: disabled}"), task_of("community.general.ufw: {state: disabled}"), task_of("ansible.builtin.service: {name: apparmor, state: stopped, enabled: false}")),
         good=(task_of("ansible.posix.selinux: {policy: targeted, state: enforcing}"), task_of("community.general.ufw: {state: enabled}"), task_of("ansible.builtin.service: {name: firewalld, state: restarted, enabled: true}"))),
    Rule("ansible/play-ignores", "warning", "Say at the one task which failure is none, with `failed_when`.", "ansible-lint, ignore-errors: use failed_when and specify error conditions.", is_yaml, _plays,
         bad=({"a.yml": "- name: A\n  hosts: all\n  ignore_errors: true\n  tasks: []\n"}, {"a.yml": "- name: A\n  hosts: all\n  ignore_errors: yes\n  tasks: []\n"}), good=({"a.yml": "- name: A\n  hosts: all\n  ignore_errors: false\n  tasks: []\n"},)),
)  # fmt: skip
