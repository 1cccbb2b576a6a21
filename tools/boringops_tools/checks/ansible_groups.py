"""Ansible: groups of an inventory that are made of groups which it does not have."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern

_SECTION = lazy_pattern(r"^\[([\w.-]+)(?::(children|vars|hosts))?\]\s*(?:[#;].*)?$")


def _is_inventory(path: str) -> bool:
    name = posixpath.basename(path)
    if re.search(r"(?:^|/)(?:group_vars|host_vars|files|templates)/", path):
        return False
    return bool(
        re.fullmatch(r"(?:inventory|hosts)(?:[.-][\w-]+)?(?:\.ini)?", name)
        or re.search(r"(?:^|/)inventor(?:y|ies)/(?:[\w-]+/)*[\w-]+(?:\.ini)?$", path)
    )


def _defined(text: str) -> set[str]:
    """The groups that sections make; one of variables alone makes none."""
    found = (_SECTION.match(line.strip()) for line in text.splitlines())
    return {match[1] for match in found if match and match[2] != "vars"} | {"all", "ungrouped"}


def _undefined(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if not re.search(r"(?m)^\[[\w.-]+:(?:children|vars)\]", text) or text.startswith("#!"):
        return
    # A folder is one inventory, whatever its files are.
    beside = [each for each in files.siblings(path) if each != path and each in files.known]
    folder = re.search(r"(?:^|/)inventor(?:y|ies)/", path) is not None
    if folder and any(each.endswith((".py", ".sh")) for each in beside):
        return
    known = _defined(text)
    others = "\n".join(files.text(each) for each in beside) if folder else ""
    section, kind = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        plain = re.split(r"\s[#;]", line.strip())[0].strip()
        if match := _SECTION.match(line.strip()):
            section, kind = match[1], match[2] or ""
            if kind == "vars" and section not in known and not _named(section, others):
                yield Hit(
                    number, f"there is no group `{section}` whose variables these could be; there is {_some(known)}"
                )
        elif (
            kind == "children" and re.fullmatch(r"[\w.-]+", plain) and plain not in known and not _named(plain, others)
        ):
            yield Hit(
                number,
                f"`{section}` is made of `{plain}`, which is no group of this inventory; there is {_some(known)}",
            )


def _named(group: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(group)}(?![\w-])", text) is not None


def _some(known: set[str]) -> str:
    return ", ".join(sorted(known - {"all", "ungrouped"})[:6])


_I = "inventory/hosts.ini"
_WEB = "[web]\na.example.com\n\n"

RULES = (
    Rule("ansible/undefined-group", "error", "Name a group that the inventory has: Ansible cannot read it as it is.", "Ansible, the ini inventory: a section `:children` includes groups that are defined somewhere in the inventory, and `:vars` is of a group.", _is_inventory, _undefined,
         bad=({_I: _WEB + "[berlin:children]\nwebs\n"}, {"hosts": _WEB + "[wep:vars]\na=1\n"}, {"production/inventory": _WEB + "[all:children]\nweb\ndatabase\n"}),
         good=({_I: _WEB + "[berlin:children]\nweb  # all of them\n[berlin:vars]\na=1\n"}, {_I: "[berlin:children]\nweb\n" + _WEB}, {_I: "[berlin:children]\ndb\n" + _WEB, "inventory/b.ini": "[db]\nb\n"}, {_I: _WEB + "[all:vars]\na=1\n"}, {_I: "[berlin:children]\ndb\n" + _WEB, "inventory/aws.py": "1\n"})),
)  # fmt: skip
