"""Whole chats at a pseudo-terminal: the real command, real keys, a scripted Messages API behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.playing import PLAIN, planned
from tests.e2e.terminal import Terminal, terminal
from tests.messages_api import MessagesApi, events, text, thinking, tool_use
from tests.repos import git, make_repo

RUNBOOK = "# Runbook\n\nRestart the service with `systemctl restart shop`.\n"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = make_repo(tmp_path / "work/shop")
    (root / ".boringops.toml").write_text(f'persona = "{tmp_path}/plain.md"\n')
    (tmp_path / "plain.md").write_text(PLAIN)
    (tmp_path / "home").mkdir()
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Configure")
    return root


def chat(repo: Path, **options: object) -> object:
    return terminal(cwd=repo, home=repo.parents[1] / "home", **options)  # type: ignore[arg-type]


def say(shown: Terminal, words: str) -> None:
    """A message at the input line."""
    shown.wait_for_prompt()
    answer(shown, words)


def answer(shown: Terminal, words: str) -> None:
    """A line for a question in the middle of something."""
    shown.forget()
    shown.send(f"{words}\r")


def test_from_a_question_over_an_amended_plan_to_a_commit_and_back(repo: Path, messages_api: MessagesApi) -> None:
    messages_api.reply(tool_use("Read", file_path="app.py"))
    messages_api.reply(
        tool_use("Finish", outcome="answered", summary="It serves `/healthz`.\n\nNothing else.", evidence=["app.py:9"])
    )
    messages_api.reply(thinking("**Planning**\nA runbook it is."), tool_use("SubmitPlan", **_plan("docs/run.md")))
    messages_api.reply(tool_use("SubmitPlan", **_plan("docs/runbook.md")))
    messages_api.reply(text("I write it."), tool_use("Write", file_path="docs/runbook.md", content=RUNBOOK))
    messages_api.reply(tool_use("Finish", outcome="done", summary="The runbook is written."))
    with chat(repo) as shown:  # type: ignore[attr-defined]
        shown.wait_for("boringops in shop, with claude-opus-5-5", ">")
        say(shown, "What does it serve?")
        shown.wait_for(
            "memory bank read: the persona names no files", "e1 Read app.py", "It serves /healthz", "Nothing else."
        )
        say(shown, "Write a runbook")
        shown.wait_for("t1 thought", "Planning", "create docs/run.md", "Approve this plan?")
        answer(shown, "call it runbook.md")
        shown.wait_for("Changed since the plan before", "+ create `docs/runbook.md`", "Approve this plan?")
        answer(shown, "y")
        shown.wait_for(
            "☐ 1 Write it down", "☑ 1 Write it down", "I write it.", "done: The runbook is written.", "commit: "
        )
        commit = git(repo, "log", "-1", "--format=%s")
        assert commit.startswith("Completed infrastructure task") or "runbook" in commit
        say(shown, "/diff")
        shown.wait_for("create docs/runbook.md +3 -0", "Restart the service")
        say(shown, "/undo")
        shown.wait_for("delete docs/runbook.md", "Take it back?")
        answer(shown, "y")
        shown.wait_for("Restored 1 paths in commit")
        assert not (repo / "docs/runbook.md").exists()
        say(shown, "/exit")
        assert shown.ends() == 0
    told = messages_api.bodies[2]["messages"][0]["content"][0]["text"]
    assert "What does it serve?" in told and "Nothing else." in told  # the second run knows of the first
    refused = str(messages_api.bodies[3]["messages"][-1])
    assert "call it runbook.md" in refused
    assert git(repo, "status", "--porcelain") == ""


def test_escape_stops_the_step_and_words_go_on_with_it(repo: Path, messages_api: MessagesApi) -> None:
    released = messages_api.hang(b"".join(list(events([text("Let me think about it for long.")]))[:3]))
    messages_api.reply(tool_use("Read", file_path="app.py"))
    messages_api.reply(tool_use("Finish", outcome="answered", summary="Short: `/healthz`.", evidence=["app.py:9"]))
    with chat(repo) as shown:  # type: ignore[attr-defined]
        shown.wait_for(">")
        say(shown, "What does it serve?")
        messages_api.wait_for(1)
        shown.wait_for("answering: Let me")
        shown.send("\x1b")
        shown.wait_for("stopped. Say what to do differently")
        released.set()
        say(shown, "be brief")
        shown.wait_for("Going on with run", "Short: /healthz.")
        shown.wait_for_prompt()
        shown.send("\x03")
        shown.wait_for("Ctrl-C again leaves")
        shown.wait_for_prompt()
        shown.send("\x03")
        assert shown.ends() == 0
    assert "The user says, before you go on:\n\nbe brief" in str(messages_api.bodies[1]["messages"]).replace(
        "\\n", "\n"
    )


def test_a_closed_terminal_loses_nothing(repo: Path, messages_api: MessagesApi) -> None:
    messages_api.reply(tool_use("SubmitPlan", **_plan("docs/runbook.md")))
    with chat(repo) as shown:  # type: ignore[attr-defined]
        shown.wait_for(">")
        say(shown, "Write a runbook")
        shown.wait_for("Approve this plan?")
        shown.close()
        shown.process.wait(20)
    messages_api.reply(tool_use("Write", file_path="docs/runbook.md", content=RUNBOOK))
    messages_api.reply(tool_use("Finish", outcome="done", summary="The runbook is written."))
    with chat(repo) as shown:  # type: ignore[attr-defined]
        shown.wait_for("Going on with the chat of before", "is not finished", "/resume")
        say(shown, "/approve")
        shown.wait_for("done: The runbook is written.", "commit: ")
        say(shown, "/exit")
        shown.ends()


def test_plan_mode_stops_after_the_plan_and_act_carries_it_out(repo: Path, messages_api: MessagesApi) -> None:
    messages_api.reply(tool_use("SubmitPlan", **_plan("docs/runbook.md")))
    messages_api.reply(tool_use("Write", file_path="docs/runbook.md", content=RUNBOOK))
    messages_api.reply(tool_use("Finish", outcome="done", summary="The runbook is written."))
    with chat(repo) as shown:  # type: ignore[attr-defined]
        shown.wait_for(">")
        say(shown, "/plan Write a runbook")
        shown.wait_for("create docs/runbook.md", "/act carries this out")
        assert not (repo / "docs").exists()
        say(shown, "/act")
        shown.wait_for("done: The runbook is written.")
        say(shown, "/cost")
        shown.wait_for("3 turns", "in all $")
        say(shown, f"/export {repo.parent}/chat.md")
        shown.wait_for("Written to")
        say(shown, "/exit")
        shown.ends()
    exported = (repo.parent / "chat.md").read_text()
    assert "Write a runbook" in exported and "### Plan" in exported


def test_a_command_is_allowed_for_the_run_after_the_rule_was_shown(repo: Path, messages_api: MessagesApi) -> None:
    reach = "curl --max-time 2 -s http://127.0.0.1:9/"
    messages_api.reply(tool_use("SubmitPlan", **_plan("docs/runbook.md")))
    messages_api.reply(tool_use("Bash", command=reach))
    messages_api.reply(tool_use("Bash", command=reach))
    messages_api.reply(tool_use("Write", file_path="docs/runbook.md", content=RUNBOOK))
    messages_api.reply(tool_use("Finish", outcome="done", summary="The runbook is written."))
    with chat(repo) as shown:  # type: ignore[attr-defined]
        say(shown, "Write a runbook")
        shown.wait_for("Approve this plan?")
        answer(shown, "y")
        shown.wait_for("Bash curl", "for this [r]un")
        answer(shown, "r")
        shown.wait_for("Bash(curl", "Allow for the rest of this run?")
        answer(shown, "y")
        shown.wait_for("done: The runbook is written.")
        assert "for this [r]un" not in shown.text()  # it was not asked a second time
        say(shown, "/exit")
        shown.ends()
    assert git(repo, "diff", "HEAD", "--", ".boringops.toml") == ""


def test_twenty_columns_without_colour_and_a_paste_of_a_megabyte(repo: Path, messages_api: MessagesApi) -> None:
    with chat(repo, columns=20, rows=12, NO_COLOR="1") as shown:  # type: ignore[attr-defined]
        shown.wait_for(">")
        say(shown, "/help")
        shown.wait_for("/export")
        shown.wait_for_prompt()
        shown.paste("all work and no play\n" * 50_000)
        shown.wait_for("[paste 1:")
        shown.send("\r")
        shown.wait_for("characters;")
        say(shown, "/exit")
        assert shown.ends() == 0
        assert b"\x1b[3" not in shown.raw.replace(b"\x1b[39", b"")  # no colour
    assert not messages_api.requests


def test_a_bad_command_names_the_nearest(repo: Path, messages_api: MessagesApi) -> None:
    with chat(repo) as shown:  # type: ignore[attr-defined]
        shown.wait_for(">")
        say(shown, "/apprve")
        shown.wait_for("There is no command /apprve", "Did you mean /approve?")
        say(shown, "/approve")
        shown.wait_for("No plan waits for approval")
        say(shown, "/resume")
        shown.wait_for("There are no runs in this repository yet")
        shown.wait_for_prompt()
        shown.send("\x04")
        assert shown.ends() == 0


def _plan(path: str) -> dict[str, object]:
    return planned(
        path,
        phases=[{"name": "Documents", "tasks": [{"id": "1", "title": "Write it down"}]}],
        files=[{"path": path, "action": "create", "why": "the procedure", "task": "1"}],
    )
