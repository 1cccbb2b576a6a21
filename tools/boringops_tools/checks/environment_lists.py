"""Environments that a pipeline goes through one by one, against what the repository has for each."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at
from boringops_tools.checks.deploys import is_pipeline
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml, walk

# The words for one and the same environment.
_SAME: tuple[frozenset[str], ...] = (
    frozenset({"prod", "production", "prd", "live"}),
    frozenset({"stage", "staging", "stg"}),
    frozenset({"dev", "development", "develop"}),
    frozenset({"test", "testing", "tst"}),
    frozenset({"preprod", "pre-prod", "preproduction", "pre-production"}),
)
_KEYS = lazy_pattern(
    r"(?i)^(?:target_|deploy_)?(?:environments?|envs?|stages?|targets?|overlays?|workspaces?|stacks?)$"
)
_MOST = 400


def _places(files: Files) -> frozenset[str]:
    """The environments that folders and files of the repository are for, by their names."""
    found: set[str] = set()
    for path in files.all:
        if not is_pipeline(path):
            found |= set(path.split("/")[:-1]) | set(re.split(r"[._]|values-", posixpath.basename(path)))
    return frozenset(found)


def _said(files: Files, but: str) -> str:
    paths = [each for each in files.all if each != but and "lock" not in posixpath.basename(each)]
    return "\n".join(files.text(each)[:100_000] for each in paths[:_MOST])


def _lists(files: Files, path: str) -> Iterator[tuple[Any, list[str]]]:
    for document in files.documents(path):
        for owner, key, value in walk(document):
            named = isinstance(key, str) and _KEYS.fullmatch(key)
            if named and isinstance(value, list) and len(value) > 1 and all(isinstance(each, str) for each in value):
                yield (owner, key), value


def _unknown(files: Files, path: str) -> Iterator[Hit]:
    for place, names in _lists(files, path) if len(files.all) <= _MOST else ():
        known: frozenset[str] = files.once(_places)
        # That the others have their place by that very word shows what it is for.
        absent = [each for each in names if each not in known]
        if len(absent) != 1 or not any(name in known for name in names):
            continue
        meant = [
            other for words in _SAME if absent[0] in words for other in sorted(words - {absent[0]}) if other in known
        ]
        whole = re.compile(rf"(?<![A-Za-z]){re.escape(absent[0])}(?![A-Za-z])")
        here = [line for line in files.text(path).splitlines() if whole.search(line)]
        mapped = len(meant) == 1 and re.search(rf"(?<![A-Za-z]){meant[0]}(?![A-Za-z])", files.text(path))
        if len(meant) == 1 and not mapped and len(here) == 1 and not whole.search(_said(files, path)):
            yield Hit(
                at(place),
                f"nothing here is for `{absent[0]}`; there is `{meant[0]}`, beside {', '.join(each for each in names if each in known)}",
            )


_GH = "on: push\njobs:\n  a:\n    strategy:\n      matrix:\n        environment: [staging, {}]\n    runs-on: x\n    environment: ${{{{ matrix.environment }}}}\n    steps:\n      - run: kubectl apply -k deploy/${{{{ matrix.environment }}}}\n"
_GL = "a:\n  parallel:\n    matrix:\n      - TARGET: [staging, {}]\n  script:\n    - terraform -chdir=envs/$TARGET apply plan\n"
_D = {"deploy/staging/kustomization.yaml": "namespace: a\n", "deploy/production/kustomization.yaml": "namespace: b\n"}
_T = {"envs/staging/main.tf": "\n", "envs/production/main.tf": "\n"}

RULES = (
    Rule("consistency/environment-list", "warning", "Call the environment by the one name that it has.", "What is put together from the name, a folder, a namespace or a file, is not there by another one.", lambda path: is_pipeline(path) and is_yaml(path), _unknown,
         bad=({**_D, ".github/workflows/a.yml": _GH.format("prod")}, {**_T, ".gitlab-ci.yml": _GL.format("prod")}, {"values-staging.yaml": "a: 1\n", "values-prod.yaml": "a: 1\n", ".gitlab-ci.yml": _GL.format("production")}),
         good=({**_D, ".github/workflows/a.yml": _GH.format("production")}, {**_D, ".github/workflows/a.yml": _GH.format("prod") + "      - run: test prod\n"}, {**_D, ".github/workflows/a.yml": _GH.format("prod"), "README.md": "It is called prod.\n"}, {**_D, ".github/workflows/a.yml": _GH.format("canary")}, {".github/workflows/a.yml": _GH.format("prod")})),
)  # fmt: skip
