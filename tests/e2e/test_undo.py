"""Undo: the run's own paths go back to what they were, nothing else moves, and history is never rewritten."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from boringops import snapshot
from boringops import undo as undoing
from boringops.errors import UsageError
from boringops.models.scripted import tool
from boringops.repository import Repository
from boringops.specialist import Specialist
from tests.e2e.conftest import Boringops
from tests.e2e.playing import PLAIN, Played, Player, planned
from tests.repos import FLASK, MEMORY, git, make_repo

SCRIPT = "ops/deploy.sh"
FILES = {
    **FLASK,
    **MEMORY,
    SCRIPT: "#!/bin/sh\nset -eu\necho deploy\n",
    "ops/clean.sh": "#!/bin/sh\nset -eu\necho clean\n",
    "secret.txt": "not for everybody\n",
    "legacy.txt": "Nobody needs this.\n",
    "staged.txt": "one\n",
    "mixed.txt": "one\n",
    "unstaged.txt": "one\n",
}
PLAN = planned(
    files=[
        {"path": "docs/ops/runbook.md", "action": "create", "why": "the procedure"},
        {"path": SCRIPT, "action": "change", "why": "it says more"},
        {"path": "secret.txt", "action": "change", "why": "it says less"},
        {"path": "ops/clean.sh", "action": "delete", "why": "nobody cleans"},
        {"path": "legacy.txt", "action": "delete", "why": "nobody needs it"},
    ]
)
CHANGED = ["docs/ops/runbook.md", "legacy.txt", "ops/clean.sh", SCRIPT, "secret.txt"]

pytestmark = pytest.mark.usefixtures("nobody")


@pytest.fixture
def player(tmp_path: Path) -> Player:
    """A repository with executable and private files, and with changes of the user's own in every state."""
    persona = tmp_path / "plain.md"
    persona.write_text(PLAIN)
    root = make_repo(tmp_path / "work/shop", FILES, commit=False)
    (root / SCRIPT).chmod(0o755)
    (root / "ops/clean.sh").chmod(0o755)
    (root / "secret.txt").chmod(0o600)
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Begin")
    for name in ("staged.txt", "mixed.txt"):
        (root / name).write_text("two\n")
        git(root, "add", name)
    for name in ("mixed.txt", "unstaged.txt", "untracked.txt"):
        (root / name).write_text("three\n")
    (root / "new.txt").write_text("staged and new\n")
    git(root, "add", "new.txt")
    return Player(root, persona, {"permissions": {"allow": ["Bash"]}})


def play(player: Player, **settings: Any) -> Played:
    """A run that creates, changes and deletes, by tools and by a command."""
    played = player.play(
        [tool("SubmitPlan", **PLAN), tool("Read", file_path=SCRIPT), tool("Read", file_path="secret.txt")],
        [
            tool("Write", file_path="docs/ops/runbook.md", content="# Runbook\n"),
            tool("Edit", file_path=SCRIPT, old_string="echo deploy", new_string="echo deploying"),
            tool("Write", file_path="secret.txt", content="nothing here\n"),
            tool("Bash", command="rm legacy.txt ops/clean.sh"),
        ],
        [tool("Finish", summary="Written.")],
        **settings,
    )
    assert played.result.status == "done", played.result.error
    assert [change.path for change in played.result.changes] == CHANGED
    return played


def undo(played: Played, root: Path | None = None) -> tuple[list[str], str | None]:
    specialist = Specialist(root or played.root)
    return undoing.undo(specialist.repository, specialist.store, played.result.run_id)


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    """Path -> mode and content of every file, and every folder, of the work tree."""
    return {
        path.relative_to(root).as_posix(): (
            stat.S_IMODE(path.stat().st_mode),
            path.read_bytes() if path.is_file() else b"",
        )
        for path in root.rglob("*")
        if ".git" not in path.relative_to(root).parts
    }


def users(root: Path) -> tuple[str, list[str], dict[str, bytes]]:
    """What is the user's: git's view of it, its entries in the index, its bytes."""
    names = ["staged.txt", "mixed.txt", "unstaged.txt", "untracked.txt", "new.txt"]
    index = git(root, "ls-files", "--stage").splitlines()
    mine = [line for line in index if line.split("\t")[1] in names]
    return git(root, "status", "--porcelain"), mine, {name: (root / name).read_bytes() for name in names}


