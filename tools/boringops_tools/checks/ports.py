"""Ports that settings, clouds, proxies and documents name, against where the program listens."""

# ruff: noqa: E501 - an example reads best on one line, and its server listens where a container's has to

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks import consistency, program
from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.images import exposed
from boringops_tools.checks.service_env import may_tell_port
from boringops_tools.checks.started_ports import unit_ports
from boringops_tools.checks.terraform_ecs import definitions, is_terraform, resources, whole
from boringops_tools.checks.variables import is_example
from boringops_tools.dockerfile import assignments, is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import Block, read
from boringops_tools.yaml_files import is_compose

# What programs of that name listen on, by the variable's own name.
_LISTENS = lazy_pattern(
    r"(?:PORT|APP_PORT|HTTP_PORT|SERVER_PORT|LISTEN_PORT|LISTEN_ADDR(?:ESS)?|BIND_ADDR(?:ESS)?|ASPNETCORE_(?:HTTP_PORTS|URLS)|UVICORN_PORT|SERVER_NAME|NITRO_PORT)"
)
_NUMBER = lazy_pattern(r"(?:^|:)(\d{2,5})$")


def _environment(files: Files, path: str) -> Iterator[Hit]:
    """The variable by which an image tells its program where to listen, beside EXPOSE."""
    file = parse(files.text(path))
    ports, line = exposed(files, path)
    if not ports or not file.stages:
        return
    said: dict[str, tuple[int, int]] = {}
    for stage in reversed(file.lineage(file.stages[-1])):
        for each in stage.instructions:
            for name, value in assignments(each.value).items() if each.name == "ENV" else ():
                if _LISTENS.fullmatch(name) and (match := _NUMBER.search(value.strip("\"'/ "))):
                    said[name] = (int(match[1]), each.line)
    text = "\n".join(
        one for one in files.text(path).splitlines() if not one.lstrip().upper().startswith(("EXPOSE", "ENV", "#"))
    )
    # Its command or its health check may name the exposed one: then the variable is for something else.
    told = any(re.search(rf"(?<!\d){port}(?!\d)", text) for port in ports)
    if said and not told and not ports & {port for port, _ in said.values()}:
        name, (port, _) = next(iter(said.items()))
        yield Hit(
            line,
            f"the image exposes {', '.join(map(str, sorted(ports)))}, and `{name}` makes its program listen on {port}",
        )


def _image(files: Files) -> tuple[str, set[int]]:
    """The one Dockerfile and what its image exposes; none where there are more."""
    images = [each for each in files.all if is_dockerfile(each)]
    ports = exposed(files, images[0])[0] if len(images) == 1 else set()
    return (images[0] if ports else ""), ports


def _clouds(files: Files, path: str) -> Iterator[Hit]:
    """The port of the one container that Terraform runs by a managed service."""
    image, ports = _image(files)
    found = [
        (each, key) for block in read(files.text(path)) if image and block.kind == "resource" and re.match(r"google_cloud_run(?:_v2)?_service$|azurerm_container_app$", (*block.labels, "")[0])
        for each, key in _ports(block)
    ]  # fmt: skip
    for each, key in found if len(found) == 1 else ():
        port = whole(each.value(key))
        if (
            port
            and port not in ports
            and not re.search(rf"(?<!\d){port}(?!\d)", files.text(image) + _named(files, path, port))
        ):
            yield Hit(
                each.line_of(key),
                f"the container is asked at port {port}; {image} exposes {', '.join(map(str, sorted(ports)))}",
            )


def _named(files: Files, path: str, port: int) -> str:
    """What else in the file speaks of a port: a variable that tells the program to listen there."""
    return "".join(
        line for line in files.text(path).splitlines() if re.search(rf"value\s*=\s*\"?:?{port}\"?\s*$", line)
    )


def _ports(block: Block) -> Iterator[tuple[Block, str]]:
    for each in block.blocks:
        for kind, key in (("ports", "container_port"), ("ingress", "target_port")):
            if each.kind == kind and whole(each.value(key)):
                yield each, key
        yield from _ports(each)


def _targets(files: Files, path: str) -> Iterator[Hit]:
    """A target group of addresses and the one task that it is for; 80 and 443 are what people write where it is not read."""
    blocks = read(files.text(path))
    groups = [each for each in resources(blocks, "aws_lb_target_group") if each.value("target_type") == "ip"]
    tasks = list(resources(blocks, "aws_ecs_task_definition"))
    made = definitions(tasks[0]) if len(groups) == len(tasks) == 1 else None
    mapped = [mapping(each).get("containerPort") for one in made or () for each in (one.get("portMappings") or ())]
    port = whole(groups[0].value("port")) if made and len(made) == 1 and len(mapped) == 1 else None
    if port and port not in (80, 443) and whole(mapped[0]) and whole(mapped[0]) != port:
        yield Hit(groups[0].line_of("port"), f"the target group has port {port}, and the task's container {mapped[0]}")


