"""What a Dockerfile takes from the repository and starts, against what the repository has."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.dockerfile import Dockerfile, Instruction, Stage, command, is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern

# What builds make, and no repository holds.
_MADE = lazy_pattern(
    r"(?:^|/)(?:dist|build|target|out|bin|node_modules|vendor|public|\.next|release|artifacts?|publish)(?:/|$)|\.(?:jar|war|whl|deb|rpm|exe|so|tgz)$",
    re.I,
)
_BUILDS = lazy_pattern(r"\b(?:build|tsc|compile|generate|webpack|esbuild|vite|babel|package|cp|mv|ln)\b")
_SERVERS = frozenset(
    {
        "uvicorn",
        "gunicorn",
        "hypercorn",
        "daphne",
        "granian",
        "waitress-serve",
        "flask",
        "fastapi",
        "serve",
        "http-server",
        "next",
        "puma",
        "rails",
    }
)
_PORT_OPTION = lazy_pattern(r"^(?:--port|-p|--bind|-b|--listen|-l)$")
_PORT = lazy_pattern(r"(?:^|[:=])(\d{2,5})$")
_HEALTH_URL = lazy_pattern(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):(\d{2,5})\b")


def sources(each: Instruction) -> list[str]:
    """The paths of the build context that COPY or ADD takes; none where they come from elsewhere."""
    words = (
        command(each.value[each.value.find("[") :]) if each.value.rstrip().endswith("]") and "[" in each.value else None
    )
    flags = [word for word in each.value.split() if word.startswith("--")]
    words = [word for word in each.value.split() if not word.startswith("--")] if words is None else words
    if any(flag.startswith("--from") for flag in flags) or each.heredocs:
        return []
    return [word for word in words[:-1] if "://" not in word and "$" not in word and not word.startswith("git@")]


def copied(text: str) -> list[tuple[Instruction, str]]:
    """(COPY or ADD, source) of all that a Dockerfile takes from its build context."""
    return [
        (each, source)
        for stage in parse(text).stages
        for each in stage.instructions
        if each.name in ("COPY", "ADD")
        for source in sources(each)
    ]


def contexts(path: str) -> list[str]:
    """Folders that may be the build context: the Dockerfile's own and those above it."""
    folder = PurePosixPath(path).parent
    return ["" if each == PurePosixPath(".") else each.as_posix() for each in (folder, *folder.parents)]


def _copies(file: Dockerfile) -> Iterator[tuple[Instruction, str]]:
    for stage in file.stages:
        for each in stage.instructions:
            if each.name in ("COPY", "ADD"):
                yield from ((each, source) for source in sources(each))


def _missing(files: Files, path: str) -> Iterator[Hit]:
    places = contexts(path)
    for each, source in _copies(parse(files.text(path))):
        plain = posixpath.normpath(source.lstrip("/"))
        if plain in (".", "..") or "*" in source or "?" in source or "[" in source or _MADE.search(plain):
            continue
        there = [posixpath.normpath(posixpath.join(place, plain)) for place in places]
        if any(one in files.known or one in files.folders or files.ignored(one) for one in there):
            continue
        # Made by a step before the build, or surely meant as a file that stands elsewhere under its name?
        name = PurePosixPath(plain).name
        near = files.by_name.get(name) or difflib.get_close_matches(name, files.by_name, 1, 0.85)
        if near:
            yield Hit(each.line, f"`{source}` is not in the repository; `{near[0]}` is")


def _lineage(files: Files, path: str) -> list[Stage]:
    file = parse(files.text(path))
    return file.lineage(file.stages[-1]) if file.stages else []


def started(stages: list[Stage]) -> tuple[Instruction | None, list[str]]:
    """The words of ENTRYPOINT and CMD together, and where they stand."""
    place, words = None, []
    for name in ("ENTRYPOINT", "CMD"):
        for stage in stages:
            if (instruction := stage.last(name)) is not None:
                place = instruction
                exec_form = command(instruction.value)
                words += instruction.value.split() if exec_form is None else exec_form
                break
    return place, words


