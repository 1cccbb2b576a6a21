"""Applications that tell of their health, where nothing in the repository asks them."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from boringops_tools.checks import consistency, program
from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.images import exposed
from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.patterns import lazy_pattern

# Who runs images and asks by itself: manifests of clusters, of platforms and of clouds.
_PLATFORMS = lazy_pattern(
    r"(?:^|/)(?:fly(?:\.[\w-]+)?\.toml|render\.ya?ml|app\.ya?ml|app\.json|railway\.(?:json|toml)|heroku\.yml|Procfile|Dockerrun\.aws\.json|nomad[^/]*|[^/]+\.nomad(?:\.hcl)?|"
    r"skaffold\.ya?ml|Chart\.ya?ml|kustomization\.ya?ml|cloudbuild\.ya?ml|service\.ya?ml|captain-definition|koyeb\.ya?ml|vercel\.json|copilot/[^/]+|devcontainer\.json|action\.ya?ml)$"
    r"|\.tf$|\.bicep$|(?:^|/)(?:k8s|kubernetes|helm|charts|deploy(?:ment)?s?|manifests|infra(?:structure)?|terraform|ansible|pulumi|cdk|\.devcontainer)/"
)
_INFRA = (".yml", ".yaml", ".json", ".tf", ".sh", ".toml", ".hcl", ".conf", ".service", ".j2", ".tpl", ".ts")


def _missing(files: Files, path: str) -> Iterator[Hit]:
    stages = consistency.lineage(files, path)
    ports, _ = exposed(files, path)
    images = [each for each in files.all if is_dockerfile(each)]
    if not stages or not ports or images != [path] or any(stage.last("HEALTHCHECK") for stage in stages):
        return
    if any(map(_PLATFORMS.search, files.all)):
        return
    apps = files.stack.applications
    health = (
        apps[0].health if len(apps) == 1 and (apps[0].folder or ".") == PurePosixPath(path).parent.as_posix() else None
    )
    sources = set(program.code(files))
    if health is None or not sources:
        return
    asking = [each for each in files.all if each not in sources and each.endswith(_INFRA) and "lock" not in each]
    if len(asking) <= 200 and not any(
        health.path in files.text(each) or re.search(r"(?i)health_?check|kind: *deployment", files.text(each))
        for each in asking
    ):
        yield Hit(
            stages[0].instruction.line,
            f"the application tells of its health at `{health.path}` ({health.source}), and nothing asks: the image has no HEALTHCHECK",
        )


_APP = {
    "package.json": '{"name": "shop", "main": "server.js", "scripts": {"start": "node server.js"}, "dependencies": {"express": "5"}}',
    "server.js": "const app = require('express')();\napp.get('/healthz', (q, r) => r.end());\napp.listen(3000);\n",
    "package-lock.json": '{"name": "shop", "lockfileVersion": 3, "packages": {}}',
}  # fmt: skip
_D = 'FROM node:24\nCOPY . .\nEXPOSE 3000\n{}CMD ["node", "server.js"]\n'

RULES = (
    Rule("dockerfile/unasked", "warning", "Ask it in a HEALTHCHECK, with a program that the image has; what hangs stays in service otherwise.", "The persona: health checks on every service.", is_dockerfile, _missing,
         bad=({**_APP, "Dockerfile": _D.format("")},),
         good=({**_APP, "Dockerfile": _D.format("HEALTHCHECK CMD node health.js\n")}, {**_APP, "Dockerfile": _D.format(""), "k8s/a.yaml": "kind: Deployment\n"}, {**_APP, "Dockerfile": _D.format(""), "compose.yaml": "services: {a: {build: ., healthcheck: {test: 'curl localhost:3000/healthz'}}}\n"},
               {**_APP, "Dockerfile": _D.format("").replace("EXPOSE 3000\n", "")}, {"Dockerfile": _D.format("")}, {**_APP, "Dockerfile": _D.format(""), "fly.toml": "app = 'a'\n"})),
)  # fmt: skip
