"""Dockerfiles: what one step makes or brings and the next one looks for elsewhere: outputs of builds, scripts, lists of packages."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.dockerfile_bases import family
from boringops_tools.checks.images import sources, started
from boringops_tools.dockerfile import Instruction, Stage, is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern

_OUTPUT = lazy_pattern(
    r"\b(?:go\s+build|gcc|g\+\+|clang|dotnet\s+publish|dotnet\s+build)\b[^&|;]*?\s(?:-o|--output)[ =]+([\w./-]+)|-m\s+venv\s+(?:--\S+\s+)*([\w./-]+)"
)
_FROM = lazy_pattern(r"--from=(\S+)")
# program and words: the file that it reads, and cannot do without
_NEEDS = (
    (lazy_pattern(r"\bpip3?\s+install\b[^&|;]*?\s(?:-r|--requirement)[ =]+([\w./-]+)"), ""),
    (lazy_pattern(r"\bnpm\s+ci\b"), "package-lock.json|npm-shrinkwrap.json"),
    (lazy_pattern(r"\byarn\s+install\b[^&|;]*(?:--frozen-lockfile|--immutable)\b"), "yarn.lock"),
    (lazy_pattern(r"\bpnpm\s+(?:install|i)\b[^&|;]*--frozen-lockfile\b"), "pnpm-lock.yaml"),
    (lazy_pattern(r"\bgo\s+mod\s+download\b"), "go.mod"),
    (lazy_pattern(r"\buv\s+sync\b[^&|;]*--(?:frozen|locked)\b"), "uv.lock"),
    (lazy_pattern(r"\bbundle\s+install\b"), "Gemfile"),
    (lazy_pattern(r"\bcomposer\s+install\b"), "composer.json"),
)


def _words(each: Instruction) -> list[str]:
    return [word for word in each.value.split() if not word.startswith("--")]


def _folder(stage: Stage, line: int) -> str:
    """The folder that a step is in; empty where a base image says it."""
    found = ""
    for each in stage.instructions:
        if each.name == "WORKDIR" and each.line < line:
            found = posixpath.normpath(posixpath.join(found, each.value.strip().strip("\"'")))
    return found if found.startswith("/") and "$" not in found else ""


def _outputs(stage: Stage) -> set[str]:
    """Where the compilers of a stage are told to put what they make; none where that is not written out."""
    found = set()
    for each in stage.instructions:
        for output in (one or other for one, other in _OUTPUT.findall(each.value)) if each.name == "RUN" else ():
            place = posixpath.join(_folder(stage, each.line) or "?", output)
            if place.startswith("?") or re.search(r"\bcd\s", each.value):
                return set()
            found.add(posixpath.normpath(place))
    return found


def _elsewhere(files: Files, path: str) -> Iterator[Hit]:
    file = parse(files.text(path))
    stages = {stage.alias: stage for stage in file.stages if stage.alias}
    for stage in file.stages:
        for each in stage.instructions:
            of = _FROM.search(each.value) if each.name == "COPY" else None
            source = stages.get(of[1].lower()) if of else None
            words = _words(each)
            outputs = _outputs(source) if source is not None and len(words) == 2 else set()
            if source is None or not outputs or not words[0].startswith("/") or re.search(r"[$*?]", words[0]):
                continue
            wanted = posixpath.normpath(words[0])
            made = any(one == wanted or one.startswith(f"{wanted}/") or wanted.startswith(f"{one}/") for one in outputs)
            steps = [one for of_stage in file.lineage(source) for one in of_stage.instructions]
            said = "\n".join(f"{one.value} {' '.join(one.heredocs)}" for one in steps)
            same = [one for one in outputs if posixpath.basename(one) == posixpath.basename(wanted)]
            # A name that the repository has may be copied in with the sources.
            brought = posixpath.basename(wanted) in files.by_name or wanted in said
            if same and not made and not brought:
                yield Hit(each.line, f"the stage `{source.alias}` makes `{sorted(same)[0]}`, and not `{wanted}`")


def _scripts(files: Files, path: str) -> Iterator[Hit]:
    """Scripts that an image starts and nothing brings into it."""
    file = parse(files.text(path))
    if not file.stages:
        return
    line = file.lineage(file.stages[-1])
    place, words = started(line)
    if place is None or not words or not family(line[-1].image):
        return
    program = words[0]
    if not program.startswith("/") or not program.endswith(".sh") or "$" in program:
        return
    steps = [each for stage in line for each in stage.instructions]
    said = "\n".join(f"{each.value} {' '.join(each.heredocs)}" for each in steps if each.name in ("RUN", "ADD"))
    targets = []
    for each in steps:
        if each.name == "COPY":
            inside = _words(each)
            target = inside[-1].strip('"]').rstrip("/") or "/"
            if target.startswith(".") or not target.startswith("/"):
                stage = next(one for one in line if each in one.instructions)
                target = posixpath.normpath(posixpath.join(_folder(stage, each.line) or "/?", target))
            targets.append((target, inside[:-1]))
    name = posixpath.basename(program)
    if re.search(rf"\b{re.escape(name)}\b|\.(?:tar|tgz|zip)|\bgit clone\b", said) or any(
        "/?" in one for one, _ in targets
    ):
        return
    # The official images of languages and databases have one of their own.
    if name == "docker-entrypoint.sh" and program.startswith("/usr/local/bin/"):
        return
    # What is copied from another stage or whole folders may hold anything.
    if any(
        program == one or (program.startswith(f"{one.rstrip('/')}/") and _may_hold(given, name))
        for one, given in targets
    ):
        return
    scripts = [f"{one}" for one, given in targets if one.endswith(".sh") or any(each.endswith(".sh") for each in given)]
    if scripts:
        yield Hit(
            place.line, f"the image starts `{program}`; the script that is copied into it is at {', '.join(scripts)}"
        )


def _may_hold(given: list[str], name: str) -> bool:
    """Whether what is copied into a folder may bring a file of that name: a folder may bring any."""
    return any(
        fnmatch.fnmatch(name, posixpath.basename(each.rstrip("/")))
        or "." not in posixpath.basename(each)
        or each.endswith("/")
        for each in given
    )


def _unread(files: Files, path: str) -> Iterator[Hit]:
    """Steps that read a list of packages which nothing has brought into the image by then."""
    file = parse(files.text(path))
    for stage in file.stages:
        line = file.lineage(stage)
        if not family(line[-1].image):
            continue
        for each in stage.instructions:
            if each.name != "RUN" or "--mount=type=bind" in each.value:
                continue
            before = [one for of in line for one in of.instructions if of is not stage or one.line < each.line]
            copies = [one for one in before if one.name in ("COPY", "ADD")]
            ran = "\n".join(f"{one.value} {' '.join(one.heredocs)}" for one in before if one.name == "RUN")
            for pattern, wanted in _NEEDS:
                match = pattern.search(each.value)
                if match is None or re.search(r"\bgit clone\b|\bcurl\b|\bwget\b|\bcd\b", f"{ran}\n{each.value}"):
                    continue
                names = wanted.split("|") if wanted else [posixpath.basename(match[1])]
                told = [
                    name
                    for name in names
                    if re.search(rf"(?:>|-o|touch|init|export\b).*{re.escape(name)}", f"{ran}\n{each.value}")
                ]
                if told or any(_brings(one, name) for one in copies for name in names):
                    continue
                if copies:
                    yield Hit(
                        each.line,
                        f"`{match[0]}` reads {' or '.join(f'`{name}`' for name in names)}, which nothing has copied by then",
                    )


def _brings(each: Instruction, name: str) -> bool:
    """Whether a COPY may bring a file of that name: by its name, a pattern, or a folder."""
    if each.heredocs or "--from" in each.value or "$" in each.value:
        return True
    target = posixpath.basename(_words(each)[-1].strip('"]')) if _words(each) else ""
    names = [(posixpath.basename(one.rstrip("/")), one.endswith("/")) for one in (sources(each) or ["."])]
    # What has no dot in its name, or is one, is a folder; these have none and are files.
    return target == name or any(
        fnmatch.fnmatch(name, one)
        or folder
        or ("." not in one.strip(".") and one not in ("Gemfile", "Pipfile", "Makefile"))
        for one, folder in names
    )


_D = "Dockerfile"
_BUILD = (
    "FROM golang:1.26 AS b\nWORKDIR /src\nCOPY . .\nRUN go build -o {} .\nFROM alpine:3.22\nCOPY --from=b {} /app\n"
)
_SCRIPT = 'FROM debian:12\nCOPY {} {}\nENTRYPOINT ["{}"]\n'


def _run(base: str, copied: str, step: str) -> dict[str, str]:
    return {_D: f"FROM {base}\nWORKDIR /a\nCOPY {copied} ./\nRUN {step}\n"}


RULES = (
    Rule("dockerfile/other-output", "error", "The build stops there: copy from where the stage puts it.", "Dockerfile reference, COPY --from: the source is a path in the stage.", is_dockerfile, _elsewhere,
         bad=({_D: _BUILD.format("/out/app", "/src/app")}, {_D: _BUILD.format("bin/app", "/src/app")}, {_D: _BUILD.format("/app", "/go/bin/app")}),
         good=({_D: _BUILD.format("/out/app", "/out/app")}, {_D: _BUILD.format("bin/app", "/src/bin/app")}, {_D: _BUILD.format("/out/app", "/out")}, {_D: _BUILD.format("/out/", "/out/app")}, {_D: _BUILD.format("/out/app", "/src/web")}, {_D: _BUILD.format("app && mv app /go/bin/app", "/go/bin/app")})),
    Rule("dockerfile/script-elsewhere", "error", "The container ends at once: start the script where it is copied to.", "Dockerfile reference, ENTRYPOINT: the program is a path in the image.", is_dockerfile, _scripts,
         bad=({_D: _SCRIPT.format("docker/entrypoint.sh", "/usr/local/bin/entrypoint.sh", "/docker-entrypoint.sh")}, {_D: _SCRIPT.format("run.sh", "/app/", "/run.sh")}),
         good=({_D: _SCRIPT.format("run.sh", "/app/", "/app/run.sh")}, {_D: _SCRIPT.format("docker", "/app", "/app/run.sh")}, {_D: _SCRIPT.format(".", "/app", "/app/run.sh")}, {_D: _SCRIPT.format("a.sh", "/a.sh", "/usr/local/bin/docker-entrypoint.sh").replace("debian", "python")}, {_D: _SCRIPT.format("*.sh", "/app/", "/app/run.sh")})),
    Rule("dockerfile/list-not-copied", "error", "The build stops there: copy it before, under the name that it has.", "pip, npm, Yarn, pnpm, Go, uv, Bundler, Composer: each reads this file.", is_dockerfile, _unread,
         bad=(_run("python:3.13-slim", "requirements.lock", "pip install -r requirements.txt"), _run("node:22", "package.json", "npm ci"), _run("golang:1.26", "main.go", "go mod download")),
         good=(_run("python:3.13-slim", "requirements.txt", "pip install -r requirements.txt"), _run("node:22", "package*.json", "npm ci"), _run("node:22", ".", "npm ci"), _run("python:3.13-slim", "requirements", "pip install -r requirements/prod.txt"), _run("acme/node:1", "package.json", "npm ci"), _run("ruby:3.4", "Gemfile Gemfile.lock", "bundle install"), _run("python:3.13-slim", "a.lock requirements.txt", "pip install -r requirements.txt"))),
)  # fmt: skip
