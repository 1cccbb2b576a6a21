"""Settings of Django that are open unless a variable closes them, and connections to databases in the clear."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.frameworks import is_django_settings

_NEVER = "Disable security features for convenience"
_NAME = r"[\"'][\w.]+[\"']"
_ON = r"(?:True|1|[\"'](?:true|True|TRUE|1|yes|on)[\"'])"
# os.environ.get("DEBUG", "true"), os.getenv("DEBUG", default=True), env.bool("DEBUG", default=True), config("DEBUG", default=True)
_DEBUG = lazy_pattern(
    rf"(?m)^DEBUG\s*(?::\s*bool\s*)?=\s*[^#\n]*?\b(?:get|getenv|bool|config|env|str_to_bool|strtobool)\(\s*{_NAME}\s*,\s*(?:default\s*=\s*)?{_ON}(?!\w)[^\n]*"
)
_HOSTS = lazy_pattern(
    rf"(?m)^ALLOWED_HOSTS\s*(?::[^=\n]*)?=\s*[^#\n]*?\b(?:get|getenv|list|config|env)\(\s*{_NAME}\s*,\s*(?:default\s*=\s*)?\[?\s*[\"']\*[\"'][^\n]*"
)
_CLEAR = lazy_pattern(r"(?m)^[^#\n]*[\"']sslmode[\"']\s*:\s*[\"'](?:disable|allow)[\"']")
_HOST = lazy_pattern(r"[\"']HOST[\"']\s*:\s*([^\n]*)")
_LOCAL = lazy_pattern(r"^[\"'](?:localhost|127\.0\.0\.1|::1|/[^\"']*|db|postgres|database|)[\"']")


def _compares_otherwise(line: str) -> bool:
    """Whether what is read is compared with the word for off, or turned round."""
    return bool(re.search(r"[!=]=\s*[\"']?(?:false|0|no|off)\b|\bnot\b|\bnot in\b|!=", line, re.I))


def _defaults(_: str, text: str) -> Iterable[Hit]:
    for match in _DEBUG.finditer(text):
        if not _compares_otherwise(match[0]):
            yield Hit(
                text.count("\n", 0, match.start()) + 1,
                "DEBUG is on wherever nobody switches it off: whoever asks sees code and settings",
            )
    for match in _HOSTS.finditer(text):
        yield Hit(text.count("\n", 0, match.start()) + 1, "any host is allowed wherever nobody names those that are")


def _in_the_clear(_: str, text: str) -> Iterable[Hit]:
    host = _HOST.search(text)
    if host is None or _LOCAL.match(host[1]):
        return
    for match in _CLEAR.finditer(text):
        yield Hit(
            text.count("\n", 0, match.start()) + 1,
            "what goes to the database and back may be read on the way (sslmode)",
        )


_DATABASE = 'DATABASES = {{"default": {{"HOST": {}, "OPTIONS": {{"sslmode": "{}"}}}}}}\n'

RED_FLAGS = (
    RedFlag(
        "settings/open-default", _NEVER, "warning", "Let the default be the closed one: no debug pages, no host.", applies=is_django_settings, check=_defaults,
        bad={
            "shop/settings.py": 'DEBUG = os.environ.get("DEBUG", "true") == "true"\n', "a/settings.py": 'DEBUG = env.bool("DJANGO_DEBUG", default=True)\n',
            "b/settings/base.py": "ALLOWED_HOSTS = os.getenv('HOSTS', '*').split(',')\n",
        },
        good={
            "shop/settings.py": 'DEBUG = os.environ.get("DEBUG", "false") == "true"\nALLOWED_HOSTS = os.environ.get("HOSTS", "localhost").split(",")\n', "a/settings/local.py": 'DEBUG = env.bool("DEBUG", True)\n',
            "b/settings.py": 'DEBUG = os.environ.get("PRODUCTION", "1") != "1"\n',
        },
    ),
    RedFlag(
        "settings/database-clear", _NEVER, "warning", "Demand TLS and check the server: sslmode=verify-full.", applies=is_django_settings, check=_in_the_clear,
        bad={"shop/settings.py": _DATABASE.format('os.environ["DB_HOST"]', "disable")},
        good={"shop/settings.py": _DATABASE.format('os.environ["DB_HOST"]', "verify-full"), "a/settings.py": _DATABASE.format('"localhost"', "disable")},
    ),
)  # fmt: skip
