"""nginx: a directive swallowed by the one before it, names that nothing defines, workers that are root."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.nginx import nested
from boringops_tools.checks.nginx_whole import STANDARD, around_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators import nginx_text
from boringops_tools.validators.nginx_text import Directive

# They take any number of words, so that nginx does not miss the semicolon after them.
_ANY_NUMBER = frozenset(
    """server_name index try_files gzip_types resolver log_format error_page valid_referers proxy_next_upstream brotli_types
    charset_types sub_filter_types ssl_protocols proxy_ssl_protocols proxy_cache_valid proxy_ignore_headers server_names""".split()  # noqa: SIM905
)
_DIRECTIVE = lazy_pattern(
    r"(?:server_name|server_tokens|listen|root|alias|index|return|rewrite|try_files|include|access_log|error_log|error_page|log_format|"
    r"add_header|expires|deny|allow|auth_\w+|client_\w+|keepalive_\w+|large_client_header_buffers|limit_\w+|proxy_\w+|fastcgi_\w+|"
    r"uwsgi_\w+|grpc_\w+|ssl_\w+|gzip|gzip_\w+|sendfile|tcp_\w+|types_hash_\w+|default_type|resolver_timeout|set|map|upstream|location|"
    r"server|http2|charset|autoindex|etag|real_ip_header|set_real_ip_from)"
)
_INNER = frozenset({"server", "location", "if", "upstream", "limit_except"})
_ZONED = {"limit_req": "limit_req_zone", "limit_conn": "limit_conn_zone", "proxy_cache": "proxy_cache_path",
          "fastcgi_cache": "fastcgi_cache_path", "uwsgi_cache": "uwsgi_cache_path"}  # fmt: skip
_SETS = lazy_pattern(r"set|auth_request_set|js_set|js_var|perl_set|set_by_lua\w*|auth_jwt_claim_set|keyval|geoip2")
_VARIABLE = lazy_pattern(r"(?<!\\)\$\{?([a-z_][a-z0-9_]*)")
# Prefixes that take any name, then those of which all names are known, then single ones.
_BUILT_IN = lazy_pattern(
    r"(?:arg|cookie|http|sent_http|sent_trailer|trailer|geoip2?|jwt|otel|acme|brotli|zstd|vts|echo|fancyindex|memcached|session|uid|quic|"
    r"upstream_(?:http|cookie|trailer|cache|response|bytes)|ssl_(?:client|session|server|preread|alpn|ech)|proxy_(?:protocol|internal))_\w+|"
    r"request(?:_(?:body|body_file|completion|filename|id|length|method|time|uri|port))?|is_request_port|"
    r"server_(?:addr|name|port|protocol)|remote_(?:addr|port|user)|realip_remote_(?:addr|port)|realpath_root|"
    r"upstream_(?:addr|status|\w+_time|last_\w+)|ssl_(?:protocol|ciphers?|curves?|early_data|sigalg)|"
    r"proxy_(?:host|port|add_x_forwarded_for)|connection(?:_requests|_time)?|connections_(?:active|reading|waiting|writing)|"
    r"content_(?:length|type)|document_(?:root|uri)|date_(?:local|gmt)|fastcgi_(?:script_name|path_info)|limit_(?:rate|req_status|conn_status)|"
    r"slice_range|gzip_ratio|secure_link(?:_\w+)?|args|binary_remote_addr|body_bytes_sent|bytes_(?:sent|received)|host|hostname|https|http[23]|"
    r"invalid_referer|is_args|modern_browser|ancient_browser|msec|msie|nginx_version|pid|pipe|protocol|query_string|scheme|status|"
    r"tcpinfo_\w+|time_(?:iso8601|local)|uri"
)


def is_conf(path: str) -> bool:
    """Whether a file may be nginx's by its name; `is_nginx` looks into it."""
    return path.endswith((".conf", ".conf.template")) or bool(
        re.search(r"(?:^|/)sites-(?:available|enabled)/[^/.]+$", path)
    )


def is_nginx(files: Files, path: str) -> bool:
    """Whether a `.conf` is nginx's, by its path or by what it says, and can be read as it is."""
    file = files.file(path)
    if file is None or re.search(r"\{\{|\{%|<%", file.text) or not nginx_text.is_nginx(file):
        return False
    return nginx_text.balanced(file.text) and all(
        each.words or not each.block for each in nginx_text.directives(file.text)
    )


def _line(files: Files, path: str, at: int) -> int:
    return files.text(path).count("\n", 0, at) + 1


