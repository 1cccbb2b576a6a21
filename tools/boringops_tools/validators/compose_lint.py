"""A second opinion on the security of Compose files, by compose-lint, where it is installed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from boringops.facts import Severity
from boringops_tools.validators.base import File, Program, Ran, Said
from boringops_tools.yaml_files import is_compose, template_reason


class ComposeLint(Program):
    name = "compose-lint"
    about = "Compose files (security)"
    aspect = "compose security"
    distribution = "compose-lint"
    get = "pip install 'boringops[compose]'"
    missed = False

    def covers(self, file: File) -> bool:
        return is_compose(file.path)

    def skip(self, file: File) -> str:
        return template_reason(file)

    def stage(self, file: File) -> tuple[str, str]:
        return "/compose.yaml", file.text

    def arguments(self, names: Sequence[str]) -> list[str]:
        return ["check", "--format", "json", "--no-env", "--no-merge-overrides", *names]

    def read(self, ran: Ran) -> Iterable[Said]:
        for item in json.loads(ran.stdout)["findings"]:
            # Below high it is advice to harden what works (limits, capabilities, digests), and says it of every service.
            if item["severity"] in ("critical", "high"):
                severity: Severity = "warning" if item["severity"] == "critical" else "info"
                first = re.split(r"(?<=[.:])\s", item.get("fix", ""), maxsplit=1)[0].rstrip(":")
                yield Said(item["file"], item["rule_id"], severity, item["line"], item["message"], first)


VALIDATORS = (ComposeLint(),)
