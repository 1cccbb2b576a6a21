"""Lock files of a git that died are taken away; those of one that lives, and of anybody else, are not."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from boringops.errors import UsageError
from boringops.gitguard import guarded, recover
from boringops.repository import CommitRefused, Repository
from tests.repos import git, make_repo

DATE = "2026-11-25T12:00:00+00:00"


def test_nothing_is_in_doubt_once_git_is_through(tmp_path: Path) -> None:
    guard = tmp_path / "guard"
    with guarded(guard):
        assert guard.exists()
    assert not guard.exists()
    assert recover(guard, lambda: [tmp_path], patience_s=0) == []


def test_what_is_older_than_the_guard_is_somebody_elses(tmp_path: Path) -> None:
    guard, old, young = tmp_path / "guard", tmp_path / "old.lock", tmp_path / "young.lock"
    for path in (old, guard, young):
        path.touch()
    os.utime(old, ns=(1, 1))
    assert recover(guard, lambda: [old, young, tmp_path / "none"], patience_s=0, foreign_s=0) == [young]
    assert old.exists() and not young.exists() and not guard.exists()


def test_a_lock_that_goes_by_itself_was_of_a_git_at_work(tmp_path: Path) -> None:
    guard, lock = tmp_path / "guard", tmp_path / "index.lock"
    guard.touch()
    lock.touch()
    looks = [0]

    def locks() -> list[Path]:
        looks[0] += 1
        return [lock] if looks[0] < 3 else []

    assert recover(guard, locks, patience_s=0) == []
    assert lock.exists()


def test_a_git_that_still_runs_is_waited_for(tmp_path: Path) -> None:
    guard, go = tmp_path / "guard", tmp_path / "go"
    os.mkfifo(go)
    word = os.open(go, os.O_RDWR)
    with guarded(guard) as held:
        child = subprocess.Popen(["sh", "-c", f"read word < {go}"], pass_fds=(held,))
        os.link(guard, tmp_path / "left")  # as a process that died would leave it
    try:
        with pytest.raises(UsageError, match="still at work"):
            recover(tmp_path / "left", list, patience_s=0)
        os.write(word, b"\n")
        assert recover(tmp_path / "left", list, patience_s=20) == []
    finally:
        child.kill()
        child.wait()
        os.close(word)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    root = make_repo(tmp_path / "shop")
    (root / "app.py").write_text("print('new')\n")
    return Repository(root)


def test_a_commit_goes_on_where_a_git_was_killed(repository: Repository, tmp_path: Path) -> None:
    guard = tmp_path / "guard"
    guard.touch()
    for name in ("index.lock", "HEAD.lock", "next-index-1.lock", "refs/heads/main.lock"):
        (repository.git_dir / name).touch()
    sha = repository.commit(["app.py"], "New\n", date=DATE, guard=guard)
    assert git(repository.root, "rev-parse", "HEAD").strip() == sha
    assert git(repository.root, "status", "--porcelain") == "" and not guard.exists()


def test_a_lock_without_a_crash_is_left_and_told(repository: Repository, tmp_path: Path) -> None:
    (repository.git_dir / "index.lock").touch()
    with pytest.raises(CommitRefused, match=r"index\.lock"):
        repository.commit(["app.py"], "New\n", date=DATE, guard=tmp_path / "guard")
    assert (repository.git_dir / "index.lock").exists()


def test_a_hook_that_hangs_is_ended(repository: Repository, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never")
    hook = repository.git_dir / "hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nread word < {tmp_path}/never\n")
    hook.chmod(0o755)
    with pytest.raises(CommitRefused, match=r"took longer than 0\.5 s"):
        repository.commit(["app.py"], "New\n", date=DATE, guard=tmp_path / "guard", timeout_s=0.5)
    assert not (repository.git_dir / "index.lock").exists()
    assert git(repository.root, "status", "--porcelain") == " M app.py\n"
