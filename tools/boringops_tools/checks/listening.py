"""What an image starts and where it listens, against what the repository has and what is asked of it from outside."""

# ruff: noqa: E501, S104 - an example reads best on one line, and its server listens where a container's has to

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from boringops_tools.checks import program
from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, scalar
from boringops_tools.checks.deploys import workloads
from boringops_tools.checks.images import contexts, exposed, sources, started
from boringops_tools.checks.kubernetes import containers, named, objects, pod_of
from boringops_tools.checks.terraform_ecs import definitions, is_terraform, resources
from boringops_tools.dockerfile import is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import read
from boringops_tools.red_flags.kustomize_images import pinned
from boringops_tools.yaml_files import is_yaml

_SERVERS = ("uvicorn", "gunicorn", "hypercorn", "granian", "daphne", "flask", "fastapi", "waitress-serve")
_LOOPBACK = lazy_pattern(r"(?:--host|--bind|-b|-h|--listen)[ =](?:127\.0\.0\.1|localhost)\b")
_MODULE = lazy_pattern(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+):[A-Za-z_]\w*(?:\(\))?")
_REQUIREMENTS = lazy_pattern(r"(?:^|/)[\w.-]*requirements[\w./-]*\.(?:txt|in)$")
_SERVER_PORT = lazy_pattern(
    r"(?m)^server:\s*\n(?:[ \t]+[^\n]*\n)*?[ \t]+port:\s*(\d+)\s*$|^server\.port\s*[=:]\s*(\d+)\s*$"
)
_LOCAL_URL = lazy_pattern(r"(?:https?://|(?<=\s))(?:localhost|127\.0\.0\.1):(\d{2,5})\b")
_LISTENS_ON = lazy_pattern(r"(?i)\blisten(?:s|ing)? (?:on|at) (?:port )?`?:?(\d{4,5})\b(?!\.\d)")
_PUBLISHED = lazy_pattern(r"docker run\b[^\n]*?\s(?:-p|--publish)[ =](?:[\d.]+:)?(\d+):(\d+)\b[^\n]*")


def _started(files: Files, path: str) -> tuple[int, list[str]]:
    file = parse(files.text(path))
    place, words = started(file.lineage(file.stages[-1])) if file.stages else (None, [])
    return (place.line if place else 0), words


def _loopback(files: Files, path: str) -> Iterator[Hit]:
    line, words = _started(files, path)
    if words and PurePosixPath(words[0]).name in _SERVERS and _LOOPBACK.search(" ".join(words)):
        yield Hit(line, "the server listens on the container's loopback alone: nobody outside of it gets an answer")


def _modules(files: Files, path: str) -> Iterator[Hit]:
    """Modules of a package that is here, and has no such module."""
    line, words = _started(files, path)
    match = next((each for word in words[1:] if (each := _MODULE.fullmatch(word))), None)
    if match is None or PurePosixPath(words[0]).name not in _SERVERS:
        return
    dotted = match[1].replace(".", "/")
    if any(f"/{one}".endswith((f"/{dotted}.py", f"/{dotted}/__init__.py")) for one in files.all):
        return
    parent = posixpath.dirname(dotted)
    homes = [each for each in files.folders if f"/{each}".endswith(f"/{parent}")]
    inside = sorted(one for one in files.all if posixpath.dirname(one) in homes and one.endswith(".py"))
    if (
        len(homes) == 1
        and inside
        and not any(files.ignored(f"{homes[0]}/{name}") for name in (f"{posixpath.basename(dotted)}.py",))
    ):
        yield Hit(
            line,
            f"the image starts `{match[0]}`, and {homes[0]} has no {posixpath.basename(dotted)}.py; it has {', '.join(map(posixpath.basename, inside[:4]))}",
        )


