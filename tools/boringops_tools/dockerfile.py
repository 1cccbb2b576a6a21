"""A Dockerfile read line by line: instructions, stages, and what their arguments stand for.

It reads what the builder would, so that rules hold against what is built and not against a comment or a heredoc.
"""

from __future__ import annotations

import functools
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_DIRECTIVE = re.compile(r"#\s*escape\s*=\s*([`\\])", re.I)
_HEREDOC = re.compile(r"<<-?\s*([\"']?)(\w+)\1")
_VARIABLE = re.compile(r"(?<!\\)\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^{}]*))?\})")
_NAME = re.compile(r"(?:dockerfile|containerfile)(?:[.\-_][^/]*)?|[^/]*\.(?:dockerfile|containerfile)", re.I)
_NOT_DOCKERFILES = (
    ".dockerignore",
    ".md",
    ".txt",
    ".j2",
    ".tmpl",
    ".template",
    ".py",
    ".js",
    ".ts",
    ".go",
    ".yml",
    ".yaml",
    ".json",
)


@functools.lru_cache(maxsize=65536)
def is_dockerfile(path: str) -> bool:
    """Dockerfile, Dockerfile.dev, api.Dockerfile, Containerfile."""
    name = posixpath.basename(path)
    return bool(_NAME.fullmatch(name)) and not name.lower().endswith(_NOT_DOCKERFILES)


@dataclass(frozen=True)
class Instruction:
    name: str
    """In upper case."""
    value: str
    """Everything behind the name, continuation lines joined, comments between them left out."""
    line: int
    heredocs: tuple[str, ...] = ()


@dataclass
class Stage:
    """One FROM and what belongs to it."""

    instruction: Instruction
    image: str
    """With arguments filled in; `$NAME` stays where nothing gives the argument a value."""
    alias: str
    platform: str = ""
    instructions: list[Instruction] = field(default_factory=list)

    def last(self, name: str) -> Instruction | None:
        return next((each for each in reversed(self.instructions) if each.name == name), None)


@dataclass
class Dockerfile:
    stages: list[Stage]

    def base_of(self, stage: Stage) -> Stage | None:
        """The earlier stage that a stage builds on; null where it starts from an image."""
        index = self.stages.index(stage)
        return next(
            (each for each in reversed(self.stages[:index]) if each.alias and each.alias == stage.image.lower()), None
        )

    def lineage(self, stage: Stage) -> list[Stage]:
        """A stage and the stages it builds on, nearest first."""
        line = [stage]
        while (base := self.base_of(line[-1])) is not None:
            line.append(base)
        return line


@functools.lru_cache(maxsize=64)
def instructions(text: str) -> tuple[Instruction, ...]:
    """The instructions of a Dockerfile from top to bottom, read once for all rules."""
    return tuple(_instructions(text))


def _instructions(text: str) -> Iterator[Instruction]:
    lines = text.removeprefix("\ufeff").splitlines()
    escape = "\\"
    for line in lines:  # directives are comments before anything else
        if not line.lstrip().startswith("#"):
            break
        if match := _DIRECTIVE.match(line.strip()):
            escape = match[1]
    position = 0
    while position < len(lines):
        start = position
        if not lines[start].strip() or lines[start].lstrip().startswith("#"):
            position += 1
            continue
        parts: list[str] = []
        while position < len(lines):
            line = lines[position]
            position += 1
            if parts and (not line.strip() or line.lstrip().startswith("#")):
                continue  # comments and empty lines do not end a continued instruction
            stripped = line.rstrip()
            parts.append(stripped[:-1] if stripped.endswith(escape) else stripped)
            if not stripped.endswith(escape):
                break
        name, _, value = " ".join(part.strip() for part in parts).partition(" ")
        bodies = []
        if name.upper() in ("RUN", "COPY", "ADD"):
            for _, word in _HEREDOC.findall(value):
                body = []
                while position < len(lines) and lines[position].strip() != word:
                    body.append(lines[position])
                    position += 1
                position += 1
                bodies.append("\n".join(body))
        yield Instruction(name.upper(), value.strip(), start + 1, tuple(bodies))


def substitute(value: str, arguments: Mapping[str, str]) -> str:
    """Arguments filled in, `${NAME:-default}` included; what has no value stays as it is written."""

    def fill(match: re.Match[str]) -> str:
        plain, braced, operator, word = match.groups()
        known = arguments.get(plain or braced)
        if operator and "+" in operator:
            return word or "" if known else ""
        return known or word or match[0]

    for _ in range(4):  # an argument may name another one
        filled = _VARIABLE.sub(fill, value)
        if filled == value:
            break
        value = filled[:4096]
    return value


def assignments(value: str) -> dict[str, str]:
    """What ARG or ENV sets; a name without a value is left out."""
    if "=" not in value.split(" ", 1)[0]:  # the old form: ENV NAME the rest
        name, _, rest = value.partition(" ")
        return {name: rest.strip()} if rest.strip() else {}
    pairs = re.findall(r"([\w.\-]+)=(\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:[^\s\\]|\\.)*)", value)
    return {name: text.strip("\"'") for name, text in pairs}


def command(value: str) -> list[str] | None:
    """The words of an exec form; null for a shell form."""
    if not value.startswith("["):
        return None
    try:
        words = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return [str(word) for word in words] if isinstance(words, list) else None


@functools.lru_cache(maxsize=64)
def parse(text: str) -> Dockerfile:
    """The stages of a Dockerfile, parsed once for all rules: nobody changes them. Never raises: what is no instruction
    stands in no stage's way."""
    stages: list[Stage] = []
    arguments: dict[str, str] = {}
    for each in instructions(text):
        if each.name == "FROM":
            words = each.value.split()
            flags = [word for word in words if word.startswith("--")]
            rest = [word for word in words if not word.startswith("--")]
            alias = rest[2].lower() if len(rest) > 2 and rest[1].lower() == "as" else ""
            image = substitute(re.sub("[\"']", "", rest[0]), arguments) if rest else ""
            platform = next((flag.partition("=")[2] for flag in flags if flag.startswith("--platform=")), "")
            stages.append(Stage(each, image, alias, platform))
        elif stages:
            stages[-1].instructions.append(each)
        elif each.name == "ARG":
            arguments |= {name: substitute(value, arguments) for name, value in assignments(each.value).items()}
    return Dockerfile(stages)
