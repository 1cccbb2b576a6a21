"""Glob and Grep: finding files by name and by content, among the files that git sees."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from boringops.globs import glob_regex
from boringops.tool import Effect, Tool, ToolContext, ToolError, ToolResult
from boringops_tools.arguments import Arguments, fitted
from boringops_tools.files import without_blocks
from boringops_tools.paths import missing, shown

MAX_RESULTS = 200
MAX_SEARCHED = 2 * 1024 * 1024
"""Bytes; larger files are data, and are named instead of searched."""
MAX_LINE = 300
"""Characters of a matching line that are shown."""
BUDGET_S = 5.0
"""Seconds a search may take before it is ended."""

_WORKER = Path(__file__).with_name("grep_worker.py")


# --- by name -------------------------------------------------------------------------------------------


class GlobArguments(Arguments):
    pattern: str = Field(min_length=1, description="e.g. `Dockerfile`, `*.tf`, `.github/workflows/*.{yml,yaml}`.")
    path: str = Field(default=".", description="Directory that the pattern is relative to.")


class Glob(Tool[GlobArguments]):
    """Find files by name. Returns paths relative to the repository, sorted, at most 200, and how many there are.

    `*` and `?` match within one name, `**` any number of directories, `{a,b}` either, `[abc]` one of. A pattern without
    `/` matches at any depth below path; one with `/` starts at path. Only files git sees are found: tracked, or new and
    not ignored. To search by content use Grep.
    """

    name = "Glob"
    effect = Effect.READ
    input = GlobArguments

    def run(self, call: GlobArguments, context: ToolContext) -> ToolResult:
        prefix, names = _below(call.path, context)
        if names == [prefix]:
            raise ToolError(f"{shown(prefix)} is a file. Give a directory as path, or Read the file.")
        absolute = f"{context.root}/{prefix}"
        pattern = f"./{call.pattern.removeprefix(absolute)}" if call.pattern.startswith(absolute) else call.pattern
        if pattern.startswith("/") or ".." in pattern.split("/"):
            raise ToolError("The pattern leads out of path. Give path the directory and the pattern what is below it.")
        regex = _glob(pattern)
        found = [name for name in names if regex.fullmatch(name.removeprefix(prefix))]
        if not found:
            where = f"the {len(names)} files below {shown(prefix)}" if prefix else f"the {len(names)} files"
            return ToolResult(f"No file matches {call.pattern}, of {where} that git sees.")
        lines = [shown(name) for name in found[:MAX_RESULTS]]
        if len(found) > MAX_RESULTS:
            lines.append(f"[{MAX_RESULTS} of {len(found)} files. Narrow the pattern or path to see the others.]")
        return ToolResult("\n".join(lines))


def _glob(pattern: str) -> re.Pattern[str]:
    try:
        return glob_regex(pattern)
    except ValueError as problem:
        raise ToolError(f"{pattern} is not a valid glob: {problem}.") from problem


# --- by content ----------------------------------------------------------------------------------------


class GrepArguments(Arguments):
    pattern: str = Field(min_length=1, description="Python regular expression, matched within single lines.")
    path: str = Field(default=".", description="File or directory to search.")
    glob: str = Field(default="", description="Search only files whose path matches, e.g. `*.tf`.")
    output_mode: Literal["content", "files_with_matches", "count"] = Field(
        default="files_with_matches",
        description="content: path:line:text. files_with_matches: paths. count: path:number of matching lines.",
    )

    @model_validator(mode="before")
    @classmethod
    def fit(cls, given: Any) -> Any:
        """Line numbers always come, and ignoring case can be said in the pattern."""
        if not isinstance(given, dict):
            return given
        rest = {name: value for name, value in given.items() if name not in ("-n", "-i")}
        if given.get("-i") is True and isinstance(rest.get("pattern"), str):
            rest["pattern"] = f"(?i){rest['pattern']}"
        return fitted(cls, rest)


class Grep(Tool[GrepArguments]):
    """Search the text of files with a Python regular expression, line by line; start it with (?i) to ignore case.

    Returns the paths of matching files, or with output_mode content each matching line as path:line:text, or with count
    how many lines match in each file; at most 200 results, and how many there are. Only files git sees are searched
    (or the one file named as path); binary files and those over 2 MiB are not, of .env files only the names. What was
    left out is said. To find files by name use Glob; to see around a match use Read with offset.
    """

    name = "Grep"
    effect = Effect.READ
    input = GrepArguments

    def run(self, call: GrepArguments, context: ToolContext) -> ToolResult:
        if "[[:" in call.pattern:
            raise ToolError("[[:class:]] is not Python's syntax. Use \\s, \\d, \\w or a range such as [A-Za-z].")
        prefix, names = _below(call.path, context)
        if call.glob:
            regex = _glob(call.glob)
            names = [name for name in names if regex.fullmatch(name if name == prefix else name.removeprefix(prefix))]
        items = _items(names, context)
        answers, ended = _search(call.pattern, call.output_mode, list(items.values()))
        done = list(zip(items, answers, strict=False))
        found = {name: answer for name, answer in done if answer.get("count")}
        if call.output_mode == "content":
            lines, total = _content(found, items), sum(answer["count"] for answer in found.values())
        else:
            counting = call.output_mode == "count"
            listed = [f"{shown(name)}:{answer['count']}" if counting else shown(name) for name, answer in found.items()]
            lines, total = listed[:MAX_RESULTS], len(listed)
        if not lines:
            lines = [f"No line matches, in {len(done)} files."]
        elif total > len(lines):
            lines.append(f"[{len(lines)} of {total} results. Narrow the pattern, path or glob to see the others.]")
        lines += _left_out(done)
        if ended:
            at = list(items)[len(done)]
            lines.append(
                f"[Ended after {BUDGET_S:g} s, in {shown(at)}; {len(items) - len(done)} of {len(items)} files were not "
                "searched. Narrow path or glob, or make the pattern simpler: no repeats inside repeats.]"
            )
        return ToolResult("\n".join(lines))


def _items(names: list[str], context: ToolContext) -> dict[str, dict[str, str]]:
    """What the worker searches for each file: where it is, or the text of one that must not be shown as it is.

    What leads out of the repository is left out. Following links takes long enough to be felt over thousands of files,
    so directories are followed once, and of the files only those that are links.
    """
    from boringops.secrets import env_file, names_only

    items: dict[str, dict[str, str]] = {}
    folders: dict[str, Path | None] = {}
    for name in names:
        folder, _, last = name.rpartition("/")
        if folder not in folders:
            folders[folder] = _resolved(folder or ".", context)
        file = (home / last) if (home := folders[folder]) else None
        hidden = env_file(name)
        if file and file.is_symlink():
            file = _resolved(name, context)
            hidden = hidden or (file is not None and env_file(file.name))
        if file and hidden:
            items[name] = {"text": names_only(_text({"file": str(file)})) if file.is_file() else ""}
        elif file:
            items[name] = {"file": str(file)}
    return items


def _resolved(name: str, context: ToolContext) -> Path | None:
    try:
        return context.resolve(name)
    except ToolError:
        return None


def _search(pattern: str, mode: str, items: list[dict[str, str]]) -> tuple[list[dict[str, Any]], bool]:
    """The worker's answers, one for each item as far as it came, and whether it had to be ended."""
    job = {"pattern": pattern, "mode": mode, "items": items, "max_hits": MAX_RESULTS, "max_bytes": MAX_SEARCHED}
    command = [sys.executable, "-I", "-S", "-X", "utf8", str(_WORKER)]
    # The answers go to a file: read from a pipe, ten thousand of them would keep this process as busy as the worker.
    with tempfile.TemporaryFile() as answered:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=answered, stderr=subprocess.PIPE) as worker:
            try:
                _, err = worker.communicate(json.dumps(job).encode(), timeout=BUDGET_S)
            except subprocess.TimeoutExpired:
                worker.kill()
                _, err = worker.communicate()
            except BaseException:
                worker.kill()
                raise
        answered.seek(0)
        answers = [json.loads(line) for line in answered if line.endswith(b"\n")]
    if answers and "error" in answers[0]:
        raise ToolError(
            f"The pattern is not a valid Python regular expression: {answers[0]['error']}. "
            "Put a backslash before ( ) [ ] { } . * + ? | ^ $ where the character itself is meant."
        )
    ended = len(answers) < len(items)
    if ended and worker.returncode != -signal.SIGKILL:
        raise RuntimeError(f"the search failed: {err.decode(errors='replace')[-500:]}")
    return answers, ended


