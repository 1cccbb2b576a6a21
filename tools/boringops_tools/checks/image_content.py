"""What an image is made of: sources that it copies and nobody has, and a program that nothing brings into it."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.images import contexts, copied, started
from boringops_tools.dockerfile import Instruction, Stage, command, is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern

# Folders of sources by the names that people give them: no build leaves one of these.
_FOLDERS = frozenset(
    """src lib libs pkg internal cmd app api web config configs conf test tests spec scripts templates static assets migrations alembic prisma proto
    protos locales i18n views routes controllers models middleware services utils helpers components pages resources public etc docker deploy db database
    core common shared packages apps backend frontend server client include bootstrap domain handlers schema schemas""".split()  # noqa: SIM905
)
_BARE = lazy_pattern(
    r"(?:docker\.io/|library/|public\.ecr\.aws/docker/library/|mirror\.gcr\.io/(?:library/)?)*(?:node|python|ruby|php|denoland/deno|oven/bun|eclipse-temurin|amazoncorretto|openjdk|debian|ubuntu|alpine)(?::|@|$)|mcr\.microsoft\.com/dotnet/|gcr\.io/distroless/"
)
_WITH_SCRIPT = {
    "node": r"\.[cm]?js$",
    "python": r"\.py$",
    "python3": r"\.py$",
    "ruby": r"\.rb$",
    "php": r"\.php$",
    "java": r"\.jar$",
    "dotnet": r"\.dll$",
    "deno": r"\.ts$",
    "bun": r"\.[jt]s$",
}
# What projects are described with, installed from and configured by: kept in the repository, not made by builds.
_KEPT = lazy_pattern(
    r"[\w-][\w.-]*\.(?:lock|toml|mod|sum|cfg|ini|txt|json|jsonc|xml|properties|gradle|kts|sql|conf|sh|proto|csproj|fsproj|sln|lockb)$|"
    r"(?:Gemfile|Pipfile|Procfile|Makefile|Rakefile|pnpm-lock\.yaml|pnpm-workspace\.yaml|entrypoint|mvnw|gradlew)$|"
    r"\.(?!npmrc|netrc|pypirc)[a-z]+rc(?:\.(?:[cm]?js|json|ya?ml))?$|\.(?:(?:node|python|ruby|java|terraform)-version|tool-versions|yarnrc\.yml|browserslistrc)$"
)
_ASIDE = lazy_pattern(
    r"(?i)(?:^|/)(?:examples?|samples?|docs?|tests?|fixtures?|templates?|testdata|starter\w*|boilerplates?)/|[{}]"
)
_SOURCE = lazy_pattern(r"\.(?:py|[cm]?js|ts|go|rb|php|rs|java)$")
# Steps that bring in files of their own.
_BRINGS = lazy_pattern(
    r"\b(?:build|compile|tsc|webpack|esbuild|vite|babel|cp|mv|ln|curl|wget|git|tar|unzip|touch|tee|install\s+-|mvn|mvnw|gradle|gradlew|make|publish|generate|rsync)\b|>"
)


def _folders(files: Files, path: str) -> Iterator[Hit]:
    """A folder of sources that is in no place the image may be built from, beside others that are."""
    places = contexts(path)
    copies = copied(files.text(path))
    there = [
        source
        for _, source in copies
        if any(posixpath.normpath(posixpath.join(place, source)) in files.known | files.folders for place in places)
    ]
    for each, source in copies if there else ():
        plain = posixpath.normpath(source.lstrip("/"))
        wanted = [posixpath.normpath(posixpath.join(place, plain)) for place in places]
        name = posixpath.basename(plain)
        source_file = _SOURCE.search(name) if not re.search(r"[*?\[\]]", name) else None
        where = {posixpath.dirname(one) for one in wanted}
        beside = [
            one for one in files.all if source_file and one.endswith(source_file[0]) and posixpath.dirname(one) in where
        ]
        ignored = any(files.ignored(one) or files.ignored(f"{one}/x") for one in wanted)
        # That others of the same COPY are there shows where it is built from.
        found = any(each is other and one in there for other, one in copies)
        kept = found and _KEPT.fullmatch(name) and not _ASIDE.search(path) and not _spoken_of(files, name)
        if (
            not (name in _FOLDERS or beside or kept)
            or ignored
            or any(one in files.known or one in files.folders for one in wanted)
        ):
            continue
        elsewhere = name in files.by_name or any(posixpath.basename(one) == name for one in files.folders)
        if not elsewhere and not may_be_made(files, plain) and ".gitmodules" not in files.known:
            has = beside or [one for one in files.folders if "/" not in one and not one.startswith(".")]
            yield Hit(each.line, f"`{source}` is not in the repository; it has {', '.join(sorted(has)[:6])}")


def _spoken_of(files: Files, name: str) -> bool:
    """Whether anything but Dockerfiles has the name in it: what makes a file says so."""
    steps = [
        each
        for each in files.all
        if re.search(
            r"\.(?:sh|ya?ml|hcl|mk|tf|py|[cm]?js|ts|json|toml|gradle|kts|xml|nix|bzl|bat|ps1|rb|md)$|(?:^|/)(?:Makefile|Jenkinsfile|justfile|Rakefile|Taskfile[^/]*|bin/[^/]+|scripts?/[^/]+)$",
            each,
        )
    ]
    return len(steps) > 400 or any(name in files.text(each) for each in steps)


def may_be_made(files: Files, name: str) -> bool:
    """Whether a step before the build may make a folder: a pipeline, a script or a Makefile speaks of it."""
    whole = re.compile(rf"(?<![\w./-])(?:\./)?{re.escape(name)}/?(?![\w.-])")
    steps = [
        each
        for each in files.all
        if re.search(r"\.(?:sh|ya?ml|hcl|mk)$|(?:^|/)(?:Makefile|Jenkinsfile|justfile|Taskfile[^/]*)$", each)
    ]
    return len(steps) > 400 or any(
        re.search(
            rf"(?:mkdir|cp|mv|rsync|-o|--output|path:|>|download|clone|checkout)[^\n]*{whole.pattern}", files.text(each)
        )
        for each in steps
    )


def _joined(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path))


def _brought(files: Files, path: str, stages: list[Stage], wanted: str) -> bool:
    """Whether something may bring a file into an image; what cannot be told may."""
    folder = "/"
    for stage in reversed(stages):
        for each in stage.instructions:
            if each.name == "WORKDIR":
                folder = _joined(folder, each.value.strip("\"'"))
                if "$" in folder:
                    return True
            elif (
                each.name == "RUN"
                and (
                    _BRINGS.search(each.value + "".join(each.heredocs))
                    or wanted.split("/")[-2] in re.findall(r"[\w.-]+", each.value)
                )
            ) or (each.name in ("COPY", "ADD") and _covers(files, path, each, folder, wanted)):
                return True
    return False


def _covers(files: Files, path: str, each: Instruction, folder: str, wanted: str) -> bool:
    """Whether a COPY may bring the file."""
    flat = [word for word in each.value.split() if not word.startswith("--")]
    bracket = each.value.find("[")
    words = (command(each.value[bracket:]) if bracket >= 0 else flat) or flat
    if (
        len(words) < 2
        or each.heredocs
        or any("$" in word or "*" in word or "?" in word or "://" in word for word in words)
    ):
        return True
    target = _joined(folder, words[-1])
    inside = words[-1].endswith("/") or words[-1] in (".", "./") or len(words) > 2
    for source in words[:-1]:
        name = posixpath.basename(source.rstrip("/"))
        if source.endswith((".tar", ".gz", ".tgz", ".zip", ".xz")):
            return True
        if "--from" in each.value:
            # What an earlier stage or another image has is not known, a file or a folder.
            if wanted == target or wanted.startswith(f"{target.rstrip('/')}/"):
                return name not in ("node_modules", ".venv", "venv", "vendor", "site-packages") or f"/{name}/" in wanted
            continue
        places = [posixpath.normpath(posixpath.join(place, source.lstrip("/"))) for place in contexts(path)]
        if any(one in files.known for one in places):
            if wanted == (posixpath.join(target, name) if inside else target) or (
                not inside and wanted.startswith(f"{target}/")
            ):
                return True
            continue
        known = [one for one in places if one in files.folders or one == "."]
        if not known and wanted == target:
            return True  # made before the image is: what it is named there is not known
        if not wanted.startswith(f"{target.rstrip('/')}/"):
            continue
        rest = wanted[len(target.rstrip("/")) + 1 :]
        # A folder that is not there, or that holds what git does not see, may bring anything.
        if (
            not known
            or any(_joined(one, rest) in files.known or files.ignored(_joined(one, rest)) for one in known)
            or "." in known
        ):
            return True
    return False


def _starts(files: Files, path: str) -> Iterator[Hit]:
    file = parse(files.text(path))
    stages = file.lineage(file.stages[-1]) if file.stages else []
    place, words = started(stages)
    if place is None or not words or not _BARE.match(stages[-1].image):
        return
    pattern = _WITH_SCRIPT.get(posixpath.basename(words[0]))
    plain = [word for word in words[1:] if not word.startswith("-")]
    script = (
        plain[0] if pattern and plain and re.search(pattern, plain[0]) and not re.search(r"[$*\s]", plain[0]) else ""
    )
    if "-m" in words or "-c" in words or "-e" in words or not script:
        return
    folders = [
        each.value.strip("\"'") for stage in stages for each in reversed(stage.instructions) if each.name == "WORKDIR"
    ]
    folder = "/"
    for each in reversed(folders):
        folder = _joined(folder, each)
    wanted = _joined(folder, script)
    copies = any(each.name in ("COPY", "ADD") for stage in stages for each in stage.instructions)
    if copies and "$" not in wanted and wanted.count("/") > 1 and not _brought(files, path, stages, wanted):
        yield Hit(place.line, f"the image starts `{script}`, and nothing brings {wanted} into it")


_SERVED = lazy_pattern(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)(?:\(\))?")


def _attributes(files: Files, path: str) -> Iterator[Hit]:
    """The name of the application that a server of Python is told, where the module's file has no such word."""
    file = parse(files.text(path))
    place, words = started(file.lineage(file.stages[-1]) if file.stages else [])
    if (
        place is None
        or not words
        or posixpath.basename(words[0]) not in ("gunicorn", "uvicorn", "hypercorn", "granian")
    ):
        return
    match = next((each for word in words[1:] if (each := _SERVED.fullmatch(word))), None)
    dotted = match[1].replace(".", "/") if match else ""
    homes = (
        [one for one in files.all if f"/{one}".endswith((f"/{dotted}.py", f"/{dotted}/__init__.py"))] if dotted else []
    )
    modules = sorted(each for each in files.all if each.endswith(".py") and "/" not in each)
    made = files.ignored(f"{dotted}.py") or may_be_made(files, f"{dotted}.py")
    # What is named so is nobody's package.
    if (
        match
        and not homes
        and dotted in ("app", "main", "wsgi", "asgi", "server", "api")
        and modules
        and path == "Dockerfile"
        and not made
    ):
        yield Hit(
            place.line, f"the image starts `{match[0]}`, and there is no {dotted}.py; there is {', '.join(modules[:4])}"
        )
    text = files.text(homes[0]) if len(homes) == 1 else ""
    if match and text.strip() and not re.search(rf"\b{match[2]}\b|import \*|__getattr__|globals\(\)", text):
        yield Hit(place.line, f"the image starts `{match[0]}`, and {homes[0]} has no `{match[2]}`")