def test_a_committed_run_is_taken_back_by_a_commit_of_its_own(player: Player) -> None:
    before, own = tree(player.root), users(player.root)
    base = git(player.root, "rev-parse", "HEAD").strip()
    played = play(player)
    assert users(player.root) == own
    assert stat.S_IMODE((player.root / SCRIPT).stat().st_mode) == 0o755

    paths, commit = undo(played)
    assert paths == CHANGED
    assert tree(player.root) == before
    assert users(player.root) == own
    assert git(player.root, "rev-parse", "HEAD", "HEAD~2").split() == [commit, base]
    assert git(player.root, "diff", "--name-only", base, "HEAD") == ""  # modes too
    assert git(player.root, "log", "-1", "--format=%B").startswith('Revert "Write the runbook"')
    assert str(played.result.commit) in git(player.root, "log", "-1", "--format=%B")


def test_a_run_that_was_not_committed_is_taken_back_in_the_work_tree(player: Player) -> None:
    before, own, head = tree(player.root), users(player.root), git(player.root, "rev-parse", "HEAD")
    played = play(player, commit={"enabled": False})
    assert played.result.commit is None and tree(player.root) != before
    assert undo(played) == (CHANGED, None)
    assert (tree(player.root), users(player.root), git(player.root, "rev-parse", "HEAD")) == (before, own, head)


def test_a_run_that_stopped_half_way_is_taken_back(player: Player) -> None:
    before, own = tree(player.root), users(player.root)
    played = player.play(
        [tool("SubmitPlan", **PLAN)],
        [tool("Write", file_path="docs/ops/runbook.md", content="# Runbook\n")],
        [tool("Bash", command="rm legacy.txt")],
        max_turns=3,
    )
    assert played.result.status == "budget"
    assert undo(played) == (["docs/ops/runbook.md", "legacy.txt"], None)
    assert (tree(player.root), users(player.root)) == (before, own)


@pytest.mark.parametrize("path", CHANGED)
@pytest.mark.parametrize("committed", [False, True], ids=["in the work tree", "in a later commit"])
def test_a_path_that_was_changed_since_stops_all_of_it(player: Player, path: str, committed: bool) -> None:
    played = play(player)
    (player.root / path).parent.mkdir(exist_ok=True)
    (player.root / path).write_text("somebody's work\n")
    if committed:
        git(player.root, "add", path)
        git(player.root, "commit", "--quiet", "--only", "--message", "Since", "--", path)
    as_it_was = tree(player.root), users(player.root), git(player.root, "rev-parse", "HEAD")
    with pytest.raises(UsageError, match=f"is not undone: {path} was changed since") as refused:
        undo(played)
    assert refused.value.hint
    assert (tree(player.root), users(player.root), git(player.root, "rev-parse", "HEAD")) == as_it_was


def test_what_was_put_back_by_hand_and_committed_is_said_so(player: Player) -> None:
    played = play(player)
    git(player.root, "rm", "--quiet", "docs/ops/runbook.md")
    git(player.root, "commit", "--quiet", "--only", "--message", "Not that", "--", "docs/ops/runbook.md")
    with pytest.raises(UsageError, match=r"docs/ops/runbook\.md was committed again since the run"):
        undo(played)


def test_a_later_commit_of_other_paths_does_not_stand_in_the_way(player: Player) -> None:
    played = play(player)
    (player.root / "app.py").write_text("print('new')\n")
    git(player.root, "commit", "--quiet", "--only", "--message", "Since", "--", "app.py")
    before = (player.root / "app.py").read_bytes()
    undo(played)
    assert (player.root / "app.py").read_bytes() == before
    assert not (player.root / "docs").exists() and (player.root / "legacy.txt").is_file()


def test_it_is_undone_once(player: Player) -> None:
    played = play(player)
    undo(played)
    head = git(player.root, "rev-parse", "HEAD")
    with pytest.raises(UsageError, match="is undone already"):
        undo(played)
    assert git(player.root, "rev-parse", "HEAD") == head


def test_a_run_that_changed_nothing_has_nothing_to_undo(player: Player) -> None:
    played = player.play([tool("SubmitPlan", **PLAN)], approve="never")
    assert played.result.status == "needs_approval"
    with pytest.raises(UsageError, match="changed nothing"):
        undo(played)