def _swallowed(files: Files, path: str) -> Iterator[Hit]:
    if not is_nginx(files, path):
        return
    text = files.text(path)
    for each, _ in files.once(nested, path):
        if each.block or not each.words or each.words[0] not in _ANY_NUMBER:
            continue
        said = re.sub(
            r"\"[^\"]*\"|'[^']*'|#[^\n]*", lambda one: re.sub(r"[^\n]", "x", one[0]), text[each.start : each.end]
        )
        for line in re.finditer(r"\n[ \t]*(\w+)[ \t]", said):
            if _DIRECTIVE.fullmatch(line[1]):
                yield Hit(
                    _line(files, path, each.start),
                    f"`{each.words[0]}` has no `;` at its end: `{line[1]}` of the next line is taken for a word of it",
                )
                break


def _root(files: Files, path: str) -> Iterator[Hit]:
    if not is_nginx(files, path):
        return
    for each, around in files.once(nested, path):
        if not around and each.words[:2] in (("user", "root"), ("user", "0")):
            yield Hit(
                _line(files, path, each.start),
                "the workers run as root (user root): whoever takes one over has the server",
            )


def _outside(files: Files, path: str) -> Iterator[Hit]:
    found = files.once(nested, path) if is_nginx(files, path) else []
    tops = {each.words[0] for each, around in found if not around and each.words}
    for each, around in found:
        inside = found[around[-1]][0].words[0] if around else ""
        # A file of locations alone is included into a server.
        if each.words[:1] == ("location",) and each.block and (inside == "http" or (not around and "server" in tops)):
            yield Hit(_line(files, path, each.start), f"`location {' '.join(each.words[1:])}` is in no `server`")


def _downgrade(files: Files, path: str) -> Iterator[Hit]:
    found = files.once(nested, path) if is_nginx(files, path) else []
    secure = {around[-1] for each, around in found if around and each.words[:1] == ("listen",) and "ssl" in each.words}
    plain = {
        around[-1] for each, around in found if around and each.words[:1] == ("listen",) and "ssl" not in each.words
    }
    for each, around in found:
        redirects = each.words[:1] in (("return",), ("rewrite",)) and set(around) & secure - plain
        if redirects and any(re.match(r"http://\$(?:host|server_name|http_host)", word) for word in each.words[1:]):
            yield Hit(_line(files, path, each.start), "who comes by https is sent to http")


def _names(found: Iterable[tuple[Directive, tuple[int, ...]]]) -> tuple[dict[str, set[str]], dict[str, dict[str, int]]]:
    """What is defined, and what is used and where first, by kind: `variable`, or the directive that defines a zone."""
    defined: dict[str, set[str]] = {
        "variable": set(), "log_format": {"combined"}, **{each: set() for each in _ZONED.values()},
    }  # fmt: skip
    used: dict[str, dict[str, int]] = {each: {} for each in defined}
    for each, _ in found:
        name, *words = each.words or ("",)
        skipped = 0
        if name in ("map", "geo", "split_clients") and each.block and words:
            defined["variable"].add(words[-1].strip("${}"))
            words = words[:-1]
        elif _SETS.fullmatch(name) and words:
            defined["variable"] |= (
                {word.strip("${}") for word in words if word.startswith("$")}
                if name == "keyval"
                else {words[0].strip("${}")}
            )
            skipped = 1
        for word in words[skipped:]:
            defined["variable"] |= set(re.findall(r"\(\?P?<(\w+)>", word))
            for variable in _VARIABLE.findall(word) if "_by_lua" not in name else ():
                used["variable"].setdefault(variable, each.start)
        if name == "log_format" and words:
            defined[name].add(words[0])
        elif name == "access_log" and len(words) > 1 and "=" not in words[1] and "$" not in words[1]:
            used["log_format"].setdefault(words[1], each.start)
        elif name in defined:
            defined[name] |= set(re.findall(r"(?:zone|keys_zone)=([\w.-]+)", " ".join(words)))
        if (kind := _ZONED.get(name)) and words:
            word = next((one.removeprefix("zone=") for one in words if one.startswith("zone=")), words[0])
            if word != "off" and "$" not in word:
                used[kind].setdefault(word, each.start)
    return defined, used


def _all_names(files: Files) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    defined: dict[str, set[str]] = {}
    used: dict[str, set[str]] = {}
    for path in files.all:
        if (is_conf(path) or "nginx" in path) and files.file(path) and (found := files.once(nested, path)):
            here, there = _names(found)
            for kind in here:
                defined.setdefault(kind, set()).update(here[kind])
                used.setdefault(kind, set()).update(there[kind])
    return defined, used


