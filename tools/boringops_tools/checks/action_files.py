"""Composite actions of GitHub: files that their steps take from the action itself."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern

_APPLIES = ("action.yml", "action.yaml")
_FILE = lazy_pattern(
    r"(?:\$\{?GITHUB_ACTION_PATH\}?|\$\{\{\s*github\.action_path\s*\}\}|\$env:GITHUB_ACTION_PATH)[\"']?/(?P<path>(?:[\w.-]+/)*[\w.-]*\w\.[A-Za-z]\w*)(?![\w/*{$.-])"
)
# What a step brings there itself.
_WRITTEN = (
    r"(?:>>?|\btee\b|\btouch\b|\bcp\b|\bmv\b|\bln\b|\brm\b|-o\b|--output|\bcurl\b|\bwget\b|\btar\b|\[\[?|\btest\b)"
)


def _applies(path: str) -> bool:
    return posixpath.basename(path) in _APPLIES


def _missing(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    for number, line in enumerate(text.splitlines(), 1):
        for match in _FILE.finditer(line) if not line.lstrip().startswith("#") else ():
            place = posixpath.normpath(posixpath.join(posixpath.dirname(path), match["path"]))
            if place.startswith("..") or place in files.known or files.ignored(place) or not files.known:
                continue
            made = any(
                re.search(rf"{_WRITTEN}[^\n]*{re.escape(posixpath.basename(place))}", each)
                for each in text.splitlines()
            )
            if not made and ".gitmodules" not in files.known:
                beside = sorted(each for each in files.all if posixpath.dirname(each) == posixpath.dirname(place))
                there = f"; there is {', '.join(beside[:3])}" if beside else ""
                yield Hit(number, f"the action has no `{match['path']}`{there}")


_A = "name: a\ndescription: b\nruns:\n  using: composite\n  steps:\n    - shell: bash\n      run: {}\n"

RULES = (
    Rule("action/missing-file", "error", "The step fails: name a file of the action's own folder.", "GitHub Actions, Contexts: github.action_path is the folder in which the action lies.", _applies, _missing,
         bad=(
             {"action.yml": _A.format('bash "${GITHUB_ACTION_PATH}/scripts/run.sh"'), "scripts/go.sh": "true\n"}, {"action.yml": _A.format("python $GITHUB_ACTION_PATH/a.py")},
             {"a/action.yaml": _A.format("${{ github.action_path }}/run.sh"), "run.sh": "true\n"}, {"a/action.yml": _A.format('node "$GITHUB_ACTION_PATH"/../b/a.js'), "b/b.js": "1\n"},
         ),
         good=(
             {"action.yml": _A.format('bash "${GITHUB_ACTION_PATH}/scripts/go.sh" $GITHUB_ACTION_PATH/scripts ${{ github.action_path }}/$NAME.sh'), "scripts/go.sh": "true\n"}, {"a/action.yml": _A.format("$GITHUB_ACTION_PATH/../run.sh"), "run.sh": "true\n"},
             {"action.yml": _A.format("echo a > $GITHUB_ACTION_PATH/a.txt && cat $GITHUB_ACTION_PATH/a.txt")}, {"action.yml": _A.format("node $GITHUB_ACTION_PATH/dist/a.js"), ".gitignore": "dist/\n"},
         )),
)  # fmt: skip
