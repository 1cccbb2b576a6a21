"""What deployments set of the environment: every variable the code cannot do without, under the name that it reads."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from boringops.facts import Severity
from boringops_tools.checks import carriers, consistency
from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.carriers import Carrier
from boringops_tools.checks.kubernetes import containers, objects, pod_of
from boringops_tools.checks.variables import GIVEN, code, is_dotenv, near
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose, is_yaml

if TYPE_CHECKING:
    from boringops_tools.stack import Application
    from boringops_tools.stack.facts import EnvVar

# Files that start with the application whatever it does; what another one reads may be read by nobody.
_READ_AT_START = lazy_pattern(
    r"(?:settings|config|configuration|env|environment|constants|main|app|server|index|wsgi|asgi|application)\.\w+$"
)
_ASIDE = lazy_pattern(
    r"(?:^|/)(?:scripts?|tools?|bin|tests?|spec|e2e|examples?|docs|fixtures|benchmarks?|migrations|seeds?)/|(?:^|/)(?:test_[^/]*|conftest\.py|[^/]*[._](?:test|spec)\.\w+)$"
)
_CARRYING = lazy_pattern(
    r"\.(?:ya?ml|json|toml|tf|tfvars|hcl|sh|bash|tpl|env|properties|conf|ini|service)$|(?:^|/)(?:Dockerfile[^/]*|Makefile|Procfile|Jenkinsfile|justfile|\.env[^/]*|[^/]*\.j2)$"
)
_PIPELINE = lazy_pattern(r"^\.(?:github|gitlab|circleci)/|^\.gitlab-ci|Jenkinsfile|azure-pipelines")
_NAME = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]{2,}")
_MOST_FILES = 400
_MOST_BYTES = 200_000
# Of these languages the usual configuration reads names in any case, and takes separators for one another.
_LOOSE = ("java", "dotnet")


def _applies(path: str) -> bool:
    return is_yaml(path) or path.endswith(".tf") or carriers.is_task(path)


def _words(files: Files) -> dict[str, set[str]] | None:
    """Every word of what may bring variables, with the files that have it; null where there are too many."""
    from boringops_tools.stack.environment import is_example

    paths = [each for each in files.all if _CARRYING.search(each) and not is_example(each)]
    if len(paths) > _MOST_FILES:
        return None
    found: dict[str, set[str]] = {}
    for path in paths:
        text = files.text(path)
        for word in set(_NAME.findall(text)) if len(text) <= _MOST_BYTES else ():
            found.setdefault(word, set()).add(path)
    return found


def _missing(files: Files, path: str) -> Iterator[Hit]:
    found = carriers.of(files, path)
    if not found or (words := files.once(_words)) is None:
        return
    for carrier in found:
        absent = [each for each in _insisted(carrier.app) if not _given(carrier, each, path, words)]
        if not absent:
            continue
        surely = [each for each in absent if _at_start(carrier.app, each)]
        certain = carrier.usual and not carrier.more and bool(surely)
        told = ", ".join(f"`{each.name}` ({each.sources[0]})" for each in (surely if certain else absent))
        severity: Severity = "warning" if certain else "info"
        unless = "" if certain else "; whether something else brings it cannot be seen here"
        yield Hit(
            carrier.line,
            f"{carrier.where} does not set {told}, which the code fails without{unless}",
            severity=severity,
        )


def _insisted(app: Application) -> list[EnvVar]:
    """What the code cannot start without, as far as it is read where it runs."""
    return [
        each
        for each in code(app)
        if each.required and each.default is None and not GIVEN.fullmatch(each.name)
        and not all(_ASIDE.search(source.path) or is_dotenv(source.path) for source in each.sources)
    ]  # fmt: skip


def _at_start(app: Application, variable: EnvVar) -> bool:
    entry = app.entry.path if app.entry else ""
    return any(
        source.path == entry or _READ_AT_START.search(source.path)
        for source in variable.sources
        if not _ASIDE.search(source.path)
    )


def _given(carrier: Carrier, variable: EnvVar, path: str, words: dict[str, set[str]]) -> bool:
    """Whether a variable is set there, or by anything else in the repository that may be meant for the same container."""
    same = {variable.name.lower(), variable.name.lower().replace("_", "")}
    if any(
        name in same or near(name, {variable.name: True}) for name in (*map(str.lower, carrier.names), *carrier.names)
    ):
        return True  # under another spelling, which is a finding of its own
    elsewhere = {each for word in (variable.name, variable.name.lower()) for each in words.get(word, ())} - {path}
    if is_compose(path):
        elsewhere = {each for each in elsewhere if not _PIPELINE.search(each)}
    return bool(elsewhere)


def _misnamed(files: Files, path: str) -> Iterator[Hit]:
    found = carriers.of(files, path)
    every = {each.name for app in files.stack.applications for each in app.env} if found else set()
    for carrier in found:
        known = {each.name: each.required for each in code(carrier.app)}
        for name, line in carrier.names.items():
            source = carrier.filled.get(name, "")  # what it is set to may name the variable that is meant
            meant = "" if name in every else near(name, known) or (source if known.get(source) else "")
            if meant and meant not in carrier.names and not _same(files, carrier.app, name, meant):
                yield Hit(line or carrier.line, f"`{name}` is read nowhere; the code reads `{meant}`")
    if not is_compose(path) and is_yaml(path):
        yield from _maybe_misnamed(files, path)


def _same(files: Files, app: Application, name: str, meant: str) -> bool:
    """Whether the application takes one name for the other: by its framework's configuration, letter case does not count."""
    if app.language in _LOOSE:
        return re.sub(r"[_.-]", "", name).lower() == re.sub(r"[_.-]", "", meant).lower()
    if app.language != "python" or name.lower() != meant.lower():
        return False
    places = {source.path for each in app.env if each.name == meant for source in each.sources}
    return any("BaseSettings" in files.text(place) for place in places)


