"""Ansible's playbooks and roles, by ansible-lint (GPL-3.0, run as a program)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from boringops.facts import Severity
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File, Said, Unjudged, broken, run
from boringops_tools.validators.projects import Project
from boringops_tools.yaml_files import is_yaml

_PLAY = lazy_pattern(r"(?m)^(?:- |  )hosts:\s")
_ROLE = lazy_pattern(r"(?:(?P<home>.*)/)?roles/[^/]+/(?:tasks|handlers|defaults|vars|meta)/[^/]+\.ya?ml", re.S)
# No code: a plugin or a module of the repository would be run by the mere check of a playbook.
_COPIED = (".yml", ".yaml", ".j2", ".json")
_ERRORS = ("syntax-check", "load-failure", "parser-error", "schema", "jinja[invalid]", "internal-error")
_STYLE = (
    "name", "fqcn", "yaml", "key-order", "jinja[spacing]", "var-naming", "role-name", "meta", "no-changed-when",
    "command-instead-of", "galaxy", "playbook-extension", "schema[meta]",
)  # fmt: skip
_ELSEWHERE = lazy_pattern(
    r"couldn't resolve module/action '(?!ansible\.builtin\.)[^']+\.|role '[^']+' was not found|vault secrets|"
    r"unable to find collection", re.I,
)  # fmt: skip


class AnsibleLint(Project):
    name = "ansible-lint"
    about = "Ansible playbooks and roles"
    aspect = "ansible playbook"
    distribution = "ansible-lint"
    get = "pip install 'boringops[ansible]'"
    exit_codes = frozenset({0, 2})
    whole = False

    def covers(self, file: File) -> bool:
        if not is_yaml(file.path) or file.path.startswith(".github/"):
            return False
        return bool(_PLAY.search(file.text) or _ROLE.fullmatch(file.path))

    def home(self, file: File) -> PurePosixPath:
        role = _ROLE.fullmatch(file.path)
        if role is not None:
            return PurePosixPath(role["home"] or ".")
        folders = PurePosixPath(file.path).parents
        return next((each for each in folders if (file.root / each / "roles").is_dir()), folders[0])

    def belonging(self, root: Path, home: PurePosixPath) -> Iterable[PurePosixPath]:
        for place in (root / home).rglob("*"):
            path = PurePosixPath(place.relative_to(root).as_posix())
            if place.suffix in _COPIED and not {".git", "node_modules", ".venv", ".ansible"} & set(path.parts):
                yield path

    def judge(self, copy: Path, home: PurePosixPath, timeout_s: float) -> Iterable[Said | Unjudged]:
        names = [
            place.relative_to(copy / home).as_posix()
            for place in (copy / home).rglob("*.y*ml")
            if _PLAY.search(text := place.read_text("utf-8", "replace")) or ("/tasks/" in place.as_posix() and text)
        ]
        options = ["--offline", "--format", "json", "--nocolor", "-q", "--project-dir", ".", "--"]
        command = [*self.command(), *options, *sorted(names)]
        ran = run(command, cwd=copy / home, home=copy.parent, timeout_s=timeout_s)
        if ran.exit_code not in self.exit_codes:
            raise broken(ran)
        for item in json.loads(ran.stdout):
            message = item["content"]["body"] if "content" in item else item["description"]
            message = f"{item['description']} {message}" if message != item["description"] else message
            place = item["location"]
            path = str(home / place["path"])
            if _ELSEWHERE.search(message):
                yield Unjudged(path, f"what it uses from elsewhere is not here: {message}")
                continue
            line = place["lines"]["begin"] if "lines" in place else place["positions"]["begin"]["line"]
            yield Said(path, item["check_name"], _severity(item["check_name"], message), line, message)


def _severity(rule: str, message: str) -> Severity:
    if rule == "syntax-check[unknown-module]" and "'ansible.builtin." not in message:
        return "warning"  # a short name may be one of a collection that is not here
    if rule.startswith(_STYLE):
        return "info"
    return "error" if rule.startswith(_ERRORS) else "warning"


VALIDATORS = (AnsibleLint(),)
