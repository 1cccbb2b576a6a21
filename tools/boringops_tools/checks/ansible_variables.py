"""Ansible: variables that are used and that nothing sets."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from boringops_tools.ansible_files import is_ansible
from boringops_tools.checks.ansible_names import from_elsewhere, named_roles, play_of, task_of
from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml, walk

_EXPRESSION = lazy_pattern(
    r"\{\{-?\s*([a-z]\w*_\w+)((?:(?!\}\}).)*)\}\}|\{%-?\s*for\s+[\w\s,()]+?\s+in\s+([a-z]\w*_\w+)((?:(?!%\}).)*)%\}",
    re.S,
)
_LOOP = lazy_pattern(r"(\{%-?\s*for\s+[\w\s,()]+?\s+in\s+)((?:(?!%\}).)*)%\}", re.S)
# What is handed over when a play is run: what it is to install, and what nobody may read.
_HANDED_OVER = lazy_pattern(r"_(?:version|release|tag|sha|digest|commit|revision|build|image|branch|ref)$")
_SECRET = lazy_pattern(
    r"_(?:passwords?|passwd|tokens?|secrets?|keys?|credentials?|users?|username|env|environment|stage)$"
)
_JINJA = lazy_pattern(r"\{\{(?:(?!\}\}).)*\}\}", re.S)
_WORD = lazy_pattern(r"[A-Za-z_]\w*")
_TEXTS = lazy_pattern(r"(?:\.(?:ya?ml|j2|ini|cfg|md|rst|txt|sh|py|tf|tfvars|json|toml|env|rb)|/[^/.]+|^[^/.]+)$")


def _words(files: Files) -> tuple[frozenset[str], frozenset[str]]:
    """All words that stand outside of `{{ }}` and of what loops go over, and those that stand inside of it."""
    outside: set[str] = set()
    inside: set[str] = set()
    for path in files.all:
        if _TEXTS.search(path):
            text = files.text(path)
            loops = [match[2] for match in _LOOP.finditer(text)]
            outside |= set(_WORD.findall(_LOOP.sub(r"\1", _JINJA.sub(" ", text))))
            inside |= {word for each in (*_JINJA.findall(text), *loops) for word in _WORD.findall(each)}
    return frozenset(outside), frozenset(inside)


def _defined(files: Files) -> frozenset[str]:
    """The variables that the YAML files set."""
    found: set[str] = set()
    for path in files.all:
        if is_yaml(path) and (
            re.search(r"(?:^|/)(?:group_vars|host_vars|defaults|vars|inventor(?:y|ies))/", path)
            or is_ansible(path, files.text(path))
        ):
            for document in files.documents(path):
                found |= {key for _, key, _ in walk(document) if isinstance(key, str)}
    return frozenset(found)


def _whole(files: Files) -> bool:
    """Whether the repository says where its plays run, with all its roles and without programs that bring variables."""
    inventory = any(
        re.search(r"(?:^|/)(?:inventor(?:y|ies)(?:/|\.|$)|hosts(?:\.(?:ini|ya?ml))?$)", path) for path in files.all
    )
    foreign = any(
        re.search(
            r"(?:^|/)(?:inventor(?:y|ies)/.*\.py|vars_plugins/|library/|.*\.(?:aws_ec2|gcp|azure_rm)\.ya?ml)$", path
        )
        for path in files.all
    )
    outer = any(
        name.count(".") == 1
        for path in files.all
        if is_yaml(path) and "roles:" in files.text(path)
        for name, _ in named_roles(files, path)
    )
    return inventory and not foreign and not outer and not files.once(from_elsewhere)


def _undefined(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if not (path.endswith(".j2") or is_ansible(path, text)) or not files.once(_whole):
        return
    seen: set[str] = set()
    for match in _EXPRESSION.finditer(text):
        name, rest = match[1] or match[3], match[2] or match[4] or ""
        if (
            name in seen
            or re.search(r"\bdefault\b|\|\s*d\b|\bis\s+(?:not\s+)?defined|\bif\b", rest)
            or rest.lstrip().startswith("(")
        ):
            continue
        if re.match(r"ansible_|vault_|hostvars|group_names|inventory_|playbook_|role_|omit", name):
            continue
        seen.add(name)
        outside, inside = files.once(_words)
        defined = files.once(_defined)
        family = {each for each in defined if each.partition("_")[0] == name.partition("_")[0] and "_" in each}
        if name in outside or not family:
            continue
        spare = sorted(family - inside)
        near = difflib.get_close_matches(name, family, 1, 0.85)
        unlike = _HANDED_OVER.search(name) and not any(map(_HANDED_OVER.search, family))
        if not near and (unlike or _SECRET.search(name)):
            continue
        sealed = any(
            "vault" in each or files.text(each).startswith("$ANSIBLE_VAULT") for each in files.all if is_yaml(each)
        )
        if near or not sealed:  # what is sealed may set any other name
            others = near or spare[:3] or sorted(family)[:3]
            yield Hit(
                text.count("\n", 0, match.start()) + 1,
                f"nothing sets the variable `{name}`; there is {', '.join(others)}",
            )


_DOC = "Ansible documentation"


def _template(name: str, **more: str) -> dict[str, str]:
    return play_of("roles: [web]", **more) | {
        "roles/web/templates/a.conf.j2": f"listen {{{{ {name} }}}};\n",
        "group_vars/web.yml": "web_port: 80\n",
    }


RULES = (
    Rule("ansible/undefined-variable", "error", "Use the variable as it is set: Ansible stops where it comes to it.", f"{_DOC}, Using variables: an undefined variable is an error.", lambda path: is_yaml(path) or path.endswith(".j2"), _undefined,
         bad=(_template("web_prot"), {**_template("web_port"), "roles/web/templates/b.j2": "{% for a in web_hosts %}{{ a }}{% endfor %}\n"}, task_of("ansible.builtin.command: a {{ web_home }}") | {"group_vars/web.yml": "web_port: 80\n"}),
         good=(_template("web_port"), {**_template("web_port"), "roles/web/templates/b.j2": "{% for web_item in web_hosts | default([]) %}{% endfor %}{% for a in web_item %}{% endfor %}{% for b, c in (x_y) %}{% endfor %}\n"}, _template("web_user | default('a')"), _template("web_user") | {"README.md": "Set `web_user`.\n"}, _template("app_user"), _template("web_version"), _template("web_password"), _template("web_user", requirements_yml="roles:\n  - name: x.web\n"),
               _template("web_user") | {"group_vars/all/vault.yml": "$ANSIBLE_VAULT;1.1;AES256\n61\n"}, {key: each for key, each in _template("web_prot").items() if "inventory" not in key})),
)  # fmt: skip
