"""Pulumi: what a stack's file holds, what the program asks of it, and where the project keeps its state."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.pulumi_config import document, is_stack, project_of, set_elsewhere
from boringops_tools.checks.pulumi_reach import always
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.cloud import TRIAL
from boringops_tools.red_flags.pulumi import is_project

_SECTIONS = ("config", "environment", "secretsprovider", "encryptedkey", "encryptionsalt")
_REGION = lazy_pattern(
    r"(?:[a-z]{2}(?:-gov|-iso[a-z]?)?|eusc-[a-z]{2})-(?:central|(?:north|south)?(?:east|west)?|north|south)-\d"
)
_REQUIRED = {
    ".ts": (r"^(?:export )?(?:const|let|var) (\w+) *(?::[^=]*)?= *new (?:\w+\.)?Config\(\s*(?:[\"'`]%s[\"'`]\s*)?\)", r"\b%s\.require\w*(?:<[^>]*>)?\(\s*[\"'`]([\w-]+)[\"'`]"),
    ".py": (r"^(\w+) *(?::[^=]*)?= *(?:\w+\.)?Config\(\s*(?:[\"']%s[\"']\s*)?\)", r"\b%s\.require\w*\(\s*[\"']([\w-]+)[\"']"),
    ".go": (r"^\t\t(\w+) *:?= *config\.New\(ctx, *\"(?:%s)?\"\)", r"\b%s\.Require\w*\(\"([\w-]+)\""),
}  # fmt: skip
"""By a program's language: where it takes its configuration, and what it cannot do without, where nothing decides."""


def _sections(files: Files, path: str) -> Iterator[Hit]:
    stack = document(files, path)
    for key in stack:
        near = difflib.get_close_matches(str(key).lower(), _SECTIONS, 1, 0.8)
        if key in _SECTIONS:
            continue
        if ":" in str(key):
            yield Hit(at((stack, key)), f"`{key}` belongs under `config`")
        elif near:
            yield Hit(at((stack, key)), f"a stack has no section `{key}`; it has `{near[0]}`")
    config = mapping(stack, "config")
    region = config.get("aws:region")
    if isinstance(region, str) and region and "$" not in region and not _REGION.fullmatch(region):
        yield Hit(at((config, "aws:region")), f"AWS has no region `{region}`")


def _required(files: Files, beside: str, project: str) -> dict[str, str]:
    """What the program beside a file cannot do without, by the file that says so."""
    found: dict[str, str] = {}
    for each in files.siblings(beside):
        kind = posixpath.splitext(each)[1].replace(".js", ".ts")
        made, asked = _REQUIRED.get(kind, ("", ""))
        made = made % re.escape(project) if made else ""
        text = files.text(each) if made else ""
        for name in re.findall(made, text, re.M) if "Config" in text or "config.New" in text else ():
            for one in re.finditer(asked % re.escape(name), text):
                if always(text, one.start(), kind):
                    found[one[1]] = posixpath.basename(each)
    return found


def _program(files: Files, path: str, main: Any) -> str:
    """A file of the folder that holds the program; empty where that is made first, or not known."""
    if main is None:
        return path
    folder = posixpath.dirname(path)
    named = posixpath.normpath(posixpath.join(folder, str(main)))
    if named in files.known or (named == "." and not folder):
        return named
    return f"{named}/main" if named in files.folders else ""


def _unset(files: Files, path: str) -> Iterator[Hit]:
    stack, project = document(files, path), project_of(files, path)
    own = f"{project.get('name')}:"
    if not project or "${" in own or "environment" in stack:
        return
    program = _program(files, path, project.get("main"))
    given = {str(each).removeprefix(own) for each in (*mapping(stack, "config"), *mapping(project, "config"))}
    for name, where in files.once(_required, program, own[:-1]).items() if program else ():
        if name not in given and not set_elsewhere(files, name):
            yield Hit(at((stack, "config")) or 1, f"{where} requires `{name}`, which this stack does not set")


def _local(files: Files, path: str) -> Iterator[Hit]:
    project = document(files, path)
    url = mapping(project, "backend").get("url")
    if isinstance(url, str) and url.startswith("file:") and not TRIAL.search(f"{path} {project.get('name')}"):
        yield Hit(at((mapping(project, "backend"), "url")), f"the state is kept in files of one machine ({url})")


_P = "name: p\nruntime: nodejs\n"
_TS = 'import * as pulumi from "@pulumi/pulumi";\nconst config = new pulumi.Config();\n'
_PY = "import pulumi\n\nconfig = pulumi.Config()\n"

