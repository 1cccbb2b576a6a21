"""Caddyfiles: snippets and matchers by name, braces, and what is open or unchecked."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.hosts import wrong_address
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose, is_yaml

_SNIPPET = lazy_pattern(r"^\s*\(([^)\s]+)\)\s*\{")
_IMPORT = lazy_pattern(r"^\s*import\s+(\S+)")
_MATCHER = lazy_pattern(r"(?<![\w/.:@\"-])@([A-Za-z_][\w.-]*)")
_UPSTREAM = lazy_pattern(r"(?<![\w./:-])(?:https?://|h2c://)?([a-z][a-z0-9_-]*):(\d+)(?![\w./-])")


def _applies(path: str) -> bool:
    return bool(re.fullmatch(r"Caddyfile(?:[.\-_][\w-]+)?|[^/]+\.caddy(?:file)?", posixpath.basename(path), re.I))


def _lines(files: Files, path: str) -> list[tuple[int, str]]:
    """The lines without comments."""
    return [
        (number, re.sub(r"(?:^|\s)#.*", "", line).rstrip())
        for number, line in enumerate(files.text(path).splitlines(), 1)
    ]


def _names(files: Files, path: str) -> Iterator[Hit]:
    lines = _lines(files, path)
    snippets = {match[1] for _, line in lines if (match := _SNIPPET.match(line))}
    defined = {match[1] for _, line in lines if (match := re.match(r"\s*@([\w.-]+)", line))}
    elsewhere = any((match := _IMPORT.match(line)) and match[1] not in snippets for _, line in lines)
    for number, line in lines:
        found = _IMPORT.match(line)
        if found and re.fullmatch(r"[\w-]+", found[1]) and found[1] not in snippets:
            place = posixpath.normpath(posixpath.join(posixpath.dirname(path), found[1]))
            if place not in files.known and place not in files.folders:
                yield Hit(number, f"no snippet and no file is called `{found[1]}`")
        if re.match(r"\s*@", line) or elsewhere:
            continue
        for name in _MATCHER.findall(line.partition('"')[0]):
            if name not in defined:
                yield Hit(
                    number,
                    f"no matcher `@{name}` is defined"
                    + (f"; there is @{', @'.join(sorted(defined))}" if defined else ""),
                )


def _braces(files: Files, path: str) -> Iterator[Hit]:
    open_: list[int] = []
    if "`" in files.text(path) or "<<" in files.text(path):
        return  # texts over several lines
    for number, line in _lines(files, path):
        if line.strip() == "}":
            if not open_:
                yield Hit(number, "`}` closes nothing")
                return
            open_.pop()
        elif re.search(r"(?:^|\s)\{$", line):
            open_.append(number)
    if open_:
        yield Hit(open_[-1], "the block is not closed")


def _open(files: Files, path: str) -> Iterator[Hit]:
    for number, line in _lines(files, path):
        if re.match(r"\s*tls_insecure_skip_verify\b", line):
            yield Hit(number, "any certificate of the upstream is accepted")
        if re.match(r"\s*admin\s+(?:(?:tcp/)?(?:0\.0\.0\.0|\[::\])?:\d+)", line):
            yield Hit(number, "whoever reaches the port changes the configuration: the admin endpoint asks nobody")


def _upstreams(files: Files, path: str) -> Iterator[Hit]:
    for number, line in _lines(files, path):
        if re.match(r"\s*(?:reverse_proxy|php_fastcgi|to)\s", line):
            for match in _UPSTREAM.finditer(line):
                # A Compose file beside it may go by any name.
                beside = any(
                    re.search(rf"(?m)^\s+{re.escape(match[1])}:", files.text(each))
                    for each in files.siblings(path)
                    if is_yaml(each) and not is_compose(each)
                )
                if not beside and (wrong := wrong_address(files, match[1], match[2])):
                    yield Hit(number, f"the address {match[1]}:{match[2]}: {wrong}")


_F = "Caddyfile"
_SITE = "(headers) {\n\theader X y\n}\nexample.com {\n\timport %s\n\t@api path /api/*\n\thandle @%s {\n\t\treverse_proxy api:80 {\n\t\t\t%s\n\t\t}\n\t}\n}\n"
_GOOD = {_F: _SITE % ("headers", "api", "lb_policy first")}

RULES = (
    Rule("caddy/undefined", "error", "Caddy refuses the configuration: define it, or correct the name.", "Caddy documentation, Caddyfile concepts: snippets and named matchers.", _applies, _names,
         bad=({_F: _SITE % ("header", "api", "x")}, {_F: _SITE % ("headers", "backend", "x")}), good=(_GOOD, {_F: "import sites/*\nimport more\na.example {\n\tbasic_auth {\n\t\ta b\n\t}\n\temail me@example.com\n}\n", "more": "x"})),
    Rule("caddy/braces", "error", "Caddy refuses the configuration: close each block on a line of its own.", "Caddy documentation, Caddyfile concepts: structure.", _applies, _braces,
         bad=({_F: "a.example {\n\thandle {\n\t\trespond ok\n\t}\n"}, {_F: "a.example {\n}\n}\n"}), good=(_GOOD, {_F: "a.example {\n\troot * {$ROOT}\n\tredir https://b{uri}\n}\n"})),
    Rule("caddy/open", "warning", "Trust the upstream's own authority with `tls_trust_pool`; leave the admin endpoint on localhost.", "Caddy documentation: tls_insecure_skip_verify, and the admin option.", _applies, _open,
         bad=({_F: _SITE % ("headers", "api", "tls_insecure_skip_verify")}, {_F: "{\n\tadmin 0.0.0.0:2019\n}\n"}, {_F: "{\n\tadmin :2019\n}\n"}), good=(_GOOD, {_F: "{\n\tadmin localhost:2019\n}\n# tls_insecure_skip_verify\n"})),
    Rule("caddy/upstream", "error", "Name a service of the Compose file, and a port that it listens on.", "Compose specification: services reach each other by their names.", _applies, _upstreams,
         bad=({**_GOOD, "compose.yaml": "services: {app: {image: 'a:1'}}\n"},), good=({**_GOOD, "compose.yaml": "services: {api: {image: 'a:1'}}\n"}, _GOOD, {**_GOOD, "compose.yaml": "services: {app: {image: 'a:1'}}\n", "caddy.yml": "services:\n  api: {image: 'a:1'}\n"})),
)  # fmt: skip
