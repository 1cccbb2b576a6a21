"""An image whose program tells of its health, where nothing in the repository asks it."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator

from boringops_tools.checks import program
from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.deploys import workloads
from boringops_tools.dockerfile import is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.health import lacks_check
from boringops_tools.yaml_files import is_compose

# What runs an image, and asks by itself or is told elsewhere to.
_PLATFORM = lazy_pattern(
    r"(?:^|/)(?:fly\.toml|render\.ya?ml|app\.ya?ml|Procfile|heroku\.yml|vercel\.json|railway\.(?:json|toml)|captain-definition|Chart\.yaml|kustomization\.ya?ml|skaffold\.ya?ml|Dockerrun\.aws\.json|cloudbuild\.ya?ml|service\.ya?ml|serverless\.ya?ml)$"
    r"|\.(?:tf|nomad|hcl|bicep|j2|container|service)$|(?:^|/)(?:k8s|kubernetes|helm|charts?|deploy\w*|manifests|terraform|infra\w*|ansible|roles)/|Pulumi"
)
_SCRIPT = lazy_pattern(r"(?:^|/)(?:health\w*|ping|status|alive|ready|live)\.php$")


def _unasked(files: Files, path: str) -> Iterator[Hit]:
    images = [each for each in files.all if is_dockerfile(each)]
    if len(images) != 1 or any(is_compose(each) or _PLATFORM.search(each) for each in files.all) or workloads(files):
        return
    file = parse(files.text(path))
    if not file.stages or not any(stage.last("EXPOSE") for stage in file.lineage(file.stages[-1])):
        return
    asked = [each for each in program.code(files) if _SCRIPT.search(each)] or list(program.answered(files))
    line = lacks_check(files.text(path))
    if asked and line is not None:
        yield Hit(line, f"the program tells of its health (`{asked[0]}`), and no HEALTHCHECK asks it")


_PY = {"app.py": 'if self.path == "/healthz":\n    self.answer({"status": "ok"})\n'}
_D = 'FROM python:3.14\nCOPY app.py ./\nEXPOSE 8080\n{}CMD ["python", "app.py"]\n'
_CHECK = (
    'HEALTHCHECK CMD ["python", "-c", "import urllib.request as u; u.urlopen(\'http://127.0.0.1:8080/healthz\')"]\n'
)

RULES = (
    Rule("health/unasked", "warning", "Add a HEALTHCHECK that asks it with a program which the image has.", "Dockerfile reference, HEALTHCHECK: how to test a container to see that it still works.", is_dockerfile, _unasked,
         bad=({**_PY, "Dockerfile": _D.format("")}, {"public/ping.php": "<?php\necho 'pong';\n", "app.Dockerfile": 'FROM php:8.4-apache\nCOPY public ./public\nEXPOSE 8081\nCMD ["apache2-foreground"]\n'}),
         good=({**_PY, "Dockerfile": _D.format(_CHECK)}, {**_PY, "Dockerfile": _D.format(""), "compose.yaml": "services: {a: {build: .}}\n"}, {**_PY, "Dockerfile": _D.format(""), "main.tf": "terraform {}\n"}, {**_PY, "Dockerfile": _D.format(""), "k8s/a.yaml": "a: 1\n"},
               {**_PY, "Dockerfile": _D.format("").replace("EXPOSE 8080\n", "")}, {"app.py": "1\n", "Dockerfile": _D.format("")}, {**_PY, "Dockerfile": _D.format("").replace("python:3.14", "gcr.io/distroless/python3")})),
)  # fmt: skip
