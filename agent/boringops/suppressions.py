"""Comments and settings by which tools are told to say nothing: a user may write them, a run may not excuse itself.

What a suppression is, is each tool's own documentation to say. Documents and the application's own code are not looked
at: what stands there switches off no check of infrastructure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

COMMENTS: dict[str, str] = {
    "hadolint": r"#\s*hadolint\s+(?:global\s+|shell=\S+\s+)?ignore\s*=\s*(?P<rules>[\w, ]+)",
    "zizmor": r"#\s*zizmor:\s*ignore\b(?:\[(?P<rules>[^\]]*)\])?",
    "jactionlint": r"#\s*(?:jactionlint|actionlint)\b[:\s]+(?:ignore|disable)\b",
    "shellcheck": r"#\s*shellcheck\s+(?:\S+\s+)*disable\s*=\s*(?P<rules>[\w, -]+)",
    "yamllint": r"#\s*yamllint\s+disable\b",
    "checkov": r"\b(?:checkov|bridgecrew|cortex):skip\s*=|\bcheckov\.io/skip",
    "trivy": r"\b(?:trivy|tfsec):ignore\b|\btfsec:ignore\b",
    "tflint": r"\btflint-ignore\b",
    "terrascan": r"\bts:skip\s*=|\brunterrascan\.io/skip",
    "kics": r"\bkics-scan\s+(?:ignore|disable)",
    "kube-linter": r"\bignore-check\.kube-linter\.io/|\bkube-linter\.io/ignore-all\b",
    "kube-score": r"\bkube-score/ignore\b",
    "polaris": r"\bpolaris\.fairwinds\.com/[\w-]*exempt\b",
    "cfn-lint": r"\bignore_checks\b\s*\"?:",
    "ansible-lint": r"#\s*noqa\b|\bskip_ansible_lint\b",
    "gitleaks": r"\b(?:gitleaks|betterleaks):\s*allow\b",
    "trufflehog": r"\btrufflehog:\s*ignore\b",
    "detect-secrets": r"\bpragma:\s*(?:allowlist|whitelist)\b",
    "semgrep": r"\bnosem(?:grep)?\b",
    "gixy": r"#\s*gixy:\s*(?:disable|ignore)\b",
    "pint": r"#\s*pint\s+(?:ignore|disable|snooze)\b",
    "compose-lint": r"#\s*(?:compose-lint|dclint)[:\s-]+(?:ignore|disable)\b",
}
"""Tool to what its suppressions look like on a line."""

LISTS = frozenset(
    {
        ".trivyignore", ".trivyignore.yaml", ".tfsecignore", ".gitleaksignore", ".betterleaksignore", ".ansible-lint-ignore",
        ".secrets.baseline", ".checkov.baseline", ".semgrepignore", ".secretlintignore", ".snyk", ".boringops-waivers.yaml",
    }
)  # fmt: skip
"""Files whose every entry lets something pass."""
SETTINGS = frozenset(
    {
        ".hadolint.yaml", ".hadolint.yml", "hadolint.yaml", "zizmor.yml", "zizmor.yaml", ".zizmor.yml", "jactionlint.yaml",
        "jactionlint.yml", "actionlint.yaml", "actionlint.yml", ".yamllint", ".yamllint.yaml", ".yamllint.yml", ".gitleaks.toml",
        "gitleaks.toml", ".betterleaks.toml", ".checkov.yaml", ".checkov.yml", "trivy.yaml", ".tflint.hcl", ".kube-linter.yaml",
        ".kube-linter.yml", ".cfnlintrc", ".cfnlintrc.yaml", ".cfnlintrc.yml", ".ansible-lint", ".ansible-lint.yml",
        ".ansible-lint.yaml", ".shellcheckrc", "shellcheckrc", ".secretlintrc.json", "kics.config",
    }
)  # fmt: skip
"""Files that may say what a tool is to leave out, beside much that is harmless."""
OURS = ".boringops.toml"
_LOOSE = re.compile(
    r"(?i)ignor|skip|disabl|exclud|allow|suppress|exempt|warn_list|threshold|severity|level|failure|min-|max-|"
    r"\benable[d]?\b\W+(?:false|no|off)|:\s*(?:false|off|no)\b|=\s*(?:false|\"off\")"
)
# What our own judgement takes for advice: distributions drop old versions from their mirrors, so that a pinned one breaks.
_ADVICE = frozenset({"DL3008", "DL3018", "DL3033", "DL3037", "DL3041", "DL3066"})
_PATTERNS = {tool: re.compile(pattern) for tool, pattern in COMMENTS.items()}
_ANY = re.compile(
    "hadolint|zizmor|actionlint|shellcheck|yamllint|checkov|bridgecrew|cortex|trivy|tfsec|tflint|ts:skip|terrascan|kics|kube-|"
    "polaris|ignore_checks|noqa|skip_ansible|leaks|trufflehog|pragma|nosem|gixy|pint|compose-lint|dclint"
)
_PROSE = re.compile(r"(?i).*\.(?:md|mdx|rst|adoc|txt|py|go|js|jsx|ts|tsx|mjs|cjs|java|rb|rs|cs|php|kt|ex|exs|html|css)")


@dataclass(frozen=True)
class Suppression:
    """One place where a tool is told to say nothing."""

    tool: str
    line: int
    text: str
    """The line as it stands, without the space around it."""


def in_comments(path: str, text: str) -> Iterator[Suppression]:
    """The suppressions in a file's lines. Those of mere advice are left out: they excuse nothing that counts."""
    if _PROSE.fullmatch(PurePosixPath(path).name) or not _ANY.search(text):
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not _ANY.search(line):
            continue
        for tool, pattern in _PATTERNS.items():
            if tool == "ansible-lint" and not path.endswith((".yml", ".yaml")):
                continue
            match = pattern.search(line)
            if match is not None and not _advice(match):
                yield Suppression(tool, number, line.strip())


def _advice(match: re.Match[str]) -> bool:
    rules = {rule for rule in re.split(r"[\s,]+", match.groupdict().get("rules") or "") if rule}
    return bool(rules) and rules <= _ADVICE


def added(path: str, before: str, after: str) -> list[Suppression]:
    """What a change lets pass that was not let pass before; lines that only moved are nothing new."""
    name = PurePosixPath(path).name
    if name in LISTS:
        return _lines(name, before, after, lambda line: not line.startswith("#"))
    if name == OURS:
        return _lines("boringops", before, after, lambda _: True, removed=True)
    if name in SETTINGS:
        return _lines(
            name, before, after, lambda line: not line.startswith("#") and bool(_LOOSE.search(line)), removed=True
        )
    known = Counter((each.tool, each.text) for each in in_comments(path, before))
    new = []
    for each in in_comments(path, after):
        if known[each.tool, each.text]:
            known[each.tool, each.text] -= 1
        else:
            new.append(each)
    return new


def _lines(tool: str, before: str, after: str, counts: object, *, removed: bool = False) -> list[Suppression]:
    """The lines of a file that are new and count; where a removed one may loosen, too, those that are gone."""
    assert callable(counts)  # noqa: S101
    old, new = Counter(map(str.strip, before.split("\n"))), Counter(map(str.strip, after.split("\n")))
    fresh = new - old
    found = [
        Suppression(tool, number, line.strip())
        for number, line in enumerate(after.split("\n"), 1)
        if line.strip() and fresh[line.strip()] and counts(line.strip())
    ]
    gone = [line for line in old - new if line and not line.startswith("#")]
    return found or ([Suppression(tool, 1, f"without: {gone[0]}")] if removed and gone else [])
