"""Naming files to a model and opening them, with a way out where that fails."""

from __future__ import annotations

import difflib
import json
import os
import stat
from pathlib import Path
from typing import BinaryIO

from boringops.tool import ToolContext, ToolError


def opened(path: Path, context: ToolContext) -> BinaryIO:
    """The file, open for reading. Raises ToolError, with a way out, for whatever is not a readable regular file."""
    name = context.relative(path)
    try:
        file = open(path, "rb", opener=_without_blocking)  # noqa: SIM115
    except (FileNotFoundError, NotADirectoryError):
        raise missing(name, context) from None
    except IsADirectoryError:
        raise _is_directory(name, context) from None
    except OSError as problem:
        raise ToolError(f"{shown(name)} cannot be read: {problem.strerror}.") from problem
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise ToolError(f"{shown(name)} is not a regular file.")


def _without_blocking(path: str, flags: int) -> int:
    """A named pipe that nobody writes to would hold the run for ever."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def missing(name: str, context: ToolContext) -> ToolError:
    """The error for a file that is not there, naming those that may have been meant."""
    wanted = Path(name).name
    by_name: dict[str, list[str]] = {}
    for path in context.tracked():
        by_name.setdefault(path.rpartition("/")[2], []).append(path)
    alike = [other for other in by_name if other.casefold() == wanted.casefold()]
    alike = alike or difflib.get_close_matches(wanted, by_name, n=3, cutoff=0.7)
    near = [shown(path) for other in alike for path in by_name[other]][:5]
    way_out = f"Did you mean {' or '.join(near)}?" if near else "Use Glob to see what there is."
    return ToolError(f"{shown(name)} does not exist. {way_out}")


def _is_directory(name: str, context: ToolContext) -> ToolError:
    prefix = "" if name in ("", ".") else f"{name}/"
    below = (path.removeprefix(prefix) for path in context.tracked() if path.startswith(prefix))
    entries = sorted({head + slash for head, slash, _ in (path.partition("/") for path in below)})
    listing = ", ".join(map(shown, entries[:30])) + (f" and {len(entries) - 30} more" if len(entries) > 30 else "")
    return ToolError(f"{shown(name)} is a directory. It holds: {listing or 'nothing that git sees'}. Read one of them.")


def shown(path: str) -> str:
    """The path on one line: a file name may hold line breaks or no valid text at all."""
    return path if path.isprintable() else json.dumps(path)
