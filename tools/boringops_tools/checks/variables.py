"""Names of environment variables: what the code reads, and what `.env.example` documents."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from boringops.facts import Severity
from boringops_tools.checks import carriers, consistency
from boringops_tools.checks.base import Files, Hit, Rule, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose, is_yaml

if TYPE_CHECKING:
    from boringops_tools.stack import Application
    from boringops_tools.stack.facts import EnvVar

_EXAMPLE = lazy_pattern(r"\.?env\.(?:example|sample|template|dist)|\.(?:example|sample)\.env|example\.env")
_LINE = lazy_pattern(r"^(?P<lead>\s*(?:export\s+)?)(?P<name>[^=\s#]+)\s*=(?P<value>.*)$")
# What platforms, shells and CI systems set by themselves.
GIVEN = lazy_pattern(
    r"PORT|HOST|HOSTNAME|HOME|PATH|USER|SHELL|TZ|LANG|LC_\w+|CI|DEBUG|PWD|TMPDIR|TERM|NODE_ENV|NODE_OPTIONS|PYTHON\w+|GO\w*|NO_COLOR|[A-Z_]*PROXY|[a-z_]+|GITHUB_\w+|CI_\w+|npm_\w+|NEXT_RUNTIME|VERCEL\w*|KUBERNETES_\w+|POD_\w+|AWS_\w+|GOOGLE_\w+"
)

_SPRING = lazy_pattern(r"(?:^|/)application\.ya?ml$")
"""Spring Boot reads the settings of this name wherever it runs; those of a profile only under that profile."""


def is_example(path: str) -> bool:
    return bool(_EXAMPLE.fullmatch(posixpath.basename(path)))


def is_dotenv(path: str) -> bool:
    name = posixpath.basename(path)
    return is_example(path) or bool(re.fullmatch(r"\.env(?:\.[\w.-]+)?", name))


def _assignments(text: str) -> Iterator[tuple[str, str, int]]:
    """(name, value, line); values in quotes may go on over lines."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        line, at = lines[at], at + 1
        match = _LINE.match(line) if not line.lstrip().startswith("#") else None
        if match is None:
            continue
        start, value = at, match["value"].strip()
        quote = value[:1] if value[:1] in ("'", '"') else ""
        while quote and not re.search(rf"(?<!\\){quote}", value[1:]) and at < len(lines):
            value, at = f"{value}\n{lines[at]}", at + 1
        yield match["name"], value, start


