"""Ansible: ports that a play asks after a deployment, where the one port it sets is another."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.ansible_files import is_ansible, module, tasks
from boringops_tools.checks.ansible_names import from_elsewhere
from boringops_tools.checks.base import Files, Hit, Rule, at, mapping, text_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml

_URL = lazy_pattern(
    r"https?://(?:localhost|127\.0\.0\.1|\[::1\]|\{\{\s*(?:inventory_hostname|ansible_host|ansible_fqdn)\s*\}\}):(\d{2,5})\b"
)
_HERE = lazy_pattern(r"localhost|127\.0\.0\.1|0\.0\.0\.0|\{\{\s*(?:inventory_hostname|ansible_host)\s*\}\}|")
_SET = lazy_pattern(r"(?m)^\s*(?:- )?[\"']?(\w*port)[\"']?\s*[:=]\s*[\"']?(\d{2,5})[\"']?\s*(?:#.*)?$")
_USED = lazy_pattern(r"\{\{-?\s*(\w*port)\b")
# What listens there once its package is installed, and nobody has to say so.
_USUAL = frozenset({21, 22, 25, 53, 80, 443, 389, 636, 1883, 2181, 2375, 2379, 3000, 3100, 3306, 4222, 5000, 5432, 5601, 5672, 5984, 6379, 6443, 7474, 8086, 8125, 8200, 8443, 8500, 8888, 9000, 9042, 9090, 9092, 9093, 9100, 9115, 9200, 9300, 10250, 11211, 15672, 27017})  # fmt: skip
_MOST = 400


def _variables(files: Files) -> dict[str, set[str]]:
    """The variables of ports that YAML files set and that templates and tasks use, with their values."""
    found: dict[str, set[str]] = {}
    used: set[str] = set()
    for path in files.all[:_MOST]:
        if is_yaml(path) or path.endswith((".j2", ".ini")):
            used |= set(_USED.findall(files.text(path)))
            for name, value in _SET.findall(files.text(path)) if not path.endswith(".j2") else ():
                found.setdefault(name, set()).add(value)
    return {name: values for name, values in found.items() if name in used}


def _asked(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if not is_ansible(path, text) or not re.search(r"\b(?:uri|wait_for)\s*:", text):
        return
    known: dict[str, set[str]] = files.once(_variables)
    # With several, or with roles of others, who listens where is not known.
    if len(known) != 1 or len(files.all) > _MOST or files.once(from_elsewhere):
        return
    name, values = next(iter(known.items()))
    for task in tasks(files.documents(path)):
        _, short, given = module(task)
        url = _URL.search(text_of(mapping(given).get("url"))) if short == "uri" else None
        port = url[1] if url else ""
        if short == "wait_for" and _HERE.fullmatch(text_of(mapping(given).get("host"))):
            port = text_of(mapping(given).get("port"))
        if not port.isdigit() or port in values or int(port) in _USUAL or not 1 < len(port) < 6:
            continue
        others = (
            files.text(each).replace(url[0] if url else "", "") if each == path else files.text(each)
            for each in files.all
        )
        seen = sum(len(re.findall(rf"(?<!\d){port}(?!\d)", each)) for each in others)
        if seen <= (0 if url else 1):
            yield Hit(
                at((given, "url" if url else "port")),
                f"port {port} is asked, and nothing here listens there; `{name}` is {', '.join(sorted(values))}",
            )


_ROLE = {"roles/a/defaults/main.yml": "app_port: 8080\n", "roles/a/templates/a.env.j2": "PORT={{ app_port }}\n"}


def _play(task: str) -> dict[str, str]:
    return {
        **_ROLE,
        "site.yml": f"- name: A\n  hosts: web\n  roles: [a]\n  post_tasks:\n    - name: Wait\n      ansible.builtin.{task}\n",
    }


RULES = (
    Rule("ansible/asked-port", "warning", "Ask at the port by the variable that sets it.", "What is asked at a port where nothing listens never answers: the play fails.", is_yaml, _asked,
         bad=(_play("uri: {url: 'http://127.0.0.1:9080/healthz'}"), _play("wait_for: {port: 8081}"), _play("uri: {url: 'http://{{ inventory_hostname }}:8008/'}")),
         good=(_play("uri: {url: 'http://127.0.0.1:{{ app_port }}/healthz'}"), _play("uri: {url: 'http://127.0.0.1:8080/healthz'}"), _play("wait_for: {port: 22}"), _play("wait_for: {host: db.internal, port: 8081}"), {**_play("wait_for: {port: 8081}"), "roles/a/templates/b.j2": "admin 8081\n"}, {**_play("wait_for: {port: 8081}"), "roles/b/defaults/main.yml": "b_port: 8090\n", "roles/b/templates/b.j2": "{{ b_port }}\n"})),
)  # fmt: skip
