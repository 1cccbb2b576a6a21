"""nginx: files that are included and not there, and groups of servers that nothing defines."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.nginx import nested
from boringops_tools.checks.nginx_meaning import is_conf, is_nginx
from boringops_tools.checks.nginx_whole import around_of, configurations, includes
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml

# What distributions and certbot put into such folders.
_OTHERS = lazy_pattern(
    r"snakeoil|fastcgi-php|letsencrypt|options-ssl-nginx|certbot|dhparam|acme|geoip|/etc/(?!nginx/)", re.I
)
_PASS = lazy_pattern(r"(?:proxy|fastcgi|uwsgi|scgi|grpc)_pass")
_GROUP = lazy_pattern(r"(?:\w+://)?([a-z][\w-]*)(?:/.*)?")
# What may have a group's name in it, and does not ask for it.
_NO_HOSTS = lazy_pattern(
    r"limit_\w+|zone|log_format|access_log|error_log|server_name|location|\w+_cache\w*|add_header|root|alias|try_files"
)
_MOST_READ = 300


def _line(files: Files, path: str, at: int) -> int:
    return files.text(path).count("\n", 0, at) + 1


def _told(files: Files, path: str, name: str) -> bool:
    """Whether another file speaks of one: it is made, or brought along, where nginx runs."""
    return any(
        each != path and not is_conf(each) and not each.endswith((".md", ".rst")) and name in files.text(each)
        for each in files.all[:_MOST_READ]
    )


def _included(files: Files, path: str) -> tuple[str, ...]:
    wholes = around_of(files, path)
    return tuple(
        one for whole in wholes for part in whole.parts for _, brought, _ in includes(files, part) for one in brought
    )


def _missing(files: Files, path: str) -> Iterator[Hit]:
    if not is_nginx(files, path) or not around_of(files, path):
        return
    for each, brought, _ in includes(files, path):
        pattern = each.words[1]
        if brought or re.search(r"[*?\[$]", pattern) or _OTHERS.search(pattern) or "/" not in pattern:
            continue
        name, folder = posixpath.basename(pattern), posixpath.basename(posixpath.dirname(pattern))
        # Its folder is here, and others of it are included: that one is ours as well.
        beside = sorted({one for one in _included(files, path) if posixpath.basename(posixpath.dirname(one)) == folder})
        there = [one for one in files.all if beside and posixpath.dirname(one) == posixpath.dirname(beside[0])]
        place = f"{posixpath.dirname(beside[0])}/{name}" if beside else ""
        if not beside or place in there or files.ignored(place) or _told(files, path, name):
            continue
        near = difflib.get_close_matches(name, [posixpath.basename(one) for one in there], 1, 0.5)
        yield Hit(
            _line(files, path, each.start),
            f"`{pattern}` is not there"
            + (f"; there is `{near[0]}`" if near else f": `{posixpath.dirname(place)}` has {len(there)} others"),
        )


def _hosts(files: Files) -> frozenset[str]:
    """Every word of the YAML here that may be a host's name: of a service, a container, a Service."""
    found: set[str] = set()
    for path in [each for each in files.all if is_yaml(each)][:_MOST_READ]:
        found |= set(
            re.findall(
                r"(?m)^\s*(?:- )?(?:(?:name|container_name|hostname):\s*)?[\"']?([a-z][\w-]*)[\"']?:?\s*(?:\{.*)?$",
                files.text(path),
            )
        )
    return frozenset(found)


def _groups(files: Files, path: str) -> Iterator[Hit]:
    wholes = around_of(files, path) if is_nginx(files, path) else ()
    if not wholes or not all(each.names_known for each in wholes):
        return
    defined: set[str] = set()
    used: set[str] = set()
    for part in {part for each in files.once(configurations) for part in each.parts}:
        for each, _ in files.once(nested, part):
            if each.words[:1] == ("upstream",) and len(each.words) == 2:
                defined.add(each.words[1])
            elif each.words and not _NO_HOSTS.fullmatch(each.words[0]):
                used |= set(re.findall(r"[\w.-]+", " ".join(each.words[1:])))
    spare = defined - used
    for each, _ in files.once(nested, path):
        match = _GROUP.fullmatch(each.words[1]) if len(each.words) == 2 and _PASS.fullmatch(each.words[0]) else None
        # A host may be called so as well, but not beside a group that nobody asks.
        if match and spare and match[1] not in defined | {"localhost"} and match[1] not in files.once(_hosts):
            yield Hit(
                _line(files, path, each.start),
                f"there is no upstream `{match[1]}`; there is {', '.join(f'`{one}`' for one in sorted(spare))}, which nothing asks",
            )


_MAIN = "events {}\nhttp {\n  upstream api { server a:80; }\n  include conf.d/*.conf;\n}\n"
_SITE = "server {{\n  listen 80;\n  location / {{\n    include snippets/{}.conf;\n    proxy_pass http://{}/;\n  }}\n  include snippets/headers.conf;\n}}\n"


def _repo(part: str, group: str, **more: str) -> dict[str, str]:
    return {
        "nginx/nginx.conf": _MAIN,
        "nginx/conf.d/a.conf": _SITE.format(part, group),
        "nginx/snippets/headers.conf": "expires 1d;\n",
        **more,
    }


RULES = (
    Rule("nginx/include", "error", "Name the file as it is called, or add it: nginx does not start.", "nginx, Core functionality, include: a file that is named and not there is an error; only a mask may match none.", is_conf, _missing,
         bad=(_repo("header", "api"), _repo("security-headers", "api")),
         good=(_repo("headers", "api"), _repo("letsencrypt", "api"), _repo("made", "api", Dockerfile="RUN echo > /etc/nginx/snippets/made.conf\n"), _repo("made", "api", **{".gitignore": "made.conf\n"}), {"conf.d/a.conf": _SITE.format("x", "api")})),
    Rule("nginx/group", "error", "Name the group as `upstream` does: nginx does not start.", "nginx, ngx_http_proxy_module, proxy_pass: a host is looked up when nginx starts, unless it is a group's name.", is_conf, _groups,
         bad=(_repo("headers", "apis"),), good=(_repo("headers", "api"), _repo("headers", "web", **{"compose.yaml": "services:\n  web:\n    image: a:1\n"}), _repo("headers", "web.internal"), {"conf.d/a.conf": _SITE.format("x", "apis")})),
)  # fmt: skip
