"""Ways to green that mend nothing: what failed is deleted, a test is skipped, a failure is hidden, a tool is silenced.

A run may take none of them by itself. Each is a finding that holds the run up until it is taken back, or until a person
approves a plan that says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from boringops import suppressions
from boringops.facts import Change, Finding

TEST_COMMAND = (
    r"(?:\b(?:pytest|tox|nox|vitest|jest|mocha|rspec|phpunit|ctest|bats|tape|ava|cypress|playwright)\b|-m\s+unittest\b|"
    r"\b(?:npm|pnpm|yarn|bun|deno|go|cargo|dotnet|mix|swift|molecule|helm|terraform|tofu|just|task|rake|rails|composer|php\s+artisan)"
    r"\s+(?:run\s+|run-script\s+|--\S+\s+)*(?:test|check|ci:test|verify)[\w:-]*\b|\bnode\s+--test\b|\bmake\s+(?:\S+\s+)*[\w-]*(?:test|check)[\w-]*|"
    r"\bmvnw?\b[^\n|;&]*\b(?:test|verify|install|package)\b|\bgradlew?\b[^\n|;&]*\b(?:test|check|build)\b|\./[\w/.-]*(?:test|check)[\w.-]*)"
)
"""A command that runs tests, in whatever language."""
_TEST_FILE = re.compile(
    r"(?:.*/)?(?:tests?|__tests__|spec|e2e)/.+|(?:.*/)?(?:test_[^/]+|[^/]+[_.](?:test|spec)\.\w+|[^/]+_spec\.rb|[^/]+Tests?\.(?:java|kt|cs))"
)
_PIPELINE = re.compile(
    r"\.github/(?:workflows|actions)/.+|(?:.*/)?(?:\.gitlab-ci[^/]*|\.gitlab/ci/.+|Jenkinsfile[^/]*|azure-pipelines[^/]*|"
    r"bitbucket-pipelines\.yml|\.travis\.yml|\.drone\.yml|action\.ya?ml)|\.circleci/.+|\.buildkite/.+|\.woodpecker.*"
)
_RUNS = re.compile(
    r"(?:.*/)?(?:[^/]+\.(?:sh|bash|mk)|(?:GNU)?[Mm]akefile|[Jj]ustfile|Taskfile\.ya?ml|package\.json|tox\.ini|noxfile\.py)"
)
_SKIPS = re.compile(
    r"pytest\.mark\.(?:skip|xfail)|unittest\.skip|\bpytest\.skip\(|\b(?:it|test|describe|context)\.(?:skip|todo)\b|\bx(?:it|describe|test)\(|"
    r"\bt\.Skip(?:Now|f)?\(|@(?:Disabled|Ignore)\b|#\[ignore\]|\[Fact\(Skip|->markTestSkipped\(|\bskip_test\b"
)
_HIDES = re.compile(
    rf"{TEST_COMMAND}[^\n#]*(?:\|\|\s*(?:true|:|exit\s+0|echo\b|/bin/true)|;\s*(?:true|:|exit\s+0)\s*[\"']?,?\s*$)|"
    r"--exit-zero\b|--passWithNoTests\b|-DskipTests\b|-Dmaven\.test\.(?:skip|failure\.ignore)(?:=true)?\b|\bignoreFailures\s*=\s*true|"
    r"^\s*-?\s*(?:run|script|sh|command):?\s*[\"'(|>]*\s*(?:exit\s+0|true|:)\s*[\"')]*$|^\t?-(?:@)?(?=\S)"
    + TEST_COMMAND
)
_STOPS = re.compile(r"^\s*-?\s*(?:exit\s+0|set\s+\+e\b.*)\s*$")
_CONDITION = re.compile(r"\b(?:if|then|else|elif|case|esac|do)\b|\)\s*$|\{\s*$")
_WANTED = re.compile(
    r"(?i)\b(?:remov|delet|drop|retir|replac|migrat|mov(?:e|ing)|renam|clean|decommission|get rid|consolidat|merg|split|convert|"
    r"switch|instead|unify|obsolete|stale|unused|tidy)\w*"
)


def taken(
    changes: Mapping[str, Change],
    before: Callable[[Change], str],
    after: Callable[[str], str],
    *,
    task: str,
    approved: frozenset[str],
) -> list[Finding]:
    """The shortcuts in a run's changes. `before` and `after` give contents, empty where there is none; `task` is what was
    asked for, and `approved` are the paths whose deletion a person approved."""
    found: list[Finding] = []
    arrived = {change.after for change in changes.values() if change.after}
    for path, change in sorted(changes.items()):
        old, new = before(change), after(path)
        found += _silenced(path, old, new)
        if change.action == "delete":
            if change.before not in arrived and path not in approved:
                found += _deleted(path, task)
            continue
        if _TEST_FILE.fullmatch(path):
            found += _skipped(path, old, new)
        if _PIPELINE.fullmatch(path) or _RUNS.fullmatch(path):
            found += _hidden(path, old, new)
    return found


def _silenced(path: str, old: str, new: str) -> list[Finding]:
    return [
        _finding(
            "waiver/self", path, each.line,
            f"it tells {each.tool} to let something pass, in the run that it would excuse: {each.text[:120]}",
            "Take it out and mend what the tool holds against the file; a person may write it.",
        )
        for each in suppressions.added(path, old, new)
    ]  # fmt: skip


def _deleted(path: str, task: str) -> list[Finding]:
    if _WANTED.search(task) or PurePosixPath(path).name.lower() in task.lower():
        return []
    what = "a test" if _TEST_FILE.fullmatch(path) else "a file"
    return [
        _finding(
            "scope/deleted", path, None, f"the run deleted {what} that was there before, and the task does not ask for that",
            "Put it back and mend it; what has to go, a person decides: name it in follow_ups.",
        )
    ]  # fmt: skip


def _skipped(path: str, old: str, new: str) -> list[Finding]:
    return [
        _finding(
            "scope/test-skipped", path, number, f"a test is skipped now: {line.strip()[:120]}", "Mend what it tests."
        )
        for number, line in _fresh(old, new)
        if _SKIPS.search(line)
    ]


def _hidden(path: str, old: str, new: str) -> list[Finding]:
    hint = "Let it fail where something is wrong: a check that cannot fail checks nothing."
    lines = new.split("\n")
    found = []
    for number, line in _fresh(old, new):
        if line.lstrip().startswith(("#", "//")):
            continue
        lone = _STOPS.match(line) and _PIPELINE.fullmatch(path) and not _CONDITION.search(_line_above(lines, number))
        if _HIDES.search(line) or lone:
            found.append(
                _finding("scope/failure-hidden", path, number, f"a failure is hidden: {line.strip()[:120]}", hint)
            )
    return found


def _line_above(lines: list[str], number: int) -> str:
    return next((line for line in reversed(lines[: number - 1]) if line.strip()), "")


def _fresh(old: str, new: str) -> list[tuple[int, str]]:
    """The lines that are in the new text and were not in the old one."""
    known = Counter(line.strip() for line in old.split("\n"))
    fresh = []
    for number, line in enumerate(new.split("\n"), 1):
        if known[line.strip()]:
            known[line.strip()] -= 1
        else:
            fresh.append((number, line))
    return fresh


def _finding(rule: str, path: str, line: int | None, message: str, hint: str) -> Finding:
    return Finding(rule=rule, severity="error", path=path, line=line, message=message, source="boringops", hint=hint)


_SAYS = re.compile(
    r"^(?:@|-)?\s*(?:echo|printf|cat|grep|rg|sed|awk|ls|test|which|command\s+-v|true|:|#|find|head|tail|name:)(?:\s|$)"
)
_KEY = re.compile(
    r"^\s*(?:-\s+)*(?:(?:run|script|before_script|after_script|command|sh|bat|entry|commands)\s*:?\s*)?[\"'\[(|>]*\s*"
)


def runs_tests(text: str) -> bool:
    """Whether a command, or a line of a pipeline, runs tests so that their failure is its own."""
    line = re.sub(r"(^|\s)(?:#|//).*", "", text)
    if re.match(r"\s*(?:-\s+)?(?:name|if|id|uses|key|path|description|stage|stages|needs|on|branches|image)\s*:", line):
        return False
    if _HIDES.search(line) or (re.search(r"(?<!\|)\|(?![|\s]*$)(?!\|)", line) and "pipefail" not in line):
        return False
    parts = re.split(r"&&|\|\||;|\n", _KEY.sub("", line, count=1))
    return any(re.search(TEST_COMMAND, part) and not _SAYS.match(part.strip().lstrip("\"'")) for part in parts)


def is_test(path: str) -> bool:
    """Whether a file is a test, by where it is and how it is called."""
    return _TEST_FILE.fullmatch(path) is not None
