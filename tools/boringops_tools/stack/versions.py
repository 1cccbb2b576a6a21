"""Which language version to build with: what the repository states, strongest first, met with the images we know."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from boringops_tools.stack.facts import Claim, Source, Version
from boringops_tools.stack.tree import Tree, join, table

if TYPE_CHECKING:
    from boringops_tools.blueprints.pins import Image

_TERM = re.compile(r"(\^|~=|~>|~|>=|<=|===|==|!=|>|<|=)?\s*v?(\d+)(?:\.(\d+|[x*]))?(?:\.(\d+|[x*]))?")
_NAMES = {"lts/krypton": "24", "lts/jod": "22", "lts/iron": "20", "lts/hydrogen": "18"}


_COMPATIBLE = {"java", "rust"}
_PAIRED = {"elixir", "static", "cpp"}
"""Languages whose images carry a second version, or follow no version that a repository states."""
_WHOLE = {"node", "java"}
"""Languages whose images are named by the first number alone."""


def choose(language: str, claims: Sequence[Claim], usable: Callable[[str], bool] = lambda _: True) -> Version:
    """The version to build with. `claims` come strongest first; one that no known image meets is passed over.

    Where a claim leaves a choice, versions that `usable` turns down come last."""
    from boringops_tools.blueprints.pins import images  # the blueprints stand on this package, so not above

    known = images(language)
    preferred = sorted(known, key=lambda image: (not usable(image.version), not image.default))
    for claim in claims:
        fits = next((image for image in preferred if allows(claim.text, image.version, language=language)), None)
        if fits:
            lost = [other for other in claims if not allows(other.text, fits.version, language=language)]
            return Version(value=fits.version, stated=claim, lost=lost, end_of_life=_ended(fits))
    for claim in claims if language in _COMPATIBLE else []:  # newer releases still build what older ones did
        if fits := next(
            (
                image
                for image in sorted(known, key=_numbers)
                if allows(f">={claim.text}", image.version, language=language)
            ),
            None,
        ):
            return Version(value=fits.version, stated=claim, end_of_life=_ended(fits))
    if claims and language not in _PAIRED and (newer := _newer(claims[0].text, known, language)):
        return Version(value=newer, stated=claims[0])
    return Version(value=preferred[0].version, lost=list(claims), end_of_life=_ended(preferred[0]))


def _newer(constraint: str, known: Sequence[Image], language: str) -> str:
    """The version a claim begins with, where that is newer than every image of the table; empty where it is not."""
    found = _TERM.search(constraint)
    depth = 1 if language in _WHOLE else 2
    asked = [piece for piece in (found.groups()[1:] if found else ()) if piece and piece.isdigit()][:depth]
    newest = max(_numbers(image)[:depth] for image in known)
    above = len(asked) == depth and tuple(int(piece) for piece in asked) > newest
    return ".".join(asked) if above and found and found[1] not in {"<", "<=", "!="} else ""


def _numbers(image: Image) -> tuple[int, ...]:
    return tuple(int(part) for part in image.version.split("."))


def _ended(image: Image) -> str:
    return image.end_of_life if image.ended else ""


def allows(constraint: str, version: str, *, language: str) -> bool:
    """Whether a constraint in npm's, Python's or Go's way of writing admits a version like `24`, `3.13` or `1.26`.

    Judged at the precision of the image (major for Node, minor for the others): `>=20.9` admits 20, because its tag
    stands for the newest patch."""
    text = _NAMES.get(constraint.strip().lower(), constraint)
    return any(_all(part, version, language) for part in text.split("||"))


def _all(part: str, version: str, language: str) -> bool:
    part = re.sub(r"(\d[\d.x*]*)\s+-\s+(\d[\d.x*]*)", r">=\1 <=\2", part)
    terms = list(_TERM.finditer(part))
    if not terms:
        return part.strip() in {"", "*", "x", "lts/*", "lts", "latest", "node", "stable"}
    return all(_term(found, version, language) for found in terms)


def _term(found: re.Match[str], version: str, language: str) -> bool:
    depth = 1 if language in _WHOLE else 2
    mine = tuple(int(piece) for piece in version.split("."))[:depth]
    given = [piece for piece in found.groups()[1:] if piece and piece.isdigit()]
    asked = tuple(int(piece) for piece in given)
    whole, rest = asked[:depth], asked[depth:]
    operator = found[1] or ("" if language != "go" else ">=")
    if operator in {"^", "~", "~=", "~>"}:
        # A caret keeps the first number, `~=3.11` too; the compatible release of a full version keeps the minor.
        fixed = 1 if operator == "^" or len(asked) <= 2 else depth
        return mine[:fixed] == whole[:fixed] and mine >= whole
    if operator == ">=":
        return mine >= whole
    if operator == ">":
        return mine > whole or (mine[: len(whole)] == whole and bool(rest))
    if operator == "<=":
        return mine[: len(whole)] <= whole
    if operator == "<":
        return mine < whole or (mine == whole and any(rest))
    if operator == "!=":
        return bool(rest) or mine[: len(whole)] != whole
    return mine[: len(whole)] == whole


def in_files(tree: Tree, folder: str, patterns: Mapping[str, str], tool: str = "") -> list[Claim]:
    """Claims of version files, in the order of `patterns` (file name to a pattern whose group is the version).

    The application's folder is looked into before the repository's root; mise's file, where `tool` is its name for
    the language, before the others."""
    places = [(join(folder, name), pattern) for name, pattern in patterns.items()]
    places += [(name, pattern) for name, pattern in patterns.items() if folder]
    return _mise(tree, folder, tool) + [
        Claim(text=found[1], source=Source(path=path, line=tree.text(path)[: found.start()].count("\n") + 1))
        for path, pattern in places
        if (found := re.search(pattern, tree.text(path), re.MULTILINE))
    ]


def _mise(tree: Tree, folder: str, tool: str) -> list[Claim]:
    found = []
    for place in dict.fromkeys((folder, "")):
        for name in tree.named(place, "mise.toml", ".mise.toml") if tool else []:
            path = join(place, name)
            value = table(tree.toml(path), "tools").get(tool)
            value = (
                value.get("version")
                if isinstance(value, dict)
                else value[0]
                if isinstance(value, list) and value
                else value
            )
            if isinstance(value, str) and (match := re.search(r"\d[\w.]*|lts|latest", value)):
                found.append(Claim(text=match[0], source=Source(path=path, line=tree.line(path, tool))))
    return found
