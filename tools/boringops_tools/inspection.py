"""Everything that can be said about files without a model: validators, red flags and checks, each thing once."""

from __future__ import annotations

import contextvars
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from boringops.facts import SEVERITIES, Finding, Inspection

# Rules of validators that say what a red flag of ours says of the same line: ours stays and names theirs.
SAME: dict[tuple[str, str], tuple[str, ...]] = {
    ("hadolint", "DL3006"): ("image/untagged",),
    ("hadolint", "DL3007"): ("image/latest",),
    ("hadolint", "DL3002"): ("user/root",),
    ("hadolint", "DL3004"): ("dockerfile/sudo",),
    ("hadolint", "DL3064"): ("dockerfile/secret-setting",),
    ("hadolint", "DL3011"): ("dockerfile/port",),
    ("hadolint", "DL3022"): ("dockerfile/unknown-stage",),
    ("hadolint", "DL3025"): ("dockerfile/exec-form",),
    ("compose-lint", "CL-0001"): ("compose/docker-socket", "compose/host-path"),
    ("compose-lint", "CL-0002"): ("compose/privileged",),
    ("compose-lint", "CL-0008"): ("compose/host-namespace",),
    ("compose-lint", "CL-0010"): ("compose/host-namespace",),
    ("compose-lint", "CL-0013"): ("compose/host-path",),
    ("jactionlint", "unpinned-uses"): ("workflow/unpinned-uses", "image/latest", "image/untagged"),
    ("jactionlint", "unpinned-images"): ("image/latest", "image/untagged", "image/no-digest"),
    ("jactionlint", "excessive-permissions"): ("workflow/write-all",),
    ("jactionlint", "missing-permissions"): ("workflow/no-permissions",),
    ("jactionlint", "untrusted-checkout"): ("workflow/foreign-checkout",),
    ("jactionlint", "unverified-download"): ("workflow/curl-pipe-shell", "script/curl-pipe-shell"),
    ("jactionlint", "template-injection"): ("workflow/injection",),
    ("jactionlint", "hardcoded-container-credentials"): ("secret",),
    ("zizmor", "unpinned-uses"): ("workflow/unpinned-uses", "image/latest", "image/untagged"),
    ("zizmor", "unpinned-images"): ("image/latest", "image/untagged", "image/no-digest"),
    ("zizmor", "excessive-permissions"): ("workflow/write-all", "workflow/no-permissions"),
    ("zizmor", "template-injection"): ("workflow/injection",),
    ("zizmor", "dangerous-triggers"): ("workflow/foreign-checkout",),
    ("trivy", "DS-0001"): ("image/latest", "image/untagged"),
    ("trivy", "DS-0002"): ("user/missing", "user/root"),
}
# Where two validators read the same file, the one that knows the format better speaks: a schema comes last.
_BETTER_THAN_SCHEMA = {"schema/github-workflows": "workflow-syntax", "schema/dependabot": "dependabot-syntax"}
_CANNOT_READ = ("yaml-syntax", "syntax", "unreadable")
_SCANNERS = ("gitleaks", "betterleaks")
_NEARBY = 3  # lines between the places at which two tools report one thing


