"""Terraform: what local values, callers and files of values make of a resource that takes its arguments from them.

The red flags of a cloud's resources see what stands there. Where a name stands there, they are asked again with the value
that the repository gives it, and what they say then is held against the place where it is given.
"""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from boringops_tools.checks.base import MOST_SIBLINGS, Files, Hit, Rule
from boringops_tools.checks.terraform_ecs import is_terraform
from boringops_tools.checks.terraform_filled import expanded, filled, locals_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import RedFlag
from boringops_tools.red_flags.hcl import Block, read
from boringops_tools.red_flags.pipelines import is_pipeline

_IMAGES = frozenset({"image/latest", "image/untagged"})
_WHOLE_FILE = frozenset({"cloud/untagged", "cloud/no-audit-log"})
"""What looks at what a file has not: no value brings it."""
_ASIDE = lazy_pattern(r"(?i)(?:^|/)(?:examples?|tests?|e2e|fixtures?|testdata|modules|samples?|demos?|docs)(?:/|$)")
_NAMES = lazy_pattern(r"\b(?:var|local)\.[\w-]+")


@dataclass(frozen=True)
class Said:
    rule: str
    hit: Hit
    flag: RedFlag


@functools.cache
def _flags() -> tuple[RedFlag, ...]:
    from boringops_tools.red_flags import red_flags

    found = (each for each in red_flags() if each.id.startswith("cloud/") or each.id in _IMAGES)
    return tuple(each for each in found if each.id not in _WHOLE_FILE and each.applies("a.tf"))


def _said(path: str, text: str) -> dict[tuple[str, int | None], Said]:
    """What the red flags say of a text, by rule and line."""
    found: dict[tuple[str, int | None], Said] = {}
    for flag in _flags():
        for hit in flag.check(path, text):
            found.setdefault((hit.rule or flag.id, hit.line), Said(hit.rule or flag.id, hit, flag))
    return found


def _more(path: str, before: str, after: str) -> list[Said]:
    """What is said of a text with its values that is not said of it without them."""
    made, origins = expanded(after)
    if made == before:
        return []
    known = {(rule, line) for rule, line in _said(path, before)}
    found: dict[tuple[str, int | None], Said] = {}
    for (rule, at), said in _said(path, made).items():
        line = origins[at - 1] if at and at <= len(origins) else at
        if (rule, line) not in known:
            found.setdefault((rule, line), replace(said, hit=replace(said.hit, line=line)))
    return list(found.values())


def _module(files: Files, folder: str) -> dict[str, str]:
    """The texts of a directory's files; none where there are too many, or where another tool adds to them."""
    paths = [each for each in files.siblings(f"{folder}/x" if folder else "x") if each in files.known]
    if len(paths) > MOST_SIBLINGS or any(each.endswith((".tf.json", "terragrunt.hcl")) for each in paths):
        return {}
    return {each: files.text(each) for each in paths if is_terraform(each)}


def _inside(files: Files, folder: str) -> Mapping[str, str]:
    """The same with the local values filled in."""
    texts = files.once(_module, folder)
    if not any("local." in each for each in texts.values()):
        return dict(texts)
    values = {("local", name): value for name, value in locals_of(texts.values()).items()}
    return {path: filled(text, values) for path, text in texts.items()}


def _of_locals(files: Files, path: str) -> Iterator[Hit]:
    if "local." not in files.text(path) and "for_each" not in files.text(path):
        return
    text = files.once(_inside, posixpath.dirname(path)).get(path, "")
    for said in _more(path, files.text(path), text) if text else ():
        names = _named(files.text(path), said.hit.line, "local")
        yield _told(said, said.hit.line, f"with its local values{names}: ")


def _told(said: Said, line: int | None, before: str) -> Hit:
    return Hit(
        line, f"{before}{said.hit.message}", said.hit.hint or said.flag.reason,
        severity=said.hit.severity or said.flag.severity,
    )  # fmt: skip


def _named(text: str, line: int | None, kind: str) -> str:
    words = [each for each in _NAMES.findall(_line(text, line)) if each.startswith(kind)]
    return f" (`{words[0]}`)" if words else ""


def _line(text: str, line: int | None) -> str:
    lines = text.splitlines()
    return lines[line - 1] if line and line <= len(lines) else ""


