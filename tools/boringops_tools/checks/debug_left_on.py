"""Debug pages that are left on in what is deployed: the one module of Django's settings, images, pods."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import containers, named, objects, pod_of
from boringops_tools.dockerfile import is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml

_ASIDE = lazy_pattern(
    r"(?i)(?:^|[/._-])(?:local|dev|develop|development|debug|tests?|testing|ci|sandbox|examples?|docs?|demo|samples?|fixtures?|tutorials?|templates?|starter)(?=[/._-])"
)
_ON = lazy_pattern(r"(?m)^DEBUG\s*(?::\s*bool\s*)?=\s*(?:TEMPLATE_DEBUG\s*=\s*)?(?:True|1)\s*(?:#.*)?$")
# Whatever may say otherwise afterwards: another file, a further assignment, one in a branch.
_SET = lazy_pattern(
    r"(?m)^\s*(?:DEBUG\b[^=\n]*=|globals\(\)|locals\(\)|exec\(|execfile\(|from\s+\S+\s+import\s+\*|include\(|django_heroku|import_module)"
)
_DJANGO = lazy_pattern(r"(?m)^(?:SECRET_KEY|INSTALLED_APPS|ALLOWED_HOSTS|ROOT_URLCONF|DATABASES|MIDDLEWARE)\b")
_READS = lazy_pattern(r"\bos\.environ\b|\bgetenv\(|\benv(?:\.\w+)?\(|\bconfig\(")
_SERVER = lazy_pattern(r"(?i)\b(?:gunicorn|uwsgi|daphne|uvicorn|hypercorn|granian|mod_wsgi|waitress)\b")
_SERVED = ("Dockerfile", "Procfile", "requirements.txt", "pyproject.toml", "Pipfile")


def _django(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    found = list(_ON.finditer(text)) if _DJANGO.search(text) else []
    if len(found) != 1 or len(_SET.findall(text)) != 1:
        return
    package = posixpath.dirname(path)
    module = f"{posixpath.basename(package)}.settings"
    for each in files.all:
        if each == path or not each.endswith(".py"):
            continue
        # Another module of settings may be what is deployed, or take this one in.
        if "settings" in posixpath.basename(each) or re.search(r"(?:^|/)settings/", each):
            return
        if re.search(rf"from\s+(?:\.*settings|{re.escape(module)})\s+import\s+\*", files.text(each)):
            return
    served = any(_SERVER.search(files.text(each)) for name in _SERVED for each in files.by_name.get(name, ()))
    if _READS.search(text) or served:
        yield Hit(
            text.count("\n", 0, found[0].start()) + 1, "`DEBUG` is on wherever this is deployed: nothing else sets it"
        )


# A package of settings: what all of them take in, what developers and tests run with, and what may set it otherwise.
_BASE = lazy_pattern(r"(?:^|/)settings/(?:base|common|defaults?|shared)\.py$")
_AT_HOME = lazy_pattern(r"(?i)^(?:local|dev\w*|test\w*|ci|debug|docker_?dev\w*)(?:[._-].*)?\.py$")
_TAKES_IN = lazy_pattern(
    r"(?m)^\s*from\s+\S*(?:base|common|defaults?|shared)\s+import\s+\*|^\s*from\s+\.\s+import\s+\*"
)


def _package(files: Files, path: str) -> Iterator[Hit]:
    """The module that all others of the package take in, where none but a developer's says anything of `DEBUG`."""
    text = files.text(path)
    found = list(_ON.finditer(text)) if _DJANGO.search(text) else []
    if len(found) != 1 or len(_SET.findall(text)) != 1:
        return
    folder = posixpath.dirname(path)
    others = [each for each in files.all if posixpath.dirname(each) == folder and each.endswith(".py") and each != path]
    # Somebody's own module says it again: then what it is here, it is meant to be where others run.
    again = [each for each in others if _AT_HOME.match(posixpath.basename(each)) and _ON.search(files.text(each))]
    deployed = [each for each in others if not _AT_HOME.match(posixpath.basename(each))]
    live = [
        each for each in deployed if _TAKES_IN.search(files.text(each)) and posixpath.basename(each) != "__init__.py"
    ]
    silent = not any(re.search(r"\bDEBUG\b", files.text(each)) for each in deployed)
    if silent and (again or live):
        where = f"{live[0]} leaves it so" if live else f"{again[0]} sets it again, and nothing sets it off"
        yield Hit(text.count("\n", 0, found[0].start()) + 1, f"`DEBUG` is on wherever this is deployed: {where}")


_NAMES = lazy_pattern(r"FLASK_DEBUG|DJANGO_DEBUG|APP_DEBUG|LARAVEL_DEBUG|SYMFONY_DEBUG|WERKZEUG_DEBUG|DEBUG_MODE")
_TRUE = lazy_pattern(r"(?i)[\"']?(?:true|1|on|yes)[\"']?")


def _images(files: Files, path: str) -> Iterator[Hit]:
    """Of the stage that is deployed alone: others may be for development."""
    file = parse(files.text(path))
    for stage in file.lineage(file.stages[-1]) if file.stages else ():
        for each in stage.instructions:
            if each.name == "ENV" and not re.search(r"(?i)dev|test", stage.alias):
                for name, value in re.findall(r"(?<!\S)([A-Z_]+)[= ]([^\s=]+)", each.value):
                    if _NAMES.fullmatch(name) and _TRUE.fullmatch(value):
                        yield Hit(
                            each.line,
                            f"`{name}={value}` in the image: whoever asks gets to see what went wrong, and code",
                        )