def inspect(
    root: Path,
    paths: Sequence[str],
    *,
    cache_dir: Path | None = None,
    cancel: threading.Event | None = None,
    base: str = "HEAD",
) -> Inspection:
    """Validators, red flags and checks on files of the repository: findings sorted by path and line, without doubles.
    `base` is the commit that the files are a change of.

    Never raises for what a file holds; a file that cannot be read is a finding or not validated. With `cache_dir` what
    was found out about unchanged files is remembered. Raises Interrupted once `cancel` is set.
    """
    from boringops_tools.cache import opened
    from boringops_tools.validators import HEAD_START_S, read_once, validate
    from boringops_tools.validators.programs import stoppable

    with read_once(), stoppable(cancel) as stopping, opened(cache_dir) as cache:
        beside = ThreadPoolExecutor(1)  # our own rules run here while the validators' programs run beside them
        validating = beside.submit(contextvars.copy_context().run, lambda: validate(root, paths, cache=cache))
        validating.add_done_callback(lambda _: stopping.busy.set())
        try:
            stopping.busy.wait(HEAD_START_S)  # programs start only from the interpreter, which our rules hold
            from boringops_tools import checks
            from boringops_tools.cost.estimate import findings as estimates
            from boringops_tools.red_flags import scan
            from boringops_tools.terraform.review import review

            files = checks.Files(root, base)
            plans = review(files, paths)
            costs = estimates(files, paths)
            flags = (flag for flag in scan(root, paths, cache=cache) if not _reviewed(flag, plans.local))
            ours = [*flags, *checks.look(files, paths, cache)]
            validated = validating.result()
        except BaseException:
            stopping.stop()  # first: nobody waits for a program that has to go
            raise
        finally:
            beside.shutdown()
    said = sorted(validated.findings, key=lambda finding: finding.rule.startswith("schema/"))
    findings = _without_doubles([*ours, *plans.findings, *costs, *said])
    verdicts = sorted([*validated.validation, *plans.validation], key=lambda each: (each.path, each.tool))
    return Inspection(validation=verdicts, findings=sorted(findings, key=_place))


def _reviewed(flag: Finding, plans: Collection[str]) -> bool:
    """Whether a state file is a plan that lies there to be reviewed, and is not in git."""
    return flag.rule == "state/file" and flag.path in plans


def _place(finding: Finding) -> tuple[str, int, int, str]:
    return finding.path, finding.line or 0, -SEVERITIES.index(finding.severity), finding.rule


def _without_doubles(findings: Iterable[Finding]) -> list[Finding]:
    by_path: dict[str, list[Finding]] = defaultdict(list)
    for finding in dict.fromkeys(findings):
        by_path[finding.path].append(finding)
    return [kept for of_file in by_path.values() for kept in _of_file(of_file)]


def _of_file(findings: list[Finding]) -> list[Finding]:
    kept: list[Finding] = []
    for finding in findings:  # ours come first
        if (twin := _twin(finding, kept)) is None:
            kept.append(finding)
        elif twin.source == "boringops":
            told = f"{finding.source} {finding.rule}"
            if told not in twin.hint:
                kept[kept.index(twin)] = twin.model_copy(update={"hint": f"{twin.hint} ({told})".strip()})
    return kept


def _is_secret(finding: Finding) -> bool:
    return "secret" in finding.rule


def _same_secret(one: Finding, other: Finding) -> bool:
    """Whether two tools mean one secret: a key's block and a pair of keys are told at different lines of theirs."""
    if one.line == other.line or one.line is None or other.line is None:
        return True
    pair = "aws" in one.rule and "aws" in other.rule
    return abs(one.line - other.line) <= _NEARBY and (
        pair or ("private-key" in one.rule and "private-key" in other.rule)
    )


def _ours(finding: Finding) -> tuple[str, ...]:
    """The red flags that a validator's rule proves."""
    if finding.source == "trivy":
        from boringops_tools.validators.trivy import PROVES

        return PROVES.get(finding.rule.removeprefix("AVD-"), ())
    return SAME.get((finding.source, finding.rule), ())


def _twin(finding: Finding, kept: list[Finding]) -> Finding | None:
    """What has already been said of the same thing."""
    ours = _ours(finding)
    for other in kept:
        if finding.source in _SCANNERS and _is_secret(other) and _same_secret(finding, other):
            return other
        if other.source == "boringops" and (other.rule in ours or other.rule.split("/")[0] in ours):
            # a matter of the whole file; trivy names the block, our rules the line in it
            anywhere = other.rule in ("workflow/no-permissions", "user/root") or finding.source == "trivy"
            if anywhere or other.line == finding.line:
                return other
        if other.source != finding.source:
            near = finding.line is None or other.line is None or abs(finding.line - other.line) <= _NEARBY
            if finding.rule in _CANNOT_READ and other.rule in _CANNOT_READ and near:
                return other
            if near and _BETTER_THAN_SCHEMA.get(finding.rule) == other.rule:
                return other
    return None
