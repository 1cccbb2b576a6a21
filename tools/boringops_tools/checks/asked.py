"""Paths that probes, load balancers, scripts and documents ask, where only the code itself says what is answered."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from boringops_tools.checks import consistency, program
from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.deploys import workloads
from boringops_tools.checks.kubernetes import Object, containers, named, objects, pod_of
from boringops_tools.checks.terraform_ecs import is_terraform
from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import Block, read
from boringops_tools.yaml_files import is_compose, is_yaml

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_URL = lazy_pattern(r"(?:https?://|(?<=\s))(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d+))?(/[\w./-]+)")
_SERVICES = lazy_pattern(
    r"(?:^|/)(?:postgres|postgresql|redis|valkey|mysql|mariadb|mongo|mongodb|rabbitmq|kafka|memcached|elasticsearch|minio|nats|nginx|envoy|busybox)(?:[:@]|$)"
)
_TOLD = lazy_pattern(r"`(?:GET|HEAD) (/[\w./-]+)`")


def _why(files: Files, asked: str, *, here: bool = False) -> str:
    """Why nothing answers; empty where the rules that know the application by its framework say so themselves."""
    apps = files.stack.deployable
    if len(apps) == 1 and not here and consistency.unanswered(files, apps[0], asked):
        return ""
    return program.unnamed(files, asked)


def _image(files: Files, path: str) -> Iterator[Hit]:
    for stage in consistency.lineage(files, path)[:1]:
        check = stage.last("HEALTHCHECK")
        match = _URL.search(check.value) if check else None
        if check and match and (why := _why(files, match[2])):
            yield Hit(check.line, f"the health check asks `{match[2]}`: {why}")


def _services(files: Files, path: str) -> Iterator[Hit]:
    for name, service in consistency.services(files, path):
        test = mapping(service, "healthcheck").get("test")
        match = _URL.search(" ".join(map(str, test)) if isinstance(test, list) else str(test))
        if match and consistency.built_from(files, path, service) and (why := _why(files, match[2])):
            yield Hit(
                at((service["healthcheck"], "test")), f"service `{name}`: the health check asks `{match[2]}`: {why}"
            )


def _pods(files: Files, path: str) -> Iterator[Hit]:
    here = [each for each in objects(files, path) if list(containers(pod_of(each)))]
    if not here or len([each for each in workloads(files) if not _backing(each)]) != 1:
        return
    for thing in here:
        found = list(containers(pod_of(thing)))
        for key in _PROBES if len(found) == 1 and not _backing(thing) else ():
            get = mapping(found[0], key, "httpGet")
            asked = str(get.get("path") or "").partition("?")[0]
            if asked and (why := _why(files, asked)):
                yield Hit(at((get, "path")), f"{named(thing)}: {key} asks `{asked}`: {why}")


def _backing(thing: Object) -> bool:
    """Whether a workload runs what everybody runs beside an application."""
    return all(_SERVICES.search(str(each.get("image"))) for each in containers(pod_of(thing)))


def _clouds(files: Files, path: str) -> Iterator[Hit]:
    blocks = read(files.text(path))
    asking = [
        each
        for block in blocks
        if block.kind == "resource"
        and block.labels
        and re.match(
            r"google_cloud_run|azurerm_container_app|aws_lb_target_group$|aws_alb_target_group$", block.labels[0]
        )
        for each in _checks(block)
    ]
    running = {block.labels for block in blocks if block.kind == "resource" and any(True for _ in _checks(block))}
    for line, asked in asking if len(running) == 1 else ():
        if not consistency_says(files, path) and (why := _why(files, asked, here=True)):
            yield Hit(line, f"the health check asks `{asked}`: {why}")


def consistency_says(files: Files, path: str) -> bool:
    """Whether consistency/balancer-health has spoken of the file."""
    from boringops_tools.checks.health_elsewhere import balancers

    return any(True for _ in balancers(files, path))


def _checks(block: Block) -> Iterator[tuple[int, str]]:
    """(line, path) of everything in a resource that asks for health over HTTP."""
    for each in block.blocks:
        asked: Any = each.value("path")
        if each.kind in (
            "http_get",
            "health_check",
            "liveness_probe",
            "readiness_probe",
            "startup_probe",
        ) and isinstance(asked, str):
            yield each.line_of("path"), asked.partition("?")[0]
        yield from _checks(each)


def _scripts(files: Files, path: str) -> Iterator[Hit]:
    """Requests of a script to the program on the same machine, by its port."""
    ports = program.ports(files)
    for number, line in enumerate(files.text(path).splitlines() if ports else (), 1):
        for match in _URL.finditer(line) if re.search(r"\b(?:curl|wget|http)\b", line) else ():
            if match[1] and int(match[1]) in ports and (why := _why(files, match[2], here=True)):
                yield Hit(number, f"`{match[2]}` is asked: {why}")


def _documents(files: Files, path: str) -> Iterator[Hit]:
    """What a README tells of the health, by the words `GET /path` or a command that asks it."""
    ports = program.ports(files)
    for number, line in enumerate(files.text(path).splitlines(), 1):
        told = _TOLD.findall(line)
        told += [each[2] for each in _URL.finditer(line) if each[1] and int(each[1]) in ports and "curl" in line]
        for asked in told:
            if program.HEALTH.fullmatch(posixpath.basename(asked.rstrip("/"))) and (
                why := _why(files, asked, here=True)
            ):
                yield Hit(number, f"`{asked}` is written here: {why}")


def _is_script(path: str) -> bool:
    return path.endswith((".sh", ".bash")) or posixpath.basename(path) in ("Makefile", "justfile")


_CODE = {
    "src/main.rs": 'match path { Some("/healthz") => ok(), Some("/rates") => rates(), _ => lost() }\nlet name = "health";\n'
}
_PY = {
    "app.py": 'if self.path == "/healthz":\n    self.answer({"status": "ok"})\nelif self.path == "/alive":\n    pass\n'
}
_DOCKER = "FROM a:1\nEXPOSE 8080\nHEALTHCHECK CMD curl -f http://localhost:8080{}\n"
_POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: 'a/b:1', livenessProbe: {{httpGet: {{path: {}, port: 8080}}}}}}]}}\n"
_COMPOSE = "services:\n  a:\n    build: .\n    healthcheck: {{test: 'curl -f http://localhost:8080{}'}}\n"
_RUN = 'resource "google_cloud_run_v2_service" "a" {{\n  template {{\n    containers {{\n      liveness_probe {{\n        http_get {{\n          path = "{}"\n        }}\n      }}\n    }}\n  }}\n}}\n'
_REASON = "Ask a path that the program answers: a check that always fails takes it out of service."
_FINE = {"Dockerfile": _DOCKER.format("/healthz")}
_LIBRARY = {"requirements.txt": "django-health-check==3.20\n"}


def _rule(name: str, source: str, applies: Any, check: Any, file: str, text: str) -> Rule:
    fine, bad = text.format("/healthz"), text.format("/health")
    return Rule(
        f"consistency/{name}", "warning", _REASON, source, applies, check,
        bad=({**_FINE, **_CODE, file: bad}, {**_FINE, **_PY, file: bad}),
        good=(
            {**_FINE, **_CODE, file: fine}, {**_FINE, **_PY, file: text.format("/alive")}, {**_FINE, **_PY, file: bad, **_LIBRARY},
            {**_FINE, file: bad}, {**_FINE, **_PY, "b/Dockerfile": "FROM a:1\n", file: bad},
        ),
    )  # fmt: skip


RULES = (
    _rule("image-asks", "HEALTHCHECK asks the container's own program.", is_dockerfile, _image, "Dockerfile", _DOCKER),
    _rule("compose-asks", "A healthcheck asks the container's own program.", is_compose, _services, "compose.yaml", _COMPOSE),
    _rule("pod-asks", "An httpGet probe asks the container's own program.", is_yaml, _pods, "k8s/a.yaml", _POD),
    _rule("cloud-asks", "Probes and health checks of load balancers ask the program itself.", is_terraform, _clouds, "main.tf", _RUN),
    _rule("script-asks", "curl --fail ends with an error where a path is not answered.", _is_script, _scripts, "deploy.sh", "curl --fail http://127.0.0.1:8080{}\n"),
    _rule("document-asks", "What a README tells to ask is asked.", lambda path: posixpath.basename(path).lower() == "readme.md", _documents, "README.md", "`GET {}` says whether it runs.\n"),
)  # fmt: skip
