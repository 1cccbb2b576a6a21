"""Settings of what runs for others: cookies in the clear, databases without TLS, schemas that are made anew, consoles left open."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.frameworks import is_boot, is_live
from boringops_tools.yaml_files import documents, is_yaml

_NEVER = "Disable security features for convenience"
_DJANGO = lazy_pattern(
    r"(?m)^(?:(?:SESSION_COOKIE_SECURE|CSRF_COOKIE_SECURE|SECURE_SSL_REDIRECT)\s*=\s*False|SECURE_HSTS_SECONDS\s*=\s*0|CORS_(?:ALLOW_ALL_ORIGINS|ORIGIN_ALLOW_ALL)\s*=\s*True)\s*(?:#.*)?$"
)


def _production(_: str, text: str) -> Iterable[Hit]:
    for match in _DJANGO.finditer(text):
        yield Hit(text.count("\n", 0, match.start()) + 1, f"`{match[0].strip()}` in what production runs with")


def _walk(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items() if isinstance(value, Mapping) else ():
        whole = f"{name}.{key}" if name else str(key)
        yield whole, inner
        yield from _walk(inner, whole)
    for inner in value if isinstance(value, list) else ():
        yield from _walk(inner, name)


def _told(path: str, text: str) -> Iterator[tuple[str, Any]]:
    """Every setting of a file by its whole name. Raises Unreadable."""
    if is_yaml(path):
        for document in documents(text):
            yield from _walk(document)
    elif path.endswith(".json"):
        try:
            yield from _walk(json.loads(text))
        except (ValueError, RecursionError):
            return
    elif path.endswith(".properties"):
        for match in re.finditer(r"(?m)^\s*([\w.-]+)\s*[=:]\s*(.*?)\s*$", text):
            yield match[1], {"true": True, "false": False}.get(match[2].lower(), match[2])


def _line(text: str, name: str) -> int | None:
    last = name.rpartition(".")[2]
    return next(
        (
            at
            for at, line in enumerate(text.splitlines(), 1)
            if re.search(rf"(?<![\w-]){re.escape(last)}[\"']?\s*[:=]", line)
        ),
        None,
    )


_COOKIE = lazy_pattern(r"(?i)cookies?\.(?:secure|http-?_?only)$")


def _cookies(path: str, text: str) -> Iterable[Hit]:
    for name, value in _told(path, text) if "ookie" in text else ():
        if _COOKIE.search(name) and value is False:
            yield Hit(
                _line(text, name), f"`{name}: false`: whoever listens or puts a script into the page has the session"
            )


def _boot(path: str, text: str) -> Iterable[Hit]:
    for name, value in _told(path, text):
        if name.endswith("spring.h2.console.enabled") and value is True:
            yield Hit(_line(text, name), "the console of the database is answered over HTTP")
        elif re.search(r"jpa\.hibernate\.ddl-auto$", name) and value in ("create", "create-drop"):
            yield Hit(_line(text, name), f"`ddl-auto: {value}` drops every table when it starts")
        elif name.endswith("server.error.include-stacktrace") and value == "always":
            yield Hit(_line(text, name), "whoever asks gets the stack trace of what went wrong")


_HOST = r"(?P<{}>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"
_URL = lazy_pattern(
    r"(?i)(?:postgres(?:ql)?|mysql|mariadb|sqlserver|mongodb(?:\+srv)?)(?:\+\w+)?://(?:[^\s@/\"']*@)?" + _HOST.format("url")
    + r"[^\s\"'#]*[?&;](?:sslmode=(?:disable|allow)|use_?ssl=false|ssl=false|ssl-?mode=disabled|tls=false|encrypt=false|trustServerCertificate=true)\b"
    + r"|(?:Server|Host|Data Source)=(?:tcp:)?" + _HOST.format("server") + r"[^\"'\n]*?;\s*(?:Encrypt=(?:False|No)|SSL ?Mode=(?:Disable|None)|TrustServerCertificate=True)\b"
)  # fmt: skip
_NEAR = lazy_pattern(
    r"^127\.|^10\.|^192\.168\.|^172\.(?:1[6-9]|2\d|3[01])\.|\.(?:local|localhost|test)$|docker\.internal$"
)


def _databases(_: str, text: str) -> Iterable[Hit]:
    for number, line in enumerate(text.splitlines(), 1):
        match = _URL.search(line) if not line.lstrip().startswith(("#", "//", ";")) else None
        host = (match["url"] or match["server"]) if match else ""
        if host and not _NEAR.search(host):
            yield Hit(number, f"what goes to the database at {host} is not encrypted, or its server not checked")


def _is_config(path: str) -> bool:
    """Whether a file configures an application, and not for a developer's machine."""
    name = posixpath.basename(path)
    settings = re.fullmatch(
        r"appsettings(?:\.\w+)?\.json|(?:default|production|prod|staging|settings|config)\.(?:json|ya?ml)", name
    ) or is_boot(path)
    return bool(settings) and not re.search(
        r"(?i)(?:^|[/._-])(?:local|dev|development|tests?|examples?|fixtures?|docs|node_modules)(?=[/._-])", path
    )


