"""Ansible: what a play and a task must have, and the options of Ansible's own modules.

What other collections' modules take is not known here, and a name of theirs is none of these rules' business."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from boringops_tools.ansible_files import is_ansible, module, plays, tasks
from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml, walk

_OURS = lazy_pattern(r"(?:ansible\.builtin\.)?(\w+)")
# They hand what they are given on to a plugin, or to the play's variables.
_OPEN = frozenset({"add_host", "set_fact", "group_by", "meta", "setup", "gather_facts", "debug", "yum"})
# They run another module, whose options they take as well.
_FRONTS = frozenset({"package", "service"})
_IN_WORDS = frozenset({"free_form", "free-form", "key_value"})


@functools.cache
def modules() -> dict[str, dict[str, tuple[bool, tuple[str, ...]]]]:
    """The options of each module of ansible.builtin: whether they must be given, and their choices."""
    found: dict[str, dict[str, tuple[bool, tuple[str, ...]]]] = {"yum": {}}
    for line in Path(__file__).with_name("ansible_modules.txt").read_text().splitlines():
        name, colon, options = line.partition(":")
        if not colon or line.startswith("#"):
            continue
        words = (word.partition("=") for word in options.split())
        found[name] = {
            option.lstrip("!"): (option.startswith("!"), tuple(filter(None, choices.split(","))))
            for option, _, choices in words
        }
    return found


def own(key: Any) -> str:
    """The name of a module of Ansible itself that a task's key means; empty for others."""
    match = _OURS.fullmatch(key) if isinstance(key, str) else None
    return match[1] if match and (match[1] in modules() or "." in match[0]) else ""


def _tasks(files: Files, path: str) -> Iterator[Mapping[Any, Any]]:
    if is_ansible(path, files.text(path)):
        yield from tasks(files.documents(path))


def _modules(files: Files, path: str) -> Iterator[Hit]:
    for task in _tasks(files, path):
        used = [
            key for key in task if isinstance(key, str) and (own(key) or re.fullmatch(r"(?!with_)\w+\.\w+\.\w+", key))
        ]
        if len(used) > 1:
            yield Hit(at((task, used[1])), f"a task has two modules, `{used[0]}` and `{used[1]}`")
        for key in used:
            if (name := own(key)) and name not in modules():
                near = difflib.get_close_matches(name, modules(), 1)
                yield Hit(at((task, key)), f"Ansible has no module `{key}`" + (f"; `{near[0]}` is one" if near else ""))


def _options(files: Files, path: str) -> Iterator[Hit]:
    for task in _tasks(files, path):
        key, _, given = module(task)
        name = own(key)
        known = modules().get(name, {})
        if name in _OPEN or not known or not isinstance(given, Mapping) or not given:
            continue
        for option, value in given.items():
            if not isinstance(option, str) or "{{" in option:
                continue
            if option not in known and name in _FRONTS:
                continue
            if option not in known:
                near = difflib.get_close_matches(option, known, 1)
                yield Hit(
                    at((given, option)),
                    f"`{name}` has no option `{option}`" + (f"; `{near[0]}` is one" if near else ""),
                )
                continue
            choices = known[option][1]
            if choices and isinstance(value, str) and "{{" not in value and value not in choices:
                yield Hit(at((given, option)), f"`{option}: {value}` of `{name}` is none of {', '.join(choices)}")
        also = mapping(task, "args")
        for option, (needed, _) in known.items():
            if (
                name not in _FRONTS
                and needed
                and option not in given
                and option not in also
                and option not in _IN_WORDS
            ):
                yield Hit(at((task, key)), f"`{name}` needs `{option}`")


