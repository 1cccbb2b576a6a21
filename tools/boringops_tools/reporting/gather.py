"""A check from the files to the report: look, settle by waivers, take out what the baseline knows."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from boringops.facts import Finding, Severity
from boringops.suppressions import Suppression, in_comments
from boringops_tools.reporting.base import Report, masked
from boringops_tools.validators import expects_validation, read_file, read_once
from boringops_tools.validators.base import shown


@read_once()
def gather(
    root: Path,
    paths: Sequence[str],
    *,
    complete: bool,
    fail_on: Severity,
    history: bool = False,
    baseline: Path | None = None,
    write_baseline: bool = False,
    cache_dir: Path | None = None,
    base: str = "HEAD",
    cost: bool = False,
    today: datetime.date | None = None,
    distrust: Mapping[str, Collection[int]] | None = None,
) -> Report:
    """What there is to say about files of a repository; `complete` where they are all of it.

    With `cost` infracost is asked, which asks its price service.
    With `history` also the secrets that any commit ever added. With `write_baseline` everything found becomes known.
    `distrust` are lines, by path, that a pull request wrote: a waiver on one of them excuses nothing.
    Raises UsageError for a baseline or a history that cannot be read."""
    from boringops_tools.inspection import inspect
    from boringops_tools.reporting.baseline import split, write
    from boringops_tools.waivers import apply

    inspection = inspect(root, paths, cache_dir=cache_dir, base=base)
    findings = [_tempered(each) for each in inspection.findings]
    if history:
        from boringops_tools.red_flags.history import scan_history

        findings += scan_history(root)
    if cost:
        from boringops_tools.checks.base import Files
        from boringops_tools.cost.infracost import infracost
        from boringops_tools.terraform.review import roots

        files = Files(root)
        asked = [infracost(files, path) for path in roots(files, [each for each in paths if each.endswith(".tf")])]
        findings += [each for each in asked if each is not None]
    # A waiver's day ends when the user's day does.
    day = today or datetime.datetime.now().astimezone().date()
    settled = apply(
        root, findings, today=day, paths=paths, complete=complete, changed_lines=distrust, distrust=distrust or ()
    )
    findings = sorted([*settled.findings, *settled.problems], key=_place)
    known: list[Finding] = []
    if baseline is not None:
        if write_baseline:
            write(baseline, root, findings)
        findings, known = split(baseline, root, findings)
    return Report(
        root, len(paths), [_safe(each) for each in findings], list(inspection.validation),
        [(_safe(each), waiver) for each, waiver in settled.waived], [_safe(each) for each in known], fail_on,
        list(_suppressions(root, paths)),
    )  # fmt: skip


def _suppressions(root: Path, paths: Sequence[str]) -> Iterator[tuple[str, Suppression]]:
    """What is excused from other tools' judgement in files that they judge: nothing counts less for it, but it is told."""
    for path in paths:
        file = read_file(root, path) if expects_validation(path) else ""
        if not isinstance(file, str):
            yield from ((shown(path), each) for each in in_comments(path, file.text))


# A manual shows what a setting looks like, and a test brings the file that it reads and makes up who signs in. A key of a
# provider's own shape is a key wherever it stands; these rules go by a name or a place alone. What a run writes is held to
# them all the same.
_MANUAL = re.compile(r"(?i)(?:.*/)?docs?/.+\.(?:rst|adoc|md|mdx|txt)")
_SHOWN = frozenset({"secret/generic-secret", "secret/url-password"})
_SHAPELESS = _SHOWN | {"secret/password"}
_MADE_UP = _SHAPELESS | {"secret-file", "secret/basic-auth", "secret/bearer-token", "secret/jwt", "secret/docker-auth"}
_TEST_DATA = re.compile(r"(?i)(?:.*/)?(?:tests?|testdata|fixtures|__tests__)/.+")
# Tests that stand beside what they test, by the names that their tools go by; what mix writes for development is one, too.
_TEST_CODE = re.compile(
    r"(?:.*/)?(?:(?:specs?|e2e|cypress|__mocks__|mocks)/.+\.(?:[cm]?[jt]sx?|py|go|rs|java|kts?|rb|php|cs|exs?|scala|swift|dart|groovy)|"
    r"test_[^/]*\.py|conftest\.py|[^/]*[._-](?:test|spec)s?\.\w{1,5}|[^/]*[a-z]Tests?\.(?:java|kt|cs|php|scala)|config/(?:dev|test)\.exs)"
)
# What tools put together from packages, whose examples and checks come with it, and texts in other languages.
_NOBODYS = re.compile(
    r"(?:.*/)?(?:(?:node_modules|vendor|dist|\.yarn)/.*\.[cm]?js|[^/]*\.(?:js|css)\.map|[^/]*\.min\.[cm]?js|[Mm]essages_\w+\.properties|"
    r"(?:locales?|translations?|i18n|lang(?:uages?)?|intl|messages)/.*\.(?:json|ya?ml|properties|php|[jt]s|po|xml|arb|resx))"
)
# Nothing that only a test builds or sets is deployed.
_DEPLOYED = frozenset({"image/latest", "image/untagged", "user/missing", "user/root", "tls/setting-off"})
_IF_REAL = "Where it is made up nothing is wrong; a real one is known to all who have the repository: rotate it."


def _tempered(finding: Finding) -> Finding:
    of_test = _TEST_DATA.fullmatch(finding.path)
    if (
        (finding.rule in _SHOWN and _MANUAL.fullmatch(finding.path))
        or (finding.rule in _MADE_UP and (of_test or _TEST_CODE.fullmatch(finding.path)))
        or (finding.rule in _SHAPELESS and _NOBODYS.fullmatch(finding.path))
    ):
        told = {} if finding.rule == "secret-file" else {"hint": _IF_REAL, "message": _supposed(finding.message)}
        return finding.model_copy(update={"severity": "info", **told})
    if finding.rule in _DEPLOYED and of_test:
        return finding.model_copy(update={"severity": "info"})
    return finding


def _supposed(message: str) -> str:
    return message.replace(" holds a secret", " holds what looks like a secret", 1)


def _place(finding: Finding) -> tuple[str, int]:
    return finding.path, finding.line or 0


def _safe(finding: Finding) -> Finding:
    """A finding whose message holds no secret: validators quote what they read."""
    message = masked(finding.message)
    return finding if message == finding.message else finding.model_copy(update={"message": message})
