"""Ansible: roles and keywords by name, packages of any version, and doors that are opened for everybody."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.ansible_files import is_ansible, module, plays, tasks
from boringops_tools.checks.ansible_tasks import own
from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml, walk

_TASK = frozenset(
    """action any_errors_fatal args async become become_exe become_flags become_method become_user changed_when check_mode
    collections connection debugger delay delegate_facts delegate_to diff environment failed_when ignore_errors
    ignore_unreachable listen local_action loop loop_control module_defaults name no_log notify poll port register remote_user
    retries run_once sudo sudo_user tags throttle timeout until vars when block rescue always validate_argspec""".split()  # noqa: SIM905
)
_MANAGERS = frozenset(
    "apt dnf dnf5 yum package pip npm zypper pacman apk homebrew gem portage pkgng snap yarn community.general.npm".split()  # noqa: SIM905
)
_CHANGES = frozenset(
    [
        "template",
        "copy",
        "lineinfile",
        "blockinfile",
        "replace",
        "service",
        "systemd",
        "systemd_service",
        "user",
        "group",
        "authorized_key",
        "get_url",
        "unarchive",
        "ufw",
        "iptables",
        "firewalld",
    ]
)
_WORLD = ("0.0.0.0/0", "::/0")
_FOR_FEW = lazy_pattern(
    r"(?:\w*_)?(?:admins?|administrators?|ssh|trusted|office|vpn|bastion|management|mgmt|operators?|private|internal)_(?:\w+_)?"
    r"(?:networks?|cidrs?|ranges?|ips?|sources?|subnets?|addresses|hosts|whitelist|allowlist)"
)
_ADMIN_PORTS = frozenset(
    {"22", "ssh", "OpenSSH", "3389", "3306", "5432", "6379", "27017", "9200", "2375", "2376", "5984", "11211"}
)


def _tasks(files: Files, path: str) -> Iterator[Mapping[Any, Any]]:
    if is_ansible(path, files.text(path)):
        yield from tasks(files.documents(path))


def from_elsewhere(files: Files) -> bool:
    """Whether roles are brought from outside of the repository."""
    for name in ("requirements.yml", "requirements.yaml", "ansible.cfg", "Vagrantfile", "galaxy.yml"):
        for path in files.by_name.get(name, []):
            text = files.text(path)
            if name == "ansible.cfg":
                paths = re.findall(r"(?m)^\s*roles_path\s*=\s*(.*)$", text)
                if any(re.search(r"(?:^|:)\s*(?:/|~|\$)|\.\.", each) for each in paths):
                    return True
            elif name == "galaxy.yml" or re.search(r"(?m)^roles:|^- (?:src|name|role):|galaxy_", text):
                return True
    return any(re.search(r"(?:^|/)\.gitmodules$", each) for each in files.all)


def _roles(files: Files) -> set[str] | None:
    """The roles of the repository; null where it has none, or some come from elsewhere."""
    found = set()
    for path in files.all:
        if match := re.fullmatch(r"(?:.*/)?roles/(.+)/(?:tasks|defaults|vars|handlers|meta|templates|files)/.+", path):
            found |= {match[1], match[1].partition("/")[0], match[1].rpartition("/")[2]}
        elif match := re.fullmatch(r"(?:.*/)?([^/]+)/tasks/main\.ya?ml", path):
            found.add(match[1])
    if not any(re.search(r"(?:^|/)roles/", path) for path in files.all) or files.once(from_elsewhere):
        return None
    return found or None


def named_roles(files: Files, path: str) -> Iterator[tuple[str, int | None]]:
    documents = files.documents(path)
    for play in plays(documents):
        roles = listed(play.get("roles"))
        for position, each in enumerate(roles):
            name = each if isinstance(each, str) else mapping(each).get("role") or mapping(each).get("name")
            yield text_of(name), at((each, "role"), (each, "name"), (roles, position))
    for task in tasks(documents):
        _, name, given = module(task)
        if name in ("include_role", "import_role"):
            yield text_of(mapping(given).get("name")), at((given, "name"))


def _missing_roles(files: Files, path: str) -> Iterator[Hit]:
    if not is_ansible(path, files.text(path)):
        return
    for name, line in named_roles(files, path):
        known: set[str] | None = files.once(_roles)
        if (
            known
            and re.fullmatch(r"[A-Za-z][\w-]*", name)
            and name not in known
            and not files.ignored(f"roles/{name}/tasks/main.yml")
        ):
            yield Hit(line, f"there is no role `{name}`; there is {', '.join(sorted(known)[:6])}")


def _keywords(files: Files, path: str) -> Iterator[Hit]:
    for task in _tasks(files, path):
        if not any(isinstance(key, str) and (own(key) or re.fullmatch(r"\w+\.\w+\.[\w.]+", key)) for key in task):
            continue
        for key in task:
            if (
                not isinstance(key, str)
                or key in _TASK
                or "." in key
                or own(key)
                or key.startswith("with_")
                or "{{" in key
            ):
                continue
            near = difflib.get_close_matches(key, _TASK, 1, 0.75)
            yield Hit(at((task, key)), f"`{key}` is no keyword of a task" + (f"; `{near[0]}` is one" if near else ""))


def _latest(files: Files, path: str) -> Iterator[Hit]:
    for task in _tasks(files, path):
        _, name, given = module(task)
        what = mapping(given).get("name") or mapping(given).get("pkg")
        if (
            name in _MANAGERS
            and mapping(given).get("state") == "latest"
            and what not in (None, "*", ["*"])
            and not mapping(given).get("only_upgrade")
            and not mapping(given).get("update_only")
        ):
            yield Hit(at((given, "state")), f"`{name}` takes whatever version is there that day (state: latest)")


def _forgiven(files: Files, path: str) -> Iterator[Hit]:
    if re.search(r"(?:^|/)(?:molecule|tests?)/", path):
        return
    for task in _tasks(files, path):
        key, name, given = module(task)
        state = text_of(mapping(given).get("state"))
        # Where the result is looked at, or what is not there is taken away, the next task is none the worse for it.
        if (
            task.get("ignore_errors") in (True, "yes")
            and name in _CHANGES | _MANAGERS
            and "register" not in task
            and state not in ("absent", "stopped", "killed")
        ):
            line = at((task, "ignore_errors"), (task, key))
            if line and "#" not in files.text(path).splitlines()[line - 1]:  # who says why has thought of it
                yield Hit(line, f"`{name}` may fail, and the play goes on as if it had not (ignore_errors)")


def _is_world(value: Any) -> str:
    given = value if isinstance(value, list) else [value]
    return next((each for each in given if isinstance(each, str) and each in _WORLD), "")


def _open(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if not any(each in text for each in _WORLD):
        return
    settings = re.search(r"(?:^|/)(?:group_vars|host_vars|defaults|vars)/", path)
    if not settings and not is_ansible(path, text):
        return
    for document in files.documents(path):
        for parent, key, value in walk(document):
            if isinstance(key, str) and _FOR_FEW.fullmatch(key) and (world := _is_world(value)):
                yield Hit(at((value, 0), (parent, key)), f"`{key}` holds {world}: everybody")
    for task in _tasks(files, path):
        _, name, given = module(task)
        asked = [mapping(given), *(mapping(each) for each in listed(mapping(given).get("rules")))]
        for each in asked:
            port = {
                text_of(one) for key in ("port", "to_port", "destination_port", "from_port") for one in [each.get(key)]
            }
            port |= {text_of(one) for one in listed(each.get("ports"))}
            source = next((key for key in ("from_ip", "src", "source", "cidr_ip") if _is_world(each.get(key))), "")
            refuses = text_of(each.get("rule")) in ("deny", "reject", "limit") or text_of(each.get("jump")) in (
                "DROP",
                "REJECT",
            )
            if source and port & _ADMIN_PORTS and not refuses:
                yield Hit(
                    at((each, source)), f"`{name}` opens port {', '.join(sorted(port & _ADMIN_PORTS))} to everybody"
                )


_P = "- name: A\n  hosts: web\n  become: true\n  {}\n"
_DOC = "Ansible documentation"
_ROLE = {
    "roles/web/tasks/main.yml": "- name: A\n  ansible.builtin.command: a\n",
    "inventory/hosts.yml": "web:\n  hosts:\n    a.example:\n",
}


def play_of(text: str, **more: str) -> dict[str, str]:
    """An example: a play with this in it, beside a role and an inventory."""
    return {
        "site.yml": _P.format(text),
        **_ROLE,
        **{path.replace("__", "/").replace("_yml", ".yml"): each for path, each in more.items()},
    }


def task_of(text: str) -> dict[str, str]:
    """An example: a play with one task."""
    return play_of("tasks:\n    - name: T\n      " + text)


RULES = (
    Rule("ansible/missing-role", "error", "Name a role as its folder is called.", f"{_DOC}, Roles: a role is looked for in roles/ and roles_path by its name.", is_yaml, _missing_roles,
         bad=(play_of("roles: [nginx]"), play_of("roles:\n    - role: nginx"), task_of("ansible.builtin.include_role: {name: nginx}")),
         good=(play_of("roles: [web, '{{ x }}', geerlingguy.docker]"), play_of("roles: [nginx]", requirements_yml="roles:\n  - name: nginx\n"), {"site.yml": _P.format("roles: [nginx]")}, play_of("roles: [nginx]") | {"ansible.cfg": "[defaults]\nroles_path = roles:~/.ansible/roles\n"})),
    Rule("ansible/task-keyword", "error", "Ansible refuses the playbook: correct the keyword.", f"{_DOC}, Playbook Keywords: those of a task are a fixed list.", is_yaml, _keywords,
         bad=(task_of("ansible.builtin.command: a\n      nolog: true"), task_of("community.general.ufw: {rule: allow}\n      whn: x")),
         good=(task_of("ansible.builtin.command: a\n      no_log: true\n      with_items: [a]"), task_of("ufw: {rule: allow}\n      when: x"))),
    Rule("ansible/package-latest", "warning", "Name a version, or write `state: present` and upgrade on purpose: two runs install two things.", "ansible-lint, package-latest: package installs should not use latest.", is_yaml, _latest,
         bad=(task_of("ansible.builtin.apt: {name: nginx, state: latest}"), task_of("community.general.npm: {name: pm2, state: latest}")),
         good=(task_of("ansible.builtin.apt: {name: nginx, state: present}"), task_of("ansible.builtin.apt: {name: '*', state: latest}"), task_of("ansible.builtin.git: {repo: a, dest: b, state: latest}"), task_of("ansible.builtin.apt: {name: nginx, state: latest, only_upgrade: true}"))),
    Rule("ansible/ignored-errors", "warning", "Say with `failed_when` which failure is none, or take the result and look at it.", "ansible-lint, ignore-errors: use failed_when and specify error conditions.", is_yaml, _forgiven,
         bad=(task_of("ansible.builtin.template: {src: a, dest: /b}\n      ignore_errors: true"), task_of("ansible.builtin.apt: {name: nginx, state: present}\n      ignore_errors: yes")),
         good=(task_of("ansible.builtin.template: {src: a, dest: /b}\n      ignore_errors: true\n      register: r"), task_of("ansible.builtin.copy: {src: a, dest: /b}\n      ignore_errors: true # noqa ignore-errors"), task_of("ansible.builtin.service: {name: a, state: stopped}\n      ignore_errors: true"), task_of("ansible.builtin.template: {src: a, dest: /b}\n      ignore_errors: '{{ ansible_check_mode }}'"))),
    Rule("ansible/open-port", "warning", "Name the networks that may come in.", "RFC 4632: 0.0.0.0/0 is every address.", is_yaml, _open,
         bad=({"group_vars/all.yml": "ssh_allowed_networks: [0.0.0.0/0]\n"}, play_of("vars:\n    admin_networks:\n      - 0.0.0.0/0\n  tasks: []"), task_of("community.general.ufw: {rule: allow, port: '22', from_ip: 0.0.0.0/0}"), task_of("amazon.aws.ec2_security_group: {name: a, rules: [{proto: tcp, ports: [22], cidr_ip: 0.0.0.0/0}]}")),
         good=({"group_vars/all.yml": "ssh_allowed_networks: [10.0.0.0/8]\nweb_networks: [0.0.0.0/0]\n"}, task_of("community.general.ufw: {rule: allow, port: '443', from_ip: 0.0.0.0/0}"), task_of("community.general.ufw: {rule: deny, port: '22', from_ip: 0.0.0.0/0}"))),
)  # fmt: skip
