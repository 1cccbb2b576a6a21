"""nginx: upstreams by name, redirects to themselves, and what is shown or accepted unchecked."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks import nginx_meaning
from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.hosts import is_nginx
from boringops_tools.patterns import lazy_pattern

_UPSTREAM = lazy_pattern(r"(?m)^\s*upstream\s+([\w.-]+)\s*\{")
_PASS = lazy_pattern(r"(?m)^\s*(?:proxy|fastcgi|uwsgi|grpc|scgi)_pass\s+(?:\w+://)?([A-Za-z_][\w-]*)\s*(?:/[^;\s]*)?;")
_SELF = lazy_pattern(
    r"location\s+=?\s*(/[^\s{]*)\s*\{[^{}]*?\breturn\s+30[1278]\s+(?:\$scheme://\$(?:host|http_host|server_name))?(/[^\s;]*)\s*;"
)
# `$host` is no better where it is the default server's, but half of the world's servers redirect to it.
_REDIRECT = lazy_pattern(
    r"\s*(?:[^#]*[{;]\s*)?(?:return\s+30[1278]\s+|rewrite\s+\S+\s+)[\"']?(?:https?|\$scheme)://\$\{?(http_host|http_x_forwarded_host)\b"
)


def _without(files: Files, path: str) -> str:
    return re.sub(r"(?m)(^|\s)#.*$", lambda each: each[1], files.text(path))


def _upstreams(files: Files, path: str) -> Iterator[Hit]:
    text = _without(files, path)
    together = "\n".join(files.text(each) for each in files.all if is_nginx(each))
    known = set(_UPSTREAM.findall(together))
    if not _UPSTREAM.search(text):
        return  # the others' names are the network's
    for match in _PASS.finditer(text):
        name = match[1]
        if name in known or any(
            re.search(
                rf"(?m)^\s*(?:name:\s*|hostname:\s*|container_name:\s*)?[\"']?{re.escape(name)}[\"']?:?\s*$",
                files.text(each),
            )
            for each in files.all
            if each.endswith((".yml", ".yaml"))
        ):
            continue
        yield Hit(
            text.count("\n", 0, match.start(1)) + 1,
            f"no upstream is called `{name}`; there is {', '.join(sorted(known))}",
        )


def _loops(files: Files, path: str) -> Iterator[Hit]:
    text = _without(files, path)
    for match in _SELF.finditer(text):
        exact = re.match(r"location\s+=", match[0])
        if match[1] == match[2] or (not exact and match[1] != "/" and match[2].startswith(match[1].rstrip("/") + "/")):
            yield Hit(
                text.count("\n", 0, match.end()) + 1, f"`{match[1]}` is redirected to `{match[2]}`, and comes back here"
            )


def _open(files: Files, path: str) -> Iterator[Hit]:
    if not is_nginx(path) and not nginx_meaning.is_nginx(files, path):
        return
    for number, line in enumerate(_without(files, path).splitlines(), 1):
        if re.match(r"\s*(?:proxy|grpc|uwsgi)_ssl_verify\s+off\s*;", line):
            yield Hit(number, "any certificate of the upstream is accepted")
        if found := _REDIRECT.match(line):
            yield Hit(number, f"whoever asks says in his Host header where he is redirected to (${found[1]})")
        if re.match(r"\s*set_real_ip_from\s+(?:0\.0\.0\.0/0|::/0|all)\s*;", line):
            yield Hit(number, "everybody's word is taken for the address that he comes from (set_real_ip_from)")
        if re.match(r"\s*autoindex\s+on\s*;", line):
            yield Hit(number, "whoever asks gets the list of all files of the folder")


_N = "nginx.conf"


def _conf(text: str) -> dict[str, str]:
    return {
        _N: f"events {{}}\nhttp {{\n  upstream shop {{\n    server a:80;\n  }}\n  server {{\n    listen 80;\n{text}  }}\n}}\n"
    }


RULES = (
    Rule("nginx/upstream", "error", "Name an upstream of the configuration, or a host that can be resolved.", "nginx documentation, ngx_http_proxy_module: a name is an upstream's or is resolved at the start, which fails.", is_nginx, _upstreams,
         bad=(_conf("    location / {\n      proxy_pass http://shop-web;\n    }\n"),), good=(_conf("    location / {\n      proxy_pass http://shop/;\n    }\n    location /b {\n      proxy_pass http://$x;\n    }\n    location /c {\n      proxy_pass http://c.example;\n    }\n"), _conf("    location / {\n      proxy_pass http://web;\n    }\n") | {"compose.yaml": "services:\n  web:\n    image: a:1\n"})),
    Rule("nginx/redirect-loop", "error", "Redirect to another place.", "RFC 9110, 15.4: a client detects and ends cyclical redirections.", is_nginx, _loops,
         bad=(_conf("    location = /a {\n      return 301 /a;\n    }\n"), _conf("    location /a {\n      return 302 /a/b;\n    }\n")), good=(_conf("    location = /a {\n      return 301 /a/;\n    }\n    location / {\n      return 301 https://$host$request_uri;\n    }\n"),)),
    Rule("nginx/open", "warning", "Check the upstream against its authority (`proxy_ssl_trusted_certificate`); serve files by name; redirect to a name that you write; trust the proxies in front by their addresses.", "nginx documentation: proxy_ssl_verify and autoindex are for connections and folders one vouches for; $http_host is what the client sent; set_real_ip_from names trusted addresses.", nginx_meaning.is_conf, _open,
         bad=(_conf("    proxy_ssl_verify off;\n"), _conf("    autoindex on;\n"), {"docker/default.conf": "server {\n  autoindex on;\n}\n"}, _conf("    return 301 https://$http_host$request_uri;\n"), _conf("    if ($scheme = http) { return 301 https://$http_host$request_uri; }\n"), _conf("    rewrite ^ https://$http_host$uri permanent;\n"), _conf("    set_real_ip_from 0.0.0.0/0;\n")), good=(_conf("    proxy_ssl_verify on;\n    autoindex off;\n    # autoindex on;\n    return 301 https://$server_name$request_uri;\n    proxy_set_header Host $http_host;\n    set_real_ip_from 10.0.0.0/8;\n"),)),
)  # fmt: skip