RULES = (
    Rule(
        "pulumi/stack-section", "error", "Pulumi takes no notice of it: what a stack sets stands under `config`.", "Pulumi stack settings file reference.", is_stack, _sections,
        bad=({"Pulumi.prod.yaml": "configs: {'aws:region': a}\n"}, {"Pulumi.prod.yaml": "aws:region: eu-west-1\n"}, {"Pulumi.prod.yaml": "config: {'aws:region': eu-wst-1}\n"}),
        good=({"Pulumi.prod.yaml": "secretsprovider: a\nencryptedkey: b\nencryptionsalt: c\nenvironment: [d]\nconfig: {'aws:region': ap-southeast-2}\n"}, {"Pulumi.prod.yaml": "config: {'aws:region': us-gov-west-1}\n"}),
    ),
    Rule(
        "pulumi/config-required", "error", "The program stops: set the value, or give it a default with `get`.", "Pulumi documentation, configuration: require stops the program where the stack does not set the value.", is_stack, _unset,
        bad=(
            {"Pulumi.yaml": _P, "Pulumi.prod.yaml": "config: {}\n", "index.ts": _TS + 'const topic = new Topic(\n  "a",\n  { b: config.require("a") },\n);\n'},
            {"Pulumi.yaml": _P.replace("nodejs", "python"), "Pulumi.prod.yaml": "config: {}\n", "__main__.py": _PY + 'a = Topic(\n    "a",\n    b=config.require("a"),\n)\n'},
            {"Pulumi.yaml": _P + "main: index.ts\n", "Pulumi.prod.yaml": "config: {}\n", "index.ts": _TS + 'const a = config.require("a");\n'},
            {"Pulumi.yaml": _P + "main: infra/\n", "Pulumi.prod.yaml": "config: {}\n", "infra/index.ts": _TS.replace("Config()", 'Config("p")') + 'const a = config.require("a");\n'},
            {"Pulumi.yaml": _P, "Pulumi.prod.yaml": "config: {'p:b': c}\n", "index.ts": _TS + 'const a = config.requireNumber("a");\n'},
            {"Pulumi.yaml": _P.replace("nodejs", "python"), "Pulumi.prod.yaml": "config: {'p:b': c}\n", "__main__.py": _PY + 'a = config.require_int("a")\n'},
            {"Pulumi.yaml": _P.replace("nodejs", "go"), "Pulumi.prod.yaml": "config: {'p:b': c}\n", "main.go": '\t\tcfg := config.New(ctx, "")\n\t\ta := cfg.Require("a")\n'},
        ),
        good=(
            {"Pulumi.yaml": _P, "Pulumi.prod.yaml": "config: {}\n", "index.ts": _TS + 'function make() {\n  return new Topic("a", {\n    b: config.require("a"),\n  });\n}\nconst b = production ? config.require("b") : "c";\n'},
            {"Pulumi.yaml": _P.replace("nodejs", "python"), "Pulumi.prod.yaml": "config: {}\n", "__main__.py": _PY + 'if production:\n    a = Topic(\n        b=config.require("a"),\n    )\n'},
            {"Pulumi.yaml": _P + "main: bin/index.js\n", "Pulumi.prod.yaml": "config: {}\n", "index.ts": _TS + 'const a = config.require("a");\n'},
            {"Pulumi.yaml": _P + "main: infra\n", "Pulumi.prod.yaml": "config: {}\n", "index.ts": _TS + 'const a = config.require("a");\n', "infra/index.ts": _TS},
            {"Pulumi.yaml": _P, "Pulumi.prod.yaml": "config: {'p:a': c}\n", "index.ts": _TS + 'const a = config.require("a");\nconst b = config.get("b");\n'},
            {"Pulumi.yaml": _P, "Pulumi.prod.yaml": "config: {}\n", "index.ts": _TS + 'if (production) {\n    config.require("a");\n}\n// config.require("b")\n'},
            {"Pulumi.yaml": _P + "config: {'p:a': {default: b}}\n", "Pulumi.prod.yaml": "config: {}\n", "index.ts": _TS + 'const a = config.require("a");\n'},
            {"Pulumi.yaml": _P, "Pulumi.prod.yaml": "config: {}\n", "index.ts": _TS.replace("Config()", 'Config("aws")') + 'const a = config.require("region");\n'},
            {"Pulumi.yaml": _P, "Pulumi.prod.yaml": "config: {}\n", "index.ts": _TS + 'const a = config.require("a");\n', "deploy.sh": "pulumi config set a b\n"},
        ),
    ),
    Rule(
        "pulumi/local-state", "warning", "Keep the state in Pulumi Cloud or in a bucket, where all who work on it find it, and it is locked.", "Pulumi documentation, state and backends: file:// is a folder of the machine.", is_project, _local,
        bad=({"Pulumi.yaml": _P + "backend: {url: 'file://~'}\n"},), good=({"Pulumi.yaml": _P + "backend: {url: 's3://state'}\n"}, {"examples/Pulumi.yaml": _P + "backend: {url: 'file://.'}\n"}),
    ),
)  # fmt: skip