def _content(found: dict[str, Any], items: dict[str, dict[str, str]]) -> list[str]:
    lines = []
    for name, answer in found.items():
        texts = without_blocks(_text(items[name]), name).split("\n") if answer["hits"] else []
        for number, column in answer["hits"]:
            lines += [f"{shown(name)}:{number}:{_around(text, column)}" for text in texts[number - 1 : number]]
    return lines


def _around(line: str, column: int) -> str:
    line = line.removesuffix("\r")
    start = max(0, min(column - 100, len(line) - MAX_LINE))
    return f"{'…' if start else ''}{line[start : start + MAX_LINE]}{'…' if start + MAX_LINE < len(line) else ''}"


def _text(item: dict[str, str]) -> str:
    """What the worker searched; empty where the file has gone since."""
    try:
        return item["text"] if "text" in item else Path(item["file"]).read_bytes().decode("utf-8-sig", errors="replace")
    except OSError:
        return ""


def _left_out(done: list[tuple[str, dict[str, Any]]]) -> list[str]:
    skipped = [(name, answer["skipped"]) for name, answer in done if "skipped" in answer]
    large = [shown(name) for name, why in skipped if why == "large"]
    notes = [f"[Not searched, over {MAX_SEARCHED >> 20} MiB: {', '.join(large[:10])}]"] if large else []
    others = Counter(why for _, why in skipped if why != "large")
    return notes + [f"[Not searched: {number} {why}]" for why, number in sorted(others.items())]


def _below(given: str, context: ToolContext) -> tuple[str, list[str]]:
    """The prefix that paths below `given` have, and those that git sees; a file is its own prefix."""
    path = context.resolve(given)
    name = context.relative(path)
    if path.is_file():
        return name, [name]
    if not path.is_dir():
        raise missing(name, context)
    prefix = "" if name in ("", ".") else f"{name}/"
    return prefix, [file for file in context.tracked() if file.startswith(prefix)]