def _scripts(files: Files, path: str) -> Iterator[Hit]:
    """A script in a folder that nothing brings into the image, where the script by itself is copied."""
    file = parse(files.text(path))
    line, words = _started(files, path)
    script = (
        next((word for word in words[1:] if re.fullmatch(r"(?:\./)?[\w./-]+\.[cm]?js", word)), "")
        if words and words[0] == "node"
        else ""
    )
    folder, name = posixpath.split(posixpath.normpath(script)) if script and not script.startswith("/") else ("", "")
    if not folder:
        return
    stages = file.lineage(file.stages[-1])
    copies = [each for stage in stages for each in stage.instructions if each.name in ("COPY", "ADD")]
    runs = " ".join(each.value for stage in stages for each in stage.instructions if each.name == "RUN")
    top = folder.partition("/")[0]
    copied = [source for each in copies for source in sources(each)]
    brings = any(re.search(rf"(?<![\w-]){re.escape(top)}(?![\w-])", each.value) for each in copies) or re.search(
        r"\bbuild\b|\btsc\b", runs
    )
    whole = any(
        source in (".", "./", "/") or "*" in source or (posixpath.normpath(source) in files.folders)
        for source in copied
    )
    stages_whole = any("--from=" in each.value and not re.search(r"node_modules", each.value) for each in copies)
    if not brings and not whole and not stages_whole and any(posixpath.basename(source) == name for source in copied):
        yield Hit(line, f"the image starts `{script}`; `{name}` is copied, and no `{top}`")


def _requirements(files: Files, path: str) -> Iterator[Hit]:
    for stage in parse(files.text(path)).stages:
        for each in stage.instructions:
            for source in sources(each) if each.name in ("COPY", "ADD") else ():
                if not _REQUIREMENTS.search(source):
                    continue
                there = [posixpath.normpath(posixpath.join(place, source)) for place in contexts(path)]
                others = sorted(one for one in files.all if _REQUIREMENTS.search(one))
                missing = not any(one in files.known or files.ignored(one) for one in there) and "*" not in source
                if missing and others:
                    yield Hit(each.line, f"`{source}` is not in the repository; {', '.join(others[:3])} is")


def _spring(files: Files, path: str) -> Iterator[Hit]:
    match = _SERVER_PORT.search(files.text(path))
    port = int(match[1] or match[2]) if match else 0
    images = [each for each in files.all if is_dockerfile(each)]
    ports, _ = exposed(files, images[0]) if len(images) == 1 and port else (set[int](), 0)
    if (
        match
        and ports
        and port not in ports
        and not re.search(rf"SERVER_PORT|server\.port|(?<!\d){port}(?!\d)", files.text(images[0]))
    ):
        yield Hit(
            files.text(path).count("\n", 0, match.end()) + 1,
            f"the application listens on {port}; {images[0]} exposes {', '.join(map(str, sorted(ports)))}",
        )


def _only_ports(files: Files) -> tuple[str, frozenset[int]]:
    """The one Dockerfile of the repository and the ports that its image exposes; none where there are more."""
    images = [each for each in files.all if is_dockerfile(each)]
    ports, _ = exposed(files, images[0]) if len(images) == 1 else (set[int](), 0)
    return (images[0] if ports else ""), frozenset(ports)


def _tasks(files: Files, path: str) -> Iterator[Hit]:
    place, ports = files.once(_only_ports)
    for task in resources(read(files.text(path)), "aws_ecs_task_definition") if ports else ():
        found = definitions(task) or []
        asked = {
            scalar(each.get("containerPort"))
            for one in found
            for each in listed(one.get("portMappings"))
            if isinstance(each, dict)
        }
        said = (
            f"{files.text(place)} {[one.get('environment') for one in found]} {[one.get('command') for one in found]}"
        )
        for port in asked if len(found) == 1 and not asked & ports else ():
            if isinstance(port, int) and not re.search(rf"(?<!\d){port}(?!\d)", said):
                yield Hit(
                    task.line_of("container_definitions"),
                    f"the task has port {port}; {place} exposes {', '.join(map(str, sorted(ports)))}",
                )


def _filled_pods(files: Files, path: str) -> Iterator[Hit]:
    """Containers whose image a Kustomization fills in, in a repository with one Dockerfile and one workload."""
    place, ports = files.once(_only_ports)
    for thing in objects(files, path) if ports and len(workloads(files)) == 1 else ():
        found = list(containers(pod_of(thing)))
        declared = [mapping(each) for each in listed(found[0].get("ports"))] if len(found) == 1 else []
        image = str(found[0].get("image")) if found else ""
        numbers = {scalar(each.get("containerPort")) for each in declared}
        said = (
            f"{files.text(place)} {found[0].get('env')} {found[0].get('args')} {found[0].get('command')}"
            if found
            else ""
        )
        plain = image in pinned(files.root, path) and not numbers & ports
        for each in declared if plain else []:
            port = each.get("containerPort")
            if isinstance(port, int) and not re.search(rf"(?<!\d){port}(?!\d)", said):
                yield Hit(
                    at((each, "containerPort")),
                    f"{named(thing)} has port {port}; {place} exposes {', '.join(map(str, sorted(ports)))}",
                )


