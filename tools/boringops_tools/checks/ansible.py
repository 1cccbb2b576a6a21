"""Ansible: handlers that tasks notify, and the files that tasks and plays name.

A name counts as there when any file of the repository brings it: roles are put together in ways that no file says."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.ansible_files import is_ansible, module, plays, tasks
from boringops_tools.checks.base import Files, Hit, Rule, at, listed
from boringops_tools.yaml_files import is_yaml, walk

_SOURCES = ("template", "copy", "script", "unarchive")


def _handlers(files: Files) -> set[str] | None:
    """The names handlers answer to; null where a role is brought from elsewhere, or a name is made of variables."""
    names: set[str] = set()
    for path in files.all:
        if path.endswith(("requirements.yml", "requirements.yaml")) and "roles" in files.text(path):
            return None
        if not is_ansible(path, files.text(path)):
            continue
        documents = files.documents(path)
        for play in plays(documents):
            names |= {str(name) for task in listed(play.get("handlers")) for name in _called(task)}
        if "/handlers/" in f"/{path}":
            names |= {str(name) for task in tasks(documents) for name in _called(task)}
    return None if any("{{" in name for name in names) else names


def _called(task: Any) -> list[Any]:
    if not isinstance(task, Mapping):
        return []
    listen = task.get("listen")
    return [task.get("name"), *(listen if isinstance(listen, list) else [listen])]


def _notified(files: Files, path: str) -> Iterator[Hit]:
    if not is_ansible(path, files.text(path)):
        return
    for task in _notifiers(files.documents(path)):
        wanted = task.get("notify")
        for name in wanted if isinstance(wanted, list) else [wanted]:
            if not isinstance(name, str) or "{{" in name:
                continue
            known: set[str] | None = files.once(_handlers)
            if known is not None and name.partition(" : ")[2] not in known and name not in known:
                yield Hit(
                    at((task, "notify")), f"a task notifies `{name}`, which no handler of this repository is called"
                )


def _notifiers(documents: Iterable[Any]) -> Iterator[Mapping[Any, Any]]:
    """Tasks, and the blocks around them: what a block notifies, each of its tasks does."""
    found = tuple(documents)
    yield from tasks(found)
    for owner, key, _ in walk(list(found)):
        if key == "notify" and isinstance(owner, Mapping) and "block" in owner:
            yield owner


def _there(files: Files, path: str, name: str) -> bool:
    """Whether a relative name is one of a file that Ansible could find: beside the play, or in a folder for such files."""
    beside = posixpath.normpath(posixpath.join(PurePosixPath(path).parent.as_posix(), name))
    if beside in files.known or beside in files.folders or files.ignored(beside):
        return True
    last = posixpath.normpath(name).lstrip("./")
    tail = f"/{last}"
    return any(f"/{each}".endswith(tail) for each in files.by_name.get(PurePosixPath(last).name, ())) or any(
        f"/{each}".endswith(tail) for each in files.folders
    )


def _sources(files: Files, path: str) -> Iterator[Hit]:
    if not is_ansible(path, files.text(path)):
        return
    documents = files.documents(path)
    for task in tasks(documents):
        _, name, given = module(task)
        if name not in _SOURCES or not isinstance(given, Mapping) or given.get("remote_src"):
            continue
        source = given.get("src")
        if isinstance(source, str) and _plain(source) and not _there(files, path, source):
            yield Hit(at((given, "src")), f"`{name}` takes `{source}`, which is not in the repository")
    for play in plays(documents):
        named = listed(play.get("vars_files"))
        for position, each in enumerate(named):
            if isinstance(each, str) and _plain(each) and not _there(files, path, each):
                yield Hit(at((named, position)), f"`vars_files` names `{each}`, which is not in the repository")


def _plain(name: str) -> bool:
    return "{{" not in name and not name.startswith(("/", "~")) and "://" not in name


_PLAY = "- name: A\n  hosts: all\n  tasks:\n    - name: T\n      ansible.builtin.template: {{src: {src}, dest: /a, mode: '0644'}}\n      notify: {notify}\n  handlers:\n    - name: Reload\n      ansible.builtin.service: {{name: a, state: reloaded}}\n"

RULES = (
    Rule(
        "ansible/unknown-handler", "error", "Ansible stops at the task: name a handler as it is called, letter by letter.",
        "Ansible documentation, Handlers: notify names handlers by name or by listen.",
        is_yaml, _notified,
        bad=(
            {"site.yml": _PLAY.format(src="a.j2", notify="reload"), "templates/a.j2": "x\n"},
            {"roles/a/tasks/main.yml": "- name: T\n  notify: [go]\n  block:\n    - ansible.builtin.command: a\n", "roles/a/handlers/main.yml": "- name: Go\n  ansible.builtin.command: b\n"},
        ),
        good=(
            {"site.yml": _PLAY.format(src="a.j2", notify="Reload"), "templates/a.j2": "x\n"},
            {"site.yml": _PLAY.format(src="a.j2", notify="Other"), "templates/a.j2": "x\n", "requirements.yml": "roles: [{name: x}]\n"},
            {"roles/a/tasks/main.yml": "- name: T\n  ansible.builtin.command: a\n  notify: Go\n", "roles/b/handlers/main.yml": "- name: X\n  listen: Go\n  ansible.builtin.command: b\n"},
            {"roles/a/tasks/main.yml": "- name: T\n  notify: Go\n  block:\n    - ansible.builtin.command: a\n", "roles/a/handlers/main.yml": "- name: Go\n  ansible.builtin.command: b\n"},
        ),
    ),
    Rule(
        "ansible/missing-file", "error", "Ansible fails when it comes there: name a file that the repository has.",
        "Ansible documentation, Search paths: relative sources are looked for in the role's or the play's folders.",
        is_yaml, _sources,
        bad=(
            {"site.yml": _PLAY.format(src="b.j2", notify="Reload"), "templates/a.j2": "x\n"},
            {"site.yml": "- hosts: all\n  vars_files: [vars/b.yml]\n", "vars/a.yml": "a: 1\n"},
        ),
        good=(
            {"site.yml": _PLAY.format(src="a.j2", notify="Reload"), "roles/x/templates/a.j2": "x\n"},
            {"site.yml": "- hosts: all\n  vars_files: ['vars/{{ env }}.yml', /etc/a.yml]\n"},
            {"roles/a/tasks/main.yml": "- name: T\n  ansible.builtin.copy: {src: /tmp/a, dest: /b, remote_src: true}\n"},
        ),
    ),
)  # fmt: skip