def test_an_undo_that_was_killed_half_way_is_gone_on_with(player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    before, own = tree(player.root), users(player.root)
    played = play(player)
    really = undoing._restore

    def restore(root: Path, kept: Path, change: Any, content: Any) -> None:
        really(root, kept, change, content)
        if change.path == "legacy.txt":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(undoing, "_restore", restore)
        undo(played)
    undo(played)
    assert (tree(player.root), users(player.root)) == (before, own)


def test_a_run_on_a_branch_of_its_own_is_undone_there(player: Player) -> None:
    before, own = tree(player.root), users(player.root)
    main = git(player.root, "rev-parse", "main")
    played = play(player, branch="ops")
    assert git(player.root, "branch", "--show-current").strip() == "ops"
    assert git(player.root, "rev-parse", "main") == main

    git(player.root, "switch", "--quiet", "main")
    with pytest.raises(UsageError, match="not in what is checked out") as refused:
        undo(played)
    assert "ops" in refused.value.hint
    assert git(player.root, "rev-parse", "main") == main

    git(player.root, "switch", "--quiet", "ops")
    undo(played)
    assert (tree(player.root), users(player.root)) == (before, own)
    assert git(player.root, "rev-parse", "main") == main


def test_a_run_in_a_worktree_leaves_the_checkout_alone_and_is_undone_there(player: Player) -> None:
    before, own = tree(player.root), users(player.root)
    head = git(player.root, "rev-parse", "HEAD")
    played = play(player, worktree=True)
    worktree = player.root.with_name(f"shop-{played.result.run_id}")
    assert (worktree / "docs/ops/runbook.md").is_file()
    assert (tree(player.root), users(player.root), git(player.root, "rev-parse", "HEAD")) == (before, own, head)

    with pytest.raises(UsageError, match="worked in") as refused:
        undo(played)
    assert str(worktree) in refused.value.hint
    _, commit = undo(played, worktree)
    assert git(worktree, "rev-parse", "HEAD").strip() == commit
    assert git(worktree, "diff", "--name-only", head.strip(), "HEAD") == "" == git(worktree, "status", "--porcelain")
    assert (tree(player.root), users(player.root), git(player.root, "rev-parse", "HEAD")) == (before, own, head)


def test_the_command_says_first_what_it_would_do(player: Player, boringops: Boringops) -> None:
    original = tree(player.root)
    played = play(player)
    after = tree(player.root)
    dry = boringops("undo", "-C", player.root, "--dry-run", "--output", "json")
    assert dry.code == 0, dry.err
    assert dry.result == {"run_id": played.result.run_id, "paths": CHANGED, "commit": None, "dry_run": True}
    assert dry.err.split("\n")[:2] == ["  delete docs/ops/runbook.md", "  bring back legacy.txt"]
    assert tree(player.root) == after

    done = boringops("undo", played.result.run_id, "-C", player.root, "--output", "json")
    assert (done.code, done.result["paths"]) == (0, CHANGED)
    assert done.result["commit"] == git(player.root, "rev-parse", "HEAD").strip()
    assert tree(player.root) == original
    listed = json.loads(boringops("runs", "-C", player.root, "--output", "json").out)
    assert [row["status"] for row in listed] == ["undone"]

    again = boringops("undo", "-C", player.root)
    assert again.code == 2 and "undone already" in again.err


# --- the snapshot ------------------------------------------------------------------------------------


def kept(player: Player, run_id: str) -> dict[str, bytes]:
    """Path -> content in the run's snapshot."""
    names = git(player.root, "ls-tree", "-r", "--name-only", f"refs/boringops/{run_id}").split()
    repository = Repository(player.root)
    return {name: repository.content_at(f"refs/boringops/{run_id}", name) or b"" for name in names}


def test_the_work_tree_is_kept_as_it_was_and_nothing_of_the_users_is_touched(player: Player) -> None:
    (player.root / ".gitignore").write_text("*.log\n")
    (player.root / "debug.log").write_text("not git's\n")
    (player.root / ".gitattributes").write_text("*.txt text eol=lf filter=loud\n")
    git(player.root, "config", "core.autocrlf", "true")
    git(player.root, "config", "filter.loud.clean", "tr a-z A-Z")
    (player.root / "crlf.txt").write_bytes(b"one\r\ntwo\r\n")
    (player.root / "link").symlink_to("README.md")
    (player.root / "name with\ttab é").write_text("x")
    (player.root / "app.py").unlink()
    (player.root / "big.bin").write_bytes(b"0" * (snapshot.MAX_FILE_BYTES + 1))
    before, index = tree(player.root), (player.root / ".git/index").read_bytes()
    repository = Repository(player.root)
    taken = snapshot.take(repository, "r1", repository.git_dir)
    assert taken.left_out == ["big.bin"]
    names = git(player.root, "ls-tree", "-r", "-z", "--name-only", taken.commit).split("\0")[:-1]
    found = {name: repository.content_at(taken.commit, name) for name in names}
    files = {path: content for path, (_, content) in before.items() if (player.root / path).is_file()}
    left = {"debug.log", "big.bin", "link"}
    assert {**found, "link": b""} == {**{path: files[path] for path in files.keys() - left}, "link": b""}
    assert found["link"] == b"README.md" and found["crlf.txt"] == b"one\r\ntwo\r\n"
    assert git(player.root, "ls-tree", taken.commit, SCRIPT).startswith("100755")
    assert (tree(player.root), (player.root / ".git/index").read_bytes()) == (before, index)
    assert not list(repository.git_dir.glob("snapshot.index*"))


def test_a_run_keeps_the_tree_before_it_changes_anything(player: Player) -> None:
    before = {path: content for path, (_, content) in tree(player.root).items() if (player.root / path).is_file()}
    played = play(player)
    assert kept(player, played.result.run_id) == before
    assert git(player.root, "branch", "--list", "--all").split() == ["*", "main"]


def test_a_repository_without_a_commit_has_a_snapshot(tmp_path: Path) -> None:
    repository = Repository(make_repo(tmp_path / "new", {"a.txt": "a\n"}, commit=False))
    taken = snapshot.take(repository, "r1", repository.git_dir)
    assert repository.content_at(taken.commit, "a.txt") == b"a\n"
    snapshot.drop(repository, "r1")
    assert git(repository.root, "for-each-ref") == ""


def test_a_snapshot_that_is_not_possible_stops_nothing(player: Player) -> None:
    blocked = player.root / ".git/refs/boringops"
    blocked.write_text("in the way\n")
    played = play(player)
    assert any("could not be kept" in warning for warning in played.result.warnings)
    undo(played)


@pytest.mark.parametrize("committed", [False, True])
def test_what_is_lost_from_the_runs_folder_comes_from_the_snapshot(player: Player, committed: bool) -> None:
    before, own = tree(player.root), users(player.root)
    played = play(player, commit={"enabled": committed})
    shutil.rmtree(player.root / ".git/boringops/runs" / played.result.run_id / "before")
    undo(played)
    assert (tree(player.root), users(player.root)) == (before, own)


def test_what_is_lost_everywhere_is_said_and_nothing_is_touched(player: Player) -> None:
    (player.root / ".git/info/exclude").write_text("local.conf\n")
    (player.root / "local.conf").write_text("mine\n")
    played = player.play(
        [
            tool("SubmitPlan", **planned(files=[{"path": "local.conf", "action": "create", "why": "x"}])),
            tool("Read", file_path="local.conf"),
        ],
        [tool("Write", file_path="local.conf", content="yours\n")],
        max_turns=2,
    )
    assert [change.path for change in played.result.changes] == ["local.conf"]
    shutil.rmtree(player.root / ".git/boringops/runs" / played.result.run_id / "before")
    after = tree(player.root)
    with pytest.raises(UsageError, match=r"what local\.conf was is lost"):
        undo(played)
    assert tree(player.root) == after


def test_what_a_command_changed_outside_the_plan_is_left_alone_and_told(player: Player, boringops: Boringops) -> None:
    played = player.play(
        [tool("SubmitPlan", **PLAN)],
        [
            tool("Write", file_path="docs/ops/runbook.md", content="# Runbook\n"),
            tool("Bash", command="echo x >> app.py"),
        ],
        max_turns=2,
    )
    stray = (player.root / "app.py").read_bytes()
    ran = boringops("undo", "-C", player.root)
    assert ran.code == 0 and (player.root / "app.py").read_bytes() == stray
    assert (
        f"left alone: app.py; as it was: git restore --source=refs/boringops/{played.result.run_id} -- app.py"
        in ran.err
    )
    git(player.root, "restore", f"--source=refs/boringops/{played.result.run_id}", "--", "app.py")
    assert (player.root / "app.py").read_text() == FLASK["app.py"]


def test_old_runs_are_pruned_with_their_snapshots(player: Player, boringops: Boringops) -> None:
    first = play(player)
    undo(first)
    stopped = player.play([tool("SubmitPlan", **PLAN)], approve="never")
    ran = boringops("runs", "-C", player.root, "--prune", "--keep", "0", "--output", "json")
    assert ran.code == 0, ran.err
    assert [row["run_id"] for row in json.loads(ran.out)] == [stopped.result.run_id]
    assert ran.err == f"removed {first.result.run_id}\n"
    assert git(player.root, "for-each-ref", "refs/boringops") == ""