def _starts(files: Files, path: str) -> Iterator[Hit]:
    stages = _lineage(files, path)
    place, words = started(stages)
    if place is None or not words:
        return
    made = any(each.name == "RUN" and _BUILDS.search(each.value) for stage in stages for each in stage.instructions)
    copied = any("--from=" in each.value for stage in stages for each in stage.instructions if each.name == "COPY")
    folders = contexts(path)
    program = PurePosixPath(words[0]).name
    if not made and not copied and program in ("node", "python", "python3", "deno", "bun", "ruby", "php"):
        script = next((word for word in words[1:] if re.search(r"\.(?:[cm]?js|py|ts|rb|php)$", word)), "")
        name = PurePosixPath(script).name
        inside = [each for each in files.all if each.endswith((".js", ".mjs", ".cjs", ".py", ".ts", ".rb", ".php"))]
        if script and inside and not files.by_name.get(name) and "node_modules" not in script:
            yield Hit(place.line, f"the image starts `{script}`, and the repository has no `{name}`")
    module = next((word for word in words[1:] if re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(?:\(\))?", word)), "")
    if program == "gunicorn" and not module:  # `shop.wsgi` alone means its `application`
        dotted_name = words[-1] if len(words) > 1 and not words[-2].startswith("--") else ""
        module = f"{dotted_name}:application" if re.fullmatch(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+", dotted_name) else ""
    if program in ("uvicorn", "gunicorn", "hypercorn", "daphne", "granian") and module:
        dotted = module.partition(":")[0].replace(".", "/")
        name = PurePosixPath(dotted).name
        known = {f"{dotted}.py", f"{dotted}/__init__.py"}
        found = any(one == each or one.endswith(f"/{each}") for each in known for one in files.all)
        # A package may be copied under another name; that its last part is here under another path shows the mistake.
        if not found and not copied and "" in folders and (near := files.by_name.get(f"{name}.py")):
            yield Hit(place.line, f"the image starts `{module}`, and there is no {dotted}.py; `{near[0]}` is")


def exposed(files: Files, path: str) -> tuple[set[int], int]:
    """The ports that a Dockerfile's image exposes, and where it says so."""
    ports: set[int] = set()
    line = 0
    for stage in _lineage(files, path):
        for each in stage.instructions:
            if each.name == "EXPOSE":
                line = line or each.line
                ports |= {int(word) for word in re.findall(r"(?<![\w$-])(\d+)(?:/tcp)?(?=\s|$)", each.value)}
                if "$" in each.value or "-" in each.value:
                    return set(), 0
    return ports, line


def command_port(words: list[str]) -> int | None:
    """The port that a known server is told to listen on; null where it is told none."""
    if not words or PurePosixPath(words[0]).name not in _SERVERS:
        return None
    for at, word in enumerate(words):
        value = words[at + 1] if _PORT_OPTION.match(word) and at + 1 < len(words) else ""
        if re.match(r"--(?:port|bind|listen)=", word):
            value = word.partition("=")[2]
        if match := _PORT.search(value):
            return int(match[1])
    return None


def _ports(files: Files, path: str) -> Iterator[Hit]:
    stages = _lineage(files, path)
    ports, line = exposed(files, path)
    place, words = started(stages)
    listens = command_port(words)
    if not ports:
        return
    if place is not None and listens is not None and listens not in ports:
        yield Hit(
            place.line, f"the image listens on {listens} and exposes {', '.join(map(str, sorted(ports)))} (line {line})"
        )
    check = next((each for stage in stages if (each := stage.last("HEALTHCHECK"))), None)
    set_elsewhere = " ".join(
        each.value
        for stage in stages
        for each in stage.instructions
        if each.name in ("ENV", "ARG", "CMD", "ENTRYPOINT")
    )
    for asked in map(int, _HEALTH_URL.findall(check.value)) if check else ():
        if asked not in ports and asked != listens and not re.search(rf"(?<!\d){asked}(?!\d)", set_elsewhere):
            yield Hit(
                check.line if check else None,
                f"the health check asks port {asked}, and the image exposes {', '.join(map(str, sorted(ports)))}",
            )


_D = "Dockerfile"
_PY = 'FROM python:3.14\nWORKDIR /a\nCOPY app.py .\nEXPOSE {}\nCMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]\n'

RULES = (
    Rule(
        "dockerfile/missing-source", "error", "The build stops there: name a path of the build context.",
        "Dockerfile reference, COPY: sources are paths of the build context.", is_dockerfile, _missing,
        bad=({_D: "FROM a:1\nCOPY src/app.py /a/\n", "app.py": "x = 1\n"}, {_D: "FROM a:1\nCOPY packge.json /a/\n", "package.json": "{}\n"}),
        good=(
            {_D: "FROM a:1\nCOPY app.py dist/a.js *.txt /a/\nCOPY --from=b:1 /x.py /x\nADD https://a/app.tgz /a\n", "app.py": "x = 1\n"},
            {"api/Dockerfile": "FROM a:1\nCOPY shared/x.py /a/\n", "shared/x.py": "x = 1\n"}, {_D: "FROM a:1\nCOPY package.json /a/\n"},
        ),
    ),
    Rule(
        "dockerfile/missing-start", "error", "The container ends at once: start a file that is copied into the image.",
        "Dockerfile reference, CMD: the program and its arguments as they are in the image.", is_dockerfile, _starts,
        bad=({_D: 'FROM node:24\nCOPY . .\nCMD ["node", "dist/index.js"]\n', "server.js": "1\n"}, {_D: 'FROM python:3.14\nCOPY . .\nCMD ["uvicorn", "app.main:app"]\n', "src/main.py": "app = 1\n"}),
        good=(
            {_D: 'FROM node:24\nCOPY . .\nRUN npm run build\nCMD ["node", "dist/index.js"]\n', "server.js": "1\n"},
            {_D: 'FROM python:3.14\nCOPY . .\nCMD ["uvicorn", "src.main:app"]\n', "src/main.py": "app = 1\n"}, {_D: 'FROM node:24\nCMD ["node", "a.js"]\n'},
        ),
    ),
    Rule(
        "consistency/listening-port", "warning", "Let the command, EXPOSE and the health check say the same port.",
        "EXPOSE says on which ports the container listens; the command and the health check say it, too.", is_dockerfile, _ports,
        bad=({_D: _PY.format(9000), "app.py": "app = 1\n"}, {_D: "FROM node:24\nEXPOSE 3000\nHEALTHCHECK CMD curl -f http://localhost:8080/x\nCMD node a.js\n"}),
        good=({_D: _PY.format(8000), "app.py": "app = 1\n"}, {_D: "FROM node:24\nENV PORT=8080\nEXPOSE 3000\nHEALTHCHECK CMD curl -f http://localhost:8080/x\nCMD node a.js\n"}),
    ),
)  # fmt: skip
