"""A baseline: the findings that were there when somebody began to check, so that only new ones count.

A finding is known by its rule, its file and the text of its line, so that lines may move. The file holds hashes alone:
nothing of what the lines say.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from boringops.errors import UsageError
from boringops.facts import Finding

_VERSION = 1


def write(place: Path, root: Path, findings: Sequence[Finding]) -> None:
    """Keep the findings as known. Raises UsageError where the file cannot be written."""
    entries = sorted(
        ({"rule": each.rule, "path": each.path, "line_sha256": line_hash(root, each)} for each in findings),
        key=lambda entry: (entry["path"], entry["rule"], entry["line_sha256"]),
    )
    try:
        place.write_text(json.dumps({"version": _VERSION, "findings": entries}, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The baseline {place} cannot be written: {error.strerror}.") from error


def split(place: Path, root: Path, findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """(new, known) findings. Each entry of the baseline excuses one finding. Raises UsageError for an unreadable file."""
    try:
        content = json.loads(place.read_text(encoding="utf-8"))
        if content["version"] != _VERSION:
            raise ValueError(f"its version is {content['version']}")
        left = Counter((entry["rule"], entry["path"], entry["line_sha256"]) for entry in content["findings"])
    except FileNotFoundError as error:
        raise UsageError(f"There is no baseline {place}.", hint="Write one with --write-baseline.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"The baseline {place} cannot be read: {error}.", hint="Write it anew with --write-baseline."
        ) from error
    new: list[Finding] = []
    known: list[Finding] = []
    for each in findings:
        key = (each.rule, each.path, line_hash(root, each))
        left[key] -= 1
        (known if left[key] >= 0 else new).append(each)
    return new, known


def line_hash(root: Path, finding: Finding) -> str:
    """Of the line without the space around it; of nothing where a finding is about the whole file.

    What history holds is not in the file any more: there the message says which commit is meant."""
    from boringops_tools.validators import read_file

    if finding.rule.startswith("history/"):
        return hashlib.sha256(finding.message.encode()).hexdigest()
    file = read_file(root, finding.path) if finding.line else ""
    lines = [] if isinstance(file, str) else file.text.split("\n")
    text = lines[finding.line - 1].strip() if finding.line and finding.line <= len(lines) else ""
    return hashlib.sha256(text.encode()).hexdigest()