def _unknown(files: Files, path: str) -> Iterator[Hit]:
    if not is_nginx(files, path):
        return
    found = files.once(nested, path)
    own, used = _names(found)
    if not any(used.values()):
        return
    whole = any(each.words == ("http",) for each, _ in found)
    brought = [
        around for each, around in found if each.words[:1] == ("include",) and not STANDARD.fullmatch(each.words[-1])
    ]
    # What is included into a server or a location can define no zone.
    sure = whole and brought and all(any(found[at][0].words[0] in _INNER for at in around) for around in brought)
    wholes = around_of(files, path)
    sure = sure or bool(wholes and all(each.names_known for each in wholes))
    certain = bool(wholes and all(each.all_known for each in wholes))
    known, everywhere = files.once(_all_names)
    for kind, names in used.items():
        defined = own[kind].union(
            *(_names(files.once(nested, part))[0][kind] for each in wholes for part in each.parts)
        )
        spare = defined - everywhere[kind]
        for name, start in names.items():
            if name in known[kind] or (kind == "variable" and _BUILT_IN.fullmatch(name)):
                continue
            if kind == "log_format" and whole and not brought:
                continue  # nginx/log-format says it
            if sure and kind != "variable":
                yield Hit(_line(files, path, start), f"no `{kind}` defines `{name}`" + _instead(defined))
            elif spare or (certain and kind == "variable"):  # one that nobody defines, beside one that nobody uses
                yield Hit(_line(files, path, start), f"nothing defines `{name}`" + _instead(spare))


def _instead(names: set[str]) -> str:
    return f"; there is {', '.join(sorted(names))}" if names else ""


def _resolver(files: Files, path: str) -> Iterator[Hit]:
    found = files.once(nested, path) if is_nginx(files, path) else []
    if not any(each.words == ("http",) for each, _ in found) or any(
        each.words[:1] == ("resolver",) or (each.words[:1] == ("include",) and not STANDARD.fullmatch(each.words[-1]))
        for each, _ in found
    ):
        return
    groups = {each.words[1] for each, _ in found if each.words[:1] == ("upstream",) and len(each.words) > 1}
    hosts = {each.words[1]: each.words[2] for each, _ in found if each.words[:1] == ("set",) and len(each.words) == 3}
    for each, _ in found:
        if each.words[:1] != ("proxy_pass",) or not (
            match := re.fullmatch(r"(?:https?://)?(\$\w+)(?::\d+)?(?:[/$].*)?", each.words[1])
        ):
            continue
        host = re.fullmatch(r"(?:https?://)?([a-z][\w.-]*)(?::\d+)?(?:/.*)?", hosts.get(match[1], ""))
        if host and host[1] not in groups:
            yield Hit(
                _line(files, path, each.start),
                f"`{match[1]}` is looked up with each request, and there is no `resolver` to ask for `{host[1]}`",
            )


_H = "events {{}}\nhttp {{\n{}\n}}\n"
_ZONE = "  limit_req_zone $binary_remote_addr zone=login:10m rate=5r/s;\n  server {{\n    listen 80;\n    location / {{\n      limit_req zone={};\n      include proxy.conf;\n    }}\n  }}"
_MAP = "map $sent_http_content_type $expires_of {{\n  default off;\n}}\nserver {{\n  listen 80;\n  expires ${};\n}}\n"
_WHOLE = "  limit_req_zone $binary_remote_addr zone=api:10m rate=5r/s;\n  map $http_upgrade $kept {{\n    default a;\n  }}\n  include /etc/nginx/sites/*.conf;".replace(
    "{{", "{"
).replace("}}", "}")
_SITE = "server {{\n  listen 80;\n  limit_req zone={};\n  add_header A ${};\n}}\n"


def _conf(text: str, path: str = "nginx/nginx.conf") -> dict[str, str]:
    return {path: text}


