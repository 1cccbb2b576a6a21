"""nginx: what its own test is not asked here, because certificates, logs and included files are the server's."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.nginx_text import Directive, directives

_STANDARD = lazy_pattern(r"(?:.*/)?(?:mime\.types|\w+_params|fastcgi(?:-php)?\.conf)")


def _applies(path: str) -> bool:
    return bool(
        re.search(r"(?:^|/)(?:nginx[^/]*\.conf$|(?:nginx|conf\.d|sites-(?:available|enabled))/[^/]+$)", path)
    ) and not path.endswith((".j2", ".template", ".md", ".sh", ".yml", ".yaml"))


def nested(files: Files, path: str) -> list[tuple[Directive, tuple[int, ...]]]:
    """The directives, each with the blocks around it, by their places in the list."""
    found: list[tuple[Directive, tuple[int, ...]]] = []
    around: list[int] = []
    for each in directives(files.text(path)):
        if not each.words and not each.block:
            around = around[:-1]
            continue
        found.append((each, tuple(around)))
        if each.block:
            around.append(len(found) - 1)
    return found


def _brought(parsed: list[tuple[Directive, tuple[int, ...]]]) -> bool:
    """Whether other files may bring what is missing here."""
    return any(each.words[:1] == ("include",) and not _STANDARD.fullmatch(each.words[-1]) for each, _ in parsed)


def _certified(files: Files, path: str) -> bool:
    """Whether other files may bring a certificate: those that are here are looked into."""
    from boringops_tools.checks.nginx_whole import includes

    return any(
        not brought
        or any(
            one.words[0] in ("include", "ssl_certificate", "ssl_certificate_key")
            for each in brought
            for one, _ in files.once(nested, each)
            if one.words
        )
        for _, brought, _ in includes(files, path)
    )


def _line(files: Files, path: str, each: Directive) -> int:
    return files.text(path).count("\n", 0, each.start) + 1


def _events(files: Files, path: str) -> Iterator[Hit]:
    parsed = files.once(nested, path)
    top = {each.words[0]: each for each, around in parsed if not around and each.words}
    if (
        "http" in top
        and "events" not in top
        and not any(each.words[:1] == ("include",) for each, around in parsed if not around)
    ):
        yield Hit(_line(files, path, top["http"]), "the configuration has no `events` block")


def _certificates(files: Files, path: str) -> Iterator[Hit]:
    parsed = files.once(nested, path)
    if _certified(files, path):
        return
    for index, (server, around) in enumerate(parsed):
        if server.words != ("server",) or not server.block:
            continue
        seen = {
            each.words[0]
            for each, blocks in parsed
            if each.words and (blocks == around or (blocks and blocks[-1] in (*around, index)))
        }
        serves = any(
            each.words[:1] == ("listen",) and "ssl" in each.words
            for each, blocks in parsed
            if blocks and blocks[-1] == index
        )
        whole = any(each.words == ("http",) for each, _ in parsed)
        rejects = any(each.words == ("ssl_reject_handshake", "on") for each, _ in parsed)
        if serves and not rejects and ("ssl_certificate" in seen) != ("ssl_certificate_key" in seen):
            missing = "ssl_certificate_key" if "ssl_certificate" in seen else "ssl_certificate"
            yield Hit(_line(files, path, server), f"the server has no `{missing}`")
        elif serves and whole and not rejects and "ssl_certificate" not in seen:
            yield Hit(_line(files, path, server), "the server listens with ssl and has no certificate")


def _formats(files: Files, path: str) -> Iterator[Hit]:
    parsed = files.once(nested, path)
    if _brought(parsed) or not any(each.words == ("http",) for each, _ in parsed):
        return
    known = {each.words[1] for each, _ in parsed if each.words[:1] == ("log_format",) and len(each.words) > 1} | {
        "combined"
    }
    for each, _ in parsed:
        if (
            each.words[:1] == ("access_log",)
            and len(each.words) > 2
            and "=" not in each.words[2]
            and each.words[2] not in known
            and "$" not in each.words[2]
        ):
            yield Hit(_line(files, path, each), f"there is no log_format `{each.words[2]}`")


def _listing(files: Files, path: str) -> Iterator[Hit]:
    parsed = files.once(nested, path)
    for each, around in parsed:
        inner = parsed[around[-1]][0].words if around else ()
        if each.words == ("autoindex", "on") and inner in (("location", "/"), ("server",), ("http",)):
            yield Hit(_line(files, path, each), "everybody may list the whole site (autoindex on)")


_H = "events {{}}\nhttp {{\n  log_format json '$status';\n  server {{\n    listen 443 ssl;\n{}  }}\n}}\n"
_TLS = "    ssl_certificate /a.crt;\n    ssl_certificate_key /a.key;\n"


def _conf(text: str) -> dict[str, str]:
    return {"nginx/nginx.conf": text}


RULES = (
    Rule("nginx/events", "error", "nginx does not start: add `events {}`.", "nginx, Core functionality: the events block is required.", _applies, _events,
         bad=(_conf("http { server { listen 80; } }\n"),), good=(_conf(_H.format(_TLS)), {"nginx/conf.d/a.conf": "server { listen 80; }\n"}, _conf("include modules/*.conf;\nhttp { }\n"))),
    Rule("nginx/certificate", "error", "nginx does not start: give the server its certificate and the key.", "nginx, ngx_http_ssl_module: a server with ssl needs ssl_certificate and ssl_certificate_key.", _applies, _certificates,
         bad=(_conf(_H.format("    ssl_certificate /a.crt;\n")), _conf(_H.format("")), _conf(_H.format("    include headers.conf;\n    ssl_certificate /a.crt;\n")) | {"nginx/headers.conf": "add_header A b;\n"}), good=(_conf(_H.format(_TLS)), _conf(_H.format("    include snippets/tls.conf;\n")), {"nginx/conf.d/a.conf": "server { listen 443 ssl; }\n"}, _conf(_H.format("    include tls.conf;\n    ssl_certificate /a.crt;\n")) | {"nginx/tls.conf": "ssl_certificate_key /a.key;\n"}, _conf(_H.format("    ssl_reject_handshake on;\n")))),
    Rule("nginx/log-format", "error", "nginx does not start: define the format, or take `combined`.", "nginx, ngx_http_log_module: access_log names a log_format.", _applies, _formats,
         bad=(_conf(_H.format(_TLS + "    access_log /a.log jsonlog;\n")),), good=(_conf(_H.format(_TLS + "    access_log /a.log json;\n    access_log /b.log combined buffer=32k;\n    access_log off;\n")),)),
    Rule("nginx/listing", "warning", "Leave it off, or switch it on for the one folder that is for browsing.", "OWASP Web Security Testing Guide, CONFIG: directory listing.", _applies, _listing,
         bad=(_conf(_H.format(_TLS + "    location / { autoindex on; }\n")),), good=(_conf(_H.format(_TLS + "    location /files/ { autoindex on; }\n    location / { autoindex off; }\n")),)),
)  # fmt: skip
