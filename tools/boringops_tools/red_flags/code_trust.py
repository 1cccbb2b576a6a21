"""Code that switches the check of certificates off for all that its program asks, whoever configures it."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag

_NEVER = "Disable security features for convenience"
# What has no other use than to trust whoever answers; options that a caller may set are left out.
_OFF: dict[str, str] = {
    "cs": r"DangerousAcceptAnyServerCertificateValidator|ServerCertificate(?:Custom)?ValidationCallback\s*\+?=\s*(?:delegate\s*\{\s*return true|\([^()]*\)\s*=>\s*true\b)",
    "py": r"ssl\._create_default_https_context\s*=\s*ssl\._create_unverified_context",
    "js": r"process\.env(?:\.NODE_TLS_REJECT_UNAUTHORIZED|\[[\"']NODE_TLS_REJECT_UNAUTHORIZED[\"']\])\s*=\s*[\"']?0",
    "go": r"http\.DefaultTransport\.\(\*http\.Transport\)\.TLSClientConfig\s*=\s*&tls\.Config\{\s*InsecureSkipVerify:\s*true",
    "rb": r"OpenSSL::SSL::VERIFY_PEER\s*=\s*OpenSSL::SSL::VERIFY_NONE",
}  # fmt: skip
_OFF |= dict.fromkeys(("ts", "mjs", "cjs"), _OFF["js"])
_ASIDE = lazy_pattern(
    r"(?i)(?:^|/)(?:[\w.]*tests?|specs?|__tests__|e2e|examples?|samples?|docs?|node_modules|vendor|dist|build|fixtures|scripts)/|health[-_]?check[^/]*$|[._-](?:test|spec)s?\.\w+$|(?:^|/)test_"
)
_AT_HOME = lazy_pattern(r"(?i)\bif\b[^\n]*(?:development|debug|local|insecure|skip|self_?signed|test)")


def _applies(path: str) -> bool:
    return path.rpartition(".")[2] in _OFF and not _ASIDE.search(path)


def _unchecked(path: str, text: str) -> Iterable[Hit]:
    for match in re.finditer(_OFF[path.rpartition(".")[2]], text):
        before = text[: match.start()]
        line = before.count("\n") + 1
        lead = before.rpartition("\n")[2].lstrip()
        # Under a condition, somebody has to ask for it.
        if not lead.startswith(("//", "#", "*")) and not _AT_HOME.search("\n".join(before.splitlines()[-8:])):
            yield Hit(line, f"`{match[0][:70]}`: whoever answers is taken for the one who is asked")


RED_FLAGS = (
    RedFlag(
        "tls/code-off", _NEVER, "error", "Trust the certificate authority instead: without the check anybody may answer.", applies=_applies, check=_unchecked,
        bad={
            "Program.cs": "}).ConfigurePrimaryHttpMessageHandler(() => new HttpClientHandler\n{\n    ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator,\n});\n",
            "src/http.cs": "handler.ServerCertificateCustomValidationCallback = (_, _, _, _) => true;\n", "src/server.ts": "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';\n",
            "app.py": "ssl._create_default_https_context = ssl._create_unverified_context\n",
        },
        good={
            "Program.cs": "if (app.Environment.IsDevelopment())\n{\n    handler.ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator;\n}\n",
            "extra/healthcheck.js": "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';\n", "Tests/Http.cs": "DangerousAcceptAnyServerCertificateValidator\n", "src/server.ts": "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '1';\n// process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';\n",
            "app.py": "requests.get(url, verify=verify)\n",
        },
    ),
)  # fmt: skip