RULES = (
    Rule("nginx/semicolon", "error", "End the directive with `;`: the next one is not there as it is.", "nginx, Beginner's Guide: a simple directive ends with a semicolon.", is_conf, _swallowed,
         bad=(_conf("server {\n  server_name a.example\n  return 301 https://a.example$request_uri;\n}\n", "a.conf"), _conf(_H.format("  log_format main '$status'\n  access_log /a main;"))),
         good=(_conf("server {\n  server_name a.example\n    b.example;\n  index index.html\n    index.php;\n  try_files $uri\n    /index.html;\n}\n", "a.conf"), _conf(_H.format("  log_format main '$status'\n    ' listen x';")))),
    Rule("nginx/location-place", "error", "Put it into the server that it is for: nginx does not start.", "nginx, ngx_http_core_module, location: its context is server and location.", is_conf, _outside,
         bad=(_conf("location /old { return 410; }\nserver { listen 80; }\n", "conf.d/a.conf"), _conf(_H.format("  location / { return 410; }"))), good=(_conf("location /old { return 410; }\n", "nginx/a.conf"), _conf(_H.format("  server { listen ${PORT}; location / { } }"), "nginx/nginx.conf.template"), _conf(_H.format("  server { location / { location /a { } } }")))),
    Rule("nginx/downgrade", "warning", "Redirect to https.", "RFC 6797: a host that is reached by https stays so.", is_conf, _downgrade,
         bad=(_conf("server {\n  listen 443 ssl;\n  return 301 http://$host$request_uri;\n}\n", "conf.d/a.conf"),), good=(_conf("server {\n  listen 80;\n  return 301 https://$host$request_uri;\n}\n", "conf.d/a.conf"), _conf("server {\n  listen 443 ssl;\n  return 301 https://$host/;\n}\n", "conf.d/a.conf"))),
    Rule("nginx/root-user", "warning", "Name an account of its own, such as nginx or www-data.", "nginx, Core functionality, user: the account of the worker processes.", is_conf, _root,
         bad=(_conf("user root;\n" + _H.format("")),), good=(_conf("user nginx;\n" + _H.format("")),)),
    Rule("nginx/unknown-name", "error", "Use the name as it is defined: nginx does not start.", "nginx documentation: limit_req_zone, limit_conn_zone, proxy_cache_path and map define the names that others use.", is_conf, _unknown,
         bad=(_conf(_H.format(_ZONE.format("logins"))), _conf(_MAP.format("cache_time"), "conf.d/a.conf"), *({"nginx.conf": _H.format(_WHOLE), "sites/a.conf": _SITE.format(*each)} for each in (("shop", "kept"), ("api", "connection_header"))),
              {"nginx/nginx.conf": _H.format(_WHOLE), "nginx/a.conf": _SITE.format("shop", "kept"), "nginx/Dockerfile": "FROM nginx:1.29\nCOPY nginx.conf /etc/nginx/nginx.conf\nCOPY a.conf /etc/nginx/sites/\n"},
              {"nginx/nginx.conf": _H.format(_WHOLE), "nginx/a.conf": _SITE.format("shop", "kept"), "compose.yaml": "services:\n  web:\n    image: nginx:1.29\n    volumes:\n      - ./nginx/nginx.conf:/etc/nginx/nginx.conf:ro\n      - ./nginx/a.conf:/etc/nginx/sites/default.conf:ro\n"}),
         good=(_conf(_H.format(_ZONE.format("login"))), _conf(_MAP.format("expires_of"), "conf.d/a.conf"), _conf("server {\n  expires $cache_time;\n}\n", "conf.d/a.conf"),
               {"nginx.conf": _H.format("  include sites/*.conf;\n  include gone/*.conf;"), "sites/a.conf": _SITE.format("a", "b")}, {"nginx.conf": _H.format(_WHOLE), "sites/a.conf": _SITE.format("api", "kept")},
               _conf(_H.format("  include conf.d/*.conf;\n" + _ZONE.format("logins")).replace("zone=login:", "zone=logins:")), _conf(_MAP.format("cache_time"), "conf.d/a.conf") | {"conf.d/b.conf": "map $a $cache_time {\n}\n"})),
    Rule("nginx/resolver", "error", "Add `resolver`, or write the host out: as it is, nginx answers 502.", "nginx, ngx_http_proxy_module, proxy_pass: a name in a variable is searched among upstreams, then determined using a resolver.", is_conf, _resolver,
         bad=(_conf(_H.format("  server {\n    set $api api.internal;\n    location / { proxy_pass http://$api:80; }\n  }")),),
         good=(_conf(_H.format("  resolver 10.0.0.2;\n  server {\n    set $api api.internal;\n    location / { proxy_pass http://$api:80; }\n  }")), _conf(_H.format("  upstream api { server a:80; }\n  server {\n    set $api api;\n    location / { proxy_pass http://$api; }\n  }")))),
)  # fmt: skip