def _maybe_misnamed(files: Files, path: str) -> Iterator[Hit]:
    """The same of containers whose image may be built here: it bears somebody's name, and is none that all know."""
    own = [container for _, container, _ in consistency.own_containers(files, path)]
    for thing in objects(files, path):
        for container in containers(pod_of(thing)):
            if container in own or "/" not in str(container.get("image")):
                continue
            entries: list[Any] = [each for each in listed(container.get("env")) if mapping(each)]
            beside = {str(each.get("name")) for each in entries}
            known = {each.name: each.required for app in files.stack.applications for each in code(app)}
            for each in entries:
                name = str(each.get("name"))
                if name not in known and (meant := near(name, known)) and meant not in beside:
                    yield Hit(
                        at((each, "name")), f"`{name}` is read nowhere here; the code reads `{meant}`", severity="info"
                    )


_APP = {
    "app.py": "import os\nfrom flask import Flask\napp = Flask(__name__)\nLEVEL = os.environ['LOG_LEVEL']\n",
    "requirements.txt": "flask==3.1.2\ngunicorn==23.0.0\n",
    "Dockerfile": "FROM a:1\nCMD gunicorn app:app\n",
}
_FIELDS = {
    **_APP,
    "app.py": "from pydantic_settings import BaseSettings\nfrom fastapi import FastAPI\nclass S(BaseSettings):\n    log_level: str\ns = S()\napp = FastAPI()\n",
    "requirements.txt": "fastapi\nuvicorn\npydantic-settings\n",
}
_C = "services:\n  a:\n    build: .\n    environment: {{{}: info}}\n"
_BARE = "services:\n  a:\n    build: .\n"
_POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n  - name: a\n    image: ghcr.io/acme/shop:1\n{}"
_ENV = "    env: [{{name: {}, value: x}}]\n"
_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{{}: x}}\n"
_FROM = "    envFrom: [{configMapRef: {name: c}}]\n"
_ECS = 'resource "aws_ecs_task_definition" "a" {{\n  container_definitions = jsonencode([{{\n    name = "a"\n    image = var.image\n    environment = {}\n  }}])\n}}\n'
_RUN = 'resource "google_cloud_run_v2_service" "a" {{\n  template {{\n    containers {{\n      image = var.image\n      env {{\n        name = "{}"\n        value = "x"\n      }}\n    }}\n  }}\n}}\n'
_TASK = (
    '{{"containerDefinitions": [{{"name": "a", "image": "a/b:1", "environment": [{{"name": "{}", "value": "x"}}]}}]}}\n'
)


def _one(name: str) -> str:
    return f'[{{ name = "{name}", value = "x" }}]'


