"""Read, Write and Edit: files of the work tree, through the run.

A file's bytes are kept wherever the model did not mean to change them: line ends, a byte order mark, the missing
newline at the end. What cannot be shown to a model whole and true cannot be edited by one either.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pydantic import Field

from boringops.tool import Effect, InDoubt, Tool, ToolContext, ToolError, ToolResult
from boringops_tools.arguments import Arguments
from boringops_tools.diff import short_diff
from boringops_tools.paths import opened, shown

MAX_LINES = 2_000
MAX_LINE = 2_000
"""Characters of one line that are shown."""
MAX_SHOWN = 256 * 1024
"""Bytes of one answer."""
MAX_EDITABLE = 8 * 1024 * 1024
"""Larger files are shown in pages from disk and never held in memory, so they cannot be edited."""

_PIECE = 4 * MAX_LINE
"""Bytes that surely hold MAX_LINE characters of UTF-8."""

_BOM = "\ufeff"


# --- reading -------------------------------------------------------------------------------------------


class ReadArguments(Arguments):
    file_path: str = Field(description="The file, absolute or relative to the repository.")
    offset: int = Field(default=1, ge=0, description="First line to show, counted from 1.")
    limit: int = Field(default=MAX_LINES, ge=1, description="How many lines to show.")


class Read(Tool[ReadArguments]):
    """Read a text file of the repository. Lines come back numbered: the number, a tab, the line as it is.

    Shows 2000 lines from the start unless offset and limit say otherwise, and says how to go on when there is more.
    Edit and Write change an existing file only after it was read here. Directories, binary files and paths outside
    the repository are refused: use Glob to see what a directory holds. Of .env files you see the names, never the
    values. To search many files use Grep.
    """

    name = "Read"
    effect = Effect.READ
    input = ReadArguments

    def run(self, call: ReadArguments, context: ToolContext) -> ToolResult:
        path = context.resolve(call.file_path)
        name = context.relative(path)
        first, limit = max(call.offset, 1), call.limit
        with opened(path, context) as file:
            if os.fstat(file.fileno()).st_size > MAX_EDITABLE:
                return _large(file, name, first, limit)
            content = file.read()
        hidden = _names_only(name, content)
        if hidden is not None:
            notes = ["Only the names of this file are shown, so it cannot be edited."]
            return _page(hidden.encode(), name, first, limit, notes)
        if b"\0" in content:
            raise ToolError(f"{shown(name)} is a binary file ({len(content)} bytes): there is no text to read.")
        notes = []
        if _decoded(content) is None:
            notes.append("Not UTF-8: what could not be decoded is shown as \ufffd. Edit and Write refuse this file.")
        else:
            context.saw(path, content)
        if _uses_crlf(content):
            notes.append("Lines end in CRLF. Write \\n in Edit: the file's own line ends are kept.")
        return _page(without_blocks(content.decode(errors="replace"), name).encode(), name, first, limit, notes)


def _large(file: BinaryIO, name: str, first: int, limit: int) -> ToolResult:
    if _names_only(name, b"") is not None:
        raise ToolError(
            f"{shown(name)} holds values that are hidden from you, and is too large to show the names alone."
        )
    if b"\0" in file.read(64 * 1024):
        raise ToolError(f"{shown(name)} is a binary file: there is no text to read.")
    file.seek(0)
    note = f"Larger than {MAX_EDITABLE >> 20} MiB: it can be read in pages, but not edited or replaced."
    return _numbered(_lines(file), name, first, limit, [note])


def _page(content: bytes, name: str, first: int, limit: int, notes: list[str]) -> ToolResult:
    if not content:
        return ToolResult("\n".join(f"[{note}]" for note in [f"{shown(name)} is empty.", *notes]))
    return _numbered(_lines(BytesIO(content)), name, first, limit, notes)


def _lines(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """The start of each line, and how many bytes the whole line has. No line, however long, is held in memory."""
    while start := file.readline(_PIECE):
        length, piece = len(start), start
        while len(piece) == _PIECE and not piece.endswith(b"\n"):
            piece = file.readline(_PIECE)
            length += len(piece)
        yield start, length


def _numbered(lines: Iterator[tuple[bytes, int]], name: str, first: int, limit: int, notes: list[str]) -> ToolResult:
    out: list[str] = []
    room, cut, total = MAX_SHOWN, False, 0
    for total, (start, length) in enumerate(lines, 1):  # to the end: it is counted
        if total < first or len(out) == limit or room <= 0:
            continue
        text = start.decode(errors="replace").rstrip("\r\n").removeprefix(_BOM if total == 1 else "")
        if len(text) > MAX_LINE or length > _PIECE:
            text, cut = f"{text[:MAX_LINE]}… [cut: the line has {length} bytes]", True
        out.append(f"{total:6}\t{text}")
        room -= len(out[-1].encode()) + 1
    if not out:
        raise ToolError(f"{shown(name)} has {total} lines; line {first} is past its end.")
    last = first + len(out) - 1
    if last < total:
        notes = [f"Lines {first}-{last} of {total}. Go on with offset={last + 1}.", *notes]
    elif first > 1:
        notes = [f"Lines {first}-{last} of {total}, to the end.", *notes]
    if cut:
        notes = [*notes, f"Lines over {MAX_LINE} characters are cut."]
    return ToolResult("\n".join([*out, *(f"[{note}]" for note in notes)]))


def _names_only(name: str, content: bytes) -> str | None:
    """An environment file without its values; None for any other file."""
    from boringops.secrets import env_file, names_only

    return names_only(content.decode(errors="replace")) if env_file(name) else None


def without_blocks(text: str, name: str) -> str:
    """The text with secrets that go over several lines, as private keys do, hidden line by line.

    Lines out of the middle of one no longer look like a secret to anything further down the way.
    """
    from boringops.secrets import find

    for hit in reversed(find(text, path=name) if "-----BEGIN" in text else []):
        if extra := text.count("\n", hit.start, hit.end):
            text = text[: hit.start] + "\n".join([f"<secret:{hit.name}>"] * (extra + 1)) + text[hit.end :]
    return text


def _decoded(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _uses_crlf(content: bytes) -> bool:
    return content.count(b"\r\n") * 2 > content.count(b"\n")


# --- changing ------------------------------------------------------------------------------------------


class WriteArguments(Arguments):
    file_path: str = Field(description="The file, absolute or relative to the repository.")
    content: str = Field(description="The whole new content, exactly as it shall be on disk.")


class Write(Tool[WriteArguments]):
    """Create a file, or replace the whole content of one. Missing directories are made; a file's mode is kept.

    For a change to an existing file use Edit: it is shorter and keeps everything else. Replacing needs a Read before.
    Only files of the approved plan can be written, and the documents that go with it; for another file submit an
    amended plan. Refused are paths outside the repository, existing .env files and content that holds a mask such as
    <secret:NAME>: refer to secrets by variable or secret store. Returns a diff of what changed.
    """

    name = "Write"
    effect = Effect.WRITE
    in_doubt = InDoubt.LOOK
    input = WriteArguments

    def run(self, call: WriteArguments, context: ToolContext) -> ToolResult:
        path = context.resolve(call.file_path)
        name = context.relative(path)
        content = _encoded(call.content, "content")
        if not path.exists():
            _check_parents(path, context)
            context.write(path, content)
            lines = len(call.content.splitlines())
            return ToolResult(f"Created {shown(name)} ({lines} lines).", data={"path": name, "action": "create"})
        before, text = _editable(path, context)
        if before == content:
            context.saw(path, content)
            return ToolResult(f"{shown(name)} already has exactly this content.", data={"path": name, "action": "none"})
        context.write(path, content)
        ends = _uses_crlf(before), _uses_crlf(content)
        note = "" if ends[0] == ends[1] else f" Its lines now end in {'CRLF' if ends[1] else 'LF'}."
        diff = _diff(text, call.content, name)
        return ToolResult(f"Replaced {shown(name)}.{note}\n{diff}", data={"path": name, "action": "change"})


class EditArguments(Arguments):
    file_path: str = Field(description="The file, absolute or relative to the repository.")
    old_string: str = Field(description="The text to replace, exactly as in the file, without Read's line numbers.")
    new_string: str = Field(description="The text to put in its place. Empty to delete.")
    replace_all: bool = Field(default=False, description="Replace every occurrence instead of exactly one.")


class Edit(Tool[EditArguments]):
    """Replace one piece of text in a file that you have read. Everything else in the file stays byte for byte.

    old_string must be in the file exactly once, indentation included: give as many lines around the change as make it
    unique, or set replace_all. When it is not found, the nearest lines come back: correct it by them. Refused are files
    not read in this run or changed since (Read again), files outside the approved plan (submit an amended one), and
    text that holds a mask such as <secret:NAME>. To create a file use Write. Returns a diff of what changed.
    """

    name = "Edit"
    effect = Effect.WRITE
    in_doubt = InDoubt.LOOK
    input = EditArguments

    def run(self, call: EditArguments, context: ToolContext) -> ToolResult:
        path = context.resolve(call.file_path)
        name = context.relative(path)
        old, new = call.old_string.replace("\r\n", "\n"), call.new_string.replace("\r\n", "\n")
        if not old:
            raise ToolError("old_string is empty. Name the text to replace; to create or replace a file use Write.")
        if old == new:
            raise ToolError("old_string and new_string are the same: there is nothing to change.")
        _encoded(new, "new_string")
        before, text = _editable(path, context)
        # Each line end of old_string stands for either kind, so a file with mixed ends can be edited and stays mixed.
        pattern = re.compile(r"\r?\n".join(map(re.escape, old.split("\n"))))
        places = [match.start() for match in pattern.finditer(text)]
        if not places:
            raise ToolError(
                f"old_string is not in {shown(name)}, so nothing was changed. {_nearest(old, without_blocks(text, name))}"
            )
        if len(places) > 1 and not call.replace_all:
            raise ToolError(
                f"old_string is in {shown(name)} {len(places)} times (lines {_line_numbers(text, places)}); nothing was changed. "
                "Add lines around it until it is unique, or set replace_all."
            )
        replacement = new.replace("\n", "\r\n") if _uses_crlf(before) else new
        after = pattern.sub(lambda _: replacement, text)
        context.write(path, after.encode())
        times = f" in {len(places)} places" if len(places) > 1 else ""
        return ToolResult(
            f"Edited {shown(name)}{times}.\n{_diff(text, after, name)}", data={"path": name, "action": "change"}
        )


def _editable(path: Path, context: ToolContext) -> tuple[bytes, str]:
    """The content of a file that may be changed, as bytes and text. Raises ToolError that says what else to do."""
    name = shown(context.relative(path))
    with opened(path, context) as file:
        if os.fstat(file.fileno()).st_size > MAX_EDITABLE:
            raise ToolError(f"{name} is larger than {MAX_EDITABLE >> 20} MiB and cannot be edited.")
        content = file.read()
    if _names_only(context.relative(path), content) is not None:
        raise ToolError(
            f"{name} holds values that are hidden from you, so it cannot be edited. Document the variable in "
            ".env.example and ask the user to set it."
        )
    text = None if b"\0" in content else _decoded(content)
    if text is None:
        raise ToolError(f"{name} is not UTF-8 text and cannot be edited: text written back would destroy it.")
    return content, text


def _diff(before: str, after: str, name: str) -> str:
    return short_diff(without_blocks(before, name), without_blocks(after, name))


def _encoded(text: str, argument: str) -> bytes:
    from boringops.secrets import contains_mask

    if contains_mask(text):
        raise ToolError(
            f"{argument} holds a mask such as <secret:NAME>. A mask stands for a value you were not shown; written to "
            "the file it would replace that value. Edit only the text around it, or refer to the secret by variable."
        )
    try:
        return text.encode()
    except UnicodeEncodeError as problem:
        raise ToolError(f"{argument} is not valid Unicode at character {problem.start}.") from problem


def _check_parents(path: Path, context: ToolContext) -> None:
    for parent in path.parents:
        if parent.is_dir():
            return
        if parent.exists():
            raise ToolError(f"{shown(context.relative(parent))} is a file, so nothing can be created below it.")


def _nearest(old: str, text: str) -> str:
    """Where the text that was meant may be."""
    from boringops.secrets import contains_mask

    if contains_mask(old):
        return "It holds a mask, which stands for a value you were not shown: edit only the text around it."
    if re.match(r" *\d+\t", old):
        return "Leave out the line numbers and tabs that Read puts before each line."
    lines, wanted = text.replace("\r\n", "\n").split("\n"), old.strip("\n").split("\n")
    squeezed, sought = ["".join(line.split()) for line in lines], ["".join(line.split()) for line in wanted]
    for at in range(len(lines) - len(wanted) + 1):
        if squeezed[at] == sought[0] and squeezed[at : at + len(sought)] == sought:
            return f"It is there with other whitespace:\n{_excerpt(lines, at, len(wanted))}"
    key = max(wanted, key=len)
    alike = difflib.get_close_matches(key, lines[:20_000], n=1, cutoff=0.6)
    if not alike:
        return "Nothing in it is alike: Read the file again."
    at = max(0, lines.index(alike[0]) - wanted.index(key))
    return f"The nearest lines are:\n{_excerpt(lines, at, len(wanted))}"


def _excerpt(lines: list[str], at: int, count: int) -> str:
    return "\n".join(
        f"{number:6}\t{line[:MAX_LINE]}" for number, line in enumerate(lines[at : at + min(count, 20)], at + 1)
    )


def _line_numbers(text: str, places: list[int]) -> str:
    numbers = [str(text.count("\n", 0, place) + 1) for place in places[:8]]
    return ", ".join(numbers) + ("…" if len(places) > 8 else "")