def _is_address(path: str) -> bool:
    name = posixpath.basename(path)
    dotenv = re.fullmatch(
        r"\.env(?:\.(?:example|sample|template|dist|production|prod|staging))?|(?:prod|production|staging)\.env", name
    )
    return bool(dotenv) or _is_config(path)


RED_FLAGS = (
    RedFlag(
        "settings/live", _NEVER, "error", "Switch it on where others ask: what is sent in the clear is read.", applies=lambda path: is_live(path) and path.endswith(".py"), check=_production,
        bad={"shop/settings/production.py": "SESSION_COOKIE_SECURE = False\n", "settings/prod.py": "SECURE_SSL_REDIRECT = False  # later\n"},
        good={"shop/settings/production.py": "SESSION_COOKIE_SECURE = True\nSECURE_SSL_REDIRECT = env.bool('A')\n", "shop/settings/local.py": "SESSION_COOKIE_SECURE = False\n"},
    ),
    RedFlag(
        "settings/cookie", _NEVER, "error", "Send it over HTTPS only, and hide it from scripts.", applies=_is_config, check=_cookies,
        bad={"config/default.json": '{"session": {"cookie": {"secure": false}}}\n', "application.properties": "server.servlet.session.cookie.http-only=false\n", "config/production.yaml": "session:\n  cookie: {secure: false}\n"},
        good={"config/default.json": '{"session": {"cookie": {"secure": true, "sameSite": "lax"}}}\n', "config/development.json": '{"cookie": {"secure": false}}\n', "config/local.yaml": "cookie: {secure: false}\n"},
    ),
    RedFlag(
        "settings/boot", _NEVER, "error", "Keep it for a profile of its own: local, test.", applies=is_boot, check=_boot,
        bad={"src/main/resources/application.yaml": "spring:\n  jpa:\n    hibernate:\n      ddl-auto: create-drop\n", "application.properties": "spring.h2.console.enabled=true\n", "application-prod.yml": "server.error.include-stacktrace: always\n"},
        good={"src/main/resources/application.yaml": "spring:\n  jpa:\n    hibernate:\n      ddl-auto: validate\n  h2:\n    console:\n      enabled: false\n", "application-local.properties": "spring.h2.console.enabled=true\n", "src/test/resources/application.yml": "spring.jpa.hibernate.ddl-auto: create-drop\n"},
    ),
    RedFlag(
        "tls/database-off", _NEVER, "error", "Demand TLS and check the server: sslmode=verify-full, Encrypt=True.", applies=_is_address, check=_databases,
        bad={".env.example": "DATABASE_URL=postgres://fx@db.internal.example.com:5432/fx?sslmode=disable\n", "application.yml": "url: jdbc:mysql://db.example.com:3306/a?useSSL=false\n", "appsettings.json": '{"A": "Server=tcp:db.example.com,1433;Database=a;Encrypt=False"}\n'},
        good={".env.example": "DATABASE_URL=postgres://fx@localhost:5432/fx?sslmode=disable\nB=postgres://a@db:5432/a?sslmode=disable\nC=postgres://a@db.example.com/a?sslmode=verify-full\n", "appsettings.Development.json": '{"A": "Server=db.example.com;Encrypt=False"}\n'},
    ),
)  # fmt: skip
