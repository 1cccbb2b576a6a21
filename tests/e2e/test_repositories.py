"""Repositories as people have them: every kind of checkout is worked in, kept, committed to and undone, or refused with a reason."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from boringops import undo as undoing
from boringops.errors import UsageError
from boringops.repository import Repository
from boringops.specialist import Specialist
from tests.e2e.playing import PLAIN, Player, call, planned
from tests.repos import FLASK, git, make_repo

RUNBOOK, TEXT = "docs/runbook.md", "# Runbook\n"


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own git configuration, hooks and identity, has no part in this."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def plain(folder: Path) -> Path:
    return make_repo(folder / "shop")


def submodule(folder: Path) -> Path:
    """With a submodule that has a change of its own."""
    root, other = plain(folder), make_repo(folder / "lib", {"lib.py": "x = 1\n"})
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(other), "vendor/lib")
    git(root, "commit", "--quiet", "--message", "Vendor")
    (root / "vendor/lib/lib.py").write_text("x = 2\n")
    return root


def sparse(folder: Path) -> Path:
    root = make_repo(folder / "shop", {**FLASK, "far/away.txt": "far\n"})
    git(root, "sparse-checkout", "set", "--no-cone", "/*", "!/far")
    assert not (root / "far").exists()
    return root


def shallow(folder: Path) -> Path:
    source = plain(folder)
    git(source, "commit", "--quiet", "--allow-empty", "--message", "Second")
    git(folder, "clone", "--quiet", "--depth", "1", f"file://{source}", "clone")
    return folder / "clone"


def lfs(folder: Path) -> Path:
    """Pointers whose content was not fetched, where git-lfs is not installed."""
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12\n"
    root = make_repo(folder / "shop", {**FLASK, "model.bin": pointer})
    (root / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Track")
    return root


def detached(folder: Path) -> Path:
    root = plain(folder)
    git(root, "switch", "--quiet", "--detach")
    return root


def crlf(folder: Path) -> Path:
    root = plain(folder)
    git(root, "config", "core.autocrlf", "true")
    (root / "notes.txt").write_bytes(b"one\r\ntwo\r\n")
    return root


def worktree(folder: Path) -> Path:
    git(plain(folder), "worktree", "add", "--quiet", "-b", "side", str(folder / "side"))
    return folder / "side"


def worktree_of_a_worktree(folder: Path) -> Path:
    git(worktree(folder), "worktree", "add", "--quiet", "-b", "third", str(folder / "third"))
    return folder / "third"


def below(folder: Path) -> Path:
    """Named by a folder below its top."""
    return plain(folder) / "memory-bank"


KINDS = [plain, submodule, sparse, shallow, lfs, detached, crlf, worktree, worktree_of_a_worktree, below]


def status(root: Path) -> str:
    return git(root, "status", "--porcelain", "--untracked-files=all")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_it_is_worked_in_and_undone(kind: Callable[[Path], Path], tmp_path: Path) -> None:
    (tmp_path / "plain.md").write_text(PLAIN)
    root = kind(tmp_path / "work")
    before, head = status(root), git(root, "rev-parse", "HEAD").strip()
    played = Player(root, tmp_path / "plain.md").play(
        call("SubmitPlan", **planned(RUNBOOK)), call("Write", file_path=RUNBOOK, content=TEXT),
        call("Finish", summary="Written."),
    )  # fmt: skip
    assert played.result.status == "done", played.result.error
    assert git(root, "rev-parse", "HEAD~1").strip() == head
    assert git(root, "show", "--name-only", "--format=", "HEAD").split() == [RUNBOOK]
    assert status(root) == before
    specialist = Specialist(root)
    snapshot = git(root, "diff", "--name-only", head, f"refs/boringops/{played.result.run_id}").split()
    assert RUNBOOK not in snapshot and not any("could not be kept" in said for said in played.result.warnings)
    _, commit = undoing.undo(specialist.repository, specialist.store, played.result.run_id)
    assert commit and git(root, "diff", "--name-only", head, "HEAD") == "" and status(root) == before


def test_a_repository_without_a_commit_gets_its_first(tmp_path: Path) -> None:
    (tmp_path / "plain.md").write_text(PLAIN)
    root = make_repo(tmp_path / "work/shop", commit=False)
    played = Player(root, tmp_path / "plain.md").play(
        call("SubmitPlan", **planned(RUNBOOK)), call("Write", file_path=RUNBOOK, content=TEXT),
        call("Finish", summary="Written."),
    )  # fmt: skip
    assert played.result.status == "done", played.result.error
    assert git(root, "ls-tree", "-r", "--name-only", "HEAD").split() == [RUNBOOK]
    assert "?? app.py" in status(root)


def test_what_git_itself_cannot_do_here_is_told_in_its_words(tmp_path: Path) -> None:
    (tmp_path / "plain.md").write_text(PLAIN)
    root = plain(tmp_path / "work")
    git(root, "config", "status.branch", "neither")
    result = Player(root, tmp_path / "plain.md").play().result
    assert (result.status, result.error and result.error.kind) == ("failed", "git")
    assert result.error and "status.branch" in result.error.message and "git status" in result.error.hint


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    with pytest.raises(UsageError, match="is a bare repository"):
        Repository(tmp_path / "bare.git")


@pytest.mark.parametrize(
    "settings", [{"worktree": True}, {"worktree": True, "branch": "ops"}], ids=["worktree", "named"]
)
@pytest.mark.parametrize("kind", [plain, detached, worktree, shallow], ids=lambda kind: kind.__name__)
def test_a_worktree_of_its_own_leaves_the_checkout_alone(
    kind: Callable[[Path], Path], settings: dict[str, object], tmp_path: Path
) -> None:
    (tmp_path / "plain.md").write_text(PLAIN)
    root = kind(tmp_path / "work")
    (root / "app.py").write_text("the user's own\n")
    before = status(root), git(root, "rev-parse", "HEAD"), (root / ".git").is_dir()
    played = Player(root, tmp_path / "plain.md").play(
        call("SubmitPlan", **planned(RUNBOOK)), call("Write", file_path=RUNBOOK, content=TEXT),
        call("Finish", summary="Written."), **settings,
    )  # fmt: skip
    assert played.result.status == "done", played.result.error
    assert (status(root), git(root, "rev-parse", "HEAD"), (root / ".git").is_dir()) == before
    made = root.with_name(f"{root.name}-{played.result.run_id}")
    assert (made / RUNBOOK).read_text() == TEXT
    assert (made / "app.py").read_text() == FLASK["app.py"]