def _form(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    seen: dict[str, int] = {}
    inside: set[int] = set()
    for name, value, line in _assignments(text):
        inside |= set(range(line, line + value.count("\n") + 1))
        quote = value[:1]
        if quote in ("'", '"') and not re.search(rf"(?<!\\){quote}", value[1:]):
            yield Hit(line, f"the quote of `{name}` is never closed")
            return
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", name):
            yield Hit(line, f"`{name}` is no name of a variable: letters, digits and `_`")
        elif name in seen:
            yield Hit(line, f"`{name}` is set twice; line {seen[name]} has it, too")
        seen.setdefault(name, line)
    for number, written in enumerate(text.splitlines(), 1):
        plain = written.strip()
        if (
            plain
            and not plain.startswith("#")
            and "=" not in plain
            and number not in inside
            and not re.fullmatch(r"(?:export\s+)?[A-Za-z_]\w*", plain)
        ):
            yield Hit(number, "this line assigns nothing: NAME=value")


def _normal(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def code(app: Application) -> list[EnvVar]:
    """What the code itself reads; detection also knows what people only documented, and what a framework asks for."""
    return [
        each
        for each in app.env
        if not each.deployed
        and any(
            not is_dotenv(source.path) and (not is_yaml(source.path) or _SPRING.search(source.path))
            for source in each.sources
        )
    ]


def near(name: str, known: Mapping[str, bool]) -> str:
    """The variable that a name surely means: the same but for separators, or for one letter."""
    for each in known:
        short, long = sorted((each, name), key=len)
        # Abbreviated, LISTEN_ADDR for LISTEN_ADDRESS: what follows a separator is a further word.
        same = _normal(each) == _normal(name) or (
            len(short) >= 8 and long.startswith(short) and bool(re.fullmatch(r"[A-Z]{2,}", long[len(short) :]))
        )
        if each != name and (same or (min(len(each), len(name)) >= 6 and _one_apart(each, name))):
            return each
    return ""


def _one_apart(one: str, other: str) -> bool:
    """Whether one letter more, less or other makes one of two names the other; digits tell numbered names apart."""
    if abs(len(one) - len(other)) > 1 or re.sub(r"\d+", "", one) == re.sub(r"\d+", "", other):
        return False
    short, long = sorted((one, other), key=len)
    at = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[at:] == long[at + 1 :] or (len(short) == len(long) and short[at + 1 :] == long[at + 1 :])


_A_FEW = 4


def _documented(files: Files, path: str) -> Iterator[Hit]:
    folder = PurePosixPath(path).parent.as_posix()
    apps = [app for app in files.stack.applications if (app.folder or ".") == folder]
    if len(apps) != 1 or not (files.text(path)).strip():
        return
    names = {name: line for name, _, line in _assignments(files.text(path))}
    names |= {match[1]: 0 for match in re.finditer(r"(?m)^\s*#\s*([A-Z][A-Z0-9_]+)\s*=", files.text(path))}
    read = {each.name: each.required for each in code(apps[0])}
    given = given_by_compose(files, path)
    for name, line in names.items():
        if line and name not in read and (meant := near(name, read)) and meant not in names:
            yield Hit(line, f"`{name}` is read nowhere; the code reads `{meant}`")
    absent = [
        each
        for each in code(apps[0])
        if each.name not in names
        and each.name not in given
        and not GIVEN.fullmatch(each.name)
        and not any(near(name, {each.name: True}) for name in names)
    ]
    # An example that leaves out a third of them is not meant to name them all, as a framework's own often is not.
    meant_whole = len(absent) <= max(_A_FEW, len(names) // 2)
    for each in absent:
        severity: Severity = "warning" if meant_whole and (each.required or each.default is None) else "info"
        where = f" ({each.sources[0]})" if each.sources else ""
        yield Hit(1, f"the code reads `{each.name}`{where}, which is not documented here", severity=severity)


def given_by_compose(files: Files, path: str) -> set[str]:
    """Variables that Compose files beside it set for what they build: nobody has to."""
    beside = [each for each in files.siblings(path) if is_compose(each)]
    built = {name for each in beside for carrier in carriers.of(files, each) for name in carrier.names}
    values = [mapping(service, "environment") for each in beside for _, service in consistency.services(files, each)]
    # What another one is given may be meant for the same image, where the value is written out.
    given = built | {str(name) for value in values for name in value if "$" not in str(value[name])}
    # What is only handed on by its own name, somebody has to set after all.
    handed = set(re.findall(r"\$\{(\w+)(?::?\?[^}]*)?\}", "\n".join(map(files.text, beside))))
    return given - handed


_APP = {
    "app.py": "import os\nfrom flask import Flask\napp = Flask(__name__)\nLEVEL = os.environ['LOG_LEVEL']\n",
    "requirements.txt": "flask==3.1.2\ngunicorn==23.0.0\n",
}
_GIVES = "services: {a: {build: ., environment: {LOG_LEVEL: info}}}\n"

RULES = (
    Rule(
        "env/form", "error", "Write NAME=value, each name once, quotes closed.",
        "Docker Compose, Syntax for environment files: VAR=VAL; of two the last one wins without a word.", is_dotenv, _form,
        bad=({".env.example": "A=1\nA=2\n"}, {".env.example": "LOG LEVEL: x\n"}, {".env.example": "A-B=1\n"}, {".env.example": "A=\"x\n"}),
        alone=True,
        good=({".env.example": "# A=1\nexport A=1\nB=\nC='x y'\nD=\"a\nb\"\nE\nF=a#b # c\nG=\"say \\\"x\\\"\"\n"},),
    ),
    Rule(
        "env/documented", "warning", "Document every variable the code reads, with a safe value, under the name it reads.",
        "The persona: all environment variables documented in .env.example.", is_example, _documented,
        bad=({".env.example": "OTHER=1\n", **_APP}, {".env.example": "LOGLEVEL=1\n", **_APP}),
        good=({".env.example": "LOG_LEVEL=info\n", **_APP}, {".env.example": "# LOG_LEVEL=info\nX=1\n", **_APP}, {".env.example": "A=1\n"},
              {".env.example": "OTHER=1\n", "compose.yaml": _GIVES, "Dockerfile": "FROM a:1\n", **_APP},
              {".env.example": "OTHER=1\n", "compose.yaml": _GIVES.replace("build: .", "image: 'b/a:1'"), **_APP}),
    ),
)  # fmt: skip