def _documents(files: Files, path: str) -> Iterator[Hit]:
    """Commands of a README that publish or ask a port at which nothing of the repository listens."""
    place, exposes = files.once(_only_ports)
    ports = exposes or (frozenset[int]() if any(map(is_dockerfile, files.all)) else program.ports(files))
    there = f"{place} exposes" if place else "the program listens on"
    text = files.text(path) if ports else ""
    said = files.once(_said) if text else ""
    published = {match[1] for match in _PUBLISHED.finditer(text)}
    for number, line in enumerate(text.splitlines(), 1):
        for match in _PUBLISHED.finditer(line):
            if int(match[2]) not in ports and not re.search(
                rf"(?<!\d){match[2]}(?!\d)", f"{said} {line.replace(match[0], '', 1)}"
            ):
                yield Hit(
                    number,
                    f"port {match[2]} of the container is published here; {there} {', '.join(map(str, sorted(ports)))}",
                )
        for port in _LISTENS_ON.findall(line):
            if int(port) not in ports and not re.search(rf"(?<!\d){port}(?!\d)", said + text.replace(line, "")):
                yield Hit(number, f"port {port} is written here; {there} {', '.join(map(str, sorted(ports)))}")
        for port in _LOCAL_URL.findall(line) if re.search(r"\bcurl\b|\bwget\b", line) else ():
            if (
                int(port) not in ports
                and port not in published
                and not re.search(
                    rf"(?<!\d){port}(?!\d)", said + re.sub(rf"(?i):{port}\b|(?<!-)\bport `?{port}\b", "", text)
                )
            ):
                yield Hit(
                    number,
                    f"port {port} is asked here, and nothing listens there; {there} {', '.join(map(str, sorted(ports)))}",
                )


def _said(files: Files) -> str:
    """What may say a port: everything in the repository but documents, tests and locks, as far as it is short enough."""
    paths = [
        each
        for each in files.all
        if not each.endswith((".md", ".rst", ".lock", ".svg"))
        and "lock" not in posixpath.basename(each)
        and not program.is_test(each)
    ]
    return "\n".join(files.text(each)[:100_000] for each in paths[:400])


_PY = 'FROM python:3.14\nCOPY src /app\nEXPOSE 8000\nCMD ["uvicorn", "{}:app", "--host", "{}"]\n'
_JS = 'FROM node:24\nCOPY package.json server.js ./\nEXPOSE 3000\nCMD ["node", "{}"]\n'
_TASK = 'resource "aws_ecs_task_definition" "a" {{\n  container_definitions = jsonencode([{{ name = "a", portMappings = [{{ containerPort = {} }}] }}])\n}}\n'
_POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: relay, ports: [{{containerPort: {}}}]}}]}}\n"
_MAIN = {"src/shop/main.py": "app = 1\n"}
_IMAGE = {"Dockerfile": "FROM a:1\nEXPOSE 3000\n"}
_SERVER = {
    "package.json": '{"name": "a", "scripts": {"start": "node server.js"}}',
    "server.js": "require('http').createServer(answer).listen(process.env.PORT ?? 3000);\n",
}
_FILLS = {"kustomization.yaml": "images: [{name: relay, newName: acme/relay, newTag: v1}]\n"}
_SAME = "Let the image, who publishes it and the documents say the same port."


def _is_readme(path: str) -> bool:
    return posixpath.basename(path).lower() in ("readme.md", "readme.rst")


def _is_spring(path: str) -> bool:
    return posixpath.basename(path) in ("application.yml", "application.yaml", "application.properties")


