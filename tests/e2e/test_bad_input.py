"""Repositories, files and settings as they are found in the wild: a clear word and the right exit code, or a clean run."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from boringops.models.scripted import tool
from boringops.result import Result
from boringops.undo import undo
from tests.e2e.conftest import Boringops, Ran
from tests.e2e.playing import GIVING_UP, PLAIN, Player, call, in_process, planned, snapshot
from tests.repos import FLASK, MEMORY, git, make_repo

RUNBOOK = "docs/runbook.md"
WRITE = call("Write", file_path=RUNBOOK, content="# Runbook\n\nRoll back with git revert.\n")
PLAN = call("SubmitPlan", **planned(RUNBOOK))
FINISH = call("Finish", summary="Written.")
RESULT = Result.model_json_schema()
OFFLINE = ("--offline", "--approve", "auto", "--output", "json")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The machine's own git configuration, hooks and identity, has no part in this."""
    (tmp_path / "gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "work/shop")


@pytest.fixture
def player(tmp_path: Path, repo: Path) -> Player:
    persona = tmp_path / "plain.md"
    persona.write_text(PLAIN)
    return Player(repo, persona)


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Boringops:
    return in_process(capsys, monkeypatch)


def only_result(ran: Ran) -> dict[str, Any]:
    """The one object on standard output, held to the published schema and to the exit code."""
    assert ran.out.count("\n") == 1, ran.out
    result: dict[str, Any] = json.loads(ran.out)
    jsonschema.validate(result, RESULT)
    assert result["exit_code"] == ran.code
    assert "Traceback" not in ran.err, ran.err
    return result


def is_usage(ran: Ran, *says: str) -> None:
    """Refused before anything began, with these words."""
    result = only_result(ran)
    assert (ran.code, result["status"], result["run_id"]) == (2, "usage", "")
    told = f"{result['error']['message']} {result['error']['hint']}"
    assert all(word in told for word in says), told


def no_run(repo: Path) -> None:
    """Nothing was begun: there is no run to resume."""
    assert not list((repo / ".git/boringops/runs").glob("*"))


# --- where it is run ----------------------------------------------------------------------------------


def test_a_folder_that_is_no_repository(tmp_path: Path, here: Boringops, boringops: Boringops) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    is_usage(here("run", "x", "-C", folder, *OFFLINE), "is not a git repository", "git init")
    is_usage(here("run", "x", "-C", tmp_path / "gone", *OFFLINE), "is not a directory", "-C DIR")
    said = boringops("run", "x", "-C", folder)
    assert said.code == 2 and "git init" in said.out


def test_a_bare_repository(tmp_path: Path, here: Boringops) -> None:
    bare = tmp_path / "bare.git"
    bare.mkdir()
    git(bare, "init", "--quiet", "--bare")
    is_usage(here("run", "x", "-C", bare, *OFFLINE), "is a bare repository")


def test_a_work_tree_that_git_is_told_lies_elsewhere(tmp_path: Path, here: Boringops) -> None:
    """Git would look and commit there: in another repository, or all over the machine."""
    repo, other = make_repo(tmp_path / "a"), make_repo(tmp_path / "b")
    for elsewhere in (other, Path("/"), tmp_path):
        git(repo, "config", "core.worktree", str(elsewhere))
        is_usage(here("run", "x", "-C", repo, *OFFLINE), f"is {elsewhere}.", "core.worktree")


def test_a_folder_with_a_line_break_in_its_name(tmp_path: Path, here: Boringops) -> None:
    repo = make_repo(tmp_path / "a\nb")
    assert here("inventory", "-C", repo, "--output", "json").code == 0
    inside = repo / "c"
    inside.mkdir(exist_ok=True)
    assert here("inventory", "-C", inside, "--output", "json").code == 0


def test_a_repository_without_commits_gets_its_first(tmp_path: Path, player: Player) -> None:
    repo = make_repo(tmp_path / "work/new", commit=False)
    played = Player(repo, player.persona).play(PLAN, WRITE, FINISH)
    assert played.result.status == "done", played.result.error
    assert git(repo, "rev-list", "--count", "HEAD") == "1\n"
    # what the user has not committed is the user's
    assert git(repo, "ls-tree", "-r", "--name-only", "HEAD").split() == [RUNBOOK]
    assert played.result.warnings == []


def test_a_detached_head_works_and_is_warned_of(player: Player) -> None:
    git(player.root, "checkout", "--quiet", "--detach")
    played = player.play(PLAN, WRITE, FINISH)
    assert played.result.status == "done"
    assert git(player.root, "rev-parse", "HEAD").strip() == played.result.commit
    assert [warning for warning in played.result.warnings if "detached" in warning and "git switch -c" in warning]


def test_a_merge_in_progress_is_to_be_finished_first(repo: Path, boringops: Boringops) -> None:
    git(repo, "switch", "--quiet", "-c", "other")
    (repo / "app.py").write_text("other = 1\n")
    git(repo, "commit", "--quiet", "-am", "Other")
    git(repo, "switch", "--quiet", "main")
    (repo / "app.py").write_text("main = 1\n")
    git(repo, "commit", "--quiet", "-am", "Main")
    with pytest.raises(subprocess.CalledProcessError):
        git(repo, "merge", "other")
    before = snapshot(repo)
    is_usage(boringops("run", "x", "-C", repo, *OFFLINE), "A merge is in progress", "Finish or abort it first")
    assert snapshot(repo) == before
    no_run(repo)


def test_in_a_subdirectory_the_whole_repository_is_worked_on(repo: Path, boringops: Boringops) -> None:
    (repo / "src/deep").mkdir(parents=True)
    ran = boringops("plan", "Containerise this", "-C", repo / "src/deep", "--offline", "--output", "json")
    result = only_result(ran)
    assert (ran.code, result["status"]) == (0, "planned"), ran.err
    assert "Dockerfile" in [file["path"] for file in result["plan"]["files"]]
    assert (repo / ".git/boringops/runs" / result["run_id"]).is_dir()


def test_spaces_and_letters_of_the_world_in_paths(tmp_path: Path, boringops: Boringops) -> None:
    names = {"café/größe 计划.md": "# Größe\n", "-dash.md": "# Dash\n", "quote'\"s.md": "# Quotes\n"}
    repo = make_repo(tmp_path / "my wörk/the $HOME shop", {**FLASK, **MEMORY, **names})
    ran = boringops("run", "Containerise this", "-C", repo, *OFFLINE)
    assert only_result(ran)["status"] == "done", ran.err
    assert git(repo, "status", "--porcelain") == ""
    assert list((tmp_path / "my wörk/planning/task-updates").iterdir())


@pytest.mark.parametrize("path", ["docs/größe 计划.md", "docs/-n.md", "a b/c'd.md", ":(top)magic.md", "star*.md"])
def test_files_with_odd_names_are_written_and_committed(player: Player, path: str) -> None:
    bystander = player.root / "starlight.md"
    bystander.write_text("mine\n")
    played = player.play(call("SubmitPlan", **planned(path)), call("Write", file_path=path, content="# Plan\n"), FINISH)
    assert played.result.status == "done", played.result.error
    assert git(player.root, "show", "-z", "--format=", "--name-only", "HEAD").strip("\0\n") == path
    assert git(player.root, "status", "--porcelain").split() == ["??", "starlight.md"]


def test_names_that_are_no_text_or_go_over_lines_are_no_trouble(player: Player) -> None:
    (player.root / "two\nlines.md").write_text("# Two lines\n")
    Path(os.fsdecode(os.fsencode(player.root) + b"/caf\xe9.md")).write_text("latin\n")
    git(player.root, "add", ".")
    git(player.root, "commit", "--quiet", "-m", "Odd names")
    Path(os.fsdecode(os.fsencode(player.root) + b"/caf\xea.md")).write_text("not even added\n")
    looks = [tool("Glob", pattern="**/*"), tool("Grep", pattern="lines"), tool("Bash", command="ls")]
    played = player.play(PLAN, [*WRITE, *looks], FINISH)
    assert played.result.status == "done", played.result.error
    assert "lines.md" in played.of("Glob")[0].content
    assert git(player.root, "show", "--format=", "--name-only", "HEAD").split() == [RUNBOOK]


def test_without_a_home(repo: Path, tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "HOME"}
    done = subprocess.run(
        [sys.executable, "-m", "boringops", "run", "Containerise this", "-C", str(repo), *OFFLINE],
        env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert only_result(Ran(done.returncode, done.stdout, done.stderr))["status"] == "done"


# --- what is in it ------------------------------------------------------------------------------------


def test_the_users_changes_stay_theirs(player: Player) -> None:
    root = player.root
    (root / "app.py").write_text("half = 'done'\n")
    (root / "notes.txt").write_text("mine\n")
    (root / "staged.py").write_text("staged = 1\n")
    (root / "requirements.txt").write_text("flask==3.1.2\n")
    git(root, "add", "staged.py", "requirements.txt")
    (root / "requirements.txt").write_text("flask==3.1.2\n# and more\n")
    before = git(root, "status", "--porcelain")
    staged = git(root, "diff", "--cached")
    played = player.play(PLAN, WRITE, FINISH)
    assert played.result.status == "done"
    assert git(root, "show", "--format=", "--name-only", "HEAD").split() == [RUNBOOK]
    assert git(root, "status", "--porcelain") == before
    assert git(root, "diff", "--cached") == staged


def test_a_submodule_is_left_alone(player: Player, tmp_path: Path) -> None:
    library = make_repo(tmp_path / "library", {"lib.py": "x = 1\n"})
    git(player.root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "lib")
    git(player.root, "commit", "--quiet", "-m", "Use the library")
    (player.root / "lib/lib.py").write_text("x = 2\n")
    reach = call("Write", file_path="lib/lib.py", content="x = 3\n")
    played = player.play(PLAN, reach, WRITE, call("Bash", command="ls"), FINISH)
    assert played.of("Write")[0].is_error
    assert played.result.status == "done", played.result.error
    assert (player.root / "lib/lib.py").read_text() == "x = 2\n"
    assert git(player.root, "show", "--format=", "--name-only", "HEAD").split() == [RUNBOOK]


def test_large_and_binary_files_and_links_out_are_no_trouble(tmp_path: Path, boringops: Boringops) -> None:
    repo = make_repo(tmp_path / "work/shop")
    (tmp_path / "outside.txt").write_text("not for the model\n")
    (repo / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\xff\xfe" * 10)
    (repo / "data.csv").write_bytes(b"a,b\n" * (5 << 20))
    (repo / "out").symlink_to(tmp_path / "outside.txt")
    (repo / "loop").symlink_to("loop")
    (repo / "nowhere").symlink_to("nothing/there")
    git(repo, "add", ".")
    git(repo, "commit", "--quiet", "-m", "All sorts")
    ran = boringops("run", "Containerise this", "-C", repo, *OFFLINE)
    assert only_result(ran)["status"] == "done", ran.err
    assert "not for the model" not in ran.out + ran.err
    assert git(repo, "status", "--porcelain") == ""


def test_what_cannot_be_shown_is_said_so(player: Player, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("not for the model\n")
    (player.root / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\xff\xfe")
    (player.root / "out").symlink_to(tmp_path / "outside.txt")
    os.mkfifo(player.root / "pipe")
    looks = [tool("Read", file_path=path) for path in ("logo.png", "out", "pipe", ".", "../outside.txt")]
    played = player.play([*looks, tool("Grep", pattern="not for")], *GIVING_UP)
    by_call = sorted(played.of("Read"), key=lambda outcome: outcome.call_id)  # they ran side by side
    binary, link, pipe, folder, outside = by_call
    assert "is a binary file" in binary.content
    assert "outside the repository" in link.content and "outside the repository" in outside.content
    assert "is not a regular file" in pipe.content
    assert "is a directory" in folder.content
    assert "not for the model" not in played.told


def test_a_memory_file_that_leads_out_of_the_tree_is_not_read(player: Player, tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("# The secrets of the machine\n")
    memory = player.root / "memory-bank/techContext.md"
    memory.unlink()
    memory.symlink_to(tmp_path / "outside.md")
    played = player.play(*GIVING_UP, persona="devops-infrastructure")
    assert "secrets of the machine" not in str(played.model.requests[0])
    (file,) = [file for file in played.result.memory_bank if file.path == "memory-bank/techContext.md"]
    assert file.error and not file.sha256
    assert file.error in str(played.model.requests[0].messages)


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_a_memory_file_that_cannot_be_read_is_said_so(player: Player) -> None:
    (player.root / "memory-bank/techContext.md").chmod(0)
    played = player.play(*GIVING_UP, persona="devops-infrastructure")
    (file,) = [file for file in played.result.memory_bank if file.path == "memory-bank/techContext.md"]
    assert file.error and not file.missing


# --- settings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("max_turns = 3\nmax_csot = 1\n", [".boringops.toml:2", "max_csot", "Did you mean max_cost?"]),
        ('[provider]\nefort = "high"\n', [".boringops.toml:2", "Did you mean provider.effort?"]),
        ('approve = "maybe"\n', [".boringops.toml:1", "'ask', 'auto' or 'never'"]),
        ("max_turns = 0\n", [".boringops.toml:1", "greater than or equal to 1"]),
        ("max_turns = 3\nphase = \n", [".boringops.toml:2", "schema config"]),
        ("phase = 'a'\nphase = 'b'\n", [".boringops.toml:2"]),
        ("report = 3\n", [".boringops.toml:1", "report"]),
        ('[permissions]\ndeny = ["Bsh(rm *)"]\n', ["permissions.deny[0]", "Did you mean `Bash`?"]),
        ("\xff", [".boringops.toml"]),
    ],
)
def test_a_configuration_that_is_wrong_names_its_place(repo: Path, here: Boringops, text: str, says: list[str]) -> None:
    (repo / ".boringops.toml").write_bytes(text.encode("latin-1"))
    is_usage(here("plan", "x", "-C", repo, "--offline", "--output", "json"), *says)
    no_run(repo)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--max-turns", "0"], ["--max-turns", "greater than or equal to 1"]),
        (["--max-cost", "-1"], ["--max-cost"]),
        (["-c", "max_turns"], ["KEY=VALUE"]),
        (["-c", "max_truns=3"], ["-c max_truns", "Did you mean max_turns?"]),
        (["-c", "provider.name=azure"], ["-c provider.name", "'bedrock'"]),
        (["--persona", "nobody"], ["no persona named `nobody`", "devops-infrastructure"]),
        (["--persona", "./gone.md"], ["gone.md"]),
        (["--persona", "{repo}/broken.md"], ["broken.md:1", "description"]),
        (["--handoff", "gone.md"], ["--handoff gone.md", "No such file"]),
        (["--handoff", "{repo}"], ["--handoff", "directory"]),
        (["--branch", "main"], ["main", "--branch"]),
        (["--branch", "no..good"], ["no..good", "--branch"]),
    ],
)
def test_a_flag_that_is_wrong_is_named(repo: Path, here: Boringops, arguments: list[str], says: list[str]) -> None:
    (repo / "broken.md").write_text("---\nname: [oops\n---\nBody.\n")
    filled = [argument.format(repo=repo) for argument in arguments]
    is_usage(here("run", "x", "-C", repo, *OFFLINE, *filled), *says)
    no_run(repo)
    assert git(repo, "branch", "--format=%(refname:short)").split() == ["main"]


def test_flags_that_the_command_line_itself_refuses(repo: Path, here: Boringops) -> None:
    for wrong in (["--approve", "maybe"], ["--max-turns", "many"], ["--bogus"], ["--output", "yaml"]):
        ran = here("run", "x", "-C", repo, *wrong)
        assert (ran.code, ran.out) == (2, "") and wrong[0] in ran.err
    no_run(repo)


@pytest.mark.parametrize("task", ["", "  \n "])
def test_an_empty_task(repo: Path, here: Boringops, task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    is_usage(here("run", task, "-C", repo, *OFFLINE), "The task is empty", 'boringops run "')
    monkeypatch.setattr(sys, "stdin", io.StringIO(task))
    is_usage(here("run", "-", "-C", repo, *OFFLINE), "The task is empty")
    no_run(repo)


def test_a_typed_handoff_is_held_against_the_repository(repo: Path, tmp_path: Path, boringops: Boringops) -> None:
    handoff = tmp_path / "handoff.yaml"
    handoff.write_text("health_endpoint: /nowhere\nvariables: [LOG_LEVEL]\n")
    ran = boringops("plan", "Containerise this", "-C", repo, "--handoff", handoff, "--offline", "--output", "json")
    assert ran.code == 0, ran.err
    assert any("/nowhere" in warning for warning in ran.result["warnings"]), ran.result["warnings"]
    handoff.write_text("health_endpoint: /healthz\nhealth: yes\n")
    ran = boringops("plan", "Containerise this", "-C", repo, "--handoff", handoff, "--offline", "--output", "json")
    assert (
        ran.code == 2 and str(handoff) in ran.result["error"]["message"] and "health" in ran.result["error"]["message"]
    )


def test_a_task_from_standard_input_and_a_handoff(repo: Path, tmp_path: Path, boringops: Boringops) -> None:
    (tmp_path / "handoff.md").write_text("It listens on 8080.\n")
    ran = boringops(
        "plan", "-", "-C", repo, "--handoff", tmp_path / "handoff.md", "--offline", "--output", "json",
        stdin="Containerise this\n\nand write it down\n",
    )  # fmt: skip
    result = only_result(ran)
    assert (result["status"], result["task"]["name"]) == ("planned", "Containerise this")
    journal = (repo / ".git/boringops/runs" / result["run_id"] / "events.jsonl").read_text()
    assert "It listens on 8080." in journal and "Hand-off from the developers" in journal


def test_a_model_nobody_knows_the_price_of(repo: Path, boringops: Boringops) -> None:
    ran = boringops(
        "run", "x", "-C", repo, "--model", "some-model", "--max-cost", "1", "--output", "json", ANTHROPIC_API_KEY="k"
    )
    result = only_result(ran)
    assert (ran.code, result["status"]) == (2, "usage")
    assert "No price is known for some-model" in result["error"]["message"]


# --- the commit ---------------------------------------------------------------------------------------


def hook(repo: Path, script: str, name: str = "pre-commit") -> None:
    path = repo / ".git/hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}")
    path.chmod(0o755)


def test_where_git_knows_nobody_the_fallback_commits(player: Player) -> None:
    assert player.play(PLAN, WRITE, FINISH).result.status == "done"
    assert git(player.root, "show", "--format=%an <%ae> %cn", "--no-patch", "HEAD").strip() == (
        "boringops <boringops@localhost> boringops"
    )


def test_where_git_knows_the_user_the_user_commits(player: Player) -> None:
    git(player.root, "config", "user.name", "Ada")
    git(player.root, "config", "user.email", "ada@localhost")
    assert player.play(PLAN, WRITE, FINISH).result.status == "done"
    assert git(player.root, "show", "--format=%an %cn", "--no-patch", "HEAD").strip() == "Ada Ada"


NO_SHOUTING = f'if grep -q SHOUT {RUNBOOK}; then echo "no shouting, please" >&2; exit 1; fi\n'
SHOUT = call("Write", file_path=RUNBOOK, content="# SHOUT\n")


def test_a_hook_that_is_never_satisfied_ends_the_run_with_its_words(player: Player) -> None:
    hook(player.root, NO_SHOUTING)
    before = git(player.root, "status", "--porcelain")
    played = player.play(PLAN, SHOUT, FINISH, FINISH, FINISH, max_rounds=3)
    result = played.result
    assert (result.status, result.exit_code, result.commit) == ("incomplete", 5, None)
    assert result.error is not None and "no shouting, please" in result.error.message
    assert played.told.count("no shouting, please") == 2
    assert git(player.root, "log", "--format=%s") == "Begin\n"
    assert (before, git(player.root, "diff", "--cached")) == ("", "")  # the index is as it was


def test_a_hook_that_is_satisfied_in_the_end_lets_the_commit_through(player: Player) -> None:
    hook(player.root, NO_SHOUTING)
    calm = call("Edit", file_path=RUNBOOK, old_string="SHOUT", new_string="Calm")
    played = player.play(PLAN, SHOUT, FINISH, calm, FINISH)
    assert "no shouting, please" in str(played.model.requests[3].messages[-1])
    assert played.result.status == "done"
    assert git(player.root, "show", f"HEAD:{RUNBOOK}") == "# Calm\n"
    assert git(player.root, "status", "--porcelain") == ""
    assert len(list((player.root.parent / "planning").rglob("*.md"))) <= 1


def test_a_hook_that_reformats_and_refuses_is_taken_in(player: Player) -> None:
    """As hooks of the pre-commit framework do: they mend the file, and fail so that somebody looks."""
    hook(
        player.root,
        f'if grep -q SHOUT {RUNBOOK}; then sed -i s/SHOUT/Calm/ {RUNBOOK}; echo "reformatted"; exit 1; fi\n',
    )
    played = player.play(PLAN, SHOUT, FINISH, FINISH)
    assert played.result.status == "done", [finding.message for finding in played.result.findings]
    assert RUNBOOK in str(played.model.requests[3].messages[-1])
    assert git(player.root, "show", f"HEAD:{RUNBOOK}") == "# Calm\n"
    assert git(player.root, "status", "--porcelain") == ""


def test_a_hook_that_reformats_and_adds_leaves_a_clean_tree(player: Player) -> None:
    hook(player.root, f"if [ -f {RUNBOOK} ]; then sed -i s/SHOUT/Calm/ {RUNBOOK} && git add {RUNBOOK}; fi\n")
    played = player.play(PLAN, SHOUT, FINISH)
    assert played.result.status == "done"
    assert git(player.root, "show", f"HEAD:{RUNBOOK}") == (player.root / RUNBOOK).read_text() == "# Calm\n"
    assert git(player.root, "status", "--porcelain") == ""
    assert [warning for warning in played.result.warnings if RUNBOOK in warning]
    undone, _ = undo(played.specialist.repository, played.specialist.store, played.result.run_id)
    assert undone == [RUNBOOK] and not (player.root / RUNBOOK).exists()  # what the hook made of it is known to the run


def test_a_planned_file_that_gitignore_hides_is_committed_all_the_same(tmp_path: Path, boringops: Boringops) -> None:
    repo = make_repo(tmp_path / "work/shop", {**FLASK, **MEMORY, ".gitignore": ".env*\n"})
    ran = boringops("run", "Containerise this and document the environment", "-C", repo, *OFFLINE)
    assert only_result(ran)["status"] == "done", ran.err
    assert ".env.example" in git(repo, "show", "--format=", "--name-only", "HEAD").split()
    assert git(repo, "status", "--porcelain") == ""


# --- the report and the output ------------------------------------------------------------------------


def test_a_report_that_cannot_be_put_where_it_belongs_is_kept_and_said(player: Player) -> None:
    played = player.play(PLAN, WRITE, FINISH, sets=["report.directory=README.md/reports"])
    assert played.result.status == "done"
    kept = Path(played.result.report_path or "")
    assert kept.read_text().startswith("# Write the runbook") and kept.is_relative_to(player.root / ".git")
    assert [warning for warning in played.result.warnings if "README.md/reports" in warning and str(kept) in warning]


@pytest.mark.parametrize("output", ["text", "json", "stream-json"])
def test_a_reader_that_goes_away_does_not_end_the_run(repo: Path, tmp_path: Path, output: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    arguments = ["run", "Containerise this", "-C", str(repo), "--offline", "--approve", "auto", "--output", output]
    done = subprocess.run(
        [sys.executable, "-m", "boringops", *arguments],
        stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr
    assert "Boringops-Run" in git(repo, "log", "-1", "--format=%B")


def test_a_log_that_nobody_reads_does_not_end_the_run(repo: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "boringops", "plan", "Containerise this", "-C", str(repo), "--offline", "--output", "json"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=writing, text=True, check=False,
    )  # fmt: skip
    os.close(writing)
    assert only_result(Ran(done.returncode, done.stdout, ""))["status"] == "planned"


def test_activity_goes_to_standard_error_and_only_there(repo: Path, boringops: Boringops) -> None:
    ran = boringops("plan", "Containerise this", "-C", repo, "--offline")
    assert ran.code == 0
    assert "● plan" in ran.err and "●" not in ran.out
    assert ran.out.startswith("✓ planned:") and "Dockerfile" in ran.out
    assert ran.err.count("offline blueprints") == 1  # that no model answers is said in one line