_PASS = lazy_pattern(
    r"(?m)^\s*(?:proxy_pass\s+https?://|server\s+|reverse_proxy\s+(?:https?://)?|fastcgi_pass\s+)(?:127\.0\.0\.1|localhost):(\d{2,5})\b"
)


def _proxies(files: Files, path: str) -> Iterator[Hit]:
    """A proxy that sends to a port of its own host at which nothing of the repository listens, where the program has another."""
    text = files.text(path)
    sent = {int(match[1]): match for match in _PASS.finditer(text)}
    known = program.ports(files) if sent else frozenset[int]()
    apps = len(files.stack.applications)
    # A unit tells it, too, where there is no other proxy: that one may be for what the unit starts.
    if (
        sent
        and not known
        and apps <= 1
        and not any(_PASS.search(files.text(x)) for x in files.all if x != path and _is_proxy(x))
    ):
        known, apps = files.once(unit_ports), 1
    if not known or apps != 1 or known & set(sent) or len(sent) != 1:
        return
    port, match = next(iter(sent.items()))
    others = "\n".join(
        files.text(each)[:100_000]
        for each in files.all[:400]
        if each != path and "lock" not in posixpath.basename(each)
    )
    if len(files.all) <= 400 and not re.search(rf"(?<!\d){port}(?!\d)", others):
        yield Hit(
            text.count("\n", 0, match.start(1)) + 1,
            f"nothing listens on {port}; the program does on {', '.join(map(str, sorted(known)))}",
        )


def _is_proxy(path: str) -> bool:
    return path.endswith(".conf") or posixpath.basename(path) in ("nginx.conf", "Caddyfile", "default.conf.template")


_SET = lazy_pattern(r"(?m)^PORT=[\"']?(\d{2,5})[\"']?\s*$")


def _examples(files: Files, path: str) -> Iterator[Hit]:
    """An example with another port than the code falls back to and everything else in the repository names."""
    text = files.text(path)
    match = _SET.search(text)
    apps = files.stack.applications if match else []
    if match is None or len(apps) != 1 or posixpath.dirname(path):
        return
    port = match[1]
    code = "\n".join(files.text(each) for each in program.code(files))
    own = re.search(
        r"""(?:environ(?:\.get)?|getenv|Getenv|env|fetch)\W{1,3}["']?PORT["']?\]?\)?\s*(?:,|\?\?|\|\||or)\s*["']?(\d{4,5})\b""",
        code,
    )
    others = [
        each
        for each in files.all[:400]
        if each != path and not is_example(each) and "lock" not in posixpath.basename(each)
    ]
    naming = [
        each
        for each in others
        if own and each not in program.code(files) and re.search(rf"(?<!\d){own[1]}(?!\d)", files.text(each))
    ]
    if (
        own
        and own[1] != port
        and naming
        and not any(re.search(rf"(?<!\d){port}(?!\d)", files.text(each)) for each in others)
    ):
        yield Hit(
            text.count("\n", 0, match.start()) + 1,
            f"`PORT={port}`; the code falls back to {own[1]}, and {naming[0]} names that, too",
        )


_ASKS = lazy_pattern(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):(\d{2,5})\b")


def _compose_health(files: Files, path: str) -> Iterator[Hit]:
    """The port that a health check of Compose asks in a container that is built here."""
    for name, service in consistency.services(files, path):
        test = mapping(service, "healthcheck").get("test")
        match = _ASKS.search(" ".join(map(str, test)) if isinstance(test, list) else str(test))
        built = consistency.built_from(files, path, service) if match else None
        ports = exposed(files, built[1])[0] if built and not {"extends", "network_mode"} & set(service) else set[int]()
        if match is None or built is None or not ports or int(match[1]) in ports:
            continue
        told = f"{service.get('environment')} {service.get('command')} {service.get('entrypoint')} {service.get('expose')} {service.get('ports')}"
        beside = "\n".join(line for line in files.text(built[1]).splitlines() if "HEALTHCHECK" not in line)
        file = may_tell_port(files, path, service, int(match[1]))
        if not file and not re.search(rf"(?<!\d){match[1]}(?!\d)", told + beside):
            yield Hit(
                at((service["healthcheck"], "test")),
                f"service `{name}`: the health check asks port {match[1]}; {built[1]} exposes {', '.join(map(str, sorted(ports)))}",
            )


