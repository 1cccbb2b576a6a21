"""Settings files that switch the check of certificates off: package managers, download tools, `.env` files, JSON and TOML."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.settings import switches_off

_NEVER = "Disable security features for convenience"
_OFF = r"(?:false|0|no|off|none)"
_ON = r"(?:true|1|yes|on)"
# By the names of the files of each program: a line that switches its check of certificates off.
_CLIENTS: tuple[tuple[str, str], ...] = (
    (r"\.?npmrc|\.yarnrc", rf"strict-ssl\s*[= ]\s*[\"']?{_OFF}\b"),
    (r"\.yarnrc\.ya?ml", rf"enableStrictSsl:\s*{_OFF}\b"),
    (r"pip\.(?:conf|ini)", r"trusted-host\s*="),
    (r"\.?curlrc", r"(?:--)?insecure\b|-k\b"),
    (r"\.?wgetrc", rf"check_certificate\s*=\s*{_OFF}\b"),
    (r"\.?gitconfig", rf"sslVerify\s*=\s*{_OFF}\b"),
    (r"\.?condarc|\.mambarc", rf"ssl_verify:\s*{_OFF}\b"),
    (r"\.?gemrc", r":?ssl_verify_mode:\s*0\b"),
    (r"maven\.config|jvm\.config|\.mavenrc|gradle\.properties", r".*-Dmaven\.(?:wagon\.http|resolver\.transport)\S*ssl\S*insecure=true"),
    (r"\.terraformrc|ansible\.cfg", rf"(?:validate_certs|ssl_verify)\s*=\s*{_OFF}\b"),
)  # fmt: skip
_NAMES = lazy_pattern("|".join(name for name, _ in _CLIENTS))
_DOTENV = lazy_pattern(r"\.env(?:\.[\w.-]+)?|[\w.-]+\.env|env\.(?:example|sample|template|dist)")
# Variables that programs and runtimes read themselves.
_VARIABLE = lazy_pattern(
    rf"(?i)\s*(?:export\s+)?(?P<name>NODE_TLS_REJECT_UNAUTHORIZED|PYTHONHTTPSVERIFY|NPM_CONFIG_STRICT_SSL|YARN_STRICT_SSL|BUNDLE_SSL_VERIFY_MODE|"
    rf"GIT_SSL_VERIFY)\s*=\s*[\"']?{_OFF}\b|\s*(?:export\s+)?(?P<other>GIT_SSL_NO_VERIFY|VAULT_SKIP_VERIFY|CONSUL_HTTP_SSL_VERIFY_OFF|"
    rf"PIP_TRUSTED_HOST(?==\S))\s*=\s*[\"']?(?:{_ON}\b|[\w-]+\.)"
)
_LOCAL = lazy_pattern(r"localhost|127\.0\.0\.1|\.local\b")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith(("#", ";", "//")):
            yield number, line.strip()


def _client(path: str, text: str) -> Iterable[Hit]:
    name = posixpath.basename(path)
    for names, pattern in _CLIENTS:
        for number, line in _lines(text) if re.fullmatch(names, name) else ():
            if re.match(pattern, line, re.I) and not _LOCAL.search(line):
                yield Hit(number, f"`{line[:60]}` switches the check of certificates off")


def _dotenv(_: str, text: str) -> Iterable[Hit]:
    for number, line in _lines(text):
        if match := _VARIABLE.match(line):
            yield Hit(number, f"`{match['name'] or match['other']}` switches the check of certificates off")


def _walk(value: Any) -> Iterator[tuple[str, Any]]:
    for key, inner in value.items() if isinstance(value, Mapping) else ():
        yield str(key), inner
        yield from _walk(inner)
    for inner in value if isinstance(value, list) else ():
        yield from _walk(inner)


def _data(path: str, text: str) -> Iterable[Hit]:
    try:
        told = tomllib.loads(text) if path.endswith(".toml") else json.loads(text)
    except (ValueError, RecursionError):
        return
    for key, value in _walk(told):
        if switches_off(key, value):
            line = next((at for at, each in _lines(text) if key in each), None)
            yield Hit(line, f"`{key}: {str(value).lower()}` switches the check of the other side off")


def _is_settings(path: str) -> bool:
    """Whether a JSON or TOML file configures something that runs here; not what tests and tools read."""
    return path.endswith((".json", ".toml")) and not re.search(
        r"(?:^|/)(?:tests?|fixtures?|__tests__|spec|examples?|node_modules|testdata|docs)/|(?:lock|schema|dashboard)[^/]*\.json$|(?:^|/)[^/]*(?:local|dev(?:elopment)?|test)\.(?:json|toml)$",
        path, re.I,
    )  # fmt: skip


_HINT = "Trust the certificate authority instead (cafile, NODE_EXTRA_CA_CERTS, SSL_CERT_FILE): without the check anybody may answer."
RED_FLAGS = (
    RedFlag(
        "tls/client-off", _NEVER, "error", _HINT, applies=lambda path: bool(_NAMES.fullmatch(posixpath.basename(path))), check=_client,
        bad={
            ".npmrc": "registry=https://npm.example.com/\nstrict-ssl=false\n", ".yarnrc.yml": "enableStrictSsl: false\n", "pip.conf": "[global]\ntrusted-host = pypi.example.com\n",
            ".curlrc": "insecure\n", ".gitconfig": "[http]\n\tsslVerify = false\n", ".condarc": "ssl_verify: false\n", ".mvn/jvm.config": "-Xmx1g -Dmaven.wagon.http.ssl.insecure=true\n",
        },
        good={".npmrc": "strict-ssl=true\n; strict-ssl=false\nengine-strict=true\n", "pip.conf": "[global]\ntrusted-host = localhost\ncert = /etc/ca.pem\n", ".curlrc": "--fail\n"},
    ),
    RedFlag(
        "tls/variable-off", _NEVER, "error", _HINT, applies=lambda path: bool(_DOTENV.fullmatch(posixpath.basename(path))), check=_dotenv,
        bad={".env.example": "A=1\nNODE_TLS_REJECT_UNAUTHORIZED=0\n", ".env.production": "export PYTHONHTTPSVERIFY='0'\n", "prod.env": "GIT_SSL_NO_VERIFY=true\n"},
        good={".env.example": "NODE_TLS_REJECT_UNAUTHORIZED=1\n# NODE_TLS_REJECT_UNAUTHORIZED=0\nVAULT_SKIP_VERIFY=\nNODE_EXTRA_CA_CERTS=/etc/ca.pem\n"},
    ),
    RedFlag(
        "tls/data-off", _NEVER, "error", _HINT, applies=_is_settings, check=_data,
        bad={"config/default.json": '{"database": {\n  "ssl": {"rejectUnauthorized": false}}}\n', "config.toml": "[upstream]\ninsecure_skip_verify = true\n"},
        good={"config/default.json": '{"ssl": {"rejectUnauthorized": true}}\n', "config/development.json": '{"ssl": {"rejectUnauthorized": false}}\n', "package-lock.json": '{"verify_ssl": false}\n'},
    ),
)  # fmt: skip