_D = "Dockerfile"
_GO = "FROM golang:1.26 AS build\nCOPY go.mod ./\nCOPY {} ./{}\nRUN go build -o /a .\n"
_REPO = {"go.mod": "module a\n", "internal/a.go": "package a\n"}
_NODE = {"package.json": "{}\n", "src/server.js": "1\n"}
_JS = 'FROM node:24 AS deps\nWORKDIR /app\nCOPY package.json ./\nRUN npm ci\nFROM node:24\nWORKDIR /app\nCOPY --from=deps /app/{} ./{}\nCOPY package.json ./\nCOPY src ./src\nCMD ["node", "{}"]\n'
_JAR = 'FROM maven:3 AS build\nRUN mvn package\nFROM eclipse-temurin:21\nWORKDIR /app\nCOPY --from=build /b/target/a.jar {}\nENTRYPOINT ["java", "-Xmx1g", "-jar", "app.jar"]\n'

RULES = (
    Rule("dockerfile/missing-folder", "error", "The build stops there: name a folder of the build context.", "Dockerfile reference, COPY: sources are paths of the build context.", is_dockerfile, _folders,
         bad=({_D: _GO.format("pkg", "pkg"), **_REPO}, {_D: "FROM golang:1\nCOPY go.mod go.sum ./\nCOPY main.go ./\n", "go.mod": "module a\n", "main.go": "package main\n"}, {_D: "FROM node:24\nCOPY package.json yarn.lock ./\n", "package.json": "{}\n"}, {_D: "FROM node:24\nCOPY package.json .swcrc ./\n", "package.json": "{}\n"}, {_D: "FROM php:8\nCOPY composer.json ./\nCOPY config ./config\n", "composer.json": "{}\n"}, {_D: "FROM python:3\nCOPY requirements.txt ./\nCOPY app.py ./\n", "requirements.txt": "a==1\n", "wsgi.py": "1\n"}),
         good=({_D: "FROM node:24\nCOPY package.json .npmrc ./\n", "package.json": "{}\n"}, {_D: "FROM golang:1\nCOPY go.mod go.su[m] build.json ./\n", "go.mod": "module a\n", "make.sh": "git describe | jq -R . > build.json\n"}, {"docker/Dockerfile": "FROM php:8\nCOPY composer.json composer.lock ./\nCOPY docker/a.ini ./\n", "docker/a.ini": "a=1\n"}, {_D: "FROM node:24\nCOPY package.json yarn.lock ./\n", "package.json": "{}\n", ".gitignore": "yarn.lock\n"}, {"templates/Dockerfile": "FROM node:24\nCOPY package.json yarn.lock ./\n", "package.json": "{}\n"}, {_D: "FROM python:3\nCOPY requirements.txt ./\nCOPY app.py ./\n", "requirements.txt": "a==1\n", "src/app.py": "1\n", "wsgi.py": "1\n"}, {_D: _GO.format("internal", "internal"), **_REPO}, {_D: _GO.format("pkg", "pkg"), **_REPO, "build.sh": "mkdir -p pkg\n"}, {_D: _GO.format("pkg", "pkg"), **_REPO, ".gitignore": "/pkg/\n"}, {_D: _GO.format("pkg", "pkg"), **_REPO, "web/pkg/a.go": "package a\n"},
               {_D: "FROM a:1\nCOPY pkg ./pkg\n"}, {_D: "FROM a:1\nCOPY go.mod *.go ./\n", "go.mod": "module a\n", "a.go": "package a\n"}, {_D: _GO.format("server-linux", "server"), **_REPO})),
    Rule("dockerfile/missing-attribute", "error", "The container ends at once: name what the module has.", "Gunicorn and Uvicorn: MODULE:NAME, a name in the module.", is_dockerfile, _attributes,
         bad=({_D: 'FROM python:3.14\nCOPY . .\nCMD ["gunicorn", "-b", ":8000", "wsgi:application"]\n', "wsgi.py": "app = Flask(__name__)\n"}, {_D: 'FROM python:3.14\nCOPY . .\nCMD ["gunicorn", "app:app"]\n', "wsgi.py": "app = 1\n"}), good=({_D: 'FROM python:3.14\nCOPY . .\nCMD ["gunicorn", "app:app"]\n', "src/app/__init__.py": "app = 1\n", "setup.py": "1\n"}, {_D: 'FROM python:3.14\nCOPY . .\nCMD ["gunicorn", "wsgi:app"]\n', "wsgi.py": "app = Flask(__name__)\n"}, {_D: 'FROM python:3.14\nCOPY . .\nCMD ["gunicorn", "wsgi:application"]\n', "wsgi.py": "from shop import *\n"})),
    Rule("dockerfile/not-in-image", "error", "The container ends at once: start a file that is copied into the image.", "Dockerfile reference, CMD: the program and its arguments as they are in the image.", is_dockerfile, _starts,
         bad=({_D: _JS.format("node_modules", "node_modules", "dist/index.js"), **_NODE}, {_D: _JS.format("node_modules", "node_modules", "server.js"), **_NODE}, {_D: _JAR.format("service.jar")}),
         good=({_D: _JS.format("node_modules", "node_modules", "src/server.js"), **_NODE}, {_D: _JS.format("dist", "dist", "dist/index.js"), **_NODE}, {_D: _JS.format("", "", "dist/index.js"), **_NODE}, {_D: _JAR.format("app.jar")}, {_D: _JAR.format("./")}, {_D: "FROM eclipse-temurin:21\nWORKDIR /app\nCOPY target/a-1.jar app.jar\nCMD java -jar app.jar\n"},
               {_D: _JS.format("node_modules", "node_modules", "dist/index.js").replace("COPY src", "RUN npm run build\nCOPY src"), **_NODE}, {_D: _JS.format("node_modules", "node_modules", "node_modules/.bin/serve.js"), **_NODE}, {_D: _JS.format("node_modules", "node_modules", "dist/index.js").replace("FROM node:24\n", "FROM acme/node:1\n"), **_NODE})),
)  # fmt: skip
