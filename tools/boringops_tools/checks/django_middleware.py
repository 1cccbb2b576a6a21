"""Django: guards that are left out of the list which every request goes through."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.frameworks import is_django_settings

_LIST = lazy_pattern(r"(?m)^MIDDLEWARE(?:_CLASSES)?\s*(?::[^=\n]+)?=\s*[\[(](?P<inside>[^\])]*)[\])](?P<rest>[^\n]*)")
_NAME = "django.middleware.csrf.CsrfViewMiddleware"
_SESSIONS = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)
_ASIDE = lazy_pattern(
    r"(?i)(?:^|[/._-])(?:tests?|testing|examples?|samples?|demos?|docs?|tutorials?|fixtures|sandbox)(?=[/._-])"
)


def _middleware(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    match = _LIST.search(text)
    if (
        match is None
        or not all(each in match["inside"] for each in _SESSIONS)
        or "+" in match["rest"]
        or "*" in match["inside"]
    ):
        return
    live = re.sub(r"(?m)#.*$", "", match["inside"])
    # One of the project's own, or views that are given it one by one; none needs it where tokens alone count.
    around = re.sub(r"CSRF_(?:COOKIE|TRUSTED|HEADER|USE|FAILURE)\w*", "", text.replace(match["inside"], live))
    if re.search(r"(?i)csrf", around) or len(re.findall(r"(?m)^\s*MIDDLEWARE\b", text)) != 1:
        return
    if (
        re.search(r"TokenAuthentication|JWTAuthentication|JSONWebToken|oauth2_provider\.", text)
        and "SessionAuthentication" not in text
    ):
        return
    if not any("csrf_protect" in files.text(each) for each in files.all[:400] if each.endswith(".py")):
        yield Hit(
            text.count("\n", 0, match.start()) + 1,
            "sessions are open to forged requests: `MIDDLEWARE` has no `CsrfViewMiddleware`",
        )


_M = "MIDDLEWARE = [\n    'django.middleware.security.SecurityMiddleware',\n    'django.contrib.sessions.middleware.SessionMiddleware',\n{}    'django.contrib.auth.middleware.AuthenticationMiddleware',\n]\n"
_CSRF = f"    '{_NAME}',\n"

RULES = (
    Rule("django/no-csrf", "warning", f"Put `{_NAME}` after the sessions.", "Django, Cross Site Request Forgery protection; its own check is security.W003.", lambda path: is_django_settings(path) and not _ASIDE.search(path), _middleware,
         bad=({"shop/settings.py": _M.format("")}, {"shop/settings/base.py": _M.format(f"    # '{_NAME}',\n") + "CSRF_COOKIE_SECURE = True\n"}),
         good=({"shop/settings.py": _M.format(_CSRF)}, {"shop/settings.py": _M.format("    'shop.csrf.Guard',\n")}, {"shop/settings.py": _M.format("") + f"MIDDLEWARE.append('{_NAME}')\n"}, {"shop/settings.py": "MIDDLEWARE = []\n"}, {"shop/settings.py": _M.format(""), "shop/views.py": "@csrf_protect\ndef a(request):\n    pass\n"}, {"shop/settings.py": _M.format("") + "REST_FRAMEWORK = {'DEFAULT_AUTHENTICATION_CLASSES': ['rest_framework.authentication.TokenAuthentication']}\n"})),
)  # fmt: skip
