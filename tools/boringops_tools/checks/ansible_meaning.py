"""Ansible: values that YAML reads as something else, conditions on results nobody registered, hosts nobody lists."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.ansible_files import is_ansible, module, plays, tasks
from boringops_tools.checks.base import Files, Hit, Rule, at, mapping, text_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml

_UNQUOTED = lazy_pattern(r"^(\s*(?:- )?[\w.]+):\s+\{\{")
_MODE = lazy_pattern(r"^\s*(?:- )?mode:\s*([1-7]\d{2})\s*(?:#.*)?$")
_PIPED = lazy_pattern(r"\b(?:curl|wget)\b[^|;&\n]*\|\s*(?:sudo\s+(?:-\S+\s+)*)?(?:ba|z|da)?sh\b")
_OPEN_SSHD = lazy_pattern(r"(?im)^[ \t]*(PermitRootLogin[ \t]+yes|PermitEmptyPasswords[ \t]+yes)\b")
_OPEN_SETTING = lazy_pattern(
    r"(?im)^[ \t]*\w*ssh\w*_permit_(?:root_login|empty_passwords)[ \t]*:[ \t]*[\"']?(?:yes|true)[\"']?[ \t]*(?:#.*)?$"
)
# What asks whether something is up, and what does where it is asked again and again.
_CHECKS = frozenset({"uri", "wait_for", "wait_for_connection"})
_RUNS = frozenset({"command", "shell", "raw", "k8s_info", "docker_container_info", "mysql_query", "postgresql_ping", "mysql_info"})  # fmt: skip
_QUESTION = lazy_pattern(r"(?i)\b(?:wait|check|verify|ready|healthy?|alive|answers?|accepts?|is up|smoke)\b")
_FORGIVES = (("ignore_errors", True), ("failed_when", False))
_GROUP = lazy_pattern(r"^\[([\w.-]+)(?::\w+)?\]")


def _applies(path: str) -> bool:
    return is_yaml(path) and "/templates/" not in f"/{path}"


def _texts(files: Files, path: str) -> Iterator[Hit]:
    if not is_ansible(path, files.text(path)):
        return
    block = -1
    for number, line in enumerate(files.text(path).splitlines(), 1):
        indent = len(line) - len(line.lstrip())
        if block >= 0 and (not line.strip() or indent > block):
            continue
        block = indent if re.search(r":\s*[|>][-+\d]*\s*(?:#.*)?$", line) else -1
        if found := _UNQUOTED.match(line):
            yield Hit(
                number, f"`{found[1].strip(' -')}: {{{{` begins a mapping for YAML: put the expression into quotes"
            )
        if found := _MODE.match(line):
            yield Hit(number, f'`mode: {found[1]}` is a decimal number: write "0{found[1]}"')


def _tasks(files: Files, path: str) -> Iterator[Mapping[Any, Any]]:
    if is_ansible(path, files.text(path)):
        yield from tasks(files.documents(path))


def _results(files: Files, path: str) -> Iterator[Hit]:
    for task in _tasks(files, path):
        registered, until = text_of(task.get("register")), text_of(task.get("until"))
        if (
            registered
            and until
            and not re.search(rf"\b{re.escape(registered)}\b", until)
            and re.match(r"\s*[\w.]+\s", f"{until} ")
        ):
            yield Hit(at((task, "until")), f"`until` does not look at `{registered}`, which the task registers")
        condition = task.get("when")
        if isinstance(condition, str) and re.fullmatch(r"\s*\{\{.*\}\}\s*", condition, re.S):
            yield Hit(at((task, "when")), "`when` is an expression already: leave out the braces")


def _dangers(files: Files, path: str) -> Iterator[Hit]:
    for task in _tasks(files, path):
        key, short, arguments = module(task)
        given = (
            arguments
            if isinstance(arguments, str)
            else text_of(mapping(arguments).get("cmd") or mapping(arguments).get("_raw_params"))
        )
        if short in ("shell", "command", "raw") and _PIPED.search(given):
            yield Hit(at((task, key)), "what is fetched from the network is run unseen")
        if short in ("lineinfile", "blockinfile", "replace", "copy"):
            for place in ("line", "block", "replace", "content"):
                if found := _OPEN_SSHD.search(text_of(mapping(arguments).get(place))):
                    yield Hit(at((arguments, place), (task, key)), f"sshd is opened: `{found[1]}`")
        ignored = next((name for name, value in _FORGIVES if task.get(name) is value), "")
        if ignored and _asks(short, task) and not _looked_at(files, path, task):
            lines = files.text(path).splitlines()
            said = " ".join(lines[line - 1] for one in (key, ignored) if (line := at((task, one))))
            if not re.search(r"#\s*noqa\b.*ignore-errors", said):
                yield Hit(at((task, ignored)), f"the check may fail and nobody is stopped ({ignored})")


def _asks(short: str, task: Mapping[Any, Any]) -> bool:
    """Whether a task asks if something is up, and does nothing itself."""
    repeated = short in _RUNS and "until" in task
    question = task.get("changed_when") is False or _QUESTION.search(text_of(task.get("name")))
    return short in _CHECKS or bool(repeated and question)


def _looked_at(files: Files, path: str, task: Mapping[Any, Any]) -> bool:
    """Whether what a check found is looked at afterwards, in its file or in another one of the folder."""
    registered = text_of(task.get("register"))
    if not registered:
        return False
    used = re.compile(rf"\b{re.escape(registered)}\b")
    inside = sum(len(used.findall(text_of(task.get(key)))) for key in ("register", "until"))
    here = len(used.findall(files.text(path)))
    beside = (files.text(each) for each in files.siblings(path) if each != path and is_yaml(each))
    return here > max(inside, 1) or any(used.search(each) for each in beside)


def _sshd(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    pattern = _OPEN_SETTING if is_yaml(path) else _OPEN_SSHD
    for found in pattern.finditer(text):
        yield Hit(text.count("\n", 0, found.start()) + 1, f"sshd is opened: `{found[0].strip()}`")


def _is_sshd(path: str) -> bool:
    settings = is_yaml(path) and re.search(r"(?:^|/)(?:group_vars|host_vars|defaults|vars)/", path)
    return bool(settings or re.search(r"(?:^|/)(?:sshd_config(?:\.\w+)*|sshd_config\.d/[^/]+)$", path))


def _inventory(files: Files) -> set[str] | None:
    """The groups and hosts of the inventories; null where there are none, or programs make them."""
    found: set[str] = set()
    for path in files.all:
        name = posixpath.basename(path)
        if not (
            re.fullmatch(r"(?:inventory|hosts)(?:\.ini|\.ya?ml)?", name)
            or re.match(r"(?:.*/)?inventor(?:y|ies)/", path)
        ):
            continue
        if "group_vars/" in path or "host_vars/" in path:
            continue
        if is_yaml(path):
            if re.search(r"(?m)^plugin:", files.text(path)):
                return None
            for document in files.documents(path):
                found |= _members(document)
        elif path.endswith((".py", ".sh")) or files.text(path).startswith("#!"):
            return None
        else:
            for line in files.text(path).splitlines():
                if match := _GROUP.match(line):
                    found.add(match[1])
                elif line.strip() and not line.startswith(("#", ";", "[")):
                    found.add(line.split()[0])
    return found or None


def _members(node: Any) -> set[str]:
    found: set[str] = set()
    for name, group in node.items() if isinstance(node, Mapping) else ():
        found |= {str(name), *map(str, mapping(group, "hosts"))} | _members(mapping(group, "children"))
    return found


def _hosts(files: Files, path: str) -> Iterator[Hit]:
    if not re.search(r"(?m)^(?:- |  )hosts:", files.text(path)):
        return
    known = files.once(_inventory)
    made = (
        any("add_host" in files.text(each) or "group_by" in files.text(each) for each in files.all if is_yaml(each))
        if known
        else True
    )
    for play in plays(files.documents(path)) if known and not made else ():
        hosts = play.get("hosts")
        if (
            isinstance(hosts, str)
            and re.fullmatch(r"[A-Za-z][\w.-]*", hosts)
            and hosts not in known | {"all", "localhost", "ungrouped"}
        ):
            yield Hit(at((play, "hosts")), f"no inventory has `{hosts}`; there is {', '.join(sorted(known)[:8])}")


_P = "site.yml"


def _play(task: str, hosts: str = "all") -> dict[str, str]:
    return {_P: f"- name: A\n  hosts: {hosts}\n  tasks:\n    - name: T\n{task}"}


_COPY = "      ansible.builtin.copy:\n        src: a\n        dest: /b\n        mode: {}\n"
_URI = "      ansible.builtin.uri:\n        url: http://a\n      register: r\n      until: {} is succeeded\n      {}\n"

RULES = (
    Rule("ansible/yaml-value", "error", "Put the value into quotes.", "Ansible documentation, YAML syntax: a value that begins with {{ is quoted; the file module: modes are quoted octal numbers.", _applies, _texts,
         bad=(_play("      ansible.builtin.debug:\n        msg: a\n      loop: {{ things }}\n"), _play(_COPY.format("644"))), good=(_play(_COPY.format("\"0644\"")), _play(_COPY.format("0644")), _play("      ansible.builtin.copy:\n        dest: /a\n        content: |\n          a: {{ b }}\n          mode: 644\n      loop: \"{{ x }}\"\n"))),
    Rule("ansible/result", "error", "Look at what the task registers; write conditions without braces.", "Ansible documentation, Loops, retrying until a condition is met; Conditionals.", _applies, _results,
         bad=(_play(_URI.format("s", "retries: 3")), _play("      ansible.builtin.command: a\n      when: '{{ x }}'\n")), good=(_play(_URI.format("r", "retries: 3")), _play("      ansible.builtin.command: a\n      when: x == '{{ y }}'\n"))),
    Rule("ansible/danger", "warning", "Fetch to a file and check its sum; keep sshd closed; let a failed check stop the play.", "Ansible documentation, get_url checksum; sshd_config, PermitRootLogin.", _applies, _dangers,
         bad=(_play("      ansible.builtin.shell: curl -sSL http://a.example | sudo bash\n"), _play("      ansible.builtin.lineinfile:\n        path: /etc/ssh/sshd_config\n        line: PermitRootLogin yes\n"), _play("      ansible.builtin.copy:\n        dest: /etc/ssh/sshd_config.d/a.conf\n        content: |\n          Port 22\n          PermitRootLogin yes\n"), _play(_URI.format("r", "ignore_errors: true")),
              _play("      ansible.builtin.command: pg_isready\n      changed_when: false\n      register: ready\n      until: ready.rc == 0\n      retries: 30\n      ignore_errors: true\n"), _play("      ansible.builtin.wait_for:\n        port: 80\n      failed_when: false\n")),
         good=(_play("      ansible.builtin.shell: curl -sSL http://a.example | jq .\n"), _play("      ansible.builtin.lineinfile:\n        path: /etc/ssh/sshd_config\n        line: PermitRootLogin no\n"), _play(_URI.format("r", "ignore_errors: true\n    - name: B\n      ansible.builtin.debug:\n        var: r\n      when: r is failed")),
               _play("      ansible.builtin.shell: docker kill a\n      register: r\n      until: r.rc == 0\n      ignore_errors: true\n"), _play("      ansible.builtin.wait_for: {port: 80}\n      ignore_errors: true  # noqa: ignore-errors\n"), _play("      ansible.builtin.command: id app\n      register: user\n      ignore_errors: true\n"), _play("      ansible.builtin.command: a\n      register: ready\n      until: ready.rc == 0\n      ignore_errors: '{{ ansible_check_mode }}'\n"))),
    Rule("ssh/open", "warning", "Let nobody in as root or without a password: an account of one's own, with a key.", "sshd_config, PermitRootLogin and PermitEmptyPasswords.", _is_sshd, _sshd,
         bad=({"roles/a/templates/sshd_config.j2": "Port 22\nPermitRootLogin yes\n"}, {"group_vars/all.yml": "security_ssh_permit_root_login: 'yes'\n"}),
         good=({"files/sshd_config": "#PermitRootLogin yes\nPermitRootLogin no\n"}, {"group_vars/all.yml": "ssh_permit_root_login: 'no'\n"})),
    Rule("ansible/inventory-hosts", "warning", "Name a group or a host of the inventory: the play runs nowhere.", "Ansible documentation, Patterns: hosts names groups and hosts of the inventory.", _applies, _hosts,
         bad=({**_play("      ansible.builtin.command: a\n", "webservers"), "inventory.ini": "[web]\na.example\n"},), good=({**_play("      ansible.builtin.command: a\n", "web"), "inventory.ini": "[web]\na.example\n"}, _play("      ansible.builtin.command: a\n", "webservers"), {**_play("      ansible.builtin.command: a\n", "web:!db"), "inventory.ini": "[x]\na.example\n"})),
)  # fmt: skip
