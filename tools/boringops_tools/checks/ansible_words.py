"""Ansible: the keywords of plays and tasks, and templates whose blocks do not end."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.ansible_files import is_ansible
from boringops_tools.checks.base import Files, Hit, Rule, at, listed
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml, walk

_PLAY = frozenset(
    """any_errors_fatal become become_exe become_flags become_method become_user check_mode collections connection debugger
    diff environment fact_path force_handlers gather_facts gather_subset gather_timeout handlers hosts ignore_errors
    ignore_unreachable max_fail_percentage module_defaults name no_log order port post_tasks pre_tasks remote_user roles
    run_once serial strategy tags tasks throttle timeout user vars vars_files vars_prompt validate_argspec""".split()  # noqa: SIM905
)
_WORK = frozenset({"tasks", "roles", "pre_tasks", "post_tasks"})
_BLOCK_TAG = lazy_pattern(r"\{%[-+]?\s*(\w+)\b([^%]*)%\}")
_LISTS = ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers")
_TEXT = lazy_pattern(r"\"[^\"]*\"|'[^']*'")
_INNER = lazy_pattern(r"\([^()]*\)|\[[^\[\]]*\]")
_SETS = lazy_pattern(r"^\s*(?:not\s+)?[A-Za-z_][\w.]*(?:\s*\|\s*\w+)*\s*=\s*[^=\s~]")
_ITEM = lazy_pattern(r"\{\{\s*item\s*(?:[.|}\[])")
_OPENS = frozenset({"for", "if", "block", "macro", "call", "filter", "with", "autoescape"})


def _plays(files: Files, path: str) -> Iterator[Hit]:
    if not re.search(r"(?m)^(?:- |  )(?:tasks|roles|pre_tasks|post_tasks):", files.text(path)) or path.startswith("."):
        return
    for document in files.documents(path):
        plays = [each for each in listed(document) if isinstance(each, Mapping) and _WORK & set(each)]
        # A play is known by the rest of what it has: a list of something else may have tasks too.
        sure = [each for each in plays if len(_PLAY & set(each)) >= 3 and all(isinstance(key, str) for key in each)]
        for play in sure:
            for key in play:
                near = difflib.get_close_matches(key, _PLAY - set(play), 1, 0.8) if key not in _PLAY else []
                if near:
                    yield Hit(at((play, key)), f"`{key}` is no keyword of a play; `{near[0]}` is one")


def _all_tasks(value: Any) -> Iterator[Mapping[Any, Any]]:
    for each in listed(value):
        if isinstance(each, Mapping):
            yield each
            for key in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers"):
                yield from _all_tasks(each.get(key))


def _tasks(files: Files, path: str) -> Iterator[Hit]:
    if not is_ansible(path, files.text(path)):
        return
    for document in files.documents(path):
        for task in _all_tasks(document):
            for key in ("rescue", "always"):
                if isinstance(task.get(key), list) and "block" not in task:
                    yield Hit(at((task, key)), f"`{key}` stands without a `block`")
            loops = [str(key) for key in task if key == "loop" or str(key).startswith("with_")]
            if len(loops) > 1:
                yield Hit(at((task, loops[1])), f"a task loops once: it has both `{loops[0]}` and `{loops[1]}`")


def _conditions(files: Files, path: str) -> Iterator[Hit]:
    """Conditions that set what they mean to compare, and `item` where nothing loops."""
    if not is_ansible(path, files.text(path)):
        return
    for document in files.documents(path):
        for task in _all_tasks(document):
            for key in ("when", "until", "failed_when", "changed_when"):
                value = task.get(key)
                for each in value if isinstance(value, list) else [value]:
                    if isinstance(each, str) and _SETS.match(_INNER.sub("", _TEXT.sub("''", each))):
                        yield Hit(at((task, key)), f"`{key}: {each}` compares nothing: that is `==`")


def _items(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if not re.search(r"\{\{\s*item\b", text) or not is_ansible(path, text) or files.once(_loops_outside):
        return
    for document in files.documents(path):
        todo = [(each, False) for each in listed(document)]
        while todo:
            task, looped = todo.pop(0)
            if not isinstance(task, Mapping):
                continue
            looped = looped or any(key == "loop" or str(key).startswith("with_") for key in task)
            inner = [(each, looped) for key in _LISTS for each in listed(task.get(key))]
            todo += inner
            if inner or looped or "hosts" in task or "import_playbook" in task:
                continue
            for parent, key, value in walk(task):
                if isinstance(value, str) and _ITEM.search(value):
                    yield Hit(
                        at((parent, key), *((task, one) for one in task)),
                        "`item` is used and nothing loops: there is no `loop`",
                    )
                    break


def _loops_outside(files: Files) -> bool:
    """Whether a loop goes over tasks of other files, or over roles: `item` comes from there."""
    return any(
        re.search(r"(?:include|import)_(?:tasks|role)|\binclude:", text) and re.search(r"\bloop:|\bwith_\w+:", text)
        for each in files.all
        if is_yaml(each) and is_ansible(each, text := files.text(each))
    )


def _templates(files: Files, path: str) -> Iterator[Hit]:
    text = re.sub(
        r"\{#.*?#\}|\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}",
        lambda each: "\n" * each[0].count("\n"),
        files.text(path),
        flags=re.S,
    )
    open_: list[tuple[str, int]] = []
    for tag in _BLOCK_TAG.finditer(text):
        word, line = tag[1], text.count("\n", 0, tag.start()) + 1
        if word in _OPENS:
            open_.append((word, line))
        elif word.startswith("end") and word[3:] in _OPENS:
            if not open_ or open_[-1][0] != word[3:]:
                yield Hit(line, f"`{word}` ends what did not begin")
                return
            open_.pop()
    if open_:
        yield Hit(open_[-1][1], f"the `{open_[-1][0]}` is never ended (`end{open_[-1][0]}`)")


def _is_template(path: str) -> bool:
    return path.endswith((".j2", ".jinja2"))


_P = "- name: A\n  {}: all\n  become: true\n  tasks:\n    - name: T\n      {}\n"
_DOC = "Ansible documentation"


def _task(text: str) -> dict[str, str]:
    return {"a.yml": _P.format("hosts", text)}


RULES = (
    Rule("ansible/play-keyword", "error", "Ansible refuses the playbook: correct the keyword.", f"{_DOC}, Playbook Keywords: those of a play are a fixed list.", is_yaml, _plays,
         bad=({"a.yml": _P.format("host", "ansible.builtin.command: a")}, {"a.yml": "- name: A\n  hosts: all\n  become: true\n  task: []\n  roles: [a]\n"}),
         good=({"a.yml": _P.format("hosts", "ansible.builtin.command: a")}, {"a.yml": "- host: a\n  tasks: 3\n"})),
    Rule("ansible/task-shape", "error", "Ansible refuses the playbook: give the block, or one loop.", f"{_DOC}: rescue and always belong to a block; a task has one loop.", is_yaml, _tasks,
         bad=({"a.yml": _P.format("hosts", "rescue: [{ansible.builtin.command: a}]")}, {"a.yml": _P.format("hosts", "ansible.builtin.command: a\n      loop: [a]\n      with_items: [b]")}),
         good=({"a.yml": _P.format("hosts", "block: [{ansible.builtin.command: a}]\n      rescue: [{ansible.builtin.command: a}]")},)),
    Rule("ansible/condition", "error", "Write `==`.", f"{_DOC}, Conditionals: they are Jinja expressions, in which = gives a name to an argument.", is_yaml, _conditions,
         bad=(_task("ansible.builtin.command: a\n      when: ansible_facts['os_family'] = \"Debian\""), _task("ansible.builtin.command: a\n      failed_when: [r.rc = 1]")),
         good=(_task("ansible.builtin.command: a\n      when: x | default(false, boolean=true) and y == 'a=b'"), _task("ansible.builtin.command: a\n      when: [a >= 1, b != 2, 'c is match(\"x\")']"))),
    Rule("ansible/item", "error", "Loop over the things, or name the one that is meant.", f"{_DOC}, Loops: item is the value of the loop that runs.", is_yaml, _items,
         bad=(_task("ansible.builtin.command: 'a {{ item }}'"),),
         good=(_task("ansible.builtin.command: 'a {{ item }}'\n      loop: [a]"), _task("block: [{ansible.builtin.command: 'a {{ item.x }}', with_items: [a]}]"), {**_task("ansible.builtin.include_tasks: b.yml\n      loop: [a]"), "roles/x/tasks/b.yml": "- ansible.builtin.command: 'a {{ item }}'\n"}, _task("ansible.builtin.debug: {msg: '{{ items }}'}"))),
    Rule("ansible/template-block", "error", "Jinja cannot read the template: end the block.", "Jinja's template designer documentation: control structures are closed by their end tag.", _is_template, _templates,
         bad=({"templates/a.j2": "{% for a in b %}\n{{ a }}\n"}, {"a.conf.j2": "{% if a %}x{% endfor %}\n"}),
         good=({"templates/a.j2": "{% for a in b %}{%- if a -%}{{ a }}{% else %}x{% endif %}{% endfor %}{# {% if x %} #}{% raw %}{% if y %}{% endraw %}{% set a = 1 %}\n"},)),
)  # fmt: skip