def _given(files: Files, folder: str, values: Mapping[str, Any], where: str) -> Iterator[tuple[str, Said, str]]:
    """(name, what is said, file) of a module's files with values for its variables; `where` is who gives them."""
    texts = files.once(_inside, folder)
    declared = {
        each.labels[0] for text in texts.values() for each in read(text) if each.kind == "variable" and each.labels
    }
    known = {("var", name): value for name, value in values.items() if name in declared}
    for path, text in texts.items() if known else ():
        if "var." not in text:
            continue
        for said in _more(posixpath.join(where, posixpath.basename(path)), text, filled(text, known)):
            name = _who(text, said.hit.line, values)
            if name:
                yield name, said, path


def _who(text: str, line: int | None, values: Mapping[str, Any]) -> str:
    """The variable that a line takes its value from, or the nearest one above it, or below, in its block."""
    lines = text.splitlines()
    starts = [each.line for each in read(text)]
    first = max((each for each in starts if each <= (line or 1)), default=1)
    last = min((each for each in starts if each > first), default=len(lines) + 1)
    here = line or first
    for at in (here, *range(here - 1, first - 1, -1), *range(here + 1, last)):
        for each in _NAMES.findall(_line(text, at)):
            if each.startswith("var.") and each.removeprefix("var.") in values:
                return str(each.removeprefix("var."))
    return ""


def _of_defaults(files: Files, path: str) -> Iterator[Hit]:
    """Defaults that nothing in the repository replaces, of what somebody applies."""
    folder, text = posixpath.dirname(path), files.text(path)
    if "var." not in text or _ASIDE.search(folder):
        return
    blocks = [each for one in files.once(_module, folder).values() for each in read(one)]
    if not any(each.kind == "provider" or (each.kind == "terraform" and any(each.inner("backend"))) for each in blocks):
        return
    set_ = files.once(_set)
    values = {
        each.labels[0]: each.value("default")
        for each in blocks
        if each.kind == "variable" and each.labels and "default" in each.attributes and each.labels[0] not in set_
    }
    known = {("var", name): value for name, value in values.items() if value not in (None, "", [], {})}
    inside = files.once(_inside, folder).get(path, "")
    for said in _more(path, inside, filled(inside, known)) if known else ():
        if said.rule not in _IMAGES and (name := _who(text, said.hit.line, values)):
            yield _told(said, said.hit.line, f"with the default of `{name}`: ")


def _set(files: Files) -> frozenset[str]:
    """The names that files of values, callers, scripts and pipelines set, of whatever module."""
    found: set[str] = set()
    for each in files.all:
        name = posixpath.basename(each)
        if name.endswith((".tfvars", ".tfvars.json", ".tfvars.example", ".hcl")):
            found |= set(re.findall(r"(?m)^\s*\"?([A-Za-z_][\w-]*)\"?\s*[=:]", files.text(each)))
        elif is_terraform(each) and "module" in (text := files.text(each)):
            found |= {one for block in read(text) if block.kind == "module" for one in block.attributes}
        elif is_pipeline(each) or name.endswith((".sh", ".env")) or name in ("Makefile", "Taskfile.yml", "justfile"):
            found |= set(re.findall(r"(?:TF_VAR_|-var[= ]+[\"']?)(\w+)", files.text(each)))
    return frozenset(found)


def _of_callers(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if not re.search(r"(?m)^\s*source\s*=\s*\"\.", text):
        return
    for block in read(files.once(_inside, posixpath.dirname(path)).get(path, text)):
        source = block.value("source") if block.kind == "module" and block.labels else None
        if not isinstance(source, str) or not source.startswith("."):
            continue
        folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), source))
        values = {name: each.value for name, each in block.attributes.items() if name != "source"}
        for name, said, at in _given(files, "" if folder == "." else folder, values, path):
            yield _told(said, block.line_of(name), f"with this `{name}`, in {at}: ")


def _of_values(files: Files, path: str) -> Iterator[Hit]:
    folder = posixpath.dirname(path)
    while folder and not files.once(_module, folder):
        folder = posixpath.dirname(folder)
    top = Block("", (), 1)
    for each in read(f"x {{\n{files.text(path)}\n}}\n")[:1]:
        top = each
    values = {name: each.value for name, each in top.attributes.items()}
    for name, said, at in _given(files, folder, values, path) if values else ():
        yield _told(said, top.line_of(name) - 1, f"with this `{name}`, in {at}: ")


