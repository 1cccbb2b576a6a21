"""What `check` says of the corpus: which defects it catches, and which good files it blames."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from boringops.facts import Finding
from boringops_tools.inspection import inspect
from tests.corpus.cases import Case, kinds, read
from tests.repos import git

COUNTS = ("warning", "error")  # the severities at which `check` fails by default


@dataclass(frozen=True)
class Verdict:
    """One case, and what counts against it."""

    case: Case
    findings: tuple[Finding, ...]

    @property
    def caught(self) -> bool:
        """For a defect: something was said that its good base did not get."""
        return bool(self.findings)


def findings(case: Case) -> list[Finding]:
    """Everything at warning or above that is said of a case, written out as a repository of its own."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "repository"
        root.mkdir()
        git(root, "init", "--quiet")
        paths = case.write(root)
        git(root, "add", "--all", "--force")
        return [each for each in inspect(root, paths).findings if each.severity in COUNTS]


def judge(batch: str, kind: str) -> list[Verdict]:
    """The verdict on each case of a kind: of a defect, only what its base is not blamed for as well."""
    verdicts: dict[str, Verdict] = {}
    for case in read(batch, kind):
        said = findings(case)
        before = {_key(each) for each in verdicts[case.base].findings} if case.base else set()
        verdicts[case.name] = Verdict(case, tuple(each for each in said if _key(each) not in before))
    return list(verdicts.values())


def judge_all(batch: str) -> dict[str, list[Verdict]]:
    """The verdicts of a batch by kind of file."""
    return {kind: judge(batch, kind) for kind in kinds(batch)}


def _key(finding: Finding) -> tuple[str, str, str]:
    return finding.path, finding.rule, finding.message
