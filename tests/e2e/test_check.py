"""`boringops check` as a pipeline runs it: what it looks at, what counts, and the code it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import Boringops
from tests.repos import git, make_repo

GOOD = {"README.md": "# A\n", "a.json": "{}\n"}
BAD = 'FROM node:latest\nUSER 1000\nCMD ["true"]\n'
KEY = "AK" + "IA4RW7PQ3ZJ6TN5KXD"


def found(ran: object) -> list[tuple[str, str]]:
    return [(each["path"], each["rule"]) for each in ran.result["findings"] if each["severity"] != "info"]  # type: ignore[attr-defined]


def test_the_forms_and_the_codes(boringops: Boringops, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {**GOOD, "Dockerfile": BAD})
    text = boringops("check", "-C", repo)
    assert text.code == 5
    assert "| FROM node:latest" in text.out
    log = json.loads(boringops("check", "-C", repo, "--format", "sarif").out)
    assert "image/latest" in {result["ruleId"] for result in log["runs"][0]["results"]}
    assert boringops("check", "-C", repo, "--output", "stream-json").result["type"] == "result"
    assert boringops("check", "-C", repo, "README.md").code == 0
    assert boringops("check", "-C", repo, "--format", "nonsense").code == 2


def test_only_what_changed(boringops: Boringops, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {**GOOD, "Dockerfile": BAD})
    assert boringops("check", "-C", repo, "--changed").code == 0
    (repo / "new.Dockerfile").write_text(BAD)
    ran = boringops("check", "-C", repo, "--changed", "--output", "json")
    assert {path for path, _ in found(ran)} == {"new.Dockerfile"}
    git(repo, "add", ".")
    git(repo, "commit", "--quiet", "--message", "More")
    assert boringops("check", "-C", repo, "--changed").code == 0
    ran = boringops("check", "-C", repo, "--changed", "--against", "HEAD~1", "--output", "json")
    assert {path for path, _ in found(ran)} == {"new.Dockerfile"}
    assert boringops("check", "-C", repo, "--changed", "--against", "nowhere").code == 2


def test_before_the_first_commit_everything_is_new(boringops: Boringops, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"Dockerfile": BAD}, commit=False)
    assert boringops("check", "-C", repo, "--changed").code == 5


def test_a_baseline_lets_old_findings_be(boringops: Boringops, tmp_path: Path) -> None:
    repo, known = make_repo(tmp_path / "r", {**GOOD, "Dockerfile": BAD}), tmp_path / "known.json"
    assert boringops("check", "-C", repo, "--write-baseline").code == 2
    assert boringops("check", "-C", repo, "--baseline", known, "--write-baseline").code == 0
    ran = boringops("check", "-C", repo, "--baseline", known)
    assert ran.code == 0
    assert "in the baseline" in ran.out
    (repo / "b.Dockerfile").write_text(BAD)
    assert boringops("check", "-C", repo, "--baseline", known).code == 5


def test_waivers_are_listed_and_count_for_nothing_else(boringops: Boringops, tmp_path: Path) -> None:
    waived = f"# boringops: ignore image/latest, DL3007 reason: a trial\n{BAD}"
    repo = make_repo(tmp_path / "r", {**GOOD, "Dockerfile": waived})
    ran = boringops("check", "-C", repo)
    assert ran.code == 0, ran.out
    assert "image/latest: a trial" in ran.out
    (repo / "Dockerfile").write_text(waived.replace("node:latest", "node:24.1"))
    assert ("Dockerfile", "waiver/unused") in [
        (each["path"], each["rule"]) for each in boringops("check", "-C", repo, "--output", "json").result["findings"]
    ]


@pytest.mark.parametrize("again", [False, True])
def test_secrets_of_the_past(boringops: Boringops, tmp_path: Path, again: bool) -> None:
    repo = make_repo(tmp_path / "r", GOOD)
    (repo / "deploy.sh").write_text(f"set -e\nexport AWS_ACCESS_KEY_ID={KEY}\n")
    git(repo, "add", ".")
    git(repo, "commit", "--quiet", "--message", "Oops")
    guilty = git(repo, "rev-parse", "HEAD").strip()
    git(repo, "rm", "--quiet", "deploy.sh")
    git(repo, "commit", "--quiet", "--message", "Nobody saw that")
    if again:  # a diff that looks different to somebody's configuration
        git(repo, "config", "diff.noprefix", "true")
        git(repo, "config", "color.ui", "always")
    assert boringops("check", "-C", repo).code == 0
    ran = boringops("check", "-C", repo, "--history", "--output", "json")
    assert ran.code == 5
    [told] = [each for each in ran.result["findings"] if each["rule"].startswith("history/")]
    assert (told["path"], told["line"], told["rule"]) == ("deploy.sh", 2, "history/secret/aws-access-key")
    assert guilty[:12] in told["message"]
    assert KEY not in ran.out + ran.err
