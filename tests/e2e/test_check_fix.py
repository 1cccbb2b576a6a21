"""`boringops check --fix`, as a hook before a commit, and only on what changed: in real git repositories."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from boringops_tools.validators.base import installed, locate
from boringops_tools.validators.terraform import WHEEL
from tests.e2e.conftest import Boringops
from tests.repos import git, make_repo

SLOPPY = "a: 1   \nb: 2"
TIDY = "a: 1\nb: 2\n"
HOOKS = Path(__file__).resolve().parents[2] / ".pre-commit-hooks.yaml"
WORKFLOW = """name: ci
on: [pull_request]
permissions: {}
jobs:
  a:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - run: echo "SCRIPT"
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "r", {"a.yaml": SLOPPY, "mine.yaml": SLOPPY, "good.yaml": TIDY})


def test_a_dry_run_shows_and_writes_nothing(boringops: Boringops, repo: Path) -> None:
    ran = boringops("check", "-C", repo, "--fix", "--dry-run", "--fail-on", "error")
    assert "+a: 1\n" in ran.err and "would be mended: a.yaml (whitespace)" in ran.err
    assert git(repo, "status", "--porcelain") == ""


def test_fixing_mends_what_is_committed_and_leaves_what_somebody_works_on(boringops: Boringops, repo: Path) -> None:
    (repo / "mine.yaml").write_text(f"{SLOPPY}\nc: 3 ")
    ran = boringops("check", "-C", repo, "--fix", "--fail-on", "error")
    assert (ran.code, "mended: a.yaml" in ran.err, "left alone: mine.yaml" in ran.err) == (0, True, True)
    assert ((repo / "a.yaml").read_text(), (repo / "mine.yaml").read_text()) == (TIDY, f"{SLOPPY}\nc: 3 ")
    assert boringops("check", "-C", repo, "--fix", "mine.yaml", "--fail-on", "error").code == 0
    assert (repo / "mine.yaml").read_text() == "a: 1\nb: 2\nc: 3\n"
    assert git(repo, "diff", "--name-only").split() == ["a.yaml", "mine.yaml"]


def test_fixing_only_what_changed(boringops: Boringops, repo: Path) -> None:
    (repo / "new.yaml").write_text(SLOPPY)
    git(repo, "add", ".")
    git(repo, "commit", "--quiet", "--message", "More")
    boringops("check", "-C", repo, "--changed", "HEAD~1", "--fix", "--fail-on", "error")
    assert ((repo / "new.yaml").read_text(), (repo / "a.yaml").read_text()) == (TIDY, SLOPPY)


@pytest.mark.parametrize(
    ("tool", "script", "mended"),
    [
        ("zizmor", "${{ 'x' }}", 'echo "x"'),
        ("jactionlint", "${{ github.head_ref }}", 'echo "${GITHUB_HEAD_REF}"'),
    ],
)
def test_what_tools_call_safe_is_mended(
    boringops: Boringops, tmp_path: Path, tool: str, script: str, mended: str
) -> None:
    if locate(tool) is None:
        pytest.skip(f"{tool} is not installed")
    repo = make_repo(tmp_path / "r", {".github/workflows/ci.yml": WORKFLOW.replace("SCRIPT", script)})
    ran = boringops("check", "-C", repo, "--fix")
    after = yaml.safe_load((repo / ".github/workflows/ci.yml").read_text())
    assert after["jobs"]["a"]["steps"][1]["run"] == mended, ran.err
    assert after["jobs"]["a"]["steps"][0] == yaml.safe_load(WORKFLOW)["jobs"]["a"]["steps"][0]
    assert tool in ran.err


@pytest.mark.skipif(not (locate("terraform") or locate("tofu") or installed(WHEEL)), reason="there is no Terraform")
def test_terraform_is_formatted(boringops: Boringops, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"main.tf": "locals {\n a = 1\n  bcd = 2\n}\n", "broken.tf": "locals {\n a = 1\n"})
    boringops("check", "-C", repo, "main.tf", "broken.tf", "--fix")
    assert (repo / "main.tf").read_text() == "locals {\n  a   = 1\n  bcd = 2\n}\n"
    assert (repo / "broken.tf").read_text() == "locals {\n a = 1\n"


def test_the_hook_that_is_published_stops_a_commit(boringops: Boringops, tmp_path: Path) -> None:
    [hook] = yaml.safe_load(HOOKS.read_text())
    repo = make_repo(tmp_path / "r", {"README.md": "# A\n"})
    program, *arguments = shlex.split(hook["entry"])
    assert (program, hook["language"]) == ("boringops", "python")
    # what pre-commit does: the entry, and behind it the files that are staged
    script = (
        f'#!/bin/sh\nexec "{sys.executable}" -m boringops {shlex.join(arguments)} $(git diff --cached --name-only)\n'
    )
    place = repo / ".git/hooks/pre-commit"
    place.parent.mkdir(exist_ok=True)
    place.write_text(script)
    place.chmod(0o755)
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def commit(text: str) -> subprocess.CompletedProcess[str]:
        (repo / "Dockerfile").write_text(text)
        git(repo, "add", "Dockerfile")
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "-m", "Add it"]
        return subprocess.run(command, cwd=repo, env=environment, capture_output=True, text=True, check=False)

    refused = commit('FROM node:latest\nUSER 1000\nCMD ["true"]\n')
    assert refused.returncode != 0 and "image/latest" in refused.stdout + refused.stderr
    digest = "sha256:" + "ab" * 32
    taken = commit(f'FROM node:24.1.0-slim@{digest}\nUSER 1000\nHEALTHCHECK CMD ["true"]\nCMD ["true"]\n')
    assert taken.returncode == 0, taken.stdout + taken.stderr
