"""The parts of the chat that need no terminal."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from boringops.chat import diffs, session
from boringops.chat.line import completions
from boringops.chat.streaming import Blocks, Field
from boringops.cli.progress import first_words
from boringops.facts import Plan, PlannedFile
from boringops.journal import FolderStore
from boringops.plan import differences


@given(st.text(), st.text(), st.integers(1, 7))
def test_a_field_of_arriving_json_is_read_whatever_it_is_cut_into(value: str, other: str, size: int) -> None:
    whole = json.dumps({"outcome": other, "summary": value, "evidence": [other]})
    decoy = '"summary"' in json.dumps(other)
    field = Field("summary")
    read = "".join(field.add(whole[at : at + size]) for at in range(0, len(whole), size))
    assert decoy or read.encode("utf-16", "surrogatepass") == value.encode("utf-16", "surrogatepass")


def test_blocks_are_handed_on_whole_and_a_fence_is_never_cut() -> None:
    shown: list[str] = []
    blocks = Blocks(shown.append)
    for piece in ["One\n", "\nTwo\n\n```yaml\na: 1\n", "\nb: 2\n```\n", "\nThree"]:
        blocks.add(piece)
    assert shown == ["One\n\nTwo", "```yaml\na: 1\n\nb: 2\n```"]
    blocks.flush()
    assert shown[-1] == "Three"


def test_diffs_stand_side_by_side_only_where_there_is_room() -> None:
    def drawn(width: int) -> str:
        console = Console(width=width, file=None, force_terminal=False, record=True, quiet=False)
        with console.capture() as captured:
            console.print(diffs.render("a.txt", "one\ntwo\nthree\n", "one\n2\nthree\nfour\n", width=width))
        return captured.get()

    assert "-two" in drawn(80) and "+2" in drawn(80)
    wide = next(line for line in drawn(160).splitlines() if "two" in line)
    assert "2" in wide.partition("two")[2] and "-two" not in wide
    assert diffs.counts("one\ntwo\nthree\n", "one\n2\nthree\nfour\n") == (2, 1)


def test_a_diff_shows_escape_sequences_instead_of_sending_them() -> None:
    console = Console(width=80)
    with console.capture() as captured:
        console.print(diffs.render("a", "", "\x1b[2Jgone\u202e\n", width=80))
    assert "\x1b[2J" not in captured.get() and "gone" in captured.get()


def test_completion_knows_commands_files_and_runs() -> None:
    def words(text: str) -> list[str]:
        found = completions(
            text, lambda: ["app.py", "docs/app.md", "x"], {"/act": "a", "/amend": "b"}, lambda: ["r1", "r2"]
        )
        return [word for word, *_ in found]

    assert words("/a") == ["/act", "/amend"]
    assert words("/resume r") == ["r2", "r1"]
    assert words("look at @app") == ["app.py", "docs/app.md"]
    assert words("mail@app") == []


def test_a_chat_is_kept_without_secrets_for_its_user_alone_and_opened_again_until_it_is_ended(tmp_path: Path) -> None:
    mask = lambda text: text.replace("hunter2", "<secret:PASSWORD>")  # noqa: E731
    chat = session.opened(tmp_path / "chats", "1", mask)
    chat.say("the password is hunter2")
    chat.ran("run-1")
    assert "hunter2" not in chat.path.read_text()
    assert stat.S_IMODE(chat.path.stat().st_mode) == 0o600
    with chat.path.open("a") as torn:
        torn.write('\n{"said": "half')
    again = session.opened(tmp_path / "chats", "2", mask)
    assert again.exchanges == [session.Exchange("the password is <secret:PASSWORD>", "run-1")]
    again.end()
    assert session.opened(tmp_path / "chats", "2", mask).exchanges == []


def test_what_a_run_is_told_of_a_long_chat_is_bounded_and_keeps_the_latest_whole(tmp_path: Path) -> None:
    chat = session.Chat(tmp_path / "c.jsonl", str)
    for number in range(200):
        chat.say(f"message {number} " + "x" * 2000)
    told = session.told(chat, FolderStore(tmp_path / "runs"))
    assert len(told) < 2 * session.TOLD_CHARACTERS + 200 * 220
    assert "message 0 " in told and ("message 199 " + "x" * 2000) in told


def test_an_answer_with_several_paragraphs_is_one_quotation(tmp_path: Path) -> None:
    chat = session.Chat(tmp_path / "chat.jsonl", lambda text: text)
    chat.say("first\n\nsecond")
    assert "> first\n> \n> second" in session.told(chat, FolderStore(tmp_path / "runs"))


def test_what_is_new_in_an_amended_plan_is_told_line_by_line() -> None:
    old = Plan(confidence="high", summary="s", files=[PlannedFile(path="a", action="create")], cost="Nothing.")
    new = old.model_copy(update={"files": [PlannedFile(path="b", action="create")]})
    assert differences(old, new) == ["- create `a`", "+ create `b`"]
    assert differences(old, old) == []


def test_a_first_line_takes_what_it_leads_up_to() -> None:
    assert first_words("The plan is not ready:\n- cost is empty.\nMend it.") == "The plan is not ready: cost is empty."
    assert first_words("One.\nTwo.") == "One." and first_words("") == ""
