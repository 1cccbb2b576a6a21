"""Globs as Claude Code's Glob has them: what one matches, and which of many match a path.

`*` and `?` stay within a folder, `**` is any number of folders, `{a,b}` is either, `[abc]` one of. A glob without `/`
matches at any depth, one with a slash (`./*.md` too) only from the root. Paths are relative and separated by `/`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, cached_property

MAX_WAYS = 256
"""Globs without braces that one may stand for: they multiply, and nobody means thousands."""

# `**/` is any number of folders only where a name begins: in `a**/b` it is part of one.
_PART = re.compile(r"(?<![^/])\*\*/|\*\*|\*|\[!?\]?[^]]*\]|\\.|.", re.DOTALL)


def expand(glob: str) -> list[str]:
    """The globs without braces that a glob stands for, each from the root on: `*.{a,b}` is `**/*.a` and `**/*.b`.

    Raises ValueError where the braces do not pair up, or stand for too many.
    """
    rooted = re.sub(r"\A\.?/", "", glob) + "**" * glob.endswith("/")
    done: list[str] = []  # of the brace we are in: the alternatives before the last comma
    ways = ["" if "/" in glob else "**/"]
    outside: list[tuple[list[str], list[str]]] = []
    for part in _PART.findall(rooted):
        if part == "{":
            outside.append((done, ways))
            done, ways = [], [""]
        elif part == "," and outside:
            done, ways = done + ways, [""]
        elif part == "}":
            if not outside:
                raise ValueError(_UNPAIRED)
            inner = done + ways
            done, before = outside.pop()
            if len(before) * len(inner) > MAX_WAYS:
                raise ValueError(f"its braces stand for more than {MAX_WAYS} globs")
            ways = [start + end for start in before for end in inner]
        else:
            ways = [way + part for way in ways]
    if outside:
        raise ValueError(_UNPAIRED)
    return ways


_UNPAIRED = "its braces do not pair up; write a literal brace as [{] or [}]"


def glob_regex(glob: str) -> re.Pattern[str]:
    """What a glob matches, to be matched in full. Raises ValueError where it is malformed."""
    return _either(map(_translated, expand(glob)))


def _either(regexes: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(regexes), re.DOTALL)


_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _translated(glob: str) -> str:
    """The regular expression of a glob without braces."""
    return "".join(
        _one_of(part[1:-1]) if part[0] == "[" and len(part) > 1 else _MEANING.get(part) or re.escape(part[-1])
        for part in _PART.findall(glob)
    )


def _one_of(characters: str) -> str:
    negated = characters.startswith(("!", "^"))
    escaped = re.sub(r"([\\\[\]&~|^])", r"\\\1", characters[negated:])
    regex = f"(?!/)[{'^' * negated}{escaped}]"
    try:
        re.compile(regex)
    except re.error as problem:
        raise ValueError(str(problem)) from problem
    return regex


class Buckets:
    """Many groups of globs, and which of them match a path. A malformed glob matches none.

    Thousands of paths are asked of hundreds of globs, so each glob lies in a bucket: under the name that a path must
    have, else under its suffix (`*.yml`), else under the empty string.
    """

    def __init__(self, groups: Iterable[Iterable[str]]) -> None:
        self._buckets: defaultdict[str, _Bucket] = defaultdict(_Bucket)
        for position, group in enumerate(groups):
            for glob in group:
                with suppress(ValueError):
                    for way in expand(glob):
                        self._put(way, position, _translated(way))

    def _put(self, glob: str, position: int, regex: str) -> None:
        name = glob.rpartition("/")[2]
        suffix = name.rpartition(".")[2]
        key = name if not _WILD & set(name) else f"*.{suffix}" if not _WILD & set(suffix) else ""
        if key and glob == f"**/{key}":
            self._buckets[key].always.add(position)
        else:
            self._buckets[key].globs.append((position, regex))

    def matching(self, path: str) -> list[int]:
        """The positions of the groups that have a glob which matches, in order."""
        name = path.rpartition("/")[2]
        _, dot, suffix = name.rpartition(".")
        keys = (name, f"*.{suffix}" if dot else "", "")
        return sorted({at for key in keys if key in self._buckets for at in self._buckets[key].matching(path)})


_WILD = set("*?[]\\")


class _Bucket:
    """Globs that end alike. Some say no more than that, the rest are first tried all at once."""

    def __init__(self) -> None:
        self.always: set[int] = set()
        self.globs: list[tuple[int, str]] = []

    @cached_property
    def any(self) -> re.Pattern[str]:
        return _either(regex for _, regex in self.globs)

    def matching(self, path: str) -> set[int]:
        if not self.globs or not self.any.fullmatch(path):
            return self.always
        return self.always | {position for position, regex in self.globs if _compiled(regex).fullmatch(path)}


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    """Compiled when first needed: most paths need none, and a repository few of the many."""
    return _either([regex])