def _plays(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if not re.search(r"(?m)^(?:- |  )(?:tasks|roles|handlers):", text) or path.startswith(".github/"):
        return
    for document in files.documents(path):
        for position, play in enumerate(listed(document)):
            if not isinstance(play, Mapping) or "hosts" in play or not {"tasks", "roles", "handlers"} & set(play):
                continue
            inner = [task for key in ("tasks", "handlers") for task in listed(play.get(key))]
            if any(own(key) for task in inner if isinstance(task, Mapping) for key in task):
                yield Hit(at((document, position)), "a play has no `hosts`")


def _jinja(files: Files, path: str) -> Iterator[Hit]:
    if not is_ansible(path, files.text(path)):
        return
    for document in files.documents(path):
        for parent, key, value in walk(document):
            if isinstance(value, str) and value.count("{{") > value.count("}}") and "{%" not in value:
                yield Hit(at((parent, key)), "an expression is begun (`{{`) and not ended")


def _roles(files: Files, path: str) -> Iterator[Hit]:
    if not is_ansible(path, files.text(path)) or any(
        PurePosixPath(each).name
        in ("ansible.cfg", "requirements.yml", "requirements.yaml", "galaxy.yml", "meta/main.yml")
        for each in files.all
    ):
        return  # roles may come from elsewhere
    for play in plays(files.documents(path)):
        named = listed(play.get("roles"))
        for position, each in enumerate(named):
            name = (each.get("role") or each.get("name")) if isinstance(each, Mapping) else each
            if not isinstance(name, str) or not re.fullmatch(r"[\w-]+", name) or files.ignored(f"roles/{name}"):
                continue
            if not any(f"/{folder}".endswith(f"/{name}") for folder in files.folders) and name != files.root.name:
                yield Hit(at((named, position)), f"there is no role `{name}`")


_P = "- name: A\n  hosts: all\n  tasks:\n    - name: T\n      {}\n"
_DOC = "Ansible documentation"

RULES = (
    Rule(
        "ansible/module", "error", "Ansible refuses the playbook: a task runs one module, under its name.", f"{_DOC}: a task calls one module; ansible.builtin has a fixed list of them.",
        is_yaml, _modules,
        bad=({"a.yml": _P.format("ansible.builtin.pakage: {name: a, state: present}")}, {"a.yml": _P.format("ansible.builtin.command: a\n      ansible.builtin.shell: b")}),
        good=({"a.yml": _P.format("ansible.builtin.command: a\n      args: {chdir: /a}")}, {"a.yml": _P.format("community.general.x: {a: b}")}, {"a.yml": _P.format("own_module: {a: b}\n      register: x")}, {"a.yml": _P.format("ansible.builtin.command: a\n      with_community.general.flattened: [a]")}),
    ),
    Rule(
        "ansible/option", "error", "The task fails: give what the module takes.", f"{_DOC}, ansible.builtin: options of its modules.",
        is_yaml, _options,
        bad=({"a.yml": _P.format("ansible.builtin.service: {name: a, state: running}")}, {"a.yml": _P.format("ansible.builtin.copy: {src: a, destination: /a}")}, {"a.yml": _P.format("template: {src: a}")}),
        good=(
            {"a.yml": _P.format("ansible.builtin.service: {name: a, state: '{{ s }}', enabled: true}")}, {"a.yml": _P.format("copy: src=a dest=/a")}, {"a.yml": _P.format("set_fact: {a: b}")},
            {"a.yml": _P.format("ansible.builtin.template: '{{ x }}'")}, {"a.yml": _P.format("ansible.builtin.copy: {src: a}\n      args: {dest: /a}")}, {"a.yml": _P.format("community.general.service: {x: y}")},
        ),
    ),
    Rule(
        "ansible/hosts", "error", "Ansible refuses the playbook: say on which hosts the play runs.", f"{_DOC}, Playbooks: a play has hosts.",
        is_yaml, _plays,
        bad=({"a.yml": "- name: A\n  become: true\n  tasks:\n    - name: T\n      ansible.builtin.command: a\n"},),
        good=({"a.yml": _P.format("ansible.builtin.command: a")}, {"a.yml": "- import_playbook: b.yml\n"}, {"a.yml": "- name: A\n  tasks:\n    - {a: b}\n"}),
    ),
    Rule(
        "ansible/jinja", "error", "Ansible cannot read the expression: close it with `}}`.", f"{_DOC}, Templating: an expression stands between `{{{{` and `}}}}`.",
        is_yaml, _jinja,
        bad=({"a.yml": _P.format("ansible.builtin.command: 'a {{ b }'")},), good=({"a.yml": _P.format("ansible.builtin.command: 'a {{ b }} {{ {1: {2: 3}} }}'")},),
    ),
    Rule(
        "ansible/unknown-role", "error", "Ansible refuses the playbook: name a role that is there, or say in requirements.yml where it is from.", f"{_DOC}, Roles: they are looked for in roles/ and where roles_path says.",
        is_yaml, _roles,
        bad=({"a.yml": "- hosts: all\n  roles: [web]\n", "roles/wep/tasks/main.yml": "[]\n"},),
        good=({"a.yml": "- hosts: all\n  roles: [web, {role: web}, acme.db, '{{ x }}']\n", "roles/web/tasks/main.yml": "[]\n"}, {"a.yml": "- hosts: all\n  roles: [web]\n", "requirements.yml": "roles: []\n"}),
    ),
)  # fmt: skip
