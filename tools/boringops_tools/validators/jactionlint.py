"""GitHub workflows and Dependabot's configuration, by jactionlint."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence

from boringops.facts import Severity
from boringops_tools.validators.base import File, Program, Ran, Said
from boringops_tools.validators.workflows import surroundings

# It calls everything an error. What is a matter of policy or of style cannot break a pipeline.
_WARNINGS = frozenset(
    {
        "missing-permissions", "misfeature", "unpinned-tools", "unpinned-uses",
    }
)  # fmt: skip
_SHELLCHECK_LEVEL = re.compile(r"SC\d+:(error|warning|info|style)")


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

    def read(self, ran: Ran) -> Iterable[Said]:
        for item in json.loads(ran.stdout):
            level = _SHELLCHECK_LEVEL.search(item["message"])
            hint = item.get("fix", {}).get("description", "")
            severity = "info" if _own_runner(item["message"]) else _severity(item["id"], level)
            yield Said(item["filepath"], item["id"], severity, item["line"], item["message"], hint)


# Advice on tidiness, and settings that most do without: no reason to stop a change.
_NOTES = frozenset(
    {
        "adhoc-packages", "artipacked", "cache-poisoning", "concurrency-cancels-prs", "concurrency-cancels-release", "dependabot-cooldown",
        "deprecated-action-input", "duplicate-triggers", "excessive-permissions", "github-app",
        "pipeline-without-pipefail", "superfluous-actions",
        "unlocked-install", "unpinned-images", "unused-anchor", "unused-job-output", "unverified-download",
        "use-trusted-publishing",
    }
)  # fmt: skip
_LABEL = re.compile(r'label "([^"]+)" is unknown')
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


def _severity(rule: str, shellcheck: re.Match[str] | None) -> Severity:
    if shellcheck is not None:
        return "info" if shellcheck[1] in ("info", "style") else "warning"
    if rule in _NOTES:
        return "info"
    return "warning" if rule in _WARNINGS else "error"


VALIDATORS = (Jactionlint(),)
