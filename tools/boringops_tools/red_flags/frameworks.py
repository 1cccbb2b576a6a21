"""Settings of web frameworks that belong on a developer's machine: debug pages, any host, every management endpoint."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.yaml_files import documents, is_yaml, line_of, walk

_NEVER = "Disable security features for convenience"
_AT_HOME = lazy_pattern(
    r"(?:^|[/._-])(?:local|dev|develop|development|tests?|testing|ci|sandbox|examples?|docs?|demo|sample|fixtures?)(?=[/._-])",
    re.I,
)
_LIVE = lazy_pattern(
    r"(?:^|[/._-])(?:production|prod|live|staging|stage)\.(?:py|rb|json|ya?ml|properties|toml|env|ini|php|js|ts)$|(?:^|/)\.env\.(?:production|prod|staging)$",
    re.I,
)
_DEBUG = {
    "py": r"DEBUG\s*=\s*(?:True|1)\s*(?:#.*)?$",
    "rb": r"\s*config\.(?:consider_all_requests_local\s*=\s*true|force_ssl\s*=\s*false)\s*(?:#.*)?$",
    "env": r"(?:export\s+)?(?:APP_DEBUG|DEBUG|DJANGO_DEBUG|FLASK_DEBUG)\s*=\s*[\"']?(?:true|1|on|yes)[\"']?\s*$",
    "properties": r"(?:debug|server\.error\.include-stacktrace)\s*[=:]\s*(?:true|always)\s*$",
}  # fmt: skip


def _debug(path: str, text: str) -> Iterable[Hit]:
    name = posixpath.basename(path)
    pattern = _DEBUG.get("env" if name.startswith(".env") else name.rpartition(".")[2])
    for number, line in enumerate(text.splitlines() if pattern else (), 1):
        if pattern and re.match(pattern, line, re.I if name.startswith(".env") else 0):
            yield Hit(number, f"`{line.strip()[:60]}` in what production runs with")
    if name.endswith(".json"):
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            return
        for key in told if isinstance(told, dict) else ():
            if key.lower() in ("debug", "detailederrors") and told[key] is True:
                place = next((at for at, each in enumerate(text.splitlines(), 1) if key in each), None)
                yield Hit(place, f"`{key}` is on in what production runs with")


_HOSTS = lazy_pattern(r"(?m)^(ALLOWED_HOSTS\s*(?::[^=\n]*)?=\s*[\[(]\s*[\"']\*[\"']\s*,?\s*[\])])")


def _any_host(_: str, text: str) -> Iterable[Hit]:
    if match := _HOSTS.search(text):
        yield Hit(
            text.count("\n", 0, match.start()) + 1,
            f"`{match[1]}`: whoever asks may name any host, and gets links to it",
        )


_EXPOSED = lazy_pattern(r"(?m)^\s*management\.endpoints\.web\.exposure\.include\s*[=:]\s*[\"']?\*[\"']?\s*$")


def _exposes(path: str, text: str) -> Iterable[Hit]:
    what = "every management endpoint is answered over HTTP: heap dumps and the environment, too"
    for match in _EXPOSED.finditer(text):
        yield Hit(text.count("\n", 0, match.start()) + 1, what)
    for document in documents(text) if is_yaml(path) and "exposure" in text else ():
        for parent, key, value in walk(document):
            listed = value if isinstance(value, list) else [value]
            if key == "include" and "*" in listed and _is_exposure(document, parent):
                yield Hit(line_of(parent, key), what)


def _is_exposure(document: object, wanted: object) -> bool:
    """Whether a mapping is `management.endpoints.web.exposure` of a document, however much of it is one dotted key."""
    found = [(document, "")]
    while found:
        value, name = found.pop()
        if value is wanted:
            return name.endswith("management.endpoints.web.exposure")
        if isinstance(value, dict):
            found += [(inner, f"{name}.{key}") for key, inner in value.items()]
    return False


def is_live(path: str) -> bool:
    """Whether a file has the settings of production."""
    return bool(_LIVE.search(path))


def is_boot(path: str) -> bool:
    return bool(
        re.fullmatch(r"(?:application|bootstrap)(?:-[\w-]+)?\.(?:ya?ml|properties)", posixpath.basename(path))
    ) and not _AT_HOME.search(path)


def is_django_settings(path: str) -> bool:
    named = posixpath.basename(path) == "settings.py" or bool(re.search(r"(?:^|/)settings/(?!__init__)\w+\.py$", path))
    return named and not _AT_HOME.search(path)


RED_FLAGS = (
    RedFlag(
        "settings/debug", _NEVER, "error", "Switch it off: what goes wrong is for the log, not for whoever asks.", applies=is_live, check=_debug,
        bad={
            "shop/settings/production.py": "from .base import *\nDEBUG = True\n", "config/environments/production.rb": "Rails.application.configure do\n  config.consider_all_requests_local = true\nend\n",
            ".env.production": "APP_DEBUG=true\n", "application-prod.properties": "debug=true\n", "appsettings.Production.json": '{"DetailedErrors": true}\n',
        },
        good={
            "shop/settings/production.py": "DEBUG = False\nDEBUG = env.bool('DEBUG', False)\n", "shop/settings/local.py": "DEBUG = True\n", "config/environments/production.rb": "  # config.force_ssl = false\n",
            ".env.production": "APP_DEBUG=false\nDEBUG=app:*\n", ".env.example": "APP_DEBUG=true\n",
        },
    ),
    RedFlag(
        "settings/any-host", _NEVER, "warning", "Name the hosts that it is asked by.", applies=is_django_settings, check=_any_host,
        bad={"shop/settings/base.py": 'ALLOWED_HOSTS = ["*"]\n', "shop/settings.py": "ALLOWED_HOSTS = ['*',]\n"},
        good={"shop/settings/base.py": 'ALLOWED_HOSTS = os.environ["HOSTS"].split(",")\n', "shop/settings/local.py": 'ALLOWED_HOSTS = ["*"]\n', "shop/settings.py": "if DEBUG:\n    ALLOWED_HOSTS = ['*']\n"},
    ),
    RedFlag(
        "settings/all-endpoints", _NEVER, "warning", "List those that are asked: health, info, prometheus.", applies=is_boot, check=_exposes,
        bad={
            "src/main/resources/application.yaml": 'management:\n  endpoints:\n    web:\n      exposure:\n        include: "*"\n', "application.properties": "management.endpoints.web.exposure.include=*\n",
            "application.yml": "management.endpoints.web.exposure:\n  include: ['*']\n",
        },
        good={
            "application.yaml": "management:\n  endpoints:\n    web:\n      exposure:\n        include: health,info\n    jmx:\n      exposure:\n        include: '*'\n",
            "application-local.yaml": 'management:\n  endpoints:\n    web:\n      exposure:\n        include: "*"\n', "application.properties": "management.endpoints.web.exposure.include=health\n",
        },
    ),
)  # fmt: skip
