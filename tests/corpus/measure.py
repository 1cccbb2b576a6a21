"""What `check` says of the corpus: which defects it catches, and which good files it blames."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from boringops.facts import Finding
from boringops_tools import checks
from boringops_tools.inspection import inspect
from boringops_tools.red_flags import scan
from tests.corpus.cases import BATCHES, HERE, Case, kinds, read
from tests.repos import git

COUNTS = ("warning", "error")  # the severities at which `check` fails by default


@dataclass(frozen=True)
class Verdict:
    """One case, and what counts against it: against a defect, only what its good base is not blamed for as well."""

    case: Case
    findings: tuple[Finding, ...]

    @property
    def blamed(self) -> bool:
        return bool(self.findings)


def judge(batch: str, kind: str, *, own: bool = False) -> list[Verdict]:
    """The verdict on each case of a kind, by everything installed, or by our `own` rules alone, which start no program."""
    verdicts: dict[str, Verdict] = {}
    # What our own rules catch, `check` catches: no program has to be started for it.
    known = {} if own else {each.case.name: each for each in judge(batch, kind, own=True) if each.blamed}
    for case in read(batch, kind):
        if not case.good and case.name in known:
            verdicts[case.name] = known[case.name]
            continue
        said = _findings(case, own=own)
        before = {_key(each) for each in verdicts[case.base].findings} if case.base else set()
        verdicts[case.name] = Verdict(case, tuple(each for each in said if _key(each) not in before))
    return list(verdicts.values())


def _findings(case: Case, *, own: bool) -> list[Finding]:
    """Everything at warning or above that is said of a case, written out as a repository of its own."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "repository"
        root.mkdir()
        paths = case.write(root)
        if own:
            found = [*scan(root, paths), *checks.scan(root, paths)]
        else:
            git(root, "init", "--quiet")
            git(root, "add", "--all", "--force")
            found = inspect(root, paths).findings
    return [each for each in found if each.severity in COUNTS]


def _key(finding: Finding) -> tuple[str, str, str]:
    return finding.path, finding.rule, finding.message


@dataclass(frozen=True)
class Row:
    """One kind of file: how many defects there are and are caught, how many good cases, files in them, and cases blamed."""

    kind: str
    defects: int
    caught: int | None
    """Null where only our own rules were asked."""
    own: int
    """Caught by our own rules alone."""
    good: int
    files: int
    blamed: int | None


def row(kind: str, verdicts: list[Verdict], own: list[Verdict]) -> Row:
    good = [each for each in verdicts if each.case.good]
    bad = [each for each in verdicts if not each.case.good]
    return Row(
        kind, len(bad), sum(each.blamed for each in bad), sum(each.blamed for each in own if not each.case.good),
        len(good), sum(len(each.case.files) for each in good), sum(each.blamed for each in good),
    )  # fmt: skip


def all_kinds() -> list[tuple[str, str]]:
    """(batch, kind) of the whole corpus."""
    return [(batch, kind) for batch in BATCHES for kind in kinds(batch)]


def digest() -> str:
    """What the corpus is: it changes with any case."""
    texts = [(HERE / batch / f"{kind}.txt").read_bytes() for batch, kind in all_kinds()]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]