_DB = 'resource "aws_db_instance" "main" {{\n  publicly_accessible = {}\n  storage_encrypted = true\n}}\n'
_PORT = 'resource "aws_vpc_security_group_ingress_rule" "ssh" {{\n  ip_protocol = "tcp"\n  from_port = 22\n  to_port = 22\n  cidr_ipv4 = {}\n}}\n'
_VAR = 'variable "open" {}\n'
_ROOT = 'provider "aws" {}\n'
_OPEN = 'variable "who" {\n  default = "0.0.0.0/0"\n}\n'
_CALL = 'module "db" {{\n  source = "./modules/db"\n  open = {}\n}}\n'
_SOURCE = "Terraform language, References to values: the argument has the value that the name stands for."
_REASON = "The red flags of the resource hold for the value as if it stood there."

RULES = (
    Rule(
        "terraform/local-opens", "warning", _REASON, _SOURCE, is_terraform, _of_locals,
        bad=(
            {"main.tf": "locals {\n  public = true\n}\n" + _DB.format("local.public")}, {"a.tf": 'locals {\n  net = { admin = "0.0.0.0/0" }\n}\n', "b.tf": _PORT.format("local.net.admin")},
            {"a.tf": 'locals {\n  nets = { admin = "0.0.0.0/0" }\n}\n', "b.tf": _PORT.format("each.value").replace("{", "{\n  for_each = local.nets", 1)},
            {"main.tf": 'locals {\n  tag = "latest"\n  image = "acme/web:${local.tag}"\n}\nresource "google_cloud_run_v2_service" "a" {\n  template {\n    containers {\n      image = local.image\n    }\n  }\n}\n'},
        ),
        good=(
            {"main.tf": "locals {\n  public = false\n}\n" + _DB.format("local.public")}, {"main.tf": "locals {\n  public = var.public\n}\n" + _DB.format("local.public")},
            {"a.tf": 'locals {\n  net = { admin = "10.0.0.0/8" }\n}\n', "b.tf": _PORT.format("local.net.admin")},
        ),
    ),
    Rule(
        "terraform/default-opens", "warning", "Let the default be the closed one, or leave it out: whoever forgets to set it is told.", _SOURCE, is_terraform, _of_defaults,
        bad=({"main.tf": _ROOT + _OPEN + _PORT.format("var.who")},),
        good=(
            {"main.tf": _OPEN + _PORT.format("var.who")}, {"main.tf": _ROOT + _OPEN + _PORT.format("var.who"), "production.tfvars": 'who = "10.0.0.0/8"\n'},
            {"main.tf": _ROOT + _OPEN + _PORT.format("var.who"), ".gitlab-ci.yml": "a:\n  script: [terraform plan -var who=10.0.0.0/8]\n"}, {"examples/main.tf": _ROOT + _OPEN + _PORT.format("var.who")},
        ),
    ),
    Rule(
        "terraform/argument-opens", "warning", _REASON, _SOURCE, is_terraform, _of_callers,
        bad=({"main.tf": _CALL.format("true"), "modules/db/main.tf": _VAR + _DB.format("var.open")},),
        good=({"main.tf": _CALL.format("false"), "modules/db/main.tf": _VAR + _DB.format("var.open")}, {"main.tf": _CALL.format("true"), "modules/db/main.tf": _VAR + _DB.format("false")},
              {"examples/main.tf": _CALL.format("var.open"), "examples/modules/db/main.tf": _VAR + _DB.format("var.open")}),
    ),
    Rule(
        "terraform/value-opens", "warning", _REASON, _SOURCE, lambda path: path.endswith(".tfvars"), _of_values,
        bad=({"production.tfvars": "open = true\n", "main.tf": _VAR + _DB.format("var.open")}, {"env/prod.tfvars": 'open = "0.0.0.0/0"\n', "main.tf": _VAR + _PORT.format("var.open")}),
        good=({"production.tfvars": "open = false\n", "main.tf": _VAR + _DB.format("var.open")}, {"production.tfvars": "shut = true\n", "main.tf": _VAR + _DB.format("var.open")}),
    ),
)  # fmt: skip
