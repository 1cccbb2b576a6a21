"""Settings and code of production that switch a guard off which stands beside others: debugging, and cookies in the clear."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.frameworks import is_live

_NEVER = "Disable security features for convenience"
_ASIDE = lazy_pattern(
    r"(?i)(?:^|[/._-])(?:tests?|specs?|__tests__|e2e|examples?|samples?|demos?|docs?|local|dev|development|sandbox|tutorials?|node_modules|vendor|fixtures|dist|build)(?=[/._-])|(?:^|/)test_"
)
# --- Django: one file for all -----------------------------------------------------------------------------------------
_OFF = lazy_pattern(
    r"(?m)^(?P<name>DEBUG|CORS_ALLOW_ALL_ORIGINS|CORS_ORIGIN_ALLOW_ALL)\s*=\s*True\s*(?:#.*)?$|^(?P<cookie>(?:SESSION|CSRF)_COOKIE_SECURE|SESSION_COOKIE_HTTPONLY)\s*=\s*False\s*(?:#.*)?$"
)
# What nobody writes for a machine of their own.
_HARDENED = lazy_pattern(
    r"(?m)^(?:SECURE_SSL_REDIRECT|SECURE_HSTS_INCLUDE_SUBDOMAINS|SECURE_HSTS_PRELOAD|SESSION_COOKIE_SECURE|CSRF_COOKIE_SECURE)\s*=\s*True|^SECURE_HSTS_SECONDS\s*=\s*[1-9]|^SECURE_PROXY_SSL_HEADER\s*=|^(?:SECRET_KEY|ALLOWED_HOSTS)\s*=\s*(?:os\.environ\[|env(?:\.\w+)?\([\"']\w+[\"']\))"
)
_OVERRIDDEN = lazy_pattern(
    r"(?m)^\s*(?:from\s+\S*(?:local|dev|prod)\w*\s+import|import\s+\w*local\w*|exec\(|include\()"
)


def _django(_: str, text: str) -> Iterable[Hit]:
    if len(set(_HARDENED.findall(text))) < 2 or _OVERRIDDEN.search(text):
        return
    for match in _OFF.finditer(text):
        name = match["name"] or match["cookie"]
        if len(re.findall(rf"(?m)^\s*{name}\s*=", text)) == 1:
            yield Hit(_line(text, match.start()), f"`{match[0].strip()}` in what production runs with")


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _is_settings(path: str) -> bool:
    return posixpath.basename(path) == "settings.py" and not is_live(path) and not _ASIDE.search(path)


# --- a class of settings for each environment ---------------------------------------------------------------------------
_CLASS = lazy_pattern(r"(?m)^class\s+(Prod\w*)\b[^\n]*:\s*\n((?:[ \t]+[^\n]*\n|[ \t]*\n)+)")
_WRONG = lazy_pattern(
    r"(?m)^[ \t]+((?:DEBUG|TESTING|PROPAGATE_EXCEPTIONS)\s*(?::\s*bool\s*)?=\s*True|(?:SESSION_COOKIE_SECURE|REMEMBER_COOKIE_SECURE|SESSION_COOKIE_HTTPONLY|WTF_CSRF_ENABLED)\s*(?::\s*bool\s*)?=\s*False)\s*(?:#.*)?$"
)


def _classes(_: str, text: str) -> Iterable[Hit]:
    for block in _CLASS.finditer(text):
        for match in _WRONG.finditer(block[2]):
            yield Hit(_line(text, block.start(2) + match.start(1)), f"`{match[1]}` in `{block[1]}`")


# --- cookies in code ------------------------------------------------------------------------------------------------
_COOKIE = lazy_pattern(
    r"(?:\bcookie\s*[:=]\s*\{|\.(?:cookie|setCookie|set_cookie|setcookie)\(|\bhttp\.Cookie\{|\bsession\(\s*\{|\bcookieSession\(\s*\{|SessionMiddleware,?)(?P<inside>[^;]{0,400}?)(?P<off>\b(?:secure|Secure|https_only)\s*[:=]\s*(?:false|False)\b)"
)
_THOUGHT_OF = lazy_pattern(r"(?i)\bhttp_?only\s*[:=]\s*true|\bsame_?site\s*[:=]")
_AT_HOME = lazy_pattern(r"(?i)\bif\b[^\n]*(?:development|debug|local|insecure|test)|NODE_ENV")
_CODE = (".js", ".mjs", ".cjs", ".ts", ".py", ".go")


def _cookies(_: str, text: str) -> Iterable[Hit]:
    for match in _COOKIE.finditer(text) if "ookie" in text or "https_only" in text else ():
        around = text[max(0, match.start() - 300) : match.end() + 300]
        close = re.split(r"[})]", text[match.end() : match.end() + 200])[0]
        # That the other attributes are there shows that it is no sketch.
        if (
            _THOUGHT_OF.search(match["inside"] + close)
            and "}" not in match["inside"]
            and not _AT_HOME.search(around)
            and not re.search(r"(?m)^\s*(?://|#|\*)[^\n]*$", text[: match.end()].rpartition("\n")[2])
        ):
            yield Hit(_line(text, match.start("off")), f"`{match['off']}`: the cookie is sent in the clear, too")


def _is_code(path: str) -> bool:
    return path.endswith(_CODE) and not _ASIDE.search(path)


# --- PHP and Ruby: files of one purpose -------------------------------------------------------------------------------
_BY_FILE: tuple[tuple[str, str], ...] = (
    (r"(?:^|/)config/app\.php$", r"'debug'\s*=>\s*(?:true|1)\b"),
    (r"(?:^|/)config/session\.php$", r"'(?:secure|http_only)'\s*=>\s*false\b"),
    (r"(?:^|/)config/initializers/session_store\.rb$", r"\b(?:secure|httponly):\s*false\b"),
)  # fmt: skip


def _by_file(path: str, text: str) -> Iterator[Hit]:
    for name, pattern in _BY_FILE:
        for number, line in enumerate(text.splitlines() if re.search(name, path) else (), 1):
            if (match := re.search(pattern, line)) and not line.lstrip().startswith(("//", "#", "*", "|")):
                yield Hit(number, f"`{match[0]}` wherever it runs")


_HARD = "SECRET_KEY = os.environ['KEY']\nSECURE_HSTS_SECONDS = 3600\nSECURE_SSL_REDIRECT = True\n"
_HINT = "Switch it on where others ask, and take what a developer needs from the environment."
RED_FLAGS = (
    RedFlag(
        "settings/one-file", _NEVER, "error", _HINT, applies=_is_settings, check=_django,
        bad={"shop/settings.py": _HARD + "DEBUG = True\n", "settings.py": _HARD + "SESSION_COOKIE_SECURE = False  # for now\n", "a/settings.py": _HARD + "CORS_ALLOW_ALL_ORIGINS = True\n"},
        good={"shop/settings.py": "SECRET_KEY = 'x'\nDEBUG = True\n", "settings.py": _HARD + "DEBUG = True\nif LIVE:\n    DEBUG = False\n", "a/settings.py": _HARD + "DEBUG = True\nfrom .local_settings import *\n", "b/settings.py": _HARD + "DEBUG = False\nSESSION_COOKIE_SECURE = True\n", "local/settings.py": _HARD + "DEBUG = True\n"},
    ),
    RedFlag(
        "settings/production-class", _NEVER, "error", _HINT, applies=lambda path: path.endswith(".py") and not _ASIDE.search(path), check=_classes,
        bad={"app/config.py": "class Config:\n    DEBUG = False\n\n\nclass ProductionConfig(Config):\n    SESSION_COOKIE_SECURE = False\n", "config.py": "class Production(Base):\n    \"\"\"Live.\"\"\"\n\n    DEBUG: bool = True\n"},
        good={"app/config.py": "class ProductionConfig(Config):\n    DEBUG = False\n\n\nclass DevelopmentConfig(Config):\n    DEBUG = True\n    SESSION_COOKIE_SECURE = False\n", "config.py": "class Product(Base):\n    TITLE = 1\n"},
    ),
    RedFlag(
        "settings/session-cookie", _NEVER, "warning", "Set it: whoever listens has the session of the other.", applies=_is_code, check=_cookies,
        bad={
            "src/server.js": "app.use(session({ secret, cookie: { httpOnly: true, secure: false, sameSite: 'lax' } }));\n", "app.py": "response.set_cookie('id', value, httponly=True, secure=False)\n", "main.go": 'http.SetCookie(w, &http.Cookie{Name: "id", Value: v, Secure: false, HttpOnly: true})\n',
        },
        good={
            "src/server.js": "app.use(session({ secret, cookie: { httpOnly: true, secure: true } }));\n", "src/a.ts": "res.cookie('a', b, { httpOnly: true, secure: process.env.NODE_ENV === 'production' });\nconst tls = { secure: false };\n",
            "tests/app.py": "response.set_cookie('id', value, httponly=True, secure=False)\n", "mail.js": "createTransport({ host, port: 587, secure: false });\n", "b.js": "if (isLocal) {\n  res.cookie('a', b, { httpOnly: true, secure: false });\n}\n",
        },
    ),
    RedFlag(
        "settings/always-off", _NEVER, "error", _HINT, applies=lambda path: any(re.search(name, path) for name, _ in _BY_FILE), check=_by_file,
        bad={"config/app.php": "<?php\nreturn [\n    'debug' => true,\n];\n", "config/session.php": "'secure' => false,\n", "config/initializers/session_store.rb": "Rails.application.config.session_store :cookie_store, key: '_a', secure: false\n"},
        good={"config/app.php": "'debug' => (bool) env('APP_DEBUG', false),\n", "config/session.php": "'secure' => env('SESSION_SECURE_COOKIE'),\n'http_only' => true,\n// 'secure' => false,\n", "config/initializers/session_store.rb": "secure: Rails.env.production?\n"},
    ),
)  # fmt: skip