_RUN = 'resource "google_cloud_run_v2_service" "a" {{\n  template {{\n    containers {{\n      ports {{\n        container_port = {}\n      }}\n    }}\n  }}\n}}\n'
_APP = 'resource "azurerm_container_app" "a" {{\n  ingress {{\n    target_port = {}\n  }}\n}}\n'
_LB = 'resource "aws_lb_target_group" "a" {{\n  target_type = "ip"\n  port = {}\n}}\nresource "aws_ecs_task_definition" "a" {{\n  container_definitions = jsonencode([{{ name = "a", portMappings = [{{ containerPort = 3000 }}] }}])\n}}\n'
_IMAGE = {"Dockerfile": "FROM a:1\nENV PORT=3000\nEXPOSE 3000\n"}
_PY = {
    "app.py": "import os\nfrom flask import Flask\napp = Flask(__name__)\napp.run(port=int(os.environ.get('PORT', '3000')))\n",
    "requirements.txt": "flask==3.1.2\n",
}
_JS = {
    "package.json": '{"name": "a", "scripts": {"start": "node server.js"}}',
    "server.js": "require('http').createServer(answer).listen(process.env.PORT ?? 3000);\n",
}
_CONF = "server {{\n  location / {{\n    proxy_pass http://127.0.0.1:{};\n  }}\n}}\n"
_COMPOSE = {"compose.yaml": "services: {a: {image: 'a:1', ports: ['3000:3000']}}\n"}
_HEALTH = "services:\n  a:\n    build: .\n    healthcheck: {{test: 'curl -f http://localhost:{}/x'}}\n"
_SAME = "Let the image, who asks it and the documents say the same port."

RULES = (
    Rule("dockerfile/exposed-port", "warning", _SAME, "EXPOSE says on which ports the container listens at run time.", is_dockerfile, _environment,
         bad=({"Dockerfile": "FROM a:1\nENV PORT=8080\nEXPOSE 3000\nCMD a\n"}, {"Dockerfile": "FROM a:1\nENV A=1 ASPNETCORE_URLS=http://+:8080\nEXPOSE 80\nCMD a\n"}, {"Dockerfile": "FROM a:1 AS b\nENV SERVER_NAME=\":8080\"\nFROM b\nEXPOSE 80/tcp\n"}),
         good=(_IMAGE, {"Dockerfile": "FROM a:1\nENV PORT=8080\nEXPOSE 8080 9090\n"}, {"Dockerfile": "FROM a:1\nENV PORT=8080\nEXPOSE $PORT\n"}, {"Dockerfile": "FROM a:1\nENV PORT=8080\nEXPOSE 3000\nCMD serve --port 3000\n"}, {"Dockerfile": "FROM a:1\nENV DB_PORT=5432\nEXPOSE 3000\n"})),
    Rule("consistency/cloud-port", "warning", _SAME, "Cloud Run and Container Apps send requests to the container's port.", is_terraform, _clouds,
         bad=({**_IMAGE, "main.tf": _RUN.format(9000)}, {**_IMAGE, "main.tf": _APP.format(80)}), good=({**_IMAGE, "main.tf": _RUN.format(3000)}, {**_IMAGE, "main.tf": _RUN.format("var.port")}, {"main.tf": _RUN.format(9000)}, {**_IMAGE, "b/Dockerfile": "FROM a:1\n", "main.tf": _APP.format(80)})),
    Rule("consistency/target-port", "warning", _SAME, "Elastic Load Balancing: targets of type ip are asked at the group's port, as long as nobody registers them with another.", is_terraform, _targets,
         bad=({"main.tf": _LB.format(8080)},), good=({"main.tf": _LB.format(3000)}, {"main.tf": _LB.format(80)}, {"main.tf": _LB.format(8080).replace('"ip"', '"instance"')})),
    Rule("consistency/proxy-port", "warning", _SAME, "NGINX, proxy_pass: where the program listens.", _is_proxy, _proxies,
         bad=({**_JS, "deploy/a.conf": _CONF.format(3030)}, {"a.service": "[Service]\nExecStart=/usr/bin/a --port 3000\n", "a.conf": _CONF.format(3030)}), good=({"a.service": "[Service]\nExecStart=/usr/bin/a --port 3000\n", "a.conf": _CONF.format(3000)}, {"a.service": "[Service]\nExecStart=/usr/bin/a\n", "a.conf": _CONF.format(3030)}, {**_JS, "deploy/a.conf": _CONF.format(3000)}, {**_JS, "a.sh": "ssh -L 3030:b:80\n", "deploy/a.conf": _CONF.format(3030)}, {"deploy/a.conf": _CONF.format(3030)})),
    Rule("consistency/compose-health-port", "warning", _SAME, "A healthcheck runs inside of the container and asks its own program.", is_compose, _compose_health,
         bad=({**_IMAGE, "compose.yaml": _HEALTH.format(5000)},), good=({**_IMAGE, "compose.yaml": _HEALTH.format(3000)}, {**_IMAGE, "compose.yaml": _HEALTH.format(5000) + "    environment: {PORT: '5000'}\n"}, {**_IMAGE, "compose.yaml": _HEALTH.format(5000) + "    env_file: .env\n"}, {"Dockerfile": "FROM a:1\n", "compose.yaml": _HEALTH.format(5000)})),
    Rule("env/example-port", "warning", _SAME, "Who starts it copies the example.", is_example, _examples,
         bad=({**_PY, **_COMPOSE, ".env.example": "PORT=9000\n"},), good=({**_PY, **_COMPOSE, ".env.example": "PORT=3000\n"}, {**_PY, ".env.example": "PORT=9000\n"}, {**_PY, **_COMPOSE, "README.md": "It listens on 9000.\n", ".env.example": "PORT=9000\n"})),
)  # fmt: skip
