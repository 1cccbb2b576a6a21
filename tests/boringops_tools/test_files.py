"""Read, Write and Edit on real files."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from boringops.tool import ToolContext, ToolError, ToolResult
from boringops_tools import files
from boringops_tools.files import Edit, Read, Write
from tests.fake_context import FakeContext


@pytest.fixture
def context(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


def read(context: ToolContext, file_path: str, **arguments: Any) -> str:
    return Read().run(Read.input(file_path=file_path, **arguments), context).content


def write(context: ToolContext, file_path: str, content: str) -> ToolResult:
    return Write().run(Write.input(file_path=file_path, content=content), context)


def edit(context: ToolContext, file_path: str, old: str, new: str, **arguments: Any) -> ToolResult:
    return Edit().run(Edit.input(file_path=file_path, old_string=old, new_string=new, **arguments), context)


# --- Read ----------------------------------------------------------------------------------------------


def test_lines_come_numbered(context: FakeContext) -> None:
    context.put("main.tf", "one\n\n  three\n")
    assert read(context, "main.tf") == "     1\tone\n     2\t\n     3\t  three"


def test_a_path_may_be_absolute_and_a_name_in_any_script(context: FakeContext) -> None:
    path = context.put("Büro/設定.yml", "größe: 1\n")
    assert read(context, str(path)) == read(context, "Büro/設定.yml") == "     1\tgröße: 1"


def test_a_long_file_comes_in_pages_that_say_how_to_go_on(context: FakeContext) -> None:
    context.put("log", "".join(f"line {number}\n" for number in range(1, 5001)))
    first = read(context, "log")
    assert first.splitlines()[1999:] == ["  2000\tline 2000", "[Lines 1-2000 of 5000. Go on with offset=2001.]"]
    last = read(context, "log", offset=4999, limit=10).splitlines()
    assert last == ["  4999\tline 4999", "  5000\tline 5000", "[Lines 4999-5000 of 5000, to the end.]"]
    with pytest.raises(ToolError, match=r"has 5000 lines; line 5001 is past its end"):
        read(context, "log", offset=5001)


def test_numbers_may_be_strings_and_null_means_not_given(context: FakeContext) -> None:
    context.put("a", "1\n2\n3\n")
    assert read(context, "a", offset="2", limit="1").startswith("     2\t2\n[")
    assert read(context, "a", offset=0, limit=None).splitlines()[0] == "     1\t1"
    with pytest.raises(ValidationError):
        Read.input(file_path="a", limit=0)


def test_an_answer_is_capped_in_bytes(context: FakeContext) -> None:
    context.put("wide", ("x" * 1500 + "\n") * 1000)
    answer = read(context, "wide")
    assert len(answer) < files.MAX_SHOWN + 2000
    assert f"of 1000. Go on with offset={len(answer.splitlines())}.]" in answer


def test_a_long_line_is_cut_with_a_mark(context: FakeContext) -> None:
    context.put("min.js", "é" * 50_000 + "\nnext\n")
    first, second, note = read(context, "min.js").splitlines()
    assert first == "     1\t" + "é" * 2000 + "… [cut: the line has 100001 bytes]"
    assert second == "     2\tnext"
    assert note == "[Lines over 2000 characters are cut.]"


def test_a_huge_file_is_read_in_pages_and_cannot_be_changed(context: FakeContext) -> None:
    context.put("dump.sql", b"insert 0123456789\n" * 600_000)
    answer = read(context, "dump.sql", offset=599_999, limit=1)
    assert answer.splitlines()[0] == "599999\tinsert 0123456789"
    assert "larger than 8 mib" in answer.lower()
    assert not context.seen
    for change in (lambda: edit(context, "dump.sql", "a", "b"), lambda: write(context, "dump.sql", "b")):
        with pytest.raises(ToolError, match="larger than 8 MiB"):
            change()


def test_an_empty_file_says_so_and_counts_as_read(context: FakeContext) -> None:
    context.put("empty")
    assert read(context, "empty") == "[empty is empty.]"
    write(context, "empty", "full\n")


@pytest.mark.parametrize("size", [10, files.MAX_EDITABLE + 1])
def test_a_binary_file_is_refused(context: FakeContext, size: int) -> None:
    context.put("logo.png", b"\x89PNG\0" + b"\0" * size)
    with pytest.raises(ToolError, match="binary"):
        read(context, "logo.png")


def test_a_directory_says_what_it_holds(context: FakeContext) -> None:
    context.put("infra/main.tf")
    context.put("infra/modules/vpc.tf")
    with pytest.raises(ToolError, match=r"is a directory. It holds: main.tf, modules/\."):
        read(context, "infra")


def test_a_missing_file_names_the_nearest(context: FakeContext) -> None:
    context.put("deploy/Dockerfile")
    context.put("docker-compose.yml")
    with pytest.raises(ToolError, match="Did you mean deploy/Dockerfile"):
        read(context, "dockerfile")
    with pytest.raises(ToolError, match=r"Did you mean docker-compose\.yml"):
        read(context, "infra/docker-compose.yaml")
    with pytest.raises(ToolError, match="Use Glob"):
        read(context, "nothing-like-it.xyz")
    with pytest.raises(ToolError, match="does not exist"):
        read(context, "docker-compose.yml/below-a-file")


def test_what_is_not_a_regular_file_is_refused_at_once(context: FakeContext) -> None:
    import os

    os.mkfifo(context.root / "pipe")
    with pytest.raises(ToolError, match="not a regular file"):
        read(context, "pipe")


def test_a_symlink_out_of_the_repository_is_refused(
    context: FakeContext, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "shadow"
    outside.write_text("root:x\n")
    (context.root / "link").symlink_to(outside)
    (context.root / "dir").symlink_to(outside.parent)
    for path in ("link", "dir/shadow", "../outside/shadow", str(outside), ".git/config"):
        for call in (
            lambda p: read(context, p),
            lambda p: write(context, p, "x"),
            lambda p: edit(context, p, "r", "x"),
        ):
            with pytest.raises(ToolError, match="outside the repository"):
                call(path)
    assert outside.read_text() == "root:x\n"


def test_text_in_another_encoding_can_be_read_but_not_changed(context: FakeContext) -> None:
    path = context.put("latin.conf", "größe=1\n".encode("latin-1"))
    answer = read(context, "latin.conf")
    assert "gr\ufffd" in answer
    assert "Not UTF-8" in answer
    for change in (lambda: edit(context, "latin.conf", "1", "2"), lambda: write(context, "latin.conf", "2")):
        with pytest.raises(ToolError, match="not UTF-8"):
            change()
    assert path.read_bytes() == "größe=1\n".encode("latin-1")


def test_of_an_env_file_only_names_are_shown_and_it_cannot_be_changed(context: FakeContext) -> None:
    context.put(".env", "API_TOKEN=ghq81hf01hf81hf\nPORT=3000\n")
    (context.root / "alias.txt").symlink_to(".env")
    for name in (".env", "alias.txt"):
        answer = read(context, name)
        assert "API_TOKEN" in answer
        assert "ghq81hf01hf81hf" not in answer
        assert "3000" not in answer
        with pytest.raises(ToolError, match="hidden from you"):
            edit(context, name, "PORT", "PORT2")
    assert not context.seen
    write(context, ".env.example", "PORT=3000\n")


KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "".join(
    f"MIIEpAIBAAKCAQEA{number}kZ8vQ3xT7bW1nR5yL9mD2gH6jF4sP0aC\n" for number in range(10, 30)
) + "-----END RSA PRIVATE KEY-----\n"  # fmt: skip


def test_a_page_out_of_a_private_key_shows_nothing_of_it(context: FakeContext) -> None:
    context.put("tls.yaml", f"a: 1\nkey: |\n{KEY}b: 2\n")
    page = read(context, "tls.yaml", offset=10, limit=20)
    assert "kZ8vQ3xT7" not in page
    assert "    25\tb: 2" in read(context, "tls.yaml"), "lines keep their numbers"


def test_an_edit_beside_a_private_key_shows_nothing_of_it(context: FakeContext) -> None:
    path = context.put("tls.yaml", f"a: 1\nkey: |\n{KEY}b: 2\n")
    read(context, "tls.yaml")
    assert "kZ8vQ3xT7" not in edit(context, "tls.yaml", "b: 2", "b: 3").content
    assert path.read_text() == f"a: 1\nkey: |\n{KEY}b: 3\n"
    with pytest.raises(ToolError) as refused:
        edit(context, "tls.yaml", "MIIEpAIBAAKCAQEA15kZ8vQ3xT8bW1nR5", "x")
    assert "kZ8vQ3xT7" not in str(refused.value)


# --- Write ---------------------------------------------------------------------------------------------


def test_write_creates_the_file_and_its_directories(context: FakeContext) -> None:
    result = write(context, ".github/workflows/ci.yml", "name: ci\non: push\n")
    assert (context.root / ".github/workflows/ci.yml").read_text() == "name: ci\non: push\n"
    assert result.content == "Created .github/workflows/ci.yml (2 lines)."
    assert result.data == {"path": ".github/workflows/ci.yml", "action": "create"}


def test_write_replaces_only_what_was_read_and_shows_the_difference(context: FakeContext) -> None:
    path = context.put("run.sh", "#!/bin/sh\necho one\n")
    path.chmod(0o755)
    with pytest.raises(ToolError, match="read it first"):
        write(context, "run.sh", "#!/bin/sh\necho two\n")
    read(context, "run.sh")
    result = write(context, "run.sh", "#!/bin/sh\necho two\n")
    assert result.data == {"path": "run.sh", "action": "change"}
    assert result.content.splitlines()[1:] == ["@@ -1,3 +1,3 @@", " #!/bin/sh", "-echo one", "+echo two", " "]
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_the_same_content_is_not_written_again(context: FakeContext) -> None:
    context.put("a.tf", "x\n")
    result = write(context, "a.tf", "x\n")
    assert "already has exactly this content" in result.content
    assert result.data["action"] == "none"
    assert not context.written


def test_a_mask_is_never_written(context: FakeContext) -> None:
    context.put("app.yml", "host: db\nport: 1\n")
    read(context, "app.yml")
    for change in (
        lambda: write(context, "new.yml", "password: <secret:DB_PASSWORD>\n"),
        lambda: edit(context, "app.yml", "host: db", "password: <secret:DB_PASSWORD>"),
    ):
        with pytest.raises(ToolError, match="stands for a value you were not shown"):
            change()
    assert not context.written


def test_content_that_is_no_text_is_refused(context: FakeContext) -> None:
    with pytest.raises(ToolError, match="not valid Unicode at character 2"):
        write(context, "a", "ab\ud800")


def test_nothing_is_created_below_a_file_or_over_a_directory(context: FakeContext) -> None:
    context.put("infra/main.tf")
    with pytest.raises(ToolError, match=r"infra/main.tf is a file"):
        write(context, "infra/main.tf/x/y.tf", "")
    with pytest.raises(ToolError, match="is a directory"):
        write(context, "infra", "")


def test_replacing_says_when_line_ends_change(context: FakeContext) -> None:
    context.put("a.cmd", b"one\r\ntwo\r\n")
    read(context, "a.cmd")
    assert "Its lines now end in LF." in write(context, "a.cmd", "one\ntwo\n").content
    assert (context.root / "a.cmd").read_bytes() == b"one\ntwo\n"


def test_a_large_difference_is_capped(context: FakeContext) -> None:
    context.put("a", "".join(f"{number}\n" for number in range(3000)))
    read(context, "a")
    assert write(context, "a", "".join(f"{number}x\n" for number in range(3000))).content.endswith(
        "3001 lines replaced by 3001"
    )
    assert "more lines of the diff" in write(context, "a", "new\n" * 500).content


# --- Edit ----------------------------------------------------------------------------------------------


def test_edit_replaces_one_piece_and_shows_it_in_place(context: FakeContext) -> None:
    context.put("a", "".join(f"l{number}\n" for number in range(1, 21)))
    read(context, "a")
    result = edit(context, "a", "l10\n", "ten\n")
    assert result.content.splitlines() == [
        "Edited a.", "@@ -7,7 +7,7 @@", " l7", " l8", " l9", "-l10", "+ten", " l11", " l12", " l13",
    ]  # fmt: skip
    assert result.data == {"path": "a", "action": "change"}
    edit(context, "a", "ten", "l10")  # what was written counts as read


@pytest.mark.parametrize(
    ("before", "old", "new", "after"),
    [
        (b"a\r\nb\r\nc\r\n", "a\nb", "x\ny\nz", b"x\r\ny\r\nz\r\nc\r\n"),
        (b"a\r\nb\r\nc\r\n", "a\r\nb\r\n", "", b"c\r\n"),
        (b"a\nb\r\nc\nd\n", "b\nc", "x\ny", b"a\nx\ny\nd\n"),
        (b"\xef\xbb\xbfa: 1\nb: 2", "a: 1", "a: 3", b"\xef\xbb\xbfa: 3\nb: 2"),
        (b"last", "last", "end", b"end"),
        (b"x\n", "x\n", "x", b"x"),
        ("größe: 1\n".encode(), "größe", "Größe", "Größe: 1\n".encode()),
        (rb"re: \d+ \1" + b"\n", r"\d+", r"\g<0>\2", rb"re: \g<0>\2 \1" + b"\n"),
    ],
)
def test_everything_else_stays_byte_for_byte(
    context: FakeContext, before: bytes, old: str, new: str, after: bytes
) -> None:
    path = context.put("file", before)
    read(context, "file")
    edit(context, "file", old, new)
    assert path.read_bytes() == after


def test_the_byte_order_mark_is_not_shown(context: FakeContext) -> None:
    context.put("a", b"\xef\xbb\xbfx\n")
    assert read(context, "a") == "     1\tx"


def test_text_that_is_there_more_than_once_needs_replace_all(context: FakeContext) -> None:
    path = context.put("a.tf", "t2.micro\nx\nt2.micro\n")
    read(context, "a.tf")
    with pytest.raises(ToolError, match=r"2 times \(lines 1, 3\)"):
        edit(context, "a.tf", "t2.micro", "t3.micro")
    assert "in 2 places" in edit(context, "a.tf", "t2.micro", "t3.micro", replace_all="true").content
    assert path.read_text() == "t3.micro\nx\nt3.micro\n"


@pytest.mark.parametrize(
    ("old", "said"),
    [
        (
            "resource  {\n\tname = 'vpc'\n}",
            "with other whitespace:\n     2\tresource {\n     3\t  name = 'vpc'\n     4\t}",
        ),
        ("  name = 'vpd'", "The nearest lines are:\n     3\t  name = 'vpc'"),
        ("     3\t  name = 'vpc'", "Leave out the line numbers"),
        ("name = <secret:VPC>", "It holds a mask"),
        ("entirely different text", "Nothing in it is alike"),
    ],
)
def test_text_that_is_not_there_comes_back_with_the_way_out(context: FakeContext, old: str, said: str) -> None:
    context.put("a.tf", "# vpc\nresource {\n  name = 'vpc'\n}\n")
    read(context, "a.tf")
    with pytest.raises(ToolError) as refused:
        edit(context, "a.tf", old, "x")
    assert "nothing was changed" in str(refused.value)
    assert said in str(refused.value)


def test_an_edit_that_changes_nothing_is_an_error(context: FakeContext) -> None:
    context.put("a", "x\n")
    with pytest.raises(ToolError, match="the same"):
        edit(context, "a", "x\r\n", "x\n")
    with pytest.raises(ToolError, match="use Write"):
        edit(context, "a", "", "x")


def test_a_file_that_changed_since_it_was_read_is_refused(context: FakeContext) -> None:
    path = context.put("a", "x\n")
    with pytest.raises(ToolError, match="read it first"):
        edit(context, "a", "x", "y")
    read(context, "a")
    path.write_text("x\nand more\n")
    with pytest.raises(ToolError, match="read it again"):
        edit(context, "a", "x", "y")


def test_reading_one_page_is_enough_to_edit(context: FakeContext) -> None:
    path = context.put("a", "1\n2\n3\n")
    read(context, "a", limit=1)
    edit(context, "a", "3", "three")
    assert path.read_text() == "1\n2\nthree\n"


def test_an_env_file_is_never_shown_however_large(context: FakeContext) -> None:
    context.put(".env", b"API_TOKEN=ghq81hf01hf81hf\n" * 400_000)
    with pytest.raises(ToolError, match="hidden from you"):
        read(context, ".env")


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_an_edit_touches_nothing_but_the_piece(data: st.DataObject) -> None:
    """Whatever the mix of line ends: what stands before and after the piece is kept, byte for byte."""
    before, after = (data.draw(st.text("ab \r\n\ufeffé", max_size=30)) for _ in "12")
    with tempfile.TemporaryDirectory() as folder:
        context = FakeContext(Path(folder))
        path = context.put("file", f"{before}«x\r\ny»{after}")
        read(context, "file")
        edit(context, "file", "«x\ny»", "«z»")
        assert path.read_bytes().decode() == f"{before}«z»{after}"