def _pods(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        if re.search(r"(?i)dev|test|local", str(mapping(thing, "metadata").get("namespace"))):
            continue
        for container in containers(pod_of(thing)):
            for each in map(mapping, listed(container.get("env"))):
                if _NAMES.fullmatch(str(each.get("name"))) and _TRUE.fullmatch(str(each.get("value"))):
                    yield Hit(
                        at((each, "value")),
                        f"{named(thing)}: `{each['name']}` is on: whoever asks gets to see what went wrong, and code",
                    )


_SETTINGS = "import os\nSECRET_KEY = os.environ['SECRET_KEY']\nDEBUG = {}\nALLOWED_HOSTS = ['shop.example.com']\n"
_P = "config/settings.py"
_PLAIN = "SECRET_KEY = get_secret()\nDEBUG = True\nINSTALLED_APPS = []\n"
_POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: {}}}\nspec: {{containers: [{{name: a, image: 'a/b:1', env: [{{name: {}, value: '{}'}}]}}]}}\n"

RULES = (
    Rule("django/debug", "warning", "Take it from the environment, off unless it says otherwise.", "Django, Settings: never deploy a site into production with DEBUG turned on.", lambda path: posixpath.basename(path) == "settings.py" and not _ASIDE.search(f"{path}."), _django,
         bad=({_P: _SETTINGS.format("True")}, {_P: _SETTINGS.format("True  # for now")}, {_P: _PLAIN, "requirements.txt": "django\ngunicorn\n"}, {_P: _PLAIN.replace("DEBUG =", "DEBUG: bool ="), "Dockerfile": "FROM a:1\nCMD gunicorn config.wsgi\n"}),
         good=({_P: _SETTINGS.format("os.environ.get('DEBUG') == '1'")}, {_P: _SETTINGS.format("False")}, {_P: _SETTINGS.format("True") + "if os.environ.get('LIVE'):\n    DEBUG = False\n"}, {_P: _SETTINGS.format("True") + "from .local import *\n"},
               {_P: _SETTINGS.format("True"), "config/settings_production.py": "from .settings import *\nDEBUG = False\n"}, {_P: _SETTINGS.format("True"), "config/production.py": "from config.settings import *\nDEBUG = False\n"}, {_P: _PLAIN}, {"examples/config/settings.py": _SETTINGS.format("True")}, {_P: "import os\nDEBUG = True\n"})),
    Rule("django/base-debug", "warning", "Switch it off in what all settings take in, and on in those of developers.", "Django, Settings: never deploy a site into production with DEBUG turned on.", lambda path: bool(_BASE.search(path)) and not re.search(r"(?i)(?:^|/)(?:tests?|examples?|samples?|demo|docs?|tutorials?)/", path), _package,
         bad=({"a/settings/base.py": _PLAIN, "a/settings/development.py": "from .base import *\nDEBUG = True\n"}, {"a/settings/base.py": _PLAIN, "a/settings/production.py": "from .base import *  # noqa\nSECURE_SSL_REDIRECT = True\n"}, {"a/settings/common.py": _PLAIN, "a/settings/__init__.py": "", "a/settings/local.py": "from a.settings.common import *\nDEBUG = True\n"}),
         good=({"a/settings/base.py": _PLAIN, "a/settings/production.py": "from .base import *\nDEBUG = False\n"}, {"a/settings/base.py": _PLAIN.replace("True", "False"), "a/settings/local.py": "from .base import *\nDEBUG = True\n"}, {"a/settings/base.py": _PLAIN, "a/settings/local.py": "from .base import *\nEMAIL_HOST = 'localhost'\n"}, {"a/settings/base.py": _PLAIN, "a/settings/production.py": "from .base import *\nDEBUG = env('DEBUG')\n", "a/settings/local.py": "from .base import *\nDEBUG = True\n"})),
    Rule("docker/debug", "warning", "Leave it out: who develops sets it for himself.", "Flask, Django and Laravel: debug pages are for development.", lambda path: is_dockerfile(path) and not _ASIDE.search(f"{path}."), _images,
         bad=({"Dockerfile": "FROM a:1\nENV A=b FLASK_DEBUG=1\n"}, {"Dockerfile": "FROM a:1\nENV APP_DEBUG true\n"}),
         good=({"Dockerfile": "FROM a:1\nENV FLASK_DEBUG=0 APP_DEBUG=false DEBUG=app:*\n"}, {"Dockerfile": "FROM a:1 AS dev\nENV FLASK_DEBUG=1\nFROM a:1\n"}, {"Dockerfile.dev": "FROM a:1\nENV FLASK_DEBUG=1\n"})),
    Rule("kubernetes/debug", "warning", "Switch it off: what goes wrong is for the log.", "Flask, Django and Laravel: debug pages are for development.", lambda path: is_yaml(path) and not _ASIDE.search(f"{path}."), _pods,
         bad=({"k8s/a.yaml": _POD.format("shop", "DJANGO_DEBUG", "true")}, {"k8s/a.yaml": _POD.format("shop", "FLASK_DEBUG", "1")}),
         good=({"k8s/a.yaml": _POD.format("shop", "DJANGO_DEBUG", "false")}, {"k8s/a.yaml": _POD.format("shop-dev", "DJANGO_DEBUG", "true")}, {"k8s/overlays/dev/a.yaml": _POD.format("shop", "DJANGO_DEBUG", "true")})),
)  # fmt: skip
