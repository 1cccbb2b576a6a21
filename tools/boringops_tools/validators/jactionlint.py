"""GitHub workflows and Dependabot's configuration, by jactionlint."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence

from boringops.facts import Severity
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File, Judged, Program, Ran, Said
from boringops_tools.validators.workflows import surroundings, tempered

# It calls everything an error. What is a matter of policy or of style cannot break a pipeline; nor does an action for an
# old Node, which GitHub runs on a newer one, and of artifacts it can only suppose what becomes of them.
_WARNINGS = frozenset(
    {
        "missing-permissions", "outdated-action-runner", "unpinned-tools", "unpinned-uses",
        "untrusted-artifact",
    }
)  # fmt: skip
_SHELLCHECK = lazy_pattern(
    r"shellcheck reported issue in this script: (SC\d+):(error|warning|info|style):\d+:\d+: (.*)", re.S
)
# How jactionlint is configured is no concern of who reads what is wrong with a workflow.
_OWN_OPTIONS = lazy_pattern(r"[.\s]*set \"[^\"]+\" in the \"[^\"]+\" rule options of the configuration.*", re.I | re.S)
# What only those who may push can choose; the name that a pull request has for its own branch is `github.head_ref`.
_PUSHED = lazy_pattern(
    r"\"github\.(?:ref|ref_name)\" is a branch or tag name|\"[^\"]+\" is set from an input chosen by whoever runs this"
)


class Jactionlint(Program):
    name = "jactionlint"
    about = "GitHub workflows, dependabot.yml"
    aspect = "workflows"
    distribution = "jactionlint"
    get = "pip install jactionlint"
    in_place = True  # it follows reusable workflows and local actions

    def covers(self, file: File) -> bool:
        return bool(re.fullmatch(r"\.github/(?:workflows/[^/]+|dependabot)\.ya?ml", file.path, re.S))

    def cache_key(self, file: File) -> str | None:
        around = surroundings(file)
        return None if around is None else "\0".join([*self.arguments([]), file.path, around])

    def arguments(self, names: Sequence[str]) -> list[str]:
        ignored = ["-i", "missing-timeout", "-i", "concurrency-limits"]
        return ["--format", "json", "--no-online", "--pyflakes=", *ignored, "--", *names]

    def check(self, files: Sequence[File], timeout_s: float) -> dict[str, Judged]:
        return tempered(files, super().check(files, timeout_s))

    def read(self, ran: Ran) -> Iterable[Said]:
        for item in json.loads(ran.stdout):
            message = _OWN_OPTIONS.sub("", item["message"])
            hint = item.get("fix", {}).get("description", "")
            if (script := _SHELLCHECK.fullmatch(message)) is None:
                yield Said(item["filepath"], item["id"], _severity(item["id"], message), item["line"], message, hint)
            elif script[1] not in _UNFOLLOWED and not (
                script[1] in _OF_EXPRESSIONS and "${{" in item.get("snippet", "")
            ):
                level: Severity = "info" if script[2] in ("info", "style") else "warning"
                yield Said(item["filepath"], script[1], level, item["line"], script[3], hint)


# What shellcheck holds against a comparison in whose place an expression's value will stand.
_OF_EXPRESSIONS = frozenset({"SC2193"})
# That it could not follow what a script sources says nothing of the script.
_UNFOLLOWED = frozenset({"SC1090", "SC1091"})
# Advice on tidiness, and settings that most do without: no reason to stop a change.
_NOTES = frozenset(
    {
        "adhoc-packages", "artipacked", "cache-poisoning", "concurrency-cancels-prs", "concurrency-cancels-release", "dependabot-cooldown",
        "deprecated-action-input", "duplicate-triggers", "excessive-permissions", "github-app", "misfeature",
        "pipeline-without-pipefail", "superfluous-actions",
        "unlocked-install", "unpinned-images", "unused-anchor", "unused-job-output", "unverified-download",
        "use-trusted-publishing",
    }
)  # fmt: skip
_LABEL = lazy_pattern(r'label "([^"]+)" is unknown')
_HOSTED = (
    "ubuntu-latest",
    "ubuntu-24.04",
    "ubuntu-22.04",
    "windows-latest",
    "windows-2025",
    "macos-latest",
    "macos-15",
)


def _own_runner(message: str) -> bool:
    """Whether a label that GitHub does not know is no misspelling of one of its own: the organisation's runners have it."""
    label = _LABEL.search(message)
    return label is not None and not difflib.get_close_matches(label[1], _HOSTED, 1, 0.8)


def _severity(rule: str, message: str) -> Severity:
    if rule in _NOTES or _own_runner(message):
        return "info"
    return "warning" if rule in _WARNINGS or _PUSHED.match(message) else "error"


VALIDATORS = (Jactionlint(),)