RULES = (
    Rule(
        "consistency/variable-name", "warning", "Set the variable under the name the code reads.",
        "A variable that nothing reads has no effect.", _applies, _misnamed,
        bad=(
            {"compose.yaml": _C.format("LOGLEVEL"), **_APP}, {"compose.yaml": _C.format("log_level"), **_APP},
            {"compose.yaml": "services:\n  a:\n    build: .\n    environment: {LVL: '${LOG_LEVEL:-info}'}\n", **_APP},
            {"k8s/a.yaml": _POD.format(_ENV.format("LOG_LEVL")), **_APP}, {"main.tf": _ECS.format(_one("LOGLEVEL")), **_APP},
            {"k8s/a.yaml": _POD.format(_FROM), "k8s/c.yaml": _MAP.format("LOG-LEVEL"), **_APP},
            {"main.tf": _RUN.format("LOGLEVEL"), **_APP}, {"ecs/task-definition.json": _TASK.format("LOGLEVEL"), **_APP},
        ),
        good=(
            {"compose.yaml": _C.format("LOG_LEVEL"), **_APP}, {"compose.yaml": _C.format("OTHER_THING"), **_APP},
            {"compose.yaml": _C.format("LOGLEVEL, LOG_LEVEL"), **_APP},
            {"compose.yaml": "services:\n  a:\n    build: .\n    environment: {LVL: '${LOG_LEVEL:-info}', LOG_LEVEL: info}\n", **_APP}, {"compose.yaml": _C.format("log_level"), **_FIELDS},
            {"k8s/a.yaml": _POD.replace("ghcr.io/acme/shop:1", "postgres:18").format(_ENV.format("LOGLEVEL")), **_APP},
            {"main.tf": _ECS.format(_one("LOG_LEVEL")), **_APP}, {"main.tf": _RUN.format("LOG_LEVEL"), **_APP},
            {"compose.yaml": "services:\n  a:\n    image: b/c:1\n    environment: {LOGLEVEL: info}\n", **_APP},
        ),
    ),
    Rule(
        "consistency/variable-missing", "warning", "Set it where the container is described, from a secret store where it is a secret.",
        "A container has the variables of its image and those it is given, and no others.", _applies, _missing,
        bad=(
            {"compose.yaml": _BARE, **_APP}, {"compose.yaml": _C.format("OTHER"), **_APP},
            {"k8s/a.yaml": _POD.format(_ENV.format("OTHER")), **_APP}, {"k8s/a.yaml": _POD.format(""), **_APP},
            {"k8s/a.yaml": _POD.format(_FROM), "k8s/c.yaml": _MAP.format("OTHER"), **_APP},
            {"main.tf": _ECS.format(_one("OTHER")), **_APP}, {"main.tf": _RUN.format("OTHER"), **_APP},
            {"ecs/task-definition.json": _TASK.format("OTHER"), **_APP},
        ),
        good=(
            {"compose.yaml": _C.format("LOG_LEVEL"), **_APP}, {"compose.yaml": _C.format("LOGLEVEL"), **_APP},
            {"compose.yaml": _BARE, **_APP, "app.py": _APP["app.py"].replace("environ['LOG_LEVEL']", "environ.get('LOG_LEVEL')")},
            {"compose.yaml": _BARE, **_APP, "Dockerfile": "FROM a:1\nENV LOG_LEVEL=info\n"},
            {"compose.yaml": _BARE, "compose.override.yaml": _C.format("LOG_LEVEL"), **_APP},
            {"compose.yaml": _BARE, ".env": "LOG_LEVEL=info\n", **_APP}, {"compose.yaml": _BARE, "start.sh": "export LOG_LEVEL=info\n", **_APP},
            {"compose.yaml": "services:\n  a:\n    image: b/c:1\n", **_APP}, {"compose.yaml": _BARE, "scripts/seed.py": "import os\nX = os.environ['SEED']\n", **_APP, "app.py": "from flask import Flask\napp = Flask(__name__)\n"},
            {"compose.yaml": _C.format("log_level"), **_FIELDS},
            {"k8s/a.yaml": _POD.format(_ENV.format("LOG_LEVEL")), **_APP}, {"k8s/a.yaml": _POD.format(_FROM), "k8s/c.yaml": _MAP.format("LOG_LEVEL"), **_APP},
            {"k8s/a.yaml": _POD.format(""), "k8s/overlay/patch.yaml": "env: [{name: LOG_LEVEL}]\n", **_APP},
            {"k8s/a.yaml": _POD.replace("ghcr.io/acme/shop:1", "postgres:18").format(""), **_APP},
            {"main.tf": _ECS.format(_one("LOG_LEVEL")), **_APP}, {"main.tf": _RUN.format("OTHER"), "variables.tf": 'variable "LOG_LEVEL" {}\n', **_APP},
            {"main.tf": _RUN.format("OTHER").replace("a\" {", "a\" {\n", 1) + _RUN.format("OTHER"), **_APP},
        ),
    ),
)  # fmt: skip