RULES = (
    Rule("dockerfile/loopback", "error", "Nobody reaches it: listen on 0.0.0.0 inside of a container.", "Docker, Port publishing: what is published goes to the container's own address, not to its loopback.", is_dockerfile, _loopback,
         bad=({"Dockerfile": _PY.format("shop.main", "127.0.0.1")},), good=({"Dockerfile": _PY.format("shop.main", "0.0.0.0")}, {"Dockerfile": "FROM a:1\nCMD curl localhost\n"})),
    Rule("dockerfile/missing-module", "error", "The container ends at once: name a module of the package.", "Uvicorn and Gunicorn: MODULE:APP is imported.", is_dockerfile, _modules,
         bad=({"Dockerfile": _PY.format("shop.app", "0.0.0.0"), **_MAIN},), good=({"Dockerfile": _PY.format("shop.main", "0.0.0.0"), **_MAIN}, {"Dockerfile": _PY.format("other.app", "0.0.0.0"), **_MAIN})),
    Rule("dockerfile/missing-script", "error", "The container ends at once: start the file where it is copied to.", "Dockerfile reference, CMD: the program and its arguments as they are in the image.", is_dockerfile, _scripts,
         bad=({"Dockerfile": _JS.format("dist/server.js")},), good=({"Dockerfile": _JS.format("server.js")}, {"Dockerfile": _JS.format("dist/server.js").replace("EXPOSE", "COPY --from=b /app/dist dist\nEXPOSE")}, {"Dockerfile": _JS.format("dist/server.js").replace("EXPOSE", "RUN npm run build\nEXPOSE")})),
    Rule("dockerfile/missing-requirements", "error", "The build stops there: name the file that is in the repository.", "Dockerfile reference, COPY: sources are paths of the build context.", is_dockerfile, _requirements,
         bad=({"Dockerfile": "FROM a:1\nCOPY requirements/base.txt .\n", "requirements.txt": "a==1\n"},), good=({"Dockerfile": "FROM a:1\nCOPY requirements.txt .\n", "requirements.txt": "a==1\n"}, {"Dockerfile": "FROM a:1\nCOPY requirements.txt .\n"})),
    Rule("consistency/spring-port", "warning", _SAME, "Spring Boot: server.port is the port the application listens on.", _is_spring, _spring,
         bad=({**_IMAGE, "src/main/resources/application.yml": "server:\n  port: 8080\n"}, {**_IMAGE, "application.properties": "server.port=8080\n"}), good=({**_IMAGE, "application.yml": "server:\n  port: 3000\n"}, {**_IMAGE, "application.yml": "management:\n  server:\n    port: 8080\n"})),
    Rule("consistency/task-port", "warning", _SAME, "Amazon ECS: containerPort is a port that the container listens on.", is_terraform, _tasks,
         bad=({**_IMAGE, "main.tf": _TASK.format(8080)},), good=({**_IMAGE, "main.tf": _TASK.format(3000)}, {"main.tf": _TASK.format(8080)})),
    Rule("consistency/filled-port", "warning", _SAME, "A pod's containerPort is one that the image listens on.", is_yaml, _filled_pods,
         bad=({**_IMAGE, **_FILLS, "a.yaml": _POD.format(8080)},), good=({**_IMAGE, **_FILLS, "a.yaml": _POD.format(3000)}, {**_IMAGE, **_FILLS, "a.yaml": _POD.format(8080).replace("relay", "redis:8")})),
    Rule("consistency/document-port", "warning", _SAME, "What a README tells to type is typed.", _is_readme, _documents,
         bad=({**_IMAGE, "README.md": "Listens on 8080.\n"}, {**_IMAGE, "README.md": "`curl localhost:8080/x`\n    curl -f localhost:8080/x\n"}, {**_SERVER, "README.md": "    curl http://localhost:8080/x\n"}, {**_IMAGE, "README.md": "It listens on port 8080; `curl http://localhost:8080/x` asks it.\n"}, {**_IMAGE, "README.md": "    curl http://localhost:8080/x\n"}, {**_IMAGE, "README.md": "    docker run -p 3000:8080 a\n"}),
         good=({**_SERVER, "README.md": "    PORT=8080 npm start\n    curl http://localhost:8080/x\n"}, {**_SERVER, "README.md": "    node server.js --port 8080\n    curl http://localhost:8080/x\n"}, {**_SERVER, "README.md": "    curl http://localhost:3000/x\n"}, {**_IMAGE, "README.md": "    docker run -p 8080:3000 a\n    curl http://localhost:8080/x\n"}, {**_IMAGE, "README.md": "    curl http://localhost:3000/x\nhttp://localhost:9\n"}, {**_IMAGE, "README.md": "    curl localhost:8080 or http://localhost:8080/\nIt listens on 8080.\n", "compose.yaml": "services: {a: {image: 'a:1', ports: ['8080:3000']}}\n"})),
)  # fmt: skip
