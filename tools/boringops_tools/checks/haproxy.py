"""HAProxy: backends, conditions and servers by name, times, and checks that nothing makes."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern

_SECTION = lazy_pattern(
    r"(global|defaults|frontend|backend|listen|resolvers|userlist|peers|mailers|cache|program|ring|http-errors|fcgi-app)\b\s*(\S*)"
)
_CONDITION = lazy_pattern(r"\s(?:if|unless)\s+(.*)$")


@dataclass
class Section:
    kind: str
    name: str
    line: int
    lines: list[tuple[int, str]] = field(default_factory=list)

    def having(self, word: str) -> list[tuple[int, str]]:
        return [(number, line) for number, line in self.lines if re.match(rf"{word}(?:\s|$)", line)]


def _applies(path: str) -> bool:
    return bool(re.fullmatch(r"haproxy[^/]*\.cfg(?:\.template)?", posixpath.basename(path))) or (
        "haproxy" in path and path.endswith(".cfg")
    )


def _read(files: Files, path: str) -> list[Section]:
    found: list[Section] = []
    for number, raw in enumerate(files.text(path).splitlines(), 1):
        line = re.sub(r"(?:^|\s)#.*", "", raw)
        if match := _SECTION.match(line):
            found.append(Section(match[1], match[2], number))
        elif line.strip() and found:
            found[-1].lines.append((number, line.strip()))
    return found


def _backends(files: Files, path: str) -> Iterator[Hit]:
    sections: list[Section] = files.once(_read, path)
    known = {each.name for each in sections if each.kind in ("backend", "listen")}
    folder = [each for each in files.siblings(path) if each.endswith(".cfg")]
    for section in sections if len(folder) == 1 or known else ():
        for number, line in (*section.having("use_backend"), *section.having("default_backend")):
            name = line.split()[1] if len(line.split()) > 1 else ""
            if name and not re.search(r"[%$\[{]", name) and name not in known and len(folder) == 1:
                yield Hit(number, f"there is no backend `{name}`; there is {', '.join(sorted(known)) or 'none'}")


def _conditions(files: Files, path: str) -> Iterator[Hit]:
    for section in files.once(_read, path):
        if section.kind not in ("frontend", "backend", "listen"):
            continue
        known = {line.split()[1] for _, line in section.having("acl") if len(line.split()) > 1}
        for number, line in section.lines:
            found = None if line.startswith("acl ") else _CONDITION.search(line)
            for word in re.sub(r"\{[^}]*\}", " ", found[1]).split() if found else ():
                name = word.lstrip("!")
                if re.fullmatch(r"[a-z][\w.:-]*", name) and name not in known | {"or"}:
                    yield Hit(
                        number,
                        f"the section has no acl `{name}`" + (f"; it has {', '.join(sorted(known))}" if known else ""),
                    )


def _servers(files: Files, path: str) -> Iterator[Hit]:
    for section in files.once(_read, path):
        seen: set[str] = set()
        servers = section.having("server")
        for number, line in servers:
            name = line.partition(" ")[2].split(" ")[0]
            if name in seen:
                yield Hit(number, f"there are two servers `{name}` in {section.kind} `{section.name}`")
            seen.add(name)


def _unchecked(files: Files, path: str) -> Iterator[Hit]:
    sections: list[Section] = files.once(_read, path)
    default = any(
        re.search(r"\bcheck\b", line)
        for each in sections
        if each.kind == "defaults"
        for _, line in each.having("default-server")
    )
    for section in sections:
        servers = section.having("server")
        asked = section.having("option httpchk") or section.having("http-check")
        checked = any(
            re.search(r"\scheck\b|\strack\s", line)
            for _, line in (*servers, *section.having("default-server"), *section.having("server-template"))
        )
        if servers and asked and not checked and not default:
            yield Hit(asked[0][0], f"no server of {section.kind} `{section.name}` has `check`: this is never asked")


def _times(files: Files, path: str) -> Iterator[Hit]:
    sections: list[Section] = files.once(_read, path)
    given: set[str] = set()
    for section in sections:
        for number, line in section.having("timeout"):
            words = line.split()
            given.add(words[1] if len(words) > 1 else "")
            if len(words) > 2 and words[2].isdigit() and 0 < int(words[2]) < 200 and section.kind != "resolvers":
                yield Hit(number, f"`{line}` is {words[2]} milliseconds: a number without a unit")
    proxies = [each for each in sections if each.kind in ("frontend", "listen")]
    missing = [each for each in ("client", "server", "connect") if each not in given]
    if proxies and missing and any(each.kind in ("backend", "listen") and each.having("server") for each in sections):
        yield Hit(proxies[0].line, f"nothing sets `timeout {missing[0]}`: connections stay for ever")


def _open(files: Files, path: str) -> Iterator[Hit]:
    for section in files.once(_read, path):
        for number, line in section.lines:
            if re.match(
                r"(?:server|default-server|server-template|bind)\s.*\bverify\s+none\b", line
            ) and line.startswith(("server", "default")):
                yield Hit(number, "any certificate of the server is accepted (verify none)")
        for number, line in section.having("stats admin"):
            guarded = (
                section.having("stats auth")
                or section.having("http-request auth")
                or section.having("http-request deny")
            )
            if not guarded and re.search(r"\bif\s+TRUE\b", line):
                yield Hit(number, "whoever reaches the page switches servers off: it asks nobody")


_F = "haproxy.cfg"
_CFG = "global\n  log stdout\ndefaults\n  mode http\n  timeout connect {connect}\n  timeout client 30s\n  timeout server 30s\nfrontend f\n  bind :80\n  acl is_api path_beg /api\n  use_backend {use} if {acl} !{{ path /x }}\n  default_backend b\nbackend b\n  option httpchk GET /\n  server s1 10.0.0.1:80 {check}\n  server {second} 10.0.0.2:80 {check}\n"
_OK = {"connect": "5s", "use": "b", "acl": "is_api", "check": "check", "second": "s2"}


def _cfg(**other: str) -> dict[str, str]:
    return {_F: _CFG.format(**{**_OK, **other})}


_DOC = "HAProxy configuration manual"

RULES = (
    Rule("haproxy/backend", "error", "HAProxy refuses the configuration: name a backend of it.", f"{_DOC}: use_backend and default_backend name a backend or listen section.", _applies, _backends,
         bad=(_cfg(use="api"),), good=(_cfg(), _cfg(use="%[req.hdr(host)]"))),
    Rule("haproxy/acl", "error", "HAProxy refuses the configuration: declare the acl in the section.", f"{_DOC}, 7.2: a condition names acls of its section, or predefined ones.", _applies, _conditions,
         bad=(_cfg(acl="is_rest"),), good=(_cfg(), _cfg(acl="TRUE or is_api"))),
    Rule("haproxy/server", "error", "HAProxy refuses the configuration: give each server a name of its own.", f"{_DOC}: names of servers are unique in a proxy.", _applies, _servers,
         bad=(_cfg(second="s1"),), good=(_cfg(),)),
    Rule("haproxy/unchecked", "warning", "Put `check` on the servers.", f"{_DOC}, 5.2 check: without it a server is always up.", _applies, _unchecked,
         bad=(_cfg(check=""),), good=(_cfg(), {_F: _CFG.format(**{**_OK, "check": ""}).replace("  mode http\n", "  mode http\n  default-server check\n")})),
    Rule("haproxy/time", "warning", "Set client, server and connect, each with its unit.", f"{_DOC}, 2.5: a time without a unit is in milliseconds; missing timeouts are a source of trouble.", _applies, _times,
         bad=(_cfg(connect="5"), {_F: _CFG.format(**_OK).replace("  timeout client 30s\n", "")}), good=(_cfg(), _cfg(connect="5000"))),
    Rule("haproxy/open", "warning", "Check against the server's authority (`verify required ca-file …`); ask for a password.", f"{_DOC}, 5.2 verify, and stats admin.", _applies, _open,
         bad=(_cfg(check="ssl verify none"), {_F: "listen stats\n  bind :8404\n  stats enable\n  stats admin if TRUE\n"}), good=(_cfg(check="ssl verify required ca-file /a"), {_F: "listen stats\n  bind :8404\n  stats enable\n  stats auth a:${B}\n  stats admin if TRUE\n"})),
)  # fmt: skip
