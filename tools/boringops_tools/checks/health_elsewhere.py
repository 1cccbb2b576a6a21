"""The path a load balancer asks, and actuator paths of probes, against what the application answers."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks import consistency
from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.deploys import workloads
from boringops_tools.checks.kubernetes import containers, named, objects, pod_of
from boringops_tools.checks.terraform_ecs import is_terraform, resources
from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.red_flags.hcl import read
from boringops_tools.yaml_files import is_yaml

_BUILDS = ("pom.xml", "build.gradle", "build.gradle.kts")


def balancers(files: Files, path: str) -> Iterator[Hit]:
    groups = list(resources(read(files.text(path)), "aws_lb_target_group"))
    apps = files.stack.deployable if groups else []
    if (
        len(groups) != 1
        or len(apps) != 1
        or len(files.stack.applications) != 1
        or not any(is_dockerfile(each) for each in files.all)
    ):
        return  # which application is asked, is not known
    for check in groups[0].inner("health_check"):
        asked = check.value("path")
        why = consistency.unanswered(files, apps[0], asked.partition("?")[0]) if isinstance(asked, str) else ""
        if why:
            yield Hit(check.line_of("path"), f"the health check asks `{asked}`: {why}")


def _actuator(files: Files) -> bool:
    """Whether the one thing that runs here is Spring Boot with its actuator, at its usual path, and no other health route."""
    builds = [each for name in _BUILDS for each in files.by_name.get(name, [])]
    text = "\n".join(map(files.text, builds))
    if len(builds) != 1 or "spring-boot" not in text or "actuator" not in text or len(workloads(files)) != 1:
        return False
    settings = "\n".join(
        files.text(each) for each in files.all if re.search(r"(?:^|/)application[\w-]*\.(?:ya?ml|properties)$", each)
    )
    return not re.search(r"base-path|context-path|path-mapping|additional-path", settings)


def _probes(files: Files, path: str) -> Iterator[Hit]:
    here = objects(files, path)
    if not any(pod_of(each) for each in here) or not files.once(_actuator):
        return
    sources = [each for each in files.all if each.endswith((".java", ".kt"))]
    for thing in here:
        found = list(containers(pod_of(thing)))
        for key in ("livenessProbe", "readinessProbe", "startupProbe") if len(found) == 1 else ():
            get = mapping(found[0], key, "httpGet")
            asked = str(get.get("path") or "")
            tail = asked.rstrip("/").rpartition("/")[2]
            if (
                re.search(r"health|live|ready", asked)
                and not asked.startswith("/actuator/")
                and not any(f"{tail}" in files.text(each) for each in sources)
            ):
                yield Hit(
                    at((get, "path")),
                    f"{named(thing)}: {key} asks `{asked}`; the actuator answers below /actuator/health, and nothing in the code names `{tail}`",
                )


_SERVER = {
    "package.json": '{"name": "shop", "main": "server.js", "scripts": {"start": "node server.js"}, "dependencies": {"express": "5"}}',
    "server.js": "const app = require('express')();\napp.get('/healthz', (q, r) => r.end());\napp.listen(3000);\n",
    "package-lock.json": '{"name": "shop", "lockfileVersion": 3, "packages": {}}', "Dockerfile": "FROM node:24\n",
}  # fmt: skip
_G = 'resource "aws_lb_target_group" "a" {{\n  health_check {{\n    path = "{}"\n  }}\n}}\n'
_POM = {
    "pom.xml": "<project><artifactId>spring-boot-starter-actuator</artifactId></project>\n",
    "src/A.java": "class A { }\n",
}
_P = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: 'a/b:1', livenessProbe: {{httpGet: {{path: {}, port: 8080}}}}}}]}}\n"
_REASON = "Ask a path that the application answers: what is asked elsewhere is taken out of service."

RULES = (
    Rule("consistency/balancer-health", "warning", _REASON, "Elastic Load Balancing: a target that does not answer its health check gets no requests.", is_terraform, balancers,
         bad=({**_SERVER, "main.tf": _G.format("/alive")},), good=({**_SERVER, "main.tf": _G.format("/healthz")}, {"main.tf": _G.format("/alive")}, {**_SERVER, "main.tf": _G.format("/alive") + _G.format("/x")})),
    Rule("consistency/actuator-path", "warning", _REASON, "Spring Boot reference, Actuator: health is answered at /actuator/health and its groups below it.", is_yaml, _probes,
         bad=({**_POM, "k8s/a.yaml": _P.format("/api/health/readiness")},), good=({**_POM, "k8s/a.yaml": _P.format("/actuator/health/readiness")}, {**_POM, "k8s/a.yaml": _P.format("/health"), "src/A.java": '@GetMapping("/health")\n'}, {**_POM, "k8s/a.yaml": _P.format("/health"), "application.yml": "management: {endpoints: {web: {base-path: /}}}\n"})),
)  # fmt: skip
