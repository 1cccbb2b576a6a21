"""Secrets in the history of a repository: what was committed once is known, whether or not it is still there."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from boringops.errors import UsageError
from boringops.facts import Finding
from boringops.secrets import env_file, find
from boringops_tools.validators.base import clean, shown
from boringops_tools.validators.programs import go_on

_HUNK = re.compile(rb"@@ -\S+ \+(\d+)")
_MOST = 256 * 1024  # bytes of one piece; a longer one is looked at in parts
_LONGEST = 20_000  # bytes of one line that are looked at: longer ones are bundles and data


def scan_history(root: Path) -> list[Finding]:
    """The secrets in all lines that any commit of any branch has added, each once, at the commit that brought it.

    The log is streamed: memory grows with the findings and with nothing else. Raises UsageError where git fails."""
    found: dict[tuple[str, str, str], Finding] = {}
    for commit, path, line, text in _added(root):
        go_on()
        if env_file(path) and path.endswith((".example", ".sample", ".template")):
            continue
        for secret in find(text, path=path):
            where = line + text.count("\n", 0, secret.start)
            # Newest commits come first, so the last one to say it is the one that brought it.
            found[path, secret.kind, text[secret.start : secret.end]] = Finding(
                rule=f"history/secret/{secret.kind}", severity="error", path=shown(path), line=where, source="boringops",
                message=clean(f"commit {commit[:12]} added a secret: {secret.name} ({secret.kind.replace('-', ' ')})"),
                hint="Rotate it: whoever has the repository has it, and rewriting history does not call it back.",
            )  # fmt: skip
    return sorted(found.values(), key=lambda each: (each.path, each.line or 0, each.rule))


def _added(root: Path) -> Iterator[tuple[str, str, int, str]]:
    """(commit, path, line of the first, added lines that follow each other)"""
    command = [
        "git", "-c", "core.quotePath=false", "-c", "diff.noprefix=false", "-c", "diff.mnemonicPrefix=false", "-c", "log.showRoot=true",
        "log", "--all", "--patch", "--unified=0", "--no-color",
        "--no-ext-diff", "--no-textconv", "--no-renames", "--diff-merges=first-parent", "--format=commit %H",
    ]  # fmt: skip
    with (
        tempfile.TemporaryFile() as errors,  # a pipe nobody reads would stop git when it is full
        subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL) as process,
    ):
        assert process.stdout  # noqa: S101
        commit, path, first, size = "", "", 0, 0
        lines: list[str] = []
        number = 0
        in_header = True
        while raw := process.stdout.readline(_LONGEST):
            if not raw.endswith(b"\n"):
                while (rest := process.stdout.readline(_LONGEST)) and not rest.endswith(b"\n"):
                    pass
            added = raw.startswith(b"+") and not in_header
            if lines and (not added or size > _MOST):
                yield commit, path, first, "\n".join(lines)
                lines, first, size = [], number, 0
            if added:
                lines.append(raw[1:].decode("utf-8", "replace").rstrip("\r\n"))
                size += len(raw)
                number += 1
            elif raw.startswith(b"commit "):
                commit, in_header = raw[7:].decode().strip(), True
            elif raw.startswith(b"diff --git "):
                in_header = True
            elif in_header and raw.startswith(b"+++ "):
                name = raw[4:].decode("utf-8", "replace").rstrip("\n\t").strip('"')
                path = name.removeprefix("b/")
            elif match := _HUNK.match(raw):
                first = number = int(match[1])
                in_header = False
        if lines:
            yield commit, path, first, "\n".join(lines)
        if process.wait():
            errors.seek(0)
            raise UsageError(f"The history cannot be read: {errors.read(500).decode('utf-8', 'replace').strip()}")
