"""The security of nginx's configuration, by gixy-ng."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from boringops.facts import Severity
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File, Program, Ran, Said
from boringops_tools.validators.nginx_text import balanced, is_nginx
from boringops_tools.yaml_files import template_reason

_UNSET = lazy_pattern(r"missing\b|no\b", re.I)
# Ways of writing that now and then go wrong. A host written out is looked up when nginx starts and at each reload, which is
# what most want of a host of their own; `nginx/resolver` says so where a name is looked up later, and nothing can.
_ADVICE = frozenset({"proxy_pass_normalized", "if_is_evil", "missing_resolver"})
_SEVERITY: dict[str, Severity] = {"HIGH": "warning", "MEDIUM": "warning"}
# Advice on tuning, and what depends on versions and names that a file does not tell.
_SKIPPED = (
    "worker_rlimit_nofile_vs_connections",
    "try_files_is_evil_too",
    "low_keepalive_requests",
    "nginx_cves",
    "origins",
    "default_server_flag",
)


class Gixy(Program):
    name = "gixy"
    about = "nginx configuration (security)"
    aspect = "nginx security"
    distribution = "gixy-ng"
    get = "pip install gixy-ng"
    missed = False

    def covers(self, file: File) -> bool:
        return is_nginx(file)

    def skip(self, file: File) -> str:
        if file.suffix in (".template", ".j2", ".tmpl", ".tpl"):
            return "is a template: must be rendered first"
        # It says of a file it cannot read what it says of one without fault: nothing.
        return template_reason(file) or ("" if balanced(file.text) else "its blocks do not close")

    def stage(self, file: File) -> tuple[str, str]:
        return ".conf", file.text

    def arguments(self, names: Sequence[str]) -> list[str]:
        return ["--format", "json", "--disable-includes", "--skips", ",".join(_SKIPPED), "--", *names]

    def read(self, ran: Ran) -> Iterable[Said]:
        for item in json.loads(ran.stdout):
            name = PurePosixPath(item["file"]).name
            # What is not set at all may be set in another file, or be as it should by default.
            unset = _UNSET.match(item["summary"]) or _UNSET.match(item["reason"])
            advice = unset or item["plugin"] in _ADVICE
            severity: Severity = "info" if advice else _SEVERITY.get(item["severity"], "info")
            yield Said(name, item["plugin"], severity, item["line"], f"{item['summary']} {item['reason']}")


VALIDATORS = (Gixy(),)
