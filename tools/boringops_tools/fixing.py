"""What tools mend safely: each change as a diff first, written whole or not at all, and checked again after.

A change is taken only where the file means the same to its own parser, or where the tool that makes it calls it safe.
"""

from __future__ import annotations

import difflib
import json
import re
import stat
import sys
import tempfile
import tomllib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.validators import expects_validation, read_file
from boringops_tools.validators.base import Unfinished, installed, locate, run
from boringops_tools.validators.terraform import RUN_WHEEL, WHEEL
from boringops_tools.yaml_files import Unreadable, documents, is_workflow, is_yaml, template_reason


@dataclass(frozen=True)
class Fix:
    """What would be, or was, mended in one file."""

    path: str
    by: tuple[str, ...]
    before: str
    after: str

    @property
    def diff(self) -> str:
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            f"a/{self.path}",
            f"b/{self.path}",
        )
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def fixes(root: Path, paths: Sequence[str]) -> list[Fix]:
    """What can be mended in files of the repository; nothing is written. A tool that is absent or fails mends nothing."""
    found = []
    for path in dict.fromkeys(paths):
        file = None if (root / path).is_symlink() else read_file(root, path)
        if file is None or isinstance(file, str) or not expects_validation(path):
            continue
        if (root / path).read_bytes() != file.text.encode():
            continue  # a mark at its beginning would be lost
        text, by = file.text, []
        for name, mend in _MENDERS.items():
            mended = mend(path, text)
            if (
                mended is not None
                and mended != text
                and _reads_the_same(path, text, mended, exact=name == "whitespace")
            ):
                text = mended
                by.append(name)
        if text != file.text and not template_reason(file):
            found.append(Fix(path, tuple(by), file.text, text))
    return found


def apply(root: Path, found: Sequence[Fix], *, leave: Collection[str] = ()) -> tuple[list[Fix], list[Fix]]:
    """Write what was mended; what is in `leave`, or has changed since, is left. (written, left)"""
    from boringops.files import replace

    written, left = [], []
    for fix in found:
        place = root / fix.path
        if fix.path in leave or place.read_bytes() != fix.before.encode():
            left.append(fix)
            continue
        with tempfile.TemporaryDirectory(prefix="boringops-") as folder:
            replace(place, fix.after.encode(), stat.S_IMODE(place.stat().st_mode), Path(folder))
        written.append(fix)
    return written, left


def _reads_the_same(path: str, before: str, after: str, *, exact: bool) -> bool:
    """Whether a file still can be read; where only space may have changed, as the very same values."""
    reader: Callable[[str], object] | None = None
    if is_yaml(path):
        reader = documents
    elif path.endswith(".json"):
        reader = json.loads
    elif path.endswith(".toml"):
        reader = tomllib.loads
    if reader is None:
        return True
    try:
        old, new = reader(before), reader(after)
    except (Unreadable, ValueError, RecursionError):
        return False
    return not exact or old == new


def _whitespace(path: str, text: str) -> str | None:
    """Without space at the ends of lines, and with one line end at the end. In scripts and heredocs space may mean
    something: there only the end of the file is touched."""
    end = "\r\n" if "\r\n" in text else "\n"
    parsed = is_yaml(path) or path.endswith((".json", ".toml")) or (is_dockerfile(path) and "<<" not in text)
    if parsed:
        text = re.sub(r"(?m)(?<![\\\s])[ \t]+(?=\r?$)|^[ \t]+(?=\r?$)", "", text)
    stripped = text.rstrip("\r\n" if parsed else "")
    if not stripped:
        return None
    return stripped + end if parsed or not text.endswith("\n") else text


def _zizmor(path: str, text: str) -> str | None:
    if not is_workflow(path) or (program := locate("zizmor")) is None:
        return None
    return _in_a_copy(
        text,
        ".github/workflows/workflow.yml",
        [program, "--offline", "--no-config", "--fix=safe", "--no-progress", "--quiet"],
    )


def _jactionlint(path: str, text: str) -> str | None:
    """What an attacker may write goes into a variable of its own. Its other fixes take rights away that a job may need."""
    if not is_workflow(path) or (program := locate("jactionlint")) is None:
        return None
    return _in_a_copy(
        text,
        ".github/workflows/workflow.yml",
        [program, "--no-online", "--pyflakes=", "--shellcheck=", "--fix", "--fix-rules=template-injection"],
    )


def _terraform(path: str, text: str) -> str | None:
    if not path.endswith((".tf", ".tfvars", ".tofu")):
        return None
    if program := locate("terraform") or locate("tofu"):
        return _in_a_copy(text, f"copy{Path(path).suffix}", [program, "fmt", "-write=true"])
    if installed(WHEEL):
        return _in_a_copy(
            text, f"copy{Path(path).suffix}", [sys.executable, "-P", "-c", RUN_WHEEL, "fmt", "-write=true"]
        )
    return None


def _in_a_copy(text: str, name: str, command: list[str]) -> str | None:
    """What a program makes of a copy of a file; null where it fails."""
    with tempfile.TemporaryDirectory(prefix="boringops-") as folder:
        copy = Path(folder) / "copy" / name
        copy.parent.mkdir(parents=True)
        copy.write_text(text, encoding="utf-8", newline="")
        try:
            run([*command, name], cwd=Path(folder) / "copy", home=Path(folder), timeout_s=30)
            return copy.read_bytes().decode()
        except (Unfinished, OSError, ValueError):
            return None


_MENDERS: dict[str, Callable[[str, str], str | None]] = {
    "jactionlint": _jactionlint, "zizmor": _zizmor, "terraform fmt": _terraform, "whitespace": _whitespace,
}  # fmt: skip
